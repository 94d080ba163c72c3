//! The parser that pest makes of `grammar/dockerfile.pest`.

#![allow(
    missing_docs,
    reason = "pest generates one public item per rule; the grammar documents them"
)]

use pest_derive::Parser;

#[derive(Parser)]
#[grammar = "../grammar/dockerfile.pest"]
pub(super) struct Grammar;

/// The character that continues a line and escapes the next character: `\` unless an `escape` directive says `` ` ``.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    Backslash,
    Backtick,
}

impl Escape {
    /// What the value of an `escape` directive stands for.
    pub(super) fn from_value(value: &str) -> Option<Escape> {
        match value {
            "\\" => Some(Escape::Backslash),
            "`" => Some(Escape::Backtick),
            _ => None,
        }
    }

    pub(super) fn character(self) -> char {
        match self {
            Escape::Backslash => '\\',
            Escape::Backtick => '`',
        }
    }

    /// The entry rule for an instruction's flags.
    pub(super) fn flags(self) -> Rule {
        match self {
            Escape::Backslash => Rule::flags_backslash,
            Escape::Backtick => Rule::flags_backtick,
        }
    }

    /// The entry rule for words in which quotes and escapes count.
    pub(super) fn quoted_words(self) -> Rule {
        match self {
            Escape::Backslash => Rule::quoted_words_backslash,
            Escape::Backtick => Rule::quoted_words_backtick,
        }
    }
}
