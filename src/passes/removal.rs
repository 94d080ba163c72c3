//! Taking commands and words out of a RUN, where the rest then means the same.

use std::ops::Range;

use crate::facts::{Command, Execution, ScriptBody};
use crate::shell::{self, Operator, Statement};

/// What is to go from one RUN.
#[derive(Debug, Default)]
pub(super) struct Removal {
    /// Whole commands, by their numbers.
    pub(super) commands: Vec<usize>,
    /// Single words: the numbers of command and word.
    pub(super) words: Vec<(usize, usize)>,
}

impl Removal {
    /// The spans of the script that go, with what stands there in words.
    ///
    /// # Errors
    /// The number of a command without which the body would succeed or fail in other cases than before.
    pub(super) fn spans(&self, run: &Execution, script: &ScriptBody) -> Result<Vec<(Range<usize>, String)>, usize> {
        let mut spans = Vec::new();
        for &(number, word) in &self.words {
            let command = run
                .commands
                .get(number)
                .filter(|command| command.editable)
                .ok_or(number)?;
            let before = word
                .checked_sub(1)
                .and_then(|before| command.words.get(before))
                .ok_or(number)?;
            let word = command.words.get(word).ok_or(number)?;
            spans.push((before.span.end..word.span.end, word.text.clone()));
        }
        let mut whole = Vec::new();
        for (index, statement) in script.script.statements.iter().enumerate() {
            let of_it = |number: &&usize| {
                run.commands
                    .get(**number)
                    .is_some_and(|c| c.context.place.statement == index)
            };
            let numbers: Vec<usize> = self.commands.iter().filter(of_it).copied().collect();
            let Some(&first) = numbers.first() else { continue };
            let gone = links(run, statement, &numbers)?;
            let text = |number: usize| {
                run.commands
                    .get(number)
                    .map(|command| text_of(script, command))
                    .unwrap_or_default()
            };
            if gone.len() == statement.chain.len() {
                whole.push(index);
                spans.push((
                    statement.span.clone(),
                    numbers
                        .iter()
                        .map(|number| text(*number))
                        .collect::<Vec<_>>()
                        .join(" && "),
                ));
                decides_without(run, script, &whole, index).then_some(()).ok_or(first)?;
                continue;
            }
            for (link, number) in gone.iter().zip(&numbers) {
                let span = link_span(statement, &gone, *link).ok_or(*number)?;
                shell::removal_of_link(script.text(), &script.script, index, *link).ok_or(*number)?;
                spans.push((span, text(*number)));
            }
        }
        for &index in &whole {
            let span =
                statement_span(script, &whole, index).ok_or_else(|| self.commands.first().copied().unwrap_or(0))?;
            let own = script.script.statements.get(index).map(|statement| &statement.span);
            if let Some((place, _)) = spans.iter_mut().find(|(place, _)| Some(place) == own) {
                *place = span;
            }
        }
        Ok(spans)
    }
}

/// The links of `statement` that go with `numbers`, if each of these commands is a link of its own that may go.
fn links(run: &Execution, statement: &Statement, numbers: &[usize]) -> Result<Vec<usize>, usize> {
    let mut links = Vec::new();
    for &number in numbers {
        let command = run
            .commands
            .get(number)
            .filter(|command| command.editable)
            .ok_or(number)?;
        let context = &command.context;
        let link = statement.chain.get(context.place.link).ok_or(number)?;
        let is_own = context.depth == 0 && !context.in_pipeline && !context.background && !link.pipeline.negated;
        let is_or = |index: usize| {
            statement
                .chain
                .get(index)
                .is_some_and(|link| link.operator == Some(Operator::Or))
        };
        if !is_own || is_or(context.place.link) {
            return Err(number);
        }
        links.push(context.place.link);
        if is_or(context.place.link + 1) {
            // `rm x || true` may go as a whole; in any other chain the other half says what follows.
            let is_guard = statement.chain.len() == 2 && statement.chain.get(1).is_some_and(succeeds);
            is_guard.then_some(()).ok_or(number)?;
            links.push(1);
        }
    }
    Ok(links)
}

/// Whether a link is `true` or `:`.
fn succeeds(link: &shell::Link) -> bool {
    let [shell::Command::Simple(simple)] = link.pipeline.commands.as_slice() else {
        return false;
    };
    matches!(simple.name(), Some("true" | ":"))
}

/// The span of a link that goes from a chain of which others stay: with the operator before it, or for those at the
/// beginning with the one behind it.
fn link_span(statement: &Statement, gone: &[usize], link: usize) -> Option<Range<usize>> {
    let own = &statement.chain.get(link)?.pipeline.span;
    if (0..link).all(|before| gone.contains(&before)) {
        return Some(own.start..statement.chain.get(link + 1)?.pipeline.span.start);
    }
    Some(statement.chain.get(link.checked_sub(1)?)?.pipeline.span.end..own.end)
}

/// Whether the body still succeeds and fails as before without the statements `gone`, of which `index` is the last.
fn decides_without(run: &Execution, script: &ScriptBody, gone: &[usize], index: usize) -> bool {
    if index + 1 < script.script.statements.len() {
        return true;
    }
    // The last statement decides whether the body succeeded: the one that becomes the last must have done so as well.
    let Some(before) = (0..index).rev().find(|before| !gone.contains(before)) else {
        return false;
    };
    let mut of_it = run
        .commands
        .iter()
        .filter(|command| command.context.place.statement == before);
    of_it.all(|command| command.context.stops_body || command.context.in_substitution || command.context.depth > 0)
}

/// The span of a whole statement with its separator; for those at the end, with the separator before the first of them.
fn statement_span(script: &ScriptBody, gone: &[usize], index: usize) -> Option<Range<usize>> {
    let statements = &script.script.statements;
    let statement = statements.get(index)?;
    if (index..statements.len()).all(|later| gone.contains(&later)) {
        let before = statements.get((0..index).rev().find(|before| !gone.contains(before))?)?;
        let end = statement
            .separator
            .as_ref()
            .map_or(statement.span.end, |separator| separator.end);
        return (!before.background).then_some(before.span.end..end);
    }
    let next = statements.get(index + 1)?;
    Some(statement.span.start..next.span.start)
}

fn text_of(script: &ScriptBody, command: &Command) -> String {
    script.text().get(command.span.clone()).unwrap_or_default().to_owned()
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
