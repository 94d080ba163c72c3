//! Who would miss a cache that is no longer in the layer.

use crate::effects::{Place, of_command};
use crate::facts::{Command, Facts, is_within};
use crate::syntax::Dockerfile;

use super::download::absolute;

/// The first RUN behind instruction number `index` that would fail, or do something else, if nothing were at `path`.
pub(crate) fn missed_by(file: &Dockerfile, facts: &Facts, index: usize, path: &str) -> Option<usize> {
    let later = facts.later(index).into_iter();
    let mut runs = later.filter_map(|later| Some((later, facts.run(file, later)?)));
    let (later, _) = runs.find(|(_, run)| run.commands.iter().any(|command| misses(command, path)))?;
    Some(later)
}

fn misses(command: &Command, path: &str) -> bool {
    if command.has_tag("asks") || command.manager.is_some() {
        return false;
    }
    needed(command).iter().any(|needed| {
        let needed = needed.trim_end_matches('*').trim_end_matches('/');
        // A hidden folder above it may have been made for it.
        let is_hidden = needed.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
        is_within(needed, path) || is_hidden && is_within(path, needed)
    })
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
