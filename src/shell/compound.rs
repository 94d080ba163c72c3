//! Compound commands and functions: the keywords, which brush's tree only implies, and what stands between them.

use brush_parser::ast;

use super::opaque::{Opaque, Reason};
use super::parse::Builder;
use super::tree::{Compound, CompoundKind, Function, Script, Word};

impl Builder<'_> {
    pub(super) fn function(&mut self, function: &ast::FunctionDefinition) -> Result<Function, Opaque> {
        let start = self.next_start();
        if self.next_is_word("function") {
            self.keyword("function")?;
        }
        let name = self.word()?.text;
        let ast::FunctionBody(body, redirects) = &function.body;
        let body_start = ast::SourceLocation::location(body).map(|location| location.start.index);
        // In `function f ( … )` the parenthesis is already the body's.
        if self.next_operator() == Some("(") && Some(self.next_start()) != body_start {
            self.expect("(")?;
            self.expect(")")?;
        }
        self.skip_newlines();
        let body = self.compound(body, redirects.as_ref())?;
        Ok(Function {
            span: start..self.end,
            name,
            body,
        })
    }

    pub(super) fn compound(
        &mut self,
        compound: &ast::CompoundCommand,
        redirects: Option<&ast::RedirectList>,
    ) -> Result<Compound, Opaque> {
        let start = self.next_start();
        let mut words = Vec::new();
        let mut bodies = Vec::new();
        let kind = match compound {
            ast::CompoundCommand::Arithmetic(arithmetic) => {
                words = self.arithmetic(&arithmetic.loc)?;
                CompoundKind::Arithmetic
            }
            ast::CompoundCommand::ArithmeticForClause(clause) => {
                self.keyword("for")?;
                words = self.words_before(clause.body.loc.start.index)?;
                bodies.push(self.enclosed(&clause.body.list)?);
                CompoundKind::For
            }
            ast::CompoundCommand::BraceGroup(group) => {
                bodies.push(self.enclosed(&group.list)?);
                CompoundKind::Group
            }
            ast::CompoundCommand::Subshell(subshell) => {
                self.expect("(")?;
                bodies.push(self.list(&subshell.list)?);
                self.expect(")")?;
                CompoundKind::Subshell
            }
            ast::CompoundCommand::ForClause(clause) => {
                words = self.for_head(clause)?;
                bodies.push(self.enclosed(&clause.body.list)?);
                CompoundKind::For
            }
            ast::CompoundCommand::CaseClause(clause) => {
                self.case(clause, &mut words, &mut bodies)?;
                CompoundKind::Case
            }
            ast::CompoundCommand::IfClause(clause) => {
                self.if_clause(clause, &mut bodies)?;
                CompoundKind::If
            }
            ast::CompoundCommand::WhileClause(clause) => self.while_clause(clause, CompoundKind::While, &mut bodies)?,
            ast::CompoundCommand::UntilClause(clause) => self.while_clause(clause, CompoundKind::Until, &mut bodies)?,
            ast::CompoundCommand::Coprocess(_) => return Err(self.surprise()),
        };
        self.finish(start, kind, words, bodies, redirects)
    }

    fn finish(
        &mut self,
        start: usize,
        kind: CompoundKind,
        words: Vec<Word>,
        bodies: Vec<Script>,
        redirects: Option<&ast::RedirectList>,
    ) -> Result<Compound, Opaque> {
        let mut compound = Compound {
            span: 0..0,
            kind,
            words,
            bodies,
            redirects: Vec::new(),
        };
        for redirect in redirects.iter().flat_map(|list| &list.0) {
            compound.redirects.extend(self.redirect(redirect)?);
        }
        compound.span = start..self.end;
        Ok(compound)
    }

    fn arithmetic(&mut self, location: &brush_parser::SourceSpan) -> Result<Vec<Word>, Opaque> {
        // `( (a) )` is two subshells, but arithmetic to the grammar.
        let outer = self.expect("(")?;
        if self.next_start() != outer.end {
            return Err(Reason::Unsupported("nested parentheses").at(outer.start));
        }
        self.words_before(location.end.index)
    }

    /// A list between two keywords.
    fn enclosed(&mut self, list: &ast::CompoundList) -> Result<Script, Opaque> {
        self.word()?;
        let script = self.list(list)?;
        self.word()?;
        Ok(script)
    }

    fn for_head(&mut self, clause: &ast::ForClauseCommand) -> Result<Vec<Word>, Opaque> {
        self.keyword("for")?;
        self.word()?;
        self.skip_newlines();
        let mut words = Vec::new();
        if self.next_is_word("in") {
            self.keyword("in")?;
            for _ in clause.values.iter().flatten() {
                words.push(self.word()?);
            }
        }
        self.separator()?;
        Ok(words)
    }

    fn case(
        &mut self,
        clause: &ast::CaseClauseCommand,
        words: &mut Vec<Word>,
        bodies: &mut Vec<Script>,
    ) -> Result<(), Opaque> {
        self.keyword("case")?;
        words.push(self.word()?);
        self.skip_newlines();
        self.keyword("in")?;
        self.skip_newlines();
        for item in &clause.cases {
            if self.next_operator() == Some("(") {
                self.expect("(")?;
            }
            for index in 0..item.patterns.len() {
                if index > 0 {
                    self.expect("|")?;
                }
                words.push(self.word()?);
            }
            self.expect(")")?;
            if let Some(list) = &item.cmd {
                bodies.push(self.list(list)?);
            }
            self.skip_newlines();
            if let Some(";;" | ";&" | ";;&") = self.next_operator() {
                self.operator()?;
            }
            self.skip_newlines();
        }
        self.keyword("esac")
    }

    fn if_clause(&mut self, clause: &ast::IfClauseCommand, bodies: &mut Vec<Script>) -> Result<(), Opaque> {
        self.keyword("if")?;
        bodies.push(self.list(&clause.condition)?);
        self.keyword("then")?;
        bodies.push(self.list(&clause.then)?);
        for otherwise in clause.elses.iter().flatten() {
            // `elif` or `else`
            self.word()?;
            if let Some(condition) = &otherwise.condition {
                bodies.push(self.list(condition)?);
                self.keyword("then")?;
            }
            bodies.push(self.list(&otherwise.body)?);
        }
        self.keyword("fi")
    }

    fn while_clause(
        &mut self,
        clause: &ast::WhileOrUntilClauseCommand,
        kind: CompoundKind,
        bodies: &mut Vec<Script>,
    ) -> Result<CompoundKind, Opaque> {
        let ast::WhileOrUntilClauseCommand(condition, body, _) = clause;
        self.word()?;
        bodies.push(self.list(condition)?);
        bodies.push(self.enclosed(&body.list)?);
        Ok(kind)
    }

    pub(super) fn extended_test(
        &mut self,
        test: &ast::ExtendedTestExprCommand,
        redirects: Option<&ast::RedirectList>,
    ) -> Result<Compound, Opaque> {
        let start = self.next_start();
        let mut words = self.words_before(test.loc.end.index)?;
        // The brackets themselves.
        words.pop();
        words.drain(..words.len().min(1));
        self.finish(start, CompoundKind::Test, words, Vec::new(), redirects)
    }

    /// Takes every piece that begins before `end`; returns the words among them.
    fn words_before(&mut self, end: usize) -> Result<Vec<Word>, Opaque> {
        let mut words = Vec::new();
        while self.pieces.peek().is_some() && self.next_start() < end {
            match self.next_operator() {
                Some(_) => {
                    self.operator()?;
                }
                None => words.push(self.word()?),
            }
        }
        Ok(words)
    }
}
