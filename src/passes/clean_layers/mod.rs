//! `clean-layers`: no package lists, archives and temporary downloads stay in a layer. See `docs/passes/clean-layers.md`.

mod archives;
mod edits;
mod managers;

pub(in crate::passes) use managers::image_among;

use crate::effects::cache_readers::CacheReaders;
use crate::effects::later_use::LaterUse;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Body, Execution, Facts};
use crate::syntax::Dockerfile;

use super::{Change, Level, Outcome, Pass, PassOptions, Refusal};

/// Cleans up in the layer that made the mess, where no cache mount keeps it out of the image.
pub struct CleanLayers;

const ID: &str = "clean-layers";

/// What a RUN leaves behind, and how it goes.
struct Mess {
    what: String,
    way: Way,
}

enum Way {
    /// Options to add to commands, by the commands' numbers.
    Options(Vec<usize>, Vec<String>),
    /// A command to run at the end.
    Command(String),
}

impl Pass for CleanLayers {
    fn id(&self) -> &'static str {
        ID
    }

    fn level(&self) -> Level {
        Level::Safe
    }

    fn page(&self) -> &'static str {
        include_str!("../../../docs/passes/clean-layers.md")
    }

    fn run(&self, file: &mut Dockerfile, facts: &Facts, options: &PassOptions) -> Outcome {
        let mut outcome = Outcome::default();
        let later_use = LaterUse::of(facts);
        let readers = CacheReaders::of(facts, options.context.as_deref());
        for index in 0..file.instructions.len() {
            let Some(run) = facts.run(file, index) else { continue };
            // What a stage leaves behind that no image is made of costs nothing.
            let shipped = facts.stage_of(index).is_some_and(|stage| facts.is_shipped(stage));
            if facts.skips(index, ID) || !shipped {
                continue;
            }
            let lines = file.lines_of(index);
            let mut messes = Vec::new();
            for finding in findings(file, facts, (&later_use, &readers), index, run) {
                match finding {
                    Ok(mess) => messes.push(mess),
                    Err((what, obstacle)) => outcome.refusals.push(Refusal::new(ID, lines, what, obstacle)),
                }
            }
            let Some(edits) = edits::of(file, facts, index, run, &messes) else {
                continue;
            };
            if edits.is_empty() {
                continue;
            }
            if file.edit(index, edits).is_err() {
                let obstacle = Obstacle::new(
                    ObstacleKind::Unreadable,
                    "the new text would not be one instruction",
                    "clean up by hand",
                );
                outcome.refusals.push(Refusal::new(ID, lines, "clean up", obstacle));
                continue;
            }
            outcome.changes.extend(messes.into_iter().map(|mess| Change {
                pass: ID,
                level: Level::Safe,
                lines,
                what: mess.what,
                why: "nothing in the image reads it, and a later layer could not take it out again".to_owned(),
                evidence: Vec::new(),
                assumptions: Vec::new(),
            }));
        }
        outcome
    }
}

/// What was not done, and what stood in the way.
type Declined = (String, Obstacle);

/// What a RUN leaves behind, manager by manager, and then what it downloaded and unpacked.
fn findings(
    file: &Dockerfile,
    facts: &Facts,
    (later_use, readers): (&LaterUse<'_>, &CacheReaders<'_>),
    index: usize,
    run: &Execution,
) -> Vec<Result<Mess, Declined>> {
    let mut findings = managers::of(file, facts, (later_use, readers), index, run);
    if let Body::Script(script) = &run.body
        && !script.is_heredoc
        && let Some(mess) = archives::of(file, index, run)
        && edits::can_append(facts, index, script)
    {
        findings.push(Ok(mess));
    }
    findings
}
