//! The commands of a RUN keep its network, its secrets and what it mounts, and get none of another one. Cache mounts are the
//! rule of [`super::mounts`].

use std::collections::BTreeSet;

use super::identity::{Act, Package};
use super::model::{Item, Version};
use super::{Kind, Pair, Violation};

/// Checks every stage of the result.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let stages = 0..pair.after.stages.len();
    stages.flat_map(|after| check_stage(pair, after)).collect()
}

fn check_stage(pair: &Pair<'_>, after: usize) -> Vec<Violation> {
    let Some((old, new)) = pair.made_of(after) else {
        return Vec::new();
    };
    let mut found: Vec<Violation> = Vec::new();
    for item in new.items.iter().filter(|item| item.is_run()) {
        let mut same = old.items.iter().filter(|other| is_same(other, item)).peekable();
        let wanted = flags(pair.after, item);
        if same.peek().is_none() || same.any(|other| flags(pair.before, other) == wanted) {
            continue;
        }
        let line = pair.after.line(item);
        found.push(Violation {
            kind: Kind::FlagsChanged,
            line,
            what: format!("a step of line {line} would run with other flags of RUN"),
            remedy: "give both RUNs the same flags".to_owned(),
        });
    }
    found
}

/// Whether two items do the same, or install a package of the same name.
fn is_same(one: &Item, other: &Item) -> bool {
    let is_in = |package: &Package| one.act.installed().iter().any(|known| known.name == package.name);
    other.act != Act::Nothing && (one.act == other.act || other.act.installed().iter().any(is_in))
}

/// The flags of the RUN of a step, without its cache mounts.
fn flags(version: &Version<'_>, item: &Item) -> BTreeSet<String> {
    let index = item.step.instruction;
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
