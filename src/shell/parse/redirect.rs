//! Redirects.

use super::super::opaque::{Opaque, Reason};
use super::super::tree::{Redirect, RedirectKind, Word};
use super::Parser;
use super::token::Token;

impl Parser<'_> {
    /// Returns whether a redirect is next.
    pub(super) fn next_is_redirect(&mut self) -> Result<bool, Opaque> {
        Ok(match self.peek()? {
            Token::IoNumber(_) => true,
            Token::Operator(operator, _) => is_redirect(operator),
            _ => false,
        })
    }

    /// Any number of redirects, as after a compound command.
    pub(super) fn redirect_list(&mut self) -> Result<Vec<Redirect>, Opaque> {
        let mut redirects = Vec::new();
        while self.next_is_redirect()? {
            redirects.push(self.io_redirect()?);
        }
        Ok(redirects)
    }

    pub(super) fn io_redirect(&mut self) -> Result<Redirect, Opaque> {
        let start = self.next_start()?;
        let fd = self.io_number()?;
        let Some((operator, kind)) = self.next_operator()?.and_then(|sign| Some((sign, kind_of(sign)?))) else {
            return Err(self.unexpected());
        };
        self.take()?;
        let target = self.target(kind)?;
        let span = start..self.taken;
        if kind == RedirectKind::HereDoc {
            self.announce_here_doc(&target, operator == "<<-")?;
        }
        Ok(Redirect {
            span,
            fd,
            kind,
            target: Some(target),
            // The lines come after the next newline; `here_doc::attach` puts them here.
            here_doc: None,
        })
    }

    fn io_number(&mut self) -> Result<Option<u32>, Opaque> {
        if !matches!(self.peek()?, Token::IoNumber(_)) {
            return Ok(None);
        }
        Ok(match self.take()? {
            Token::IoNumber(word) => word.text.parse().ok(),
            _ => None,
        })
    }

    /// The word after the operator: in `2>&1>file`, the `1` is no file descriptor of the second redirect.
    fn target(&mut self, kind: RedirectKind) -> Result<Word, Opaque> {
        match self.peek()? {
            Token::Word(_) | Token::IoNumber(_) => {}
            _ if kind == RedirectKind::HereDoc => return Err(Reason::HereDocument.at(self.taken)),
            _ => return Err(self.unexpected()),
        }
        match self.take()? {
            Token::Word(word) | Token::IoNumber(word) => Ok(word),
            _ => Err(self.unexpected()),
        }
    }
}

/// Returns whether an operator redirects.
pub(super) fn is_redirect(operator: &str) -> bool {
    kind_of(operator).is_some()
}

fn kind_of(operator: &str) -> Option<RedirectKind> {
    Some(match operator {
        "<" => RedirectKind::Read,
        ">" | ">|" => RedirectKind::Write,
        ">>" => RedirectKind::Append,
        "<>" => RedirectKind::ReadWrite,
        "<&" | ">&" => RedirectKind::Duplicate,
        "&>" => RedirectKind::WriteBoth,
        "&>>" => RedirectKind::AppendBoth,
        "<<<" => RedirectKind::HereString,
        "<<" | "<<-" => RedirectKind::HereDoc,
        _ => return None,
    })
}
