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
            (_, "dev-certs") => self.certificate(command, used),
            (_, "user-secrets") => Ok(Some(vec![Output::Path(
                self.in_home(command, ".microsoft/usersecrets")?,
            )])),
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

    /// The certificate that a command makes: the file that it exports, and the store from which the server takes it.
    fn certificate(&self, command: &Command, used: &ManagerUse) -> Left {
        let has = |names: &[&str]| used.options.iter().find(|(name, ..)| names.contains(&name.as_str()));
        if has(&["-c", "--check", "--clean"]).is_some() {
            return Ok(Some(Vec::new()));
        }
        let mut left = vec![Output::Path(self.in_home(command, ".dotnet/corefx")?)];
        if let Some((name, path, _)) = has(&["-ep", "--export-path"]) {
            let path = path.as_deref().and_then(|path| absolute(command, path));
            let unknown = || {
                Obstacle::new(
                    ObstacleKind::UnknownPlace,
                    format!("nothing tells to which file `dotnet dev-certs {name}` writes"),
                    "write it as a plain path",
                )
            };
            left.push(Output::Path(path.ok_or_else(unknown)?));
        }
        Ok(Some(left))
    }

    /// A folder in the home folder of whoever runs `command`.
    fn in_home(&self, command: &Command, folder: &str) -> Result<String, Obstacle> {
        Ok(format!("{}/{folder}", self.home_folder(command)?))
    }
}
