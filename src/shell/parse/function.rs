//! Definitions of functions.

use super::super::opaque::Opaque;
use super::super::tree::{Compound, Function, Word};
use super::Parser;
use super::token::is_plain;

impl Parser<'_> {
    /// Takes the name, after which a `(` is next.
    pub(super) fn function_parentheses(&mut self, name: Word) -> Result<Function, Opaque> {
        if !is_plain(&name) {
            return Err(self.unexpected());
        }
        self.expect("(")?;
        self.expect(")")?;
        let body = self.function_body()?;
        Ok(self.function(name.span.start, name, body))
    }

    /// `function name`, with or without `()`.
    pub(super) fn function_keyword(&mut self) -> Result<Function, Opaque> {
        let start = self.next_start()?;
        self.expect_keyword("function")?;
        let name = self.expect_word()?;
        // In `function f ( … )` the parenthesis already belongs to the body.
        if self.next_operator()? == Some("(") && self.is_empty_parenthesis() {
            self.expect("(")?;
            self.expect(")")?;
        }
        let body = self.function_body()?;
        Ok(self.function(start, name, body))
    }

    fn function_body(&mut self) -> Result<Compound, Opaque> {
        self.linebreak()?;
        self.compound_command()
    }

    /// Returns whether nothing but blanks is between the `(` that was peeked at and a `)`.
    fn is_empty_parenthesis(&self) -> bool {
        let rest = self.text.as_bytes()[self.at..self.end].iter();
        rest.copied().find(|byte| !matches!(byte, b' ' | b'\t')) == Some(b')')
    }

    fn function(&self, start: usize, name: Word, body: Compound) -> Function {
        Function {
            span: start..self.taken,
            name: name.text,
            body,
        }
    }
}
