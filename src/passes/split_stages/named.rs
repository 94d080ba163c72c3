//! The programs that are built and that something in the image names.

use crate::facts::{Command, is_within};
use crate::syntax::Keyword;

use super::Obstacle;
use super::copies::{is_supplied, root};
use super::crossing::{Crossings, project};
use super::subject::Subject;
use crate::effects::ecosystems::{absolute, cargo_programs};
use crate::effects::needs::last;

/// The programs in `folder` that something names.
pub(super) fn named(
    subject: &Subject<'_>,
    index: usize,
    folder: &str,
    crossings: &mut Crossings,
) -> Result<(), Obstacle> {
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
        for command in execution.iter().flat_map(|execution| &execution.commands) {
            let paths = paths_in(command).into_iter();
            found.extend(paths.filter(|path| path != folder && is_within(path, folder)));
        }
    }
    found.retain(|path| !is_supplied(subject, path));
    found.sort();
    found.dedup();
    if let Some(path) = found.iter().find(|path| is_unbuilt(subject, index, path)) {
        return Err((
            format!("{path} is started, but Cargo.toml names no program of that name"),
            "start the program that is built".to_owned(),
        ));
    }
    if !found.is_empty() {
        found.iter().for_each(|path| crossings.add(path, index));
        return Ok(());
    }
    if !folder.ends_with("/target") && root(subject, folder).is_some() {
        return project(subject, index, folder, crossings);
    }
    Err(nothing_named(subject, index, folder))
}

pub(super) fn nothing_named(subject: &Subject<'_>, index: usize, folder: &str) -> Obstacle {
    (
        format!(
            "line {} builds programs in {folder}, and neither CMD nor ENTRYPOINT names one of them",
            subject.line(index)
        ),
        "start the program by its path in CMD or ENTRYPOINT".to_owned(),
    )
}

/// The files and folders that a command names, as absolute paths; each part of a class path is one.
fn paths_in(command: &Command) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_list = false;
    for word in &command.words {
        let text = word.value.as_deref().unwrap_or(&word.text);
        let parts = if is_list { text.split(':').collect() } else { vec![text] };
        let is_path = |part: &&str| !part.contains("://") && (is_list || part.contains('/') || part.ends_with(".jar"));
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

/// Whether `path` is where Cargo would put a program that the project does not have.
fn is_unbuilt(subject: &Subject<'_>, index: usize, path: &str) -> bool {
    let Some((folder, rest)) = path.split_once("/target/") else {
        return false;
    };
    let programs = cargo_programs(&subject.before(index), folder.trim_matches('/'));
    let name = rest.rsplit('/').next().unwrap_or(rest);
    rest.contains('/') && programs.is_some_and(|programs| programs.iter().all(|program| program != name))
}
