//! One file through all passes.

use serde::Serialize;

use crate::facts::Facts;
use crate::passes::{Change, PassOptions, REGISTRY, Refusal};
use crate::syntax::{self, SyntaxError};

/// How often a pass runs at most. Each round makes a file simpler, so that two or three do; the bound is for faults.
const MOST_ROUNDS: usize = 16;

/// Which passes run, and how far they go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What the passes are told.
    pub passes: PassOptions,
    /// The ids of the only passes to run; empty for all.
    pub only: Vec<String>,
    /// The ids of passes not to run.
    pub skip: Vec<String>,
}

/// A rewritten file, with what was done and what was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Rewrite {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// The text before.
    #[serde(skip)]
    pub original: String,
    /// The text after; equal to the original where nothing was changed.
    pub text: String,
    /// What was done, in the order of passes and lines.
    pub changes: Vec<Change>,
    /// What was declined, in the order of passes and lines.
    pub refusals: Vec<Refusal>,
    /// What the user should know about the result as a whole: an engine that it needs, a setting of CI.
    pub notes: Vec<String>,
}

/// Rewrites the Dockerfile `text`. `name` is what messages call it.
///
/// # Errors
/// Where BuildKit would reject the file too.
pub fn rewrite(name: &str, text: &str, options: &Options) -> Result<Rewrite, SyntaxError> {
    let mut file = syntax::parse(name, text)?;
    let (mut changes, mut refusals) = (Vec::new(), Vec::new());
    let mut facts = Facts::of(&file);
    for pass in REGISTRY {
        let is_wanted = options.only.is_empty() || options.only.iter().any(|id| id == pass.id());
        if !is_wanted || options.skip.iter().any(|id| id == pass.id()) || pass.level() > options.passes.level {
            continue;
        }
        // What a pass did may let it do more: it runs until it finds nothing, and refuses only what it then refuses.
        let mut declined = Vec::new();
        for _ in 0..MOST_ROUNDS {
            let outcome = pass.run(&mut file, &facts, &options.passes);
            declined = outcome.refusals;
            if outcome.changes.is_empty() {
                break;
            }
            facts = Facts::of(&file);
            changes.extend(outcome.changes);
        }
        refusals.extend(declined);
    }
    let text_after = if changes.is_empty() {
        text.to_owned()
    } else {
        file.emit()
    };
    Ok(Rewrite {
        file: name.to_owned(),
        original: text.to_owned(),
        text: text_after,
        changes,
        refusals,
        notes: Vec::new(),
    })
}
