//! Tests of the tables in `data/commands/`, and that no list of programs is kept in code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

const TABLE_KEYS: &[&str] = &[
    "programs",
    "modules",
    "checked",
    "sources",
    "style",
    "bundled-first",
    "scope",
    "user",
    "subcommands",
    "tags",
    "acting",
    "starts",
    "appends",
    "settings",
];
const USAGE_KEYS: &[&str] = &[
    "flags", "optional", "options", "pairs", "operands", "default", "examples", "also", "forms",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files of `data/commands/` by name.
fn files() -> BTreeMap<String, String> {
    let entries = fs::read_dir(root().join("data/commands")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let tables = paths.filter(|path| path.extension().is_some_and(|end| end == "toml"));
    tables
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect()
}

fn check_keys(file: &str, table: &toml::Table, allowed: &[&[&str]]) {
    for key in table.keys() {
        assert!(
            allowed.iter().any(|keys| keys.contains(&key.as_str())),
            "{file}: no key is called {key}"
        );
    }
}

#[test]
fn every_table_parses_and_has_no_unknown_key() {
    let files = files();
    assert!(files.len() > 100);
    for (file, text) in &files {
        let mut commands = Commands::default();
        commands.add(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let raw: toml::Table = toml::from_str(text).unwrap();
        check_keys(file, &raw, &[TABLE_KEYS, USAGE_KEYS]);
        for sub in raw
            .get("subcommands")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
        {
            check_keys(file, sub.as_table().unwrap(), &[&["names"], USAGE_KEYS]);
        }
        let table = &commands.tables()[0];
        let is_day = table.checked.len() == 10 || table.checked == "never";
        assert!(!table.programs.is_empty() && is_day, "{file}");
        assert!(table.sources.iter().all(|source| source.starts_with("http")), "{file}");
        assert!(!table.sources.is_empty(), "{file} names no source");
    }
}

#[test]
fn the_index_lists_every_table() {
    let index = fs::read_to_string(root().join("data/commands/index.rs")).unwrap();
    for file in files().keys() {
        assert_eq!(index.matches(&format!("\"{file}\"")).count(), 1, "{file}");
    }
    assert_eq!(command_tables().len(), files().len());
}

#[test]
fn every_program_and_option_has_one_row() {
    let mut programs = BTreeSet::new();
    for table in command_tables() {
        for program in &table.programs {
            assert!(programs.insert(program), "{program} is in two tables");
        }
        for usage in table.usages() {
            let mut seen = BTreeSet::new();
            let rows = usage.flags.iter().chain(&usage.optional).chain(&usage.pairs);
            for row in rows.chain(usage.options.values().flatten()) {
                assert!(seen.insert(row), "{:?}: {row} is in two rows", table.programs);
            }
        }
    }
}

#[test]
fn forms_ask_for_options_that_have_a_row() {
    let mut asked = 0;
    for table in command_tables() {
        for usage in table.usages() {
            for name in usage
                .forms
                .iter()
                .flat_map(|form| &form.when)
                .flat_map(|group| group.split('|'))
            {
                let name = name.split('=').next().unwrap_or_default();
                let usages = [usage, &table.usage];
                let mut rows = usages.iter().flat_map(|usage| {
                    let rows = usage.flags.iter().chain(&usage.optional).chain(&usage.pairs);
                    rows.chain(usage.options.values().flatten())
                });
                let is_general = matches!(name, "--help" | "--version");
                let fits = |row: &String| match row.strip_suffix('*') {
                    Some(start) => name.starts_with(start),
                    None => row == name,
                };
                assert!(is_general || rows.any(fits), "{:?}: no row for {name}", table.programs);
                asked += 1;
            }
        }
    }
    assert!(asked > 100);
}

#[test]
fn a_command_is_added_without_code() {
    let mut commands = Commands::default();
    assert!(commands.find("shipwright").is_none());
    let table = r#"
programs = ["shipwright"]
checked = "2026-11-27"
sources = ["https://example.org/shipwright"]
operands = ["reads...", "writes-into"]
flags = ["-q"]

[options]
writes-under = ["--hull"]
"#;
    commands.add(table).unwrap();
    let reading = commands
        .find("shipwright")
        .unwrap()
        .read(&[Some("-q"), Some("a"), Some("b"), Some("--hull=/h")]);
    let roles: Vec<_> = reading
        .arguments
        .iter()
        .map(|argument| (argument.role, argument.text.as_deref().unwrap()))
        .collect();
    let expected = [
        (ArgumentRole::Reads, "a"),
        (ArgumentRole::WritesInto, "b"),
        (ArgumentRole::WritesUnder, "/h"),
    ];
    assert_eq!(roles, expected);
    assert!(reading.is_complete());
    assert!(commands.add("programs = 1").is_err());
}

#[test]
fn help_and_versions_are_understood() {
    for words in [
        ["cp", "--help"],
        ["tar", "--version"],
        ["python3.11", "-V"],
        ["gcc", "--version"],
        ["git", "--version"],
    ] {
        let reading = command_table(words[0]).unwrap().read(&[Some(words[1])]);
        assert!(reading.informs(), "{words:?}");
    }
    assert!(!command_table("echo").unwrap().read(&[Some("--help")]).informs());
    for words in [
        ["time", "-v", "make"],
        ["rustc", "--print=link-args", "a.rs"],
        ["lua", "-v", "a.lua"],
    ] {
        let rest: Vec<_> = words.iter().skip(1).copied().map(Some).collect();
        assert!(!command_table(words[0]).unwrap().read(&rest).informs(), "{words:?}");
    }
    let timed = command_table("time")
        .unwrap()
        .read(&[Some("-vo"), Some("log"), Some("make")]);
    assert_eq!(timed.inner_at, Some(3));
}

#[test]
fn a_row_for_all_options_hides_no_value() {
    let mut commands = Commands::default();
    let table = r#"
programs = ["shipwright"]
checked = "never"
sources = ["https://example.org/shipwright"]
operands = ["text..."]
flags = ["-*", "-old"]
options = { writes = ["-o", "--out"] }
"#;
    commands.add(table).unwrap();
    for (words, written) in [
        (["-o", "x"], Some("x")),
        (["-ox", "a"], Some("x")),
        (["--out=x", "a"], Some("x")),
        (["-old", "x"], None),
        (["-ao", "x"], None),
        (["--outer=x", "a"], None),
    ] {
        let reading = commands.find("shipwright").unwrap().read(&words.map(Some));
        let mut arguments = reading.arguments.iter();
        let found = arguments.find(|argument| argument.role == ArgumentRole::Writes);
        assert_eq!(found.and_then(|found| found.text.as_deref()), written, "{words:?}");
        assert!(reading.is_complete(), "{words:?}");
    }
}

#[test]
fn programs_that_run_others_are_told_from_those_that_do_not() {
    let runs_nothing = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let values: Vec<Option<&str>> = words.iter().skip(1).copied().map(Some).collect();
        command_table(words[0]).is_some_and(|table| table.read(&values).runs_nothing())
    };
    for line in [
        "cp -r a b",
        "git clone https://x.org/a",
        "tar xf a.tar",
        "find . -name x",
        "gcc a.c",
        "curl -O https://x.org",
    ] {
        assert!(runs_nothing(line), "{line}");
    }
    for line in [
        "make",
        "tar -I ./x -xf a.tar",
        "find . -exec ./x {} ;",
        "sh x.sh",
        "python3 x.py",
        "eval x",
        "nginx",
        "frobnicate",
    ] {
        assert!(!runs_nothing(line), "{line}");
    }
}

/// Lists of programs that are still in code: the end of the file's path, the first entry or nothing for any, and why. No
/// row is to be added; one that fits nothing fails too.
const LISTS: &[(&str, &str, &str)] = &[
    (
        "development/start.rs",
        "node",
        "the needs as facts take the place of this list",
    ),
    (
        "development/manifest.rs",
        "node",
        "what runs a script without a build: an ecosystem's own knowledge",
    ),
    (
        "node/manifests/script_command.rs",
        "node",
        "what runs a script without a build: an ecosystem's own knowledge",
    ),
    (
        "php/mod.rs",
        "docker-php-ext-install",
        "what the official image of PHP has: an ecosystem's own knowledge",
    ),
    (
        "smoke/chain.rs",
        "",
        "packages and programs that an image without a build chain lacks: about packages",
    ),
    (
        "smoke/mod.rs",
        "[",
        "words that begin a line of a script and need no program",
    ),
    ("shell/walk.rs", "exit", "keywords of the shell, which the parser knows"),
    (
        "clean_layers/managers.rs",
        "exit",
        "words with which a script ends, which the parser knows",
    ),
    (
        "merge_runs/join.rs",
        "cd",
        "what counts only until the next RUN: to become a tag",
    ),
    ("image_files/mod.rs", "chown", "flags of COPY"),
    (
        "reorder_copies/split.rs",
        "set",
        "commands that may come along with a moved install: to become a tag",
    ),
    (
        "checks/entry_point.rs",
        "exec",
        "to be read by the tables: wrappers of an entry point",
    ),
];

#[test]
fn no_list_of_programs_is_in_code() {
    let mut found = Vec::new();
    let mut used: BTreeSet<&(&str, &str, &str)> = BTreeSet::new();
    sources(&root().join("src"), &mut |path, text| {
        let file = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        if file.contains("/tests/") {
            return;
        }
        // A quote as a character begins no string.
        let text = text.replace("'\"'", "' '");
        for list in lists(&text) {
            let known = list.iter().filter(|name| command_table(name).is_some()).count();
            if known < 3 || known * 2 <= list.len() {
                continue;
            }
            let fits = |row: &&(&str, &str, &str)| file.ends_with(row.0) && (row.1.is_empty() || row.1 == list[0]);
            let rows: Vec<_> = LISTS.iter().filter(fits).collect();
            if rows.is_empty() {
                found.push(format!("{file}: {list:?}"));
            }
            used.extend(rows);
        }
    });
    assert!(
        found.is_empty(),
        "programs belong into data/commands/*.toml:\n{}",
        found.join("\n")
    );
    let idle: Vec<_> = LISTS.iter().filter(|row| !used.contains(row)).collect();
    assert!(idle.is_empty(), "these rows can go: {idle:?}");
    assert_eq!(
        lists(r#"let a = ["cp", "mv"]; match b { "rm" | "ln" /* x */ | "cat" => "dd", _ => "x" }"#).len(),
        4
    );
}

/// Calls `each` with the code of every source file, without its tests.
fn sources(folder: &Path, each: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            sources(&path, each);
        } else if name.ends_with(".rs") && !name.contains("tests") {
            let text = fs::read_to_string(&path).unwrap();
            each(&path, text.split("#[cfg(test)]\nmod ").next().unwrap_or_default());
        }
    }
}

/// The string literals of code, those together that only commas or bars part.
fn lists(code: &str) -> Vec<Vec<&str>> {
    let mut result: Vec<Vec<&str>> = Vec::new();
    let mut rest = code;
    let mut is_joined = false;
    while let Some(at) = rest.find(['"', '/']) {
        let between = &rest[..at];
        is_joined &= between.chars().all(|c| c.is_whitespace() || matches!(c, ',' | '|'));
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
        } else if let Some(literal) = rest.strip_prefix('"') {
            let end = literal
                .char_indices()
                .find(|(at, c)| *c == '"' && !literal[..*at].ends_with('\\'));
            let (end, _) = end.unwrap_or((literal.len(), '"'));
            match result.last_mut().filter(|_| is_joined) {
                Some(list) => list.push(&literal[..end]),
                None => result.push(vec![&literal[..end]]),
            }
            is_joined = true;
            rest = literal.get(end + 1..).unwrap_or_default();
        } else {
            is_joined = false;
            rest = &rest[1..];
        }
    }
    result
}

#[test]
fn programs_that_options_and_words_start() {
    let of = |text: &str| {
        let words: Vec<&str> = text.split(' ').collect();
        let rest: Vec<(Option<&str>, &str)> = words[1..]
            .iter()
            .map(|word| (Some(*word).filter(|word| !word.contains('$')), *word))
            .collect();
        command_table(words[0]).unwrap().started_by(&rest)
    };
    for text in [
        "tar xJ -C /opt",
        "tar -xJf a",
        "tar xf a-$V.tar.xz",
        "tar --xz -c a",
        "tar -xf a.txz",
    ] {
        assert_eq!(of(text), ["xz"], "{text}");
    }
    assert_eq!(of("tar xjf a"), ["bzip2"]);
    assert_eq!(of("git clone git@example.org:a/b.git"), ["ssh"]);
    for text in ["tar xzf a.tgz", "tar xf a.tar", "git clone https://example.org/a.git"] {
        assert!(of(text).is_empty(), "{text}");
    }
}
