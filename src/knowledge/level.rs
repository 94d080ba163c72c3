//! How far changes go.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much a change may assume, in the way of safe and unsafe fixes in linters. Ordered: a level includes those
/// before it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The final image holds the same files except caches, package lists and temporary files.
    Safe,
    /// Also removes what is known to be needed only at build time.
    #[default]
    Standard,
    /// Also changes that rest on an assumption the user should confirm.
    Aggressive,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Level::Safe => "safe",
            Level::Standard => "standard",
            Level::Aggressive => "aggressive",
        })
    }
}
