//! Repositories that mean harm, and those that are merely odd: nothing outside is touched, nothing of theirs is run.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use super::{Fleet, WORKER, named};

/// A repository whose links lead to `outside`.
#[cfg(unix)]
pub fn linked(fleet: &Fleet, name: &str) -> PathBuf {
    use std::os::unix::fs::symlink;

    let outside = fleet.path().join("outside");
    fs::create_dir_all(outside.join("app")).unwrap();
    for file in ["Dockerfile", "app/Dockerfile", "ignore"] {
        fs::write(outside.join(file), WORKER).unwrap();
    }
    let copies = "FROM debian:bookworm-slim\nCOPY . /srv\n";
    let folder = fleet.repository(
        name,
        &[
            ("moved/Dockerfile", WORKER),
            ("good/Dockerfile", copies),
            ("good/.venv/x", "x"),
            ("away/Dockerfile", copies),
            (
                "compose.yaml",
                "services:\n  a:\n    build: {context: ../../outside, dockerfile: ../fleet/a/away/Dockerfile}\n",
            ),
        ],
    );
    symlink(outside.join("Dockerfile"), folder.join("Dockerfile")).unwrap();
    symlink("../../../outside/ignore", folder.join("good/.dockerignore")).unwrap();
    fleet.git(&folder, &["add", "-A", "-f"]);
    fleet.git(&folder, &["commit", "-qm", "Links"]);
    fs::remove_dir_all(folder.join("moved")).unwrap();
    symlink(outside.join("app"), folder.join("moved")).unwrap();
    folder
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere() {
    let fleet = Fleet::new();
    let (folder, outside) = (linked(&fleet, "a"), fleet.path().join("outside"));
    for arguments in [["--write", "--allow-dirty"].as_slice(), &["--branch", "b"]] {
        let report = fleet.report(arguments);
        let repository = named(&report, "a");
        let skipped: Vec<&str> = repository["skipped"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file["path"].as_str().unwrap())
            .collect();
        assert!(skipped.contains(&"Dockerfile"), "{repository:#}");
        for file in ["Dockerfile", "app/Dockerfile", "ignore"] {
            assert_eq!(fs::read_to_string(outside.join(file)).unwrap(), WORKER, "{file}");
        }
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 3);
        assert_eq!(fs::read_dir(outside.join("app")).unwrap().count(), 1);
    }
    assert!(folder.join("good/.dockerignore").is_symlink());
}

/// A repository whose settings and hooks name a program that makes the file `ran`.
pub fn with_programs(fleet: &Fleet, name: &str) -> PathBuf {
    let folder = fleet.repository(
        name,
        &[("Dockerfile", WORKER), (".gitattributes", "* filter=evil diff=evil\n")],
    );
    let script = format!("#!/bin/sh\ntouch {}/ran\ncat\n", fleet.path().display());
    let program = fleet.write("../evil", "program", script);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let program = program.to_str().unwrap();
    for hook in [
        "reference-transaction",
        "post-index-change",
        "pre-commit",
        "post-checkout",
        "fsmonitor-watchman",
    ] {
        fs::copy(program, folder.join(".git/hooks").join(hook)).unwrap();
    }
    for setting in [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.a=b.clean",
        "gpg.program",
    ] {
        fleet.git(&folder, &["config", setting, program]);
    }
    fleet.git(&folder, &["config", "filter.evil.required", "true"]);
    fleet.git(&folder, &["config", "commit.gpgSign", "true"]);
    // git looks at the content of what is as old as the index.
    fleet.write(name, "Dockerfile", WORKER);
    let _ = fs::remove_file(fleet.path().join("ran"));
    folder
}

#[test]
fn nothing_that_a_repository_names_is_run() {
    let fleet = Fleet::new();
    with_programs(&fleet, "a");
    for arguments in [["--branch", "b"].as_slice(), &[], &["--write"]] {
        let report = fleet.report(arguments);
        assert!(!fleet.path().join("ran").exists(), "{arguments:?} ran it");
        assert_ne!(named(&report, "a")["outcome"], "failed", "{report:#}");
    }
}

#[test]
fn a_work_tree_elsewhere_is_refused() {
    let fleet = Fleet::new();
    let outside = fleet.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("Dockerfile"), WORKER).unwrap();
    let folder = fleet.repository("a", &[("Dockerfile", WORKER)]);
    for place in [outside.to_str().unwrap(), "../..", "../../.."] {
        fs::write(
            folder.join(".git/config"),
            format!("[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {place}\n"),
        )
        .unwrap();
        let report = fleet.report(&["--write"]);
        assert_eq!(named(&report, "a")["outcome"], "refused", "{place}: {report:#}");
        assert_eq!(fs::read_to_string(outside.join("Dockerfile")).unwrap(), WORKER);
    }
}

/// A repository with a tree that git itself would not check out: entries lead out of it.
pub fn with_evil_tree(fleet: &Fleet, name: &str) -> PathBuf {
    let folder = fleet.repository(name, &[("Dockerfile", WORKER)]);
    let object = fleet.git(&folder, &["rev-parse", "HEAD:Dockerfile"]);
    let raw: Vec<u8> = (0..20)
        .map(|at| u8::from_str_radix(&object[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let entry = |mode: &str, name: &str, object: &[u8]| [format!("{mode} {name}\0").as_bytes(), object].concat();
    let tree = |entries: Vec<u8>| {
        let mut child = fleet
            .command("git", &folder)
            .args(["hash-object", "-t", "tree", "-w", "--literally", "--stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&entries).unwrap();
        let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        text.trim().to_owned()
    };
    let raw_of = |id: &str| -> Vec<u8> {
        (0..20)
            .map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap())
            .collect()
    };
    let inner = tree(entry("100644", "Dockerfile", &raw));
    let evil = tree(
        [
            entry("40000", "..", &raw_of(&inner)),
            entry("40000", ".GIT", &raw_of(&inner)),
            entry("100644", "../../evil", &raw),
            entry("100644", "Dockerfile", &raw),
        ]
        .concat(),
    );
    let commit = fleet.git(&folder, &["commit-tree", &evil, "-m", "Evil"]);
    fleet.git(&folder, &["update-ref", "refs/heads/main", &commit]);
    folder
}

#[test]
fn a_tree_with_evil_names_stays_inside() {
    let fleet = Fleet::new();
    let folder = with_evil_tree(&fleet, "a");
    let report = fleet.report(&["--branch", "b"]);
    let repository = named(&report, "a");
    assert_eq!(
        repository["outcome"], "failed",
        "git makes no index of such names: {repository:#}"
    );
    assert!(
        repository["reason"].as_str().unwrap().contains("invalid path"),
        "{repository:#}"
    );
    assert!(!fleet.path().join("evil").exists());
    // A bare repository is looked at through a copy, too.
    fleet.git(&folder, &["config", "core.bare", "true"]);
    fs::rename(folder.join(".git"), fleet.at("bare")).unwrap();
    let report = fleet.report(&["--patch-dir", "patches"]);
    assert_eq!(
        named(&report, "bare")["files"].as_array().unwrap().len(),
        1,
        "{report:#}"
    );
    assert!(!fleet.path().join("evil").exists());
}

#[test]
fn odd_names_go_through_everything() {
    let fleet = Fleet::new();
    let name = "we\"ird\n'name` $(touch x)";
    let files = [
        ("--help/Dockerfile", WORKER),
        ("-x.Dockerfile", WORKER),
        ("new\nline/Dockerfile", WORKER),
        ("quo\"te's/Dockerfile", WORKER),
        ("blank and\ttab/Dockerfile", WORKER),
        ("größe/</script>.Dockerfile", WORKER),
        ("$(touch x)/Dockerfile", WORKER),
    ];
    fleet.repository(name, &files);
    let arguments = [
        "--patch-dir",
        "patches",
        "--pr-body",
        "texts",
        "--bake",
        "bake.json",
        "--report",
        "r.html",
    ];
    let report = fleet.report(&[["--branch", "b"].as_slice(), &arguments, &["--report", "r.sarif"]].concat());
    let repository = named(&report, name);
    assert_eq!(
        (
            repository["outcome"].as_str(),
            repository["files"].as_array().unwrap().len()
        ),
        (Some("committed"), 7)
    );
    let folder = fleet.at(name);
    let changed = fleet.git(&folder, &["diff", "--name-only", "-z", "main", "b"]);
    assert_eq!(changed.split_terminator('\0').count(), 7);
    let patch = fs::read_dir(fleet.path().join("patches"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fleet.git(&folder, &["apply", "--index", patch.to_str().unwrap()]);
    assert_eq!(
        fleet.git(&folder, &["write-tree"]),
        fleet.git(&folder, &["rev-parse", "b^{tree}"])
    );
    let page = fleet.read("r.html");
    assert_eq!(
        page.matches("</script>").count(),
        3,
        "nothing ends a script but its own end"
    );
    let bake: serde_json::Value = serde_json::from_str(&fleet.read("bake.json")).unwrap();
    for name in bake["target"].as_object().unwrap().keys() {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
    }
    let outcome = fleet.migrate(&["fleet", "--allow-dirty", "--write"]);
    assert!(
        !outcome.stdout.contains("we\"ird\n"),
        "a name stays on its line: {outcome}"
    );
    assert!(!fleet.path().join("x").exists() && !folder.join("x").exists());
}

/// A Dockerfile in many folders.
fn deep() -> String {
    format!("{}Dockerfile", "d/".repeat(500))
}

/// A repository with a pipe, a closed file and a file without end in the place of Dockerfiles.
#[cfg(unix)]
pub fn unreadable(fleet: &Fleet, name: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = fleet.repository(
        name,
        &[
            ("pipe/Dockerfile", WORKER),
            ("large/Dockerfile", WORKER),
            ("closed/Dockerfile", WORKER),
            (&deep(), WORKER),
            ("good/Dockerfile", WORKER),
        ],
    );
    fs::remove_file(folder.join("pipe/Dockerfile")).unwrap();
    // Reading it would wait for ever.
    assert!(
        std::process::Command::new("mkfifo")
            .arg(folder.join("pipe/Dockerfile"))
            .status()
            .unwrap()
            .success()
    );
    let large = fs::OpenOptions::new()
        .write(true)
        .open(folder.join("large/Dockerfile"))
        .unwrap();
    large.set_len(100 * 1024 * 1024).unwrap();
    fs::set_permissions(folder.join("closed/Dockerfile"), fs::Permissions::from_mode(0o0)).unwrap();
    folder
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_passed_over() {
    let fleet = Fleet::new();
    let folder = unreadable(&fleet, "a");
    let report = fleet.report(&["--write", "--allow-dirty"]);
    let repository = named(&report, "a");
    let reasons: Vec<String> = repository["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|skipped| {
            format!(
                "{} {}",
                skipped["path"].as_str().unwrap(),
                skipped["reason"].as_str().unwrap()
            )
        })
        .collect();
    assert!(
        reasons.contains(&"large/Dockerfile too-large".to_owned()),
        "{reasons:?}"
    );
    assert!(
        reasons.contains(&"pipe/Dockerfile no-dockerfile".to_owned()),
        "{reasons:?}"
    );
    // Whoever is root may read everything, but a file without any right to write is left alone all the same.
    if reasons.contains(&"closed/Dockerfile unreadable".to_owned()) {
        assert_eq!(repository["outcome"], "written");
        assert_ne!(fleet.read("fleet/a/good/Dockerfile"), WORKER);
        assert_ne!(fs::read_to_string(folder.join(deep())).unwrap(), WORKER);
    } else {
        assert_eq!(repository["outcome"], "failed", "{repository:#}");
        assert_eq!(fleet.read("fleet/a/good/Dockerfile"), WORKER, "all or nothing");
    }
}

#[test]
fn two_runs_at_once_harm_nothing() {
    let (fleet, alone) = (Fleet::new(), Fleet::new());
    for fleet in [&fleet, &alone] {
        for number in 0..8 {
            fleet.repository(
                &format!("r{number}"),
                &[("Dockerfile", WORKER), ("x/Dockerfile", WORKER)],
            );
        }
    }
    alone.migrate(&["fleet", "--write"]);
    let start = |state: &str| {
        let mut command = fleet.plimsoll(&["fleet", "--write", "--state", state]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start("one"), start("other")].map(|child| child.wait_with_output().unwrap());
    for number in 0..8 {
        let name = format!("r{number}");
        assert_eq!(fleet.state(&name).0, alone.state(&name).0);
    }
    for output in both {
        let said = String::from_utf8(output.stdout).unwrap();
        let is_known = |line: &str| {
            [
                ": written: ",
                ": refused: another plimsoll",
                ": refused: it has uncommitted changes",
                "  ",
            ]
            .iter()
            .any(|known| line.contains(known))
        };
        assert!(said.lines().all(is_known), "{said}");
    }
}

/// A repository of which git never comes to an end.
#[cfg(unix)]
pub fn without_end(fleet: &Fleet, name: &str) -> PathBuf {
    let slow = fleet.repository(name, &[("Dockerfile", WORKER)]);
    let pipe = fleet.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    // git waits for ever for somebody to write into the pipe.
    let config = fs::read_to_string(slow.join(".git/config")).unwrap();
    fs::write(
        slow.join(".git/config"),
        format!("{config}[include]\n\tpath = {}\n", pipe.display()),
    )
    .unwrap();
    slow
}

#[cfg(unix)]
#[test]
fn one_that_runs_out_of_time_does_not_keep_the_others() {
    let fleet = Fleet::new();
    fleet.repository("good", &[("Dockerfile", WORKER)]);
    without_end(&fleet, "slow");
    let start = std::time::Instant::now();
    for format in ["text", "markdown", "json", "sarif", "github"] {
        let outcome = fleet.migrate(&["fleet", "--write", "--time-limit", "1", "--format", format]);
        assert_eq!(outcome.code, 1, "{format}: {outcome}");
        assert!(
            outcome
                .stdout
                .contains("not done after 1 s; --time-limit gives it longer"),
            "{format}: {outcome}"
        );
    }
    assert!(start.elapsed() < std::time::Duration::from_secs(60));
    let report = fleet.report(&["--time-limit", "1", "--report", "r.html"]);
    assert_eq!(named(&report, "slow")["outcome"], "timed-out", "{report:#}");
    assert_eq!(
        (&report["totals"]["timed_out"], &report["totals"]["failed"]),
        (&1.into(), &0.into())
    );
    assert!(fleet.read("r.html").contains("ran out of time"));
    assert_ne!(fleet.read("fleet/good/Dockerfile"), WORKER, "the rest goes on");
    assert_eq!(fleet.read("fleet/slow/Dockerfile"), WORKER);
}
