//! Settings of Node.js build tools that say where the result goes: `data/node-outputs.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Default, Deserialize)]
struct Table {
    files: Vec<String>,
    endings: Vec<String>,
    keys: Vec<String>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/node-outputs.toml")).unwrap_or_default());

/// Whether a file of this name may say where a build puts its result.
#[must_use]
pub fn says_node_output(name: &str) -> bool {
    let begins = TABLE.files.iter().any(|known| name.starts_with(known.as_str()));
    begins && TABLE.endings.iter().any(|ending| name.ends_with(ending.as_str()))
}

/// Whether a key of such a file says where the result goes.
#[must_use]
pub fn is_node_output_key(key: &str) -> bool {
    TABLE.keys.iter().any(|known| known == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        assert!(says_node_output("vite.config.ts") && says_node_output("tsconfig.build.json"));
        assert!(!says_node_output("package.json"));
        assert!(is_node_output_key("outDir"));
    }
}
