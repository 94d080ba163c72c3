//! Development dependencies of Node.js: builds need them, and the program does not.

use std::collections::BTreeMap;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Body, Command, ManagerUse, is_within};
use crate::knowledge::Action;

use super::Evidence;
use super::crossing::Crossing;
use super::plan::{Line, has_line};
use super::subject::Subject;
use super::work::Works;
use crate::effects::ecosystems::node::development::{Manifest, Runs};
use crate::effects::image_files::join;
use crate::effects::needs::Needs;
use crate::effects::steps::{Step, StepKind};
use crate::effects::{AbsolutePath, Place};

/// An install of a project's dependencies.
struct Install<'a> {
    run: usize,
    /// The number of the command in the RUN.
    number: usize,
    command: &'a Command,
    used: &'a ManagerUse,
}

/// Leaves the development dependencies out of what the builder hands over, and says which RUN installs them, where they
/// are declared and how many they are; none where its steps install none.
///
/// # Errors
/// Why they stay, and what the user can do: something that runs needs one of them, or nothing tells.
pub(super) fn leave_out(
    subject: &Subject<'_>,
    works: &BTreeMap<usize, Works>,
    needs: &Needs,
    crossings: &[Crossing],
    builder: &mut Vec<Line>,
    runtime: &[Line],
) -> Result<Option<(usize, Evidence)>, Obstacle> {
    let installs = installs(subject, works);
    let Some(first) = installs.first() else {
        return Ok(None);
    };
    let Some(folder) = first.command.workdir.as_deref() else {
        return Ok(None);
    };
    let modules = format!("{}/node_modules", folder.trim_end_matches('/'));
    let crosses = |crossing: &Crossing| is_within(&crossing.path, &modules) || is_within(&modules, &crossing.path);
    let image = subject.before(subject.range().end);
    let Some(manifest) = Manifest::read(&image, folder) else {
        return Ok(None);
    };
    let path = join(folder.trim_matches('/'), "package.json");
    let Some((_, from)) = image.supplier(&path) else {
        return Ok(None);
    };
    let are_installed = !installs.iter().any(|install| leaves_out(subject, install));
    if manifest.development.is_empty() || !are_installed || !crossings.iter().any(crosses) {
        return Ok(None);
    }
    let is_one = |install: &Install<'_>| {
        install.command.workdir.as_deref() == Some(folder)
            && install.used.manager.id == first.used.manager.id
            && install.used.packages.is_empty()
            && !install.used.has_unknown_arguments
            && !install.command.context.conditional
    };
    if !installs.iter().all(is_one) || manifest.is_workspace {
        return Err(by_hand(
            "more than one project is installed, or more than the project declares",
        ));
    }
    let runs = Runs {
        needs,
        scope: subject.facts.scope(subject.range().end - 1),
        family: subject.release.family,
        context: subject.context,
        folder: from.strip_suffix("package.json").unwrap_or_default(),
    };
    runs.need_none(&manifest)?;
    if let Some(line) = used_at_the_end(subject, works, runtime, first.run, &modules) {
        return Err(Obstacle::new(
            ObstacleKind::UnknownNeed,
            format!("line {line} runs in the last stage, and may load a development dependency there"),
            "run it before the build, or move what it loads to `dependencies`",
        ));
    }
    let only_installs =
        installs.len() == 1 && !manifest.has_install_scripts && !is_used(subject, first, &modules, works);
    let edited = if only_installs { without(subject, first) } else { None };
    let place = builder
        .iter_mut()
        .find(|line| matches!(line, Line::Old(index) if *index == first.run));
    match place.zip(edited) {
        Some((line, text)) => *line = Line::Edited(first.run, text),
        None => {
            check_end(subject, first, builder)?;
            builder.push(Line::New {
                text: step(subject, first, &manifest)?,
                at: usize::MAX,
            });
        }
    }
    let count = manifest.development.len();
    let noun = if count == 1 { "dependency" } else { "dependencies" };
    let evidence = Evidence {
        place: from,
        fact: format!("has {count} development {noun}, which nothing that runs names"),
    };
    Ok(Some((first.run, evidence)))
}

fn by_hand(obstacle: &str) -> Obstacle {
    Obstacle::new(
        ObstacleKind::Unsupported,
        obstacle,
        "leave the development dependencies out by hand",
    )
}

/// The steps that install dependencies of projects.
fn installs<'a>(subject: &'a Subject<'_>, works: &BTreeMap<usize, Works>) -> Vec<Install<'a>> {
    let runs = works
        .keys()
        .filter_map(|index| Some((*index, subject.facts.run(subject.file, *index)?)));
    let commands = runs.flat_map(|(run, execution)| {
        let numbered = execution.commands.iter().enumerate();
        numbered.map(move |(number, command)| (run, number, command))
    });
    let uses = commands.filter_map(|(run, number, command)| {
        let used = command.manager.as_ref()?;
        used.changes_node_project().then_some(Install {
            run,
            number,
            command,
            used,
        })
    });
    uses.collect()
}

/// Whether another step may use what an install puts into `modules`, in the same RUN or in another one.
fn is_used(subject: &Subject<'_>, install: &Install<'_>, modules: &str, works: &BTreeMap<usize, Works>) -> bool {
    let cleans = |run: usize, step: &Step| {
        let command = subject.facts.run(subject.file, run).zip(step.command);
        let command = command.and_then(|(execution, number)| execution.commands.get(number));
        let used = command.and_then(|command| command.manager.as_ref());
        used.is_some_and(|used| used.action == Action::CleanCache)
    };
    let is_own = |run: usize, step: &Step| run == install.run && step.command == Some(install.number);
    let steps = works
        .iter()
        .flat_map(|(run, works)| works.steps().iter().map(move |step| (*run, step)));
    let mut others = steps.filter(|(run, step)| !is_own(*run, step) && !cleans(*run, step));
    others.any(|(_, step)| step.kind == StepKind::Build || may_load(step, modules))
}

/// Whether a step may load what is in `modules`: it runs code of which nothing is known, or reads files there.
fn may_load(step: &Step, modules: &str) -> bool {
    let folder = AbsolutePath::of(modules, None);
    let is_inside = |place: &Place| {
        let path = place.path().zip(folder.as_ref());
        path.is_none_or(|(path, folder)| path.is_within(folder))
    };
    step.effects.unknown.is_some() || step.effects.reads.iter().any(is_inside)
}

/// The line of the first step of the runtime stage, behind the install, that may load a development dependency.
fn used_at_the_end(
    subject: &Subject<'_>,
    works: &BTreeMap<usize, Works>,
    runtime: &[Line],
    install: usize,
    modules: &str,
) -> Option<usize> {
    // Of a RUN that builds, the runtime stage has its packages and its global tools alone.
    let later = works.iter().filter(|(run, works)| **run > install && !works.builds());
    let mut later = later.filter(|(run, _)| has_line(runtime, **run));
    let user = later.find(|(_, works)| works.setup_steps().any(|step| may_load(step, modules)));
    user.map(|(run, _)| subject.line(*run))
}

/// Whether an install leaves development dependencies out by itself, or removes them.
fn leaves_out(subject: &Subject<'_>, install: &Install<'_>) -> bool {
    let says = install.command.says_production();
    let names = [
        "NODE_ENV",
        "npm_config_production",
        "NPM_CONFIG_PRODUCTION",
        "NPM_CONFIG_OMIT",
        "npm_config_omit",
    ];
    let scope = subject.facts.scope(install.run);
    let is_set = |name: &str| {
        install.command.assignments.iter().any(|assigned| assigned.name == name)
            || scope.is_some_and(|scope| {
                let variable = scope.variables.get(name);
                variable.is_some_and(|variable| !variable.certain || variable.value.as_deref() != Some("development"))
            })
    };
    says || names.iter().any(|name| is_set(name))
}

/// The step that removes them from `node_modules`, once everything is built.
fn step(subject: &Subject<'_>, install: &Install<'_>, manifest: &Manifest) -> Result<String, Obstacle> {
    let kept = |known: &[&str]| -> String {
        let given = install.command.words.iter().map(|word| word.text.as_str());
        let kept = given.filter(|word| known.contains(word));
        kept.map(|option| format!(" {option}")).collect()
    };
    // The other managers write packages anew, without what scripts of the project made of them.
    let is_changed = manifest.changes_packages || manifest.production.contains("@prisma/client");
    match install.used.manager.id.as_str() {
        "npm" => Ok(format!(
            "RUN npm prune {}{}",
            npm_option(subject),
            kept(&["--legacy-peer-deps", "--force"])
        )),
        "yarn" | "pnpm" if is_changed => Err(by_hand(
            "scripts of the project change its packages, and would have to run again",
        )),
        "yarn" => Ok(format!(
            "RUN yarn install --production --ignore-scripts --prefer-offline{}",
            kept(&["--frozen-lockfile", "--pure-lockfile"])
        )),
        // Without CI, it asks before it removes folders, and fails as nobody answers. It runs `prepare` as an install does.
        "pnpm" if manifest.has_install_scripts => Ok("RUN CI=true pnpm prune --prod --ignore-scripts".to_owned()),
        "pnpm" => Ok("RUN CI=true pnpm prune --prod".to_owned()),
        other => Err(by_hand(&format!("`{other}` has no command that removes them"))),
    }
}

/// The RUN of an install with the option that leaves them out; none where it has no such option.
fn without(subject: &Subject<'_>, install: &Install<'_>) -> Option<String> {
    let option = match install.used.manager.id.as_str() {
        "npm" => npm_option(subject),
        "yarn" | "bun" => "--production",
        "pnpm" => "--prod",
        _ => return None,
    };
    let run = subject.facts.run(subject.file, install.run)?;
    let Body::Script(script) = &run.body else { return None };
    let verb = install.command.words.get(install.used.verb_word)?;
    let at = script.source(verb.span.clone()).end;
    let mut text = subject.text(install.run).to_owned();
    if !install.command.editable || !text.is_char_boundary(at) {
        return None;
    }
    text.insert_str(at, &format!(" {option}"));
    Some(text)
}

/// The option of npm, which was another one before npm 7. The images of Node.js 16 were the first with a later one.
fn npm_option(subject: &Subject<'_>) -> &'static str {
    let tag = subject.image.tag.as_deref().unwrap_or("latest");
    let major = tag.split(['.', '-']).next().unwrap_or(tag);
    let is_newest = ["latest", "lts", "current", "slim", "alpine"].contains(&major);
    let is_new = major.parse::<u32>().map_or(is_newest, |major| major >= 16);
    if subject.image.official_name() == Some("node") && is_new {
        "--omit=dev"
    } else {
        "--production"
    }
}

/// Refuses a builder at whose end a step would not work on the same project as the install, as the same user, or which
/// takes a secret to install.
fn check_end(subject: &Subject<'_>, install: &Install<'_>, builder: &[Line]) -> Result<(), Obstacle> {
    let last = builder.iter().rev().find_map(|line| match line {
        Line::Old(index) | Line::Edited(index, _) => Some(*index),
        Line::New { .. } => None,
    });
    let (first, last) = (
        subject.facts.scope(install.run),
        last.and_then(|last| subject.facts.scope(last)),
    );
    let is_same = first
        .zip(last)
        .is_some_and(|(first, last)| first.user == last.user && last.workdir == install.command.workdir);
    let takes_secrets = subject.node(install.run).is_some_and(|node| {
        let mut mounts = node.flags_named("mount").filter_map(|flag| flag.value.as_deref());
        mounts.any(|mount| mount.contains("secret") || mount.contains("ssh"))
    });
    if !is_same {
        return Err(by_hand(
            "the last step of the builder runs as another user than the install, or in another folder",
        ));
    }
    if takes_secrets {
        return Err(by_hand("the install takes a secret"));
    }
    Ok(())
}
