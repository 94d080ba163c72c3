//! The move itself.

use crate::passes::{Change, Level};
use crate::syntax::{Dockerfile, Instruction};

use super::ID;
use super::plan::Plan;
use super::split::Runs;

/// Makes the move; none where a new text is no instruction.
pub(super) fn apply(file: &mut Dockerfile, plan: Plan) -> Option<Change> {
    let lines = plan
        .moved
        .iter()
        .chain([&plan.at])
        .fold(file.lines_of(plan.run), |lines, index| {
            lines.join(file.lines_of(*index))
        });
    let parse = |text: &String| file.instruction(text.clone()).ok();
    let mut new: Vec<Instruction> = plan.lines.iter().map(parse).collect::<Option<_>>()?;
    let mut before: Option<Instruction> = None;
    let mut behind: Option<Instruction> = None;
    if let Some(Runs {
        before: first,
        behind: rest,
        ..
    }) = &plan.runs
    {
        before = Some(parse(first)?);
        behind = match rest {
            Some(rest) => Some(parse(rest)?),
            None => None,
        };
    }
    let mut rewritten: Vec<(usize, Instruction)> = Vec::new();
    for (index, text) in &plan.rewritten {
        rewritten.push((*index, parse(text)?));
    }

    let newline = file.newline.as_str();
    let keeps_comments = plan.runs.as_ref().is_some_and(|runs| runs.keeps_comments);
    let old = std::mem::take(&mut file.instructions);
    let mut result: Vec<Instruction> = Vec::with_capacity(old.len() + new.len() + 2);
    let mut copies: Vec<Instruction> = Vec::new();
    // A blank line above a COPY that goes stays where it parts two paragraphs.
    let mut has_gap = false;
    // Comments above a COPY that tell of something else.
    let mut left_behind = String::new();
    let mut line_before = 0;
    for (index, mut instruction) in old.into_iter().enumerate() {
        let is_moved = plan.moved.contains(&index);
        let own_line = instruction.lines.map_or(usize::MAX, |lines| lines.first);
        let begins_paragraph = instruction.leading.starts_with(['\n', '\r']);
        if !left_behind.is_empty() && !is_moved {
            instruction.leading.insert_str(0, &std::mem::take(&mut left_behind));
        }
        if index == plan.at {
            let stays = is_moved || keeps_comments || plan.moved.is_empty() || speaks_to_tools(&instruction.leading);
            if let Some(first) = new.first_mut() {
                first.leading = if !stays {
                    std::mem::take(&mut instruction.leading)
                } else if begins_paragraph && !speaks_to_tools(&instruction.leading) {
                    newline.to_owned()
                } else {
                    String::new()
                };
            }
            for mut line in new.drain(..) {
                open_paragraph(&mut line, &mut has_gap, newline);
                result.push(line);
            }
            if plan.moved.is_empty() {
                result.extend(before.take());
            }
        }
        if is_moved {
            let (others, own) = split_comments(&instruction.leading);
            left_behind.push_str(others);
            instruction.leading = own.to_owned();
            // Not so where it came to stand by an earlier move.
            let is_at_home = instruction.lines.is_some_and(|lines| lines.first > line_before);
            has_gap |= begins_paragraph && index != plan.at && is_at_home;
            let text = rewritten.iter().find(|(number, _)| *number == index);
            copies.push(match text {
                Some((_, text)) => like(text.clone(), &instruction),
                None => instruction,
            });
            continue;
        }
        line_before = own_line;
        if index != plan.run {
            open_paragraph(&mut instruction, &mut has_gap, newline);
            result.push(instruction);
            continue;
        }
        match before.take() {
            None => {
                open_paragraph(&mut instruction, &mut has_gap, newline);
                result.push(instruction);
                result.append(&mut copies);
            }
            Some(mut first) => {
                if !keeps_comments {
                    first.leading = std::mem::take(&mut instruction.leading);
                }
                open_paragraph(&mut first, &mut has_gap, newline);
                result.push(first);
                result.append(&mut copies);
                result.push(match behind.take() {
                    Some(rest) => like(rest, &instruction),
                    None => instruction,
                });
            }
        }
    }
    file.instructions = result;
    Some(change(&plan, lines))
}

/// `new` in the place of `old`.
fn like(mut new: Instruction, old: &Instruction) -> Instruction {
    new.leading.clone_from(&old.leading);
    new.ending.clone_from(&old.ending);
    new.lines = old.lines;
    new
}

/// The comments that part from an instruction when it moves, and those that go with it: the last ones, if no blank line
/// stands between, and the blank line above them.
pub(super) fn split_comments(leading: &str) -> (&str, &str) {
    let lines: Vec<&str> = leading.split_inclusive('\n').collect();
    let is_blank = |line: &&&str| line.trim().is_empty();
    let comments = lines.iter().rev().take_while(|line| !is_blank(line)).count();
    let blanks = lines.iter().rev().skip(comments).take_while(is_blank).count();
    let others = lines.get(..lines.len() - comments - blanks).unwrap_or_default();
    let at = others.iter().map(|line| line.len()).sum();
    leading.split_at_checked(at).unwrap_or((leading, ""))
}

/// Comments above a RUN tell of the install and go above the COPY for it, unless they speak to a tool.
fn speaks_to_tools(comments: &str) -> bool {
    ["hadolint", "plimsoll", "check="]
        .iter()
        .any(|tool| comments.contains(tool))
}

fn open_paragraph(instruction: &mut Instruction, has_gap: &mut bool, newline: &str) {
    if *has_gap && instruction.leading.is_empty() {
        newline.clone_into(&mut instruction.leading);
    }
    *has_gap = false;
}

fn change(plan: &Plan, lines: crate::syntax::LineRange) -> Change {
    let programs = &plan.programs;
    let what = match (&plan.runs, plan.lines.is_empty()) {
        (Some(_), _) => format!("install the dependencies of {programs} before the sources are copied"),
        (None, true) => format!("copy the sources behind {programs}"),
        (None, false) => format!("copy what {programs} reads first, the sources behind it"),
    };
    Change {
        pass: ID,
        level: Level::Safe,
        lines,
        what,
        why: "an edit of a source file no longer runs the install again; the files in the image stay the same"
            .to_owned(),
        evidence: plan.evidence.clone(),
        assumptions: Vec::new(),
    }
}
