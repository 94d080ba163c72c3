//! What the two stages use of the packages.

use std::collections::BTreeMap;

use crate::effects::{Obstacle, ObstacleKind};
use crate::knowledge::{
    Action, Kind, PackageRole, base_image, closure, image_contents, managers, package_fact, package_of_tool,
    package_role,
};

use super::bringers::Bringers;
use super::packages::Uses;
use super::subject::Subject;
use super::work::Works;
use super::{Evidence, Level, project};
use crate::effects::ecosystems::Output;
use crate::effects::needs::{Needs, embedded};

/// What the two stages use of the packages.
pub(super) fn uses<'a>(
    subject: &'a Subject<'_>,
    works: &BTreeMap<usize, Works>,
    needs: &'a Needs,
    last_build: usize,
) -> Uses<'a> {
    let family = subject.release.family;
    let mut at_run_time: BTreeMap<String, Evidence> = BTreeMap::new();
    let repository = subject.image.repository();
    // What the image has of itself comes before what a package brings.
    let own = image_contents(&repository, subject.image.tag.as_deref());
    let is_own = |program: &&str| own.as_ref().is_some_and(|own| own.tools.contains(program));
    let bringers = Bringers::of(&subject.release, installed(subject));
    for (tool, evidence) in &needs.tools {
        for package in called(tool)
            .filter(|program| !is_own(program))
            .flat_map(|program| bringers.of_program(program))
        {
            at_run_time
                .entry(package.to_owned())
                .or_insert_with(|| evidence.clone());
        }
    }
    let project_uses_git = *subject.context.remembered(project::fetches_from_git);
    let mut in_builder: BTreeMap<String, String> = BTreeMap::new();
    for (&index, works) in works {
        let Some(run) = subject.facts.run(subject.file, index) else {
            continue;
        };
        let is_build = works.builds();
        let programs = run.commands.iter().filter_map(|command| command.program());
        for program in programs.flat_map(called) {
            for package in bringers.of_program(program) {
                let place = subject.place(index);
                let fact = format!("runs {program}");
                if is_build || index < last_build {
                    let why = || format!("{place} {fact}");
                    in_builder.entry(package.to_owned()).or_insert_with(why);
                }
                // What stays in the runtime stage runs there.
                if !is_build {
                    at_run_time
                        .entry(package.to_owned())
                        .or_insert(Evidence { place, fact });
                }
            }
        }
        let scripts = needs.steps.get(&index).filter(|_| !is_build);
        for (tool, evidence) in scripts.iter().flat_map(|step| &step.tools) {
            let packages = (!is_own(&tool.as_str())).then(|| bringers.of_program(tool));
            for package in packages.into_iter().flatten() {
                at_run_time
                    .entry(package.to_owned())
                    .or_insert_with(|| evidence.clone());
            }
        }
        for used in run.commands.iter().filter_map(|command| command.manager.as_ref()) {
            for package in &used.manager.comes_by {
                let why = || format!("{} runs {}", subject.place(index), used.program);
                in_builder.entry(package.clone()).or_insert_with(why);
            }
        }
        if is_build
            && (project_uses_git || project::names_repository(run))
            && let Some(package) = package_of_tool(family, "git")
        {
            let why = format!("{} installs from a git repository", subject.place(index));
            in_builder.entry(package.to_owned()).or_insert(why);
        }
    }
    if subject.image.official_name() != Some("python")
        && let Some(index) = made_with_python(works)
        && let Some(package) = package_of_tool(family, "python3")
    {
        at_run_time.entry(package.to_owned()).or_insert_with(|| Evidence {
            place: subject.place(index),
            fact: "installs for the system's Python".to_owned(),
        });
    }
    if let Some(place) = project::names_node_tools(subject) {
        for package in ["nodejs", "npm"] {
            let fact = "names a program in node_modules/.bin".to_owned();
            at_run_time.entry(package.to_owned()).or_insert(Evidence {
                place: place.clone(),
                fact,
            });
        }
    }
    keep_interpreters(subject, &mut at_run_time);
    bring_along(subject, &mut at_run_time);
    Uses {
        release: &subject.release,
        may_assume: subject.level >= Level::Aggressive,
        unknown: needs.may_miss_tools(subject.level),
        is_distribution: base_image(&repository).is_some_and(|image| image.is_distribution),
        at_run_time,
        in_builder,
        builds_with_any: works.values().any(Works::build_with_any_package),
    }
}

/// The packages of the system that the stage installs by name.
fn installed<'s>(subject: &'s Subject<'_>) -> impl Iterator<Item = &'s str> {
    let runs = subject
        .range()
        .filter_map(|index| subject.facts.run(subject.file, index));
    let used = runs
        .flat_map(|run| &run.commands)
        .filter_map(|command| command.manager.as_ref());
    let installs = used.filter(|used| used.manager.kind == Kind::System && used.action == Action::Install);
    installs.flat_map(|used| used.packages.iter().map(|(name, ..)| name.as_str()))
}

/// Adds the packages that bring the library of an interpreter, where something loads it into itself. Only with such a package
/// are the manifests looked through.
fn keep_interpreters(subject: &Subject<'_>, at_run_time: &mut BTreeMap<String, Evidence>) {
    let bringing = installed(subject).filter_map(|name| {
        let fact = package_fact(subject.release.family, name).filter(|fact| fact.embeds)?;
        fact.names.iter().find(|known| *known == name)
    });
    let mut bringing = bringing.peekable();
    if bringing.peek().is_none() {
        return;
    }
    if let Some(evidence) = embedded(subject.file, subject.facts, subject.range(), subject.context) {
        for name in bringing {
            at_run_time.entry(name.to_owned()).or_insert_with(|| evidence.clone());
        }
    }
}

/// Adds packages that the Dockerfile installs by name and that bring one whose tools run: `gnupg`, which brings `gpg` with
/// its agent. Their parts alone may do less.
fn bring_along(subject: &Subject<'_>, at_run_time: &mut BTreeMap<String, Evidence>) {
    let release = &subject.release;
    let named: Vec<&str> = installed(subject).collect();
    for name in &named {
        if package_role(release.family, name) != Some(PackageRole::Either) {
            continue;
        }
        let brings = closure(release, &[name]);
        let is_part = |part: &str| {
            let is_language = package_role(release.family, part) == Some(PackageRole::Language);
            brings.contains(part) && !is_language && !named.contains(&part)
        };
        let part = at_run_time.iter().find(|(part, _)| is_part(part));
        if let (Some((_, evidence)), Some(own)) = (part, brings.iter().find(|own| *own == name)) {
            let evidence = evidence.clone();
            at_run_time.entry((*own).to_owned()).or_insert(evidence);
        }
    }
}

/// A program, and those that run where it does.
fn called(program: &str) -> impl Iterator<Item = &str> {
    std::iter::once(program).chain(managers().run_by(program))
}

/// The first RUN that makes a virtual environment or installs packages of Python.
fn made_with_python(works: &BTreeMap<usize, Works>) -> Option<usize> {
    let is_python = |output: &Output| {
        matches!(
            output,
            Output::PythonSite | Output::PythonOwn | Output::PythonUser(_) | Output::Environment(_)
        )
    };
    let mut works = works.iter();
    works
        .find(|(_, works)| works.outputs().any(is_python))
        .map(|(index, _)| *index)
}

/// Refuses a stage whose Python comes with another package, of a distribution whose packages' dependencies no table has.
pub(super) fn refuse_hidden_python(subject: &Subject<'_>, works: &BTreeMap<usize, Works>) -> Result<(), Obstacle> {
    if subject.release.family.is_debian_like() || subject.image.official_name() == Some("python") {
        return Ok(());
    }
    let Some(index) = made_with_python(works) else {
        return Ok(());
    };
    let runs = subject
        .range()
        .filter_map(|index| subject.facts.run(subject.file, index));
    let used = runs
        .flat_map(|run| &run.commands)
        .filter_map(|command| command.manager.as_ref());
    let mut packages = used
        .filter(|used| used.manager.kind == Kind::System)
        .flat_map(|used| &used.packages);
    if packages.any(|(name, ..)| name == "python3") {
        return Ok(());
    }
    Err(Obstacle::new(
        ObstacleKind::UnknownNeed,
        format!(
            "line {} uses a Python that no package by name brings",
            subject.line(index)
        ),
        "install python3 by its name",
    ))
}
