//! What the project's sources start, as needs of the image.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::context::ContextSource;
use crate::effects::Evidence;
use crate::facts::is_within;

use super::calls::{Call, Calls, calls, calls_with_started};
use super::commands::{is_unknown, program, started_by};
use super::started::{By, Reader};
use super::{Needs, Unanswered};
use crate::effects::image_files::View;
use crate::knowledge::{ArgumentRole, Takes, command_table};

/// Adds the tools that sources call, and the calls of which nobody knows what they start. The commands that start must be
/// known before.
pub(super) fn read(context: &ContextSource, image: &View<'_>, workdir: Option<&str>, needs: &mut Needs) {
    let words: Vec<String> = needs
        .commands
        .iter()
        .flat_map(|started| started.words.clone())
        .collect();
    let starts = |stem: &str| {
        let is_it = |part: &str| part == stem;
        words
            .iter()
            .any(|word| word.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(is_it))
    };
    let said = match calls_with_started(context, &starts) {
        Some(calls) => Arc::new(Said::of(&calls)),
        None => context.remembered(|context| Said::of(&calls(context))),
    };
    needs.add(&said.needs);
    // Scripts of the image, which may call more.
    let mut reader = Reader::new(image, needs, By::Others);
    said.words.iter().for_each(|word| reader.file(word, workdir, 1));
}

/// What calls say by themselves, whatever the image.
#[derive(Default)]
pub(super) struct Said {
    pub(super) needs: Needs,
    /// The words of their commands: each may name a script of the image.
    pub(super) words: BTreeSet<String>,
}

impl Said {
    fn of(calls: &Calls) -> Said {
        let mut said = Said::default();
        for source in &calls.0 {
            let calls = source.calls.iter().filter(|call| call.takes != Takes::Build);
            for call in calls {
                said.add(call, &format!("{}:{}", source.path, call.line));
            }
        }
        said
    }

    /// Adds what a call says.
    pub(super) fn add(&mut self, call: &Call, place: &str) {
        let needs = &mut self.needs;
        match call.takes {
            Takes::Library | Takes::LibraryFile => return library(call, place, needs),
            Takes::Code | Takes::Build => {
                needs.builds_at_start.get_or_insert_with(|| Evidence {
                    place: place.to_owned(),
                    fact: "uses a compiler when it runs".to_owned(),
                });
                return;
            }
            Takes::Shell | Takes::Program => {}
        }
        let is_shell = call.takes == Takes::Shell;
        if !call.is_known {
            let fact = if is_shell {
                "runs a command of the shell that it puts together at run time"
            } else {
                "starts a program that is not named there"
            };
            needs.unknown_call(place, fact, is_shell);
        }
        for read in call.read() {
            for text in &read.unread {
                let parts = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.+".contains(c)));
                parts
                    .filter(|word| !word.is_empty())
                    .for_each(|word| calls_tool(needs, word, place));
                needs.unknown_call(place, "has a command that cannot be read", is_shell);
            }
            for words in &read.list {
                if is_unknown(words) {
                    needs.unknown_call(place, "starts a program that is not named there", is_shell);
                } else {
                    calls_tool(needs, program(words), place);
                    started_by(words)
                        .into_iter()
                        .for_each(|started| calls_tool(needs, started, place));
                }
                if runs_unnamed_script(words) {
                    needs.unknown_call(place, "runs a script that is not named there", true);
                }
                self.words.extend(words.iter().cloned());
            }
        }
    }
}

/// A library that is loaded, or looked for, when the program runs.
fn library(call: &Call, place: &str, needs: &mut Needs) {
    if call.takes == Takes::Library {
        needs.finds_libraries.get_or_insert_with(|| Evidence {
            place: place.to_owned(),
            fact: "looks for a library by its name when it runs".to_owned(),
        });
    }
    if !call.is_known {
        needs.unnamed_library.get_or_insert_with(|| {
            let remedy = "name the library as a literal, or keep the full image";
            Unanswered::new(place, "loads a library that is not named there".to_owned(), remedy)
        });
    }
    for name in call.commands.iter().filter_map(|words| words.first()) {
        let is_plain = |name: &&str| !name.is_empty() && !name.contains(['$', '/', '{', ' ']);
        if let Some(name) = library_name(name, call.takes).filter(is_plain) {
            needs.link(name, || Evidence {
                place: place.to_owned(),
                fact: format!("loads the library {name}"),
            });
        }
    }
}

/// The name of a library for the linker; none for a file of the project.
fn library_name(name: &str, takes: Takes) -> Option<&str> {
    if takes == Takes::Library {
        return Some(name);
    }
    let file = match name.rsplit_once('/') {
        Some((folder, file)) => is_of_linker(folder).then_some(file)?,
        None => name,
    };
    let stem = file.split(".so").next().unwrap_or(file);
    Some(stem.strip_prefix("lib").unwrap_or(stem))
}

/// Whether a folder is one of those in which the packages of a distribution put their libraries.
fn is_of_linker(folder: &str) -> bool {
    is_within(folder, "/usr/lib") || is_within(folder, "/lib")
}

/// Whether a command of a source gives a shell a script whose name only a run can tell: nobody knows what it calls.
fn runs_unnamed_script(words: &[String]) -> bool {
    let Some(table) = command_table(program(words)) else {
        return false;
    };
    let arguments: Vec<Option<&str>> = words
        .iter()
        .skip(1)
        .map(|word| Some(word.as_str()).filter(|word| !word.is_empty() && !word.contains('$')))
        .collect();
    let reading = table.read(&arguments);
    let mut scripts = reading
        .arguments
        .iter()
        .filter(|argument| argument.role == ArgumentRole::ShellScript);
    scripts.any(|script| script.text.is_none())
}

fn calls_tool(needs: &mut Needs, tool: &str, place: &str) {
    needs.tool(tool, || Evidence {
        place: place.to_owned(),
        fact: format!("calls {tool}"),
    });
}
