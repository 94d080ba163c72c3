//! What a run has planned and done, so that an interrupted one can go on.
//!
//! A line of JSON for each step. A plan is on the disk before the first of its files is touched; with it, a repository
//! that was left half-done is finished as it was begun.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Plan;
use super::lock::Lock;
use super::report::RepositoryReport;

/// What makes journals of other versions unreadable.
const VERSION: u32 = 1;

/// Why there is no journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The same run goes on elsewhere.
    #[error("the same command is running already")]
    Busy,
    /// There is something to go on with.
    #[error(
        "an earlier run of this command was interrupted: add --resume to go on with it, or delete `{}` to begin anew",
        .0.display()
    )]
    Interrupted(PathBuf),
    /// Another version wrote it.
    #[error("`{}` is of another version of plimsoll: finish with that one, or delete it to begin anew", .0.display())]
    OtherVersion(PathBuf),
    /// It cannot be read or written.
    #[error("cannot keep a journal in `{}`: {source}", folder.display())]
    Failed {
        /// Its folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Record {
    Begun {
        version: u32,
        program: String,
        seconds: u64,
    },
    Planned {
        name: String,
        plan: Plan,
    },
    Done {
        report: RepositoryReport,
    },
}

/// What is known of a repository from an earlier run.
#[derive(Clone, Debug)]
pub enum Known {
    /// It was begun.
    Planned(Box<Plan>),
    /// It was finished.
    Done(Box<RepositoryReport>),
}

/// The journal of a run.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    file: Mutex<File>,
    known: BTreeMap<String, Known>,
    /// When the run began, in seconds since 1970. An interrupted one began when it was first started.
    pub seconds: u64,
    _lock: Lock,
}

impl Journal {
    /// Opens the journal in `folder`. With `resumes`, what an earlier run left there is known; without, it begins anew,
    /// unless an earlier run may have left something half-done (`is_acting`).
    ///
    /// # Errors
    /// If it cannot be kept, or an earlier run is to be gone on with first.
    pub fn open(folder: &Path, resumes: bool, is_acting: bool) -> Result<Journal, JournalError> {
        let failed = |source| JournalError::Failed {
            folder: folder.to_owned(),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let lock = Lock::take(folder).map_err(failed)?.ok_or(JournalError::Busy)?;
        let path = folder.join("journal.jsonl");
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let (mut known, mut seconds) = (BTreeMap::new(), now);
        // A kill may have cut the last line short: what it was about was not begun.
        let whole = text.rfind('\n').map_or("", |end| text.get(..=end).unwrap_or_default());
        for line in whole.lines() {
            match serde_json::from_str(line) {
                Ok(Record::Begun {
                    version,
                    program,
                    seconds: begun,
                }) => {
                    if (version, program.as_str()) != (VERSION, PROGRAM) {
                        return Err(JournalError::OtherVersion(folder.to_owned()));
                    }
                    seconds = begun;
                }
                Ok(Record::Planned { name, plan }) => {
                    known.insert(name, Known::Planned(Box::new(plan)));
                }
                Ok(Record::Done { report }) => {
                    known.insert(report.name.clone(), Known::Done(Box::new(report)));
                }
                Err(_) => return Err(JournalError::OtherVersion(folder.to_owned())),
            }
        }
        if !resumes {
            if is_acting && !known.is_empty() {
                return Err(JournalError::Interrupted(folder.to_owned()));
            }
            known.clear();
            seconds = now;
        }
        let is_new = !resumes || whole.is_empty();
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(failed)?;
        file.set_len(if is_new { 0 } else { whole.len() as u64 })
            .map_err(failed)?;
        let journal = Journal {
            folder: folder.to_owned(),
            file: Mutex::new(file),
            known,
            seconds,
            _lock: lock,
        };
        // Copies that a killed run left are of no use to anybody.
        let _ = fs::remove_dir_all(journal.scratch());
        if is_new {
            let begun = Record::Begun {
                version: VERSION,
                program: PROGRAM.to_owned(),
                seconds,
            };
            journal.append(&begun, true).map_err(failed)?;
        }
        Ok(journal)
    }

    /// What is known of the repository called `name`.
    pub fn known(&self, name: &str) -> Option<Known> {
        self.known.get(name).cloned()
    }

    /// How many repositories an earlier run finished.
    pub fn finished(&self) -> usize {
        self.known
            .values()
            .filter(|known| matches!(known, Known::Done(_)))
            .count()
    }

    /// A folder for temporary files of the run.
    pub fn scratch(&self) -> PathBuf {
        self.folder.join("scratch")
    }

    /// Notes what is about to be done. It is on the disk when this returns.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn planned(&self, name: &str, plan: &Plan) -> io::Result<()> {
        let record = Record::Planned {
            name: name.to_owned(),
            plan: plan.clone(),
        };
        self.append(&record, true)
    }

    /// Notes what was done. If that is lost, it is found to be done already.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn done(&self, report: &RepositoryReport) -> io::Result<()> {
        let record = Record::Done { report: report.clone() };
        self.append(&record, false)
    }

    /// Removes the journal of a run that came to its end.
    pub fn finish(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }

    fn append(&self, record: &Record, is_synced: bool) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line)?;
        if is_synced { file.sync_data() } else { Ok(()) }
    }
}

/// The program and its version: another one may plan otherwise.
const PROGRAM: &str = concat!("plimsoll ", env!("CARGO_PKG_VERSION"));
