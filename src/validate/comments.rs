//! Every comment of the user is in the result, unless what it speaks of is gone.

use std::collections::HashSet;

use crate::syntax::{Dockerfile, Instruction, Keyword};

use super::identity::{Act, arguments};
use super::model::Version;
use super::{Kind, Pair, Violation};

/// Checks every comment of the original.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let kept: HashSet<String> = all(pair.after.file).into_iter().map(|(_, comment)| comment).collect();
    let lines: HashSet<String> = pair.after.file.instructions.iter().flat_map(code_lines).collect();
    let speaks_of_gone = |index: &Option<usize>, comment: &str| {
        let instruction = index.and_then(|index| pair.before.file.instructions.get(index));
        instruction.is_some_and(|instruction| is_inside_above_gone(instruction, comment, &lines))
    };
    let lost = all(pair.before.file)
        .into_iter()
        .filter(|(index, comment)| !kept.contains(comment) && !speaks_of_gone(index, comment));
    lost.filter(|(index, _)| index.is_none_or(|index| survives(pair, index, &lines)))
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

/// The lines of an instruction's arguments without what only joins them.
fn code_lines(instruction: &Instruction) -> Vec<String> {
    let start = instruction.node().arguments_range.start;
    let arguments = instruction.text().get(start..).unwrap_or_default();
    let lines = arguments.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.map(bare).collect()
}

fn bare(line: &str) -> String {
    let line = line.trim().trim_end_matches(['\\', '`']).trim();
    line.trim_start_matches("&&")
        .trim_end_matches("&&")
        .trim_end_matches(';')
        .trim()
        .to_owned()
}

/// Whether a comment stands within an instruction, above or below a line that is gone: it speaks of that.
fn is_inside_above_gone(instruction: &Instruction, comment: &str, kept: &HashSet<String>) -> bool {
    let lines: Vec<&str> = instruction.text().lines().collect();
    let Some(at) = lines.iter().position(|line| line.trim() == comment) else {
        return false;
    };
    let is_code = |line: &&&str| !line.trim_start().starts_with('#') && !line.trim().is_empty();
    let next = lines.iter().skip(at).find(is_code);
    let last = lines.iter().take(at).rfind(is_code);
    next.or(last).is_some_and(|line| !kept.contains(&bare(line)))
}

/// Whether the instruction that a comment stands at is in the result, as a whole. `lines` are those of the result.
fn survives(pair: &Pair<'_>, index: usize, lines: &HashSet<String>) -> bool {
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
    // What cleans is like anything else that cleans: its lines tell whether it is this one.
    if acts.iter().all(|act| **act == Act::Nothing) {
        return code_lines(instruction).iter().all(|line| lines.contains(line));
    }
    acts.iter()
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
