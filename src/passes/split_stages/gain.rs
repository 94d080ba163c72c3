//! What a split would gain.

use crate::effects::needs::is_build;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Base, Execution, Facts, ImageReference, Stage};
use crate::knowledge::{
    Action, Family, Kind, PackageRole, Purpose, Release, Slimmer, base_image, package_role, slimmer, slimmer_images,
};
use crate::syntax::Dockerfile;

use super::packages;

/// What a split of the last stage would gain: the packages that only builds use, a smaller image, and development
/// dependencies.
pub(super) struct Gain {
    pub(super) packages: Vec<(usize, String)>,
    pub(super) smaller: Option<Slimmer>,
    /// Whether a project of Node.js is installed and built, which takes development dependencies.
    pub(super) development: bool,
}

/// A gain, with the image of the stage and its release.
pub(super) type Found = (Gain, ImageReference, Release);

impl Gain {
    /// Looks for what a split gains; none where there is nothing.
    ///
    /// # Errors
    /// Where the stage compiles on an image of which too little is known.
    pub(super) fn of(file: &Dockerfile, facts: &Facts, stage: &Stage) -> Result<Option<Found>, Obstacle> {
        let Base::Image(image) = &stage.base else {
            return Ok(None);
        };
        let release = super::release(file, stage);
        let is_known = release.is_some() && !lacks_versions(image);
        match release.and_then(|release| Gain::on(file, facts, stage, image, release)) {
            Some(found) => Ok(Some(found)),
            None if is_known => removed_later(file, facts, stage).map_or(Ok(None), Err),
            None => match compiles(file, facts, stage) {
                Some(index) => Err(unknown(file, stage, index)),
                None => Ok(None),
            },
        }
    }

    fn on(file: &Dockerfile, facts: &Facts, stage: &Stage, image: &ImageReference, release: Release) -> Option<Found> {
        let range = stage.instructions.clone();
        let mut packages: Vec<(usize, String)> = Vec::new();
        let (mut installs, mut builds) = (false, false);
        for index in range.clone() {
            let Some(run) = facts.run(file, index) else { continue };
            let removed = packages::removed_again(run);
            for used in run.commands.iter().filter_map(|command| command.manager.as_ref()) {
                if used.is_node() {
                    installs |= used.action == Action::Install && !used.is_global();
                    builds |= matches!(used.action, Action::Build | Action::Run | Action::Exec);
                }
                if used.manager.kind != Kind::System || used.action != Action::Install {
                    continue;
                }
                let is_virtual = used.options.iter().any(|(name, value, _)| {
                    matches!(name.as_str(), "-t" | "--virtual") && value.as_ref().is_some_and(|v| removed.contains(v))
                });
                let stays = |name: &str| !is_virtual && !removed.iter().any(|gone| gone == name);
                let names = used.packages.iter().map(|(name, ..)| name).filter(|name| stays(name));
                packages.extend(
                    names
                        .filter(|name| packages::is_for_builds(name, &release))
                        .map(|name| (index, name.clone())),
                );
            }
        }
        let from = file.instructions.get(range.start)?;
        let is_plain = image.digest.is_none() && !from.node().words().first()?.value.contains('$');
        let smaller = slimmer(&image.repository(), image.tag.as_deref()).filter(|_| is_plain);
        let smaller = smaller.filter(|smaller| {
            matches!(
                smaller.purpose,
                Purpose::Same | Purpose::Binaries | Purpose::JavaPrograms | Purpose::DotnetWeb
            )
        });
        let gain = Gain {
            packages,
            smaller,
            development: installs && builds,
        };
        let is_something = !gain.packages.is_empty() || gain.smaller.is_some() || gain.development;
        is_something.then(|| (gain, image.clone(), release))
    }
}

/// A package that a stage with a build installs, and removes in a later layer, where that gains nothing.
fn removed_later(file: &Dockerfile, facts: &Facts, stage: &Stage) -> Option<Obstacle> {
    let runs = stage
        .instructions
        .clone()
        .filter_map(|index| Some((index, facts.run(file, index)?)));
    let runs: Vec<(usize, &Execution)> = runs.collect();
    runs.iter().any(|(_, run)| is_build(run)).then_some(())?;
    let names = |action: Action| {
        let used = runs.iter().flat_map(|(index, run)| {
            let used = run.commands.iter().filter_map(|command| command.manager.as_ref());
            used.map(|used| (*index, used))
        });
        let used = used.filter(move |(_, used)| used.manager.kind == Kind::System && used.action == action);
        used.flat_map(|(index, used)| {
            let groups = used
                .options
                .iter()
                .filter(|(name, ..)| matches!(name.as_str(), "-t" | "--virtual"));
            let groups = groups.filter_map(|(_, value, _)| value.as_deref());
            let names = used.packages.iter().map(|(name, ..)| name.as_str());
            names.chain(groups).map(move |name| (index, name)).collect::<Vec<_>>()
        })
        .collect::<Vec<_>>()
    };
    let (installed, removed) = (names(Action::Install), names(Action::Remove));
    removed.iter().find_map(|(later, name)| {
        let (index, _) = installed.iter().find(|(index, known)| known == name && index < later)?;
        let (line, later) = (file.line_of(*index), file.line_of(*later));
        Some(Obstacle::new(
            ObstacleKind::NoGain,
            format!(
                "line {later} removes {name}, which stays in the layer of line {line}: a later layer frees nothing"
            ),
            "install and remove it in the RUN that uses it",
        ))
    })
}

/// Whether smaller images run what is built on an image, and its tag does not say enough to choose one: `maven:latest`.
fn lacks_versions(image: &ImageReference) -> bool {
    let (repository, tag) = (image.repository(), image.tag.as_deref());
    let is_of_programs = |purpose: Purpose| purpose != Purpose::Same;
    let others =
        base_image(&repository).is_some_and(|known| known.slimmer.iter().any(|rule| is_of_programs(rule.purpose)));
    let is_one_itself = tag.is_some_and(|tag| ["slim", "alpine", "jre"].iter().any(|part| tag.contains(part)));
    others && !is_one_itself && slimmer_images(&repository, tag).is_empty()
}

/// The first step of a stage that compiles, or installs what compiles.
fn compiles(file: &Dockerfile, facts: &Facts, stage: &Stage) -> Option<usize> {
    let families = [Family::Debian, Family::Alpine, Family::RedHat];
    let is_compiler = |name: &str| {
        let mut roles = families.iter().map(|family| package_role(*family, name));
        roles.any(|role| role == Some(PackageRole::BuildOnly))
    };
    stage.instructions.clone().find(|index| {
        let Some(run) = facts.run(file, *index) else {
            return false;
        };
        run.commands.iter().any(|command| match &command.manager {
            Some(used) if used.manager.kind == Kind::System => {
                used.action == Action::Install && used.packages.iter().any(|(name, ..)| is_compiler(name))
            }
            Some(used) => used.action == Action::Build,
            None => command
                .program()
                .is_some_and(|program| crate::knowledge::compiler(program).is_some()),
        })
    })
}

fn unknown(file: &Dockerfile, stage: &Stage, index: usize) -> Obstacle {
    let from = file.instructions.get(stage.instructions.start);
    let image = from.and_then(|from| from.node().words().first());
    Obstacle::new(
        ObstacleKind::UnknownPackage,
        format!(
            "line {} builds, and nothing tells on which release of which distribution {} stands, or which smaller image \
             runs the result",
            file.line_of(index),
            image.map(|image| image.value.as_str()).unwrap_or_default(),
        ),
        "use a tag of an official image that names all its versions, or split the stages by hand",
    )
}
