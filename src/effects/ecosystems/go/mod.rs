//! Go: what its builds leave, and what its modules name.

pub(crate) mod manifests;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, ManagerUse};

use super::{Left, Output, Surroundings, absolute, unknown_folder};

impl Surroundings<'_> {
    pub(crate) fn go(&self, command: &Command, used: &ManagerUse) -> Left {
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
                Some((_, None, _)) => Err(Obstacle::new(
                    ObstacleKind::UnknownPlace,
                    "`go build -o` names its output by a variable",
                    "write the output as a plain path",
                )),
                None => Ok(Some(vec![Output::NamedIn(folder()?)])),
            },
            "get" if !self.go_get_installs || used.options.iter().any(|(name, ..)| name == "-d") => {
                Ok(Some(Vec::new()))
            }
            // The folder is the image's own, and empty before.
            "install" | "get" => {
                let bin = match (self.variable(command, "GOBIN")?, self.variable(command, "GOPATH")?) {
                    (Some(bin), _) => bin,
                    (None, Some(path)) => format!("{}/bin", path.split(':').next().unwrap_or_default()),
                    (None, None) => format!("{}/go/bin", self.home_folder(command)?),
                };
                Ok(Some(vec![Output::Path(bin)]))
            }
            "generate" | "run" => Ok(Some(vec![Output::Project(folder()?)])),
            _ => Ok(Some(Vec::new())),
        }
    }
}
