//! The programs that are built and that something in the image names.

use std::collections::BTreeSet;

use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, is_standard_folder};
use crate::facts::{Command, is_within};
use crate::syntax::Keyword;

use super::copies::{is_supplied, root};
use super::crossing::{Crossings, project};
use super::subject::Subject;
use crate::effects::ecosystems::{Beside, absolute, beside, cargo_libraries, cargo_programs, names_built_file};
use crate::effects::needs::{self, Needs, last};

/// Takes along what something names in `folder`: the file, or the folder so many parts below that it is in.
pub(super) fn only_named(
    subject: &Subject<'_>,
    index: usize,
    (folder, parts): (&str, Option<usize>),
    needs: &Needs,
    crossings: &mut Crossings,
) {
    let started = needs.commands.iter().flat_map(|command| &command.words);
    let end = subject.range().end.saturating_sub(1);
    let scope = subject.facts.scope(end);
    let in_scripts = started.filter_map(|word| scope?.absolute(word));
    let paths = in_scripts.chain(named_paths(subject));
    for path in paths.filter(|path| path != folder && is_within(path, folder)) {
        let below = path.get(folder.len()..).unwrap_or_default().trim_start_matches('/');
        let unit: Vec<&str> = below.split('/').take(parts.unwrap_or(usize::MAX)).collect();
        // What is above the unit is not it.
        if parts.is_none_or(|parts| unit.len() == parts) && !is_supplied(subject, &path) {
            let unit = format!("{}/{}", folder.trim_end_matches('/'), unit.join("/"));
            crossings.add(&unit, index);
            // The last step that may write it.
            let known = crossings.list.iter_mut().filter(|crossing| crossing.path == unit);
            known.for_each(|crossing| crossing.at = crossing.at.max(index));
        }
    }
}

/// The paths that CMD, ENTRYPOINT and HEALTHCHECK name.
fn named_paths(subject: &Subject<'_>) -> Vec<String> {
    in_started(subject, paths_in)
}

/// The paths that options of them name within their words: `-javaagent:target/agent.jar`, `-Dloader.path=lib`.
fn named_by_options(subject: &Subject<'_>) -> Vec<String> {
    in_started(subject, |command| {
        let words = command.words.iter().filter_map(|word| word.value.as_deref());
        let options = words.filter(|word| word.starts_with('-'));
        let values = options.flat_map(|word| word.split(['=', ':', ',']).skip(1));
        let paths = values.filter(|value| names_built_file(value));
        paths.filter_map(|value| absolute(command, value)).collect()
    })
}

/// What `read` finds in each command of CMD, ENTRYPOINT and HEALTHCHECK.
fn in_started(subject: &Subject<'_>, read: impl Fn(&Command) -> Vec<String>) -> Vec<String> {
    let mut found = Vec::new();
    for keyword in [Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck] {
        let Some(at) = last(subject.file, subject.range(), keyword) else {
            continue;
        };
        let execution = subject
            .facts
            .instructions
            .get(at)
            .and_then(|facts| facts.execution.as_deref());
        let commands = execution.iter().flat_map(|execution| &execution.commands);
        found.extend(commands.flat_map(&read));
    }
    found
}

/// The programs in `folder` that something names.
pub(super) fn named(
    subject: &Subject<'_>,
    index: usize,
    folder: &str,
    crossings: &mut Crossings,
) -> Result<(), Obstacle> {
    let found = built_paths(subject, folder);
    if let Some(path) = found.iter().find(|path| is_unbuilt(subject, index, path)) {
        return Err(Obstacle::new(
            ObstacleKind::MissingFile,
            format!("{path} is started, but Cargo.toml names no program of that name"),
            "start the program that is built",
        ));
    }
    if !found.is_empty() {
        let beside = found.iter().flat_map(|path| beside_program(subject, index, path));
        found
            .iter()
            .cloned()
            .chain(beside)
            .for_each(|path| crossings.add(&path, index));
        return Ok(());
    }
    if !folder.ends_with("/target") && root(subject, folder).is_some() {
        return project(subject, index, folder, crossings);
    }
    Err(nothing_named(subject, index, folder))
}

/// What something names in `folder`, where a build of Java works, with what that needs beside itself.
///
/// # Errors
/// Nothing is named and the folder cannot be carried, or what is named needs more than can be.
pub(super) fn packaged(
    subject: &Subject<'_>,
    index: usize,
    folder: &str,
    crossings: &mut Crossings,
) -> Result<(), Obstacle> {
    let files = subject.before(index);
    let relative = |path: &str| path.trim_matches('/').to_owned();
    let mut needs_project = false;
    let mut carried = Vec::new();
    for path in built_paths(subject, folder) {
        match beside(&files, &relative(folder), &relative(&path))? {
            Beside::Nothing => carried.push(path),
            Beside::Folder(unit) => carried.push(format!("/{unit}")),
            Beside::Project => needs_project = true,
        }
    }
    needs_project |= named_by_options(subject)
        .iter()
        .any(|path| is_within(path, folder) && !is_supplied(subject, path));
    if !carried.is_empty() && !needs_project {
        carried.iter().for_each(|path| crossings.add(path, index));
        return Ok(());
    }
    if root(subject, folder).is_some() {
        return project(subject, index, folder, crossings);
    }
    let is_own = AbsolutePath::of(folder, None).is_some_and(|folder| !is_standard_folder(&folder));
    if needs_project && is_own {
        crossings.add(folder, index);
        return Ok(());
    }
    Err(nothing_named(subject, index, folder))
}

/// The paths in `folder` that something names and that no COPY brings.
fn built_paths(subject: &Subject<'_>, folder: &str) -> Vec<String> {
    let mut found = named_paths(subject);
    found.retain(|path| path != folder && is_within(path, folder));
    found.retain(|path| !is_supplied(subject, path));
    found.sort();
    found.dedup();
    found
}

pub(super) fn nothing_named(subject: &Subject<'_>, index: usize, folder: &str) -> Obstacle {
    Obstacle::new(
        ObstacleKind::UnknownNeed,
        format!(
            "line {} builds programs in {folder}, and neither CMD nor ENTRYPOINT names one of them",
            subject.line(index)
        ),
        "start the program by its path in CMD or ENTRYPOINT",
    )
}

/// The files and folders that a command names, as absolute paths; each part of a class path is one.
fn paths_in(command: &Command) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_list = false;
    for word in &command.words {
        let text = word.value.as_deref().unwrap_or(&word.text);
        let parts = if is_list { text.split(':').collect() } else { vec![text] };
        // An option is no path, though a part of it may be.
        let is_path = |part: &&str| {
            !part.starts_with('-') && !part.contains("://") && (is_list || part.contains('/') || part.ends_with(".jar"))
        };
        found.extend(
            parts
                .into_iter()
                .filter(is_path)
                .filter_map(|part| absolute(command, part)),
        );
        is_list = matches!(text, "-cp" | "-classpath" | "--class-path" | "-p" | "--module-path");
    }
    found
}

/// The other files of a build of Cargo that sources of the project name, where the program at `path` starts: they are beside it.
fn beside_program(subject: &Subject<'_>, index: usize, path: &str) -> Vec<String> {
    let Some(((project, _), (folder, own))) = path.split_once("/target/").zip(path.rsplit_once('/')) else {
        return Vec::new();
    };
    let files = subject.before(index);
    let project = project.trim_matches('/');
    let run = subject.facts.run(subject.file, index);
    let used = run
        .iter()
        .flat_map(|run| &run.commands)
        .filter_map(|command| command.manager.as_ref());
    let options = used.flat_map(|used| &used.options);
    let chosen: Vec<_> = options
        .filter(|(name, ..)| name == "--bin")
        .filter_map(|(_, name, _)| name.as_deref())
        .collect();
    let is_built = |name: &String| chosen.is_empty() || chosen.contains(&name.as_str());
    let programs = cargo_programs(&files, project).unwrap_or_default();
    let programs = programs.into_iter().filter(is_built);
    let mut built: BTreeSet<String> = programs.chain(cargo_libraries(&files, project)).collect();
    built.remove(own);
    let named = needs::named_by_sources(subject.context, ".rs", &built);
    named.into_iter().map(|name| format!("{folder}/{name}")).collect()
}

/// Whether `path` is where Cargo would put a program that the project does not have.
fn is_unbuilt(subject: &Subject<'_>, index: usize, path: &str) -> bool {
    let Some((folder, rest)) = path.split_once("/target/") else {
        return false;
    };
    let programs = cargo_programs(&subject.before(index), folder.trim_matches('/'));
    let name = rest.rsplit('/').next().unwrap_or(rest);
    rest.contains('/') && programs.is_some_and(|programs| programs.iter().all(|program| program != name))
}
