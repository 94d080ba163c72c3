//! Small trees of files as tar streams, for tests.

use std::collections::BTreeMap;

use super::files::Files;

/// A tree that is being made.
#[derive(Clone, Default)]
pub(super) struct Tree {
    entries: Vec<(tar::Header, String, String)>,
}

impl Tree {
    fn entry(mut self, kind: tar::EntryType, path: &str, text: &str) -> Tree {
        // As a build does, folders come with what is in them.
        let known: BTreeMap<&str, ()> = self.entries.iter().map(|(_, path, _)| (path.as_str(), ())).collect();
        let mut folders = Vec::new();
        for (at, _) in path.match_indices('/') {
            if !known.contains_key(&path[..at]) {
                folders.push(path[..at].to_owned());
            }
        }
        for folder in folders {
            self.entries
                .push((header(tar::EntryType::Directory, 0o755), folder, String::new()));
        }
        self.entries
            .push((header(kind, 0o644), path.to_owned(), text.to_owned()));
        self
    }

    pub(super) fn file(self, path: &str, text: &str) -> Tree {
        self.entry(tar::EntryType::Regular, path, text)
    }

    pub(super) fn program(self, path: &str) -> Tree {
        self.file(path, "program").mode(0o755)
    }

    pub(super) fn folder(self, path: &str) -> Tree {
        self.entry(tar::EntryType::Directory, path, "").mode(0o755)
    }

    pub(super) fn link(self, path: &str, target: &str) -> Tree {
        self.entry(tar::EntryType::Symlink, path, target)
    }

    pub(super) fn hard_link(self, path: &str, target: &str) -> Tree {
        self.entry(tar::EntryType::Link, path, target)
    }

    /// Changes the last entry.
    pub(super) fn mode(mut self, mode: u32) -> Tree {
        self.entries.last_mut().unwrap().0.set_mode(mode);
        self
    }

    /// Changes the last entry.
    pub(super) fn owner(mut self, user: u64, group: u64) -> Tree {
        let header = &mut self.entries.last_mut().unwrap().0;
        header.set_uid(user);
        header.set_gid(group);
        self
    }

    /// The stream.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (header, path, text) in &self.entries {
            let mut header = header.clone();
            let kind = header.entry_type();
            if kind.is_symlink() || kind.is_hard_link() {
                builder.append_link(&mut header, path, text).unwrap();
            } else {
                header.set_size(text.len() as u64);
                builder.append_data(&mut header, path, text.as_bytes()).unwrap();
            }
        }
        builder.into_inner().unwrap()
    }

    /// The files, read from the stream.
    pub(super) fn files(&self) -> Files {
        Files::read(self.bytes().as_slice()).unwrap()
    }
}

fn header(kind: tar::EntryType, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}
