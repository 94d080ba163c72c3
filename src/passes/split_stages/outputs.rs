//! What installs and builds leave behind that the program needs at run time.

use std::collections::BTreeSet;

use crate::context::manifests::Files;
use crate::facts::{Command, Execution, Facts, ManagerUse, Scope, User, is_within};
use crate::knowledge::Action;
use crate::syntax::Dockerfile;

use super::Obstacle;
use super::programs::{self, Compiler};

/// Something that must cross to the runtime stage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Output {
    /// What Python installs into the interpreter's own folders.
    PythonSite,
    /// The same, by a tool that does so whatever environment is active.
    PythonOwn,
    /// Tools of Python, of these names, that only installs and builds call, unless something runs them.
    PythonTools(Vec<String>),
    /// Exactly this file or folder.
    Path(String),
    /// A virtual environment in this folder.
    Environment(String),
    /// A file that the file names somewhere: any path in this folder.
    NamedIn(String),
    /// Those of these programs in this folder that something runs.
    Programs(String, Vec<String>),
    /// Anything in the folder of the project that this folder is in.
    Project(String),
    /// What an editable install writes beside the sources in this folder, if they are there.
    Metadata(String),
    /// `/usr/local`.
    Local,
}

/// What is around the commands of one RUN.
pub(super) struct Surroundings<'a> {
    pub(super) scope: &'a Scope,
    /// The virtual environments that the stage makes, as absolute folders.
    pub(super) venvs: &'a BTreeSet<String>,
    /// Settings of poetry that the stage makes by `poetry config`.
    pub(super) poetry: &'a Poetry,
    /// Whether members of a workspace may get a `node_modules` of their own.
    pub(super) has_workspaces: bool,
    /// Whether an install of npm runs scripts of the project itself.
    pub(super) runs_scripts: bool,
    /// Packages of npm that bring no code to compile.
    pub(super) is_plain_package: &'a dyn Fn(&str) -> bool,
    /// Whether `go get` installs programs, as it did before Go 1.18.
    pub(super) go_get_installs: bool,
    /// The files of the project as the COPYs before the RUN put them into the image.
    pub(super) files: &'a dyn Files,
}

/// Where poetry puts an environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Poetry {
    pub(super) creates: Option<bool>,
    pub(super) in_project: Option<bool>,
}

impl Poetry {
    /// What ENV and the commands of the stage say.
    pub(super) fn of(file: &Dockerfile, facts: &Facts, stage: std::ops::Range<usize>) -> Poetry {
        let mut poetry = Poetry::default();
        let truth = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes");
        for index in stage {
            if let Some(scope) = facts.scope(index) {
                let value = |name: &str| scope.variables.get(name)?.value.as_deref().map(truth);
                poetry.creates = value("POETRY_VIRTUALENVS_CREATE").or(poetry.creates);
                poetry.in_project = value("POETRY_VIRTUALENVS_IN_PROJECT").or(poetry.in_project);
            }
            let Some(run) = facts.run(file, index) else { continue };
            for command in &run.commands {
                let words: Vec<&str> = command.words.iter().filter_map(|word| word.value.as_deref()).collect();
                let Some(at) = words.iter().position(|word| *word == "config") else {
                    continue;
                };
                let rest: Vec<&str> = words
                    .iter()
                    .skip(at + 1)
                    .copied()
                    .filter(|word| !word.starts_with('-'))
                    .collect();
                if command.program() == Some("poetry") || command.words.iter().any(|word| word.text.ends_with("poetry"))
                {
                    match rest.as_slice() {
                        ["virtualenvs.create", value, ..] => poetry.creates = Some(truth(value)),
                        ["virtualenvs.in-project", value, ..] => poetry.in_project = Some(truth(value)),
                        _ => {}
                    }
                }
            }
        }
        poetry
    }
}

/// The virtual environments that the stage makes.
pub(super) fn venvs(file: &Dockerfile, facts: &Facts, stage: std::ops::Range<usize>) -> BTreeSet<String> {
    let runs = stage.filter_map(|index| Some((facts.scope(index)?, facts.run(file, index)?)));
    runs.flat_map(|(scope, run)| run.commands.iter().filter_map(move |command| made_venv(command, scope)))
        .collect()
}

/// The virtual environment that a command makes.
fn made_venv(command: &Command, scope: &Scope) -> Option<String> {
    // The folder is often a variable.
    let value = |word: &crate::facts::Word| {
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
    let words: Vec<String> = command.words.iter().filter_map(value).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let operands = match words.as_slice() {
        [python, "-m", "venv" | "virtualenv", operands @ ..] if programs::is_python(python) => operands,
        ["virtualenv", operands @ ..] | ["uv", "venv", operands @ ..] => operands,
        _ => return None,
    };
    let folder = operands
        .iter()
        .find(|word| !word.starts_with('-') && !word.contains("python"))
        .copied()
        .or((words.first() == Some(&"uv")).then_some(".venv"));
    absolute(command, folder?)
}

/// The absolute path of a word.
pub(super) fn absolute(command: &Command, word: &str) -> Option<String> {
    Scope {
        workdir: command.workdir.clone(),
        ..Scope::default()
    }
    .absolute(word)
}

type Left = Result<Option<Vec<Output>>, Obstacle>;

impl Surroundings<'_> {
    /// What a command of a language's manager leaves; none where it is no install and no build.
    pub(super) fn left_by_manager(&self, run: &Execution, number: usize, command: &Command, used: &ManagerUse) -> Left {
        match used.manager.id.as_str() {
            "pip" | "uv" | "poetry" | "pipenv" | "pdm" => self.python(run, number, command, used),
            "npm" | "yarn" | "yarn-berry" | "pnpm" | "bun" => self.node(command, used),
            "corepack" => Ok(None),
            "go" => self.go(command, used),
            "cargo" => self.cargo(command, used),
            "maven" | "gradle" => match used.action {
                Action::Build | Action::Install | Action::Download => {
                    Ok(Some(vec![Output::NamedIn(workdir(command, used)?)]))
                }
                _ => Ok(Some(Vec::new())),
            },
            other => match used.action {
                Action::Other | Action::Config | Action::CleanCache => Ok(None),
                _ => Err((
                    format!("nothing tells which files `{other}` leaves that the program needs"),
                    "split the stages by hand".to_owned(),
                )),
            },
        }
    }

    fn python(&self, run: &Execution, number: usize, command: &Command, used: &ManagerUse) -> Left {
        let option = |names: &[&str]| used.options.iter().find(|(name, ..)| names.contains(&name.as_str()));
        let id = used.manager.id.as_str();
        match used.action {
            Action::CleanCache | Action::Other => return Ok(Some(Vec::new())),
            Action::Download | Action::UpdateLists => return Ok(Some(Vec::new())),
            // `uv run`, `poetry run`: a program of the project.
            Action::Run | Action::Exec => return Ok(None),
            Action::Config => return Ok((id == "poetry").then(Vec::new)),
            Action::Remove => return Ok(Some(self.site(run, number, command, used)?)),
            Action::Install | Action::Upgrade | Action::Build => {}
        }
        if let Some((_, value, _)) = option(&["-t", "--target", "--prefix"]) {
            let folder = value.as_deref().and_then(|folder| absolute(command, folder));
            let folder = folder.filter(|folder| folder.len() > 1 && !matches!(folder.as_str(), "/usr" | "/usr/local"));
            return folder.map(|folder| Some(vec![Output::Path(folder)])).ok_or_else(|| {
                (
                    "packages are installed into a folder that is not known".to_owned(),
                    "name it by an absolute path".to_owned(),
                )
            });
        }
        if option(&["--root", "--project", "--directory", "--python"]).is_some() {
            return Err((
                format!(
                    "`{}` is told of another folder or interpreter by an option",
                    used.program
                ),
                "split the stages by hand".to_owned(),
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
        let variable = |name: &str| {
            self.scope
                .variables
                .get(name)
                .and_then(|variable| variable.value.as_deref())
        };
        let folder = |path: &str| {
            let known = absolute(command, path).map(|path| vec![Output::Path(path)]);
            known.ok_or_else(|| {
                (
                    format!("nothing tells where `{path}` is"),
                    "set WORKDIR to an absolute path".to_owned(),
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
            if variable(name).is_some() {
                return Err((
                    format!("the variable {name} says where packages go"),
                    "split the stages by hand".to_owned(),
                ));
            }
        }
        let home = || {
            let home = self
                .scope
                .home()
                .map(|home| format!("{}/.local", home.trim_end_matches('/')));
            home.map(|home| vec![Output::Path(home)]).ok_or_else(|| {
                (
                    "packages go to the home folder of a user that is not known".to_owned(),
                    "create the user in this file, with a home folder".to_owned(),
                )
            })
        };
        match used.manager.id.as_str() {
            "uv" if used.verb.starts_with("pip") => {
                if option(&["--system"])
                    || variable("UV_SYSTEM_PYTHON").is_some_and(|value| value != "0" && value != "false")
                {
                    return Ok(vec![Output::PythonOwn]);
                }
                match variable("VIRTUAL_ENV") {
                    Some(path) => folder(path),
                    None => folder(".venv"),
                }
            }
            "uv" if used.verb.starts_with("tool") || used.verb.starts_with("python") => Err((
                format!("`uv {}` installs into folders of its own", used.verb),
                "split the stages by hand".to_owned(),
            )),
            "uv" => match variable("UV_PROJECT_ENVIRONMENT") {
                Some("/usr/local" | "/usr/local/") => Ok(vec![Output::PythonOwn]),
                Some(path) => folder(path),
                None => folder(".venv"),
            },
            "pdm" => match variable("VIRTUAL_ENV") {
                Some(path) => folder(path),
                None => folder(".venv"),
            },
            "poetry" | "pipenv" => {
                if let Some(environment) = self.active(run, number, command) {
                    return Ok(vec![Output::Environment(environment)]);
                }
                let (creates, in_project) = if used.manager.id == "poetry" {
                    (
                        self.poetry.creates.unwrap_or(true),
                        self.poetry.in_project.unwrap_or(false),
                    )
                } else {
                    (!option(&["--system"]), variable("PIPENV_VENV_IN_PROJECT").is_some())
                };
                if !creates {
                    return Ok(vec![Output::PythonSite]);
                }
                if in_project {
                    return folder(".venv");
                }
                let moved = [
                    "POETRY_CACHE_DIR",
                    "POETRY_VIRTUALENVS_PATH",
                    "POETRY_HOME",
                    "WORKON_HOME",
                    "XDG_DATA_HOME",
                    "XDG_CACHE_HOME",
                ];
                let home = self.scope.home().filter(|_| {
                    moved
                        .iter()
                        .all(|name| *name == "POETRY_HOME" || variable(name).is_none())
                });
                let place = if used.manager.id == "poetry" {
                    ".cache/pypoetry/virtualenvs"
                } else {
                    ".local/share/virtualenvs"
                };
                home.map(|home| vec![Output::Path(format!("{}/{place}", home.trim_end_matches('/')))])
                    .ok_or_else(|| {
                        (
                            "nothing tells where the virtual environment is".to_owned(),
                            "set POETRY_VIRTUALENVS_IN_PROJECT=1".to_owned(),
                        )
                    })
            }
            _ => {
                if let Some(environment) = self.active(run, number, command) {
                    return Ok(vec![Output::Environment(environment)]);
                }
                if self.leads_elsewhere() {
                    return Err((
                        "PATH begins with a folder that this stage does not make, so that nothing tells which Python installs".to_owned(),
                        "split the stages by hand".to_owned(),
                    ));
                }
                match (option(&["--user"]) || variable("PIP_USER").is_some(), &used.user) {
                    (true, _) | (false, User::Other(_)) => home(),
                    (false, User::Root) => Ok(vec![Output::PythonSite]),
                    (false, User::Unknown) => Err((
                        "nothing tells which user installs the packages".to_owned(),
                        "write USER root before the install".to_owned(),
                    )),
                }
            }
        }
    }

    /// The virtual environment that a command runs in.
    fn active(&self, run: &Execution, number: usize, command: &Command) -> Option<String> {
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
        let path = self
            .scope
            .variables
            .get("PATH")
            .and_then(|path| path.value.as_deref())
            .unwrap_or_default();
        sourced.or_else(|| {
            path.split(':')
                .find_map(|part| known(part.trim_end_matches('/').strip_suffix("/bin")?))
        })
    }

    /// Whether PATH puts a folder before the usual ones in which another Python may be.
    fn leads_elsewhere(&self) -> bool {
        let path = self
            .scope
            .variables
            .get("PATH")
            .and_then(|path| path.value.as_deref())
            .unwrap_or_default();
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
        path.split(':')
            .any(|part| (part.contains("conda") || part.contains("venv")) && !usual(part))
    }

    /// Refuses what downloads a browser into the home folder, or where a variable says.
    fn refuse_browsers(&self, command: &Command, used: &ManagerUse) -> Result<(), Obstacle> {
        let is_called = |text: &str| {
            [
                "playwright install",
                "puppeteer browsers install",
                "@puppeteer/browsers install",
                "cypress install",
            ]
            .iter()
            .any(|call| text.contains(call))
        };
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        let manifest = command
            .workdir
            .as_deref()
            .map(|folder| self.node_project(folder.to_owned(), used));
        let manifest = manifest.and_then(|folder| {
            let path = format!("{}/package.json", folder.trim_end_matches('/'));
            let text = self.files.read(path.trim_start_matches('/'))?;
            serde_json::from_str::<serde_json::Value>(&text).ok()
        });
        let installs = manifest
            .as_ref()
            .filter(|_| matches!(used.action, Action::Install | Action::Upgrade));
        let by_script = installs.is_some_and(|manifest| {
            let script = |name| manifest.get("scripts")?.get(name)?.as_str();
            ["preinstall", "install", "postinstall", "prepare"]
                .into_iter()
                .filter_map(script)
                .any(is_called)
        });
        let by_package = installs.is_some_and(|manifest| {
            let is_named = |name| {
                manifest
                    .get("dependencies")
                    .is_some_and(|listed| listed.get(name).is_some())
            };
            let skips = |names: &[&str]| names.iter().any(|name| self.scope.variables.contains_key(*name));
            is_named("puppeteer") && !skips(&["PUPPETEER_SKIP_DOWNLOAD", "PUPPETEER_SKIP_CHROMIUM_DOWNLOAD"])
                || is_named("cypress") && !skips(&["CYPRESS_INSTALL_BINARY"])
        });
        if is_called(&words.join(" ")) || by_script || by_package {
            return Err((
                format!(
                    "`{}` downloads a browser to another folder than the project's",
                    used.program
                ),
                "install the browser as a package of the distribution, and skip the download".to_owned(),
            ));
        }
        Ok(())
    }

    fn node(&self, command: &Command, used: &ManagerUse) -> Left {
        self.refuse_browsers(command, used)?;
        let is_global = used
            .options
            .iter()
            .any(|(name, ..)| matches!(name.as_str(), "-g" | "--global"))
            || used.verb.starts_with("global");
        if is_global {
            if matches!(used.action, Action::Install | Action::Upgrade)
                && let Some((name, ..)) = used.packages.iter().find(|(name, ..)| !(self.is_plain_package)(name))
            {
                return Err((
                    format!("`{name}` is installed globally, and may be compiled for that"),
                    "make it a dependency of the project".to_owned(),
                ));
            }
            return Ok(None);
        }
        match used.action {
            Action::CleanCache | Action::Other | Action::UpdateLists | Action::Download => Ok(Some(Vec::new())),
            Action::Config => Ok(None),
            Action::Install | Action::Upgrade | Action::Remove => {
                let folder = self.node_project(workdir(command, used)?, used);
                if used.packages.is_empty() && self.declares_nothing(&folder) {
                    return Ok(Some(Vec::new()));
                }
                // What a condition keeps from being installed is not there to be copied; the project's folder is.
                let inner = command.context.conditional
                    || self.has_workspaces
                    || self.runs_scripts
                    || used.manager.id == "yarn-berry"
                    || !used.packages.is_empty();
                Ok(Some(vec![if inner {
                    Output::Project(folder)
                } else {
                    Output::Path(format!("{}/node_modules", folder.trim_end_matches('/')))
                }]))
            }
            Action::Build | Action::Run | Action::Exec => Ok(Some(vec![Output::Project(workdir(command, used)?)])),
        }
    }

    /// The folder in which npm installs: the next one above that has a manifest, as it looks for one.
    fn node_project(&self, folder: String, used: &ManagerUse) -> String {
        let has_manifest = |folder: &str| {
            let path = format!("{}/package.json", folder.trim_end_matches('/'));
            self.files.exists(path.trim_start_matches('/'))
        };
        if used.manager.id != "npm" || has_manifest(&folder) {
            return folder;
        }
        let above = folder.match_indices('/').rev().map(|(at, _)| match folder.get(..at) {
            Some("") | None => "/",
            Some(above) => above,
        });
        above
            .into_iter()
            .find(|above| has_manifest(above))
            .map_or_else(|| folder.clone(), str::to_owned)
    }

    /// Whether the project in `folder` has no dependencies, for which no `node_modules` is made.
    fn declares_nothing(&self, folder: &str) -> bool {
        let path = format!("{}/package.json", folder.trim_end_matches('/'));
        let Some(text) = self.files.read(path.trim_start_matches('/')) else {
            return false;
        };
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let is_empty = |name: &str| {
            let listed = manifest.get(name).and_then(serde_json::Value::as_object);
            listed.is_none_or(serde_json::Map::is_empty)
        };
        manifest.is_object()
            && [
                "dependencies",
                "devDependencies",
                "optionalDependencies",
                "peerDependencies",
            ]
            .into_iter()
            .all(is_empty)
    }

    fn go(&self, command: &Command, used: &ManagerUse) -> Left {
        let folder = || command.workdir.clone().ok_or_else(|| unknown_folder("go"));
        match used.verb.as_str() {
            "build" => match used.options.iter().find(|(name, ..)| name == "-o") {
                Some((_, Some(output), _)) => absolute(command, output)
                    .map(|path| {
                        Some(vec![if output.ends_with('/') {
                            Output::NamedIn(path)
                        } else {
                            Output::Path(path)
                        }])
                    })
                    .ok_or_else(|| unknown_folder("go")),
                Some((_, None, _)) => Err((
                    "`go build -o` names its output by a variable".to_owned(),
                    "write the output as a plain path".to_owned(),
                )),
                None => Ok(Some(vec![Output::NamedIn(folder()?)])),
            },
            "get" if !self.go_get_installs || used.options.iter().any(|(name, ..)| name == "-d") => {
                Ok(Some(Vec::new()))
            }
            // The folder is the image's own, and empty before.
            "install" | "get" => {
                let value = |name: &str| {
                    let variable = self.scope.variables.get(name);
                    variable.and_then(|variable| variable.value.clone())
                };
                let bin = value("GOBIN").or_else(|| value("GOPATH").map(|path| format!("{path}/bin")));
                Ok(Some(vec![Output::Path(
                    bin.unwrap_or_else(|| "/root/go/bin".to_owned()),
                )]))
            }
            "generate" | "run" => Ok(Some(vec![Output::Project(folder()?)])),
            _ => Ok(Some(Vec::new())),
        }
    }

    fn cargo(&self, command: &Command, used: &ManagerUse) -> Left {
        let folder = || command.workdir.clone().ok_or_else(|| unknown_folder("cargo"));
        let moved = used.options.iter().any(|(name, ..)| {
            matches!(
                name.as_str(),
                "--target-dir" | "--root" | "--out-dir" | "--artifact-dir" | "--manifest-path"
            )
        });
        if moved {
            return Err((
                "`cargo` is told of another folder by an option".to_owned(),
                "split the stages by hand".to_owned(),
            ));
        }
        match used.verb.as_str() {
            "install" => {
                let path = used.options.iter().find(|(name, ..)| name == "--path");
                let names = match path {
                    // A crate of the registry most often brings a program of its own name.
                    None => used.packages.iter().map(|(name, ..)| name.clone()).collect(),
                    Some((_, path, _)) => {
                        let path = path.as_deref().and_then(|path| absolute(command, path));
                        let programs = path.and_then(|path| cargo_programs(self.files, path.trim_matches('/')));
                        programs.ok_or_else(|| {
                            (
                                "nothing tells which programs `cargo install` builds".to_owned(),
                                "copy Cargo.toml and the sources from the build context before it".to_owned(),
                            )
                        })?
                    }
                };
                Ok(Some(vec![Output::Programs("/usr/local/cargo/bin".to_owned(), names)]))
            }
            "build" | "b" => Ok(Some(vec![Output::NamedIn(format!(
                "{}/target",
                folder()?.trim_end_matches('/')
            ))])),
            _ => Ok(Some(Vec::new())),
        }
    }

    /// What a compiler or a build tool leaves; none for any other program.
    pub(super) fn left_by_tool(&self, run: &Execution, number: usize, command: &Command) -> Left {
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
            let mut left = match self.active(run, number, command) {
                Some(environment) => vec![Output::Environment(environment)],
                None => vec![Output::PythonSite],
            };
            left.push(Output::Project(folder));
            return Ok(Some(left));
        }
        let place = || command.workdir.clone().ok_or_else(|| unknown_folder(program));
        match programs::compiler(program) {
            None => Ok(None),
            Some(Compiler::Native) => {
                let mut left = vec![Output::Project(place()?)];
                if words
                    .iter()
                    .any(|word| matches!(*word, "install" | "--install" | "altinstall"))
                {
                    left.push(installed(run)?);
                }
                Ok(Some(left))
            }
            Some(Compiler::Node) => Ok(Some(vec![Output::Project(place()?)])),
            Some(Compiler::Wrapper) => Ok(Some(vec![Output::NamedIn(place()?)])),
        }
    }
}

fn unknown_folder(program: &str) -> Obstacle {
    (
        format!("nothing tells in which folder `{program}` runs"),
        "set WORKDIR to an absolute path before it".to_owned(),
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
        Some((name, ..)) => Err((
            format!("`{}` is told of another folder by {name}", used.program),
            "go there with WORKDIR".to_owned(),
        )),
    }
}

/// The programs that the package in `folder` builds; none where its manifest is not known.
pub(super) fn cargo_programs(files: &dyn Files, folder: &str) -> Option<Vec<String>> {
    let join = |name: &str| {
        if folder.is_empty() {
            name.to_owned()
        } else {
            format!("{folder}/{name}")
        }
    };
    let manifest: toml::Table = toml::from_str(&files.read(&join("Cargo.toml"))?).ok()?;
    let package = manifest.get("package")?.get("name")?.as_str()?;
    let mut found = vec![package.to_owned()];
    let named = manifest.get("bin").and_then(toml::Value::as_array);
    found.extend(
        named
            .into_iter()
            .flatten()
            .filter_map(|bin| Some(bin.get("name")?.as_str()?.to_owned())),
    );
    let others = files.list(&join("src/bin"));
    found.extend(
        others
            .iter()
            .map(|name| name.trim_end_matches(".rs").trim_end_matches('/').to_owned()),
    );
    Some(found)
}

/// Where `make install` and its like put things.
fn installed(run: &Execution) -> Result<Output, Obstacle> {
    const OPTIONS: &[&str] = &[
        "--prefix=",
        "-DCMAKE_INSTALL_PREFIX=",
        "PREFIX=",
        "prefix=",
        "DESTDIR=",
        "-DCMAKE_INSTALL_PREFIX:PATH=",
    ];
    let mut folders = run
        .commands
        .iter()
        .flat_map(|command| &command.words)
        .filter_map(|word| {
            let option = OPTIONS.iter().find(|option| word.text.starts_with(*option))?;
            Some(word.value.as_deref().and_then(|value| value.strip_prefix(option)))
        });
    match folders.next() {
        None | Some(Some("/usr/local" | "/usr/local/")) => Ok(Output::Local),
        Some(Some(folder))
            if folder.starts_with('/') && !matches!(folder.trim_end_matches('/'), "" | "/usr" | "/etc" | "/var") =>
        {
            Ok(Output::Path(folder.trim_end_matches('/').to_owned()))
        }
        Some(_) => Err((
            "what is built is installed among the files of the system".to_owned(),
            "install it to /usr/local, or a folder of its own under /opt".to_owned(),
        )),
    }
}
