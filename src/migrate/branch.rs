//! A commit on a new branch, made from objects alone: the work tree, the index and HEAD stay as they are.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::git::GitError;
use super::plan::Write;
use super::repository::{Repository, RepositoryError};

/// A commit to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The new branch.
    pub branch: String,
    /// The commit that it starts from.
    pub parent: String,
    /// The message.
    pub message: String,
    /// Its time, in seconds since 1970: that of the run, so that a repeated run makes the same commit.
    pub seconds: u64,
}

/// Makes the commit with `writes` on its branch and gives its id. `scratch` is a file for the index to make it with.
///
/// # Errors
/// If git fails, or the branch is there with another commit.
pub fn commit(
    repository: &Repository,
    commit: &Commit,
    writes: &[Write],
    scratch: &Path,
) -> Result<String, RepositoryError> {
    let git = repository
        .git
        .with("GIT_INDEX_FILE", scratch)
        .with("GIT_DIR", &repository.own);
    git.run(&["read-tree", &commit.parent], b"")?;
    let mut entries = Vec::new();
    for write in writes {
        let object = line(&git.run(&["hash-object", "-w", "--stdin"], write.text.as_bytes())?);
        let mode = if write.is_executable { "100755" } else { "100644" };
        entries.extend_from_slice(format!("{mode} {object}\t{}\0", write.path).as_bytes());
    }
    git.run(&["update-index", "-z", "--index-info"], &entries)?;
    let tree = line(&git.run(&["write-tree", "--missing-ok"], b"")?);
    let time = format!("@{} +0000", commit.seconds);
    let dated = repository
        .git
        .with("GIT_AUTHOR_DATE", &time)
        .with("GIT_COMMITTER_DATE", &time);
    let arguments = ["commit-tree", &tree, "-p", &commit.parent, "-F", "-"];
    let made = line(&dated.run(&arguments, commit.message.as_bytes())?);
    if repository.branch_commit(&commit.branch)?.as_deref() == Some(&made) {
        // An interrupted run made it.
        return Ok(made);
    }
    let reference = format!("refs/heads/{}", commit.branch);
    let nothing = "0".repeat(made.len());
    let reason = "plimsoll: created";
    let created = repository
        .git
        .run(&["update-ref", "-m", reason, &reference, &made, &nothing], b"");
    match created {
        Ok(_) => Ok(made),
        Err(GitError::Failed { .. }) if is_in_the_way(repository, &commit.branch)? => {
            Err(RepositoryError::BranchExists(commit.branch.clone()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a branch has this name, or one that does not go with it: `a` stands in the way of `a/b`, and the other way
/// round.
pub fn is_in_the_way(repository: &Repository, name: &str) -> Result<bool, GitError> {
    let listing = repository
        .git
        .run(&["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"], b"")?;
    let listing = String::from_utf8_lossy(&listing);
    let is_below = |one: &str, other: &str| one.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'));
    Ok(listing
        .lines()
        .any(|branch| branch == name || is_below(branch, name) || is_below(name, branch)))
}

fn line(output: &[u8]) -> String {
    String::from_utf8_lossy(output).trim_end().to_owned()
}
