//! Rust: what builds of Cargo leave, and what its packages name.

pub(crate) mod manifests;

use crate::context::Files;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, ManagerUse};
use crate::knowledge::Action;

use super::{Left, Output, Surroundings, absolute, unknown_folder};

impl Surroundings<'_> {
    pub(crate) fn cargo(&self, command: &Command, used: &ManagerUse) -> Left {
        let root = used.options.iter().find(|(name, ..)| name == "--root");
        let root = match root {
            Some((_, root, _)) => root.clone(),
            None => match (
                self.variable(command, "CARGO_INSTALL_ROOT")?,
                self.variable(command, "CARGO_HOME")?,
            ) {
                (Some(root), _) | (None, Some(root)) => Some(root),
                (None, None) => Some(format!("{}/.cargo", self.home_folder(command)?)),
            },
        };
        let root = root.and_then(|root| absolute(command, &root));
        let is_build = matches!(used.verb.as_str(), "build" | "b");
        let moved = used.options.iter().any(|(name, ..)| match name.as_str() {
            "--out-dir" | "--artifact-dir" | "--manifest-path" => true,
            "--target-dir" => !is_build,
            _ => false,
        });
        let Some(root) = root.filter(|_| !moved) else {
            return Err(Obstacle::new(
                ObstacleKind::UnknownPlace,
                "`cargo` is told of another folder by an option",
                "split the stages by hand",
            ));
        };
        match used.verb.as_str() {
            "install" => {
                let path = used.options.iter().find(|(name, ..)| name == "--path");
                let names = match path {
                    // A crate of the registry most often brings a program of its own name.
                    None => used.packages.iter().map(|(name, ..)| name.clone()).collect(),
                    Some((_, path, _)) => {
                        let path = path.as_deref().and_then(|path| absolute(command, path));
                        let programs = path.and_then(|path| cargo_programs(self.files, path.trim_matches('/')));
                        programs.ok_or_else(|| {
                            Obstacle::new(
                                ObstacleKind::UnknownCommand,
                                "nothing tells which programs `cargo install` builds",
                                "copy Cargo.toml and the sources from the build context before it",
                            )
                        })?
                    }
                };
                Ok(Some(vec![Output::Programs(
                    format!("{}/bin", root.trim_end_matches('/')),
                    names,
                )]))
            }
            "build" | "b" => {
                let named = used.options.iter().find(|(name, ..)| name == "--target-dir");
                let target = match (named, self.variable(command, "CARGO_TARGET_DIR")?) {
                    (Some((_, target, _)), _) => Some(target.clone().ok_or_else(|| unknown_folder("cargo"))?),
                    (None, Some(target)) => Some(target),
                    (None, None) => self.variable(command, "CARGO_BUILD_TARGET_DIR")?,
                };
                let target = target.unwrap_or_else(|| "target".to_owned());
                let target = absolute(command, &target).ok_or_else(|| unknown_folder("cargo"))?;
                Ok(Some(vec![Output::NamedIn(target.trim_end_matches('/').to_owned())]))
            }
            // They write among what they compile, and nothing there that a program needs.
            "check" | "c" | "clippy" | "doc" | "d" | "rustdoc" | "test" | "t" | "bench" | "nextest" | "chef cook" => {
                Ok(Some(Vec::new()))
            }
            // `cargo run`, `cargo leptos build`: a program of the project, or a tool of its own, writes what it likes.
            _ if used.action == Action::Build => {
                let folder = command.workdir.clone().ok_or_else(|| unknown_folder("cargo"))?;
                Ok(Some(vec![Output::Project(folder)]))
            }
            _ => Ok(Some(Vec::new())),
        }
    }
}

/// The files of the shared libraries that packages of the project in `folder` build: its own, and those of the members that it
/// names without a pattern.
pub(crate) fn cargo_libraries(files: &dyn Files, folder: &str) -> Vec<String> {
    let read = |folder: &str| -> Option<toml::Table> {
        let text = files.read(&below(folder, "Cargo.toml"))?;
        toml::from_str(&text).ok()
    };
    let Some(root) = read(folder) else {
        return Vec::new();
    };
    let members = root.get("workspace").and_then(|workspace| workspace.get("members"));
    let members = members.and_then(toml::Value::as_array).into_iter().flatten();
    let members = members.filter_map(|member| read(&below(folder, member.as_str()?)));
    let all: Vec<toml::Table> = members.chain([root.clone()]).collect();
    all.iter().filter_map(shared_library).collect()
}

/// The file of the shared library that a package builds, if it builds one.
fn shared_library(manifest: &toml::Table) -> Option<String> {
    let library = manifest.get("lib")?;
    let mut kinds = library
        .get("crate-type")?
        .as_array()?
        .iter()
        .filter_map(toml::Value::as_str);
    kinds.find(|kind| matches!(*kind, "cdylib" | "dylib"))?;
    let own = library.get("name").or_else(|| manifest.get("package")?.get("name"));
    Some(format!("lib{}.so", own?.as_str()?.replace('-', "_")))
}

/// The programs that the package in `folder` builds; none where its manifest is not known.
pub(crate) fn cargo_programs(files: &dyn Files, folder: &str) -> Option<Vec<String>> {
    let join = |name: &str| below(folder, name);
    let manifest: toml::Table = toml::from_str(&files.read(&join("Cargo.toml"))?).ok()?;
    let package = manifest.get("package")?;
    let name = package.get("name")?.as_str()?;
    let named = manifest
        .get("bin")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten();
    let path = |bin: &toml::Value| bin.get("path").and_then(toml::Value::as_str).map(str::to_owned);
    let has_own_main = named.clone().any(|bin| path(bin).as_deref() == Some("src/main.rs"));
    // What needs a feature is built only where that is on.
    let is_built = |bin: &&toml::Value| bin.get("required-features").is_none();
    let mut found: Vec<String> = named
        .filter(is_built)
        .filter_map(|bin| Some(bin.get("name")?.as_str()?.to_owned()))
        .collect();
    let finds_others = package.get("autobins").and_then(toml::Value::as_bool) != Some(false);
    if finds_others && !has_own_main && files.exists(&join("src/main.rs")) {
        found.push(name.to_owned());
    }
    if finds_others {
        let others = files.list(&join("src/bin"));
        found.extend(
            others
                .iter()
                .map(|name| name.trim_end_matches(".rs").trim_end_matches('/').to_owned()),
        );
    }
    found.sort();
    found.dedup();
    Some(found)
}

fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
