//! Go: what its builds leave, and what its modules name.

pub(crate) mod manifests;
mod settings;

use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, is_standard_folder};
use crate::facts::{self, Command, ManagerUse};

use super::{Left, Output, Surroundings, absolute, unknown_folder};

pub(super) use settings::{GoSettings, go_get_installs};

impl Surroundings<'_> {
    pub(crate) fn go(&self, command: &Command, used: &ManagerUse) -> Left {
        let folder = || folder_of_work(command, used).ok_or_else(|| unknown_folder("go"));
        match used.verb.as_str() {
            "build" => match used.options.iter().find(|(name, ..)| name == "-o") {
                Some((_, Some(output), _)) => {
                    let path = facts::absolute(output, Some(&folder()?)).ok_or_else(|| unknown_folder("go"))?;
                    Ok(Some(vec![output_at(&path)]))
                }
                Some((_, None, at)) => output_below(command, *at).map(|output| Some(vec![output])),
                None => Ok(Some(vec![Output::NamedIn(folder()?)])),
            },
            "get" if used.packages.is_empty() || used.options.iter().any(|(name, ..)| name == "-d") => {
                Ok(Some(Vec::new()))
            }
            "get" => match self.go_get_installs {
                Some(true) => Ok(Some(vec![Output::Path(self.go_programs(command)?)])),
                Some(false) => Ok(Some(Vec::new())),
                None => Err(Obstacle::new(
                    ObstacleKind::UnknownCommand,
                    "nothing tells whether `go get` installs programs, as it did before Go 1.18",
                    "install programs by `go install PACKAGE@VERSION`, and download libraries by `go mod download`",
                )),
            },
            // The folder is the image's own, and empty before.
            "install" => Ok(Some(vec![Output::Path(self.go_programs(command)?)])),
            "generate" | "run" => Ok(Some(vec![Output::Project(folder()?)])),
            _ => Ok(Some(Vec::new())),
        }
    }

    /// The folder in which Go installs programs; those for another architecture are in a folder below.
    fn go_programs(&self, command: &Command) -> Result<String, Obstacle> {
        Ok(
            match (self.go_setting(command, "GOBIN")?, self.go_setting(command, "GOPATH")?) {
                (Some(bin), _) => bin,
                (None, Some(path)) => format!("{}/bin", path.split(':').next().unwrap_or_default()),
                (None, None) => format!("{}/go/bin", self.home_folder(command)?),
            },
        )
    }
}

/// The folder that a command of Go works in: the one that `-C` names, or its own.
fn folder_of_work(command: &Command, used: &ManagerUse) -> Option<String> {
    match used.options.iter().find(|(name, ..)| name == "-C") {
        Some((_, folder, _)) => absolute(command, folder.as_deref()?),
        None => command.workdir.clone(),
    }
}

/// What `-o` with this path leaves: a file, or programs in a folder.
fn output_at(path: &str) -> Output {
    let folder = path.trim_end_matches('/');
    let is_shared = AbsolutePath::of(folder, None).is_none_or(|folder| is_standard_folder(&folder));
    if is_shared {
        Output::NamedIn(folder.to_owned())
    } else {
        Output::Path(folder.to_owned())
    }
}

/// What outputs leave whose names end with a variable: programs in the folder that is named before it.
fn output_below(command: &Command, option: usize) -> Result<Output, Obstacle> {
    let own = command.words.get(option).map_or("", |word| word.text.as_str());
    let text = match own.split_once('=') {
        Some((_, value)) => value,
        None => command.words.get(option + 1).map_or("", |word| word.text.as_str()),
    };
    let literal = text.trim_matches('"').split(['$', '`']).next().unwrap_or_default();
    let folder = literal.rsplit_once('/').map(|(folder, _)| folder);
    let folder = folder.filter(|folder| !folder.is_empty());
    let folder = folder.and_then(|folder| absolute(command, folder));
    let is_of_sources = folder.is_some() && folder == command.workdir;
    let output = folder.map(|folder| match is_of_sources {
        true => Output::NamedIn(folder),
        false => output_at(&folder),
    });
    output.ok_or_else(|| {
        Obstacle::new(
            ObstacleKind::UnknownPlace,
            "`go build -o` names its output by a variable",
            "write the output as a plain path",
        )
    })
}
