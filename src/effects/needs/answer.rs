//! The three answers to "does the image need this?".

use crate::effects::{Evidence, Obstacle, ObstacleKind};

/// What is known of a need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer<'n> {
    /// It is needed; this says so.
    Needed(&'n Evidence),
    /// All that runs is known, and needs it not.
    NotNeeded,
    /// Something that runs is not known, and may need it.
    Unknown(&'n Unanswered),
}

impl Answer<'_> {
    /// Whether it is known to be needed.
    pub(crate) fn is_needed(self) -> bool {
        matches!(self, Answer::Needed(_))
    }
}

/// Something that keeps a need from being known, and what the user can do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unanswered {
    /// Where it is, and what it is.
    pub(crate) evidence: Evidence,
    /// What would answer it.
    pub(crate) remedy: String,
}

impl Unanswered {
    pub(super) fn new(place: &str, fact: String, remedy: &str) -> Unanswered {
        Unanswered {
            evidence: Evidence {
                place: place.to_owned(),
                fact,
            },
            remedy: remedy.to_owned(),
        }
    }

    /// The same as an obstacle.
    pub(crate) fn obstacle(&self) -> Obstacle {
        let Evidence { place, fact } = &self.evidence;
        Obstacle::new(
            ObstacleKind::UnknownNeed,
            format!("{place} {fact}"),
            self.remedy.clone(),
        )
    }
}
