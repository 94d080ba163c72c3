//! Which RUNs should be one, and why.

use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, of_command};
use crate::facts::{Command, Execution, Facts, ManagerUse, is_within};
use crate::knowledge::{Action, Manager};
use crate::syntax::Dockerfile;

/// How many RUNs that have nothing to do with what is deleted may be joined on the way to the RUN that made it.
const MOST_UNRELATED: usize = 1;

/// A RUN that another one should be joined with.
pub(super) struct Partner {
    /// The number of the first RUN; all RUNs from there on are joined.
    pub(super) first: usize,
    pub(super) what: String,
    pub(super) why: &'static str,
    /// What stands in the way, beyond the RUNs themselves.
    pub(super) obstacle: Option<Obstacle>,
}

/// What RUN number `second` should be joined with.
pub(super) fn of(file: &Dockerfile, facts: &Facts, second: usize) -> Option<Partner> {
    let later = facts.run(file, second)?;
    if let Some(at) = later.installs_from_older_lists() {
        let used = later.commands.get(at)?.manager.as_ref()?;
        if let Some(partner) = lists(file, facts, second, used) {
            return Some(partner);
        }
    }
    let is_shipped = facts.stage_of(second).is_some_and(|stage| facts.is_shipped(stage));
    (is_shipped && only_deletes(later)).then(|| deletion(file, facts, second, later))?
}

/// The RUNs that stand before instruction number `second` without anything between, the nearest first.
fn row<'a>(file: &'a Dockerfile, facts: &'a Facts, second: usize) -> impl Iterator<Item = (usize, &'a Execution)> {
    let stage = facts.stage_of(second);
    (0..second)
        .rev()
        .take_while(move |index| facts.stage_of(*index) == stage)
        .map_while(|index| Some((index, facts.run(file, index)?)))
}

/// The RUN that downloads the lists from which RUN number `second` installs.
fn lists(file: &Dockerfile, facts: &Facts, second: usize, used: &ManagerUse) -> Option<Partner> {
    let what = format!(
        "join `{} update` and the install that uses its lists in one RUN",
        used.program
    );
    let partner = |first, obstacle| Partner {
        first,
        what: what.clone(),
        why: "package lists that a layer of their own keeps grow stale, and stay in the image",
        obstacle,
    };
    let mut before = row(file, facts, second);
    let between = before.find(|(_, run)| run.fetches_lists(used.manager) || run.installs_from_older_lists().is_none());
    match between {
        Some((index, run)) if run.fetches_lists(used.manager) => Some(partner(index, None)),
        _ => {
            let (first, between) = lone_update(file, facts, second, used.manager)?;
            let found = format!("line {} stands between the two RUNs", file.line_of(between));
            let remedy = format!(
                "move it out of the way, or run `{} update` in line {} too",
                used.program,
                file.line_of(second)
            );
            Some(partner(first, Some(Obstacle::new(ObstacleKind::Order, found, remedy))))
        }
    }
}

/// The RUN further up in the stage that downloads lists and installs nothing, and what stands behind it.
fn lone_update(file: &Dockerfile, facts: &Facts, second: usize, manager: &Manager) -> Option<(usize, usize)> {
    let stage = facts.stages.get(facts.stage_of(second)?)?;
    let mut before = (stage.instructions.start..second).rev();
    let first = before.find(|index| facts.run(file, *index).is_some_and(|run| run.fetches_lists(manager)))?;
    let installs = |command: &Command| {
        let used = command.manager.as_ref();
        used.is_some_and(|used| used.manager.id == manager.id && used.action == Action::Install)
    };
    let is_lone = !facts.run(file, first)?.commands.iter().any(installs);
    let is_obstacle = |index: &usize| {
        let run = facts.run(file, *index);
        run.is_none_or(|run| run.installs_from_older_lists().is_none())
    };
    let between = (first + 1..second).find(is_obstacle)?;
    is_lone.then_some((first, between))
}

/// Whether everything in `run` takes files away.
fn only_deletes(run: &Execution) -> bool {
    !run.commands.is_empty() && run.commands.iter().all(is_deletion)
}

pub(super) fn is_deletion(command: &Command) -> bool {
    let removes = |action| matches!(action, Action::CleanCache | Action::Remove);
    !command.deletes.is_empty() || command.manager.as_ref().is_some_and(|used| removes(used.action))
}

/// The first RUN that made some of what RUN number `second` deletes.
fn deletion(file: &Dockerfile, facts: &Facts, second: usize, later: &Execution) -> Option<Partner> {
    let made = row(file, facts, second).filter_map(|(index, run)| Some((index, made_in(run, later)?)));
    let (first, made) = made.last()?;
    let is_related = |run: &Execution| made_in(run, later).is_some() || works_with(run, later);
    let between = || row(file, facts, second).take_while(|(index, _)| *index > first);
    let unrelated = between().filter(|(_, run)| !is_related(run)).count();
    let obstacle = (unrelated > MOST_UNRELATED).then(|| {
        let found = format!("{unrelated} RUNs between them have nothing to do with it");
        let remedy = format!("delete it at the end of line {}", file.lines_of(first).last);
        Obstacle::new(ObstacleKind::NoGain, found, remedy)
    });
    Some(Partner {
        first,
        what: format!("delete {made} in the layer that made it"),
        why: "what a later layer deletes is still in the image below it",
        obstacle,
    })
}

/// What `later` deletes of the things that `run` made, in words.
fn made_in(run: &Execution, later: &Execution) -> Option<String> {
    let found = later.commands.iter().find_map(|command| {
        let mut paths = command.deletes.iter().filter_map(|operand| operand.path.as_deref());
        let path = paths.find(|path| run.commands.iter().any(|command| makes(command, folder(path))));
        path.map(|path| format!("`{path}`"))
    });
    found.or_else(|| {
        let removing = later.commands.iter().filter_map(|command| command.manager.as_ref());
        removing.filter_map(|used| installed_in(run, used)).next()
    })
}

/// What the manager's command in `used` takes away of what `run` installed or downloaded.
fn installed_in(run: &Execution, used: &ManagerUse) -> Option<String> {
    let own = run.commands.iter().filter_map(|command| command.manager.as_ref());
    let mut own = own.filter(|other| {
        let installs = matches!(other.action, Action::Install | Action::Download | Action::Build);
        installs && other.manager.id == used.manager.id
    });
    if used.action == Action::CleanCache {
        return own.next().map(|_| format!("the cache of {}", used.manager.name));
    }
    let has = |other: &ManagerUse, removed: &str| {
        // `apk add --virtual NAME` installs under another name.
        let values = other.options.iter().filter_map(|(_, value, _)| value.as_deref());
        other
            .packages
            .iter()
            .map(|(name, ..)| name.as_str())
            .chain(values)
            .any(|name| name == removed)
    };
    own.any(|other| used.packages.iter().any(|(removed, ..)| has(other, removed)))
        .then(|| format!("the packages of {}", used.manager.name))
}

/// The folder that a pattern at the end of a path means.
fn folder(path: &str) -> &str {
    path.trim_end_matches('*').trim_end_matches('/')
}

/// Whether `command` makes something in `folder`.
fn makes(command: &Command, folder: &str) -> bool {
    if !command.deletes.is_empty() || folder.len() < 2 {
        return false;
    }
    let caches = command.manager.iter().flat_map(|used| &used.caches);
    let mut caches = caches.filter_map(|cache| cache.path.as_deref());
    if caches.any(|cache| is_within(cache, folder)) {
        return true;
    }
    let Some(folder) = AbsolutePath::of(folder, None) else {
        return false;
    };
    let effects = of_command(command, &());
    command.manager.is_none() && effects.writes.iter().any(|place| place.is_within(&folder))
}

/// Whether `run` works with something that `later` deletes: it names it, or runs in it.
fn works_with(run: &Execution, later: &Execution) -> bool {
    let operands = later.commands.iter().flat_map(|command| &command.deletes);
    operands
        .filter_map(|operand| operand.path.as_deref())
        .map(folder)
        .any(|folder| {
            let name = folder.rsplit('/').next().unwrap_or(folder);
            run.commands.iter().any(|command| {
                let is_inside = command
                    .workdir
                    .as_deref()
                    .is_some_and(|workdir| is_within(workdir, folder));
                is_inside && folder.len() > 1
                    || !name.is_empty() && command.words.iter().any(|word| word.text.contains(name))
            })
        })
}
