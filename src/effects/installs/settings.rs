//! Files of the project beside the manifests that a command of a package manager reads or writes.

use crate::context::Files as _;
use crate::effects::ecosystems::manifests::Manager;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::ManagerUse;

use crate::effects::image_files::{View, join};

/// What an install for all projects reads of the one it runs in: npm nothing, the others their settings, and the
/// manifest, since Corepack takes the version of the tool from there.
pub(crate) fn global(manager: Manager, folder: &str, view: &View<'_>) -> Vec<String> {
    let names: &[&str] = match manager {
        Manager::Yarn => &["package.json", ".yarnrc", ".yarnrc.yml", ".npmrc"],
        Manager::Pnpm => &["package.json", ".npmrc"],
        Manager::Bun => &["bunfig.toml", ".npmrc"],
        _ => &[],
    };
    let paths = names.iter().map(|name| join(folder, name));
    paths.filter(|path| view.supplier(path).is_some()).collect()
}

/// Whether a command changes a file of the project that holds settings: what it does, if so.
pub(crate) fn written(
    manager: Manager,
    verb: &str,
    arguments: &[String],
    folder: &str,
    view: &View<'_>,
) -> Result<(), &'static str> {
    let has = |option: &str| arguments.iter().any(|word| word == option);
    let is_there = |name: &str| view.supplier(&join(folder, name)).is_some();
    let for_project = has("--location=project") || has("project") && (has("--location") || has("-L"));
    // The tables have verbs as long as they need them.
    let phrase = [verb].into_iter().chain(arguments.iter().map(String::as_str));
    let phrase: Vec<&str> = phrase.flat_map(str::split_whitespace).take(2).collect();
    let changes = match (manager, phrase.join(" ").as_str()) {
        (Manager::Yarn, "set version" | "plugin import") => true,
        (Manager::Yarn, "config set") => !has("-H") && !has("--home") && is_there(".yarnrc.yml"),
        (Manager::Npm | Manager::Pnpm, _) if matches!(phrase.first(), Some(&("config" | "set"))) => {
            for_project && is_there(".npmrc")
        }
        (Manager::Poetry, _) if phrase.first() == Some(&"config") => has("--local") && is_there("poetry.toml"),
        (Manager::Bundler, _) if phrase.first() == Some(&"config") => {
            (has("--local") || has("local")) && is_there(".bundle/config")
        }
        (Manager::Pdm, _) if matches!(phrase.first(), Some(&("use" | "config"))) => {
            is_there(".pdm-python") || is_there("pdm.toml")
        }
        (Manager::Pipenv, _) if phrase.first() == Some(&"--python") => is_there("Pipfile"),
        (Manager::Go, "mod init" | "work init") => true,
        (Manager::Dotnet, _) => phrase.first() == Some(&"new"),
        _ => false,
    };
    if changes {
        Err("changes files of the project")
    } else {
        Ok(())
    }
}

/// `pip install --target lib`: where the sources bring something to the folder, names may meet.
pub(crate) fn into_sources(used: &ManagerUse, folder: &str, view: &View<'_>) -> Result<(), Obstacle> {
    let targets = used
        .options
        .iter()
        .filter(|(name, _, _)| matches!(name.as_str(), "-t" | "--target" | "--prefix" | "--root" | "--src"));
    for (name, value, _) in targets {
        let path = value.as_deref().map(|value| match value.strip_prefix('/') {
            Some(path) => path.trim_end_matches('/').to_owned(),
            None => join(
                folder,
                value.trim_start_matches("./").trim_end_matches('/').trim_matches('.'),
            ),
        });
        if path.is_none_or(|path| view.exists(&path)) {
            return Err(Obstacle::new(
                ObstacleKind::Order,
                format!("{name} names a folder into which the sources are copied, too"),
                "install to a folder of its own",
            ));
        }
    }
    Ok(())
}

/// The files by which version managers choose the interpreter, where the image may have one.
pub(crate) fn versions(manager: Manager, folder: &str, view: &View<'_>) -> Vec<String> {
    if !view.may_choose_versions {
        return Vec::new();
    }
    let own: &[&str] = match manager {
        Manager::Pip | Manager::Poetry | Manager::Pdm | Manager::Pipenv => &[".python-version"],
        Manager::Npm | Manager::Yarn | Manager::Pnpm => &[".node-version", ".nvmrc"],
        Manager::Bundler => &[".ruby-version"],
        _ => &[],
    };
    let names = own.iter().chain(&[".tool-versions", "mise.toml", ".mise.toml"]);
    let paths = names.map(|name| join(folder, name));
    paths.filter(|path| view.supplier(path).is_some()).collect()
}
