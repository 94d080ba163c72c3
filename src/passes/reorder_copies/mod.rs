//! `reorder-copies`: installs dependencies before the sources are copied. See `docs/passes/reorder-copies.md`.
//!
//! [`attempt`] looks at one RUN: does it install, which COPYs before it bring sources, what does it read ([`install`],
//! [`view`])? [`plan`] asks whether those COPYs may stand behind it ([`between`], [`commands`], [`environment`],
//! [`folders`]) and writes what must be there before ([`lines`], [`split`]); [`apply`] makes the move. [`late`] moves ARGs, [`unread`] finds
//! what a move left without a use.

mod apply;
mod attempt;
mod between;
mod commands;
mod lines;
mod plan;
mod split;
#[cfg(test)]
mod tests;
mod unread;
mod volatile_arguments;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::Facts;
use crate::syntax::Dockerfile;

use super::{Level, Outcome, Pass, PassOptions, Refusal};
use plan::Plan;

/// Puts the COPY of the sources behind the installs that it stands before, and a COPY of what they read in its place.
pub struct ReorderCopies;

/// More moves than any file needs: a bound for faults.
const MOST_MOVES: usize = 64;

const ID: &str = "reorder-copies";

impl Pass for ReorderCopies {
    fn id(&self) -> &'static str {
        ID
    }

    fn level(&self) -> Level {
        Level::Safe
    }

    fn page(&self) -> &'static str {
        include_str!("../../../docs/passes/reorder-copies.md")
    }

    fn run(&self, file: &mut Dockerfile, facts: &Facts, options: &PassOptions) -> Outcome {
        let mut outcome = Outcome::default();
        let mut own: Option<Facts> = None;
        for _ in 0..MOST_MOVES {
            let facts = own.as_ref().unwrap_or(facts);
            let (plan, refusals) = next(file, facts, options);
            outcome.refusals = refusals;
            let change = match plan {
                Some(plan) => apply::apply(file, plan),
                None => volatile_arguments::lower(file, facts, options),
            };
            let Some(change) = change else { break };
            outcome.changes.push(change);
            own = Some(facts.updated(file));
        }
        if let Some(facts) = &own {
            for index in unread::unread(file, facts) {
                unread::remove(file, index);
            }
        }
        outcome
    }
}

/// The first move that is right, and for each stage the first one that is not.
fn next(file: &Dockerfile, facts: &Facts, options: &PassOptions) -> (Option<Plan>, Vec<Refusal>) {
    let mut refusals = Vec::new();
    for stage in &facts.stages {
        let mut is_declined = false;
        for run in stage.instructions.clone() {
            match attempt::attempt(file, facts, options, stage.instructions.clone(), run) {
                None => {}
                Some(Ok(plan)) => return (Some(plan), refusals),
                Some(Err((copy, obstacle))) if !is_declined => {
                    is_declined = true;
                    let lines = file.lines_of(copy).join(file.lines_of(run));
                    let what = "install the dependencies before the sources are copied";
                    refusals.push(Refusal::new(ID, lines, what, obstacle));
                }
                Some(Err(_)) => {}
            }
        }
    }
    (None, refusals)
}

fn gone() -> Obstacle {
    Obstacle::new(
        ObstacleKind::Entangled,
        "the new text is not one instruction",
        "move the COPY by hand",
    )
}
