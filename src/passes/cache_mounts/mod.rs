//! `cache-mounts`: a BuildKit cache mount for each package manager's own cache. See `docs/passes/cache-mounts.md`.
//!
//! For each RUN, [`candidates`] finds the caches that its commands fill, or why one cannot be a mount; [`existing`]
//! knows the mounts that are there; [`cleanup`] finds what would empty them; [`plan`] decides, and [`edits`] writes.

mod candidates;
mod cleanup;
mod edits;
mod existing;
mod plan;
mod starts;
mod stores;
mod target;

use crate::effects::cache_readers::CacheReaders;
use crate::effects::later_use::LaterUse;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Facts, Stage};
use crate::syntax::{Dockerfile, Keyword, LineRange};

use super::{Change, Level, Outcome, Pass, PassOptions, Refusal};
use candidates::Candidates;
use starts::Starts;

/// Adds cache mounts for the caches of package managers.
pub struct CacheMounts;

const ID: &str = "cache-mounts";

impl Pass for CacheMounts {
    fn id(&self) -> &'static str {
        ID
    }

    fn level(&self) -> Level {
        Level::Safe
    }

    fn page(&self) -> &'static str {
        include_str!("../../../docs/passes/cache-mounts.md")
    }

    fn run(&self, file: &mut Dockerfile, facts: &Facts, options: &PassOptions) -> Outcome {
        let mut outcome = Outcome::default();
        if !options.cache_mounts {
            return outcome;
        }
        let frontend = old_frontend(file).or_else(|| stage_named_scratch(file, facts));
        let newline = file.newline.as_str();
        let readers = CacheReaders::of(facts, options.context.as_deref());
        let starts = match stores::are_used(facts, file) {
            true => Starts::of(readers.starts(file), options.context.is_some()),
            false => Starts::default(),
        };
        let later_use = LaterUse::of(facts);
        for index in 0..file.instructions.len() {
            let Some(run) = facts.run(file, index) else { continue };
            if facts.skips(index, ID) || run.commands.is_empty() && !stores::concerns(facts, file, &starts, index) {
                continue;
            }
            let lines = file.lines_of(index);
            let mut candidates = Candidates::of(facts, file, (&starts, &later_use, &readers), index, run);
            if options.level >= Level::Standard {
                candidates.add_target(target::of(facts, file, index, run));
            }
            if let (Some(obstacle), false) = (&frontend, candidates.is_empty()) {
                outcome
                    .refusals
                    .push(refusal(lines, "use cache mounts".to_owned(), obstacle.clone()));
                continue;
            }
            let plan = plan::plan(file, facts, index, run, candidates);
            outcome.refusals.extend(
                plan.refusals
                    .into_iter()
                    .map(|(what, obstacle)| refusal(lines, what, obstacle)),
            );
            if plan.edits.is_empty() {
                continue;
            }
            if file.edit(index, plan.edits).is_err() {
                let obstacle = Obstacle::new(
                    ObstacleKind::Unreadable,
                    "the new text would not be one instruction",
                    "add the mounts by hand",
                );
                outcome
                    .refusals
                    .push(refusal(lines, "add cache mounts".to_owned(), obstacle));
                continue;
            }
            if let Some(instruction) = file.instructions.get_mut(index) {
                let lines = plan.above.iter().map(|line| format!("{line}{newline}"));
                instruction.leading.extend(lines);
            }
            outcome
                .changes
                .extend(plan.changes.into_iter().map(|(level, what, why)| Change {
                    pass: ID,
                    level,
                    lines,
                    what,
                    why,
                    evidence: Vec::new(),
                    assumptions: Vec::new(),
                }));
            for (other, edits, what) in plan.elsewhere {
                // What a copied-out binary is called elsewhere; the place was checked when the plan was made.
                if file.edit(other, edits).is_ok() {
                    outcome.changes.push(Change {
                        pass: ID,
                        level: Level::Standard,
                        lines: file.lines_of(other),
                        what,
                        why: "what is in a mount is not in the stage".to_owned(),
                        evidence: Vec::new(),
                        assumptions: Vec::new(),
                    });
                }
            }
        }
        outcome
    }
}

fn refusal(lines: LineRange, what: String, obstacle: Obstacle) -> Refusal {
    Refusal::new(ID, lines, what, obstacle)
}

/// A `# syntax=` directive that names a frontend without cache mounts, which came with version 1.2.
fn old_frontend(file: &Dockerfile) -> Option<Obstacle> {
    let frontend = file.directive("syntax")?;
    let (_, version) = frontend.split_whitespace().next()?.rsplit_once("docker/dockerfile:")?;
    let mut numbers = version.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let (major, minor) = (numbers.next()?, numbers.next());
    (major == 1 && minor.is_some_and(|minor| minor < 2) && !version.contains("experimental")).then(|| {
        let found = format!("the directive `# syntax={frontend}` names a frontend without cache mounts");
        Obstacle::new(
            ObstacleKind::Unsupported,
            found,
            "name docker/dockerfile:1, or remove the directive",
        )
    })
}

/// A stage with the name that BuildKit takes a cache mount without `from` from: the mount would need that stage.
fn stage_named_scratch(file: &Dockerfile, facts: &Facts) -> Option<Obstacle> {
    let is_scratch = |stage: &&Stage| {
        let name = stage.name.as_deref();
        name.is_some_and(|name| name.eq_ignore_ascii_case("scratch"))
    };
    let stage = facts.stages.iter().find(is_scratch)?;
    let line = file.line_of(stage.instructions.start);
    Some(Obstacle::new(
        ObstacleKind::Unsupported,
        format!("line {line} calls a stage `scratch`, from which BuildKit would take the contents of a cache mount"),
        "give the stage another name",
    ))
}

/// The instructions of the stages that `stage` stands on, directly or not, in the file's order, `stage` included.
fn chain(facts: &Facts, stage: usize) -> Vec<usize> {
    let mut stages = vec![stage];
    while let Some(crate::facts::Base::Stage(base)) =
        stages.last().and_then(|last| facts.stages.get(*last)).map(|s| &s.base)
    {
        stages.push(*base);
    }
    stages.reverse();
    stages
        .into_iter()
        .flat_map(|stage| facts.stages.get(stage).map_or(0..0, |s| s.instructions.clone()))
        .collect()
}

/// Whether any instruction of the file has a `RUN --mount` or a heredoc, so that it needs BuildKit already.
pub fn needs_buildkit(file: &Dockerfile) -> bool {
    file.instructions.iter().any(|instruction| {
        let node = instruction.node();
        let has_flag = node.keyword == Keyword::Run && !node.flags.is_empty();
        let copies = matches!(node.keyword, Keyword::Copy | Keyword::Add);
        has_flag || !node.heredocs.is_empty() || copies && (node.flag("link").is_some() || node.flag("chmod").is_some())
    })
}
