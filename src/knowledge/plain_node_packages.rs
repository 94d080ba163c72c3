//! Packages of npm whose installation compiles nothing.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("../../data/plain-node-packages.toml");

#[derive(Debug, Default, Deserialize)]
pub(super) struct Table {
    pub(super) packages: Vec<String>,
}

/// Whether a package of npm, by its name without a version, is known to bring no code to compile.
#[must_use]
pub fn is_plain_node_package(name: &str) -> bool {
    // A table that doesn't parse is empty, and a test fails.
    static NAMES: LazyLock<HashSet<String>> =
        LazyLock::new(|| parsed().unwrap_or_default().packages.into_iter().collect());
    NAMES.contains(name)
}

pub(super) fn parsed() -> Result<Table, toml::de::Error> {
    toml::from_str(FILE)
}
