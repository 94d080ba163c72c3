//! What shows that an effect is there.

use serde::{Deserialize, Serialize};

/// A fact that a change or a refusal rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Evidence {
    /// Where the fact stands: `Dockerfile:7`, `src/app.py:12`.
    pub place: String,
    /// What stands there, in a few words: `runs git`.
    pub fact: String,
}
