//! What builds of Stack and Cabal leave.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::context::Files;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, ManagerUse};
use crate::knowledge::Action;

use super::{Left, Output, Surroundings, absolute, unknown_folder};

impl Surroundings<'_> {
    /// What a command of Stack leaves.
    pub(crate) fn stack(&self, command: &Command, used: &ManagerUse) -> Left {
        let copies = used.options.iter().any(|(name, ..)| name == "--copy-bins");
        match (used.action, used.verb.as_str()) {
            (Action::Install, "install") | (Action::Build, _) if used.verb == "install" || copies => {
                let folder = place(command, used, "--local-bin-path")?;
                let folder = folder.map_or_else(|| self.home("stack", ".local/bin"), Ok)?;
                Ok(Some(vec![self.programs("stack", command, used, folder)?]))
            }
            (Action::Build, _) => Ok(Some(vec![work_folder(command, used, "--work-dir", ".stack-work")?])),
            (Action::Config | Action::CleanCache | Action::Other, _) => Ok(None),
            (Action::Run, _) => Err(runs("stack", used)),
            _ => Ok(Some(Vec::new())),
        }
    }

    /// What a command of Cabal leaves.
    pub(crate) fn cabal(&self, command: &Command, used: &ManagerUse) -> Left {
        match used.action {
            Action::Install => {
                refuse_links(used)?;
                let folder = place(command, used, "--installdir")?.ok_or_else(|| {
                    Obstacle::new(
                        ObstacleKind::UnknownPlace,
                        "nothing tells into which folder `cabal install` puts programs",
                        "name it: cabal install --installdir=/usr/local/bin --install-method=copy",
                    )
                })?;
                Ok(Some(vec![self.programs("cabal", command, used, folder)?]))
            }
            Action::Build => Ok(Some(vec![work_folder(command, used, "--builddir", "dist-newstyle")?])),
            Action::Config | Action::CleanCache | Action::Other => Ok(None),
            Action::Run => Err(runs("cabal", used)),
            _ => Ok(Some(Vec::new())),
        }
    }

    /// A folder below the home of the user.
    fn home(&self, program: &str, folder: &str) -> Result<String, Obstacle> {
        let home = self.scope.home().ok_or_else(|| unknown_folder(program))?;
        Ok(format!("{}/{folder}", home.trim_end_matches('/')))
    }

    /// The programs that an install of the project in the working directory puts into `into`.
    fn programs(&self, tool: &str, command: &Command, used: &ManagerUse, into: String) -> Result<Output, Obstacle> {
        let unknown = |why: &str| {
            Obstacle::new(
                ObstacleKind::UnknownCommand,
                format!("nothing tells which programs `{tool} install` builds: {why}"),
                "split the stages by hand",
            )
        };
        let folder = command.workdir.as_deref().ok_or_else(|| unknown_folder(tool))?;
        let named = used
            .packages
            .iter()
            .any(|(name, ..)| !matches!(name.as_str(), "." | ":all"));
        if named || used.has_unknown_arguments {
            return Err(unknown("it names packages or targets"));
        }
        let package = Package::of(self.files, folder.trim_matches('/')).ok_or_else(|| unknown("no package is read"))?;
        if package.is_conditional {
            return Err(unknown("a condition decides about a program"));
        }
        if package.has_data {
            return Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!("the package has data files, which its programs read where `{tool}` left them"),
                "split the stages by hand",
            ));
        }
        Ok(Output::Programs(
            into.trim_end_matches('/').to_owned(),
            package.programs,
        ))
    }
}

/// Refuses an install that leaves links into Cabal's store.
fn refuse_links(used: &ManagerUse) -> Result<(), Obstacle> {
    let method = used.options.iter().find(|(name, ..)| name == "--install-method");
    if method.is_some_and(|(_, value, _)| value.as_deref() == Some("copy")) {
        return Ok(());
    }
    Err(Obstacle::new(
        ObstacleKind::SharedPlace,
        "`cabal install` makes links to programs in its store",
        "let it copy them: cabal install --installdir=/usr/local/bin --install-method=copy",
    ))
}

fn runs(tool: &str, used: &ManagerUse) -> Obstacle {
    Obstacle::new(
        ObstacleKind::UnknownCommand,
        format!("`{tool} {}` runs a program, which may write anything", used.verb),
        "split the stages by hand",
    )
}

/// The folder that an option names; none without the option.
fn place(command: &Command, used: &ManagerUse, option: &str) -> Result<Option<String>, Obstacle> {
    match used.options.iter().find(|(name, ..)| name == option) {
        None => Ok(None),
        Some((_, path, _)) => path
            .as_deref()
            .and_then(|path| absolute(command, path))
            .map(Some)
            .ok_or_else(|| {
                Obstacle::new(
                    ObstacleKind::UnknownPlace,
                    format!("nothing tells which folder {option} of `{}` names", used.program),
                    "write it as a plain path",
                )
            }),
    }
}

/// The folder in which a build works, of which the program needs what the file names.
fn work_folder(command: &Command, used: &ManagerUse, option: &str, usual: &str) -> Result<Output, Obstacle> {
    let folder = match place(command, used, option)? {
        Some(folder) => Some(folder),
        None => absolute(command, usual),
    };
    let folder = folder.ok_or_else(|| unknown_folder(&used.program))?;
    Ok(Output::OnlyNamed(folder, None))
}

/// What is read of a package.
#[derive(Debug, Default, PartialEq, Eq)]
struct Package {
    programs: Vec<String>,
    /// Whether something may keep a program from being built.
    is_conditional: bool,
    has_data: bool,
}

/// `package.yaml`, of which Stack makes a Cabal file.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Hpack {
    #[serde(default)]
    executables: BTreeMap<String, IgnoredAny>,
    executable: Option<IgnoredAny>,
    data_files: Option<IgnoredAny>,
    when: Option<IgnoredAny>,
}

impl Package {
    /// The one package in `folder`; none if there is none, or it cannot be read.
    fn of(files: &dyn Files, folder: &str) -> Option<Package> {
        let join = |name: &str| format!("{folder}/{name}").trim_start_matches('/').to_owned();
        if let Some(text) = files.read(&join("package.yaml")) {
            return Package::of_hpack(&text);
        }
        let names = files.list(folder);
        let mut cabal = names.iter().filter(|name| name.ends_with(".cabal"));
        let (first, second) = (cabal.next()?, cabal.next());
        second
            .is_none()
            .then(|| files.read(&join(first)))?
            .map(|text| Package::of_cabal(&text))
    }

    fn of_hpack(text: &str) -> Option<Package> {
        let read: Hpack = serde_saphyr::from_str(text).ok()?;
        Some(Package {
            programs: read.executables.into_keys().collect(),
            is_conditional: read.executable.is_some() || read.when.is_some(),
            has_data: read.data_files.is_some(),
        })
    }

    fn of_cabal(text: &str) -> Package {
        let mut package = Package::default();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("--")) {
            let is_section = !line.starts_with([' ', '\t']);
            let mut words = line.split_whitespace();
            let first = words.next().unwrap_or_default().to_ascii_lowercase();
            match first.as_str() {
                "executable" if is_section => package.programs.extend(words.next().map(str::to_owned)),
                "buildable:" => package.is_conditional = true,
                _ => package.has_data |= first.starts_with("data-files:"),
            }
        }
        package
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_a_package() {
        let text = "cabal-version: 2.4\nname: shop\nlibrary\n  exposed-modules: Shop\n-- executable old\n\
                    Executable shop\n  main-is: Main.hs\nexecutable shop-admin\n  main-is: Admin.hs\n";
        let package = Package::of_cabal(text);
        assert_eq!(package.programs, ["shop", "shop-admin"]);
        assert!(!package.is_conditional && !package.has_data);
        assert!(Package::of_cabal("executable a\n  if flag(x)\n    buildable: False\n").is_conditional);
        assert!(Package::of_cabal("data-files: templates/*.html\n").has_data);
        let hpack = Package::of_hpack("name: shop\nexecutables:\n  shop:\n    main: Main.hs\n").unwrap();
        assert_eq!(hpack.programs, ["shop"]);
        assert!(Package::of_hpack("data-files: [x]\n").unwrap().has_data);
    }
}
