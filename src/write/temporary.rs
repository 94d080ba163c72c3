//! Files that are not whole yet. A build context contains them at most for a moment: where the system can, they have no
//! name until they are whole, and a later run removes what a killed one left.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// What the names of files begin with that are not whole yet; the process that makes them follows.
const PREFIX: &str = ".plimsoll-";

/// A file that is to take the place of another.
#[derive(Debug)]
pub(super) enum Temporary {
    /// It has no name: nothing of it is left, however the program ends.
    Unnamed(File, PathBuf),
    /// It has a name in the folder.
    Named(NamedTempFile),
}

impl Temporary {
    /// A new file in `folder`, with the permissions of any new file.
    ///
    /// # Errors
    /// If the folder may not be written to.
    pub(super) fn new(folder: &Path) -> io::Result<Temporary> {
        if let Some(file) = unnamed(folder) {
            return Ok(Temporary::Unnamed(file, folder.to_owned()));
        }
        named(folder).map(Temporary::Named)
    }

    /// The open file.
    pub(super) fn file(&self) -> &File {
        match self {
            Temporary::Unnamed(file, _) => file,
            Temporary::Named(file) => file.as_file(),
        }
    }

    /// Fills it, down to the disk.
    pub(super) fn fill(&mut self, text: &str) -> io::Result<()> {
        let mut file = self.file();
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    /// Gives it the name `target`, where no file is yet.
    ///
    /// # Errors
    /// If there is one after all.
    pub(super) fn create(self, target: &Path) -> io::Result<()> {
        match self {
            Temporary::Unnamed(file, _) => link(&file, target),
            Temporary::Named(file) => file.persist_noclobber(target).map(drop).map_err(io::Error::from),
        }
    }

    /// Puts it in the place of the file `target`, in one step.
    ///
    /// # Errors
    /// If the system refuses.
    pub(super) fn replace(self, target: &Path) -> io::Result<()> {
        match self {
            Temporary::Unnamed(file, folder) => {
                // No system call replaces a name by a file that has none: it gets one for the moment between two calls.
                let path = free_name(&folder);
                link(&file, &path)?;
                fs::rename(&path, target).inspect_err(|_| drop(fs::remove_file(&path)))
            }
            Temporary::Named(file) => file.persist(target).map(drop).map_err(io::Error::from),
        }
    }
}

fn own_prefix() -> String {
    format!("{PREFIX}{}-", std::process::id())
}

fn free_name(folder: &Path) -> PathBuf {
    let names = (0_u32..).map(|number| folder.join(format!("{}{number}", own_prefix())));
    let mut free = names.filter(|path| path.symlink_metadata().is_err());
    free.next().unwrap_or_else(|| folder.join(own_prefix()))
}

#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    // Not every file system knows this: where it does not, the file has a name from the start.
    let flags = rustix::fs::OFlags::TMPFILE.bits().cast_signed();
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).mode(0o666).custom_flags(flags);
    options.open(folder).ok()
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_folder: &Path) -> Option<File> {
    None
}

#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, linkat};

    let this = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, this, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn link(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(unix)]
fn named(folder: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;

    // What any new file gets; the process's mask takes away from it. Temporary files are private otherwise.
    let permissions = fs::Permissions::from_mode(0o666);
    Builder::new()
        .prefix(&own_prefix())
        .permissions(permissions)
        .tempfile_in(folder)
}

#[cfg(not(unix))]
fn named(folder: &Path) -> io::Result<NamedTempFile> {
    Builder::new().prefix(&own_prefix()).tempfile_in(folder)
}

/// Removes from `folder` what a killed run left there.
pub(crate) fn remove_left(folder: &Path) {
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let is_left = is_left(&entry.file_name().to_string_lossy());
        if is_left && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a file of that name belongs to a process that is gone.
#[cfg(unix)]
fn is_left(name: &str) -> bool {
    use rustix::process::{Pid, test_kill_process};

    let rest = name.strip_prefix(PREFIX);
    let process = rest.and_then(|rest| rest.split_once('-')).map(|(process, _)| process);
    let process = process.and_then(|process| process.parse().ok()).and_then(Pid::from_raw);
    process.is_some_and(|process| test_kill_process(process) == Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn is_left(_name: &str) -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = folder.read_dir().unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_there_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        for kind in [Temporary::new, |folder: &Path| named(folder).map(Temporary::Named)] {
            let mut file = kind(folder.path()).unwrap();
            file.fill("one").unwrap();
            file.create(&target).unwrap();
            let mut second = kind(folder.path()).unwrap();
            second.fill("two").unwrap();
            if matches!(second, Temporary::Unnamed(..)) {
                assert_eq!(names(folder.path()), ["target"]);
            }
            second.replace(&target).unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap(), "two");
            assert!(kind(folder.path()).unwrap().create(&target).is_err());
            assert_eq!(names(folder.path()), ["target"]);
            fs::remove_file(&target).unwrap();
        }
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut gone = std::process::Command::new("true").spawn().unwrap();
        gone.wait().unwrap();
        let left = format!("{PREFIX}{}-x", gone.id());
        let kept = [
            format!("{PREFIX}{}-y", std::process::id()),
            format!("{PREFIX}abc"),
            format!("{PREFIX}0-z"),
            format!("x{left}"),
        ];
        for name in kept.iter().chain([&left]) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_left(folder.path());
        let mut kept = kept.to_vec();
        kept.sort();
        assert_eq!(names(folder.path()), kept);
    }
}
