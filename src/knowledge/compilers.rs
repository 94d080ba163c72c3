//! Programs that compile when they are called by name.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("../../data/compilers.toml");

/// Something that makes outputs of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compiler {
    /// Compilers of C and its like, and what calls them.
    Native,
    /// Bundlers and compilers of JavaScript, without a manager before them.
    Node,
    /// A project's own copy of Maven or Gradle, and compilers of Java.
    Wrapper,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
pub(super) struct Table {
    pub(super) checked: String,
    pub(super) sources: Vec<String>,
    pub(super) compilers: Vec<Row>,
    pub(super) at_start: AtStart,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Row {
    pub(super) kind: Compiler,
    pub(super) programs: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AtStart {
    pub(super) programs: Vec<String>,
}

// A table that doesn't parse is empty, and a test fails.
static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());

/// What `program`, a word as written, compiles; none if it is no compiler.
#[must_use]
pub fn compiler(program: &str) -> Option<Compiler> {
    static INDEX: LazyLock<HashMap<&'static str, Compiler>> = LazyLock::new(|| {
        let rows = TABLE.compilers.iter();
        rows.flat_map(|row| row.programs.iter().map(|name| (name.as_str(), row.kind)))
            .collect()
    });
    INDEX.get(program.rsplit('/').next().unwrap_or(program)).copied()
}

/// Whether an image that starts `program` compiles at start.
#[must_use]
pub fn compiles_at_start(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    TABLE.at_start.programs.iter().any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sound() {
        let table: Table = toml::from_str(FILE).unwrap();
        assert!(!table.checked.is_empty() && table.sources.iter().all(|source| source.starts_with("https://")));
        assert_eq!(compiler("/usr/bin/gcc"), Some(Compiler::Native));
        assert_eq!(compiler("git"), None);
        assert!(compiles_at_start("./gradlew") && compiles_at_start("air") && !compiles_at_start("vite"));
    }
}
