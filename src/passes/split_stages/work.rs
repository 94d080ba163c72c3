//! What each command of a stage is for: system packages, building, or setting up what runs.

use crate::facts::{Body, Command, Execution};
use crate::knowledge::{Action, Kind};

use super::Obstacle;
use super::outputs::{Output, Surroundings};

/// What a command is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Installs or removes packages of the system, or cleans up behind that.
    Packages,
    /// Installs dependencies with a language's manager or makes outputs of sources, and what it leaves.
    Build(Vec<Output>),
    /// Anything else.
    Setup,
}

/// What the commands of a RUN are for, in their order.
#[derive(Clone, Debug)]
pub(super) struct Works {
    pub(super) of: Vec<Work>,
}

impl Works {
    /// Reads a RUN.
    ///
    /// # Errors
    /// Where a command builds something that nothing here knows how to carry over.
    pub(super) fn read(run: &Execution, around: &Surroundings<'_>) -> Result<Works, Obstacle> {
        let mut of: Vec<Work> = Vec::with_capacity(run.commands.len());
        // The words of an exec form have no place in a script.
        let is_exec = matches!(run.body, Body::Exec);
        for (number, command) in run.commands.iter().enumerate() {
            // `npm run build`: what a manager runs is a command of its own, and does what the manager is called for.
            let is_inner = number.checked_sub(1).is_some_and(|before| {
                let outer = run.commands.get(before).filter(|outer| outer.manager.is_some());
                outer.is_some_and(|outer| outer.span == command.span && (is_exec || !command.span.is_empty()))
                    && matches!(of.get(before), Some(Work::Build(_)))
            });
            of.push(if is_inner {
                Work::Build(Vec::new())
            } else {
                work(run, number, around)?
            });
        }
        Ok(Works { of })
    }

    pub(super) fn builds(&self) -> bool {
        self.of.iter().any(|work| matches!(work, Work::Build(_)))
    }

    pub(super) fn has_packages(&self) -> bool {
        self.of.contains(&Work::Packages)
    }

    pub(super) fn outputs(&self) -> impl Iterator<Item = &Output> {
        self.of.iter().flat_map(|work| match work {
            Work::Build(outputs) => outputs.as_slice(),
            _ => &[],
        })
    }

    /// The numbers of the commands that only set something up.
    pub(super) fn setups(&self) -> impl Iterator<Item = usize> {
        let all = self.of.iter().enumerate();
        all.filter(|(_, work)| **work == Work::Setup).map(|(number, _)| number)
    }
}

fn work(run: &Execution, number: usize, around: &Surroundings<'_>) -> Result<Work, Obstacle> {
    let Some(command) = run.commands.get(number) else {
        return Ok(Work::Setup);
    };
    if let Some(used) = &command.manager {
        if used.manager.kind == Kind::System {
            return Ok(match used.action {
                Action::Config | Action::Run | Action::Exec | Action::Other => Work::Setup,
                _ => Work::Packages,
            });
        }
        return match around.left_by_manager(run, number, command, used)? {
            Some(outputs) => Ok(Work::Build(outputs)),
            None => Ok(Work::Setup),
        };
    }
    if cleans_lists(command) {
        return Ok(Work::Packages);
    }
    match around.left_by_tool(run, number, command)? {
        Some(outputs) => Ok(Work::Build(outputs)),
        None => Ok(Work::Setup),
    }
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
