//! Folders that are no place of a project.

use crate::context::Files as _;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Facts, is_within};

use crate::effects::image_files::{Copy, View, inside, join};

/// Whether a folder holds a project and not the settings of the system. `workdir` is where the install runs.
pub(crate) fn is_project(destination: &str, workdir: Option<&str>) -> Result<(), Obstacle> {
    const PLACES: &[&str] = &[
        "usr/src",
        "usr/app",
        "usr/local/app",
        "usr/local/src",
        "usr/share/nginx/html",
        "var/www",
        "var/app",
        "var/task",
        "usr/share/app",
    ];
    let path = destination.trim_matches('/');
    let system = [
        "etc", "bin", "sbin", "lib", "lib64", "usr", "var", "dev", "proc", "sys", "run", "boot",
    ];
    let is_system = path.is_empty() || system.iter().any(|name| inside(path, name).is_some());
    // A folder of its own below /etc or /usr in which the install runs is the project's.
    let is_workdir = workdir.is_some_and(|workdir| {
        let is_own = workdir.trim_matches('/').contains('/') && path.contains('/');
        is_own && (is_within(workdir, destination) || is_within(destination, workdir))
    });
    if is_system && !is_workdir && !PLACES.iter().any(|place| inside(path, place).is_some()) {
        return Err(Obstacle::new(
            ObstacleKind::Order,
            format!("what is copied to {destination} may be settings that the install reads"),
            "copy the sources to a folder of their own",
        ));
    }
    Ok(())
}

/// Tools read settings from the home folder: nothing hidden that is not read as a file of the project may come there.
pub(crate) fn home(
    facts: &Facts,
    index: usize,
    copies: &[&Copy],
    view: &View<'_>,
    files: &[String],
) -> Result<(), Obstacle> {
    const HARMLESS: &[&str] = &[
        ".git",
        ".github",
        ".gitignore",
        ".gitattributes",
        ".gitmodules",
        ".dockerignore",
        ".env",
        ".vscode",
        ".idea",
        ".editorconfig",
        ".gitlab-ci.yml",
        ".travis.yml",
        ".circleci",
        ".flake8",
        ".pylintrc",
        ".pre-commit-config.yaml",
        ".gitkeep",
        ".DS_Store",
        ".streamlit",
        ".eslintrc",
        ".eslintrc.json",
        ".eslintrc.js",
        ".prettierrc",
        ".coveragerc",
    ];
    let scope = facts.scope(index);
    let home = scope.and_then(|scope| scope.home().map(str::to_owned));
    let homes = [
        home.as_deref(),
        scope.and_then(|scope| scope.account_home()),
        Some("/root"),
    ];
    for home in homes
        .into_iter()
        .flatten()
        .map(|home| home.trim_matches('/'))
        .filter(|home| !home.is_empty())
    {
        for layer in copies.iter().flat_map(|copy| &copy.layers) {
            if inside(&layer.to, home).is_some_and(|rest| rest.starts_with('.')) {
                return Err(Obstacle::new(
                    ObstacleKind::Order,
                    format!("/{} may hold settings that the install reads", layer.to),
                    "copy the sources to a folder of their own",
                ));
            }
            if inside(home, &layer.to).is_none() {
                continue;
            }
            for name in view.list(home) {
                let path = join(home, name.trim_end_matches('/'));
                let hidden = name.starts_with('.') && !HARMLESS.contains(&name.trim_end_matches('/'));
                if layer.is_folder && hidden && !files.iter().any(|file| file.trim_end_matches('/') == path) {
                    return Err(Obstacle::new(
                        ObstacleKind::Order,
                        format!("/{path} comes into the home folder, where the install may read it as its settings"),
                        format!("add {name} to .dockerignore, or copy the sources to another folder"),
                    ));
                }
            }
        }
    }
    Ok(())
}
