//! Which command a command runs, by the table of its program.

use std::ops::Range;

use super::command::Role;
use super::commands::command_table;

/// What a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrapped {
    /// The command of these words.
    Command(Range<usize>),
    /// The words with these numbers are scripts of the shell.
    Scripts(Vec<usize>),
    /// No command that its words give.
    Nothing,
}

/// Takes the words of a command, its name first; returns what it runs.
#[must_use]
pub fn wrapped(words: &[&str]) -> Wrapped {
    let Some((first, rest)) = words.split_first() else {
        return Wrapped::Nothing;
    };
    let name = first.trim_matches(['"', '\'']);
    let Some(table) = command_table(name.rsplit('/').next().unwrap_or(name)) else {
        return Wrapped::Nothing;
    };
    let rest: Vec<Option<&str>> = rest.iter().map(|word| Some(*word)).collect();
    let reading = table.read(&rest);
    let codes = reading
        .arguments
        .iter()
        .filter(|argument| argument.role == Role::ShellCode);
    let codes: Vec<usize> = codes.map(|argument| argument.at).collect();
    let by_option = reading.commands.first().cloned();
    match reading.inner_at.map(|at| at..words.len()).or(by_option) {
        Some(range) => Wrapped::Command(range),
        None if codes.is_empty() => Wrapped::Nothing,
        None => Wrapped::Scripts(codes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_after_their_wrappers() {
        let at = |text: &str| wrapped(&text.split(' ').collect::<Vec<_>>());
        for (text, expected) in [
            ("timeout -k 5 10 python3 x", Wrapped::Command(4..6)),
            ("sudo -u bob git pull", Wrapped::Command(3..5)),
            ("doas git pull", Wrapped::Command(1..3)),
            ("env A=1 B=2 git pull", Wrapped::Command(3..5)),
            ("wait-for-it.sh db:5432 -t 10 -- node x", Wrapped::Command(5..7)),
            ("wait-for-it.sh db:5432", Wrapped::Nothing),
            ("su bob -c run", Wrapped::Scripts(vec![3])),
            ("/bin/sh -ec run", Wrapped::Scripts(vec![2])),
            ("find . -exec rm {} ;", Wrapped::Command(3..5)),
            ("concurrently -k a b", Wrapped::Scripts(vec![2, 3])),
            ("dotenv -- git pull", Wrapped::Command(2..4)),
            ("dotenv -e .env -- git pull", Wrapped::Command(4..6)),
            ("dotenv -f .env run git pull", Wrapped::Command(4..6)),
            ("env-cmd -f .env git pull", Wrapped::Command(3..5)),
            ("onchange a.js b.js -- git pull", Wrapped::Command(4..6)),
            ("nodemon --watch x --exec run", Wrapped::Scripts(vec![4])),
            ("git pull", Wrapped::Nothing),
        ] {
            assert_eq!(at(text), expected, "{text}");
        }
    }
}
