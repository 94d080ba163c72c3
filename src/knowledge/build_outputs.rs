//! Settings of build tools that say where the result goes: `data/build-outputs.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

/// Files with settings of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputSettings {
    files: Vec<String>,
    endings: Vec<String>,
    keys: Vec<String>,
    separators: String,
    /// Whether folders below have more such files.
    #[serde(default)]
    pub nested: bool,
    /// Whether a build certainly writes to the place.
    #[serde(default)]
    pub crosses: bool,
    /// The day the facts were checked.
    pub checked: String,
    /// Public pages that they come from.
    pub sources: Vec<String>,
}

impl OutputSettings {
    /// Whether a file of this name has such settings.
    #[must_use]
    pub fn is_in(&self, name: &str) -> bool {
        let begins = self.files.iter().any(|known| name.starts_with(known.as_str()));
        begins && self.endings.iter().any(|ending| name.ends_with(ending.as_str()))
    }

    /// Whether the value of a key says where the result goes.
    #[must_use]
    pub fn is_output(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known == key)
    }

    /// The text after a key, without what stands between the two; none where it is no value of the key. A space among the
    /// separators means that none is needed.
    #[must_use]
    pub fn value_in<'t>(&self, behind_key: &'t str) -> Option<&'t str> {
        let rest = behind_key.trim_start_matches(['"', '\'']);
        let trimmed = rest.trim_start();
        match trimmed.strip_prefix(|c| self.separators.contains(c)) {
            Some(value) => Some(value.trim_start()),
            None => (self.separators.contains(' ') && rest.len() > trimmed.len()).then_some(trimmed),
        }
    }
}

/// All of them.
#[must_use]
pub fn output_settings() -> &'static [OutputSettings] {
    #[derive(Default, Deserialize)]
    struct Table {
        settings: Vec<OutputSettings>,
    }
    static TABLE: LazyLock<Table> =
        LazyLock::new(|| toml::from_str(include_str!("../../data/build-outputs.toml")).unwrap_or_default());
    &TABLE.settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let has = |name: &str, key: &str| {
            let mut found = output_settings().iter().filter(|settings| settings.is_in(name));
            found.any(|settings| settings.is_output(key))
        };
        assert!(has("vite.config.ts", "outDir") && has("tsconfig.build.json", "outDir"));
        assert!(has("pom.xml", "outputDirectory") && has("build.gradle.kts", "into"));
        assert!(!has("package.json", "outDir") && !has("pom.xml", "artifactId"));
    }

    #[test]
    fn values_stand_behind_a_separator() {
        let of = |name: &str| output_settings().iter().find(|settings| settings.is_in(name)).unwrap();
        assert_eq!(of("pom.xml").value_in(">/opt<"), Some("/opt<"));
        assert_eq!(of("CMakeLists.txt").value_in(" /opt)"), Some("/opt)"));
        assert_eq!(of("CMakeLists.txt").value_in("S"), None);
        assert_eq!(of("build.gradle").value_in(" = file('/opt')"), Some("file('/opt')"));
        assert_eq!(of("vite.config.js").value_in("\": '../x'"), Some("'../x'"));
        assert_eq!(of("vite.config.js").value_in(" x"), None);
    }
}
