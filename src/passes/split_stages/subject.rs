//! Everything that is known of the stage that is to be split.

use std::ops::Range;

use crate::context::ContextSource;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Facts, ImageReference, Stage};
use crate::knowledge::Release;
use crate::syntax::{Dockerfile, Instruction, Keyword, Node};

use super::Level;
use crate::effects::image_files::{self as view, Copy, View};

/// Everything that is known of the stage.
pub(super) struct Subject<'a> {
    pub(super) file: &'a Dockerfile,
    pub(super) facts: &'a Facts,
    pub(super) stage: &'a Stage,
    pub(super) image: &'a ImageReference,
    pub(super) release: Release,
    pub(super) context: &'a ContextSource,
    /// How much a change may assume.
    pub(super) level: Level,
    /// The instructions of the stages that it stands on, written out in it; none if it stands on an image.
    pub(super) inherited: Option<Range<usize>>,
    /// What the COPYs of the stage bring, in their order.
    pub(super) copies: Vec<Copy>,
}

impl Subject<'_> {
    pub(super) fn range(&self) -> Range<usize> {
        self.stage.instructions.clone()
    }

    pub(super) fn node(&self, index: usize) -> Option<&Node> {
        self.file.instructions.get(index).map(Instruction::node)
    }

    pub(super) fn keyword(&self, index: usize) -> Option<Keyword> {
        self.file.instructions.get(index).map(Instruction::keyword)
    }

    pub(super) fn text(&self, index: usize) -> &str {
        self.file
            .instructions
            .get(index)
            .map(Instruction::text)
            .unwrap_or_default()
    }

    pub(super) fn line(&self, index: usize) -> usize {
        self.file.line_of(index)
    }

    /// The image as the COPYs of the stage before instruction number `end` make it.
    pub(super) fn before(&self, end: usize) -> View<'_> {
        let count = self.copies.partition_point(|copy| copy.index < end);
        View {
            context: self.context,
            copies: self.copies.get(..count).unwrap_or_default(),
            may_choose_versions: false,
            keeps_builds: false,
        }
    }

    pub(super) fn place(&self, index: usize) -> String {
        self.file.place_of(index)
    }
}

pub(super) fn opaque(subject: &Subject<'_>, index: usize) -> Obstacle {
    Obstacle::new(
        ObstacleKind::Unreadable,
        format!("line {} cannot be read", subject.line(index)),
        "write it as plain commands of a shell",
    )
}

/// What the COPYs of `stage` bring.
pub(super) fn copies(file: &Dockerfile, facts: &Facts, stage: &Stage, context: &ContextSource) -> Vec<Copy> {
    let range = stage.instructions.clone();
    range
        .filter_map(|index| view::copy(file, facts, context, index))
        .collect()
}
