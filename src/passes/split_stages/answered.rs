//! Whether enough is known of what the image runs to build it in another stage.

use crate::effects::needs::Needs;
use crate::effects::{Obstacle, ObstacleKind};
use crate::knowledge::Family;

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
