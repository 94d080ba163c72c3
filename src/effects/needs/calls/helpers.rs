//! Functions of a project that pass their own argument on to one that starts programs: `def run(command): …`.

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

/// A function's beginning.
pub(super) struct Definition<'t, 's> {
    pub(super) at: usize,
    pub(super) name: &'s str,
    parameters: Vec<&'t [Positioned<'s>]>,
}

impl Definition<'_, '_> {
    /// The place of the parameter `name` among the arguments of a call.
    pub(super) fn parameter(&self, name: &str) -> Option<usize> {
        let has = |part: &[Positioned<'_>], name: &str| part.iter().any(|found| found.token == Token::Name(name));
        let at = self.parameters.iter().position(|part| has(part, name))?;
        let is_method = self
            .parameters
            .first()
            .is_some_and(|first| first.len() <= 2 && (has(first, "self") || has(first, "cls")));
        at.checked_sub(usize::from(is_method))
    }
}

/// The functions that a file defines.
pub(super) fn definitions<'t, 's>(tokens: &'t [Positioned<'s>]) -> impl Iterator<Item = Definition<'t, 's>> {
    (0..tokens.len()).filter_map(|at| definition(tokens, at))
}

fn definition<'t, 's>(tokens: &'t [Positioned<'s>], at: usize) -> Option<Definition<'t, 's>> {
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
fn arrow<'t, 's>(tokens: &'t [Positioned<'s>], at: usize, name: &'s str) -> Option<Definition<'t, 's>> {
    (sign(tokens, at + 1) == Some('=')).then_some(())?;
    let start = at + 2 + usize::from(word(tokens, at + 2) == Some("async"));
    let is_arrow = |at: usize| sign(tokens, at) == Some('=') && sign(tokens, at + 1) == Some('>');
    if sign(tokens, start) == Some('(') {
        let end = start + inside(tokens.get(start..)?).len() + 2;
        let is_typed = sign(tokens, end) == Some(':') && (end..end + 12).any(is_arrow);
        return (is_arrow(end) || is_typed).then(|| with(tokens, at, name, start));
    }
    (word(tokens, start).is_some() && is_arrow(start + 1)).then(|| Definition {
        at,
        name,
        parameters: tokens.get(start..=start).into_iter().collect(),
    })
}

/// `name(a, b) { …`
fn method<'t, 's>(tokens: &'t [Positioned<'s>], at: usize, name: &'s str) -> Option<Definition<'t, 's>> {
    (sign(tokens, at + 1) == Some('(')).then_some(())?;
    let end = at + 1 + inside(tokens.get(at + 1..)?).len() + 2;
    (sign(tokens, end) == Some('{')).then(|| with(tokens, at, name, at + 1))
}

fn with<'t, 's>(tokens: &'t [Positioned<'s>], at: usize, name: &'s str, open: usize) -> Definition<'t, 's> {
    let list = tokens.get(open..).map(inside).unwrap_or_default();
    Definition {
        at,
        name,
        parameters: parts(list, |token| matches!(token, Token::Sign(','))),
    }
}
