//! All commands that a list of words runs: the command itself, what its wrappers run, and the scripts in its words.

use crate::knowledge::{Wrapped, command_table, wrapped};
use crate::shell::{self, ShellOptions};

/// How deep wrappers and scripts in words are followed.
const DEEPEST: usize = 8;

/// Commands, each by its words.
#[derive(Debug, Default)]
pub(super) struct Commands {
    /// Those that were read, wrappers first.
    pub(super) list: Vec<Vec<String>>,
    /// Texts for a shell that cannot be read.
    pub(super) unread: Vec<String>,
}

impl Commands {
    /// The commands of a list of words. A word that is not literal is as it was written, with its `$`.
    pub(super) fn of_words(words: &[String]) -> Commands {
        let mut commands = Commands::default();
        commands.words(words, 0);
        commands
    }

    /// The commands of a text for a shell.
    pub(super) fn of_script(text: &str) -> Commands {
        let mut commands = Commands::default();
        commands.script(text, 0);
        commands
    }

    fn words(&mut self, words: &[String], depth: usize) {
        if words.is_empty() || depth > DEEPEST {
            return;
        }
        self.list.push(words.to_vec());
        let texts: Vec<&str> = words.iter().map(String::as_str).collect();
        match wrapped(&texts) {
            Wrapped::Command(range) => self.words(words.get(range).unwrap_or_default(), depth + 1),
            Wrapped::Scripts(numbers) => {
                let texts = numbers.iter().filter_map(|at| words.get(*at));
                texts.for_each(|text| self.script(text, depth + 1));
            }
            Wrapped::Nothing => {}
        }
    }

    fn script(&mut self, text: &str, depth: usize) {
        let Ok(script) = shell::parse(text) else {
            self.unread.push(text.to_owned());
            return;
        };
        for visit in shell::commands(&script, ShellOptions::default()) {
            let texts = visit.command.texts();
            let words: Vec<String> = texts.into_iter().map(str::to_owned).collect();
            self.words(&words, depth);
        }
    }
}

/// Whether a list of words calls a wrapper, and gives it a command or a script to run.
pub(super) fn runs_another(words: &[String]) -> bool {
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    wrapped(&texts) != Wrapped::Nothing
}

/// The programs that a command starts for its options and words, beside its own.
pub(super) fn started_by(words: &[String]) -> Vec<&'static str> {
    let rest = words.iter().skip(1).map(String::as_str);
    let rest: Vec<(Option<&str>, &str)> = rest.map(|word| (Some(word), word)).collect();
    let table = command_table(program(words));
    table.map(|table| table.started_by(&rest)).unwrap_or_default()
}

/// The program that a list of words calls, without its folder.
pub(super) fn program(words: &[String]) -> &str {
    words.first().map_or("", |word| name_of(word))
}

/// The name of the program that the first word of a command calls, without its folder.
pub(super) fn name_of(word: &str) -> &str {
    let word = word.trim_matches(['"', '\'']);
    word.rsplit('/').next().unwrap_or(word)
}

/// Whether nothing tells which program a list of words calls. `"$@"` is what the image is started with.
pub(super) fn is_unknown(words: &[String]) -> bool {
    let first = words.first().map_or("", String::as_str).trim_matches(['"', '\'']);
    let is_arguments = matches!(first, "$@" | "$*" | "${@}" | "${*}" | "$1" | "${1}");
    !is_arguments && program(words).contains(['$', '`', '{', '%'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(text: &str) -> Vec<String> {
        let commands = Commands::of_script(text);
        commands.list.iter().map(|words| program(words).to_owned()).collect()
    }

    #[test]
    fn every_command_after_its_wrappers() {
        let cases: &[(&str, &[&str])] = &[
            ("timeout 5 python3 x", &["timeout", "python3"]),
            ("cd /d && git pull; A=1 curl x", &["cd", "git", "curl"]),
            ("cat in | env A=1 python3", &["cat", "env", "python3"]),
            ("sudo -u bob sh -c 'nice gcc x'", &["sudo", "sh", "nice", "gcc"]),
            ("ls | xargs -n1 curl", &["ls", "xargs", "curl"]),
            ("trap 'git stash' EXIT", &["trap", "git"]),
            ("find . -exec convert {} \\;", &["find", "convert"]),
            ("su node -c \"git pull\"", &["su", "git"]),
            ("if which ffmpeg; then x=$(git log); fi", &["which", "git"]),
        ];
        for (text, expected) in cases {
            assert_eq!(programs(text), *expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_literal_is_unknown() {
        let of = |text: &str| Commands::of_script(text).list.iter().any(|words| is_unknown(words));
        assert!(of("$TOOL x") && of("\"${BIN}\" x") && of("timeout 5 $X"));
        assert!(!of("exec \"$@\"") && !of("\"$JAVA_HOME/bin/java\" x") && !of("git $x"));
        assert!(!Commands::of_script("git \"open").unread.is_empty());
    }
}
