//! Tests of the shell module, an area a file.

mod editing;
mod files;
mod grammar;
mod invariants;
mod properties;
mod trees;
mod walking;
mod words;
mod work;

use super::{Command, Script, SimpleCommand, Word, parse};

/// The script of a text that must parse; checks its spans on the way.
fn script(text: &str) -> Script {
    let script = parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    invariants::check(text, &script);
    script
}

/// The only command of a text.
fn command(text: &str) -> Command {
    script(text)
        .statements
        .remove(0)
        .chain
        .remove(0)
        .pipeline
        .commands
        .remove(0)
}

/// The only command of a text, which is a simple one.
fn simple(text: &str) -> SimpleCommand {
    match command(text) {
        Command::Simple(simple) => simple,
        other => panic!("{text:?} is {other:?}"),
    }
}

/// A text that is one word.
fn word(text: &str) -> Word {
    simple(text).words.remove(0)
}
