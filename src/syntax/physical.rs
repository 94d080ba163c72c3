//! The physical layer: comments, blank lines, and the pieces of a logical line, which continuations join.
//!
//! Every byte of a file passes here, so this is code and no grammar: a parser made of one costs a call or two a character,
//! and counts the lines of all text behind an instruction for each of them.

use super::Logical;

/// The logical line at the beginning of `text`, and where its last piece ends. Comment and blank lines inside are dropped;
/// the last piece keeps the carriage returns before the newline.
pub(super) fn logical_line(text: &str, escape: char) -> (Logical, usize) {
    let (mut line, mut at) = (Logical::default(), 0);
    loop {
        let rest = behind(text, at);
        let length = piece(rest, escape);
        line.push(rest.get(..length).unwrap_or_default(), at);
        at += length;
        let Some(mark) = continuation_mark(behind(text, at), escape) else {
            return (line, at);
        };
        at += mark;
        at += trivia(behind(text, at));
    }
}

/// The length of the comments and blank lines at the beginning of `text`, and of blanks behind them up to its end.
pub(super) fn trivia(text: &str) -> usize {
    let mut at = 0;
    loop {
        let line = spaces(behind(text, at));
        let rest = behind(text, at + line);
        if rest.starts_with('#') {
            at += line + rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        } else if let Some(ending) = eol(rest) {
            at += line + ending;
        } else {
            return if rest.is_empty() { text.len() } else { at };
        }
    }
}

/// The length of the text before the next newline or continuation.
fn piece(text: &str, escape: char) -> usize {
    let mut at = 0;
    loop {
        let rest = behind(text, at);
        let Some(found) = rest.find(['\n', escape]) else {
            return text.len();
        };
        at += found;
        let rest = behind(text, at);
        let escapes = rest.len() - rest.trim_start_matches(escape).len();
        // Two escape characters continue nothing.
        if escapes == 0 || escapes == 1 && continuation_mark(rest, escape).is_some() {
            return at;
        }
        at += escapes;
    }
}

/// The length of an escape character with nothing but blanks up to the end of its line, that included.
fn continuation_mark(text: &str, escape: char) -> Option<usize> {
    let blanks = text.strip_prefix(escape)?;
    let end = blanks.trim_start_matches([' ', '\t']);
    let ending = if end.is_empty() { 0 } else { eol(end)? };
    Some(text.len() - end.len() + ending)
}

/// The length of the end of a line at the beginning of `text`: a newline, or the end of the text, with the carriage returns
/// before it.
fn eol(text: &str) -> Option<usize> {
    let rest = text.trim_start_matches('\r');
    let returns = text.len() - rest.len();
    if rest.starts_with('\n') {
        return Some(returns + 1);
    }
    (returns > 0 && rest.is_empty()).then_some(returns)
}

/// The length of Unicode's white space at the beginning of `text` within its line: all but the newline and the carriage
/// returns before it.
fn spaces(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|character| is_space(character) && character != '\r');
        let behind = rest.trim_start_matches('\r');
        let has_returns = behind.len() < rest.len();
        if !has_returns || behind.is_empty() || behind.starts_with('\n') {
            return text.len() - rest.len();
        }
        rest = behind;
    }
}

fn is_space(character: char) -> bool {
    character != '\n' && character.is_whitespace()
}

fn behind(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> (String, usize) {
        let (line, end) = logical_line(text, '\\');
        (line.text().to_owned(), end)
    }

    #[test]
    fn continuations_join_lines_and_drop_comments() {
        for (text, expected, rest) in [
            ("RUN a\nRUN b", "RUN a", "\nRUN b"),
            ("RUN a \\\n  b\n", "RUN a   b", "\n"),
            ("RUN a \\ \t\r\n# c\n\n  # d\r\n b\nX", "RUN a  b", "\nX"),
            ("RUN a \\\\\nX", "RUN a \\\\", "\nX"),
            ("RUN a \\b\\", "RUN a \\b", ""),
            ("RUN a \\\n\n\n", "RUN a ", ""),
            ("RUN a ` \nX", "RUN a ` ", "\nX"),
        ] {
            let (found, end) = line(text);
            assert_eq!((found.as_str(), behind(text, end)), (expected, rest), "{text:?}");
        }
        let (backtick, end) = logical_line("RUN a `\n\\b\n", '`');
        assert_eq!((backtick.text(), end), ("RUN a \\b", 10));
    }

    #[test]
    fn trivia_ends_before_the_blanks_of_an_instruction() {
        for (text, length) in [
            ("RUN a", 0),
            ("  RUN a", 0),
            ("# a\n \u{2003}\t# b\n\r\n  RUN", 15),
            ("\r\r\n\rRUN", 3),
            (" # a", 4),
            ("\n \u{3000}", 5),
            (" \r", 2),
        ] {
            assert_eq!(trivia(text), length, "{text:?}");
        }
    }
}
