//! The driver: a file to logical lines, and those to instructions with their heredoc bodies.

use pest::Parser as _;

use super::error::{Problem, SyntaxError};
use super::grammar::{Escape, Grammar, Rule};
use super::tree::{Dockerfile, Instruction, LineRange, Newline};
use super::{Arguments, Heredoc, Logical, Node, line, physical, validate};

/// The longest line that BuildKit's reader takes, its newline included (Go's `bufio.MaxScanTokenSize`).
const LONGEST_LINE: usize = 64 * 1024;

/// Reads a Dockerfile. `name` is what messages call it.
///
/// # Errors
/// Where BuildKit's own parser would stop, with the place and what was expected there.
pub fn parse(name: &str, text: &str) -> Result<Dockerfile, SyntaxError> {
    read(name, text).map_err(|problem| problem.locate(name, text))
}

fn read(name: &str, text: &str) -> Result<Dockerfile, Problem> {
    refuse_long_lines(text)?;
    let (prologue_end, directives, escape) = prologue(text)?;

    let (mut rest, mut line) = (text.get(prologue_end..).unwrap_or_default(), 1);
    line += newlines(text.get(..prologue_end).unwrap_or_default());
    let mut instructions = Vec::new();
    let epilogue = loop {
        let (leading, after) = rest.split_at(physical::trivia(rest));
        if after.is_empty() {
            break leading;
        }
        let (node, length) = node(after, escape).map_err(|problem| problem.shifted(text.len() - after.len()))?;
        let (own, after) = after.split_at(length);
        let (ending, after) = after.split_at(after.find('\n').map_or(after.len(), |newline| newline + 1));
        let first = line + newlines(leading);
        let last = first + newlines(own);
        line = last + newlines(ending);
        instructions.push(Instruction {
            leading: leading.to_owned(),
            text: own.to_owned(),
            ending: ending.to_owned(),
            lines: Some(LineRange { first, last }),
            node,
        });
        rest = after;
    };
    if instructions.is_empty() {
        let help = "a Dockerfile begins with FROM";
        return Err(Problem::new(
            text.len(),
            "a file without instructions",
            "at least one instruction",
            help,
        ));
    }
    validate::stages(&instructions).map_err(|(index, problem)| {
        let offset = instructions
            .iter()
            .take(index)
            .map(|i| i.leading.len() + i.text.len() + i.ending.len());
        let own = instructions.get(index).map_or(0, |i| i.leading.len());
        problem.shifted(prologue_end + offset.sum::<usize>() + own)
    })?;

    Ok(Dockerfile {
        name: name.to_owned(),
        prologue: text.get(..prologue_end).unwrap_or_default().to_owned(),
        directives,
        epilogue: epilogue.to_owned(),
        newline: newline(text),
        instructions,
        escape,
    })
}

/// Reads the instruction at the beginning of `text`. Returns it with the length of its text: up to the newline behind
/// it or behind its last heredoc's terminator.
pub(super) fn node(text: &str, escape: Escape) -> Result<(Node, usize), Problem> {
    let (logical, mut length) = logical_line(text, escape);
    let mut node = line::parse(&logical, escape)?;
    for heredoc in &mut node.heredocs {
        length = body(text, length, heredoc)?;
    }
    if let Arguments::Trigger(trigger) = &mut node.arguments {
        trigger.heredocs.clone_from(&node.heredocs);
    }
    validate::node(&node)?;
    Ok((node, length))
}

/// Finds the body of `heredoc` in `text`, from the line behind byte `at` on. Returns where its terminator ends.
fn body(text: &str, at: usize, heredoc: &mut Heredoc) -> Result<usize, Problem> {
    let after = text.get(at..).unwrap_or_default();
    let start = after.find('\n').map_or(text.len(), |newline| at + newline + 1);
    let mut at = start;
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let bare = line.trim_end_matches(['\r', '\n']);
        if bare == heredoc.name || (heredoc.strip_tabs && bare.trim_start_matches('\t') == heredoc.name) {
            heredoc.body = start..at;
            return Ok(at + bare.len());
        }
        at += line.len();
    }
    let name = &heredoc.name;
    let help = format!("write {name} alone on a line, without blanks around it");
    let found = format!("the heredoc `{name}` has no end");
    Err(Problem::new(0, found, format!("a line `{name}`"), help))
}

/// The logical line at the beginning of `text`, and its length without the newline behind it.
fn logical_line(text: &str, escape: Escape) -> (Logical, usize) {
    let (mut line, end) = physical::logical_line(text, escape.character());
    line.trim_carriage_returns();
    // A continuation at the end of the file, or before blank lines up to it, is part of the instruction's text, but
    // the last newline is not.
    let length = text.get(..end).unwrap_or_default().trim_end_matches(['\r', '\n']).len();
    (line, length)
}

type Prologue = (usize, Vec<(String, String)>, Escape);

/// The byte-order mark and the parser directives: their length, the directives and the escape character.
fn prologue(text: &str) -> Result<Prologue, Problem> {
    let (mut directives, mut escape) = (Vec::<(String, String)>::new(), Escape::Backslash);
    let Some(prologue) = Grammar::parse(Rule::prologue, text)
        .ok()
        .and_then(|mut pairs| pairs.next())
    else {
        return Ok((0, directives, escape));
    };
    let length = prologue.as_str().len();
    for line in prologue.into_inner() {
        let at = line.as_span().start();
        let mut inner = line.into_inner().map(|part| part.as_str().to_owned());
        let (name, value) = (
            inner.next().unwrap_or_default().to_lowercase(),
            inner.next().unwrap_or_default(),
        );
        if directives.iter().any(|(seen, _)| *seen == name) {
            let found = format!("a second `{name}` directive");
            return Err(Problem::new(at, found, "each directive once", "remove one of them"));
        }
        if name == "escape" {
            escape = Escape::from_value(&value).ok_or_else(|| {
                let found = format!("escape character `{value}`");
                Problem::new(at, found, "\\ or `", "use one of the two")
            })?;
        }
        directives.push((name, value));
    }
    Ok((length, directives, escape))
}

/// How most lines of `text` end.
fn newline(text: &str) -> Newline {
    if !text.contains('\r') {
        return Newline::Lf;
    }
    if text.matches("\r\n").count() * 2 > newlines(text) {
        Newline::CrLf
    } else {
        Newline::Lf
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

fn refuse_long_lines(text: &str) -> Result<(), Problem> {
    // Few files are long enough to hold such a line.
    if text.len() < LONGEST_LINE {
        return Ok(());
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.len() + usize::from(!line.ends_with('\n')) > LONGEST_LINE {
            let found = format!("a line of {} bytes", line.len());
            let expected = format!("at most {} bytes, as BuildKit reads them", LONGEST_LINE - 1);
            return Err(Problem::new(
                at,
                found,
                expected,
                "move the text into a file that is copied",
            ));
        }
        at += line.len();
    }
    Ok(())
}
