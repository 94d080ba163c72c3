//! What the project's sources start, as needs of the image.

use crate::context::ContextSource;
use crate::effects::Evidence;

use super::Needs;
use super::calls::{Call, calls};
use super::commands::{Commands, is_unknown, program};
use super::started::{By, Reader};
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
    for source in &calls(context, &starts).0 {
        for call in &source.calls {
            let place = format!("{}:{}", source.path, call.line);
            one(call, &place, image, workdir, needs);
        }
    }
}

fn one(call: &Call, place: &str, image: &View<'_>, workdir: Option<&str>, needs: &mut Needs) {
    match call.takes {
        Takes::Library | Takes::LibraryFile => return library(call, place, needs),
        Takes::Code => {
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
    for words in &call.commands {
        let read = match words.as_slice() {
            // A text is a line of the shell, or a program, which reads the same.
            [text] => Commands::of_script(text),
            _ => Commands::of_words(words),
        };
        for text in &read.unread {
            let parts = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.+".contains(c)));
            parts
                .filter(|word| !word.is_empty())
                .for_each(|word| calls_tool(needs, word, place));
            needs.unknown_call(place, "has a command that cannot be read", is_shell);
        }
        let mut reader = Reader::new(image, needs, By::Others);
        for words in &read.list {
            if is_unknown(words) {
                let fact = "starts a program that is not named there";
                reader.needs.unknown_call(place, fact, is_shell);
            } else {
                calls_tool(reader.needs, program(words), place);
            }
            if runs_unnamed_script(words) {
                reader
                    .needs
                    .unknown_call(place, "runs a script that is not named there", true);
            }
            // A script of the image, which may call more.
            words.iter().for_each(|word| reader.file(word, workdir, 1));
        }
    }
}

/// A library that is loaded, or looked for, when the program runs. Where the name is not literal, it is most often one
/// that the project or a package brings.
fn library(call: &Call, place: &str, needs: &mut Needs) {
    if call.takes == Takes::Library {
        needs.finds_libraries.get_or_insert_with(|| Evidence {
            place: place.to_owned(),
            fact: "looks for a library by its name when it runs".to_owned(),
        });
    }
    for name in call.commands.iter().filter_map(|words| words.first()) {
        let name = match call.takes {
            Takes::LibraryFile => name.split_once(".so").and_then(|(name, _)| name.strip_prefix("lib")),
            _ => Some(name.as_str()),
        };
        let is_plain = |name: &&str| !name.is_empty() && !name.contains(['$', '/', '{', ' ']);
        if let Some(name) = name.filter(is_plain) {
            let headers = format!("lib{}-dev", name.to_lowercase());
            let fact = format!("loads the library {name}");
            needs.libraries.entry(headers).or_insert_with(|| Evidence {
                place: place.to_owned(),
                fact,
            });
        }
    }
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
