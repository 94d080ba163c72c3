//! What belongs to a file beside its text: the new one keeps it, or the old one stays.

use std::fs::{File, Metadata};
use std::path::Path;

/// Gives `new` the owner, the extended attributes (access lists among them) and the permissions of `old`.
///
/// # Errors
/// If something of it cannot be kept, with what.
pub(super) fn keep(old: &File, metadata: &Metadata, new: &File) -> Result<(), String> {
    keep_owner(metadata, new);
    keep_extended(old, new)?;
    let kept = new.set_permissions(metadata.permissions());
    kept.map_err(|error| format!("its permissions cannot be kept: {error}"))
}

/// In a container, root often works on files of a user, who wants to keep them. Nobody else may give files away, so a
/// failure means nothing.
#[cfg(unix)]
fn keep_owner(metadata: &Metadata, new: &File) {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    let _ = fchown(new, Some(metadata.uid()), Some(metadata.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_metadata: &Metadata, _new: &File) {}

/// Gives the new file `new` to the owner of its folder, where root makes it: it is a user's folder then.
#[cfg(unix)]
pub(super) fn give_to_owner(folder: &Path, new: &File) {
    if rustix::process::geteuid().is_root()
        && let Ok(metadata) = folder.metadata()
    {
        keep_owner(&metadata, new);
    }
}

#[cfg(not(unix))]
pub(super) fn give_to_owner(_folder: &Path, _new: &File) {}

/// How many names a file has: after the write, all but one would be those of the old text.
#[cfg(unix)]
pub(super) fn names(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;

    metadata.nlink()
}

#[cfg(not(unix))]
pub(super) fn names(_metadata: &Metadata) -> u64 {
    1
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn keep_extended(old: &File, new: &File) -> Result<(), String> {
    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
    use rustix::io::Errno;

    // The kernel's limits for the names and for a value.
    const MOST: usize = 64 * 1024;
    let mut listed = vec![0; MOST];
    let length = match flistxattr(old, listed.as_mut_slice()) {
        Ok(length) => length,
        Err(Errno::NOTSUP) => return Ok(()),
        Err(error) => return Err(format!("its extended attributes cannot be read: {error}")),
    };
    let names = listed[..length]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty());
    for name in names {
        let value_of = |file: &File| -> Result<Vec<u8>, Errno> {
            let mut value = vec![0; MOST];
            let length = fgetxattr(file, name, value.as_mut_slice())?;
            value.truncate(length);
            Ok(value)
        };
        let lost = |error: Errno| {
            let name = String::from_utf8_lossy(name);
            format!("its attribute {name:?} cannot be kept: {error}")
        };
        let value = value_of(old).map_err(lost)?;
        // The system itself gives a new file some of them, such as its security label.
        if value_of(new).as_ref() != Ok(&value) {
            fsetxattr(new, name, &value, XattrFlags::empty()).map_err(lost)?;
        }
    }
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn keep_extended(_old: &File, _new: &File) -> Result<(), String> {
    Ok(())
}
