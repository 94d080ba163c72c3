//! What `--explain-split` prints: the stage of every instruction and package, and the fact behind it.

use serde::Serialize;

use crate::facts::Facts;
use crate::syntax::{Dockerfile, Keyword, LineRange};

use super::super::PassOptions;
use super::plan::{self, Gain, Line, Plan, Subject};

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

/// The parts of the last stage of `file`, and where each belongs; empty where a split gains nothing.
///
/// # Errors
/// What stands in the way of a split.
pub fn explain_split(file: &Dockerfile, facts: &Facts, options: &PassOptions) -> Result<Vec<Explained>, String> {
    let Some(stage) = facts.stages.last() else {
        return Ok(Vec::new());
    };
    let Some((gain, image, release)) = Gain::of(file, facts, stage) else {
        return Ok(Vec::new());
    };
    let context = options
        .context
        .as_deref()
        .ok_or("without the build context nothing tells what the program needs")?;
    let subject = Subject {
        file,
        facts,
        stage,
        image: &image,
        release,
        context,
    };
    match plan::plan(&subject, &gain) {
        Err((obstacle, _)) => Err(obstacle),
        Ok(None) => Ok(Vec::new()),
        Ok(Some(plan)) => Ok(explained(&subject, &plan)),
    }
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
        let side = side(has(&plan.builder, index), has(&plan.runtime, index));
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
            why: why(subject, index, side, &crossing),
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

fn why(subject: &Subject<'_>, index: usize, side: Side, crossing: &[&str]) -> String {
    if !crossing.is_empty() {
        return format!(
            "it installs or builds; {} crosses to the runtime stage",
            crossing.join(", ")
        );
    }
    let why = match (subject.keyword(index), side) {
        (Some(Keyword::Run), Side::Builder) => "it installs or builds",
        (Some(Keyword::Run), Side::Both) => "its packages are divided, or both stages need what it does",
        (Some(Keyword::Run), _) => "it sets up what runs",
        (Some(Keyword::Copy | Keyword::Add), Side::Builder) => {
            "what it brings crosses with the project, or is copied again later"
        }
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
