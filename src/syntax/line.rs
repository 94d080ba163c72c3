//! The logical layer: one joined line to keyword, flags and arguments, as BuildKit's `parser` package reads it. What
//! its `instructions` package checks afterwards is in [`super::validate`].

use std::ops::Range;

use pest::Parser as _;

use super::arguments::arguments;
use super::error::Problem;
use super::grammar::{Escape, Grammar};
use super::{Arguments, Flag, Keyword, Logical, Node, heredoc};

/// Reads one logical line. Heredocs are found, but their bodies are the driver's business.
pub(super) fn parse(line: &Logical, escape: Escape) -> Result<Node, Problem> {
    // White space around the line means nothing, in Unicode's sense; inside, only ASCII's separates.
    let text = line.text().trim_end();
    let start = text.len() - text.trim_start().len();
    let text = text.get(start..).unwrap_or_default();

    let (keyword, behind) = split_word(text);
    if keyword.is_empty() {
        return Err(unknown_keyword("", line.source_start(start)));
    }
    let keyword_range = line.source_range(start..start + keyword.len());
    let Some(kind) = Keyword::from_word(keyword) else {
        return Err(unknown_keyword(keyword, keyword_range.start));
    };
    let mut end = start + text.len() - behind.len();
    let (flags, flags_length) = flags(line, end..start + text.len(), escape);
    end += flags_length;

    let rest = line.trimmed(end..line.text().len());
    let arguments_range = rest.source_range(0..rest.text().len());
    let arguments = arguments(kind, rest, escape)?;
    let heredocs = match (&arguments, kind) {
        (Arguments::Exec(_), _) => Vec::new(),
        (_, Keyword::Run | Keyword::Copy | Keyword::Add) => heredoc::find(line),
        // The driver reads a trigger's bodies with the whole line.
        (Arguments::Trigger(trigger), _) => trigger.heredocs.clone(),
        _ => Vec::new(),
    };
    Ok(Node {
        keyword: kind,
        keyword_range,
        flags,
        arguments_range,
        arguments,
        heredocs,
    })
}

/// Whether BuildKit splits words at a character: ASCII's white space.
fn is_gap(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r')
}

/// The first word of `text`, and what stands behind the white space after it.
pub(super) fn split_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_at(text.find(is_gap).unwrap_or(text.len()));
    (word, rest.trim_start_matches(is_gap))
}

fn unknown_keyword(word: &str, at: usize) -> Problem {
    if word.is_empty() {
        let found = "an escape character with nothing to continue";
        return Problem::new(at, found, "an instruction", "remove the line");
    }
    let names: Vec<&str> = Keyword::ALL.iter().map(|keyword| keyword.name()).collect();
    let upper = word.to_uppercase();
    let nearest = names
        .iter()
        .min_by_key(|name| strsim::damerau_levenshtein(name, &upper));
    let help = match nearest.filter(|name| strsim::damerau_levenshtein(name, &upper) <= 2) {
        Some(name) => format!("write {name}, if that is what is meant"),
        None => {
            "if the line belongs to the instruction above, end the line before it with the escape character".to_owned()
        }
    };
    Problem::new(
        at,
        format!("unknown instruction `{word}`"),
        format!("one of {}", names.join(", ")),
        help,
    )
}

/// Reads the flags at the beginning of `range` of `line`. Returns their length too.
fn flags(line: &Logical, range: Range<usize>, escape: Escape) -> (Vec<Flag>, usize) {
    let start = range.start;
    let text = line.text().get(range).unwrap_or_default();
    // Most instructions have none.
    if !text.starts_with("--") {
        return (Vec::new(), 0);
    }
    let Some(flags) = Grammar::parse(escape.flags(), text)
        .ok()
        .and_then(|mut pairs| pairs.next())
    else {
        return (Vec::new(), 0);
    };
    let length = flags.as_span().end();
    let flags = flags
        .into_inner()
        .map(|part| {
            let unquoted = unquote_flag(part.as_str(), escape);
            let bare = unquoted.strip_prefix("--").unwrap_or(&unquoted);
            let (name, value) = bare
                .split_once('=')
                .map_or((bare, None), |(name, value)| (name, Some(value.to_owned())));
            Flag {
                name: name.to_owned(),
                value,
                range: line.source_range(start + part.as_span().start()..start + part.as_span().end()),
            }
        })
        .collect();
    (flags, length)
}

/// Takes quotes and escapes out of a flag, as BuildKit does: both kinds of quotes are alike, escapes count in both.
fn unquote_flag(raw: &str, escape: Escape) -> String {
    let (mut value, mut quote, mut characters) = (String::with_capacity(raw.len()), None, raw.chars());
    while let Some(character) = characters.next() {
        if quote == Some(character) {
            quote = None;
        } else if quote.is_none() && matches!(character, '\'' | '"') {
            quote = Some(character);
        } else if character == escape.character() {
            value.extend(characters.next());
        } else {
            value.push(character);
        }
    }
    value
}
