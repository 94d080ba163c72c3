//! What a step leaves in an image is in the image of the result: by the same step, or carried there from another stage.

use crate::effects::steps::StepKind;
use crate::effects::{AbsolutePath, Place};
use crate::knowledge::{Action, Kind as ManagerKind, State, managers};

use super::carried::{is_absent, is_carried, missing};
use super::model::{Item, StageModel, Version};
use super::throwaway::is_throwaway;
use super::{Kind, Pair, Violation, named, reads, renamed, unread};

/// Checks every stage of the original.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let stages = pair.stages.iter();
    stages
        .flat_map(|(before, after)| check_stage(pair, *before, *after))
        .collect()
}

fn check_stage(pair: &Pair<'_>, before: usize, after: usize) -> Vec<Violation> {
    let (Some(old), Some(new)) = (pair.before.stages.get(before), pair.after.stages.get(after)) else {
        return Vec::new();
    };
    let site = Site {
        pair,
        before,
        after,
        old,
        new,
        taken: taken(pair.before, before),
    };
    let items = old.items.iter().enumerate();
    items.filter_map(|(at, item)| site.lost(at, item)).collect()
}

/// Two stages that are compared.
struct Site<'p, 'a> {
    pair: &'p Pair<'a>,
    before: usize,
    after: usize,
    old: &'p StageModel,
    new: &'p StageModel,
    /// The paths of the stage that somebody takes; none where its whole image is of use.
    taken: Option<Vec<Place>>,
}

/// What other stages take from a stage; none where somebody runs it, or another stage stands on it.
fn taken(version: &Version<'_>, stage: usize) -> Option<Vec<Place>> {
    let facts = version.facts;
    if facts.is_shipped(stage) || facts.family(stage).len() > 1 {
        return None;
    }
    let place = |path: &Option<String>| {
        let path = AbsolutePath::of(path.as_deref()?, Some(&AbsolutePath::root()))?;
        Some(Place::of_pattern(path))
    };
    let taken = &facts.stages.get(stage)?.taken;
    Some(
        taken
            .iter()
            .map(|taken| place(&taken.path).unwrap_or(Place::Anywhere))
            .collect(),
    )
}

impl Site<'_, '_> {
    fn lost(&self, at: usize, item: &Item) -> Option<Violation> {
        if !item.leaves_something() || self.new.position(&item.act).is_some() || self.is_of_no_use(at, item) {
            return None;
        }
        match item.step.kind {
            StepKind::FromContext => self.lost_files(item),
            StepKind::FromStage if renamed::is_renamed(self.pair, self.after, item) => None,
            _ => self.lost_step(item),
        }
    }

    /// Whether nothing that it leaves is there in the end, or is for builds alone.
    fn is_of_no_use(&self, at: usize, item: &Item) -> bool {
        let effects = item.effects();
        let is_taken = |place: &Place| {
            self.taken
                .as_ref()
                .is_none_or(|taken| taken.iter().any(|taken| taken.meets(place)))
        };
        if !effects.writes.iter().any(is_taken) && self.taken.is_some() {
            return true;
        }
        if self.is_unused_installer(item) {
            return true;
        }
        let command = self.pair.before.command(item);
        let sets_manager = command
            .and_then(|command| command.manager.as_ref())
            .is_some_and(|used| {
                used.manager.kind == ManagerKind::Language && used.action == Action::Config && effects.writes.is_empty()
            });
        if sets_manager {
            return true;
        }
        if item.step.kind == StepKind::Folder {
            return self.is_folder_of_no_use(item);
        }
        // Where packages come from matters to those that install packages, which are looked at one by one.
        let is_source = |state: &State| *state == State::Packages && item.step.kind == StepKind::Other;
        let is_of_builds = |state: &State| *state == State::Shell || is_source(state);
        let is_harmless = effects.unknown.is_none() && effects.state.iter().all(is_of_builds);
        let is_gone = |place: &Place| is_throwaway(place) || self.old.deletes(at, place);
        is_harmless
            && effects.writes.iter().all(is_gone)
            && effects
                .deletes
                .iter()
                .all(|place| is_absent(self.pair.after, self.after, place))
    }

    /// Whether a COPY brings nothing but package managers out of an image of their own, which nothing runs.
    fn is_unused_installer(&self, item: &Item) -> bool {
        let version = self.pair.before;
        let Some(node) = version
            .node(item.step.instruction)
            .filter(|_| item.step.kind == StepKind::FromStage)
        else {
            return false;
        };
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let programs: Vec<String> = node.sources().iter().map(|source| name(&source.value)).collect();
        let is_manager = |program: &String| managers().by_program(program).is_some();
        let called = named::programs(self.pair.after, self.after);
        !programs.is_empty()
            && programs
                .iter()
                .all(|program| is_manager(program) && !called.contains(program))
    }

    /// Whether a folder that WORKDIR made is there, or is not the one that the program starts in.
    fn is_folder_of_no_use(&self, item: &Item) -> bool {
        let folders = &item.effects().folders;
        let workdir = self.pair.before.workdir(self.before);
        folders.iter().all(|folder| {
            self.new.has_folder(usize::MAX, folder) || workdir.as_ref().is_some_and(|workdir| workdir != folder)
        })
    }

    fn is_carried(&self, item: &Item) -> bool {
        is_carried(self.pair.after, &item.act, self.after)
    }

    fn lost_files(&self, item: &Item) -> Option<Violation> {
        let before = self.pair.before;
        let index = item.step.instruction;
        let copy = self.old.copy_of(item);
        let is_brought = match copy {
            Some(copy) if copy.oddity.is_none() && !copy.layers.is_empty() => {
                let missing = |layer: &&_| !reads::brings(&self.new.copies, layer, usize::MAX);
                copy.layers.iter().all(|layer| !missing(&layer))
            }
            _ => self.is_carried(item),
        };
        if is_brought || unread::is_unread(self.pair, (self.before, self.after), item, copy) {
            return None;
        }
        let node = before.node(index)?;
        let names: Vec<&str> = node.sources().iter().map(|source| source.value.as_str()).collect();
        Some(Violation {
            kind: Kind::FilesLost,
            line: before.line(item),
            what: format!(
                "`{}`, which line {} copies, would not be in the image",
                names.join(" "),
                before.line(item)
            ),
            remedy: "copy what the program reads in a COPY of its own".to_owned(),
        })
    }

    fn lost_step(&self, item: &Item) -> Option<Violation> {
        if self.is_carried(item) {
            return None;
        }
        let before = self.pair.before;
        let what = match missing(self.pair.after, &item.act, self.after) {
            Some(place) => format!(
                "line {} writes {place}, which would not be in the image",
                before.line(item)
            ),
            None => {
                let why = item.effects().unknown.clone();
                let why = why.unwrap_or_else(|| "changes the image".to_owned());
                format!("line {} {why}, and would be missing", before.line(item))
            }
        };
        Some(Violation {
            kind: Kind::StepLost,
            line: before.line(item),
            what,
            remedy: "move it to a RUN of its own, after the builds".to_owned(),
        })
    }
}
