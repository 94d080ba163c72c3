//! The one way to read a file of a repository, which a stranger may have made: no link leads out of it, only regular files
//! are opened, none is larger than a limit, and no message quotes what a file outside contains.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The largest file that is read: Dockerfiles, manifests, scripts and sources are smaller, data is of no interest.
pub(crate) const LARGEST: u64 = 4 * 1024 * 1024;

/// How many folders above a file's are its surroundings where no repository says where to stop.
const MOST_FOLDERS_UP: usize = 2;

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("does not exist")]
    Missing,
    /// It is a link that leads out of the repository, or nowhere.
    #[error("is a link to something that is not in `{}`, which is not read: put the file itself there", .0.display())]
    Outside(PathBuf),
    /// It is a folder, a pipe or a device.
    #[error("is not a file: replace it by a regular file, or remove it")]
    NoFile,
    /// It is larger than this many bytes.
    #[error("is larger than {}, too large to look into", size(*.0))]
    TooLarge(u64),
    /// The system would not read it, and why.
    #[error("cannot be read ({0}): see that you may read it")]
    Failed(String),
}

impl FileError {
    fn of(error: &io::Error) -> FileError {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileError::Missing,
            _ => FileError::Failed(error.to_string()),
        }
    }
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes.is_multiple_of(MIB) {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}

/// Reads the regular file `path` of at most `most` bytes. A link on the way to it may lead anywhere inside of `root`.
///
/// # Errors
/// If it is not there, not inside of `root`, no regular file, too large, or the system refuses.
pub(crate) fn read(root: &Path, path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let outside = || FileError::Outside(root.to_owned());
    // What is not there is told from a link to nothing, which is there.
    path.symlink_metadata().map_err(|error| FileError::of(&error))?;
    let target = path.canonicalize().map_err(|error| match FileError::of(&error) {
        FileError::Missing => outside(),
        other => other,
    })?;
    let root = root.canonicalize().map_err(|error| FileError::of(&error))?;
    if !target.starts_with(&root) {
        return Err(outside());
    }
    read_named(&target, most)
}

/// Reads a regular file of at most `most` bytes that the user named, wherever a link leads.
///
/// # Errors
/// If it is not there, no regular file, too large, or the system refuses.
pub(crate) fn read_named(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let of = |error: io::Error| FileError::of(&error);
    let file = open(path).map_err(of)?;
    if !file.metadata().map_err(of)?.is_file() {
        return Err(FileError::NoFile);
    }
    let mut bytes = Vec::new();
    // The size may change between a look and the reading: only reading tells.
    file.take(most + 1).read_to_end(&mut bytes).map_err(of)?;
    if bytes.len() as u64 > most {
        return Err(FileError::TooLarge(most));
    }
    Ok(bytes)
}

/// Opens a file without waiting: opening a pipe would last until somebody writes to it.
#[cfg(unix)]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let no_wait = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    OpenOptions::new()
        .read(true)
        .custom_flags(no_wait.bits().cast_signed())
        .open(path)
}

#[cfg(not(unix))]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    OpenOptions::new().read(true).open(path)
}

/// The folder that the links of files in `folder` may not leave: that of the repository, else one a few folders up.
pub(crate) fn root_around(folder: &Path) -> &Path {
    if let Some(repository) = folder.ancestors().find(|above| above.join(".git").exists()) {
        return repository;
    }
    // A whole home folder or file system is nobody's project.
    let home = std::env::home_dir();
    let is_project = |above: &&Path| above.parent().is_some() && Some(*above) != home.as_deref();
    let above = folder.ancestors().take(MOST_FOLDERS_UP + 1).take_while(is_project);
    above.last().unwrap_or(folder)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_stay_inside() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("repository/sub")).unwrap();
        fs::write(at("secret"), "token").unwrap();
        fs::write(at("repository/real"), "text").unwrap();
        let secret = at("secret").to_string_lossy().into_owned();
        for (name, target) in [
            ("in", "real"),
            ("sub/up", "../real"),
            ("around", "sub/../../repository/real"),
            ("out", "../secret"),
            ("absolute", &secret),
            ("system", "/proc/self/environ"),
            ("nowhere", "none"),
            ("chain", "out"),
            ("folder", ".."),
            ("loop", "loop"),
        ] {
            symlink(target, at("repository").join(name)).unwrap();
        }
        let read = |name: &str| read(&at("repository"), &at("repository").join(name), 100);
        for name in ["real", "in", "sub/up", "around"] {
            assert_eq!(read(name).as_deref(), Ok(b"text".as_slice()), "{name}");
        }
        for name in [
            "out",
            "absolute",
            "system",
            "nowhere",
            "chain",
            "folder/secret",
            "folder",
        ] {
            assert_eq!(read(name), Err(FileError::Outside(at("repository"))), "{name}");
        }
        assert!(matches!(read("loop"), Err(FileError::Failed(_))));
        assert_eq!(read("none"), Err(FileError::Missing));
    }

    #[test]
    fn only_regular_files_up_to_a_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        let read = |name: &str, most| read(folder.path(), &at(name), most);
        fs::write(at("file"), "12345").unwrap();
        fs::create_dir(at("folder")).unwrap();
        // Sparse: reading it whole would take all memory.
        File::create(at("huge")).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read("file", 5).as_deref(), Ok(b"12345".as_slice()));
        assert_eq!(read("file", 4), Err(FileError::TooLarge(4)));
        assert_eq!(read("huge", LARGEST), Err(FileError::TooLarge(LARGEST)));
        assert_eq!(read("folder", 5), Err(FileError::NoFile));
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status();
        assert!(made.unwrap().success());
        assert_eq!(read("pipe", 5), Err(FileError::NoFile));
        assert_eq!(read_named(Path::new("/dev/zero"), 5), Err(FileError::NoFile));
    }
}
