//! `for`, `while` and `until`.

use super::super::opaque::Opaque;
use super::super::tree::{CompoundKind, Script};
use super::Parser;
use super::compound::Inside;

impl Parser<'_> {
    pub(super) fn while_clause(&mut self, keyword: &str, kind: CompoundKind) -> Result<Inside, Opaque> {
        self.expect_keyword(keyword)?;
        let condition = self.compound_list()?;
        let body = self.do_group()?;
        Ok(Inside::of(kind, vec![condition, body]))
    }

    pub(super) fn for_clause(&mut self) -> Result<Inside, Opaque> {
        self.expect_keyword("for")?;
        if let Some(open) = self.accept("(")? {
            return self.arithmetic_for(open.start);
        }
        // The name of the variable.
        self.expect_word()?;
        self.linebreak()?;
        let mut inside = Inside::of(CompoundKind::For, Vec::new());
        if self.accept_keyword("in")? {
            while self.next_is_word()? {
                inside.words.push(self.expect_word()?);
            }
            if !matches!(self.next_operator()?, Some(";" | "\n")) {
                return Err(self.unexpected());
            }
        }
        inside.bodies.push(self.loop_body()?);
        Ok(inside)
    }

    /// What follows the head of `for`: Bash also takes braces.
    pub(super) fn loop_body(&mut self) -> Result<Script, Opaque> {
        self.accept(";")?;
        self.linebreak()?;
        match self.next_plain_word()? {
            Some("{") => self.brace_group(),
            _ => self.do_group(),
        }
    }

    fn do_group(&mut self) -> Result<Script, Opaque> {
        self.expect_keyword("do")?;
        let body = self.compound_list()?;
        self.expect_keyword("done")?;
        Ok(body)
    }
}
