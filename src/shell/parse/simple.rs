//! Commands, and simple ones in full.

use super::super::opaque::{Opaque, Reason};
use super::super::tree::{Command, SimpleCommand, Word};
use super::Parser;
use super::assignment::is_assignment;
use super::token::Token;

impl Parser<'_> {
    pub(super) fn command(&mut self) -> Result<Command, Opaque> {
        if self.next_operator()? == Some("(") {
            return self.compound_command().map(Command::Compound);
        }
        let at = self.next_start()?;
        match self.next_plain_word()? {
            Some("if" | "while" | "until" | "for" | "case" | "{" | "[[") => {
                self.compound_command().map(Command::Compound)
            }
            Some("function") => self.function_keyword().map(Command::Function),
            Some("coproc") => Err(Reason::Unsupported("coproc").at(at)),
            Some("select") => Err(Reason::Unsupported("select").at(at)),
            Some("then" | "else" | "elif" | "fi" | "do" | "done" | "esac" | "}" | "!" | "in") => Err(self.unexpected()),
            _ => self.simple_command_or_function(),
        }
    }

    fn simple_command_or_function(&mut self) -> Result<Command, Opaque> {
        let start = self.next_start()?;
        let mut command = SimpleCommand {
            span: start..start,
            assignments: vec![],
            words: vec![],
            redirects: vec![],
        };
        if self.next_is_word()? {
            let word = self.expect_word()?;
            if !is_assignment(&word) && self.next_operator()? == Some("(") {
                return self.function_parentheses(word).map(Command::Function);
            }
            self.add_word(&mut command, word)?;
        }
        while self.add_part(&mut command)? {}
        if command.words.is_empty() && command.assignments.is_empty() && command.redirects.is_empty() {
            return Err(self.unexpected());
        }
        command.span = start..self.taken;
        Ok(Command::Simple(command))
    }

    /// Takes a command; adds the next word or redirect to it, or returns `false` when the command is over.
    fn add_part(&mut self, command: &mut SimpleCommand) -> Result<bool, Opaque> {
        if self.next_is_redirect()? {
            command.redirects.push(self.io_redirect()?);
            return Ok(true);
        }
        match self.peek()? {
            Token::Word(_) => {
                let word = self.expect_word()?;
                self.add_word(command, word)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Takes a command and its next word, whose token was just taken: an assignment as long as no other word came.
    fn add_word(&mut self, command: &mut SimpleCommand, word: Word) -> Result<(), Opaque> {
        let is_prefix = command.words.is_empty() && is_assignment(&word);
        let word = self.with_array(word)?;
        if is_prefix {
            command.assignments.extend(self.assignment(word));
        } else {
            command.words.push(word);
        }
        Ok(())
    }
}
