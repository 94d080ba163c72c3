//! A context on the disk.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::source::Unread;
use super::walk::Kind;
use crate::repository_file;

/// A folder on the disk. Paths are relative to it with `/`; none of its functions follows a link in the last place. What
/// is where is asked once, also by copies of it.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) root: PathBuf,
    kinds: Known<Option<Kind>>,
    listings: Known<Arc<[(String, Kind)]>>,
}

/// Answers by path.
type Known<T> = Arc<Mutex<HashMap<String, T>>>;

fn remembered<T: Clone>(known: &Known<T>, path: &str, find: impl FnOnce() -> T) -> T {
    let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = lock().get(path) {
        return found.clone();
    }
    let found = find();
    lock().insert(path.to_owned(), found.clone());
    found
}

impl Disk {
    pub(super) fn new(root: &Path) -> Disk {
        Disk {
            root: root.to_owned(),
            kinds: Known::default(),
            listings: Known::default(),
        }
    }

    pub(super) fn kind(&self, path: &str) -> Option<Kind> {
        remembered(&self.kinds, path, || {
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
    pub(super) fn list(&self, path: &str) -> Arc<[(String, Kind)]> {
        remembered(&self.listings, path, || {
            let listing = self.root.join(path).read_dir();
            let named = listing.into_iter().flatten().flatten().filter_map(|found| {
                let kind = Kind::of(found.file_type().ok()?);
                Some((found.file_name().to_string_lossy().into_owned(), kind))
            });
            named.collect()
        })
    }
}
