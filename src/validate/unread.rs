//! Files of the build context that nothing reads at run time.

use crate::effects::AbsolutePath;
use crate::effects::ecosystems::Output;
use crate::effects::image_files::{Copy, inside};
use crate::effects::needs::{has_compiled_source, is_used_up};
use crate::effects::steps::StepKind;
use crate::knowledge::served;
use crate::syntax::Keyword;

use super::model::{Item, Version};
use super::{Pair, named};

/// Whether nothing reads at run time what a COPY of the original brought to its stage.
pub(super) fn is_unread(pair: &Pair<'_>, stages: (usize, usize), item: &Item, copy: Option<&Copy>) -> bool {
    let (before, after) = stages;
    let Some(to) = copy
        .and_then(|copy| copy.destination.as_deref())
        .and_then(|to| AbsolutePath::of(to, None))
    else {
        return false;
    };
    is_only_source(pair, before, copy)
        || is_build_folder(pair, before, item, &to)
        || serves_part(pair.after, after, &to)
}

/// Whether a program of a compiled language starts, and all that is copied is its sources.
fn is_only_source(pair: &Pair<'_>, stage: usize, copy: Option<&Copy>) -> bool {
    let version = pair.before;
    let Some(model) = version.stages.get(stage) else {
        return false;
    };
    let outputs = model.items.iter().flat_map(|item| &item.step.outputs);
    let is_compiled = |output: &Output| {
        matches!(
            output,
            Output::NamedIn(_) | Output::Packaged(_) | Output::OnlyNamed(..) | Output::Programs(..)
        )
    };
    let builds = outputs.clone().any(is_compiled);
    let layers = copy.map(|copy| copy.layers.as_slice()).unwrap_or_default();
    if outputs.count() == 0 || layers.is_empty() {
        return false;
    }
    let is_copied = |path: &str| layers.iter().any(|layer| inside(path, &layer.from).is_some());
    (builds || has_compiled_source(version.context)) && is_used_up(version.context, is_copied)
}

/// Whether a COPY goes to a folder of builds: a RUN builds there, the program starts elsewhere, and names nothing of it.
fn is_build_folder(pair: &Pair<'_>, stage: usize, item: &Item, to: &AbsolutePath) -> bool {
    let version = pair.before;
    let Some(model) = version.stages.get(stage) else {
        return false;
    };
    let root = AbsolutePath::root();
    let is_near = |path: &AbsolutePath| path.is_within(to) || to.is_within(path);
    let builds_there = model.items.iter().any(|other| {
        let command = version.command(other).and_then(|command| command.workdir.as_deref());
        let folder = command.and_then(|folder| AbsolutePath::of(folder, None));
        other.step.instruction > item.step.instruction
            && other.step.kind == StepKind::Build
            && folder.is_some_and(|folder| folder.is_within(to))
    });
    let starts_there = version
        .workdir(stage)
        .is_none_or(|workdir| workdir == root || is_near(&workdir));
    let mut names = named::paths(version, stage).into_iter();
    *to != root && builds_there && !starts_there && !names.any(|named| named.path.is_within(to))
}

/// Whether the program of a stage only serves a folder within `project`, and that folder is carried to it.
pub(super) fn serves_part(version: &Version<'_>, stage: usize, project: &AbsolutePath) -> bool {
    served_folder(version, stage).is_some_and(|folder| folder.is_within(project))
}

/// Whether the program of a stage only serves a folder, which is carried to it, and `path` is beside that folder.
pub(super) fn is_beside_served(version: &Version<'_>, stage: usize, path: &AbsolutePath) -> bool {
    let project = served_folder(version, stage).and_then(|folder| folder.parent());
    project.is_some_and(|project| project != AbsolutePath::root() && path.is_within(&project))
}

/// The folder that the program of a stage serves, where it does nothing else, and the folder is carried to the stage.
fn served_folder(version: &Version<'_>, stage: usize) -> Option<AbsolutePath> {
    let index = version.last(stage, Keyword::Cmd)?;
    let execution = version
        .facts
        .instructions
        .get(index)
        .and_then(|facts| facts.execution.as_deref());
    let commands = execution
        .map(|execution| execution.commands.as_slice())
        .unwrap_or_default();
    let mut folders = commands.iter().map(|command| {
        let words: Vec<&str> = command.words.iter().filter_map(|word| word.value.as_deref()).collect();
        let (_, folder) = served(&words)?;
        AbsolutePath::of(folder, version.workdir(stage).as_ref())
    });
    let (Some(folder), None) = (folders.next()?, folders.next()) else {
        return None;
    };
    let model = version.stages.get(stage)?;
    let is_delivered = |region: &crate::effects::Place| region.covers(&crate::effects::Place::Under(folder.clone()));
    let is_carried = model.deliveries.iter().any(|delivery| is_delivered(&delivery.region));
    is_carried.then_some(folder)
}
