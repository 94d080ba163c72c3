//! What a .dockerignore may hold: `data/dockerignore.toml`, typed.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::knowledge::Level;

const FILE: &str = include_str!("../../data/dockerignore.toml");

/// The whole table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalog {
    /// Where the facts are from, for those who check them.
    #[serde(rename = "sources")]
    _sources: Vec<String>,
    #[serde(rename = "checked")]
    _checked: String,
    /// The groups in the order in which they are written.
    pub(crate) groups: Vec<Group>,
    pub(crate) git: Git,
    pub(crate) dotenv: Words,
    pub(crate) mentions: Mentions,
}

/// Patterns with one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Group {
    pub(crate) id: String,
    /// The comment above the patterns.
    pub(crate) title: String,
    pub(crate) why: String,
    pub(crate) level: Level,
    /// Whether the patterns also keep things out of folders that a COPY names.
    #[serde(default)]
    pub(crate) inside_copied: bool,
    pub(crate) patterns: Vec<Known>,
}

/// A pattern and what must hold for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Known {
    /// A name at the root, with `**/` in front one at any depth. Wildcards only as in COPY.
    pub(crate) pattern: String,
    #[serde(default)]
    pub(crate) guard: Guard,
    /// The package managers that make what the pattern keeps out.
    #[serde(default)]
    pub(crate) by: Vec<String>,
    /// The kind of project in which it is usual even where nothing matches now.
    pub(crate) usual_for: Option<Project>,
    /// Names of which one must be in a folder that matches.
    #[serde(default)]
    pub(crate) signs: Vec<String>,
}

/// What must hold before a pattern is proposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Guard {
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
pub(crate) enum Project {
    All,
    Git,
    Node,
    Python,
    Rust,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Git {
    pub(crate) words: Vec<String>,
    pub(crate) code_words: Vec<String>,
    pub(crate) elsewhere: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    pub(crate) words: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Mentions {
    pub(crate) checkers: Vec<String>,
    pub(crate) leaves_out: Vec<String>,
    pub(crate) code: Vec<String>,
    pub(crate) config: Vec<String>,
    pub(crate) passed_over: Vec<String>,
}

impl Known {
    /// The name that an entry must have, and whether it may be at any depth.
    pub(crate) fn name(&self) -> (&str, bool) {
        match self.pattern.strip_prefix("**/") {
            Some(name) => (name, true),
            None => (&self.pattern, false),
        }
    }
}

/// The table.
pub(crate) fn catalog() -> &'static Catalog {
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
