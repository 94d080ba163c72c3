//! A step sees the variables that it saw, and the same shell runs it.

use std::collections::{HashMap, HashSet};

use crate::effects::steps::StepKind;
use crate::facts::{Scope, Variable};
use crate::knowledge::{Action, build_metadata, is_toolchain_setting, managers};
use crate::syntax::{Instruction, Keyword};

use super::configuration::{is_of_base, is_path_kept};
use super::identity::{Act, arguments, is_cache_variable};
use super::model::{Item, StageModel, Version};
use super::{Kind, Pair, Violation};

/// Checks every stage of the result.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let made = pair.made();
    made.flat_map(|(_, old, new)| {
        let site = Site {
            pair,
            old,
            new,
            named: named(pair.before, old),
        };
        site.violations()
    })
    .collect()
}

/// A stage of the result with the one that it was made of.
struct Site<'p, 'a> {
    pair: &'p Pair<'a>,
    old: &'p StageModel,
    new: &'p StageModel,
    /// The variables that each instruction of the original names.
    named: HashMap<usize, HashSet<&'a str>>,
}

/// The variables that the instructions of a stage name.
fn named<'a>(version: &Version<'a>, stage: &StageModel) -> HashMap<usize, HashSet<&'a str>> {
    let mut found = HashMap::new();
    for item in &stage.items {
        let index = item.step.instruction;
        let text = || version.file.instructions.get(index).map_or("", Instruction::text);
        found.entry(index).or_insert_with(|| names(text()));
    }
    found
}

impl Site<'_, '_> {
    fn violations(&self) -> Vec<Violation> {
        let items = self.new.items.iter().filter(|item| item.act != Act::Nothing);
        items.filter_map(|item| self.changed(item)).collect()
    }

    /// What an item sees otherwise than each item of the original that is the same.
    fn changed(&self, item: &Item) -> Option<Violation> {
        let same = self.old.items.iter().filter(|old| old.act == item.act);
        let mut what = None;
        for old in same {
            what = Some(self.difference(old, item)?);
        }
        let line = self.pair.after.line(item);
        Some(Violation {
            kind: Kind::SettingsChanged,
            line,
            what: format!("line {line} would run with {}", what?),
            remedy: "keep ENV, ARG and SHELL before the steps that see them".to_owned(),
        })
    }

    /// What differs for the same item.
    fn difference(&self, old: &Item, new: &Item) -> Option<String> {
        if old.is_run() && Self::shell(self.pair.before, self.old, old) != Self::shell(self.pair.after, self.new, new) {
            return Some("another SHELL".to_owned());
        }
        let was = self.pair.before.facts.scope(old.step.instruction)?;
        let now = self.pair.after.facts.scope(new.step.instruction)?;
        if was.variables == now.variables {
            return None;
        }
        let lost = was.variables.iter().find(|(name, variable)| {
            self.sees(old, name)
                && !self.is_kept((was, now), name, variable)
                && !self.is_gone((old, was), name, variable)
        });
        let is_added = |(name, variable): &(&str, &Variable)| {
            !was.variables.contains_key(name) && self.sees(old, name) && !is_harmless(now, name, variable)
        };
        match lost {
            Some((name, _)) => Some(format!("another {name}, or without it")),
            None => now
                .variables
                .iter()
                .find(is_added)
                .map(|(name, _)| format!("{name}, which it did not see before")),
        }
    }

    /// The last SHELL before an item of a stage.
    fn shell(version: &Version<'_>, model: &StageModel, item: &Item) -> Option<String> {
        let mut indexes = model.ranges.iter().rev().flat_map(|range| range.clone().rev());
        let last = indexes.find(|index| {
            *index < item.step.instruction && version.node(*index).is_some_and(|node| node.keyword == Keyword::Shell)
        })?;
        version.file.instructions.get(last).map(arguments)
    }

    /// Whether a variable may matter to an item: one that its words name; any, where it runs more than they say. What tells
    /// builds apart, such as a revision, is nothing to an install.
    fn sees(&self, item: &Item, name: &str) -> bool {
        let runs_code = matches!(item.step.kind, StepKind::Build | StepKind::Packages);
        let is_open = runs_code || item.effects().unknown.is_some();
        let is_passed_by = || build_metadata().contains(name) && self.installs(item);
        self.names(item, name) || is_open && !is_passed_by()
    }

    fn installs(&self, item: &Item) -> bool {
        let command = self.pair.before.command(item);
        let used = command.and_then(|command| command.manager.as_ref());
        used.is_some_and(|used| !matches!(used.action, Action::Run | Action::Exec | Action::Build))
    }

    fn names(&self, item: &Item, name: &str) -> bool {
        self.named
            .get(&item.step.instruction)
            .is_some_and(|names| names.contains(name))
    }

    fn is_kept(&self, (was, now): (&Scope, &Scope), name: &str, variable: &Variable) -> bool {
        let Some(other) = now.variables.get(name) else {
            return false;
        };
        match (name, &variable.value, &other.value) {
            ("PATH", Some(old), Some(new)) => is_path_kept(old, new, &|_| false),
            ("PATH", None, Some(_)) => true,
            _ if is_of_base(was, name, variable.value.as_deref()) && is_of_base(now, name, other.value.as_deref()) => {
                true
            }
            _ => (&variable.value, variable.certain) == (&other.value, other.certain),
        }
    }

    /// Whether a variable may go: one of the old image that nothing names, or that only a toolchain or a cache reads.
    fn is_gone(&self, (item, scope): (&Item, &Scope), name: &str, variable: &Variable) -> bool {
        let is_idle = is_of_base(scope, name, variable.value.as_deref()) || is_toolchain_setting(name);
        is_of_cache(name) || is_idle && self.old.image != self.new.image && !self.names(item, name)
    }
}

/// Whether a variable that is new changes nothing of what a step does: it is for caches, of the image, or says where an
/// environment or a toolchain is.
fn is_harmless(scope: &Scope, name: &str, variable: &Variable) -> bool {
    matches!(name, "PATH" | "VIRTUAL_ENV")
        || is_of_cache(name)
        || is_of_base(scope, name, variable.value.as_deref())
        || is_toolchain_setting(name)
}

fn is_of_cache(name: &str) -> bool {
    managers().iter().any(|manager| is_cache_variable(manager, name))
}

/// The variables that a text uses: `$NAME` or `${NAME…}`.
fn names(text: &str) -> HashSet<&str> {
    let uses = text.split('$').skip(1);
    let names = uses.map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest).trim_start_matches('#');
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    });
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    const BEFORE: &str = "FROM node:20-bookworm\nARG EXTRA=docs\nENV NODE_ENV=production API=https://example.org\nWORKDIR /app\nCOPY . .\n\
        RUN npm run build && rm -rf dist/${EXTRA}\nCMD [\"node\", \"dist/index.js\"]\n";

    #[test]
    fn variables() {
        accepts(BEFORE, BEFORE);
        for (from, to) in [
            ("ARG EXTRA=docs\n", ""),
            ("ARG EXTRA=docs\n", "ENV EXTRA=docs\n"),
            ("ARG EXTRA=docs\n", "ARG EXTRA\n"),
            ("NODE_ENV=production ", ""),
            ("NODE_ENV=production", "NODE_ENV=test"),
        ] {
            assert!(BEFORE.contains(from));
            rejects(BEFORE, &BEFORE.replace(from, to), Kind::SettingsChanged);
        }
        let late = BEFORE
            .replace("NODE_ENV=production ", "")
            .replace("CMD", "ENV NODE_ENV=production\nCMD");
        rejects(BEFORE, &late, Kind::SettingsChanged);
        rejects(&late, BEFORE, Kind::SettingsChanged);
    }

    #[test]
    fn plain_commands_see_what_they_name() {
        let before = "FROM debian:bookworm-slim\nARG X=a\nARG Y=b\nRUN touch /opt/$X\nRUN echo \"${Y:-c}\" > /opt/y\nRUN mkdir /opt/z\n";
        for from in ["ARG X=a\n", "ARG Y=b\n"] {
            rejects(before, &before.replace(from, ""), Kind::SettingsChanged);
        }
        let plain = before.replace("RUN touch /opt/$X\n", "");
        accepts(&plain, &plain.replace("ARG X=a\n", ""));
    }

    #[test]
    fn shells() {
        let before =
            "FROM debian:bookworm-slim\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN cat /a | sort > /b\n";
        accepts(before, before);
        let late = before.replace("RUN cat /a | sort > /b\n", "");
        let late = late.replace("SHELL", "RUN cat /a | sort > /b\nSHELL");
        rejects(before, &late, Kind::SettingsChanged);
        rejects(
            before,
            &before.replace("-o\", \"pipefail\", \"", ""),
            Kind::SettingsChanged,
        );
    }
}
