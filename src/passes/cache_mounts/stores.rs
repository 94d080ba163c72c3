//! Caches that later steps build with: Go's modules, Maven's repository, Cargo's registry. Every RUN of a stage that
//! may need such a store must mount it, or none.

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Base, Command, Execution, Facts, ManagerUse, is_within};
use crate::knowledge::{Holds, Kind};
use crate::syntax::{Dockerfile, Keyword};

use super::candidates::Candidate;
use super::starts::Starts;

/// Whether a RUN of the file uses a store.
pub(super) fn are_used(facts: &Facts, file: &Dockerfile) -> bool {
    let mut runs = (0..file.instructions.len()).filter_map(|index| facts.run(file, index));
    runs.any(|run| uses(run).next().is_some())
}

/// Whether RUN number `index`, which has no command that fills a cache, may still need the store of one that does.
pub(super) fn concerns(facts: &Facts, file: &Dockerfile, starts: &Starts<'_>, index: usize) -> bool {
    !shared_with(facts, file, starts, index).is_empty()
}

/// The instructions of all stages that stand on one base, by their numbers in the file.
fn group(facts: &Facts, stage: usize) -> Vec<usize> {
    let mut root = stage;
    while let Some(Base::Stage(base)) = facts.stages.get(root).map(|stage| &stage.base) {
        root = *base;
    }
    let members = facts
        .family(root)
        .into_iter()
        .filter_map(|member| facts.stages.get(member));
    members.flat_map(|stage| stage.instructions.clone()).collect()
}

/// The uses of stores in a RUN: what uses them and where they are.
fn uses(run: &Execution) -> impl Iterator<Item = (&ManagerUse, &str, &crate::facts::CacheUse)> {
    let used = run.commands.iter().filter_map(|command| command.manager.as_ref());
    used.flat_map(|used| {
        let stores = used
            .caches
            .iter()
            .filter(|cache| cache.cache.holds == Holds::Store && cache.cache.mount);
        stores.filter_map(move |cache| Some((used, cache.path.as_deref()?, cache)))
    })
}

/// Whether the store at `path` of the manager in `used` can be a mount in all RUNs of the group.
pub(super) fn check(
    facts: &Facts,
    file: &Dockerfile,
    starts: &Starts<'_>,
    index: usize,
    used: &ManagerUse,
    path: &str,
) -> Result<(), Obstacle> {
    let Some(stage) = facts.stage_of(index) else {
        return Ok(());
    };
    let name = &used.manager.name;
    for other in group(facts, stage) {
        let line = file.line_of(other);
        let Some(instruction) = file.instructions.get(other) else {
            continue;
        };
        let execution = facts.instructions.get(other).and_then(|facts| facts.execution.as_ref());
        match (instruction.keyword(), execution) {
            (Keyword::From, _) => unknown_base(facts, other, name)?,
            (Keyword::Copy | Keyword::Add, _) => {
                let destination = instruction
                    .node()
                    .words()
                    .last()
                    .map(|word| word.value.as_str())
                    .unwrap_or_default();
                let destination = facts
                    .scope(other)
                    .and_then(|scope| scope.absolute(destination))
                    .unwrap_or_default();
                let fills = is_within(&destination, path)
                    || is_within(path, &destination) && instruction.node().flag("from").is_some() && destination != "/";
                if fills {
                    let found = format!("line {line} copies into {path}, which the mount would hide");
                    return Err(Obstacle::new(
                        ObstacleKind::InUse,
                        found,
                        "download the packages instead",
                    ));
                }
            }
            (Keyword::Run, Some(run)) => {
                let skips = facts.skips(other, super::ID);
                for (other_use, other_path, cache) in uses(run) {
                    if other_use.manager.id != used.manager.id || other_path != path {
                        continue;
                    }
                    if skips || instruction.node().flag("network") == Some("none") || other_use.offline != Some(false) {
                        let found = format!("line {line} lives on what earlier lines downloaded, without a network");
                        return Err(Obstacle::new(
                            ObstacleKind::InUse,
                            found,
                            "let it download what is missing",
                        ));
                    }
                    if cache.cache.unfit_verbs.contains(&other_use.verb) {
                        let found = format!("line {line} puts into {path} what the image may need");
                        return Err(Obstacle::new(ObstacleKind::InUse, found, "install it somewhere else"));
                    }
                }
            }
            _ => {}
        }
    }
    starts.without(facts, stage, used.manager)
}

/// A base image that nobody knows may bring a store along.
fn unknown_base(facts: &Facts, from: usize, name: &str) -> Result<(), Obstacle> {
    let known = match facts
        .stage_of(from)
        .and_then(|stage| facts.stages.get(stage))
        .map(|stage| &stage.base)
    {
        Some(Base::Image(image)) => {
            image.official_name().is_some() || facts.scope(from).is_some_and(|scope| scope.base.is_some())
        }
        Some(Base::Stage(_) | Base::Scratch) => true,
        Some(Base::Unknown) | None => false,
    };
    if known {
        return Ok(());
    }
    let found = format!("the base image may hold packages of {name}, which a mount would hide");
    Err(Obstacle::new(
        ObstacleKind::UnknownPlace,
        found,
        "add the mount by hand if it does not",
    ))
}

/// The stores of other RUNs that RUN number `index` must mount too, as it comes after one that fills them and may run
/// the manager without saying so: `make`, a script, a text that was not understood.
pub(super) fn shared_with(facts: &Facts, file: &Dockerfile, starts: &Starts<'_>, index: usize) -> Vec<Candidate> {
    let mut result: Vec<Candidate> = Vec::new();
    let (Some(stage), Some(run)) = (facts.stage_of(index), facts.run(file, index)) else {
        return result;
    };
    let is_understood = run
        .commands
        .iter()
        .all(|command| is_inert(command) || command.manager.is_some());
    if is_understood && !run.commands.is_empty() {
        return result;
    }
    let before = super::chain(facts, stage)
        .into_iter()
        .take_while(|other| *other < index);
    for other in before {
        let Some(filling) = facts.run(file, other) else {
            continue;
        };
        for (used, path, cache) in uses(filling) {
            let is_new = result.iter().all(|store| store.path != path);
            let same_user = facts.scope(index).is_some_and(|scope| scope.user == used.user);
            let own = uses(run).any(|(_, own, _)| own == path);
            if is_new
                && same_user
                && !own
                && cache.linked == Some(false)
                && check(facts, file, starts, other, used, path).is_ok()
            {
                result.push(Candidate {
                    manager: &used.manager.name,
                    order: 0,
                    path: path.to_owned(),
                    sharing: cache.cache.sharing,
                    owner: None,
                    commands: Vec::new(),
                    id: None,
                });
            }
        }
    }
    result
}

/// Whether a command is known to run no package manager of a language: a tool of the system, or its package manager.
pub(super) fn is_inert(command: &Command) -> bool {
    let system = command
        .manager
        .as_ref()
        .is_some_and(|used| used.manager.kind == Kind::System);
    system || command.runs_nothing()
}
