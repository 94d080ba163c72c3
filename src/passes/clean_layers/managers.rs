//! What package managers leave behind in a layer.

use crate::edits::removal::{may_match_above, part_matches};
use crate::effects::cache_readers::CacheReaders;
use crate::effects::later_use::LaterUse;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Base, Body, CacheUse, Command, Execution, Facts, ManagerUse, is_within};
use crate::knowledge::{Action, CleanBy, Holds, Manager};
use crate::syntax::Dockerfile;

use super::{Declined, Mess, Way, edits};

/// What RUN number `index` leaves behind, manager by manager.
pub(super) fn of(
    file: &Dockerfile,
    facts: &Facts,
    readers: (&LaterUse<'_>, &CacheReaders<'_>),
    index: usize,
    run: &Execution,
) -> Vec<Result<Mess, Declined>> {
    let mut findings = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for used in run.commands.iter().filter_map(|command| command.manager.as_ref()) {
        if done.contains(&used.manager.id.as_str()) {
            continue;
        }
        done.push(&used.manager.id);
        let dirty = dirty(run, used);
        if !dirty.is_empty() {
            findings.extend(clean(file, facts, readers, (index, run), used, &dirty));
        }
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
        // It would fail without its cache.
        if used.manager.lives_on_cache && used.offline != Some(false) {
            continue;
        }
        for cache in &used.caches {
            // What only fills while there is no mount stays empty beside one.
            let beside_mount = !cache.cache.mount && used.caches.iter().any(|other| is_mounted(run, other));
            // An install from the lists of an older layer leaves no lists.
            let older = cache.cache.holds == Holds::Lists && run.installs_from_older_lists().is_some();
            let is_left = !cache.cache.only_mounted && !beside_mount && !older;
            let is_kept = cache.cache.holds == Holds::Lists && keeps_lists(used.manager);
            let may_be_needed =
                is_kept || cache.cache.holds == Holds::Store || cache.cache.unfit_verbs.contains(&used.verb);
            let is_fit = !may_be_needed && cache.linked == Some(false) && is_left;
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
        .filter_map(|mount| mount.path.as_deref())
        .any(|target| is_within(path, target) || is_within(target, path))
}

/// Whether something behind command `number` takes the cache away.
fn is_cleaned(run: &Execution, number: usize, used: &ManagerUse, cache: &CacheUse) -> bool {
    let path = cache.path.as_deref().unwrap_or_default();
    let hidden = |command: &Command| command.deletes.iter().any(|operand| operand.path.is_none());
    let program = run.commands.get(number).and_then(as_called).unwrap_or_default();
    let cleaning: Vec<_> = used
        .manager
        .clean
        .commands
        .iter()
        .filter_map(|command| Some(command.split_once(' ')?.1.replace("{program}", &program)))
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
        let cleans = own.is_some_and(|other| match cache.cache.holds {
            Holds::Lists => other.cleans_lists(),
            _ => other.action == Action::CleanCache,
        });
        let words = command
            .words
            .iter()
            .skip(1)
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        // What nobody can tell is deleted may be what nobody can tell the place of: `rm -rf "$COMPOSER_HOME"`.
        let may_delete = path.is_empty() && hidden(command);
        deletes
            || may_delete
            || cleaning.contains(&words)
            || command.program() == Some("find") && command.words.iter().any(names)
            || cleans
    })
}

fn clean(
    file: &Dockerfile,
    facts: &Facts,
    (later_use, readers): (&LaterUse<'_>, &CacheReaders<'_>),
    (index, run): (usize, &Execution),
    used: &ManagerUse,
    dirty: &[(usize, &CacheUse)],
) -> Option<Result<Mess, Declined>> {
    let manager = used.manager;
    let has_lists = dirty.iter().any(|(_, cache)| cache.cache.holds == Holds::Lists);
    let only_lists = cleans_lists_only(manager);
    if only_lists && !has_lists {
        return None;
    }
    let thing = if only_lists { "package lists" } else { "the cache" };
    let what = format!("leave {thing} of {} out of the layer", manager.name);
    let decline = |kind, found: String, remedy: &str| Some(Err((what.clone(), Obstacle::new(kind, found, remedy))));
    let takes_lists = only_lists || manager.clean.by == CleanBy::Options;
    if has_lists
        && takes_lists
        && let Some(later) = facts.lists_needed_after(file, index, manager)
    {
        let line = file.line_of(later);
        let obstacle = format!("line {line} installs, or may install, from the package lists that this RUN leaves");
        return decline(
            ObstacleKind::InUse,
            obstacle,
            &format!("run `{} update` in line {line} too, before it installs", used.program),
        );
    }
    let missed = |cache: &CacheUse| later_use.missed_by(file, index, cache.path.as_deref()?);
    if let Some(later) = dirty.iter().find_map(|(_, cache)| missed(cache)) {
        let obstacle = format!("line {} works on what this RUN leaves", file.line_of(later));
        return decline(
            ObstacleKind::InUse,
            obstacle,
            "remove what works on it there, or let `rm` have `-f`",
        );
    }
    if let Some(obstacle) = dirty
        .iter()
        .find_map(|(_, cache)| readers.check(file, index, used, cache).err())
    {
        return Some(Err((what.clone(), obstacle)));
    }
    let Body::Script(script) = &run.body else {
        return decline(
            ObstacleKind::Unsupported,
            "it is in exec form".to_owned(),
            "write it in shell form",
        );
    };
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
    if !matches!(by, CleanBy::Options | CleanBy::Nothing) {
        if let Some(obstacle) = appended(run, &numbers, by, &manager.clean.commands) {
            return decline(ObstacleKind::InUse, obstacle, "clean up by hand");
        }
        if !edits::can_append(facts, index, script) {
            let obstacle = "a command at its end would change what a failure does".to_owned();
            return decline(
                ObstacleKind::Entangled,
                obstacle,
                "join its commands with `&&`, or begin it with `set -e`",
            );
        }
    }
    let way = match by {
        CleanBy::Nothing => return None,
        CleanBy::Options if numbers.iter().all(editable) => {
            if let Some(image) = image_among(facts, index, &manager.clean.too_old) {
                let option = manager.clean.options.join(" ");
                let obstacle = format!("the {} of {image} is too old to know `{option}`", manager.name);
                return decline(
                    ObstacleKind::Unsupported,
                    obstacle,
                    "move to a newer image, or clean up by hand",
                );
            }
            let mut numbers = numbers;
            numbers.dedup();
            Way::Options(numbers, manager.clean.options.clone())
        }
        CleanBy::Options => {
            return decline(
                ObstacleKind::Entangled,
                "its command stands within quotes".to_owned(),
                "add the option by hand",
            );
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

/// Whether the manager's cleaning commands take its package lists, and the base image takes care of the rest.
fn cleans_lists_only(manager: &Manager) -> bool {
    manager.lists.is_some() && manager.clean.by == CleanBy::Commands && names_lists(manager)
}

/// Whether the manager's cleaning commands leave its package lists alone.
fn keeps_lists(manager: &Manager) -> bool {
    manager.lists.is_some() && manager.clean.by == CleanBy::Commands && !names_lists(manager)
}

fn names_lists(manager: &Manager) -> bool {
    let mut lists = manager.caches.iter().filter(|cache| cache.holds == Holds::Lists);
    let is_named = |path: &str| manager.clean.commands.iter().any(|command| command.contains(path));
    lists.any(|cache| cache.path.as_deref().is_some_and(is_named))
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
    let commands_of = || dirty.iter().filter_map(|number| run.commands.get(*number));
    if commands_of().any(|command| command.switches_user) {
        return Some("it runs as another user than the rest of the RUN".to_owned());
    }
    let leaves = |command: &Command| matches!(command.program(), Some("exit" | "exec" | "return"));
    let mut outermost = run.commands.iter().filter(|command| command.context.depth == 0);
    if outermost.any(leaves) {
        return Some("the RUN may end before its last command".to_owned());
    }
    let is_tool = |command: &String| !command.starts_with("rm ") || command.contains("{program}");
    if by != CleanBy::Commands || !commands.iter().any(is_tool) {
        return None;
    }
    // The tool that cleans must be there at the end, in every build, under the same name.
    let by_relative_path = |command: &Command| {
        let program = command.words.first().map_or("", |word| &word.text);
        program.contains('/') && !program.starts_with('/')
    };
    let last = dirty.iter().max().copied().unwrap_or_default();
    let mut later = run.commands.iter().skip(last + 1);
    let removes = |command: &Command| {
        let used = command.manager.as_ref();
        used.is_some_and(|used| used.action == Action::Remove)
    };
    if commands_of().any(|command| !command.editable) {
        Some("its command stands within quotes".to_owned())
    } else if commands_of().any(|command| !command.context.is_required_link()) {
        Some("the tool that cleans may not be there in every build".to_owned())
    } else if commands_of().any(by_relative_path) {
        Some("the tool that cleans is called by a relative path".to_owned())
    } else if later.any(removes) {
        Some("the RUN removes packages behind it, perhaps the tool that cleans".to_owned())
    } else {
        None
    }
}

/// The image that the stage of an instruction stands on, if it is one of `patterns`.
pub(in crate::passes) fn image_among(facts: &Facts, index: usize, patterns: &[String]) -> Option<String> {
    let mut stage = facts.stages.get(facts.stage_of(index)?)?;
    while let Base::Stage(base) = stage.base {
        stage = facts.stages.get(base)?;
    }
    let Base::Image(image) = &stage.base else { return None };
    let name = format!("{}:{}", image.repository(), image.tag.as_deref().unwrap_or("latest"));
    patterns
        .iter()
        .any(|pattern| part_matches(pattern, &name))
        .then_some(name)
}
