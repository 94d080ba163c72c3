//! Who would miss a cache that is no longer in the layer.

use std::cell::OnceCell;

use crate::effects::{Place, of_command};
use crate::facts::{Command, Execution, Facts, is_within};
use crate::syntax::Dockerfile;

use super::download::absolute;

/// What each RUN of a file needs to be there, worked out once for all caches that are asked for.
pub(crate) struct LaterUse<'f> {
    facts: &'f Facts,
    /// By the number of the instruction.
    needed: OnceCell<Vec<Vec<Needed>>>,
}

/// A path that a command needs to be there, or reads.
struct Needed {
    path: String,
    /// Whether its last part is hidden: such a folder may have been made for what is in it.
    is_hidden: bool,
}

impl<'f> LaterUse<'f> {
    pub(crate) fn of(facts: &'f Facts) -> LaterUse<'f> {
        LaterUse {
            facts,
            needed: OnceCell::new(),
        }
    }

    /// The first RUN behind instruction number `index` that would fail, or do something else, if nothing were at `path`.
    pub(crate) fn missed_by(&self, file: &Dockerfile, index: usize, path: &str) -> Option<usize> {
        let needed = self.needed.get_or_init(|| {
            let runs = (0..file.instructions.len()).map(|index| self.facts.run(file, index));
            runs.map(|run| run.map(needed_by).unwrap_or_default()).collect()
        });
        let misses =
            |needed: &Needed| is_within(&needed.path, path) || needed.is_hidden && is_within(path, &needed.path);
        let mut later = self.facts.later(index).into_iter();
        later.find(|later| needed.get(*later).is_some_and(|needed| needed.iter().any(misses)))
    }
}

/// What the commands of a RUN need.
fn needed_by(run: &Execution) -> Vec<Needed> {
    let counts = |command: &&Command| !command.has_tag("asks") && command.manager.is_none();
    let paths = run.commands.iter().filter(counts).flat_map(needed);
    let trimmed = paths.map(|path| path.trim_end_matches('*').trim_end_matches('/').to_owned());
    let needed = trimmed.map(|path| Needed {
        is_hidden: path.rsplit('/').next().is_some_and(|name| name.starts_with('.')),
        path,
    });
    needed.collect()
}

/// The absolute paths that a command needs to be there, or reads.
fn needed(command: &Command) -> Vec<String> {
    let effects = of_command(command, &());
    if effects.unknown.is_some() {
        let values = command.literal_arguments();
        let operands = values.filter(|value| !value.starts_with('-'));
        return operands.filter_map(|operand| absolute(command, operand)).collect();
    }
    let reads = effects.reads.iter().filter_map(Place::path);
    reads.chain(&effects.requires).map(ToString::to_string).collect()
}

/// Whether an `rm` takes it lightly when there is nothing to delete.
pub(crate) fn is_forced(command: &Command) -> bool {
    let reading = command.reading();
    reading.is_some_and(|reading| reading.also.is_some_and(|also| also.forgives))
}
