//! What each subcommand writes where, and its exit code.

use std::fs;

use crate::support::{FINE, Folder, IMPROVABLE, snapshot};

#[test]
fn rewrite_writes_the_file_to_stdout_and_the_summary_to_stderr() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    let outcome = folder.plimsoll(&["rewrite"]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.contains("--mount=type=cache"), "{outcome}");
    assert!(outcome.stderr.starts_with("Dockerfile: 2 changes\n"), "{outcome}");
    assert_eq!(folder.read("Dockerfile"), IMPROVABLE, "without --write the file stays");
    let quiet = folder.plimsoll(&["rewrite", "--quiet"]);
    assert_eq!((quiet.stdout, quiet.stderr.as_str()), (outcome.stdout, ""));
}

#[test]
fn a_file_that_is_fine_comes_out_byte_for_byte() {
    let folder = Folder::new();
    for text in [
        FINE.to_owned(),
        FINE.replace('\n', "\r\n"),
        format!("\u{FEFF}{FINE}"),
        FINE.trim_end().to_owned(),
        // What looks like a colour must not be taken for one of ours.
        format!("{FINE}# \u{1b}[31mred\u{1b}[0m\n"),
    ] {
        folder.write("Dockerfile", &text);
        assert_eq!(folder.plimsoll(&["rewrite"]).stdout, text);
        assert_eq!(folder.plimsoll_in(".", &["rewrite", "-"], text.clone()).stdout, text);
        assert_eq!(folder.plimsoll(&["rewrite", "--color=always"]).stdout, text);
    }
}

#[test]
fn a_folder_means_its_dockerfile() {
    let folder = Folder::new();
    folder.write("app/Containerfile", IMPROVABLE);
    assert!(
        folder
            .plimsoll(&["check", "app"])
            .stdout
            .starts_with("app/Containerfile:2: ")
    );
    folder.write("app/Dockerfile", FINE);
    assert_eq!(folder.plimsoll(&["check", "app"]).code, 0, "Dockerfile comes first");
    assert_eq!(folder.plimsoll_in("app", &["check"], "").code, 0);
    assert_eq!(folder.plimsoll_in("app", &["check", "./Containerfile"], "").code, 1);
}

#[test]
fn output_and_diff_go_to_files() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    let outcome = folder.plimsoll(&["rewrite", "-o", "new", "--diff", "patch"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    assert!(folder.read("new").contains("--mount=type=cache"));
    assert!(
        folder
            .read("patch")
            .starts_with("--- a/Dockerfile\n+++ b/Dockerfile\n@@ ")
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        3,
        "no temporary file stays"
    );
}

#[test]
fn a_second_rewrite_changes_nothing() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    assert_eq!(folder.plimsoll(&["rewrite", "--write"]).code, 0);
    assert_eq!(folder.plimsoll(&["check"]).code, 0);
}

#[cfg(unix)]
mod writing {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use crate::support::{FINE, Folder, IMPROVABLE};

    #[test]
    fn write_keeps_permissions() {
        let folder = Folder::new();
        let path = folder.write("Dockerfile", IMPROVABLE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(folder.plimsoll(&["rewrite", "--write"]).code, 0);
        assert!(folder.read("Dockerfile").contains("--mount"));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_new_file_gets_the_permissions_of_any_new_file() {
        let folder = Folder::new();
        folder.write("Dockerfile", IMPROVABLE);
        let usual = fs::metadata(folder.path().join("Dockerfile")).unwrap().mode();
        folder.plimsoll(&["rewrite", "-o", "new"]);
        assert_eq!(fs::metadata(folder.path().join("new")).unwrap().mode(), usual);
    }

    #[test]
    fn write_goes_through_a_link_and_keeps_it() {
        let folder = Folder::new();
        folder.write("real/Dockerfile", IMPROVABLE);
        symlink("real/Dockerfile", folder.path().join("Dockerfile")).unwrap();
        assert_eq!(folder.plimsoll(&["rewrite", "--write"]).code, 0);
        assert!(folder.path().join("Dockerfile").is_symlink());
        assert!(folder.read("real/Dockerfile").contains("--mount"));
    }

    /// A folder where `rewrite --write` changes the Dockerfile and makes a .dockerignore.
    fn pair() -> Folder {
        let folder = Folder::new();
        folder.write(
            "Dockerfile",
            "FROM node:22\nWORKDIR /a\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"a.js\"]\n",
        );
        folder.write("package.json", "{\"name\": \"a\", \"version\": \"1.0.0\"}");
        folder.write(
            "package-lock.json",
            "{\"name\": \"a\", \"lockfileVersion\": 3, \"packages\": {}}",
        );
        folder.write("a.js", "");
        folder.write("node_modules/b/index.js", "");
        folder
    }

    fn names(folder: &Folder) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn both_files_are_written_or_none() {
        let folder = pair();
        let text = folder.read("Dockerfile");
        let outcome = folder.plimsoll(&["rewrite", "--write"]);
        assert_eq!(outcome.code, 0, "{outcome}");
        let (rewritten, ignore) = (folder.read("Dockerfile"), folder.read(".dockerignore"));
        assert!(rewritten != text && ignore.contains("node_modules"), "{outcome}");

        type Spoil = fn(&Folder);
        let spoils: [(&str, Spoil); 6] = [
            ("read-only", |folder| {
                let path = folder.write(".dockerignore", "x\n");
                fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
            }),
            ("read-only", |folder| {
                fs::set_permissions(folder.path().join("Dockerfile"), fs::Permissions::from_mode(0o444)).unwrap();
            }),
            ("names (hard links)", |folder| {
                folder.write(".dockerignore", "x\n");
                fs::hard_link(folder.path().join(".dockerignore"), folder.path().join("other")).unwrap();
            }),
            ("names (hard links)", |folder| {
                fs::hard_link(folder.path().join("Dockerfile"), folder.path().join("other")).unwrap();
            }),
            ("is a link", |folder| {
                symlink("/nowhere/x", folder.path().join(".dockerignore")).unwrap()
            }),
            ("it is a folder", |folder| {
                fs::create_dir(folder.path().join("patch")).unwrap();
            }),
        ];
        for (why, spoil) in spoils {
            let folder = pair();
            spoil(&folder);
            let ignore = fs::read(folder.path().join(".dockerignore")).ok();
            let before = names(&folder);
            let outcome = folder.plimsoll(&["rewrite", "--write", "--diff", "patch"]);
            assert_eq!(outcome.code, 2, "{outcome}");
            assert!(outcome.stderr.contains(why), "{why}: {outcome}");
            assert_eq!(folder.read("Dockerfile"), text, "{why}");
            assert_eq!(fs::read(folder.path().join(".dockerignore")).ok(), ignore, "{why}");
            assert_eq!(names(&folder), before, "{why}");
        }
    }

    #[test]
    fn extended_attributes_are_kept() {
        let folder = pair();
        let path = folder.path().join("Dockerfile");
        let set = rustix::fs::setxattr(&path, "user.note", b"mine", rustix::fs::XattrFlags::empty());
        if set == Err(rustix::io::Errno::NOTSUP) {
            return;
        }
        set.unwrap();
        assert_eq!(folder.plimsoll(&["rewrite", "--write"]).code, 0);
        let mut value = [0; 16];
        let length = rustix::fs::getxattr(&path, "user.note", &mut value[..]).unwrap();
        assert_eq!(&value[..length], b"mine");
    }

    #[test]
    fn an_unchanged_file_is_not_written() {
        let folder = Folder::new();
        let path = folder.write("Dockerfile", FINE);
        let before = fs::metadata(&path).unwrap();
        assert_eq!(folder.plimsoll(&["rewrite", "--write"]).code, 0);
        let after = fs::metadata(&path).unwrap();
        assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
    }

    #[test]
    fn a_read_only_file_is_left_alone() {
        let folder = Folder::new();
        let path = folder.write("Dockerfile", IMPROVABLE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let outcome = folder.plimsoll(&["rewrite", "--write"]);
        assert_eq!(outcome.code, 2);
        assert_eq!(outcome.stderr, "error: cannot write `Dockerfile`: it is read-only\n");
        assert_eq!(folder.read("Dockerfile"), IMPROVABLE);
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        let folder = Folder::new();
        folder.write("Dockerfile", IMPROVABLE);
        assert_eq!(folder.plimsoll(&["rewrite", "-o", "/dev/null"]).code, 0);
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}

#[test]
fn check_names_each_change_and_goes_on_after_an_error() {
    let folder = Folder::new();
    folder.write("a/Dockerfile", IMPROVABLE);
    folder.write("b/Dockerfile", "FROM alpine\nRUM true\n");
    folder.write("c/Dockerfile", FINE);
    assert_eq!(folder.plimsoll(&["check", "a", "c"]).code, 1);
    assert_eq!(folder.plimsoll(&["check", "c"]).code, 0);
    snapshot("check", folder.plimsoll(&["check", "a", "b", "c", "missing"]));
}

/// A stage that builds with some packages, runs with others, and needs one for both.
const BUILDS_AND_RUNS: &str = "\
FROM python:3.12-slim
WORKDIR /app
RUN apt-get update && apt-get install -y gcc libpq-dev ffmpeg curl && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
HEALTHCHECK CMD curl --fail http://localhost:8000/
CMD [\"python\", \"app.py\"]
";

#[test]
fn diff_explains_the_split() {
    let folder = Folder::new();
    folder.write("Dockerfile", BUILDS_AND_RUNS);
    folder.write("requirements.txt", "psycopg2==2.9.9\n");
    folder.write("app.py", "import psycopg2\n");
    let arguments = ["diff", "--explain-split", "--only", "split-stages"];
    snapshot("diff-explain-split", folder.plimsoll(&arguments));
    let json = folder.plimsoll(&[arguments.as_slice(), &["--format", "json"]].concat());
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let parts = document["files"][0]["split"]["parts"].as_array().unwrap();
    let side = |what: &str| &parts.iter().find(|part| part["what"] == what).unwrap()["side"];
    assert_eq!(side("gcc"), "builder");
    assert_eq!(side("libpq-dev"), "both");
    assert_eq!(side("curl"), "runtime");
    assert_eq!(side("RUN pip install -r requirements.txt"), "builder");

    // Who didn't ask gets nothing.
    let outcome = folder.plimsoll(&["diff", "--only", "split-stages", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert!(document["files"][0]["split"].is_null());
}

#[test]
fn diff_explains_what_becomes_of_development_dependencies() {
    let folder = Folder::new();
    folder.write(
        "Dockerfile",
        "FROM node:20\nWORKDIR /app\nCOPY package.json .\nRUN npm install\nCOPY . .\nRUN npm run build\nCMD [\"node\", \"a.js\"]\n",
    );
    folder.write("a.js", "require('fs');\n");
    let manifest = |start: &str| {
        format!(
            r#"{{"scripts": {{"build": "tsc", "start": "{start}"}}, "dependencies": {{"a": "1"}}, "devDependencies": {{"typescript": "5"}}}}"#
        )
    };
    folder.write("package.json", manifest("node a.js"));
    let shown = || {
        folder
            .plimsoll(&["diff", "--explain-split", "--only", "split-stages"])
            .stdout
    };
    let text = shown();
    assert!(text.contains("builder    development dependencies"), "{text}");
    assert!(text.contains("package.json has 1 development dependency"), "{text}");
    folder.write("a.js", "require('typescript');\n");
    let text = shown();
    assert!(!text.contains("builder    development dependencies"), "{text}");
    assert!(
        text.contains("stay, as a.js:1 names typescript, a development dependency"),
        "{text}"
    );
}

#[test]
fn diff_explains_why_nothing_is_split() {
    let folder = Folder::new();
    let explained = |text: &str| {
        folder.write("Dockerfile", text);
        folder
            .plimsoll(&["diff", "--explain-split", "--only", "split-stages"])
            .stdout
    };
    folder.write("requirements.txt", "flask\n");
    let at_start = "FROM python:3.12\nCOPY . /app\nRUN pip install flask\nCMD pip install -r /app/requirements.txt\n";
    let kept = "FROM python:3.12\n# plimsoll: skip=split-stages\nRUN pip install flask\n";
    let shown = [at_start, kept, FINE].map(explained);
    snapshot("diff-explain-split-declined", shown.join("\n"));
    let outcome = folder.plimsoll_in(
        ".",
        &["diff", "--explain-split", "-"],
        "FROM python:3.12\nRUN pip install flask\n",
    );
    assert!(outcome.stdout.contains("without the build context"), "{outcome}");
}

#[test]
fn diff_shows_the_patch_and_the_reasons() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    snapshot("diff", folder.plimsoll(&["diff"]));
    snapshot("diff-coloured", folder.plimsoll(&["diff", "--color", "always"]));
    folder.write("Dockerfile", FINE);
    let outcome = folder.plimsoll(&["diff"]);
    assert_eq!(
        (outcome.stdout.as_str(), outcome.stderr.as_str()),
        ("", "Dockerfile: nothing to change\n")
    );
}

#[test]
fn errors_say_what_where_and_how_to_mend_it() {
    let folder = Folder::new();
    folder.write("latin1", b"FROM alpine\nRUN echo caf\xe9\n");
    folder.write("utf16", b"\xff\xfeF\0R\0O\0M\0");
    folder.write("binary", b"FROM alpine\n\0\0");
    folder.write("large", vec![b'#'; 5 << 20]);
    folder.write("syntax", "FROM alpine\nCOPY one\n");
    folder.write("empty/README", "");
    let texts: Vec<String> = ["latin1", "utf16", "binary", "large", "syntax", "empty", "missing"]
        .iter()
        .map(|path| format!("$ plimsoll rewrite {path}\n{}", folder.plimsoll(&["rewrite", path])))
        .collect();
    snapshot("errors", texts.join("\n"));
    let outcome = folder.plimsoll_in(".", &["rewrite", "--write", "-"], FINE);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("--write needs a file"), "{outcome}");
}

#[test]
fn an_unknown_pass_brings_a_suggestion() {
    let folder = Folder::new();
    folder.write("Dockerfile", FINE);
    for arguments in [
        ["check", "--only", "cache-mount"].as_slice(),
        &["explain", "cache-mount"],
    ] {
        let outcome = folder.plimsoll(arguments);
        assert_eq!(outcome.code, 2);
        assert!(outcome.stderr.contains("'cache-mounts'"), "{outcome}");
    }
}

#[test]
fn passes_are_chosen_by_name() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    for (arguments, code) in [
        (["--only", "cache-mounts"].as_slice(), 1),
        (&["--only=merge-runs"], 0),
        (&["--skip", "merge-runs,cache-mounts"], 0),
        (&["--skip", "merge-runs", "--skip", "cache-mounts"], 0),
    ] {
        let outcome = folder.plimsoll(&[["check"].as_slice(), arguments].concat());
        assert_eq!(outcome.code, code, "{arguments:?}: {outcome}");
    }
}

#[test]
fn explain_lists_the_passes_and_shows_their_pages() {
    let folder = Folder::new();
    let table = folder.plimsoll(&["explain"]);
    let passes = plimsoll::passes::REGISTRY;
    assert_eq!(
        table.stdout.lines().filter(|line| !line.starts_with(' ')).count(),
        passes.len()
    );
    for pass in passes {
        assert_eq!(folder.plimsoll(&["explain", pass.id()]).stdout, pass.page());
    }
}

#[test]
fn completions_and_the_man_page_name_every_subcommand() {
    let folder = Folder::new();
    for arguments in [
        ["completions", "bash"].as_slice(),
        &["completions", "zsh"],
        &["completions", "fish"],
        &["completions", "powershell"],
        &["completions", "elvish"],
        &["man"],
    ] {
        let outcome = folder.plimsoll(arguments);
        assert_eq!(outcome.code, 0);
        for subcommand in [
            "rewrite",
            "diff",
            "check",
            "verify",
            "measure",
            "explain",
            "completions",
            "man",
        ] {
            let is_named = outcome.stdout.to_lowercase().contains(subcommand);
            assert!(is_named, "{arguments:?} lacks {subcommand}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_stops_early_is_no_error() {
    let folder = Folder::new();
    // More than a pipe holds, so that the command still writes when its reader is gone.
    folder.write("Dockerfile", format!("{FINE}{}", "# filler\n".repeat(100_000)));
    let plimsoll = assert_cmd::cargo::cargo_bin!("plimsoll").display();
    let script = format!("{plimsoll} rewrite -q | head -n 1; test ${{PIPESTATUS[0]}} = 0");
    assert!(folder.succeeds(".", "bash", &["-c", &script]));
}
