//! A context in memory, for tests and for files that come from elsewhere than the disk.

use std::collections::{BTreeMap, BTreeSet};

use super::disk::Listing;
use super::path;
use super::source::Unread;
use super::walk::{Entry, Kind, Walk};

/// Files by path; folders are where files are.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    files: BTreeMap<String, Vec<u8>>,
    folders: BTreeSet<String>,
}

impl Memory {
    pub(super) fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Memory {
        let mut memory = Memory::default();
        memory.folders.insert(String::new());
        for (name, bytes) in files {
            let name = path::inside(&name);
            for (at, _) in name.match_indices('/') {
                memory.folders.insert(name[..at].to_owned());
            }
            memory.files.insert(name, bytes);
        }
        memory
    }

    pub(super) fn kind(&self, path: &str) -> Option<Kind> {
        if self.folders.contains(path) {
            Some(Kind::Folder)
        } else {
            self.files.contains_key(path).then_some(Kind::File)
        }
    }

    pub(super) fn read(&self, path: &str, most: u64) -> Result<Vec<u8>, Unread> {
        match self.files.get(path) {
            Some(bytes) if bytes.len() as u64 > most => Err(Unread::TooLarge),
            Some(bytes) => Ok(bytes.clone()),
            None if self.folders.contains(path) => Err(Unread::NoFile),
            None => Err(Unread::Missing),
        }
    }

    pub(super) fn list(&self, folder: &str) -> Listing {
        let paths = self.folders.iter().map(|path| (path, Kind::Folder));
        let paths = paths.chain(self.files.keys().map(|path| (path, Kind::File)));
        let children = paths.filter(|(path, _)| !path.is_empty() && path::parent(path) == folder);
        children
            .map(|(path, kind)| (path.rsplit('/').next().unwrap_or(path).to_owned(), kind))
            .collect()
    }

    pub(super) fn walk(&self) -> Walk {
        let entry = |path: &String, kind, size| Entry {
            path: path.clone(),
            kind,
            size,
            mode: if kind == Kind::Folder { 0o755 } else { 0o644 },
            inode: None,
        };
        let folders = self
            .folders
            .iter()
            .filter(|path| !path.is_empty())
            .map(|path| entry(path, Kind::Folder, 0));
        let files = self
            .files
            .iter()
            .map(|(path, bytes)| entry(path, Kind::File, bytes.len() as u64));
        Walk::sorted(folders.chain(files).collect(), Vec::new())
    }
}
