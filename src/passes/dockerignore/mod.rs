//! `dockerignore`: what of the context no image needs. See `docs/passes/dockerignore.md`.

mod candidate;
mod guards;
mod proposal;
#[cfg(test)]
mod tests;

pub use proposal::{Added, Kept, Proposal};

use std::collections::BTreeSet;

use crate::context::{ContextSource, DockerIgnore, Measure, Verdict};
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::Facts;
use crate::syntax::{Dockerfile, Instruction, Keyword, Text};

use super::{Level, Outcome, Pass, PassOptions, Refusal};
use crate::effects::context_use::others::Sharing;
use crate::effects::context_use::{Build, Take, others};
use crate::knowledge::ignore_patterns::Group;
use candidate::{Candidate, Tree, candidates, exact};
use guards::Guards;

/// Proposes a .dockerignore.
pub struct DockerIgnorePass;

impl Pass for DockerIgnorePass {
    fn id(&self) -> &'static str {
        "dockerignore"
    }

    fn level(&self) -> Level {
        Level::Safe
    }

    fn page(&self) -> &'static str {
        include_str!("../../../docs/passes/dockerignore.md")
    }

    /// It changes nothing in the Dockerfile, and says so where a context would have allowed more.
    fn run(&self, file: &mut Dockerfile, facts: &Facts, options: &PassOptions) -> Outcome {
        let is_all = |text: &Text| matches!(text.value.as_str(), "." | "./" | "/");
        let takes_all = |instruction: &&Instruction| copied_by(instruction).iter().any(is_all);
        let first = file
            .instructions
            .iter()
            .find(takes_all)
            .and_then(|instruction| instruction.lines);
        let is_blind = options.context.is_none() && !self.is_skipped(file, facts);
        let refusal = first.filter(|_| is_blind).map(|lines| {
            let obstacle = Obstacle::new(
                ObstacleKind::MissingFile,
                "without the build context nothing tells what of it the image needs",
                "name the Dockerfile by its path, or its build context with --context DIR",
            );
            Refusal::new(self.id(), lines, "propose a .dockerignore", obstacle)
        });
        Outcome {
            refusals: refusal.into_iter().collect(),
            ..Outcome::default()
        }
    }

    fn beside(&self, file: &Dockerfile, facts: &Facts, options: &PassOptions) -> Option<Proposal> {
        let context = options.context.as_deref()?;
        if self.is_skipped(file, facts) {
            return None;
        }
        let own = Build::of(file, facts, context);
        (!own.takes.is_empty()).then(|| propose(context, Some(own), options.level))
    }
}

impl DockerIgnorePass {
    /// Whether a comment keeps the pass away from a COPY: what it takes is not to be touched.
    fn is_skipped(&self, file: &Dockerfile, facts: &Facts) -> bool {
        let mut both = file.instructions.iter().zip(&facts.instructions);
        both.any(|(instruction, facts)| !copied_by(instruction).is_empty() && facts.skip.applies_to(self.id()))
    }
}

/// The words of a COPY or ADD from the context.
fn copied_by(instruction: &Instruction) -> &[Text] {
    let node = instruction.node();
    match node.keyword {
        Keyword::Copy | Keyword::Add if node.flag("from").is_none() => node.sources(),
        _ => &[],
    }
}

/// The proposal for `context`, with or without a Dockerfile of which it is the context; those in it count too.
pub fn propose_for(context: &ContextSource, dockerfile: Option<&Dockerfile>, level: Level) -> Proposal {
    let own = dockerfile.map(|file| Build::of(file, &Facts::of(file), context));
    propose(context, own, level)
}

/// The file that all Dockerfiles of a context share.
const IGNORE_FILE: &str = ".dockerignore";

/// More rounds than any context needs: a bound for faults.
const MOST_ROUNDS: usize = 4;

fn propose(context: &ContextSource, own: Option<Build>, level: Level) -> Proposal {
    let is_shared = context
        .ignore_file()
        .is_none_or(|file| file.file_name().is_some_and(|name| name == IGNORE_FILE));
    let sharing = is_shared.then(|| others::sharing(context));
    let shared = match sharing.as_deref() {
        Some(Sharing(builds)) => builds.as_deref(),
        None => Some(&[][..]),
    };
    let Some(shared) = shared else {
        let mut proposal = Proposal::unchanged(context);
        proposal.notes.push(format!(
            "there are more than {} Dockerfiles here, and not all of what they need is known: nothing is added to {}",
            others::MOST,
            proposal.file
        ));
        return proposal;
    };
    if let Some(own) = own.as_ref().filter(|_| shared.len() > 1)
        && shared.iter().any(|build| build.does_the_same(own))
    {
        return context.remembered(proposal_for_all(level)).as_ref().clone();
    }
    propose_among(context, own.as_ref(), shared, level)
}

/// Finds what all Dockerfiles that share a context allow: the same, whichever of them is looked at.
fn proposal_for_all(level: Level) -> fn(&ContextSource) -> Proposal {
    match level {
        Level::Safe => |context| propose(context, None, Level::Safe),
        Level::Standard => |context| propose(context, None, Level::Standard),
        Level::Aggressive => |context| propose(context, None, Level::Aggressive),
    }
}

fn propose_among(context: &ContextSource, own: Option<&Build>, others: &[Build], level: Level) -> Proposal {
    let mut proposal = propose_once(context, own, others, level);
    // What is kept out stands in the way of nothing any more: that may let another pattern in.
    for _ in 0..MOST_ROUNDS {
        if !proposal.is_change() {
            break;
        }
        let Ok(rest) = context.with_ignore_text(&proposal.text) else {
            break;
        };
        let next = propose_once(&rest, own, others, level);
        if !next.is_change() {
            break;
        }
        proposal.text = next.text;
        proposal.patterns.extend(next.patterns);
        (proposal.kept, proposal.after) = (next.kept, next.after);
    }
    // A file that only keeps itself out is of no use.
    if !proposal.exists && proposal.patterns.iter().all(|added| added.pattern == IGNORE_FILE) {
        proposal.text.clone_from(&proposal.original);
        proposal.patterns.clear();
        proposal.after = proposal.before;
    }
    proposal
}

fn propose_once(context: &ContextSource, own: Option<&Build>, others: &[Build], level: Level) -> Proposal {
    let mut proposal = Proposal::unchanged(context);
    let builds: &[&Build] = &own.into_iter().chain(others).collect::<Vec<_>>();
    if others.len() > 1 {
        let names: Vec<&str> = others.iter().map(|build| build.name.as_str()).collect();
        proposal
            .notes
            .push(format!("it suits all of {}, which share it", listed(&names)));
    }
    if context.ignore_text().is_none() {
        proposal
            .notes
            .push(format!("{} is not UTF-8, so nothing is added to it", proposal.file));
        return proposal;
    }
    if context.ignore().keeps_everything_out() {
        let note = format!(
            "{} names what is sent, one by one; nothing is added to it",
            proposal.file
        );
        proposal.notes.push(note);
        return proposal;
    }
    if builds.iter().all(|build| build.takes.is_empty()) {
        let note = match own {
            Some(own) => format!("{} copies nothing from its context", own.name),
            None => "no Dockerfile here copies anything from the context, so nothing tells what it needs".to_owned(),
        };
        proposal.notes.push(note);
        return proposal;
    }
    if !builds.iter().any(|build| build.takes_everything()) {
        let note = "no COPY takes the whole context: BuildKit sends no more than what COPY and ADD name";
        proposal.notes.push(note.to_owned());
    }

    let before = context.measure();
    let tree = Tree::of(&before, context);
    let found = candidates(&tree, builds, level);
    let guards = Guards::new(context, &tree, builds, level);
    let (chosen, kept) = guards.choose(found);
    proposal.kept = kept;
    let chosen = without_harm(context, builds, exact(&tree, chosen));
    let mut sections: Vec<(&Group, Vec<String>)> = Vec::new();
    for candidate in &chosen {
        let patterns = candidate.written.iter().cloned();
        match sections.iter_mut().find(|(group, _)| group.id == candidate.group.id) {
            Some((_, written)) => {
                let new: Vec<String> = patterns.filter(|pattern| !written.contains(pattern)).collect();
                written.extend(new);
            }
            None => sections.push((candidate.group, patterns.collect())),
        }
    }
    proposal.write(&sections);
    if let Ok(ignore) = DockerIgnore::parse(proposal.text.as_bytes()) {
        proposal.count(&before, &Measure::new(context.walk(), &ignore));
    }
    proposal
}

/// Leaves out what would take from a COPY's sources after all, by the matcher that the engine's is: whatever the choice
/// was made on, no build may fail for it.
fn without_harm<'k>(context: &ContextSource, builds: &[&Build], chosen: Vec<Candidate<'k>>) -> Vec<Candidate<'k>> {
    let takes = || builds.iter().flat_map(|build| &build.takes);
    let named: BTreeSet<&str> = takes().flat_map(Take::named).collect();
    let patterns = takes().map(|take| take.pattern.as_str());
    let wild: BTreeSet<&str> = patterns.filter(|pattern| pattern.contains(['*', '?', '['])).collect();
    let is_harmless = |candidate: &Candidate<'_>| {
        let text = candidate.written.join("\n");
        let Ok(alone) = DockerIgnore::parse(text.as_bytes()) else {
            return false;
        };
        if named.iter().any(|path| alone.path(path) != Verdict::Sent) {
            return false;
        }
        if wild.is_empty() {
            return true;
        }
        let both = format!("{}\n{text}", context.ignore_text().unwrap_or_default());
        let Ok(after) = context.with_ignore_text(&both) else {
            return false;
        };
        wild.iter().all(|pattern| context.glob(pattern) == after.glob(pattern))
    };
    chosen.into_iter().filter(is_harmless).collect()
}

fn listed(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() && names.len() <= 5 => format!("{} and {last}", rest.join(", ")),
        Some((last, [])) => (*last).to_owned(),
        _ => format!("{} Dockerfiles", names.len()),
    }
}
