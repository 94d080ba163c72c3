//! One run at a time in a folder.

use std::io;
use std::path::Path;

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

        let opened = std::fs::File::open(folder)?;
        match flock(&opened, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock { _folder: opened })),
            Err(error) if error == rustix::io::Errno::WOULDBLOCK => Ok(None),
            // Some network file systems know no locks: who works there is alone, or takes care.
            Err(error) if error == rustix::io::Errno::NOTSUP || error == rustix::io::Errno::NOLCK => {
                Ok(Some(Lock { _folder: opened }))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Folders cannot be locked here: who starts two runs takes care.
    #[cfg(not(unix))]
    pub fn take(_folder: &Path) -> io::Result<Option<Lock>> {
        Ok(Some(Lock {}))
    }
}
