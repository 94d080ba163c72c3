//! What kind of step a command is, and what it does: by the manager that it calls, by its table, or by the script that it
//! runs.

use std::collections::BTreeSet;

use crate::context::Files;
use crate::effects::Obstacle;
use crate::facts::{Command, Execution, ManagerUse, Scope, User};
use crate::knowledge::{Action, Installer, Kind, State, installer};

use super::command::{folder_of, of_command, of_redirect, script_of, urls_of};
use super::ecosystems::{Ground, Output};
use super::effect::Effects;
use super::path::{AbsolutePath, Place};
use super::steps::{Folders, StepKind};

/// How deep scripts that run scripts are followed.
const DEEPEST: usize = 6;

/// What a command is.
#[derive(Clone, Debug)]
pub(super) struct Classified {
    pub(super) kind: StepKind,
    pub(super) effects: Effects,
    pub(super) outputs: Vec<Output>,
    pub(super) obstacle: Option<Obstacle>,
}

impl Classified {
    /// A step without outputs.
    pub(super) fn plain(kind: StepKind, effects: Effects) -> Classified {
        Classified {
            kind,
            effects,
            outputs: Vec::new(),
            obstacle: None,
        }
    }
}

/// Where a command runs.
#[derive(Clone, Copy)]
pub(super) struct Site<'s> {
    pub(super) scope: &'s Scope,
    pub(super) ground: &'s Ground,
    pub(super) files: &'s dyn Files,
    pub(super) folders: &'s Folders,
}

impl Site<'_> {
    /// Classifies command number `number` of `run`; `depth` scripts led to it.
    pub(super) fn classify(&self, run: &Execution, number: usize, depth: usize) -> Classified {
        let Some(command) = run.commands.get(number) else {
            return Classified::plain(StepKind::Other, Effects::default());
        };
        let around = self.ground.at(self.scope, self.files);
        let left = match &command.manager {
            Some(used) if is_of_packages(used) => {
                return with_redirects(
                    Classified::plain(StepKind::Packages, of_packages(command, used)),
                    command,
                );
            }
            Some(used) if used.manager.kind == Kind::System => Ok(None),
            Some(used) => around.left_by_manager(run, number, command, used),
            None if cleans_lists(command) => {
                return Classified::plain(StepKind::Packages, of_command(command, self.folders));
            }
            None => around.left_by_tool(run, number, command),
        };
        match (left, &command.manager) {
            (Err(obstacle), _) => Classified {
                effects: Effects::unknown(obstacle.found.clone()),
                obstacle: Some(obstacle),
                ..Classified::plain(StepKind::Build, Effects::default())
            },
            (Ok(Some(outputs)), _) => with_redirects(
                Classified {
                    effects: self.of_build(command, &outputs),
                    outputs,
                    ..Classified::plain(StepKind::Build, Effects::default())
                },
                command,
            ),
            (Ok(None), Some(used)) => {
                with_redirects(Classified::plain(StepKind::Other, of_manager(command, used)), command)
            }
            (Ok(None), None) => self.other(run, number, command, depth),
        }
    }

    /// A command that calls no manager and builds nothing by itself: a script is read.
    fn other(&self, run: &Execution, number: usize, command: &Command, depth: usize) -> Classified {
        let effects = of_command(command, self.folders);
        if effects.unknown.is_none() {
            return Classified::plain(StepKind::Other, effects);
        }
        if let Some(known) = piped_installer(run, number) {
            return Classified::plain(StepKind::Other, self.of_installer(command, known));
        }
        match self.script(command, depth) {
            Some(found) => found,
            None => Classified::plain(StepKind::Other, effects),
        }
    }

    /// What the script does that a command runs, where the context has it and all of it can be read.
    fn script(&self, command: &Command, depth: usize) -> Option<Classified> {
        let (path, is_shell) = script_of(command)?;
        if self.ground.activates(command, &path) {
            let effects = Effects {
                state: BTreeSet::from([State::Shell]),
                ..Effects::default()
            };
            return Some(Classified::plain(StepKind::Other, effects));
        }
        let workdir = folder_of(command);
        let path = AbsolutePath::of(&path, workdir.as_ref())?;
        let text = self.files.read(path.relative()).filter(|_| depth < DEEPEST)?;
        let first = text.lines().next().unwrap_or_default();
        let is_script =
            is_shell || path.as_str().ends_with(".sh") || first.starts_with("#!") && first.trim_end().ends_with("sh");
        if !is_script {
            return None;
        }
        let script = Execution::of_script(&text, self.scope, command.workdir.as_deref()).ok()?;
        let mut all = Classified::plain(
            StepKind::Other,
            Effects {
                reads: vec![Place::Exactly(path)],
                ..Effects::default()
            },
        );
        for number in 0..script.commands.len() {
            let found = self.classify(&script, number, depth + 1);
            if found.kind == StepKind::Packages {
                return None;
            }
            if found.kind == StepKind::Build {
                all.kind = StepKind::Build;
            }
            all.effects.then(found.effects);
            all.outputs.extend(found.outputs);
            all.obstacle = all.obstacle.or(found.obstacle);
        }
        if all.kind == StepKind::Build {
            let written = all.effects.written_paths();
            all.outputs
                .extend(written.into_iter().map(|path| Output::Path(path.to_string())));
        }
        Some(all)
    }

    /// Whether a manager is given a folder with sources to install: code of the project runs then.
    fn installs_a_folder(&self, command: &Command) -> bool {
        let workdir = folder_of(command);
        let read = command.manager.iter().flat_map(|used| &used.reads);
        let mut folders = read.map(|path| AbsolutePath::of(path.as_deref()?, workdir.as_ref()));
        folders.any(|path| path.is_none_or(|path| !self.files.list(path.relative()).is_empty()))
    }

    /// The effects of a command that builds: it reads whatever is there, and writes its outputs and what its words name.
    fn of_build(&self, command: &Command, outputs: &[Output]) -> Effects {
        let own = match &command.manager {
            Some(_) => Effects::default(),
            None => of_command(command, self.folders),
        };
        let named = own.writes.into_iter().filter(|place| *place != Place::Anywhere);
        let places = outputs.iter().flat_map(Output::places);
        let program = command.words.first().map(|word| word.text.clone());
        let workdir = folder_of(command);
        // Code of the project may read anything; an install of packages from a registry reads the project's files.
        let fetches_lists = command
            .manager
            .as_ref()
            .is_some_and(|used| used.action == Action::UpdateLists);
        let reads = match workdir {
            _ if fetches_lists => Vec::new(),
            Some(workdir) if !outputs.iter().any(Output::is_of_own_code) && !self.installs_a_folder(command) => {
                vec![Place::Under(workdir)]
            }
            _ => vec![Place::Anywhere],
        };
        Effects {
            reads,
            writes: places.chain(named).collect(),
            runs: program.into_iter().collect(),
            ..Effects::default()
        }
    }

    /// The effects of an installer from the network that is known.
    fn of_installer(&self, command: &Command, known: &Installer) -> Effects {
        let moved = known.moved_by.iter().any(|name| {
            self.scope.variables.contains_key(name) || command.assignments.iter().any(|assigned| assigned.name == *name)
        });
        let home = match &self.scope.user {
            User::Root => Some("/root"),
            _ => self.scope.home(),
        };
        let place = |path: &String| {
            let path = match (path.strip_prefix('~'), home) {
                (None, _) => Some(path.clone()),
                (Some(rest), Some(home)) => Some(format!("{home}{rest}")),
                (Some(_), None) => None,
            };
            path.and_then(|path| AbsolutePath::of(&path, None))
                .map_or(Place::Anywhere, Place::Under)
        };
        if moved {
            return Effects::unknown(format!(
                "runs the installer of {}, which a variable sends elsewhere",
                known.url
            ));
        }
        Effects {
            writes: known.writes_under.iter().map(place).collect(),
            state: known.state.iter().copied().collect(),
            runs: known.needs.clone(),
            network: true,
            ..Effects::default()
        }
    }
}

/// The known installer whose text is piped into command number `number`, a shell.
pub(super) fn piped_installer(run: &Execution, number: usize) -> Option<&'static Installer> {
    let command = run.commands.get(number)?;
    let before = run.commands.get(number.checked_sub(1)?)?;
    let is_piped =
        command.context.in_pipeline && before.context.in_pipeline && before.context.place == command.context.place;
    let urls = urls_of(before);
    let [url] = urls.as_slice() else { return None };
    installer(url).filter(|_| is_piped)
}

/// Whether a command of the system's package manager installs, removes or cleans.
fn is_of_packages(used: &ManagerUse) -> bool {
    let is_other = matches!(used.action, Action::Config | Action::Run | Action::Exec | Action::Other);
    used.manager.kind == Kind::System && !is_other
}

/// `rm -rf /var/lib/apt/lists/*` and the like.
fn cleans_lists(command: &Command) -> bool {
    const FOLDERS: &[&str] = &[
        "/var/lib/apt",
        "/var/cache/apt",
        "/var/cache/apk",
        "/var/cache/yum",
        "/var/cache/dnf",
    ];
    let is_list = |path: Option<&str>| {
        path.is_some_and(|path| FOLDERS.iter().any(|folder| crate::facts::is_within(path, folder)))
    };
    !command.deletes.is_empty() && command.deletes.iter().all(|operand| is_list(operand.path.as_deref()))
}

/// Adds what a command of a manager reads from and writes to by redirects; tables of other programs count them already.
fn with_redirects(mut found: Classified, command: &Command) -> Classified {
    if command.manager.is_some() {
        for redirect in &command.redirects {
            found.effects.then(of_redirect(redirect));
        }
    }
    found
}

/// The effects of a command of the system's package manager.
fn of_packages(command: &Command, used: &ManagerUse) -> Effects {
    let workdir = folder_of(command);
    let read = |path: &Option<String>| {
        let path = path
            .as_deref()
            .and_then(|path| AbsolutePath::of(path, workdir.as_ref()));
        path.map_or(Place::Anywhere, Place::of_pattern)
    };
    Effects {
        reads: used.reads.iter().map(read).collect(),
        state: BTreeSet::from([State::Packages]),
        runs: vec![used.program.clone()],
        network: used.action != Action::Remove,
        ..Effects::default()
    }
}

/// The effects of a command of a language's manager that installs and builds nothing.
fn of_manager(command: &Command, used: &ManagerUse) -> Effects {
    let workdir = folder_of(command);
    let runs = vec![used.program.clone()];
    if used.is_node() && matches!(used.verb.as_str(), "link" | "ln") {
        let folders = ["/usr/local/bin", "/usr/local/lib/node_modules"].into_iter();
        return Effects {
            reads: workdir.map(Place::Under).into_iter().collect(),
            writes: folders
                .filter_map(|folder| AbsolutePath::of(folder, None))
                .map(Place::Under)
                .collect(),
            makes_links: true,
            runs,
            ..Effects::default()
        };
    }
    match used.action {
        Action::Run | Action::Exec => Effects {
            runs,
            ..Effects::unknown(format!("runs `{} {}`, which may do anything", used.program, used.verb))
        },
        Action::Config => Effects {
            reads: workdir.map(Place::Under).into_iter().collect(),
            state: BTreeSet::from([State::Settings]),
            runs,
            ..Effects::default()
        },
        _ => Effects {
            reads: workdir.map(Place::Under).into_iter().collect(),
            runs,
            network: true,
            ..Effects::default()
        },
    }
}
