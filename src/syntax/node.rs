//! The logical layer: one joined line to keyword, flags and arguments.

use std::ops::Range;

use pest::Parser as _;
use pest::iterators::Pair as PestPair;

use super::error::Problem;
use super::grammar::{Escape, Grammar, Rule};
use super::{Heredoc, Keyword, Logical};

/// What an instruction says. All ranges count from the beginning of the instruction's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The kind of instruction.
    pub keyword: Keyword,
    /// Where the keyword stands.
    pub keyword_range: Range<usize>,
    /// The flags between keyword and arguments.
    pub flags: Vec<Flag>,
    /// Where the arguments stand, continuations inside included; empty where there are none.
    pub arguments_range: Range<usize>,
    /// The arguments.
    pub arguments: Arguments,
    /// The heredocs that the arguments name, in their order.
    pub heredocs: Vec<Heredoc>,
}

/// A `--name=value` between keyword and arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The name without the dashes.
    pub name: String,
    /// The value without quotes and escapes; none for a flag without `=`.
    pub value: Option<String>,
    /// Where the whole flag stands.
    pub range: Range<usize>,
}

/// A piece of text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it says. For strings of the exec form, without quotes and escapes; else as written, continuations left out.
    pub value: String,
    /// Where it stands, quotes included.
    pub range: Range<usize>,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The name as written, quotes included.
    pub name: String,
    /// The value as written, quotes included.
    pub value: Text,
    /// Where the whole pair stands.
    pub range: Range<usize>,
}

/// The arguments of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// RUN, CMD, ENTRYPOINT and HEALTHCHECK CMD in shell form: the text for the shell.
    Shell(Logical),
    /// The exec form, a JSON array, of any instruction that knows it.
    Exec(Vec<Text>),
    /// FROM, COPY, ADD, EXPOSE, VOLUME, ARG: words.
    Words(Vec<Text>),
    /// ENV, LABEL: pairs. `legacy` is the form `ENV name value`, which has just one.
    Pairs {
        /// The pairs in their order.
        pairs: Vec<Pair>,
        /// Whether the pair is written without `=`.
        legacy: bool,
    },
    /// MAINTAINER, STOPSIGNAL, USER, WORKDIR: the rest of the line.
    Rest(Text),
    /// HEALTHCHECK: its command, in shell or exec form; none for `HEALTHCHECK NONE`.
    Healthcheck(Option<Box<Arguments>>),
    /// ONBUILD: the instruction that it puts off.
    Trigger(Box<Node>),
}

impl Node {
    /// The value of flag `name`; `Some("")` for one without a value.
    pub fn flag(&self, name: &str) -> Option<&str> {
        let flag = self.flags.iter().find(|flag| flag.name == name)?;
        Some(flag.value.as_deref().unwrap_or_default())
    }

    /// The flags called `name`, in their order.
    pub fn flags_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Flag> {
        self.flags.iter().filter(move |flag| flag.name == name)
    }

    /// The arguments as words, for the instructions that take words or a JSON array of them.
    pub fn words(&self) -> &[Text] {
        match &self.arguments {
            Arguments::Words(words) | Arguments::Exec(words) => words,
            _ => &[],
        }
    }
}

/// Reads one logical line. Heredocs are found, but their bodies are the driver's business.
pub(super) fn parse(line: &Logical, escape: Escape) -> Result<Node, Problem> {
    let mut pairs = Grammar::parse(escape.head(), line.text())
        .ok()
        .and_then(|mut pairs| pairs.next())
        .map(PestPair::into_inner)
        .ok_or_else(|| unknown_keyword("", line.source_start(0)))?;

    let keyword = pairs.next().ok_or_else(|| unknown_keyword("", line.source_start(0)))?;
    let keyword_range = line.source_range(keyword.as_span().start()..keyword.as_span().end());
    let Some(kind) = Keyword::from_word(keyword.as_str()) else {
        return Err(unknown_keyword(keyword.as_str(), keyword_range.start));
    };

    let mut end = keyword.as_span().end();
    let mut flags = Vec::new();
    for pair in pairs {
        end = pair.as_span().end();
        flags.push(flag(pair, line, escape));
    }
    // A lone `--` ends the flags and belongs to nobody.
    let after = line.text()[end..].trim_start();
    if let Some(rest) = after
        .strip_prefix("--")
        .filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    {
        end = line.text().len() - rest.len();
    }

    let rest = line.trimmed(end..line.text().len());
    let arguments = arguments(kind, &rest, escape)?;
    let arguments_range = rest.source_range(0..rest.text().len());
    let heredocs = match (&arguments, kind) {
        (Arguments::Exec(_), _) => Vec::new(),
        (_, Keyword::Run | Keyword::Copy | Keyword::Add) => super::heredoc::find(line),
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

fn unknown_keyword(word: &str, at: usize) -> Problem {
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

fn flag(pair: PestPair<'_, Rule>, line: &Logical, escape: Escape) -> Flag {
    let range = line.source_range(pair.as_span().start()..pair.as_span().end());
    let mut inner = pair.into_inner();
    let mut next = || inner.next().map(|part| unquote_flag(part.as_str(), escape));
    Flag {
        name: next().unwrap_or_default(),
        value: next(),
        range,
    }
}

/// Takes quotes and escapes out of a flag, as BuildKit does: both kinds of quotes are alike, escapes count in both.
fn unquote_flag(raw: &str, escape: Escape) -> String {
    let (mut value, mut quote, mut characters) = (String::with_capacity(raw.len()), None, raw.chars());
    while let Some(character) = characters.next() {
        if character == escape.character() {
            value.extend(characters.next());
        } else if quote == Some(character) {
            quote = None;
        } else if quote.is_none() && matches!(character, '\'' | '"') {
            quote = Some(character);
        } else {
            value.push(character);
        }
    }
    value
}

fn arguments(keyword: Keyword, rest: &Logical, escape: Escape) -> Result<Arguments, Problem> {
    let exec = |rest: &Logical| exec_form(rest).map(|strings| strings.map(Arguments::Exec));
    Ok(match keyword {
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell => {
            exec(rest)?.unwrap_or_else(|| Arguments::Shell(rest.clone()))
        }
        Keyword::Copy | Keyword::Add | Keyword::Volume => exec(rest)?.unwrap_or_else(|| words(rest)),
        Keyword::From | Keyword::Expose => words(rest),
        Keyword::Arg => Arguments::Words(quoted_words(rest, escape)),
        Keyword::Env | Keyword::Label => pairs(keyword, rest, escape)?,
        Keyword::Maintainer | Keyword::Stopsignal | Keyword::User | Keyword::Workdir => {
            Arguments::Rest(text(rest, 0..rest.text().len()))
        }
        Keyword::Healthcheck => healthcheck(rest)?,
        Keyword::Onbuild => {
            if rest.text().is_empty() {
                let help = "name the instruction that a child image is to run";
                return Err(Problem::new(
                    rest.source_start(0),
                    "ONBUILD without an instruction",
                    "an instruction",
                    help,
                ));
            }
            Arguments::Trigger(Box::new(parse(rest, escape)?))
        }
    })
}

fn text(line: &Logical, range: Range<usize>) -> Text {
    Text {
        value: line.text()[range.clone()].to_owned(),
        range: line.source_range(range),
    }
}

fn words(rest: &Logical) -> Arguments {
    Arguments::Words(spans(Rule::words, Rule::word, rest))
}

fn quoted_words(rest: &Logical, escape: Escape) -> Vec<Text> {
    spans(escape.quoted_words(), Rule::quoted_word, rest)
}

/// The pieces of `line` that `item` matches under the entry rule `entry`, which accepts every text.
fn spans(entry: Rule, item: Rule, line: &Logical) -> Vec<Text> {
    let Ok(pairs) = Grammar::parse(entry, line.text()) else {
        return Vec::new();
    };
    pairs
        .flat_map(PestPair::into_inner)
        .filter(|pair| pair.as_rule() == item)
        .map(|pair| text(line, pair.as_span().start()..pair.as_span().end()))
        .collect()
}

/// The strings of a JSON array; none where the text is no JSON, which makes it shell form or plain words.
fn exec_form(rest: &Logical) -> Result<Option<Vec<Text>>, Problem> {
    if !rest.text().starts_with('[') {
        return Ok(None);
    }
    let Ok(pairs) = Grammar::parse(Rule::exec_form, rest.text()) else {
        // Any other JSON array is an error, not shell form.
        return match serde_json::from_str::<Vec<serde_json::Value>>(rest.text()) {
            Ok(_) => Err(Problem::new(
                rest.source_start(0),
                "a JSON array with something else than strings",
                "strings only",
                "put every element in double quotes",
            )),
            Err(_) => Ok(None),
        };
    };
    let strings = pairs
        .flat_map(PestPair::into_inner)
        .filter(|pair| pair.as_rule() == Rule::json_string);
    Ok(Some(
        strings
            .map(|pair| Text {
                // Only a lone surrogate makes serde refuse what the grammar took; Go puts U+FFFD there.
                value: serde_json::from_str(pair.as_str()).unwrap_or_else(|_| "\u{FFFD}".to_owned()),
                range: rest.source_range(pair.as_span().start()..pair.as_span().end()),
            })
            .collect(),
    ))
}

fn pairs(keyword: Keyword, rest: &Logical, escape: Escape) -> Result<Arguments, Problem> {
    let name = keyword.name();
    let words = quoted_words(rest, escape);
    let Some(first) = words.first() else {
        return Ok(Arguments::Pairs {
            pairs: Vec::new(),
            legacy: false,
        });
    };

    if !first.value.contains('=') {
        let gap = |c: char| matches!(c, '\t' | '\u{B}' | '\u{C}' | '\r' | ' ');
        let Some((key, after)) = rest.text().split_once(gap) else {
            let help = format!("write `{name} {}=value`", rest.text());
            return Err(Problem::new(
                first.range.start,
                format!("{name} with a name and no value"),
                "a value",
                help,
            ));
        };
        let start = rest.text().len() - after.trim_start_matches(gap).len();
        let pair = Pair {
            name: key.to_owned(),
            value: text(rest, start..rest.text().len()),
            range: rest.source_range(0..rest.text().len()),
        };
        return Ok(Arguments::Pairs {
            pairs: vec![pair],
            legacy: true,
        });
    }

    let mut pairs = Vec::with_capacity(words.len());
    for word in words {
        let Some((key, value)) = word.value.split_once('=') else {
            let found = format!("`{}` without `=`", word.value);
            let help = "put the value in quotes if it holds blanks";
            return Err(Problem::new(word.range.start, found, "name=value", help));
        };
        if key.is_empty() {
            let found = format!("{name} with an empty name");
            return Err(Problem::new(
                word.range.start,
                found,
                "name=value",
                "name the variable before `=`",
            ));
        }
        // The value's own range: exact where no continuation cuts the word, which is where it matters for edits.
        let value_start = word.range.start + (key.len() + 1).min(word.range.len());
        let value = Text {
            value: value.to_owned(),
            range: value_start..word.range.end,
        };
        pairs.push(Pair {
            name: key.to_owned(),
            value,
            range: word.range,
        });
    }
    Ok(Arguments::Pairs { pairs, legacy: false })
}

fn healthcheck(rest: &Logical) -> Result<Arguments, Problem> {
    let at = rest.source_start(0);
    let kind = Grammar::parse(Rule::health_kind, rest.text())
        .ok()
        .and_then(|mut pairs| pairs.next());
    let Some(kind) = kind else {
        return Err(Problem::new(
            at,
            "HEALTHCHECK without arguments",
            "NONE or CMD",
            "write `HEALTHCHECK CMD command`",
        ));
    };
    let command = rest.trimmed(kind.as_span().end()..rest.text().len());
    let form = match exec_form(&command)? {
        Some(strings) => Arguments::Exec(strings),
        None => Arguments::Shell(command),
    };
    let is_empty = match &form {
        Arguments::Exec(strings) => strings.is_empty(),
        Arguments::Shell(command) => command.text().is_empty(),
        _ => false,
    };
    match kind.as_str().to_uppercase().as_str() {
        "NONE" if is_empty => Ok(Arguments::Healthcheck(None)),
        "NONE" => Err(Problem::new(
            at,
            "HEALTHCHECK NONE with arguments",
            "nothing behind NONE",
            "remove them",
        )),
        "CMD" if is_empty => Err(Problem::new(
            at,
            "HEALTHCHECK CMD without a command",
            "a command",
            "write the command behind CMD",
        )),
        "CMD" => Ok(Arguments::Healthcheck(Some(Box::new(form)))),
        other => {
            let found = format!("unknown kind of health check `{other}`");
            Err(Problem::new(
                at,
                found,
                "NONE or CMD",
                "write `HEALTHCHECK CMD command`",
            ))
        }
    }
}
