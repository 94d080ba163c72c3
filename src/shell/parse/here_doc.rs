//! Here-documents: their lines follow the line of their operator.

use std::vec::IntoIter;

use super::super::opaque::{Opaque, Reason};
use super::super::tree::{Command, Redirect, RedirectKind, Statement, Word};
use super::draft::Draft;
use super::token::is_plain;
use super::{Parser, steps};

/// A here-document whose lines were not read yet.
pub(super) struct PendingHereDoc {
    delimiter: String,
    expands: bool,
    strips_tabs: bool,
}

impl Parser<'_> {
    /// Takes the delimiter of a here-document and whether its operator is `<<-`.
    pub(super) fn announce_here_doc(&mut self, delimiter: &Word, strips_tabs: bool) -> Result<(), Opaque> {
        let Some(literal) = &delimiter.literal else {
            return Err(Reason::HereDocument.at(delimiter.span.start));
        };
        self.pending.push(PendingHereDoc {
            delimiter: literal.clone(),
            expands: is_plain(delimiter),
            strips_tabs,
        });
        Ok(())
    }

    /// Reads the lines of every announced here-document, the first of which begins here.
    pub(super) fn read_here_docs(&mut self) -> Result<(), Opaque> {
        for pending in std::mem::take(&mut self.pending) {
            let start = self.at;
            let end = self.find_delimiter(&pending)?;
            let word = if pending.expands {
                Parser::new(self.text, start..end, self.deeper()?).here_doc_lines()?
            } else {
                let mut lines = Draft::new();
                lines.literal = Some(self.text[start..end].to_owned());
                lines.finish(self.text, start..end)
            };
            self.here_docs.push(word);
        }
        Ok(())
    }

    /// The whole range as the lines of a here-document whose delimiter is not quoted.
    fn here_doc_lines(mut self) -> Result<Word, Opaque> {
        let start = self.at;
        let mut lines = Draft::new();
        while self.at < self.end {
            self.soft_quoted(&mut lines, false)?;
        }
        Ok(lines.finish(self.text, start..self.at))
    }

    /// Moves after the closing line of a here-document; returns where that line begins.
    fn find_delimiter(&mut self, pending: &PendingHereDoc) -> Result<usize, Opaque> {
        let mut continued = false;
        while self.at < self.end {
            let start = self.at;
            let rest = &self.text[start..self.end];
            let line = rest.split('\n').next().unwrap_or(rest);
            steps::add(line.len() + 1);
            self.at = (start + line.len() + 1).min(self.end);
            if !continued && pending.closes(line) {
                return Ok(start);
            }
            // A backslash joins the next line to this one, so that it cannot close the document.
            continued = pending.expands && line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1;
        }
        Err(Reason::HereDocument.at(self.end))
    }
}

impl PendingHereDoc {
    fn closes(&self, line: &str) -> bool {
        let content = if self.strips_tabs {
            line.trim_start_matches('\t')
        } else {
            line
        };
        content.strip_suffix('\r').unwrap_or(content) == self.delimiter || content == self.delimiter
    }
}

/// Takes the statements of a script and the lines of its here-documents in source order; puts them into the redirects.
/// Those in substitutions have theirs already.
pub(super) fn attach(statements: &mut [Statement], lines: &mut IntoIter<Word>) {
    if lines.len() == 0 {
        return;
    }
    for statement in statements {
        for link in &mut statement.chain {
            for command in &mut link.pipeline.commands {
                attach_to_command(command, lines);
            }
        }
    }
}

fn attach_to_command(command: &mut Command, lines: &mut IntoIter<Word>) {
    let compound = match command {
        Command::Simple(simple) => return attach_to_redirects(&mut simple.redirects, lines),
        Command::Compound(compound) => compound,
        Command::Function(function) => &mut function.body,
    };
    for body in &mut compound.bodies {
        attach(&mut body.statements, lines);
    }
    attach_to_redirects(&mut compound.redirects, lines);
}

fn attach_to_redirects(redirects: &mut [Redirect], lines: &mut IntoIter<Word>) {
    for redirect in redirects {
        if redirect.kind == RedirectKind::HereDoc {
            redirect.here_doc = lines.next();
        }
    }
}
