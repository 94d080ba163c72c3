//! Ruby: what installs of RubyGems and Bundler leave, and what their manifests name.

pub(crate) mod manifests;

use std::ops::Range;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, Facts, ManagerUse};
use crate::knowledge::Action;
use crate::syntax::Dockerfile;

use super::{Left, Output, Surroundings, absolute, workdir};

/// Where the official images keep gems, and Bundler's settings: GEM_HOME and BUNDLE_APP_CONFIG. The folder is empty in
/// the image.
const GEMS: &str = "/usr/local/bundle";

/// Where Bundler is told to install, by settings that the stage makes with `bundle config`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bundler {
    /// `path`, as written.
    path: Option<String>,
    /// `deployment`, which means `vendor/bundle` in the project.
    deploys: bool,
}

impl Bundler {
    /// What the commands of the stage say.
    pub(crate) fn of(file: &Dockerfile, facts: &Facts, stage: Range<usize>) -> Bundler {
        let mut bundler = Bundler::default();
        let runs = stage.filter_map(|index| facts.run(file, index));
        for command in runs.flat_map(|run| &run.commands) {
            let words: Vec<&str> = command.words.iter().filter_map(|word| word.value.as_deref()).collect();
            let ["bundle" | "bundler", "config", rest @ ..] = words.as_slice() else {
                continue;
            };
            let rest: Vec<&str> = rest
                .iter()
                .copied()
                .filter(|word| !word.starts_with('-') && *word != "set")
                .collect();
            match rest.as_slice() {
                ["path", path] => bundler.path = Some((*path).to_owned()),
                ["deployment", value] => bundler.deploys = *value != "false",
                _ => {}
            }
        }
        bundler
    }
}

impl Surroundings<'_> {
    pub(crate) fn ruby(&self, command: &Command, used: &ManagerUse) -> Left {
        let option = |names: &[&str]| used.options.iter().find(|(name, ..)| names.contains(&name.as_str()));
        match used.action {
            Action::CleanCache | Action::Other | Action::Download | Action::UpdateLists => return Ok(Some(Vec::new())),
            // `bundle exec rails assets:precompile`: what it makes is in the project.
            Action::Run | Action::Exec => return Ok(Some(vec![Output::Project(workdir(command, used)?)])),
            Action::Config if option(&["--global"]).is_none() => return Ok(Some(vec![self.settings()?])),
            Action::Config => return Ok(None),
            Action::Install | Action::Upgrade | Action::Remove | Action::Build => {}
        }
        if used.manager.id == "gem" && option(&["--system"]).is_some() {
            return Err(Obstacle::new(
                ObstacleKind::SharedPlace,
                "RubyGems itself is replaced, among the files of the base image",
                "use an image with the version that is wanted",
            ));
        }
        if option(&[
            "--standalone",
            "--binstubs",
            "-i",
            "--install-dir",
            "-n",
            "--bindir",
            "--build-root",
            "--user-install",
            "--gemfile",
        ])
        .is_some()
        {
            return Err(Obstacle::new(
                ObstacleKind::UnknownPlace,
                format!("`{}` is told of another folder by an option", used.program),
                "install where the base image keeps gems",
            ));
        }
        if used.manager.id == "gem" {
            return Ok(Some(vec![self.gems()?]));
        }
        let variable = |name: &str| self.variable(command, name);
        let told = option(&["--path"]).map(|(_, path, _)| path.clone().unwrap_or_default());
        let told = match told {
            Some(told) => Some(told),
            None => variable("BUNDLE_PATH")?.or_else(|| self.bundler.path.clone()),
        };
        let deploys = option(&["--deployment"]).is_some()
            || self.bundler.deploys
            || variable("BUNDLE_DEPLOYMENT")?.is_some_and(|value| !matches!(value.as_str(), "0" | "false" | ""));
        let gems = match told {
            Some(path) if path == GEMS => return Ok(Some(vec![self.gems()?])),
            None if !deploys => return Ok(Some(vec![self.gems()?])),
            Some(path) => absolute(command, &path).filter(|_| !path.is_empty() && !path.contains('$')),
            None => absolute(command, "vendor/bundle"),
        };
        let gems = gems.ok_or_else(|| {
            Obstacle::new(
                ObstacleKind::UnknownPlace,
                "gems are installed into a folder that is not known",
                "set BUNDLE_PATH to an absolute path",
            )
        })?;
        let mut left = vec![Output::Path(gems)];
        // An option is remembered as a setting.
        if option(&["--path", "--deployment", "--without", "--with"]).is_some() {
            left.push(self.settings()?);
        }
        Ok(Some(left))
    }

    /// The folder of the image's gems.
    fn gems(&self) -> Result<Output, Obstacle> {
        let home = self.scope.variables.get("GEM_HOME");
        let home = home.map_or(self.is_ruby_image.then_some(GEMS), |home| home.value.as_deref());
        home.map(|home| Output::Path(home.to_owned())).ok_or_else(|| {
            Obstacle::new(
                ObstacleKind::SharedPlace,
                "gems are installed among the files of the system",
                "set BUNDLE_PATH to a folder of its own, such as /opt/bundle",
            )
        })
    }

    /// Where Bundler's settings for the project are.
    fn settings(&self) -> Result<Output, Obstacle> {
        let folder = self.scope.variables.get("BUNDLE_APP_CONFIG");
        let folder = folder.map_or(self.is_ruby_image.then_some(GEMS), |folder| folder.value.as_deref());
        folder.map(|folder| Output::Path(folder.to_owned())).ok_or_else(|| {
            Obstacle::new(
                ObstacleKind::SharedPlace,
                "Bundler's settings are written beside the sources",
                "make them by variables: ENV BUNDLE_PATH, BUNDLE_WITHOUT, BUNDLE_DEPLOYMENT",
            )
        })
    }
}
