//! The mounts that a RUN has already.

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Execution, Mount, is_within};

use super::candidates::Candidate;

/// The existing mounts that cover caches.
#[derive(Default)]
pub(super) struct Existing {
    /// Caches that an existing cache mount covers, with that mount.
    pub(super) covered: Vec<(Candidate, Mount)>,
}

impl Existing {
    /// An existing cache mount of which nothing tells where it is.
    pub(super) fn hidden(run: &Execution) -> Option<Obstacle> {
        let is_hidden = |mount: &&Mount| mount.kind == "cache" && mount.path.is_none();
        let mount = run.mounts.iter().find(is_hidden)?;
        let target = mount.target().unwrap_or_default();
        let found = format!("nothing tells where the existing mount at `{target}` is");
        Some(Obstacle::new(
            ObstacleKind::UnknownPlace,
            found,
            "write its target as a plain absolute path",
        ))
    }

    /// Takes from `mounts` what existing mounts cover. A mount within a cache, or one of another kind over it, means
    /// that the user has settled the matter.
    pub(super) fn take(&mut self, mounts: &mut Vec<Candidate>, run: &Execution) {
        let mut kept = Vec::new();
        for candidate in mounts.drain(..) {
            let is_over = |mount: &&Mount| {
                let path = mount.path.as_deref();
                path.is_some_and(|path| is_within(&candidate.path, path))
            };
            let is_inside = |mount: &Mount| {
                let path = mount.path.as_deref();
                path.is_some_and(|path| is_within(path, &candidate.path))
            };
            match run.mounts.iter().find(is_over) {
                Some(mount) if mount.kind == "cache" => self.covered.push((candidate, mount.clone())),
                Some(_) => {}
                None if run.mounts.iter().any(is_inside) => {}
                None => kept.push(candidate),
            }
        }
        *mounts = kept;
    }

    /// The caches that they cover.
    pub(super) fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.covered.iter().map(|(candidate, _)| candidate)
    }

    /// Where they are.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.covered.iter().filter_map(|(_, mount)| mount.path.as_deref())
    }
}
