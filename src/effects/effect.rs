//! The effects of one step.

use std::collections::BTreeSet;

use crate::knowledge::State;

use super::command::is_standard_folder;
use super::path::{AbsolutePath, Place};

/// What a step does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// What it may read.
    pub reads: Vec<Place>,
    /// What it may create, overwrite or change.
    pub writes: Vec<Place>,
    /// What it may delete.
    pub deletes: Vec<Place>,
    /// Paths that must be there, or it fails: the file that `rm` deletes, the folder above the file that `cp` writes.
    pub requires: Vec<AbsolutePath>,
    /// Folders that are there when it is done, beside those of [`Self::writes`].
    pub folders: Vec<AbsolutePath>,
    /// The programs that it runs, by their name or path as written.
    pub runs: Vec<String>,
    /// What it changes apart from the files above.
    pub state: BTreeSet<State>,
    /// Whether it talks to the network.
    pub network: bool,
    /// Whether it changes only owners and permissions.
    pub only_attributes: bool,
    /// Whether what it writes are links.
    pub makes_links: bool,
    /// What the symbolic links that it makes may lead to. That need not be there when the step runs.
    pub links_to: Vec<Place>,
    /// Why what it does is not known, if it is not. Such a step reads and writes [`Place::Anywhere`].
    pub unknown: Option<String>,
}

impl Effects {
    /// The effects of a step of which nothing is known, and why.
    #[must_use]
    pub fn unknown(why: impl Into<String>) -> Effects {
        Effects {
            reads: vec![Place::Anywhere],
            writes: vec![Place::Anywhere],
            unknown: Some(why.into()),
            ..Effects::default()
        }
    }

    /// Adds those of a step that runs next.
    pub fn then(&mut self, next: Effects) {
        self.reads.extend(next.reads);
        self.writes.extend(next.writes);
        self.deletes.extend(next.deletes);
        self.requires.extend(next.requires);
        self.folders.extend(next.folders);
        self.runs.extend(next.runs);
        self.state.extend(next.state);
        self.network |= next.network;
        self.only_attributes &= next.only_attributes;
        self.makes_links |= next.makes_links;
        self.links_to.extend(next.links_to);
        self.unknown = self.unknown.take().or(next.unknown);
    }

    /// The paths under which all that it writes is found, where it is not known whether a copy went to a path or into it: the
    /// outermost ones. Folders that every image has are there anyway.
    #[must_use]
    pub fn written_paths(&self) -> Vec<&AbsolutePath> {
        let is_own = |place: &&Place| !matches!(place, Place::Exactly(path) if is_standard_folder(path));
        let paths: Vec<&AbsolutePath> = self.writes.iter().filter(is_own).filter_map(Place::path).collect();
        let is_inner = |path: &AbsolutePath| paths.iter().any(|other| *other != path && path.is_within(other));
        let mut outer: Vec<&AbsolutePath> = paths.iter().copied().filter(|path| !is_inner(path)).collect();
        outer.dedup();
        outer
    }

    /// Whether it may read something of `place`, or needs that it is there.
    #[must_use]
    pub fn may_read(&self, place: &Place) -> bool {
        let required = |path: &AbsolutePath| place.meets(&Place::Exactly(path.clone()));
        self.reads.iter().any(|read| read.meets(place)) || self.requires.iter().any(required)
    }

    /// Whether it may create, change or delete something of `place`.
    #[must_use]
    pub fn may_change(&self, place: &Place) -> bool {
        self.writes
            .iter()
            .chain(&self.deletes)
            .any(|changed| changed.meets(place))
    }

    /// Whether the order of this step and `other` may matter: one may change what the other reads or changes.
    #[must_use]
    pub fn depends_on(&self, other: &Effects) -> bool {
        let changes = |a: &Effects, b: &Effects| {
            let mut changed = a.writes.iter().chain(&a.deletes);
            changed.any(|place| b.may_read(place) || b.may_change(place))
        };
        let states = |a: &Effects, b: &Effects| a.state.iter().any(|state| b.state.contains(state));
        changes(self, other) || changes(other, self) || states(self, other)
    }
}
