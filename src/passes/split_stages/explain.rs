//! What `--explain-split` prints: the stage of every instruction and package, and the fact behind it.

use serde::Serialize;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Facts, is_within};
use crate::syntax::{Dockerfile, Keyword, LineRange};

use super::super::PassOptions;
use super::assumed;
use super::chain::Chain;
use super::copies::{copied_to, is_from_context};
use super::gain::Gain;
use super::plan::{Line, Plan};
use super::subject::{self, Subject};

/// Where an instruction or a package belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Only the builder has it.
    Builder,
    /// Only the runtime stage has it.
    Runtime,
    /// Both have it.
    Both,
    /// Neither has it: it is of no use any more.
    Neither,
}

/// An instruction or a package of a stage that could be split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Explained {
    /// Its lines.
    pub lines: LineRange,
    /// The first line of the instruction, or the name of the package.
    pub what: String,
    /// Whether it is a package of the instruction before it.
    pub is_package: bool,
    /// Where it belongs.
    pub side: Side,
    /// The fact behind that.
    pub why: String,
}

/// Where the parts of the last stage belong, or what stands in the way of a split. Where it has neither, nothing is
/// gained by one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Explanation {
    /// The instructions of the stage in their order, each with its packages behind it.
    pub parts: Vec<Explained>,
    /// The kind of thing that stands in the way.
    pub kind: Option<ObstacleKind>,
    /// What stands in the way.
    pub obstacle: Option<String>,
    /// What the user can do to remove the obstacle.
    pub remedy: Option<String>,
}

/// Says where each part of the last stage of `file` belongs.
#[must_use]
pub fn explain_split(file: &Dockerfile, facts: &Facts, options: &PassOptions) -> Explanation {
    match parts(file, facts, options) {
        Ok(parts) => Explanation {
            parts,
            ..Explanation::default()
        },
        Err(Obstacle { kind, found, remedy }) => Explanation {
            kind: Some(kind),
            obstacle: Some(found),
            remedy: Some(remedy),
            ..Explanation::default()
        },
    }
}

fn parts(file: &Dockerfile, facts: &Facts, options: &PassOptions) -> Result<Vec<Explained>, Obstacle> {
    let chain = Chain::of(file, facts);
    let (file, facts) = chain
        .as_ref()
        .map_or((file, facts), |chain| (&chain.file, &chain.facts));
    let Some(stage) = facts.stages.last() else {
        return Ok(Vec::new());
    };
    let Some((gain, image, release)) = Gain::of(file, facts, stage)? else {
        return super::plan::unknown_builder(file, facts, stage).map_or(Ok(Vec::new()), Err);
    };
    if let Some(index) = super::kept(facts, stage) {
        return Err(Obstacle::new(
            ObstacleKind::Chosen,
            format!(
                "the comment above line {} keeps the stage as it is",
                file.line_of(index)
            ),
            "take the comment away",
        ));
    }
    let context = options.context.as_deref().ok_or_else(super::no_context)?;
    let subject = Subject {
        file,
        facts,
        stage,
        image: &image,
        release,
        context,
        level: options.level,
        inherited: chain.as_ref().map(Chain::inherited),
        copies: subject::copies(file, facts, stage, context),
    };
    let plan = super::planned(&subject, &gain, chain.as_ref())?;
    let assumed = plan.as_ref().map(|plan| assumed::of_split(plan, &image));
    if let Some(obstacle) = assumed.and_then(|assumed| options.forbids(&assumed)) {
        return Err(obstacle);
    }
    Ok(plan.map(|plan| explained(&subject, &plan)).unwrap_or_default())
}

fn explained(subject: &Subject<'_>, plan: &Plan) -> Vec<Explained> {
    let has = |lines: &[Line], wanted: usize| {
        lines
            .iter()
            .any(|line| matches!(line, Line::Old(index) | Line::Edited(index, _) if *index == wanted))
    };
    let mut found = Vec::new();
    for index in plan.stage.clone().skip(1) {
        let Some(lines) = subject
            .file
            .instructions
            .get(index)
            .and_then(|instruction| instruction.lines)
        else {
            continue;
        };
        // The builder stands on the stage that has what is repeated.
        let is_built_on = plan.repeated.contains(&index);
        let side = side(is_built_on || has(&plan.builder, index), has(&plan.runtime, index));
        let first = subject.text(index).lines().next().unwrap_or_default();
        let crossing: Vec<&str> = plan
            .crossings
            .iter()
            .filter(|crossing| crossing.at == index)
            .map(|crossing| crossing.path.as_str())
            .collect();
        found.push(Explained {
            lines,
            what: first.trim_end_matches(['\\', '`', ' ']).to_owned(),
            is_package: false,
            side,
            why: why(subject, plan, index, side, &crossing),
        });
        for package in plan.divided.iter().filter(|package| package.run == index) {
            found.push(Explained {
                lines,
                what: package.name.clone(),
                is_package: true,
                side: self::side(package.place.builder, package.place.runtime),
                why: package.place.why.clone(),
            });
        }
        if let Some((_, evidence)) = plan.development.as_ref().filter(|(run, _)| *run == index) {
            found.push(Explained {
                lines,
                what: "development dependencies".to_owned(),
                is_package: true,
                side: Side::Builder,
                why: format!("{} {}", evidence.place, evidence.fact),
            });
        }
    }
    found
}

fn side(builder: bool, runtime: bool) -> Side {
    match (builder, runtime) {
        (true, true) => Side::Both,
        (true, false) => Side::Builder,
        (false, true) => Side::Runtime,
        (false, false) => Side::Neither,
    }
}

fn why(subject: &Subject<'_>, plan: &Plan, index: usize, side: Side, crossing: &[&str]) -> String {
    if !crossing.is_empty() {
        return format!(
            "it installs or builds; {} crosses to the runtime stage",
            crossing.join(", ")
        );
    }
    let why = match (subject.keyword(index), side) {
        (Some(Keyword::Run), Side::Builder) => "it installs or builds",
        (Some(Keyword::Run), Side::Both) if plan.divided.iter().any(|package| package.run == index) => {
            "its packages are divided"
        }
        (Some(Keyword::Run), Side::Both) => "a step of the build and the program may both need what it does",
        (Some(Keyword::Run), Side::Runtime) => "it sets up what runs, and no step of the build needs it",
        (Some(Keyword::Run), Side::Neither) => "nothing is left for it to do",
        (Some(Keyword::Copy | Keyword::Add), Side::Builder) => why_left(subject, plan, index),
        (Some(Keyword::Copy | Keyword::Add), Side::Both) => "an install or build may read it, and the program too",
        (Some(Keyword::Copy | Keyword::Add), Side::Runtime) => "no install or build comes behind it",
        (Some(Keyword::Copy | Keyword::Add), Side::Neither) => "only builds read it",
        (Some(Keyword::Env | Keyword::Workdir | Keyword::Shell | Keyword::User | Keyword::Arg), Side::Both) => {
            "a setting of both stages"
        }
        (_, Side::Builder) => "only builds read it",
        _ => "it describes the image",
    };
    why.to_owned()
}

/// Why a COPY of the builder is not in the runtime stage.
fn why_left(subject: &Subject<'_>, plan: &Plan, index: usize) -> &'static str {
    let target = copied_to(subject, index);
    let crosses = plan.crossings.iter().any(|crossing| {
        crossing.is_project
            && target
                .as_deref()
                .is_some_and(|target| is_within(target, &crossing.path))
    });
    let comes_again = plan.runtime.iter().any(|line| {
        matches!(line, Line::Old(later) if *later > index
            && matches!(subject.keyword(*later), Some(Keyword::Copy | Keyword::Add))
            && is_from_context(subject, *later))
    });
    match (crosses, comes_again) {
        (true, _) => "what it brings crosses with the folder of the project",
        (false, true) => "an install reads it, and a later COPY brings it to the runtime stage",
        (false, false) => "only builds read it",
    }
}
