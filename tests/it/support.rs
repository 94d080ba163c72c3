//! What several areas need: a folder to work in, and the command run in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;

/// A Dockerfile that every level of every engine with cache mounts improves.
pub const IMPROVABLE: &str = "FROM python:3.12-slim\nRUN pip install --no-cache-dir flask\nCMD [\"flask\", \"run\"]\n";

/// A Dockerfile that no pass touches.
pub const FINE: &str = "FROM alpine:3.20\nCMD [\"true\"]\n";

/// A folder that goes away after the test.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Runs the command in this folder.
    pub fn plimsoll(&self, arguments: &[&str]) -> Outcome {
        self.plimsoll_in(".", arguments, "")
    }

    /// Runs the command in a folder below, with `stdin`.
    pub fn plimsoll_in(&self, folder: &str, arguments: &[&str], stdin: impl Into<Vec<u8>>) -> Outcome {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"));
        command.current_dir(self.path().join(folder)).args(arguments);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        Outcome::from(command.write_stdin(stdin).output().unwrap())
    }

    /// Runs another program in a folder below; true if it succeeds.
    pub fn succeeds<S: AsRef<OsStr>>(&self, folder: &str, program: &str, arguments: &[S]) -> bool {
        let mut command = Command::new(program);
        command.current_dir(self.path().join(folder)).args(arguments);
        // The settings of whoever runs the tests must not decide them.
        command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        let output = command.output().unwrap();
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        output.status.success()
    }
}

/// How the command ended and what it wrote.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Outcome {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "exit code {}\n--- stdout\n{}\n--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

/// Compares `text` with the snapshot of that name in the top-level folder `snapshots/`.
#[track_caller]
pub fn snapshot(name: &str, text: impl std::fmt::Display) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text.to_string()));
}
