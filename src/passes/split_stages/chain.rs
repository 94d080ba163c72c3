//! A last stage that stands on another stage of the file, `FROM base AS production`: it is planned as if it had the
//! instructions of that stage itself, and then stands on that stage's image.

use std::ops::Range;

use crate::facts::{Base, Facts};
use crate::syntax::{Dockerfile, Instruction, LineRange};

use super::Obstacle;
use super::plan::{BuilderFrom, Line, Plan};

/// The file with the instructions of the stages that the last one stands on written out in it.
pub(super) struct Chain {
    pub(super) file: Dockerfile,
    pub(super) facts: Facts,
    /// What the last stage inherits, in that file.
    inherited: Range<usize>,
    /// The stage that it stands on, and its name as FROM writes it.
    parent: Range<usize>,
    name: String,
    /// Whether the parent stays a stage of its own: something else uses it, or stands between the two.
    stays: bool,
}

impl Chain {
    /// The chain of the last stage; none where it stands on an image, or on nothing that is known.
    pub(super) fn of(file: &Dockerfile, facts: &Facts) -> Option<Chain> {
        let (own, stage) = facts.stages.iter().enumerate().next_back()?;
        let Base::Stage(number) = stage.base else { return None };
        let mut bodies: Vec<Range<usize>> = Vec::new();
        let mut root = number;
        let root = loop {
            let above = facts.stages.get(root)?;
            bodies.insert(0, above.instructions.start + 1..above.instructions.end);
            match above.base {
                Base::Stage(next) => root = next,
                Base::Image(_) => break above,
                Base::Scratch | Base::Unknown => return None,
            }
        };
        let root = file.instructions.get(root.instructions.start)?;
        if !root.node().flags.is_empty() {
            return None;
        }
        let from = file.instructions.get(stage.instructions.start)?;
        let mut text = from.text().to_owned();
        text.replace_range(
            from.node().words().first()?.range.clone(),
            &root.node().words().first()?.value,
        );
        let mut new_from = file.instruction(text).ok()?;
        (new_from.leading, new_from.ending) = (from.leading.clone(), from.ending.clone());
        new_from.lines = from.lines;

        let mut flat = file.clone();
        let mut instructions: Vec<Instruction> = file.instructions.get(..stage.instructions.start)?.to_vec();
        instructions.push(new_from);
        let start = instructions.len();
        for body in &bodies {
            instructions.extend_from_slice(file.instructions.get(body.clone())?);
        }
        let inherited = start..instructions.len();
        instructions.extend_from_slice(file.instructions.get(stage.instructions.start + 1..)?);
        flat.instructions = instructions;
        let parent = facts.stages.get(number)?;
        let has_children = facts
            .stages
            .iter()
            .enumerate()
            .any(|(other, stage)| other != own && matches!(stage.base, Base::Stage(base) if base == number));
        Some(Chain {
            facts: facts.updated(&flat),
            file: flat,
            inherited,
            parent: parent.instructions.clone(),
            name: from.node().words().first()?.value.clone(),
            stays: has_children || !parent.taken.is_empty() || number + 1 != own || bodies.len() > 1,
        })
    }

    /// The name of the stage that the builder takes the place of.
    pub(super) fn replaced(&self) -> Option<&str> {
        (!self.stays).then_some(self.name.as_str())
    }

    /// Says where the builder of a plan for the flat file stands.
    ///
    /// # Errors
    /// Where the builder would have to change what others use, too.
    pub(super) fn settle(&self, plan: &mut Plan) -> Result<(), Obstacle> {
        if plan.builder.is_empty() {
            plan.repeated = self.inherited.clone();
            return Ok(());
        }
        if !self.stays {
            plan.builder_from = BuilderFrom::InPlaceOf(self.parent.clone());
            return Ok(());
        }
        let is_new_there = |line: &Line| matches!(line, Line::New { at, .. } if self.inherited.contains(at));
        if plan.builder.iter().any(is_new_there) {
            return Err((
                format!(
                    "`{}` installs packages of Python, and more than one stage uses it",
                    self.name
                ),
                "install them in the last stage".to_owned(),
            ));
        }
        plan.builder.retain(|line| match line {
            Line::Old(index) | Line::Edited(index, _) => !self.inherited.contains(index),
            Line::New { .. } => true,
        });
        plan.builder_from = BuilderFrom::On(self.name.clone());
        plan.repeated = self.inherited.clone();
        Ok(())
    }

    /// The lines of the last stage itself.
    pub(super) fn own_lines(&self) -> LineRange {
        let start = self.inherited.start;
        let from = super::plan::lines(&self.file, &(start.saturating_sub(1)..start));
        let own = self.file.instructions.iter().skip(self.inherited.end);
        own.filter_map(|instruction| instruction.lines)
            .fold(from, LineRange::join)
    }

    /// The lines of the original that a plan changes, beside those of the last stage.
    pub(super) fn lines(&self, plan: &Plan) -> Option<LineRange> {
        match plan.builder_from {
            BuilderFrom::InPlaceOf(ref parent) => Some(super::plan::lines(&self.file, parent)),
            _ => None,
        }
    }
}
