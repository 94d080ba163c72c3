//! What changes take for granted: each says so, in every format, and a forbidden assumption undoes the change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll::context::ContextSource;
use plimsoll::knowledge::{assumption, assumptions};
use plimsoll::passes::Level;
use plimsoll::rewrite::{Options, Rewrite, rewrite};

use crate::support::Folder;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/passes");

/// The cases of the passes that assume something.
fn cases() -> Vec<(&'static str, PathBuf)> {
    let of = |pass: &'static str| {
        let entries = fs::read_dir(Path::new(FIXTURES).join(pass)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let cases = paths.filter(|path| path.extension().is_some_and(|extension| extension == "Dockerfile"));
        cases.map(move |path| (pass, path)).collect::<Vec<_>>()
    };
    [of("split-stages"), of("slim-base")].concat()
}

fn rewritten(pass: &str, case: &Path, forbidden: &[&str]) -> Rewrite {
    let mut options = Options {
        only: vec![pass.to_owned()],
        ..Options::default()
    };
    options.passes.level = Level::Aggressive;
    options.passes.forbidden_assumptions = forbidden.iter().map(|id| (*id).to_owned()).collect();
    if case.with_extension("").is_dir() {
        options.passes.context = Some(Arc::new(ContextSource::open(&case.with_extension(""), None).unwrap()));
    }
    rewrite("Dockerfile", &fs::read_to_string(case).unwrap(), &options).unwrap()
}

#[test]
fn a_forbidden_assumption_undoes_the_change_that_rests_on_it() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (pass, case) in cases() {
        let free = rewritten(pass, &case, &[]);
        let assumed = free.changes.iter().flat_map(|change| &change.assumptions);
        for assumed in assumed {
            *seen.entry(assumed.id.clone()).or_default() += 1;
            let bound = rewritten(pass, &case, &[&assumed.id]);
            let name = case.display();
            let is_refused = |refusal: &plimsoll::passes::Refusal| {
                refusal.obstacle.starts_with("it assumes that ") && refusal.remedy.contains(&assumed.id)
            };
            assert!(bound.refusals.iter().any(is_refused), "{name}: {}", assumed.what);
            let rests = |change: &plimsoll::passes::Change| change.assumptions.iter().any(|own| own.id == assumed.id);
            assert!(!bound.changes.iter().any(rests), "{name}");
            if free.changes.len() == 1 {
                assert_eq!(bound.text, bound.original, "{name}");
            }
        }
    }
    for known in assumptions() {
        assert!(
            seen.get(&known.id).is_some_and(|times| *times > 2),
            "{}: {seen:?}",
            known.id
        );
    }
}

#[test]
fn a_change_has_the_level_of_what_it_assumes() {
    for (pass, case) in cases() {
        for change in rewritten(pass, &case, &[]).changes {
            for assumed in &change.assumptions {
                let level = assumption(&assumed.id).unwrap().level;
                assert!(level <= change.level, "{}: {assumed:?}", case.display());
                assert!(!assumed.what.contains(['{', '\n']), "{assumed:?}");
            }
        }
    }
}

/// A project whose split assumes something of a build and of tools.
fn project() -> Folder {
    let folder = Folder::new();
    folder.write(
        "Dockerfile",
        "FROM debian:bookworm\nWORKDIR /app\nRUN apt-get update && apt-get install -y gcc make\nCOPY . .\nRUN make\n\
         CMD [\"/app/server\"]\n",
    );
    folder.write("Makefile", "server: main.c\n\tcc -o server main.c\n");
    folder.write("main.c", "int main(void) { return 0; }\n");
    folder
}

const SENTENCES: [&str; 2] = [
    "assumes that `make` writes only below /app",
    "assumes that the program does not call gcc",
];

#[test]
fn every_format_says_what_is_assumed() {
    let folder = project();
    let split = ["--only", "split-stages"];
    let run = |arguments: &[&str]| {
        let output = folder.plimsoll(&[arguments, &split].concat());
        output.stdout + &output.stderr
    };
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for arguments in [
        &["diff", "."][..],
        &["check", ".", "--format", "markdown"],
        &["check", ".", "--format", "sarif"],
    ] {
        let text = words(&run(arguments));
        for sentence in SENTENCES {
            let is_there = text.contains(sentence) || text.contains(&sentence.replace('`', "\\`"));
            assert!(is_there, "{arguments:?}: {sentence}\n{text}");
        }
    }
    let json = run(&["check", ".", "--format", "json"]);
    assert!(json.contains("\"id\": \"builds-write-below-their-project\""), "{json}");
    let sarif = run(&["check", ".", "--format", "sarif"]);
    assert!(sarif.contains("\"id\": \"calls-are-shown\""), "{sarif}");
}

#[test]
fn the_configuration_forbids_an_assumption() {
    let folder = project();
    let check = || folder.plimsoll(&["check", ".", "--only", "split-stages"]);
    assert_eq!(check().code, 1);
    folder.write("plimsoll.toml", "forbid-assumptions = [\"calls-are-shown\"]\n");
    assert_eq!(check().code, 0);
    let explained = folder.plimsoll(&["diff", ".", "--only", "split-stages", "--explain-split"]);
    assert!((explained.stdout + &explained.stderr).contains("forbid-assumptions"));
    folder.write("plimsoll.toml", "forbid-assumptions = [\"calls-are-show\"]\n");
    let wrong = check();
    assert!(wrong.stderr.contains("calls-are-shown"), "{}", wrong.stderr);
}

#[test]
fn the_page_lists_every_assumption_with_its_level() {
    let page = include_str!("../../docs/configuration.md");
    for known in assumptions() {
        assert!(
            page.contains(&format!("| `{}` | `{}` |", known.id, known.level)),
            "{}",
            known.id
        );
    }
}
