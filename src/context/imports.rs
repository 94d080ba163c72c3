//! Which Python modules the sources import.

use std::collections::BTreeSet;

use super::source::ContextSource;

/// The first parts of the names that Python sources import, outside of tests and documentation. Names that are put
/// together at run time are not seen.
pub fn python_imports(context: &ContextSource) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in context.sources(|path| path.ends_with(".py")) {
        let Ok(text) = context.read(path) else { continue };
        for line in text.lines().map(str::trim_start) {
            if let Some(names) = line.strip_prefix("import ") {
                found.extend(names.split(',').filter_map(first_part));
            } else if let Some(name) = line.strip_prefix("from ") {
                found.extend(first_part(name));
            }
        }
    }
    found
}

/// `os` of ` os.path as path`; nothing of `.sibling`.
fn first_part(name: &str) -> Option<String> {
    let part = name.trim_start().split(['.', ' ', ';', '#', '\t']).next()?;
    (!part.is_empty()).then(|| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_parts() {
        let text = "import os, sys as system\nfrom a.b import c\nfrom .sibling import d\n    import late # why\n";
        let files = [("app.py", text), ("tests/test_app.py", "import pytest\n")];
        let found = python_imports(&ContextSource::in_memory(files).unwrap());
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a", "late", "os", "sys"]);
    }
}
