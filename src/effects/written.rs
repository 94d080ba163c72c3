//! What the steps so far wrote, for the question whether a path is theirs.

use std::collections::BTreeSet;

use super::effect::Effects;
use super::path::{AbsolutePath, Place};

/// The places that steps wrote.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Single paths, and the folders above all that was written.
    paths: BTreeSet<AbsolutePath>,
    /// Folders of which anything may be written.
    trees: BTreeSet<AbsolutePath>,
}

impl Written {
    /// Adds what a step writes.
    pub(super) fn add(&mut self, effects: &Effects) {
        for place in &effects.writes {
            match place {
                // That says nothing of a single path.
                Place::Anywhere => {}
                Place::Exactly(path) => self.paths.extend(path.ancestors()),
                Place::Under(path) | Place::Somewhere(path) => {
                    self.trees.insert(path.clone());
                    self.paths.extend(path.ancestors());
                }
                Place::Pattern(path) => self.trees.extend(path.parent()),
            }
        }
        self.paths
            .extend(effects.folders.iter().flat_map(AbsolutePath::ancestors));
    }

    /// Whether a step wrote `path`, as far as it is known where each writes.
    pub(super) fn has(&self, path: &AbsolutePath) -> bool {
        self.paths.contains(path) || path.ancestors().any(|above| self.trees.contains(&above))
    }
}
