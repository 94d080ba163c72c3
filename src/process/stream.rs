//! The output of a process, read so that the reader can be stopped: a process that is gone may have left others that keep
//! its output open.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

/// More than a pipe can contain: what comes beyond it after the end of a process is written by another one.
const MOST_AFTER_END: usize = 2 * 1024 * 1024;

/// Whether a process ended, for the readers of its output.
#[derive(Debug, Default)]
pub(crate) struct State(AtomicBool);

impl State {
    /// The process ended: what it wrote is read, nothing is waited for.
    pub(crate) fn end(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_ended(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The end of a pipe that a process writes to.
#[derive(Debug)]
pub(crate) struct Source(std::fs::File);

#[cfg(unix)]
impl<T: Into<std::os::fd::OwnedFd>> From<T> for Source {
    fn from(pipe: T) -> Source {
        Source(std::fs::File::from(pipe.into()))
    }
}

#[cfg(windows)]
impl<T: Into<std::os::windows::io::OwnedHandle>> From<T> for Source {
    fn from(pipe: T) -> Source {
        Source(std::fs::File::from(pipe.into()))
    }
}

impl Source {
    /// What is read of it, as long as `state` allows.
    pub(crate) fn stream<'a>(&'a self, state: &'a State) -> Stream<'a> {
        Stream {
            source: self,
            state,
            after_end: 0,
        }
    }

    /// Whether there is something to read, or the end; waits a moment for it.
    #[cfg(unix)]
    fn is_ready(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let moment = Timespec {
            tv_sec: 0,
            tv_nsec: 50_000_000,
        };
        // Where the system will not tell, reading does.
        !matches!(poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&moment)), Ok(0))
    }

    #[cfg(not(unix))]
    fn is_ready(&self) -> bool {
        true
    }
}

/// The output of a process. It ends where the process and what it wrote do, whoever else keeps it open.
#[derive(Debug)]
pub struct Stream<'a> {
    source: &'a Source,
    state: &'a State,
    after_end: usize,
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // Looked at before the pipe: what was written before the end is there when the pipe is looked at.
            let is_ended = self.state.is_ended();
            if self.after_end > MOST_AFTER_END {
                return Ok(0);
            }
            if self.source.is_ready() {
                let length = (&self.source.0).read(buffer)?;
                self.after_end += if is_ended { length } else { 0 };
                return Ok(length);
            }
            if is_ended {
                return Ok(0);
            }
        }
    }
}
