//! `merge-runs`: joins RUNs where a layer gets smaller by it. See `docs/passes/merge-runs.md`.

use crate::facts::{Body, Command, Execution, Facts, ScriptBody, is_within};
use crate::knowledge::{Action, Manager};
use crate::shell;
use crate::syntax::{Dockerfile, Instruction, LineRange};

use super::layout::Layout;
use super::{Change, Level, Outcome, Pass, PassOptions, Refusal};

/// Joins `apt-get update` with the installs that follow, and a RUN that deletes with the RUN that made what it deletes.
pub struct MergeRuns;

/// Why two RUNs should be one.
struct Reason {
    what: String,
    why: String,
}

impl Pass for MergeRuns {
    fn id(&self) -> &'static str {
        "merge-runs"
    }

    fn level(&self) -> Level {
        Level::Safe
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/passes/merge-runs.md")
    }

    fn run(&self, file: &mut Dockerfile, facts: &Facts, _options: &PassOptions) -> Outcome {
        let mut outcome = Outcome::default();
        // From the end, so that the numbers of the instructions before stay those of the facts.
        let mut second = file.instructions.len();
        while second > 1 {
            second -= 1;
            let Some((first, reason)) = partner(file, facts, second) else {
                continue;
            };
            let lines = lines_of(file, first).join(lines_of(file, second));
            match join(file, facts, first..=second) {
                Ok(joined) => {
                    outcome.changes.push(Change {
                        pass: self.id(),
                        level: self.level(),
                        lines,
                        what: reason.what,
                        why: reason.why,
                        evidence: Vec::new(),
                    });
                    file.instructions.splice(first..=second, [joined]);
                    second = first + 1;
                }
                Err((obstacle, remedy)) => outcome.refusals.push(Refusal {
                    pass: self.id(),
                    lines,
                    what: reason.what,
                    obstacle,
                    remedy,
                }),
            }
        }
        outcome.changes.reverse();
        outcome.refusals.reverse();
        outcome
    }
}

fn lines_of(file: &Dockerfile, index: usize) -> LineRange {
    let lines = file.instructions.get(index).and_then(|instruction| instruction.lines);
    lines.unwrap_or(LineRange { first: 1, last: 1 })
}

/// The first RUN of the unbroken row of RUNs that instruction `second` should be joined with, and why.
fn partner(file: &Dockerfile, facts: &Facts, second: usize) -> Option<(usize, Reason)> {
    let later = facts.run(file, second)?;
    let stage = facts.stage_of(second)?;
    let row = || {
        let before = (0..second).rev();
        before.map_while(|index| {
            Some((
                index,
                facts
                    .run(file, index)
                    .filter(|_| facts.stage_of(index) == Some(stage))?,
            ))
        })
    };
    if let Some(used) = later
        .installs_from_older_lists()
        .and_then(|at| later.commands.get(at)?.manager.as_ref())
        && let Some(first) = lists_before(row(), used.manager)
    {
        let what = format!(
            "join `{} update` and the install that uses its lists in one RUN",
            used.program
        );
        let why = "package lists that a layer of their own keeps grow stale, and stay in the image".to_owned();
        return Some((first, Reason { what, why }));
    }
    if !facts.is_shipped(stage) || !only_deletes(later) {
        return None;
    }
    let (first, made) = row().find_map(|(index, run)| Some((index, deleted_of(run, later)?)))?;
    let what = format!("delete {made} in the layer that made it");
    let why = "what a later layer deletes is still in the image below it".to_owned();
    Some((first, Reason { what, why }))
}

/// The RUN of `row`, read backwards, that downloads the lists, if only installs from them stand between.
fn lists_before<'a>(row: impl Iterator<Item = (usize, &'a Execution)>, manager: &Manager) -> Option<usize> {
    for (index, run) in row {
        if run.fetches_lists(manager) {
            return Some(index);
        }
        run.installs_from_older_lists()?;
    }
    None
}

/// Whether everything in `run` takes files away.
fn only_deletes(run: &Execution) -> bool {
    !run.commands.is_empty() && run.commands.iter().all(is_deletion)
}

fn is_deletion(command: &Command) -> bool {
    let removes = |action| matches!(action, Action::CleanCache | Action::Remove);
    !command.deletes.is_empty() || command.manager.as_ref().is_some_and(|used| removes(used.action))
}

/// What `later` deletes of the things that `run` made, in words.
fn deleted_of(run: &Execution, later: &Execution) -> Option<String> {
    let made_by = |command: &Command, path: &str| -> bool {
        let folder = path.trim_end_matches('*').trim_end_matches('/');
        let fills = command
            .manager
            .iter()
            .flat_map(|used| &used.caches)
            .filter_map(|used| used.path.as_deref());
        let names = command.words.iter().skip(1).filter_map(|word| word.value.as_deref());
        let names = names.filter_map(|name| absolute(command, name.rsplit('=').next().unwrap_or(name)));
        let mut all = fills.map(str::to_owned).chain(names);
        command.deletes.is_empty() && folder.len() > 1 && all.any(|made| is_within(&made, folder))
    };
    for command in &later.commands {
        let paths = command.deletes.iter().filter_map(|operand| operand.path.as_deref());
        if let Some(path) = paths
            .into_iter()
            .find(|path| run.commands.iter().any(|command| made_by(command, path)))
        {
            return Some(format!("`{path}`"));
        }
        let Some(used) = &command.manager else { continue };
        let mut before = run.commands.iter().filter_map(|command| command.manager.as_ref());
        let same = |other: &&crate::facts::ManagerUse| other.manager.id == used.manager.id;
        let found = before.any(|other| {
            let installs = matches!(other.action, Action::Install | Action::Download | Action::Build);
            let removed = || {
                used.packages
                    .iter()
                    .any(|(name, ..)| other.packages.iter().any(|(had, ..)| had == name))
            };
            same(&other) && installs && (used.action == Action::CleanCache || removed())
        });
        if found {
            let thing = if used.action == Action::CleanCache {
                "the cache"
            } else {
                "the packages"
            };
            return Some(format!("{thing} of {}", used.manager.name));
        }
    }
    None
}

/// Where a command puts what it calls `name`; for a URL, the file that it saves.
fn absolute(command: &Command, name: &str) -> Option<String> {
    let name = if name.contains("://") {
        name.rsplit('/').next()?
    } else {
        name
    };
    if name.is_empty() || name.starts_with('-') {
        None
    } else if name.starts_with('/') {
        Some(name.to_owned())
    } else {
        Some(format!(
            "{}/{}",
            command.workdir.as_deref()?.trim_end_matches('/'),
            name.trim_start_matches("./")
        ))
    }
}

type Obstacle = (String, String);

/// The RUN that does what the RUNs of `row` do.
fn join(file: &Dockerfile, facts: &Facts, row: std::ops::RangeInclusive<usize>) -> Result<Instruction, Obstacle> {
    let mut indexes = row.clone();
    let first = indexes
        .next()
        .and_then(|index| file.instructions.get(index))
        .ok_or_else(gone)?;
    let layout = Layout::of(file, row_model(file, row.clone()).unwrap_or(first));
    let mut text = first.text().to_owned();
    let mut last = first;
    let mut before = *row.start();
    for index in indexes {
        let next = file.instructions.get(index).ok_or_else(gone)?;
        may_follow(facts, file, before, index)?;
        let body = next.text().get(next.node().arguments_range.start..).unwrap_or_default();
        let comments = layout.comments(&next.leading, file.newline.as_str());
        if comments.is_empty() {
            let share_line = !last.text().contains('\n');
            let lines = (
                text.lines().last().unwrap_or_default(),
                body.lines().next().unwrap_or_default(),
            );
            text.push_str(&layout.and(lines.0, lines.1, share_line));
        } else {
            let and = layout.and("", "", false);
            let (line_end, line_start) = and.split_once(file.newline.as_str()).unwrap_or((&and, ""));
            text.push_str(&format!("{line_end}{}{comments}{line_start}", file.newline.as_str()));
        }
        text.push_str(body);
        (before, last) = (index, next);
    }
    let mut joined = file.instruction(text).map_err(|_| gone())?;
    joined.leading.clone_from(&first.leading);
    joined.ending.clone_from(&last.ending);
    joined.lines = first.lines.zip(last.lines).map(|(first, last)| first.join(last));
    Ok(joined)
}

fn gone() -> Obstacle {
    (
        "the joined text is not one instruction".to_owned(),
        "join the RUNs by hand".to_owned(),
    )
}

/// The RUN whose layout the joined one takes: the first that has more than one line.
fn row_model(file: &Dockerfile, row: std::ops::RangeInclusive<usize>) -> Option<&Instruction> {
    row.filter_map(|index| file.instructions.get(index))
        .find(|instruction| instruction.text().contains('\n'))
}

/// Whether the body of RUN `second` may follow that of RUN `first` behind `&&`, and do the same as in a shell of its own.
fn may_follow(facts: &Facts, file: &Dockerfile, first: usize, second: usize) -> Result<(), Obstacle> {
    let refuse = |obstacle: String, remedy: &str| Err((obstacle, remedy.to_owned()));
    for index in [first, second] {
        if facts
            .instructions
            .get(index)
            .is_some_and(|facts| facts.skip.applies_to("merge-runs"))
        {
            return refuse("a comment keeps this pass away".to_owned(), "remove the comment");
        }
    }
    let (Some(one), Some(two)) = (file.instructions.get(first), file.instructions.get(second)) else {
        return Err(gone());
    };
    let flags = |instruction: &Instruction| {
        let flags = &instruction.node().flags;
        flags
            .iter()
            .map(|flag| (flag.name.clone(), flag.value.clone()))
            .collect::<Vec<_>>()
    };
    if flags(one) != flags(two) {
        return refuse(
            "the RUNs have different flags".to_owned(),
            "give both the same mounts, or join them by hand",
        );
    }
    let is_private = |kind: &str| matches!(kind, "secret" | "ssh" | "bind");
    let mounts = facts
        .run(file, second)
        .map(|run| run.mounts.as_slice())
        .unwrap_or_default();
    if mounts.iter().any(|mount| is_private(&mount.kind)) || two.node().flag("security").is_some() {
        return refuse(
            "a RUN with secrets or bind mounts stays by itself".to_owned(),
            "join the RUNs by hand",
        );
    }
    if two.leading.contains("hadolint") || two.leading.contains("check=") {
        let obstacle = format!(
            "the comment above line {} speaks to a linter",
            lines_of(file, second).first
        );
        return refuse(obstacle, "move it above the first RUN");
    }
    let ends_in_text = one.node().arguments_range.end == one.text().len();
    if !ends_in_text {
        return refuse(
            "the first RUN ends with a continuation".to_owned(),
            "end its last line without one",
        );
    }
    let (before, after) = (script(facts, file, first)?, script(facts, file, second)?);
    let line = lines_of(file, first);
    if !is_open_ended(before) {
        let obstacle = format!("line {line} separates commands by `;`, which goes on after a failure");
        return refuse(obstacle, "join its commands with `&&`");
    }
    if after.script.and_chain().is_none() {
        let obstacle = format!("line {} is more than a chain of `&&`", lines_of(file, second));
        return refuse(obstacle, "join its commands with `&&`, without `||` and `;`");
    }
    let (runs, follows) = (facts.run(file, first), facts.run(file, second));
    if let (Some(run), Some(follows)) = (runs, follows)
        && let Some(name) = leaks(run, before, follows)
    {
        let obstacle = format!("`{name}` in line {line} would stay in force for what follows");
        return refuse(obstacle, "put it into a subshell, or join the RUNs by hand");
    }
    Ok(())
}

fn script<'a>(facts: &'a Facts, file: &Dockerfile, index: usize) -> Result<&'a ScriptBody, Obstacle> {
    let line = lines_of(file, index);
    let remedy = || "join the RUNs by hand".to_owned();
    match facts.run(file, index).map(|run| &run.body) {
        Some(Body::Script(body)) if body.is_heredoc => Err((format!("line {line} is a heredoc"), remedy())),
        Some(Body::Script(body)) => Ok(body),
        Some(Body::Opaque(why)) => Err((format!("line {line}: {why}"), remedy())),
        _ => Err((
            format!("line {line} is in exec form"),
            "write it in shell form".to_owned(),
        )),
    }
}

/// Whether ` && more` behind the body runs exactly if the body succeeded: one statement, before which only `set` stands.
fn is_open_ended(body: &ScriptBody) -> bool {
    let Some((last, settings)) = body.script.statements.split_last() else {
        return false;
    };
    let is_set = |statement: &shell::Statement| {
        let mut commands = statement.chain.iter().flat_map(|link| &link.pipeline.commands);
        commands.all(|command| matches!(command, shell::Command::Simple(simple) if simple.name() == Some("set")))
    };
    !last.background
        && settings
            .iter()
            .all(|statement| !statement.background && is_set(statement))
}

/// What in `run` would change how `follows` works in the same shell, if anything does.
fn leaks<'a>(run: &'a Execution, body: &ScriptBody, follows: &Execution) -> Option<&'a str> {
    let mut functions = body.script.statements.iter().flat_map(|statement| &statement.chain);
    if functions.any(|link| {
        link.pipeline
            .commands
            .iter()
            .any(|c| matches!(c, shell::Command::Function(_)))
    }) {
        return Some("a function");
    }
    let places_matter = !follows.commands.iter().all(is_place_independent);
    let simple = body.script.statements.iter().flat_map(|statement| &statement.chain);
    let has_bare_assignment = simple.flat_map(|link| &link.pipeline.commands).any(|command| {
        matches!(command, shell::Command::Simple(simple) if simple.words.is_empty() && !simple.assignments.is_empty())
    });
    if has_bare_assignment && places_matter {
        return Some("an assignment");
    }
    run.commands
        .iter()
        .filter(|command| !command.context.in_subshell)
        .find_map(|command| {
            let name = command.words.first()?.value.as_deref()?;
            let matters = match name {
                "cd" | "pushd" | "popd" | "export" | "umask" => places_matter,
                "set" => !command.words.iter().skip(1).all(|word| is_harmless_setting(&word.text)),
                "." | "source" | "trap" | "alias" | "unalias" | "shopt" | "ulimit" | "eval" | "exec" | "exit"
                | "return" | "readonly" | "declare" | "typeset" | "unset" | "hash" | "enable" => true,
                _ => false,
            };
            matters.then_some(name)
        })
}

/// `-e`, `-x` and both: in a chain of `&&` they change what is printed, nothing else.
fn is_harmless_setting(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|letters| !letters.is_empty() && letters.chars().all(|c| matches!(c, 'e' | 'x')))
}

/// Whether a command does the same wherever it runs: it deletes what absolute paths name, or cleans the system's cache.
fn is_place_independent(command: &Command) -> bool {
    let absolute = |word: &str| word.starts_with('/') || word.starts_with('-');
    let deletes = !command.deletes.is_empty() && command.words.iter().skip(1).all(|word| absolute(&word.text));
    deletes
        || command
            .manager
            .as_ref()
            .is_some_and(|used| used.manager.needs_root && is_deletion(command))
}
