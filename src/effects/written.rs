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
                Place::Exactly(path) => self.add_path(path.clone()),
                Place::Under(path) => {
                    self.trees.insert(path.clone());
                    self.add_path(path.clone());
                }
                Place::Pattern(path) => self.trees.extend(path.parent()),
            }
        }
        effects.folders.iter().for_each(|folder| self.add_path(folder.clone()));
    }

    fn add_path(&mut self, path: AbsolutePath) {
        let mut next = Some(path);
        while let Some(path) = next {
            next = path.parent();
            if !self.paths.insert(path) {
                return;
            }
        }
    }

    /// Whether a step wrote `path`, as far as it is known where each writes.
    pub(super) fn has(&self, path: &AbsolutePath) -> bool {
        let in_trees =
            || std::iter::successors(Some(path.clone()), AbsolutePath::parent).any(|above| self.trees.contains(&above));
        self.paths.contains(path) || in_trees()
    }
}
