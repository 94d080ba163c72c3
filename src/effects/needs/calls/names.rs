//! What names of a source file mean: modules and functions that it imports, and texts that it assigns.

use std::collections::HashMap;

use crate::knowledge::{Imports, Language};

use super::tokens::{Positioned, Token};
use super::values::{Value, value};

/// The most tokens of an expression that are read: a bound on work.
pub(super) const LONGEST: usize = 400;

/// What the names of one file mean.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Names and the full path that each stands for: `sp` is `subprocess`.
    bound: HashMap<String, String>,
    /// What the names may be, of all that is assigned to each.
    values: HashMap<String, Value>,
}

impl Names {
    /// Reads the imports and assignments of a file.
    pub(super) fn of(tokens: &[Positioned<'_>], language: &'static Language) -> Names {
        let mut names = Names::default();
        for at in 0..tokens.len() {
            match language.imports {
                Some(Imports::Python) => names.python(tokens, at),
                Some(Imports::Javascript) => names.javascript(tokens, at, language),
                None => {}
            }
        }
        for at in 1..tokens.len() {
            names.assignment(tokens, at, language);
        }
        names
    }

    /// The full path of a chain of names: that of `sp.run` is `subprocess.run`.
    pub(super) fn full(&self, chain: &[&str]) -> String {
        let Some((first, rest)) = chain.split_first() else {
            return String::new();
        };
        let first = self.bound.get(*first).map_or(*first, String::as_str);
        std::iter::once(first)
            .chain(rest.iter().copied())
            .collect::<Vec<_>>()
            .join(".")
    }

    /// What is assigned to a name anywhere in the file.
    pub(super) fn assigned(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    fn bind(&mut self, name: &str, path: String) {
        self.bound.insert(name.to_owned(), path);
    }

    fn python(&mut self, tokens: &[Positioned<'_>], at: usize) {
        let is_start = at == 0 || tokens.get(at - 1).map(|before| before.line) != tokens.get(at).map(|own| own.line);
        match word(tokens, at) {
            Some("import") if is_start || sign(tokens, at.wrapping_sub(1)) == Some(':') => {
                let mut at = at + 1;
                while let Some((path, next)) = dotted(tokens, at) {
                    let (name, next) = alias(tokens, next).unwrap_or_else(|| {
                        let first = path.split('.').next().unwrap_or_default().to_owned();
                        (first, next)
                    });
                    let is_alias = !path.starts_with(&name);
                    self.bind(&name, if is_alias { path } else { name.clone() });
                    if sign(tokens, next) != Some(',') {
                        break;
                    }
                    at = next + 1;
                }
            }
            Some("from") if is_start => {
                let mut from = at + 1;
                // `.sibling` is a module of the project.
                while sign(tokens, from) == Some('.') {
                    from += 1;
                }
                let Some((module, next)) =
                    dotted(tokens, from).filter(|(_, next)| word(tokens, *next) == Some("import"))
                else {
                    return;
                };
                let mut at = next + 1;
                if sign(tokens, at) == Some('(') {
                    at += 1;
                }
                while let Some(name) = word(tokens, at) {
                    let path = format!("{module}.{name}");
                    let (name, next) = alias(tokens, at + 1).unwrap_or_else(|| (name.to_owned(), at + 1));
                    self.bind(&name, path);
                    if sign(tokens, next) != Some(',') {
                        break;
                    }
                    at = next + 1;
                }
            }
            _ => {}
        }
    }

    fn javascript(&mut self, tokens: &[Positioned<'_>], at: usize, language: &'static Language) {
        match word(tokens, at) {
            // import a, { b as c } from 'm'
            Some("import") if sign(tokens, at + 1) != Some('(') => {
                let limit = (at + 200).min(tokens.len());
                let Some(from) = (at + 1..limit).find(|at| word(tokens, *at) == Some("from")) else {
                    return;
                };
                let Some(module) = text(tokens, from + 1).map(plain_module) else {
                    return;
                };
                self.pattern(tokens, at + 1..from, module, "as");
            }
            // const { a: b } = require('m').c
            Some("require" | "import") if sign(tokens, at + 1) == Some('(') => {
                let Some(module) = text(tokens, at + 2).map(plain_module) else {
                    return;
                };
                let mut path = module.to_owned();
                let mut end = at + 4;
                while sign(tokens, end) == Some('.')
                    && let Some(name) = word(tokens, end + 1)
                {
                    if sign(tokens, end + 2) == Some('(') {
                        return;
                    }
                    path.push('.');
                    path.push_str(name);
                    end += 2;
                }
                let Some(equals) = (at.saturating_sub(4)..at)
                    .rev()
                    .find(|at| sign(tokens, *at) == Some('='))
                else {
                    return;
                };
                let start = if sign(tokens, equals.wrapping_sub(1)) == Some('}') {
                    (equals.saturating_sub(LONGEST)..equals)
                        .rev()
                        .find(|at| sign(tokens, *at) == Some('{'))
                } else {
                    equals.checked_sub(1)
                };
                if let Some(start) = start {
                    self.pattern(tokens, start..equals, &path, ":");
                }
            }
            // const run = promisify(exec)
            Some(_) if language.passes_on.iter().any(|known| word(tokens, at) == Some(known)) => {
                let equals = (at.saturating_sub(4)..at)
                    .rev()
                    .find(|at| sign(tokens, *at) == Some('='));
                let name = equals.and_then(|at| word(tokens, at.checked_sub(1)?));
                let function = dotted(tokens, at + 2).map(|(path, _)| path);
                if let (Some(name), Some(function)) = (name, function)
                    && sign(tokens, at + 1) == Some('(')
                {
                    let full = self.full(&function.split('.').collect::<Vec<_>>());
                    self.bind(name, full);
                }
            }
            _ => {}
        }
    }

    /// Binds the names of `a, * as b, { c, d as e }`; `renames` is the word or sign between a name and its own.
    fn pattern(&mut self, tokens: &[Positioned<'_>], range: std::ops::Range<usize>, module: &str, renames: &str) {
        let mut in_braces = false;
        let mut at = range.start;
        while at < range.end {
            match tokens.get(at).map(|found| &found.token) {
                Some(Token::Sign('{')) => in_braces = true,
                Some(Token::Sign('*')) if word(tokens, at + 1) == Some("as") => {
                    if let Some(name) = word(tokens, at + 2) {
                        self.bind(name, module.to_owned());
                    }
                    at += 2;
                }
                Some(Token::Name(name)) if !matches!(*name, "type" | "const" | "let" | "var" | "await") => {
                    let is_renamed =
                        word(tokens, at + 1) == Some(renames) || renames == ":" && sign(tokens, at + 1) == Some(':');
                    let own = if is_renamed { word(tokens, at + 2) } else { None };
                    let path = if in_braces {
                        format!("{module}.{name}")
                    } else {
                        module.to_owned()
                    };
                    self.bind(own.unwrap_or(name), path);
                    at += if own.is_some() { 2 } else { 0 };
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Notes `name = value`, also of `name: Type = value`, `name := value` and `this.name = value`.
    fn assignment(&mut self, tokens: &[Positioned<'_>], at: usize, language: &'static Language) {
        if sign(tokens, at) != Some('=') {
            return;
        }
        let mut before = at - 1;
        if matches!(sign(tokens, before), Some(':' | '+')) {
            before = before.wrapping_sub(1);
        }
        let Some(mut name) = word(tokens, before) else { return };
        // The type of `name: Type`; a `:` at the end of a line begins a block.
        let line_of = |at: usize| tokens.get(at).map(|found| found.line);
        if sign(tokens, before.wrapping_sub(1)) == Some(':')
            && line_of(before.wrapping_sub(1)) == line_of(before)
            && let Some(typed) = word(tokens, before.wrapping_sub(2))
        {
            name = typed;
        }
        let line = tokens.get(at).map_or(0, |own| own.line);
        let end = end_of_expression(tokens, at + 1, line);
        let Some(expression) = tokens.get(at + 1..end) else {
            return;
        };
        // What refers to itself adds to what is there already.
        let found = value(expression, self, language, 0);
        if !expression.is_empty() {
            let both = match self.values.remove(name) {
                Some(earlier) => earlier.or(found),
                None => found,
            };
            self.values.insert(name.to_owned(), both);
        }
    }
}

/// Where the expression ends that begins at `start`, on line `line`: at the end of its line, outside of brackets.
fn end_of_expression(tokens: &[Positioned<'_>], start: usize, line: usize) -> usize {
    let mut depth = 0_usize;
    let mut line = line;
    for at in start..tokens.len().min(start + LONGEST) {
        let Some(found) = tokens.get(at) else { return at };
        match &found.token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') if depth == 0 => return at,
            Token::Sign(')' | ']' | '}') => depth -= 1,
            Token::Sign(';' | ',') if depth == 0 => return at,
            _ => {}
        }
        if found.line > line && depth == 0 && at > start {
            return at;
        }
        line = found.line;
    }
    tokens.len().min(start + LONGEST)
}

fn plain_module(text: &str) -> &str {
    text.strip_prefix("node:").unwrap_or(text)
}

/// The name at `at`.
pub(super) fn word<'s>(tokens: &[Positioned<'s>], at: usize) -> Option<&'s str> {
    match &tokens.get(at)?.token {
        Token::Name(name) => Some(name),
        _ => None,
    }
}

/// The sign at `at`.
pub(super) fn sign(tokens: &[Positioned<'_>], at: usize) -> Option<char> {
    match &tokens.get(at)?.token {
        Token::Sign(sign) => Some(*sign),
        _ => None,
    }
}

/// The text at `at`.
pub(super) fn text<'t>(tokens: &'t [Positioned<'_>], at: usize) -> Option<&'t str> {
    match &tokens.get(at)?.token {
        Token::Text(text) => Some(text),
        _ => None,
    }
}

/// The names `a.b.c` from `at` on, and what comes after them.
fn dotted(tokens: &[Positioned<'_>], at: usize) -> Option<(String, usize)> {
    let mut path = word(tokens, at)?.to_owned();
    let mut next = at + 1;
    while sign(tokens, next) == Some('.')
        && let Some(name) = word(tokens, next + 1)
    {
        path.push('.');
        path.push_str(name);
        next += 2;
    }
    Some((path, next))
}

/// The name of `as name` at `at`, and what comes after it.
fn alias(tokens: &[Positioned<'_>], at: usize) -> Option<(String, usize)> {
    (word(tokens, at) == Some("as")).then_some(())?;
    Some((word(tokens, at + 1)?.to_owned(), at + 2))
}
