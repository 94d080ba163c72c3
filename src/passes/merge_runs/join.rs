//! Making one RUN of several, where it does the same.

use std::ops::RangeInclusive;

use crate::edits::joining::{self, Joining};
use crate::edits::layout::Layout;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Body, Command, Execution, Facts, ScriptBody};
use crate::shell;
use crate::syntax::{Dockerfile, Instruction};

use super::ID;
use super::partner::is_deletion;

/// The RUN that does what the RUNs of `row` do.
pub(super) fn join(file: &Dockerfile, facts: &Facts, row: RangeInclusive<usize>) -> Result<Instruction, Obstacle> {
    let mut indexes = row.clone();
    let first = indexes
        .next()
        .and_then(|index| file.instructions.get(index))
        .ok_or_else(gone)?;
    let layout = Layout::of(file, model(file, row.clone()).unwrap_or(first));
    let mut text = closed(facts, file, *row.start())?.to_owned();
    let mut last = first;
    for index in indexes {
        let next = file.instructions.get(index).ok_or_else(gone)?;
        let joining = may_follow(facts, file, index - 1, index)?;
        let start = next.node().arguments_range.start;
        let body = match index == *row.end() {
            true => next.text().get(start..),
            false => closed(facts, file, index)?.get(start..),
        };
        let body = body.unwrap_or_default();
        let comments = layout.comments(&next.leading, file.newline.as_str());
        if comments.is_empty() {
            let share_line = !last.text().contains('\n');
            let around = (
                text.lines().last().unwrap_or_default(),
                body.lines().next().unwrap_or_default(),
            );
            text.push_str(&layout.join(joining, around.0, around.1, share_line));
        } else {
            let join = layout.join(joining, "", "", false);
            let (line_end, line_start) = join.split_once(file.newline.as_str()).unwrap_or((&join, ""));
            text.push_str(&format!("{line_end}{}{comments}{line_start}", file.newline.as_str()));
        }
        text.push_str(body);
        last = next;
    }
    let mut joined = file.instruction(text).map_err(|_| gone())?;
    joined.leading.clone_from(&first.leading);
    joined.ending.clone_from(&last.ending);
    joined.lines = first.lines.zip(last.lines).map(|(first, last)| first.join(last));
    Ok(joined)
}

fn gone() -> Obstacle {
    Obstacle::new(
        ObstacleKind::Entangled,
        "the joined text is not one instruction",
        "join the RUNs by hand",
    )
}

/// The RUN whose layout the joined one takes: the first that has more than one line.
fn model(file: &Dockerfile, row: RangeInclusive<usize>) -> Option<&Instruction> {
    row.filter_map(|index| file.instructions.get(index))
        .find(|instruction| instruction.text().contains('\n'))
}

/// The text of RUN number `index` up to its last command, so that something can follow.
fn closed<'a>(facts: &Facts, file: &'a Dockerfile, index: usize) -> Result<&'a str, Obstacle> {
    let body = script(facts, file, index)?;
    let text = file.instructions.get(index).map(Instruction::text).unwrap_or_default();
    let end = shell::end_of_last_command(&body.script).ok_or_else(|| {
        let found = format!("line {} starts something in the background", file.line_of(index));
        Obstacle::new(ObstacleKind::Entangled, found, "join the RUNs by hand")
    })?;
    let end = body.source(end.saturating_sub(1)..end).end;
    let is_silent = |rest: &str| !rest.contains('#');
    if !text.get(end..).is_some_and(is_silent) {
        let found = format!(
            "a comment stands behind the last command of line {}",
            file.lines_of(index).last
        );
        return Err(Obstacle::new(
            ObstacleKind::Entangled,
            found,
            "move it to a line of its own above the RUN",
        ));
    }
    text.get(..end).ok_or_else(gone)
}

/// How the body of RUN `second` can follow that of RUN `first`, and do the same as in a shell of its own.
fn may_follow(facts: &Facts, file: &Dockerfile, first: usize, second: usize) -> Result<Joining, Obstacle> {
    let refuse = |kind, found: &str, remedy: &str| Err(Obstacle::new(kind, found, remedy));
    let (Some(one), Some(two)) = (facts.instructions.get(first), facts.instructions.get(second)) else {
        return Err(gone());
    };
    if one.skip.applies_to(ID) || two.skip.applies_to(ID) {
        return refuse(
            ObstacleKind::Chosen,
            "a comment keeps this pass away",
            "remove the comment",
        );
    }
    if one.skip != two.skip {
        return refuse(
            ObstacleKind::Chosen,
            "a comment keeps another pass away from one of the RUNs",
            "let the comments above both say the same",
        );
    }
    let (Some(one), Some(two)) = (file.instructions.get(first), file.instructions.get(second)) else {
        return Err(gone());
    };
    let flags = |instruction: &Instruction| {
        let flags = instruction.node().flags.iter();
        flags
            .map(|flag| (flag.name.clone(), flag.value.clone()))
            .collect::<Vec<_>>()
    };
    if flags(one) != flags(two) {
        return refuse(
            ObstacleKind::Entangled,
            "the RUNs have different flags",
            "give both the same mounts, or join them by hand",
        );
    }
    let is_private = |kind: &str| matches!(kind, "secret" | "ssh" | "bind");
    let mounts = facts.run(file, second).map(|run| run.mounts.as_slice());
    let has_private = mounts.is_some_and(|mounts| mounts.iter().any(|mount| is_private(&mount.kind)));
    if has_private || two.node().flag("security").is_some() || two.node().flag("network").is_some() {
        return refuse(
            ObstacleKind::Entangled,
            "a RUN with secrets, bind mounts or a network of its own stays by itself",
            "join the RUNs by hand",
        );
    }
    if two.leading.contains("hadolint") || two.leading.contains("check=") {
        let line = file.line_of(second);
        return refuse(
            ObstacleKind::Chosen,
            &format!("the comment above line {line} speaks to a linter"),
            "move it above the first RUN",
        );
    }
    let (before, after) = (script(facts, file, first)?, script(facts, file, second)?);
    let line = file.line_of(second);
    if after.script.and_chain().is_none() {
        return refuse(
            ObstacleKind::Entangled,
            &format!("line {line} is more than a chain of `&&`"),
            "join its commands with `&&`, without `||` and `;`",
        );
    }
    let line = file.line_of(first);
    let joining = joining::of(before, after.text(), joining::options(facts.scope(first)));
    let joining = joining.filter(|joining| *joining == Joining::Next || !joining::has_statements(before));
    let Some(joining) = joining else {
        return refuse(
            ObstacleKind::Entangled,
            &format!("line {line} does not stop at every failure"),
            "join its commands with `&&`, or begin it with `set -e`",
        );
    };
    let (runs, follows) = (facts.run(file, first), facts.run(file, second));
    if let (Some(run), Some(follows)) = (runs, follows)
        && let Some(name) = leaks(run, before, follows, after.text())
    {
        return refuse(
            ObstacleKind::Entangled,
            &format!("{name} in line {line} would stay in force for what follows"),
            "put it into a subshell, or join the RUNs by hand",
        );
    }
    Ok(joining)
}

fn script<'a>(facts: &'a Facts, file: &Dockerfile, index: usize) -> Result<&'a ScriptBody, Obstacle> {
    let line = file.line_of(index);
    let by_hand = |found| Obstacle::new(ObstacleKind::Unsupported, found, "join the RUNs by hand");
    match facts.run(file, index).map(|run| &run.body) {
        Some(Body::Script(body)) if body.is_heredoc => Err(by_hand(format!("line {line} is a heredoc"))),
        Some(Body::Script(body)) => Ok(body),
        Some(Body::Opaque(why)) => Err(by_hand(format!("line {line}: {why}"))),
        _ => Err(Obstacle::new(
            ObstacleKind::Unreadable,
            format!("line {line} is in exec form"),
            "write it in shell form",
        )),
    }
}

/// What in `run` would change how `follows` works in the same shell, in words.
fn leaks(run: &Execution, body: &ScriptBody, follows: &Execution, text: &str) -> Option<String> {
    let simple =
        |command: &shell::Command| matches!(command, shell::Command::Simple(simple) if simple.words.is_empty());
    let links = body.script.statements.iter().flat_map(|statement| &statement.chain);
    let mut commands = links.flat_map(|link| &link.pipeline.commands);
    let places_matter = !follows.commands.iter().all(is_place_independent);
    let own = commands.find_map(|command| match command {
        shell::Command::Function(_) => Some("a function"),
        command if simple(command) && places_matter => Some("a variable"),
        _ => None,
    });
    let mut in_shell = run.commands.iter().filter(|command| !command.context.in_subshell);
    let called = || {
        in_shell.find_map(|command| {
            let name = command.words.first()?.value.as_deref()?;
            let matters = match name {
                "cd" | "pushd" | "popd" | "export" | "umask" => places_matter,
                "set" => !is_harmless_setting(command, text),
                "exec" => true,
                _ => command.changes_shell(),
            };
            matters.then(|| format!("`{name}`"))
        })
    };
    own.map(str::to_owned).or_else(called)
}

/// Whether what `set` switches on cannot matter to `text`, a chain of `&&` whose failures were looked at already: `-x`
/// changes what is printed, `-u` needs a variable, `pipefail` a pipe.
fn is_harmless_setting(set: &Command, text: &str) -> bool {
    let mut words = set.words.iter().skip(1).map(|word| word.text.as_str());
    words.all(|word| match word.strip_prefix('-') {
        Some(letters) => {
            !letters.is_empty()
                && letters
                    .chars()
                    .all(|c| matches!(c, 'e' | 'x' | 'o') || c == 'u' && !text.contains('$'))
        }
        None => matches!(word, "errexit" | "xtrace") || word == "pipefail" && !text.contains('|'),
    })
}

/// Whether a command does the same wherever it runs: it deletes what absolute paths name, or cleans the system's cache.
fn is_place_independent(command: &Command) -> bool {
    let absolute = |word: &str| word.starts_with('/') || word.starts_with('-');
    let deletes = !command.deletes.is_empty() && command.words.iter().skip(1).all(|word| absolute(&word.text));
    let cleans = || {
        let used = command.manager.as_ref();
        used.is_some_and(|used| used.manager.needs_root && is_deletion(command))
    };
    deletes || cleans()
}
