//! Dockerfiles with contexts that are put together at random out of commands whose effects are known: what they make, where,
//! and what it prints. The same number always gives the same case.
//!
//! Here each is rewritten at every level, and the result must hold by what the generator knows. The engine test
//! `engine::generated` builds the same cases before and after.
//!
//! - `PLIMSOLL_GENERATED=1000` checks so many;
//! - `PLIMSOLL_GENERATED_FROM=40` begins with this number.

mod case;
mod compiled;
mod draft;
mod files;
mod interpreted;
mod kept;
mod options;
mod random;
mod run;
mod start;

use std::env;
use std::sync::Arc;

use plimsoll::context::ContextSource;
use plimsoll::passes::Level;
use plimsoll::rewrite::{Options, Rewrite, rewrite, violations};
use plimsoll::syntax::{self, Dockerfile, Keyword};
use rayon::prelude::*;

pub use case::Case;

/// How many cases a usual run checks.
const USUAL: u64 = 60;

/// The levels of a rewrite.
pub const LEVELS: [Level; 3] = [Level::Safe, Level::Standard, Level::Aggressive];

/// What says something of how an image is used.
const CONFIGURATION: [Keyword; 8] = [
    Keyword::Cmd,
    Keyword::Entrypoint,
    Keyword::Expose,
    Keyword::Healthcheck,
    Keyword::Label,
    Keyword::Stopsignal,
    Keyword::User,
    Keyword::Volume,
];

/// What is known to be wrong today: a part of the fault, and why. The row goes when no case shows it.
const KNOWN: [(&str, &str); 3] = [
    (
        "step-lost",
        "split-stages leaves out what make left of a project; validation undoes the split",
    ),
    (
        "order-changed",
        "reorder-copies moves COPYs over an install of the project's folder; validation undoes it",
    ),
    ("input-lost", "the same"),
];

/// The cases that the variable asks for, or so many.
pub fn cases(usual: u64) -> Vec<Case> {
    let number = |name: &str| env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let count = number("PLIMSOLL_GENERATED").unwrap_or(usual);
    let first = number("PLIMSOLL_GENERATED_FROM").unwrap_or(0);
    (first..first + count).map(Case::new).collect()
}

/// The context of a case as the library reads it.
pub fn context_of(case: &Case) -> Arc<ContextSource> {
    let files = case
        .context
        .iter()
        .map(|(path, text)| (path.clone(), text.clone().into_bytes()));
    Arc::new(ContextSource::in_memory(files).unwrap())
}

/// Rewrites a text with the context of a case.
pub fn rewritten(case: &Case, text: &str, level: Level) -> Rewrite {
    let mut options = Options::default();
    options.passes.level = level;
    options.passes.context = Some(context_of(case));
    rewrite("Dockerfile", text, &options).unwrap_or_else(|error| panic!("case {}: {error}\n{text}", case.seed))
}

/// What is wrong with the rewrite of a case at a level, a line each; and the rewrite.
fn faults(case: &Case, level: Level) -> (Vec<String>, Rewrite) {
    let result = rewritten(case, &case.dockerfile, level);
    let mut faults = result.rejected.clone();
    let before = syntax::parse("Dockerfile", &case.dockerfile).unwrap();
    let Ok(after) = syntax::parse("Dockerfile", &result.text) else {
        return (vec!["the result is no Dockerfile".to_owned()], result);
    };
    if result.text != case.dockerfile {
        let again = rewritten(case, &result.text, level);
        if again.text != result.text {
            faults.push(format!("a second run changes it again:\n{}", again.text));
        }
        faults.extend(violations(&before, &after, &context_of(case)));
    }
    let (old, new) = (configuration(&before), configuration(&after));
    if old != new {
        faults.push(format!("the configuration was {old:?} and is {new:?}"));
    }
    for read in &case.reads {
        let path = read.last().map(|made| &made.path);
        assert!(
            kept::has(&case.dockerfile, read),
            "case {}: {read:?} is not in\n{}",
            case.seed,
            case.dockerfile
        );
        if !kept::has(&result.text, read) {
            faults.push(format!("{path:?}, which the start reads, is not in the last stage"));
        }
    }
    (faults, result)
}

/// What the last stage and those below it say of how the image is used.
fn configuration(file: &Dockerfile) -> Vec<&str> {
    let steps = file
        .instructions
        .iter()
        .filter(|step| CONFIGURATION.contains(&step.keyword()));
    steps.map(|step| step.text().trim()).collect()
}

#[test]
fn rewrites_of_generated_files_keep_what_their_starts_read() {
    let cases = cases(USUAL);
    let found: Vec<(String, bool)> = cases
        .par_iter()
        .flat_map_iter(|case| LEVELS.map(|level| (case, level)))
        .map(|(case, level)| {
            let (mut faults, result) = faults(case, level);
            let is_changed = result.text != case.dockerfile;
            faults.retain(|fault| !KNOWN.iter().any(|(part, _)| fault.contains(part)));
            if faults.is_empty() {
                return (String::new(), is_changed);
            }
            let (seed, before, after) = (case.seed, &case.dockerfile, &result.text);
            let faults = faults.join("\n");
            (
                format!("case {seed} at level {level:?}: {faults}\n--- before\n{before}\n--- after\n{after}"),
                is_changed,
            )
        })
        .collect();
    let failed: Vec<&str> = found
        .iter()
        .map(|(fault, _)| fault.as_str())
        .filter(|fault| !fault.is_empty())
        .collect();
    assert!(failed.is_empty(), "{} fail:\n\n{}", failed.len(), failed.join("\n\n"));
    // Files that nothing is done to prove nothing.
    let changed = found.iter().filter(|(_, is_changed)| *is_changed).count();
    assert!(
        changed * 3 > found.len(),
        "only {changed} of {} are changed",
        found.len()
    );
}
