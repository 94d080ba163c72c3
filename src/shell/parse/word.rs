//! The inside of a word: quotes, escapes and globs.
//!
//! Bytes that matter are all ASCII, so that scanning bytes never splits a character.

use super::super::opaque::{Opaque, Reason};
use super::super::tree::{Span, Word};
use super::draft::Draft;
use super::{Parser, steps};

impl Parser<'_> {
    /// Scans one word at a place where one begins; returns it.
    pub(super) fn word(&mut self) -> Result<Word, Opaque> {
        let start = self.at;
        let mut draft = Draft::new();
        let mut bracket = None;
        let mut brace = Brace::None;
        while let Some(byte) = self.byte(0) {
            match byte {
                b' ' | b'\t' | b'\n' | b'&' | b')' | b';' | b'<' | b'>' | b'|' => break,
                b'\r' if self.is_line_ending() => break,
                b'(' if self.in_arithmetic || !self.follows_glob_sign(start) => break,
                b'(' => self.extended_glob(&mut draft)?,
                b'\\' | b'\'' | b'"' | b'$' | b'`' => self.unquoted_special(&mut draft, byte)?,
                b'*' | b'?' => self.glob(&mut draft),
                b']' if bracket.is_some_and(|open| self.at > open + 1) => self.glob(&mut draft),
                b'~' if self.at == start => self.not_literal(&mut draft),
                b'}' if brace == Brace::Listed => self.not_literal(&mut draft),
                _ => {
                    match byte {
                        b'[' => bracket = bracket.or(Some(self.at)),
                        b'{' => brace = Brace::Open,
                        b',' if brace == Brace::Open => brace = Brace::Listed,
                        b'.' if brace == Brace::Open && self.byte(1) == Some(b'.') => brace = Brace::Listed,
                        _ => {}
                    }
                    self.plain(&mut draft, is_word_byte);
                }
            }
        }
        steps::add(self.at - start);
        Ok(draft.finish(self.text, start..self.at))
    }

    /// Takes one byte, and those after it while `goes_on` holds, as they are.
    fn plain(&mut self, draft: &mut Draft, goes_on: fn(u8) -> bool) {
        let rest = &self.text.as_bytes()[self.at..self.end];
        let length = rest.iter().skip(1).take_while(|&&byte| goes_on(byte)).count() + 1;
        self.copy(draft, self.at..self.at + length);
    }

    /// Appends the text of `span` to the literal value and moves after it.
    pub(super) fn copy(&mut self, draft: &mut Draft, span: Span) {
        if let Some(literal) = &mut draft.literal {
            literal.push_str(&self.text[span.clone()]);
        }
        self.at = span.end;
    }

    pub(super) fn not_literal(&mut self, draft: &mut Draft) {
        draft.literal = None;
        self.at += 1;
    }

    fn glob(&mut self, draft: &mut Draft) {
        draft.glob = true;
        self.not_literal(draft);
    }

    fn follows_glob_sign(&self, start: usize) -> bool {
        self.at > start && matches!(self.text.as_bytes()[self.at - 1], b'@' | b'!' | b'?' | b'+' | b'*')
    }

    /// `@(a|b)` and its like, to the closing parenthesis.
    fn extended_glob(&mut self, draft: &mut Draft) -> Result<(), Opaque> {
        self.glob(draft);
        let mut depth = 1;
        while let Some(byte) = self.byte(0) {
            match byte {
                b'\\' | b'\'' | b'"' | b'$' | b'`' => {
                    self.unquoted_special(draft, byte)?;
                    continue;
                }
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
        Err(Reason::Unterminated("extended glob").at(self.end))
    }

    /// What begins with one of the bytes that are special outside of quotes wherever they are in a word.
    fn unquoted_special(&mut self, draft: &mut Draft, byte: u8) -> Result<(), Opaque> {
        match byte {
            b'\\' => self.escape(draft),
            b'\'' => self.single_quoted(draft),
            b'"' => self.double_quoted(draft),
            b'$' => self.dollar(draft, false),
            _ => self.backquoted(draft, false),
        }
    }

    /// A backslash outside of quotes.
    fn escape(&mut self, draft: &mut Draft) -> Result<(), Opaque> {
        if let Some(length) = self.continuation() {
            self.at += length;
            return Ok(());
        }
        let Some(escaped) = self.text[self.at + 1..self.end].chars().next() else {
            return Err(Reason::Unterminated("escape").at(self.at));
        };
        self.copy(draft, self.at + 1..self.at + 1 + escaped.len_utf8());
        Ok(())
    }

    pub(super) fn single_quoted(&mut self, draft: &mut Draft) -> Result<(), Opaque> {
        let start = self.at + 1;
        let Some(length) = self.text[start..self.end].find('\'') else {
            return Err(Reason::Unterminated("single quote").at(self.at));
        };
        self.copy(draft, start..start + length);
        self.at += 1;
        Ok(())
    }

    pub(super) fn double_quoted(&mut self, draft: &mut Draft) -> Result<(), Opaque> {
        let start = self.at;
        self.at += 1;
        while self.byte(0) != Some(b'"') {
            if self.byte(0).is_none() {
                return Err(Reason::Unterminated("double quote").at(start));
            }
            self.soft_quoted(draft, true)?;
        }
        self.at += 1;
        Ok(())
    }

    /// The next bit of text in which only `$`, backquote and backslash are special, as between double quotes and in
    /// here-documents. `quotes`: whether a backslash also escapes a double quote.
    pub(super) fn soft_quoted(&mut self, draft: &mut Draft, quotes: bool) -> Result<(), Opaque> {
        if self.continuation().is_some() {
            return self.escape(draft);
        }
        match (self.byte(0), self.byte(1)) {
            (Some(b'\\'), None) if quotes => Err(Reason::Unterminated("escape").at(self.at)),
            (Some(b'\\'), Some(b'$' | b'`' | b'\\')) => self.escape(draft),
            (Some(b'\\'), Some(b'"')) if quotes => self.escape(draft),
            (Some(b'$'), _) => self.dollar(draft, true),
            (Some(b'`'), _) => self.backquoted(draft, true),
            _ => {
                self.plain(draft, |byte| !matches!(byte, b'"' | b'\\' | b'$' | b'`'));
                Ok(())
            }
        }
    }
}

/// How far an unquoted brace expansion has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brace {
    None,
    /// `{` was seen.
    Open,
    /// A `,` or `..` was seen after it, so that a `}` completes an expansion.
    Listed,
}

/// Returns whether a byte within an unquoted word stands for itself whatever is around it.
fn is_word_byte(byte: u8) -> bool {
    !matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b'&'
            | b'('
            | b')'
            | b';'
            | b'<'
            | b'>'
            | b'|'
            | b'\\'
            | b'\''
            | b'"'
            | b'$'
            | b'`'
            | b'*'
            | b'?'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b','
            | b'.'
    )
}
