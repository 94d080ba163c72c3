//! What an image lacks of what a stage needs, when it takes the place of another one.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::effects::Evidence;
use crate::facts::{Facts, ImageReference};
use crate::knowledge::{
    Action, ImageContents, Kind, Release, image_contents, is_in_base, library_packages, package_of_tool,
};
use crate::syntax::Dockerfile;

use super::{Needs, Unanswered};

/// The packages to add to a stage that moves from the image `old` to `new`, each with what needs it.
///
/// # Errors
/// Where something is needed that the old image has, the new one may lack, and no package of this release is known to
/// bring; or where a RUN of the stage runs what cannot be read.
pub(crate) fn lacking(
    file: &Dockerfile,
    facts: &Facts,
    stage: Range<usize>,
    needs: &Needs,
    release: &Release,
    old: &ImageReference,
    new: (&str, &str),
) -> Result<Vec<(String, Evidence)>, Unanswered> {
    let contents = |name: &str, tag: Option<&str>| {
        image_contents(name, tag).ok_or_else(|| {
            Unanswered::new(
                &format!("{name}:{}", tag.unwrap_or("latest")),
                "is an image of which nothing tells what it has".to_owned(),
                "name the image and its tag in full",
            )
        })
    };
    let had = contents(&old.repository(), old.tag.as_deref())?;
    let has = contents(new.0, Some(new.1))?;
    let mut missing = Missing {
        release,
        had: &had,
        has: &has,
        known: installed(file, facts, stage.clone()),
        found: Vec::new(),
    };
    // RUNs of the stage run there, too.
    for (_, step) in needs.steps.range(stage) {
        if let Some(unknown) = &step.unknown {
            return Err(unknown.clone());
        }
        step.tools
            .iter()
            .for_each(|(tool, evidence)| missing.tool(tool, evidence));
    }
    needs
        .tools
        .iter()
        .for_each(|(tool, evidence)| missing.tool(tool, evidence));
    for (package, evidence) in &needs.packages {
        if has_package(&had, package) {
            missing.add(package, evidence);
        }
    }
    for (library, evidence) in &needs.libraries {
        missing.library(library, evidence, old)?;
    }
    Ok(missing.found)
}

struct Missing<'m> {
    release: &'m Release,
    had: &'m ImageContents,
    has: &'m ImageContents,
    known: BTreeSet<String>,
    found: Vec<(String, Evidence)>,
}

impl Missing<'_> {
    fn add(&mut self, package: &str, evidence: &Evidence) {
        let is_there = has_package(self.has, package) || is_in_base(self.release, package);
        if !is_there && self.known.insert(package.to_owned()) {
            self.found.push((package.to_owned(), evidence.clone()));
        }
    }

    fn tool(&mut self, tool: &str, evidence: &Evidence) {
        let package = package_of_tool(self.release.family, tool);
        let is_lost = |package: &&str| has_package(self.had, package) && !self.has.tools.contains(tool);
        if let Some(package) = package.filter(is_lost) {
            self.add(package, evidence);
        }
    }

    fn library(&mut self, library: &str, evidence: &Evidence, old: &ImageReference) -> Result<(), Unanswered> {
        match library_packages(self.release, library) {
            Some(packages) => {
                let had = self.had;
                let was_there = has_package(had, library) || packages.iter().any(|package| has_package(had, package));
                if was_there {
                    packages.iter().for_each(|package| self.add(package, evidence));
                }
                Ok(())
            }
            // The headers alone tell that the old image has the library; the new one has it only if it has them, too.
            None if has_package(self.had, library)
                && !has_package(self.has, library)
                && !self.is_there_anyway(library) =>
            {
                Err(unknown_library(self.release, library, evidence, old))
            }
            None => Ok(()),
        }
    }

    /// Whether the new image has the library under the names of the release that its table is of.
    fn is_there_anyway(&self, library: &str) -> bool {
        let Some(codename) = self.release.codename.as_deref() else {
            return false;
        };
        let certain = Release::certain(self.release.family, codename);
        let packages = library_packages(&certain, library);
        packages.is_some_and(|packages| {
            packages
                .iter()
                .all(|package| has_package(self.has, package) || is_in_base(&certain, package))
        })
    }
}

/// Whether an image has a package, also under the name that Debian's move to 64 bits for times gave it, which provides the
/// old one.
fn has_package(contents: &ImageContents, package: &str) -> bool {
    let packages = &contents.packages;
    let plain = package.strip_suffix("t64").unwrap_or(package);
    packages.contains(plain) || packages.contains(format!("{plain}t64").as_str())
}

/// Says that nobody knows by which package a library comes in this release, and which tag would tell.
pub(crate) fn unknown_library(
    release: &Release,
    library: &str,
    evidence: &Evidence,
    image: &ImageReference,
) -> Unanswered {
    let name = library.trim_end_matches("-dev");
    let codename = release.codename.as_deref();
    let is_settled_by_tag = !release.certain
        && codename
            .is_some_and(|codename| library_packages(&Release::certain(release.family, codename), library).is_some());
    match codename.filter(|_| is_settled_by_tag) {
        Some(codename) => {
            let tag = image.tag.as_deref().unwrap_or("latest");
            Unanswered::new(
                &evidence.place,
                format!(
                    "{}: {name}, whose package has another name in each release, and {image} names no release",
                    evidence.fact
                ),
                &format!(
                    "name the release in the tag, such as {}:{tag}-{codename}",
                    image.repository()
                ),
            )
        }
        None => {
            let of = codename.map_or_else(|| "this release".to_owned(), str::to_owned);
            Unanswered::new(
                &evidence.place,
                format!("{}: {name}, whose package in {of} is not known", evidence.fact),
                "use an image of a newer release, or keep the full one",
            )
        }
    }
}

/// The system packages that a stage installs by name.
fn installed(file: &Dockerfile, facts: &Facts, stage: Range<usize>) -> BTreeSet<String> {
    let runs = stage.filter_map(|index| facts.run(file, index));
    let used = runs
        .flat_map(|run| &run.commands)
        .filter_map(|command| command.manager.as_ref());
    used.filter(|used| used.manager.kind == Kind::System && used.action == Action::Install)
        .flat_map(|used| used.packages.iter().map(|(name, ..)| name.clone()))
        .collect()
}
