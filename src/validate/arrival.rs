//! What COPYs carry from one stage to the same path of another.

use crate::effects::ecosystems::Output;
use crate::effects::steps::StepKind;
use crate::effects::{AbsolutePath, Place};
use crate::facts::Facts;
use crate::syntax::{Dockerfile, Instruction, Node};

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
    /// Whether the destination is written as a folder: a file goes into it under its name.
    is_into: bool,
}

/// The deliveries of the items of a stage.
pub(super) fn deliveries(file: &Dockerfile, facts: &Facts, items: &[Item]) -> Vec<Delivery> {
    let copies = items.iter().enumerate();
    copies
        .filter(|(_, item)| item.step.kind == StepKind::FromStage)
        .flat_map(|(at, item)| of_copy(file, facts, at, item.step.instruction))
        .collect()
}

/// The words of a COPY from another stage.
struct Words<'a> {
    from: usize,
    node: &'a Node,
    to: AbsolutePath,
    /// Whether the destination is written as a folder.
    is_into: bool,
}

impl<'a> Words<'a> {
    /// `None` where the destination is not literal.
    fn of(file: &'a Dockerfile, facts: &Facts, index: usize) -> Option<Words<'a>> {
        let is_taken = |stage: &crate::facts::Stage| stage.taken.iter().any(|taken| taken.instruction == index);
        let from = facts.stages.iter().position(is_taken)?;
        let node = file.instructions.get(index).map(Instruction::node)?;
        let last = node.words().last().filter(|last| !last.value.contains('$'))?;
        let to = facts.scope(index)?.absolute(&last.value)?;
        Some(Words {
            from,
            node,
            to: AbsolutePath::of(&to, None)?,
            is_into: last.value.ends_with('/'),
        })
    }

    /// The sources that are literal, as paths of their stage.
    fn sources(&self) -> impl Iterator<Item = AbsolutePath> {
        let literal = self.node.sources().iter().filter(|source| !source.value.contains('$'));
        literal.filter_map(|source| AbsolutePath::of(&source.value, Some(&AbsolutePath::root())))
    }
}

fn of_copy(file: &Dockerfile, facts: &Facts, at: usize, index: usize) -> Vec<Delivery> {
    let Some(words) = Words::of(file, facts, index) else {
        return Vec::new();
    };
    let Words {
        from, ref to, is_into, ..
    } = words;
    let region = |path: AbsolutePath| {
        if path == *to {
            return Some(Place::of_pattern(path));
        }
        // Into the folder above goes a file under its name; of a folder, only what is in it.
        (path.parent().as_ref() == Some(to)).then(|| match Place::of_pattern(path) {
            Place::Under(path) => Place::Exactly(path),
            pattern => pattern,
        })
    };
    let regions = words.sources().filter_map(region);
    let delivery = |region: Place| Delivery {
        at,
        from,
        is_into: is_into && region.path() == Some(to),
        region,
    };
    regions.map(delivery).collect()
}

impl Version<'_> {
    /// Whether what `place` is at the end of stage `from` is at the same path of stage `to` before item number `end`.
    pub(super) fn arrives(&self, from: usize, place: &Place, to: usize, end: usize) -> bool {
        let Some(model) = self.stages.get(to) else { return false };
        model
            .deliveries
            .iter()
            .filter(|delivery| {
                delivery.at < end && delivery.region.covers(place) && !self.is_put_deeper(delivery, place)
            })
            .any(|delivery| self.stands_on(delivery.from, from) || self.arrives(from, place, delivery.from, usize::MAX))
    }

    /// Whether a COPY of stage `to` puts a file of stage `from` at `path`, out of another folder.
    pub(super) fn puts(&self, from: usize, path: &AbsolutePath, to: usize) -> bool {
        let items = self.stages.get(to).map(|stage| stage.items.as_slice());
        let copies = items.unwrap_or_default().iter();
        let copies = copies.filter(|item| item.step.kind == StepKind::FromStage);
        copies
            .filter_map(|item| Words::of(self.file, self.facts, item.step.instruction))
            .filter(|words| self.stands_on(words.from, from))
            .any(|words| {
                let is_put = |source: AbsolutePath| {
                    source.name() == path.name()
                        && (words.to == *path || words.is_into && path.parent().as_ref() == Some(&words.to))
                };
                words.sources().any(is_put)
            })
    }

    /// Whether a COPY may put a place into a folder of its own name: `COPY /bin/tool /bin/tool/`. Only of a folder it puts
    /// what is in it there.
    fn is_put_deeper(&self, delivery: &Delivery, place: &Place) -> bool {
        let items = self.stages.get(delivery.from).map(|stage| stage.items.as_slice());
        let is_folder = |path: &AbsolutePath| items.unwrap_or_default().iter().any(|item| makes_folder(item, path));
        let path = place.path().filter(|path| delivery.region.path() == Some(path));
        delivery.is_into && path.is_some_and(|path| !is_folder(path))
    }

    /// Whether stage `stage` is `below` or stands on it.
    pub(super) fn stands_on(&self, stage: usize, below: usize) -> bool {
        let own = self.facts.stages.get(below).map(|stage| &stage.instructions);
        let model = self.stages.get(stage);
        model.is_some_and(|model| model.ranges.iter().any(|range| Some(range) == own))
    }
}

/// Whether a step surely makes a folder of a path.
fn makes_folder(item: &Item, path: &AbsolutePath) -> bool {
    let effects = item.effects();
    let is_inside = |place: &Place| place.path().is_some_and(|inner| inner != path && inner.is_within(path));
    let folder = Place::Under(path.clone());
    // `cp a /b` writes /b or /b/a: which one is not known.
    let may_be_file = effects.writes.contains(&Place::Exactly(path.clone()));
    // These are files, or may be.
    let is_file = |output: &Output| matches!(output, Output::Path(_) | Output::Programs(..));
    let mut outputs = item.step.outputs.iter().filter(|output| !is_file(output));
    effects.folders.contains(path)
        || !may_be_file && effects.writes.iter().any(is_inside)
        || outputs.any(|output| output.places().contains(&folder))
}
