//! Packages of npm whose installation compiles nothing.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("../../data/plain-node-packages.toml");

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Table {
    pub(super) packages: HashSet<String>,
    pub(super) build_only: HashSet<String>,
}

/// Whether a package of npm, by its name without a version, is known to bring no code to compile.
#[must_use]
pub fn is_plain_node_package(name: &str) -> bool {
    table().packages.contains(name)
}

/// Whether a package of npm, by its name without a version, only installs, compiles or checks.
pub(crate) fn is_node_build_tool(name: &str) -> bool {
    table().build_only.contains(name)
}

fn table() -> &'static Table {
    // A table that doesn't parse is empty, and a test fails.
    static TABLE: LazyLock<Table> = LazyLock::new(|| parsed().unwrap_or_default());
    &TABLE
}

pub(super) fn parsed() -> Result<Table, toml::de::Error> {
    toml::from_str(FILE)
}
