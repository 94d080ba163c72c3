//! The files of an image, read from the engine's export as a stream. Contents are hashed and forgotten, so that an image
//! of many gigabytes takes no more memory than the list of its files.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::io::{self, Cursor, Read, Seek as _, SeekFrom, Write as _};
use std::sync::OnceLock;

use memchr::memmem;
use sha2::{Digest as _, Sha256};
use tempfile::SpooledTempFile;

use crate::knowledge::is_shell;

use super::elf::{self, Elf};
use super::system::SystemPackages;

/// The largest file of which the text is kept.
const LARGEST_TEXT: u64 = 8 * 1024 * 1024;

/// The largest script of which the text is kept.
const LARGEST_SCRIPT: u64 = 64 * 1024;

/// The largest program that is held in memory while it is read; larger ones wait in a temporary file.
const LARGEST_IN_MEMORY: usize = 4 * 1024 * 1024;

/// The most links that a path may lead through.
const MOST_LINKS: usize = 40;

/// A file, folder or link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is, and for a file what is in it.
    pub content: Content,
    /// Its permissions.
    pub mode: u32,
    /// The numbers of its user and group.
    pub owner: (u64, u64),
    /// Its size in bytes; nothing for a second name of a file.
    pub size: u64,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A file with the hash of its content.
    File([u8; 32]),
    /// A folder.
    Folder,
    /// A symbolic link and where it leads.
    Link(String),
    /// A device, a pipe or a socket.
    Device,
}

impl Content {
    fn hash(&self) -> Option<[u8; 32]> {
        match self {
            Content::File(hash) => Some(*hash),
            _ => None,
        }
    }
}

/// Why a file could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It begins as a program or library does, and goes on as none.
    Broken,
    /// Its text is too large to keep.
    TooLarge,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unread::Broken => "is a broken program or library",
            Unread::TooLarge => "is too large to read",
        })
    }
}

/// The files of an image. Paths have no slash at their start.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// All entries by path.
    pub entries: BTreeMap<String, Entry>,
    /// Programs and libraries.
    pub elf: BTreeMap<String, Elf>,
    /// The texts that checks read: lists of packages, manifests, scripts.
    pub texts: BTreeMap<String, String>,
    /// Programs and libraries that look for the certificates of the system.
    pub trusting: BTreeSet<String>,
    /// What stands behind `#!` in scripts that may be executed.
    pub interpreters: BTreeMap<String, String>,
    /// Files that checks read and that could not be read, and why.
    pub unread: BTreeMap<String, Unread>,
    /// The packages of the system.
    pub system: SystemPackages,
    /// The hashes of all contents, once somebody asked for one.
    contents: OnceLock<HashSet<[u8; 32]>>,
}

impl Files {
    /// Whether a file with this content is somewhere.
    #[must_use]
    pub fn has_content(&self, content: &Content) -> bool {
        let hashes = || {
            let contents = self.entries.values().map(|entry| &entry.content);
            contents.filter_map(Content::hash).collect()
        };
        content
            .hash()
            .is_some_and(|hash| self.contents.get_or_init(hashes).contains(&hash))
    }

    /// Reads a tar stream to its end.
    ///
    /// # Errors
    /// If it breaks off or is no tar.
    pub fn read(stream: impl Read) -> io::Result<Files> {
        let mut files = Files::default();
        let mut archive = tar::Archive::new(stream);
        for entry in archive.entries()? {
            files.add(&mut entry?)?;
        }
        // tar pads its end; the engine waits until all of it is read.
        io::copy(&mut archive.into_inner(), &mut io::sink())?;
        files.system = SystemPackages::of(&files);
        Ok(files)
    }

    fn add(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> io::Result<()> {
        let header = entry.header();
        let (mode, owner, kind) = (header.mode()?, (header.uid()?, header.gid()?), header.entry_type());
        let path = entry.path()?.to_string_lossy().into_owned();
        let path = path.trim_start_matches("./").trim_matches('/').to_owned();
        if path.is_empty() || path == "." {
            return Ok(());
        }
        let target = entry.link_name()?.map(|target| target.to_string_lossy().into_owned());
        let target = target.unwrap_or_default();
        let mut size = 0;
        let content = if kind.is_dir() {
            Content::Folder
        } else if kind.is_symlink() {
            Content::Link(target)
        } else if kind.is_hard_link() {
            let target = target.trim_start_matches("./").trim_start_matches('/').to_owned();
            self.copy_facts(&target, &path);
            // Which of two names comes first is the stream's business; both are the file.
            match self.entries.get(&target) {
                Some(entry) => entry.content.clone(),
                None => Content::Link(format!("/{target}")),
            }
        } else if kind.is_file() {
            size = entry.size();
            Content::File(self.file(entry, &path, mode, size)?)
        } else {
            Content::Device
        };
        let entry = Entry {
            content,
            mode,
            owner,
            size,
        };
        self.entries.insert(path, entry);
        Ok(())
    }

    /// A second name of a file has the same facts.
    fn copy_facts(&mut self, from: &str, to: &str) {
        if let Some(elf) = self.elf.get(from).cloned() {
            self.elf.insert(to.to_owned(), elf);
        }
        if let Some(text) = self.texts.get(from).cloned() {
            self.texts.insert(to.to_owned(), text);
        }
        if let Some(interpreter) = self.interpreters.get(from).cloned() {
            self.interpreters.insert(to.to_owned(), interpreter);
        }
        if let Some(why) = self.unread.get(from).copied() {
            self.unread.insert(to.to_owned(), why);
        }
    }

    fn file(&mut self, stream: &mut impl Read, path: &str, mode: u32, size: u64) -> io::Result<[u8; 32]> {
        let mut start = [0; 256];
        let mut length = 0;
        while length < start.len() {
            match stream.read(&mut start[length..])? {
                0 => break,
                more => length += more,
            }
        }
        let start = &start[..length];
        let mut hash = Hash::of(start);
        let shebang = shebang(start).filter(|_| mode & 0o111 != 0);
        let most = most_read(path, shebang.as_deref());
        if start.starts_with(b"\x7fELF") {
            let mut spool = SpooledTempFile::new(LARGEST_IN_MEMORY);
            spool.write_all(start)?;
            let mut search = Search::default();
            search.look(start);
            io::copy(stream, &mut Both(&mut hash, &mut Both(&mut search, &mut spool)))?;
            if search.is_found {
                self.trusting.insert(path.to_owned());
            }
            spool.seek(SeekFrom::Start(0))?;
            match elf::read(spool) {
                Some(elf) => {
                    self.elf.insert(path.to_owned(), elf);
                }
                None => {
                    self.unread.insert(path.to_owned(), Unread::Broken);
                }
            }
        } else if most.is_some_and(|most| size <= most) {
            let mut text = Cursor::new(start.to_vec());
            text.seek(SeekFrom::End(0))?;
            io::copy(stream, &mut Both(&mut hash, &mut text))?;
            let text = String::from_utf8_lossy(text.get_ref());
            self.texts.insert(path.to_owned(), essence(path, &text));
        } else {
            if most.is_some() {
                self.unread.insert(path.to_owned(), Unread::TooLarge);
            }
            io::copy(stream, &mut hash)?;
        }
        if let Some(interpreter) = shebang {
            self.interpreters.insert(path.to_owned(), interpreter);
        }
        Ok(hash.0.finalize().into())
    }

    /// Where `path` leads when its links are followed; none where nothing is there. It begins with a slash or is taken
    /// from the root.
    #[must_use]
    pub fn resolve(&self, path: &str) -> Option<String> {
        let mut rest: Vec<String> = parts(path);
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            if part == ".." {
                done.pop();
                continue;
            }
            done.push(part);
            let here = done.join("/");
            match &self.entries.get(&here)?.content {
                Content::Link(target) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return None;
                    }
                    if target.starts_with('/') {
                        done.clear();
                    } else {
                        done.pop();
                    }
                    rest.extend(parts(target));
                }
                Content::Folder => {}
                Content::File(_) | Content::Device if rest.is_empty() => {}
                Content::File(_) | Content::Device => return None,
            }
        }
        Some(done.join("/"))
    }

    /// The entry at `path`, links followed.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Entry> {
        self.entries.get(&self.resolve(path)?)
    }

    /// Whether `path` leads to a file that may be executed.
    #[must_use]
    pub fn is_program(&self, path: &str) -> bool {
        self.at(path)
            .is_some_and(|entry| matches!(entry.content, Content::File(_)) && entry.mode & 0o111 != 0)
    }

    /// The program `name`, looked for in the folders of `path`, a PATH; itself where it has a slash.
    #[must_use]
    pub fn program(&self, name: &str, path: &str) -> Option<String> {
        if name.contains('/') {
            return self.is_program(name).then(|| self.resolve(name)).flatten();
        }
        path.split(':')
            .map(|folder| format!("{}/{name}", folder.trim_end_matches('/')))
            .find(|candidate| self.is_program(candidate))
            .and_then(|candidate| self.resolve(&candidate))
    }

    /// The entries in `folder` at any depth.
    pub fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a Entry)> + use<'a> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        self.entries
            .range(prefix.clone()..)
            .map(|(path, entry)| (path.as_str(), entry))
            .take_while(move |(path, _)| path.starts_with(&prefix))
    }

    /// The sizes of all files together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entries.values().map(|entry| entry.size).sum()
    }
}

/// The parts of a path, the last one first.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.rev().map(str::to_owned).collect()
}

/// What stands behind `#!`.
fn shebang(start: &[u8]) -> Option<String> {
    let rest = start.strip_prefix(b"#!")?;
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    Some(String::from_utf8_lossy(rest.get(..end)?).trim().to_owned())
}

/// Up to which size the text of a file is kept; none where nobody reads it.
fn most_read(path: &str, shebang: Option<&str>) -> Option<u64> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_list = name == "package.json"
        || path.ends_with(".dist-info/METADATA")
        || path.ends_with(".dist-info/RECORD")
        || path.starts_with("var/lib/dpkg/")
            && (path.ends_with(".list") || name == "status" || path.contains("/status.d/"))
        || path == "var/lib/apt/extended_states"
        || path.ends_with("lib/apk/db/installed")
        || path == "etc/apk/world"
        || path == "etc/ld.so.conf"
        || path.starts_with("etc/ld.so.conf.d/")
        || path.starts_with("etc/ld-musl-");
    // The system's own scripts are many, and none of them is what an image is started with.
    let is_system = [
        "usr/bin/",
        "usr/sbin/",
        "bin/",
        "sbin/",
        "usr/share/",
        "usr/lib/",
        "etc/",
    ]
    .iter()
    .any(|folder| path.starts_with(folder));
    let is_shell = shebang.is_some_and(|words| words.split(['/', ' ']).any(is_shell));
    if is_list {
        Some(LARGEST_TEXT)
    } else {
        (is_shell && !is_system).then_some(LARGEST_SCRIPT)
    }
}

/// What is kept of a text: of the metadata of a Python package not its description, and of the list of its files the
/// names in its folder and the programs.
fn essence(path: &str, text: &str) -> String {
    if path.ends_with(".dist-info/METADATA") {
        return text
            .lines()
            .take_while(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n");
    }
    if !path.ends_with(".dist-info/RECORD") {
        return text.to_owned();
    }
    let names = text.lines().filter_map(|line| line.split(',').next());
    let names: BTreeSet<&str> = names
        .map(|path| match path.match_indices('/').next() {
            Some((at, _)) if !path.starts_with("../") => &path[..=at],
            _ => path,
        })
        .collect();
    names.into_iter().collect::<Vec<_>>().join("\n")
}

/// The hash of a file. uv names the interpreter of an environment that it finds `python3` in the scripts that it
/// writes, and `python` in one that it just made: both are links to one program.
struct Hash(Sha256);

impl Hash {
    /// Begins with the first bytes of the file.
    fn of(start: &[u8]) -> Hash {
        let mut hash = Sha256::new();
        match start.iter().position(|byte| *byte == b'\n') {
            Some(end) if start.starts_with(b"#!/") && start[..end].ends_with(b"/.venv/bin/python3") => {
                hash.update(&start[..end - 1]);
                hash.update(&start[end..]);
            }
            _ => hash.update(start),
        }
        Hash(hash)
    }
}

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The variable by which programs are told of other certificates than the system's: what knows it reads those.
const TRUST: &[u8] = b"SSL_CERT_FILE";

/// Looks for [`TRUST`] in what is written.
#[derive(Default)]
struct Search {
    is_found: bool,
    /// The end of what came before, which may be the start of a match.
    end: Vec<u8>,
}

impl Search {
    fn look(&mut self, bytes: &[u8]) {
        if self.is_found {
            return;
        }
        self.end.extend_from_slice(&bytes[..bytes.len().min(TRUST.len())]);
        self.is_found = memmem::find(&self.end, TRUST).is_some() || memmem::find(bytes, TRUST).is_some();
        if bytes.len() > TRUST.len() {
            self.end = bytes[bytes.len() - TRUST.len()..].to_vec();
        }
        let keep = self.end.len().saturating_sub(TRUST.len());
        self.end.drain(..keep);
    }
}

impl io::Write for Search {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.look(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes to two places.
struct Both<'a, A, B>(&'a mut A, &'a mut B);

impl<A: io::Write, B: io::Write> io::Write for Both<'_, A, B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;

    #[test]
    fn entries_have_content_mode_and_owner() {
        let files = Tree::default().file("app/a.txt", "a").mode(0o640).owner(7, 8).files();
        let entry = &files.entries["app/a.txt"];
        assert_eq!((entry.mode, entry.owner, entry.size), (0o640, (7, 8), 1));
        assert_eq!(entry.content, Content::File(Sha256::digest("a").into()));
        assert_eq!(files.bytes(), 1);
    }

    #[test]
    fn what_looks_for_certificates_is_found_wherever_the_stream_is_cut() {
        for cut in 1..40 {
            let mut search = Search::default();
            let text = [b"0123456789".as_slice(), TRUST, b"0123456789"].concat();
            text.chunks(cut).for_each(|bytes| search.look(bytes));
            assert!(search.is_found, "{cut}");
        }
        let mut search = Search::default();
        search.look(b"SSL_CERT_");
        search.look(b"DIR and FILE");
        assert!(!search.is_found);
    }

    #[test]
    fn links_are_followed() {
        let files = Tree::default()
            .file("usr/lib/libz.so.1.2", "z")
            .link("usr/lib/libz.so.1", "libz.so.1.2")
            .link("lib", "usr/lib")
            .link("circle", "circle")
            .link("up", "/lib/../../usr")
            .files();
        assert_eq!(files.resolve("/lib/libz.so.1").as_deref(), Some("usr/lib/libz.so.1.2"));
        assert_eq!(files.resolve("up/lib").as_deref(), Some("usr/lib"));
        assert_eq!(files.resolve("circle"), None);
        assert_eq!(files.resolve("lib/none"), None);
        assert_eq!(files.resolve("usr/lib/libz.so.1.2/x"), None);
    }

    #[test]
    fn programs_are_found_on_path() {
        let files = Tree::default()
            .file("opt/bin/tool", "#!/bin/sh\nexit\n")
            .mode(0o755)
            .file("bin/tool", "no program")
            .files();
        assert_eq!(files.program("tool", "/bin:/opt/bin/").as_deref(), Some("opt/bin/tool"));
        assert_eq!(files.program("/bin/tool", ""), None);
        assert_eq!(files.interpreters["opt/bin/tool"], "/bin/sh");
        assert!(files.texts.contains_key("opt/bin/tool"));
    }

    #[test]
    fn what_a_check_would_read_and_cannot_is_noted() {
        let large = "x".repeat(LARGEST_SCRIPT as usize);
        let files = Tree::default()
            .file("app/start.sh", &format!("#!/bin/sh\n{large}"))
            .mode(0o755)
            .file("app/data.bin", &large)
            .file("app/broken", "\u{7f}ELF, and nothing of one")
            .hard_link("app/again", "app/broken")
            .files();
        let unread: Vec<&str> = files.unread.keys().map(String::as_str).collect();
        assert_eq!(unread, ["app/again", "app/broken", "app/start.sh"]);
    }

    #[test]
    fn a_second_name_is_the_same_file() {
        let files = Tree::default().file("a", "text").hard_link("b", "a").files();
        assert_eq!(files.entries["a"].content, files.entries["b"].content);
        assert_eq!(files.bytes(), 4);
    }

    #[test]
    fn a_stream_that_breaks_off_is_an_error() {
        let bytes = Tree::default().file("a", &"x".repeat(5000)).bytes();
        assert!(Files::read(&bytes[..2000]).is_err());
    }
}
