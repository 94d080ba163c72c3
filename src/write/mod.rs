//! Writing files in one step, so that nobody ever reads half of one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tempfile::{Builder, NamedTempFile};

/// What the names of files begin with that are not whole yet.
pub(crate) const TEMPORARY: &str = ".plimsoll-";

/// Writes `text` to `path`, through a symbolic link to what it points to. A file that says so already is left alone; an
/// existing one keeps its permissions.
///
/// # Errors
/// If the file may not be written, or its folder.
pub(crate) fn atomically(path: &Path, text: &str) -> anyhow::Result<()> {
    write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
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
fn allow_to_execute(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = fs::metadata(path)?.permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(mode | (mode & 0o444) >> 2))
}

#[cfg(not(unix))]
fn allow_to_execute(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let target = target(path)?;
    let existing = match fs::metadata(&target) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(metadata) = &existing {
        if metadata.is_dir() {
            bail!("it is a folder");
        }
        if !metadata.is_file() {
            // A device or a pipe: renaming a file over it would destroy it.
            return Ok(fs::OpenOptions::new()
                .write(true)
                .open(&target)?
                .write_all(text.as_bytes())?);
        }
        if fs::read(&target).is_ok_and(|bytes| bytes == text.as_bytes()) {
            return Ok(());
        }
        // Renaming would succeed, but who made the file read-only means it.
        if metadata.permissions().readonly() {
            bail!("it is read-only");
        }
    }

    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = temporary(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    if let Some(metadata) = existing {
        keep_owner(&file, &metadata);
        file.as_file().set_permissions(metadata.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&target)?;
    Ok(())
}

/// The file itself where `path` is a link to it.
fn target(path: &Path) -> anyhow::Result<PathBuf> {
    if path.is_symlink() {
        path.canonicalize().context("it is a link to nothing")
    } else {
        Ok(path.to_owned())
    }
}

#[cfg(unix)]
fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;

    // What any new file gets; the process's mask takes away from it. Temporary files are private otherwise.
    let permissions = fs::Permissions::from_mode(0o666);
    Builder::new()
        .prefix(TEMPORARY)
        .permissions(permissions)
        .tempfile_in(folder)
}

#[cfg(not(unix))]
fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    Builder::new().prefix(TEMPORARY).tempfile_in(folder)
}

/// In a container, root often works on files of a user, who wants to keep them. Nobody else may give files away, so a
/// failure means nothing.
#[cfg(unix)]
fn keep_owner(file: &NamedTempFile, metadata: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    let _ = fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_file: &NamedTempFile, _metadata: &fs::Metadata) {}
