//! Which programs the project's sources start: calls of the functions that run programs (`data/calls.toml`), read from
//! tokens, not from text. A call whose program is not literal is there too: nobody knows what it starts.
//!
//! Not followed: values that come from elsewhere than literals of the same file, and functions of other packages that start
//! programs (`data/runtime-needs.toml` has those). Tests and files that only developers run do not count, unless the image
//! starts them or another source imports them.

mod file;
mod helpers;
mod names;
mod tokens;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::context::{ContextSource, matches_name};
use crate::knowledge::{Language, development_files, language_of, test_files};

use file::File;
use helpers::Helper;

pub(crate) use file::Call;

/// How often helpers that call helpers are followed.
const ROUNDS: usize = 3;

/// The calls of one source file.
#[derive(Clone, Debug)]
pub(crate) struct SourceCalls {
    /// The file in the context.
    pub(crate) path: String,
    pub(crate) calls: Vec<Call>,
}

/// The calls of the project's sources that start programs. `starts` says of a word whether the image starts what it names.
pub(crate) fn calls(context: &ContextSource, starts: &dyn Fn(&str) -> bool) -> Vec<SourceCalls> {
    let paths = context.sources(|path| language_of(path).is_some() && !matches_any(path, test_files()));
    let read = paths.filter_map(|path| Some((path, language_of(path)?, context.read(path).ok()?)));
    let all: Vec<(&str, &'static Language, Arc<str>)> = read.collect();
    let counts = |path: &str| !is_for_developers(path, &all, starts);
    let texts: Vec<_> = all.iter().filter(|(path, ..)| counts(path)).collect();
    let mut files: BTreeMap<&str, File<'_>> = BTreeMap::new();
    let mut helpers: Vec<Helper> = Vec::new();
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        for (path, language, text) in &texts {
            let has_sign = || language.signs.iter().any(|sign| text.contains(sign.as_str()));
            let has_helper = || helpers.iter().any(|helper| text.contains(helper.name.as_str()));
            if !files.contains_key(path) && (has_sign() || has_helper()) {
                files.insert(path, File::read(path, text, language));
            }
        }
        let known = helpers.len();
        found.clear();
        for file in files.values() {
            let (calls, new) = file.calls(&helpers);
            let is_new = |helper: &Helper| !helpers.contains(helper);
            let new: Vec<Helper> = new.into_iter().filter(is_new).collect();
            helpers.extend(new);
            if !calls.is_empty() {
                let path = file.path.to_owned();
                found.push(SourceCalls { path, calls });
            }
        }
        if helpers.len() == known {
            break;
        }
    }
    found
}

/// The string literals of a source file, each with its line.
pub(super) fn texts(text: &str, language: &'static Language) -> Vec<(String, usize)> {
    let tokens = tokens::tokens(text, language).into_iter();
    let texts = tokens.filter_map(|found| match found.token {
        tokens::Token::Text(text) => Some((text, found.line)),
        _ => None,
    });
    texts.collect()
}

fn matches_any(path: &str, mut patterns: impl Iterator<Item = &'static str>) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    patterns.any(|pattern| matches_name(pattern, name))
}

/// Whether only developers run a file: by its name, where nothing starts it and no other source names it.
fn is_for_developers(path: &str, all: &[(&str, &'static Language, Arc<str>)], starts: &dyn Fn(&str) -> bool) -> bool {
    if !matches_any(path, development_files()) {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    let imports = |text: &str| {
        text.lines().any(|line| {
            let is_import = ["import ", "from ", "require", "include", "use "]
                .iter()
                .any(|word| line.contains(word));
            is_import
                && line
                    .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .any(|word| word == stem)
        })
    };
    let mut others = all
        .iter()
        .filter(|(other, ..)| *other != path && !matches_any(other, development_files()));
    !starts(stem) && !others.any(|(_, _, text)| imports(text))
}

#[cfg(test)]
mod tests;
