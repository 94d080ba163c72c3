//! Where an install leaves development dependencies out that the original installs, nothing behind it builds, and no step
//! of the original runs unknown code on what it leaves.

use crate::effects::steps::StepKind;
use crate::effects::{AbsolutePath, Place};

use super::identity::Act;
use super::model::{Item, StageModel, Version};
use super::{Kind, Pair, Violation};

/// Checks every stage of the result.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let made = pair.made();
    let checked = made.flat_map(|(_, old, new)| [check_stage(pair, old, new), check_taken(pair, old, new)]);
    checked.flatten().collect()
}

/// A step that runs unknown code behind a COPY of packages out of a stage that leaves some of them out.
fn check_taken(pair: &Pair<'_>, old: &StageModel, new: &StageModel) -> Option<Violation> {
    let is_short = |from: usize, region: &Place| {
        let stage = pair.after.stages.get(from);
        let mut items = stage.iter().flat_map(|stage| &stage.items);
        items.any(|item| {
            let modules = modules(pair.after, item);
            let is_brought = modules.is_none_or(|modules| region.meets(&modules));
            is_brought && leaves_out(pair.after, item) && !has(pair.before, old, item)
        })
    };
    let mut deliveries = new.deliveries.iter();
    let delivery = deliveries.find(|delivery| is_short(delivery.from, &delivery.region))?;
    let mut later = new.items.iter().skip(delivery.at + 1);
    let user = later.find(|item| item.step.kind == StepKind::Other && item.effects().unknown.is_some())?;
    let line = pair.after.line(user);
    Some(Violation {
        kind: Kind::InputLost,
        line,
        what: format!("line {line} may load a development dependency that would not be installed"),
        remedy: "run it before the development dependencies are removed".to_owned(),
    })
}

/// The folder to which an install puts packages; none where that is not known.
fn modules(version: &Version<'_>, item: &Item) -> Option<Place> {
    let folder = version.command(item)?.workdir.as_deref()?;
    AbsolutePath::of("node_modules", AbsolutePath::of(folder, None).as_ref()).map(Place::Under)
}

fn check_stage(pair: &Pair<'_>, old: &StageModel, new: &StageModel) -> Option<Violation> {
    let is_new = |item: &&Item| leaves_out(pair.after, item) && !has(pair.before, old, item);
    let first = new.items.iter().position(|item| is_new(&item))?;
    let mut later = new.items.iter().skip(first + 1);
    // The scripts of the packages that stay are part of the install.
    let builds = |item: &&Item| item.step.kind == StepKind::Build && item.act != Act::Nothing;
    let build = later.find(|item| builds(item) && !is_install(pair.after, item))?;
    let line = pair.after.line(build);
    Some(Violation {
        kind: Kind::InputLost,
        line,
        what: format!("line {line} builds, and may need a development dependency that would not be installed"),
        remedy: "build before the development dependencies are removed".to_owned(),
    })
}

fn leaves_out(version: &Version<'_>, item: &Item) -> bool {
    let command = version.command(item);
    is_install(version, item) && command.is_some_and(|command| command.says_production())
}

fn is_install(version: &Version<'_>, item: &Item) -> bool {
    let used = version.command(item).and_then(|command| command.manager.as_ref());
    used.is_some_and(|used| used.changes_node_project())
}

/// Whether the original leaves them out with the same step.
fn has(version: &Version<'_>, stage: &StageModel, item: &Item) -> bool {
    let mut items = stage.items.iter();
    items.any(|other| other.act == item.act && leaves_out(version, other))
}

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    const BEFORE: &str =
        "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm install && npm run build\nCMD [\"node\", \"index.js\"]\n";

    fn split(steps: &str) -> String {
        format!(
            "FROM node:20 AS builder\nWORKDIR /app\nCOPY . .\n{steps}\n\nFROM node:20\nWORKDIR /app\n\
            COPY --from=builder /app /app\nCMD [\"node\", \"index.js\"]\n"
        )
    }

    #[test]
    fn builds_find_the_development_dependencies() {
        accepts(
            BEFORE,
            &split("RUN npm install && npm run build\nRUN npm prune --omit=dev"),
        );
        for wrong in [
            "RUN npm install --omit=dev && npm run build",
            "RUN npm install --omit=dev\nRUN npm run build",
            "RUN npm install && npm prune --omit=dev && npm run build",
        ] {
            rejects(BEFORE, &split(wrong), Kind::InputLost);
        }
    }

    #[test]
    fn code_of_the_last_stage_finds_them() {
        let before = BEFORE.replace("CMD", "RUN node scripts/seed.ts\nCMD");
        let after = |steps: &str| split(steps).replace("\nCMD", "\nRUN node scripts/seed.ts\nCMD");
        accepts(&before, &after("RUN npm install && npm run build"));
        let pruned = after("RUN npm install && npm run build\nRUN npm prune --omit=dev");
        rejects(&before, &pruned, Kind::InputLost);
    }

    #[test]
    fn what_the_original_leaves_out_is_its_own_business() {
        let before = BEFORE.replace("npm install", "npm install --omit=dev");
        accepts(&before, &split("RUN npm install --omit=dev && npm run build"));
    }
}
