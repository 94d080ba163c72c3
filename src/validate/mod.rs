//! Translation validation: whether a rewritten file still means what the original does.
//!
//! [`validate`] compares two versions of a file, the one before and the one after a pass, by their facts and effects. It
//! knows nothing of the passes and of what they meant to do. Each rule is a file: what is live in an image is there
//! ([`live`], [`named`], [`tools`]) and belongs to whom it did ([`owners`]), packages are asked for in the same way
//! ([`packages`], [`installs`]), steps and COPYs still find what they read ([`required`], [`taken`]) and what they build with ([`development`]), in an order that means the same ([`order`], [`base`],
//! [`builders`]), under the same conditions ([`flow`], [`run_flags`]), with the same settings ([`settings`]), what was added does no harm ([`added`], [`cleanups`], [`mounts`]), the configuration is equal ([`configuration`]), and
//! no comment is lost ([`comments`]).
//!
//! [`context`] does the same for a .dockerignore, which changes nothing but what the context brings.
//!
//! [`model`] describes one version; [`identity`] says which steps of two versions are the same one, [`arrival`] what
//! COPYs carry from one stage to another.

mod added;
mod arrival;
mod base;
mod builders;
mod carried;
mod cleanups;
mod comments;
mod configuration;
mod context;
mod development;
mod environments;
mod flow;
mod identity;
mod installs;
mod lists;
mod live;
mod model;
mod mounts;
mod named;
mod order;
mod owners;
mod packages;
mod reads;
mod renamed;
mod required;
mod run_flags;
mod settings;
mod stages;
mod taken;
#[cfg(test)]
mod tests;
mod throwaway;
mod tools;
mod unread;

use std::fmt;

use crate::effects::{Obstacle, ObstacleKind};
pub(crate) use context::validate_context;
use model::StageModel;
pub(crate) use model::{Known, Version};

/// What a violation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A stage of the original is not in the result.
    StageLost,
    /// What a step leaves in the image is not there any more.
    StepLost,
    /// Files of the build context do not reach the image any more.
    FilesLost,
    /// A package of the system is not installed any more.
    PackageLost,
    /// A package of the system is asked for otherwise: in another version, from another source, by another manager.
    InstallChanged,
    /// A file that a step fails without is not there any more.
    NeededFileLost,
    /// Nothing writes a path that is named at run time.
    NamedPathLost,
    /// A step lacks what an earlier step gave it.
    InputLost,
    /// Two steps whose order matters changed places.
    OrderChanged,
    /// The new base image lacks what the old one had.
    BaseLacks,
    /// A step runs under other conditions, or its failure counts otherwise.
    FlowChanged,
    /// A step runs with another network, without a secret, or the like.
    FlagsChanged,
    /// A step sees other variables, or another shell runs it.
    SettingsChanged,
    /// A step that was added may fail, or harms another one.
    AddedStep,
    /// A mount hides files that a step needs, or takes files that the image needs.
    MountHides,
    /// Files belong to somebody else.
    OwnerChanged,
    /// The configuration of the image is another one.
    ConfigurationChanged,
    /// A virtual environment is not on PATH.
    EnvironmentNotFound,
    /// A comment of the user is not in the result.
    CommentLost,
}

impl Kind {
    /// The name in reports.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Kind::StageLost => "stage-lost",
            Kind::StepLost => "step-lost",
            Kind::FilesLost => "files-lost",
            Kind::PackageLost => "package-lost",
            Kind::InstallChanged => "install-changed",
            Kind::NeededFileLost => "needed-file-lost",
            Kind::NamedPathLost => "named-path-lost",
            Kind::InputLost => "input-lost",
            Kind::OrderChanged => "order-changed",
            Kind::BaseLacks => "base-lacks",
            Kind::FlowChanged => "flow-changed",
            Kind::FlagsChanged => "flags-changed",
            Kind::SettingsChanged => "settings-changed",
            Kind::AddedStep => "added-step",
            Kind::MountHides => "mount-hides",
            Kind::OwnerChanged => "owner-changed",
            Kind::ConfigurationChanged => "configuration-changed",
            Kind::EnvironmentNotFound => "environment-not-found",
            Kind::CommentLost => "comment-lost",
        }
    }
}

/// A way in which the result does not mean what the original does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// What it is about.
    pub(crate) kind: Kind,
    /// The line of the original that it concerns.
    pub(crate) line: usize,
    /// What is wrong, as a clause.
    pub(crate) what: String,
    /// What the user can do about it, as an imperative.
    pub(crate) remedy: String,
}

impl Violation {
    /// What stands in the way of the change.
    pub(crate) fn obstacle(&self) -> Obstacle {
        Obstacle::new(ObstacleKind::Rejected, &self.what, &self.remedy)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {}): {}", self.kind.id(), self.line, self.what)
    }
}

/// Every rule, in the order in which their violations are listed.
const RULES: &[fn(&Pair<'_>) -> Vec<Violation>] = &[
    stages::check,
    live::check,
    packages::check,
    installs::check,
    tools::check,
    development::check,
    named::check,
    order::check,
    required::check,
    taken::check,
    flow::check,
    run_flags::check,
    settings::check,
    base::check,
    builders::check,
    added::check,
    cleanups::check,
    mounts::check,
    owners::check,
    configuration::check,
    environments::check,
    comments::check,
];

/// Two versions of a file, and which of their stages are the same.
pub(crate) struct Pair<'a> {
    before: &'a Version<'a>,
    after: &'a Version<'a>,
    /// The numbers of stages before and after.
    stages: Vec<(usize, usize)>,
    /// For each stage of the result, the one of the original that it was made of.
    origins: Vec<Option<usize>>,
}

impl Pair<'_> {
    /// Each stage of the result that was made of one of the original: the numbers of that one and of itself, then both.
    fn made(&self) -> impl Iterator<Item = ((usize, usize), &StageModel, &StageModel)> {
        let pairs = self.origins.iter().zip(&self.after.stages).enumerate();
        pairs.filter_map(|(after, (origin, new))| {
            let before = (*origin)?;
            Some(((before, after), self.before.stages.get(before)?, new))
        })
    }
}

/// Compares a file as it was before a pass with what the pass made of it.
///
/// # Errors
/// What the result does not keep.
pub(crate) fn validate(before: &Version<'_>, after: &Version<'_>) -> Result<(), Vec<Violation>> {
    let stages = stages::same(before, after);
    let pair = Pair {
        before,
        after,
        origins: stages::origins(before, after, &stages),
        stages,
    };
    let found: Vec<Violation> = RULES.iter().flat_map(|rule| rule(&pair)).collect();
    if found.is_empty() { Ok(()) } else { Err(found) }
}
