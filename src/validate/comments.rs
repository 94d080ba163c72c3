//! Every comment of the user is in the result, unless what it speaks of is gone.

use std::collections::HashSet;

use crate::syntax::{Dockerfile, Instruction, Keyword};

use super::identity::{Act, arguments};
use super::model::Version;
use super::{Kind, Pair, Violation};

/// Checks every comment of the original.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let kept: HashSet<String> = all(pair.after.file).into_iter().map(|(_, comment)| comment).collect();
    let lost = all(pair.before.file)
        .into_iter()
        .filter(|(_, comment)| !kept.contains(comment));
    lost.filter(|(index, _)| index.is_none_or(|index| survives(pair, index)))
        .map(|(index, comment)| Violation {
            kind: Kind::CommentLost,
            line: index.map_or(1, |index| pair.before.file.line_of(index)),
            what: format!("the comment `{comment}` would be lost"),
            remedy: "move the comment".to_owned(),
        })
        .collect()
}

/// The comments of a file, each with the number of the instruction that it is above or in.
fn all(file: &Dockerfile) -> Vec<(Option<usize>, String)> {
    let mut found = Vec::new();
    for (index, instruction) in file.instructions.iter().enumerate() {
        let inner = instruction
            .text()
            .lines()
            .skip(1)
            .filter(|_| instruction.node().heredocs.is_empty());
        let lines = instruction.leading.lines().chain(inner);
        found.extend(comments(lines).map(|comment| (Some(index), comment)));
    }
    found.extend(comments(file.epilogue.lines()).map(|comment| (None, comment)));
    found
}

fn comments<'t>(lines: impl Iterator<Item = &'t str>) -> impl Iterator<Item = String> {
    let is_comment = |line: &&str| line.starts_with('#') && line.len() > 1;
    lines.map(str::trim).filter(is_comment).map(str::to_owned)
}

/// Whether the instruction that a comment stands at is in the result, as a whole.
fn survives(pair: &Pair<'_>, index: usize) -> bool {
    let Some(instruction) = pair.before.file.instructions.get(index) else {
        return true;
    };
    if instruction.keyword() != Keyword::Run {
        let text = |instruction: &Instruction| (instruction.keyword(), arguments(instruction));
        return pair
            .after
            .file
            .instructions
            .iter()
            .any(|other| text(other) == text(instruction));
    }
    let acts: Vec<&Act> = acts_of(pair.before, index);
    !acts.is_empty()
        && acts
            .iter()
            .all(|act| pair.after.stages.iter().any(|stage| stage.position(act).is_some()))
}

fn acts_of<'v>(version: &'v Version<'_>, index: usize) -> Vec<&'v Act> {
    let stage = version
        .facts
        .stage_of(index)
        .and_then(|stage| version.stages.get(stage));
    let items = stage.map(|stage| stage.items.as_slice()).unwrap_or_default();
    items
        .iter()
        .filter(|item| item.step.instruction == index)
        .map(|item| &item.act)
        .collect()
}
