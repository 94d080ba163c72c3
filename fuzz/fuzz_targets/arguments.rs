//! No list of arguments makes the reader of the tables panic, for any program, and what it reads are words of the command.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use plimsoll::knowledge::{CommandTable, command_tables, managers};

/// A word of a command.
#[derive(Arbitrary, Debug)]
enum Piece {
    /// One that is not literal.
    Unknown,
    /// An option of the table, as it is.
    Option(u16),
    /// An option of the table, with text in the same word.
    Glued(u16, String),
    /// A long option of the table, cut short.
    Short(u16, u8),
    /// The name of a subcommand.
    Subcommand(u16),
    /// Any text.
    Text(String),
}

/// A command of some table.
#[derive(Arbitrary, Debug)]
struct Command {
    table: u16,
    pieces: Vec<Piece>,
}

fuzz_target!(|command: Command| {
    let tables = command_tables();
    let table = &tables[usize::from(command.table) % tables.len()];
    let names = Names::of(table);
    let words: Vec<Option<String>> = command.pieces.iter().flat_map(|piece| names.words(piece)).collect();
    let words: Vec<Option<&str>> = words.iter().map(Option::as_deref).collect();
    read(table, &words);
    for manager in managers().iter() {
        for program in &manager.programs {
            let read = manager.read(program, &words);
            let values = read.options.iter().filter_map(|option| option.value.as_ref());
            for (text, at) in values.map(|value| (value.text, value.at)) {
                // The words of a manager are those behind its program, and are counted from there.
                check(&words, text, Some(at));
            }
        }
    }
});

/// Reads the command and checks that each argument is a word of it, or a part of one.
fn read(table: &CommandTable, words: &[Option<&str>]) {
    let reading = table.read(words);
    for argument in &reading.arguments {
        let is_default = argument.at == 0;
        if !is_default {
            check(words, argument.text, argument.at.checked_sub(1));
        }
    }
    for range in &reading.commands {
        assert!(range.start <= range.end && range.end <= words.len() + 1, "{range:?}");
    }
    assert!(reading.inner_at.is_none_or(|at| (1..=words.len()).contains(&at)));
    assert!(reading.unknown.is_none_or(|at| at <= words.len() + 1));
    assert!(reading.unknown.is_none() || !reading.is_complete());
}

/// Checks that `text` is part of the word number `at`.
fn check(words: &[Option<&str>], text: Option<&str>, at: Option<usize>) {
    let word = at.and_then(|at| words.get(at)).expect("an argument is a word");
    match (text, word) {
        (Some(text), Some(word)) => assert!(word.contains(text), "{word:?} has no {text:?}"),
        (text, word) => assert_eq!(text.is_none(), word.is_none(), "{text:?} is not {word:?}"),
    }
}

/// What the rows of a table name.
struct Names<'t> {
    options: Vec<&'t str>,
    subcommands: Vec<&'t str>,
}

impl<'t> Names<'t> {
    fn of(table: &'t CommandTable) -> Names<'t> {
        let rows = table.usages().flat_map(|usage| {
            let plain = usage.flags.iter().chain(&usage.optional).chain(&usage.pairs);
            plain.chain(usage.options.values().flatten())
        });
        let subcommands = table.subcommands.iter().flat_map(|sub| &sub.names);
        Names {
            options: rows.map(String::as_str).collect(),
            subcommands: subcommands.map(String::as_str).collect(),
        }
    }

    /// The words of a piece: none where the table has nothing of the kind, two for the name of a nested subcommand.
    fn words(&self, piece: &Piece) -> Vec<Option<String>> {
        let named = |names: &[&str], number: u16| {
            let at = usize::from(number).checked_rem(names.len());
            at.map_or(String::new(), |at| names[at].to_owned())
        };
        match piece {
            Piece::Unknown => vec![None],
            Piece::Option(number) => vec![Some(named(&self.options, *number))],
            Piece::Glued(number, text) => vec![Some(named(&self.options, *number) + text)],
            Piece::Short(number, length) => {
                let name: String = named(&self.options, *number)
                    .chars()
                    .take(usize::from(*length))
                    .collect();
                vec![Some(name)]
            }
            Piece::Subcommand(number) => {
                let name = named(&self.subcommands, *number);
                name.split(' ').map(|word| Some(word.to_owned())).collect()
            }
            Piece::Text(text) => vec![Some(text.clone())],
        }
    }
}
