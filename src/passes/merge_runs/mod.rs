//! `merge-runs`: joins RUNs where a layer gets smaller by it. See `docs/passes/merge-runs.md`.

mod join;
mod partner;

use crate::facts::Facts;
use crate::syntax::Dockerfile;

use super::{Change, Level, Outcome, Pass, PassOptions, Refusal};

/// Joins `apt-get update` with the installs that follow, and a RUN that deletes with the RUN that made what it deletes.
pub struct MergeRuns;

const ID: &str = "merge-runs";

impl Pass for MergeRuns {
    fn id(&self) -> &'static str {
        ID
    }

    fn level(&self) -> Level {
        Level::Safe
    }

    fn page(&self) -> &'static str {
        include_str!("../../../docs/passes/merge-runs.md")
    }

    fn run(&self, file: &mut Dockerfile, facts: &Facts, _options: &PassOptions) -> Outcome {
        let mut outcome = Outcome::default();
        // From the end, so that the numbers of the instructions before stay those of the facts.
        let mut second = file.instructions.len();
        while second > 1 {
            second -= 1;
            let Some(partner) = partner::of(file, facts, second) else {
                continue;
            };
            let first = partner.first;
            let lines = file.lines_of(first).join(file.lines_of(second));
            let joined = partner
                .obstacle
                .map_or_else(|| join::join(file, facts, first..=second), Err);
            match joined {
                Ok(joined) => {
                    outcome.changes.push(Change {
                        pass: ID,
                        level: self.level(),
                        lines,
                        what: partner.what,
                        why: partner.why.to_owned(),
                        evidence: Vec::new(),
                        assumptions: Vec::new(),
                    });
                    file.instructions.splice(first..=second, [joined]);
                    second = first + 1;
                }
                Err(obstacle) => outcome.refusals.push(Refusal::new(ID, lines, partner.what, obstacle)),
            }
        }
        outcome.changes.reverse();
        outcome.refusals.reverse();
        outcome
    }
}
