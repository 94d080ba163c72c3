//! Writing files in one step, so that nobody ever reads half of one: all of several, or none.

mod attributes;
mod temporary;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use temporary::Temporary;
pub(crate) use temporary::remove_left;

use crate::repository_file::LARGEST;

/// A file as it is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    /// Where it is; a link is followed to what it leads to.
    pub(crate) path: &'a Path,
    /// What it says now, as far as that matters.
    pub(crate) before: Before<'a>,
    /// What it shall say.
    pub(crate) text: &'a str,
}

/// What a file is to say before it is written: another text is somebody's work of the meantime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before<'a> {
    /// Whatever it says.
    Any,
    /// There is none.
    Missing,
    /// This text.
    Text(&'a str),
}

/// A change that can be made: all that may fail was tried.
struct Prepared<'a> {
    change: Change<'a>,
    target: PathBuf,
    /// The text of now; none for a new file.
    old: Option<Vec<u8>>,
    new: Temporary,
}

/// Writes `text` to `path`, through a symbolic link to what it points to. A file that says so already is left alone; an
/// existing one keeps its permissions.
///
/// # Errors
/// If the file may not be written, or its folder.
pub(crate) fn atomically(path: &Path, text: &str) -> anyhow::Result<()> {
    let before = Before::Any;
    all(&[Change { path, before, text }])
}

/// Makes all of `changes`, in their order, or none. Files that say already what they shall are left alone.
///
/// # Errors
/// If one of the files may not be written, or does not say what it is to say before; then all are as they were.
pub(crate) fn all(changes: &[Change<'_>]) -> anyhow::Result<()> {
    let at = |path: &Path| format!("cannot write `{}`", path.display());
    let mut prepared = Vec::new();
    for change in changes {
        prepared.extend(prepare(*change).with_context(|| at(change.path))?);
    }
    let mut done: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
    for next in prepared {
        let (path, target, old) = (next.change.path, next.target.clone(), next.old.clone());
        if let Err(error) = place(next) {
            let error = error.context(at(path));
            return Err(match put_back(done) {
                Ok(()) => error,
                Err(left) => error.context(left),
            });
        }
        done.push((target, old));
    }
    Ok(())
}

/// Writes `text` to `path`, as above, and lets everybody execute it who may read it.
///
/// # Errors
/// If the file may not be written, or its folder.
pub(super) fn executable(path: &Path, text: &str) -> anyhow::Result<()> {
    atomically(path, text)?;
    allow_to_execute(path).with_context(|| format!("cannot make `{}` executable", path.display()))
}

#[cfg(unix)]
fn allow_to_execute(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = fs::metadata(path)?.permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(mode | (mode & 0o444) >> 2))
}

#[cfg(not(unix))]
fn allow_to_execute(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Does all of a change but the last step; none where there is nothing to do.
fn prepare(change: Change<'_>) -> anyhow::Result<Option<Prepared<'_>>> {
    let target = target(change.path)?;
    let existing = match fs::metadata(&target) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let Some(metadata) = existing else {
        let old = None;
        return check(change, None)?
            .then(|| fill(change, target, old, |_| Ok(())))
            .transpose();
    };
    if metadata.is_dir() {
        bail!("it is a folder");
    }
    if !metadata.is_file() {
        return written_through(change, &target).map(|()| None);
    }
    let file = File::open(&target)?;
    let old = text(&file, change)?;
    if !check(change, Some(&old))? {
        return Ok(None);
    }
    refuse(&metadata)?;
    let keep = |new: &Temporary| attributes::keep(&file, &metadata, new.file());
    fill(change, target, Some(old), keep).map(Some)
}

/// A device or a pipe: renaming a file over it would destroy it.
fn written_through(change: Change<'_>, target: &Path) -> anyhow::Result<()> {
    if change.before != Before::Any {
        bail!("it is not a regular file any more");
    }
    Ok(OpenOptions::new()
        .write(true)
        .open(target)?
        .write_all(change.text.as_bytes())?)
}

/// Refuses what a new file in the place of the old one would destroy.
fn refuse(metadata: &Metadata) -> anyhow::Result<()> {
    // Renaming would succeed, but who made the file read-only means it.
    if metadata.permissions().readonly() {
        bail!("it is read-only");
    }
    let names = attributes::names(metadata);
    if names > 1 {
        bail!(
            "it has {names} names (hard links), and the others would keep the old text: copy it to a file of its own first"
        );
    }
    Ok(())
}

/// A file with the new text beside the target.
fn fill<'a>(
    change: Change<'a>,
    target: PathBuf,
    old: Option<Vec<u8>>,
    keep: impl FnOnce(&Temporary) -> Result<(), String>,
) -> anyhow::Result<Prepared<'a>> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    remove_left(folder);
    let mut new = Temporary::new(folder)?;
    if old.is_none() {
        attributes::give_to_owner(folder, new.file());
    }
    keep(&new).map_err(anyhow::Error::msg)?;
    new.fill(change.text)?;
    Ok(Prepared {
        change,
        target,
        old,
        new,
    })
}

/// The text of a file, as far as it can be one of those that a change knows.
fn text(file: &File, change: Change<'_>) -> io::Result<Vec<u8>> {
    let expected = match change.before {
        Before::Text(text) => text.len(),
        Before::Any | Before::Missing => 0,
    };
    let most = expected.max(change.text.len()).max(LARGEST as usize) + 1;
    let mut bytes = Vec::new();
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether there is something to do for a file that says `now`.
fn check(change: Change<'_>, now: Option<&[u8]>) -> anyhow::Result<bool> {
    if now == Some(change.text.as_bytes()) {
        return Ok(false);
    }
    let is_known = match change.before {
        Before::Any => true,
        Before::Missing => now.is_none(),
        Before::Text(text) => now == Some(text.as_bytes()),
    };
    if !is_known {
        bail!("it was changed since it was read, so nothing was written: run the command again");
    }
    Ok(true)
}

/// The last step of a change.
fn place(prepared: Prepared<'_>) -> anyhow::Result<()> {
    let Prepared {
        change,
        target,
        old,
        new,
    } = prepared;
    // Another file may have taken long to write.
    let now = match File::open(&target) {
        Ok(file) => Some(text(&file, change)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    if now != old {
        bail!("it was changed since it was read, so nothing was written: run the command again");
    }
    match old {
        Some(_) => new.replace(&target)?,
        None => new.create(&target)?,
    }
    Ok(())
}

/// Undoes what was done.
///
/// # Errors
/// If that fails, too, with what is left.
fn put_back(done: Vec<(PathBuf, Option<Vec<u8>>)>) -> Result<(), String> {
    let mut left = Vec::new();
    for (path, old) in done {
        let is_new = old.is_none();
        // Of what is larger, not all was read.
        let is_whole = |text: &Vec<u8>| text.len() as u64 <= LARGEST;
        let undone = match old.filter(is_whole).map(String::from_utf8) {
            None if is_new => fs::remove_file(&path).is_ok(),
            Some(Ok(text)) => atomically(&path, &text).is_ok(),
            _ => false,
        };
        if !undone {
            left.push(format!("`{}` was written and cannot be put back", path.display()));
        }
    }
    if left.is_empty() { Ok(()) } else { Err(left.join(", ")) }
}

/// The file itself where `path` is a link to it.
fn target(path: &Path) -> anyhow::Result<PathBuf> {
    if path.is_symlink() {
        path.canonicalize().context("it is a link to nothing")
    } else {
        Ok(path.to_owned())
    }
}
