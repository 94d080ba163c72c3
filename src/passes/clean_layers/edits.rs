//! The text of a RUN that cleans up after itself.

use crate::facts::{Body, Execution, Facts, ScriptBody};
use crate::passes::absence;
use crate::passes::joint::{self, Joint};
use crate::passes::layout::Layout;
use crate::shell;
use crate::syntax::{Dockerfile, Edit};

use super::{Mess, Way};

/// Whether a command can stand behind the last one of RUN number `index`, and run exactly if all went well.
pub(super) fn can_append(facts: &Facts, index: usize, script: &ScriptBody) -> bool {
    joint::of(script, "rm", joint::options(facts.scope(index))).is_some()
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
    if let Some((at, gap)) = before_last_removal(run, script, instruction.text()) {
        let text: String = commands.iter().map(|command| format!("{command}{gap}")).collect();
        edits.push(Edit::insert(at, text));
        return Some(edits);
    }
    let end = shell::end_of_last_command(&script.script)?;
    let at = script.source(end.checked_sub(1)?..end).end;
    let joint = joint::of(script, commands.first()?, joint::options(facts.scope(index)))?;
    let is_one_line = !instruction.text().contains('\n');
    let mut text = String::new();
    for command in commands {
        let shares_line = is_one_line && text.is_empty();
        let before = if shares_line { instruction.text() } else { "" };
        let between = match joint {
            Joint::And if script.is_heredoc => " && ".to_owned(),
            Joint::Next if script.is_heredoc => format!("{}{}", file.newline.as_str(), indent(script)),
            joint => layout.join(joint, before, command, shares_line),
        };
        text.push_str(&between);
        text.push_str(command);
    }
    edits.push(Edit::insert(at, text));
    Some(edits)
}

/// Where the last statement of a row begins that runs whatever those before it did, if all that it does is to delete, and
/// what is between it and the one before. What cleans up as well belongs there: the last statement still decides
/// whether the RUN succeeded.
fn before_last_removal<'t>(run: &Execution, script: &ScriptBody, text: &'t str) -> Option<(usize, &'t str)> {
    let [.., before, last] = script.script.statements.as_slice() else {
        return None;
    };
    let place = script.script.statements.len() - 1;
    let of = |statement: usize| {
        run.commands
            .iter()
            .filter(move |command| command.context.place.statement == statement)
    };
    let only_deletes = last.chain.len() == 1
        && of(place).count() == 1
        && of(place)
            .all(|command| command.context.depth == 0 && !command.deletes.is_empty() && absence::is_forced(command));
    let goes_on = of(place - 1).all(|command| !command.context.stops_body) && !before.background;
    if !only_deletes || !goes_on {
        return None;
    }
    let at = script.source(last.span.clone()).start;
    let gap = text.get(script.source(before.span.clone()).end..at)?;
    (gap.contains([';', '\n']) && !gap.contains('#')).then_some((at, gap))
}

/// The blanks before the last statement of a heredoc.
fn indent(script: &ScriptBody) -> &str {
    let start = script.script.statements.last().map_or(0, |last| last.span.start);
    let line = script.text().get(..start).unwrap_or_default();
    let line = line.rsplit('\n').next().unwrap_or_default();
    if line.trim().is_empty() { line } else { "" }
}
