//! A step runs under the conditions under which it ran, and its failure means what it meant.

use std::collections::{HashMap, HashSet};

use crate::facts::Command;

use super::identity::Act;
use super::model::{Item, StageModel, Version};
use super::{Kind, Pair, Violation};

/// Whether a command runs at all, and what becomes of its failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flow {
    /// Whether it may be skipped although the RUN succeeds.
    is_conditional: bool,
    /// Whether the RUN fails with it.
    ends_run: bool,
    /// Whether nothing waits for it.
    is_background: bool,
}

impl Flow {
    pub(super) fn of(command: &Command) -> Flow {
        Flow {
            is_conditional: command.context.conditional,
            ends_run: command.context.stops_body,
            is_background: command.context.background,
        }
    }

    /// Whether the command surely runs, and nothing goes on without it.
    pub(super) fn is_certain(self) -> bool {
        !self.is_conditional && self.ends_run && !self.is_background
    }
}

/// Checks every stage of the result.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let made = pair.made();
    made.flat_map(|(_, old, new)| check_stage(pair, old, new)).collect()
}

fn check_stage(pair: &Pair<'_>, old: &StageModel, new: &StageModel) -> Vec<Violation> {
    let mut known: HashMap<&Act, HashSet<Option<Flow>>> = HashMap::new();
    for item in old.items.iter().filter(|item| is_compared(item)) {
        known.entry(&item.act).or_default().insert(flow(pair.before, item));
    }
    let changed = new.items.iter().filter_map(|item| {
        let flow = flow(pair.after, item)?;
        let is_kept = known.get(&item.act)?.contains(&Some(flow));
        let line = pair.after.line(item);
        (!is_kept).then(|| Violation {
            kind: Kind::FlowChanged,
            line,
            what: format!(
                "a step of line {line} would run under other conditions, or its failure would count otherwise"
            ),
            remedy: "keep how its commands are joined".to_owned(),
        })
    });
    changed.collect()
}

/// Whether a step is one of this rule. Installs are told apart by their packages, in a rule of their own.
fn is_compared(item: &Item) -> bool {
    matches!(item.act, Act::Step(_) | Act::Remove(_))
}

fn flow(version: &Version<'_>, item: &Item) -> Option<Flow> {
    version.command(item).map(Flow::of)
}

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    const BEFORE: &str = "FROM debian:bookworm-slim\nRUN mkdir /a && touch /a/x\nRUN touch /a/y && touch /a/z\n";

    #[test]
    fn joined_steps() {
        let joined = "FROM debian:bookworm-slim\nRUN mkdir /a && touch /a/x && touch /a/y && touch /a/z\n";
        accepts(BEFORE, joined);
        for operator in [" || ", "; ", " & "] {
            let wrong = joined.replacen(" && touch /a/y", &format!("{operator}touch /a/y"), 1);
            rejects(BEFORE, &wrong, Kind::FlowChanged);
        }
    }

    #[test]
    fn what_may_fail_may_still_fail() {
        let before = "FROM debian:bookworm-slim\nRUN rm /a/x; touch /a/y\n";
        accepts(
            before,
            &before.replace("touch /a/y", "touch /a/y && rm -rf /var/lib/apt/lists/*"),
        );
        rejects(before, &before.replace("; ", " && "), Kind::FlowChanged);
    }

    #[test]
    fn installs() {
        let before = "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y curl\n";
        for operator in [" || ", "; ", " & "] {
            let wrong = before.replacen(" && ", operator, 1);
            rejects(before, &wrong, Kind::InstallChanged);
        }
        rejects(before, &before.replace("apt-get update && ", ""), Kind::InstallChanged);
        let odd = "FROM debian:bookworm-slim\nRUN apt-get update; apt-get install -y curl libpq-dev || true\n";
        accepts(odd, &odd.replace("libpq-dev", "libpq5"));
    }
}
