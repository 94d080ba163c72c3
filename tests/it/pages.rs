//! The pages of the passes say what the passes do.

use std::fs;
use std::path::Path;

use plimsoll::passes::{Pass, REGISTRY};
use plimsoll::rewrite::{Options, rewrite};

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
        assert!(!blocks.is_empty() && blocks.len().is_multiple_of(2), "{}", pass.id());
        for pair in blocks.chunks(2) {
            let options = Options {
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
    let (_, section) = pass.page().split_once("## Before and after\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let blocks = section.split("```dockerfile\n").skip(1);
    blocks
        .map(|block| block.split_once("```").unwrap().0.to_owned())
        .collect()
}
