//! What was added does no harm: it surely succeeds, and touches nothing that a later step or the program needs.

use crate::effects::ecosystems::Output;
use crate::effects::image_files::Copy;
use crate::effects::{AbsolutePath, Place};
use crate::facts::Command;

use super::model::{Item, StageModel, Version};
use super::throwaway::{is_forced, is_throwaway};
use super::{Kind, Pair, Violation, reads};

/// Checks every step of the result that the original does not have.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for stage in &pair.after.stages {
        for (at, item) in stage.items.iter().enumerate() {
            if item.is_run() && is_new(pair.before, item) {
                found.extend(harm(pair.after, stage, at, item));
            }
        }
    }
    found.dedup_by(|a, b| a.what == b.what);
    found
}

fn is_new(before: &Version<'_>, item: &Item) -> bool {
    let deletes = !item.effects().deletes.is_empty();
    let is_step = matches!(item.act, super::identity::Act::Step(_));
    (is_step || deletes) && before.stages.iter().all(|stage| stage.position(&item.act).is_none())
}

fn harm(version: &Version<'_>, stage: &StageModel, at: usize, item: &Item) -> Option<Violation> {
    let effects = item.effects();
    let line = version.line(item);
    let violation = |what: String| {
        Some(Violation {
            kind: Kind::AddedStep,
            line,
            what,
            remedy: "leave it out".to_owned(),
        })
    };
    if let Some(why) = effects
        .unknown
        .as_ref()
        .filter(|_| !is_removal(version, item) && !is_inline_code(version, item))
    {
        return violation(format!("a step that would be added {why}"));
    }
    if let Some(image) = old_python(version, stage, item) {
        return violation(format!(
            "a virtual environment would be made on {image}, whose Python may lack the module venv"
        ));
    }
    if let Some(path) = lacking(version, stage, item) {
        return violation(format!(
            "a step that would be added reads /{path}, which only a COPY after it brings"
        ));
    }
    let deleted = deleted(version, item);
    if let Some(path) = deleted
        .iter()
        .find(|path| must_exist(version, item) && !surely_exists(stage, at, path))
    {
        return violation(format!(
            "a step that would be added deletes {path}, which may not be there"
        ));
    }
    let mut later = stage.items.iter().skip(at + 1);
    let reads =
        |path: &AbsolutePath, item: &Item| item.effects().requires.iter().any(|required| required.is_within(path));
    let reader = later.find(|later| deleted.iter().any(|path| reads(path, later)));
    reader.and_then(|reader| {
        violation(format!(
            "a step that would be added deletes what line {} needs",
            version.line(reader)
        ))
    })
}

/// The image, where a step makes a virtual environment with the Python 2 of an official image, which has no module for it.
fn old_python(version: &Version<'_>, stage: &StageModel, item: &Item) -> Option<String> {
    let makes = item
        .step
        .outputs
        .iter()
        .any(|output| matches!(output, Output::Environment(_)));
    let has_module = |command: &Command| command.words.iter().any(|word| word.text == "venv");
    let image = stage.image.as_ref()?;
    let is_old = image
        .tag
        .as_deref()
        .is_some_and(|tag| tag == "2" || tag.starts_with("2.") || tag.starts_with("2-"));
    let is_it = makes && is_old && version.command(item).is_some_and(has_module);
    is_it.then(|| image.to_string())
}

/// A file that a step reads and that only a later COPY brings.
fn lacking(version: &Version<'_>, stage: &StageModel, item: &Item) -> Option<String> {
    let end = stage.copies.partition_point(|copy| copy.index < item.step.instruction);
    let (earlier, later) = stage.copies.split_at_checked(end)?;
    if later.is_empty() {
        return None;
    }
    let mut read = reads::of_install(version, item, &stage.copies).unwrap_or_else(|| reads::of_code(version, item));
    let supplies =
        |copies: &[Copy], path: &str| copies.iter().any(|copy| copy.supplies(version.context, path).is_some());
    read.retain(|path| supplies(later, path) && !supplies(earlier, path));
    read.into_iter().next()
}

/// Whether a command is code that is written in place, which its author sees.
fn is_inline_code(version: &Version<'_>, item: &Item) -> bool {
    version
        .command(item)
        .is_some_and(|command| command.words.get(1).is_some_and(|word| word.text == "-c"))
}

fn is_removal(version: &Version<'_>, item: &Item) -> bool {
    version.command(item).is_some_and(|command| !command.deletes.is_empty())
}

/// The paths that `rm` deletes and that are no cache.
fn deleted(version: &Version<'_>, item: &Item) -> Vec<AbsolutePath> {
    let Some(command) = version.command(item) else {
        return Vec::new();
    };
    let paths = command.deletes.iter().filter_map(|operand| operand.path.as_deref());
    let paths = paths.filter_map(|path| AbsolutePath::of(path, None));
    paths
        .filter(|path| !is_throwaway(&Place::Under(path.clone())) || path.as_str().starts_with("/tmp/"))
        .collect()
}

/// Whether `rm` fails where a file is missing.
fn must_exist(version: &Version<'_>, item: &Item) -> bool {
    version.command(item).is_some_and(|command| !is_forced(command))
}

/// Whether a file is surely there before item number `at`: something wrote it, and nothing may have taken it since.
fn surely_exists(stage: &StageModel, at: usize, path: &AbsolutePath) -> bool {
    let place = Place::Exactly(path.clone());
    let earlier = stage.items.get(..at).unwrap_or_default();
    let writes = |item: &Item| item.effects().writes.contains(&place);
    let Some(writer) = earlier.iter().rposition(writes) else {
        return false;
    };
    let between = earlier.get(writer + 1..).unwrap_or_default();
    let mut deleted = between.iter().flat_map(|item| &item.effects().deletes);
    !deleted.any(|deleted| deleted.meets(&place))
}
