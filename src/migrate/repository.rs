//! One repository: what it is, where its HEAD is, and what git knows of its files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clock::Clock;
use super::git::{Git, GitError};

/// A repository that git knows.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The work tree, or the repository itself where it is bare.
    pub folder: PathBuf,
    /// git in it.
    pub git: Git,
    /// Whether it has no work tree.
    pub is_bare: bool,
    /// The folder that git keeps for this work tree.
    pub own: PathBuf,
    /// The folder that all work trees of the repository share.
    pub common: PathBuf,
    /// The commit that is checked out; none before the first one.
    pub head: Option<String>,
    /// The branch that is checked out; none where HEAD is detached.
    pub branch: Option<String>,
}

/// Why a repository is left alone as a whole.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// git cannot or will not work with it.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The configuration names another folder as its work tree.
    #[error("its configuration puts the work tree into another folder (core.worktree): nothing outside is touched")]
    WorkTreeElsewhere,
    /// There is nothing to go by.
    #[error("it has no commit yet: make one first")]
    NoCommit,
    /// It has no files to write.
    #[error("it is bare and has no work tree to write: use --branch or --patch-dir")]
    Bare,
    /// What is there is not committed.
    #[error("it has uncommitted changes ({0}): commit or stash them, or use --allow-dirty or --branch")]
    Dirty(String),
    /// Somebody else is at it.
    #[error("another plimsoll is working in it: try again when that one is done")]
    Busy,
    /// The branch to make is there.
    #[error("the branch {0} exists: name another one, or delete it if it is not needed")]
    BranchExists(String),
}

/// A file that git tracks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Its path from the root, with `/`.
    pub path: String,
    /// What it is.
    pub kind: TrackedKind,
    /// The id of its content.
    pub object: String,
    /// Its size in bytes, where git was asked.
    pub size: u64,
}

/// What a tracked entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackedKind {
    /// A file.
    File {
        /// Whether it may be run.
        is_executable: bool,
    },
    /// A symbolic link.
    Link,
    /// A commit of another repository.
    Submodule,
}

impl Repository {
    /// Opens the repository in `folder`, an absolute path without links. git ends when `clock` runs out.
    ///
    /// # Errors
    /// If git does not take it for one, or its work tree is elsewhere.
    pub fn open(folder: &Path, clock: &Arc<Clock>) -> Result<Repository, RepositoryError> {
        let git = Git::at(folder).within(clock);
        let question = [
            "rev-parse",
            "--is-bare-repository",
            "--is-inside-work-tree",
            "--show-cdup",
            "--git-common-dir",
        ];
        let answer = git.run(&question, b"")?;
        let text = String::from_utf8_lossy(&answer);
        // The path comes last: its name may hold a newline.
        let mut lines = text.splitn(4, '\n');
        let mut next = || lines.next().unwrap_or_default();
        let (is_bare, is_inside, up, common) = (next() == "true", next() == "true", next(), next());
        let is_at_top = is_inside && up.is_empty();
        if !is_bare && !is_at_top {
            return Err(RepositoryError::WorkTreeElsewhere);
        }
        Ok(Repository {
            head: git.answer(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?,
            branch: git.answer(&["symbolic-ref", "--quiet", "--short", "HEAD"])?,
            own: if is_bare {
                folder.to_owned()
            } else {
                folder.join(".git")
            },
            common: folder.join(common.strip_suffix('\n').unwrap_or(common)),
            folder: folder.to_owned(),
            git,
            is_bare,
        })
    }

    /// git with `root` as the work tree: this one, or a copy.
    pub fn git_for(&self, root: &Path) -> Git {
        self.git
            .with("GIT_DIR", &self.own)
            .with("GIT_WORK_TREE", root)
            .moved(root)
    }

    /// Whether a new file at `path` of the work tree `root` would not be added, as a `.gitignore` says.
    ///
    /// # Errors
    /// If git cannot be run.
    pub fn ignores(&self, root: &Path, path: &str) -> Result<bool, GitError> {
        // A colon at the beginning would mean something.
        let path = format!("./{path}");
        Ok(self
            .git_for(root)
            .answer(&["check-ignore", "--no-index", "--", &path])?
            .is_some())
    }

    /// Whether it is one of several work trees of its repository.
    pub fn is_linked(&self) -> bool {
        !self.is_bare && self.common != self.folder.join(".git") && !self.is_submodule()
    }

    /// Whether it is a submodule of another repository.
    pub fn is_submodule(&self) -> bool {
        fs::symlink_metadata(self.folder.join(".git")).is_ok_and(|found| found.is_file())
            && self.common.components().any(|part| part.as_os_str() == "modules")
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// If there is none.
    pub fn commit(&self) -> Result<&str, RepositoryError> {
        self.head.as_deref().ok_or(RepositoryError::NoCommit)
    }

    /// What the index tracks. Of a file in conflict, there are several.
    ///
    /// # Errors
    /// If git fails.
    pub fn indexed(&self) -> Result<Vec<Tracked>, GitError> {
        let listing = self.git.run(&["ls-files", "--stage", "-z"], b"")?;
        Ok(records(&listing).filter_map(|record| Tracked::of(record, 1)).collect())
    }

    /// What the commit `commit` holds, with sizes.
    ///
    /// # Errors
    /// If git fails.
    pub fn committed(&self, commit: &str) -> Result<Vec<Tracked>, GitError> {
        let listing = self
            .git
            .run(&["ls-tree", "-r", "-l", "-z", "--full-tree", commit], b"")?;
        Ok(records(&listing).filter_map(|record| Tracked::of(record, 2)).collect())
    }

    /// A tracked file that differs from the last commit, where there is one. Programs that the configuration names for
    /// reading files are not run: a file that only they would call unchanged counts as changed.
    ///
    /// # Errors
    /// If git fails.
    pub fn first_change(&self) -> Result<Option<String>, GitError> {
        let pattern = r"^filter\..*\.(clean|process|required)$";
        let listing = self
            .git
            .output_of(&["config", "--null", "--name-only", "--get-regexp", pattern])?;
        let filters = records(&listing).map(|name| {
            let name = String::from_utf8_lossy(name).into_owned();
            let value = if name.ends_with(".required") { "false" } else { "" };
            (name, value.to_owned())
        });
        let git = self.git.configured(filters);
        let question = [
            "status",
            "--porcelain",
            "-z",
            "--untracked-files=no",
            "--ignore-submodules=all",
            "--no-renames",
        ];
        let listing = git.run(&question, b"")?;
        let first = records(&listing).next().and_then(|record| record.get(3..));
        Ok(first.map(|path| String::from_utf8_lossy(path).into_owned()))
    }

    /// Whether there is a branch called `name`, or one whose name stands in its way.
    ///
    /// # Errors
    /// If git cannot be run.
    pub fn branch_commit(&self, name: &str) -> Result<Option<String>, GitError> {
        self.git.answer(&[
            "rev-parse",
            "--verify",
            "--quiet",
            &format!("refs/heads/{name}^{{commit}}"),
        ])
    }
}

impl Tracked {
    /// Reads a record of git's: the mode and other words, the one at `object` being the id and the next perhaps the
    /// size; then a tab and the path.
    fn of(record: &[u8], object: usize) -> Option<Tracked> {
        // Names in other encodings cannot be said in a report: what has one is left alone.
        let (words, path) = std::str::from_utf8(record).ok()?.split_once('\t')?;
        let words: Vec<&str> = words.split_ascii_whitespace().collect();
        let kind = match *words.first()? {
            "120000" => TrackedKind::Link,
            "160000" => TrackedKind::Submodule,
            mode => TrackedKind::File {
                is_executable: mode == "100755",
            },
        };
        Some(Tracked {
            path: path.to_owned(),
            kind,
            object: (*words.get(object)?).to_owned(),
            size: words
                .get(object + 1)
                .and_then(|size| size.parse().ok())
                .unwrap_or_default(),
        })
    }
}

fn records(listing: &[u8]) -> impl Iterator<Item = &[u8]> {
    listing.split(|byte| *byte == 0).filter(|record| !record.is_empty())
}
