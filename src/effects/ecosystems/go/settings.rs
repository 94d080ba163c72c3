//! Settings of Go: variables, `go env -w`, and the file in which that keeps them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::effects::ecosystems::Surroundings;
use crate::effects::{AbsolutePath, Obstacle, ObstacleKind};
use crate::facts::{Command, Facts, ImageReference};
use crate::syntax::Dockerfile;

/// The settings that a stage makes by `go env -w`; nothing for one that differs, is taken back or is not literal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GoSettings(BTreeMap<String, Option<String>>);

impl GoSettings {
    /// What the commands of the instructions in `range` set.
    pub(crate) fn of(file: &Dockerfile, facts: &Facts, range: Range<usize>) -> GoSettings {
        let runs = range.filter_map(|index| facts.run(file, index));
        let mut found = GoSettings::default();
        for command in runs.flat_map(|run| &run.commands) {
            let used = command.manager.as_ref().filter(|used| used.manager.id == "go");
            match used.map(|used| used.verb.as_str()) {
                Some("env -w") => found.read(command, true),
                Some("env -u") => found.read(command, false),
                _ => {}
            }
        }
        found
    }

    fn read(&mut self, command: &Command, sets: bool) {
        for word in &command.words {
            let value = word.value.as_deref().and_then(|text| text.split_once('='));
            let name = word.text.split('=').next().unwrap_or_default();
            if !name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
                continue;
            }
            let value = value.filter(|_| sets).map(|(_, value)| value.to_owned());
            let known = self.0.entry(name.to_owned()).or_insert_with(|| value.clone());
            if *known != value {
                *known = None;
            }
        }
    }
}

impl Surroundings<'_> {
    /// A setting of Go where `command` runs; none if it has its default.
    ///
    /// # Errors
    /// It is set to something that is not known.
    pub(super) fn go_setting(&self, command: &Command, name: &str) -> Result<Option<String>, Obstacle> {
        if let Some(value) = self.variable(command, name)? {
            return Ok(Some(value));
        }
        let unknown = |by: &str| {
            Obstacle::new(
                ObstacleKind::UnknownPlace,
                format!("nothing tells what {by} sets {name} to, which says where Go writes"),
                format!("set {name} to a plain path with ENV"),
            )
        };
        if let Some(value) = self.go_settings.0.get(name) {
            return value.clone().map(Some).ok_or_else(|| unknown("`go env`"));
        }
        let Some(path) = self.go_file(command)? else {
            return Ok(None);
        };
        match self.files.read(path.relative()) {
            Some(text) => Ok(text
                .lines()
                .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned))),
            None if self.files.exists(path.relative()) => Err(unknown(path.as_str())),
            None => Ok(None),
        }
    }

    /// The file in which Go looks for its settings; none where it looks for none, or the home folder is not known.
    fn go_file(&self, command: &Command) -> Result<Option<AbsolutePath>, Obstacle> {
        if let Some(path) = self.variable(command, "GOENV")? {
            return Ok(AbsolutePath::of(&path, None));
        }
        let folder = match self.variable(command, "XDG_CONFIG_HOME")? {
            Some(folder) => Some(folder),
            None => self.home_folder(command).ok().map(|home| format!("{home}/.config")),
        };
        Ok(folder.and_then(|folder| AbsolutePath::of(&format!("{folder}/go/env"), None)))
    }
}

/// Whether `go get` installs programs, as it did before Go 1.18, by the tag of an image of Go; none for any other image.
pub(crate) fn go_get_installs(image: Option<&ImageReference>) -> Option<bool> {
    let image = image?;
    let repository = image.repository();
    let tag = image.tag.as_deref().unwrap_or_default();
    if repository.rsplit('/').next() != Some("golang") {
        return None;
    }
    let minor = tag.strip_prefix("1.").and_then(|rest| rest.split(['.', '-']).next());
    Some(
        minor
            .and_then(|minor| minor.parse::<u32>().ok())
            .is_some_and(|minor| minor < 18),
    )
}
