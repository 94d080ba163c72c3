//! Python: what its installs leave, and what its manifests name.

pub(crate) mod manifests;
mod poetry;
pub(crate) mod programs;
mod uv_python;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, Execution, Facts, ManagerUse, Scope, User, Word, is_within};
use crate::knowledge::Action;
use crate::syntax::Dockerfile;

use super::{Left, Output, Surroundings, absolute, workdir};

pub(crate) use poetry::Poetry;

impl Surroundings<'_> {
    pub(crate) fn python(&self, run: &Execution, number: usize, command: &Command, used: &ManagerUse) -> Left {
        let option = |names: &[&str]| used.options.iter().find(|(name, ..)| names.contains(&name.as_str()));
        let id = used.manager.id.as_str();
        match used.action {
            // The environment that it makes may point to an interpreter that it downloads.
            Action::Other if id == "uv" && makes_venv(command) => {
                return Ok(Some(self.downloaded_python(command, used)?.into_iter().collect()));
            }
            Action::CleanCache | Action::Other => return Ok(Some(Vec::new())),
            Action::Download | Action::UpdateLists => return Ok(Some(Vec::new())),
            // `uv run`, `poetry run`: a program of the project.
            Action::Run | Action::Exec => return Ok(None),
            Action::Config if id == "poetry" => return Ok(Some(self.poetry_config(command)?)),
            Action::Config => return Ok(None),
            Action::Remove => return Ok(Some(self.site(run, number, command, used)?)),
            Action::Install | Action::Upgrade | Action::Build => {}
        }
        if let Some((_, value, _)) = option(&["-t", "--target", "--prefix"]) {
            let folder = value.as_deref().and_then(|folder| absolute(command, folder));
            let folder = folder.filter(|folder| folder.len() > 1 && !matches!(folder.as_str(), "/usr" | "/usr/local"));
            return folder.map(|folder| Some(vec![Output::Path(folder)])).ok_or_else(|| {
                Obstacle::new(
                    ObstacleKind::UnknownPlace,
                    "packages are installed into a folder that is not known",
                    "name it by an absolute path",
                )
            });
        }
        if let Some((_, Some(place), _)) = option(&["-p", "--python"]).filter(|_| used.verb.starts_with("pip")) {
            let folder = absolute(command, place).filter(|_| place.contains('/'));
            let folder = folder.map(|path| path.split("/bin/python").next().unwrap_or_default().to_owned());
            if let Some(folder) = folder.filter(|folder| self.venvs.contains(folder)) {
                return Ok(Some(vec![Output::Path(folder)]));
            }
        }
        let elsewhere: &[&str] = match id {
            "uv" if used.verb.starts_with("pip") => &["--root", "--project", "--directory", "--python", "-p"],
            "uv" => &["--root", "--project", "--directory"],
            _ => &["--root", "--project", "--directory", "--python"],
        };
        if option(elsewhere).is_some() {
            return Err(Obstacle::new(
                ObstacleKind::UnknownPlace,
                format!(
                    "`{}` is told of another folder or interpreter by an option",
                    used.program
                ),
                "split the stages by hand",
            ));
        }
        let mut left = self.site(run, number, command, used)?;
        let only_tools = used.packages.iter().all(|(name, ..)| programs::is_python_tool(name));
        if left == [Output::PythonSite]
            && only_tools
            && !used.packages.is_empty()
            && used.reads.is_empty()
            && !used.has_unknown_arguments
        {
            return Ok(Some(vec![Output::PythonTools(
                used.packages.iter().map(|(name, ..)| name.clone()).collect(),
            )]));
        }
        let is_local = |name: &str| name.starts_with('.') || name.starts_with('/') || name.contains("file:");
        let editable = option(&["-e", "--editable"]).is_some();
        let builds_project = matches!(id, "uv" | "poetry" | "pdm" | "pipenv") && !used.verb.starts_with("pip");
        let skips_project = option(&["--no-root", "--no-install-project", "--no-self"]).is_some();
        let names_project =
            used.packages.iter().any(|(name, ..)| is_local(name)) || used.reads.iter().flatten().any(|p| p == ".");
        if editable || (builds_project && !skips_project) || names_project {
            // The project's own folder gets its metadata, and compiled parts of an editable install.
            if editable || builds_project {
                left.push(Output::Metadata(workdir(command, used)?));
            }
        }
        Ok(Some(left))
    }

    /// Where a Python manager installs to.
    fn site(
        &self,
        run: &Execution,
        number: usize,
        command: &Command,
        used: &ManagerUse,
    ) -> Result<Vec<Output>, Obstacle> {
        let option = |names: &[&str]| used.options.iter().any(|(name, ..)| names.contains(&name.as_str()));
        let variable = |name: &str| self.variable(command, name);
        let folder = |path: &str| {
            let known = absolute(command, path).map(|path| vec![Output::Path(path)]);
            known.ok_or_else(|| {
                Obstacle::new(
                    ObstacleKind::UnknownPlace,
                    format!("nothing tells where `{path}` is"),
                    "set WORKDIR to an absolute path",
                )
            })
        };
        for name in [
            "PIP_TARGET",
            "PIP_PREFIX",
            "PIP_ROOT",
            "PYTHONUSERBASE",
            "PYTHONHOME",
            "PIP_PYTHON",
            "UV_PYTHON",
        ] {
            if variable(name) != Ok(None) {
                return Err(Obstacle::new(
                    ObstacleKind::UnknownPlace,
                    format!("the variable {name} says where packages go"),
                    "split the stages by hand",
                ));
            }
        }
        let home = || {
            // `gosu app pip install`: the home folder is that of the account which runs it.
            let home = match &used.user {
                user if *user == self.scope.user => self.scope.home(),
                User::Root => Some("/root"),
                User::Other(account) => self
                    .scope
                    .accounts
                    .get(&account.name)
                    .unwrap_or(account)
                    .home
                    .as_deref(),
                User::Unknown => None,
            };
            let home = home.map(|home| format!("{}/.local", home.trim_end_matches('/')));
            home.map(|home| vec![Output::PythonUser(home)]).ok_or_else(|| {
                Obstacle::new(
                    ObstacleKind::UnknownPlace,
                    "packages go to the home folder of a user that is not known",
                    "create the user in this file, with a home folder",
                )
            })
        };
        match used.manager.id.as_str() {
            "uv" if used.verb.starts_with("pip") => {
                if option(&["--system"])
                    || variable("UV_SYSTEM_PYTHON")?.is_some_and(|value| value != "0" && value != "false")
                {
                    return Ok(vec![Output::PythonOwn]);
                }
                folder(variable("VIRTUAL_ENV")?.as_deref().unwrap_or(".venv"))
            }
            "uv" if used.verb.starts_with("tool") || used.verb.starts_with("python") => Err(Obstacle::new(
                ObstacleKind::SharedPlace,
                format!("`uv {}` installs into folders of its own", used.verb),
                "split the stages by hand",
            )),
            "uv" => {
                let active = if option(&["--active"]) {
                    variable("VIRTUAL_ENV")?
                } else {
                    None
                };
                let place = active.or(variable("UV_PROJECT_ENVIRONMENT")?);
                let mut left = match place.as_deref() {
                    Some("/usr/local" | "/usr/local/") => vec![Output::PythonOwn],
                    place => folder(place.unwrap_or(".venv"))?,
                };
                left.extend(self.downloaded_python(command, used)?);
                Ok(left)
            }
            "pdm" => folder(variable("VIRTUAL_ENV")?.as_deref().unwrap_or(".venv")),
            "poetry" | "pipenv" => {
                if let Some(environment) = self.active(run, number, command) {
                    return Ok(vec![Output::Environment(environment)]);
                }
                let named = variable("VIRTUAL_ENV")?.filter(|folder| self.venvs.contains(folder));
                if let Some(environment) = named {
                    return Ok(vec![Output::Environment(environment)]);
                }
                if used.manager.id == "poetry" {
                    return Ok(vec![self.poetry_place(command, used)?]);
                }
                if option(&["--system"]) {
                    return Ok(vec![Output::PythonSite]);
                }
                if variable("PIPENV_VENV_IN_PROJECT")?.is_some() {
                    return folder(".venv");
                }
                let moved = ["WORKON_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"];
                let home = self
                    .scope
                    .home()
                    .filter(|_| moved.iter().all(|name| variable(name) == Ok(None)));
                let place = |home: &str| format!("{}/.local/share/virtualenvs", home.trim_end_matches('/'));
                home.map(|home| vec![Output::Path(place(home))]).ok_or_else(|| {
                    Obstacle::new(
                        ObstacleKind::UnknownPlace,
                        "nothing tells where the virtual environment is",
                        "set PIPENV_VENV_IN_PROJECT=1",
                    )
                })
            }
            _ => {
                let for_user = option(&["--user"]) || variable("PIP_USER")?.is_some();
                match self.active(run, number, command) {
                    Some(_) if for_user => {
                        return Err(Obstacle::new(
                            ObstacleKind::Unsupported,
                            "pip installs nothing for a user while a virtual environment is active",
                            "leave the option --user out",
                        ));
                    }
                    Some(environment) => return Ok(vec![Output::Environment(environment)]),
                    None => {}
                }
                if self.leads_elsewhere() {
                    return Err(Obstacle::new(
                        ObstacleKind::UnknownPlace,
                        "PATH begins with a folder that this stage does not make, so that nothing tells which Python installs",
                        "split the stages by hand",
                    ));
                }
                match (for_user, &used.user) {
                    (true, _) | (false, User::Other(_)) => home(),
                    (false, User::Root) => Ok(vec![Output::PythonSite]),
                    (false, User::Unknown) => Err(Obstacle::new(
                        ObstacleKind::UnknownPlace,
                        "nothing tells which user installs the packages",
                        "write USER root before the install",
                    )),
                }
            }
        }
    }

    /// The virtual environment that a command runs in.
    pub(crate) fn active(&self, run: &Execution, number: usize, command: &Command) -> Option<String> {
        let known = |folder: &str| self.venvs.contains(folder).then(|| folder.to_owned());
        let program = command.words.first()?.value.as_deref()?;
        if program.contains('/') {
            let path = absolute(command, program)?;
            let (folder, _) = path.rsplit_once("/bin/")?;
            return known(folder);
        }
        let sourced = run.commands.iter().take(number).rev().find_map(|other| {
            let script =
                matches!(other.program(), Some("." | "source")).then(|| other.words.get(1)?.value.as_deref())??;
            let path = absolute(other, script)?;
            known(path.strip_suffix("/bin/activate")?)
        });
        sourced.or_else(|| {
            self.path()
                .filter(|_| !command.new_environment)
                .find_map(|part| known(part.trim_end_matches('/').strip_suffix("/bin")?))
        })
    }

    /// The parts of PATH.
    fn path(&self) -> impl Iterator<Item = &str> {
        let path = self.scope.variables.get("PATH");
        path.and_then(|path| path.value.as_deref())
            .unwrap_or_default()
            .split(':')
    }

    /// Whether PATH puts a folder before the usual ones in which another Python may be.
    fn leads_elsewhere(&self) -> bool {
        let usual = |part: &str| {
            let folders = [
                "/usr",
                "/bin",
                "/sbin",
                "/root/.local",
                "/home",
                "/root/.poetry",
                "/opt/poetry",
                "/root/.cargo",
            ];
            part.is_empty() || part.starts_with('$') || folders.iter().any(|folder| is_within(part, folder))
        };
        self.path()
            .any(|part| (part.contains("conda") || part.contains("venv")) && !usual(part))
    }
}

/// `uv venv`.
fn makes_venv(command: &Command) -> bool {
    let mut words = command.words.iter().skip(1);
    words
        .find(|word| !word.text.starts_with('-'))
        .is_some_and(|word| word.text == "venv")
}

/// The virtual environments that the stage makes.
pub(crate) fn venvs(file: &Dockerfile, facts: &Facts, stage: Range<usize>) -> BTreeSet<String> {
    let runs = stage.filter_map(|index| Some((facts.scope(index)?, facts.run(file, index)?)));
    runs.flat_map(|(scope, run)| run.commands.iter().filter_map(move |command| made_venv(command, scope)))
        .collect()
}

/// The virtual environment that a command makes.
pub(crate) fn made_venv(command: &Command, scope: &Scope) -> Option<String> {
    // The folder is often a variable.
    let value = |word: &Word| {
        let name = word
            .text
            .trim_matches('"')
            .trim_start_matches("${")
            .trim_start_matches('$');
        let variable = || scope.variables.get(name.trim_end_matches('}'))?.value.clone();
        word.value
            .clone()
            .or_else(|| word.text.contains('$').then(variable).flatten())
    };
    let makes = |program: &String| programs::is_python(program) || matches!(program.as_str(), "virtualenv" | "uv");
    let mut words = command.words.iter().filter_map(value);
    let program = words.next().filter(makes)?;
    let words: Vec<String> = words.collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let operands = match (program.as_str(), words.as_slice()) {
        ("virtualenv", operands) | ("uv", ["venv", operands @ ..]) => operands,
        (python, ["-m", "venv" | "virtualenv", operands @ ..]) if programs::is_python(python) => operands,
        _ => return None,
    };
    let is_value = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| operands.get(at));
        before.is_some_and(|before| matches!(*before, "-p" | "--python" | "--prompt"))
    };
    let mut folders = operands.iter().enumerate();
    let folder = folders
        .find(|(at, word)| !word.starts_with('-') && !word.contains("python") && !is_value(*at))
        .map(|(_, word)| *word)
        .or((program == "uv").then_some(".venv"));
    absolute(command, folder?)
}
