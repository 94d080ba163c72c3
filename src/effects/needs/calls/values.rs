//! What an expression is, as far as its literals tell: a program, a line of the shell, a list of words.

use crate::knowledge::Language;

use super::names::{LONGEST, Names, sign, text, word};
use super::tokens::{PLACEHOLDER, Positioned, Token};

/// How deep brackets in brackets are read.
const DEEPEST: usize = 8;

/// The most lists of words that an expression is followed to. Sources assign to a name again and again, each time in terms
/// of itself, which doubles what it may be.
const MOST_LISTS: usize = 64;

/// The most bytes of all words of an expression, for the same reason: `b = a + a`, `c = b + b`, …
const MOST_BYTES: usize = 16 * 1024;

/// What an expression may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// The lists of words that it may be; a single text is a list of one. A word that is not literal has the
    /// placeholder in it.
    pub(super) lists: Vec<Vec<String>>,
    /// Whether it can be nothing else.
    pub(super) is_known: bool,
}

impl Value {
    fn unknown() -> Value {
        Value {
            lists: Vec::new(),
            is_known: false,
        }
    }

    /// Any of `lists`, each once; unknown where they are more than are followed.
    fn any_of(lists: impl Iterator<Item = Vec<String>>, is_known: bool) -> Value {
        let (mut found, mut bytes): (Vec<Vec<String>>, usize) = (Vec::new(), 0);
        for list in lists {
            if found.contains(&list) {
                continue;
            }
            bytes += list.iter().map(|word| word.len() + 1).sum::<usize>();
            if found.len() == MOST_LISTS || bytes > MOST_BYTES {
                return Value::unknown();
            }
            found.push(list);
        }
        Value {
            is_known: is_known && !found.is_empty(),
            lists: found,
        }
    }

    /// Either of two.
    pub(super) fn or(self, other: Value) -> Value {
        let is_known = self.is_known && other.is_known;
        Value::any_of(self.lists.into_iter().chain(other.lists), is_known)
    }

    fn text(text: String) -> Value {
        Value {
            lists: vec![vec![text]],
            is_known: true,
        }
    }
}

/// Reads an expression.
pub(super) fn value(tokens: &[Positioned<'_>], names: &Names, language: &'static Language, depth: usize) -> Value {
    let alternatives = parts(tokens, |token| {
        matches!(token, Token::Sign('|' | '?' | ':') | Token::Name("or" | "if" | "else"))
    });
    if alternatives.len() > 1 && !is_lambda(tokens) {
        return either(&alternatives, names, language, depth);
    }
    let sum = parts(tokens, |token| matches!(token, Token::Sign('+')));
    let found = if sum.len() > 1 {
        joined(&sum, names, language, depth)
    } else {
        single(tokens, names, language, depth)
    };
    Value::any_of(found.lists.into_iter(), found.is_known)
}

/// Any of several values: what an environment may replace is known by its default.
fn either(parts: &[&[Positioned<'_>]], names: &Names, language: &'static Language, depth: usize) -> Value {
    let values = parts.iter().map(|part| value(part, names, language, depth));
    Value::any_of(values.flat_map(|value| value.lists), true)
}

/// The text or the list that `+` makes.
fn joined(parts: &[&[Positioned<'_>]], names: &Names, language: &'static Language, depth: usize) -> Value {
    // A list and more of its words: `COMMAND + ["pull"]`.
    let is_list = parts.iter().any(|part| sign(part, 0) == Some('['));
    if let Some(first) = parts.first().filter(|_| is_list) {
        return single(first, names, language, depth);
    }
    let mut text = String::new();
    let mut is_behind_own = false;
    for part in parts {
        let value = single(part, names, language, depth);
        let literal = match value.lists.as_slice() {
            [list] if list.len() == 1 && value.is_known => list.first().map(String::as_str),
            _ => None,
        };
        // Where the program is in a path, it stands for its folder, which only a run tells.
        if is_behind_own && literal.is_some_and(|literal| literal.starts_with('/')) {
            text.push_str(PLACEHOLDER);
        }
        text.push_str(literal.unwrap_or(PLACEHOLDER));
        is_behind_own = literal == Some("");
    }
    Value::text(text)
}

fn single(tokens: &[Positioned<'_>], names: &Names, language: &'static Language, depth: usize) -> Value {
    let tokens = without_decoration(tokens);
    match tokens.first().map(|first| &first.token) {
        Some(Token::Text(_)) => {
            // Texts beside each other are one; what is called on them formats or splits them.
            let texts: Vec<&str> = (0..).map_while(|at| text(tokens, at)).collect();
            Value::text(texts.concat())
        }
        Some(Token::Sign('[' | '{' | '(')) => list(tokens, names, language, depth),
        Some(Token::Name(_)) => named(tokens, names, language, depth),
        _ => Value::unknown(),
    }
}

/// Takes what only says how a value is passed from its front: `&`, `await`, `new String[]`.
fn without_decoration<'t, 's>(mut tokens: &'t [Positioned<'s>]) -> &'t [Positioned<'s>] {
    loop {
        tokens = match tokens {
            [first, rest @ ..]
                if matches!(
                    first.token,
                    Token::Sign('&' | '@') | Token::Name("await" | "vec" | "mut")
                ) =>
            {
                rest
            }
            [first, rest @ ..] if first.token == Token::Sign('!') => rest,
            // `[]string{…}`, `new String[]{…}`
            [open, close, name, rest @ ..]
                if open.token == Token::Sign('[')
                    && close.token == Token::Sign(']')
                    && matches!(name.token, Token::Name(_)) =>
            {
                rest
            }
            [new, _, open, close, rest @ ..]
                if new.token == Token::Name("new")
                    && open.token == Token::Sign('[')
                    && close.token == Token::Sign(']') =>
            {
                rest
            }
            _ => return tokens,
        }
    }
}

/// The list of words that brackets hold.
fn list(tokens: &[Positioned<'_>], names: &Names, language: &'static Language, depth: usize) -> Value {
    if depth == DEEPEST {
        return Value::unknown();
    }
    let mut words = Vec::new();
    let mut is_known = true;
    for element in parts(inside(tokens), |token| matches!(token, Token::Sign(','))) {
        if element.is_empty() {
            continue;
        }
        let is_spread = matches!(sign(element, 0), Some('.' | '*'));
        let value = if is_spread {
            Value::unknown()
        } else {
            value(element, names, language, depth + 1)
        };
        // The first word is the program.
        is_known &= value.is_known || !words.is_empty();
        match value.lists.as_slice() {
            [only] => words.extend(only.iter().cloned()),
            [first, ..] if words.is_empty() => {
                // Any of several programs.
                let lists = value
                    .lists
                    .iter()
                    .filter_map(|list| list.first())
                    .map(|word| vec![word.clone()]);
                return Value {
                    lists: lists.chain([first.clone()]).collect(),
                    is_known: value.is_known,
                };
            }
            _ => words.push(PLACEHOLDER.to_owned()),
        }
    }
    if words.is_empty() {
        return Value::unknown();
    }
    Value {
        lists: vec![words],
        is_known,
    }
}

/// A name, or what a call makes of its arguments.
fn named(tokens: &[Positioned<'_>], names: &Names, language: &'static Language, depth: usize) -> Value {
    let (chain, next) = chain_from(tokens);
    let full = names.full(&chain);
    let is_own = language
        .own
        .iter()
        .any(|own| *own == full || full.starts_with(&format!("{own}.")) || full.ends_with(&format!(".{own}")));
    if is_own {
        // The program itself, or its interpreter, is there.
        return Value {
            lists: vec![vec![String::new()]],
            is_known: true,
        };
    }
    match sign(tokens, next) {
        Some('(') => {
            let arguments = tokens.get(next..).unwrap_or_default();
            called(&full, arguments, names, language, depth)
        }
        // `String[]{"a", "b"}`
        Some('{') => list(tokens.get(next..).unwrap_or_default(), names, language, depth),
        _ => {
            let last = chain.last().copied().unwrap_or_default();
            names.assigned(last).cloned().unwrap_or_else(Value::unknown)
        }
    }
}

/// What a call of `function` gives: what it is given, if it is known to; else some of that or anything.
fn called(
    function: &str,
    arguments: &[Positioned<'_>],
    names: &Names,
    language: &'static Language,
    depth: usize,
) -> Value {
    let is_of = |functions: &[String]| {
        let last = function.rsplit('.').next().unwrap_or(function);
        functions.iter().any(|known| known == function || known == last)
    };
    if depth < DEEPEST && is_of(&language.defaults) {
        let given = parts(inside(arguments), |token| matches!(token, Token::Sign(',')));
        let default = given.last().filter(|_| given.len() > 1);
        return default.map_or_else(Value::unknown, |default| value(default, names, language, depth + 1));
    }
    let found = list(arguments, names, language, depth);
    Value {
        is_known: found.is_known && is_of(&language.keeps),
        ..found
    }
}

/// The names `a.b.c` that an expression begins with, and what comes after them.
fn chain_from<'s>(tokens: &[Positioned<'s>]) -> (Vec<&'s str>, usize) {
    let mut chain = Vec::new();
    let mut at = 0;
    while let Some(name) = word(tokens, at) {
        // `new Path(…)`
        if name != "new" {
            chain.push(name);
        }
        at += 1;
        if name == "new" {
            continue;
        }
        if sign(tokens, at) != Some('.') {
            break;
        }
        at += 1;
    }
    (chain, at)
}

/// What is between the bracket at the beginning and its partner, or as much of it as is read.
pub(super) fn inside<'t, 's>(tokens: &'t [Positioned<'s>]) -> &'t [Positioned<'s>] {
    let tokens = tokens.get(..LONGEST).unwrap_or(tokens);
    let mut depth = 0_usize;
    for (at, found) in tokens.iter().enumerate() {
        match found.token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return tokens.get(1..at).unwrap_or_default();
        }
    }
    tokens.get(1..).unwrap_or_default()
}

/// The parts between tokens that are not in brackets.
pub(super) fn parts<'t, 's>(
    tokens: &'t [Positioned<'s>],
    is_between: impl Fn(&Token<'s>) -> bool,
) -> Vec<&'t [Positioned<'s>]> {
    let mut depth = 0_usize;
    let split = tokens.split(|found| {
        match found.token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => return depth == 0 && is_between(&found.token),
        }
        false
    });
    split.collect()
}

/// Whether an expression is a function: what it has between brackets is no value.
fn is_lambda(tokens: &[Positioned<'_>]) -> bool {
    matches!(word(tokens, 0), Some("function" | "lambda" | "async" | "fn" | "func"))
}
