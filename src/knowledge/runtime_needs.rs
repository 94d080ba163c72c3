//! Packages of languages that run a tool or load a library of the system.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("../../data/runtime-needs.toml");

/// Where a package comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ecosystem {
    /// PyPI.
    Python,
    /// npm.
    Node,
    /// RubyGems.
    Ruby,
    /// Packagist and PECL.
    Php,
    /// crates.io.
    Rust,
}

/// When a package needs what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// However it was installed.
    Always,
    /// If it was compiled; the registry's binary package brings its own.
    BuiltFromSource,
    /// Only some of its functions do.
    Sometimes,
    /// It needs nothing of the system, although its name looks like it.
    Never,
}

/// What a package needs of the system at run time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuntimeNeed {
    /// The registry.
    pub ecosystem: Ecosystem,
    /// The package, in the registry's normal spelling.
    pub package: String,
    /// Programs that it runs, one group of which any member does, parted by `|`.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Libraries that it loads, by the Debian package with their headers: see `library_packages`.
    #[serde(default)]
    pub libraries: Vec<String>,
    /// When.
    pub when: When,
    /// For a package with binaries in its registry: since which of its versions they are there, by the version of the
    /// language, `3.11`; `any` for any. Older ones are built from source.
    #[serde(default)]
    pub binaries_since: BTreeMap<String, String>,
    /// What it depends on, or features of it, with which it brings its libraries itself.
    #[serde(default)]
    pub bundled_with: Vec<String>,
    /// Whether it looks for libraries by their names when it runs.
    #[serde(default)]
    pub finds_libraries: bool,
    /// A public page that says so.
    pub source: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
pub(super) struct Table {
    pub(super) checked: String,
    pub(super) needs: Vec<RuntimeNeed>,
}

/// What a package needs at run time; none if nothing is known of it. Spelling counts as it does for the registry:
/// `Flask_Cors` is `flask-cors`.
#[must_use]
pub fn runtime_needs(ecosystem: Ecosystem, package: &str) -> Option<&'static RuntimeNeed> {
    // A table that doesn't parse is empty, and a test fails.
    static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());
    static INDEX: LazyLock<HashMap<(Ecosystem, &'static str), &'static RuntimeNeed>> = LazyLock::new(|| {
        TABLE
            .needs
            .iter()
            .map(|need| ((need.ecosystem, need.package.as_str()), need))
            .collect()
    });
    let name = match ecosystem {
        Ecosystem::Python => normal(package),
        _ => package.to_owned(),
    };
    INDEX.get(&(ecosystem, name.as_str())).copied()
}

/// A PyPI name as PyPI compares it: lower case, runs of `-`, `_` and `.` are one `-`.
pub(super) fn normal(package: &str) -> String {
    let mut name = String::with_capacity(package.len());
    for c in package.chars() {
        match c {
            '-' | '_' | '.' if name.ends_with('-') => {}
            '-' | '_' | '.' => name.push('-'),
            _ => name.extend(c.to_lowercase()),
        }
    }
    name
}

#[cfg(test)]
pub(super) fn parsed() -> Result<Table, toml::de::Error> {
    toml::from_str(FILE)
}
