//! `clean-layers`: no package lists, archives and temporary downloads stay in a layer. See `docs/passes/clean-layers.md`.

use crate::facts::{Body, CacheUse, Command, Execution, Facts, ManagerUse, ScriptBody, is_within};
use crate::knowledge::{Action, CleanBy, Holds};
use crate::shell;
use crate::syntax::{Dockerfile, Edit, LineRange};

use super::layout::Layout;
use super::removal::may_match_above;
use super::{Change, Level, Outcome, Pass, PassOptions, Refusal};

/// Cleans up in the layer that made the mess, where no cache mount keeps it out of the image.
pub struct CleanLayers;

const ID: &str = "clean-layers";

/// What a RUN leaves behind, and how it goes.
struct Mess {
    what: String,
    way: Way,
}

enum Way {
    /// Options to add to commands, by the commands' numbers.
    Options(Vec<usize>, Vec<String>),
    /// A command to run at the end.
    Command(String),
}

impl Pass for CleanLayers {
    fn id(&self) -> &'static str {
        ID
    }

    fn level(&self) -> Level {
        Level::Safe
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/passes/clean-layers.md")
    }

    fn run(&self, file: &mut Dockerfile, facts: &Facts, _options: &PassOptions) -> Outcome {
        let mut outcome = Outcome::default();
        for index in 0..file.instructions.len() {
            let Some(run) = facts.run(file, index) else { continue };
            let skips = facts
                .instructions
                .get(index)
                .is_some_and(|facts| facts.skip.applies_to(ID));
            // What a stage leaves behind that no image is made of costs nothing.
            let shipped = facts.stage_of(index).is_some_and(|stage| facts.is_shipped(stage));
            if skips || !shipped {
                continue;
            }
            let lines = file.instructions.get(index).and_then(|instruction| instruction.lines);
            let lines = lines.unwrap_or(LineRange { first: 1, last: 1 });
            let mut messes = Vec::new();
            for finding in findings(file, facts, index, run) {
                match finding {
                    Ok(mess) => messes.push(mess),
                    Err((what, obstacle, remedy)) => {
                        outcome.refusals.push(Refusal {
                            pass: ID,
                            lines,
                            what,
                            obstacle,
                            remedy,
                        });
                    }
                }
            }
            let Some(edits) = edits(file, index, run, &messes) else {
                continue;
            };
            if edits.is_empty() || file.edit(index, edits).is_err() {
                continue;
            }
            outcome.changes.extend(messes.into_iter().map(|mess| Change {
                pass: ID,
                level: Level::Safe,
                lines,
                what: mess.what,
                why: "nothing in the image reads it, and a later layer could not take it out again".to_owned(),
                evidence: Vec::new(),
            }));
        }
        outcome
    }
}

/// What was not done, what stood in the way, what would help.
type Declined = (String, String, String);

/// What a RUN leaves behind, manager by manager, and then what it downloaded and unpacked.
fn findings(file: &Dockerfile, facts: &Facts, index: usize, run: &Execution) -> Vec<Result<Mess, Declined>> {
    let mut findings = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for used in run.commands.iter().filter_map(|command| command.manager.as_ref()) {
        if done.contains(&used.manager.id.as_str()) {
            continue;
        }
        done.push(&used.manager.id);
        let dirty = dirty(run, used);
        if !dirty.is_empty() {
            findings.extend(clean(file, facts, index, run, used, &dirty));
        }
    }
    if let Body::Script(script) = &run.body {
        findings.extend(archives(file, index, run, script).map(Ok));
    }
    findings
}

/// The commands of a manager that leave a cache behind in the layer, by their numbers, with the cache.
fn dirty<'a>(run: &'a Execution, manager: &ManagerUse) -> Vec<(usize, &'a CacheUse)> {
    let mut dirty = Vec::new();
    for (number, command) in run.commands.iter().enumerate() {
        let Some(used) = command
            .manager
            .as_ref()
            .filter(|used| used.manager.id == manager.manager.id)
        else {
            continue;
        };
        // What keeps the command from using its cache keeps the layer clean.
        if !used.contradictions.is_empty() {
            continue;
        }
        for cache in &used.caches {
            // What only fills while there is no mount stays empty beside one.
            let beside_mount = !cache.cache.mount && used.caches.iter().any(|other| is_mounted(run, other));
            // An install from the lists of an older layer leaves no lists.
            let older = cache.cache.holds == Holds::Lists && run.installs_from_older_lists().is_some();
            let is_left = !cache.cache.only_mounted && !beside_mount && !older;
            let is_fit = cache.cache.holds != Holds::Store && cache.linked == Some(false) && is_left;
            if is_fit && !is_mounted(run, cache) && !is_cleaned(run, number, used, cache) {
                dirty.push((number, cache));
            }
        }
    }
    dirty
}

fn is_mounted(run: &Execution, cache: &CacheUse) -> bool {
    let Some(path) = cache.path.as_deref() else {
        return false;
    };
    run.mounts
        .iter()
        .filter_map(|mount| mount.target())
        .any(|target| is_within(path, target) || is_within(target, path))
}

/// Whether something behind command `number` takes the cache away.
fn is_cleaned(run: &Execution, number: usize, used: &ManagerUse, cache: &CacheUse) -> bool {
    let path = cache.path.as_deref().unwrap_or_default();
    let program = run
        .commands
        .get(number)
        .and_then(as_called)
        .unwrap_or_else(|| used.program.clone());
    let arguments = |text: &str| text.split_once(' ').map(|(_, arguments)| arguments.to_owned());
    let cleaning = used.manager.clean.commands.iter();
    let cleaning: Vec<_> = cleaning
        .filter_map(|command| arguments(&command.replace("{program}", &program)))
        .collect();
    let mut later = run.commands.iter().skip(number + 1);
    later.any(|command| {
        let deletes = command
            .deletes
            .iter()
            .filter_map(|operand| operand.path.as_deref())
            .any(|deleted| {
                let folder = deleted.trim_end_matches('*').trim_end_matches('/');
                !path.is_empty()
                    && (is_within(path, folder) || may_match_above(deleted, path) || is_within(folder, path))
            });
        let names = |word: &crate::facts::Word| !path.is_empty() && word.text.contains(path);
        let own = command
            .manager
            .as_ref()
            .filter(|other| other.manager.id == used.manager.id);
        let cleans = own.is_some_and(|other| other.action == Action::CleanCache);
        let words = command
            .words
            .iter()
            .skip(1)
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        deletes
            || cleaning.contains(&words)
            || command.program() == Some("find") && command.words.iter().any(names)
            || cleans && cache.cache.holds != Holds::Lists
    })
}

fn clean(
    file: &Dockerfile,
    facts: &Facts,
    index: usize,
    run: &Execution,
    used: &ManagerUse,
    dirty: &[(usize, &CacheUse)],
) -> Option<Result<Mess, Declined>> {
    let manager = used.manager;
    let is_list = |cache: &&CacheUse| cache.cache.holds == Holds::Lists;
    let has_lists = dirty.iter().map(|(_, cache)| cache).any(is_list);
    let lists_only = manager.lists.is_some() && manager.clean.by == CleanBy::Commands;
    if lists_only && !has_lists {
        return None;
    }
    let thing = if lists_only { "package lists" } else { "the cache" };
    let what = format!("leave {thing} of {} out of the layer", manager.name);
    let decline = |obstacle: String, remedy: &str| Some(Err((what.clone(), obstacle, remedy.to_owned())));
    if has_lists && let Some(later) = facts.lists_needed_after(file, index, manager) {
        let line = file
            .instructions
            .get(later)
            .and_then(|instruction| instruction.lines)
            .map_or(0, |lines| lines.first);
        let obstacle = format!("line {line} installs, or may install, from the package lists that this RUN leaves");
        return decline(
            obstacle,
            &format!("run `{} update` in line {line} too, in the same RUN", used.program),
        );
    }
    let Body::Script(_) = &run.body else { return None };
    let numbers: Vec<usize> = dirty.iter().map(|(number, _)| *number).collect();
    let editable = |number: &usize| run.commands.get(*number).is_some_and(|command| command.editable);
    let updates = |number: &usize| {
        let used = run.commands.get(*number).and_then(|command| command.manager.as_ref());
        used.is_some_and(|used| used.action == Action::UpdateLists)
    };
    // An option of the install does not take away what another command leaves.
    let by = match manager.clean.by {
        CleanBy::Options if numbers.iter().any(updates) => CleanBy::Commands,
        by => by,
    };
    if by != CleanBy::Options
        && let Some(obstacle) = appended(run, &numbers, by, &manager.clean.commands)
    {
        return decline(obstacle, "clean up by hand");
    }
    let way = match by {
        CleanBy::Nothing => return None,
        CleanBy::Options if numbers.iter().all(editable) => {
            let mut numbers = numbers;
            numbers.dedup();
            Way::Options(numbers, manager.clean.options.clone())
        }
        CleanBy::Options => {
            return decline("its command stands within quotes".to_owned(), "add the option by hand");
        }
        CleanBy::Commands => {
            let program = numbers.first().and_then(|number| as_called(run.commands.get(*number)?));
            let program = program.unwrap_or_else(|| used.program.clone());
            let commands = manager
                .clean
                .commands
                .iter()
                .map(|command| command.replace("{program}", &program));
            Way::Command(commands.collect::<Vec<_>>().join(" && "))
        }
        CleanBy::Removal => {
            let mut paths: Vec<&str> = dirty.iter().filter_map(|(_, cache)| cache.path.as_deref()).collect();
            paths.dedup();
            if paths.is_empty() || paths.iter().any(|path| path.contains([' ', '$'])) {
                return None;
            }
            Way::Command(format!("rm -rf {}", paths.join(" ")))
        }
    };
    Some(Ok(Mess { what, way }))
}

/// How a command calls its package manager: `/opt/conda/bin/conda`, `python3 -m pip`; the manager's own name for what
/// stands for one of its verbs (`npx`).
fn as_called(command: &Command) -> Option<String> {
    let used = command.manager.as_ref()?;
    if used.manager.implied.contains_key(&used.program) {
        return used
            .manager
            .programs
            .first()
            .map(|program| program.trim_end_matches('#').to_owned());
    }
    let is_program = |word: &crate::facts::Word| {
        word.value
            .as_deref()
            .is_some_and(|value| value.rsplit('/').next() == Some(&used.program))
    };
    let end = command.words.iter().position(is_program)?;
    let words: Vec<&str> = command
        .words
        .get(..=end)?
        .iter()
        .map(|word| word.text.as_str())
        .collect();
    Some(words.join(" "))
}

/// Why a cleaning command at the end of the RUN might fail or not run, if it might.
fn appended(run: &Execution, dirty: &[usize], by: CleanBy, commands: &[String]) -> Option<String> {
    let switches = |number: &usize| run.commands.get(*number).is_some_and(|command| command.switches_user);
    if dirty.iter().any(switches) {
        return Some("it runs as another user than the rest of the RUN".to_owned());
    }
    let leaves = |command: &Command| matches!(command.program(), Some("exit" | "exec" | "return"));
    if run
        .commands
        .iter()
        .any(|command| command.context.depth == 0 && leaves(command))
    {
        return Some("the RUN may end before its last command".to_owned());
    }
    let last = dirty.iter().max().copied().unwrap_or_default();
    let mut later = run.commands.iter().skip(last + 1);
    let by_tool = by == CleanBy::Commands && !commands.iter().all(|command| command.starts_with("rm "));
    let removes = |command: &Command| {
        command
            .manager
            .as_ref()
            .is_some_and(|used| used.action == Action::Remove)
    };
    (by_tool && later.any(removes))
        .then(|| "the RUN removes packages behind it, perhaps the tool that cleans".to_owned())
}

/// Archives that the RUN downloads, unpacks and leaves behind, if nothing names them later.
fn archives(file: &Dockerfile, index: usize, run: &Execution, script: &ScriptBody) -> Option<Mess> {
    let mut left = Vec::new();
    for (number, command) in run.commands.iter().enumerate() {
        let Some(path) = downloaded(command) else { continue };
        let name = path.rsplit('/').next().unwrap_or_default();
        let unpacks = |command: &&Command| {
            matches!(command.program(), Some("tar" | "unzip" | "bsdtar"))
                && command.words.iter().any(|word| {
                    word.value
                        .as_deref()
                        .is_some_and(|word| same_file(command, word, &path))
                })
        };
        let later = run.commands.get(number + 1..).unwrap_or_default();
        let unpacked = later.iter().filter(unpacks).count();
        let named = later
            .iter()
            .filter(|command| command.words.iter().any(|word| word.text.contains(name)))
            .count();
        let moved = later
            .iter()
            .any(|command| matches!(command.program(), Some("cd" | "pushd")));
        // Unpacked once and named nowhere else, in this RUN or behind it; no glob that may mean it either.
        let is_temporary = unpacked == 1 && named == 1 && !command.context.conditional && is_archive(name);
        let globs = later
            .iter()
            .flat_map(|command| &command.words)
            .any(|word| word.text.contains(['*', '?']));
        if is_temporary && !globs && !is_named_after(file, index, name) && (path.starts_with("/tmp/") || !moved) {
            left.push(path);
        }
    }
    let plain = |path: &String| !path.contains([' ', '$', '\'', '"', '*']);
    if left.is_empty() || !left.iter().all(plain) || script.is_heredoc {
        return None;
    }
    let what = format!("delete {} after unpacking", left.join(" and "));
    Some(Mess {
        what,
        way: Way::Command(format!("rm {}", left.join(" "))),
    })
}

fn is_archive(name: &str) -> bool {
    [
        ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tbz2", ".zip", ".tar.zst", ".txz",
    ]
    .iter()
    .any(|ending| name.ends_with(ending))
}

fn is_named_after(file: &Dockerfile, index: usize, name: &str) -> bool {
    file.instructions
        .iter()
        .skip(index + 1)
        .any(|instruction| instruction.text().contains(name))
}

fn same_file(command: &Command, word: &str, path: &str) -> bool {
    let word = word.trim_start_matches("./");
    word == path
        || command
            .workdir
            .as_deref()
            .is_some_and(|workdir| format!("{}/{word}", workdir.trim_end_matches('/')) == path)
}

/// The file that `curl` or `wget` saves, if it says which.
fn downloaded(command: &Command) -> Option<String> {
    let program = command
        .program()
        .filter(|program| matches!(*program, "curl" | "wget"))?;
    let values: Vec<&str> = command
        .words
        .iter()
        .skip(1)
        .map(|word| word.value.as_deref())
        .collect::<Option<_>>()?;
    let after = |names: &[&str]| {
        let at = values.iter().position(|value| names.contains(value))?;
        values.get(at + 1).copied()
    };
    let url = values.iter().find(|value| value.contains("://"))?;
    let from_url = || url.split(['?', '#']).next().and_then(|url| url.rsplit('/').next());
    let name = if program == "curl" {
        let saves_by_name = values.iter().any(|value| {
            *value == "--remote-name" || value.starts_with('-') && !value.starts_with("--") && value.contains('O')
        });
        let clustered = values.iter().position(|value| {
            value.len() > 2 && value.starts_with('-') && !value.starts_with("--") && value.ends_with('o')
        });
        let clustered = clustered.and_then(|at| values.get(at + 1).copied());
        after(&["-o", "--output"])
            .or(clustered)
            .or_else(|| from_url().filter(|_| saves_by_name))?
    } else {
        let clustered = values.iter().position(|value| {
            value.len() > 2 && value.starts_with('-') && !value.starts_with("--") && value.ends_with('O')
        });
        let clustered = clustered.and_then(|at| values.get(at + 1).copied());
        if values
            .iter()
            .any(|value| matches!(*value, "-P" | "--directory-prefix" | "-i" | "-r" | "-m"))
        {
            return None;
        }
        after(&["-O", "--output-document"]).or(clustered).or_else(from_url)?
    };
    if name.is_empty() || name == "-" {
        return None;
    }
    if name.starts_with('/') {
        return Some(name.to_owned());
    }
    Some(format!(
        "{}/{}",
        command.workdir.as_deref()?.trim_end_matches('/'),
        name.trim_start_matches("./")
    ))
}

/// The edits of a RUN for its messes; none where a command cannot be added at its end.
fn edits(file: &Dockerfile, index: usize, run: &Execution, messes: &[Mess]) -> Option<Vec<Edit>> {
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
    let statements = &script.script.statements;
    let last = statements.last()?;
    if script.is_heredoc {
        let line_start = script
            .text()
            .get(..last.span.start)?
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let indent = script
            .text()
            .get(line_start..last.span.start)
            .filter(|indent| indent.trim().is_empty())
            .unwrap_or("");
        // Without `set -e` a command behind the last would hide that it failed.
        let stops = run
            .commands
            .iter()
            .filter(|c| c.context.place.statement + 1 == statements.len());
        let errexit = stops.clone().count() > 0 && statements.len() > 1 && {
            let before = run
                .commands
                .iter()
                .filter(|c| c.context.place.statement + 1 < statements.len());
            let mut before = before
                .filter(|c| c.context.depth == 0 && c.program() != Some("set"))
                .peekable();
            before.peek().is_some() && before.all(|c| c.context.stops_body)
        };
        let newline = file.newline.as_str();
        let text = if errexit {
            format!("{newline}{indent}{}", commands.join(&format!("{newline}{indent}")))
        } else {
            format!(" && {}", commands.join(" && "))
        };
        edits.push(Edit::insert(at, text));
        return Some(edits);
    }
    let first_line = !instruction.text().contains('\n');
    let mut text = String::new();
    for command in commands {
        let before = if first_line && text.is_empty() {
            instruction.text()
        } else {
            ""
        };
        text.push_str(&layout.and(before, command, first_line && text.is_empty()));
        text.push_str(command);
    }
    edits.push(Edit::insert(at, text));
    Some(edits)
}
