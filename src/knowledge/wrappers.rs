//! Programs that run another program, which their arguments give.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("../../data/wrappers.toml");

/// Who runs the program that a wrapper runs, instead of the one who runs the wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunsAs {
    /// Root.
    Root,
    /// Somebody that the arguments name.
    Unknown,
}

/// How a program takes the command that it runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wrapper {
    programs: Vec<String>,
    /// Options whose value is the next word.
    #[serde(default)]
    values: Vec<String>,
    /// How many operands come before the command.
    #[serde(default)]
    operands: usize,
    #[serde(default)]
    user: Option<RunsAs>,
    /// Options that name another user.
    #[serde(default)]
    other_user: Vec<String>,
    /// Whether `NAME=value` may come before the command.
    #[serde(default)]
    assignments: bool,
    /// Options whose value is a script of the shell.
    #[serde(default)]
    script_options: Vec<String>,
    /// Whether they may come after operands.
    #[serde(default)]
    options_later: bool,
    /// Whether nothing but these options gives a command.
    #[serde(default)]
    only_script: bool,
    /// Whether the operands are a script of the shell.
    #[serde(default)]
    script_operand: bool,
    /// Options after which the command comes; without one of them there is none.
    #[serde(default)]
    command_options: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
struct Table {
    checked: String,
    sources: Vec<String>,
    wrappers: Vec<Wrapper>,
}

/// What a wrapper runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrapped {
    /// The command that begins at this word. Words of the form `NAME=value` from `assignments` on set variables for it.
    Command {
        /// Where the assignments begin.
        assignments: usize,
        /// Where the command begins.
        at: usize,
        /// Who runs it, if it is somebody else.
        user: Option<RunsAs>,
    },
    /// The word with this number is a script of the shell.
    Script(usize),
    /// Nothing, by these words.
    Nothing,
}

/// How `program`, a name without its folder, takes the command that it runs; none if it runs none.
#[must_use]
pub fn wrapper(program: &str) -> Option<&'static Wrapper> {
    // A table that doesn't parse is empty, and a test fails.
    static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());
    static INDEX: LazyLock<HashMap<&'static str, &'static Wrapper>> = LazyLock::new(|| {
        let rows = TABLE.wrappers.iter();
        rows.flat_map(|row| row.programs.iter().map(move |name| (name.as_str(), row)))
            .collect()
    });
    INDEX.get(program).copied()
}

impl Wrapper {
    /// What it runs, by all words of the command, its own name first; a word that is not literal is empty.
    #[must_use]
    pub fn wrapped(&self, words: &[&str]) -> Wrapped {
        let word = |at: usize| words.get(at).copied().unwrap_or_default();
        if !self.command_options.is_empty() {
            let mut options = (1..words.len()).filter(|at| self.command_options.iter().any(|name| name == word(*at)));
            return match options.next() {
                Some(at) if at + 1 < words.len() => self.command(at + 1, at + 1, words),
                _ => Wrapped::Nothing,
            };
        }
        let mut at = 1;
        while is_option(word(at)) {
            if self.gives_script(word(at)) && at + 1 < words.len() {
                return Wrapped::Script(at + 1);
            }
            at += if self.values.iter().any(|name| name == word(at)) {
                2
            } else {
                1
            };
            if word(at - 1) == "--" {
                break;
            }
        }
        if self.script_operand && at < words.len() {
            return Wrapped::Script(at);
        }
        // `su node -c '…'`, `flock FILE -c '…'`: the option may come after the operands.
        let mut later = at..words.len();
        if !self.script_options.is_empty()
            && self.options_later
            && let Some(option) = later.find(|at| self.gives_script(word(*at)))
            && option + 1 < words.len()
        {
            return Wrapped::Script(option + 1);
        }
        if self.only_script {
            return Wrapped::Nothing;
        }
        let before = at + self.operands;
        let mut at = before;
        while self.assignments && is_assignment(word(at)) {
            at += 1;
        }
        self.command(before, at, words)
    }

    /// Whether all it does is to run the command: not so for `find -exec`.
    #[must_use]
    pub fn only_runs(&self) -> bool {
        self.command_options.is_empty()
    }

    fn command(&self, assignments: usize, at: usize, words: &[&str]) -> Wrapped {
        if at >= words.len() {
            return Wrapped::Nothing;
        }
        let names_user = words.iter().take(at).any(|word| {
            let mut options = self.other_user.iter();
            options.any(|option| word.starts_with(option.as_str()))
        });
        let user = if names_user { Some(RunsAs::Unknown) } else { self.user };
        Wrapped::Command { assignments, at, user }
    }

    /// Whether the word after `option` is a script: `-c`, also at the end of a cluster, `-lc`.
    fn gives_script(&self, option: &str) -> bool {
        let is_cluster = |known: &str| {
            let mut letters = known.chars();
            known.len() == 2
                && option.starts_with('-')
                && !option.starts_with("--")
                && letters.next_back().is_some_and(|letter| option.ends_with(letter))
        };
        let mut options = self.script_options.iter();
        options.any(|known| known == option || is_cluster(known))
    }
}

fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with(['-', '+'])
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(line: &str) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        match wrapper(words[0].rsplit('/').next().unwrap()).unwrap().wrapped(&words) {
            Wrapped::Command { at, .. } => words[at..].join(" "),
            Wrapped::Script(at) => format!("script: {}", words[at]),
            Wrapped::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn what_wrappers_run() {
        let cases = [
            ("timeout -k 5 10 python3 x", "python3 x"),
            ("/usr/bin/env A=1 B= python3 x", "python3 x"),
            ("env -u HOME python3", "python3"),
            ("sudo -u bob python3", "python3"),
            ("sudo A=1 git pull", "git pull"),
            ("xargs -n 1 curl", "curl"),
            ("nice -n 5 make", "make"),
            ("tini -- python3 a.py", "python3 a.py"),
            ("dumb-init --single-child node a.js", "node a.js"),
            ("su node -c git", "script: git"),
            ("su -c git node", "script: git"),
            ("bash -lc git", "script: git"),
            ("bash run.sh -c git", "nothing"),
            ("flock /lock curl x", "curl x"),
            ("flock /lock -c curl", "script: curl"),
            ("trap git EXIT", "script: git"),
            ("find . -name x -exec convert {} ;", "convert {} ;"),
            ("find . -name x", "nothing"),
            ("wait-for-it db:5432 -t 5 -- node a.js", "node a.js"),
            ("gosu app python3", "python3"),
            ("timeout 5", "nothing"),
        ];
        for (line, expected) in cases {
            assert_eq!(inner(line), expected, "{line}");
        }
    }

    #[test]
    fn table_is_sound() {
        let table: Table = toml::from_str(FILE).unwrap();
        assert!(!table.checked.is_empty() && table.sources.iter().all(|source| source.starts_with("https://")));
        let mut seen = std::collections::BTreeSet::new();
        for name in table.wrappers.iter().flat_map(|row| &row.programs) {
            assert!(seen.insert(name), "twice: {name}");
        }
    }
}
