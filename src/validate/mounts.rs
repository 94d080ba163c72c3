//! A cache that steps read back is in the mounts of all of them or of none.

use crate::effects::{AbsolutePath, Place};
use crate::facts::Command;
use crate::knowledge::Holds;

use super::identity::Act;
use super::model::{Item, StageModel, Version};
use super::{Kind, Pair, Violation};

/// Checks every stage of the result.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let stages = pair.after.stages.iter();
    stages.flat_map(|stage| check_stage(pair, stage)).collect()
}

fn check_stage(pair: &Pair<'_>, stage: &StageModel) -> Vec<Violation> {
    let after = pair.after;
    let mut found = Vec::new();
    for target in targets(after, stage) {
        // What the original mounts is its own business.
        let is_new = !pair
            .before
            .stages
            .iter()
            .any(|stage| targets(pair.before, stage).contains(&target));
        for item in stage.items.iter().filter(|item| is_new && item.is_run()) {
            let is_mounted = mounts(after, item).contains(&target);
            if !is_mounted && reads_back(after, item, &target) {
                found.push(Violation {
                    kind: Kind::MountHides,
                    line: after.line(item),
                    what: format!(
                        "line {} reads {target}, which would be in the mount of another RUN",
                        after.line(item)
                    ),
                    remedy: "mount the cache in all RUNs that use it".to_owned(),
                });
            }
            if is_mounted && let Some(path) = lost_in(item, &target) {
                found.push(Violation {
                    kind: Kind::MountHides,
                    line: after.line(item),
                    what: format!(
                        "line {} writes {path} into a mount, so that the image lacks it",
                        after.line(item)
                    ),
                    remedy: "leave the mount out".to_owned(),
                });
            }
        }
    }
    found
}

/// The targets of the cache mounts of a stage.
fn targets(version: &Version<'_>, stage: &StageModel) -> Vec<AbsolutePath> {
    let mut found: Vec<AbsolutePath> = stage.items.iter().flat_map(|item| mounts(version, item)).collect();
    found.sort();
    found.dedup();
    found
}

fn mounts(version: &Version<'_>, item: &Item) -> Vec<AbsolutePath> {
    let run = version.facts.run(version.file, item.step.instruction);
    let mounts = run.map(|run| run.mounts.as_slice()).unwrap_or_default();
    let caches = mounts.iter().filter(|mount| mount.kind == "cache");
    caches
        .filter_map(|mount| AbsolutePath::of(mount.path.as_deref()?, None))
        .collect()
}

/// Whether a command reads a store that others fill: by the tables of the managers.
fn reads_back(version: &Version<'_>, item: &Item, target: &AbsolutePath) -> bool {
    let Some(command) = version.command(item) else {
        return false;
    };
    uses_store(command, target) || item.effects().requires.iter().any(|path| path.is_within(target))
}

fn uses_store(command: &Command, target: &AbsolutePath) -> bool {
    let Some(used) = &command.manager else { return false };
    let is_store = |holds: Holds| holds == Holds::Store;
    let fills = used.caches.iter().filter(|cache| is_store(cache.cache.holds));
    let mut places = fills.filter_map(|cache| AbsolutePath::of(cache.path.as_deref()?, None));
    if places.any(|path| path == *target) {
        return true;
    }
    // A verb that fills nothing may read the store of its manager: `go mod verify`.
    let mut stores = used.manager.caches.iter().filter(|cache| is_store(cache.holds));
    let informs = used.verb.is_empty();
    let is_named = |path: &str| target.as_str().ends_with(path.trim_start_matches(['~', '/']));
    !informs && used.caches.is_empty() && stores.any(|cache| cache.path.as_deref().is_some_and(is_named))
}

/// A path that a step surely leaves for the image, below the target of a mount.
fn lost_in(item: &Item, target: &AbsolutePath) -> Option<Place> {
    if item.act == Act::Nothing {
        return None;
    }
    let is_inside = |place: &&Place| matches!(place, Place::Exactly(path) if path.is_within(target) && path != target);
    item.effects().writes.iter().find(is_inside).cloned()
}
