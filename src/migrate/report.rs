//! What a run found and did, repository by repository.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::skip::{Reason, Skipped};
use crate::context::Totals;
use crate::emit::{Palette, diff};
use crate::estimate::Saving;
use crate::passes::dockerignore::{Added, Proposal};
use crate::passes::{Change, ObstacleKind, Refusal};
use crate::rewrite::Rewrite;

/// The version of the format. It grows when a field goes or changes its meaning, not when one comes.
pub const VERSION: u32 = 1;

/// What is done with the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They are shown.
    DryRun,
    /// They are written into work trees.
    Write,
    /// They are committed on a new branch.
    Branch,
}

/// What a run found and did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FleetReport {
    /// The version of the format.
    pub version: u32,
    /// What was done with the changes.
    pub mode: Mode,
    /// The repositories in figures.
    pub totals: FleetTotals,
    /// The repositories in the order of their names.
    pub repositories: Vec<RepositoryReport>,
    /// What could not be looked at for repositories.
    pub problems: Vec<String>,
}

/// A fleet in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FleetTotals {
    /// How many repositories there are.
    pub repositories: usize,
    /// How many of them have changes, made or shown.
    pub changed: usize,
    /// How many have nothing to change.
    pub unchanged: usize,
    /// How many were left alone as a whole.
    pub refused: usize,
    /// In how many something went wrong.
    pub failed: usize,
    /// How many have nothing to change but a Dockerfile that could not be read.
    pub unread: usize,
    /// How many took longer than a repository may.
    pub timed_out: usize,
    /// How many Dockerfiles were looked at.
    pub dockerfiles: usize,
    /// How many of them have changes.
    pub changed_dockerfiles: usize,
    /// How many `.dockerignore` files have changes.
    pub dockerignores: usize,
    /// How many Dockerfiles could not be read, in all repositories.
    pub unread_dockerfiles: usize,
    /// How many changes there are in Dockerfiles.
    pub changes: usize,
    /// How many changes were declined.
    pub refusals: usize,
    /// How many of them for which kind of obstacle.
    pub obstacles: BTreeMap<ObstacleKind, usize>,
    /// What images are expected to save in bytes, from tables of package sizes.
    pub estimated_bytes: u64,
    /// The images that were built before and after, in bytes; nothing without `--verify`.
    pub verified: VerifiedBytes,
    /// How many Dockerfiles were passed over, by reason.
    pub skipped: BTreeMap<Reason, usize>,
}

/// Built images in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifiedBytes {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// How a repository came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RepositoryOutcome")]
pub enum Outcome {
    /// There is nothing to change.
    Unchanged,
    /// There are changes, which were not asked to be made.
    WouldChange,
    /// Its files were changed.
    Written,
    /// A commit was made on a new branch.
    Committed,
    /// It was left alone as a whole, for the `reason`.
    Refused,
    /// Something went wrong, as the `reason` says.
    Failed,
    /// There is nothing to change in what could be read, and a Dockerfile that could not be.
    Unread,
    /// It took longer than a repository may.
    TimedOut,
}

impl Outcome {
    /// Whether the repository has changes, made or shown.
    pub fn is_change(self) -> bool {
        matches!(self, Outcome::WouldChange | Outcome::Written | Outcome::Committed)
    }

    /// The outcome in words.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Unchanged => "nothing to change",
            Outcome::WouldChange => "would change",
            Outcome::Written => "written",
            Outcome::Committed => "committed",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
            Outcome::Unread => "could not be read",
            Outcome::TimedOut => "ran out of time",
        }
    }

    /// Whether somebody should look at the repository.
    pub fn is_bad(self) -> bool {
        matches!(
            self,
            Outcome::Refused | Outcome::Failed | Outcome::Unread | Outcome::TimedOut
        )
    }
}

/// One repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepositoryReport {
    /// What it is called: its path from where the search began.
    pub name: String,
    /// Its folder.
    pub folder: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Why it was refused, or what went wrong.
    pub reason: Option<String>,
    /// The commit that it was at.
    pub head: Option<String>,
    /// The branch that was checked out; none where HEAD is detached.
    pub checked_out: Option<String>,
    /// The branch that was made.
    pub branch: Option<String>,
    /// The commit that was made.
    pub commit: Option<String>,
    /// The Dockerfiles that were looked at, in the order of their paths.
    pub files: Vec<FileChange>,
    /// The `.dockerignore` files that change.
    pub dockerignores: Vec<IgnoreChange>,
    /// The Dockerfiles that were passed over.
    pub skipped: Vec<Skipped>,
    /// What to know about the repository.
    pub notes: Vec<String>,
}

/// A Dockerfile and what is changed in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileChange {
    /// Its path in the repository.
    pub file: String,
    /// What was done, in the order of passes and lines.
    pub changes: Vec<Change>,
    /// What was declined, in the order of passes and lines.
    pub refusals: Vec<Refusal>,
    /// What the image is expected to save, by cause.
    pub estimate: Vec<Saving>,
    /// What the user should know about the result as a whole.
    pub notes: Vec<String>,
    /// What building it before and after showed; none without `--verify`.
    pub verified: Option<Verified>,
    /// The difference as a unified diff; empty where nothing changed.
    pub diff: String,
}

/// What building a file before and after showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// Whether the change passed, as it was or repaired. Otherwise it was taken back.
    pub passed: bool,
    /// What came out, in a sentence without a full stop.
    pub summary: String,
    /// The images in bytes, where both were built.
    pub bytes: Option<VerifiedBytes>,
}

/// A `.dockerignore` and what is added to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IgnoreChange {
    /// Its path in the repository.
    pub file: String,
    /// Whether there was such a file.
    pub exists: bool,
    /// What is added, in the order of the file.
    pub patterns: Vec<Added>,
    /// What a build sends now.
    pub before: Totals,
    /// What it would send.
    pub after: Totals,
    /// The difference as a unified diff.
    pub diff: String,
}

impl RepositoryReport {
    /// A report of the repository `name` in `folder`, of which nothing is known yet.
    pub fn new(name: &str, folder: &Path) -> RepositoryReport {
        RepositoryReport {
            name: name.to_owned(),
            folder: folder.to_string_lossy().into_owned(),
            outcome: Outcome::Unchanged,
            reason: None,
            head: None,
            checked_out: None,
            branch: None,
            commit: None,
            files: Vec::new(),
            dockerignores: Vec::new(),
            skipped: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The same as refused or failed, with nothing changed in it.
    #[must_use]
    pub fn ended(mut self, outcome: Outcome, reason: impl std::fmt::Display) -> RepositoryReport {
        self.outcome = outcome;
        self.reason = Some(reason.to_string());
        self
    }

    /// The Dockerfiles that could not be read.
    pub fn unread(&self) -> impl Iterator<Item = &Skipped> {
        self.skipped.iter().filter(|skipped| skipped.reason.is_unread())
    }

    /// What the user should look at: why the whole was left alone, and each Dockerfile that could not be read.
    pub fn problems(&self) -> Vec<String> {
        let whole = self.reason.clone().into_iter();
        whole.chain(self.unread().map(Skipped::sentence)).collect()
    }

    /// The whole difference as a patch.
    pub fn diff(&self) -> String {
        let files = self.files.iter().map(|file| file.diff.as_str());
        files
            .chain(self.dockerignores.iter().map(|ignore| ignore.diff.as_str()))
            .collect()
    }

    /// How many changes its Dockerfiles have.
    pub fn changes(&self) -> usize {
        self.files.iter().map(|file| file.changes.len()).sum()
    }

    /// How many changes were declined.
    pub fn refusals(&self) -> usize {
        self.files.iter().map(|file| file.refusals.len()).sum()
    }

    /// The kind of obstacle of each.
    pub fn obstacles(&self) -> impl Iterator<Item = ObstacleKind> {
        let refusals = self.files.iter().flat_map(|file| &file.refusals);
        refusals.map(|refusal| refusal.kind)
    }

    /// What its images are expected to save, in bytes.
    pub fn estimated_bytes(&self) -> u64 {
        self.files.iter().map(FileChange::estimated_bytes).sum()
    }

    /// Its images as they were built, in bytes.
    pub fn verified(&self) -> VerifiedBytes {
        let all = self.files.iter().filter_map(|file| file.verified.as_ref()?.bytes);
        all.fold(VerifiedBytes::default(), |sum, bytes| VerifiedBytes {
            before: sum.before + bytes.before,
            after: sum.after + bytes.after,
        })
    }
}

impl FileChange {
    /// What a rewrite does to its file.
    pub fn of(rewrite: Rewrite) -> FileChange {
        FileChange {
            estimate: rewrite.estimate(),
            diff: diff::unified(
                Path::new(&rewrite.file),
                &rewrite.original,
                &rewrite.text,
                &Palette::default(),
            ),
            file: rewrite.file,
            changes: rewrite.changes,
            refusals: rewrite.refusals,
            notes: rewrite.notes,
            verified: None,
        }
    }

    /// What the image is expected to save, in bytes.
    pub fn estimated_bytes(&self) -> u64 {
        self.estimate.iter().map(|saving| saving.bytes).sum()
    }
}

impl IgnoreChange {
    /// What a proposal adds to its file; none where it adds nothing.
    pub fn of(proposal: Proposal) -> Option<IgnoreChange> {
        proposal.is_change().then(|| IgnoreChange {
            diff: difference(
                Path::new(&proposal.file),
                proposal.exists,
                &proposal.original,
                &proposal.text,
            ),
            file: proposal.file,
            exists: proposal.exists,
            patterns: proposal.patterns,
            before: proposal.before,
            after: proposal.after,
        })
    }
}

/// The patch of a file that may be new.
pub(super) fn difference(path: &Path, exists: bool, before: &str, after: &str) -> String {
    if exists {
        diff::unified(path, before, after, &Palette::default())
    } else {
        diff::created(path, after, &Palette::default())
    }
}

impl FleetReport {
    /// The report of a whole run. The repositories may come in any order.
    pub fn new(mode: Mode, mut repositories: Vec<RepositoryReport>, problems: Vec<String>) -> FleetReport {
        repositories.sort_by(|one, other| one.name.cmp(&other.name));
        FleetReport {
            version: VERSION,
            mode,
            totals: FleetTotals::of(&repositories),
            repositories,
            problems,
        }
    }

    /// Whether all repositories and their Dockerfiles could be looked at and handled.
    pub fn is_whole(&self) -> bool {
        let mut repositories = self.repositories.iter();
        repositories.all(|repository| !repository.outcome.is_bad() && repository.unread().next().is_none())
            && self.problems.is_empty()
    }
}

impl FleetTotals {
    fn of(repositories: &[RepositoryReport]) -> FleetTotals {
        let mut totals = FleetTotals {
            repositories: repositories.len(),
            ..FleetTotals::default()
        };
        for repository in repositories {
            match repository.outcome {
                Outcome::Unchanged => totals.unchanged += 1,
                Outcome::WouldChange | Outcome::Written | Outcome::Committed => totals.changed += 1,
                Outcome::Refused => totals.refused += 1,
                Outcome::Failed => totals.failed += 1,
                Outcome::Unread => totals.unread += 1,
                Outcome::TimedOut => totals.timed_out += 1,
            }
            totals.unread_dockerfiles += repository.unread().count();
            for skipped in &repository.skipped {
                *totals.skipped.entry(skipped.reason).or_default() += 1;
            }
            totals.dockerfiles += repository.files.len();
            totals.refusals += repository.refusals();
            for kind in repository.obstacles() {
                *totals.obstacles.entry(kind).or_default() += 1;
            }
            // What was refused or went wrong is not changed, whatever was found.
            if !repository.outcome.is_change() {
                continue;
            }
            totals.changed_dockerfiles += repository.files.iter().filter(|file| !file.changes.is_empty()).count();
            totals.dockerignores += repository.dockerignores.len();
            totals.changes += repository.changes();
            totals.estimated_bytes += repository.estimated_bytes();
            let verified = repository.verified();
            totals.verified.before += verified.before;
            totals.verified.after += verified.after;
        }
        totals
    }
}
