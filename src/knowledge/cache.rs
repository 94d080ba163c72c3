//! The folders that a package manager fills beside what it installs.

use serde::Deserialize;

use super::condition::{Condition, Setting, Surroundings};
use super::invocation::Invocation;
use super::verbs::Action;

/// A folder that a manager fills beside what it installs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cache {
    /// Where it is if nothing moves it; `~` is the user's home. Without it, only the tool knows.
    #[serde(default)]
    pub path: Option<String>,
    /// Where it is for root, if not at [`path`](Cache::path).
    #[serde(default)]
    pub root_path: Option<String>,
    /// Whether later steps need it.
    pub holds: Holds,
    /// Whether builds that run at once may use one mount.
    pub sharing: Sharing,
    /// Whether a mount over it does any good. If not, it is listed to be cleaned.
    #[serde(default = "yes")]
    pub mount: bool,
    /// The programs that fill it; all of the manager's if empty.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Whether it exists only where something makes its folder, as a mount does: without one nothing is left in it.
    #[serde(default)]
    pub only_mounted: bool,
    /// Whether it is in the folder of what is installed, so that who copies that folder need not be after the downloads.
    #[serde(default)]
    pub among_installed: bool,
    /// What kinds of verbs fill it.
    #[serde(default = "Cache::usual_fillers")]
    pub filled_by: Vec<Action>,
    /// Verbs that put into it what the image may need, so that a RUN with one of them must not mount it.
    #[serde(default)]
    pub unfit_verbs: Vec<String>,
    /// What moves it. The first that is set counts.
    #[serde(default)]
    pub moved_by: Vec<Place>,
    /// What makes installed files point into it, so that it becomes part of the image.
    #[serde(default)]
    pub linked_when: Vec<Condition>,
    /// The variable, and its value, that makes the tool copy files whatever its settings say.
    #[serde(default)]
    pub copied_by: Option<Condition>,
    /// If there are any: installed files point into it unless one of these holds.
    #[serde(default)]
    pub linked_unless: Vec<Condition>,
}

/// Whether later steps need what a cache holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Copies of what was downloaded; nothing reads them but the next download.
    Downloads,
    /// Lists of what can be downloaded; a later install may read them.
    Lists,
    /// What later steps build with: they must mount it too, or it must stay in the layer.
    Store,
}

/// How builds that run at once may use one mount: BuildKit's `sharing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// At the same time.
    Shared,
    /// One after the other.
    Locked,
}

/// Something that moves a cache.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Place {
    /// The option whose value is the new place.
    #[serde(default)]
    pub option: Option<String>,
    /// The variable whose value is the new place.
    #[serde(default)]
    pub variable: Option<String>,
    /// The name of a folder that the base image is known to have: `conda`.
    #[serde(default)]
    pub folder: Option<String>,
    /// The value is a list of folders; the first counts.
    #[serde(default)]
    pub list: bool,
    /// The value is a list of words; the place is what stands behind this in one of them.
    #[serde(default)]
    pub after: Option<String>,
    /// What to append to the value, behind a slash. A `*` in it stands for what only the tool knows.
    #[serde(default)]
    pub suffix: Option<String>,
}

fn yes() -> bool {
    true
}

impl Cache {
    fn usual_fillers() -> Vec<Action> {
        vec![Action::Install, Action::Upgrade, Action::Download]
    }

    /// Where the cache is for this command.
    ///
    /// `None` if that cannot be told: something that isn't literal moves it, it goes to a relative path, or only the
    /// tool knows. A `*` in the path stands for a part that only the tool knows: good for `rm`, useless as a target.
    #[must_use]
    pub fn path(
        &self,
        home: &str,
        is_root: bool,
        invocation: &Invocation<'_>,
        surroundings: &impl Surroundings,
    ) -> Option<String> {
        for place in &self.moved_by {
            match place.value(invocation, surroundings) {
                Setting::Unset => {}
                Setting::Unknown => return None,
                Setting::Is(folder) => return place.complete(folder, home),
            }
        }
        let path = self.root_path.as_deref().filter(|_| is_root).or(self.path.as_deref())?;
        Some(in_home(path, home))
    }

    /// Whether what the command installs points into the cache; `None` if nothing tells.
    #[must_use]
    pub fn is_linked(&self, invocation: &Invocation<'_>, surroundings: &impl Surroundings) -> Option<bool> {
        match Condition::any(&self.linked_when, invocation, surroundings) {
            Some(false) if self.linked_unless.is_empty() => Some(false),
            Some(false) => Condition::any(&self.linked_unless, invocation, surroundings).map(|escaped| !escaped),
            linked => linked,
        }
    }

    /// The variable to set, and its value, so that files are surely copied; `None` if nothing needs to be set.
    #[must_use]
    pub fn copies_with(&self, invocation: &Invocation<'_>, surroundings: &impl Surroundings) -> Option<(&str, &str)> {
        let set = self.copied_by.as_ref()?;
        let (name, value) = (set.variable.as_deref()?, set.value.as_deref()?);
        let is_said = surroundings.variable(name) != Setting::Unset;
        let mut options = self.linked_when.iter().filter_map(|when| when.option.as_deref());
        (!is_said && !options.any(|option| invocation.option(option).is_some())).then_some((name, value))
    }
}

/// `path` with the home folder in the place of a leading `~`.
fn in_home(path: &str, home: &str) -> String {
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{}{rest}", home.trim_end_matches('/')),
        _ => path.to_owned(),
    }
}

impl Place {
    fn value<'a>(&self, invocation: &Invocation<'a>, surroundings: &'a impl Surroundings) -> Setting<'a> {
        let found = if let Some(option) = &self.option {
            match invocation.option(option) {
                None => Setting::Unset,
                Some(given) => given
                    .value
                    .as_ref()
                    .and_then(|value| value.text)
                    .map_or(Setting::Unknown, Setting::Is),
            }
        } else if let Some(variable) = &self.variable {
            surroundings.variable(variable)
        } else if let Some(folder) = &self.folder {
            surroundings.folder(folder)
        } else {
            Setting::Unset
        };
        match (found, &self.after) {
            (Setting::Is(""), _) => Setting::Unset,
            (Setting::Is(text), Some(after)) => text
                .split_whitespace()
                .find_map(|word| word.strip_prefix(after.as_str()))
                .map_or(Setting::Unset, Setting::Is),
            (Setting::Is(text), None) if self.list => text.split(':').next().map_or(Setting::Unset, Setting::Is),
            (found, _) => found,
        }
    }

    fn complete(&self, folder: &str, home: &str) -> Option<String> {
        let folder = in_home(folder, home);
        let folder = folder.trim_end_matches('/');
        folder.starts_with('/').then(|| match &self.suffix {
            Some(suffix) => format!("{folder}/{suffix}"),
            None => folder.to_owned(),
        })
    }
}
