//! The files of a repository as a run sees them: the work tree, or a copy of what a commit holds.
//!
//! The copy is made from git's objects alone. No filter of the repository runs, and no path leads out of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::git::GitError;
use super::references::inside;
use super::repository::{Repository, Tracked, TrackedKind};
use super::skip::{Reason, Skipped};
use crate::repository_file::{self, FileError, LARGEST};

/// Why the files could not be had.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// git did not tell.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The repository is not whole, and nothing is fetched.
    #[error("git does not have `{0}`, as in a partial clone: `git fetch --refetch` gets what is missing")]
    Absent(String),
    /// The copy could not be made.
    #[error("cannot copy the files of the last commit: {0}")]
    Copy(#[from] io::Error),
}

/// The files.
#[derive(Debug)]
pub struct Tree {
    /// The folder that they are in, without links.
    pub root: PathBuf,
    files: BTreeMap<String, Tracked>,
    /// The paths of submodules.
    pub submodules: Vec<String>,
    /// The copy, which goes with the tree.
    _copy: Option<TempDir>,
}

impl Tree {
    /// The work tree as it is.
    ///
    /// # Errors
    /// If git does not tell what it tracks.
    pub fn of_work_tree(repository: &Repository) -> Result<Tree, TreeError> {
        Ok(Tree::new(repository.folder.clone(), repository.indexed()?, None))
    }

    /// A copy of what `commit` holds, in a folder of its own inside of `place`. Files that are too large to be read are
    /// there by name and size, unless the copy is to be `complete`.
    ///
    /// # Errors
    /// If git does not tell, or the disk is full.
    pub fn of_commit(repository: &Repository, commit: &str, place: &Path, complete: bool) -> Result<Tree, TreeError> {
        let tracked = repository.committed(commit)?;
        fs::create_dir_all(place)?;
        let copy = tempfile::Builder::new().prefix("tree-").tempdir_in(place)?;
        let root = copy.path().canonicalize()?;
        // What looks for the root of the repository shall find it here.
        fs::create_dir(root.join(".git"))?;
        let tracked: Vec<Tracked> = tracked.into_iter().filter(is_harmless).collect();
        let (small, large): (Vec<&Tracked>, Vec<&Tracked>) = tracked
            .iter()
            .filter(|tracked| matches!(tracked.kind, TrackedKind::File { .. }))
            .partition(|tracked| complete || tracked.size <= LARGEST);
        for tracked in large {
            create(&root.join(&tracked.path))?.set_len(tracked.size)?;
        }
        write_objects(repository, &small, |tracked, content| {
            let mut file = create(&root.join(&tracked.path))?;
            file.write_all(content)?;
            if matches!(tracked.kind, TrackedKind::File { is_executable: true }) {
                make_executable(&file)?;
            }
            Ok(())
        })?;
        // Links come last: nothing is written through one.
        let links: Vec<&Tracked> = tracked
            .iter()
            .filter(|tracked| tracked.kind == TrackedKind::Link)
            .collect();
        write_objects(repository, &links, |tracked, content| {
            let path = root.join(&tracked.path);
            path.parent().map(fs::create_dir_all).transpose()?;
            link(content, &path)
        })?;
        Ok(Tree::new(root, tracked, Some(copy)))
    }

    fn new(root: PathBuf, tracked: Vec<Tracked>, copy: Option<TempDir>) -> Tree {
        let (submodules, files): (Vec<Tracked>, Vec<Tracked>) = tracked
            .into_iter()
            .partition(|tracked| tracked.kind == TrackedKind::Submodule);
        Tree {
            root,
            files: files
                .into_iter()
                .map(|tracked| (tracked.path.clone(), tracked))
                .collect(),
            submodules: submodules.into_iter().map(|submodule| submodule.path).collect(),
            _copy: copy,
        }
    }

    /// The tracked files and links, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = &Tracked> {
        self.files.values()
    }

    /// What git tracks at `path`.
    pub fn tracked(&self, path: &str) -> Option<&Tracked> {
        self.files.get(path)
    }

    /// Whether `path` is in a submodule.
    pub fn is_in_submodule(&self, path: &str) -> bool {
        let is_above = |submodule: &String| {
            path.strip_prefix(submodule.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        };
        self.submodules.iter().any(is_above)
    }

    /// The text of a tracked file, or why it is passed over.
    ///
    /// # Errors
    /// If it is no file of this repository, or no text.
    pub fn read(&self, path: &str) -> Result<String, Skipped> {
        let skipped = |reason, detail: String| Skipped::new(path, reason, detail);
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => skipped(Reason::Missing, "git tracks it, but it is not on the disk".to_owned()),
            _ => skipped(Reason::Unreadable, error.to_string()),
        };
        let file = self.root.join(path);
        let folder = file.parent().unwrap_or(&self.root).canonicalize().map_err(unreadable)?;
        if !folder.starts_with(&self.root) {
            let detail = format!(
                "its folder is a link to `{}`, outside of the repository",
                folder.display()
            );
            return Err(skipped(Reason::Link, detail));
        }
        let found = fs::symlink_metadata(&file).map_err(unreadable)?;
        if found.is_symlink()
            || self
                .tracked(path)
                .is_some_and(|tracked| tracked.kind == TrackedKind::Link)
        {
            return Err(skipped(
                Reason::Link,
                "it is a symbolic link: what it leads to counts by itself".to_owned(),
            ));
        }
        let bytes = repository_file::read(&self.root, &file, LARGEST).map_err(|error| {
            let reason = match error {
                FileError::Missing => Reason::Missing,
                FileError::Outside(_) => Reason::Link,
                FileError::NoFile => Reason::NoDockerfile,
                FileError::TooLarge(_) => Reason::TooLarge,
                FileError::Failed(_) => Reason::Unreadable,
            };
            skipped(reason, format!("it {error}"))
        })?;
        match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Ok(text),
            _ => Err(skipped(Reason::NoDockerfile, "it is no text in UTF-8".to_owned())),
        }
    }
}

/// Whether the path of a tracked file is one that git itself would check out.
fn is_harmless(tracked: &Tracked) -> bool {
    let mut parts = tracked.path.split('/');
    inside(Path::new(&tracked.path)).as_deref() == Some(&tracked.path)
        && parts.all(|part| !part.eq_ignore_ascii_case(".git") && !part.contains('\\'))
}

/// Gives each object to `write`, a batch at a time.
fn write_objects(
    repository: &Repository,
    tracked: &[&Tracked],
    mut write: impl FnMut(&Tracked, &[u8]) -> io::Result<()>,
) -> Result<(), TreeError> {
    const MOST_BYTES: u64 = 64 * 1024 * 1024;
    let mut rest = tracked;
    while !rest.is_empty() {
        let mut bytes = 0;
        let end = rest.iter().position(|tracked| {
            bytes += tracked.size;
            bytes > MOST_BYTES
        });
        let (batch, left) = rest.split_at(end.unwrap_or(rest.len()).max(1));
        rest = left;
        let names: String = batch.iter().map(|tracked| format!("{}\n", tracked.object)).collect();
        let answer = repository.git.run(&["cat-file", "--batch"], names.as_bytes())?;
        let mut answer = answer.as_slice();
        for tracked in batch {
            let content = next_object(&mut answer).ok_or_else(|| TreeError::Absent(tracked.path.clone()))?;
            write(tracked, content)?;
        }
    }
    Ok(())
}

/// Takes one object off git's answer: a line with the id, the type and the size, the content, and a line feed.
fn next_object<'a>(answer: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = answer.split_at_checked(end)?;
    let size: usize = std::str::from_utf8(line).ok()?.rsplit(' ').next()?.parse().ok()?;
    let content = rest.get(1..=size)?;
    *answer = rest.get(size + 2..)?;
    Some(content)
}

fn create(path: &Path) -> io::Result<File> {
    path.parent().map(fs::create_dir_all).transpose()?;
    File::create_new(path)
}

#[cfg(unix)]
fn make_executable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = file.metadata()?.permissions().mode();
    file.set_permissions(fs::Permissions::from_mode(mode | (mode & 0o444) >> 2))
}

#[cfg(not(unix))]
fn make_executable(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(target: &[u8], path: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;

    std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), path)
}

/// Where links need rights that few have, git writes a file with the target, too.
#[cfg(not(unix))]
fn link(target: &[u8], path: &Path) -> io::Result<()> {
    fs::write(path, target)
}
