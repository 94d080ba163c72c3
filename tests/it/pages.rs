//! The pages of the passes say what the passes do.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use plimsoll::context::ContextSource;
use plimsoll::passes::dockerignore::propose_for;
use plimsoll::passes::{Level, Pass, PassOptions, REGISTRY};
use plimsoll::rewrite::{Options, rewrite};
use plimsoll::syntax::parse;

const HEADINGS: [&str; 5] = [
    "## What it does",
    "## Why",
    "## Before and after",
    "## When it declines",
    "## Levels and switches",
];

#[test]
fn every_pass_has_a_page_and_every_page_a_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/passes");
    let mut pages: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let mut passes: Vec<&str> = REGISTRY.iter().map(|pass| pass.id()).collect();
    pages.sort_unstable();
    passes.sort_unstable();
    assert_eq!(pages, passes);
}

#[test]
fn every_page_has_a_summary_and_the_same_headings() {
    for pass in REGISTRY {
        let page = pass.page();
        assert!(page.starts_with(&format!("# {}\n\n", pass.id())), "{}", pass.id());
        let summary = page.split("\n\n").nth(1).unwrap();
        assert!(
            summary.ends_with('.') && !summary.contains(". "),
            "{}: one sentence",
            pass.id()
        );
        let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, HEADINGS, "{}", pass.id());
    }
}

#[test]
fn what_stands_before_becomes_what_stands_after() {
    for pass in REGISTRY {
        let blocks = examples(*pass);
        assert!(!blocks.is_empty(), "{}", pass.id());
        let context = ContextSource::in_memory(files(*pass)).unwrap();
        let passes = PassOptions {
            context: Some(Arc::new(context)),
            ..PassOptions::default()
        };
        if let Some(ignore) = named_blocks(*pass, "dockerignore").first() {
            let context = passes.context.as_deref().unwrap();
            let file = parse(pass.id(), &blocks[0]).unwrap();
            assert_eq!(&propose_for(context, Some(&file), Level::Standard).text, ignore);
            continue;
        }
        assert!(blocks.len().is_multiple_of(2), "{}", pass.id());
        for pair in blocks.chunks(2) {
            let options = Options {
                passes: passes.clone(),
                only: vec![pass.id().to_owned()],
                ..Options::default()
            };
            let result = rewrite(pass.id(), &pair[0], &options).unwrap();
            assert_eq!(result.text, pair[1], "{}", pass.id());
        }
    }
}

/// The Dockerfiles of a page's examples, before and after in turn.
fn examples(pass: &dyn Pass) -> Vec<String> {
    named_blocks(pass, "dockerfile")
}

fn named_blocks(pass: &dyn Pass, wanted: &str) -> Vec<String> {
    let blocks = blocks(pass).into_iter().filter(|(kind, _)| kind == wanted);
    blocks.map(|(_, text)| text).collect()
}

/// The files around the Dockerfiles of a page's examples: blocks of `text` that name their file.
fn files(pass: &dyn Pass) -> Vec<(String, String)> {
    let named = blocks(pass).into_iter();
    named
        .filter_map(|(kind, text)| Some((kind.strip_prefix("text ")?.to_owned(), text)))
        .collect()
}

/// The blocks of a page's examples: what stands behind the opening fence, and the text.
fn blocks(pass: &dyn Pass) -> Vec<(String, String)> {
    let (_, section) = pass.page().split_once("## Before and after\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let fenced = section.split("```").skip(1).step_by(2);
    fenced
        .map(|block| block.split_once('\n').unwrap())
        .map(|(kind, text)| (kind.to_owned(), text.to_owned()))
        .collect()
}

#[test]
fn the_readme_shows_what_becomes_of_the_shipped_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = root.join("examples/python-api");
    let before = fs::read_to_string(example.join("Dockerfile")).unwrap();
    let passes = PassOptions {
        context: Some(Arc::new(ContextSource::open(&example, None).unwrap())),
        ..PassOptions::default()
    };
    let options = Options {
        passes,
        ..Options::default()
    };
    let after = rewrite("Dockerfile", &before, &options).unwrap().text;
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for text in [before, after] {
        assert!(readme.contains(&format!("```dockerfile\n{text}```")), "{text}");
    }
}
