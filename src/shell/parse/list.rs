//! Lists and pipelines.

use super::super::opaque::Opaque;
use super::super::tree::{Link, Operator, Pipeline, Script, Span, Statement};
use super::redirect::is_redirect;
use super::token::{Token, is_plain};
use super::{Parser, script_of};

/// The reserved words that end a list.
const CLOSING: [&str; 8] = ["then", "else", "elif", "fi", "do", "done", "esac", "}"];

impl Parser<'_> {
    /// `compound_list` of the grammar: a list of at least one statement.
    pub(super) fn compound_list(&mut self) -> Result<Script, Opaque> {
        match self.optional_list()? {
            Some(list) => Ok(list),
            None => Err(self.unexpected()),
        }
    }

    /// A list, or `None` when no command begins here.
    pub(super) fn optional_list(&mut self) -> Result<Option<Script>, Opaque> {
        let start = self.taken;
        let statements = self.statements()?;
        Ok((!statements.is_empty()).then(|| script_of(statements, start)))
    }

    /// Statements up to what cannot begin one.
    pub(super) fn statements(&mut self) -> Result<Vec<Statement>, Opaque> {
        let mut statements = Vec::new();
        self.linebreak()?;
        while self.begins_command()? {
            let start = self.next_start()?;
            let chain = self.and_or()?;
            let span = start..self.taken;
            let separator = self.separator()?;
            let is_last = separator.is_none();
            let (operator, separator) = separator.unwrap_or(("", 0..0));
            statements.push(Statement {
                span,
                chain,
                background: operator == "&",
                separator: (!separator.is_empty()).then_some(separator),
            });
            if is_last {
                break;
            }
        }
        Ok(statements)
    }

    /// A `;`, `&` or newline and the newlines after it.
    fn separator(&mut self) -> Result<Option<(&'static str, Span)>, Opaque> {
        let Some(operator @ (";" | "&" | "\n")) = self.next_operator()? else {
            return Ok(None);
        };
        let taken = self.taken;
        let span = self.take()?.span();
        self.taken = taken;
        self.linebreak()?;
        Ok(Some((operator, span)))
    }

    fn and_or(&mut self) -> Result<Vec<Link>, Opaque> {
        let mut chain = vec![Link {
            operator: None,
            operator_span: None,
            pipeline: self.pipeline()?,
        }];
        loop {
            let operator = match self.next_operator()? {
                Some("&&") => Operator::And,
                Some("||") => Operator::Or,
                _ => return Ok(chain),
            };
            let span = self.take()?.span();
            self.linebreak()?;
            chain.push(Link {
                operator: Some(operator),
                operator_span: Some(span),
                pipeline: self.pipeline()?,
            });
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, Opaque> {
        let start = self.next_start()?;
        let (negated, timed) = self.prefixes()?;
        let is_bare = self.taken > start && !self.begins_command()?;
        let commands = if is_bare { Vec::new() } else { self.pipe_sequence()? };
        Ok(Pipeline {
            span: start..self.taken,
            negated,
            timed,
            commands,
        })
    }

    /// Any `!` and `time`; returns whether the result is inverted, and timed.
    fn prefixes(&mut self) -> Result<(bool, bool), Opaque> {
        let (mut negated, mut timed) = (false, false);
        loop {
            if self.accept_keyword("!")? {
                negated = !negated;
            } else if self.accept_keyword("time")? {
                timed = true;
                self.accept_keyword("-p")?;
            } else {
                return Ok((negated, timed));
            }
        }
    }

    fn pipe_sequence(&mut self) -> Result<Vec<super::super::tree::Command>, Opaque> {
        let mut commands = vec![self.command()?];
        while let Some("|" | "|&") = self.next_operator()? {
            self.take()?;
            self.linebreak()?;
            commands.push(self.command()?);
        }
        Ok(commands)
    }

    /// Returns whether a command, or what may stand before one, is next.
    fn begins_command(&mut self) -> Result<bool, Opaque> {
        Ok(match self.peek()? {
            Token::End => false,
            Token::IoNumber(_) => true,
            Token::Word(word) => !(is_plain(word) && CLOSING.contains(&word.text.as_str())),
            Token::Operator(operator, _) => *operator == "(" || is_redirect(operator),
        })
    }
}
