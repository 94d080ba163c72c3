//! Files of a repository that are not what they seem: links out of it, pipes, files without end. Nothing of a file outside
//! is quoted, nothing hangs, and what is not read is not taken for missing.
#![cfg(unix)]

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::{Folder, IMPROVABLE};

/// What a link leads to: neither TOML, nor a Dockerfile, nor YAML.
const SECRET: &str = "https://bot:t0ken@git.example\nx: t0ken: [\n";

/// What reads a repository and writes nothing.
const COMMANDS: [&[&str]; 6] = [
    &["check"],
    &["diff"],
    &["rewrite"],
    &["context"],
    &["check", "--format", "json"],
    &["migrate", "."],
];

/// A repository with a Dockerfile that can be improved, in a folder that contains a secret.
fn repository() -> Folder {
    let folder = Folder::new();
    folder.write("secret", SECRET);
    folder.write(
        "app/Dockerfile",
        "FROM python:3.12-slim\nCOPY . /app\nRUN pip install flask\nCMD [\"flask\"]\n",
    );
    folder.write("app/node_modules/x.js", "x");
    assert!(folder.succeeds("app", "git", &["init", "-q"]));
    folder
}

/// All that the commands say in the repository.
fn said(folder: &Folder) -> String {
    let outcomes = COMMANDS.map(|command| folder.plimsoll_in("app", command, "").to_string());
    outcomes.join("\n")
}

#[test]
fn no_link_out_of_a_repository_tells_what_it_leads_to() {
    let mut quoting = Vec::new();
    for name in [
        "plimsoll.toml",
        "Dockerfile",
        "Dockerfile.dockerignore",
        ".dockerignore",
        "compose.yaml",
        "requirements.txt",
        "package.json",
        ".gitignore",
    ] {
        for is_absolute in [false, true] {
            let folder = repository();
            let link = folder.path().join("app").join(name);
            let _ = fs::remove_file(&link);
            let target = folder.path().join("secret");
            let target = if is_absolute {
                target.as_path()
            } else {
                Path::new("../secret")
            };
            symlink(target, &link).unwrap();
            assert!(folder.succeeds("app", "git", &["add", "-A"]));
            let said = said(&folder);
            assert!(!said.contains("t0ken"), "{name}: {said}");
            assert_eq!(folder.read("secret"), SECRET);
        }
        let folder = repository();
        folder.write(format!("app/{name}"), SECRET);
        if said(&folder).contains("t0ken") {
            quoting.push(name);
        }
    }
    // Of a file that is in the repository, messages do quote: were it not so, nothing would be tested here.
    assert!(
        quoting.contains(&"plimsoll.toml") && quoting.contains(&"Dockerfile"),
        "{quoting:?}"
    );
}

#[test]
fn a_link_inside_of_a_repository_is_followed() {
    let folder = repository();
    folder.write("app/settings/plimsoll.toml", "skip = [\"cache-mounts\"]\n");
    folder.write("app/sub/Dockerfile", IMPROVABLE);
    assert_eq!(folder.plimsoll_in("app/sub", &["check"], "").code, 1);
    symlink("settings/plimsoll.toml", folder.path().join("app/plimsoll.toml")).unwrap();
    let outcome = folder.plimsoll_in("app/sub", &["diff"], "");
    assert!(!outcome.stdout.contains("--mount"), "{outcome}");
}

#[test]
fn a_pipe_and_a_file_without_end_are_errors_with_a_remedy() {
    for name in [
        "plimsoll.toml",
        "Dockerfile.dockerignore",
        ".dockerignore",
        "Dockerfile",
    ] {
        let folder = repository();
        let file = folder.path().join("app").join(name);
        let _ = fs::remove_file(&file);
        assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        let outcome = folder.plimsoll_in("app", &["diff", "Dockerfile"], "");
        assert_eq!(outcome.code, 2, "{name}: {outcome}");
        assert!(outcome.stderr.contains(name), "{outcome}");
        assert!(
            outcome.stderr.contains("is not a file: replace it by a regular file"),
            "{outcome}"
        );

        fs::remove_file(&file).unwrap();
        File::create(&file).unwrap().set_len(3 << 40).unwrap();
        let outcome = folder.plimsoll_in("app", &["diff", "Dockerfile"], "");
        assert_eq!(outcome.code, 2, "{name}: {outcome}");
        assert!(outcome.stderr.contains(name), "{outcome}");
        assert!(outcome.stderr.contains(" MiB, "), "{outcome}");
    }
    // What only helps is passed over.
    for name in ["compose.yaml", "requirements.txt", "package.json", ".gitignore"] {
        let folder = repository();
        let file = folder.path().join("app").join(name);
        assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        assert_eq!(folder.plimsoll_in("app", &["diff"], "").code, 0, "{name}");
    }
}

#[test]
fn an_ignore_file_that_is_not_read_is_never_replaced() {
    for name in [".dockerignore", "Dockerfile.dockerignore"] {
        type Make = fn(&Path);
        let makes: [(&str, Make); 4] = [
            ("too large to look into", |file| {
                fs::write(file, "secrets\n".repeat(700_000)).unwrap();
            }),
            ("is not a file", |file| fs::create_dir(file).unwrap()),
            ("is a link to something that is not in", |file| {
                symlink("nothing", file).unwrap()
            }),
            ("cannot be read (", |file| symlink(file, file).unwrap()),
        ];
        for (why, make) in makes {
            let folder = repository();
            let file = folder.path().join("app").join(name);
            make(&file);
            let before = file.symlink_metadata().unwrap();
            let dockerfile = folder.read("app/Dockerfile");
            for command in [
                &["rewrite", "--write"][..],
                &["context", "--write"],
                &["diff"],
                &["check"],
            ] {
                let outcome = folder.plimsoll_in("app", command, "");
                assert_eq!(outcome.code, 2, "{name} {command:?}: {outcome}");
                assert!(outcome.stderr.contains(name), "{outcome}");
                let is_link_loop = why.starts_with("cannot") && outcome.stderr.contains("is a link to something");
                assert!(outcome.stderr.contains(why) || is_link_loop, "{why}: {outcome}");
                assert!(!outcome.stdout.contains("/dev/null"), "{outcome}");
            }
            let after = file.symlink_metadata().unwrap();
            assert_eq!((before.file_type(), before.len()), (after.file_type(), after.len()));
            assert_eq!(folder.read("app/Dockerfile"), dockerfile);
            assert!(
                !folder
                    .plimsoll_in("app", &["migrate", "--write", "--allow-dirty", "."], "")
                    .stdout
                    .contains("panic")
            );
            let after = file.symlink_metadata().unwrap();
            assert_eq!((before.file_type(), before.len()), (after.file_type(), after.len()));
        }
    }
}
