//! The steps of a stage in their order, each with its effects.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::context::ContextSource;
use crate::effects::Obstacle;
use crate::facts::{Base, Body, Execution, Facts, Stage};
use crate::syntax::{Dockerfile, Instruction, Keyword, Node};

use super::classify::{Classified, Site};
use super::command::{Surroundings, is_standard_folder, of_redirect};
use super::ecosystems::{Ground, Output, image_below};
use super::effect::Effects;
use super::image_files::{self, Copy, View};
use super::path::{AbsolutePath, Place};
use super::written::Written;

/// One step: a command of a RUN, or a COPY, ADD or WORKDIR.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The number of its instruction.
    pub(crate) instruction: usize,
    /// The number of its command in the RUN.
    pub(crate) command: Option<usize>,
    /// Whether it may be left out although the RUN succeeds.
    pub(crate) is_conditional: bool,
    /// What kind of step it is.
    pub(crate) kind: StepKind,
    /// What it does.
    pub(crate) effects: Effects,
    /// What it leaves that the program may need, for [`StepKind::Build`].
    pub(crate) outputs: Vec<Output>,
    /// The paths that it fails without and that no step before it wrote: the base image has them, or a package brings them.
    pub(crate) brought: Vec<AbsolutePath>,
    /// Why it is not known what it leaves, with what the user can do.
    pub(crate) obstacle: Option<Obstacle>,
}

impl Step {
    /// Whether it may use what packages of the system bring although nothing names them: it runs code of the project,
    /// which may load and call anything, or needs a path that a package may have brought.
    pub(crate) fn uses_any_package(&self) -> bool {
        let is_open = |output: &Output| matches!(output, Output::Project(_));
        let runs_code = self.effects.unknown.is_some() || self.outputs.iter().any(is_open);
        self.kind == StepKind::Build && runs_code || !self.brought.is_empty()
    }
}

/// What kind of step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepKind {
    /// COPY or ADD from the build context, an address or a heredoc.
    FromContext,
    /// COPY from another stage or image.
    FromStage,
    /// WORKDIR.
    Folder,
    /// A command of the system's package manager.
    Packages,
    /// A command of a language's package manager, or of a compiler.
    Build,
    /// Any other command.
    Other,
}

/// The steps of stage number `stage`, those of the stages that it stands on first. `copies` is what COPYs bring to it.
pub(crate) fn of_chain(
    file: &Dockerfile,
    facts: &Facts,
    stage: usize,
    copies: &[Copy],
    context: &ContextSource,
) -> Vec<Step> {
    let Some(found) = facts.stages.get(stage) else {
        return Vec::new();
    };
    let mut ranges: Vec<Range<usize>> = vec![found.instructions.clone()];
    let mut below = found;
    while let Base::Stage(number) = below.base {
        let Some(next) = facts.stages.get(number) else { break };
        ranges.insert(0, next.instructions.clone());
        below = next;
    }
    of_ranges(file, facts, &ranges, found, copies, context)
}

/// The steps of one stage alone.
pub(crate) fn of_stage(file: &Dockerfile, facts: &Facts, stage: &Stage, context: &ContextSource) -> Vec<Step> {
    let number = facts.stage_of(stage.instructions.start).unwrap_or_default();
    let copies = image_files::of_stage(file, facts, number, context);
    let range = stage.instructions.clone();
    of_ranges(file, facts, &[range], stage, &copies, context)
}

fn of_ranges(
    file: &Dockerfile,
    facts: &Facts,
    ranges: &[Range<usize>],
    stage: &Stage,
    copies: &[Copy],
    context: &ContextSource,
) -> Vec<Step> {
    let first = ranges.first().map_or(0, |range| range.start);
    let end = ranges.last().map_or(0, |range| range.end);
    let image = image_below(facts, stage);
    let mut walk = Walk {
        file,
        facts,
        copies,
        context,
        ground: Ground::of(file, facts, first..end, image, context),
        folders: Folders::default(),
        written: Written::default(),
        steps: Vec::new(),
    };
    for index in ranges.iter().cloned().flatten() {
        walk.instruction(index);
    }
    walk.steps
}

/// The folders that are there so far.
#[derive(Debug, Default)]
pub(super) struct Folders {
    known: BTreeSet<AbsolutePath>,
}

impl Folders {
    fn add(&mut self, path: &AbsolutePath) {
        self.known.extend(path.ancestors());
    }
}

impl Surroundings for Folders {
    fn is_folder(&self, path: &AbsolutePath) -> Option<bool> {
        (is_standard_folder(path) || self.known.contains(path)).then_some(true)
    }
}

struct Walk<'a> {
    file: &'a Dockerfile,
    facts: &'a Facts,
    copies: &'a [Copy],
    context: &'a ContextSource,
    ground: Ground,
    folders: Folders,
    written: Written,
    steps: Vec<Step>,
}

impl Walk<'_> {
    fn instruction(&mut self, index: usize) {
        let Some(node) = self.file.instructions.get(index).map(Instruction::node) else {
            return;
        };
        match node.keyword {
            Keyword::Copy | Keyword::Add => self.copy(index, node),
            Keyword::Workdir => self.workdir(index),
            Keyword::Run => self.run(index),
            _ => {}
        }
    }

    fn push(&mut self, index: usize, command: Option<usize>, found: Classified) {
        let is_brought = |path: &&AbsolutePath| !is_standard_folder(path) && !self.written.has(path);
        let brought = found.effects.requires.iter().filter(is_brought).cloned().collect();
        for folder in &found.effects.folders {
            self.folders.add(folder);
        }
        self.written.add(&found.effects);
        let own = command.and_then(|number| self.facts.run(self.file, index)?.commands.get(number));
        self.steps.push(Step {
            brought,
            is_conditional: own.is_some_and(|command| command.context.conditional),
            instruction: index,
            command,
            kind: found.kind,
            effects: found.effects,
            outputs: found.outputs,
            obstacle: found.obstacle,
        });
    }

    fn workdir(&mut self, index: usize) {
        let workdir = self.facts.scope_after(index).and_then(|scope| scope.workdir.as_deref());
        let effects = match workdir.and_then(|workdir| AbsolutePath::of(workdir, None)) {
            Some(path) => Effects {
                writes: vec![Place::Exactly(path.clone())],
                folders: vec![path],
                ..Effects::default()
            },
            None => Effects::unknown("goes to a folder that a variable or an unknown base image hides"),
        };
        self.push(index, None, Classified::plain(StepKind::Folder, effects));
    }

    fn copy(&mut self, index: usize, node: &Node) {
        let is_from_stage = node.flag("from").is_some();
        let kind = if is_from_stage {
            StepKind::FromStage
        } else {
            StepKind::FromContext
        };
        let effects = self.copied(index, node);
        self.push(index, None, Classified::plain(kind, effects));
    }

    /// What a COPY or ADD writes: the files that it is known to bring, else its destination and all below.
    fn copied(&self, index: usize, node: &Node) -> Effects {
        let copy = self.copies.iter().find(|copy| copy.index == index);
        let destination = copy.and_then(|copy| copy.destination.as_deref());
        let Some(path) = destination.and_then(|path| AbsolutePath::of(path, None)) else {
            return Effects::unknown("copies to a folder that a variable or an unknown base image hides");
        };
        let mut effects = Effects::default();
        let known = copy.filter(|copy| copy.oddity.is_none() && !copy.layers.is_empty());
        for layer in known.iter().flat_map(|copy| &copy.layers) {
            let to = AbsolutePath::root().join(&layer.to);
            if layer.is_folder {
                effects.folders.push(to.clone());
                effects.writes.push(Place::Under(to));
            } else {
                effects.folders.extend(to.parent());
                effects.writes.push(Place::Exactly(to));
            }
        }
        if known.is_none() {
            let is_folder = node.words().last().is_some_and(|word| word.value.ends_with(['/', '.']));
            effects.folders.extend(is_folder.then(|| path.clone()));
            effects.writes.push(Place::Under(path.clone()));
        }
        // Without a slash at its end, whether it becomes a file depends on whether the folder is there.
        effects
            .requires
            .extend(Some(path).filter(|path| self.needs_folder(node, path)));
        effects
    }

    /// Whether a COPY of one file to a name without a slash goes into a folder of that name, as it is there.
    fn needs_folder(&self, node: &Node, path: &AbsolutePath) -> bool {
        let ends_plain = node
            .words()
            .last()
            .is_some_and(|word| !word.value.ends_with(['/', '.']));
        ends_plain && node.sources().len() == 1 && self.folders.known.contains(path)
    }

    fn run(&mut self, index: usize) {
        let Some(run) = self.facts.run(self.file, index) else {
            return;
        };
        if let Body::Opaque(why) = &run.body {
            return self.push(
                index,
                None,
                Classified::plain(StepKind::Other, Effects::unknown(why.clone())),
            );
        }
        for number in 0..run.commands.len() {
            self.command(index, run, number);
        }
        // What a compound command as a whole reads and writes.
        let mut effects = Effects::default();
        for redirect in &run.redirects {
            effects.then(of_redirect(redirect));
        }
        if effects != Effects::default() {
            self.push(index, None, Classified::plain(StepKind::Other, effects));
        }
    }

    fn command(&mut self, index: usize, run: &Execution, number: usize) {
        let Some(scope) = self.facts.scope(index) else { return };
        let before = self.copies.partition_point(|copy| copy.index < index);
        let files = View {
            context: self.context,
            copies: self.copies.get(..before).unwrap_or_default(),
            may_choose_versions: false,
            keeps_builds: false,
        };
        let site = Site {
            scope,
            ground: &self.ground,
            files: &files,
            folders: &self.folders,
        };
        let is_inner = run.is_run_by_the_one_before(number)
            && self
                .steps
                .last()
                .is_some_and(|step| step.kind == StepKind::Build && step.instruction == index);
        let mut found = site.classify(run, number, 0);
        if is_inner {
            // What is not known of it, is known of the manager that runs it.
            if found.effects.unknown.is_some() {
                found.effects = Effects::default();
            } else if found.outputs.is_empty() {
                found.outputs = outputs_of(&found.effects);
            }
            found.kind = StepKind::Build;
            found.obstacle = None;
        } else if found.kind == StepKind::Other && is_plain(run, number) && self.carries_on(&found.effects) {
            found.kind = StepKind::Build;
            found.outputs = outputs_of(&found.effects);
        }
        self.push(index, Some(number), found);
    }

    /// Whether a command works on what a build before it left: copies it to its place, strips it, packs it. That can run
    /// only where the build did.
    fn carries_on(&self, effects: &Effects) -> bool {
        if effects.unknown.is_some() || effects.only_attributes || effects.reads.contains(&Place::Anywhere) {
            return false;
        }
        let builds = self.steps.iter().filter(|step| step.kind == StepKind::Build);
        let mut built = builds.flat_map(|step| &step.outputs).flat_map(Output::places);
        built.any(|place| !is_shared(&place) && effects.reads.iter().any(|read| read.meets(&place)))
    }
}

/// Whether a command calls no package manager.
fn is_plain(run: &Execution, number: usize) -> bool {
    run.commands
        .get(number)
        .is_some_and(|command| command.manager.is_none())
}

/// Whether a place is a folder of the base image, in which more is than what a build left.
fn is_shared(place: &Place) -> bool {
    place.path().is_none_or(is_standard_folder)
}

/// What a command that carries on leaves: what it writes.
fn outputs_of(effects: &Effects) -> Vec<Output> {
    let paths = effects.written_paths().into_iter();
    paths.map(|path| Output::Path(path.to_string())).collect()
}
