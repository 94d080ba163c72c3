//! What tasks of Mix leave.

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, ManagerUse};
use crate::knowledge::Action;

use super::{Left, Output, Surroundings, absolute, unknown_folder};

/// Settings of mix.exs that put a release elsewhere, or leave Erlang out of it.
const MOVES: [&str; 2] = ["build_path:", "include_erts:"];

impl Surroundings<'_> {
    /// What a task leaves: all write into `_build` and `deps`, of which a program needs the release that it starts.
    pub(crate) fn mix(&self, command: &Command, used: &ManagerUse) -> Left {
        if matches!(used.action, Action::Config | Action::CleanCache | Action::Other) {
            return Ok(None);
        }
        let folder = command.workdir.clone().ok_or_else(|| unknown_folder("mix"))?;
        if used.verb.starts_with("escript.") {
            return Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!("`mix {}` makes a program that needs Erlang to run", used.verb),
                "build a release with `mix release`",
            ));
        }
        let mut left = vec![self.build_folder(command, &folder)?];
        if used.verb == "release" {
            self.refuse_settings(&folder)?;
            left.extend(own_path(command, used)?);
        }
        Ok(Some(left))
    }

    /// The folder in which the releases are: `_build/ENV/rel/NAME`.
    fn build_folder(&self, command: &Command, folder: &str) -> Result<Output, Obstacle> {
        let project = folder.trim_end_matches('/');
        if let Some(path) = self.variable(command, "MIX_BUILD_PATH")? {
            return output(command, &path, 2);
        }
        match self.variable(command, "MIX_BUILD_ROOT")? {
            Some(path) => output(command, &path, 3),
            None => Ok(Output::OnlyNamed(format!("{project}/_build"), Some(3))),
        }
    }

    /// Refuses a project whose settings put the release elsewhere, or that cannot be read.
    fn refuse_settings(&self, folder: &str) -> Result<(), Obstacle> {
        let path = format!("{}/mix.exs", folder.trim_matches('/'));
        let text = self.files.read(path.trim_start_matches('/')).ok_or_else(|| {
            Obstacle::new(
                ObstacleKind::MissingFile,
                format!("nothing tells what `mix release` builds: {folder} has no mix.exs"),
                "copy mix.exs from the build context before it",
            )
        })?;
        match MOVES.iter().find(|setting| text.contains(*setting)) {
            None => Ok(()),
            Some(setting) => Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!("mix.exs sets `{setting}`, so that the release may need more than its own folder"),
                "split the stages by hand",
            )),
        }
    }
}

fn output(command: &Command, path: &str, parts: usize) -> Result<Output, Obstacle> {
    let path = absolute(command, path).ok_or_else(|| unknown_folder("mix"))?;
    Ok(Output::OnlyNamed(path.trim_end_matches('/').to_owned(), Some(parts)))
}

/// The folder that `--path` puts a release into.
fn own_path(command: &Command, used: &ManagerUse) -> Result<Option<Output>, Obstacle> {
    match used.options.iter().find(|(name, ..)| name == "--path") {
        None => Ok(None),
        Some((_, path, _)) => path
            .as_deref()
            .and_then(|path| absolute(command, path))
            .map(|path| Some(Output::Path(path.trim_end_matches('/').to_owned())))
            .ok_or_else(|| {
                Obstacle::new(
                    ObstacleKind::UnknownPlace,
                    "nothing tells into which folder `mix release --path` writes",
                    "write it as a plain path",
                )
            }),
    }
}
