//! Manifests of dependencies: which files of the build context an install command reads.
//!
//! [`reads`] answers for one command, [`declared_dependencies`] for one folder. Each ecosystem has a folder here, each
//! kind of manifest a file in it, and a file `install` that knows what the commands of its managers read. Readers are
//! lenient with what does not concern them, and say [`Unknown`] where a manifest is code that they don't run or a
//! path that only a run can tell.

pub(crate) mod arguments;
pub(crate) mod dependency;
pub(crate) mod gather;
pub(crate) mod globs;
pub(crate) mod install;
pub(crate) mod paths;
pub(crate) mod reads;
pub(crate) mod toml_value;
pub(crate) mod xml;

pub use dependency::Dependency;
pub use install::{Install, Manager, UnknownManager};
pub use reads::{DependenciesFirst, Project, ReadFile, Reads, SourceKind, SourceUse, Step, Stub, Unknown};

use super::{dotnet, go, jvm, node, php, python, ruby, rust};
use crate::context::Files;
use gather::Gather;

/// What `install` reads of the context `files`.
///
/// The result describes the command by itself: what the environment adds (`PIP_CONSTRAINT`, `BUNDLE_GEMFILE`,
/// `NPM_CONFIG_USERCONFIG`) is for the caller to add, in the form of options where the tool has one. Nothing fails:
/// what cannot be told is in [`Reads::unknown`].
pub fn reads(install: &Install, files: &dyn Files) -> Reads {
    let mut gather = Gather::new(files);
    match install.manager {
        Manager::Pip => python::manifests::pip(install, &mut gather),
        Manager::Uv => python::manifests::uv(install, &mut gather),
        Manager::Poetry => python::manifests::poetry(install, &mut gather),
        Manager::Pdm => python::manifests::pdm(install, &mut gather),
        Manager::Pipenv => python::manifests::pipenv(install, &mut gather),
        Manager::Npm => node::manifests::npm(install, &mut gather),
        Manager::Yarn => node::manifests::yarn(install, &mut gather),
        Manager::Pnpm => node::manifests::pnpm(install, &mut gather),
        Manager::Bun => node::manifests::bun(install, &mut gather),
        Manager::Go => go::manifests::install(install, &mut gather),
        Manager::Cargo => rust::manifests::install(install, &mut gather),
        Manager::Maven => jvm::manifests::maven(install, &mut gather),
        Manager::Gradle => jvm::manifests::gradle(install, &mut gather),
        Manager::Bundler => ruby::manifests::install(install, &mut gather),
        Manager::Composer => php::manifests::install(install, &mut gather),
        Manager::Dotnet => dotnet::manifests::install(install, &mut gather),
    }
    gather.finish()
}

/// The direct dependencies that the manifests of `manager` in `folder` declare, sorted. Manifests that are code
/// (`setup.py`, Gradle build files) or cannot be parsed declare nothing here.
pub fn declared_dependencies(manager: Manager, folder: &str, files: &dyn Files) -> Vec<Dependency> {
    let mut found = match manager {
        Manager::Pip | Manager::Uv | Manager::Poetry | Manager::Pdm | Manager::Pipenv => {
            python::manifests::declared(folder, files)
        }
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun => node::manifests::declared(folder, files),
        Manager::Go => go::manifests::declared(folder, files),
        Manager::Cargo => rust::manifests::declared(folder, files),
        Manager::Maven => jvm::manifests::declared(folder, files),
        Manager::Gradle => Vec::new(),
        Manager::Bundler => ruby::manifests::declared(folder, files),
        Manager::Composer => php::manifests::declared(folder, files),
        Manager::Dotnet => dotnet::manifests::declared(folder, files),
    };
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests;
