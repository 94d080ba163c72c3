//! Functions of a project that pass their own argument on to one that starts programs: `def run(command): …`.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;

use crate::knowledge::Takes;

use super::names::{sign, word};
use super::tokens::{Positioned, Token};
use super::values::{inside, parts};

/// A function of the project that starts what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Helper {
    pub(super) name: String,
    /// Which argument is the program, from 0.
    pub(super) argument: usize,
    pub(super) takes: Takes,
    /// The language that it is written in.
    pub(super) language: String,
    /// The name of its file, without an ending: how others name the module.
    pub(super) stem: String,
}

/// The helpers of a project, by their names.
#[derive(Debug, Default)]
pub(super) struct Helpers {
    by_name: HashMap<String, Vec<Helper>>,
}

impl Helpers {
    /// Those with a name.
    pub(super) fn named(&self, name: &str) -> &[Helper] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Adds those that are new; whether there was one.
    pub(super) fn add(&mut self, helpers: Vec<Helper>) -> bool {
        let mut is_any = false;
        for helper in helpers {
            let known = self.by_name.entry(helper.name.clone()).or_default();
            if known.len() < MOST_OF_A_NAME && !known.contains(&helper) {
                known.push(helper);
                is_any = true;
            }
        }
        is_any
    }

    /// What finds their names in texts; nothing where there is no helper.
    pub(super) fn search(&self) -> Option<AhoCorasick> {
        let names = self.by_name.keys();
        AhoCorasick::new(names).ok().filter(|_| !self.by_name.is_empty())
    }
}

/// The most helpers of one name that are told apart.
const MOST_OF_A_NAME: usize = 100;

/// A function's beginning.
#[derive(Debug)]
pub(super) struct Definition<'s> {
    pub(super) at: usize,
    pub(super) name: &'s str,
    /// The names in each parameter.
    parameters: Vec<Vec<&'s str>>,
    /// Whether the first parameter is the object itself.
    is_method: bool,
}

impl<'s> Definition<'s> {
    fn new(at: usize, name: &'s str, parameters: &[&[Positioned<'s>]]) -> Definition<'s> {
        let names = |part: &&[Positioned<'s>]| {
            let names = part.iter().filter_map(|found| match found.token {
                Token::Name(name) => Some(name),
                _ => None,
            });
            names.collect::<Vec<_>>()
        };
        let named: Vec<Vec<&str>> = parameters.iter().map(names).collect();
        let is_own = |first: &Vec<&str>| first.iter().any(|name| matches!(*name, "self" | "cls"));
        let is_short = parameters.first().is_some_and(|first| first.len() <= 2);
        Definition {
            at,
            name,
            is_method: is_short && named.first().is_some_and(is_own),
            parameters: named,
        }
    }

    /// The place of the parameter `name` among the arguments of a call.
    pub(super) fn parameter(&self, name: &str) -> Option<usize> {
        let at = self.parameters.iter().position(|part| part.contains(&name))?;
        at.checked_sub(usize::from(self.is_method))
    }
}

/// The functions that a file defines.
pub(super) fn definitions<'s>(tokens: &[Positioned<'s>]) -> Vec<Definition<'s>> {
    (0..tokens.len()).filter_map(|at| definition(tokens, at)).collect()
}

fn definition<'s>(tokens: &[Positioned<'s>], at: usize) -> Option<Definition<'s>> {
    let name = word(tokens, at)?;
    match name {
        "def" | "function" | "fn" | "fun" => {
            let name = word(tokens, at + 1)?;
            let open = (at + 2..at + 12).find(|at| sign(tokens, *at) == Some('('))?;
            Some(with(tokens, at, name, open))
        }
        "func" => {
            // `func (receiver) name(…)`
            let start = if sign(tokens, at + 1) == Some('(') {
                (at + 2..at + 12).find(|at| sign(tokens, *at) == Some(')'))? + 1
            } else {
                at + 1
            };
            let name = word(tokens, start)?;
            (sign(tokens, start + 1) == Some('(')).then(|| with(tokens, at, name, start + 1))
        }
        "if" | "for" | "while" | "switch" | "catch" | "return" | "elif" | "with" | "match" => None,
        _ => arrow(tokens, at, name).or_else(|| method(tokens, at, name)),
    }
}

/// `name = (a, b) => …`, `name = async a => …`
fn arrow<'s>(tokens: &[Positioned<'s>], at: usize, name: &'s str) -> Option<Definition<'s>> {
    (sign(tokens, at + 1) == Some('=')).then_some(())?;
    let start = at + 2 + usize::from(word(tokens, at + 2) == Some("async"));
    let is_arrow = |at: usize| sign(tokens, at) == Some('=') && sign(tokens, at + 1) == Some('>');
    if sign(tokens, start) == Some('(') {
        let end = start + inside(tokens.get(start..)?).len() + 2;
        let is_typed = sign(tokens, end) == Some(':') && (end..end + 12).any(is_arrow);
        return (is_arrow(end) || is_typed).then(|| with(tokens, at, name, start));
    }
    (word(tokens, start).is_some() && is_arrow(start + 1))
        .then(|| Definition::new(at, name, &[tokens.get(start..=start).unwrap_or_default()]))
}

/// `name(a, b) { …`
fn method<'s>(tokens: &[Positioned<'s>], at: usize, name: &'s str) -> Option<Definition<'s>> {
    (sign(tokens, at + 1) == Some('(')).then_some(())?;
    let end = at + 1 + inside(tokens.get(at + 1..)?).len() + 2;
    (sign(tokens, end) == Some('{')).then(|| with(tokens, at, name, at + 1))
}

fn with<'s>(tokens: &[Positioned<'s>], at: usize, name: &'s str, open: usize) -> Definition<'s> {
    let list = tokens.get(open..).map(inside).unwrap_or_default();
    Definition::new(at, name, &parts(list, |token| matches!(token, Token::Sign(','))))
}
