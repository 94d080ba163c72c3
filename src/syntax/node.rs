//! What an instruction says: keyword, flags, arguments, heredocs.

use std::ops::Range;

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
    /// MAINTAINER, STOPSIGNAL, USER, WORKDIR: the rest of the line. Of ONBUILD too, where it is no instruction that
    /// BuildKit knows: only a build of the child image would stop there.
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

    /// What a COPY or ADD copies: all of its words but the last.
    pub fn sources(&self) -> &[Text] {
        self.words().split_last().map_or(&[], |(_, sources)| sources)
    }
}
