//! The user's `git`, called so that a repository cannot make it run anything or write anywhere.
//!
//! Repositories of a fleet are strangers' work: their configuration may name programs. Hooks, the file system monitor
//! and network access are switched off for each call, arguments go to the process as they are, and no call waits for a
//! person.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::clock::Clock;
use crate::process::bounded::Bounded;
use crate::process::stream::Stream;
use crate::process::{Ended, Limit, ProcessError, Task};

/// The longest output of git, in bytes: a listing of some two million files.
const MOST_OUTPUT: usize = 256 * 1024 * 1024;

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
    /// It could not be started, or was ended.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It wrote more than is looked at.
    #[error("`git {0}` wrote more than {most} MiB", most = MOST_OUTPUT / 1024 / 1024)]
    TooLong(String),
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
            return Ok(output.output);
        }
        Err(failed(arguments, &output))
    }

    /// What git writes to standard output, whether or not it succeeds: for listings of which nothing may be left.
    ///
    /// # Errors
    /// If it cannot be run.
    pub fn output_of(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        Ok(self.output(arguments, b"")?.output)
    }

    /// The first line that git writes; none where it answers with no, which is exit code 1.
    ///
    /// # Errors
    /// If it cannot be run or fails.
    pub fn answer(&self, arguments: &[&str]) -> Result<Option<String>, GitError> {
        let output = self.output(arguments, b"")?;
        match output.status.code() {
            Some(0) => {
                let text = String::from_utf8_lossy(&output.output);
                Ok(text.lines().next().filter(|line| !line.is_empty()).map(str::to_owned))
            }
            Some(1) => Ok(None),
            _ => Err(failed(arguments, &output)),
        }
    }

    fn output(&self, arguments: &[&str], input: &[u8]) -> Result<Ended<Vec<u8>>, GitError> {
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
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        let limit: &dyn Limit = match &self.clock {
            Some(clock) => &**clock,
            None => &(),
        };
        let read = |stream: Stream<'_>| Bounded::new(MOST_OUTPUT / 2).read(stream).whole();
        let ended = Task::attached(command, input).run(limit, read, &mut |_| {})?;
        let output = ended.output.ok_or_else(|| GitError::TooLong(subcommand(arguments)))?;
        Ok(Ended {
            status: ended.status,
            output,
            messages: ended.messages,
        })
    }
}

fn subcommand(arguments: &[&str]) -> String {
    let command = arguments.iter().find(|word| !word.starts_with('-'));
    command.map_or_else(String::new, |word| (*word).to_owned())
}

fn failed(arguments: &[&str], ended: &Ended<Vec<u8>>) -> GitError {
    GitError::Failed {
        command: subcommand(arguments),
        message: message(ended),
    }
}

/// What git said of its failure, in one line.
fn message(ended: &Ended<Vec<u8>>) -> String {
    let said = ended.messages.lines().map(str::trim).find(|line| !line.is_empty());
    let said = said.map(|line| {
        line.trim_start_matches("fatal: ")
            .trim_start_matches("error: ")
            .to_owned()
    });
    said.unwrap_or_else(|| ended.status.to_string())
}
