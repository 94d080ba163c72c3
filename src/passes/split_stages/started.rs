//! Whether each program and script that is started, and each file that it is told to read, has a writer in the result.

use std::collections::BTreeMap;

use crate::context::Files as _;
use crate::effects::ecosystems::Output;
use crate::effects::needs::{Needs, Started};
use crate::effects::steps::{Step, StepKind};
use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, Place};
use crate::knowledge::{ArgumentRole, command_table, is_filled_by_images};

use super::crossing::Crossings;
use super::subject::Subject;
use super::work::Works;

/// Refuses a split whose result starts or reads a file that only a build of the project can have written, although no step is known to
/// write it.
///
/// # Errors
/// The file, and the build.
pub(super) fn check(
    subject: &Subject<'_>,
    works: &BTreeMap<usize, Works>,
    steps: &[Step],
    needs: &Needs,
    crossings: &Crossings,
) -> Result<(), Obstacle> {
    let mut builds = works
        .iter()
        .filter(|(_, works)| works.outputs().any(Output::is_of_own_code));
    let Some((&build, _)) = builds.next_back() else {
        return Ok(());
    };
    let image = subject.before(subject.range().end);
    let is_there = |path: &AbsolutePath| {
        let place = Place::Exactly(path.clone());
        let crosses = crossings.list.iter().any(|crossing| {
            AbsolutePath::of(&crossing.path, None).is_some_and(|folder| Place::of_pattern(folder).meets(&place))
        });
        let mut written = steps
            .iter()
            .filter(|step| step.kind != StepKind::Build)
            .flat_map(|step| &step.effects.writes);
        crosses || image.exists(path.relative()) || written.any(|written| written.meets(&place))
    };
    let mut started = needs
        .commands
        .iter()
        .flat_map(|command| files(command).into_iter().map(move |path| (command, path)));
    let may_be_of_image =
        |path: &AbsolutePath| is_filled_by_images(path.as_str()) && !is_in_cache(subject, works, path);
    match started.find(|(_, path)| !may_be_of_image(path) && !is_there(path)) {
        Some((command, path)) => Err(Obstacle::new(
            ObstacleKind::UnknownNeed,
            format!(
                "{} names {path}, which only the build of line {} can have written, by a setting that is not known",
                command.place,
                subject.line(build)
            ),
            format!("copy {path} to its place in a separate RUN after the build"),
        )),
        None => Ok(()),
    }
}

/// Whether a path is in a folder in which a manager that builds keeps what it downloads and installs: `~/.m2/repository`.
fn is_in_cache(subject: &Subject<'_>, works: &BTreeMap<usize, Works>, path: &AbsolutePath) -> bool {
    let builds = works.iter().filter(|(_, works)| works.builds());
    let runs = builds.filter_map(|(index, _)| subject.facts.run(subject.file, *index));
    let used = runs
        .flat_map(|run| &run.commands)
        .filter_map(|command| command.manager.as_ref());
    let mut caches = used
        .flat_map(|used| &used.caches)
        .filter_map(|cache| cache.path.as_deref());
    caches.any(|cache| AbsolutePath::of(cache, None).is_some_and(|cache| path.is_within(&cache)))
}

/// The absolute paths of the program and the scripts that a command runs, and of the files that it is given to read.
fn files(command: &Started) -> Vec<AbsolutePath> {
    let Some((program, rest)) = command.words.split_first() else {
        return Vec::new();
    };
    let words: Vec<Option<&str>> = rest.iter().map(|word| Some(word.as_str())).collect();
    let reading = command_table(program.rsplit('/').next().unwrap_or(program)).map(|table| table.read(&words));
    let arguments = reading.iter().flat_map(|reading| &reading.arguments);
    let files = arguments.filter(|argument| {
        matches!(
            argument.role,
            ArgumentRole::Script | ArgumentRole::ShellScript | ArgumentRole::Reads
        )
    });
    let mut found: Vec<&str> = vec![program];
    found.extend(files.filter_map(|argument| argument.text.as_deref()));
    // `-cp /app/lib/*:/app/app.jar` is a list, with all files of a folder.
    let parts = found.into_iter().flat_map(|text| text.split(':'));
    let folders = parts.map(|path| path.strip_suffix("/*").unwrap_or(path));
    let absolute = folders.filter(|path| path.starts_with('/') && !path.contains(['$', '*']));
    absolute.filter_map(|path| AbsolutePath::of(path, None)).collect()
}
