//! What stands in the way of a change.

use serde::{Deserialize, Serialize};

/// What kind of thing stands in the way. The names are stable: reports count and filter by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ObstacleKind {
    /// Nothing is known of what a command does or leaves.
    UnknownCommand,
    /// Nothing tells in which file or folder a command reads or writes.
    UnknownPlace,
    /// Nothing tells whether the program needs something, or what the image starts.
    UnknownNeed,
    /// Nothing tells which package, version or release it takes.
    UnknownPackage,
    /// A file that would tell is not in the build context, or there is no context.
    MissingFile,
    /// The program needs at run time what would be left out.
    NeededAtRunTime,
    /// Something else in the file or its context uses it.
    InUse,
    /// What is written is among files of others, so that it cannot be carried by itself.
    SharedPlace,
    /// Another step comes in between, and their order must stay.
    Order,
    /// The commands of an instruction cannot be told apart.
    Entangled,
    /// The text cannot be read.
    Unreadable,
    /// Another image depends on the stage as it is.
    OtherImage,
    /// The tool that would do it has no way to.
    Unsupported,
    /// It would make nothing smaller or faster.
    NoGain,
    /// The user has said that it stays.
    Chosen,
    /// The check of the rewrite rejected it.
    Rejected,
}

impl ObstacleKind {
    /// Its name in reports, such as `unknown-command`.
    pub fn name(self) -> &'static str {
        match self {
            ObstacleKind::UnknownCommand => "unknown-command",
            ObstacleKind::UnknownPlace => "unknown-place",
            ObstacleKind::UnknownNeed => "unknown-need",
            ObstacleKind::UnknownPackage => "unknown-package",
            ObstacleKind::MissingFile => "missing-file",
            ObstacleKind::NeededAtRunTime => "needed-at-run-time",
            ObstacleKind::InUse => "in-use",
            ObstacleKind::SharedPlace => "shared-place",
            ObstacleKind::Order => "order",
            ObstacleKind::Entangled => "entangled",
            ObstacleKind::Unreadable => "unreadable",
            ObstacleKind::OtherImage => "other-image",
            ObstacleKind::Unsupported => "unsupported",
            ObstacleKind::NoGain => "no-gain",
            ObstacleKind::Chosen => "chosen",
            ObstacleKind::Rejected => "rejected",
        }
    }
}

/// What stands in the way, and what the user can do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Its kind.
    pub kind: ObstacleKind,
    /// What was found, as a clause without a full stop.
    pub found: String,
    /// What would remove it.
    pub remedy: String,
}

impl Obstacle {
    pub(crate) fn new(kind: ObstacleKind, found: impl Into<String>, remedy: impl Into<String>) -> Obstacle {
        Obstacle {
            kind,
            found: found.into(),
            remedy: remedy.into(),
        }
    }
}
