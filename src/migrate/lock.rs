//! One run at a time in a folder.

use std::io;
use std::path::Path;
#[cfg(unix)]
use std::time::Duration;

/// How often a lock is tried. A program that a killed run was just starting holds its locks for a moment more.
#[cfg(unix)]
const TRIES: usize = 10;

/// How long to wait between two tries.
#[cfg(unix)]
const PAUSE: Duration = Duration::from_millis(30);

/// A lock that ends with the process, however it ends, and leaves nothing behind.
#[derive(Debug)]
pub struct Lock {
    #[cfg(unix)]
    _folder: std::fs::File,
}

impl Lock {
    /// Locks `folder`; none where another process has it.
    ///
    /// # Errors
    /// If the folder cannot be opened.
    #[cfg(unix)]
    pub fn take(folder: &Path) -> io::Result<Option<Lock>> {
        use rustix::fs::{FlockOperation, flock};
        use rustix::io::Errno;

        let opened = std::fs::File::open(folder)?;
        for _ in 0..TRIES {
            match flock(&opened, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(Lock { _folder: opened })),
                Err(Errno::WOULDBLOCK) => std::thread::sleep(PAUSE),
                // Some network file systems know no locks: who works there is alone, or takes care.
                Err(Errno::NOTSUP | Errno::NOLCK) => return Ok(Some(Lock { _folder: opened })),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Folders cannot be locked here: who starts two runs takes care.
    #[cfg(not(unix))]
    pub fn take(_folder: &Path) -> io::Result<Option<Lock>> {
        Ok(Some(Lock {}))
    }
}
