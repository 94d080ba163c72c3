//! The smoke test: does the program start and behave as before?

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::bench::{Image, Run, Workbench};
use super::super::engine::{EngineError, Kind, NOT_STARTED};
use super::super::report::Check;
use super::{Side, help};
use crate::process::ProcessError;

/// How long a program may take to answer a health check or to open its port.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a program that nobody waits for is looked at.
const GLANCE: Duration = Duration::from_secs(5);

/// How long both are looked at again where they disagree: what one did a moment later may be what the other does.
const LONG_LOOK: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(300);

/// What the user asks of the test.
#[derive(Clone, Debug, Default)]
pub struct Smoke {
    /// The command that must succeed.
    pub command: Option<String>,
    /// Whether containers have a network.
    pub has_network: bool,
}

/// How a test of one image ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Good,
    Bad(String),
}

/// Runs the test in both images: the user's command, else the health check, else the port, else a look at how the
/// program starts.
///
/// # Errors
/// If the engine fails.
pub fn smoke(
    bench: &Workbench,
    before: (&Image, Side<'_>),
    after: (&Image, Side<'_>),
    smoke: &Smoke,
) -> Result<Check, EngineError> {
    if let Some(command) = &smoke.command {
        let (old, new) = (
            by_command(bench, before, command, smoke)?,
            by_command(bench, after, command, smoke)?,
        );
        return Ok(verdict(&format!("`{command}`"), old, &new, true));
    }
    let health = health_check(before.1.configuration);
    // What the original fails at says nothing of the rewrite.
    let mut not_compared = Vec::new();
    let mut leave_out = |test: &str, end: End| match end {
        End::Good => {}
        End::Bad(why) => not_compared.push(format!("{test}, which does not succeed in the original image: {why}")),
    };
    if bench.engine.kind == Kind::Buildah {
        // Its containers live no longer than one command.
        return at_start(bench, before, after, smoke);
    }
    if let Some(command) = health {
        let old = watched(bench, before.0, smoke, &mut |container| {
            healthy(bench, container, &command)
        })?;
        if old == End::Good {
            let new = watched(bench, after.0, smoke, &mut |container| {
                healthy(bench, container, &command)
            })?;
            return Ok(verdict("the health check", old, &new, false));
        }
        leave_out("the health check", old);
    } else if let Some(port) = port(before.1.configuration) {
        let old = watched(bench, before.0, smoke, &mut |container| {
            Ok(listens(bench, container, port))
        })?;
        if old == End::Good {
            let new = watched(bench, after.0, smoke, &mut |container| {
                Ok(listens(bench, container, port))
            })?;
            return Ok(verdict(&format!("waiting for port {port}"), old, &new, false));
        }
        leave_out(&format!("waiting for port {port}"), old);
    }
    Ok(at_start(bench, before, after, smoke)?.without(not_compared))
}

fn verdict(test: &str, before: End, after: &End, is_wanted: bool) -> Check {
    match (before, after) {
        (End::Good, End::Good) => Check::passed("smoke-test", format!("{test} succeeds in both images")),
        (End::Good, End::Bad(why)) => Check::failed(
            "smoke-test",
            format!("{test} succeeds in the original image and fails in the rewritten one: {why}"),
        ),
        (End::Bad(why), _) if is_wanted => Check::failed(
            "smoke-test",
            format!("{test} fails in the original image already: {why}"),
        ),
        (End::Bad(why), _) => Check::unknown(
            "smoke-test",
            format!("{test} fails in the original image already: {why}"),
        ),
    }
}

fn by_command(
    bench: &Workbench,
    (image, side): (&Image, Side<'_>),
    command: &str,
    smoke: &Smoke,
) -> Result<End, EngineError> {
    let has_shell = side.files.is_program("/bin/sh");
    let words: Vec<String> = if has_shell {
        ["/bin/sh", "-c", command].map(str::to_owned).to_vec()
    } else {
        command.split_whitespace().map(str::to_owned).collect()
    };
    let run = Run {
        command: Some(&words),
        has_network: smoke.has_network,
        ..Run::default()
    };
    let (code, output, messages) = bench.run(image, &run)?;
    Ok(match code {
        Some(0) => End::Good,
        code => End::Bad(format!("{}{}", exit(code), last_line(&messages, &output))),
    })
}

/// Why the original image says nothing; `why` begins with a comma.
fn not_started(why: &str) -> String {
    format!("the engine did not start the program of the original image{why}")
}

fn exit(code: Option<i32>) -> String {
    code.map_or("it was killed".to_owned(), |code| format!("exit code {code}"))
}

pub(super) fn last_line(messages: &str, output: &str) -> String {
    let mut lines = messages.lines().rev().chain(output.lines().rev());
    let line = lines.find(|line| !line.trim().is_empty());
    line.map(|line| format!(", {}", line.trim())).unwrap_or_default()
}

/// The words of the health check; none where there is none.
fn health_check(configuration: &Value) -> Option<Vec<String>> {
    let words = configuration["Healthcheck"]["Test"].as_array()?;
    let words: Vec<String> = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    match words.split_first()? {
        (kind, rest) if kind == "CMD" => Some(rest.to_vec()),
        (kind, rest) if kind == "CMD-SHELL" => Some([&["/bin/sh".to_owned(), "-c".to_owned()], rest].concat()),
        _ => None,
    }
}

/// The first TCP port that the image exposes.
fn port(configuration: &Value) -> Option<u16> {
    let ports = configuration["ExposedPorts"].as_object()?;
    let mut ports: Vec<u16> = ports
        .keys()
        .filter(|port| !port.ends_with("/udp"))
        .filter_map(|port| port.split('/').next()?.parse().ok())
        .collect();
    ports.sort_unstable();
    ports.first().copied()
}

/// Starts the image, and asks until the answer is yes, the program ends or the patience does.
fn watched(
    bench: &Workbench,
    image: &Image,
    smoke: &Smoke,
    ask: &mut dyn FnMut(&str) -> Result<bool, EngineError>,
) -> Result<End, EngineError> {
    let run = Run {
        has_network: smoke.has_network,
        ..Run::default()
    };
    let container = match bench.start(image, &run) {
        Ok(container) => container,
        Err(EngineError::Command { message, .. }) => return Ok(End::Bad(message)),
        Err(error) => return Err(error),
    };
    let start = Instant::now();
    let end = loop {
        match ask(&container) {
            Ok(true) => break Ok(End::Good),
            Ok(false) => {}
            Err(error) => break Err(error),
        }
        match bench.state(&container) {
            Ok(None) => {}
            Ok(Some(code)) => {
                let log = bench.log(&container);
                break Ok(End::Bad(format!(
                    "the program ends with {}{}",
                    exit(Some(code)),
                    last_line(&log, "")
                )));
            }
            Err(error) => break Err(error),
        }
        if start.elapsed() > PATIENCE {
            break Ok(End::Bad(format!("no success within {} s", PATIENCE.as_secs())));
        }
        thread::sleep(PAUSE);
    };
    bench.remove_container(&container);
    end
}

fn healthy(bench: &Workbench, container: &str, command: &[String]) -> Result<bool, EngineError> {
    let args = [&["exec".to_owned(), container.to_owned()], command].concat();
    match bench.engine.ended(&args, Some(PATIENCE)) {
        Ok(ended) => Ok(ended.status.success()),
        Err(EngineError::Process(ProcessError::TimedOut { .. })) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether something listens on `port` in the container, by the kernel's own list.
fn listens(bench: &Workbench, container: &str, port: u16) -> bool {
    ["tcp", "tcp6"].into_iter().any(|kind| {
        // The list of the process from outside, where the engine runs on this machine; else a program in the image.
        let outside = bench
            .process(container)
            .and_then(|process| std::fs::read_to_string(format!("/proc/{process}/net/{kind}")).ok());
        let list = outside.or_else(|| {
            let args = ["exec", container, "cat", &format!("/proc/net/{kind}")].map(str::to_owned);
            Some(bench.engine.ended(&args, Some(PATIENCE)).ok()?.output)
        });
        list.is_some_and(|list| has_listener(&list, port))
    })
}

/// Whether a table of `/proc/net` has a socket that listens (state 0A) on `port`.
fn has_listener(table: &str, port: u16) -> bool {
    table.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next().and_then(|local| local.rsplit(':').next());
        let state = fields.nth(1);
        local.is_some_and(|hex| u16::from_str_radix(hex, 16) == Ok(port)) && state == Some("0A")
    })
}

/// Starts both images as they are, and compares whether and how the program ends.
fn at_start(
    bench: &Workbench,
    before: (&Image, Side<'_>),
    after: (&Image, Side<'_>),
    smoke: &Smoke,
) -> Result<Check, EngineError> {
    let side = before.1;
    if side.words("Entrypoint").is_empty() && side.words("Cmd").is_empty() {
        return Ok(Check::skipped(
            "smoke-test",
            "the image starts nothing by itself; --smoke COMMAND tests it",
        ));
    }
    let look = |image: &Image, time: Duration| -> Result<Started, EngineError> {
        let run = Run {
            has_network: smoke.has_network,
            timeout: Some(time),
            ..Run::default()
        };
        match bench.run(image, &run) {
            Ok((Some(NOT_STARTED), output, messages)) => Ok(Started::Not(last_line(&messages, &output))),
            Ok((code, output, messages)) => Ok(Started::Ended(code, output, messages)),
            Err(EngineError::Process(ProcessError::TimedOut { .. })) => Ok(Started::Runs),
            Err(error) => Err(error),
        }
    };
    let old = look(before.0, GLANCE)?;
    let new = look(after.0, GLANCE)?;
    let start = compare_starts(&old, &new, &mut || {
        Ok((look(before.0, LONG_LOOK)?, look(after.0, LONG_LOOK)?))
    })?;
    // A program whose output is another one each time may have another help, too.
    let is_asked = matches!((&old, &new), (Started::Ended(code, output, _), Started::Ended(_, other, _)) if *code != Some(0) || output == other);
    if start.is_failed() || start.is_incomplete() || !is_asked {
        return Ok(start);
    }
    let run = Run {
        has_network: smoke.has_network,
        timeout: Some(help::PATIENCE),
        ..Run::default()
    };
    let help = help::help(bench, before, after.0, &run)?;
    Ok(match help.difference {
        Some(difference) => Check::failed("smoke-test", format!("{}, but {difference}", start.reason)),
        None if help.same.is_empty() => start,
        None => Check::passed(
            "smoke-test",
            format!("{}; it answers {} as before", start.reason, help.same.join(" and ")),
        ),
    })
}

/// Compares how a program starts in two images. `again` starts both once more, and looks longer: a disagreement counts
/// only where it is one both times.
fn compare_starts(
    old: &Started,
    new: &Started,
    again: &mut dyn FnMut() -> Result<(Started, Started), EngineError>,
) -> Result<Check, EngineError> {
    if old.is_like(new) {
        return compare_alike(old, new, again);
    }
    let (old, new) = again()?;
    compare_alike(&old, &new, again)
}

fn compare_alike(
    old: &Started,
    new: &Started,
    again: &mut dyn FnMut() -> Result<(Started, Started), EngineError>,
) -> Result<Check, EngineError> {
    if let Some(check) = not_run(old, new) {
        return Ok(check);
    }
    Ok(match (old, new) {
        (Started::Runs, Started::Runs) => Check::passed(
            "smoke-test",
            format!("the program starts in both images and runs for {} s", GLANCE.as_secs()),
        ),
        (Started::Ended(one, ..), Started::Ended(other, messages, output)) if one != other => Check::failed(
            "smoke-test",
            format!(
                "the program ended with {} and now ends with {}{}",
                exit(*one),
                exit(*other),
                last_line(output, messages)
            ),
        ),
        (Started::Ended(code, ..), Started::Ended(..)) if *code != Some(0) => {
            // Both fail, for lack of a database perhaps; a new complaint is another failure. What comes and goes by
            // chance is not: both are asked twice.
            let mut known = complaints(old);
            let mut new = complaints(new);
            if new.iter().any(|line| !known.contains(line)) {
                let (old_again, new_again) = again()?;
                if let Some(check) = not_run(&old_again, &new_again) {
                    return Ok(check);
                }
                known.extend(complaints(&old_again));
                let again = complaints(&new_again);
                new.retain(|line| again.contains(line));
            }
            match new.difference(&known).next() {
                Some(line) => Check::failed(
                    "smoke-test",
                    format!(
                        "the program ends in both images with {}, but now says: {line}",
                        exit(*code)
                    ),
                ),
                None => Check::passed(
                    "smoke-test",
                    format!(
                        "the program ends in both images with {} and the same complaints",
                        exit(*code)
                    ),
                ),
            }
        }
        (Started::Ended(code, output, _), Started::Ended(_, other, _)) => {
            if essences(output) != essences(other) {
                let (old_again, new_again) = again()?;
                if let Some(check) = not_run(&old_again, &new_again) {
                    return Ok(check);
                }
                if has_new_output((old, new), (&old_again, &new_again)) {
                    return Ok(Check::failed(
                        "smoke-test",
                        format!(
                            "the program ends in both images with {}, but now writes something else{}",
                            exit(*code),
                            last_line("", other)
                        ),
                    ));
                }
            }
            let same = if output == other { " and the same output" } else { "" };
            Check::passed(
                "smoke-test",
                format!("the program ends in both images with {}{same}", exit(*code)),
            )
        }
        (Started::Runs, Started::Ended(code, output, messages)) => Check::failed(
            "smoke-test",
            format!(
                "the program went on running and now ends with {}{}",
                exit(*code),
                last_line(messages, output)
            ),
        ),
        (Started::Ended(code, ..), Started::Runs) => Check::failed(
            "smoke-test",
            format!("the program ended with {} and now goes on running", exit(*code)),
        ),
        (Started::Not(_), _) | (_, Started::Not(_)) => Check::unknown("smoke-test", not_started("")),
    })
}

/// The answer where one of the programs was not started.
fn not_run(old: &Started, new: &Started) -> Option<Check> {
    match (old, new) {
        (Started::Not(why), _) => Some(Check::unknown("smoke-test", not_started(why))),
        (_, Started::Not(why)) => Some(Check::failed(
            "smoke-test",
            format!("the engine does not start the program of the rewritten image{why}"),
        )),
        _ => None,
    }
}

/// Whether a program writes something else in the new image, twice, while in the old one it wrote the same twice.
fn has_new_output((old, new): (&Started, &Started), (old_again, new_again): (&Started, &Started)) -> bool {
    let written = |started: &Started| match started {
        Started::Ended(_, output, _) => Some(essences(output)),
        Started::Runs | Started::Not(_) => None,
    };
    written(old) == written(old_again) && written(new) == written(new_again)
}

impl Started {
    /// Whether both run, or both end with the same code.
    fn is_like(&self, other: &Started) -> bool {
        match (self, other) {
            (Started::Runs, Started::Runs) => true,
            (Started::Ended(one, ..), Started::Ended(other, ..)) => one == other,
            // There is nothing to look at again.
            (Started::Not(_), _) => true,
            _ => false,
        }
    }
}

#[derive(Clone)]
enum Started {
    /// The engine did not start it, or does not tell; with what it said of that.
    Not(String),
    Runs,
    /// The exit code, what it wrote, and its messages.
    Ended(Option<i32>, String, String),
}

/// The lines in which a program says what went wrong, without what differs from run to run and from image to image:
/// numbers, and the folders of packages.
fn complaints(started: &Started) -> BTreeSet<String> {
    const WORDS: [&str; 7] = [
        "error",
        "exception",
        "cannot",
        "can't",
        "not found",
        "no such file",
        "failed",
    ];
    let Started::Ended(_, output, messages) = started else {
        return BTreeSet::new();
    };
    let lines = output.lines().chain(messages.lines()).map(str::trim);
    let is_complaint = |line: &&str| {
        let line = line.to_lowercase();
        WORDS.iter().any(|word| line.contains(word))
    };
    lines.filter(is_complaint).map(essence).collect()
}

/// The lines of an output, without what differs from run to run.
fn essences(output: &str) -> Vec<String> {
    output.lines().map(essence).collect()
}

/// A line without numbers, and without the folders before those of packages.
pub(super) fn essence(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let places = ["site-packages/", "dist-packages/", "node_modules/"];
        let word = match places.iter().find_map(|place| word.rfind(place)) {
            Some(at) => &word[at..],
            None => word,
        };
        let is_number = |part: &str| part.len() >= 6 && part.chars().all(|letter| letter.is_ascii_hexdigit());
        let parts = word.split_inclusive(|letter: char| !letter.is_alphanumeric());
        parts
            .map(|part| {
                let bare = part.trim_end_matches(|letter: char| !letter.is_alphanumeric());
                let rest = &part[bare.len()..];
                let bare = if is_number(bare) { "0" } else { bare };
                let letters = bare
                    .chars()
                    .map(|letter| if letter.is_ascii_digit() { '0' } else { letter });
                letters.collect::<String>() + rest
            })
            .collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn health_checks_and_ports() {
        let health = |test: Value| health_check(&json!({"Healthcheck": {"Test": test}}));
        assert_eq!(health(json!(["CMD", "curl", "x"])).unwrap(), ["curl", "x"]);
        assert_eq!(
            health(json!(["CMD-SHELL", "curl x"])).unwrap(),
            ["/bin/sh", "-c", "curl x"]
        );
        assert_eq!(health(json!(["NONE"])), None);
        assert_eq!(health_check(&json!({})), None);
        assert_eq!(
            port(&json!({"ExposedPorts": {"9000/tcp": {}, "53/udp": {}, "8080/tcp": {}}})),
            Some(8080)
        );
    }

    #[test]
    fn listeners_are_read() {
        let table = "  sl  local_address rem_address   st\n   0: 00000000:1F90 00000000:0000 0A 00000000\n   1: 0100007F:0050 00000000:0000 01 0\n";
        assert!(has_listener(table, 8080));
        assert!(!has_listener(table, 80));
    }

    #[test]
    fn complaints_are_the_same_but_for_numbers_and_places() {
        let ended = |text: &str| Started::Ended(Some(1), String::new(), text.to_owned());
        let before =
            "start\nFile \"/usr/local/lib/python3.11/site-packages/a.py\", line 3, error\nError: 7f3a9c21 at 12:01\n";
        let after =
            "begin\nFile \"/opt/venv/lib/python3.11/site-packages/a.py\", line 9, error\nError: 11aa22bb at 13:44\n";
        assert_eq!(complaints(&ended(before)), complaints(&ended(after)));
        let other = complaints(&ended("ImportError: libpq.so.5: cannot open shared object file"));
        assert_eq!(
            other.into_iter().collect::<Vec<_>>(),
            ["ImportError: libpq.so.0: cannot open shared object file"]
        );
        assert!(complaints(&ended("all is well")).is_empty());
    }

    fn start(old: &Started, new: &Started, again: (Started, Started)) -> Check {
        compare_starts(old, new, &mut || Ok(again.clone())).unwrap()
    }

    #[test]
    fn a_disagreement_about_starting_is_looked_at_again() {
        let ended = |code| Started::Ended(Some(code), String::new(), "no redis".to_owned());
        let settled = (ended(1), ended(1));
        assert!(!start(&Started::Runs, &ended(1), settled.clone()).is_failed());
        assert!(!start(&ended(1), &Started::Runs, settled).is_failed());
        assert!(start(&Started::Runs, &ended(1), (Started::Runs, ended(1))).is_failed());
        assert!(!start(&ended(0), &ended(1), (ended(0), ended(0))).is_failed());
        assert!(start(&ended(0), &ended(1), (ended(0), ended(1))).is_failed());
    }

    #[test]
    fn a_program_that_did_not_start_passes_nothing() {
        let ended = |code| Started::Ended(Some(code), String::new(), String::new());
        let not = || Started::Not(", no such file".to_owned());
        for new in [not(), ended(0), Started::Runs] {
            assert!(start(&not(), &new, (ended(0), ended(0))).is_incomplete());
        }
        assert!(start(&ended(0), &not(), (ended(0), not())).is_failed());
        // It did at first, and not when it was looked at again.
        assert!(start(&ended(0), &ended(1), (not(), not())).is_incomplete());
        let complains = Started::Ended(Some(1), String::new(), "error".to_owned());
        assert!(start(&ended(1), &complains, (not(), not())).is_incomplete());
        let wrote = Started::Ended(Some(0), "x".to_owned(), String::new());
        assert!(start(&ended(0), &wrote, (not(), not())).is_incomplete());
    }

    #[test]
    fn another_output_counts_where_the_original_always_writes_the_same() {
        let wrote = |text: &str| Started::Ended(Some(0), text.to_owned(), String::new());
        let (found, missing) = (wrote("git 2.39 of 7f3a9c21\n"), wrote("no git, going on\n"));
        assert!(start(&found, &missing, (found.clone(), missing.clone())).is_failed());
        assert!(!start(&found, &missing, (wrote("another\n"), missing.clone())).is_failed());
        assert!(!start(&found, &wrote("git 2.40 of 11aa22bb\n"), (found.clone(), missing)).is_failed());
    }

    #[test]
    fn a_test_that_fails_in_the_original_says_nothing_of_the_rewrite() {
        let bad = || End::Bad("x".to_owned());
        assert!(!verdict("it", bad(), &End::Good, false).is_failed());
        assert!(verdict("it", bad(), &End::Good, true).is_failed());
        assert!(verdict("it", End::Good, &bad(), false).is_failed());
    }
}
