//! Questions about single paths of a context, answered as the build would answer them, without a walk.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use super::compose::{self, Service};
use super::disk::{Disk, Listing};
use super::files::decode;
use super::glob;
use super::ignore::{DockerIgnore, Folder, IgnoreError, Verdict};
use super::measure::{Measure, Totals};
use super::memo::{Memo, lock};
use super::memory::Memory;
use super::path;
use super::walk::{self, Kind, Walk};
use crate::repository_file::{self, FileError, LARGEST as LARGEST_READ, root_around};

/// The most links that one path may lead through, as in BuildKit's `RootPath`.
const MOST_LINKS: usize = 255;

/// How many contexts are remembered: Dockerfiles that share one mostly come in a row.
const MOST_CONTEXTS: usize = 16;

/// The name of the context's own ignore file.
const IGNORE_FILE: &str = ".dockerignore";

/// Why a context cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The root is no folder that can be read.
    #[error("{}: {source}", root.display())]
    Root {
        /// The root.
        root: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The ignore file makes every build fail.
    #[error("{}: {source}", file.display())]
    Ignore {
        /// The ignore file.
        file: PathBuf,
        /// What is wrong with it.
        source: IgnoreError,
    },
    /// The ignore file is there and was not read: what it keeps out is not known.
    #[error("{} {source}", file.display())]
    Unreadable {
        /// The ignore file.
        file: PathBuf,
        /// Why not.
        source: FileError,
    },
}

/// Why a file's text is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is no such file, or its path leaves the context.
    Missing,
    /// The .dockerignore keeps it out of the build.
    Ignored {
        /// The line that does.
        line: usize,
    },
    /// It is a folder or a device.
    NoFile,
    /// It is larger than 4 MiB.
    TooLarge,
    /// The system would not read it, and why.
    Failed(String),
}

impl From<FileError> for Unread {
    fn from(error: FileError) -> Unread {
        match error {
            FileError::Missing | FileError::Outside(_) => Unread::Missing,
            FileError::NoFile => Unread::NoFile,
            FileError::TooLarge(_) => Unread::TooLarge,
            FileError::Failed(why) => Unread::Failed(why),
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unread::Missing => f.write_str("does not exist"),
            Unread::Ignored { line } => write!(f, "is ignored by line {line} of the .dockerignore"),
            Unread::NoFile => f.write_str("is not a file"),
            Unread::TooLarge => f.write_str("is larger than 4 MiB"),
            Unread::Failed(why) => f.write_str(why),
        }
    }
}

/// What the build finds at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is there; links are followed.
    Here(Kind),
    /// This line of the .dockerignore keeps it out of the build, or a folder above it, whether or not it is there.
    Ignored {
        /// The line, counted from 1.
        line: usize,
    },
    /// It is not there, or leads out of the context.
    Missing,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Child {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// The files of a context. What the .dockerignore keeps out does not exist here, except in [`measure`](Self::measure).
///
/// Paths are relative to the root with `/`; a leading `/` means the root too. A path that leaves the root does not exist.
/// Links lead where they lead in the engine, for which the root is `/`: never out of it.
#[derive(Debug)]
pub struct ContextSource {
    pub(super) shared: Arc<Shared>,
    contexts: Contexts,
    /// The Dockerfile, where it is on the disk.
    dockerfile: Option<PathBuf>,
    services: OnceLock<Vec<Service>>,
}

/// What does not depend on the Dockerfile: many of them may be built with one context.
#[derive(Debug)]
pub(super) struct Shared {
    tree: Tree,
    ignore: DockerIgnore,
    ignore_file: Option<PathBuf>,
    /// The text of the ignore file; empty without one.
    ignore_text: Vec<u8>,
    folders: Memo<String, Arc<Folder>>,
    /// Whether something is sent of an ignored folder: it takes a walk to tell.
    holding: Memo<String, bool>,
    texts: Memo<String, Result<Arc<str>, Unread>>,
    /// Where folders lead.
    places: Mutex<HashMap<String, Result<String, Unread>>>,
    walk: OnceLock<Arc<Walk>>,
    /// What is sent of it.
    sent: OnceLock<Totals>,
    /// The project's own files, once somebody asked for them.
    pub(super) source_paths: OnceLock<Vec<String>>,
    /// What others found out and asked to remember.
    remembered: Memo<(usize, TypeId), Arc<dyn Any + Send + Sync>>,
}

/// The contexts that were opened last and the Compose files that were read, so that Dockerfiles that share them do not
/// read them again.
#[derive(Clone, Debug, Default)]
pub struct Contexts {
    opened: Arc<Mutex<Vec<Arc<Shared>>>>,
    compose: Arc<compose::Known>,
}

impl Contexts {
    /// The Compose files that were read.
    pub(super) fn compose(&self) -> &compose::Known {
        &self.compose
    }

    /// The context of these files and this ignore file as it was opened before, else `new`.
    fn known(&self, new: Shared) -> Arc<Shared> {
        let mut known = lock(&self.opened);
        if let Some(same) = known.iter().find(|known| known.is_same(&new)) {
            return Arc::clone(same);
        }
        let new = Arc::new(new);
        if known.len() == MOST_CONTEXTS {
            known.remove(0);
        }
        known.push(Arc::clone(&new));
        new
    }
}

impl Shared {
    fn is_same(&self, other: &Shared) -> bool {
        let (Tree::Disk(one), Tree::Disk(another)) = (&self.tree, &other.tree) else {
            return false;
        };
        one.root == another.root && self.ignore_file == other.ignore_file && self.ignore_text == other.ignore_text
    }
}

#[derive(Clone, Debug)]
enum Tree {
    Disk(Disk),
    Memory(Memory),
}

impl ContextSource {
    /// Opens the folder `root` as the context of `dockerfile`, `None` where that is read from standard input. The ignore
    /// file is `<Dockerfile's name>.dockerignore` beside the Dockerfile where that exists, even empty, else
    /// `.dockerignore` at the root, as in BuildKit.
    ///
    /// # Errors
    /// Where the root cannot be read, or where its ignore file fails every build.
    pub fn open(root: &Path, dockerfile: Option<&Path>) -> Result<ContextSource, ContextError> {
        ContextSource::open_among(&Contexts::default(), root, dockerfile)
    }

    /// Opens a context as [`Self::open`] does. What is known of it from an earlier Dockerfile of the same run is not read
    /// again.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn open_among(
        contexts: &Contexts,
        root: &Path,
        dockerfile: Option<&Path>,
    ) -> Result<ContextSource, ContextError> {
        let at_root = |source| ContextError::Root {
            root: root.to_owned(),
            source,
        };
        // Reading the folder once tells a missing root from an empty one.
        root.read_dir().map_err(at_root)?;
        let tree = Tree::Disk(Disk::new(root));
        let own = dockerfile.and_then(|dockerfile| {
            let mut name = dockerfile.file_name()?.to_owned();
            name.push(IGNORE_FILE);
            Some(dockerfile.with_file_name(name))
        });
        if let Some(own) = own {
            let folder = own.parent().unwrap_or(root);
            if let Some(text) = found(&own, repository_file::read(root_around(folder), &own, LARGEST_READ))? {
                return Ok(ContextSource {
                    dockerfile: dockerfile.map(Path::to_owned),
                    ..ContextSource::new(contexts, tree, Some((own, text)))?
                });
            }
        }
        let file = root.join(IGNORE_FILE);
        let ignore_file = found(&file, ignore_file(root, &tree))?.map(|text| (file, text));
        Ok(ContextSource {
            dockerfile: Some(dockerfile.map_or_else(|| root.join("Dockerfile"), Path::to_owned)),
            ..ContextSource::new(contexts, tree, ignore_file)?
        })
    }

    /// The services that Compose files build from the Dockerfile; none for a context in memory.
    pub fn services(&self) -> &[Service] {
        self.services.get_or_init(|| {
            let dockerfile = self
                .dockerfile
                .as_deref()
                .and_then(|path| std::path::absolute(path).ok());
            let Some(dockerfile) = dockerfile else {
                return Vec::new();
            };
            let folder = dockerfile.parent().unwrap_or(Path::new("/"));
            self.contexts.compose.find(&dockerfile, root_around(folder)).services
        })
    }

    /// A context of the given files, as (path, text). A `.dockerignore` among them counts.
    ///
    /// # Errors
    /// Where the .dockerignore fails every build.
    pub fn in_memory<P: Into<String>, T: Into<Vec<u8>>>(
        files: impl IntoIterator<Item = (P, T)>,
    ) -> Result<ContextSource, ContextError> {
        let files = files.into_iter().map(|(path, text)| (path.into(), text.into()));
        let tree = Tree::Memory(Memory::new(files));
        let file = PathBuf::from(IGNORE_FILE);
        let text = match tree.read(IGNORE_FILE) {
            Err(Unread::TooLarge) => Err(FileError::TooLarge(LARGEST_READ)),
            other => other.map_err(|_| FileError::Missing),
        };
        let text = found(&file, text)?;
        ContextSource::new(&Contexts::default(), tree, text.map(|text| (file, text)))
    }

    /// The folder `root` without a .dockerignore.
    pub(super) fn unfiltered(root: &Path) -> ContextSource {
        let tree = Tree::Disk(Disk::new(root));
        ContextSource::with(&Contexts::default(), tree, DockerIgnore::default(), None, Vec::new())
    }

    /// The same files seen through another ignore file with the text `text`, at the place of the present one.
    ///
    /// # Errors
    /// Where the text makes every build fail.
    pub fn with_ignore_text(&self, text: &str) -> Result<ContextSource, IgnoreError> {
        let ignore = DockerIgnore::parse(text.as_bytes())?;
        let (tree, file) = (self.shared.tree.clone(), self.shared.ignore_file.clone());
        let mut other = ContextSource::with(&self.contexts, tree, ignore, file, text.as_bytes().to_owned());
        other.dockerfile.clone_from(&self.dockerfile);
        // The walk is of the disk, whatever is ignored.
        if let Some(walk) = self.shared.walk.get() {
            other.shared.walk.get_or_init(|| Arc::clone(walk));
        }
        Ok(other)
    }

    /// The same context, of which the files are copied to `root`.
    pub(super) fn moved(&self, root: &Path) -> ContextSource {
        let tree = Tree::Disk(Disk::new(root));
        let (ignore, file) = (self.shared.ignore.clone(), self.shared.ignore_file.clone());
        let text = self.shared.ignore_text.clone();
        let mut other = ContextSource::with(&Contexts::default(), tree, ignore, file, text);
        other.dockerfile.clone_from(&self.dockerfile);
        other
    }

    fn new(
        contexts: &Contexts,
        tree: Tree,
        ignore_file: Option<(PathBuf, Vec<u8>)>,
    ) -> Result<ContextSource, ContextError> {
        let ignore = match &ignore_file {
            None => DockerIgnore::default(),
            Some((file, text)) => DockerIgnore::parse(text).map_err(|source| ContextError::Ignore {
                file: file.clone(),
                source,
            })?,
        };
        let (file, text) = ignore_file.unzip();
        Ok(ContextSource::with(
            contexts,
            tree,
            ignore,
            file,
            text.unwrap_or_default(),
        ))
    }

    fn with(
        contexts: &Contexts,
        tree: Tree,
        ignore: DockerIgnore,
        ignore_file: Option<PathBuf>,
        ignore_text: Vec<u8>,
    ) -> ContextSource {
        let shared = Shared {
            tree,
            ignore,
            ignore_file,
            ignore_text,
            folders: Memo::default(),
            holding: Memo::default(),
            texts: Memo::default(),
            places: Mutex::default(),
            walk: OnceLock::new(),
            sent: OnceLock::new(),
            source_paths: OnceLock::new(),
            remembered: Memo::default(),
        };
        ContextSource {
            shared: contexts.known(shared),
            contexts: contexts.clone(),
            dockerfile: None,
            services: OnceLock::new(),
        }
    }

    /// What `find` finds out of the files and the ignore file alone, whatever the Dockerfile: Dockerfiles that share a
    /// context ask each function once. A function has no values of its own, so that its address names the question; two
    /// of one address are the same code.
    pub fn remembered<T: Any + Send + Sync>(&self, find: fn(&ContextSource) -> T) -> Arc<T> {
        let question = (find as usize, TypeId::of::<T>());
        let found = self.shared.remembered.get(&question, || Arc::new(find(self)));
        found.downcast().unwrap_or_else(|_| Arc::new(find(self)))
    }

    /// What was read before for other Dockerfiles.
    pub fn contexts(&self) -> &Contexts {
        &self.contexts
    }

    /// The root on the disk; `None` in memory.
    pub fn root(&self) -> Option<&Path> {
        match &self.shared.tree {
            Tree::Disk(disk) => Some(&disk.root),
            Tree::Memory(_) => None,
        }
    }

    /// The patterns that apply.
    pub fn ignore(&self) -> &DockerIgnore {
        &self.shared.ignore
    }

    /// The file that the patterns come from.
    pub fn ignore_file(&self) -> Option<&Path> {
        self.shared.ignore_file.as_deref()
    }

    /// The text of the file that the patterns come from, empty without one; `None` where it is no UTF-8.
    pub fn ignore_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.shared.ignore_text).ok()
    }

    /// The text of the file `path` whether or not it is ignored; `None` where it is missing, no UTF-8 or larger than
    /// 4 MiB. Links are not followed.
    pub fn read_unfiltered(&self, path: &str) -> Option<String> {
        match self.shared.tree.kind(path)? {
            Kind::File => String::from_utf8(self.shared.tree.read(path).ok()?).ok(),
            _ => None,
        }
    }

    /// The files and folders in `path` whether or not they are ignored, in no order.
    pub(super) fn list_unfiltered(&self, path: &str) -> Listing {
        self.shared.tree.list(path)
    }

    /// What the build finds at `path`.
    pub fn presence(&self, path: &str) -> Presence {
        match self.resolve(path) {
            Ok(path) => self.shared.tree.kind(&path).map_or(Presence::Missing, Presence::Here),
            Err(Unread::Ignored { line }) => Presence::Ignored { line },
            Err(_) => Presence::Missing,
        }
    }

    /// Whether the build finds something at `path`.
    pub fn exists(&self, path: &str) -> bool {
        matches!(self.presence(path), Presence::Here(_))
    }

    /// The text of the file `path`, also in UTF-16, as `pip freeze > requirements.txt` writes it on Windows; bytes that
    /// are neither are replaced. Each file is read once.
    ///
    /// # Errors
    /// Where the build has no such file, or it is larger than 4 MiB.
    pub fn read(&self, path: &str) -> Result<Arc<str>, Unread> {
        let path = self.resolve(path)?;
        self.shared.texts.get(&path, || {
            self.shared.tree.read(&path).map(|bytes| {
                let lossy = String::from_utf8_lossy(&bytes).into_owned();
                Arc::from(decode(bytes).unwrap_or(lossy))
            })
        })
    }

    /// What the build finds in the folder `path`, by name; empty where it is no folder.
    pub fn list(&self, path: &str) -> Vec<Child> {
        let Ok(folder) = self.resolve(path) else {
            return Vec::new();
        };
        self.children(&folder)
    }

    /// What the build finds in `folder`, in which no link is left to follow.
    fn children(&self, folder: &str) -> Vec<Child> {
        let listed = self.shared.tree.list(folder);
        let is_sent = |(name, kind): &&(String, Kind)| self.check(&path::join(folder, name), *kind).is_ok();
        let child = |(name, kind): &(String, Kind)| Child {
            name: name.clone(),
            kind: *kind,
        };
        let mut children: Vec<Child> = listed.iter().filter(is_sent).map(child).collect();
        children.sort();
        children
    }

    /// The Dockerfiles that stand in Compose files of the context, each with the path of its file.
    pub(crate) fn inline_dockerfiles(&self) -> Vec<(String, String)> {
        let files = self.walk().entries.iter().filter(|entry| {
            let name = entry.path.rsplit('/').next().unwrap_or(&entry.path);
            entry.kind == Kind::File && super::compose::is_compose_file(name)
        });
        let inline = |entry: &super::Entry| {
            let text = self.read_unfiltered(&entry.path).unwrap_or_default();
            let found = super::compose::inline_dockerfiles(&text).into_iter();
            found.map(|text| (entry.path.clone(), text)).collect::<Vec<_>>()
        };
        files.flat_map(inline).collect()
    }

    /// The paths that a COPY of `pattern` takes, in order, each copied whole. The Dockerfile's own quoting is gone from
    /// the pattern. Like BuildKit, `..` stops at the root, wildcards are Go's `filepath.Match`, links before the first
    /// wildcard are followed, and a backslash counts only beside a wildcard.
    pub fn glob(&self, pattern: &str) -> Vec<String> {
        let pattern = path::inside(pattern);
        let segments: Vec<&str> = pattern.split('/').collect();
        let wild = segments.iter().position(|segment| glob::has_wildcard(segment));
        let Some(wild) = wild else {
            return if self.exists(&pattern) {
                vec![pattern]
            } else {
                Vec::new()
            };
        };
        let (literal, wild) = segments.split_at(wild);
        let Ok(base) = self.resolve(&literal.join("/")) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        self.glob_in(&base, "", &wild.join("/"), &mut found);
        found
    }

    /// Adds what matches `pattern` in the folder `base`/`folder`. What matches is not entered.
    fn glob_in(&self, base: &str, folder: &str, pattern: &str, found: &mut Vec<String>) {
        // A class may match a `/`, so that a path may be deeper than its pattern.
        let deepest = pattern.matches(['/', '[']).count();
        for child in self.children(&path::join(base, folder)) {
            let relative = path::join(folder, &child.name);
            if glob::matches(pattern, &relative) == Ok(true) {
                found.push(path::join(base, &relative));
            } else if child.kind == Kind::Folder && relative.matches('/').count() < deepest {
                self.glob_in(base, &relative, pattern, found);
            }
        }
    }

    /// The whole context, through its .dockerignore. The folder is walked once, on all cores.
    pub fn measure(&self) -> Measure<'_> {
        Measure::new(self.walk(), &self.shared.ignore)
    }

    /// What is sent of the context in all. It is counted once.
    pub fn sent(&self) -> Totals {
        *self.shared.sent.get_or_init(|| self.measure().sent)
    }

    /// Everything in the folder, ignored or not, to be measured with another .dockerignore. It is walked once.
    pub fn walk(&self) -> &Walk {
        self.shared.walk.get_or_init(|| {
            Arc::new(match &self.shared.tree {
                Tree::Disk(disk) => walk::walk(&disk.root),
                Tree::Memory(memory) => memory.walk(),
            })
        })
    }

    /// Where `path` leads, all links followed, none of its steps ignored.
    fn resolve(&self, path: &str) -> Result<String, Unread> {
        let path = path::within(path).ok_or(Unread::Missing)?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        self.step(&self.resolve_folder(folder)?, name)
    }

    /// The same for a folder, which is remembered: each file in it asks. From the deepest one that is known, one step at a
    /// time.
    fn resolve_folder(&self, folder: &str) -> Result<String, Unread> {
        let mut ends: Vec<usize> = folder.match_indices('/').map(|(at, _)| at).collect();
        ends.extend((!folder.is_empty()).then_some(folder.len()));
        let known = |end: &usize| {
            lock(&self.shared.places)
                .get(&folder[..*end])
                .cloned()
                .map(|place| (*end, place))
        };
        let (from, place) = ends.iter().rev().find_map(known).unwrap_or((0, Ok(String::new())));
        let mut place = place?;
        for end in ends.into_iter().filter(|end| *end > from) {
            let name = folder[..end].rsplit('/').next().unwrap_or_default();
            let next = self.step(&place, name);
            lock(&self.shared.places).insert(folder[..end].to_owned(), next.clone());
            place = next?;
        }
        Ok(place)
    }

    /// Where `name` in the folder `base` leads, whose own links are followed.
    fn step(&self, base: &str, name: &str) -> Result<String, Unread> {
        follow(&self.shared.tree, base, name, |step| {
            let kind = self.shared.tree.kind(step).ok_or(Unread::Missing)?;
            self.check(step, kind).map(|()| kind)
        })
    }

    /// Whether the build has `path`, an entry of `kind`.
    fn check(&self, path: &str, kind: Kind) -> Result<(), Unread> {
        if path.is_empty() || self.shared.ignore.is_empty() {
            return Ok(());
        }
        let verdict = if kind == Kind::Folder {
            let folder = self.folder(path);
            match folder.verdict() {
                Verdict::Ignored { .. } if !folder.is_closed() && self.holds_sent(path) => Verdict::Sent,
                verdict => verdict,
            }
        } else {
            self.shared.ignore.file(path, &self.folder(path::parent(path)))
        };
        match verdict {
            Verdict::Sent => Ok(()),
            Verdict::Ignored { line } | Verdict::Fails { line } => Err(Unread::Ignored { line }),
        }
    }

    /// Whether something in the ignored folder `path` is sent.
    fn holds_sent(&self, path: &str) -> bool {
        self.shared.holding.get(path, || {
            let listed = self.shared.tree.list(path);
            let mut children = listed.iter();
            children.any(|(name, kind)| self.check(&path::join(path, name), *kind).is_ok())
        })
    }

    /// What matching the folder `path` found.
    fn folder(&self, path: &str) -> Arc<Folder> {
        self.shared.folders.get(path, || {
            Arc::new(match path {
                "" => self.shared.ignore.root(),
                _ => self.shared.ignore.folder(path, &self.folder(path::parent(path))),
            })
        })
    }
}

impl Tree {
    fn kind(&self, path: &str) -> Option<Kind> {
        #[cfg(test)]
        tests::LOOKS.with(|looks| looks.set(looks.get() + 1));
        match self {
            Tree::Disk(disk) => disk.kind(path),
            Tree::Memory(memory) => memory.kind(path),
        }
    }

    fn link(&self, path: &str) -> Option<String> {
        match self {
            Tree::Disk(disk) => disk.link(path),
            Tree::Memory(_) => None,
        }
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Unread> {
        match self {
            Tree::Disk(disk) => disk.read(path, LARGEST_READ),
            Tree::Memory(memory) => memory.read(path, LARGEST_READ),
        }
    }

    fn list(&self, path: &str) -> Listing {
        match self {
            Tree::Disk(disk) => disk.list(path),
            Tree::Memory(memory) => memory.list(path),
        }
    }
}

/// Reads the `.dockerignore` of the folder `root`. A link is followed as the engine does it, inside of the context only.
fn ignore_file(root: &Path, tree: &Tree) -> Result<Vec<u8>, FileError> {
    let file = root.join(IGNORE_FILE);
    let Ok(metadata) = file.symlink_metadata() else {
        // What the system says of a file that is not there is told apart in one place.
        return repository_file::read(root, &file, LARGEST_READ);
    };
    let target = follow(tree, "", IGNORE_FILE, |step| tree.kind(step).ok_or(Unread::Missing))
        .map_err(|_| FileError::Outside(root.to_owned()))?;
    let read = repository_file::read(root, &root.join(target), LARGEST_READ);
    read.map_err(|error| match error {
        FileError::Missing if metadata.is_symlink() => FileError::Outside(root.to_owned()),
        other => other,
    })
}

/// The text of an ignore file that was `read`; none where there is none. Any other failure is an error: what is taken for
/// missing would be replaced, and what it keeps out of the image would get in.
fn found(file: &Path, read: Result<Vec<u8>, FileError>) -> Result<Option<Vec<u8>>, ContextError> {
    match read {
        Ok(text) => Ok(Some(text)),
        Err(FileError::Missing) => Ok(None),
        Err(source) => Err(ContextError::Unreadable {
            file: file.to_owned(),
            source,
        }),
    }
}

/// Follows the links in `path`, which is in the folder `base`, as in a root of its own: an absolute target begins at the
/// root, and `..` stops there. `check` is asked about each step, and says what is there.
fn follow(tree: &Tree, base: &str, path: &str, check: impl Fn(&str) -> Result<Kind, Unread>) -> Result<String, Unread> {
    let mut left: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut done = base.to_owned();
    let mut links = 0;
    while let Some(name) = left.pop() {
        match name.as_str() {
            "" | "." => continue,
            ".." => {
                done = path::parent(&done).to_owned();
                continue;
            }
            _ => {}
        }
        let step = path::join(&done, &name);
        let kind = check(&step)?;
        let target = if kind == Kind::Link { tree.link(&step) } else { None };
        let Some(target) = target else {
            done = step;
            continue;
        };
        links += 1;
        if links > MOST_LINKS {
            return Err(Unread::Missing);
        }
        if target.starts_with('/') {
            done.clear();
        }
        left.extend(target.split('/').rev().map(str::to_owned));
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(files: &[(&str, &str)]) -> ContextSource {
        ContextSource::in_memory(files.iter().copied()).unwrap()
    }

    thread_local! {
        /// How often a path was looked at.
        pub(super) static LOOKS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    #[test]
    fn each_folder_of_a_path_is_looked_at_once() {
        let folder = "d/".repeat(300);
        let files: Vec<String> = (0..200).map(|number| format!("{folder}f{number}")).collect();
        let ignore = [(".dockerignore".to_owned(), "*.log\n!keep\n".to_owned())];
        let all = files.iter().map(|file| (file.clone(), "x".to_owned())).chain(ignore);
        let context = ContextSource::in_memory(all).unwrap();
        LOOKS.with(|looks| looks.set(0));
        assert!(files.iter().all(|file| context.exists(file)));
        assert!(files.iter().all(|file| context.read(file).is_ok()));
        // Once for each folder, and for each question: not 300 times for each question.
        let looks = LOOKS.with(std::cell::Cell::get);
        assert!(looks <= 300 + 3 * 200, "{looks}");
    }

    #[test]
    fn dockerfiles_that_share_a_context_share_what_is_known_of_it() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
        write(".dockerignore", "x\n");
        write("own.dockerignore", "y\n");
        let contexts = Contexts::default();
        let open =
            |name: &str| ContextSource::open_among(&contexts, root.path(), Some(&root.path().join(name))).unwrap();
        use std::sync::atomic::{AtomicUsize, Ordering};
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let entries = |context: &ContextSource| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            context.walk().entries.len()
        };
        // Another question with an answer of the same type.
        let patterns = |context: &ContextSource| context.ignore_text().map_or(0, str::len);
        let ask = |context: &ContextSource| {
            assert_eq!(*context.remembered(patterns), 2);
            *context.remembered(entries)
        };
        let asked = || ASKED.load(Ordering::Relaxed);
        for number in 0..50 {
            assert_eq!(ask(&open(&format!("{number}.Dockerfile"))), 2);
        }
        assert_eq!(asked(), 1);
        // Another ignore file, another text, and a run of its own are looked at anew.
        ask(&open("own"));
        ask(&open("a").with_ignore_text("z\n").unwrap());
        ask(&open("b").with_ignore_text("z\n").unwrap());
        assert_eq!(asked(), 3);
        ask(&ContextSource::open(root.path(), None).unwrap());
        assert_eq!(asked(), 4);
    }

    #[test]
    fn what_windows_writes_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let wide: Vec<u8> = "\u{feff}python-magic==0.4\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        std::fs::write(folder.path().join("requirements.txt"), wide).unwrap();
        std::fs::write(folder.path().join("latin.txt"), b"caf\xe9\n").unwrap();
        let context = ContextSource::open(folder.path(), None).unwrap();
        assert_eq!(&*context.read("requirements.txt").unwrap(), "python-magic==0.4\r\n");
        assert_eq!(&*context.read("latin.txt").unwrap(), "caf\u{fffd}\n");
    }

    #[test]
    fn what_is_ignored_does_not_exist() {
        let context = context(&[
            (".dockerignore", "# why\nnode_modules\n!node_modules/kept/*.js\ndist\n"),
            ("package.json", "{}"),
            ("node_modules/kept/a.js", ""),
            ("node_modules/kept/a.ts", ""),
            ("node_modules/x/a.js", ""),
            ("dist/a.js", ""),
        ]);
        assert!(context.exists("package.json") && context.exists("./package.json") && context.exists("/package.json"));
        assert_eq!(context.presence("dist/a.js"), Presence::Ignored { line: 4 });
        assert_eq!(context.presence("dist"), Presence::Ignored { line: 4 });
        assert_eq!(context.presence("node_modules"), Presence::Here(Kind::Folder));
        assert_eq!(context.presence("node_modules/x"), Presence::Ignored { line: 2 });
        assert_eq!(context.presence("nothing"), Presence::Missing);
        assert_eq!(context.presence("../package.json"), Presence::Missing);
        assert_eq!(context.read("dist/a.js"), Err(Unread::Ignored { line: 4 }));
        assert_eq!(context.read("package.json").as_deref(), Ok("{}"));
        assert_eq!(context.read("node_modules"), Err(Unread::NoFile));
        let names: Vec<String> = context
            .list("node_modules")
            .into_iter()
            .map(|child| child.name)
            .collect();
        assert_eq!(names, ["kept"]);
        assert_eq!(context.measure().sent.files, 3);
    }

    #[test]
    fn globs_are_copys() {
        let context = context(&[
            ("a/x.txt", ""),
            ("a/y.md", ""),
            ("a/sub/x.txt", ""),
            ("b.txt", ""),
            ("we[ird", ""),
            (".dockerignore", "a/y.md"),
        ]);
        for (pattern, expected) in [
            ("*.txt", vec!["b.txt"]),
            ("../b.txt", vec!["b.txt"]),
            ("a/*", vec!["a/sub", "a/x.txt"]),
            ("*/*.txt", vec!["a/x.txt"]),
            ("a/**/x.txt", vec!["a/sub/x.txt"]),
            ("a[^b]x.txt", vec!["a/x.txt"]),
            ("a/", vec!["a"]),
            (".", vec![""]),
            ("we\\[ird", vec![]),
            ("[", vec![]),
            ("nothing*", vec![]),
        ] {
            assert_eq!(context.glob(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn the_dockerfiles_own_ignore_file_wins_even_when_empty() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
        write("a", "");
        write("b", "");
        write(".dockerignore", "a");
        write("prod.Dockerfile.dockerignore", "b");
        write("empty.Dockerfile.dockerignore", "");
        let exists = |dockerfile: &str, path: &str| {
            ContextSource::open(root.path(), Some(&root.path().join(dockerfile)))
                .unwrap()
                .exists(path)
        };
        assert!(exists("prod.Dockerfile", "a") && !exists("prod.Dockerfile", "b"));
        assert!(!exists("Dockerfile", "a") && exists("Dockerfile", "b"));
        assert!(exists("empty.Dockerfile", "a") && exists("empty.Dockerfile", "b"));
    }

    #[test]
    fn errors_name_the_file() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(".dockerignore"), "a\n!\n").unwrap();
        let error = ContextSource::open(root.path(), None).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with(".dockerignore: line 2: `!` must be followed by a pattern"),
            "{error}"
        );
        assert!(ContextSource::open(&root.path().join("no"), None).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_inside() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir_all(at("etc")).unwrap();
        std::fs::create_dir_all(at("sub/deep")).unwrap();
        std::fs::write(at("etc/passwd"), "mine").unwrap();
        std::fs::write(at("ignored"), "x").unwrap();
        std::fs::write(at(".dockerignore"), "ignored").unwrap();
        symlink("/etc/passwd", at("absolute")).unwrap();
        symlink("../../../../etc/passwd", at("sub/deep/up")).unwrap();
        symlink("/proc/self", at("outside")).unwrap();
        symlink("loop", at("loop")).unwrap();
        symlink("sub", at("folder")).unwrap();
        symlink("ignored", at("to-ignored")).unwrap();
        let context = ContextSource::open(root.path(), None).unwrap();
        assert_eq!(context.read("absolute").as_deref(), Ok("mine"));
        assert_eq!(context.read("folder/deep/up").as_deref(), Ok("mine"));
        assert_eq!(context.presence("outside"), Presence::Missing);
        assert_eq!(context.presence("loop"), Presence::Missing);
        assert_eq!(context.presence("to-ignored"), Presence::Ignored { line: 1 });
        assert_eq!(context.glob("folder/d*"), ["sub/deep"]);
        assert_eq!(context.glob("fold*"), ["folder"]);
        assert_eq!(context.list("/").len(), 8);
    }

    #[test]
    fn large_files_are_not_read() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("data"), vec![0; LARGEST_READ as usize + 1]).unwrap();
        let context = ContextSource::open(root.path(), None).unwrap();
        assert_eq!(context.read("data"), Err(Unread::TooLarge));
    }

    #[test]
    fn it_can_be_shared_by_threads() {
        fn is_shared<T: Send + Sync>() {}
        is_shared::<ContextSource>();
    }
}
