//! What goes to which stage.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::context::Files as _;
use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, folder_of};
use crate::facts::{Body, Command, Facts, Shell, Stage, is_within};
use crate::knowledge::{Purpose, command_table, image_contents};
use crate::syntax::{Dockerfile, Keyword, LineRange};

use super::copies::{brings_installer, copied_to, is_from_context, is_removed, is_repeated};
use super::crossing::{self, Crossing};
use super::division::{self, of_folder_itself};
use super::gain::Gain;
use super::packages::{self, Divided};
use super::subject::{Subject, opaque};
use super::uses::{refuse_hidden_python, uses};
use super::work::Works;
use super::{Assumed, Evidence, answered, assumed, development, live, node_tools, started};
use crate::effects::needs::{self, Needs, lacking};
use crate::effects::steps::{self, Step, StepKind};

/// How much headers alone must bring into an image for a stage of their own, in KiB.
const HEAVY_HEADERS: u64 = 10_000;

/// A line of one of the new stages.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// An instruction as it is.
    Old(usize),
    /// An instruction with another text.
    Edited(usize, String),
    /// A new instruction. `at` is the instruction in whose place it stands.
    New { text: String, at: usize },
}

/// Two stages in the place of one.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) stage: Range<usize>,
    pub(super) builder_name: String,
    /// The stage that the builder stands on, where that isn't the image of the stage.
    pub(super) builder_on: Option<String>,
    /// The instructions that the runtime stage has from a stage that stays: their comments stand there.
    pub(super) repeated: Range<usize>,
    pub(super) builder: Vec<Line>,
    pub(super) runtime: Vec<Line>,
    /// The image of the runtime stage, where it is another one.
    pub(super) image: Option<String>,
    /// The tag that keeps the builder on the release of that image.
    pub(super) pinned: Option<String>,
    pub(super) divided: Vec<Divided>,
    /// The packages whose tools run in the image, with what says so.
    pub(super) wanted: BTreeMap<String, Evidence>,
    pub(super) crossings: Vec<Crossing>,
    /// The RUN that installs development dependencies which the builder drops, and the fact behind that.
    pub(super) development: Option<(usize, Evidence)>,
    pub(super) evidence: Vec<Evidence>,
    /// What is assumed of the builds.
    pub(super) assumptions: Vec<Assumed>,
}

/// Package `name` of instruction `index`, with which no step is known to build.
fn unused(subject: &Subject<'_>, steps: &[Step], index: usize, name: &str) -> Obstacle {
    let line = subject.line(index);
    let unknown = steps
        .iter()
        .find_map(|step| Some((subject.line(step.instruction), step.effects.unknown.as_ref()?)));
    match unknown {
        Some((step, why)) => Obstacle::new(
            ObstacleKind::UnknownCommand,
            format!("line {line} installs {name}, and line {step}, which may build with it, {why}"),
            "build it in a stage of its own by hand",
        ),
        None => Obstacle::new(
            ObstacleKind::NoGain,
            format!("line {line} installs {name}, but no step of the stage builds anything with it"),
            "remove it if nothing compiles at run time",
        ),
    }
}

/// Plans the split; none where the stage builds nothing.
pub(super) fn plan(subject: &Subject<'_>, gain: &Gain) -> Result<Option<Plan>, Obstacle> {
    let Subject { file, facts, .. } = *subject;
    let range = subject.range();
    if let Some(obstacle) = unknown_builder(file, facts, subject.stage) {
        return Err(obstacle);
    }
    let steps = steps::of_stage(file, facts, subject.stage, subject.context);
    let mut works = works(subject, &steps)?;
    let builds = works.iter().filter(|(_, works)| works.builds());
    let last_build = builds.map(|(index, _)| *index).next_back();
    // What builds is in stages that stand on the same one as this.
    let elsewhere =
        (subject.inherited.is_some() && super::is_runtime_stage(file, subject.stage)).then_some(range.start);
    let Some(last_build) = last_build.or(elsewhere) else {
        return match gain.packages.first() {
            None => build_in_a_text(subject).map_or(Ok(None), Err),
            // The user, or an earlier run, builds in another stage.
            Some(_) if super::is_runtime_stage(file, subject.stage) => Ok(None),
            Some((index, name)) => Err(unused(subject, &steps, *index, name)),
        };
    };
    refuse_triggers(subject)?;
    let family = subject.release.family;
    let needs = Needs::of(file, facts, subject.stage, subject.context, family);
    answered::check(subject, &needs, gain)?;
    node_tools::leave_to_builder(subject, &mut works, &needs);
    let crossings = crossing::plan(subject, &works, &needs, gain)?;
    started::check(subject, &works, &steps, &needs, &crossings)?;
    let uses = uses(subject, &works, &needs, last_build);
    refuse_hidden_python(subject, &works)?;
    let mut plan = Plan {
        stage: range.clone(),
        builder_name: free_name(subject),
        builder_on: None,
        repeated: 0..0,
        builder: Vec::new(),
        runtime: Vec::new(),
        image: crossings.image.clone(),
        pinned: crossings.pinned.clone(),
        divided: Vec::new(),
        wanted: BTreeMap::new(),
        crossings: crossings.list.clone(),
        development: None,
        evidence: Vec::new(),
        assumptions: assumed::of_builds(subject, &works),
    };
    let projects = crossings.list.iter().filter(|crossing| crossing.is_project);
    let whole: Vec<(&str, usize)> = projects.map(|crossing| (crossing.path.as_str(), crossing.at)).collect();
    // The builder has what its RUNs did to a folder that crosses; what comes before it in the last stage may need it there.
    let others = crossings.list.iter().filter(|crossing| !crossing.is_project);
    let others: Vec<(&str, Range<usize>)> = others
        .map(|crossing| (crossing.path.as_str(), crossing.at..last_build + 1))
        .collect();
    let keeps_users = builder_has_users(subject, last_build);
    for index in range.clone().skip(1) {
        let in_builder = index <= last_build;
        let Some(keyword) = subject.keyword(index) else {
            continue;
        };
        if in_builder {
            plan.builder.extend(crossings.before_in_builder(index));
        }
        plan.runtime.extend(crossings.config_before(index, range.start + 1));
        match keyword {
            Keyword::Run => {
                let run = facts.run(file, index).ok_or_else(|| opaque(subject, index))?;
                let own = works.get(&index).ok_or_else(|| opaque(subject, index))?;
                let sides = division::of_run(subject, index, run, own, &uses)?;
                let covered = live::comes_along(own, index, &whole);
                let is_in_copy = live::is_in_a_copy(own, index, &others);
                let droppable = !keeps_users && live::prepares_runtime_only(subject, index, &works, &steps, last_build)
                    || node_tools::is_for_runtime(subject, index, run, &works, &needs);
                if in_builder && (own.builds() || !droppable) {
                    plan.builder.extend(sides.builder);
                }
                if is_in_copy {
                    // It would be done twice.
                } else if !covered || own.has_packages() {
                    plan.runtime.extend(sides.runtime);
                } else {
                    plan.runtime.extend(of_folder_itself(subject, index, run, own, &whole)?);
                }
                plan.divided.extend(sides.divided);
                plan.runtime.extend(crossings.in_runtime(index, &plan.builder_name));
            }
            Keyword::Copy | Keyword::Add => {
                if in_builder {
                    plan.builder.push(Line::Old(index));
                }
                plan.runtime.extend(crossings.in_runtime(index, &plan.builder_name));
                let target = copied_to(subject, index);
                let comes_along = whole.iter().any(|(folder, at)| {
                    index <= *at && target.as_deref().is_some_and(|target| is_within(target, folder))
                });
                let is_installer = in_builder && brings_installer(subject, index, &works, &needs);
                let is_dead = is_installer
                    || crossings.drops_sources && is_from_context(subject, index)
                    || is_repeated(subject, index, &works)
                    || is_removed(subject, index, &works);
                if !comes_along && !is_dead {
                    plan.runtime.push(Line::Old(index));
                }
            }
            Keyword::Env | Keyword::Workdir | Keyword::Shell | Keyword::User | Keyword::Arg => {
                if in_builder {
                    plan.builder.push(Line::Old(index));
                }
                if keyword != Keyword::Arg || is_used_at_run_time(subject, index, &works, last_build) {
                    plan.runtime.push(Line::Old(index));
                }
            }
            _ => plan.runtime.push(Line::Old(index)),
        }
    }
    trim(subject, &mut plan.builder);
    drop_repositories(&works, &mut plan);
    let kept = plan
        .divided
        .iter()
        .filter_map(|package| Some((package, uses.at_run_time.get(package.name.as_str())?)));
    plan.evidence = kept
        .map(|(package, evidence)| Evidence {
            place: evidence.place.clone(),
            fact: format!("{}, so {} stays", evidence.fact, package.name),
        })
        .collect();
    plan.wanted = uses.at_run_time;
    let image = plan.image.as_deref().and_then(|image| image.rsplit_once(':'));
    // Of a RUN that builds, the runtime stage has no command that runs anything.
    let runs = |index| has_line(&plan.runtime, index) && !works.get(&index).is_some_and(Works::builds);
    answered::check_runs(subject, &needs, image, runs)?;
    let left_out = development::leave_out(
        subject,
        &works,
        &needs,
        &plan.crossings,
        &mut plan.builder,
        &plan.runtime,
    );
    let smaller = can_be_smaller(subject, gain, &works, &needs, &plan.runtime);
    let new = not_of_image(subject, &plan.divided);
    let saves = matches!(left_out, Ok(Some(_)))
        || is_built_alone(&crossings)
        || new.iter().any(|package| !package.place.runtime)
        || matches!(smaller, Ok(true))
        || packages::weight_of_headers(&new, &subject.release) >= HEAVY_HEADERS;
    match left_out {
        Err(obstacle) if !saves => return Err(obstacle),
        Err(obstacle) => plan.evidence.push(Evidence {
            place: "development dependencies".to_owned(),
            fact: format!("stay, as {}", obstacle.found),
        }),
        Ok(found) => {
            plan.evidence.extend(found.iter().map(|(_, evidence)| evidence.clone()));
            plan.development = found;
        }
    }
    if !saves {
        smaller?;
    }
    let is_whole = !plan.crossings.is_empty() || elsewhere.is_some() && plan.builder.is_empty();
    let leaves_something = works.values().any(|works| works.outputs().next().is_some());
    if saves && !is_whole && leaves_something {
        return Err(Obstacle::new(
            ObstacleKind::UnknownNeed,
            format!(
                "line {} builds, and nothing that the image starts names what it leaves",
                subject.line(last_build)
            ),
            "start what is built by its path in CMD or ENTRYPOINT",
        ));
    }
    Ok((saves && is_whole).then_some(plan))
}

/// Whether the runtime stage can stand on a smaller image: what is needed there and missing in it must have a name.
///
/// # Errors
/// What has none.
fn can_be_smaller(
    subject: &Subject<'_>,
    gain: &Gain,
    works: &BTreeMap<usize, Works>,
    needs: &Needs,
    runtime: &[Line],
) -> Result<bool, Obstacle> {
    let Some(smaller) = &gain.smaller else { return Ok(false) };
    if smaller.purpose != Purpose::Same {
        return Ok(true);
    }
    if let Some(unknown) = needs.may_miss_tools(subject.level) {
        return Err(unknown.obstacle());
    }
    // What runs there, too, must be known.
    let stays = |index: &usize| has_line(runtime, *index);
    let mut steps = needs.steps.iter().filter(|(index, _)| stays(index));
    if let Some(unknown) = steps.find_map(|(_, step)| step.unknown.as_ref()) {
        return Err(unknown.obstacle());
    }
    if let Some(&index) = works
        .keys()
        .find(|index| stays(index) && runs_unread(subject, works, **index))
    {
        return Err(Obstacle::new(
            ObstacleKind::UnknownNeed,
            format!(
                "line {} runs in the last stage, and it is not known which programs it calls",
                subject.line(index)
            ),
            format!("keep {}, or let a builder run it and copy what it makes", subject.image),
        ));
    }
    let on = (smaller.image.as_str(), smaller.tag.as_str());
    let Subject { file, facts, image, .. } = *subject;
    let lacking = |stage| lacking(file, facts, stage, needs, &subject.release, image, on);
    let range = subject.range();
    // RUNs that build stay on the large image: they count only as what may install the package.
    let found = lacking(range.start..range.start).or_else(|_| lacking(range));
    found.map(|_| true).map_err(|unknown| unknown.obstacle())
}

/// Whether a stage has an instruction of the file, as it is or edited.
pub(super) fn has_line(lines: &[Line], index: usize) -> bool {
    let mut lines = lines.iter();
    lines.any(|line| matches!(line, Line::Old(own) | Line::Edited(own, _) if *own == index))
}

/// Whether a RUN has a step of which nothing is known, and which runs no file of the build context.
fn runs_unread(subject: &Subject<'_>, works: &BTreeMap<usize, Works>, index: usize) -> bool {
    let files = subject.before(index);
    let reads_file = |command: &Command| {
        let folder = folder_of(command);
        let paths = command
            .literal_arguments()
            .filter_map(|word| AbsolutePath::of(word, folder.as_ref()));
        let program = command
            .program()
            .and_then(|program| AbsolutePath::of(program, folder.as_ref()));
        paths.chain(program).any(|path| files.read(path.relative()).is_some())
    };
    let command = |step: &Step| subject.facts.run(subject.file, index)?.commands.get(step.command?);
    let steps = works.get(&index).map(Works::steps).unwrap_or_default();
    let unknown = |step: &&Step| step.kind != StepKind::Build && step.effects.unknown.is_some();
    steps
        .iter()
        .filter(unknown)
        .any(|step| !command(step).is_some_and(reads_file))
}

/// The first command of a stage that builds with a tool of which nothing is known.
pub(super) fn unknown_builder(file: &Dockerfile, facts: &Facts, stage: &Stage) -> Option<Obstacle> {
    let mut instructions = stage.instructions.clone();
    instructions.find_map(|index| {
        let programs = facts.run(file, index)?.commands.iter();
        let mut programs = programs.filter_map(|command| command.program());
        let is_unknown = |program: &&str| command_table(program).is_some_and(|table| table.has_tag("unknown-builder"));
        programs.find(is_unknown).map(|program| {
            Obstacle::new(
                ObstacleKind::UnknownCommand,
                format!(
                    "line {} builds with `{program}`, and nothing is known of what that leaves",
                    file.line_of(index)
                ),
                "split the stages by hand",
            )
        })
    })
}

/// The step that builds inside of a text for another shell, which no stage of its own can take.
fn build_in_a_text(subject: &Subject<'_>) -> Option<Obstacle> {
    subject.range().find_map(|index| {
        let run = subject.facts.run(subject.file, index)?;
        let (work, program) = needs::build_in_a_text(run)?;
        Some(Obstacle::new(
            ObstacleKind::Entangled,
            format!(
                "line {} runs `{work}` within `{program}`, whose files no other stage can take",
                subject.line(index)
            ),
            format!("run it in a RUN of its own, after USER instead of `{program}`"),
        ))
    })
}

/// The packages that the image does not have anyway.
fn not_of_image<'d>(subject: &Subject<'_>, divided: &'d [Divided]) -> Vec<&'d Divided> {
    let contents = image_contents(&subject.image.repository(), subject.image.tag.as_deref());
    let has = |name: &str| {
        contents
            .as_ref()
            .is_some_and(|contents| contents.packages.contains(name))
    };
    divided.iter().filter(|package| !has(&package.name)).collect()
}

/// Whether the runtime stage takes what was built and nothing of the build context.
fn is_built_alone(crossings: &crossing::Crossings) -> bool {
    crossings.drops_sources && crossings.list.iter().all(|crossing| !crossing.is_project)
}

/// What each RUN of the stage is for.
fn works(subject: &Subject<'_>, steps: &[Step]) -> Result<BTreeMap<usize, Works>, Obstacle> {
    let Subject { file, facts, .. } = *subject;
    let mut works: BTreeMap<usize, Works> = BTreeMap::new();
    for index in subject.range() {
        if subject.keyword(index) != Some(Keyword::Run) {
            continue;
        }
        let run = facts.run(file, index).ok_or_else(|| opaque(subject, index))?;
        if let Body::Opaque(why) = &run.body {
            return Err(Obstacle::new(
                ObstacleKind::Unreadable,
                format!("line {} cannot be read: {why}", subject.line(index)),
                "write it as plain commands of a shell",
            ));
        }
        works.insert(index, Works::default());
    }
    for step in steps {
        if let Some(Obstacle { kind, found, remedy }) = &step.obstacle {
            let found = format!("line {}: {found}", subject.line(step.instruction));
            return Err(Obstacle::new(*kind, found, remedy));
        }
        if let Some(own) = works.get_mut(&step.instruction) {
            own.push(step.clone());
        }
    }
    Ok(works)
}

fn refuse_triggers(subject: &Subject<'_>) -> Result<(), Obstacle> {
    for index in subject.range() {
        if subject.keyword(index) == Some(Keyword::Onbuild) {
            return Err(Obstacle::new(
                ObstacleKind::OtherImage,
                format!(
                    "line {} is run by images that are built on this one",
                    subject.line(index)
                ),
                "split the stages by hand",
            ));
        }
        let is_posix = subject
            .facts
            .scope(index)
            .is_some_and(|scope| matches!(scope.shell, Shell::Posix(_)));
        if !is_posix && subject.keyword(index) == Some(Keyword::Run) {
            return Err(Obstacle::new(
                ObstacleKind::Unreadable,
                format!("line {} runs in a shell that is not known", subject.line(index)),
                "split the stages by hand",
            ));
        }
    }
    Ok(())
}

/// A name for the builder that no stage has, and that no mount takes an image or a context by.
fn free_name(subject: &Subject<'_>) -> String {
    let facts = subject.facts;
    let runs = (0..subject.file.instructions.len()).filter_map(|index| facts.run(subject.file, index));
    let mounts = runs
        .flat_map(|run| &run.mounts)
        .filter_map(|mount| mount.field(&["from"]));
    let names = facts.stages.iter().filter_map(|stage| stage.name.as_deref());
    let taken: Vec<&str> = names.chain(mounts).collect();
    let is_free = |name: &String| !taken.iter().any(|taken| taken.eq_ignore_ascii_case(name));
    let mut names = ["builder", "build"]
        .map(str::to_owned)
        .into_iter()
        .chain((2..).map(|n| format!("builder{n}")));
    names.find(is_free).unwrap_or_else(|| "builder".to_owned())
}

/// Whether the builder runs or copies as somebody else than root.
fn builder_has_users(subject: &Subject<'_>, last_build: usize) -> bool {
    subject.range().take_while(|index| *index <= last_build).any(|index| {
        let node = subject.node(index);
        node.is_some_and(|node| node.keyword == Keyword::User || node.flag("chown").is_some())
    })
}

/// Whether something that stays in the runtime stage may read an ARG.
fn is_used_at_run_time(subject: &Subject<'_>, index: usize, works: &BTreeMap<usize, Works>, last_build: usize) -> bool {
    if index > last_build {
        return true;
    }
    let Some(node) = subject.node(index) else {
        return true;
    };
    let names: Vec<&str> = node
        .words()
        .iter()
        .map(|word| word.value.split('=').next().unwrap_or_default())
        .collect();
    (index + 1..subject.range().end).any(|later| match subject.keyword(later) {
        Some(Keyword::Run) => {
            let builds = works.get(&later).is_some_and(Works::builds);
            let sets_up = works.get(&later).is_some_and(|works| works.setups().next().is_some());
            !builds && (sets_up || names.iter().any(|name| subject.text(later).contains(name)))
        }
        Some(Keyword::Arg) => false,
        _ => names.iter().any(|name| {
            subject.text(later).contains(&format!("${name}")) || subject.text(later).contains(&format!("${{{name}"))
        }),
    })
}

/// Takes away repositories of packages of which the runtime stage installs none.
fn drop_repositories(works: &BTreeMap<usize, Works>, plan: &mut Plan) {
    let last = plan
        .divided
        .iter()
        .filter(|package| package.place.runtime)
        .map(|package| package.run)
        .max();
    plan.runtime.retain(|line| {
        let (Line::Old(index) | Line::Edited(index, _)) = line else {
            return true;
        };
        let Some(own) = works.get(index) else { return true };
        last.is_some_and(|last| *index <= last) || !live::only_adds_repositories(own)
    });
}

/// Takes away what the end of the builder does not need: settings behind its last RUN.
fn trim(subject: &Subject<'_>, builder: &mut Vec<Line>) {
    while let Some(Line::Old(index)) = builder.last() {
        if subject.keyword(*index) == Some(Keyword::Run) {
            break;
        }
        builder.pop();
    }
}

/// The lines of the stage in the file.
pub(super) fn lines(file: &Dockerfile, stage: &Range<usize>) -> LineRange {
    let lines = stage.clone().map(|index| file.lines_of(index));
    lines.reduce(LineRange::join).unwrap_or(LineRange { first: 1, last: 1 })
}
