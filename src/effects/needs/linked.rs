//! Libraries of the system that compiled programs are linked with, where commands, variables, build files and sources name
//! them (`data/linked-libraries.toml`).

use std::collections::{BTreeMap, BTreeSet};

use crate::context::ContextSource;
use crate::effects::Evidence;
use crate::facts::{Command, Facts};
use crate::knowledge::{
    LibraryMention, NamedLibrary, compiler, library_mentions, named_library, own_libraries, start_needs,
};
use crate::syntax::Dockerfile;

use super::Needs;
use super::commands::name_of;

/// A library that a file of the context names.
struct Named {
    /// The number of its mention.
    mention: usize,
    name: String,
    evidence: Evidence,
}

/// What build files and sources of a context name.
struct InFiles {
    named: Vec<Named>,
    /// The words of build files by which a mention may not count.
    words: BTreeSet<String>,
    /// Libraries that the project makes itself.
    own: BTreeSet<String>,
}

/// Adds the libraries that what the file builds is linked with, whatever its stage.
pub(super) fn read(file: &Dockerfile, facts: &Facts, context: &ContextSource, needs: &mut Needs) {
    let mut programs: BTreeSet<String> = BTreeSet::new();
    let mut words: BTreeMap<String, String> = BTreeMap::new();
    for index in 0..file.instructions.len() {
        let place = file.place_of(index);
        if let Some(scope) = facts.scope(index) {
            for (name, variable) in scope.variables.iter() {
                let Some(value) = &variable.value else { continue };
                add_words(&mut words, &format!("{name}={value}"), &place);
                value
                    .split_whitespace()
                    .for_each(|word| add_words(&mut words, word, &place));
            }
        }
        for command in facts.run(file, index).into_iter().flat_map(|run| &run.commands) {
            let Some(program) = command.program() else { continue };
            programs.insert(name_of(program).to_owned());
            if compiler(program).is_some() || command.manager.is_some() {
                words_of(command).for_each(|word| add_words(&mut words, word, &place));
            }
        }
    }
    if !programs.iter().any(|program| is_builder(program)) {
        return;
    }
    let files = context.remembered(InFiles::of);
    let counts = |mention: &LibraryMention| {
        let runs = mention.by.is_empty() || mention.by.iter().any(|program| programs.contains(program));
        let mut all = words.keys().chain(&files.words);
        runs && !all.any(|word| mention.unless.iter().any(|pattern| pattern.is_match(word)))
    };
    for (number, mention) in library_mentions().enumerate().filter(|(_, mention)| counts(mention)) {
        for (word, place) in words.iter().filter(|_| mention.files.is_empty()) {
            for name in names(mention, word) {
                needs.link(&name, || linked(place, &name));
            }
        }
        for found in files.named.iter().filter(|found| found.mention == number) {
            let is_own = named_library(&found.name) == NamedLibrary::Unknown && files.own.contains(&found.name);
            if !is_own {
                needs.link(&found.name, || found.evidence.clone());
            }
        }
    }
}

impl InFiles {
    /// For [`ContextSource::remembered`].
    fn of(context: &ContextSource) -> InFiles {
        let mut found = InFiles {
            named: Vec::new(),
            words: BTreeSet::new(),
            own: BTreeSet::new(),
        };
        for path in
            context.sources(|path| is_build_file(path) || library_mentions().any(|mention| is_of(mention, path)))
        {
            let Ok(text) = context.read(path) else { continue };
            if is_build_file(path) {
                let words = text.split(|c: char| c.is_whitespace() || "\"'()=;,".contains(c));
                found
                    .words
                    .extend(words.filter(|word| word.starts_with('-')).map(str::to_owned));
                found.own.extend(own_libraries(&text).map(str::to_owned));
            }
            for (mention, known) in library_mentions().enumerate().filter(|(_, known)| is_of(known, path)) {
                let named = names(known, &text).into_iter().map(|name| Named {
                    mention,
                    evidence: linked(path, &name),
                    name,
                });
                found.named.extend(named);
            }
        }
        found
    }
}

/// The libraries that a text names in the way of a mention.
fn names(mention: &LibraryMention, text: &str) -> Vec<String> {
    if !mention.names.is_empty() {
        let is_meant = mention.patterns.iter().any(|pattern| pattern.is_match(text));
        return if is_meant { mention.names.clone() } else { Vec::new() };
    }
    let found = mention.patterns.iter().flat_map(|pattern| pattern.captures_iter(text));
    let names = found.filter_map(|captures| Some(captures.get(1)?.as_str()));
    names
        .map(|name| name.split(".so").next().unwrap_or(name).to_owned())
        .collect()
}

fn linked(place: &str, name: &str) -> Evidence {
    Evidence {
        place: place.to_owned(),
        fact: format!("links the library {name}"),
    }
}

fn add_words(words: &mut BTreeMap<String, String>, word: &str, place: &str) {
    words.entry(word.to_owned()).or_insert_with(|| place.to_owned());
}

/// The words of a command, those of options with several (`LDLIBS=-lm -lz`) one by one.
fn words_of(command: &Command) -> impl Iterator<Item = &str> {
    let program = command.program().map(name_of);
    let rest = command
        .literal_arguments()
        .flat_map(|word| word.split([' ', '=']).chain([word]));
    program.into_iter().chain(rest)
}

fn is_builder(program: &str) -> bool {
    compiler(program).is_some() || library_mentions().any(|mention| mention.by.iter().any(|by| by == program))
}

fn is_build_file(path: &str) -> bool {
    start_needs().build_files.iter().any(|name| ends(path, name))
}

fn is_of(mention: &LibraryMention, path: &str) -> bool {
    mention.files.iter().any(|name| ends(path, name))
}

/// Whether a path ends in an ending such as `.mk`, or in the whole name of a file.
fn ends(path: &str, name: &str) -> bool {
    let rest = path.strip_suffix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/') || name.starts_with('.') && !name.contains('/'))
}
