//! The configuration of an image is equal, but for what a rewrite may add to it.

use std::collections::BTreeSet;

use crate::effects::AbsolutePath;
use crate::facts::{Scope, User};
use crate::knowledge::{is_toolchain_folder, is_toolchain_setting};
use crate::syntax::{Arguments, Keyword, Node};

use super::identity::arguments;
use super::model::Version;
use super::{Kind, Pair, Violation};

/// Instructions of which the last one counts.
const LAST: &[Keyword] = &[
    Keyword::Cmd,
    Keyword::Entrypoint,
    Keyword::Healthcheck,
    Keyword::Stopsignal,
    Keyword::Shell,
];

/// Instructions that add up.
const ALL: &[Keyword] = &[Keyword::Expose, Keyword::Volume, Keyword::Label, Keyword::Onbuild];

/// Checks every stage of the original.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for &(before, after) in &pair.stages {
        let changed = |what: String| Violation {
            kind: Kind::ConfigurationChanged,
            line: pair
                .before
                .facts
                .stages
                .get(before)
                .map_or(1, |stage| pair.before.file.line_of(stage.instructions.start)),
            what,
            remedy: "keep the instruction as it is".to_owned(),
        };
        found.extend(instructions(pair, before, after).into_iter().map(changed));
        let has_programs = |folder: &str| has_programs(pair.after, after, folder);
        if let (Some(old), Some(new)) = (pair.before.end(before), pair.after.end(after)) {
            found.extend(scopes(old, new, &has_programs).into_iter().map(changed));
        }
    }
    found
}

fn instructions(pair: &Pair<'_>, before: usize, after: usize) -> Vec<String> {
    let mut found = Vec::new();
    for keyword in LAST {
        let text = |version: &Version<'_>, stage: usize| {
            let index = version.last(stage, *keyword)?;
            version.file.instructions.get(index).map(arguments)
        };
        let (old, new) = (text(pair.before, before), text(pair.after, after));
        if old != new {
            found.push(format!("{} would be another one", keyword.name()));
        }
    }
    for keyword in ALL {
        let (old, new) = (all(pair.before, before, *keyword), all(pair.after, after, *keyword));
        found.extend(old.symmetric_difference(&new).next().map(|text| {
            let verb = if old.contains(text) { "lost" } else { "added" };
            format!("`{} {text}` would be {verb}", keyword.name())
        }));
    }
    found
}

/// What the instructions of a kind say in a stage and those that it stands on.
fn all(version: &Version<'_>, stage: usize, keyword: Keyword) -> BTreeSet<String> {
    let ranges = version
        .stages
        .get(stage)
        .map(|model| model.ranges.as_slice())
        .unwrap_or_default();
    let indexes = ranges.iter().flat_map(Clone::clone);
    let own = indexes.filter(|index| version.node(*index).is_some_and(|node| node.keyword == keyword));
    let texts = own.filter_map(|index| {
        let instruction = version.file.instructions.get(index)?;
        Some(parts(instruction.node(), &arguments(instruction)))
    });
    texts.flatten().collect()
}

fn parts(node: &Node, text: &str) -> Vec<String> {
    match &node.arguments {
        Arguments::Words(words) => words.iter().map(|word| word.value.clone()).collect(),
        Arguments::Pairs { pairs, .. } => {
            let pair = |pair: &crate::syntax::Pair| format!("{}={}", pair.name, pair.value.value);
            pairs.iter().map(pair).collect()
        }
        _ => vec![text.to_owned()],
    }
}

fn scopes(old: &Scope, new: &Scope, has_programs: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(users(&old.user, &new.user));
    if old.workdir != new.workdir {
        found.push("WORKDIR would be another one".to_owned());
    }
    if old.shell != new.shell {
        found.push("SHELL would be another one".to_owned());
    }
    for (name, variable) in old.variables.iter().filter(|(_, variable)| variable.in_image) {
        let now = new.variables.get(name).filter(|variable| variable.in_image);
        let now = now.map(|variable| variable.value.as_deref());
        let was = variable.value.as_deref();
        let name: &str = name;
        let is_kept = match name {
            "PATH" => is_path_kept(was.unwrap_or_default(), now.flatten().unwrap_or_default(), has_programs),
            _ => now == Some(was),
        };
        let is_gone = now.is_none() && (is_of_base(old, name, was) || is_toolchain_setting(name));
        if !(is_kept || is_gone) {
            found.push(format!("the variable {name} would be another one"));
        }
    }
    found
}

/// How the user differs: another one, or an account that only the old image has.
fn users(old: &User, new: &User) -> Option<String> {
    match (old, new) {
        (User::Other(was), User::Other(now)) if was.name == now.name => {
            (was.uid.is_some() && now.uid.is_none()).then(|| {
                format!(
                    "USER names {}, an account of the old image, which the new one may lack",
                    was.name
                )
            })
        }
        _ => (old != new).then(|| "USER would be another one".to_owned()),
    }
}

/// Whether all folders of PATH are there in their order, but for those of a toolchain that is gone with all in them.
pub(super) fn is_path_kept(was: &str, now: &str, has_programs: &dyn Fn(&str) -> bool) -> bool {
    let mut rest = now.split(':');
    was.split(':').all(|folder| {
        rest.clone().any(|other| other == folder) && rest.any(|other| other == folder)
            || is_toolchain_folder(folder) && !has_programs(folder)
    })
}

/// Whether COPYs bring something into a folder of stage number `stage` from another one.
fn has_programs(version: &Version<'_>, stage: usize, folder: &str) -> bool {
    let deliveries = version.stages.get(stage).map(|stage| stage.deliveries.as_slice());
    let folder = AbsolutePath::of(folder, None);
    folder.is_some_and(|folder| {
        let mut deliveries = deliveries.unwrap_or_default().iter();
        deliveries.any(|delivery| delivery.region.is_within(&folder))
    })
}

/// Whether a variable is one that the base image sets.
pub(super) fn is_of_base(scope: &Scope, name: &str, value: Option<&str>) -> bool {
    base_value(scope, name).as_deref() == value && value.is_some()
}

fn base_value(scope: &Scope, name: &str) -> Option<String> {
    scope
        .base?
        .env
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.clone())
}
