//! How sources of programming languages start other programs.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("../../data/calls.toml");

/// How a function takes what it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Takes {
    /// A line that a shell reads.
    Shell,
    /// A program, with its arguments after it or in one list with it.
    Program,
    /// A library, which is looked for by its name: `magic`.
    Library,
    /// A library by the name of its file: `libmagic.so.1`.
    LibraryFile,
    /// Code, which a compiler of the image turns into a program when it runs.
    Code,
    /// Sources, which a compiler turns into a program where something runs the file that says so. Where another source
    /// imports it, as an install does, that one compiles.
    Build,
}

/// How a language names what another file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Imports {
    /// `import a`, `from a import b as c`.
    Python,
    /// `import { b as c } from 'a'`, `require('a')`.
    Javascript,
}

/// Functions that start a program.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Functions {
    /// The module, class or object that has them; none for those that are called by their bare name.
    #[serde(default)]
    pub module: Option<String>,
    /// Their names.
    pub names: Vec<String>,
    /// Whether they are methods of whatever object.
    #[serde(default)]
    pub any_receiver: bool,
    /// Which argument is the program, from 0.
    #[serde(default)]
    pub argument: usize,
    /// What that argument is.
    pub takes: Takes,
    /// A word without which a file means something else by these names.
    #[serde(default)]
    pub requires: Option<String>,
}

/// A programming language: how its files are read, and which functions start programs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Language {
    /// Its name, or that of a group of languages of one syntax.
    pub name: String,
    /// The endings of its files, without a dot.
    pub endings: Vec<String>,
    /// The programs that run code of it which they are given as an argument, without a version.
    #[serde(default)]
    pub interpreters: Vec<String>,
    /// How it imports.
    #[serde(default)]
    pub imports: Option<Imports>,
    /// What begins a comment to the end of the line.
    #[serde(default)]
    pub line_comments: Vec<String>,
    /// What begins and ends a comment.
    #[serde(default)]
    pub block_comments: Vec<(String, String)>,
    /// The quotes of strings, longer ones first.
    pub strings: Vec<String>,
    /// Quotes of one character whose strings may have several lines.
    #[serde(default)]
    pub multiline: Vec<String>,
    /// Letters that may stand directly before a quote.
    #[serde(default)]
    pub prefixes: String,
    /// Those of them without which there is no interpolation; if empty, all strings have it.
    #[serde(default)]
    pub interpolated_prefixes: String,
    /// What begins an expression inside of a string, up to the next `}`.
    #[serde(default)]
    pub interpolation: Option<String>,
    /// Whether `/x/` is a regular expression.
    #[serde(default)]
    pub regular_expressions: bool,
    /// Quotes whose text a shell runs: a backtick, or a word before a bracket, `%x`.
    #[serde(default)]
    pub shell_quotes: Vec<String>,
    /// Whether a call may do without parentheses.
    #[serde(default)]
    pub bare_calls: bool,
    /// Texts without all of which a file starts nothing.
    pub signs: Vec<String>,
    /// Expressions that stand for the program itself, or for its interpreter.
    #[serde(default)]
    pub own: Vec<String>,
    /// Functions whose value is what they are given: a list, a path, a text that is split or quoted. One without a module is meant
    /// whatever it is called on.
    #[serde(default)]
    pub keeps: Vec<String>,
    /// Functions that ask for a setting, and whose last argument takes its place where there is none.
    #[serde(default)]
    pub defaults: Vec<String>,
    /// Modules whose members are named like the programs that they run.
    #[serde(default)]
    pub program_modules: Vec<String>,
    /// Modules that look for a library by its name when a program imports them.
    #[serde(default)]
    pub library_modules: Vec<String>,
    /// Modules, or parts of them, that call a compiler when a program uses them.
    #[serde(default)]
    pub compiler_modules: Vec<String>,
    /// Keys of settings whose value is the program.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Fields that are set to the program.
    #[serde(default)]
    pub fields: Vec<String>,
    /// The option that makes a program's name a line of the shell.
    #[serde(default)]
    pub shell_option: Option<String>,
    /// Functions whose value does what the function does that they are given.
    #[serde(default)]
    pub passes_on: Vec<String>,
    /// The functions.
    pub functions: Vec<Functions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
struct Table {
    checked: String,
    sources: Vec<String>,
    development_files: Vec<String>,
    test_files: Vec<String>,
    languages: Vec<Language>,
}

// A table that doesn't parse is empty, and a test fails.
static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());

/// The language of a source file, by its path; none if no table has it.
#[must_use]
pub fn language_of(path: &str) -> Option<&'static Language> {
    static INDEX: LazyLock<HashMap<&'static str, &'static Language>> = LazyLock::new(|| {
        let languages = TABLE.languages.iter();
        languages
            .flat_map(|language| language.endings.iter().map(move |ending| (ending.as_str(), language)))
            .collect()
    });
    INDEX.get(path.rsplit_once('.')?.1).copied()
}

/// The language of code that is given to a program, by its name without a folder: `python3.11`; none if no table has it.
#[must_use]
pub fn language_of_interpreter(program: &str) -> Option<&'static Language> {
    let name = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let runs = |language: &&Language| language.interpreters.iter().any(|known| known == name);
    TABLE.languages.iter().find(runs)
}

/// The patterns of names of files that developers run.
pub fn development_files() -> impl Iterator<Item = &'static str> {
    TABLE.development_files.iter().map(String::as_str)
}

/// The patterns of names of tests, and of files that tools wrote.
pub fn test_files() -> impl Iterator<Item = &'static str> {
    TABLE.test_files.iter().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sound() {
        let table: Table = toml::from_str(FILE).unwrap();
        assert!(!table.checked.is_empty() && table.sources.iter().all(|source| source.starts_with("https://")));
        assert!(!table.development_files.is_empty() && !table.test_files.is_empty());
        let mut seen = std::collections::BTreeSet::new();
        for language in &table.languages {
            assert!(
                !language.signs.is_empty() && !language.functions.is_empty(),
                "{}",
                language.name
            );
            for ending in &language.endings {
                assert!(seen.insert(ending), "twice: {ending}");
            }
            let lengths: Vec<usize> = language.strings.iter().map(String::len).collect();
            assert!(lengths.is_sorted_by(|one, other| one >= other), "{}", language.name);
        }
        assert_eq!(
            language_of("a/b.tsx").map(|language| language.name.as_str()),
            Some("javascript")
        );
        assert!(language_of("Makefile").is_none());
    }
}
