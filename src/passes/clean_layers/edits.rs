//! The text of a RUN that cleans up after itself.

use crate::edits::joining::{self, Joining};
use crate::edits::layout::Layout;
use crate::facts::{Body, Execution, Facts, ScriptBody};
use crate::shell;
use crate::syntax::{Dockerfile, Edit};

use super::{Mess, Way};

/// Whether a command can stand behind the last one of RUN number `index`, and run exactly if all went well.
pub(super) fn can_append(facts: &Facts, index: usize, script: &ScriptBody) -> bool {
    joining::of(script, "rm", joining::options(facts.scope(index))).is_some()
}

/// The edits of a RUN for its messes; none where a command cannot be added at its end.
pub(super) fn of(
    file: &Dockerfile,
    facts: &Facts,
    index: usize,
    run: &Execution,
    messes: &[Mess],
) -> Option<Vec<Edit>> {
    let instruction = file.instructions.get(index)?;
    let Body::Script(script) = &run.body else { return None };
    let layout = Layout::of(file, instruction);
    let mut edits = Vec::new();
    let mut commands = Vec::new();
    for mess in messes {
        match &mess.way {
            Way::Options(numbers, options) => {
                for command in numbers.iter().filter_map(|number| run.commands.get(*number)) {
                    let used = command.manager.as_ref()?;
                    let at = script.source(command.words.get(used.verb_word)?.span.clone()).end;
                    edits.push(Edit::insert(at, format!(" {}", options.join(" "))));
                }
            }
            Way::Command(command) => commands.push(command.as_str()),
        }
    }
    if commands.is_empty() {
        return Some(edits);
    }
    let end = shell::end_of_last_command(&script.script)?;
    let at = script.source(end.checked_sub(1)?..end).end;
    let joining = joining::of(script, commands.first()?, joining::options(facts.scope(index)))?;
    let is_one_line = !instruction.text().contains('\n');
    let mut text = String::new();
    for command in commands {
        let shares_line = is_one_line && text.is_empty();
        let before = if shares_line { instruction.text() } else { "" };
        let between = match joining {
            Joining::And if script.is_heredoc => " && ".to_owned(),
            Joining::Next if script.is_heredoc => format!("{}{}", file.newline.as_str(), indent(script)),
            joining => layout.join(joining, before, command, shares_line),
        };
        text.push_str(&between);
        text.push_str(command);
    }
    edits.push(Edit::insert(at, text));
    Some(edits)
}

/// The blanks before the last statement of a heredoc.
fn indent(script: &ScriptBody) -> &str {
    let start = script.script.statements.last().map_or(0, |last| last.span.start);
    let line = script.text().get(..start).unwrap_or_default();
    let line = line.rsplit('\n').next().unwrap_or_default();
    if line.trim().is_empty() { line } else { "" }
}
