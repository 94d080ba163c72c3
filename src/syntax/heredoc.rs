//! Heredocs: files written in line behind RUN, COPY and ADD.

use std::ops::Range;

use super::Logical;
use super::lex::{Mode, split_words};

/// A heredoc. Ranges count from the beginning of the instruction's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it, without quotes.
    pub name: String,
    /// Whether variables are expanded in the body: not where the word is quoted.
    pub expand: bool,
    /// Whether tabs at the beginning of lines are taken away (`<<-`).
    pub strip_tabs: bool,
    /// The file descriptor before `<<`, if there is one.
    pub descriptor: Option<u32>,
    /// The body, the newline before the terminator included.
    pub body: Range<usize>,
}

/// The heredocs that a logical line announces, with empty bodies. Words are split as BuildKit does, which always
/// escapes with a backslash here, whatever the file's escape character is.
pub(super) fn find(line: &Logical) -> Vec<Heredoc> {
    if !line.text().contains("<<") {
        return Vec::new();
    }
    // Where the words don't parse, BuildKit sees no heredoc and leaves the error to the shell.
    let words = split_words(line.text(), Mode::RAW).unwrap_or_default();
    words.iter().filter_map(|word| from_word(word)).collect()
}

/// The heredoc that `word` announces: `<<EOF`, `3<<-"EOF"`.
pub(super) fn from_word(word: &str) -> Option<Heredoc> {
    let (digits, rest) = word.split_once("<<")?;
    if !digits.chars().all(|c| c.is_ascii_digit()) || rest.contains('<') {
        return None;
    }
    let (strip_tabs, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    let rest = rest.trim_start_matches([' ', '\t', '\n', '\u{C}', '\r']);
    let [name] = <[String; 1]>::try_from(split_words(rest, Mode::PLAIN).ok()?).ok()?;
    let [raw] = <[String; 1]>::try_from(split_words(rest, Mode::QUOTED).ok()?).ok()?;
    let quotes = |text: &str| text.matches(['\'', '"']).count();
    Some(Heredoc {
        expand: quotes(&name) == quotes(&raw),
        name,
        strip_tabs,
        descriptor: digits.parse().ok(),
        body: 0..0,
    })
}
