//! The user's `git`, called so that a repository cannot make it run anything or write anywhere.
//!
//! Repositories of a fleet are strangers' work: their configuration may name programs. Hooks, the file system monitor
//! and network access are switched off for each call, arguments go to the process as they are, and no call waits for a
//! person.

use std::ffi::OsString;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::clock::Clock;

/// How long to wait before git is looked at again: at first, and at most. Most calls take a few milliseconds.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// Settings of every call. The command line wins over the configuration of the repository.
const SETTINGS: &[&str] = &[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "protocol.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    // A commit by nobody in particular helps nobody: without a name and an address git shall refuse.
    "user.useConfigOnly=true",
];

/// What may be set where git itself started us, as in a hook, and is about another repository.
const FOREIGN: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Why git did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// It could not be started.
    #[error("cannot run `git`: {0}")]
    Missing(io::Error),
    /// It ended with an error.
    #[error("`git {command}` failed: {message}")]
    Failed {
        /// The subcommand.
        command: String,
        /// What it said.
        message: String,
    },
}

/// git in one folder.
#[derive(Clone, Debug)]
pub struct Git {
    folder: PathBuf,
    variables: Vec<(String, OsString)>,
    /// What ends it: a repository can make git wait for ever, as for a pipe that its configuration includes.
    clock: Option<Arc<Clock>>,
}

impl Git {
    /// git in `folder`, which is or belongs to a repository; none further up is taken instead.
    pub fn at(folder: &Path) -> Git {
        let above = folder.parent().unwrap_or(folder).to_owned();
        Git {
            folder: folder.to_owned(),
            variables: vec![("GIT_CEILING_DIRECTORIES".to_owned(), above.into())],
            clock: None,
        }
    }

    /// The same, ended when `clock` runs out.
    #[must_use]
    pub fn within(&self, clock: &Arc<Clock>) -> Git {
        let mut other = self.clone();
        other.clock = Some(Arc::clone(clock));
        other
    }

    /// The same with one more environment variable.
    #[must_use]
    pub fn with(&self, variable: &str, value: impl Into<OsString>) -> Git {
        let mut other = self.clone();
        other.variables.push((variable.to_owned(), value.into()));
        other
    }

    /// The same in another folder.
    #[must_use]
    pub fn moved(&self, folder: &Path) -> Git {
        let mut other = self.clone();
        folder.clone_into(&mut other.folder);
        other
    }

    /// The same with more settings, whose names may hold any character.
    #[must_use]
    pub fn configured(&self, settings: impl Iterator<Item = (String, String)>) -> Git {
        let given = std::env::var("GIT_CONFIG_COUNT")
            .ok()
            .and_then(|count| count.parse().ok());
        let mut count: usize = given.unwrap_or_default();
        let mut other = self.clone();
        for (name, value) in settings {
            other.variables.push((format!("GIT_CONFIG_KEY_{count}"), name.into()));
            other
                .variables
                .push((format!("GIT_CONFIG_VALUE_{count}"), value.into()));
            count += 1;
        }
        other.with("GIT_CONFIG_COUNT", count.to_string())
    }

    /// What git writes to standard output when it gets `arguments` and `input`.
    ///
    /// # Errors
    /// If it cannot be run or fails.
    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
        let output = self.output(arguments, input)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(failed(arguments, &output))
    }

    /// What git writes to standard output, whether or not it succeeds: for listings of which nothing may be left.
    ///
    /// # Errors
    /// If it cannot be run.
    pub fn output_of(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        Ok(self.output(arguments, b"")?.stdout)
    }

    /// The first line that git writes; none where it answers with no, which is exit code 1.
    ///
    /// # Errors
    /// If it cannot be run or fails.
    pub fn answer(&self, arguments: &[&str]) -> Result<Option<String>, GitError> {
        let output = self.output(arguments, b"")?;
        match output.status.code() {
            Some(0) => {
                let text = String::from_utf8_lossy(&output.stdout);
                Ok(text.lines().next().filter(|line| !line.is_empty()).map(str::to_owned))
            }
            Some(1) => Ok(None),
            _ => Err(failed(arguments, &output)),
        }
    }

    fn output(&self, arguments: &[&str], input: &[u8]) -> Result<Output, GitError> {
        let mut command = Command::new("git");
        command.current_dir(&self.folder);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for variable in FOREIGN {
            command.env_remove(variable);
        }
        command
            .args(arguments)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("LC_ALL", "C")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(if input.is_empty() {
                Stdio::null()
            } else {
                Stdio::piped()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(GitError::Missing)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        thread::scope(|scope| {
            // Each in a thread of its own: a full pipe on either side would stop both.
            scope.spawn(move || {
                if let Some(mut stdin) = stdin {
                    // git says by itself what it makes of too little input.
                    let _ = stdin.write_all(input);
                }
            });
            let (stdout, stderr) = (scope.spawn(|| all(stdout)), scope.spawn(|| all(stderr)));
            let status = self.ended(&mut child);
            let broken = |_| io::Error::other("a reader of its output failed");
            Ok(Output {
                stdout: stdout.join().map_err(broken)??,
                stderr: stderr.join().map_err(broken)??,
                status: status?,
            })
        })
        .map_err(GitError::Missing)
    }

    /// Waits for its end, or brings it about when the time is over.
    fn ended(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let Some(clock) = &self.clock else { return child.wait() };
        let (mut pause, longest) = PAUSES;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if clock.check().is_err() {
                child.kill()?;
                return child.wait();
            }
            thread::sleep(pause);
            pause = longest.min(pause * 2);
        }
    }
}

/// All that a pipe gives.
fn all(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn failed(arguments: &[&str], output: &Output) -> GitError {
    let command = arguments.iter().find(|word| !word.starts_with('-'));
    GitError::Failed {
        command: command.map_or_else(String::new, |word| (*word).to_owned()),
        message: message(output),
    }
}

/// What git said of its failure, in one line.
fn message(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let said = text.lines().map(str::trim).find(|line| !line.is_empty());
    let said = said.map(|line| {
        line.trim_start_matches("fatal: ")
            .trim_start_matches("error: ")
            .to_owned()
    });
    said.unwrap_or_else(|| output.status.to_string())
}
