//! Every rewrite of every fixture and example passes validation: what it rejects is a fault of a pass.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll::context::ContextSource;
use plimsoll::passes::Level;
use plimsoll::rewrite::{Options, rewrite};

/// Fixtures of which a pass makes something wrong, which validation undoes.
const FAULTS: &[&str] = &[
    // The image without the build tools has no such user.
    "user-of-the-build-image",
    // The library that uwsgi links has no name that is right on every release behind the tag.
    "uwsgi",
    // The base changes under a program of which nothing is known, at the aggressive level.
    "declined-unknown-builder",
];

/// The Dockerfiles below `folder`, each with the folder of its build context.
fn dockerfiles(folder: &Path, found: &mut Vec<(PathBuf, PathBuf)>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            dockerfiles(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "Dockerfile") {
            found.push((path.clone(), path.with_extension("")));
        } else if path.file_name().is_some_and(|name| name == "Dockerfile") {
            found.push((path.clone(), path.parent().unwrap().to_owned()));
        }
    }
}

#[test]
fn no_rewrite_of_a_fixture_is_rejected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["tests/fixtures/passes", "tests/fixtures/projects", "examples"] {
        dockerfiles(&root.join(folder), &mut files);
    }
    assert!(files.len() > 100, "{}", files.len());
    let (mut rejected, mut changes, mut seen) = (Vec::new(), 0, BTreeSet::new());
    for (path, context) in &files {
        let text = fs::read_to_string(path).unwrap();
        for level in [Level::Standard, Level::Aggressive] {
            let mut options = Options::default();
            options.passes.level = level;
            if context.is_dir() {
                options.passes.context = Some(Arc::new(ContextSource::open(context, Some(path)).unwrap()));
            }
            let Ok(result) = rewrite("Dockerfile", &text, &options) else {
                continue;
            };
            changes += result.changes.len();
            let name = path.strip_prefix(root).unwrap().display();
            if FAULTS
                .iter()
                .any(|fault| path.file_stem().is_some_and(|stem| stem == *fault))
            {
                seen.extend(
                    path.file_stem()
                        .filter(|_| !result.rejected.is_empty())
                        .map(ToOwned::to_owned),
                );
                continue;
            }
            rejected.extend(result.rejected.iter().map(|what| format!("{name} ({level}): {what}")));
        }
    }
    assert!(changes > 500, "{changes}");
    let idle: Vec<&&str> = FAULTS
        .iter()
        .filter(|fault| !seen.contains(OsStr::new(fault)))
        .collect();
    assert!(idle.is_empty(), "these are right now: take them out: {idle:?}");
    assert!(
        rejected.is_empty(),
        "{} rejected:\n{}",
        rejected.len(),
        rejected.join("\n")
    );
}
