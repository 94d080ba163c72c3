//! Layers only point down: no module uses one that comes after it.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules from the bottom up. A file may use those before its own.
const LAYERS: &[&str] = &[
    "visible",
    "suggest",
    "process",
    "repository_file",
    "syntax",
    "shell",
    "knowledge",
    "context",
    "facts",
    "effects",
    "edits",
    "passes",
    "validate",
    "estimate",
    "rewrite",
];

/// Uses that point up and wait for a better place, each with the reason.
const WAITING: &[(&str, &str, &str)] = &[];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The layer of a file, by the first part of its path below `src`.
fn layer_of(path: &str) -> Option<usize> {
    let first = path.split('/').next()?.trim_end_matches(".rs");
    LAYERS.iter().position(|layer| *layer == first)
}

#[test]
fn layers_only_point_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 200, "{}", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        let Some(own) = layer_of(&name).filter(|_| !name.contains("test")) else {
            continue;
        };
        let text = fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (other, layer) in LAYERS.iter().enumerate().skip(own + 1) {
            let is_used = code.contains(&format!("crate::{layer}::"));
            let waits = WAITING.iter().any(|(file, used, _)| *file == name && used == layer);
            if is_used && !waits {
                wrong.push(format!("src/{name} uses {layer}, {} layers above", other - own));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first parts of a path from the top of the repository.
const TOP: &[&str] = &[
    "data/",
    "docs/",
    "fuzz/",
    "grammar/",
    "snapshots/",
    "src/",
    "templates/",
    "tests/",
];

#[test]
fn paths_in_documents_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut checked = 0;
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = fs::read_to_string(root.join(name)).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        for path in quoted.filter(|quoted| TOP.iter().any(|top| quoted.starts_with(top))) {
            // `data/commands/<name>.toml` speaks of the folder, `a/*.rs` too.
            let fixed = path.find(['<', '*', ' ', ':']).map_or(path, |at| &path[..at]);
            let fixed = if fixed == path {
                path
            } else {
                fixed.rsplit_once('/').unwrap().0
            };
            assert!(root.join(fixed).exists(), "{name} names {path}");
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
}
