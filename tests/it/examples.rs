//! The applications of `examples/`: what becomes of them, and that the README says what was measured.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use plimsoll::context::ContextSource;
use plimsoll::facts::Facts;
use plimsoll::passes::PassOptions;
use plimsoll::rewrite::{Options, Rewrite, rewrite};
use plimsoll::syntax::parse;

use crate::support::Folder;

#[path = "../../examples/benchmark/guides.rs"]
mod guides;
#[path = "../../examples/benchmark/table.rs"]
mod table;

/// The text of the Dockerfile of `example`, through all passes.
fn rewritten(example: &str, text: &str) -> Rewrite {
    let folder = guides::folder().join(example);
    let context = ContextSource::open(&folder, Some(&folder.join("Dockerfile"))).unwrap();
    let passes = PassOptions {
        context: Some(Arc::new(context)),
        ..PassOptions::default()
    };
    let options = Options {
        passes,
        writes_dockerignore: true,
        ..Options::default()
    };
    rewrite("Dockerfile", text, &options).unwrap()
}

fn dockerfile(example: &str) -> String {
    fs::read_to_string(guides::folder().join(example).join("Dockerfile")).unwrap()
}

#[test]
fn each_example_has_a_guide_and_each_guide_an_example() {
    let found = fs::read_dir(guides::folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let with_dockerfile = found.filter(|path| path.join("Dockerfile").is_file());
    let found: BTreeSet<String> = with_dockerfile
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        // The one at the top of the README, which follows no guide.
        .filter(|name| name != "python-api")
        .collect();
    let wanted: BTreeSet<String> = guides::all().unwrap().into_iter().map(|guide| guide.example).collect();
    assert_eq!(found, wanted);
}

#[test]
fn each_example_is_split_and_a_second_run_changes_nothing() {
    for guide in guides::all().unwrap() {
        let name = &guide.example;
        let before = dockerfile(name);
        let once = rewritten(name, &before);
        assert!(
            once.changes.iter().any(|change| change.pass == "split-stages"),
            "{name}"
        );
        assert_eq!(rewritten(name, &once.text).text, once.text, "{name}");
        let stages = |text: &str| -> Vec<String> {
            let file = parse("Dockerfile", text).unwrap();
            Facts::of(&file)
                .stages
                .into_iter()
                .filter_map(|stage| stage.name)
                .collect()
        };
        let (old, new) = (stages(&before), stages(&once.text));
        for target in guide.targets.iter().chain(&old) {
            assert!(new.contains(target), "{name}: the target {target} is gone");
        }
    }
}

#[test]
fn what_lies_in_a_developers_folder_is_kept_out() {
    for guide in guides::all()
        .unwrap()
        .into_iter()
        .filter(|guide| !guide.bulk.is_empty())
    {
        let folder = Folder::new();
        let name = &guide.example;
        let copied = folder.succeeds(
            ".",
            "cp",
            &["-R".as_ref(), guides::folder().join(name).as_os_str(), ".".as_ref()],
        );
        assert!(copied, "{name}");
        for place in guide.bulk.keys() {
            folder.write(format!("{name}/{place}/0.bin"), [b'x'; 1000]);
            if place.ends_with(".venv") {
                folder.write(format!("{name}/{place}/pyvenv.cfg"), "home = /usr/bin\n");
            }
        }
        assert_eq!(folder.plimsoll(&["context", "--write", "--quiet", name]).code, 0);
        let ignore = folder.path().join(name);
        let context = ContextSource::open(&ignore, Some(&ignore.join("Dockerfile"))).unwrap();
        for place in guide.bulk.keys() {
            assert!(!context.exists(&format!("{place}/0.bin")), "{name} still sends {place}");
        }
    }
}

#[test]
fn the_readme_shows_what_was_measured() {
    let (guides, results) = (guides::all().unwrap(), table::results().unwrap());
    for guide in &guides {
        let Some(found) = results.get(&guide.example) else {
            continue;
        };
        assert!(
            ["passed", "repaired"].contains(&found.outcome.as_str()),
            "{}",
            guide.example
        );
        for target in &guide.targets {
            assert_eq!(found.targets[target], "passed", "{}", guide.example);
        }
    }
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let table = format!(
        "<!-- benchmark -->\n{}<!-- /benchmark -->\n",
        table::table(&guides, &results)
    );
    assert!(
        readme.contains(&table),
        "run the benchmark, or copy its table:\n{table}"
    );
}
