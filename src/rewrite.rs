//! One file through all passes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::context::ContextSource;
use crate::estimate::{Saving, estimate};
use crate::facts::Facts;
use crate::passes::dockerignore::Proposal;
use crate::passes::{
    Change, Explanation, Outcome, Pass, PassOptions, REGISTRY, Refusal, SplitStages, explain_split, needs_buildkit,
};
use crate::suggest;
use crate::syntax::{self, Dockerfile, LineRange, SyntaxError};
use crate::validate::{Known, Version, Violation, validate, validate_context};

/// How often a pass runs at most. Each round makes a file simpler, so that two or three do; the bound is for faults.
const MOST_ROUNDS: usize = 16;

/// What a user should know of a file that gains its first mount.
const BUILDKIT_NOTES: [&str; 2] = [
    "the file now needs BuildKit, which is Docker's default since version 23.0; with older engines, set \
     DOCKER_BUILDKIT=1 or use --no-cache-mounts",
    "cache mounts live where the image is built: on CI runners that begin empty, keep the builder between runs (a \
     remote or self-hosted builder) or save and restore the mounts (buildkit-cache-dance), or they stay empty",
];

/// Which passes run, and how far they go.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the passes are told.
    pub passes: PassOptions,
    /// The ids of the only passes to run; empty for all.
    pub only: Vec<String>,
    /// The ids of passes not to run.
    pub skip: Vec<String>,
    /// Whether the .dockerignore that is proposed is written with the file, so that other passes may count on it.
    pub writes_dockerignore: bool,
    /// Whether to say of every part of the last stage which stage a split puts it into.
    pub explains_split: bool,
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
    /// What is proposed for the .dockerignore; none without a context.
    pub dockerignore: Option<Proposal>,
    /// Where the parts of the last stage belong; none where nobody asked.
    pub split: Option<Explanation>,
    /// Why the file was not looked into, which `notes` says, too; none where it was.
    #[serde(skip)]
    pub unread: Option<String>,
    /// What validation found wrong with results of passes, which were undone: each is a fault of a pass.
    #[serde(skip)]
    pub rejected: Vec<String>,
}

impl Rewrite {
    /// Whether anything is to be changed, in the file or beside it.
    pub fn is_change(&self) -> bool {
        !self.changes.is_empty() || self.dockerignore.as_ref().is_some_and(Proposal::is_change)
    }
}

impl Rewrite {
    /// What the rewrite is expected to save in the image; empty where nothing tells.
    #[must_use]
    pub fn estimate(&self) -> Vec<Saving> {
        if self.changes.is_empty() {
            return Vec::new();
        }
        // Both texts were read before: neither fails.
        let files = (
            syntax::parse(&self.file, &self.original),
            syntax::parse(&self.file, &self.text),
        );
        let (Ok(before), Ok(after)) = files else {
            return Vec::new();
        };
        estimate((&before, &Facts::of(&before)), (&after, &Facts::of(&after)))
    }
}

/// Rewrites the Dockerfile `text`. `name` is what messages call it.
///
/// # Errors
/// Where BuildKit would reject the file too.
pub fn rewrite(name: &str, text: &str, options: &Options) -> Result<Rewrite, SyntaxError> {
    let mut file = syntax::parse(name, text)?;
    if let Some(why) = syntax::too_large(&file) {
        return Ok(untouched(name, text, why));
    }
    let facts = match &options.passes.context {
        Some(context) => Facts::with(&file, context),
        None => Facts::of(&file),
    };
    let mut notes = unknown_passes(&facts);
    let needed_buildkit = needs_buildkit(&file);
    let mut run = Run::of(&file, facts, options);
    // What a later pass did may let an earlier one do more: a second run of the program finds nothing.
    for _ in 0..MOST_ROUNDS {
        let before = run.changes.len();
        run.all(&mut file);
        if run.changes.len() == before {
            break;
        }
    }
    let Run {
        changes,
        refusals,
        dockerignore,
        split,
        rejected,
        ..
    } = run;
    if !needed_buildkit && needs_buildkit(&file) {
        notes.extend(BUILDKIT_NOTES.map(str::to_owned));
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
        notes,
        dockerignore,
        split,
        unread: None,
        rejected,
    })
}

/// Runs a pass. Where a change rests on a forbidden assumption, the file is as before, and the change a refusal.
fn unless_forbidden(pass: &dyn Pass, file: &mut Dockerfile, facts: &Facts, options: &PassOptions) -> Outcome {
    let before = (!options.forbidden_assumptions.is_empty()).then(|| file.clone());
    let mut outcome = pass.run(file, facts, options);
    let forbidden = |change: &Change| {
        let obstacle = options.forbids(&change.assumptions)?;
        Some(Refusal::new(change.pass, change.lines, &change.what, obstacle))
    };
    let refused: Vec<Refusal> = outcome.changes.iter().filter_map(forbidden).collect();
    if let Some(before) = before.filter(|_| !refused.is_empty()) {
        *file = before;
        outcome.changes.clear();
        outcome.refusals.extend(refused);
    }
    outcome
}

/// The rewrite of a file that is left as it is, with a note on why.
fn untouched(name: &str, text: &str, why: String) -> Rewrite {
    Rewrite {
        file: name.to_owned(),
        original: text.to_owned(),
        text: text.to_owned(),
        changes: Vec::new(),
        refusals: Vec::new(),
        notes: vec![format!("{why}; the file was left as it is")],
        dockerignore: None,
        split: None,
        unread: Some(why),
        rejected: Vec::new(),
    }
}

/// The passes at work on one file.
struct Run<'o> {
    options: &'o Options,
    /// What the passes are told, with the .dockerignore as it will be.
    passes: PassOptions,
    facts: Facts,
    changes: Vec<Change>,
    /// What the last round declined.
    refusals: Vec<Refusal>,
    dockerignore: Option<Proposal>,
    split: Option<Explanation>,
    rejected: Vec<String>,
    /// What the last validation worked out of the file.
    known: Option<Known>,
    /// How often the file, or what the passes are told, changed.
    version: usize,
    /// The version in which a pass last found nothing more, by its id, and what it declined: it would say that again.
    settled: BTreeMap<&'static str, (usize, Vec<Refusal>)>,
    /// The file as it is, to go back to where validation undoes what a pass did.
    kept: Dockerfile,
}

impl<'o> Run<'o> {
    /// Before the first pass.
    fn of(file: &Dockerfile, facts: Facts, options: &'o Options) -> Run<'o> {
        Run {
            options,
            passes: options.passes.clone(),
            facts,
            changes: Vec::new(),
            refusals: Vec::new(),
            dockerignore: None,
            split: None,
            rejected: Vec::new(),
            known: None,
            version: 0,
            settled: BTreeMap::new(),
            kept: file.clone(),
        }
    }

    /// Runs all passes that are wanted, one after the other.
    fn all(&mut self, file: &mut Dockerfile) {
        let is_first = self.changes.is_empty();
        self.refusals.clear();
        for pass in REGISTRY {
            if self.options.explains_split && is_first && pass.id() == SplitStages.id() {
                self.split = Some(explain_split(file, &self.facts, &self.passes));
            }
            let is_named = |ids: &[String]| ids.iter().any(|id| id == pass.id());
            let is_wanted = self.options.only.is_empty() || is_named(&self.options.only);
            if !is_wanted || is_named(&self.options.skip) || pass.level() > self.passes.level {
                continue;
            }
            if self.dockerignore.is_none() {
                self.beside(*pass, file);
            }
            self.settle(*pass, file);
        }
    }

    /// Asks a pass what it proposes for the .dockerignore.
    fn beside(&mut self, pass: &dyn Pass, file: &Dockerfile) {
        let Some(proposal) = pass.beside(file, &self.facts, &self.passes) else {
            return;
        };
        let (proposal, narrowed) = self.validated(pass.id(), file, proposal);
        if let Some(narrowed) = narrowed.filter(|_| self.options.writes_dockerignore) {
            self.passes.context = Some(Arc::new(narrowed));
            self.known = None;
            self.version += 1;
        }
        self.dockerignore = Some(proposal);
    }

    /// A proposal, with the context as it narrows it; or that nothing is to be added where it would keep out what the file
    /// names.
    fn validated(&mut self, pass: &str, file: &Dockerfile, proposal: Proposal) -> (Proposal, Option<ContextSource>) {
        let context = self.passes.context.clone().filter(|_| proposal.is_change());
        let narrowed = context.and_then(|context| Some((context.with_ignore_text(&proposal.text).ok()?, context)));
        let Some((narrowed, context)) = narrowed else {
            return (proposal, None);
        };
        let version = Version::known(file, &self.facts, &context, self.known.take());
        let result = validate_context(&version, &narrowed);
        self.known = Some(version.into_known());
        let Err(found) = result else {
            return (proposal, Some(narrowed));
        };
        let described = found.iter().map(|violation| format!("{pass}: {violation}"));
        self.rejected.extend(described);
        match found.first() {
            Some(first) => (proposal.rejected(&first.obstacle()), None),
            None => (proposal, None),
        }
    }

    /// Runs a pass, unless it found nothing more in this very version of the file.
    fn settle(&mut self, pass: &dyn Pass, file: &mut Dockerfile) {
        let declined = match self.settled.get(pass.id()) {
            Some((version, declined)) if *version == self.version => declined.clone(),
            _ => self.one(pass, file),
        };
        self.refusals.extend(declined);
    }

    /// Runs a pass until it finds nothing more, as what it did may let it do more. Returns what it then still refuses, and
    /// what validation undoes.
    fn one(&mut self, pass: &dyn Pass, file: &mut Dockerfile) -> Vec<Refusal> {
        let mut declined = Vec::new();
        for _ in 0..MOST_ROUNDS {
            let outcome = unless_forbidden(pass, file, &self.facts, &self.passes);
            declined = outcome.refusals;
            if outcome.changes.is_empty() {
                self.settled.insert(pass.id(), (self.version, declined.clone()));
                break;
            }
            let updated = self.facts.updated(file);
            let context = self.passes.context.as_deref();
            if let Err(found) = checked((&self.kept, &self.facts), (file, &updated), context, &mut self.known) {
                let first = found.first();
                declined.extend(first.map(|first| refusal(pass.id(), file, first, &outcome.changes)));
                self.rejected
                    .extend(found.iter().map(|violation| format!("{}: {violation}", pass.id())));
                self.settled.insert(pass.id(), (self.version, declined.clone()));
                *file = self.kept.clone();
                break;
            }
            self.facts = updated;
            self.kept = file.clone();
            self.version += 1;
            self.changes.extend(outcome.changes);
        }
        declined
    }
}

/// What validation finds wrong with a whole rewrite, a line each: every pass was validated against the file before it, and
/// this compares the first file with the last.
#[must_use]
pub fn violations(before: &Dockerfile, after: &Dockerfile, context: &ContextSource) -> Vec<String> {
    let facts = (Facts::with(before, context), Facts::with(after, context));
    let found = checked((before, &facts.0), (after, &facts.1), Some(context), &mut None);
    let found = found.err().unwrap_or_default();
    found.iter().map(ToString::to_string).collect()
}

/// Compares a file before a pass with what the pass made of it. `known` is what the last comparison worked out.
fn checked(
    before: (&Dockerfile, &Facts),
    after: (&Dockerfile, &Facts),
    context: Option<&ContextSource>,
    known: &mut Option<Known>,
) -> Result<(), Vec<Violation>> {
    let none = ContextSource::in_memory(Vec::<(String, Vec<u8>)>::new()).ok();
    let Some(context) = context.or(none.as_ref()) else {
        return Ok(());
    };
    let before = Version::known(before.0, before.1, context, known.take());
    let after = Version::of(after.0, after.1, context);
    let result = validate(&before, &after);
    *known = Some(if result.is_ok() { after } else { before }.into_known());
    result
}

/// What a pass declined because validation undid what it did.
fn refusal(pass: &'static str, file: &Dockerfile, violation: &Violation, changes: &[Change]) -> Refusal {
    let lines = changes.iter().map(|change| change.lines).reduce(LineRange::join);
    let lines = lines.unwrap_or_else(|| file.lines_of(0));
    let what = changes.first().map(|change| change.what.as_str()).unwrap_or_default();
    Refusal::new(pass, lines, what, violation.obstacle())
}

/// Says which `# plimsoll: skip=` comments name a pass that does not exist.
fn unknown_passes(facts: &Facts) -> Vec<String> {
    let known = || REGISTRY.iter().map(|pass| pass.id());
    let named = facts.instructions.iter().flat_map(|facts| &facts.skip.passes);
    let mut unknown: Vec<&String> = named.filter(|name| known().all(|id| id != name.as_str())).collect();
    unknown.sort_unstable();
    unknown.dedup();
    let note = |name: &&String| match suggest::closest(name, known()) {
        Some(meant) => format!("a comment says `skip={name}`, but no pass has that name; {meant} may be meant"),
        None => format!("a comment says `skip={name}`, but no pass has that name"),
    };
    unknown.iter().map(note).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::effects::{Obstacle, ObstacleKind};
    use crate::passes::Level;
    use crate::passes::dockerignore::propose_for;

    /// A pass that finds nothing, and counts how often it looks.
    #[derive(Default)]
    struct Looks(AtomicUsize);

    impl Pass for Looks {
        fn id(&self) -> &'static str {
            "looks"
        }

        fn level(&self) -> Level {
            Level::Safe
        }

        fn page(&self) -> &'static str {
            ""
        }

        fn run(&self, file: &mut Dockerfile, _: &Facts, _: &PassOptions) -> Outcome {
            self.0.fetch_add(1, Ordering::Relaxed);
            Outcome {
                refusals: vec![Refusal::new(
                    self.id(),
                    file.lines_of(0),
                    "look",
                    Obstacle::new(ObstacleKind::MissingFile, "there is nothing", "add a file"),
                )],
                ..Outcome::default()
            }
        }
    }

    #[test]
    fn a_pass_looks_once_at_each_version_of_a_file() {
        let mut file = syntax::parse("Dockerfile", "FROM debian:12\n").unwrap();
        let options = Options::default();
        let mut run = Run::of(&file, Facts::of(&file), &options);
        let pass = Looks::default();
        for (version, looks) in [(0, 1), (0, 1), (1, 2), (1, 2)] {
            run.version = version;
            run.refusals.clear();
            run.settle(&pass, &mut file);
            assert_eq!((pass.0.load(Ordering::Relaxed), run.refusals.len()), (looks, 1));
        }
    }

    #[test]
    fn a_proposal_that_keeps_out_what_a_step_reads_is_rejected() {
        let files = [
            ("a/run.sh", "#!/bin/sh\n"),
            ("node_modules/x", ""),
            ("package.json", "{}"),
        ];
        let context = Arc::new(ContextSource::in_memory(files).unwrap());
        let text = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm install\nRUN sh a/run.sh\n";
        let file = syntax::parse("Dockerfile", text).unwrap();
        let options = Options::default();
        let mut run = Run::of(&file, Facts::with(&file, &context), &options);
        run.passes.context = Some(context.clone());
        let right = Proposal {
            text: "node_modules\n".to_owned(),
            ..propose_for(&context, Some(&file), Level::Safe)
        };
        assert_eq!(run.validated("dockerignore", &file, right.clone()).0, right);
        let wrong = Proposal {
            text: format!("{}a\n", right.text),
            ..right
        };
        assert!(!run.validated("dockerignore", &file, wrong).0.is_change());
        assert_eq!(run.rejected.len(), 1, "{:?}", run.rejected);
    }
}
