//! Which installs of system packages find package lists.

use std::collections::BTreeMap;

use crate::effects::{AbsolutePath, Place};
use crate::facts::{Command, Execution, ManagerUse};
use crate::knowledge::Holds;

use super::flow::Flow;
use super::model::{Item, StageModel, Version};

/// What an install of system packages finds of the lists of its manager, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lists {
    /// No step of the stage downloads them before it, or one deletes them in between.
    Missing,
    /// The step that downloads them may be skipped or fail.
    Uncertain,
    /// They are there, or the install downloads them itself.
    There,
}

/// What a step of one manager leaves to the next.
struct Left {
    manager: &'static str,
    lists: Lists,
    folders: Vec<AbsolutePath>,
    /// The RUN whose mount holds them: another one may find it empty.
    only_in: Option<usize>,
}

/// What each install of a stage finds, by the number of its item.
pub(super) fn found(version: &Version<'_>, stage: &StageModel) -> BTreeMap<usize, Lists> {
    // Lists in a mount do not take the place of those in the layers.
    let mut left: Vec<Left> = Vec::new();
    let mut found = BTreeMap::new();
    for (at, item) in stage.items.iter().enumerate() {
        let index = item.step.instruction;
        let run = version.facts.run(version.file, index);
        let Some((run, command)) = run.zip(version.command(item)) else {
            continue;
        };
        // What is in the mount of another RUN is of no use.
        left.retain(|left| left.only_in.is_none_or(|run| run == index) && !left.is_deleted_by(item));
        let Some(used) = &command.manager else { continue };
        let id = used.manager.id.as_str();
        if used.cleans_lists() {
            left.retain(|left| left.manager != id);
        }
        if !item.act.installed().is_empty() {
            found.insert(at, lists_for(used, &left));
        }
        if used.leaves_lists() {
            Left::by(run, command, used, index).add_to(&mut left);
        }
    }
    found
}

impl Left {
    /// What a command of instruction `index` leaves.
    fn by(run: &Execution, command: &Command, used: &ManagerUse, index: usize) -> Left {
        let of_lists = used.caches.iter().filter(|cache| cache.cache.holds == Holds::Lists);
        let folders = of_lists.filter_map(|cache| AbsolutePath::of(cache.path.as_deref()?, None));
        Left {
            manager: &used.manager.id,
            lists: match Flow::of(command).is_certain() {
                true => Lists::There,
                false => Lists::Uncertain,
            },
            folders: folders.collect(),
            only_in: run.mounts_lists(used).then_some(index),
        }
    }

    /// Adds it to what is left, where the same place counts once.
    fn add_to(self, left: &mut Vec<Left>) {
        let is_same = |known: &&mut Left| {
            known.manager == self.manager && known.folders == self.folders && known.only_in == self.only_in
        };
        match left.iter_mut().find(is_same) {
            Some(known) => known.lists = known.lists.max(self.lists),
            None => left.push(self),
        }
    }

    fn is_deleted_by(&self, item: &Item) -> bool {
        let is_in = |place: &Place| {
            self.folders
                .iter()
                .any(|folder| place.meets(&Place::Under(folder.clone())))
        };
        item.effects().deletes.iter().any(is_in)
    }
}

/// What an install finds of what was left to it.
fn lists_for(used: &ManagerUse, left: &[Left]) -> Lists {
    if used.manager.lists.is_none() || used.fetches_lists {
        return Lists::There;
    }
    let own = left.iter().filter(|left| left.manager == used.manager.id);
    own.map(|left| left.lists).max().unwrap_or(Lists::Missing)
}
