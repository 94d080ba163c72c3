//! What build tools keep beside the sources: `data/build-leftovers.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::base_environment::matches;

/// What one tool keeps.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads the names and sources"))]
struct Leftovers {
    name: String,
    keeps: Vec<String>,
    #[serde(default)]
    beside: Vec<String>,
    #[serde(default)]
    results: Vec<String>,
    checked: String,
    sources: Vec<String>,
}

/// What a tool means by a file that it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Its next run reads it, and no program does.
    Kept,
    /// Somebody may run it.
    Result,
}

/// What a `path` in an image is to the tool that made it, if one is known. `has` tells whether a path is in the image; paths
/// have no slash at their start.
#[must_use]
pub fn leftover(path: &str, has: impl Fn(&str) -> bool) -> Option<Leftover> {
    let parts: Vec<&str> = path.split('/').collect();
    let is_of = |patterns: &[String], beside: &[String]| {
        patterns.iter().any(|pattern| {
            projects(&parts, pattern).any(|project| {
                beside.is_empty() || beside.iter().any(|name| has(&[project, &[name]].concat().join("/")))
            })
        })
    };
    let kept = table().iter().any(|tool| is_of(&tool.keeps, &tool.beside));
    let made = || table().iter().any(|tool| is_of(&tool.results, &tool.beside));
    if kept {
        return Some(Leftover::Kept);
    }
    made().then_some(Leftover::Result)
}

/// The folders below which a pattern matches a path, or a folder above it.
fn projects<'p>(parts: &'p [&'p str], pattern: &'p str) -> impl Iterator<Item = &'p [&'p str]> {
    let length = pattern.split('/').count();
    parts.windows(length).enumerate().filter_map(move |(at, window)| {
        let is_match = pattern
            .split('/')
            .zip(window)
            .all(|(pattern, part)| matches(pattern, part));
        is_match.then(|| &parts[..at])
    })
}

fn table() -> &'static [Leftovers] {
    #[derive(Default, Deserialize)]
    struct Table {
        tool: Vec<Leftovers>,
    }
    static TABLE: LazyLock<Table> =
        LazyLock::new(|| toml::from_str(include_str!("../../data/build-leftovers.toml")).unwrap_or_default());
    &TABLE.tool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_their_source() {
        assert!(table().iter().any(|tool| tool.name == "Cargo"));
        for tool in table() {
            assert!(!tool.sources.is_empty() && tool.checked.len() == 10, "{}", tool.name);
        }
    }

    #[test]
    fn what_is_kept_is_told_from_results_and_from_folders_of_others() {
        let of = |path: &str| leftover(path, |path| path == "app/setup.py");
        for path in [
            "app/build/lib/a/__init__.py",
            "app/a.egg-info/PKG-INFO",
            "x/target/release/deps/a.d",
            "x/target/x86_64-unknown-linux-musl/release/build/a",
            "x/CMakeFiles/3.2/a",
            "opt/tool/.crates.toml",
        ] {
            assert_eq!(of(path), Some(Leftover::Kept), "{path}");
        }
        assert_eq!(of("x/target/release/server"), Some(Leftover::Result));
        for path in [
            "app/build/index.html",
            "other/build/lib/a.py",
            "app/target",
            "a.egg-info/PKG-INFO",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
