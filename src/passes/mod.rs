//! The passes: one file each, listed in one explicit, ordered [`REGISTRY`].
//!
//! A pass looks at the facts, changes the tree where they show that the change is right, and says what it did
//! ([`Change`]) and what it left alone and why ([`Refusal`]).

mod cache_mounts;
mod clean_layers;
pub mod dockerignore;
mod merge_runs;
mod reorder_copies;
mod runtime_libs;
mod slim_base;
mod split_stages;

pub(crate) use crate::effects::ecosystems::python::programs::is_python_tool;
pub use cache_mounts::{CacheMounts, needs_buildkit};
pub use clean_layers::CleanLayers;
pub use dockerignore::DockerIgnorePass;
pub use merge_runs::MergeRuns;
pub use reorder_copies::ReorderCopies;
pub use runtime_libs::RuntimeLibs;
pub use slim_base::SlimBase;
pub use split_stages::{Explained, Explanation, Side, SplitStages, explain_split};

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::context::ContextSource;
pub use crate::effects::Evidence;
pub use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::Facts;
pub use crate::knowledge::Level;
use crate::knowledge::assumption;
use crate::syntax::{Dockerfile, LineRange};

/// What a pass may be told by its caller.
#[derive(Clone, Debug)]
pub struct PassOptions {
    /// The highest level of change to make.
    pub level: Level,
    /// Whether the engine that builds the file knows `RUN --mount=type=cache` (BuildKit does).
    pub cache_mounts: bool,
    /// The files that the build is sent; none where they are not known.
    pub context: Option<Arc<ContextSource>>,
    /// The ids of assumptions that no change may rest on.
    pub forbidden_assumptions: Vec<String>,
}

impl Default for PassOptions {
    fn default() -> Self {
        PassOptions {
            level: Level::default(),
            cache_mounts: true,
            context: None,
            forbidden_assumptions: Vec::new(),
        }
    }
}

impl PassOptions {
    /// What stands in the way of a change that rests on `assumed`, if one of these is forbidden.
    pub(crate) fn forbids(&self, assumed: &[Assumed]) -> Option<Obstacle> {
        let is_forbidden = |assumed: &&Assumed| self.forbidden_assumptions.contains(&assumed.id);
        assumed.iter().find(is_forbidden).map(|assumed| {
            Obstacle::new(
                ObstacleKind::Chosen,
                format!("it assumes that {}", assumed.what),
                format!("take {} out of forbid-assumptions in plimsoll.toml", assumed.id),
            )
        })
    }
}

/// Something that a change takes for granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Assumed {
    /// The id of the assumption, as `forbid-assumptions` in plimsoll.toml names it.
    pub id: String,
    /// What is assumed, as a sentence without a full stop: `npm run build` writes only below /app.
    pub what: String,
}

impl Assumed {
    /// The assumption `id` about something; `values` are those of the placeholders in its sentence. None if the table
    /// has no such assumption.
    pub(crate) fn of(id: &str, values: &[(&str, &str)]) -> Option<Assumed> {
        assumption(id).map(|row| Assumed {
            id: row.id.clone(),
            what: row.about(values),
        })
    }
}

/// Something that a pass did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Change {
    /// The id of the pass.
    #[serde(deserialize_with = "known_pass")]
    pub pass: PassId,
    /// The level that allowed it.
    pub level: Level,
    /// The lines of the original file that it changed.
    pub lines: LineRange,
    /// What was done, as a sentence without a full stop: `mount pip's cache at /root/.cache/pip`.
    pub what: String,
    /// Why it is better and why it is safe.
    pub why: String,
    /// The facts behind it, beyond the lines themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What it takes for granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<Assumed>,
}

/// The id of a pass, one of those in the registry. Serde takes a plain reference for something to borrow from a report.
type PassId = &'static str;

/// Reads the id of a pass from a report that this program wrote.
fn known_pass<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    let id = String::deserialize(deserializer)?;
    let mut ids = REGISTRY.iter().map(|pass| pass.id());
    ids.find(|known| *known == id)
        .ok_or_else(|| D::Error::custom(format!("unknown pass `{id}`")))
}

/// Something that a pass left alone although it looked like its business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Refusal {
    /// The id of the pass.
    #[serde(deserialize_with = "known_pass")]
    pub pass: PassId,
    /// The lines of the original file that it concerns.
    pub lines: LineRange,
    /// What was not done.
    pub what: String,
    /// The kind of thing that stood in the way.
    pub kind: ObstacleKind,
    /// What stood in the way.
    pub obstacle: String,
    /// What the user can do to remove the obstacle.
    pub remedy: String,
}

impl Refusal {
    /// What `pass` did not do at `lines`, as `obstacle` stood in the way.
    pub(crate) fn new(pass: PassId, lines: LineRange, what: impl Into<String>, obstacle: Obstacle) -> Refusal {
        let Obstacle { kind, found, remedy } = obstacle;
        Refusal {
            pass,
            lines,
            what: what.into(),
            kind,
            obstacle: found,
            remedy,
        }
    }
}

/// What one run of a pass has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What it did, in the order of the file.
    pub changes: Vec<Change>,
    /// What it declined, in the order of the file.
    pub refusals: Vec<Refusal>,
}

/// A transformation of the tree.
pub trait Pass: Sync {
    /// Kebab-case; equal to the name of the file and of its page in `docs/passes/`.
    fn id(&self) -> &'static str;

    /// The lowest level at which the pass does anything.
    fn level(&self) -> Level;

    /// The page of the pass: what it does, why, before and after, when it declines.
    fn page(&self) -> &'static str;

    /// Changes `file` where `facts` show that it is right. `facts` describe `file` as it is when the pass begins.
    fn run(&self, file: &mut Dockerfile, facts: &Facts, options: &PassOptions) -> Outcome;

    /// What the pass proposes for the .dockerignore beside the Dockerfile. Most propose nothing.
    fn beside(&self, _file: &Dockerfile, _facts: &Facts, _options: &PassOptions) -> Option<dockerignore::Proposal> {
        None
    }
}

/// Every pass, in the order in which they run. `dockerignore` comes first: what is kept out stands in nobody's way. The
/// stages come next, as all others work within a stage; then `reorder-copies`, as merged RUNs move less easily.
/// `clean-layers` comes behind `cache-mounts`: it takes what no mount does.
pub const REGISTRY: &[&dyn Pass] = &[
    &DockerIgnorePass,
    &SplitStages,
    &RuntimeLibs,
    &SlimBase,
    &ReorderCopies,
    &MergeRuns,
    &CacheMounts,
    &CleanLayers,
];
