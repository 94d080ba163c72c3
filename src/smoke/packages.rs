//! The packages of languages that installs bring and that a program may load.

use std::collections::BTreeSet;

use crate::context::ContextSource;
use crate::effects::ecosystems::manifests::{Manager, declared_dependencies, paths};
use crate::facts::Facts;
use crate::knowledge::Action;
use crate::syntax::Dockerfile;

/// Tools that install, and are no part of what they installed.
const INSTALLERS: [&str; 9] = [
    "pip",
    "pipenv",
    "pdm",
    "poetry",
    "setuptools",
    "uv",
    "virtualenv",
    "wheel",
    "pipx",
];

/// An install of packages of a language.
pub(super) struct Installed {
    manager: Manager,
    /// The packages that it names.
    names: Vec<String>,
    /// The files that it reads by its arguments, as absolute paths of the image.
    files: Vec<String>,
}

pub(super) fn node_manager(id: &str) -> Option<Manager> {
    match id {
        "npm" => Some(Manager::Npm),
        "yarn" | "yarn-berry" => Some(Manager::Yarn),
        "pnpm" => Some(Manager::Pnpm),
        "bun" => Some(Manager::Bun),
        _ => None,
    }
}

fn python_manager(id: &str) -> Option<Manager> {
    match id {
        "pip" => Some(Manager::Pip),
        "uv" => Some(Manager::Uv),
        "poetry" => Some(Manager::Poetry),
        "pdm" => Some(Manager::Pdm),
        "pipenv" => Some(Manager::Pipenv),
        _ => None,
    }
}

pub(super) fn installs(file: &Dockerfile, facts: &Facts) -> Vec<Installed> {
    let mut found = Vec::new();
    for index in 0..file.instructions.len() {
        let commands = facts
            .run(file, index)
            .map(|run| run.commands.as_slice())
            .unwrap_or_default();
        for used in commands.iter().filter_map(|command| command.manager.as_ref()) {
            let id = used.manager.id.as_str();
            let Some(manager) = python_manager(id).or_else(|| node_manager(id)) else {
                continue;
            };
            if used.action == Action::Install {
                found.push(Installed {
                    manager,
                    names: used.packages.iter().map(|(name, ..)| name.clone()).collect(),
                    files: used.reads.iter().flatten().cloned().collect(),
                });
            }
        }
    }
    found
}

/// The Python packages that the installs name and that the manifests that they read declare for production.
pub(super) fn python_packages(installs: &[Installed], context: Option<&ContextSource>) -> Vec<String> {
    let mut found = BTreeSet::new();
    let installs = installs
        .iter()
        .filter(|install| python_manager(install.manager.id()).is_some());
    for install in installs {
        let names = install.names.iter().filter_map(|name| name.split('[').next());
        found.extend(names.map(normal).filter(|name| !name.is_empty()));
        let Some(context) = context else { continue };
        let requirements = requirements(&install.files, context);
        let is_project = requirements.is_empty() && install.names.is_empty();
        let mut folders: BTreeSet<&str> = requirements.iter().map(|path| folder(path)).collect();
        folders.insert("");
        for dependency in folders
            .into_iter()
            .flat_map(|folder| declared_dependencies(install.manager, folder, context))
        {
            let is_meant = match dependency.manifest.ends_with(".txt") {
                true => requirements.contains(&dependency.manifest),
                false => {
                    let groups = ["dependencies", "install_requires", "packages"];
                    is_project && !dependency.dev && groups.contains(&dependency.group.as_str())
                }
            };
            if is_meant && !is_conditional(context, &dependency.manifest, &dependency.name) {
                found.insert(dependency.name);
            }
        }
    }
    found
        .into_iter()
        .filter(|name| !INSTALLERS.contains(&name.as_str()))
        .collect()
}

/// Names as the index compares them.
fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace(['_', '.'], "-")
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The requirements files of the context that installs read as `files` of the image, and those that they include.
fn requirements(files: &[String], context: &ContextSource) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = Vec::new();
    for file in files.iter().filter(|file| file.ends_with(".txt")) {
        // The longest end of the path that the context has: /app/requirements/base.txt is requirements/base.txt there.
        let parts: Vec<&str> = file.trim_matches('/').split('/').collect();
        let ends = (0..parts.len()).filter_map(|from| Some(parts.get(from..)?.join("/")));
        open.extend(ends.into_iter().find(|end| context.exists(end)));
    }
    while let Some(path) = open.pop() {
        if !found.insert(path.clone()) {
            continue;
        }
        let Ok(text) = context.read(&path) else { continue };
        for line in text.lines() {
            let included = ["-r", "--requirement"]
                .iter()
                .find_map(|option| line.trim().strip_prefix(option));
            if let Some(name) = included.map(|rest| rest.trim_start_matches(['=', ' ']).trim()) {
                let folder = folder(&path).split('/').filter(|part| !part.is_empty());
                open.extend(paths::from_parts(folder, name).filter(|path| context.exists(path)));
            }
        }
    }
    found
}

/// Whether a manifest declares a package for some systems or interpreters only, or as optional.
fn is_conditional(context: &ContextSource, manifest: &str, name: &str) -> bool {
    let Ok(text) = context.read(manifest) else { return true };
    let mut lines = text.lines().filter(|line| {
        let line = normal(line.trim_start_matches([' ', '\t', '"', '\'']));
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| !rest.starts_with(|sign: char| sign.is_ascii_alphanumeric() || sign == '-'))
    });
    lines.any(|line| {
        [";", "markers", "optional", "platform"]
            .iter()
            .any(|sign| line.contains(sign))
    })
}

/// The packages that the manifest in the root declares for production.
pub(super) fn node_packages(installs: &[Installed], context: &ContextSource) -> Vec<String> {
    let manager = installs.iter().find_map(|install| node_manager(install.manager.id()));
    let Some(manager) = manager else { return Vec::new() };
    declared_dependencies(manager, "", context)
        .into_iter()
        // Types are nothing that a program loads.
        .filter(|dependency| dependency.group == "dependencies" && !dependency.name.starts_with("@types/"))
        .map(|dependency| dependency.name)
        .collect()
}
