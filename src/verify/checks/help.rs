//! Whether a program that ends by itself answers `--help` and `--version` as before.

use std::time::Duration;

use crate::knowledge::is_shell;

use super::super::bench::{Image, Run, Workbench};
use super::super::engine::EngineError;
use super::Side;
use super::smoke::essence;
use crate::process::ProcessError;

/// The options that a program is asked.
const OPTIONS: [&str; 2] = ["--help", "--version"];

/// What the program of an image makes of an option: its exit code and what it writes; none where it goes on running.
type Answer = Option<(Option<i32>, String)>;

/// How the answers of two images compare.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Help {
    /// The options that both answer alike.
    pub(super) same: Vec<&'static str>,
    /// How an answer differs.
    pub(super) difference: Option<String>,
}

/// Asks both programs. What the original fails at, or answers differently when it is asked again, says nothing.
///
/// # Errors
/// If the engine fails.
pub(super) fn help(
    bench: &Workbench,
    (before, side): (&Image, Side<'_>),
    after: &Image,
    run: &Run<'_>,
) -> Result<Help, EngineError> {
    let words = [side.words("Entrypoint"), side.words("Cmd")].concat();
    // A shell takes the option for itself.
    let is_shell = |word: &String| is_shell(word.rsplit('/').next().unwrap_or(word));
    if words.first().is_none_or(is_shell) {
        return Ok(Help::default());
    }
    let ask = |image: &Image, option: &str| -> Result<Answer, EngineError> {
        let command = [words.clone(), vec![option.to_owned()]].concat();
        let run = Run {
            command: Some(&command),
            ..run.clone()
        };
        match bench.run(image, &run) {
            Ok((code, output, _)) => Ok(Some((code, output.lines().map(essence).collect::<Vec<_>>().join("\n")))),
            Err(EngineError::Process(ProcessError::TimedOut { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    };
    compare(|option| ask(before, option), |option| ask(after, option))
}

fn compare<E>(
    before: impl Fn(&str) -> Result<Answer, E>,
    after: impl Fn(&str) -> Result<Answer, E>,
) -> Result<Help, E> {
    let mut found = Help::default();
    for option in OPTIONS {
        let old = before(option)?;
        if !matches!(&old, Some((Some(0), output)) if !output.trim().is_empty()) {
            continue;
        }
        let new = after(option)?;
        if new == old {
            found.same.push(option);
        } else if found.difference.is_none() && before(option)? == old {
            found.difference = Some(match new {
                Some((Some(0), _)) => format!("{option} has another answer"),
                Some((Some(code), _)) => format!("{option} now ends with exit code {code}"),
                _ => format!("{option} is not answered any more"),
            });
        }
    }
    Ok(found)
}

/// How long a program may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    fn compared(before: impl Fn(&str) -> Answer, after: impl Fn(&str) -> Answer) -> Help {
        let Ok(found) = compare::<Infallible>(|option| Ok(before(option)), |option| Ok(after(option)));
        found
    }

    fn answer(code: i32, text: &str) -> Answer {
        Some((Some(code), text.to_owned()))
    }

    #[test]
    fn answers_are_compared_where_the_original_has_one() {
        let usage = |_: &str| answer(0, "usage: depth");
        assert_eq!(compared(usage, usage).same, ["--help", "--version"]);
        let lost = compared(usage, |_| answer(127, ""));
        assert_eq!(lost.difference.as_deref(), Some("--help now ends with exit code 127"));
        let other = compared(usage, |_| answer(0, "usage: deep"));
        assert_eq!(other.difference.as_deref(), Some("--help has another answer"));
        let hangs = compared(usage, |_| None);
        assert_eq!(hangs.difference.as_deref(), Some("--help is not answered any more"));
        for nothing in [answer(2, "usage"), answer(0, "\n"), None] {
            assert_eq!(compared(|_| nothing.clone(), |_| answer(1, "")), Help::default());
        }
    }

    #[test]
    fn what_changes_by_itself_says_nothing() {
        let count = Cell::new(0);
        let clock = |_: &str| {
            count.set(count.get() + 1);
            answer(0, &format!("usage, at {}", count.get()))
        };
        assert_eq!(compared(clock, |_| answer(0, "usage, at 0")), Help::default());
    }
}
