//! What the readers may ask of the build context.

use std::collections::{BTreeMap, BTreeSet};

use super::{ContextSource, Kind};

/// The files of a build context, as far as readers of manifests need them. Paths are relative to the root of the
/// context, `/`-separated, without `.` and `..`; the root itself is the empty string. What `.dockerignore` keeps out
/// must not show here, because an install cannot read it either.
pub trait Files {
    /// The text of the file at `path`, UTF-8, or UTF-16 with a byte-order mark; `None` when there is none or it is no text.
    fn read(&self, path: &str) -> Option<String>;

    /// Whether there is a file or a folder at `path`.
    fn exists(&self, path: &str) -> bool;

    /// The names of what lies directly in `dir`, folders with a `/` at the end; empty for what is no folder.
    fn list(&self, dir: &str) -> Vec<String>;
}

/// The text of these bytes: UTF-8, or UTF-16 with a byte-order mark, which is what `pip freeze > requirements.txt` leaves
/// behind on Windows and what pip reads. `None` for anything else.
pub fn decode(bytes: Vec<u8>) -> Option<String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16(&units).ok()
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// A context that is held in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryFiles {
    files: BTreeMap<String, String>,
}

impl MemoryFiles {
    /// A context of these paths and their texts.
    pub fn new<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        MemoryFiles {
            files: files
                .into_iter()
                .map(|(path, text)| (path.into(), text.into()))
                .collect(),
        }
    }

    /// What lies below `dir`, as paths relative to it.
    fn below(&self, dir: &str) -> impl Iterator<Item = &str> {
        let prefix = if dir.is_empty() {
            String::new()
        } else {
            format!("{dir}/")
        };
        self.files
            .keys()
            .filter_map(move |path| path.strip_prefix(prefix.as_str()))
    }
}

impl Files for ContextSource {
    fn read(&self, path: &str) -> Option<String> {
        let text = ContextSource::read(self, path).ok()?;
        // Bytes that are no UTF-8 were replaced.
        (!text.contains('\u{FFFD}')).then(|| text.to_string())
    }

    fn exists(&self, path: &str) -> bool {
        ContextSource::exists(self, path)
    }

    fn list(&self, dir: &str) -> Vec<String> {
        let children = ContextSource::list(self, dir).into_iter();
        children
            .map(|child| match child.kind {
                Kind::Folder => format!("{}/", child.name),
                _ => child.name,
            })
            .collect()
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Option<String> {
        self.files.get(path).cloned()
    }

    fn exists(&self, path: &str) -> bool {
        let folder = path.trim_end_matches('/');
        self.files.contains_key(path) || folder.is_empty() || self.below(folder).next().is_some()
    }

    fn list(&self, dir: &str) -> Vec<String> {
        let names: BTreeSet<String> = self
            .below(dir.trim_end_matches('/'))
            .map(|rest| match rest.split_once('/') {
                Some((folder, _)) => format!("{folder}/"),
                None => rest.to_owned(),
            })
            .collect();
        names.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_pip_decodes() {
        assert_eq!(decode(b"a\n".to_vec()).as_deref(), Some("a\n"));
        assert_eq!(decode(vec![0xff, 0xfe, b'a', 0]).as_deref(), Some("a"));
        assert_eq!(decode(vec![0xfe, 0xff, 0, b'a']).as_deref(), Some("a"));
        assert_eq!(decode(vec![0x80]), None);
        assert_eq!(decode(vec![0xff, 0xfe, 0, 0xd8]), None);
    }

    #[test]
    fn a_folder_exists_through_its_files() {
        let files = MemoryFiles::new([("a/b/c.txt", "x"), ("d.txt", "y")]);
        assert_eq!(files.list(""), ["a/", "d.txt"]);
        assert_eq!(files.list("a"), ["b/"]);
        assert_eq!(files.list("d.txt"), Vec::<String>::new());
        assert!(files.exists("a/b") && files.exists("a/b/") && files.exists("d.txt"));
        assert!(!files.exists("a/c"));
        assert_eq!(files.read("a/b/c.txt").as_deref(), Some("x"));
        assert_eq!(files.read("a"), None);
    }
}
