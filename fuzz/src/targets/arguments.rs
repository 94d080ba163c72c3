//! No list of arguments makes the readers of the tables panic, for any program, and what they read are words of the command.
//!
//! The text holds commands with an empty line between them: a program, then a word in each line. `?` is a word that is not
//! literal, `%N` the option number N of the program's table, `%N.L` its first L characters, `%N=TEXT` the option with
//! text in the same word.

use std::iter;

use plimsoll::knowledge::{CommandTable, command_tables, managers};

/// Checks one text.
pub fn run(text: &str) {
    for command in text.split("\n\n") {
        let mut lines = command.lines();
        if let Some(program) = lines.next() {
            one(program, lines);
        }
    }
}

fn one<'t>(program: &str, lines: impl Iterator<Item = &'t str>) {
    let tables = command_tables();
    let named = tables
        .iter()
        .find(|table| table.programs.iter().any(|name| name == program));
    let table = named.unwrap_or(&tables[program.len() % tables.len()]);
    let options = options(table);
    let words: Vec<Option<String>> = lines.map(|line| word(line, &options)).collect();
    let words: Vec<Option<&str>> = words.iter().map(Option::as_deref).collect();
    by_table(table, &words);
    for manager in managers().iter() {
        for program in &manager.programs {
            let read = manager.read(program, &words);
            for value in read.options.iter().filter_map(|option| option.value.as_ref()) {
                // The words of a manager are those behind its program, and are counted from there.
                check(&words, value.text, Some(value.at));
            }
        }
    }
}

/// Reads the command and checks that each argument is a word of it, or a part of one.
fn by_table(table: &CommandTable, words: &[Option<&str>]) {
    let reading = table.read(words);
    for argument in &reading.arguments {
        let is_default = argument.at == 0;
        if !is_default {
            check(words, argument.text.as_deref(), argument.at.checked_sub(1));
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

/// The options that the rows of a table name.
fn options(table: &CommandTable) -> Vec<&str> {
    let rows = table.usages().flat_map(|usage| {
        let plain = usage.flags.iter().chain(&usage.optional).chain(&usage.pairs);
        plain.chain(usage.options.values().flatten())
    });
    rows.map(String::as_str).collect()
}

/// What a line stands for.
fn word(line: &str, options: &[&str]) -> Option<String> {
    if line == "?" {
        return None;
    }
    let Some(rest) = line.strip_prefix('%') else {
        return Some(line.to_owned());
    };
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let number = |text: &str| text.parse::<usize>().unwrap_or_default();
    let at = number(&rest[..end]).checked_rem(options.len());
    let name = at.map_or("", |at| options[at]);
    let word = match rest[end..].split_at_checked(1) {
        Some((".", length)) => name.chars().take(number(length)).collect(),
        Some((_, text)) => iter::once(name).chain([text]).collect(),
        None => name.to_owned(),
    };
    Some(word)
}
