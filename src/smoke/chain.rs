//! A stage with those that it stands on: what is in its image, by the tables.

use std::collections::BTreeSet;

use super::packages::node_manager;
use crate::facts::{Base, Facts, Stage};
use crate::knowledge::{
    Action, Family, Kind, PackageRole, Release, closure, image_contents, is_in_base, package_of_tool, package_role,
    release_of,
};
use crate::syntax::Dockerfile;

/// Compilers and build systems: what an image that only runs something has no use for.
const BUILD_TOOLS: [&str; 22] = [
    "autoconf",
    "automake",
    "bison",
    "cargo",
    "clang",
    "cmake",
    "flex",
    "g++",
    "gcc",
    "gfortran",
    "go",
    "gradle",
    "javac",
    "make",
    "meson",
    "mvn",
    "nasm",
    "ninja",
    "pkg-config",
    "rustc",
    "swig",
    "yasm",
];

/// Packages that bring compilers along without depending on them: apt installs what they recommend.
const RECOMMEND_COMPILERS: [&str; 4] = ["npm", "python3-pip", "r-base", "r-base-core"];

/// Packages that stand for compilers and name none.
const COLLECTIONS: [(&str, &[&str]); 3] = [
    ("build-base", &["g++", "gcc", "make"]),
    ("alpine-sdk", &["g++", "gcc", "make"]),
    ("build-essential", &["g++", "gcc", "make"]),
];

/// A stage and those that it stands on, itself first.
pub(super) struct Chain<'f> {
    stages: Vec<(usize, &'f Stage)>,
}

impl<'f> Chain<'f> {
    /// The image that is built.
    pub(super) fn of(facts: &'f Facts) -> Chain<'f> {
        Chain::up_to(facts, facts.stages.len().saturating_sub(1))
    }

    fn up_to(facts: &'f Facts, number: usize) -> Chain<'f> {
        let mut stages = Vec::new();
        let mut next = Some(number);
        while let Some((number, stage)) = next.and_then(|number| Some((number, facts.stages.get(number)?))) {
            stages.push((number, stage));
            next = match stage.base {
                Base::Stage(below) => Some(below),
                _ => None,
            };
        }
        Chain { stages }
    }

    /// Its instructions, the last one first.
    pub(super) fn instructions(&self) -> impl Iterator<Item = usize> {
        self.stages
            .iter()
            .flat_map(|(_, stage)| stage.instructions.clone().rev())
    }

    pub(super) fn release(&self) -> Option<Release> {
        match &self.stages.last()?.1.base {
            Base::Image(image) => release_of(&image.repository(), image.tag.as_deref()),
            _ => None,
        }
    }

    /// The packages of the distribution that the stages install.
    pub(super) fn installed(&self, file: &Dockerfile, facts: &Facts) -> Vec<String> {
        let mut found = Vec::new();
        for index in self.instructions() {
            let commands = facts
                .run(file, index)
                .map(|run| run.commands.as_slice())
                .unwrap_or_default();
            for used in commands.iter().filter_map(|command| command.manager.as_ref()) {
                if used.manager.kind == Kind::System && used.action == Action::Install {
                    found.extend(used.packages.iter().map(|(name, ..)| name.clone()));
                }
            }
        }
        found
    }

    /// Whether the image has a program, by the tables.
    pub(super) fn has(&self, file: &Dockerfile, facts: &Facts, program: &str) -> bool {
        let Some((_, lowest)) = self.stages.last() else {
            return false;
        };
        let Base::Image(image) = &lowest.base else { return false };
        let contents = image_contents(&image.repository(), image.tag.as_deref()).unwrap_or_default();
        let release = self.release();
        let family = release.as_ref().map_or(Family::Bare, |release| release.family);
        if contents.has_tool(family, program) {
            return true;
        }
        let names = self.installed(file, facts);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let stands_for = |name: &&str| {
            let mut collections = COLLECTIONS.iter();
            collections.any(|(collection, programs)| collection == name && programs.contains(&program))
        };
        if names.iter().any(stands_for) {
            return true;
        }
        let Some(package) = package_of_tool(family, program) else {
            return false;
        };
        let brought = release.map(|release| closure(&release, &names)).unwrap_or_default();
        names.contains(&package) || brought.contains(package)
    }

    /// The build tools that another stage has and this image has not.
    pub(super) fn gone(&self, file: &Dockerfile, facts: &Facts) -> Vec<String> {
        let installed = self.installed(file, facts);
        let Some(release) = self.release() else {
            return Vec::new();
        };
        if installed
            .iter()
            .any(|name| RECOMMEND_COMPILERS.contains(&name.as_str()))
        {
            return Vec::new();
        }
        // Libraries bring no tools; what another package brings that no table has cannot be told.
        let is_known = |name: &String| {
            package_role(release.family, name) == Some(PackageRole::Runtime)
                || is_in_base(&release, name)
                || !closure(&release, &[name]).is_empty()
        };
        if release.family.is_debian_like() && !installed.iter().all(is_known) {
            return Vec::new();
        }
        let own: BTreeSet<usize> = self.stages.iter().map(|(number, _)| *number).collect();
        let others: Vec<Chain<'_>> = (0..facts.stages.len())
            .filter(|number| !own.contains(number))
            .map(|number| Chain::up_to(facts, number))
            .collect();
        BUILD_TOOLS
            .iter()
            .filter(|tool| others.iter().any(|other| other.has(file, facts, tool)) && !self.has(file, facts, tool))
            .map(|tool| (*tool).to_owned())
            .collect()
    }

    /// Whether the packages of Node are in the image: installed there, or copied with the folder that holds them.
    pub(super) fn has_node_modules(&self, file: &Dockerfile, facts: &Facts) -> bool {
        self.instructions().any(|index| {
            let is_install = facts.run(file, index).is_some_and(|run| {
                let mut used = run.commands.iter().filter_map(|command| command.manager.as_ref());
                used.any(|used| used.action == Action::Install && node_manager(&used.manager.id).is_some())
            });
            let taken = facts.stages.iter().flat_map(|stage| &stage.taken);
            let mut taken = taken
                .filter(|taken| taken.instruction == index)
                .filter_map(|taken| taken.path.as_deref());
            is_install || taken.any(|path| path.trim_end_matches('/').ends_with("node_modules"))
        })
    }
}
