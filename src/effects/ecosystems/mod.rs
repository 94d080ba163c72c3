//! What installs and builds leave behind that the program needs at run time.

mod dotnet;
mod elixir;
mod elsewhere;
mod go;
mod ground;
mod haskell;
mod jvm;
pub mod manifests;
mod native;
pub(crate) mod node;
mod output_settings;
mod php;
pub(crate) mod python;
mod ruby;
mod rust;
mod told;
mod written_project;

use std::collections::BTreeSet;

use crate::context::Files;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{self, Command, Execution, ManagerUse, Scope};
use crate::knowledge::{Action, Compiler, OptionRole, Reading, compiler_called};

use super::{AbsolutePath, Place};

pub(crate) use dotnet::manifests::uses_asp_net;
pub(crate) use ground::{Ground, image_below};
pub(crate) use jvm::{Beside, beside, names_built_file};
pub(crate) use node::{INSTALL_SCRIPTS, runs_scripts};
pub(crate) use python::{Poetry, venvs};
pub(crate) use ruby::Bundler;
pub(crate) use rust::{cargo_libraries, cargo_programs};
pub(crate) use told::Told;

use native::Destinations;
use python::{made_venv, programs};

/// Something that must cross to the runtime stage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Output {
    /// What Python installs into the interpreter's own folders.
    PythonSite,
    /// The same, by a tool that does so whatever environment is active.
    PythonOwn,
    /// What Python installs for one user, in this folder: no virtual environment takes or shows it.
    PythonUser(String),
    /// Tools of Python, of these names, that only installs and builds call, unless something runs them.
    PythonTools(Vec<String>),
    /// Exactly this file or folder.
    Path(String),
    /// A virtual environment in this folder.
    Environment(String),
    /// A file that the file names somewhere: any path in this folder.
    NamedIn(String),
    /// The same, with what a jar or a start script in this folder of a project needs beside itself.
    Packaged(String),
    /// What the file names in this folder and nothing else of it: the file, or the folder of so many parts below.
    OnlyNamed(String, Option<usize>),
    /// Those of these programs in this folder that something runs.
    Programs(String, Vec<String>),
    /// Anything in the folder of the project that this folder is in.
    Project(String),
    /// What an editable install writes beside the sources in this folder, if they are there.
    Metadata(String),
    /// `/usr/local`.
    Local,
}

impl Output {
    /// Whether it is among files of the base image.
    pub(crate) fn is_in_shared_folder(&self) -> bool {
        matches!(
            self,
            Output::PythonSite | Output::PythonOwn | Output::PythonTools(_) | Output::Local
        )
    }

    /// Whether code of the project ran to make it.
    pub(crate) fn is_of_own_code(&self) -> bool {
        !matches!(
            self,
            Output::PythonSite
                | Output::PythonOwn
                | Output::PythonUser(_)
                | Output::PythonTools(_)
                | Output::Path(_)
                | Output::Environment(_)
        )
    }

    /// Where it is, as far as that can be told without the interpreter's version.
    pub(crate) fn places(&self) -> Vec<Place> {
        let under = |path: &str| AbsolutePath::of(path, None).map_or(Place::Anywhere, Place::Under);
        match self {
            Output::PythonSite | Output::PythonOwn | Output::PythonTools(_) | Output::Local => {
                vec![under("/usr/local")]
            }
            Output::Path(path) | Output::Environment(path) | Output::PythonUser(path) => {
                let path = AbsolutePath::of(path, None);
                vec![path.map_or(Place::Anywhere, Place::of_pattern)]
            }
            Output::NamedIn(folder)
            | Output::Packaged(folder)
            | Output::OnlyNamed(folder, _)
            | Output::Project(folder)
            | Output::Metadata(folder) => vec![under(folder)],
            Output::Programs(folder, names) => names.iter().map(|name| under(&format!("{folder}/{name}"))).collect(),
        }
    }
}

/// What is around the commands of one RUN.
pub(crate) struct Surroundings<'a> {
    pub(crate) scope: &'a Scope,
    /// The virtual environments that the stage makes, as absolute folders.
    pub(crate) venvs: &'a BTreeSet<String>,
    /// Settings of poetry that the stage makes by `poetry config`.
    pub(crate) poetry: &'a Poetry,
    /// What steps of the stage tell managers of other places.
    pub(crate) told: &'a Told,
    /// Settings of Bundler that the stage makes by `bundle config`.
    pub(crate) bundler: &'a Bundler,
    /// Where the native builds of the stage are told to put what they make.
    pub(crate) destinations: &'a Destinations,
    /// The version of the base image's Python, `3.12`, where its tag tells.
    pub(crate) image_python: Option<&'a str>,
    /// Whether the stage installs the distribution's Python.
    pub(crate) has_system_python: bool,
    /// Whether the base image is the official one of Ruby.
    pub(crate) is_ruby_image: bool,
    /// Whether the base image is the official one of PHP.
    pub(crate) is_php_image: bool,
    /// Whether members of a workspace may get a `node_modules` of their own.
    pub(crate) has_workspaces: bool,
    /// Whether an install of npm runs scripts of the project itself.
    pub(crate) runs_scripts: bool,
    /// Packages of npm that bring no code to compile.
    pub(crate) is_plain_package: &'a dyn Fn(&str) -> bool,
    /// Whether `go get` installs programs, as it did before Go 1.18; none where nothing tells the version.
    pub(crate) go_get_installs: Option<bool>,
    /// Settings of Go that the stage makes by `go env`.
    pub(crate) go_settings: &'a go::GoSettings,
    /// The files of the project as the COPYs before the RUN put them into the image.
    pub(crate) files: &'a dyn Files,
}

/// The absolute path of a word.
pub(crate) fn absolute(command: &Command, word: &str) -> Option<String> {
    facts::absolute(word, command.workdir.as_deref())
}

type Left = Result<Option<Vec<Output>>, Obstacle>;

fn unknown_folder(program: &str) -> Obstacle {
    Obstacle::new(
        ObstacleKind::UnknownPlace,
        format!("nothing tells in which folder `{program}` runs"),
        "set WORKDIR to an absolute path before it",
    )
}

/// The folder that a manager works in.
fn workdir(command: &Command, used: &ManagerUse) -> Result<String, Obstacle> {
    let moved = used.options.iter().find(|(name, ..)| {
        matches!(
            name.as_str(),
            "--prefix" | "-C" | "--cwd" | "--dir" | "--manifest-path" | "-f" | "--file" | "-p" | "--project-dir"
        ) && !matches!(used.manager.id.as_str(), "pip" | "uv" | "poetry")
    });
    match moved {
        None => command.workdir.clone().ok_or_else(|| unknown_folder(&used.program)),
        Some((_, Some(folder), _)) if !folder.contains('.') => {
            absolute(command, folder).ok_or_else(|| unknown_folder(&used.program))
        }
        Some((name, ..)) => Err(Obstacle::new(
            ObstacleKind::UnknownPlace,
            format!("`{}` is told of another folder by {name}", used.program),
            "go there with WORKDIR",
        )),
    }
}

impl Surroundings<'_> {
    /// The value of a variable where `command` runs; none if it is not set.
    ///
    /// # Errors
    /// It is set to something that is not known.
    pub(crate) fn variable(&self, command: &Command, name: &str) -> Result<Option<String>, Obstacle> {
        let assigned = command.assignments.iter().rfind(|assigned| assigned.name == name);
        let outer = || command.exported.get(name).or_else(|| self.scope.variables.get(name));
        let value = match (assigned, outer().filter(|_| !command.new_environment)) {
            (Some(assigned), _) => assigned.value.clone(),
            (None, Some(variable)) => variable.value.clone().filter(|_| variable.certain),
            (None, None) => return Ok(None),
        };
        // An empty value counts as none.
        let value = value.map(|value| Some(value).filter(|value| !value.is_empty()));
        value.ok_or_else(|| {
            Obstacle::new(
                ObstacleKind::UnknownPlace,
                format!("nothing tells what {name} is, which says where the command writes"),
                "set it to a plain path with ENV",
            )
        })
    }

    /// The home folder of whoever runs `command`.
    ///
    /// # Errors
    /// It is not known.
    pub(crate) fn home_folder(&self, command: &Command) -> Result<String, Obstacle> {
        let home = match self.variable(command, "HOME")? {
            Some(home) => Some(home),
            None => self.scope.home().map(str::to_owned),
        };
        home.map(|home| home.trim_end_matches('/').to_owned()).ok_or_else(|| {
            Obstacle::new(
                ObstacleKind::UnknownPlace,
                "the home folder of the user is not known",
                "create the user in this file, with a home folder",
            )
        })
    }

    /// What a command of a language's manager leaves; none where it is no install and no build.
    pub(crate) fn left_by_manager(&self, run: &Execution, number: usize, command: &Command, used: &ManagerUse) -> Left {
        if matches!(used.action, Action::Install | Action::Upgrade | Action::Build) {
            self.refuse_told(command, used)?;
        }
        let left = self.left_in_its_places(run, number, command, used)?;
        if left.iter().flatten().any(Output::is_of_own_code) && !used.is_node() {
            self.refuse_named_by_manager(run, number, command, used)?;
        }
        let Some(folder) = self.written_project(command, used)? else {
            return Ok(left);
        };
        let left = left.into_iter().flatten();
        Ok(Some(left.chain([Output::Project(folder)]).collect()))
    }

    /// Refuses a command that runs code of the project and names a place outside of it: the code may write there.
    fn refuse_named_by_manager(
        &self,
        run: &Execution,
        number: usize,
        command: &Command,
        used: &ManagerUse,
    ) -> Result<(), Obstacle> {
        let folder = workdir(command, used)?;
        let inner = run
            .commands
            .get(number + 1)
            .filter(|_| run.is_run_by_the_one_before(number + 1));
        let is_told = inner.and_then(Command::reading).is_some_and(Reading::is_complete);
        let end = used.inner_at.filter(|_| is_told).unwrap_or(command.words.len());
        let words = command.words.iter().take(end).skip(1);
        let words = words.filter_map(|word| word.value.as_deref());
        let own = used.options.iter().filter_map(|(name, value, _)| {
            let is_path = used
                .manager
                .options
                .role(name)
                .is_some_and(|role| role != OptionRole::Plain);
            value.as_deref().filter(|_| is_path)
        });
        let caches = used.caches.iter().filter_map(|cache| cache.path.as_deref());
        let known: Vec<&str> = own.chain(caches).collect();
        self.refuse_named(&folder, words, &known)
    }

    /// What it leaves where the manager keeps packages, and what it builds.
    fn left_in_its_places(&self, run: &Execution, number: usize, command: &Command, used: &ManagerUse) -> Left {
        match used.manager.id.as_str() {
            "pip" | "uv" | "poetry" | "pipenv" | "pdm" => self.python(run, number, command, used),
            "npm" | "yarn" | "yarn-berry" | "pnpm" | "bun" => self.node(command, used),
            "corepack" => Ok(None),
            "gem" | "bundler" => self.ruby(command, used),
            "composer" => self.composer(command, used),
            "dotnet" => self.dotnet(command, used),
            "go" => self.go(command, used),
            "cargo" => self.cargo(command, used),
            "mix" => self.mix(command, used),
            "stack" => self.stack(command, used),
            "cabal" => self.cabal(command, used),
            "maven" | "gradle" => jvm::left(command, used),
            other => match used.action {
                Action::Other | Action::Config | Action::CleanCache => Ok(None),
                _ => Err(Obstacle::new(
                    ObstacleKind::UnknownCommand,
                    format!("nothing tells which files `{other}` leaves that the program needs"),
                    "split the stages by hand",
                )),
            },
        }
    }

    /// A build of the project in `folder`.
    fn build_in(&self, folder: &str) -> Option<elsewhere::Build<'_>> {
        Some(elsewhere::Build {
            scope: self.scope,
            files: self.files,
            project: AbsolutePath::of(folder, None)?,
        })
    }

    /// Refuses a command that runs in `folder`, where its words or the settings of the project name a place outside of that
    /// which is not within `known`.
    fn refuse_named<'w>(
        &self,
        folder: &str,
        words: impl Iterator<Item = &'w str>,
        known: &[&str],
    ) -> Result<(), Obstacle> {
        match self.build_in(folder) {
            Some(build) => build.by_settings().and_then(|_| build.refuse_named(words, known)),
            None => Ok(()),
        }
    }

    /// What a compiler or a build tool leaves; none for any other program.
    pub(crate) fn left_by_tool(&self, run: &Execution, number: usize, command: &Command) -> Left {
        let Some(program) = command.words.first().and_then(|word| word.value.as_deref()) else {
            return Ok(None);
        };
        let words: Vec<&str> = command.words.iter().filter_map(|word| word.value.as_deref()).collect();
        if let Some(folder) = made_venv(command, self.scope) {
            return Ok(Some(vec![Output::Environment(folder)]));
        }
        if programs::is_python(program) && matches!(words.get(1).copied(), Some("setup.py")) {
            let Some(folder) = command.workdir.clone() else {
                return Err(unknown_folder(program));
            };
            self.refuse_named(&folder, command.literal_arguments(), &[])?;
            let mut left = match self.active(run, number, command) {
                Some(environment) => vec![Output::Environment(environment)],
                None => vec![Output::PythonSite],
            };
            left.push(Output::Project(folder));
            return Ok(Some(left));
        }
        let name = program.rsplit('/').next().unwrap_or(program);
        if let Some(left) = self.php_extensions(name, &words) {
            return Ok(Some(left));
        }
        let place = || command.workdir.clone().ok_or_else(|| unknown_folder(program));
        if matches!(name, "rails" | "rake") && words.iter().any(|word| word.starts_with("assets:")) {
            let folder = place()?;
            self.refuse_named(&folder, command.literal_arguments(), &[])?;
            return Ok(Some(vec![Output::Project(folder)]));
        }
        let values: Vec<Option<&str>> = command.words.iter().map(|word| word.value.as_deref()).collect();
        match compiler_called(&values) {
            None => Ok(None),
            Some(Compiler::Native) => Ok(Some(self.native(command, &place()?)?)),
            Some(Compiler::Node) => {
                let mut left = vec![Output::Project(place()?)];
                left.extend(self.node_elsewhere(command, &[], &place()?)?);
                Ok(Some(left))
            }
            Some(Compiler::Wrapper) => {
                let mut left = vec![Output::NamedIn(place()?)];
                left.extend(self.native_elsewhere(command, &place()?)?);
                // Where all goes to a folder of its own, nothing is left among the sources.
                if left.len() > 1 {
                    left.remove(0);
                }
                Ok(Some(left))
            }
        }
    }
}
