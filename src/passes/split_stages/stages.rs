//! Writes the two stages.

use crate::syntax::{Dockerfile, Instruction, Keyword};

use super::plan::{Line, Plan};

/// Puts the two stages in the place of the one. `pinned` is the tag that the builder's image gets.
///
/// # Errors
/// None is returned where a new text is no instruction; the file is unchanged then.
pub(super) fn write(file: &mut Dockerfile, plan: &Plan, pinned: Option<&str>) -> Option<()> {
    let old = file.instructions.clone();
    let from = old.get(plan.stage.start)?;
    let mut new: Vec<Instruction> = old.get(..plan.stage.start)?.to_vec();
    if !plan.builder.is_empty() {
        let text = match &plan.builder_on {
            Some(parent) => with_image(&as_builder(from, &plan.builder_name, file)?, parent)?,
            None => builder_from(from, &plan.builder_name, pinned)?,
        };
        let mut builder_from = file.instruction(text).ok()?;
        builder_from.leading = match &plan.builder_on {
            Some(_) => file.newline.as_str().to_owned(),
            None => from.leading.clone(),
        };
        // It stands in no file: `reorder-copies` may leave out what comes to stand at its end.
        builder_from.lines = None;
        new.push(builder_from);
    }
    let mut said: Vec<usize> = plan.repeated.clone().collect();
    for line in &plan.builder {
        let instruction = instruction(file, &old, line)?;
        if let Line::Old(index) | Line::Edited(index, _) = line {
            said.push(*index);
        }
        new.push(instruction);
    }

    let newline = file.newline.as_str();
    let mut runtime_from = match &plan.image {
        None => from.clone(),
        Some(image) => file.instruction(with_image(from, image)?).ok()?,
    };
    // A stage that stands on another one was not the first of its kind: what is said above it is said of it.
    runtime_from.leading = match &plan.builder_on {
        Some(_) => from.leading.clone(),
        None => newline.to_owned(),
    };
    runtime_from.lines = from.lines;
    runtime_from.ending = newline.to_owned();
    new.push(runtime_from);
    for (number, line) in plan.runtime.iter().enumerate() {
        let mut instruction = instruction(file, &old, line)?;
        let repeats = match line {
            Line::Old(index) => said.contains(index),
            Line::Edited(index, _) => plan.repeated.contains(index),
            Line::New { .. } => false,
        };
        if repeats {
            instruction.leading = blank_lines(&instruction.leading, newline);
        }
        if number == 0 && !instruction.leading.contains('#') {
            instruction.leading = if from_is_apart(&old, plan.stage.start) {
                newline.to_owned()
            } else {
                String::new()
            };
        }
        new.push(instruction);
    }
    new.extend_from_slice(old.get(plan.stage.end..).unwrap_or_default());
    // Only the last line of the file may do without a newline.
    let count = new.len();
    for instruction in new.iter_mut().take(count.saturating_sub(1)) {
        if instruction.ending.is_empty() {
            instruction.ending = newline.to_owned();
        }
    }
    file.instructions = new;
    Some(())
}

/// Whether a blank line stands behind FROM.
fn from_is_apart(old: &[Instruction], from: usize) -> bool {
    old.get(from + 1)
        .is_some_and(|next| next.leading.starts_with(['\n', '\r']))
}

fn instruction(file: &Dockerfile, old: &[Instruction], line: &Line) -> Option<Instruction> {
    match line {
        Line::Old(index) => old.get(*index).cloned(),
        Line::Edited(index, text) => {
            let original = old.get(*index)?;
            let mut instruction = file.instruction(text.clone()).ok()?;
            instruction.leading.clone_from(&original.leading);
            instruction.lines = original.lines;
            Some(instruction)
        }
        Line::New { text, at } => {
            let mut instruction = file.instruction(in_case_of(old, text)).ok()?;
            if let Some(original) = old.get(*at) {
                instruction.leading = blank_lines(&original.leading, file.newline.as_str());
            }
            Some(instruction)
        }
    }
}

/// A new instruction with its keyword as the file writes them: `run`, if all are lower case.
fn in_case_of(old: &[Instruction], text: &str) -> String {
    let is_lower = |instruction: &Instruction| {
        let keyword = instruction.text().get(instruction.node().keyword_range.clone());
        keyword.is_some_and(|keyword| keyword.chars().all(char::is_lowercase))
    };
    match text.split_once(' ') {
        Some((keyword, rest)) if old.iter().all(is_lower) => format!("{} {rest}", keyword.to_lowercase()),
        _ => text.to_owned(),
    }
}

/// What is left of the lines above an instruction without their comments: one blank line, or none.
fn blank_lines(leading: &str, newline: &str) -> String {
    let has_blank = leading.lines().any(|line| line.trim().is_empty());
    if has_blank { newline.to_owned() } else { String::new() }
}

/// FROM with the name of the builder.
fn as_builder(from: &Instruction, name: &str, file: &Dockerfile) -> Option<Instruction> {
    file.instruction(builder_from(from, name, None)?).ok()
}

/// `FROM image AS name`, with the flags and in the case of the original.
fn builder_from(from: &Instruction, name: &str, pinned: Option<&str>) -> Option<String> {
    let text = from.text();
    let image = from.node().words().first()?;
    let head = text.get(..image.range.start)?;
    let value = match (pinned, image.value.rsplit_once(':')) {
        (Some(tag), Some((repository, _))) if !repository.is_empty() => format!("{repository}:{tag}"),
        (Some(tag), None) => format!("{}:{tag}", image.value),
        _ => image.value.clone(),
    };
    let keyword = text.get(from.node().keyword_range.clone())?;
    let joins = if keyword.chars().all(char::is_lowercase) {
        "as"
    } else {
        "AS"
    };
    Some(format!("{head}{value} {joins} {name}"))
}

/// FROM with another image; its name stays.
fn with_image(from: &Instruction, image: &str) -> Option<String> {
    debug_assert_eq!(from.keyword(), Keyword::From);
    let mut text = from.text().to_owned();
    text.replace_range(from.node().words().first()?.range.clone(), image);
    Some(text)
}
