//! Patterns over the context, a folder at a time, so that a large context is not walked for `packages/*`.

use std::collections::BTreeSet;

use globset::GlobBuilder;

use super::paths;
use crate::context::Files;

/// Folders that hold what tools made or keep; no tool looks into them for members of a workspace.
const SKIPPED: &[&str] = &[
    "node_modules",
    ".git",
    "bower_components",
    ".venv",
    "target",
    "__pycache__",
];
/// How deep `**` goes; real workspaces stay far above it, and a loop of links ends here.
const DEPTH: usize = 12;

/// Whether `text` is a pattern and not a plain path.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// The files and folders that `pattern`, said in `folder`, means; sorted, folders without a `/` at the end. `None`
/// when the pattern is no pattern or leads out of the context.
pub(crate) fn expand(files: &dyn Files, folder: &str, pattern: &str) -> Option<Vec<String>> {
    let plain: Vec<&str> = pattern.split('/').take_while(|part| !is_pattern(part)).collect();
    let start = paths::resolve(folder, &plain.join("/"))?;
    let rest: Vec<&str> = pattern
        .split('/')
        .skip(plain.len())
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    if rest.contains(&"..") {
        return None;
    }
    let mut found = BTreeSet::new();
    descend(files, &start, &rest, 0, &mut found)?;
    Some(found.into_iter().collect())
}

/// Adds to `found` what `parts` match below `at`.
fn descend(files: &dyn Files, at: &str, parts: &[&str], depth: usize, found: &mut BTreeSet<String>) -> Option<()> {
    let Some((part, rest)) = parts.split_first() else {
        if files.exists(at) {
            found.insert(at.to_owned());
        }
        return Some(());
    };
    if depth > DEPTH {
        return Some(());
    }
    if *part == "**" {
        if !rest.is_empty() {
            descend(files, at, rest, depth + 1, found)?;
        }
        for entry in files.list(at) {
            let name = entry.trim_end_matches('/');
            let path = paths::join(at, name);
            if rest.is_empty() {
                found.insert(path.clone());
            }
            if entry.ends_with('/') && !SKIPPED.contains(&name) {
                descend(files, &path, parts, depth + 1, found)?;
            }
        }
        return Some(());
    }
    if !is_pattern(part) {
        return descend(files, &paths::join(at, part), rest, depth + 1, found);
    }
    let matcher = GlobBuilder::new(part)
        .literal_separator(true)
        .build()
        .ok()?
        .compile_matcher();
    for entry in files.list(at) {
        let name = entry.trim_end_matches('/');
        let hidden = name.starts_with('.') && !part.starts_with('.');
        if !hidden && !SKIPPED.contains(&name) && matcher.is_match(name) && (rest.is_empty() || entry.ends_with('/')) {
            descend(files, &paths::join(at, name), rest, depth + 1, found)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::MemoryFiles;

    #[test]
    fn expands_patterns_by_folder() {
        let files = MemoryFiles::new([
            ("packages/a/package.json", ""),
            ("packages/b/package.json", ""),
            ("packages/b/node_modules/x/package.json", ""),
            ("packages/.hidden/package.json", ""),
            ("apps/web/deep/package.json", ""),
            ("requirements-dev.txt", ""),
        ]);
        for (folder, pattern, expected) in [
            ("", "packages/*", &["packages/a", "packages/b"][..]),
            (
                "packages",
                "./*/package.json",
                &["packages/a/package.json", "packages/b/package.json"],
            ),
            ("apps", "**/package.json", &["apps/web/deep/package.json"]),
            ("", "{apps,packages}/*", &["apps/web", "packages/a", "packages/b"]),
            ("", "requirements*.txt", &["requirements-dev.txt"]),
            ("", "packages/a", &["packages/a"]),
            ("", "none/*", &[]),
            ("apps", "../packages/[a]", &["packages/a"]),
        ] {
            assert_eq!(
                expand(&files, folder, pattern).unwrap(),
                expected,
                "{pattern} in {folder}"
            );
        }
        assert_eq!(expand(&files, "", "../*"), None);
        assert_eq!(expand(&files, "", "a[/b"), None);
    }
}
