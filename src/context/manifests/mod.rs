//! Manifests of dependencies: which files of the build context an install command reads.
//!
//! [`reads`] answers for one command, [`declared_dependencies`] for one folder. Each ecosystem has a folder here, each
//! kind of manifest a file in it, and a file `install` that knows what the commands of its managers read. Readers are
//! lenient with what does not concern them, and say [`Unknown`] where a manifest is code that they don't run or a
//! path that only a run can tell.

mod arguments;
mod dependency;
mod dotnet;
mod files;
mod gather;
mod globs;
mod go;
mod install;
mod jvm;
mod node;
mod paths;
mod php;
mod python;
mod reads;
mod ruby;
mod rust;
mod toml_value;
mod xml;

pub use dependency::Dependency;
pub use files::{Files, MemoryFiles, decode};
pub use install::{Install, Manager, UnknownManager};
pub(crate) use node::{changes_nothing, npm_locked};
pub use reads::{DependenciesFirst, Project, ReadFile, Reads, SourceKind, SourceUse, Step, Stub, Unknown};

use gather::Gather;

/// What `install` reads of the context `files`.
///
/// The result describes the command by itself: what the environment adds (`PIP_CONSTRAINT`, `BUNDLE_GEMFILE`,
/// `NPM_CONFIG_USERCONFIG`) is for the caller to add, in the form of options where the tool has one. Nothing fails:
/// what cannot be told is in [`Reads::unknown`].
pub fn reads(install: &Install, files: &dyn Files) -> Reads {
    let mut gather = Gather::new(files);
    match install.manager {
        Manager::Pip => python::pip(install, &mut gather),
        Manager::Uv => python::uv(install, &mut gather),
        Manager::Poetry => python::poetry(install, &mut gather),
        Manager::Pdm => python::pdm(install, &mut gather),
        Manager::Pipenv => python::pipenv(install, &mut gather),
        Manager::Npm => node::npm(install, &mut gather),
        Manager::Yarn => node::yarn(install, &mut gather),
        Manager::Pnpm => node::pnpm(install, &mut gather),
        Manager::Bun => node::bun(install, &mut gather),
        Manager::Go => go::install(install, &mut gather),
        Manager::Cargo => rust::install(install, &mut gather),
        Manager::Maven => jvm::maven(install, &mut gather),
        Manager::Gradle => jvm::gradle(install, &mut gather),
        Manager::Bundler => ruby::install(install, &mut gather),
        Manager::Composer => php::install(install, &mut gather),
        Manager::Dotnet => dotnet::install(install, &mut gather),
    }
    gather.finish()
}

/// The direct dependencies that the manifests of `manager` in `folder` declare, sorted. Manifests that are code
/// (`setup.py`, Gradle build files) or cannot be parsed declare nothing here.
pub fn declared_dependencies(manager: Manager, folder: &str, files: &dyn Files) -> Vec<Dependency> {
    let mut found = match manager {
        Manager::Pip | Manager::Uv | Manager::Poetry | Manager::Pdm | Manager::Pipenv => {
            python::declared(folder, files)
        }
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun => node::declared(folder, files),
        Manager::Go => go::declared(folder, files),
        Manager::Cargo => rust::declared(folder, files),
        Manager::Maven => jvm::declared(folder, files),
        Manager::Gradle => Vec::new(),
        Manager::Bundler => ruby::declared(folder, files),
        Manager::Composer => php::declared(folder, files),
        Manager::Dotnet => dotnet::declared(folder, files),
    };
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests;
