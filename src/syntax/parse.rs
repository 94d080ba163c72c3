//! The driver: a file to logical lines, and those to instructions with their heredoc bodies.

use pest::Parser as _;

use super::error::{Problem, SyntaxError};
use super::grammar::{Escape, Grammar, Rule};
use super::node::{Arguments, Node};
use super::tree::{Dockerfile, Instruction, LineRange, Newline};
use super::{Logical, validate};

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
    let (mut at, directives, escape) = prologue(text)?;
    let prologue_end = at;

    let mut lines = LineCounter { text, at: 0, line: 1 };
    let mut instructions = Vec::new();
    let epilogue = loop {
        let leading = matched(Rule::trivia, &text[at..]);
        at += leading.len();
        if at == text.len() {
            break leading;
        }
        let (node, length) = node(&text[at..], escape).map_err(|problem| problem.shifted(at))?;
        let first = lines.line_of(at);
        let last = lines.line_of(at + length);
        let after = &text[at + length..];
        let ending = &after[..after.find('\n').map_or(after.len(), |newline| newline + 1)];
        instructions.push(Instruction {
            leading: leading.to_owned(),
            text: text[at..at + length].to_owned(),
            ending: ending.to_owned(),
            lines: Some(LineRange { first, last }),
            node,
        });
        at += length + ending.len();
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

    let crlf = text.matches("\r\n").count();
    Ok(Dockerfile {
        name: name.to_owned(),
        prologue: text[..prologue_end].to_owned(),
        directives,
        epilogue: epilogue.to_owned(),
        newline: if crlf * 2 > text.matches('\n').count() {
            Newline::CrLf
        } else {
            Newline::Lf
        },
        instructions,
        escape,
    })
}

/// Reads the instruction at the beginning of `text`. Returns it with the length of its text: up to the newline behind
/// it or behind its last heredoc's terminator.
pub(super) fn node(text: &str, escape: Escape) -> Result<(Node, usize), Problem> {
    let (line, mut length) = logical_line(text, escape);
    let mut node = super::node::parse(&line, escape)?;
    for heredoc in &mut node.heredocs {
        let start = (length..text.len())
            .find(|&at| text.as_bytes()[at] == b'\n')
            .map_or(text.len(), |at| at + 1);
        let mut at = start;
        let terminator = text[start..].split_inclusive('\n').find(|line| {
            let word = line.trim_end_matches(['\r', '\n']);
            let word = if heredoc.strip_tabs {
                word.trim_start_matches('\t')
            } else {
                word
            };
            let found = word == heredoc.name;
            at += if found { 0 } else { line.len() };
            found
        });
        let Some(terminator) = terminator else {
            let found = format!("the heredoc `{}` has no end", heredoc.name);
            let help = format!("write {} alone on a line, without blanks around it", heredoc.name);
            return Err(Problem::new(0, found, format!("a line `{}`", heredoc.name), help));
        };
        heredoc.body = start..at;
        length = at + terminator.trim_end_matches(['\r', '\n']).len();
    }
    if let Arguments::Trigger(trigger) = &mut node.arguments {
        trigger.heredocs.clone_from(&node.heredocs);
    }
    validate::node(&node)?;
    Ok((node, length))
}

/// The logical line at the beginning of `text`, and its length without the newline behind it.
fn logical_line(text: &str, escape: Escape) -> (Logical, usize) {
    let (mut line, mut end) = (Logical::default(), 0);
    for pair in Grammar::parse(escape.logical_line(), text)
        .into_iter()
        .flatten()
        .flat_map(|pair| pair.into_inner())
    {
        let span = pair.as_span();
        if pair.as_rule() == Rule::piece {
            line.push(span.as_str(), span.start());
        }
        end = span.end();
    }
    // A continuation at the end of the file, or before blank lines up to it, is part of the instruction's text, but
    // the last newline is not.
    let length = text[..end].trim_end_matches(['\r', '\n']).len().max(line_end(&line));
    (line, length)
}

fn line_end(line: &Logical) -> usize {
    line.source_range(0..line.text().len()).end
}

/// The text that `rule`, which matches every text, takes from the beginning of `text`.
fn matched(rule: Rule, text: &str) -> &str {
    Grammar::parse(rule, text).map_or("", |pairs| pairs.as_str())
}

type Prologue = (usize, Vec<(String, String)>, Escape);

/// The byte-order mark and the parser directives: their length, the directives and the escape character.
fn prologue(text: &str) -> Result<Prologue, Problem> {
    let mut at = matched(Rule::bom, text).len();
    let (mut directives, mut escape) = (Vec::<(String, String)>::new(), Escape::Backslash);
    while let Some(pair) = Grammar::parse(Rule::directive_line, &text[at..])
        .ok()
        .and_then(|mut pairs| pairs.next())
    {
        let length = pair.as_str().len();
        let mut inner = pair.into_inner().map(|part| part.as_str().to_owned());
        let (name, value) = (
            inner.next().unwrap_or_default().to_lowercase(),
            inner.next().unwrap_or_default(),
        );
        if directives.iter().any(|(seen, _)| *seen == name) {
            let found = format!("a second `{name}` directive");
            return Err(Problem::new(at, found, "each directive once", "remove one of them"));
        }
        if name == "escape" {
            let mut characters = value.chars();
            escape = characters
                .next()
                .and_then(Escape::of)
                .filter(|_| characters.next().is_none())
                .ok_or_else(|| {
                    Problem::new(
                        at,
                        format!("escape character `{value}`"),
                        "\\ or `",
                        "use one of the two",
                    )
                })?;
        }
        directives.push((name, value));
        at += length;
    }
    Ok((at, directives, escape))
}

fn refuse_long_lines(text: &str) -> Result<(), Problem> {
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

/// Counts lines up to ascending places, each newline once.
struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl LineCounter<'_> {
    fn line_of(&mut self, place: usize) -> usize {
        self.line += self.text[self.at..place].matches('\n').count();
        self.at = place;
        self.line
    }
}
