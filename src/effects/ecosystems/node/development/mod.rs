//! Development dependencies of Node.js: whether something that runs needs one of them.

mod manifest;
mod sources;
mod start;

use crate::context::ContextSource;
use crate::effects::needs::Needs;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Scope, Variable};
use crate::knowledge::Family;

pub(crate) use manifest::Manifest;
use sources::Sources;
use start::{Follower, Start};

/// What may need the development dependencies of a project.
pub(crate) struct Runs<'a> {
    /// What the image starts.
    pub(crate) needs: &'a Needs,
    /// What is in force where it starts.
    pub(crate) scope: Option<&'a Scope>,
    /// The family of distributions that the image is of.
    pub(crate) family: Family,
    /// The build context.
    pub(crate) context: &'a ContextSource,
    /// The folder of the project in the context.
    pub(crate) folder: &'a str,
}

impl Runs<'_> {
    /// Checks that commands, sources and settings of what runs name none of them.
    ///
    /// # Errors
    /// What needs one of them, or keeps that from being known.
    pub(crate) fn need_none(&self, manifest: &Manifest) -> Result<(), Obstacle> {
        if let Some(start) = &self.needs.unknown_start {
            return Err(start.obstacle());
        }
        let mut follower = Follower {
            manifest,
            family: self.family,
            start: Start::default(),
        };
        for command in &self.needs.commands {
            follower.started(command)?;
        }
        for command in self.context.container_commands().iter() {
            follower.in_container(command)?;
        }
        match self.scope.and_then(|scope| scope.variables.get("NODE_OPTIONS")) {
            Some(Variable {
                value: Some(options), ..
            }) => follower.options(options, "NODE_OPTIONS")?,
            Some(_) => {
                return Err(Obstacle::new(
                    ObstacleKind::UnknownNeed,
                    "nothing tells which packages NODE_OPTIONS loads",
                    "set NODE_OPTIONS to a plain value",
                ));
            }
            None => {}
        }
        let sources = Sources {
            context: self.context,
            folder: self.folder.trim_end_matches('/'),
            manifest,
            start: &follower.start,
        };
        sources.check()
    }
}
