//! Two images side by side: configuration and files.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use plimsoll::knowledge::{is_toolchain_folder, is_toolchain_setting};
use plimsoll::verify::checks::is_different_in_every_build;
use plimsoll::verify::files::{Content, Entry};
use serde_json::Value;

use super::docker::Image;
use super::project::Split;

/// What of an image's configuration a container notices.
const CONFIG: [&str; 12] = [
    "Env",
    "User",
    "WorkingDir",
    "Entrypoint",
    "Cmd",
    "ExposedPorts",
    "Volumes",
    "Labels",
    "Healthcheck",
    "StopSignal",
    "Shell",
    "OnBuild",
];

/// What level safe lets go, and so what a rewritten image may lack or hold in another state: caches, package lists and
/// temporary files. These folders are part of the system and stay, emptied.
const MAY_BE_EMPTIED: [&str; 4] = ["tmp", "var/tmp", "var/lib/apt/lists", "var/cache/apt"];

/// The same; these folders are there only because a tool ran, and go with what is in them. `~` is any home.
const MAY_GO: [&str; 13] = [
    "~/.cache/pip",
    "~/.cache/uv",
    // Not all of `pypoetry`: the virtual environments in it are no cache.
    "~/.cache/pypoetry/artifacts",
    "~/.cache/pypoetry/cache",
    "~/.cache/pnpm",
    "~/.local/share/pnpm/store",
    "~/.cache/go-build",
    "~/.npm",
    "~/.cache/yarn",
    // Where yarn 1 keeps root's cache.
    "usr/local/share/.cache/yarn",
    "go/pkg/mod",
    "usr/local/cargo/registry",
    "usr/local/cargo/git",
];

type Entries = BTreeMap<String, Entry>;

/// Checks that a container of either image is set up in the same way. PATH may gain an entry, and a virtual environment
/// may be announced.
pub fn compare_config(before: &Value, after: &Value) -> Result<()> {
    for field in CONFIG {
        let (before, after) = (&before[field], &after[field]);
        if field == "Env" {
            let (mut before, after) = (environment(before), environment(after));
            // Settings of a toolchain go with it.
            before.retain(|name, _| after.contains_key(name) || !is_toolchain_setting(name));
            ensure!(before == after, "Env was {before:?} and is {after:?}");
        } else {
            ensure!(before == after, "{field} was {before} and is {after}");
        }
    }
    Ok(())
}

/// The variables of a configuration, without what a split may add to them and what only names a version.
fn environment(env: &Value) -> BTreeMap<String, String> {
    let pairs = env.as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut variables: BTreeMap<String, String> = pairs
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    variables.remove("VIRTUAL_ENV");
    variables.retain(|name, _| !name.ends_with("_VERSION") && !name.ends_with("_SHA256"));
    if let Some(path) = variables.get_mut("PATH") {
        let stays = |entry: &&str| *entry != "/opt/venv/bin" && !is_toolchain_folder(entry);
        *path = path.split(':').filter(stays).collect::<Vec<_>>().join(":");
    }
    variables
}

/// Checks that the folders that must stay the same do, and that what must go is gone.
pub fn compare_split(before: &Image, after: &Image, split: &Split) -> Result<()> {
    let (before, after) = (before.files()?.entries, after.files()?.entries);
    let is_in = |path: &str| {
        let mut folders = split.same.iter();
        folders.any(|folder| {
            path.strip_prefix(folder.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let mut differences = Vec::new();
    for (path, entry) in before.iter().filter(|(path, _)| is_in(path)) {
        match after.get(path) {
            None => differences.push(format!("gone: {path}")),
            Some(entry_after) if is_same(path, entry, entry_after) => {}
            Some(entry_after) => differences.push(format!("changed: {path}: {entry:?} is now {entry_after:?}")),
        }
    }
    let new = after.keys().filter(|path| is_in(path) && !before.contains_key(*path));
    differences.extend(new.map(|path| format!("new: {path}")));
    for path in &split.gone {
        ensure!(before.contains_key(path), "the original has no {path}");
        if after.contains_key(path) {
            differences.push(format!("still there: {path}"));
        }
    }
    let count = differences.len();
    differences.truncate(40);
    ensure!(count == 0, "{count} files differ:\n{}", differences.join("\n"));
    Ok(())
}

/// Checks that both images hold the same files, as far as level safe promises it.
pub fn compare_files(before: &Image, after: &Image) -> Result<()> {
    let (before, after) = (before.files()?.entries, after.files()?.entries);
    let mut differences = Vec::new();
    for (path, entry) in &before {
        match after.get(path) {
            None if may_go(path) || holds_only_what_may_go(path, &before) => {}
            None => differences.push(format!("gone: {path}")),
            Some(entry_after) if is_same(path, entry, entry_after) => {}
            Some(entry_after) => differences.push(format!("changed: {path}: {entry:?} is now {entry_after:?}")),
        }
    }
    for path in after.keys().filter(|path| !before.contains_key(*path)) {
        // A cache that the original leaves behind, too, may hold other files; one that it doesn't must not appear.
        let is_in_known_cache = cache_folder(path).is_some_and(|folder| below(&before, folder).next().is_some());
        // Reading a cache makes Python import modules that it compiles on the way.
        let is_bytecode = path.ends_with(".pyc") || path.ends_with("/__pycache__");
        // pip notes with an empty file what it was asked for by name, and no program reads it.
        let is_note = path.ends_with(".dist-info/REQUESTED");
        if !is_in_known_cache && !is_bytecode && !is_note {
            differences.push(format!("new: {path}"));
        }
    }
    let count = differences.len();
    differences.truncate(40);
    ensure!(count == 0, "{count} files differ:\n{}", differences.join("\n"));
    Ok(())
}

fn is_same(path: &str, before: &Entry, after: &Entry) -> bool {
    let is_content_same = match (&before.content, &after.content) {
        (Content::File(_), Content::File(_)) if is_different_in_every_build(path) => true,
        (before, after) => before == after,
    };
    may_go(path) || is_content_same && before.mode == after.mode && before.owner == after.owner
}

fn may_go(path: &str) -> bool {
    cache_folder(path).is_some_and(|folder| folder != path || !MAY_BE_EMPTIED.contains(&folder))
}

/// The folder of [`MAY_BE_EMPTIED`] or [`MAY_GO`] that `path` is, or is in.
fn cache_folder(path: &str) -> Option<&str> {
    MAY_BE_EMPTIED.iter().chain(&MAY_GO).find_map(|folder| {
        let (home, folder) = match folder.strip_prefix("~/") {
            Some(folder) => (home_length(path)?, folder),
            None => (0, *folder),
        };
        let rest = path[home..].strip_prefix(folder)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| &path[..path.len() - rest.len()])
    })
}

/// The length of `root/` or `home/NAME/` at the start of `path`.
fn home_length(path: &str) -> Option<usize> {
    if path.starts_with("root/") {
        return Some("root/".len());
    }
    let name = path.strip_prefix("home/")?;
    Some("home/".len() + name.find('/')? + 1)
}

/// A folder that is there only because something that may go is in it, such as `~/.cache`.
fn holds_only_what_may_go(folder: &str, files: &Entries) -> bool {
    let mut below = below(files, folder).peekable();
    below.peek().is_some() && below.all(|path| may_go(path) || holds_only_what_may_go(path, files))
}

fn below<'a>(files: &'a Entries, folder: &str) -> impl Iterator<Item = &'a str> {
    let prefix = format!("{folder}/");
    files
        .range(prefix.clone()..)
        .map(|(path, _)| path.as_str())
        .take_while(move |path| path.starts_with(&prefix))
}
