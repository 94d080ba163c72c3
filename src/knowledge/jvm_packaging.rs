//! What a jar needs beside itself, by the plugin that makes it: `data/jvm-packaging.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::base_environment::matches;

/// Where a plugin keeps the dependencies of a jar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keeps {
    /// In the jar.
    Whole,
    /// In folders below the build folder.
    Folder,
}

/// A plugin of Maven.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MavenPlugin {
    /// Its artifact.
    pub plugin: String,
    /// Where it keeps the dependencies.
    pub keeps: Keeps,
    /// The goals of which one must be bound; any if empty.
    #[serde(default)]
    goals: Vec<String>,
    /// Parents that bind one of them.
    #[serde(default)]
    parents: Vec<String>,
    /// The names of the jars that it makes; any if empty.
    #[serde(default)]
    jars: Vec<String>,
    /// Elements of its settings with which it may do otherwise.
    #[serde(default)]
    pub unless: Vec<String>,
}

impl MavenPlugin {
    /// Whether it runs where these goals of it are bound, below this parent, `group:artifact`.
    #[must_use]
    pub fn runs(&self, goals: &[&str], parent: Option<&str>) -> bool {
        self.goals.is_empty()
            || goals.iter().any(|goal| self.goals.iter().any(|known| known == goal))
            || parent.is_some_and(|parent| fits(&self.parents, parent))
    }

    /// Whether it makes a jar of this name.
    #[must_use]
    pub fn makes(&self, jar: &str) -> bool {
        self.jars.is_empty() || fits(&self.jars, jar)
    }

    /// Whether what this parent brings is known.
    #[must_use]
    pub fn knows_parent(&self, parent: &str) -> bool {
        fits(&self.parents, parent)
    }
}

/// Plugins of Gradle that put the dependencies into the jar.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GradlePlugin {
    /// Their ids.
    pub plugins: Vec<String>,
    #[serde(default)]
    jars: Vec<String>,
    #[serde(default)]
    not_jars: Vec<String>,
}

impl GradlePlugin {
    /// Whether one of them makes a jar of this name.
    #[must_use]
    pub fn makes(&self, jar: &str) -> bool {
        (self.jars.is_empty() || fits(&self.jars, jar)) && !fits(&self.not_jars, jar)
    }
}

/// The whole table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JvmPackaging {
    /// The day the facts were checked.
    pub checked: String,
    /// Public pages that they come from.
    pub sources: Vec<String>,
    /// Plugins of Maven.
    pub maven: Vec<MavenPlugin>,
    /// Plugins of Gradle.
    pub gradle: Vec<GradlePlugin>,
}

/// What is known of how jars are packed.
#[must_use]
pub fn jvm_packaging() -> &'static JvmPackaging {
    static TABLE: LazyLock<JvmPackaging> =
        LazyLock::new(|| toml::from_str(include_str!("../../data/jvm-packaging.toml")).unwrap_or_default());
    &TABLE
}

fn fits(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let table = jvm_packaging();
        assert_eq!(table.checked.len(), 10);
        assert!(table.sources.iter().all(|source| source.starts_with("https://")));
        let plugin = |name: &str| table.maven.iter().find(|row| row.plugin == name).unwrap();
        let boot = plugin("spring-boot-maven-plugin");
        assert!(boot.runs(&["repackage"], None) && boot.makes("app.jar"));
        assert!(boot.runs(&[], Some("org.springframework.boot:spring-boot-starter-parent")));
        assert!(!boot.runs(&[], Some("a:parent")));
        assert!(!plugin("maven-assembly-plugin").makes("app.jar"));
        assert!(!table.gradle.iter().any(|row| row.makes("app-plain.jar")));
    }
}
