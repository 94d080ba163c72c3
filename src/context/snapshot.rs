//! A copy of what a build is sent, and what tells whether it changed where no copy can be made.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::measure::Measure;
use super::source::ContextSource;
use super::walk::{self, Kind};
use crate::repository_file::open;

/// The most bytes that are copied.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// The most files and folders that are copied.
const MOST_ENTRIES: usize = 200_000;

/// Why there is no copy of a context.
#[derive(Debug, thiserror::Error)]
pub enum NotCopied {
    /// It is larger than a copy may be.
    #[error("it is too large to copy")]
    TooLarge,
    /// Something in it has what a copy would not have.
    #[error("`{0}` cannot be copied as it is")]
    Odd(String),
    /// The system would not do it.
    #[error("{0}")]
    Failed(#[from] io::Error),
}

/// A copy of a context. It is removed with this value.
#[derive(Debug)]
pub struct Copied {
    folder: PathBuf,
    /// Folders in which nothing can be removed, outer ones first.
    locked: Vec<PathBuf>,
}

impl Drop for Copied {
    fn drop(&mut self) {
        for folder in &self.locked {
            let _ = set_mode(folder, 0o700);
        }
        // What cannot be removed goes with the folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl ContextSource {
    /// Copies what a build is sent into `to`, which is not there yet, with permissions, times and links. Gives the same
    /// context over there.
    ///
    /// # Errors
    /// If it is too large, has something that a copy would lose, or the system refuses.
    pub fn copy_to(&self, to: &Path) -> Result<(Copied, Arc<ContextSource>), NotCopied> {
        fs::create_dir(to)?;
        let mut copy = Copy {
            left: MOST_BYTES,
            named: HashMap::new(),
            folders: Vec::new(),
            copied: Copied {
                folder: to.to_owned(),
                locked: Vec::new(),
            },
        };
        if let Some(root) = self.root() {
            copy.all(self, root)?;
        }
        Ok((copy.copied, Arc::new(self.moved(to))))
    }

    /// What a build is sent, as it is now.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let Some(root) = self.root() else {
            return Fingerprint::default();
        };
        let walk = walk::walk(root);
        let measure = Measure::new(&walk, self.ignore());
        let sent = measure.entries().iter().filter(|found| found.is_sent);
        let stamped = sent.filter_map(|found| {
            let metadata = root.join(&found.entry.path).symlink_metadata().ok()?;
            Some((found.entry.path.clone(), Stamp::of(&metadata)))
        });
        Fingerprint(stamped.collect())
    }
}

/// A copy that is being made.
struct Copy {
    /// How many bytes it may still take.
    left: u64,
    /// Where the first name of each file is that has several.
    named: HashMap<u64, PathBuf>,
    /// The folders, whose permissions and times come last.
    folders: Vec<(PathBuf, Metadata)>,
    copied: Copied,
}

impl Copy {
    fn all(&mut self, context: &ContextSource, root: &Path) -> Result<(), NotCopied> {
        let walk = walk::walk(root);
        let measure = Measure::new(&walk, context.ignore());
        if let Some(folder) = walk.unreadable.first() {
            return Err(NotCopied::Odd(folder.clone()));
        }
        let sent = measure.entries().iter().filter(|found| found.is_sent);
        if measure.sent.bytes > self.left || sent.clone().count() > MOST_ENTRIES {
            return Err(NotCopied::TooLarge);
        }
        for found in sent {
            let entry = found.entry;
            let (from, to) = (root.join(&entry.path), self.copied.folder.join(&entry.path));
            match self.one(&from, &to, entry.kind, entry.inode) {
                // What was removed since the walk is not part of the copy.
                Err(NotCopied::Failed(error)) if error.kind() == io::ErrorKind::NotFound && is_gone(&from) => {}
                other => other?,
            }
        }
        for (folder, metadata) in std::mem::take(&mut self.folders).into_iter().rev() {
            fs::set_permissions(&folder, metadata.permissions())?;
            keep_times(&folder, &metadata)?;
            if is_locked(&metadata) {
                self.copied.locked.insert(0, folder);
            }
        }
        Ok(())
    }

    fn one(&mut self, from: &Path, to: &Path, kind: Kind, inode: Option<u64>) -> Result<(), NotCopied> {
        let odd = || NotCopied::Odd(from.display().to_string());
        let metadata = from.symlink_metadata()?;
        if Kind::of(metadata.file_type()) != kind || kind == Kind::Other || has_attributes(from) {
            return Err(odd());
        }
        match kind {
            Kind::Folder => {
                fs::create_dir(to)?;
                self.folders.push((to.to_owned(), metadata));
                return Ok(());
            }
            Kind::Link => link(&fs::read_link(from)?, to)?,
            Kind::File | Kind::Other => {
                if let Some(first) = inode.and_then(|inode| self.named.get(&inode)) {
                    fs::hard_link(first, to)?;
                    return Ok(());
                }
                self.file(from, to)?;
                fs::set_permissions(to, metadata.permissions())?;
                if let Some(inode) = inode {
                    self.named.insert(inode, to.to_owned());
                }
            }
        }
        Ok(keep_times(to, &metadata)?)
    }

    /// Copies what is in a file, which may grow meanwhile.
    fn file(&mut self, from: &Path, to: &Path) -> Result<(), NotCopied> {
        let from = open(from)?;
        let copied = io::copy(&mut (&from).take(self.left + 1), &mut File::create_new(to)?)?;
        self.left = self.left.checked_sub(copied).ok_or(NotCopied::TooLarge)?;
        Ok(())
    }
}

fn is_gone(path: &Path) -> bool {
    path.symlink_metadata()
        .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// What a build is sent, without the contents: what changed is seen by the times, which the system keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<String, Stamp>);

impl Fingerprint {
    /// The paths that differ in `later`, in order.
    #[must_use]
    pub fn changes(&self, later: &Fingerprint) -> Vec<String> {
        let is_other = |path: &&String| self.0.get(*path) != later.0.get(*path);
        let mut paths: Vec<&String> = self.0.keys().chain(later.0.keys()).filter(is_other).collect();
        paths.sort();
        paths.dedup();
        paths.into_iter().cloned().collect()
    }
}

/// What the system says of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    kind: Kind,
    mode: u32,
    /// Nothing else for a folder: what is in it has stamps of its own.
    rest: Option<Rest>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rest {
    size: u64,
    modified: Option<SystemTime>,
    /// The time of the last change of the entry itself and its number, which no program sets.
    changed: (i64, i64, u64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        let kind = Kind::of(metadata.file_type());
        Stamp {
            kind,
            mode: walk::mode(metadata),
            rest: (kind != Kind::Folder).then(|| Rest {
                size: metadata.len(),
                modified: metadata.modified().ok(),
                changed: changed(metadata),
            }),
        }
    }
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> (i64, i64, u64) {
    use std::os::unix::fs::MetadataExt as _;

    (metadata.ctime(), metadata.ctime_nsec(), metadata.ino())
}

#[cfg(not(unix))]
fn changed(_metadata: &Metadata) -> (i64, i64, u64) {
    (0, 0, 0)
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(_to: &Path, _at: &Path) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Whether nothing can be removed in a folder by its owner.
fn is_locked(metadata: &Metadata) -> bool {
    cfg!(unix) && walk::mode(metadata) & 0o300 != 0o300
}

/// Gives a copy the times of what it is a copy of: COPY keeps them in the image.
#[cfg(unix)]
fn keep_times(path: &Path, metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

    let time = |tv_sec, nanoseconds: i64| Timespec {
        tv_sec,
        tv_nsec: nanoseconds as _,
    };
    let times = Timestamps {
        last_access: time(metadata.atime(), metadata.atime_nsec()),
        last_modification: time(metadata.mtime(), metadata.mtime_nsec()),
    };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

#[cfg(not(unix))]
fn keep_times(path: &Path, metadata: &Metadata) -> io::Result<()> {
    if !metadata.is_file() {
        return Ok(());
    }
    let times = metadata.modified()?;
    File::options().write(true).open(path)?.set_modified(times)
}

/// Whether an entry has extended attributes, which a build is sent, beside the label that the system gives each.
#[cfg(target_os = "linux")]
fn has_attributes(path: &Path) -> bool {
    const LABEL: &[u8] = b"security.selinux";
    // More names than fit are more than one label.
    let mut names = [0; 256];
    match rustix::fs::llistxattr(path, &mut names[..]) {
        Ok(length) => {
            let mut names = names[..length].split(|byte| *byte == 0);
            names.any(|name| !name.is_empty() && name != LABEL)
        }
        Err(error) => error == rustix::io::Errno::RANGE,
    }
}

#[cfg(not(target_os = "linux"))]
fn has_attributes(_path: &Path) -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};
    use std::time::Duration;

    use super::*;

    /// A context with something of each kind that is copied, and the folder for its copy.
    fn context() -> (tempfile::TempDir, tempfile::TempDir, ContextSource) {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("sub/locked")).unwrap();
        for name in ["a", "sub/b", "sub/locked/c", "ignored"] {
            fs::write(at(name), name).unwrap();
        }
        fs::hard_link(at("a"), at("sub/again")).unwrap();
        symlink("../nowhere", at("sub/link")).unwrap();
        fs::write(at(".dockerignore"), "ignored\n").unwrap();
        set_mode(&at("a"), 0o751).unwrap();
        set_mode(&at("sub/locked"), 0o555).unwrap();
        let old = SystemTime::now() - Duration::from_secs(100_000);
        File::open(at("a")).unwrap().set_modified(old).unwrap();
        let context = ContextSource::open(root.path(), None).unwrap();
        (root, tempfile::tempdir().unwrap(), context)
    }

    #[test]
    fn a_copy_is_what_is_sent_with_permissions_times_and_links() {
        let (root, place, context) = context();
        let to = place.path().join("copy");
        let (copied, there) = context.copy_to(&to).unwrap();
        let stat = |folder: &Path, name: &str| folder.join(name).symlink_metadata().unwrap();
        let walk = walk::walk(&to);
        let paths: Vec<&str> = walk.entries.iter().map(|entry| entry.path.as_str()).collect();
        let expected = [
            ".dockerignore",
            "a",
            "sub",
            "sub/again",
            "sub/b",
            "sub/link",
            "sub/locked",
            "sub/locked/c",
        ];
        assert_eq!(paths, expected);
        for path in paths {
            let (old, new) = (stat(root.path(), path), stat(&to, path));
            let facts = |found: &Metadata| {
                (
                    found.mode(),
                    found.len(),
                    found.mtime(),
                    found.mtime_nsec(),
                    found.nlink(),
                )
            };
            assert!(old.is_dir() || facts(&old) == facts(&new), "{path}");
            assert_eq!((old.mode(), old.mtime_nsec()), (new.mode(), new.mtime_nsec()), "{path}");
        }
        assert_eq!(stat(&to, "a").ino(), stat(&to, "sub/again").ino());
        assert_eq!(fs::read_link(to.join("sub/link")).unwrap(), Path::new("../nowhere"));
        assert_eq!(there.ignore_text(), Some("ignored\n"));
        // What happens over here does not reach it.
        fs::write(root.path().join("sub/b"), "other").unwrap();
        assert_eq!(there.read("sub/b").unwrap().as_ref(), "sub/b");
        drop(copied);
        assert!(!to.exists());
        set_mode(&root.path().join("sub/locked"), 0o755).unwrap();
    }

    #[test]
    fn what_a_copy_would_lose_or_never_end_with_is_not_copied() {
        let copy = |prepare: &dyn Fn(&Path)| {
            let (root, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            prepare(root.path());
            let context = ContextSource::open(root.path(), None).unwrap();
            let to = place.path().join("copy");
            let found = context.copy_to(&to).map(|_| ());
            assert!(!to.exists(), "nothing of it stays");
            found
        };
        let sparse = |root: &Path| File::create(root.join("a")).unwrap().set_len(MOST_BYTES + 1).unwrap();
        assert!(matches!(copy(&sparse), Err(NotCopied::TooLarge)));
        let socket = |root: &Path| drop(std::os::unix::net::UnixListener::bind(root.join("s")).unwrap());
        assert!(matches!(copy(&socket), Err(NotCopied::Odd(_))));
        assert!(copy(&|root| fs::write(root.join("a"), "").unwrap()).is_ok());
    }

    #[test]
    fn what_is_written_made_removed_or_replaced_is_named() {
        let (root, _place, context) = context();
        let at = |name: &str| root.path().join(name);
        let before = context.fingerprint();
        assert_eq!(before.changes(&context.fingerprint()), Vec::<String>::new());
        fs::write(at("ignored"), "x").unwrap();
        fs::write(at("made"), "x").unwrap();
        fs::remove_file(at("sub/link")).unwrap();
        set_mode(&at("sub/b"), 0o600).unwrap();
        // The same size, and the same time of its content.
        let time = at("sub/locked/c").metadata().unwrap().modified().unwrap();
        fs::write(at("sub/locked/c"), "sub/locked/d").unwrap();
        File::open(at("sub/locked/c")).unwrap().set_modified(time).unwrap();
        let changes = before.changes(&context.fingerprint());
        assert_eq!(changes, ["made", "sub/b", "sub/link", "sub/locked/c"]);
        set_mode(&at("sub/locked"), 0o755).unwrap();
    }
}
