//! Who would miss a cache that is no longer in the layer.

use crate::facts::{Command, Facts, is_within};
use crate::syntax::Dockerfile;

use super::downloads::absolute;

/// The first RUN behind instruction number `index` that would fail, or do something else, if nothing were at `path`.
pub(super) fn missed_by(file: &Dockerfile, facts: &Facts, index: usize, path: &str) -> Option<usize> {
    let later = facts.later(index).into_iter();
    let mut runs = later.filter_map(|later| Some((later, facts.run(file, later)?)));
    let (later, _) = runs.find(|(_, run)| run.commands.iter().any(|command| misses(command, path)))?;
    Some(later)
}

fn misses(command: &Command, path: &str) -> bool {
    let is_fine = matches!(
        command.program(),
        Some("mkdir" | "echo" | "printf" | "export" | "test" | "[")
    );
    if is_fine || command.manager.is_some() || !command.deletes.is_empty() && is_forced(command) {
        return false;
    }
    let values = command.words.iter().skip(1).filter_map(|word| word.value.as_deref());
    let mut operands = values.filter(|value| !value.starts_with('-'));
    operands.any(|operand| {
        let Some(operand) = absolute(command, operand) else {
            return false;
        };
        let operand = operand.trim_end_matches('*').trim_end_matches('/');
        // A hidden folder above it may have been made for it.
        let is_hidden = operand.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
        is_within(operand, path) || is_hidden && is_within(path, operand)
    })
}

/// Whether an `rm` takes it lightly when there is nothing to delete.
pub(super) fn is_forced(command: &Command) -> bool {
    command.words.iter().any(|word| {
        let letters = word.text.strip_prefix('-');
        word.text == "--force" || letters.is_some_and(|letters| !letters.starts_with('-') && letters.contains('f'))
    })
}
