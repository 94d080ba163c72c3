//! What a rewrite is expected to save in the image, from the tables of package sizes: an estimate, and a low one.
//!
//! What has no table counts nothing: packages of languages, toolchains that no package of the distribution holds, and
//! everything that commands write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::facts::{Base, Execution, Facts, ImageReference, is_within};
use crate::knowledge::{
    Action, ImageContents, Kind, PackageRole, Release, closure, image_contents, installed_size, package_role,
    release_of,
};
use crate::syntax::Dockerfile;

/// Why something is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Packages of the base image that its smaller variant does not have.
    BaseImage,
    /// Compilers and build systems that the file installs, with what they depend on.
    BuildTools,
    /// `-dev` packages that the file installs.
    Headers,
    /// Other packages that the file installs.
    OtherPackages,
    /// Package lists that stay in a layer.
    PackageLists,
}

impl Cause {
    /// The cause in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Cause::BaseImage => "base image",
            Cause::BuildTools => "build tools",
            Cause::Headers => "headers",
            Cause::OtherPackages => "other packages",
            Cause::PackageLists => "package lists",
        }
    }
}

/// Something that a rewrite is expected to save.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Saving {
    /// Why.
    pub cause: Cause,
    /// How much, in bytes.
    pub bytes: u64,
}

/// The size of `apt-get update`'s lists in bytes: `/var/lib/apt/lists` of debian:bookworm, measured in November 2026.
const LISTS: u64 = 19_000_000;

/// What the last stage of `after` is expected to save against that of `before`, the largest first.
#[must_use]
pub fn estimate(before: (&Dockerfile, &Facts), after: (&Dockerfile, &Facts)) -> Vec<Saving> {
    let (Some(old), Some(new)) = (Weight::of(before.0, before.1), Weight::of(after.0, after.1)) else {
        return Vec::new();
    };
    let mut causes: BTreeMap<Cause, u64> = BTreeMap::new();
    for package in old.all().difference(&new.all()) {
        let kib = installed_size(&old.release, package).unwrap_or_default();
        *causes.entry(old.cause(package)).or_default() += kib * 1024;
    }
    if old.has_lists && !new.has_lists {
        causes.insert(Cause::PackageLists, LISTS);
    }
    let savings = causes.into_iter().filter(|(_, bytes)| *bytes > 0);
    let mut savings: Vec<Saving> = savings.map(|(cause, bytes)| Saving { cause, bytes }).collect();
    savings.sort_by_key(|saving| std::cmp::Reverse(saving.bytes));
    savings
}

/// The packages of a last stage.
struct Weight {
    release: Release,
    base: Arc<ImageContents>,
    installed: BTreeSet<&'static str>,
    has_lists: bool,
}

impl Weight {
    fn of(file: &Dockerfile, facts: &Facts) -> Option<Weight> {
        let image = image(facts)?;
        let release = release_of(&image.repository(), image.tag.as_deref())?;
        let mut weight = Weight {
            base: image_contents(&image.repository(), image.tag.as_deref()).unwrap_or_default(),
            installed: BTreeSet::new(),
            has_lists: false,
            release,
        };
        let mut stage = facts.stages.last();
        while let Some(own) = stage {
            for run in own.instructions.clone().filter_map(|index| facts.run(file, index)) {
                weight.has_lists |= weight.release.family.is_debian_like() && leaves_lists(run);
                let used = |action: Action| {
                    let all = run.commands.iter().filter_map(|command| command.manager.as_ref());
                    all.filter(move |used| used.manager.kind == Kind::System && used.action == action)
                };
                let removed: Vec<&str> = used(Action::Remove)
                    .flat_map(|used| used.packages.iter().map(|(name, ..)| name.as_str()))
                    .collect();
                let names: Vec<&str> = used(Action::Install)
                    .flat_map(|used| used.packages.iter().map(|(name, ..)| name.as_str()))
                    .filter(|name| !removed.contains(name))
                    .collect();
                weight.installed.extend(closure(&weight.release, &names));
            }
            stage = match own.base {
                Base::Stage(number) => facts.stages.get(number),
                _ => None,
            };
        }
        Some(weight)
    }

    fn all(&self) -> BTreeSet<&'static str> {
        self.base.packages.union(&self.installed).copied().collect()
    }

    fn cause(&self, package: &str) -> Cause {
        if self.base.packages.contains(package) {
            return Cause::BaseImage;
        }
        match package_role(self.release.family, package) {
            Some(PackageRole::BuildOnly) => Cause::BuildTools,
            Some(PackageRole::Headers) => Cause::Headers,
            // What compilers depend on has no row of its own.
            _ if ["cpp", "gcc", "g++", "binutils", "libgcc-", "libstdc++-"]
                .iter()
                .any(|start| package.starts_with(start)) =>
            {
                Cause::BuildTools
            }
            _ => Cause::OtherPackages,
        }
    }
}

/// Whether a RUN leaves package lists in its layer.
fn leaves_lists(run: &Execution) -> bool {
    let mut used = run.commands.iter().filter_map(|command| command.manager.as_ref());
    let deletes = |path: &str| is_within(path, "/var/lib/apt");
    let mut deleted = run.commands.iter().flat_map(|command| &command.deletes);
    let mut mounts = run.mounts.iter().filter_map(|mount| mount.path.as_deref());
    used.any(|used| used.leaves_lists())
        && !deleted.any(|operand| operand.path.as_deref().is_some_and(deletes))
        && !mounts.any(|path| is_within("/var/lib/apt/lists", path))
}

/// The image that the last stage stands on.
fn image(facts: &Facts) -> Option<&ImageReference> {
    let mut stage = facts.stages.last()?;
    loop {
        match &stage.base {
            Base::Image(image) => return Some(image),
            Base::Stage(number) => stage = facts.stages.get(*number)?,
            Base::Scratch | Base::Unknown => return None,
        }
    }
}
