//! What a verification says.

use schemars::JsonSchema;
use serde::Serialize;

/// One comparison and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// Its name: `builds`, `configuration`, `packages`, `files`, `libraries`, `modules`, `entry-point`, `smoke-test`,
    /// `removed` or `size`.
    pub id: &'static str,
    /// How it ended.
    pub result: Result,
    /// What was seen, or why nothing could be, as a sentence without a full stop.
    pub reason: String,
    /// What is wrong, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What could not be looked at, one by one: nothing is said about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_compared: Vec<String>,
}

/// How a comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Result {
    /// The images agree.
    Passed,
    /// They don't.
    Failed,
    /// There was nothing to compare.
    Skipped,
    /// There was no way to compare it.
    Unknown,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// What.
    pub what: String,
    /// What the rewritten image lacks, where adding it would help.
    #[serde(skip)]
    pub lack: Option<Lack>,
}

/// Something that an image lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// A library by the name that programs load it under.
    Library(String),
    /// A program by its path in the original image, without a slash at the start.
    Program(String),
    /// A file by its path, without a slash at the start.
    File(String),
    /// A package of the system.
    Package(&'static str),
}

impl Finding {
    /// Something that only says what is wrong.
    pub fn new(what: impl Into<String>) -> Finding {
        Finding {
            what: what.into(),
            lack: None,
        }
    }

    /// Something that is wrong because the image lacks something.
    pub fn lacks(what: impl Into<String>, lack: Lack) -> Finding {
        Finding {
            what: what.into(),
            lack: Some(lack),
        }
    }
}

impl Check {
    /// A comparison that ended well.
    pub fn passed(id: &'static str, reason: impl Into<String>) -> Check {
        Check {
            id,
            result: Result::Passed,
            reason: reason.into(),
            findings: Vec::new(),
            not_compared: Vec::new(),
        }
    }

    /// One that could not be made.
    pub fn unknown(id: &'static str, reason: impl Into<String>) -> Check {
        Check {
            result: Result::Unknown,
            ..Check::passed(id, reason)
        }
    }

    /// One with nothing to compare.
    pub fn skipped(id: &'static str, reason: impl Into<String>) -> Check {
        Check {
            result: Result::Skipped,
            ..Check::passed(id, reason)
        }
    }

    /// One that failed for a single reason.
    pub fn failed(id: &'static str, reason: impl Into<String>) -> Check {
        Check {
            result: Result::Failed,
            ..Check::passed(id, reason)
        }
    }

    /// One that failed if anything was found, and else ended well with `reason`.
    pub fn of(id: &'static str, reason: impl Into<String>, findings: Vec<Finding>) -> Check {
        if findings.is_empty() {
            return Check::passed(id, reason);
        }
        let reason = match findings.len() {
            1 => "1 difference".to_owned(),
            count => format!("{count} differences"),
        };
        Check {
            result: Result::Failed,
            findings,
            ..Check::passed(id, reason)
        }
    }

    /// The same, with what it could not look at.
    #[must_use]
    pub fn without(self, not_compared: Vec<String>) -> Check {
        Check { not_compared, ..self }
    }

    /// Whether something could not be compared.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.result == Result::Unknown || !self.not_compared.is_empty()
    }

    /// Whether it failed.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.result == Result::Failed
    }
}

/// What is in one image and not in the other, by cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Removed {
    /// Why it is gone: `build tools`, `headers`, `caches`, `package lists`, `documentation`, `sources`, …
    pub cause: &'static str,
    /// How many files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}
