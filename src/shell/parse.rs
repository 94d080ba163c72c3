//! brush-parser's syntax tree to ours.
//!
//! brush keeps no place for operators, separators, keywords and redirects. So the pieces that the tokens stand for are
//! taken in the order of the grammar, along brush's tree, which tells which rule matched. What does not fit is an
//! error, not a guess.

use std::iter::Peekable;

use brush_parser::{ParseError, ParserOptions, ast};

use super::lex::{Lexed, Lexer, Piece, split_assignment};
use super::opaque::{Opaque, Reason};
use super::tree::{
    Assignment, Command, Link, Operator, Pipeline, Redirect, RedirectKind, Script, SimpleCommand, Span, Statement, Word,
};

/// Takes the logical text of a shell body; returns its script, or why it must stay untouched.
pub fn parse(text: &str) -> Result<Script, Opaque> {
    let (lexed, _) = Lexer::new(text, 0..text.len(), 0).run(false)?;
    script(text, 0, lexed)
}

/// Takes the whole text, where the script begins in it and its tokens; returns the script.
pub(super) fn script(text: &str, start: usize, lexed: Lexed) -> Result<Script, Opaque> {
    let program = brush_parser::parse_tokens(&lexed.tokens, &ParserOptions::default()).map_err(|error| {
        Reason::Syntax.at(match error {
            ParseError::ParsingNear(position) => position.index,
            _ => lexed.tokens.last().map_or(start, |token| token.location().end.index),
        })
    })?;
    let mut builder = Builder {
        text,
        pieces: lexed.pieces.into_iter().peekable(),
        end: start,
        after_word: false,
    };
    let mut statements = Vec::new();
    builder.skip_newlines();
    for list in &program.complete_commands {
        builder.statements(list, &mut statements)?;
    }
    match builder.pieces.peek() {
        Some(_) => Err(builder.surprise()),
        None => Ok(script_of(statements, start)),
    }
}

fn script_of(statements: Vec<Statement>, start: usize) -> Script {
    let span = match (statements.first(), statements.last()) {
        (Some(first), Some(last)) => first.span.start..last.span.end,
        _ => start..start,
    };
    Script { span, statements }
}

/// Takes pieces one by one while it follows brush's tree.
pub(super) struct Builder<'t> {
    text: &'t str,
    pub(super) pieces: Peekable<std::vec::IntoIter<Piece>>,
    /// Where the last piece ended that was taken, here-documents aside.
    pub(super) end: usize,
    /// Whether that piece was a word.
    after_word: bool,
}

impl Builder<'_> {
    /// The error for pieces that do not fit brush's tree.
    pub(super) fn surprise(&self) -> Opaque {
        Reason::Unsupported("order of tokens").at(self.end)
    }

    pub(super) fn next_start(&mut self) -> usize {
        match self.pieces.peek() {
            Some(Piece::Operator(_, span)) => span.start,
            Some(Piece::Word(word)) => word.span.start,
            _ => self.end,
        }
    }

    pub(super) fn next_operator(&mut self) -> Option<&'static str> {
        match self.pieces.peek() {
            Some(Piece::Operator(operator, _)) => Some(operator),
            _ => None,
        }
    }

    pub(super) fn next_is_word(&mut self, text: &str) -> bool {
        matches!(self.pieces.peek(), Some(Piece::Word(word)) if word.text == text)
    }

    pub(super) fn operator(&mut self) -> Result<(&'static str, Span), Opaque> {
        match self.pieces.next() {
            Some(Piece::Operator(operator, span)) => {
                self.end = span.end;
                self.after_word = false;
                Ok((operator, span))
            }
            _ => Err(self.surprise()),
        }
    }

    pub(super) fn expect(&mut self, expected: &str) -> Result<Span, Opaque> {
        match self.operator()? {
            (operator, span) if operator == expected => Ok(span),
            _ => Err(self.surprise()),
        }
    }

    pub(super) fn word(&mut self) -> Result<Word, Opaque> {
        match self.pieces.next() {
            Some(Piece::Word(word)) => {
                self.end = word.span.end;
                self.after_word = true;
                Ok(word)
            }
            _ => Err(self.surprise()),
        }
    }

    pub(super) fn keyword(&mut self, expected: &str) -> Result<(), Opaque> {
        if self.word()?.text == expected {
            Ok(())
        } else {
            Err(self.surprise())
        }
    }

    pub(super) fn skip_newlines(&mut self) {
        while self.next_operator() == Some("\n") {
            self.pieces.next();
        }
    }

    /// A `;`, `&` or newline and the newlines behind it.
    pub(super) fn separator(&mut self) -> Result<Option<Span>, Opaque> {
        let separator = match self.next_operator() {
            Some(";" | "&" | "\n") => {
                let end = self.end;
                let (_, span) = self.operator()?;
                self.end = end;
                (!span.is_empty()).then_some(span)
            }
            _ => None,
        };
        self.skip_newlines();
        Ok(separator)
    }

    pub(super) fn list(&mut self, list: &ast::CompoundList) -> Result<Script, Opaque> {
        let mut statements = Vec::new();
        self.skip_newlines();
        self.statements(list, &mut statements)?;
        Ok(script_of(statements, self.end))
    }

    fn statements(&mut self, list: &ast::CompoundList, into: &mut Vec<Statement>) -> Result<(), Opaque> {
        for ast::CompoundListItem(and_or, separator) in &list.0 {
            let start = self.next_start();
            let mut chain = Vec::with_capacity(1 + and_or.additional.len());
            chain.push(Link {
                operator: None,
                operator_span: None,
                pipeline: self.pipeline(&and_or.first)?,
            });
            for link in &and_or.additional {
                let (operator, sign, pipeline) = match link {
                    ast::AndOr::And(pipeline) => (Operator::And, "&&", pipeline),
                    ast::AndOr::Or(pipeline) => (Operator::Or, "||", pipeline),
                };
                let operator_span = Some(self.expect(sign)?);
                self.skip_newlines();
                chain.push(Link {
                    operator: Some(operator),
                    operator_span,
                    pipeline: self.pipeline(pipeline)?,
                });
            }
            let span = start..self.end;
            let background = matches!(separator, ast::SeparatorOperator::Async);
            into.push(Statement {
                span,
                chain,
                background,
                separator: self.separator()?,
            });
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &ast::Pipeline) -> Result<Pipeline, Opaque> {
        let start = self.next_start();
        if let Some(timed) = &pipeline.timed {
            self.keyword("time")?;
            if timed.is_posix_output() {
                self.keyword("-p")?;
            }
        }
        while self.next_is_word("!") {
            self.keyword("!")?;
        }
        let mut commands = Vec::with_capacity(pipeline.seq.len());
        for (index, command) in pipeline.seq.iter().enumerate() {
            if index > 0 {
                // `|` or `|&`
                self.operator()?;
                self.skip_newlines();
            }
            commands.push(self.command(command)?);
        }
        Ok(Pipeline {
            span: start..self.end,
            negated: pipeline.bang,
            timed: pipeline.timed.is_some(),
            commands,
        })
    }

    fn command(&mut self, command: &ast::Command) -> Result<Command, Opaque> {
        Ok(match command {
            ast::Command::Simple(simple) => Command::Simple(self.simple(simple)?),
            ast::Command::Compound(compound, redirects) => {
                Command::Compound(self.compound(compound, redirects.as_ref())?)
            }
            ast::Command::Function(function) => Command::Function(self.function(function)?),
            ast::Command::ExtendedTest(test, redirects) => {
                Command::Compound(self.extended_test(test, redirects.as_ref())?)
            }
        })
    }

    fn simple(&mut self, simple: &ast::SimpleCommand) -> Result<SimpleCommand, Opaque> {
        let start = self.next_start();
        let mut command = SimpleCommand {
            span: 0..0,
            assignments: vec![],
            words: vec![],
            redirects: vec![],
        };
        for item in simple.prefix.iter().flat_map(|prefix| &prefix.0) {
            match item {
                ast::CommandPrefixOrSuffixItem::IoRedirect(redirect) => {
                    command.redirects.extend(self.redirect(redirect)?);
                }
                _ => {
                    let word = self.assignment_word(item)?;
                    command.assignments.push(self.assignment(word)?);
                }
            }
        }
        if simple.word_or_name.is_some() {
            command.words.push(self.word()?);
        }
        for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
            match item {
                ast::CommandPrefixOrSuffixItem::IoRedirect(redirect) => {
                    command.redirects.extend(self.redirect(redirect)?);
                }
                ast::CommandPrefixOrSuffixItem::ProcessSubstitution(_, subshell) => {
                    command.words.push(self.process_substitution(subshell)?);
                }
                _ => command.words.push(self.assignment_word(item)?),
            }
        }
        command.span = start..self.end;
        Ok(command)
    }

    /// A word, or the `name=` and the elements of an array as one word.
    fn assignment_word(&mut self, item: &ast::CommandPrefixOrSuffixItem) -> Result<Word, Opaque> {
        let mut word = self.word()?;
        if let ast::CommandPrefixOrSuffixItem::AssignmentWord(assignment, _) = item
            && matches!(assignment.value, ast::AssignmentValue::Array(_))
        {
            if self.expect("(")?.start != word.span.end {
                return Err(self.surprise());
            }
            while self.next_operator() != Some(")") {
                self.skip_newlines();
                if self.next_operator().is_none() {
                    absorb(&mut word, self.word()?);
                }
            }
            self.expect(")")?;
            self.cover(&mut word);
        }
        Ok(word)
    }

    /// Takes the word of an assignment; returns its parts.
    fn assignment(&self, mut word: Word) -> Result<Assignment, Opaque> {
        let Some((head, _)) = split_assignment(&word.text) else {
            return Err(self.surprise());
        };
        let name = head.split(['[', '+', '=']).next().unwrap_or_default().to_owned();
        let (length, append, span) = (head.len(), head.ends_with("+="), word.span.clone());
        word.text.drain(..length);
        word.span.start += length;
        // A tilde is special at the beginning of a value and behind each colon.
        let tilde = word.text.starts_with('~') || word.text.contains(":~");
        word.literal = word
            .literal
            .filter(|_| !tilde)
            .and_then(|text| text.get(length..).map(str::to_owned));
        let value = (!word.text.is_empty()).then_some(word);
        Ok(Assignment {
            span,
            name,
            append,
            value,
        })
    }

    fn process_substitution(&mut self, subshell: &ast::SubshellCommand) -> Result<Word, Opaque> {
        // `--file=<(…)` is one word to Bash and two to the grammar.
        let glued = self.after_word && self.next_start() == self.end;
        let (_, sign) = self.operator()?;
        if glued || self.expect("(")?.start != sign.end {
            return Err(Reason::Unsupported("process substitution within a word").at(sign.start));
        }
        let substitutions = vec![self.list(&subshell.list)?];
        self.expect(")")?;
        let mut word = Word {
            span: sign,
            substitutions,
            ..Word::default()
        };
        self.cover(&mut word);
        Ok(word)
    }

    /// Extends a word that is made of several pieces to the end of the last one.
    fn cover(&mut self, word: &mut Word) {
        word.span.end = self.end;
        word.text = self.text[word.span.clone()].to_owned();
        word.literal = None;
        self.after_word = true;
    }

    /// Returns `None` for the redirect that `|&` implies, which stands nowhere in the text.
    pub(super) fn redirect(&mut self, redirect: &ast::IoRedirect) -> Result<Option<Redirect>, Opaque> {
        if matches!(redirect, ast::IoRedirect::File(_, _, ast::IoFileRedirectTarget::Fd(_))) {
            return Ok(None);
        }
        let start = self.next_start();
        let fd = match redirect {
            ast::IoRedirect::File(fd, ..)
            | ast::IoRedirect::HereDocument(fd, _)
            | ast::IoRedirect::HereString(fd, _) => *fd,
            ast::IoRedirect::OutputAndError(..) => None,
        };
        if fd.is_some() {
            self.word()?;
        }
        let (operator, _) = self.operator()?;
        let kind = match operator {
            "<" => RedirectKind::Read,
            ">" | ">|" => RedirectKind::Write,
            ">>" => RedirectKind::Append,
            "<>" => RedirectKind::ReadWrite,
            "<&" | ">&" => RedirectKind::Duplicate,
            "&>" => RedirectKind::WriteBoth,
            "&>>" => RedirectKind::AppendBoth,
            "<<<" => RedirectKind::HereString,
            "<<" | "<<-" => RedirectKind::HereDoc,
            _ => return Err(self.surprise()),
        };
        let target = match redirect {
            ast::IoRedirect::File(_, _, ast::IoFileRedirectTarget::ProcessSubstitution(_, subshell)) => {
                self.process_substitution(subshell)?
            }
            _ => self.word()?,
        };
        let here_doc = match (kind, redirect) {
            (RedirectKind::HereDoc, ast::IoRedirect::HereDocument(..)) => Some(self.here_doc()?),
            _ => None,
        };
        let fd = fd.and_then(|fd| u32::try_from(fd).ok());
        Ok(Some(Redirect {
            span: start..self.end,
            fd,
            kind,
            target: Some(target),
            here_doc,
        }))
    }

    fn here_doc(&mut self) -> Result<Word, Opaque> {
        match (self.pieces.next(), self.pieces.next()) {
            (Some(Piece::HereBody(lines)), Some(Piece::HereEnd)) => Ok(lines),
            _ => Err(self.surprise()),
        }
    }
}

/// Adds what is expanded in `part` to what is expanded in `word`.
fn absorb(word: &mut Word, part: Word) {
    word.glob |= part.glob;
    word.substitutions.extend(part.substitutions);
    for name in part.variables {
        if !word.variables.contains(&name) {
            word.variables.push(name);
        }
    }
}
