//! Every file of a folder, found in parallel.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};

use rayon::Scope;
use rayon::slice::ParallelSliceMut;
use serde::Serialize;

use super::path;

/// What an entry is. A link is an entry itself, whatever it points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A socket, a pipe or a device.
    Other,
}

impl Kind {
    pub(super) fn of(kind: std::fs::FileType) -> Kind {
        if kind.is_symlink() {
            Kind::Link
        } else if kind.is_dir() {
            Kind::Folder
        } else if kind.is_file() {
            Kind::File
        } else {
            Kind::Other
        }
    }
}

/// One file, folder or link of a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the root, with `/`. Bytes that are no UTF-8 are replaced.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// The bytes of a regular file, 0 for anything else.
    pub size: u64,
    /// The permission bits, as in `chmod`; 0 where the system has none.
    pub mode: u32,
    /// What tells that several paths are one file: the inode, where the file has more than one name.
    pub inode: Option<u64>,
}

/// What a walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Everything below the root in tree order: each folder is followed by all it holds, names in byte order.
    pub entries: Vec<Entry>,
    /// Folders that could not be read, sorted. The engine fails on them unless they are ignored.
    pub unreadable: Vec<String>,
}

impl Walk {
    /// Brings the entries into tree order.
    pub(super) fn sorted(mut entries: Vec<Entry>, mut unreadable: Vec<String>) -> Walk {
        // With `/` below every other byte a folder's entries come before its longer-named siblings: `a/b` before `a-b`.
        let key = |byte: u8| if byte == b'/' { 0 } else { byte };
        entries.par_sort_unstable_by(|a, b| a.path.bytes().map(key).cmp(b.path.bytes().map(key)));
        unreadable.sort();
        Walk { entries, unreadable }
    }
}

/// Finds everything below `root`, on all cores. Links are reported and not followed.
pub(super) fn walk(root: &Path) -> Walk {
    let (sender, receiver) = channel();
    rayon::scope(|scope| visit(root.to_owned(), String::new(), sender, scope));
    let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
    for found in receiver {
        match found {
            Ok(mut found) => entries.append(&mut found),
            Err(path) => unreadable.push(path),
        }
    }
    Walk::sorted(entries, unreadable)
}

/// Reports one folder's entries, and starts a task for each folder among them.
fn visit<'s>(folder: PathBuf, relative: String, sender: Sender<Result<Vec<Entry>, String>>, scope: &Scope<'s>) {
    // The receiver outlives all tasks: sending cannot fail.
    let Ok(listing) = folder.read_dir() else {
        let _ = sender.send(Err(relative));
        return;
    };
    let mut entries = Vec::new();
    for found in listing {
        // What is deleted while the walk goes on is no longer part of the context.
        let Ok((found, metadata)) = found.and_then(|found| found.metadata().map(|metadata| (found, metadata))) else {
            continue;
        };
        let path = path::join(&relative, &found.file_name().to_string_lossy());
        let kind = Kind::of(metadata.file_type());
        if kind == Kind::Folder {
            let (folder, path, sender) = (found.path(), path.clone(), sender.clone());
            scope.spawn(move |scope| visit(folder, path, sender, scope));
        }
        entries.push(Entry {
            path,
            kind,
            size: if kind == Kind::File { metadata.len() } else { 0 },
            mode: mode(&metadata),
            inode: if kind == Kind::File { inode(&metadata) } else { None },
        });
    }
    let _ = sender.send(Ok(entries));
}

#[cfg(unix)]
pub(super) fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
pub(super) fn mode(_: &Metadata) -> u32 {
    0
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.nlink() > 1).then(|| metadata.ino())
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_everything_in_tree_order() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("a/b")).unwrap();
        std::fs::create_dir(root.path().join("empty")).unwrap();
        for file in ["a/b/x", "a-b", "a/z", "z"] {
            std::fs::write(root.path().join(file), "1234").unwrap();
        }
        let walk = walk(root.path());
        let paths: Vec<&str> = walk.entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["a", "a/b", "a/b/x", "a/z", "a-b", "empty", "z"]);
        assert_eq!(walk.entries[2].size, 4);
        assert_eq!(walk.unreadable, Vec::<String>::new());
    }

    #[cfg(unix)]
    #[test]
    fn does_not_follow_links() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("link")).unwrap();
        std::os::unix::fs::symlink(".", root.path().join("loop")).unwrap();
        let walk = walk(root.path());
        let kinds: Vec<(&str, Kind)> = walk
            .entries
            .iter()
            .map(|entry| (entry.path.as_str(), entry.kind))
            .collect();
        assert_eq!(kinds, [("link", Kind::Link), ("loop", Kind::Link)]);
    }

    #[test]
    fn a_missing_root_is_unreadable() {
        assert_eq!(walk(Path::new("/no/such/folder")).unreadable, [""]);
    }
}
