//! The Dockerfiles of a whole fleet of repositories. Its page is `docs/migrate.md`.
//!
//! For each repository: [`repository`] says what it is, [`tree`] what files it has, [`mod@discover`] and [`skip`] which of
//! them are Dockerfiles for people, [`mod@plan`] what becomes of them; [`mod@write`] or [`branch`] makes it so, and [`journal`]
//! remembers it for a run that is interrupted.

pub mod bake;
pub mod branch;
pub mod clock;
pub mod discover;
pub mod fleet;
pub mod git;
pub mod journal;
pub mod lock;
pub mod message;
pub mod plan;
pub mod references;
pub mod report;
pub mod repository;
pub mod skip;
pub mod tree;
pub mod write;

use std::fmt::Display;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::ConfigError;
use crate::emit::markdown;
use crate::rewrite::Rewrite;
use bake::Target;
use branch::{Commit, is_in_the_way};
use clock::{Clock, TimedOut};
use discover::{Patterns, discover};
use fleet::Place;
use journal::{Journal, Known};
use lock::Lock;
use message::commit_message;
use plan::{OptionsOf, Refined, Subject, Write, plan};
use report::{Mode, Outcome, RepositoryReport};
use repository::{Repository, RepositoryError};
use tree::Tree;

/// The stack of a thread, as the main thread has it.
const STACK: usize = 8 * 1024 * 1024;

/// Builds a rewrite and its original, and gives what passed.
pub type Verify = Box<dyn Fn(&Subject<'_>, Rewrite) -> Result<Refined, String> + Send + Sync>;

/// Which files of a repository are taken, given its root.
pub type PatternsOf = Box<dyn Fn(&Path) -> Result<Patterns, ConfigError> + Send + Sync>;

/// What a run does with each repository. It is shared with the threads that plan, of which one may outlive the run.
pub struct Migration {
    /// What becomes of the changes.
    pub mode: Mode,
    /// The branch that is made.
    pub branch: Option<String>,
    /// Whether work trees may have uncommitted changes.
    pub allows_dirty: bool,
    /// Where a patch for each repository is written.
    pub patches: Option<PathBuf>,
    /// Where a text for reviewers is written for each repository.
    pub descriptions: Option<PathBuf>,
    /// Where the Dockerfiles before and after are written for a Bake file.
    pub builds: Option<PathBuf>,
    /// How the files of a folder are rewritten.
    pub options: Box<OptionsOf>,
    /// Which files of a repository are taken, given its root.
    pub patterns: PatternsOf,
    /// How rewrites are verified; none where they are not.
    pub verify: Option<Verify>,
    /// How long a repository may take to be looked at. Builds have a limit of their own.
    pub time_limit: Duration,
}

/// All that is to be done in a repository, as a journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The report, as it will be when all is done but for the id of the commit.
    report: RepositoryReport,
    /// The files to write.
    writes: Vec<Write>,
    /// The commit to make of them.
    commit: Option<Commit>,
    /// What to build for a comparison.
    targets: Vec<Target>,
}

/// Why something went wrong in a repository.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What came of a repository.
type Handled = Result<RepositoryReport, Failure>;

/// How planning ended.
enum Step {
    /// There is something to do.
    Do(Box<Plan>),
    /// There is not.
    Nothing(Box<RepositoryReport>),
}

impl Migration {
    /// Handles all `places`, `jobs` of them at once, and tells `on_done` of each that is done.
    ///
    /// # Errors
    /// If the system has no threads.
    pub fn run(
        self: &Arc<Self>,
        places: &[Place],
        journal: &Arc<Journal>,
        jobs: usize,
        on_done: &(dyn Fn(&RepositoryReport) + Sync),
    ) -> io::Result<Vec<RepositoryReport>> {
        let next = AtomicUsize::new(0);
        let reports: Vec<OnceLock<RepositoryReport>> = places.iter().map(|_| OnceLock::new()).collect();
        let work = || {
            while let Some((place, slot)) = {
                let number = next.fetch_add(1, Ordering::Relaxed);
                places.get(number).zip(reports.get(number))
            } {
                if let Some(report) = self.one(place, journal) {
                    on_done(&report);
                    let _ = slot.set(report);
                }
            }
        };
        // Threads of their own: those of a pool take up other repositories while they wait, with locks in their hands.
        thread::scope(|scope| {
            for _ in 0..jobs.clamp(1, places.len().max(1)) {
                thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
            }
            io::Result::Ok(())
        })?;
        // Work trees of one repository have one lock: those that came while another had it have their turn now.
        let again = |(place, slot): (&Place, OnceLock<RepositoryReport>)| {
            slot.into_inner().unwrap_or_else(|| {
                let report = self.one(place, journal).unwrap_or_else(|| {
                    RepositoryReport::new(&place.name, &place.folder).ended(Outcome::Refused, RepositoryError::Busy)
                });
                on_done(&report);
                report
            })
        };
        Ok(places.iter().zip(reports).map(again).collect())
    }

    /// Handles one repository; none where another run or thread is at it. Whatever goes wrong is in its report, and
    /// keeps no other from being handled.
    fn one(self: &Arc<Self>, place: &Place, journal: &Arc<Journal>) -> Option<RepositoryReport> {
        let ended =
            |outcome, reason: &dyn Display| RepositoryReport::new(&place.name, &place.folder).ended(outcome, reason);
        let handled = match self.in_time(place, journal) {
            Ok(handled) => handled,
            Err(error) => return Some(ended(Outcome::Failed, &error)),
        };
        Some(match handled {
            Ok(Ok(report)) => report,
            Ok(Err(failure)) => match failure.downcast_ref::<RepositoryError>() {
                Some(RepositoryError::Busy) => return None,
                None if failure.is::<TimedOut>() => ended(Outcome::TimedOut, &failure),
                // What git cannot do is a failure; all else is known beforehand, and refused.
                None | Some(RepositoryError::Git(_)) => ended(Outcome::Failed, &failure),
                Some(refusal) => ended(Outcome::Refused, refusal),
            },
            Err(_) => {
                let reason = "an error in plimsoll itself, whose message is above: please report it";
                ended(Outcome::Failed, &reason)
            }
        })
    }

    /// Handles one repository in a thread of its own, which is left behind where it takes too long: nothing else ends a
    /// computation. Left behind, it changes nothing any more.
    fn in_time(self: &Arc<Self>, place: &Place, journal: &Arc<Journal>) -> io::Result<thread::Result<Handled>> {
        let clock = Arc::new(Clock::new(self.time_limit));
        let (answer, answered) = channel();
        let work = {
            let (this, place, journal, clock) = (Arc::clone(self), place.clone(), Arc::clone(journal), clock.clone());
            move || {
                let handled = catch_unwind(AssertUnwindSafe(|| this.handled(&place, &journal, &clock)));
                // Nobody listens to a thread that was left behind.
                let _ = answer.send(handled);
            }
        };
        thread::Builder::new().stack_size(STACK).spawn(work)?;
        loop {
            match answered.recv_timeout(clock.rest()) {
                Ok(handled) => return Ok(handled),
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(timed_out) = clock.abandon() {
                        return Ok(Ok(Err(timed_out.into())));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(io::Error::other("a thread ended without an answer"));
                }
            }
        }
    }

    /// Handles one repository. What fails once its time is over fails for that.
    fn handled(&self, place: &Place, journal: &Journal, clock: &Arc<Clock>) -> Handled {
        self.looked_at(place, journal, clock)
            .map_err(|failure| clock.check().map_or_else(Failure::from, |()| failure))
    }

    fn looked_at(&self, place: &Place, journal: &Journal, clock: &Arc<Clock>) -> Handled {
        if let Some(Known::Done(report)) = journal.known(&place.name) {
            return Ok(*report);
        }
        let repository = Repository::open(&place.folder, clock)?;
        let _lock = Lock::take(&repository.common)?.ok_or(RepositoryError::Busy)?;
        let plan = match journal.known(&place.name) {
            Some(Known::Planned(plan)) => {
                clock.stop()?;
                write::clean(&repository.folder, &plan.writes);
                plan
            }
            _ => {
                let step = self.planned(place, &repository, journal, clock)?;
                // From here on nobody gives it up: what is begun is brought to its end.
                clock.stop()?;
                match step {
                    Step::Do(plan) => {
                        journal.planned(&place.name, &plan)?;
                        plan
                    }
                    Step::Nothing(report) => {
                        journal.done(&report)?;
                        return Ok(*report);
                    }
                }
            }
        };
        let report = self.made(place, &repository, *plan, journal)?;
        journal.done(&report)?;
        Ok(report)
    }

    /// Looks at a repository and decides what is to be done in it.
    fn planned(
        &self,
        place: &Place,
        repository: &Repository,
        journal: &Journal,
        clock: &Clock,
    ) -> Result<Step, Failure> {
        let mut report = RepositoryReport::new(&place.name, &place.folder);
        report.head.clone_from(&repository.head);
        report.checked_out.clone_from(&repository.branch);
        report.notes = notes(repository, self.mode);
        if repository.is_bare && self.mode == Mode::Write {
            return Err(RepositoryError::Bare.into());
        }
        if let Some(branch) = &self.branch
            && is_in_the_way(repository, branch)?
        {
            return Err(RepositoryError::BranchExists(branch.clone()).into());
        }
        if self.verify.is_some() {
            // Builds take long: what would be refused behind them is refused before.
            self.check_clean(repository)?;
        }
        let is_committed = self.mode == Mode::Branch || repository.is_bare;
        let tree = if is_committed {
            Tree::of_commit(
                repository,
                repository.commit()?,
                &journal.scratch(),
                self.verify.is_some(),
            )?
        } else {
            Tree::of_work_tree(repository)?
        };
        let hide = |message: String| message.replace(&format!("{}/", tree.root.display()), "");
        report.notes.extend(
            tree.submodules
                .iter()
                .map(|submodule| format!("`{submodule}` is a submodule: migrate the repository that it comes from")),
        );
        let patterns = (self.patterns)(&tree.root).map_err(|error| hide(error.to_string()))?;
        let found = discover(repository, &tree, &patterns)?;
        let planned = plan(
            repository,
            &tree,
            &found,
            &self.options,
            clock,
            &mut |subject, rewrite| match &self.verify {
                Some(verify) => clock.paused(|| verify(subject, rewrite)),
                None => Ok((rewrite, None)),
            },
        );
        let planned = planned.map_err(|error| hide(error.to_string()))?;
        report.skipped = found.skipped.clone();
        report.skipped.extend(planned.skipped);
        report.skipped.sort_by(|one, other| one.path.cmp(&other.path));
        report.files = planned.files;
        report.dockerignores = planned.dockerignores;
        if planned.writes.is_empty() {
            if report.unread().next().is_some() {
                report.outcome = Outcome::Unread;
            }
            return Ok(Step::Nothing(Box::new(report)));
        }
        if self.verify.is_none() {
            self.check_clean(repository)?;
        }
        let commit = match &self.branch {
            Some(branch) if self.mode == Mode::Branch => Some(Commit {
                branch: branch.clone(),
                parent: repository.commit()?.to_owned(),
                message: commit_message(&report),
                seconds: journal.seconds,
            }),
            _ => None,
        };
        let targets = match &self.builds {
            Some(_) if repository.is_bare => {
                report
                    .notes
                    .push("not in the Bake file: a bare repository has no folder to build".to_owned());
                Vec::new()
            }
            Some(_) => bake::targets(place, &planned.builds, &planned.writes),
            None => Vec::new(),
        };
        report.outcome = match self.mode {
            Mode::DryRun => Outcome::WouldChange,
            Mode::Write => Outcome::Written,
            Mode::Branch => Outcome::Committed,
        };
        Ok(Step::Do(Box::new(Plan {
            report,
            writes: planned.writes,
            commit,
            targets,
        })))
    }

    /// Refuses to write into a work tree with uncommitted changes.
    fn check_clean(&self, repository: &Repository) -> Result<(), RepositoryError> {
        if self.mode == Mode::Write
            && !self.allows_dirty
            && let Some(file) = repository.first_change()?
        {
            return Err(RepositoryError::Dirty(file));
        }
        Ok(())
    }

    /// Does what was planned, or the rest of it.
    fn made(&self, place: &Place, repository: &Repository, plan: Plan, journal: &Journal) -> Handled {
        let mut report = plan.report;
        if self.mode == Mode::Write
            && let Err(error) = write::apply(&repository.folder, &plan.writes)
        {
            return Ok(report.ended(Outcome::Failed, error));
        }
        if let Some(commit) = &plan.commit {
            fs::create_dir_all(journal.scratch())?;
            let scratch = journal.scratch().join(format!("{}.index", place.file_stem()));
            let made = branch::commit(repository, commit, &plan.writes, &scratch);
            let _ = fs::remove_file(&scratch);
            report.commit = Some(made?);
            report.branch = Some(commit.branch.clone());
        }
        if let Some(folder) = &self.patches {
            save(folder, &format!("{}.patch", place.file_stem()), &report.diff())?;
        }
        if let Some(folder) = &self.descriptions {
            save(
                folder,
                &format!("{}.md", place.file_stem()),
                &markdown::description(&report),
            )?;
        }
        if let Some(folder) = &self.builds {
            for target in &plan.targets {
                target.save(folder)?;
            }
        }
        Ok(report)
    }
}

/// What to know about a repository before anything is looked at.
fn notes(repository: &Repository, mode: Mode) -> Vec<String> {
    let mut notes = Vec::new();
    if repository.is_submodule() {
        notes.push("it is a submodule: the repository above it has to be moved to what becomes of it".to_owned());
    } else if repository.is_linked() {
        notes.push("it is one of several work trees of its repository".to_owned());
    }
    if mode == Mode::Branch && repository.branch.is_none() {
        notes.push("HEAD is detached: the new branch starts from the commit that is checked out".to_owned());
    }
    notes
}

fn save(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    Ok(crate::write::atomically(&folder.join(name), text)?)
}
