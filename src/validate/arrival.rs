//! What COPYs carry from one stage to the same path of another.

use crate::effects::steps::StepKind;
use crate::effects::{AbsolutePath, Place};
use crate::facts::Facts;
use crate::syntax::{Dockerfile, Instruction};

use super::model::{Item, Version};

/// What a COPY brings from another stage to the path that it has there.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    /// The number of the COPY among the items of the stage.
    pub(super) at: usize,
    /// The stage that it comes from.
    pub(super) from: usize,
    /// What is brought.
    pub(super) region: Place,
}

/// The deliveries of the items of a stage.
pub(super) fn deliveries(file: &Dockerfile, facts: &Facts, items: &[Item]) -> Vec<Delivery> {
    let copies = items.iter().enumerate();
    copies
        .filter(|(_, item)| item.step.kind == StepKind::FromStage)
        .flat_map(|(at, item)| of_copy(file, facts, at, item.step.instruction))
        .collect()
}

fn of_copy(file: &Dockerfile, facts: &Facts, at: usize, index: usize) -> Vec<Delivery> {
    let is_taken = |stage: &crate::facts::Stage| stage.taken.iter().any(|taken| taken.instruction == index);
    let (Some(from), Some(node), Some(scope)) = (
        facts.stages.iter().position(is_taken),
        file.instructions.get(index).map(Instruction::node),
        facts.scope(index),
    ) else {
        return Vec::new();
    };
    let Some(to) = node
        .words()
        .last()
        .filter(|last| !last.value.contains('$'))
        .and_then(|last| scope.absolute(&last.value))
        .and_then(|to| AbsolutePath::of(&to, None))
    else {
        return Vec::new();
    };
    let region = |source: &crate::syntax::Text| {
        let path =
            AbsolutePath::of(&source.value, Some(&AbsolutePath::root())).filter(|_| !source.value.contains('$'))?;
        if path == to {
            return Some(Place::of_pattern(path));
        }
        // Into the folder above goes a file under its name; of a folder, only what is in it.
        (path.parent().as_ref() == Some(&to)).then(|| match Place::of_pattern(path) {
            Place::Under(path) => Place::Exactly(path),
            pattern => pattern,
        })
    };
    let regions = node.sources().iter().filter_map(region);
    regions.map(|region| Delivery { at, from, region }).collect()
}

impl Version<'_> {
    /// Whether what `place` is at the end of stage `from` is at the same path of stage `to` before item number `end`.
    pub(super) fn arrives(&self, from: usize, place: &Place, to: usize, end: usize) -> bool {
        let Some(model) = self.stages.get(to) else { return false };
        model
            .deliveries
            .iter()
            .filter(|delivery| delivery.at < end && delivery.region.covers(place))
            .any(|delivery| self.stands_on(delivery.from, from) || self.arrives(from, place, delivery.from, usize::MAX))
    }

    /// Whether stage `stage` is `below` or stands on it.
    pub(super) fn stands_on(&self, stage: usize, below: usize) -> bool {
        let own = self.facts.stages.get(below).map(|stage| &stage.instructions);
        let model = self.stages.get(stage);
        model.is_some_and(|model| model.ranges.iter().any(|range| Some(range) == own))
    }
}
