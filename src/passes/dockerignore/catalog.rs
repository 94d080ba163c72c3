//! What a .dockerignore may hold: `data/dockerignore.toml`, typed.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::passes::Level;

const FILE: &str = include_str!("../../../data/dockerignore.toml");

/// The whole table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Catalog {
    /// Where the facts are from, for those who check them.
    #[serde(rename = "sources")]
    _sources: Vec<String>,
    #[serde(rename = "checked")]
    _checked: String,
    /// The groups in the order in which they are written.
    pub(super) groups: Vec<Group>,
    pub(super) git: Git,
    pub(super) dotenv: Words,
    pub(super) mentions: Mentions,
}

/// Patterns with one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Group {
    pub(super) id: String,
    /// The comment above the patterns.
    pub(super) title: String,
    pub(super) why: String,
    pub(super) level: Level,
    /// Whether the patterns also keep things out of folders that a COPY names.
    #[serde(default)]
    pub(super) inside_copied: bool,
    pub(super) patterns: Vec<Known>,
}

/// A pattern and what must hold for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Known {
    /// A name at the root, with `**/` in front one at any depth. Wildcards only as in COPY.
    pub(super) pattern: String,
    #[serde(default)]
    pub(super) guard: Guard,
    /// The package managers that make what the pattern keeps out.
    #[serde(default)]
    pub(super) by: Vec<String>,
    /// The kind of project in which it is usual even where nothing matches now.
    pub(super) usual_for: Option<Project>,
    /// Names of which one must be in a folder that matches.
    #[serde(default)]
    pub(super) signs: Vec<String>,
}

/// What must hold before a pattern is proposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Guard {
    /// Nothing beside what holds for all: no COPY names it.
    #[default]
    None,
    /// Nothing asks git for a version.
    Git,
    /// Each stage that takes it installs it itself, or cannot use it.
    Made,
    /// The same, and git ignores it.
    MadeIgnored,
    /// It is a virtual environment, which no command uses or one makes.
    Environment,
    /// Each stage that takes it builds it itself.
    Built,
    /// The same, and git ignores it.
    BuiltIgnored,
    /// Git ignores it.
    GitIgnored,
    /// Nothing loads it.
    Dotenv,
    /// It is a private key that nothing names.
    PrivateKey,
    /// No command runs tests, and nothing names them.
    Tests,
    /// No command makes documentation, and nothing names it.
    Documentation,
    /// Nothing names it, and it is large.
    Data,
    /// Nothing names it.
    Unmentioned,
    /// No code names it.
    UnmentionedInCode,
}

/// Kinds of projects, by the files in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Project {
    All,
    Git,
    Node,
    Python,
    Rust,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Git {
    pub(super) words: Vec<String>,
    pub(super) code_words: Vec<String>,
    pub(super) elsewhere: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) words: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Mentions {
    pub(super) checkers: Vec<String>,
    pub(super) leaves_out: Vec<String>,
    pub(super) code: Vec<String>,
    pub(super) config: Vec<String>,
    pub(super) passed_over: Vec<String>,
}

impl Known {
    /// The name that an entry must have, and whether it may be at any depth.
    pub(super) fn name(&self) -> (&str, bool) {
        match self.pattern.strip_prefix("**/") {
            Some(name) => (name, true),
            None => (&self.pattern, false),
        }
    }
}

/// The table.
pub(super) fn catalog() -> &'static Catalog {
    // A table that doesn't parse is empty, and a test fails.
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());
    &CATALOG
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::DockerIgnore;
    use crate::knowledge::managers;

    #[test]
    fn the_table_parses() {
        let catalog: Catalog = toml::from_str(FILE).unwrap();
        assert!(!catalog.groups.is_empty() && !catalog.git.words.is_empty());
    }

    #[test]
    fn patterns_are_patterns_and_managers_are_known() {
        for known in catalog().groups.iter().flat_map(|group| &group.patterns) {
            DockerIgnore::parse(known.pattern.as_bytes()).unwrap();
            for id in &known.by {
                assert!(managers().by_id(id).is_some(), "{id}");
            }
            let makes = matches!(
                known.guard,
                Guard::Made | Guard::MadeIgnored | Guard::Built | Guard::BuiltIgnored
            );
            assert_eq!(makes, !known.by.is_empty(), "{}", known.pattern);
        }
    }
}
