//! A context on the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::memo::Memo;
use super::source::Unread;
use super::walk::Kind;
use crate::repository_file;

/// The entries of a folder, in no order.
pub(super) type Listing = Arc<[(String, Kind)]>;

/// A folder on the disk. Paths are relative to it with `/`; none of its functions follows a link in the last place. What
/// is where is asked once, also by copies of it.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) root: PathBuf,
    kinds: Arc<Memo<String, Option<Kind>>>,
    listings: Arc<Memo<String, Listing>>,
}

impl Disk {
    pub(super) fn new(root: &Path) -> Disk {
        Disk {
            root: root.to_owned(),
            kinds: Arc::default(),
            listings: Arc::default(),
        }
    }

    pub(super) fn kind(&self, path: &str) -> Option<Kind> {
        self.kinds.get(path, || {
            let metadata = fs::symlink_metadata(self.root.join(path)).ok()?;
            Some(Kind::of(metadata.file_type()))
        })
    }

    pub(super) fn link(&self, path: &str) -> Option<String> {
        let target = fs::read_link(self.root.join(path)).ok()?;
        Some(target.to_string_lossy().into_owned())
    }

    pub(super) fn read(&self, path: &str, most: u64) -> Result<Vec<u8>, Unread> {
        Ok(repository_file::read(&self.root, &self.root.join(path), most)?)
    }

    /// The entries of a folder in no order; none where it cannot be read.
    pub(super) fn list(&self, path: &str) -> Listing {
        self.listings.get(path, || {
            let listing = self.root.join(path).read_dir();
            let named = listing.into_iter().flatten().flatten().filter_map(|found| {
                let kind = Kind::of(found.file_type().ok()?);
                Some((found.file_name().to_string_lossy().into_owned(), kind))
            });
            named.collect()
        })
    }
}
