//! The arguments of an instruction, in the shape that its keyword gives them.

use std::ops::Range;

use pest::Parser as _;
use pest::iterators::Pair as PestPair;

use super::error::Problem;
use super::grammar::{Escape, Grammar};
use super::line::split_word;
use super::{Arguments, Keyword, Logical, Pair, Text, exec_form, line};

/// Reads `rest`, what stands behind `keyword` and its flags.
pub(super) fn arguments(keyword: Keyword, rest: Logical, escape: Escape) -> Result<Arguments, Problem> {
    Ok(match keyword {
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell => command(rest)?,
        Keyword::Copy | Keyword::Add | Keyword::Volume => match exec_form::parse(&rest)? {
            Some(strings) => Arguments::Exec(strings),
            None => words(&rest),
        },
        Keyword::From | Keyword::Expose => words(&rest),
        Keyword::Arg => Arguments::Words(quoted_words(&rest, escape).collect()),
        Keyword::Env | Keyword::Label => pairs(keyword, &rest, escape)?,
        Keyword::Maintainer | Keyword::Stopsignal | Keyword::User | Keyword::Workdir => whole(&rest),
        Keyword::Healthcheck => healthcheck(&rest)?,
        Keyword::Onbuild => trigger(&rest, escape)?,
    })
}

/// Exec form, or else shell form.
fn command(rest: Logical) -> Result<Arguments, Problem> {
    Ok(match exec_form::parse(&rest)? {
        Some(strings) => Arguments::Exec(strings),
        None => Arguments::Shell(rest),
    })
}

fn whole(rest: &Logical) -> Arguments {
    Arguments::Rest(text(rest, 0..rest.text().len()))
}

fn text(line: &Logical, range: Range<usize>) -> Text {
    Text {
        value: line.text().get(range.clone()).unwrap_or_default().to_owned(),
        range: line.source_range(range),
    }
}

fn words(rest: &Logical) -> Arguments {
    let (mut words, mut behind) = (Vec::new(), rest.text());
    while !behind.is_empty() {
        let start = rest.text().len() - behind.len();
        let (word, after) = split_word(behind);
        words.push(text(rest, start..start + word.len()));
        behind = after;
    }
    Arguments::Words(words)
}

fn quoted_words(rest: &Logical, escape: Escape) -> impl Iterator<Item = Text> {
    quoted(rest, escape).map(|span| text(rest, span))
}

/// Where the words of `line` stand in which quotes and escapes count. The rule accepts every text.
fn quoted(line: &Logical, escape: Escape) -> impl Iterator<Item = Range<usize>> {
    Grammar::parse(escape.quoted_words(), line.text())
        .into_iter()
        .flatten()
        .flat_map(PestPair::into_inner)
        .map(|pair| pair.as_span().start()..pair.as_span().end())
}

/// ENV's and LABEL's pairs: `name=value …`, or the legacy `name value`.
fn pairs(keyword: Keyword, rest: &Logical, escape: Escape) -> Result<Arguments, Problem> {
    let mut pairs = Vec::new();
    for span in quoted(rest, escape) {
        let word = rest.text().get(span.clone()).unwrap_or_default();
        let Some((name, _)) = word.split_once('=') else {
            if pairs.is_empty() {
                return legacy_pair(keyword, rest);
            }
            let found = format!("`{word}` without `=`");
            let help = "put the value in quotes if it holds blanks";
            return Err(Problem::new(rest.source_start(span.start), found, "name=value", help));
        };
        pairs.push(Pair {
            name: name.to_owned(),
            value: text(rest, span.start + name.len() + 1..span.end),
            range: rest.source_range(span),
        });
    }
    Ok(Arguments::Pairs { pairs, legacy: false })
}

fn legacy_pair(keyword: Keyword, rest: &Logical) -> Result<Arguments, Problem> {
    let (name, after) = split_word(rest.text());
    if name.len() == rest.text().len() {
        let keyword = keyword.name();
        let help = format!("write `{keyword} {}=value`", rest.text());
        let found = format!("{keyword} with a name and no value");
        return Err(Problem::new(rest.source_start(0), found, "a value", help));
    }
    let start = rest.text().len() - after.len();
    let pair = Pair {
        name: name.to_owned(),
        value: text(rest, start..rest.text().len()),
        range: rest.source_range(0..rest.text().len()),
    };
    Ok(Arguments::Pairs {
        pairs: vec![pair],
        legacy: true,
    })
}

/// HEALTHCHECK's `NONE`, or `CMD` and its command; anything else stays a text for the checks to refuse.
fn healthcheck(rest: &Logical) -> Result<Arguments, Problem> {
    let (kind, after) = split_word(rest.text());
    let start = rest.text().len() - after.len();
    let command = command(rest.part(start..rest.text().len()))?;
    let is_empty = match &command {
        Arguments::Exec(strings) => strings.is_empty(),
        _ => start == rest.text().len(),
    };
    Ok(if kind.eq_ignore_ascii_case("CMD") {
        Arguments::Healthcheck(Some(Box::new(command)))
    } else if kind.eq_ignore_ascii_case("NONE") && is_empty {
        Arguments::Healthcheck(None)
    } else {
        whole(rest)
    })
}

/// ONBUILD's instruction.
fn trigger(rest: &Logical, escape: Escape) -> Result<Arguments, Problem> {
    let keyword = Keyword::from_word(split_word(rest.text()).0);
    Ok(match keyword {
        None => whole(rest),
        // Refused here and not with the other checks: a line of thousands of them must not exhaust the stack.
        Some(Keyword::Onbuild) => {
            return Err(Problem::new(
                rest.source_start(0),
                "ONBUILD behind ONBUILD",
                "an instruction that a child image can run",
                "remove one of them",
            ));
        }
        Some(_) => Arguments::Trigger(Box::new(line::parse(rest, escape)?)),
    })
}
