//! What becomes of a RUN in each of the two stages.

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Body, Command, Execution};
use crate::knowledge::{Action, Kind};
use crate::syntax::Edit;

use super::packages::{self, Divided, Uses};
use super::plan::Line;
use super::subject::{Subject, opaque};
use super::work::Works;
use super::{live, node_tools};
use crate::edits::removal::Removal;

/// What becomes of a RUN.
pub(super) struct Sides {
    pub(super) builder: Option<Line>,
    pub(super) runtime: Option<Line>,
    pub(super) divided: Vec<Divided>,
}

pub(super) fn of_run(
    subject: &Subject<'_>,
    index: usize,
    run: &Execution,
    works: &Works,
    uses: &Uses<'_>,
) -> Result<Sides, Obstacle> {
    let divided = packages::divide(index, run, works, uses).ok_or_else(|| {
        Obstacle::new(
            ObstacleKind::UnknownPackage,
            format!("line {} installs packages that a variable names", subject.line(index)),
            "write their names",
        )
    })?;
    let system = |number: usize| run.commands.get(number).and_then(|command| command.manager.as_ref());
    let is_install = |number: &usize| system(*number).is_some_and(|used| used.action == Action::Install);
    let installs: Vec<usize> = (0..run.commands.len())
        .filter(|number| works.is_of_packages(*number))
        .filter(is_install)
        .collect();
    let side = |stays: &dyn Fn(&Divided) -> bool, drops: Vec<usize>| -> Result<Option<Line>, Obstacle> {
        let mut removal = Removal {
            commands: drops,
            ..Removal::default()
        };
        let mut left = 0;
        for &install in &installs {
            let of_it: Vec<&Divided> = divided.iter().filter(|package| package.at.0 == install).collect();
            let kept = of_it.iter().filter(|package| stays(package)).count();
            if kept == 0 && !of_it.is_empty() {
                removal.commands.push(install);
            } else {
                left += 1;
                removal
                    .words
                    .extend(of_it.iter().filter(|package| !stays(package)).map(|package| package.at));
            }
        }
        if left == 0 && !installs.is_empty() {
            // Without an install, its lists and cleanup go too.
            removal
                .commands
                .extend((0..run.commands.len()).filter(|number| works.is_of_packages(*number)));
        }
        removal.commands.sort_unstable();
        removal.commands.dedup();
        let is_left = |number: &usize| !removal.commands.contains(number);
        let is_cleanup = |number: usize| works.is_of_packages(number) && run.commands.get(number).is_some_and(cleans);
        let has_gone = installs.is_empty() && !removal.commands.is_empty();
        if (0..run.commands.len())
            .filter(is_left)
            .all(|number| has_gone && is_cleanup(number))
        {
            return Ok(None);
        }
        if removal.commands.is_empty() && removal.words.is_empty() {
            return Ok(Some(Line::Old(index)));
        }
        edited(subject, index, run, &removal).map(Some)
    };
    let removals: Vec<usize> = (0..run.commands.len())
        .filter(|number| {
            works.builds()
                && system(*number)
                    .is_some_and(|used| used.action == Action::Remove && used.manager.kind == Kind::System)
        })
        .collect();
    let in_builder = if only_cleans(run, works) {
        // What stays in the builder is in no image.
        None
    } else {
        // The builder may keep what it installs; a removal that cannot be taken away does no harm there.
        side(&|package: &Divided| package.place.builder, removals.clone())
            .or_else(|_| side(&|package: &Divided| package.place.builder, Vec::new()))?
    };
    let has_tools = |number: &usize| {
        let is_setup = works.is_setup(*number);
        is_setup && run.commands.get(*number).is_some_and(node_tools::installs_tools)
    };
    let builds: Vec<usize> = if works.builds() {
        (0..run.commands.len())
            .filter(|number| !works.is_of_packages(*number) && !has_tools(number))
            .collect()
    } else {
        Vec::new()
    };
    let drops: Vec<usize> = builds
        .into_iter()
        .chain(removals)
        .chain(of_left_out(subject, run, uses))
        .collect();
    let has_any_tools = (0..run.commands.len()).any(|number| has_tools(&number));
    let in_runtime = if works.builds() && installs.is_empty() && !has_any_tools {
        None
    } else {
        side(&|package: &Divided| package.place.runtime, drops)?
    };
    Ok(Sides {
        builder: in_builder,
        runtime: in_runtime,
        divided,
    })
}

/// The commands that remove packages of which the runtime stage has none, with those that then have nothing to clean up.
fn of_left_out(subject: &Subject<'_>, run: &Execution, uses: &Uses<'_>) -> Vec<usize> {
    let of_system = |run: &Execution, action: Action| -> Vec<(usize, Vec<String>)> {
        let used = run
            .commands
            .iter()
            .enumerate()
            .filter_map(|(number, command)| Some((number, command.manager.as_ref()?)));
        let wanted = used.filter(|(_, used)| used.manager.kind == Kind::System && used.action == action);
        wanted
            .map(|(number, used)| (number, used.packages.iter().map(|(name, ..)| name.clone()).collect()))
            .collect()
    };
    let runs = subject
        .range()
        .filter_map(|index| subject.facts.run(subject.file, index));
    let installed: Vec<String> = runs
        .flat_map(|run| of_system(run, Action::Install))
        .flat_map(|(_, names)| names)
        .collect();
    let is_left_out = |name: &String| installed.contains(name) && !packages::place(name, uses).runtime;
    let removals = of_system(run, Action::Remove);
    let named = removals.iter().filter(|(_, names)| !names.is_empty());
    let all_left_out = named.clone().all(|(_, names)| names.iter().all(is_left_out)) && named.count() > 0;
    let goes = |names: &Vec<String>| {
        if names.is_empty() {
            all_left_out
        } else {
            names.iter().all(is_left_out)
        }
    };
    removals
        .iter()
        .filter(|(_, names)| goes(names))
        .map(|(number, _)| *number)
        .collect()
}

/// Whether a RUN does nothing but clean up behind package managers.
fn only_cleans(run: &Execution, works: &Works) -> bool {
    (0..run.commands.len()).all(|number| works.is_of_packages(number)) && run.commands.iter().all(cleans)
}

/// Whether a command removes packages or what they leave.
fn cleans(command: &Command) -> bool {
    match &command.manager {
        Some(used) => matches!(used.action, Action::CleanCache | Action::Remove),
        None => !command.deletes.is_empty(),
    }
}

/// What a RUN does to a folder that crosses, rather than to the files in it: its owner and its mode do not come along.
pub(super) fn of_folder_itself(
    subject: &Subject<'_>,
    index: usize,
    run: &Execution,
    works: &Works,
    whole: &[(&str, usize)],
) -> Result<Option<Line>, Obstacle> {
    let of_it = |number: &usize| {
        whole
            .iter()
            .any(|(folder, _)| live::is_of_folder_itself(works, *number, folder))
    };
    let (kept, others): (Vec<usize>, Vec<usize>) = (0..run.commands.len()).partition(of_it);
    let is_needed = |number: &usize| {
        let program = run.commands.get(*number).and_then(|command| command.program());
        matches!(program, Some("mkdir" | "cd"))
    };
    let removal = Removal {
        commands: others.into_iter().filter(|number| !is_needed(number)).collect(),
        ..Removal::default()
    };
    if kept.is_empty() {
        return Ok(None);
    }
    if removal.commands.is_empty() {
        return Ok(Some(Line::Old(index)));
    }
    edited(subject, index, run, &removal).map(Some)
}

fn edited(subject: &Subject<'_>, index: usize, run: &Execution, removal: &Removal) -> Result<Line, Obstacle> {
    let Body::Script(script) = &run.body else {
        return Err(opaque(subject, index));
    };
    let entangled = || {
        Obstacle::new(
            ObstacleKind::Entangled,
            format!("the commands of line {} cannot be told apart", subject.line(index)),
            "give the system's packages a RUN of their own",
        )
    };
    let gone = removal.gone(run, script).map_err(|_| entangled())?;
    let edits = gone.into_iter().map(|gone| Edit::delete(gone.source)).collect();
    let mut copy = subject.file.clone();
    copy.edit(index, edits).map_err(|_| entangled())?;
    let text = copy
        .instructions
        .get(index)
        .map(|instruction| instruction.text().to_owned());
    text.map(|text| Line::Edited(index, text)).ok_or_else(entangled)
}
