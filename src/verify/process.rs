//! Child processes that can be stopped: by the user, and by a clock.

use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::stream::{Source, State, Stream};

/// How often a running process is looked at.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a process that was asked to end may take to clean up before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// How many of the last lines that a process wrote to stderr are kept, for the message of its failure.
const KEPT_LINES: usize = 60;

/// The longest line that is kept whole: a program may write without end and without a line break.
const LONGEST_LINE: usize = 16 * 1024;

/// The user's wish to stop, shared by all that works for them.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks all work to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// When a process has to end.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The user's wish.
    pub cancel: Cancel,
    /// How long a process may run; for ever if none.
    pub timeout: Option<Duration>,
}

/// Why a process did not end by itself.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The user stopped it.
    #[error("stopped by the user")]
    Cancelled,
    /// It ran into the limit.
    #[error("not done after {}; --timeout gives it longer", seconds(.0))]
    TimedOut(Duration),
    /// It could not be started or watched.
    #[error("cannot run `{program}`: {source}")]
    Failed {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

fn seconds(time: &Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds => format!("{seconds} s"),
    }
}

/// A process that ended.
#[derive(Debug)]
pub struct Ended<T> {
    /// How.
    pub status: ExitStatus,
    /// What was made of its output.
    pub output: T,
    /// The end of what it wrote to stderr.
    pub messages: String,
}

/// Runs `command` to its end. `read` gets its output while it runs, `on_line` each line of its messages.
///
/// # Errors
/// If it cannot be started, or a limit ends it.
pub fn run<T: Send>(
    mut command: Command,
    limits: &Limits,
    read: impl FnOnce(Stream<'_>) -> T + Send,
    on_line: &mut (dyn FnMut(&str) + Send),
) -> Result<Ended<T>, ProcessError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |source| ProcessError::Failed {
        program: program.clone(),
        source,
    };
    if limits.cancel.is_cancelled() {
        return Err(ProcessError::Cancelled);
    }
    own_group(&mut command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(failed(io::Error::other("it has no output")));
    };
    let (stdout, stderr) = (Source::from(stdout), Source::from(stderr));
    let state = State::default();
    thread::scope(|scope| {
        let reader = scope.spawn(|| read(stdout.stream(&state)));
        let messages = scope.spawn(|| last_lines(stderr.stream(&state), on_line));
        let status = watch(&mut child, limits);
        // Something that it started may keep its output open, or write for ever.
        state.end();
        let broken = || failed(io::Error::other("a reader of its output failed"));
        let output = reader.join().map_err(|_| broken())?;
        let messages = messages.join().map_err(|_| broken())?;
        Ok(Ended {
            status: status?.map_err(failed)?,
            output,
            messages,
        })
    })
}

/// Waits for the end, or brings it about.
fn watch(child: &mut Child, limits: &Limits) -> Result<io::Result<ExitStatus>, ProcessError> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => return Ok(Ok(status)),
            Err(error) => return Ok(Err(error)),
        }
        let reason = match limits.timeout {
            _ if limits.cancel.is_cancelled() => Some(ProcessError::Cancelled),
            Some(timeout) if start.elapsed() > timeout => Some(ProcessError::TimedOut(timeout)),
            _ => None,
        };
        if let Some(reason) = reason {
            end(child);
            return Err(reason);
        }
        thread::sleep(PAUSE);
    }
}

/// Asks a process to end, and makes it.
fn end(child: &mut Child) {
    ask_to_end(child);
    let start = Instant::now();
    while start.elapsed() < GRACE {
        if !matches!(child.try_wait(), Ok(None)) {
            break;
        }
        thread::sleep(PAUSE);
    }
    // What the process started may still hold its output open.
    kill_group(child);
    let _ = child.kill();
    let _ = child.wait();
}

/// Keeps Ctrl-C in a terminal from reaching the process directly: this program stops it, and then cleans up.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;

    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_command: &mut Command) {}

#[cfg(unix)]
fn group(child: &Child) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(i32::try_from(child.id()).ok()?)
}

#[cfg(unix)]
fn ask_to_end(child: &Child) {
    if let Some(group) = group(child) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
    }
}

#[cfg(unix)]
fn kill_group(child: &Child) {
    if let Some(group) = group(child) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn ask_to_end(_child: &Child) {}

#[cfg(not(unix))]
fn kill_group(_child: &Child) {}

fn last_lines(stream: impl Read, on_line: &mut dyn FnMut(&str)) -> String {
    let mut kept = std::collections::VecDeque::new();
    each_line(stream, &mut |line| {
        on_line(line);
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(line.to_owned());
    });
    Vec::from(kept).join("\n")
}

/// Gives each line of `stream` as it comes. A line that is too long comes in parts.
pub fn each_line(stream: impl Read, on_line: &mut dyn FnMut(&str)) {
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    let mut next = |bytes: &mut Vec<u8>| reader.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', bytes);
    while matches!(next(&mut bytes), Ok(length) if length > 0) {
        on_line(String::from_utf8_lossy(&bytes).trim_end());
        bytes.clear();
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn text(mut stream: Stream<'_>) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn output_and_messages_are_told_apart() {
        let mut lines = Vec::new();
        let ended = run(
            shell("echo out; echo one >&2; echo two >&2; exit 3"),
            &Limits::default(),
            text,
            &mut |line| lines.push(line.to_owned()),
        )
        .unwrap();
        assert_eq!((ended.output.as_str(), ended.messages.as_str()), ("out\n", "one\ntwo"));
        assert_eq!(ended.status.code(), Some(3));
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_process_that_hangs_meets_the_clock_with_all_that_it_started() {
        let limits = Limits {
            timeout: Some(Duration::from_millis(200)),
            ..Limits::default()
        };
        let start = Instant::now();
        // The inner sleep holds the output open: were it left alone, reading would last a minute.
        let error = run(shell("sleep 60 & sleep 60"), &limits, text, &mut |_| {}).unwrap_err();
        assert!(matches!(error, ProcessError::TimedOut(_)), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn what_a_process_leaves_running_does_not_keep_its_reader() {
        let start = Instant::now();
        // A session of its own: no signal to the group reaches it, and it keeps the output open.
        let ended = run(
            shell("setsid sleep 60 & echo started"),
            &Limits::default(),
            text,
            &mut |_| {},
        )
        .unwrap();
        assert_eq!((ended.output.as_str(), ended.status.code()), ("started\n", Some(0)));
        // One that writes without a pause is cut off.
        let ended = run(shell("setsid yes >&2 & exit 3"), &Limits::default(), text, &mut |_| {}).unwrap();
        assert_eq!(ended.status.code(), Some(3));
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_line_without_end_comes_in_parts() {
        let mut longest = 0;
        let mut bytes = 0;
        each_line(io::repeat(b'x').take(1_000_000), &mut |line| {
            longest = longest.max(line.len());
            bytes += line.len();
        });
        assert_eq!((longest, bytes), (LONGEST_LINE, 1_000_000));
    }

    #[test]
    fn a_process_is_stopped_by_the_user() {
        let limits = Limits::default();
        let cancel = limits.cancel.clone();
        let waker = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            cancel.cancel();
        });
        let error = run(shell("sleep 60"), &limits, text, &mut |_| {}).unwrap_err();
        assert!(matches!(error, ProcessError::Cancelled), "{error}");
        waker.join().unwrap();
        // Nothing is started any more.
        assert!(run(shell("true"), &limits, text, &mut |_| {}).is_err());
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(
            Command::new("plimsoll-no-such-program"),
            &Limits::default(),
            text,
            &mut |_| {},
        )
        .unwrap_err();
        assert!(error.to_string().contains("`plimsoll-no-such-program`"), "{error}");
    }
}
