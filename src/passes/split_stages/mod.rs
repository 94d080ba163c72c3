//! `split-stages`: builds in one stage and runs in another. See `docs/passes/split-stages.md`.

mod answered;
mod assumed;
mod bringers;
mod chain;
mod copies;
mod crossing;
mod development;
mod explain;
mod gain;
mod live;
mod missing_packages;
mod named;
mod node_tools;

mod packages;
mod plan;

mod division;
mod project;
mod python_site;
mod runtime_image;
mod stages;
mod started;
mod static_site;
mod subject;
mod uses;
mod work;

pub(super) use assumed::{tools_of, without};
pub use explain::{Explained, Explanation, Side, explain_split};

use crate::context::ContextSource;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Base, Body, Facts, ImageReference, Stage};
use crate::knowledge::{Kind, Release, release_of};
use crate::syntax::{Dockerfile, Instruction, Keyword, LineRange};

use super::{Assumed, Change, Evidence, Level, Outcome, Pass, PassOptions, Refusal};
use crate::edits::system_packages;
use crate::effects::needs::{Needs, is_build, lacking};
use chain::Chain;
use gain::Gain;
use plan::Plan;
use subject::Subject;

/// Turns a last stage that both builds and runs into a builder stage and a runtime stage.
pub struct SplitStages;

impl Pass for SplitStages {
    fn id(&self) -> &'static str {
        "split-stages"
    }

    fn level(&self) -> Level {
        Level::Standard
    }

    fn page(&self) -> &'static str {
        include_str!("../../../docs/passes/split-stages.md")
    }

    fn run(&self, file: &mut Dockerfile, facts: &Facts, options: &PassOptions) -> Outcome {
        let mut outcome = Outcome::default();
        let chain = Chain::of(file, facts);
        let (flat, facts) = chain
            .as_ref()
            .map_or((&*file, facts), |chain| (&chain.file, &chain.facts));
        let Some(stage) = facts.stages.last() else {
            return outcome;
        };
        if kept(facts, stage).is_some() {
            return outcome;
        }
        let whole = || plan::lines(flat, &stage.instructions);
        let lines = chain.as_ref().map_or_else(whole, Chain::own_lines);
        let refusal = |obstacle: Obstacle| {
            let what = "build in one stage, and run in another";
            Refusal::new(SplitStages.id(), lines, what, obstacle)
        };
        let (gain, image, release) = match Gain::of(flat, facts, stage) {
            Ok(Some(found)) => found,
            Ok(None) => {
                let obstacle = plan::unknown_builder(flat, facts, stage);
                outcome.refusals.extend(obstacle.map(refusal));
                return outcome;
            }
            Err(obstacle) => {
                outcome.refusals.push(refusal(obstacle));
                return outcome;
            }
        };
        let Some(context) = options.context.as_deref() else {
            if installs(flat, facts, stage) {
                outcome.refusals.push(refusal(no_context()));
            }
            return outcome;
        };
        let subject = Subject {
            file: flat,
            facts,
            stage,
            image: &image,
            release: release.clone(),
            context,
            level: options.level,
            inherited: chain.as_ref().map(Chain::inherited),
            copies: subject::copies(flat, facts, stage, context),
        };
        match planned(&subject, &gain, chain.as_ref()) {
            Ok(None) => {}
            Err(obstacle) => outcome.refusals.push(refusal(obstacle)),
            Ok(Some(plan)) => {
                let mut new = flat.clone();
                match write(&mut new, &plan, facts, &image, context, &release) {
                    Ok(Some(extra)) => {
                        *file = new;
                        outcome.changes.push(change(&plan, &extra, lines, &image));
                    }
                    Ok(None) => {}
                    Err(obstacle) => outcome.refusals.push(refusal(obstacle)),
                }
            }
        }
        outcome
    }
}

/// The plan of a split, with the place of the builder.
fn planned(subject: &Subject<'_>, gain: &Gain, chain: Option<&Chain>) -> Result<Option<Plan>, Obstacle> {
    let mut plan = plan::plan(subject, gain)?;
    if let (Some(plan), Some(chain)) = (&mut plan, chain) {
        chain.settle(plan)?;
    }
    Ok(plan)
}

/// Whether a stage installs with a language's package manager.
fn installs(file: &Dockerfile, facts: &Facts, stage: &Stage) -> bool {
    let mut runs = stage.instructions.clone().filter_map(|index| facts.run(file, index));
    runs.any(|run| {
        let mut used = run.commands.iter().filter_map(|command| command.manager.as_ref());
        used.any(|used| used.manager.kind == Kind::Language)
    })
}

/// The instruction of a stage above which a comment says that the stage stays as it is.
fn kept(facts: &Facts, stage: &Stage) -> Option<usize> {
    let mut range = stage.instructions.clone();
    range.find(|index| facts.skips(*index, SplitStages.id()))
}

fn no_context() -> Obstacle {
    Obstacle::new(
        ObstacleKind::MissingFile,
        "without the build context nothing tells which tools and libraries the program uses at run time",
        "name the Dockerfile by its path, or its build context with --context DIR",
    )
}

/// Writes the stages, and adds what the new image lacks of what the program needs; returns that. None where a text
/// cannot be written.
///
/// # Errors
/// Where something is needed and nobody knows how the runtime stage gets it.
fn write(
    file: &mut Dockerfile,
    plan: &Plan,
    facts: &Facts,
    image: &ImageReference,
    context: &ContextSource,
    release: &Release,
) -> Result<Option<Vec<(String, Evidence)>>, Obstacle> {
    if stages::write(file, plan, plan.pinned.as_deref()).is_none() {
        return Ok(None);
    }
    let facts = facts.updated(file);
    let release = &runtime_image::exact(release, plan.pinned.as_deref());
    let Some((number, stage)) = facts.stages.iter().enumerate().next_back() else {
        return Ok(None);
    };
    let needs = Needs::of(file, &facts, stage, context, release.family);
    let range = stage.instructions.clone();
    let new = plan.image.as_deref().and_then(|image| image.rsplit_once(':'));
    let repository = image.repository();
    let on = new.map_or((repository.as_str(), image.tag.as_deref()), |(name, tag)| {
        (name, Some(tag))
    });
    let mut extra = missing_packages::missing(&plan.divided, &plan.wanted, &needs, release, image, on)?;
    if let Some(new) = new {
        let lacking = lacking(file, &facts, range, &needs, release, image, new);
        let lacking = lacking.map_err(|unknown| unknown.obstacle())?;
        let is_new = |(name, _): &(String, Evidence)| extra.iter().all(|(known, _)| known != name);
        let lacking: Vec<(String, Evidence)> = lacking.into_iter().filter(is_new).collect();
        extra.extend(lacking);
    }
    let site = system_packages::Site {
        file,
        facts: &facts,
        stage: number,
        on,
        family: release.family,
    };
    system_packages::can_add(&site, &extra, &needs)?;
    let names: Vec<String> = extra.iter().map(|(name, _)| name.clone()).collect();
    let is_written = names.is_empty() || system_packages::add(file, &facts, number, release.family, &names).is_some();
    Ok(is_written.then_some(extra))
}

/// The release of the distribution that a stage stands on; not a certain one where a variable names the image.
pub(super) fn release(file: &Dockerfile, stage: &Stage) -> Option<Release> {
    let Base::Image(image) = &stage.base else { return None };
    let mut release = release_of(&image.repository(), image.tag.as_deref())?;
    let from = file.instructions.get(stage.instructions.start)?;
    release.certain &= !from.node().words().first()?.value.contains('$');
    Some(release)
}

/// Whether a stage takes files out of an earlier one, as the runtime stage of a split does.
pub(super) fn is_runtime_stage(file: &Dockerfile, stage: &Stage) -> bool {
    stage.instructions.clone().any(|index| {
        let node = file.instructions.get(index).map(Instruction::node);
        node.is_some_and(|node| node.keyword == Keyword::Copy && node.flag("from").is_some())
    })
}

/// The line of the first step of a stage that installs a language's packages, compiles, or cannot be read.
pub(super) fn builds(file: &Dockerfile, facts: &Facts, stage: &Stage) -> Option<usize> {
    stage.instructions.clone().find_map(|index| {
        let run = facts.run(file, index)?;
        let is_opaque = matches!(run.body, Body::Opaque(_));
        (is_build(run) || is_opaque).then(|| file.line_of(index))
    })
}

fn change(plan: &Plan, extra: &[(String, Evidence)], lines: LineRange, image: &ImageReference) -> Change {
    let crossing: Vec<&str> = plan.crossings.iter().map(|crossing| crossing.path.as_str()).collect();
    let left = plan.divided.iter().filter(|package| !package.place.runtime);
    let mut left: Vec<&str> = left.map(|package| package.name.as_str()).collect();
    if plan.development.is_some() {
        left.push("development dependencies");
    }
    let stands_alone = plan.builder.is_empty();
    let builder = if stands_alone {
        format!("`{}`", plan.builder_name)
    } else {
        "the builder".to_owned()
    };
    let why = match (crossing.is_empty(), left.is_empty()) {
        (true, _) => format!("nothing that runs uses {}", listed(&left)),
        (false, true) => format!("the image takes {} out of {builder}", listed(&crossing)),
        (false, false) => format!(
            "the image takes {} out of {builder} and leaves {} there",
            listed(&crossing),
            listed(&left)
        ),
    };
    let mut evidence: Vec<Evidence> = plan
        .divided
        .iter()
        .filter(|package| !package.place.runtime)
        .map(|package| Evidence {
            place: package.name.clone(),
            fact: package.place.why.clone(),
        })
        .collect();
    evidence.extend(plan.evidence.iter().cloned());
    evidence.extend(extra.iter().map(|(name, evidence)| Evidence {
        place: evidence.place.clone(),
        fact: format!("{}, so {name} is installed", evidence.fact),
    }));
    Change {
        pass: SplitStages.id(),
        level: assumed::level(plan),
        lines,
        what: if stands_alone {
            format!(
                "stand on {}:{} itself",
                image.repository(),
                image.tag.as_deref().unwrap_or("latest")
            )
        } else {
            format!("build in a stage of its own, `{}`", plan.builder_name)
        },
        why,
        evidence,
        assumptions: assumed::of_split(plan, image),
    }
}

/// `a, b and c`.
fn listed(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
