//! The files of a context that are the project's own: not tests, not documentation, not what tools made.

use super::source::ContextSource;
use super::walk::Kind;

/// Folders whose code does not run in the image.
pub(super) const ASIDE: &[&str] = &[
    "node_modules",
    ".git",
    ".github",
    ".venv",
    "venv",
    "env",
    "__pycache__",
    "test",
    "tests",
    "__tests__",
    "spec",
    "docs",
    "doc",
    "dist",
    "build",
    "target",
    ".next",
    ".tox",
    "site-packages",
    "vendor",
    "e2e",
    "cypress",
];

impl ContextSource {
    /// The files that `is_wanted` accepts by their path, in order, outside of tests, documentation and what tools
    /// made. The folders are listed once, however often this is asked.
    pub fn sources(&self, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = &str> {
        let all = self.shared.source_paths.get_or_init(|| self.list_sources());
        all.iter().map(String::as_str).filter(move |path| is_wanted(path))
    }

    fn list_sources(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            for child in self.list(&folder) {
                let path = super::path::join(&folder, &child.name);
                match child.kind {
                    Kind::Folder if !ASIDE.contains(&child.name.as_str()) => folders.push(path),
                    Kind::File => found.push(path),
                    _ => {}
                }
            }
        }
        found.sort();
        found
    }
}
