//! A context on the disk.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::source::Unread;
use super::walk::Kind;

/// A folder on the disk. Paths are relative to it with `/`; none of its functions follows a link in the last place.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) root: PathBuf,
}

impl Disk {
    pub(super) fn kind(&self, path: &str) -> Option<Kind> {
        let metadata = fs::symlink_metadata(self.root.join(path)).ok()?;
        Some(Kind::of(metadata.file_type()))
    }

    pub(super) fn link(&self, path: &str) -> Option<String> {
        let target = fs::read_link(self.root.join(path)).ok()?;
        Some(target.to_string_lossy().into_owned())
    }

    pub(super) fn read(&self, path: &str, most: u64) -> Result<Vec<u8>, Unread> {
        read(&self.root.join(path), most)
    }

    /// The entries of a folder in no order; none where it cannot be read.
    pub(super) fn list(&self, path: &str) -> Vec<(String, Kind)> {
        let Ok(listing) = self.root.join(path).read_dir() else {
            return Vec::new();
        };
        let named = listing.flatten().filter_map(|found| {
            let kind = Kind::of(found.file_type().ok()?);
            Some((found.file_name().to_string_lossy().into_owned(), kind))
        });
        named.collect()
    }
}

/// Reads a file of at most `most` bytes.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, Unread> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Unread::Missing,
        _ => Unread::Failed(error.to_string()),
    };
    // Opening a pipe waits for its writer; whatever is no regular file is left alone.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Unread::NoFile);
    }
    let mut bytes = Vec::new();
    // The size may change between a look and the reading: only reading tells.
    File::open(path)
        .map_err(failed)?
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(Unread::TooLarge);
    }
    Ok(bytes)
}
