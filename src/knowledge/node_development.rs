//! What programs of Node.js may need of their development dependencies although no source names it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("../../data/node-development.toml");

/// `data/node-development.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
pub(crate) struct NodeDevelopment {
    pub(super) checked: String,
    pub(super) sources: Vec<String>,
    /// Packages that a library loads by the value of a setting or the ending of a file.
    pub(crate) loaded_by_name: Vec<String>,
    /// Packages that compile sources when the program starts.
    pub(crate) compilers: Vec<String>,
    /// Modules that are part of Node.js.
    pub(crate) modules: Vec<String>,
    /// Programs by name, with the package that brings them.
    pub(crate) programs: BTreeMap<String, String>,
    /// What compiled code loads when a setting of its compiler says so.
    pub(crate) helpers: Vec<Helper>,
}

/// A setting of a compiler, and the packages of which its output then loads one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Helper {
    pub(crate) setting: String,
    pub(crate) packages: Vec<String>,
}

/// The table.
pub(crate) fn node_development() -> &'static NodeDevelopment {
    // A table that doesn't parse is empty, and a test fails.
    static TABLE: LazyLock<NodeDevelopment> = LazyLock::new(|| parsed().unwrap_or_default());
    &TABLE
}

pub(super) fn parsed() -> Result<NodeDevelopment, toml::de::Error> {
    toml::from_str(FILE)
}
