//! What the verbs of a package manager do.

use serde::Deserialize;

/// What a command does.
///
/// In the order of weight: of several verbs in one command, the last in this order says what the command does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Something that changes nothing, or nothing that matters here.
    #[default]
    Other,
    /// Changes settings that outlive the command.
    Config,
    /// Runs something that is there; downloads nothing.
    Run,
    /// Downloads a tool or dependencies if they aren't there, then runs something.
    Exec,
    /// Empties caches.
    CleanCache,
    /// Removes packages.
    Remove,
    /// Downloads package lists.
    UpdateLists,
    /// Downloads packages into a cache and installs nothing.
    Download,
    /// Installs newer versions of what is installed.
    Upgrade,
    /// Installs packages.
    Install,
    /// Downloads what is missing and makes outputs from sources.
    Build,
}

/// Which words of a command are its verb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerbWords {
    /// The first that aren't options.
    #[default]
    First,
    /// All that aren't options: `mvn clean package`. The command does what the weightiest of them does.
    All,
}

/// The verbs of a manager, by what they do.
///
/// A verb is a phrase of words: `pip install`. The empty phrase is a command without a verb. Words with a dash are
/// options that must be given too (`clean -modcache`), and a final `*` asks for an argument (`-S *`). The phrase with
/// the most words wins, then the one with a `*`, then the one with the most options.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Verbs {
    /// Which words make the verb.
    #[serde(default)]
    pub words: VerbWords,
    /// What a verb does that isn't listed.
    #[serde(default)]
    pub unlisted: Action,
    /// See [`Action::Install`].
    #[serde(default)]
    pub install: Vec<String>,
    /// See [`Action::UpdateLists`].
    #[serde(default)]
    pub update_lists: Vec<String>,
    /// See [`Action::Upgrade`].
    #[serde(default)]
    pub upgrade: Vec<String>,
    /// See [`Action::Remove`].
    #[serde(default)]
    pub remove: Vec<String>,
    /// See [`Action::CleanCache`].
    #[serde(default)]
    pub clean_cache: Vec<String>,
    /// See [`Action::Build`].
    #[serde(default)]
    pub build: Vec<String>,
    /// See [`Action::Download`].
    #[serde(default)]
    pub download: Vec<String>,
    /// See [`Action::Exec`].
    #[serde(default)]
    pub exec: Vec<String>,
    /// See [`Action::Run`].
    #[serde(default)]
    pub run: Vec<String>,
    /// See [`Action::Config`].
    #[serde(default)]
    pub config: Vec<String>,
    /// Listed only where [`unlisted`](Verbs::unlisted) says something else.
    #[serde(default)]
    pub other: Vec<String>,
}

/// The verb of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerbMatch<'a> {
    /// The phrase as the data has it, or the word itself if it isn't listed; empty if the command has no verb.
    pub verb: &'a str,
    /// What it does.
    pub action: Action,
    /// How many of the words given are part of the verb.
    pub words_used: usize,
}

impl Verbs {
    /// The verb that begins `words`, which are a command's words without its options; a word that isn't literal is
    /// `None`. `has_option` says whether an option was given.
    #[must_use]
    pub fn find<'a>(&'a self, words: &[Option<&'a str>], has_option: impl Fn(&str) -> bool) -> VerbMatch<'a> {
        let listed = self
            .by_action()
            .into_iter()
            .flat_map(|(action, phrases)| phrases.iter().map(move |phrase| (action, phrase.as_str())))
            .filter_map(|(action, phrase)| {
                let rank = rank(phrase, words, &has_option)?;
                Some((
                    rank,
                    VerbMatch {
                        verb: phrase,
                        action,
                        words_used: rank.0,
                    },
                ))
            })
            .max_by_key(|(rank, _)| *rank)
            .map(|(_, found)| found);
        // The empty phrase matches every command; it counts only for one that has no word a verb could be.
        let first = words.first().copied();
        match (listed, first) {
            (Some(found), _) if found.words_used > 0 => found,
            (Some(found), None) => found,
            (Some(found), Some(_)) if !found.verb.is_empty() => found,
            (_, Some(Some(word))) => VerbMatch {
                verb: word,
                action: self.unlisted,
                words_used: 1,
            },
            (_, Some(None) | None) => VerbMatch {
                verb: "",
                action: Action::Other,
                words_used: 0,
            },
        }
    }

    fn by_action(&self) -> [(Action, &[String]); 11] {
        [
            (Action::Install, &self.install),
            (Action::UpdateLists, &self.update_lists),
            (Action::Upgrade, &self.upgrade),
            (Action::Remove, &self.remove),
            (Action::CleanCache, &self.clean_cache),
            (Action::Build, &self.build),
            (Action::Download, &self.download),
            (Action::Exec, &self.exec),
            (Action::Run, &self.run),
            (Action::Config, &self.config),
            (Action::Other, &self.other),
        ]
    }
}

/// How well a phrase fits: its words, whether it asks for an argument, its options. `None` if it doesn't.
fn rank(phrase: &str, words: &[Option<&str>], has_option: impl Fn(&str) -> bool) -> Option<(usize, bool, usize)> {
    let (mut used, mut argument, mut options) = (0, false, 0);
    for part in phrase.split_ascii_whitespace() {
        if part == "*" {
            argument = words.len() > used;
            if !argument {
                return None;
            }
        } else if part.starts_with('-') {
            options += 1;
            if !has_option(part) {
                return None;
            }
        } else if words.get(used).copied().flatten() == Some(part) {
            used += 1;
        } else {
            return None;
        }
    }
    Some((used, argument, options))
}
