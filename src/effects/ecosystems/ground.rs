//! What the commands of one stage find around them, worked out once for the stage.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::context::ContextSource;
use crate::context::Files;
use crate::facts::{Base, Command, Facts, ImageReference, Scope, Stage};
use crate::knowledge::{Kind, is_plain_node_package};
use crate::syntax::Dockerfile;

use super::go::{GoSettings, go_get_installs};
use super::{Bundler, Destinations, Poetry, Surroundings, Told, runs_scripts, venvs};

/// What is the same for all commands of a stage.
#[derive(Debug)]
pub(crate) struct Ground {
    venvs: BTreeSet<String>,
    poetry: Poetry,
    told: Told,
    bundler: Bundler,
    destinations: Destinations,
    go_settings: GoSettings,
    image: Option<ImageReference>,
    image_python: Option<String>,
    has_system_python: bool,
    has_workspaces: bool,
    runs_scripts: bool,
}

impl Ground {
    /// Takes a stage with the image that it stands on; `range` are the instructions to look through for settings.
    pub(crate) fn of(
        file: &Dockerfile,
        facts: &Facts,
        range: Range<usize>,
        image: Option<ImageReference>,
        context: &ContextSource,
    ) -> Ground {
        let has_workspaces = context.exists("pnpm-workspace.yaml")
            || context.exists("lerna.json")
            || context
                .read("package.json")
                .is_ok_and(|text| text.contains("\"workspaces\""));
        Ground {
            venvs: venvs(file, facts, range.clone()),
            poetry: Poetry::of(file, facts, range.clone()),
            told: Told::of(file, facts, range.clone()),
            bundler: Bundler::of(file, facts, range.clone()),
            destinations: Destinations::of(file, facts, range.clone()),
            go_settings: GoSettings::of(file, facts, range.clone()),
            image_python: image.as_ref().and_then(python_of),
            has_system_python: installs_python(file, facts, range),
            image,
            has_workspaces,
            runs_scripts: *context.remembered(runs_scripts),
        }
    }

    /// What commands in `scope` find around them, with the files of the project that are there.
    pub(crate) fn at<'g>(&'g self, scope: &'g Scope, files: &'g dyn Files) -> Surroundings<'g> {
        let is_image_of =
            |language: &str| self.image.as_ref().and_then(ImageReference::official_name) == Some(language);
        Surroundings {
            scope,
            venvs: &self.venvs,
            poetry: &self.poetry,
            told: &self.told,
            bundler: &self.bundler,
            destinations: &self.destinations,
            image_python: self.image_python.as_deref(),
            has_system_python: self.has_system_python,
            is_ruby_image: is_image_of("ruby"),
            is_php_image: is_image_of("php"),
            has_workspaces: self.has_workspaces,
            runs_scripts: self.runs_scripts,
            is_plain_package: &is_plain_node_package,
            go_get_installs: go_get_installs(self.image.as_ref()),
            go_settings: &self.go_settings,
            files,
        }
    }

    /// Whether a script that a command runs activates a virtual environment of the stage: it only sets variables.
    pub(crate) fn activates(&self, command: &Command, script: &str) -> bool {
        let path = super::absolute(command, script);
        let folder = path.as_deref().and_then(|path| path.strip_suffix("/bin/activate"));
        folder.is_some_and(|folder| self.venvs.contains(folder))
    }
}

/// The version of Python that the tag of an image names: `python:3.12-slim`, `uv:python3.12-bookworm`.
fn python_of(image: &ImageReference) -> Option<String> {
    let tag = image.tag.as_deref()?;
    let version = match image.official_name() {
        Some("python") => tag,
        _ => tag.split('-').find_map(|part| part.strip_prefix("python"))?,
    };
    let mut parts = version.split(['-', '.']).take_while(|part| part.parse::<u32>().is_ok());
    Some(format!("{}.{}", parts.next()?, parts.next()?))
}

/// Whether a stage installs Python as a package of the distribution.
fn installs_python(file: &Dockerfile, facts: &Facts, range: Range<usize>) -> bool {
    let runs = range.filter_map(|index| facts.run(file, index));
    let used = runs
        .flat_map(|run| &run.commands)
        .filter_map(|command| command.manager.as_ref());
    let mut packages = used
        .filter(|used| used.manager.kind == Kind::System)
        .flat_map(|used| &used.packages);
    packages.any(|(name, ..)| name == "python3" || name.starts_with("python3-"))
}

/// The image that a stage stands on, through the stages that it stands on.
pub(crate) fn image_below(facts: &Facts, stage: &Stage) -> Option<ImageReference> {
    let mut base = &stage.base;
    loop {
        match base {
            Base::Image(image) => return Some(image.clone()),
            Base::Stage(below) => base = &facts.stages.get(*below)?.base,
            Base::Scratch | Base::Unknown => return None,
        }
    }
}
