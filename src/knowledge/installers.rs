//! Installers that are fetched from the network and run in one go: `data/installers.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::command::State;

/// An installer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Installer {
    /// How its address begins.
    pub url: String,
    /// The day the facts were checked.
    pub checked: String,
    /// The page that they come from.
    pub source: String,
    /// The folders below which it writes; `~` is the home folder.
    #[serde(default)]
    pub writes_under: Vec<String>,
    /// Variables that move these folders to where they say.
    #[serde(default)]
    pub moved_by: Vec<String>,
    /// What it changes beside.
    #[serde(default)]
    pub state: Vec<State>,
    /// The programs that it runs.
    #[serde(default)]
    pub needs: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Table {
    installers: Vec<Installer>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/installers.toml")).unwrap_or_default());

/// The installer at an address, if it is known what it does.
#[must_use]
pub fn installer(url: &str) -> Option<&'static Installer> {
    TABLE.installers.iter().find(|known| url.starts_with(&known.url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        assert!(installer("https://deb.nodesource.com/setup_20.x").is_some());
        assert!(installer("https://example.org/install.sh").is_none());
    }
}
