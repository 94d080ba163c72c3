//! Every package of the system that the original's image has is in the result's, or only builds need it.

use crate::effects::needs::Needs;
use crate::knowledge::{
    Family, PackageRole, Release, closure, image_contents, is_in_base, package_role, runtime_of, tools_of_package,
};

use super::identity::Package;
use super::model::StageModel;
use super::{Kind, Pair, Violation, named};

/// Checks every stage of the original.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let stages = pair.stages.iter();
    stages
        .flat_map(|(before, after)| check_stage(pair, *before, *after))
        .collect()
}

fn check_stage(pair: &Pair<'_>, before: usize, after: usize) -> Vec<Violation> {
    let (Some(old), Some(new)) = (pair.before.stages.get(before), pair.after.stages.get(after)) else {
        return Vec::new();
    };
    let mut stage = None;
    let mut found = Vec::new();
    for (at, item) in old.items.iter().enumerate() {
        for package in item.act.installed() {
            let is_same = |other: &Package| other.name == package.name && other.version == package.version;
            let mut installed = new.items.iter().flat_map(|item| item.act.installed());
            if installed.any(is_same) || old.removes(at, package) {
                continue;
            }
            let stage = stage.get_or_insert_with(|| Image::of(pair, after, new));
            if let Some(why) = stage.misses(package) {
                found.push(Violation {
                    kind: Kind::PackageLost,
                    line: pair.before.line(item),
                    what: format!("{} would be missing: {why}", package.name),
                    remedy: format!("install {} in a RUN of its own", package.name),
                });
            }
        }
    }
    found
}

/// The image of a stage of the result.
struct Image<'p, 'a> {
    pair: &'p Pair<'a>,
    stage: usize,
    release: Option<Release>,
    /// The packages that it has: those that are installed, what they depend on, and what the base image has.
    packages: Vec<String>,
    needs: std::cell::OnceCell<Needs>,
}

impl Image<'_, '_> {
    fn of<'p, 'a>(pair: &'p Pair<'a>, stage: usize, model: &StageModel) -> Image<'p, 'a> {
        let release = pair.after.release(stage);
        Image {
            pair,
            stage,
            packages: packages(model, release.as_ref()),
            release,
            needs: std::cell::OnceCell::new(),
        }
    }

    /// Why the image misses a package; none where it has it, or does without it.
    fn misses(&self, package: &Package) -> Option<String> {
        let Some(release) = &self.release else {
            return Some("it is not known which release the image stands on".to_owned());
        };
        let has = |name: &str| self.packages.iter().any(|known| known == name) || is_in_base(release, name);
        if has(&package.name) {
            return None;
        }
        let family = release.family;
        match package_role(family, &package.name) {
            Some(PackageRole::BuildOnly | PackageRole::Headers)
                if named::builds_at_start(self.pair.after, self.stage) =>
            {
                Some("the program installs or builds when it starts".to_owned())
            }
            Some(PackageRole::BuildOnly) => self.calls(family, &package.name),
            Some(PackageRole::Headers) => match runtime_of(release, &package.name) {
                Some(libraries) => libraries
                    .into_iter()
                    .find(|library| !has(library))
                    .map(|library| format!("it brings {library}, which the program may load")),
                None => Some("it is not known which libraries it brings on this release".to_owned()),
            },
            Some(PackageRole::Either) => self
                .replaced(release, &package.name)
                .or_else(|| self.calls(family, &package.name)),
            Some(PackageRole::Language) => self.calls(family, &package.name),
            Some(PackageRole::Runtime | PackageRole::Both) => Some("the program may need it".to_owned()),
            None => Some("it is not known what it is for".to_owned()),
        }
    }

    /// A part of a package that the result installs in its place: something needs it, and may need the rest.
    fn replaced(&self, release: &Release, package: &str) -> Option<String> {
        // One with programs of its own is asked for these.
        if tools_of_package(release.family, package).next().is_some() {
            return None;
        }
        let after = self.pair.after.stages.get(self.stage)?;
        let parts = closure(release, &[package]);
        let was_installed = |name: &str| {
            let mut stages = self.pair.before.stages.iter();
            stages.any(|stage| stage.installed(usize::MAX).contains(name))
        };
        let installed = after.installed(usize::MAX);
        let part = installed
            .into_iter()
            .find(|name| parts.contains(name) && !was_installed(name))?;
        Some(format!(
            "{part} would be installed in its place, which is only a part of it"
        ))
    }

    /// What calls a program of a package, if anything does.
    fn calls(&self, family: Family, package: &str) -> Option<String> {
        let tools: Vec<&str> = tools_of_package(family, package).collect();
        let named = named::programs(self.pair.after, self.stage);
        if let Some(tool) = tools.iter().find(|tool| named.iter().any(|name| name == *tool)) {
            return Some(format!("the image calls {tool}"));
        }
        let needs = self.needs();
        let (tool, evidence) = needs.tools.iter().find(|(tool, _)| tools.contains(&tool.as_str()))?;
        Some(format!("{} {}, which calls {tool}", evidence.place, evidence.fact))
    }

    fn needs(&self) -> &Needs {
        self.needs.get_or_init(|| {
            let (after, family) = (
                self.pair.after,
                self.release.as_ref().map_or(Family::Bare, |release| release.family),
            );
            let stage = after.facts.stages.get(self.stage);
            stage.map_or_else(Needs::default, |stage| {
                Needs::of(after.file, after.facts, stage, after.context, family)
            })
        })
    }
}

fn packages(model: &StageModel, release: Option<&Release>) -> Vec<String> {
    let installed: Vec<&str> = model.installed(usize::MAX).into_iter().collect();
    let image = model.image.as_ref();
    let contents = image.and_then(|image| image_contents(&image.repository(), image.tag.as_deref()));
    let of_image = contents.iter().flat_map(|contents| contents.packages.iter().copied());
    let with_dependencies = release.map(|release| closure(release, &installed)).unwrap_or_default();
    of_image
        .chain(with_dependencies)
        .chain(installed)
        .map(str::to_owned)
        .collect()
}
