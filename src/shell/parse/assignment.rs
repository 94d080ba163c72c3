//! Assignments, and arrays in them.

use super::super::opaque::Opaque;
use super::super::tree::{Assignment, Word};
use super::Parser;
use super::draft::Draft;

impl Parser<'_> {
    /// Takes a word whose token was just taken; returns it with the elements of the array that may follow its `=`.
    pub(super) fn with_array(&mut self, word: Word) -> Result<Word, Opaque> {
        let begins_array =
            self.peeked.is_none() && self.byte(0) == Some(b'(') && head_length(&word.text) == Some(word.text.len());
        if !begins_array {
            return Ok(word);
        }
        let start = word.span.start;
        let mut draft = Draft::new();
        draft.absorb(word);
        self.expect("(")?;
        self.linebreak()?;
        while self.accept(")")?.is_none() {
            draft.absorb(self.expect_word()?);
            self.linebreak()?;
        }
        self.word_end = Some(self.taken);
        Ok(draft.finish(self.text, start..self.taken))
    }

    /// Takes the word of an assignment; returns its parts.
    pub(super) fn assignment(&self, mut word: Word) -> Option<Assignment> {
        let length = head_length(&word.text)?;
        let head = &word.text[..length];
        let name = variable_name(head).to_owned();
        let (append, span) = (head.ends_with("+="), word.span.clone());
        word.text.drain(..length);
        word.span.start += length;
        // A tilde is special at the beginning of a value and after each colon.
        let tilde = word.text.starts_with('~') || word.text.contains(":~");
        word.literal = word
            .literal
            .filter(|_| !tilde)
            .and_then(|text| text.get(length..).map(str::to_owned));
        let value = (!word.text.is_empty()).then_some(word);
        Some(Assignment {
            span,
            name,
            append,
            value,
        })
    }
}

/// Returns whether a word assigns to a variable or an element of an array.
pub(super) fn is_assignment(word: &Word) -> bool {
    head_length(&word.text).is_some()
}

/// Takes a word; returns the length of what is before the value, the `=` or `+=` included, or `None` when it does not
/// begin with the name of a variable, or element of an array, and that.
fn head_length(word: &str) -> Option<usize> {
    let mut at = variable_name(word).len();
    if at == 0 {
        return None;
    }
    if word[at..].starts_with('[') {
        let length = word[at..].find("]=").or_else(|| word[at..].find("]+="))? + 1;
        // What looks like the end of the index may be within a quotation or substitution.
        if word[at..at + length].contains(['(', '`', '"', '\'', '\\']) {
            return None;
        }
        at += length;
    }
    if word[at..].starts_with('+') {
        at += 1;
    }
    word[at..].starts_with('=').then_some(at + 1)
}

/// Takes a text; returns the name of a variable at its beginning, empty when there is none.
pub(super) fn variable_name(text: &str) -> &str {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return "";
    }
    &text[..text.bytes().take_while(is_name).count()]
}
