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

/// The calls of all source files that count.
pub(crate) struct Calls(pub(crate) Vec<SourceCalls>);

/// A source file of the context.
struct Source {
    path: String,
    language: &'static Language,
    text: Arc<str>,
    /// Whether only developers run it, unless the image starts it.
    is_for_developers: bool,
}

/// The source files of a context.
struct Sources(Vec<Source>);

/// The calls of the project's sources that start programs. Hundreds of Dockerfiles may share a context: the answer is
/// the same for all.
pub(crate) fn calls(context: &ContextSource) -> Arc<Calls> {
    context.remembered(|context| {
        let sources = context.remembered(Sources::of);
        sources.calls(&|source| !source.is_for_developers)
    })
}

/// The same with the files for developers that the image starts, if there is one: `starts` says of a word whether the
/// image starts what it names.
pub(crate) fn calls_with_started(context: &ContextSource, starts: &dyn Fn(&str) -> bool) -> Option<Calls> {
    let sources = context.remembered(Sources::of);
    let is_started = |source: &Source| source.is_for_developers && starts(stem(&source.path));
    let is_any = sources.0.iter().any(is_started);
    is_any.then(|| sources.calls(&|source| !source.is_for_developers || is_started(source)))
}

impl Sources {
    fn of(context: &ContextSource) -> Sources {
        let paths = context.sources(|path| language_of(path).is_some() && !matches_any(path, test_files()));
        let read = paths.filter_map(|path| {
            Some(Source {
                path: path.to_owned(),
                language: language_of(path)?,
                text: context.read(path).ok()?,
                is_for_developers: matches_any(path, development_files()),
            })
        });
        let mut all: Vec<Source> = read.collect();
        let imported: Vec<bool> = all
            .iter()
            .map(|source| source.is_for_developers && is_imported(stem(&source.path), &all))
            .collect();
        for (source, is_imported) in all.iter_mut().zip(imported) {
            source.is_for_developers &= !is_imported;
        }
        Sources(all)
    }

    /// The calls of those that count.
    fn calls(&self, counts: &dyn Fn(&Source) -> bool) -> Calls {
        let sources: Vec<&Source> = self.0.iter().filter(|source| counts(source)).collect();
        let mut files: BTreeMap<&str, File<'_>> = BTreeMap::new();
        let mut helpers: Vec<Helper> = Vec::new();
        let mut found = Vec::new();
        for _ in 0..ROUNDS {
            for source in &sources {
                let has_sign = || {
                    source
                        .language
                        .signs
                        .iter()
                        .any(|sign| source.text.contains(sign.as_str()))
                };
                let has_helper = || helpers.iter().any(|helper| source.text.contains(helper.name.as_str()));
                let path = source.path.as_str();
                if !files.contains_key(path) && (has_sign() || has_helper()) {
                    files.insert(path, File::read(path, &source.text, source.language));
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
        Calls(found)
    }
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

/// The name of a file up to its first dot.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

/// Whether a source that is not for developers, by its name, imports what is called `stem`.
fn is_imported(stem: &str, all: &[Source]) -> bool {
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
    let mut others = all.iter().filter(|other| !other.is_for_developers);
    others.any(|other| imports(&other.text))
}

#[cfg(test)]
mod tests;
