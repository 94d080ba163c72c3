//! An install command, as the caller describes it.

use std::str::FromStr;

use serde::Serialize;

/// A tool that installs dependencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the name of a tool")]
pub enum Manager {
    Pip,
    Uv,
    Poetry,
    Pdm,
    Pipenv,
    Npm,
    Yarn,
    Pnpm,
    Bun,
    Go,
    Cargo,
    Maven,
    Gradle,
    Bundler,
    Composer,
    Dotnet,
}

impl Manager {
    /// Every manager, in the order of the type.
    pub const ALL: &[Manager] = &[
        Manager::Pip,
        Manager::Uv,
        Manager::Poetry,
        Manager::Pdm,
        Manager::Pipenv,
        Manager::Npm,
        Manager::Yarn,
        Manager::Pnpm,
        Manager::Bun,
        Manager::Go,
        Manager::Cargo,
        Manager::Maven,
        Manager::Gradle,
        Manager::Bundler,
        Manager::Composer,
        Manager::Dotnet,
    ];

    /// The id, as `data/*.toml` and the command line use it: `pip`, `maven`.
    pub fn id(self) -> &'static str {
        match self {
            Manager::Pip => "pip",
            Manager::Uv => "uv",
            Manager::Poetry => "poetry",
            Manager::Pdm => "pdm",
            Manager::Pipenv => "pipenv",
            Manager::Npm => "npm",
            Manager::Yarn => "yarn",
            Manager::Pnpm => "pnpm",
            Manager::Bun => "bun",
            Manager::Go => "go",
            Manager::Cargo => "cargo",
            Manager::Maven => "maven",
            Manager::Gradle => "gradle",
            Manager::Bundler => "bundler",
            Manager::Composer => "composer",
            Manager::Dotnet => "dotnet",
        }
    }
}

/// The id names no manager whose manifests can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no package manager whose manifests can be read")]
pub struct UnknownManager(pub String);

impl FromStr for Manager {
    type Err = UnknownManager;

    fn from_str(id: &str) -> Result<Self, UnknownManager> {
        let found = Manager::ALL.iter().find(|manager| manager.id() == id);
        found.copied().ok_or_else(|| UnknownManager(id.to_owned()))
    }
}

/// An install command.
///
/// The words stay as written, because only the manager's own syntax says which of them are paths: the `dev` of
/// `pip install -r dev` is a file, the one of `npm install dev` is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    /// The tool.
    pub manager: Manager,
    /// What it is asked to do: `install`, `ci`, `mod download`, `pip install` for `uv pip install`. A tool that
    /// installs without being told (`yarn`, `bundle`) has an empty verb.
    pub verb: String,
    /// The words of the command without the program and the verb, after quotes and variables were resolved as far as
    /// possible; a word that still holds a `$` is not known. Options in front of the verb count.
    pub arguments: Vec<String>,
    /// The folder of the context that the working directory corresponds to.
    pub folder: String,
    /// The outermost folder of the context that the image holds around the working directory. Tools that look for
    /// their workspace or settings in the folders above are followed up to here. Equal to `folder` where only that
    /// folder was copied; the root of the context (the empty string) where all was.
    pub root: String,
}

impl Install {
    /// `manager verb arguments` in `folder`, with the whole context around it.
    pub fn new<A: Into<String>>(
        manager: Manager,
        verb: &str,
        arguments: impl IntoIterator<Item = A>,
        folder: &str,
    ) -> Self {
        Install {
            manager,
            verb: verb.to_owned(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            folder: folder.trim_matches('/').to_owned(),
            root: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_their_managers() {
        for manager in Manager::ALL {
            assert_eq!(manager.id().parse(), Ok(*manager));
        }
        assert!("brew".parse::<Manager>().is_err());
    }
}
