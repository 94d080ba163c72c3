//! A word while it is scanned.

use std::collections::BTreeSet;

use super::super::tree::{Script, Span, Word};

/// What is known of a word before its end is.
#[derive(Default)]
pub(super) struct Draft {
    /// The value so far, while it is the same in every shell and environment.
    pub(super) literal: Option<String>,
    pub(super) glob: bool,
    pub(super) substitutions: Vec<Script>,
    variables: Vec<String>,
    /// The same names: a word may name thousands.
    known: BTreeSet<String>,
}

impl Draft {
    /// Returns a word in which nothing was read.
    pub(super) fn new() -> Self {
        Draft {
            literal: Some(String::new()),
            ..Draft::default()
        }
    }

    /// Takes the name of a parameter that is expanded in the word.
    pub(super) fn expand(&mut self, name: &str) {
        self.literal = None;
        if !self.known.contains(name) {
            self.known.insert(name.to_owned());
            self.variables.push(name.to_owned());
        }
    }

    /// Takes a word that is a part of this one.
    pub(super) fn absorb(&mut self, part: Word) {
        self.literal = None;
        self.glob |= part.glob;
        self.substitutions.extend(part.substitutions);
        for name in part.variables {
            self.expand(&name);
        }
    }

    /// Takes the whole text and where the word is in it; returns the word.
    pub(super) fn finish(self, text: &str, span: Span) -> Word {
        Word {
            text: text[span.clone()].to_owned(),
            span,
            literal: self.literal,
            glob: self.glob,
            variables: self.variables,
            substitutions: self.substitutions,
        }
    }
}
