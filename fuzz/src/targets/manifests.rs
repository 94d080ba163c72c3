//! No file of a context makes a reader of manifests or of needs panic, what they say is there is there, and they say the
//! same each time.

use std::sync::Arc;

use super::Project;
use plimsoll::context::{Files, MemoryFiles};
use plimsoll::effects::ecosystems::manifests::{Install, Manager, declared_dependencies, reads};
use plimsoll::passes::Level;
use plimsoll::rewrite::rewrite;

/// What the managers are asked to do, each with the verbs of some.
const VERBS: &[&str] = &[
    "install",
    "ci",
    "sync",
    "restore",
    "build",
    "package",
    "mod download",
    "pip install",
    "fetch",
    "",
];

/// Checks one text.
pub fn run(text: &str) {
    let project = Project::of(text);
    let files = MemoryFiles::new(project.files.iter().copied());
    for manager in Manager::ALL {
        let declared = declared_dependencies(*manager, "", &files);
        assert!(declared.is_sorted());
        for verb in VERBS {
            install(&files, *manager, verb, &[]);
        }
        // Files that only an argument names.
        for (name, _) in &project.files {
            install(&files, *manager, "install", &["-r", name]);
            install(&files, *manager, "restore", &[name]);
        }
    }
    needs(&project);
}

fn install(files: &MemoryFiles, manager: Manager, verb: &str, arguments: &[&str]) {
    let install = Install::new(manager, verb, arguments.iter().copied(), "");
    let found = reads(&install, files);
    for file in &found.files {
        assert!(
            files.exists(&file.path),
            "{} says that {} is there",
            manager.id(),
            file.path
        );
    }
    assert!(found.files.is_sorted_by(|a, b| a.path < b.path));
}

/// The readers of needs answer to the passes that change the base image.
fn needs(project: &Project<'_>) {
    let Some(context) = project.context().map(Arc::new) else {
        return;
    };
    let mut options = project.options(context);
    options.passes.level = Level::Aggressive;
    let run = || rewrite("Dockerfile", project.dockerfile, &options).ok();
    assert_eq!(run(), run());
}
