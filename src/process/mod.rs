//! Programs that are run to their end: by the user's wish, by a clock, or by themselves. All that it starts goes through here.

pub mod bounded;
pub mod stream;

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use stream::{Source, State, Stream};

/// How long to wait before a running process is looked at again: at first, and at most. Many take a few milliseconds.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

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

/// What ends a process before its own end.
pub trait Limit: Sync {
    /// Why a process has to end that has run for `time`, if it has to.
    fn reached(&self, time: Duration) -> Option<ProcessError>;
}

/// No limit.
impl Limit for () {
    fn reached(&self, _time: Duration) -> Option<ProcessError> {
        None
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

impl Limit for Limits {
    fn reached(&self, time: Duration) -> Option<ProcessError> {
        if self.cancel.is_cancelled() {
            return Some(ProcessError::Cancelled);
        }
        let timeout = self.timeout.filter(|timeout| time > *timeout)?;
        Some(ProcessError::TimedOut {
            after: timeout,
            option: "--timeout",
        })
    }
}

/// Why a process did not end by itself.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The user stopped it.
    #[error("stopped by the user")]
    Cancelled,
    /// It ran into the limit.
    #[error("not done after {}; {option} gives it longer", seconds(.after))]
    TimedOut {
        /// The limit.
        after: Duration,
        /// The option of the command line that sets it.
        option: &'static str,
    },
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

/// A program to run.
#[derive(Debug)]
pub struct Task<'a> {
    command: Command,
    input: &'a [u8],
    is_detached: bool,
}

impl<'a> Task<'a> {
    /// `command` without input, kept from signals that a terminal sends: this program ends it, and then cleans up.
    #[must_use]
    pub fn new(command: Command) -> Task<'a> {
        Task {
            command,
            input: b"",
            is_detached: true,
        }
    }

    /// `command` with `input`, ended by what ends this program in a terminal.
    #[must_use]
    pub fn attached(command: Command, input: &'a [u8]) -> Task<'a> {
        Task {
            command,
            input,
            is_detached: false,
        }
    }

    /// Runs it until it ends or `limit` does it. `read` gets its output while it runs, `on_line` each line of its messages.
    ///
    /// # Errors
    /// If it cannot be started, or `limit` ends it.
    pub fn run<T: Send>(
        mut self,
        limit: &dyn Limit,
        read: impl FnOnce(Stream<'_>) -> T + Send,
        on_line: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Ended<T>, ProcessError> {
        let program = self.command.get_program().to_string_lossy().into_owned();
        let failed = |source| ProcessError::Failed {
            program: program.clone(),
            source,
        };
        if let Some(reason) = limit.reached(Duration::ZERO) {
            return Err(reason);
        }
        let mut child = self.start().map_err(failed)?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(failed(io::Error::other("it has no output")));
        };
        let (stdin, input) = (child.stdin.take(), self.input);
        let (stdout, stderr) = (Source::from(stdout), Source::from(stderr));
        let state = State::default();
        thread::scope(|scope| {
            // Each in a thread of its own: a full pipe on either side would stop all.
            scope.spawn(move || {
                if let Some(mut stdin) = stdin {
                    // It says by itself what it makes of too little input.
                    let _ = stdin.write_all(input);
                }
            });
            let reader = scope.spawn(|| read(stdout.stream(&state)));
            let messages = scope.spawn(|| last_lines(stderr.stream(&state), on_line));
            let status = watch(&mut child, limit, self.is_detached);
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

    fn start(&mut self) -> io::Result<Child> {
        if self.is_detached {
            own_group(&mut self.command);
        }
        let has_input = !self.input.is_empty();
        self.command
            .stdin(if has_input { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

/// Waits for the end, or brings it about.
fn watch(child: &mut Child, limit: &dyn Limit, has_group: bool) -> Result<io::Result<ExitStatus>, ProcessError> {
    let start = Instant::now();
    let (mut pause, longest) = PAUSES;
    loop {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => return Ok(Ok(status)),
            Err(error) => return Ok(Err(error)),
        }
        if let Some(reason) = limit.reached(start.elapsed()) {
            end(child, has_group);
            return Err(reason);
        }
        thread::sleep(pause);
        pause = longest.min(pause * 2);
    }
}

/// Asks a process to end, and makes it.
fn end(child: &mut Child, has_group: bool) {
    if has_group {
        ask_to_end(child);
        let start = Instant::now();
        while start.elapsed() < GRACE {
            if !matches!(child.try_wait(), Ok(None)) {
                break;
            }
            thread::sleep(PAUSES.1);
        }
        // What the process started may still hold its output open.
        kill_group(child);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Keeps Ctrl-C in a terminal from reaching the process.
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

    fn within(milliseconds: u64) -> Limits {
        Limits {
            timeout: Some(Duration::from_millis(milliseconds)),
            ..Limits::default()
        }
    }

    #[test]
    fn output_and_messages_are_told_apart() {
        let mut lines = Vec::new();
        let ended = Task::new(shell("echo out; echo one >&2; echo two >&2; exit 3"))
            .run(&Limits::default(), text, &mut |line| lines.push(line.to_owned()))
            .unwrap();
        assert_eq!((ended.output.as_str(), ended.messages.as_str()), ("out\n", "one\ntwo"));
        assert_eq!(ended.status.code(), Some(3));
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_process_that_hangs_meets_the_clock_with_all_that_it_started() {
        let limits = within(200);
        let start = Instant::now();
        // The inner sleep holds the output open: were it left alone, reading would last a minute.
        let error = Task::new(shell("sleep 60 & sleep 60"))
            .run(&limits, text, &mut |_| {})
            .unwrap_err();
        assert!(matches!(error, ProcessError::TimedOut { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn input_larger_than_a_pipe_comes_through() {
        let input = vec![b'x'; 1_000_000];
        let mut command = Command::new("tee");
        command.arg("/dev/stderr");
        let ended = Task::attached(command, &input).run(&(), text, &mut |_| {}).unwrap();
        assert_eq!(ended.output.len(), input.len());
    }

    #[test]
    fn an_attached_process_is_ended_at_once() {
        let limits = within(100);
        let start = Instant::now();
        let task = Task::attached(shell("trap '' TERM; exec sleep 60"), b"");
        let error = task.run(&limits, text, &mut |_| {}).unwrap_err();
        assert!(matches!(error, ProcessError::TimedOut { .. }), "{error}");
        assert!(start.elapsed() < GRACE);
    }

    #[test]
    fn what_a_process_leaves_running_does_not_keep_its_reader() {
        let start = Instant::now();
        // A session of its own: no signal to the group reaches it, and it keeps the output open.
        let ended = Task::new(shell("setsid sleep 60 & echo started"))
            .run(&Limits::default(), text, &mut |_| {})
            .unwrap();
        assert_eq!((ended.output.as_str(), ended.status.code()), ("started\n", Some(0)));
        // One that writes without a pause is cut off.
        let ended = Task::new(shell("setsid yes >&2 & exit 3"))
            .run(&Limits::default(), text, &mut |_| {})
            .unwrap();
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
        let error = Task::new(shell("sleep 60"))
            .run(&limits, text, &mut |_| {})
            .unwrap_err();
        assert!(matches!(error, ProcessError::Cancelled), "{error}");
        waker.join().unwrap();
        // Nothing is started any more.
        assert!(Task::new(shell("true")).run(&limits, text, &mut |_| {}).is_err());
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Task::new(Command::new("plimsoll-no-such-program"))
            .run(&Limits::default(), text, &mut |_| {})
            .unwrap_err();
        assert!(error.to_string().contains("`plimsoll-no-such-program`"), "{error}");
    }
}
