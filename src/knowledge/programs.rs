//! Programs that never call a package manager.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("../../data/inert-programs.toml");

#[derive(Debug, Default, Deserialize)]
struct Table {
    programs: Vec<String>,
}

/// The names of tools of the system that run no package manager of a language, whatever they are given.
#[must_use]
pub fn inert_programs() -> &'static HashSet<String> {
    // A table that doesn't parse is empty, and a test fails.
    static PROGRAMS: LazyLock<HashSet<String>> = LazyLock::new(|| {
        toml::from_str::<Table>(FILE)
            .unwrap_or_default()
            .programs
            .into_iter()
            .collect()
    });
    &PROGRAMS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_parses() {
        assert!(inert_programs().contains("cp"));
    }
}
