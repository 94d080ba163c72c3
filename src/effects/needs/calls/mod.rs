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

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::context::{ContextSource, matches_name};
use crate::knowledge::{Language, development_files, language_of, test_files};

use file::File;
use helpers::Helpers;

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
        let paths = context.sources(|path| language_of(path).is_some() && !is_of_tests(path));
        let read = paths.filter_map(|path| {
            Some(Source {
                path: path.to_owned(),
                language: language_of(path)?,
                text: context.read(path).ok()?,
                is_for_developers: matches_any(path, development_files()),
            })
        });
        let (for_developers, mut all): (Vec<Source>, Vec<Source>) = read.partition(|source| source.is_for_developers);
        let texts: Vec<Arc<str>> = all.iter().map(|source| Arc::clone(&source.text)).collect();
        let imported: HashSet<&str> = texts.iter().flat_map(|text| imported_names(text)).collect();
        all.extend(for_developers.into_iter().map(|source| Source {
            is_for_developers: !imported.contains(stem(&source.path)),
            ..source
        }));
        Sources(all)
    }

    /// The calls of those that count.
    fn calls(&self, counts: &dyn Fn(&Source) -> bool) -> Calls {
        let sources: Vec<&Source> = self.0.iter().filter(|source| counts(source)).collect();
        let mut files: BTreeMap<&str, File<'_>> = BTreeMap::new();
        let mut helpers = Helpers::default();
        let mut found = Vec::new();
        for _ in 0..ROUNDS {
            let search = helpers.search();
            for source in &sources {
                let has_sign = || {
                    source
                        .language
                        .signs
                        .iter()
                        .any(|sign| source.text.contains(sign.as_str()))
                };
                let has_helper = || search.as_ref().is_some_and(|search| search.is_match(&*source.text));
                let path = source.path.as_str();
                if !files.contains_key(path) && (has_sign() || has_helper()) {
                    files.insert(path, File::read(path, &source.text, source.language));
                }
            }
            let mut is_any_new = false;
            found.clear();
            for file in files.values() {
                let (calls, new) = file.calls(&helpers);
                is_any_new |= helpers.add(new);
                if !calls.is_empty() {
                    let path = file.path.to_owned();
                    found.push(SourceCalls { path, calls });
                }
            }
            if !is_any_new {
                break;
            }
        }
        Calls(found)
    }
}

/// The calls of a text that is given to an interpreter.
pub(super) fn calls_of_text(text: &str, language: &'static Language) -> Vec<Call> {
    let file = File::read("", text, language);
    let mut helpers = Helpers::default();
    for _ in 1..ROUNDS {
        helpers.add(file.calls(&helpers).1);
    }
    file.calls(&helpers).0
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

/// Whether a source is one of tests.
pub(super) fn is_of_tests(path: &str) -> bool {
    matches_any(path, test_files())
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

/// The words of the lines that import something.
fn imported_names(text: &str) -> impl Iterator<Item = &str> {
    const SIGNS: [&str; 5] = ["import ", "from ", "require", "include", "use "];
    let imports = text.lines().filter(|line| SIGNS.iter().any(|sign| line.contains(sign)));
    imports.flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || c == '_')))
}

#[cfg(test)]
mod tests;
