//! Writing planned changes into a work tree: all of them or none, each file in one step.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::plan::Write;
use crate::repository_file;
use crate::write;

/// Why files were not written. Those before were put back.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody changed the file.
    #[error("`{0}` was changed since it was read: nothing was written")]
    Changed(String),
    /// It is not where it was.
    #[error("`{0}` is no regular file of this repository any more: nothing was written")]
    Moved(String),
    /// It cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("{0:#}")]
    Unwritable(anyhow::Error),
}

/// What tells one text from another.
pub fn fingerprint(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes all of `writes` below `root`. What says so already is left as it is, so that an interrupted run can be
/// repeated.
///
/// # Errors
/// If a file was changed since the plan was made, or cannot be written.
pub fn apply(root: &Path, writes: &[Write]) -> Result<(), WriteError> {
    let mut due = Vec::new();
    for write in in_safe_order(writes) {
        if let Some(before) = before(root, write)? {
            due.push((root.join(&write.path), before, &write.text));
        }
    }
    let changes: Vec<write::Change<'_>> = due
        .iter()
        .map(|(path, before, text)| write::Change {
            path,
            before: before.as_deref().map_or(write::Before::Missing, write::Before::Text),
            text,
        })
        .collect();
    write::all(&changes).map_err(WriteError::Unwritable)?;
    for folder in folders(root, writes) {
        // The new names shall survive a loss of power as the texts do, where the system can say so.
        let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

/// The new `.dockerignore` files first: they are safe with the old Dockerfiles, while new ones may count on them.
fn in_safe_order(writes: &[Write]) -> impl Iterator<Item = &Write> {
    let is_ignore = |write: &&Write| write.path.ends_with(".dockerignore");
    let rest = writes.iter().filter(move |write| !is_ignore(write));
    writes.iter().filter(is_ignore).chain(rest)
}

/// Removes what a killed run may have left beside the files.
pub fn clean(root: &Path, writes: &[Write]) {
    for folder in folders(root, writes) {
        write::remove_left(&folder);
    }
}

/// The text of a file before it is written; none where there was no file.
type Before = Option<String>;

/// What the file says now; nothing where it says already what it shall.
fn before(root: &Path, write: &Write) -> Result<Option<Before>, WriteError> {
    let moved = || WriteError::Moved(write.path.clone());
    let path = root.join(&write.path);
    let folder = path
        .parent()
        .and_then(|folder| folder.canonicalize().ok())
        .ok_or_else(moved)?;
    if !folder.starts_with(root) {
        return Err(moved());
    }
    let unreadable = |source| WriteError::Unreadable {
        path: write.path.clone(),
        source,
    };
    let now = match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(unreadable(error)),
        Ok(found) if !found.is_file() => return Err(moved()),
        Ok(found) => {
            if found.permissions().readonly() {
                let denied = io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only");
                return Err(unreadable(denied));
            }
            let read = repository_file::read(root, &path, repository_file::LARGEST);
            let bytes = read.map_err(|error| unreadable(io::Error::other(error)))?;
            Some(String::from_utf8(bytes).map_err(|error| unreadable(io::Error::other(error)))?)
        }
    };
    if now.as_deref() == Some(&write.text) {
        return Ok(None);
    }
    if now.as_deref().map(fingerprint) != write.before {
        return Err(WriteError::Changed(write.path.clone()));
    }
    Ok(Some(now))
}

fn folders(root: &Path, writes: &[Write]) -> Vec<PathBuf> {
    let all = writes
        .iter()
        .filter_map(|write| root.join(&write.path).parent().map(Path::to_owned));
    let mut folders: Vec<PathBuf> = all.collect();
    folders.sort();
    folders.dedup();
    folders
}
