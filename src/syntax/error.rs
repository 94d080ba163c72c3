//! What is wrong with a file that BuildKit would reject too.

use std::fmt;

use crate::visible::visible;

/// A place in a Dockerfile that cannot be read, with what is needed to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SyntaxError {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The text of that line.
    pub text: String,
    /// What was found.
    pub found: String,
    /// What was expected in its place.
    pub expected: String,
    /// What to do about it.
    pub help: String,
}

impl SyntaxError {
    /// An error at the byte `offset` of `text`, the whole text of `file`. Other readers of the user's files (the
    /// configuration, the command line) report in the same form with it.
    pub fn at(
        file: &str,
        text: &str,
        offset: usize,
        found: impl Into<String>,
        expected: impl Into<String>,
        help: impl Into<String>,
    ) -> SyntaxError {
        Problem::new(offset, found, expected, help).locate(file, text)
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        // A line of some thousand characters would hide the message.
        let text: String = self
            .text
            .chars()
            .take(160)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        writeln!(f, "{}", visible(&self.found))?;
        writeln!(f, "{margin}--> {}:{}:{}", visible(&self.file), self.line, self.column)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {text}")?;
        if self.column <= 160 {
            writeln!(f, "{margin} | {}^", " ".repeat(self.column.saturating_sub(1)))?;
        }
        writeln!(f, "{margin} = expected: {}", visible(&self.expected))?;
        write!(f, "{margin} = help: {}", visible(&self.help))
    }
}

/// A [`SyntaxError`] that does not know its file yet: `at` is a byte offset into the text at hand.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) at: usize,
    pub(super) found: String,
    pub(super) expected: String,
    pub(super) help: String,
}

impl Problem {
    pub(super) fn new(
        at: usize,
        found: impl Into<String>,
        expected: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Problem {
            at,
            found: found.into(),
            expected: expected.into(),
            help: help.into(),
        }
    }

    /// The same problem in a text in which the text at hand begins at `offset`.
    pub(super) fn shifted(mut self, offset: usize) -> Self {
        self.at += offset;
        self
    }

    /// Gives the problem its place in `text`, the whole text of `file`.
    pub(super) fn locate(self, file: &str, text: &str) -> SyntaxError {
        let mut at = self.at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let (before, after) = text.split_at(at);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let left = before.get(start..).unwrap_or_default().trim_start_matches('\u{FEFF}');
        let right = after.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        SyntaxError {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: left.chars().count() + 1,
            text: format!("{left}{right}"),
            found: self.found,
            expected: self.expected,
            help: self.help,
        }
    }
}
