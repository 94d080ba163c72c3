//! What the files of a project name: folders, files, tools.

use std::collections::BTreeSet;

use rayon::prelude::*;
use regex::{Regex, RegexBuilder};

use crate::context::{ContextSource, Entry, Kind};

use crate::knowledge::ignore_patterns::{Mentions, catalog};

/// Larger files are data or generated.
const LARGEST_FILE: u64 = 512 * 1024;

/// More text than this is not read.
const MOST_BYTES: u64 = 96 * 1024 * 1024;

/// Folders of other people's code and of what no image reads.
const FOREIGN: &[&str] = &[
    "node_modules",
    "bower_components",
    ".git",
    ".hg",
    ".svn",
    "vendor",
    "third_party",
    "site-packages",
    ".github",
    ".gitlab",
    ".circleci",
    ".vscode",
    ".idea",
    ".tox",
    ".nox",
    "__pycache__",
    ".venv",
    "venv",
    "target",
    "dist",
    ".next",
];

/// Files that only Node and its tools read.
const JAVASCRIPT: &[&str] = &[
    "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue", "svelte", "astro",
];

/// Scripts of package.json that serve the developer.
const DEVELOPERS_SCRIPTS: &[&str] = &[
    "test",
    "lint",
    "format",
    "fmt",
    "cover",
    "e2e",
    "spec",
    "check",
    "typecheck",
    "type-check",
    "docs",
    "doc",
    "cy:",
    "pretest",
    "posttest",
    "prettier",
    "release",
    "prepublish",
    "watch",
    "storybook",
    "jest",
    "mocha",
    "tdd",
    "eslint",
];

/// A place that names something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) path: String,
    pub(crate) line: usize,
    is_code: bool,
    /// Whether it is a script or Makefile, which counts only where something calls it.
    is_script: bool,
}

/// All mentions of some words.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// By the number of the word.
    by_word: Vec<Vec<Mention>>,
    words: Vec<String>,
    called: BTreeSet<String>,
    /// Whether there was too much to read.
    pub(crate) is_incomplete: bool,
}

impl Mention {
    fn is_served(&self) -> bool {
        let ending = ending(name_of(&self.path));
        let is_script_language = JAVASCRIPT.contains(&ending);
        self.is_code && !is_script_language || ending == "conf"
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Code,
    Config,
}

/// Which mentions count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    All,
    CodeAlone,
    /// Pages, programs in other languages than JavaScript, and settings of web servers.
    Served,
}

impl Found {
    /// Looks for the names and `tools` in everything that `is_kept`. `called` is the text that tells which scripts are
    /// run.
    pub(crate) fn look(
        context: &ContextSource,
        entries: &[&Entry],
        names: &BTreeSet<String>,
        tools: &BTreeSet<String>,
        called: &str,
    ) -> Found {
        let table = &catalog().mentions;
        let mut words: Vec<String> = names.union(tools).cloned().collect();
        // Of several words that begin alike the longest is wanted.
        words.sort_by_key(|word| (std::cmp::Reverse(word.len()), word.clone()));
        let escaped: Vec<String> = words.iter().map(|word| regex::escape(word)).collect();
        let expression = RegexBuilder::new(&escaped.join("|")).size_limit(1 << 26).build();
        let Some(expression) = expression.ok().filter(|_| !words.is_empty()) else {
            return Found {
                is_incomplete: !words.is_empty(),
                ..Found::default()
            };
        };
        let texts = entries.iter().filter_map(|entry| Some((*entry, class(entry, table)?)));
        let texts: Vec<(&Entry, Class)> = texts.collect();
        let total: u64 = texts.iter().map(|(entry, _)| entry.size).sum();
        if total > MOST_BYTES {
            return Found {
                is_incomplete: true,
                ..Found::default()
            };
        }
        let hits: Vec<(usize, Mention)> = texts
            .par_iter()
            .flat_map_iter(|(entry, class)| {
                let text = context.read_unfiltered(&entry.path).unwrap_or_default();
                search(&text, &entry.path, *class, &expression, &words, names)
            })
            .collect();
        let mut by_word = vec![Vec::new(); words.len()];
        for (word, mention) in hits {
            if let Some(mentions) = by_word.get_mut(word) {
                mentions.push(mention);
            }
        }
        let scripts: Vec<&Entry> = texts
            .iter()
            .map(|(entry, _)| *entry)
            .filter(|entry| is_script(&entry.path))
            .collect();
        Found {
            by_word,
            words,
            called: called_scripts(context, &scripts, called),
            is_incomplete: false,
        }
    }

    /// The first place outside of `own` that names `word` and counts; `is_gone` says of a file that it is kept out.
    pub(crate) fn first(&self, word: &str, count: Count, is_gone: impl Fn(&str) -> bool) -> Option<&Mention> {
        let number = self.words.iter().position(|known| known == word)?;
        self.by_word.get(number)?.iter().find(|mention| {
            let counts = match count {
                Count::All => true,
                Count::CodeAlone => mention.is_code,
                Count::Served => mention.is_served(),
            };
            counts && (!mention.is_script || self.called.contains(&mention.path)) && !is_gone(&mention.path)
        })
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The ending of a name, or the whole name where it has none.
fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, ending)| ending)
}

/// Whether a file is code by its name.
pub(crate) fn is_code(path: &str) -> bool {
    let table = &catalog().mentions;
    table.code.iter().any(|known| known == ending(name_of(path)))
}

fn class(entry: &Entry, table: &Mentions) -> Option<Class> {
    let name = name_of(&entry.path);
    let is_foreign = entry.path.split('/').any(|part| FOREIGN.contains(&part));
    if entry.kind != Kind::File || entry.size > LARGEST_FILE || is_foreign || is_test(name) {
        return None;
    }
    let listed = |list: &[String]| list.iter().any(|known| known == name || known == ending(name));
    if listed(&table.passed_over) || table.passed_over.iter().any(|known| known == name) {
        return None;
    }
    if listed(&table.code) {
        return Some(Class::Code);
    }
    let is_requirements = name.ends_with(".txt") && (name.contains("require") || name == "CMakeLists.txt");
    // A small file without an ending is mostly a script or a file of settings.
    let is_nameless = !name.contains('.') && entry.size < 64 * 1024 && !is_prose(name);
    (listed(&table.config) || is_requirements || is_nameless).then_some(Class::Config)
}

fn is_prose(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '_' | '-')) || name.starts_with("Dockerfile")
}

/// Whether a file is a test by its name.
fn is_test(name: &str) -> bool {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    name.contains(".test.")
        || name.contains(".spec.")
        || stem.ends_with("_test")
        || stem.starts_with("test_")
        || name == "conftest.py"
}

fn is_script(path: &str) -> bool {
    let name = name_of(path);
    matches!(
        ending(name),
        "sh" | "bash" | "zsh" | "ps1" | "bat" | "cmd" | "mk" | "mak"
    ) || name.to_lowercase().contains("makefile")
        || matches!(name, "Justfile" | "justfile" | "Rakefile" | "Procfile" | "Vagrantfile")
        || !name.contains('.')
}

/// The scripts that `called` names, and those that they name.
fn called_scripts(context: &ContextSource, scripts: &[&Entry], called: &str) -> BTreeSet<String> {
    let mut text = called.to_owned();
    let mut found = BTreeSet::new();
    loop {
        let named = |entry: &&&Entry| {
            let name = name_of(&entry.path);
            let maker = match name.to_lowercase() {
                name if name.contains("makefile") || name.ends_with(".mk") => "make",
                name if name.contains("justfile") => "just",
                name if name.contains("rakefile") => "rake",
                _ => name,
            };
            !found.contains(&entry.path) && text.contains(maker)
        };
        let new: Vec<&&Entry> = scripts.iter().filter(named).collect();
        if new.is_empty() {
            return found;
        }
        let mut more = String::new();
        for entry in new {
            found.insert(entry.path.clone());
            more.push_str(&context.read_unfiltered(&entry.path).unwrap_or_default());
        }
        text = more;
    }
}

/// The mentions in one text.
fn search(
    text: &str,
    path: &str,
    class: Class,
    expression: &Regex,
    words: &[String],
    names: &BTreeSet<String>,
) -> Vec<(usize, Mention)> {
    let mut found: Vec<(usize, Mention)> = Vec::new();
    if !expression.is_match(text) {
        return found;
    }
    let table = &catalog().mentions;
    let is_manifest = name_of(path) == "package.json";
    let mut is_checkers = false;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if class == Class::Config && trimmed.starts_with('[') {
            let section = trimmed.trim_start_matches('[');
            is_checkers = table.checkers.iter().any(|known| section.starts_with(known.as_str()));
        }
        let is_aside = is_comment(trimmed, class)
            || is_checkers
            || class == Class::Config && table.leaves_out.iter().any(|word| line.contains(word.as_str()))
            || is_manifest && is_developers(trimmed);
        for hit in expression.find_iter(line) {
            let Some(word) = words.iter().position(|word| word == hit.as_str()) else {
                continue;
            };
            let is_name = names.contains(hit.as_str());
            let is_whole = if is_name { is_bounded } else { is_apart };
            let counts = is_whole(line, hit.range())
                && !(is_aside && is_name)
                && !is_comment(trimmed, class)
                && (!is_name || class == Class::Config || is_path(line, hit.range()))
                && !is_in_url(line, hit.start());
            if counts && !found.iter().any(|(known, _)| *known == word) {
                let mention = Mention {
                    path: path.to_owned(),
                    line: number + 1,
                    is_code: class == Class::Code,
                    is_script: is_script(path),
                };
                found.push((word, mention));
            }
        }
    }
    found
}

/// A line that is all comment; what `//go:embed` and `#include` begin is none.
fn is_comment(line: &str, class: Class) -> bool {
    let hash = line.starts_with("# ") || line.starts_with("##") || class == Class::Config && line.starts_with('#');
    hash || line.starts_with("// ") || line.starts_with("* ") || line.starts_with("/* ") || line.starts_with("-- ")
}

/// A script of package.json that no image runs unless a command names it.
fn is_developers(line: &str) -> bool {
    let key = line.trim_start_matches('"');
    line.starts_with('"') && DEVELOPERS_SCRIPTS.iter().any(|script| key.starts_with(script)) && line.contains("\":")
}

/// Whether a word stands by itself.
pub(crate) fn is_bounded(line: &str, range: std::ops::Range<usize>) -> bool {
    let word = line.get(range.clone()).unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let before = line.get(..range.start).and_then(|text| text.chars().next_back());
    let after = line.get(range.end..).and_then(|text| text.chars().next());
    // `pkg.tests` is something else, `foo.git` too; `./tests` is not.
    let open = !word.starts_with(is_part) && !word.starts_with('.')
        || before.is_none_or(|c| !is_part(c) && c != '.' && c != '$');
    open && (!word.ends_with(is_part) || after.is_none_or(|c| !is_part(c)))
}

/// Whether the name of a tool stands apart from other letters: in `python-dotenv` it does.
pub(crate) fn is_apart(line: &str, range: std::ops::Range<usize>) -> bool {
    let word = line.get(range.clone()).unwrap_or_default();
    let before = line.get(..range.start).and_then(|text| text.chars().next_back());
    let after = line.get(range.end..).and_then(|text| text.chars().next());
    let is_part = |c: char| c.is_alphanumeric();
    (!word.starts_with(is_part) || before.is_none_or(|c| !is_part(c)))
        && (!word.ends_with(is_part) || after.is_none_or(|c| !is_part(c)))
}

/// Whether a word in code looks like a path or a module.
fn is_path(line: &str, range: std::ops::Range<usize>) -> bool {
    let is_mark = |c: char| matches!(c, '"' | '\'' | '`' | '/' | '\\');
    let before = line.get(..range.start).and_then(|text| text.chars().next_back());
    let after = line.get(range.end..).and_then(|text| text.chars().next());
    let line = line.trim_start();
    before.is_some_and(is_mark)
        || after.is_some_and(is_mark)
        || line.starts_with("import ")
        || line.starts_with("from ")
        || line.starts_with("//go:embed")
}

fn is_in_url(line: &str, at: usize) -> bool {
    let before = line.get(..at).unwrap_or_default();
    let token = before
        .rsplit([' ', '"', '\'', '`', '(', '<', ','])
        .next()
        .unwrap_or_default();
    token.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(path: &str, text: &str, word: &str) -> bool {
        let context = ContextSource::in_memory([(path, text)]).unwrap();
        let entries: Vec<&Entry> = context.walk().entries.iter().collect();
        let names = BTreeSet::from([word.to_owned()]);
        let found = Found::look(&context, &entries, &names, &BTreeSet::new(), "make run.sh");
        found.first(word, Count::All, |_| false).is_some()
    }

    #[test]
    fn paths_count_and_words_do_not() {
        for (path, text) in [
            ("a.py", "open('docs/x')"),
            ("a.py", "from docs import x"),
            ("a.js", "join(__dirname, 'docs')"),
            ("a.go", "//go:embed docs/*"),
            ("a.toml", "readme = \"docs/README.md\""),
            ("Makefile", "all: docs"),
            ("sub/run.sh", "cat ./docs/x"),
        ] {
            assert!(mentions(path, text, "docs"), "{path}: {text}");
        }
        for (path, text) in [
            ("a.py", "docs = 1"),
            ("a.py", "# see docs/x"),
            ("a.py", "x.docs.y"),
            ("a.js", "get('https://a/docs/b')"),
            ("a.md", "docs/x"),
            ("pyproject.toml", "[tool.ruff]\nsrc = [\"docs\"]"),
            ("tsconfig.json", "\"exclude\": [\"docs\"]"),
            ("package.json", "  \"lint\": \"eslint docs\","),
            ("other.sh", "cat docs/x"),
            ("a_test.go", "open(\"docs/x\")"),
        ] {
            assert!(!mentions(path, text, "docs"), "{path}: {text}");
        }
    }
}
