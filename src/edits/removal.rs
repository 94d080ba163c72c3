//! Taking commands and words out of a RUN, where the rest then means the same.

use std::ops::Range;

use crate::facts::{Command, Execution, ScriptBody};
use crate::shell::{self, Operator, Statement};

/// What is to go from one RUN.
#[derive(Debug, Default)]
pub(crate) struct Removal {
    /// Whole commands, by their numbers.
    pub(crate) commands: Vec<usize>,
    /// Single words: the numbers of command and word.
    pub(crate) words: Vec<(usize, usize)>,
}

/// A stretch of the script that goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gone {
    /// Where it stands in the instruction's text.
    pub(crate) source: Range<usize>,
    /// What stands there, in words.
    pub(crate) text: String,
}

/// A stretch of the script, and whether it begins behind something that stays, with what joins the two.
type Stretch = (Range<usize>, bool);

impl Removal {
    /// What goes, in the order of words, links and whole statements.
    ///
    /// # Errors
    /// The number of a command without which the body would succeed or fail in other cases than before.
    pub(crate) fn gone(&self, run: &Execution, script: &ScriptBody) -> Result<Vec<Gone>, usize> {
        let source = |(span, is_behind): Stretch| match is_behind {
            true => script.source_behind(span),
            false => script.source(span),
        };
        let text = |number: usize| run.commands.get(number).map(|command| text_of(script, command));
        let mut result = Vec::new();
        for &(number, word) in &self.words {
            let command = run.commands.get(number).filter(|command| command.editable);
            let word = command.ok_or(number)?.words.get(word.saturating_sub(1)..=word);
            let Some([before, word]) = word else { return Err(number) };
            result.push(Gone {
                source: script.source_behind(before.span.end..word.span.end),
                text: word.text.clone(),
            });
        }
        let mut whole = Vec::new();
        for (index, statement) in script.script.statements.iter().enumerate() {
            let of_it = |number: &&usize| {
                let command = run.commands.get(**number);
                command.is_some_and(|command| command.context.place.statement == index)
            };
            let numbers: Vec<usize> = self.commands.iter().filter(of_it).copied().collect();
            let Some(&first) = numbers.first() else { continue };
            let gone = links(run, statement, &numbers)?;
            if gone.len() == statement.chain.len() {
                let texts: Vec<String> = numbers.iter().filter_map(|number| text(*number)).collect();
                whole.push((index, texts.join(" && "), first));
                let indexes: Vec<usize> = whole.iter().map(|(index, ..)| *index).collect();
                decides_without(run, script, &indexes, index)
                    .then_some(())
                    .ok_or(first)?;
                continue;
            }
            for (link, number) in gone.iter().zip(&numbers) {
                let stretch = link_stretch(script, statement, &gone, *link).ok_or(*number)?;
                shell::removal_of_link(script.text(), &script.script, index, *link).ok_or(*number)?;
                result.push(Gone {
                    source: source(stretch),
                    text: text(*number).unwrap_or_default(),
                });
            }
        }
        let indexes: Vec<usize> = whole.iter().map(|(index, ..)| *index).collect();
        for (index, text, first) in whole {
            let stretch = statement_stretch(script, &indexes, index).ok_or(first)?;
            result.push(Gone {
                source: source(stretch),
                text,
            });
        }
        Ok(result)
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

/// The stretch of a link that goes from a chain of which others stay: with the operator before it; with the one behind
/// it for those at the beginning of the chain, or of a line that goes on behind them.
fn link_stretch(script: &ScriptBody, statement: &Statement, gone: &[usize], link: usize) -> Option<Stretch> {
    let span = |link: usize| statement.chain.get(link).map(|link| &link.pipeline.span);
    let own = span(link)?;
    // The links around it that go too.
    let first = (0..=link).rev().take_while(|link| gone.contains(link)).last()?;
    let last = (link..statement.chain.len())
        .take_while(|link| gone.contains(link))
        .last()?;
    let breaks = |from: usize, to: usize| script.source_behind(from..to).len() > to - from;
    let begins_line = |before: &Range<usize>, next: &Range<usize>| {
        let (first, last) = (
            span(first).map_or(0, |span| span.start),
            span(last).map_or(0, |span| span.end),
        );
        breaks(before.end, first) && !breaks(last, next.start)
    };
    let before = first.checked_sub(1).and_then(span);
    let with_operator_behind = match (before, span(last + 1)) {
        (None, _) => true,
        (Some(before), Some(next)) => begins_line(before, next),
        (Some(_), None) => false,
    };
    if with_operator_behind {
        return Some((own.start..span(link + 1)?.start, false));
    }
    Some((span(link.checked_sub(1)?)?.end..own.end, true))
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

/// The stretch of a whole statement with its separator; for those at the end, with the separator before the first of
/// them.
fn statement_stretch(script: &ScriptBody, gone: &[usize], index: usize) -> Option<Stretch> {
    let statements = &script.script.statements;
    let statement = statements.get(index)?;
    if (index..statements.len()).all(|later| gone.contains(&later)) {
        let before = statements.get((0..index).rev().find(|before| !gone.contains(before))?)?;
        // Its own separator stays, and ends the one before: a newline ends a heredoc's last line.
        return (!before.background).then_some((before.span.end..statement.span.end, true));
    }
    let next = statements.get(index + 1)?;
    Some((statement.span.start..next.span.start, false))
}

fn text_of(script: &ScriptBody, command: &Command) -> String {
    script.text().get(command.span.clone()).unwrap_or_default().to_owned()
}

/// Whether the pattern `path`, as a shell reads it, may match a folder in which `inner` lies.
pub(crate) fn may_match_above(path: &str, inner: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let inner: Vec<&str> = inner.split('/').filter(|part| !part.is_empty()).collect();
    parts.len() <= inner.len() && parts.iter().zip(&inner).all(|(part, name)| part_matches(part, name))
}

/// Whether one part of a path pattern may match `name`. Brackets and braces may match anything.
pub(crate) fn part_matches(pattern: &str, name: &str) -> bool {
    if pattern.contains(['[', '{']) {
        return true;
    }
    let is_hidden = name.starts_with('.') && !pattern.starts_with('.');
    !(is_hidden && pattern.starts_with(['*', '?'])) && matches(pattern, name)
}

fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once(['*', '?']) else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(start) else {
        return false;
    };
    if pattern[start.len()..].starts_with('?') {
        let mut characters = name.chars();
        return characters.next().is_some() && matches(rest, characters.as_str());
    }
    name.char_indices().any(|(at, _)| matches(rest, &name[at..])) || matches(rest, "")
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
        assert!(!may_match_above("/var/cache/*.d", "/var/cache/apt"));
        assert!(may_match_above("/var/c?che/a*t", "/var/cache/apt"));
    }
}
