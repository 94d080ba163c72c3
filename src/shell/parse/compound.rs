//! Compound commands, but for the loops: what is between their reserved words, and the redirects after them.

use super::super::opaque::Opaque;
use super::super::tree::{Compound, CompoundKind, Script, Word};
use super::Parser;

/// What is inside of a compound command.
pub(super) struct Inside {
    pub(super) kind: CompoundKind,
    pub(super) words: Vec<Word>,
    pub(super) bodies: Vec<Script>,
}

impl Inside {
    /// Takes the kind and scripts of a command that has no words of its own.
    pub(super) fn of(kind: CompoundKind, bodies: Vec<Script>) -> Self {
        let words = Vec::new();
        Inside { kind, words, bodies }
    }
}

impl Parser<'_> {
    /// A compound command and the redirects after it.
    pub(super) fn compound_command(&mut self) -> Result<Compound, Opaque> {
        let start = self.next_start()?;
        let Inside { kind, words, bodies } = self.nested(Parser::inside_of_compound)?;
        let redirects = self.redirect_list()?;
        Ok(Compound {
            span: start..self.taken,
            kind,
            words,
            bodies,
            redirects,
        })
    }

    fn inside_of_compound(&mut self) -> Result<Inside, Opaque> {
        if self.next_operator()? == Some("(") {
            return self.parenthesis();
        }
        match self.next_plain_word()? {
            Some("if") => self.if_clause(),
            Some("while") => self.while_clause("while", CompoundKind::While),
            Some("until") => self.while_clause("until", CompoundKind::Until),
            Some("for") => self.for_clause(),
            Some("case") => self.case_clause(),
            Some("{") => Ok(Inside::of(CompoundKind::Group, vec![self.brace_group()?])),
            Some("[[") => self.conditional_command(),
            _ => Err(self.unexpected()),
        }
    }

    /// `(( … ))` or `( … )`.
    fn parenthesis(&mut self) -> Result<Inside, Opaque> {
        let open = self.expect("(")?;
        if let Some(words) = self.arithmetic_command(open.start)? {
            return Ok(words);
        }
        let body = self.compound_list()?;
        self.expect(")")?;
        Ok(Inside::of(CompoundKind::Subshell, vec![body]))
    }

    /// `{ …; }`
    pub(super) fn brace_group(&mut self) -> Result<Script, Opaque> {
        self.expect_keyword("{")?;
        let body = self.compound_list()?;
        self.expect_keyword("}")?;
        Ok(body)
    }

    fn if_clause(&mut self) -> Result<Inside, Opaque> {
        self.expect_keyword("if")?;
        let mut bodies = Vec::new();
        self.condition_and_branch(&mut bodies)?;
        while self.accept_keyword("elif")? {
            self.condition_and_branch(&mut bodies)?;
        }
        if self.accept_keyword("else")? {
            bodies.push(self.compound_list()?);
        }
        self.expect_keyword("fi")?;
        Ok(Inside::of(CompoundKind::If, bodies))
    }

    fn condition_and_branch(&mut self, bodies: &mut Vec<Script>) -> Result<(), Opaque> {
        bodies.push(self.compound_list()?);
        self.expect_keyword("then")?;
        bodies.push(self.compound_list()?);
        Ok(())
    }

    fn case_clause(&mut self) -> Result<Inside, Opaque> {
        self.expect_keyword("case")?;
        let mut inside = Inside::of(CompoundKind::Case, Vec::new());
        inside.words.push(self.expect_word()?);
        self.linebreak()?;
        self.expect_keyword("in")?;
        self.linebreak()?;
        while !self.accept_keyword("esac")? {
            let is_ended = self.case_item(&mut inside)?;
            self.linebreak()?;
            if !is_ended {
                self.expect_keyword("esac")?;
                break;
            }
        }
        Ok(inside)
    }

    /// The patterns of one branch and its list; returns whether `;;` or its like ends it.
    fn case_item(&mut self, inside: &mut Inside) -> Result<bool, Opaque> {
        self.accept("(")?;
        inside.words.push(self.expect_word()?);
        while self.accept("|")?.is_some() {
            inside.words.push(self.expect_word()?);
        }
        self.expect(")")?;
        inside.bodies.extend(self.optional_list()?);
        let is_ended = matches!(self.next_operator()?, Some(";;" | ";&" | ";;&"));
        if is_ended {
            self.take()?;
        }
        Ok(is_ended)
    }
}
