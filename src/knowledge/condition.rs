//! Options, variables and files that change how a command behaves.

use serde::Deserialize;

use super::invocation::Invocation;

/// Something that is so or not where a command runs: an option it is given, a variable, the text of a project file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Condition {
    /// The option that must be given.
    #[serde(default)]
    pub option: Option<String>,
    /// The variable that must be set and not empty.
    #[serde(default)]
    pub variable: Option<String>,
    /// The file of the project that must exist.
    #[serde(default)]
    pub file: Option<String>,
    /// The value that the option or variable must have.
    #[serde(default)]
    pub value: Option<String>,
    /// What the value or the text must contain.
    #[serde(default)]
    pub contains: Option<String>,
}

/// What is known of a variable or of a file's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting<'a> {
    /// Not set, not there.
    Unset,
    /// Nothing tells.
    Unknown,
    /// This.
    Is(&'a str),
}

/// What a command finds where it runs.
pub trait Surroundings {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Setting<'_>;

    /// The text of a file of the project, by its path from the project's root.
    fn file(&self, path: &str) -> Setting<'_>;

    /// A folder that the base image is known to have: [`BaseEnvironment::folders`](super::BaseEnvironment::folders).
    fn folder(&self, name: &str) -> Setting<'_>;
}

impl Condition {
    /// Whether the condition holds for a command; `None` if nothing tells.
    #[must_use]
    pub fn holds(&self, invocation: &Invocation<'_>, surroundings: &impl Surroundings) -> Option<bool> {
        let found = if let Some(option) = &self.option {
            match invocation.option(option) {
                None => Setting::Unset,
                Some(given) => match &given.value {
                    None => Setting::Is(""),
                    Some(value) => value.text.map_or(Setting::Unknown, Setting::Is),
                },
            }
        } else if let Some(variable) = &self.variable {
            match surroundings.variable(variable) {
                // Tools take an empty variable for one that isn't set.
                Setting::Is("") => Setting::Unset,
                other => other,
            }
        } else if let Some(file) = &self.file {
            surroundings.file(file)
        } else {
            Setting::Unset
        };
        match found {
            Setting::Unset => Some(false),
            // That it is there suffices where no value is asked for.
            Setting::Unknown if self.option.is_some() && self.value.is_none() && self.contains.is_none() => Some(true),
            Setting::Unknown => None,
            Setting::Is(text) => Some(
                self.value.as_ref().is_none_or(|value| value == text)
                    && self.contains.as_ref().is_none_or(|part| text.contains(part.as_str())),
            ),
        }
    }

    /// Whether any of `conditions` holds; `None` if none is known to and one may.
    #[must_use]
    pub fn any(
        conditions: &[Condition],
        invocation: &Invocation<'_>,
        surroundings: &impl Surroundings,
    ) -> Option<bool> {
        let answers = || {
            conditions
                .iter()
                .map(|condition| condition.holds(invocation, surroundings))
        };
        if answers().any(|answer| answer == Some(true)) {
            Some(true)
        } else if answers().any(|answer| answer.is_none()) {
            None
        } else {
            Some(false)
        }
    }
}
