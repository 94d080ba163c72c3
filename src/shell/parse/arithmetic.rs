//! Arithmetic: `(( … ))`, `for (( … ))` and `$(( … ))`.

use super::super::opaque::{Opaque, Reason};
use super::super::tree::{CompoundKind, Word};
use super::assignment::variable_name;
use super::compound::Inside;
use super::draft::Draft;
use super::{Parser, steps};

/// How far to look for the end of an expression. What is longer is taken for commands in two pairs of parentheses.
const MAX_EXPRESSION: usize = 4096;

impl Parser<'_> {
    /// Takes where the `(` is that was just taken; returns the words of the `(( … ))` that begins with it, or `None`
    /// when it is the beginning of a subshell.
    pub(super) fn arithmetic_command(&mut self, open: usize) -> Result<Option<Inside>, Opaque> {
        let Some(end) = self.end_of_expression(open, false) else {
            return Ok(None);
        };
        let mut inside = Inside::of(CompoundKind::Arithmetic, Vec::new());
        inside.words = self.expression_words(open, end)?;
        Ok(Some(inside))
    }

    /// Takes where the `(` after `for` is; returns what is inside of the loop.
    pub(super) fn arithmetic_for(&mut self, open: usize) -> Result<Inside, Opaque> {
        let Some(end) = self.end_of_expression(open, true) else {
            return Err(Reason::Syntax.at(open));
        };
        let mut inside = Inside::of(CompoundKind::For, Vec::new());
        inside.words = self.expression_words(open, end)?;
        inside.bodies.push(self.loop_body()?);
        Ok(inside)
    }

    /// Takes where `((` begins and where the text after its `))` begins; returns the words in between and moves there.
    fn expression_words(&mut self, open: usize, end: usize) -> Result<Vec<Word>, Opaque> {
        let mut inner = Parser::new(self.text, open + 2..end - 2, self.deeper()?);
        inner.in_arithmetic = true;
        let mut words = Vec::new();
        loop {
            inner.skip_blanks();
            match inner.byte(0) {
                None => break,
                Some(b'(' | b')' | b';' | b'&' | b'|' | b'<' | b'>' | b'\n') => inner.at += 1,
                Some(_) => words.push(inner.word()?),
            }
        }
        self.at = end;
        self.taken = end;
        Ok(words)
    }

    /// Takes where a `(` is and whether the expression may contain `;`; returns where the text after the expression
    /// begins, or `None` when there is none: `((a); b)` are two subshells, and `((a; b))` too in every shell but Bash.
    pub(super) fn end_of_expression(&self, open: usize, semicolons: bool) -> Option<usize> {
        let bytes = self.text.as_bytes().get(..self.end)?;
        if !bytes.get(open..)?.starts_with(b"((") {
            return None;
        }
        let mut at = open + 2;
        let mut depth = 2usize;
        while at < bytes.len().min(open + MAX_EXPRESSION) {
            steps::add(1);
            match bytes[at] {
                b'(' => depth += 1,
                b')' if depth == 2 => return bytes[at..].starts_with(b"))").then_some(at + 2),
                b')' => depth -= 1,
                b';' if depth == 2 && !semicolons => return None,
                b'\\' => at += 1,
                quote @ (b'\'' | b'"') => at = end_of_quotation(bytes, at, quote)?,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// The whole range as an arithmetic expression, in which a bare name is a parameter too.
    pub(super) fn arithmetic_expansion(&mut self, draft: &mut Draft) -> Result<(), Opaque> {
        while let Some(byte) = self.byte(0) {
            match byte {
                b'$' => self.dollar(draft, true)?,
                b'`' => self.backquoted(draft, true)?,
                128.. => self.at += 1,
                b'0'..=b'9' => {
                    let rest = &self.text.as_bytes()[self.at..self.end];
                    self.at += rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                }
                _ => {
                    let name = variable_name(&self.text[self.at..self.end]);
                    match name.len() {
                        0 => self.at += 1,
                        length => self.expand(draft, self.at..self.at + length),
                    }
                }
            }
        }
        Ok(())
    }
}

/// Takes where a quotation begins; returns where its closing quote is, if that is near enough.
fn end_of_quotation(bytes: &[u8], start: usize, quote: u8) -> Option<usize> {
    let mut at = start + 1;
    while at < bytes.len().min(start + MAX_EXPRESSION) {
        steps::add(1);
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}
