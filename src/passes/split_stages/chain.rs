//! A last stage that stands on another stage of the file, `FROM base AS production`: it is planned as if it had the
//! instructions of that stage itself, and then stands on that stage's image.

use std::ops::Range;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Base, Facts};
use crate::syntax::{Dockerfile, Instruction, Keyword, LineRange};

use super::plan::{Line, Plan};

/// The file with the instructions of the stages that the last one stands on written out in it.
pub(super) struct Chain {
    pub(super) file: Dockerfile,
    pub(super) facts: Facts,
    /// What the last stage inherits, in that file.
    inherited: Range<usize>,
    /// The stage that it stands on, as FROM names it.
    name: String,
}

impl Chain {
    /// The chain of the last stage; none where it stands on an image, or on nothing that is known.
    pub(super) fn of(file: &Dockerfile, facts: &Facts) -> Option<Chain> {
        let stage = facts.stages.last()?;
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
        Some(Chain {
            facts: facts.updated(&flat),
            file: flat,
            inherited,
            name: from.node().words().first()?.value.clone(),
        })
    }

    /// What the last stage inherits, in the flat file.
    pub(super) fn inherited(&self) -> Range<usize> {
        self.inherited.clone()
    }

    /// Puts the builder of a plan for the flat file on the stage that the last one stands on, which stays as it is: others
    /// may stand on it, or build it.
    ///
    /// # Errors
    /// Where that stage is an image of its own, which the last one only adds to.
    pub(super) fn settle(&self, plan: &mut Plan) -> Result<(), Obstacle> {
        let starts = |instruction: &Instruction| matches!(instruction.keyword(), Keyword::Cmd | Keyword::Entrypoint);
        let inherited = self.file.instructions.get(self.inherited.clone());
        if inherited.unwrap_or_default().iter().any(starts) {
            return Err(Obstacle::new(
                ObstacleKind::OtherImage,
                format!("`{}` is an image of its own, which this stage adds to", self.name),
                format!("split `{}` by hand, or put it last in the file", self.name),
            ));
        }
        plan.builder.retain(|line| match line {
            Line::Old(index) | Line::Edited(index, _) => !self.inherited.contains(index),
            Line::New { .. } => true,
        });
        if plan.builder.is_empty() {
            // All that is built is built there.
            let own = format!("--from={} ", plan.builder_name);
            for line in &mut plan.runtime {
                if let Line::New { text, .. } = line {
                    *text = text.replacen(&own, &format!("--from={} ", self.name), 1);
                }
            }
            plan.builder_name.clone_from(&self.name);
        }
        plan.builder_on = Some(self.name.clone());
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
}
