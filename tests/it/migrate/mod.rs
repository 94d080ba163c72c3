//! `plimsoll migrate` over repositories that the tests make.

mod finding;
mod hostile;
mod interrupted;
mod making;
mod reports;
mod repositories;
#[cfg(unix)]
mod strangers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Folder, Outcome};

/// A Python application of which the rewrite is worth it.
pub const APP: &str = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \
                       \"app.py\"]\n";

/// Another file that is improved.
pub const WORKER: &str = "FROM debian:bookworm-slim\nRUN apt-get update\nRUN apt-get install -y curl\nCMD [\"curl\"]\n";

/// A folder with repositories in `fleet/`.
pub struct Fleet(Folder);

impl Fleet {
    pub fn new() -> Fleet {
        let folder = Folder::new();
        fs::create_dir(folder.path().join("fleet")).unwrap();
        folder.write(
            "gitconfig",
            "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n",
        );
        Fleet(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where the repository `name` is.
    pub fn at(&self, name: &str) -> PathBuf {
        self.path().join("fleet").join(name)
    }

    /// Makes a repository with one commit of `files`.
    pub fn repository(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder = self.at(name);
        fs::create_dir_all(&folder).unwrap();
        self.git(&folder, &["init", "-q"]);
        for (file, text) in files {
            self.write(name, file, text);
        }
        self.git(&folder, &["add", "-A", "-f"]);
        self.git(&folder, &["commit", "-q", "--allow-empty", "-m", "Begin"]);
        folder
    }

    /// Three that change and one that does not.
    pub fn usual() -> Fleet {
        let fleet = Fleet::new();
        fleet.repository(
            "acme/shop",
            &[
                ("Dockerfile", APP),
                ("requirements.txt", "flask\n"),
                ("app.py", "import flask\n"),
                ("worker/Dockerfile", WORKER),
            ],
        );
        fleet.repository("acme/blog", &[("docker/blog.Dockerfile", WORKER)]);
        fleet.repository("acme/fine", &[("Dockerfile", crate::support::FINE)]);
        fleet.repository("tools", &[("Containerfile", WORKER), ("README", "")]);
        fleet
    }

    pub fn write(&self, repository: &str, file: &str, text: impl AsRef<[u8]>) -> PathBuf {
        self.0.write(Path::new("fleet").join(repository).join(file), text)
    }

    pub fn read(&self, file: impl AsRef<Path>) -> String {
        fs::read_to_string(self.path().join(file)).unwrap()
    }

    /// git in `folder`, which must succeed; its output without the last newline.
    #[track_caller]
    pub fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.command("git", folder).args(arguments).output().unwrap();
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success(),
            "git {arguments:?} in {}: {stderr}",
            folder.display()
        );
        stdout.trim_end_matches('\n').to_owned()
    }

    /// A program with the settings of the tests and not those of whoever runs them.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", self.path().join("gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_COMMITTER_DATE", "@1700000000 +0000")
            .env("GIT_AUTHOR_DATE", "@1700000000 +0000")
            .env("XDG_STATE_HOME", self.path().join("state"))
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE");
        command
    }

    /// `plimsoll migrate` with `arguments`.
    pub fn plimsoll(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(assert_cmd::cargo::cargo_bin!("plimsoll"), self.path());
        command.arg("migrate").args(arguments);
        command
    }

    /// Runs it.
    pub fn migrate(&self, arguments: &[&str]) -> Outcome {
        Outcome::from(self.plimsoll(arguments).output().unwrap())
    }

    /// Runs it over `fleet/` and gives its JSON.
    #[track_caller]
    pub fn report(&self, arguments: &[&str]) -> serde_json::Value {
        let outcome = self.migrate(&[&["fleet", "--format", "json"], arguments].concat());
        crate::report::assert_valid(&outcome.stdout)
    }

    /// All files of the repository's work tree with their texts, and its branches: what a run may not lose.
    pub fn state(&self, name: &str) -> (Vec<(String, Vec<u8>)>, String) {
        let folder = self.at(name);
        let mut files = Vec::new();
        let mut folders = vec![folder.clone()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let entry = entry.unwrap();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() && entry.file_name() != ".git" {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let path = entry
                        .path()
                        .strip_prefix(&folder)
                        .unwrap()
                        .to_string_lossy()
                        .into_owned();
                    files.push((path, fs::read(entry.path()).unwrap()));
                }
            }
        }
        files.sort();
        let question = ["for-each-ref", "--format=%(refname) %(objectname)", "refs"];
        let refs = self.git(&folder, &question);
        (
            files,
            format!(
                "{refs}\n{}",
                fs::read_to_string(folder.join(".git/HEAD")).unwrap_or_default()
            ),
        )
    }
}

/// The repository called `name` in a report.
#[track_caller]
pub fn named<'v>(report: &'v serde_json::Value, name: &str) -> &'v serde_json::Value {
    let mut repositories = report["repositories"].as_array().unwrap().iter();
    repositories
        .find(|repository| repository["name"] == name)
        .unwrap_or_else(|| panic!("no {name} in {report:#}"))
}
