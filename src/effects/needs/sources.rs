//! What the project's sources start, as needs of the image.

use crate::context::ContextSource;
use crate::effects::Evidence;

use super::Needs;
use super::calls::{Call, calls};
use super::commands::{Commands, is_unknown, program};
use super::started::{By, Reader};
use crate::effects::image_files::View;
use crate::knowledge::Takes;

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
    for source in calls(context, &starts) {
        for call in &source.calls {
            let place = format!("{}:{}", source.path, call.line);
            one(call, &place, image, workdir, needs);
        }
    }
}

fn one(call: &Call, place: &str, image: &View<'_>, workdir: Option<&str>, needs: &mut Needs) {
    if call.takes == Takes::Library {
        needs.finds_libraries.get_or_insert_with(|| Evidence {
            place: place.to_owned(),
            fact: "looks for a library by its name when it runs".to_owned(),
        });
        return;
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
            // A script of the image, which may call more.
            words.iter().for_each(|word| reader.file(word, workdir, 1));
        }
    }
}

fn calls_tool(needs: &mut Needs, tool: &str, place: &str) {
    needs.tool(tool, || Evidence {
        place: place.to_owned(),
        fact: format!("calls {tool}"),
    });
}
