//! The passes, on Dockerfiles written for the purpose: `tests/fixtures/passes/<pass>/<case>.Dockerfile`.
//!
//! The folder names the only pass that runs; in `all`, all of them do. A comment `# options: …` in the case is read as
//! on the command line. The folder `<case>`, if there is one, is the build context. A case's snapshot, `snapshots/passes/<pass>/<case>.snap`, holds the rewritten text and what the
//! passes say of it; that a second run changes nothing, and that no byte changes outside the lines that the changes
//! name, is checked of every case.

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll::context::ContextSource;
use plimsoll::passes::Level;
use plimsoll::rewrite::{Options, Rewrite, rewrite};
use plimsoll::syntax::{self, Keyword};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/passes");

#[test]
fn merge_runs() {
    check_folder("merge-runs");
}

#[test]
fn cache_mounts() {
    check_folder("cache-mounts");
}

#[test]
fn clean_layers() {
    check_folder("clean-layers");
}

#[test]
fn split_stages() {
    check_folder("split-stages");
}

#[test]
fn runtime_libs() {
    check_folder("runtime-libs");
}

#[test]
fn slim_base() {
    check_folder("slim-base");
}

#[test]
fn all_passes() {
    check_folder("all");
}

/// Checks every case of a folder, and fails when all were seen.
#[track_caller]
fn check_folder(folder: &str) {
    let entries = fs::read_dir(Path::new(FIXTURES).join(folder)).unwrap();
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "Dockerfile"))
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    let failed = cases
        .iter()
        .filter(|case| panic::catch_unwind(|| check(folder, case)).is_err());
    let failed: Vec<_> = failed.filter_map(|case| case.file_stem()).collect();
    assert!(failed.is_empty(), "{folder}: {failed:?}");
}

fn check(folder: &str, case: &Path) {
    let name = case.file_stem().unwrap().to_str().unwrap();
    let text = fs::read_to_string(case).unwrap();
    let mut options = options(folder, &text);
    let context = case.with_extension("");
    if context.is_dir() {
        options.passes.context = Some(Arc::new(ContextSource::open(&context, None).unwrap()));
    }
    let result = rewrite("Dockerfile", &text, &options).unwrap();
    assert_rest_is_untouched(&result);
    assert_stages_are_there(&result);
    let again = rewrite("Dockerfile", &result.text, &options).unwrap();
    assert_eq!(again.text, result.text, "{name}: a second run changes it again");

    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("../../snapshots/passes/{folder}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shown(&result)));
}

fn options(folder: &str, text: &str) -> Options {
    let mut options = Options::default();
    if folder != "all" {
        options.only.push(folder.to_owned());
    }
    let given = text.lines().find_map(|line| line.strip_prefix("# options: "));
    let mut words = given.unwrap_or_default().split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "--no-cache-mounts" => options.passes.cache_mounts = false,
            "--level=safe" => options.passes.level = Level::Safe,
            "--level=aggressive" => options.passes.level = Level::Aggressive,
            "--skip" => options.skip.extend(words.next().map(str::to_owned)),
            _ => panic!("unknown option {word}"),
        }
    }
    options
}

/// Every instruction of which no change speaks is in the result as it was, in the same order.
fn assert_rest_is_untouched(result: &Rewrite) {
    let file = syntax::parse("Dockerfile", &result.original).unwrap();
    let mut rest = result.text.as_str();
    for instruction in &file.instructions {
        let lines = instruction.lines.unwrap();
        let is_changed =
            |change: &plimsoll::passes::Change| change.lines.first <= lines.last && lines.first <= change.lines.last;
        if result.changes.iter().any(is_changed) {
            continue;
        }
        let own = format!("{}{}{}", instruction.leading, instruction.text(), instruction.ending);
        let Some((_, after)) = rest.split_once(&own) else {
            panic!("changed, and no change says so:\n{own}\n{}", result.text);
        };
        rest = after;
    }
}

/// Every stage that a new COPY takes files from is in the file, before it.
fn assert_stages_are_there(result: &Rewrite) {
    let file = syntax::parse("Dockerfile", &result.text).unwrap();
    let mut names = Vec::new();
    for instruction in &file.instructions {
        let words: Vec<&str> = instruction
            .node()
            .words()
            .iter()
            .map(|word| word.value.as_str())
            .collect();
        match (instruction.keyword(), words.as_slice()) {
            (Keyword::From, [_, _, name]) => names.push(name.to_lowercase()),
            (Keyword::Copy, _) if !result.original.contains(instruction.text()) => {
                if let Some(from) = instruction.node().flag("from") {
                    assert!(
                        names.iter().any(|name| name == from),
                        "no stage is called {from}:\n{}",
                        result.text
                    );
                }
            }
            _ => {}
        }
    }
}

/// The result as a person reads it, with a sign for carriage returns.
fn shown(result: &Rewrite) -> String {
    let mut shown = if result.text == result.original {
        "unchanged\n".to_owned()
    } else {
        result.text.replace('\r', "␍")
    };
    for change in &result.changes {
        shown.push_str(&format!(
            "\n=== {} {} ({}): {}\n    {}\n",
            change.pass, change.lines, change.level, change.what, change.why
        ));
    }
    for refusal in &result.refusals {
        shown.push_str(&format!(
            "\n--- {} {}: not done: {}\n    {}\n    {}\n",
            refusal.pass, refusal.lines, refusal.what, refusal.obstacle, refusal.remedy
        ));
    }
    shown
}
