//! A context on the disk.

use std::fs;
use std::path::PathBuf;

use super::source::Unread;
use super::walk::Kind;
use crate::repository_file;

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
        Ok(repository_file::read(&self.root, &self.root.join(path), most)?)
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
