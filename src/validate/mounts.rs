//! A cache that steps read back is in the mounts of all of them or of none.

use crate::effects::ecosystems::Output;
use crate::effects::{AbsolutePath, Place};
use crate::facts::{Command, ManagerUse, Mount, User};
use crate::knowledge::{Action, Holds, Manager, managers};

use super::identity::Act;
use super::model::{Item, StageModel, Version};
use super::{Kind, Pair, Violation, named};

/// Checks every stage of the result.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let stages = pair.after.stages.iter();
    let mut found: Vec<Violation> = stages.flat_map(|stage| check_stage(pair, stage)).collect();
    found.extend(
        pair.stages
            .iter()
            .flat_map(|(before, after)| at_start(pair, *before, *after)),
    );
    found
}

/// Stores in new mounts that the program of a stage reads, as it is started by the tool that fills them: `go test`.
fn at_start(pair: &Pair<'_>, before: usize, after: usize) -> Option<Violation> {
    let (old, new) = (pair.before.stages.get(before)?, pair.after.stages.get(after)?);
    if !pair.after.facts.is_shipped(after) {
        return None;
    }
    let known = targets(pair.before, old);
    let words = named::started_words(pair.after, after);
    let is_store = |target: &AbsolutePath, program: &str| {
        let manager = managers()
            .by_program(program)
            .filter(|manager| reads_store(manager, program, &words));
        let stores = manager
            .into_iter()
            .flat_map(|manager| &manager.caches)
            .filter(|cache| cache.holds == Holds::Store);
        let mut paths = stores.filter_map(|cache| cache.path.as_deref());
        paths.any(|path| is_named(target, path))
    };
    let programs = named::started_programs(pair.after, after);
    let targets = targets(pair.after, new)
        .into_iter()
        .filter(|target| !known.contains(target));
    let mut hidden = targets.filter(|target| programs.iter().any(|program| is_store(target, program)));
    let target = hidden.next()?;
    let line = pair
        .before
        .facts
        .stages
        .get(before)
        .map_or(1, |stage| pair.before.file.line_of(stage.instructions.start));
    Some(Violation {
        kind: Kind::MountHides,
        line,
        what: format!("the image starts a tool that reads {target}, which would be in a mount"),
        remedy: "start a program that is built before".to_owned(),
    })
}

/// Whether a tool, started with `words`, builds or installs.
fn reads_store(manager: &Manager, program: &str, words: &[String]) -> bool {
    let arguments = words
        .iter()
        .skip_while(|word| word.rsplit('/').next() != Some(program))
        .skip(1);
    let arguments: Vec<Option<&str>> = arguments.map(|word| Some(word.as_str())).collect();
    let action = manager.read(program, &arguments).action;
    matches!(
        action,
        Action::Install | Action::Upgrade | Action::Download | Action::Build
    )
}

/// Whether a mount is at the place that a table names, wherever the home or the environment puts it.
fn is_named(target: &AbsolutePath, path: &str) -> bool {
    target.as_str().ends_with(path.trim_start_matches(['~', '/']))
}

fn check_stage(pair: &Pair<'_>, stage: &StageModel) -> Vec<Violation> {
    let after = pair.after;
    let mut found = Vec::new();
    for target in targets(after, stage) {
        // What the original mounts is its own business.
        let is_new = !pair
            .before
            .stages
            .iter()
            .any(|stage| targets(pair.before, stage).contains(&target));
        if !is_new {
            continue;
        }
        let fillers = Fillers::of(after, stage, &target);
        for item in stage.items.iter().filter(|item| item.is_run()) {
            let is_mounted = mounts(after, item).contains(&target);
            if !is_mounted && reads_back(after, item, &target) {
                found.push(Violation {
                    kind: Kind::MountHides,
                    line: after.line(item),
                    what: format!(
                        "line {} reads {target}, which would be in the mount of another RUN",
                        after.line(item)
                    ),
                    remedy: "mount the cache in all RUNs that use it".to_owned(),
                });
            }
            if is_mounted && !fillers.fit(after, item) {
                found.push(Violation {
                    kind: Kind::MountHides,
                    line: after.line(item),
                    what: format!(
                        "line {} mounts {target}, which is no cache of what it runs, or not as that needs it",
                        after.line(item)
                    ),
                    remedy: "leave the mount out".to_owned(),
                });
            }
            if is_mounted && let Some(path) = lost_in(stage, item, &target) {
                found.push(Violation {
                    kind: Kind::MountHides,
                    line: after.line(item),
                    what: format!(
                        "line {} writes {path} into a mount, so that the image lacks it",
                        after.line(item)
                    ),
                    remedy: "leave the mount out".to_owned(),
                });
            }
        }
    }
    found
}

/// The targets of the cache mounts of a stage.
fn targets(version: &Version<'_>, stage: &StageModel) -> Vec<AbsolutePath> {
    let mut found: Vec<AbsolutePath> = stage.items.iter().flat_map(|item| mounts(version, item)).collect();
    found.sort();
    found.dedup();
    found
}

fn mounts(version: &Version<'_>, item: &Item) -> Vec<AbsolutePath> {
    let run = version.facts.run(version.file, item.step.instruction);
    let mounts = run.map(|run| run.mounts.as_slice()).unwrap_or_default();
    let caches = mounts.iter().filter(|mount| mount.kind == "cache");
    caches
        .filter_map(|mount| AbsolutePath::of(mount.path.as_deref()?, None))
        .collect()
}

/// Whether a command reads a store that others fill: by the tables of the managers.
fn reads_back(version: &Version<'_>, item: &Item, target: &AbsolutePath) -> bool {
    let Some(command) = version.command(item) else {
        return false;
    };
    uses_store(command, target) || item.effects().requires.iter().any(|path| path.is_within(target))
}

fn uses_store(command: &Command, target: &AbsolutePath) -> bool {
    let Some(used) = &command.manager else { return false };
    let is_store = |holds: Holds| holds == Holds::Store;
    let fills = used.caches.iter().filter(|cache| is_store(cache.cache.holds));
    let mut places = fills.filter_map(|cache| AbsolutePath::of(cache.path.as_deref()?, None));
    if places.any(|path| path == *target) {
        return true;
    }
    // A verb that fills nothing may read the store of its manager: `go mod verify`.
    let mut stores = used.manager.caches.iter().filter(|cache| is_store(cache.holds));
    let runs_other = matches!(
        used.action,
        Action::Run | Action::Exec | Action::Config | Action::Remove | Action::CleanCache
    );
    !runs_other
        && !used.verb.is_empty()
        && used.caches.is_empty()
        && stores.any(|cache| cache.path.as_deref().is_some_and(|path| is_named(target, path)))
}

/// What a mount that is added may say of itself. All else takes its files from elsewhere, or makes it useless.
const FIELDS: &[&str] = &["type", "target", "dst", "destination", "sharing", "id", "uid", "gid"];

/// What the RUNs with a mount do with it. What one of them fills another one may read, by a script or a Makefile.
struct Fillers<'v> {
    target: &'v AbsolutePath,
    /// The users of the managers of which it is a cache.
    users: Vec<&'v User>,
    /// Whether it is a folder of build outputs, out of which others are copied.
    has_outputs: bool,
}

impl<'v> Fillers<'v> {
    fn of(version: &'v Version<'_>, stage: &'v StageModel, target: &'v AbsolutePath) -> Fillers<'v> {
        let mut fillers = Fillers {
            target,
            users: Vec::new(),
            has_outputs: false,
        };
        let mounted = stage.items.iter().filter(|item| mounts(version, item).contains(target));
        for item in mounted {
            let used = version.command(item).and_then(|command| command.manager.as_ref());
            let user = used.filter(|used| fillers.is_cache_of(used)).map(|used| &used.user);
            fillers.users.extend(user.filter(|user| !fillers.users.contains(user)));
            let mut outputs = item.step.outputs.iter();
            fillers.has_outputs |= outputs.any(
                |output| matches!(output, Output::NamedIn(folder) | Output::Packaged(folder) if fillers.is_at(folder)),
            );
        }
        fillers
    }

    fn is_at(&self, path: &str) -> bool {
        AbsolutePath::of(path, None).as_ref() == Some(self.target)
    }

    fn is_cache_of(&self, used: &ManagerUse) -> bool {
        let mut filled = used.caches.iter().filter_map(|cache| cache.path.as_deref());
        let named = used
            .manager
            .caches
            .iter()
            .flat_map(|cache| [&cache.path, &cache.root_path]);
        filled.any(|path| self.is_at(path)) || named.flatten().any(|path| is_named(self.target, path))
    }

    /// Whether the RUN of a step mounts it as they need it.
    fn fit(&self, version: &Version<'_>, item: &Item) -> bool {
        let run = version.facts.run(version.file, item.step.instruction);
        let mut mounts = run.iter().flat_map(|run| &run.mounts);
        let is_it =
            |mount: &&Mount| mount.kind == "cache" && mount.path.as_deref().is_some_and(|path| self.is_at(path));
        mounts.find(is_it).is_some_and(|mount| {
            let is_plain = mount.fields.iter().all(|(name, _)| FIELDS.contains(&name.as_str()));
            is_plain && (self.has_outputs || self.users.iter().any(|user| belongs_to(mount, user)))
        })
    }
}

/// Whether a user can write into a mount.
fn belongs_to(mount: &Mount, user: &User) -> bool {
    let owner = mount.field(&["uid"]);
    match user {
        User::Root => owner.is_none_or(|owner| owner == "0"),
        User::Other(account) => account.uid.map(|uid| uid.to_string()).as_deref() == owner,
        User::Unknown => true,
    }
}

/// A path that a step surely leaves for the image, below the target of a mount.
fn lost_in(stage: &StageModel, item: &Item, target: &AbsolutePath) -> Option<Place> {
    if item.act == Act::Nothing {
        return None;
    }
    let is_inside = |place: &&Place| matches!(place, Place::Exactly(path) if path.is_within(target) && path != target);
    let mut inside = item.effects().writes.iter().filter(is_inside);
    inside.find(|place| !is_taken_out(stage, item, place, target)).cloned()
}

/// Whether a command of the same RUN copies a file out of the mount.
fn is_taken_out(stage: &StageModel, item: &Item, place: &Place, target: &AbsolutePath) -> bool {
    let same_run = stage
        .items
        .iter()
        .filter(|other| other.step.instruction == item.step.instruction);
    let mut copies = same_run.filter(|other| other.effects().reads.iter().any(|read| read.covers(place)));
    copies.any(|other| other.effects().writes.iter().any(|written| !written.is_within(target)))
}

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    #[test]
    fn mounts_are_at_caches() {
        let before = "FROM python:3.12\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n";
        let mounted = |target: &str| before.replace("RUN ", &format!("RUN --mount=type=cache,target={target} "));
        accepts(before, &mounted("/root/.cache/pip"));
        for target in [
            "/app",
            "/usr/local",
            "/root",
            "/etc",
            "/root/.cache",
            "/app/node_modules",
            "/root/.cache/pip2",
        ] {
            rejects(before, &mounted(target), Kind::MountHides);
        }
        for field in ["ro", "mode=0000", "from=alpine", "uid=1000"] {
            rejects(before, &mounted(&format!("/root/.cache/pip,{field}")), Kind::MountHides);
        }
        // What the user mounts is their own business.
        let own = mounted("/data");
        accepts(
            &own,
            &own.replace(
                "target=/data",
                "target=/data --mount=type=cache,target=/root/.cache/pip",
            ),
        );
    }

    #[test]
    fn a_folder_of_outputs_that_are_copied_out() {
        let before = "FROM rust:1.80 AS builder\nWORKDIR /app\nCOPY . .\nRUN cargo build --release\n\n\
            FROM debian:bookworm-slim\nCOPY --from=builder /app/target/release/x /usr/bin/x\nCMD [\"x\"]\n";
        let after = before
            .replace(
                "RUN cargo build --release",
                "RUN --mount=type=cache,target=/app/target cargo build --release && cp target/release/x /usr/local/bin/",
            )
            .replace("/app/target/release/x ", "/usr/local/bin/x ");
        accepts(before, &after);
        rejects(
            before,
            &after.replace("target=/app/target", "target=/app/src"),
            Kind::MountHides,
        );
    }
}
