//! Whether enough is known of what the image runs to build it in another stage.

use std::collections::BTreeMap;

use crate::effects::needs::Needs;
use crate::effects::{Obstacle, ObstacleKind};
use crate::knowledge::{Compiler, Family, compiler, image_contents, image_has_own_tool};

use super::Evidence;
use super::gain::Gain;
use super::subject::Subject;

/// Checks that the questions are answered without which no split is right.
///
/// # Errors
/// What is not known, or says that the tools of the build are needed.
pub(super) fn check(subject: &Subject<'_>, needs: &Needs, gain: &Gain) -> Result<(), Obstacle> {
    if let Some(evidence) = &needs.builds_at_start {
        return Err(Obstacle::new(
            ObstacleKind::NeededAtRunTime,
            format!(
                "{} {}, so that the build tools are needed at run time",
                evidence.place, evidence.fact
            ),
            "install and compile in the Dockerfile, and start the result",
        ));
    }
    if !needs.starts {
        return Err(Obstacle::new(
            ObstacleKind::UnknownNeed,
            "nothing tells what the image runs: it has neither CMD nor ENTRYPOINT, and no Compose file gives it a command",
            "name the program in CMD or ENTRYPOINT",
        ));
    }
    // Without packages to leave behind, all that is gained is a smaller image, whose tools something unknown may miss.
    let unknown = needs.may_miss_tools(subject.level).filter(|_| gain.packages.is_empty());
    if let Some(unknown) = unknown.or(needs.unread_manifest.as_ref()) {
        return Err(unknown.obstacle());
    }
    library_search(subject, needs)?;
    shims(subject, needs)
}

/// Checks that the RUNs that stay in the runtime stage find what they need there: `stays` says which ones do, and `image` is the
/// image of that stage, where it is one without the tools of the build.
///
/// # Errors
/// What compiles, or calls a program of the build alone.
pub(super) fn check_runs(
    subject: &Subject<'_>,
    needs: &Needs,
    image: Option<(&str, &str)>,
    stays: impl Fn(usize) -> bool,
) -> Result<(), Obstacle> {
    for (index, step) in needs.steps.range(subject.range()).filter(|(index, _)| stays(**index)) {
        let line = subject.line(*index);
        if let Some(evidence) = &step.compiles {
            return Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!(
                    "line {line} would stay in the last stage, and {} {}",
                    evidence.place, evidence.fact
                ),
                "compile in the RUN that installs the dependencies, or in a stage of its own",
            ));
        }
        let mut tools = step.tools.iter();
        if let Some((tool, evidence)) = tools.find(|(tool, _)| compiler(tool) == Some(Compiler::Native)) {
            return Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!(
                    "line {line} would stay in the last stage, and {} {}, so that it compiles with {tool} there",
                    evidence.place, evidence.fact
                ),
                "compile in the RUN that installs the dependencies, or in a stage of its own",
            ));
        }
        let lost = image.and_then(|image| lost_tool(subject, &step.tools, image));
        if let Some((tool, evidence)) = lost {
            return Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!(
                    "line {line} would stay in the last stage, which has no {tool}, and {} {}",
                    evidence.place, evidence.fact
                ),
                format!("call {tool} itself in a RUN of its own"),
            ));
        }
    }
    Ok(())
}

/// The first of `tools` that the image has of itself and `new` has not.
pub(super) fn lost_tool<'n>(
    subject: &Subject<'_>,
    tools: &'n BTreeMap<String, Evidence>,
    new: (&str, &str),
) -> Option<(&'n str, &'n Evidence)> {
    let image = subject.image;
    let repository = image.repository();
    let had = |tool: &str| image_has_own_tool(&repository, image.tag.as_deref(), tool);
    let new = image_contents(new.0, Some(new.1)).unwrap_or_default();
    let family = subject.release.family;
    let mut tools = tools.iter();
    let lost = tools.find(|(tool, _)| had(tool) && !new.has_tool(family, tool));
    lost.map(|(tool, evidence)| (tool.as_str(), evidence))
}

/// On Alpine, looking for a library by its name asks a compiler, which stays in the builder.
fn library_search(subject: &Subject<'_>, needs: &Needs) -> Result<(), Obstacle> {
    let found = needs.finds_libraries.as_ref();
    match found.filter(|_| subject.release.family == Family::Alpine) {
        Some(evidence) => Err(Obstacle::new(
            ObstacleKind::NeededAtRunTime,
            format!(
                "{} {}, for which Alpine asks the compiler's tools",
                evidence.place, evidence.fact
            ),
            "load the library by its file name, or use an image of Debian",
        )),
        None => Ok(()),
    }
}

/// Corepack downloads a manager when it is first called: the runtime stage would have its name, not the manager.
fn shims(subject: &Subject<'_>, needs: &Needs) -> Result<(), Obstacle> {
    let Some((shim, evidence)) = needs.shim() else {
        return Ok(());
    };
    let runs = subject
        .range()
        .filter_map(|index| subject.facts.run(subject.file, index));
    let commands: Vec<_> = runs.flat_map(|run| &run.commands).collect();
    let by_corepack = |verbs: &[&str]| {
        commands.iter().any(|command| {
            let verb = command.words.get(1).and_then(|word| word.value.as_deref());
            command.program() == Some("corepack") && verb.is_some_and(|verb| verbs.contains(&verb))
        })
    };
    if by_corepack(&["enable"]) && !by_corepack(&["prepare", "install", "use", "up", "hydrate"]) {
        return Err(Obstacle::new(
            ObstacleKind::NeededAtRunTime,
            format!(
                "{} {}, and corepack has downloaded {shim} for the build alone",
                evidence.place, evidence.fact
            ),
            format!("start node itself, or run `corepack prepare {shim}@VERSION --activate` in the Dockerfile"),
        ));
    }
    Ok(())
}
