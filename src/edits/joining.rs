//! Joining a command behind the last one of a shell script, so that everything before and behind means the same.

use crate::facts::{Scope, ScriptBody, Shell};
use crate::shell::{self, Context, ShellOptions};

/// What stands between the last command of a script and the one that is joined to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joining {
    /// `&&`
    And,
    /// The end of a statement: `;` or a newline. Right where `set -e` stops the script at a failure.
    Next,
}

/// How `more` can follow `body`, so that it runs exactly if all of `body` succeeded, and that a failure of any command
/// on either side does what it did when each side was a script of its own. None where nothing joins them so.
pub(crate) fn of(body: &ScriptBody, more: &str, options: ShellOptions) -> Option<Joining> {
    let end = shell::end_of_last_command(&body.script)?;
    let before = body.text().get(..end)?;
    let expected = [meaning(before, options)?, meaning(more, options)?].concat();
    let holds = |joining: &Joining| {
        let text = match joining {
            Joining::And => format!("{before} && {more}"),
            Joining::Next => format!("{before}\n{more}"),
        };
        meaning(&text, options).is_some_and(|found| found == expected)
    };
    // Where statements follow each other already, one more of them looks like the rest.
    let order = if has_statements(body) {
        [Joining::Next, Joining::And]
    } else {
        [Joining::And, Joining::Next]
    };
    order.into_iter().find(holds)
}

/// Whether the script is a row of statements, beside those that only set options of the shell.
pub(crate) fn has_statements(body: &ScriptBody) -> bool {
    let is_set = |statement: &&shell::Statement| {
        let mut commands = statement.chain.iter().flat_map(|link| &link.pipeline.commands);
        commands.all(|command| matches!(command, shell::Command::Simple(simple) if simple.name() == Some("set")))
    };
    body.script
        .statements
        .iter()
        .filter(|statement| !is_set(statement))
        .count()
        > 1
}

/// The options of the shell that runs shell forms in `scope`.
pub(crate) fn options(scope: Option<&Scope>) -> ShellOptions {
    match scope.map(|scope| &scope.shell) {
        Some(Shell::Posix(options)) => *options,
        _ => ShellOptions::default(),
    }
}

/// What decides about each command of a script: whether it may be skipped, and what its failure does. None for a text
/// that is not understood.
fn meaning(text: &str, options: ShellOptions) -> Option<Vec<Context>> {
    let script = shell::parse(text).ok()?;
    let contexts = shell::commands(&script, options).into_iter().map(|visit| Context {
        place: shell::Place::default(),
        ..visit.context
    });
    Some(contexts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Body, Facts};
    use crate::syntax;

    fn joining(body: &str, more: &str) -> Option<Joining> {
        let file = syntax::parse("Dockerfile", &format!("FROM debian\nRUN {body}\n")).unwrap();
        let facts = Facts::of(&file);
        let Body::Script(script) = &facts.run(&file, 1).unwrap().body else {
            panic!("{body} is not understood");
        };
        of(script, more, options(facts.scope(1)))
    }

    #[test]
    fn chains_go_on() {
        assert_eq!(joining("a && b", "c"), Some(Joining::And));
        assert_eq!(joining("a && b;", "c && d"), Some(Joining::And));
        assert_eq!(joining("a || true", "c"), Some(Joining::And));
        assert_eq!(joining("a | b", "c"), Some(Joining::And));
        assert_eq!(joining("set -x; a", "c"), Some(Joining::And));
    }

    #[test]
    fn the_last_statement_decides() {
        assert_eq!(joining("a; b", "c"), Some(Joining::And));
        assert_eq!(joining("if a; then b; fi", "c"), Some(Joining::And));
        assert_eq!(joining("a &", "c"), None);
    }

    #[test]
    fn statements_that_stop_at_a_failure_go_on() {
        assert_eq!(joining("set -e; a; b", "c"), Some(Joining::Next));
        assert_eq!(joining("set -e; (a; b)", "c"), Some(Joining::Next));
        // Behind `;`, a failure of a would go unnoticed; before `&&`, one of c.
        assert_eq!(joining("set -e; a && b; c && d", "e"), Some(Joining::And));
        assert_eq!(joining("set -e; x; a && (b; c)", "e"), None);
    }

    #[test]
    fn what_follows_keeps_its_meaning() {
        assert_eq!(joining("a", "b || c"), None);
        assert_eq!(joining("a", "b; c"), None);
        assert_eq!(joining("set -e; a", "if b; then c; d; fi"), None);
    }
}
