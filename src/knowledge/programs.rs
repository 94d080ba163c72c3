//! Names of build arguments that change with every build.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Deserialize;

const METADATA: &str = include_str!("../../data/build-metadata.toml");

#[derive(Debug, Default, Deserialize)]
struct Table {
    names: HashSet<String>,
}

/// The names in a table. A table that doesn't parse is empty, and a test fails.
fn names(text: &str) -> HashSet<String> {
    toml::from_str::<Table>(text).unwrap_or_default().names
}

/// The names of build arguments that say what is built, when and by which run of CI.
#[must_use]
pub fn build_metadata() -> &'static HashSet<String> {
    static NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| names(METADATA));
    &NAMES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_parse() {
        assert!(build_metadata().contains("GIT_SHA"));
    }
}
