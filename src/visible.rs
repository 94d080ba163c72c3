//! Names and messages as people may see them: control characters, which would command the terminal, become visible.

use std::borrow::Cow;

/// `name` on one line, with control characters (line breaks among them) written out as `\u{1b}`.
pub(crate) fn visible(name: &str) -> Cow<'_, str> {
    escaped(name, |_| 0)
}

/// The same for a text: its line breaks, tabs and colours stay.
pub(crate) fn visible_text(text: &str) -> Cow<'_, str> {
    escaped(text, |rest| match rest.as_bytes() {
        [b'\n' | b'\t', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => colour(rest),
    })
}

/// `text` with control characters written out, but for those at which `kept` says how many bytes stay as they are.
fn escaped(text: &str, kept: impl Fn(&str) -> usize) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_unseen) {
        let (plain, from) = rest.split_at(at);
        shown.push_str(plain);
        let (kept, left) = from.split_at(kept(from));
        shown.push_str(kept);
        let mut characters = left.chars();
        if kept.is_empty() {
            shown.extend(characters.next().into_iter().flat_map(char::escape_unicode));
        }
        rest = characters.as_str();
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Whether a character commands a terminal, or lets text appear in another order than it has.
fn is_unseen(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The length of the sequence for a colour or a style that `text` begins with; 0 where it begins with something else.
fn colour(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let length = rest
        .find(|c: char| !c.is_ascii_digit() && c != ';')
        .unwrap_or(rest.len());
    if rest[length..].starts_with('m') {
        2 + length + 1
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        for (text, name, whole) in [
            ("plain é", "plain é", "plain é"),
            ("a\nb\tc", "a\\u{a}b\\u{9}c", "a\nb\tc"),
            ("\u{1b}[1mx\u{1b}[0m", "\\u{1b}[1mx\\u{1b}[0m", "\u{1b}[1mx\u{1b}[0m"),
            ("\u{1b}]0;t\u{7}", "\\u{1b}]0;t\\u{7}", "\\u{1b}]0;t\\u{7}"),
            ("\u{1b}[2J", "\\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{1b}[1", "\\u{1b}[1", "\\u{1b}[1"),
            ("a\rb\r\n", "a\\u{d}b\\u{d}\\u{a}", "a\\u{d}b\r\n"),
            (
                "\u{9b}31m\u{7f}\u{202e}x",
                "\\u{9b}31m\\u{7f}\\u{202e}x",
                "\\u{9b}31m\\u{7f}\\u{202e}x",
            ),
        ] {
            assert_eq!(visible(text), name);
            assert_eq!(visible_text(text), whole);
        }
    }
}
