//! A step of the result finds the files that it fails without, if it found them before.

use crate::effects::ecosystems::Output;
use crate::effects::steps::StepKind;
use crate::effects::{AbsolutePath, Place, is_standard_folder};
use crate::knowledge::is_filled_by_images;

use super::model::{Item, StageModel};
use super::{Kind, Pair, Violation};

/// Checks every stage of the result.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let made = pair.made();
    made.flat_map(|(_, old, new)| check_stage(pair, old, new)).collect()
}

fn check_stage(pair: &Pair<'_>, old: &StageModel, new: &StageModel) -> Vec<Violation> {
    let mut found = Vec::new();
    for (at, item) in new.items.iter().enumerate() {
        if !matches!(item.step.kind, StepKind::Build | StepKind::Other) {
            continue;
        }
        let Some(origin) = old.position(&item.act) else {
            continue;
        };
        if let Some(violation) = moved_twice(pair, (old, origin), (new, at)) {
            found.push(violation);
            continue;
        }
        let is_lost = |path: &&AbsolutePath| {
            !is_standard_folder(path) && !is_made_again(old, origin, (new, at), path) && !has(pair, new, at, path)
        };
        let lost = named(item).into_iter().find(is_lost);
        found.extend(lost.map(|path| {
            let line = pair.after.line(item);
            Violation {
                kind: Kind::NeededFileLost,
                line,
                what: format!("line {line} needs {path}, which a step before it made and nothing brings to its stage"),
                remedy: "make the file in the same RUN, or in a folder of its own".to_owned(),
            }
        }));
    }
    found
}

/// A step that moves files whose names are not known, where an earlier step that may have made them is in another stage. If
/// that stage moves them, too, nothing is left to move here.
fn moved_twice(
    pair: &Pair<'_>,
    (old, origin): (&StageModel, usize),
    (new, at): (&StageModel, usize),
) -> Option<Violation> {
    let item = new.items.get(at)?;
    let effects = item.effects();
    let is_moved = |place: &&Place| !matches!(place, Place::Exactly(_)) && effects.reads.contains(place);
    let place = effects.deletes.iter().find(is_moved)?;
    let before = new.items.get(..at)?;
    let may_make = |other: &&Item| other.is_run() && other.written().any(|written| written.meets(place));
    let is_here = |other: &&Item| before.iter().any(|own| own.act == other.act);
    let is_brought = || {
        let mut deliveries = new.deliveries.iter().filter(|delivery| delivery.at < at);
        deliveries.any(|delivery| {
            let source = pair.after.stages.get(delivery.from);
            let is_moved_there = source.is_some_and(|source| source.position(&item.act).is_some());
            delivery.region.covers(place) && !is_moved_there
        })
    };
    let mut makers = old.items.iter().take(origin).filter(may_make);
    let maker = makers.find(|other| !is_here(other)).filter(|_| !is_brought())?;
    let (line, made) = (pair.after.line(item), pair.before.line(maker));
    Some(Violation {
        kind: Kind::NeededFileLost,
        line,
        what: format!("line {line} moves files that line {made} may have made, and line {made} is not in its stage"),
        remedy: "name the files that are moved, without variables".to_owned(),
    })
}

/// The paths that a step names and that it may fail without.
fn named(item: &Item) -> Vec<&AbsolutePath> {
    let effects = item.effects();
    let read = effects.reads.iter().filter_map(Place::path);
    // A question such as `[ -e /list ]` may be answered either way.
    let is_used = !effects.writes.is_empty();
    effects.requires.iter().chain(read.filter(|_| is_used)).collect()
}

/// Whether no step before item number `end` of the original made a path, or one that did is before the item in the result, too.
fn is_made_again(old: &StageModel, end: usize, (new, at): (&StageModel, usize), path: &AbsolutePath) -> bool {
    let Some(item) = old.items.get(end) else { return true };
    let before = new.items.get(..at).unwrap_or_default();
    let mut makers = makers(old, end, item, path).peekable();
    makers.peek().is_none() || makers.any(|maker| before.iter().any(|own| own.act == maker.act))
}

/// The steps before item number `end` that may have made a path. What `item` surely fails without may also be of a build, or of a
/// step that writes below a folder; what it only reads may be missing, unless a step wrote just that.
fn makers<'m>(
    old: &'m StageModel,
    end: usize,
    item: &'m Item,
    path: &'m AbsolutePath,
) -> impl Iterator<Item = &'m Item> {
    let exactly = Place::Exactly(path.clone());
    let effects = item.effects();
    let is_moved = effects.deletes.iter().any(|place| place.path() == Some(path));
    let is_certain = effects.requires.contains(path) || is_moved;
    let may_be_built = is_certain && !is_filled_by_images(path.as_str());
    let builds = |item: &Item| item.step.outputs.iter().any(Output::is_of_own_code);
    let before = old.items.iter().take(end);
    before.filter(move |item| {
        let mut known = item.effects().writes.iter().filter(|place| **place != Place::Anywhere);
        known.any(|place| *place == exactly || is_certain && place.meets(&exactly)) || may_be_built && builds(item)
    })
}

/// Whether something before item number `end` of a stage of the result may bring a path there.
fn has(pair: &Pair<'_>, new: &StageModel, end: usize, path: &AbsolutePath) -> bool {
    let exactly = Place::Exactly(path.clone());
    let items = new.items.iter().take(end);
    let mut own = items.filter(|item| item.step.kind != StepKind::FromStage);
    let is_made = own.any(|item| {
        let effects = item.effects();
        effects.writes.iter().any(|place| place.meets(&exactly))
            || effects.folders.iter().any(|made| made.is_within(path))
    });
    let is_gone = |from: usize| {
        let source = pair.after.stages.get(from);
        source.is_some_and(|source| is_taken_away(source, &exactly))
    };
    let deliveries = new.deliveries.iter().filter(|delivery| delivery.at < end);
    let mut bring = deliveries.filter(|delivery| {
        let is_below = delivery.region.path().is_some_and(|below| below.is_within(path));
        is_below || delivery.region.meets(&exactly)
    });
    is_made || bring.any(|delivery| !is_gone(delivery.from))
}

/// Whether a step takes a place away by its name, and none that names it makes it again.
fn is_taken_away(source: &StageModel, place: &Place) -> bool {
    let deletes = |item: &Item| item.effects().deletes.iter().any(|deleted| deleted.covers(place));
    let writes = |item: &Item| item.effects().writes.contains(place);
    let last = source.items.iter().rposition(deletes);
    last.is_some_and(|last| !source.items.iter().skip(last).any(writes))
}
