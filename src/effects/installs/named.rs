//! Files of the project that an install names in a way that no reader of manifests knows: by a variable, by an option of
//! its own, by a redirect. What is among the copied and is named counts as read.

use crate::context::Files as _;
use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, folder_of};
use crate::facts::{Command, ManagerUse};
use crate::knowledge::OptionRole;

use crate::effects::image_files::{View, inside};

/// A place among what is copied that a command names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// What names it, as written.
    pub(crate) by: String,
    /// The path in the image, without a `/` in front.
    pub(crate) path: String,
    /// Whether a row of the manager's table says that the option reads a file.
    is_known_option: bool,
}

impl Named {
    /// Why the install cannot come before it.
    pub(crate) fn obstacle(&self, name: &str) -> Obstacle {
        Obstacle::new(
            ObstacleKind::UnknownPlace,
            format!(
                "{name} is told of /{} by `{}`, which is among what is copied",
                self.path, self.by
            ),
            "copy that file in a COPY of its own, before the install",
        )
    }

    /// Whether the install may come first if the file does too: a row knows the option, and the file names no other one.
    pub(crate) fn is_alone(&self, view: &View<'_>) -> bool {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = AbsolutePath::of(&format!("/{folder}"), None);
        let names_nothing = |text: String| {
            let mut words = text.split(|c: char| c.is_whitespace() || "\"'()[]<>".contains(c));
            !words.any(|word| parts(word).any(|part| place(part, folder.as_ref(), view).is_some()))
        };
        self.is_known_option && view.read(&self.path).is_some_and(names_nothing)
    }
}

/// What the variables that are set for a command alone, or before it in its RUN, name of what is copied, and where its
/// redirects lead. Variables that `is_ignored` accepts do not count.
pub(crate) fn by_surroundings(command: &Command, view: &View<'_>, is_ignored: &dyn Fn(&str) -> bool) -> Vec<Named> {
    let workdir = folder_of(command);
    let own = command.assignments.iter();
    let own = own.map(|assigned| (assigned.name.as_str(), assigned.value.as_deref()));
    let exported = command.exported.iter();
    let exported = exported.map(|(name, variable)| (name, variable.value.as_deref()));
    let variables = own.chain(exported).filter(|(name, _)| !is_ignored(name));
    let by_variable = variables.filter_map(|(name, value)| {
        let path = parts(value?).find_map(|part| place(part, workdir.as_ref(), view))?;
        Some(named(name.to_owned(), path))
    });
    let redirects = command.redirects.iter().filter_map(|redirect| {
        let path = redirect.path.as_deref()?.trim_matches('/').to_owned();
        view.supplier(&path)?;
        Some(named(redirect.text.clone(), path))
    });
    by_variable.chain(redirects).collect()
}

/// What the words of a command name of what is copied: a file, or a folder by a path. What the table of the manager says
/// to be written does not count.
pub(crate) fn by_words(command: &Command, used: &ManagerUse, view: &View<'_>) -> Vec<Named> {
    let workdir = folder_of(command);
    let role_at = |at: usize| {
        let mut options = used.options.iter();
        let option = options.find(|(_, _, word)| *word == at || *word + 1 == at);
        option.and_then(|(name, ..)| used.manager.options.role(name))
    };
    let is_name = |at: usize, text: &str| {
        let mut packages = used.packages.iter();
        packages.any(|(_, _, word)| *word == at) && !text.contains(['.', '/'])
            || used.verb.split(' ').any(|verb| verb == text)
    };
    let words = command.words.iter().enumerate().skip(1);
    let found = words.filter_map(|(at, word)| {
        let text = word.value.as_deref()?;
        let role = role_at(at);
        if is_name(at, text) || role == Some(OptionRole::Writes) {
            return None;
        }
        let is_file = |path: &String| view.read(path).is_some();
        let path = parts(text).find_map(|part| {
            let path = place(part, workdir.as_ref(), view)?;
            let is_named = is_file(&path) || part.contains('/');
            is_named.then_some(path)
        })?;
        Some(Named {
            is_known_option: role == Some(OptionRole::Reads) && is_file(&path),
            ..named(word.text.clone(), path)
        })
    });
    found.collect()
}

/// Whether an install that reads `files` reads what is at `path`, or works in that folder.
pub(crate) fn is_covered(files: &[String], path: &str) -> bool {
    let mut files = files.iter().map(|file| file.trim_end_matches('/'));
    files.any(|file| inside(path, file).is_some() || inside(file, path).is_some())
}

fn named(by: String, path: String) -> Named {
    Named {
        by,
        path,
        is_known_option: false,
    }
}

/// The parts of a word that may be paths: `--repofrompath=x,./repo`, `file:///app/gems`, `-I./include`.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let parts = text
        .split([':', '=', ',', ' ', '"', '\''])
        .map(|part| part.trim_end_matches('/'));
    let parts = parts.map(|part| {
        part.strip_prefix("//")
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(part)
    });
    let glued = |part: &'_ str| part.starts_with('-') && !part.starts_with("--") && part.contains(['.', '/']);
    let parts = parts.map(move |part| part.get(2..).filter(|_| glued(part)).unwrap_or(part));
    parts.filter(|part| !part.is_empty() && !part.starts_with("//") && !matches!(*part, "." | ".."))
}

/// The path in the image of what a part names of what is copied; none for the working folder itself.
fn place(part: &str, workdir: Option<&AbsolutePath>, view: &View<'_>) -> Option<String> {
    let path = AbsolutePath::of(part, workdir)?;
    let is_workdir = workdir.is_some_and(|workdir| workdir.is_within(&path));
    let path = path.relative().to_owned();
    let is_there = !is_workdir && !path.is_empty() && view.supplier(&path).is_some();
    is_there.then_some(path)
}
