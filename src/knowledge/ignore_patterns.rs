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
    pub(crate) dotenv: Dotenv,
    pub(crate) mentions: Mentions,
    pub(crate) node: Node,
    pub(crate) projects: Projects,
    pub(crate) environments: Environments,
    pub(crate) documentation: Words,
    pub(crate) tests: TestRunners,
    pub(crate) served: Served,
    pub(crate) folder: Folder,
    pub(crate) dependencies: Dependencies,
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
    /// Tools that read it by its usual name.
    #[serde(default)]
    pub(crate) readers: Vec<String>,
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
    /// A file of Docker itself that nothing names.
    DockersOwn,
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
    /// Options with which git does not ask the project's own history.
    pub(crate) outside: Vec<String>,
}

/// What loads a `.env` by itself.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dotenv {
    /// Words that stand by themselves.
    pub(crate) words: Vec<String>,
    /// Words that may be a part of a longer one.
    pub(crate) parts: Vec<String>,
}

/// What tells that tests are run.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TestRunners {
    /// Programs and words of their commands.
    pub(crate) words: Vec<String>,
    /// Programs whose targets may be tests.
    pub(crate) makers: Vec<String>,
    /// Programs that are known to run no tests unless a word says so, beside those of the command tables.
    pub(crate) harmless: Vec<String>,
}

/// What serves a folder as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Served {
    /// Images of web servers, by the last part of their names.
    pub(crate) images: Vec<String>,
    /// Folders that web servers serve.
    pub(crate) roots: Vec<String>,
    /// Programs and modules that serve a folder.
    pub(crate) programs: Vec<String>,
}

/// Commands that are given the project's folder.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Folder {
    /// Programs that take no content out of a folder that they are given.
    pub(crate) spared_by: Vec<String>,
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
    pub(crate) no_text: Vec<String>,
    pub(crate) locks: Vec<String>,
    pub(crate) asides: Vec<String>,
    pub(crate) walks: Vec<String>,
    pub(crate) word_lists: Vec<String>,
    pub(crate) install_scripts: Vec<String>,
    pub(crate) passed_over: Vec<String>,
    pub(crate) foreign: Vec<String>,
    pub(crate) javascript: Vec<String>,
    pub(crate) developers_scripts: Vec<String>,
}

/// What tells what an install or a build is for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Dependencies {
    /// Options with which an install installs nothing.
    pub(crate) install_nothing: Vec<String>,
    /// Options that name the folder to install in.
    pub(crate) folders: Vec<String>,
    /// The parts of names of scripts that build all: `build:prod`.
    pub(crate) whole_builds: Vec<String>,
}

/// What tells whether an image may run JavaScript.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Node {
    pub(crate) programs: Vec<String>,
    pub(crate) images_without: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Projects {
    pub(crate) manifests: Vec<String>,
}

/// What makes virtual environments.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Environments {
    makers: Vec<String>,
    verbs: Vec<String>,
    unless: Vec<String>,
    modules: Vec<String>,
}

impl Environments {
    /// Whether a command of `program` with these words makes one.
    pub(crate) fn are_made_by(&self, program: &str, words: &[String]) -> bool {
        let has = |wanted: &[String]| words.iter().any(|word| wanted.contains(word));
        let is_maker = self.makers.iter().any(|maker| maker == program);
        has(&self.modules) || is_maker && has(&self.verbs) && !has(&self.unless)
    }
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
