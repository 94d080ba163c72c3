//! Taking commands and words out of a RUN, where the rest then means the same.

use std::ops::Range;

use crate::facts::{Command, Execution, ScriptBody};
use crate::shell::{self, Operator};

/// What goes, as spans of the script and in words.
#[derive(Debug, Default)]
pub(super) struct Removal {
    /// The spans, with the text that stood there.
    pub(super) spans: Vec<(Range<usize>, String)>,
}

impl Removal {
    /// Takes command `number` away, if the body then succeeds and fails as before. Returns whether it does.
    pub(super) fn command(&mut self, run: &Execution, script: &ScriptBody, number: usize) -> bool {
        let Some(command) = run.commands.get(number).filter(|command| command.editable) else {
            return false;
        };
        let context = &command.context;
        let place = context.place;
        let statements = &script.script.statements;
        let Some(statement) = statements.get(place.statement) else {
            return false;
        };
        let Some(link) = statement.chain.get(place.link) else {
            return false;
        };
        if context.depth > 0 || context.in_pipeline || context.background || link.pipeline.negated {
            return false;
        }
        let is_or = |index: usize| {
            statement
                .chain
                .get(index)
                .is_some_and(|link| link.operator == Some(Operator::Or))
        };
        // `a || rm x` and `rm x || true` mean something else without their other half.
        if is_or(place.link) || is_or(place.link + 1) && statement.chain.len() != 2 {
            return false;
        }
        let is_last = place.statement + 1 == statements.len();
        let only_guard = is_or(place.link + 1);
        if only_guard && !is_harmless_guard(statement) {
            return false;
        }
        if statement.chain.len() == 1 || only_guard {
            // The last statement decides whether the body succeeded: the one before it must have done so as well.
            let before = place.statement.checked_sub(1);
            let before_decides = before.is_some_and(|before| {
                let mut of_it = run
                    .commands
                    .iter()
                    .filter(|command| command.context.place.statement == before);
                of_it.all(|command| command.context.stops_body || command.context.in_substitution)
            });
            if is_last && !before_decides {
                return false;
            }
        }
        let span = if only_guard {
            let second = shell::removal_of_link(script.text(), &script.script, place.statement, 1);
            let first = whole_statement(script, place.statement);
            second.and(first)
        } else {
            shell::removal_of_link(script.text(), &script.script, place.statement, place.link)
        };
        let Some(span) = span else { return false };
        let text = script.text().get(command.span.clone()).unwrap_or_default().to_owned();
        self.spans.push((span, text));
        true
    }

    /// Takes single words of a command away.
    pub(super) fn words(&mut self, command: &Command, numbers: &[usize]) -> bool {
        if !command.editable {
            return false;
        }
        for &number in numbers {
            let (Some(word), Some(before)) = (
                command.words.get(number),
                number.checked_sub(1).and_then(|before| command.words.get(before)),
            ) else {
                return false;
            };
            self.spans.push((before.span.end..word.span.end, word.text.clone()));
        }
        true
    }
}

/// The span of a statement with its separator, as for a statement of one link.
fn whole_statement(script: &ScriptBody, index: usize) -> Option<Range<usize>> {
    let mut single = script.script.clone();
    let statement = single.statements.get_mut(index)?;
    let span = statement.span.clone();
    statement.chain.truncate(1);
    statement.chain.first_mut()?.pipeline.span = span;
    shell::removal_of_link(script.text(), &single, index, 0)
}

/// Whether a statement is `command || true`.
fn is_harmless_guard(statement: &shell::Statement) -> bool {
    statement.chain.get(1).is_some_and(|link| {
        let [shell::Command::Simple(simple)] = link.pipeline.commands.as_slice() else {
            return false;
        };
        matches!(simple.name(), Some("true" | ":"))
    })
}

/// Whether the pattern `path`, as a shell reads it, may match a folder in which `inner` lies.
pub(super) fn may_match_above(path: &str, inner: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let inner: Vec<&str> = inner.split('/').filter(|part| !part.is_empty()).collect();
    parts.len() <= inner.len() && parts.iter().zip(&inner).all(|(part, name)| part_matches(part, name))
}

/// Whether one part of a path pattern may match `name`. Brackets may match anything.
fn part_matches(pattern: &str, name: &str) -> bool {
    if pattern.contains(['[', '{']) {
        return true;
    }
    match pattern.split_once(['*', '?']) {
        None => pattern == name,
        Some((start, _)) => name.starts_with(start) && (!name.starts_with('.') || pattern.starts_with('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_above() {
        assert!(may_match_above("/root/.cache", "/root/.cache/pip"));
        assert!(may_match_above("/var/cache/*", "/var/cache/apt"));
        assert!(may_match_above("/var/*/apt", "/var/cache/apt"));
        assert!(!may_match_above("/root/*", "/root/.cache/pip"));
        assert!(!may_match_above("/var/lib/apt/lists/*", "/var/cache/apt"));
        assert!(!may_match_above("/tmp/*", "/var/cache/apt"));
    }
}
