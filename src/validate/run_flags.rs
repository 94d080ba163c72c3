//! The commands of a RUN keep its network, its secrets and what it mounts, and get none of another one. Cache mounts are the
//! rule of [`super::mounts`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::identity::Act;
use super::model::{Item, StageModel, Version};
use super::{Kind, Pair, Violation};

/// The flags of a RUN, without its cache mounts.
type Flags = BTreeSet<String>;

/// Checks every stage of the result.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let made = pair.made();
    made.flat_map(|(_, old, new)| check_stage(pair, old, new)).collect()
}

fn check_stage(pair: &Pair<'_>, old: &StageModel, new: &StageModel) -> Vec<Violation> {
    let (before, after) = (of_runs(pair.before, old), of_runs(pair.after, new));
    // Most files have none at all.
    if before.values().chain(after.values()).all(BTreeSet::is_empty) {
        return Vec::new();
    }
    let known = Known::of(old, &before);
    let changed = new.items.iter().filter_map(|item| {
        let is_kept = known.has(item, after.get(&item.step.instruction)?)?;
        let line = pair.after.line(item);
        (!is_kept).then(|| Violation {
            kind: Kind::FlagsChanged,
            line,
            what: format!("a step of line {line} would run with other flags of RUN"),
            remedy: "give both RUNs the same flags".to_owned(),
        })
    });
    changed.collect()
}

/// The flags of each RUN of a stage, by the number of its instruction.
fn of_runs(version: &Version<'_>, stage: &StageModel) -> BTreeMap<usize, Flags> {
    let mut found = BTreeMap::new();
    for item in stage.items.iter().filter(|item| item.is_run()) {
        let index = item.step.instruction;
        found.entry(index).or_insert_with(|| flags(version, index));
    }
    found
}

/// With which flags the original does what it does, and installs each package.
#[derive(Default)]
struct Known<'k> {
    by_act: HashMap<&'k Act, HashSet<&'k Flags>>,
    by_package: HashMap<&'k str, HashSet<&'k Flags>>,
}

impl<'k> Known<'k> {
    fn of(stage: &'k StageModel, flags: &'k BTreeMap<usize, Flags>) -> Known<'k> {
        let none = const { &Flags::new() };
        let mut known = Known::default();
        for item in stage.items.iter().filter(|item| item.act != Act::Nothing) {
            let flags = flags.get(&item.step.instruction).unwrap_or(none);
            known.by_act.entry(&item.act).or_default().insert(flags);
            for package in item.act.installed() {
                known.by_package.entry(&package.name).or_default().insert(flags);
            }
        }
        known
    }

    /// Whether it does the same with these flags, or installs a package of the same name; none where it does neither.
    fn has(&self, item: &Item, flags: &Flags) -> Option<bool> {
        let packages = item.act.installed().iter();
        let by_package = packages.filter_map(|package| self.by_package.get(package.name.as_str()));
        let mut same = self.by_act.get(&item.act).into_iter().chain(by_package).peekable();
        same.peek()?;
        Some(same.any(|known| known.contains(flags)))
    }
}

fn flags(version: &Version<'_>, index: usize) -> Flags {
    let mounts = version.facts.run(version.file, index).map(|run| run.mounts.as_slice());
    let caches = mounts.unwrap_or_default().iter().filter(|mount| mount.kind == "cache");
    let caches: Vec<usize> = caches.map(|mount| mount.range.start).collect();
    let flags = version
        .node(index)
        .map(|node| node.flags.as_slice())
        .unwrap_or_default();
    let lasting = flags.iter().filter(|flag| !caches.contains(&flag.range.start));
    lasting
        .map(|flag| format!("{}={}", flag.name, flag.value.as_deref().unwrap_or_default()))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    #[test]
    fn networks_secrets_and_binds() {
        let before = "FROM debian:bookworm-slim\nRUN --network=none touch /a\nRUN touch /b\n\
            RUN --mount=type=secret,id=k apt-get update && apt-get install -y curl\n";
        accepts(
            before,
            &before.replace("id=k ", "id=k --mount=type=cache,target=/var/cache/apt "),
        );
        for (from, to) in [
            ("--network=none ", ""),
            ("touch /a\nRUN ", "touch /a && "),
            ("RUN touch /b", "RUN --security=insecure touch /b"),
            ("RUN touch /b", "RUN --mount=type=bind,target=/src touch /b"),
            ("--mount=type=secret,id=k ", ""),
            ("id=k", "id=other"),
        ] {
            assert!(before.contains(from));
            rejects(before, &before.replace(from, to), Kind::FlagsChanged);
        }
    }
}
