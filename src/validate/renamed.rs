//! A COPY out of another stage that takes the same file from another path there, to which a step copied it.

use crate::effects::steps::StepKind;
use crate::effects::{AbsolutePath, Place};
use crate::syntax::Node;

use super::Pair;
use super::model::{Item, Version};

/// Whether each file that a COPY of the original brings is brought by a COPY of stage number `after` of the result, from a
/// path to which a step of that stage copies it.
pub(super) fn is_renamed(pair: &Pair<'_>, after: usize, item: &Item) -> bool {
    let moves = moves(pair.before, item);
    let Some(stage) = pair.after.stages.get(after) else {
        return false;
    };
    let copies: Vec<&Item> = stage
        .items
        .iter()
        .filter(|item| item.step.kind == StepKind::FromStage)
        .collect();
    !moves.is_empty()
        && moves.iter().all(|(from, to)| {
            let mut same = copies.iter().flat_map(|copy| {
                let stage = source_stage(pair.after, copy);
                self::moves(pair.after, copy)
                    .into_iter()
                    .map(move |(from, to)| (stage, from, to))
            });
            same.any(|(stage, now, other)| other == *to && is_copied(pair.after, stage, from, &now))
        })
}

/// The files that a COPY brings, each with the path that it gets.
fn moves(version: &Version<'_>, item: &Item) -> Vec<(AbsolutePath, AbsolutePath)> {
    let index = item.step.instruction;
    let (Some(node), Some(scope)) = (version.node(index), version.facts.scope(index)) else {
        return Vec::new();
    };
    let Some(last) = node.words().last() else {
        return Vec::new();
    };
    let Some(to) = scope.absolute(&last.value).and_then(|to| AbsolutePath::of(&to, None)) else {
        return Vec::new();
    };
    let is_folder = last.value.ends_with('/') || node.sources().len() > 1;
    let target = |from: &AbsolutePath| match from.name() {
        Some(name) if is_folder => to.join(name),
        _ => to.clone(),
    };
    sources(node).map(|from| (from.clone(), target(&from))).collect()
}

fn sources(node: &Node) -> impl Iterator<Item = AbsolutePath> {
    let root = AbsolutePath::root();
    node.sources()
        .iter()
        .filter_map(move |source| AbsolutePath::of(&source.value, Some(&root)))
}

fn source_stage(version: &Version<'_>, item: &Item) -> Option<usize> {
    let index = item.step.instruction;
    let stages = &version.facts.stages;
    stages
        .iter()
        .position(|stage| stage.taken.iter().any(|taken| taken.instruction == index))
}

/// Whether a step of a stage copies `from` to `to`.
fn is_copied(version: &Version<'_>, stage: Option<usize>, from: &AbsolutePath, to: &AbsolutePath) -> bool {
    let items = stage
        .and_then(|stage| version.stages.get(stage))
        .map(|stage| stage.items.as_slice());
    let (from, to) = (Place::Exactly(from.clone()), Place::Exactly(to.clone()));
    let copies = |item: &Item| {
        let effects = item.effects();
        effects.reads.iter().any(|read| read.covers(&from)) && effects.writes.iter().any(|written| written.covers(&to))
    };
    items
        .unwrap_or_default()
        .iter()
        .filter(|item| item.is_run())
        .any(copies)
}
