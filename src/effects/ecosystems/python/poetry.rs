//! Where Poetry puts an environment: by variables, by `poetry.toml`, by its own settings, in this order.

use std::ops::Range;
use std::sync::Arc;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, Facts, ManagerUse};
use crate::knowledge::Action;
use crate::syntax::Dockerfile;

use crate::effects::ecosystems::{Output, Surroundings, absolute, workdir};

/// What settings say of environments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Poetry {
    creates: Option<bool>,
    in_project: Option<bool>,
    path: Option<String>,
    cache: Option<String>,
}

impl Poetry {
    /// What the commands of the stage set.
    pub(crate) fn of(file: &Dockerfile, facts: &Facts, stage: Range<usize>) -> Poetry {
        let mut poetry = Poetry::default();
        let runs = stage.filter_map(|index| facts.run(file, index));
        for command in runs.flat_map(|run| &run.commands) {
            let is_poetry = |used: &ManagerUse| used.manager.id == "poetry" && used.action == Action::Config;
            if !command.manager.as_ref().is_some_and(is_poetry) {
                continue;
            }
            let words: Vec<&str> = command
                .words
                .iter()
                .map(|word| word.value.as_deref().unwrap_or(&word.text))
                .collect();
            let at = words
                .iter()
                .position(|word| *word == "config")
                .map_or(words.len(), |at| at + 1);
            let rest = words
                .get(at..)
                .unwrap_or_default()
                .iter()
                .filter(|word| !word.starts_with('-'));
            if let [name, value, ..] = rest.copied().collect::<Vec<_>>().as_slice() {
                poetry.set(name, value);
            }
        }
        poetry
    }

    /// What a file of settings says; none if it is no TOML.
    fn of_file(text: &str) -> Option<Poetry> {
        let table: toml::Table = text.parse().ok()?;
        let mut poetry = Poetry::default();
        let own = table.get("virtualenvs").and_then(toml::Value::as_table);
        let own = own
            .into_iter()
            .flatten()
            .map(|(name, value)| (format!("virtualenvs.{name}"), value));
        for (name, value) in own.chain(table.iter().map(|(name, value)| (name.clone(), value))) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            poetry.set(&name, &text);
        }
        Some(poetry)
    }

    fn set(&mut self, name: &str, value: &str) {
        match name {
            "virtualenvs.create" => self.creates = Some(is_true(value)),
            "virtualenvs.in-project" => self.in_project = Some(is_true(value)),
            "virtualenvs.path" => self.path = Some(value.to_owned()),
            "cache-dir" => self.cache = Some(value.to_owned()),
            _ => {}
        }
    }

    /// What these settings say, and where they say nothing, what `others` do.
    fn or(self, others: Poetry) -> Poetry {
        Poetry {
            creates: self.creates.or(others.creates),
            in_project: self.in_project.or(others.in_project),
            path: self.path.or(others.path),
            cache: self.cache.or(others.cache),
        }
    }
}

impl Surroundings<'_> {
    /// Where `poetry install` puts packages, no environment being active.
    ///
    /// # Errors
    /// A setting that cannot be followed.
    pub(super) fn poetry_place(&self, command: &Command, used: &ManagerUse) -> Result<Output, Obstacle> {
        if let Some((name, ..)) = used
            .options
            .iter()
            .find(|(name, ..)| matches!(name.as_str(), "-C" | "-P"))
        {
            return Err(Obstacle::new(
                ObstacleKind::UnknownPlace,
                format!("`{}` gets a different directory from {name}", used.program),
                "go there with WORKDIR",
            ));
        }
        let settings = self.poetry_settings(command, used)?;
        if !settings.creates.unwrap_or(true) {
            return Ok(Output::PythonSite);
        }
        let folder = workdir(command, used)?;
        if settings.in_project.unwrap_or(false) {
            return Ok(Output::Path(format!("{}/.venv", folder.trim_end_matches('/'))));
        }
        let cache = match settings.cache {
            Some(cache) => cache,
            None => match self.variable(command, "XDG_CACHE_HOME")? {
                Some(cache) => format!("{cache}/pypoetry"),
                None => format!("{}/.cache/pypoetry", self.home_folder(command)?),
            },
        };
        let path = settings.path.unwrap_or_else(|| "{cache-dir}/virtualenvs".to_owned());
        let path = path.replace("{cache-dir}", &cache).replace("{project-dir}", &folder);
        // Poetry takes a relative one from the folder in which it runs.
        let known = absolute(command, &path).filter(|path| !path.contains(['$', '{', '~']));
        known.map(Output::Path).ok_or_else(|| {
            Obstacle::new(
                ObstacleKind::UnknownPlace,
                format!("nothing tells where the virtual environment is: {path}"),
                "set POETRY_VIRTUALENVS_IN_PROJECT=1",
            )
        })
    }

    /// What `poetry config` leaves: the folder of the settings where a later `poetry run` needs them to find the environment.
    ///
    /// # Errors
    /// It is not known where they are.
    pub(super) fn poetry_config(&self, command: &Command) -> Result<Vec<Output>, Obstacle> {
        let mut words = command.words.iter().map(|word| word.text.as_str());
        if !words
            .clone()
            .any(|word| matches!(word, "virtualenvs.path" | "cache-dir"))
        {
            return Ok(Vec::new());
        }
        if words.any(|word| word == "--local") {
            return Err(Obstacle::new(
                ObstacleKind::SharedPlace,
                "the settings of Poetry are written beside the sources",
                "set POETRY_VIRTUALENVS_PATH with ENV instead",
            ));
        }
        Ok(vec![Output::Path(self.poetry_config_folder(command)?)])
    }

    /// The folder of the settings of whoever runs Poetry.
    fn poetry_config_folder(&self, command: &Command) -> Result<String, Obstacle> {
        if let Some(folder) = self.variable(command, "POETRY_CONFIG_DIR")? {
            return Ok(folder);
        }
        Ok(match self.variable(command, "XDG_CONFIG_HOME")? {
            Some(folder) => format!("{folder}/pypoetry"),
            None => format!("{}/.config/pypoetry", self.home_folder(command)?),
        })
    }

    fn poetry_settings(&self, command: &Command, used: &ManagerUse) -> Result<Poetry, Obstacle> {
        let mut own = Poetry::default();
        for (variable, name) in [
            ("POETRY_VIRTUALENVS_CREATE", "virtualenvs.create"),
            ("POETRY_VIRTUALENVS_IN_PROJECT", "virtualenvs.in-project"),
            ("POETRY_VIRTUALENVS_PATH", "virtualenvs.path"),
            ("POETRY_CACHE_DIR", "cache-dir"),
        ] {
            if let Some(value) = self.variable(command, variable)? {
                own.set(name, &value);
            }
        }
        let project = workdir(command, used)?;
        let project = self.poetry_file(&format!("{}/poetry.toml", project.trim_end_matches('/')))?;
        // What commands set stands in the last file.
        let folder = self.poetry_config_folder(command)?;
        let of_user = self
            .poetry
            .clone()
            .or(self.poetry_file(&format!("{folder}/config.toml"))?);
        Ok(own.or(project).or(of_user))
    }

    /// What a file of settings says, if it is there.
    fn poetry_file(&self, path: &str) -> Result<Poetry, Obstacle> {
        let text = match self.told.written(path) {
            Some(written) => written,
            None => self.files.read(path.trim_start_matches('/')).map(Arc::from),
        };
        let is_there = text.is_some() || self.told.written(path).is_some();
        match text.as_deref().map(Poetry::of_file) {
            Some(Some(settings)) => Ok(settings),
            None if !is_there => Ok(Poetry::default()),
            _ => Err(Obstacle::new(
                ObstacleKind::UnknownPlace,
                format!("{path} tells Poetry where the virtual environment is, and cannot be read"),
                "copy it from the build context, or set POETRY_VIRTUALENVS_IN_PROJECT=1",
            )),
        }
    }
}

fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_settings() {
        let settings =
            Poetry::of_file("cache-dir = \"/c\"\n[virtualenvs]\nin-project = true\npath = \"/v\"\n").unwrap();
        assert_eq!(settings.in_project, Some(true));
        assert_eq!(
            (settings.path.as_deref(), settings.cache.as_deref()),
            (Some("/v"), Some("/c"))
        );
        assert_eq!(Poetry::of_file("in-project true"), None);
    }
}
