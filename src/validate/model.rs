//! One version of a file, as the rules see it: each stage as the list of its steps.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::context::ContextSource;
use crate::effects::ecosystems::{Output, image_below};
use crate::effects::image_files::{self, Copy};
use crate::effects::steps::{self, Step, StepKind};
use crate::effects::timeline::is_deleted;
use crate::effects::{AbsolutePath, Effects, Place};
use crate::facts::{Base, Command, Facts, ImageReference, Scope};
use crate::knowledge::{Release, release_of};
use crate::syntax::{Dockerfile, Instruction, Keyword, Node};

use super::arrival::{Delivery, deliveries};
use super::identity::{self, Act, Package};

/// One version of a file.
pub(crate) struct Version<'a> {
    pub(super) file: &'a Dockerfile,
    pub(super) facts: &'a Facts,
    pub(super) context: &'a ContextSource,
    pub(super) stages: Vec<StageModel>,
}

/// What was worked out of a version, for the next comparison.
pub(crate) struct Known(Vec<StageModel>);

/// A stage with those that it stands on.
pub(super) struct StageModel {
    /// The instructions of the stages that it stands on and its own.
    pub(super) ranges: Vec<Range<usize>>,
    /// Its steps in their order.
    pub(super) items: Vec<Item>,
    /// What COPYs bring from other stages to the same path.
    pub(super) deliveries: Vec<Delivery>,
    /// What COPYs bring from the context, through other stages too.
    pub(super) copies: Vec<Copy>,
    /// The image at the bottom.
    pub(super) image: Option<ImageReference>,
}

/// A step, with what makes it the same step in another version.
pub(super) struct Item {
    pub(super) act: Act,
    pub(super) step: Step,
}

impl<'a> Version<'a> {
    /// Takes a file with its facts and the build context; an empty one where it is not known.
    pub(crate) fn of(file: &'a Dockerfile, facts: &'a Facts, context: &'a ContextSource) -> Version<'a> {
        let copies = image_files::of_stages(file, facts, context).into_iter().enumerate();
        let stages = copies.map(|(stage, copies)| StageModel::of(file, facts, stage, copies, context));
        Version {
            file,
            facts,
            context,
            stages: stages.collect(),
        }
    }

    /// The same, with what was worked out before of this very file, if it was.
    pub(crate) fn known(
        file: &'a Dockerfile,
        facts: &'a Facts,
        context: &'a ContextSource,
        known: Option<Known>,
    ) -> Version<'a> {
        let Some(Known(stages)) = known else {
            return Version::of(file, facts, context);
        };
        Version {
            file,
            facts,
            context,
            stages,
        }
    }

    /// What was worked out.
    pub(crate) fn into_known(self) -> Known {
        Known(self.stages)
    }

    pub(super) fn node(&self, index: usize) -> Option<&'a Node> {
        self.file.instructions.get(index).map(Instruction::node)
    }

    /// The command of a step, if it is one of a RUN.
    pub(super) fn command(&self, item: &Item) -> Option<&'a Command> {
        let run = self.facts.run(self.file, item.step.instruction)?;
        run.commands.get(item.step.command?)
    }

    pub(super) fn line(&self, item: &Item) -> usize {
        self.file.line_of(item.step.instruction)
    }

    /// The scope in which the program of a stage runs.
    pub(super) fn end(&self, stage: usize) -> Option<&'a Scope> {
        self.facts.end(stage)
    }

    /// The working folder of the program of a stage.
    pub(super) fn workdir(&self, stage: usize) -> Option<AbsolutePath> {
        AbsolutePath::of(self.end(stage)?.workdir.as_deref()?, None)
    }

    /// The release of the distribution that a stage stands on.
    pub(super) fn release(&self, stage: usize) -> Option<Release> {
        let image = self.stages.get(stage)?.image.as_ref()?;
        release_of(&image.repository(), image.tag.as_deref())
    }

    /// The last instruction of a kind in a stage and those that it stands on: the one that counts.
    pub(super) fn last(&self, stage: usize, keyword: Keyword) -> Option<usize> {
        let model = self.stages.get(stage)?;
        let mut indexes = model.ranges.iter().rev().flat_map(|range| range.clone().rev());
        indexes.find(|index| self.node(*index).is_some_and(|node| node.keyword == keyword))
    }
}

impl StageModel {
    fn of(file: &Dockerfile, facts: &Facts, stage: usize, copies: Vec<Copy>, context: &ContextSource) -> StageModel {
        let items: Vec<Item> = steps::of_chain(file, facts, stage, &copies, context)
            .into_iter()
            .map(|step| Item {
                act: identity::act(file, facts, &step),
                step,
            })
            .collect();
        let own = facts.stages.get(stage);
        StageModel {
            ranges: chain(facts, stage),
            deliveries: deliveries(file, facts, &items),
            items,
            copies,
            image: own.and_then(|own| image_below(facts, own)),
        }
    }

    /// The place among the items of the first one that is the same as `act`.
    pub(super) fn position(&self, act: &Act) -> Option<usize> {
        self.items.iter().position(|item| item.act == *act)
    }

    /// The packages of the system that it installs, up to item number `end`.
    pub(super) fn installed(&self, end: usize) -> BTreeSet<&str> {
        let items = self.items.iter().take(end);
        let packages = items.flat_map(|item| item.act.installed());
        packages.map(|package| package.name.as_str()).collect()
    }

    /// Whether a later step removes a package that item number `at` installs.
    pub(super) fn removes(&self, at: usize, package: &Package) -> bool {
        let later = self.items.iter().skip(at + 1);
        let mut removed = later.flat_map(|item| item.act.removed());
        removed.any(|name| *name == package.name || package.group.as_ref() == Some(name))
    }

    /// Whether later steps delete all of `place`, which item number `at` left.
    pub(super) fn deletes(&self, at: usize, place: &Place) -> bool {
        is_deleted(self.items.iter().skip(at + 1).map(|item| &item.step), place)
    }

    /// What an item brings from the context, if it is a COPY that does.
    pub(super) fn copy_of(&self, item: &Item) -> Option<&Copy> {
        self.copies.iter().find(|copy| copy.index == item.step.instruction)
    }

    /// Whether a folder or file is there before item number `end`, by what the steps say.
    pub(super) fn has_folder(&self, end: usize, folder: &AbsolutePath) -> bool {
        let items = self.items.iter().take(end);
        let exactly = Place::Exactly(folder.clone());
        let made = items
            .clone()
            .flat_map(|item| item.step.effects.folders.iter().chain(written_folders(item)));
        let mut written = items.flat_map(|item| &item.step.effects.writes);
        let by_steps = made.into_iter().any(|made| made.is_within(folder))
            || written.any(|place| *place != Place::Anywhere && place.covers(&exactly));
        let mut delivered = self.deliveries.iter().filter(|delivery| delivery.at < end);
        let is_it =
            |region: &Place| region.covers(&exactly) || region.path().is_some_and(|path| path.is_within(folder));
        by_steps || delivered.any(|delivery| is_it(&delivery.region))
    }
}

/// The folders above and at what a step writes.
fn written_folders(item: &Item) -> impl Iterator<Item = &AbsolutePath> {
    item.step.effects.writes.iter().filter_map(Place::path)
}

/// The instructions of a stage, those of the stages that it stands on first.
fn chain(facts: &Facts, stage: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut next = Some(stage);
    while let Some(found) = next.and_then(|number| facts.stages.get(number)) {
        ranges.insert(0, found.instructions.clone());
        next = match found.base {
            Base::Stage(below) => Some(below),
            _ => None,
        };
    }
    ranges
}

impl Item {
    pub(super) fn effects(&self) -> &Effects {
        &self.step.effects
    }

    /// Whether it is a command of a RUN, or a RUN that cannot be read.
    pub(super) fn is_run(&self) -> bool {
        matches!(self.step.kind, StepKind::Packages | StepKind::Build | StepKind::Other)
    }

    /// Whether it leaves anything in the image that a later step or the program may see, packages aside.
    pub(super) fn leaves_something(&self) -> bool {
        let effects = self.effects();
        let has_state = effects
            .state
            .iter()
            .any(|state| *state != crate::knowledge::State::Shell);
        matches!(self.act, Act::Step(_))
            && (effects.unknown.is_some()
                || !effects.writes.is_empty()
                || !effects.deletes.is_empty()
                || !self.step.outputs.is_empty()
                || has_state)
    }

    /// Where it may write, its [`Output`]s too.
    pub(super) fn written(&self) -> impl Iterator<Item = Place> {
        let outputs = self.step.outputs.iter().flat_map(Output::places);
        self.effects().writes.iter().cloned().chain(outputs)
    }

    /// What it writes beside its [`Output`]s.
    pub(super) fn other_writes(&self) -> impl Iterator<Item = &Place> {
        let outputs: Vec<Place> = self.step.outputs.iter().flat_map(Output::places).collect();
        let writes = self.effects().writes.iter();
        writes.filter(move |place| !outputs.contains(place))
    }
}
