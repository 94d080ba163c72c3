//! What to delete, and where to insert, so that the remaining text is still the script that one thinks it is.

use super::tree::{Command, Link, Script, SimpleCommand, Span, Statement, Word};

/// Takes a text, its script or one within it, and the place of a link in that; returns the span whose deletion removes
/// the link and leaves a valid list: with the operator before it, for the first one with the operator behind it, for
/// the only one of a statement with the separator.
///
/// Returns `None` when there is no such link, when nothing would be left, when the lines of a here-document are in the
/// way, and when what is left on both sides would grow together.
pub fn removal_of_link(text: &str, script: &Script, statement_index: usize, link_index: usize) -> Option<Span> {
    let statement = script.statements.get(statement_index)?;
    let link = statement.chain.get(link_index)?;
    if !here_docs(std::slice::from_ref(link)).is_empty() {
        return None;
    }
    let span = &link.pipeline.span;
    let before = link_index.checked_sub(1).and_then(|index| statement.chain.get(index));
    let removal = match (before, statement.chain.get(1)) {
        (Some(before), _) => before.pipeline.span.end..span.end,
        (None, Some(next)) => span.start..next.pipeline.span.start,
        (None, None) => removal_of_statement(script, statement_index)?,
    };
    let mut lines = script
        .statements
        .iter()
        .flat_map(|statement| here_docs(&statement.chain));
    let takes_lines = lines.any(|lines| lines.start < removal.end && removal.start < lines.end);
    (!takes_lines && !glues(text, &removal)).then_some(removal)
}

fn removal_of_statement(script: &Script, index: usize) -> Option<Span> {
    let statement = script.statements.get(index)?;
    let before = index.checked_sub(1).and_then(|index| script.statements.get(index));
    if let Some(next) = script.statements.get(index + 1) {
        let separator = statement.separator.as_ref()?;
        // To the next statement if only blanks are in between. A comment there belongs to that one.
        let blanks = next.span.start.saturating_sub(separator.end) < 2;
        return Some(statement.span.start..if blanks { next.span.start } else { separator.end });
    }
    let before = before?;
    let end = statement.span.end;
    match (&statement.separator, &before.separator) {
        // The separator before it has no more use, unless it says that the statement before runs in the background.
        (None, Some(_)) if !before.background => Some(before.span.end..end),
        (Some(separator), _) => Some(statement.span.start..separator.end),
        (None, _) => Some(statement.span.start..end),
    }
}

/// Returns whether the ends that a removal brings together would form another token than the two that they are:
/// `(a;(b))` is not `((b))`, `a&b && >c` is not `a&>c`, and `a;(b)#c` is not `a#c`.
fn glues(text: &str, removal: &Span) -> bool {
    const SIGNS: &[u8] = b"&|;<>()";
    let before = removal.start.checked_sub(1).and_then(|at| text.as_bytes().get(at));
    match (before, text.as_bytes().get(removal.end)) {
        (Some(b' ' | b'\t' | b'\n'), _) => false,
        (Some(_), Some(b'#')) => true,
        (Some(before), Some(after)) => SIGNS.contains(before) && SIGNS.contains(after),
        _ => false,
    }
}

/// Takes a simple command and the index of a word; returns the span of the word with the blanks before it, or with
/// those behind it for the first part of the command. Returns `None` when there is no such word.
pub fn removal_of_word(command: &SimpleCommand, word_index: usize) -> Option<Span> {
    let Word { span: word, text, .. } = command.words.get(word_index)?;
    let parts = || {
        let assignments = command.assignments.iter().map(|assignment| &assignment.span);
        let words = command.words.iter().map(|word| &word.span);
        assignments
            .chain(words)
            .chain(command.redirects.iter().map(|redirect| &redirect.span))
    };
    // Behind the parenthesis of an array or a process substitution a comment may follow without a blank.
    let ends_in_operator = text.ends_with(')') && (text.starts_with(['<', '>']) || text.contains("=("));
    let glued = ends_in_operator || parts().any(|part| part.start == word.end);
    let before = parts().map(|part| part.end).filter(|end| *end <= word.start).max();
    let next = parts().map(|part| part.start).filter(|start| *start >= word.end).min();
    Some(match (before, next) {
        // In `echo 2 x>file` the blank must stay, or else `2` becomes a file descriptor.
        _ if glued => word.clone(),
        (Some(before), _) => before..word.end,
        (None, Some(next)) => word.start..next,
        (None, None) => word.clone(),
    })
}

/// Takes a script; returns where to insert ` && command` so that the command runs behind the last one if that
/// succeeded. Returns `None` for an empty script and behind a background command.
pub fn end_of_last_command(script: &Script) -> Option<usize> {
    let last = script.statements.last()?;
    (!last.background).then_some(last.span.end)
}

/// Takes a text and its script; returns the script as a text that can stand in an `&&` chain: as it is when it is
/// nothing but an `&&` chain, between `{` and `}` otherwise. A comment behind the last command is left out.
///
/// Returns `None` for an empty script, for one with here-documents, whose lines stand behind the last command, and for one
/// whose last word ends with a carriage return, which at the end of a text would be part of a line ending.
pub fn grouped(text: &str, script: &Script) -> Option<String> {
    let last = script.statements.last()?;
    if script
        .statements
        .iter()
        .any(|statement| !here_docs(&statement.chain).is_empty())
    {
        return None;
    }
    let body = text.get(script.span.clone()).filter(|body| !body.ends_with('\r'))?;
    Some(match script.and_chain() {
        Some(_) => body.to_owned(),
        None => format!("{{ {body}{} }}", terminator(last)),
    })
}

fn terminator(statement: &Statement) -> &'static str {
    if statement.background { " &" } else { ";" }
}

/// The lines of every here-document that begins in these links and ends behind them. Those in a substitution end
/// before it does.
fn here_docs(chain: &[Link]) -> Vec<Span> {
    let commands = chain.iter().flat_map(|link| &link.pipeline.commands);
    commands.flat_map(here_docs_of_command).collect()
}

fn here_docs_of_command(command: &Command) -> Vec<Span> {
    let (redirects, bodies) = match command {
        Command::Simple(simple) => (&simple.redirects, [].as_slice()),
        Command::Compound(compound) => (&compound.redirects, compound.bodies.as_slice()),
        Command::Function(function) => (&function.body.redirects, function.body.bodies.as_slice()),
    };
    let own = redirects
        .iter()
        .filter_map(|redirect| redirect.here_doc.as_ref())
        .map(|lines| lines.span.clone());
    let inner = bodies
        .iter()
        .flat_map(|body| &body.statements)
        .flat_map(|statement| here_docs(&statement.chain));
    own.chain(inner).collect()
}
