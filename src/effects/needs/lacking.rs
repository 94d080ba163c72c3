//! What an image lacks of what a stage needs, when it takes the place of another one.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use crate::effects::Evidence;
use crate::facts::{Facts, ImageReference};
use crate::knowledge::{
    Action, ImageContents, Kind, NamedLibrary, Release, base_image, closure, file_needs, image_contents, is_in_base,
    is_of_compiler, knows_library, library_packages, named_library, package_of_tool,
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
    let mut missing = Missing {
        release,
        had: image_contents(&old.repository(), old.tag.as_deref()),
        has: image_contents(new.0, Some(new.1)),
        known: installed(file, facts, stage.clone(), release),
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
        for need in file_needs() {
            let evidence = need.tools.iter().find_map(|tool| step.tools.get(tool));
            if let Some(evidence) = evidence.filter(|_| missing.had(&need.package)) {
                missing.add(&need.package, evidence);
            }
        }
    }
    needs
        .tools
        .iter()
        .for_each(|(tool, evidence)| missing.tool(tool, evidence));
    for (package, evidence) in &needs.packages {
        if missing.had_files_of(package) {
            missing.add(package, evidence);
        }
    }
    missing.linked(needs, old, new)?;
    for (library, evidence) in &needs.libraries {
        missing.library(library, evidence, old)?;
    }
    let built = base_image(&old.repository()).map(|image| image.programs_need.as_slice());
    for library in built.unwrap_or_default() {
        let evidence = Evidence {
            place: old.repository(),
            fact: format!("programs built on it need {library}"),
        };
        let packages = library_packages(release, library).unwrap_or_default();
        packages.iter().for_each(|package| missing.add(package, &evidence));
    }
    Ok(missing.found)
}

struct Missing<'m> {
    release: &'m Release,
    had: Option<Arc<ImageContents>>,
    has: Option<Arc<ImageContents>>,
    known: BTreeSet<String>,
    found: Vec<(String, Evidence)>,
}

impl Missing<'_> {
    /// Whether the old image has a package, or may: of one that no table has, what is needed was there.
    fn had(&self, package: &str) -> bool {
        self.had.as_ref().is_none_or(|had| has_package(had, package))
    }

    /// Whether the old image has the files of a package, or may, wherever they are.
    fn had_files_of(&self, package: &str) -> bool {
        self.had(package) || self.had.as_ref().is_some_and(|had| had.stands_for.contains(package))
    }

    /// Whether the new image surely has a package.
    fn has(&self, package: &str) -> bool {
        self.has.as_ref().is_some_and(|has| has_package(has, package)) || is_in_base(self.release, package)
    }

    fn add(&mut self, package: &str, evidence: &Evidence) {
        if !self.has(package) && self.known.insert(package.to_owned()) {
            self.found.push((package.to_owned(), evidence.clone()));
        }
    }

    fn tool(&mut self, tool: &str, evidence: &Evidence) {
        let is_own = self.has.as_ref().is_some_and(|has| has.tools.contains(tool));
        let package = package_of_tool(self.release.family, tool).filter(|_| !is_own);
        if let Some(package) = package.filter(|package| self.had(package)) {
            self.add(package, evidence);
        }
    }

    fn library(&mut self, library: &str, evidence: &Evidence, old: &ImageReference) -> Result<(), Unanswered> {
        if let Some(packages) = library_packages(self.release, library) {
            if self.had(library) || packages.iter().any(|package| self.had(package)) {
                packages.iter().for_each(|package| self.add(package, evidence));
            }
            return Ok(());
        }
        // The headers alone tell that the old image has the library; the new one has it only if it has them, too.
        let headers = |contents: Option<&ImageContents>| contents.is_some_and(|known| has_package(known, library));
        if headers(self.had.as_deref()) && !headers(self.has.as_deref()) && !self.is_there_anyway(library) {
            return Err(unknown_library(self.release, library, evidence, old));
        }
        Ok(())
    }

    /// Refuses libraries that only the old image surely has, and those of which nothing is known where it has any that
    /// the new one lacks.
    fn linked(&self, needs: &Needs, old: &ImageReference, new: (&str, &str)) -> Result<(), Unanswered> {
        let had = self.had.as_ref();
        for (name, evidence) in &needs.linked {
            if had.is_some_and(|had| had.own_libraries.contains(name.as_str())) {
                let fact = format!(
                    "{}, of which {old} has its own, which {}:{} lacks or has in an older version",
                    evidence.fact, new.0, new.1
                );
                let remedy = "link it statically, as with `-static-libstdc++ -static-libgcc`, or compile with the compiler of the distribution";
                return Err(Unanswered::new(&evidence.place, fact, remedy));
            }
        }
        if !self.loses_libraries() {
            return Ok(());
        }
        let is_unknown = |name: &str| {
            named_library(name) == NamedLibrary::Unknown
                && !knows_library(&format!("lib{}-dev", name.to_lowercase()))
                && !self.is_installed(name)
        };
        match needs.linked.iter().find(|(name, _)| is_unknown(name)) {
            Some((_, evidence)) => Err(Unanswered::new(
                &evidence.place,
                format!(
                    "{}, and it is not known whether {old} brings what it needs",
                    evidence.fact
                ),
                "use the slim or the distribution's image for the build and install the libraries that it needs by name, or split the stages by hand",
            )),
            None => needs.unnamed_library.clone().map_or(Ok(()), Err),
        }
    }

    /// Whether the file installs a library of this name.
    fn is_installed(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let stem = name.strip_suffix("-sys").unwrap_or(&name);
        let stem = format!("lib{}", stem.strip_prefix("lib").unwrap_or(stem));
        self.known.iter().any(|package| package.starts_with(&stem))
    }

    /// Whether the old image has libraries for programs to link, or may, that the new one lacks.
    fn loses_libraries(&self) -> bool {
        self.had.as_ref().is_none_or(|had| {
            let mut headers = had
                .packages
                .iter()
                .filter(|name| name.ends_with("-dev") && !is_of_compiler(name));
            headers.any(|name| !self.has(name))
        })
    }

    /// Whether the new image has the library under the names of the release that its table is of.
    fn is_there_anyway(&self, library: &str) -> bool {
        let Some(codename) = self.release.codename.as_deref() else {
            return false;
        };
        let certain = Release::certain(self.release.family, codename);
        let packages = library_packages(&certain, library);
        packages.is_some_and(|packages| packages.iter().all(|package| self.has(package)))
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

/// What programs built on an image need of the system, where no name of it is known in the release; none if all is known.
pub(crate) fn nameless_need(repository: &str, release: &Release) -> Option<&'static str> {
    let needs = base_image(repository).map(|image| image.programs_need.as_slice());
    let mut needs = needs.unwrap_or_default().iter();
    needs
        .find(|library| library_packages(release, library).is_none())
        .map(String::as_str)
}

/// The system packages that a stage installs, with what they depend on.
fn installed(file: &Dockerfile, facts: &Facts, stage: Range<usize>, release: &Release) -> BTreeSet<String> {
    let runs = stage.filter_map(|index| facts.run(file, index));
    let used = runs
        .flat_map(|run| &run.commands)
        .filter_map(|command| command.manager.as_ref());
    let named: Vec<&str> = used
        .filter(|used| used.manager.kind == Kind::System && used.action == Action::Install)
        .flat_map(|used| used.packages.iter().map(|(name, ..)| name.as_str()))
        .collect();
    let brought = closure(release, &named).into_iter();
    brought.chain(named.iter().copied()).map(str::to_owned).collect()
}
