//! .NET: what its builds leave, and what its projects name.

pub(crate) mod manifests;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, ManagerUse};
use crate::knowledge::Action;

use super::{Left, Output, Surroundings, absolute};

impl Surroundings<'_> {
    pub(crate) fn dotnet(&self, command: &Command, used: &ManagerUse) -> Left {
        match (used.action, used.verb.as_str()) {
            (Action::Build, "publish") => {
                let output = used
                    .options
                    .iter()
                    .find(|(name, ..)| matches!(name.as_str(), "-o" | "--output"));
                let folder = output.and_then(|(_, folder, _)| absolute(command, folder.as_deref()?));
                folder
                    .map(|folder| Some(vec![Output::Path(folder.trim_end_matches('/').to_owned())]))
                    .ok_or_else(|| {
                        Obstacle::new(
                            ObstacleKind::UnknownPlace,
                            "nothing tells into which folder `dotnet publish` writes",
                            "name it: dotnet publish -c Release -o /app",
                        )
                    })
            }
            (Action::Build, "run") | (Action::Run | Action::Exec, _) => Err(Obstacle::new(
                ObstacleKind::UnknownCommand,
                "`dotnet` runs a program, which may write anything",
                "split the stages by hand",
            )),
            (Action::Install | Action::Upgrade | Action::Remove, _) => Err(Obstacle::new(
                ObstacleKind::SharedPlace,
                format!("`dotnet {}` changes the SDK or a home folder", used.verb),
                "split the stages by hand",
            )),
            // What `build`, `restore` and `test` make, only `publish` reads.
            _ => Ok(Some(Vec::new())),
        }
    }
}
