//! What a build sends: every entry of a walk with its verdict, and sums.

use std::collections::{BTreeMap, HashSet};
use std::ops::{AddAssign, Range};

use serde::{Deserialize, Serialize};

use super::ignore::{DockerIgnore, Folder, Verdict};
use super::walk::{Entry, Kind, Walk};

/// How much a set of entries is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Totals {
    /// Files, links and devices; folders do not count.
    pub files: u64,
    /// The bytes of the regular files. A file with several names counts once, as it is sent once.
    pub bytes: u64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Totals) {
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

/// One entry and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured<'w> {
    /// The entry.
    pub entry: &'w Entry,
    /// What the patterns say. A folder that they ignore still appears where something in it is sent.
    pub verdict: Verdict,
    /// Whether the build gets it.
    pub is_sent: bool,
}

/// A walk seen through a .dockerignore. Another .dockerignore can be tried on the same walk without reading the disk
/// again.
#[derive(Clone, Debug)]
pub struct Measure<'w> {
    entries: Vec<Measured<'w>>,
    /// What is sent.
    pub sent: Totals,
    /// What the patterns keep out.
    pub ignored: Totals,
}

impl<'w> Measure<'w> {
    /// Holds every entry of `walk` against `ignore`, as the engine's client walks: from the root down, each folder
    /// handing its matches to its children.
    pub fn new(walk: &'w Walk, ignore: &DockerIgnore) -> Measure<'w> {
        let mut entries: Vec<Measured<'w>> = Vec::with_capacity(walk.entries.len());
        let root = ignore.root();
        let mut folders: Vec<(usize, Folder)> = Vec::new();
        for (index, entry) in walk.entries.iter().enumerate() {
            while folders.last().is_some_and(|(at, _)| !holds(&walk.entries[*at], entry)) {
                folders.pop();
            }
            let parent = folders.last().map_or(&root, |(_, folder)| folder);
            let verdict = if entry.kind == Kind::Folder {
                let folder = ignore.folder(&entry.path, parent);
                let verdict = folder.verdict();
                folders.push((index, folder));
                verdict
            } else {
                ignore.file(&entry.path, parent)
            };
            let is_sent = verdict == Verdict::Sent;
            if is_sent {
                // Ignored folders appear after all where they lead to something that is sent.
                for (at, _) in &folders {
                    if *at < index {
                        entries[*at].is_sent = true;
                    }
                }
            }
            entries.push(Measured {
                entry,
                verdict,
                is_sent,
            });
        }
        let sent = total(entries.iter().filter(|measured| measured.is_sent));
        let ignored = total(entries.iter().filter(|measured| !measured.is_sent));
        Measure { entries, sent, ignored }
    }

    /// Every entry in tree order: each folder is followed by all it holds.
    pub fn entries(&self) -> &[Measured<'w>] {
        &self.entries
    }

    /// The entries in `folder`, at any depth; the empty path is the root.
    pub fn under(&self, folder: &str) -> &[Measured<'w>] {
        if folder.is_empty() {
            return &self.entries;
        }
        let Range { start, end } = self.range(folder);
        &self.entries[start..end]
    }

    /// What is sent of each direct child of `folder`, largest first. The empty path is the root.
    pub fn largest(&self, folder: &str) -> Vec<(&'w str, Totals)> {
        let depth = if folder.is_empty() { 0 } else { folder.len() + 1 };
        let mut children: BTreeMap<&'w str, Vec<&Measured<'w>>> = BTreeMap::new();
        for measured in self.under(folder).iter().filter(|measured| measured.is_sent) {
            let path = measured.entry.path.as_str();
            let end = path[depth..].find('/').map_or(path.len(), |at| depth + at);
            children.entry(&path[..end]).or_default().push(measured);
        }
        let mut largest: Vec<_> = children.into_iter().map(|(path, found)| (path, total(found))).collect();
        largest.sort_by_key(|(_, totals)| std::cmp::Reverse(totals.bytes));
        largest
    }

    /// The line of the first pattern that fails the build, where one does.
    pub fn failing_line(&self) -> Option<usize> {
        self.entries.iter().find_map(|measured| match measured.verdict {
            Verdict::Fails { line } => Some(line),
            _ => None,
        })
    }

    /// Where the entries in `folder` are.
    fn range(&self, folder: &str) -> Range<usize> {
        let key = |byte: u8| if byte == b'/' { 0 } else { byte };
        let before = |measured: &Measured<'w>| {
            let path = measured.entry.path.bytes().map(key);
            path.cmp(folder.bytes().map(key)).is_le()
        };
        let start = self.entries.partition_point(before);
        let inside = |measured: &Measured<'w>| is_in(&measured.entry.path, folder);
        let end = start + self.entries[start..].partition_point(inside);
        start..end
    }
}

fn holds(folder: &Entry, entry: &Entry) -> bool {
    is_in(&entry.path, &folder.path)
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn total<'m, 'w: 'm>(measured: impl IntoIterator<Item = &'m Measured<'w>>) -> Totals {
    let mut seen = HashSet::new();
    let mut totals = Totals::default();
    for Measured { entry, .. } in measured {
        let is_first = entry.inode.is_none_or(|inode| seen.insert(inode));
        totals += Totals {
            files: u64::from(entry.kind != Kind::Folder),
            bytes: if is_first { entry.size } else { 0 },
        };
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(files: &[(&str, u64)]) -> Walk {
        let mut entries = Vec::new();
        for (path, size) in files {
            let kind = if path.ends_with('/') { Kind::Folder } else { Kind::File };
            entries.push(Entry {
                path: path.trim_end_matches('/').to_owned(),
                kind,
                size: *size,
                mode: 0o644,
                inode: None,
            });
        }
        Walk::sorted(entries, Vec::new())
    }

    fn sent(measure: &Measure<'_>) -> Vec<String> {
        let sent = measure.entries().iter().filter(|measured| measured.is_sent);
        sent.map(|measured| measured.entry.path.clone()).collect()
    }

    #[test]
    fn an_ignored_folder_appears_for_what_is_sent_of_it() {
        let walk = walk(&[
            ("a/", 0),
            ("a/b/", 0),
            ("a/b/keep", 5),
            ("a/b/drop", 7),
            ("a/c/", 0),
            ("x", 1),
        ]);
        let ignore = DockerIgnore::parse(b"a\n!a/b/keep\n").unwrap();
        let measure = Measure::new(&walk, &ignore);
        assert_eq!(sent(&measure), ["a", "a/b", "a/b/keep", "x"]);
        assert_eq!(measure.sent, Totals { files: 2, bytes: 6 });
        assert_eq!(measure.ignored, Totals { files: 1, bytes: 7 });
    }

    #[test]
    fn largest_children() {
        let walk = walk(&[("a/", 0), ("a/x", 5), ("a/y/", 0), ("a/y/z", 6), ("a-b", 20), ("b", 1)]);
        let measure = Measure::new(&walk, &DockerIgnore::default());
        let top: Vec<&str> = measure.largest("").into_iter().map(|(path, _)| path).collect();
        assert_eq!(top, ["a-b", "a", "b"]);
        assert_eq!(measure.largest("")[1].1, Totals { files: 2, bytes: 11 });
        let inner: Vec<&str> = measure.largest("a").into_iter().map(|(path, _)| path).collect();
        assert_eq!(inner, ["a/y", "a/x"]);
        assert_eq!(measure.under("a/y").len(), 1);
        assert_eq!(measure.under("nothing").len(), 0);
    }

    #[test]
    fn a_file_with_two_names_counts_once() {
        let mut walk = walk(&[("a", 5), ("b", 5)]);
        walk.entries.iter_mut().for_each(|entry| entry.inode = Some(1));
        let measure = Measure::new(&walk, &DockerIgnore::default());
        assert_eq!(measure.sent, Totals { files: 2, bytes: 5 });
    }

    #[test]
    fn a_broken_pattern_is_named() {
        let walk = walk(&[("a", 5)]);
        let ignore = DockerIgnore::parse(b"# Windows\nsrc\\pages\n").unwrap();
        assert_eq!(Measure::new(&walk, &ignore).failing_line(), Some(2));
    }
}
