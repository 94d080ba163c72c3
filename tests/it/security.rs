//! `SECURITY.md` tells the truth: each line names a test that is there.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../SECURITY.md");

/// All that the integration tests say.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = entries.map(|path| {
        if path.is_dir() {
            sources(&path)
        } else {
            fs::read_to_string(&path).unwrap()
        }
    });
    texts.collect()
}

#[test]
fn each_line_names_a_test() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"));
    let rows: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() >= 10, "{rows:?}");
    for row in rows {
        let name = row.rsplit('`').nth(1).unwrap_or_else(|| panic!("no test in {row}"));
        assert!(
            sources.contains(&format!("#[test]\nfn {name}() {{")) || sources.contains(&format!("    fn {name}() {{")),
            "{row}"
        );
    }
}
