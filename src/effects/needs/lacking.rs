//! What an image lacks of what a stage needs, when it takes the place of another one.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::facts::{Facts, ImageReference};
use crate::knowledge::{
    Action, Kind, Release, base_image, image_contents, is_in_base, library_packages, package_of_tool,
};
use crate::syntax::Dockerfile;

use super::Needs;
use crate::effects::Evidence;

/// The packages to add to a stage that moves from the image `old` to `new`, each with what needs it.
pub(crate) fn lacking(
    file: &Dockerfile,
    facts: &Facts,
    stage: Range<usize>,
    needs: &Needs,
    release: &Release,
    old: &ImageReference,
    new: (&str, &str),
) -> Vec<(String, Evidence)> {
    let had = image_contents(&old.repository(), old.tag.as_deref()).unwrap_or_default();
    let has = image_contents(new.0, Some(new.1)).unwrap_or_default();
    let mut known: BTreeSet<String> = installed(file, facts, stage.clone());
    let mut found: Vec<(String, Evidence)> = Vec::new();
    let mut add = |package: &str, evidence: &Evidence| {
        if !has.packages.contains(package) && !is_in_base(release, package) && known.insert(package.to_owned()) {
            found.push((package.to_owned(), evidence.clone()));
        }
    };
    // Commands of the stage run there, too.
    for index in stage {
        let Some(run) = facts.run(file, index) else { continue };
        for program in run.commands.iter().filter_map(|command| command.program()) {
            let package = package_of_tool(release.family, program)
                .filter(|package| had.packages.contains(package) && !has.tools.contains(program));
            if let Some(package) = package {
                add(
                    package,
                    &Evidence {
                        place: file.place_of(index),
                        fact: format!("runs {program}"),
                    },
                );
            }
        }
    }
    for (tool, evidence) in &needs.tools {
        let package = package_of_tool(release.family, tool);
        if let Some(package) =
            package.filter(|package| had.packages.contains(package) && !has.tools.contains(tool.as_str()))
        {
            add(package, evidence);
        }
    }
    for (package, evidence) in &needs.packages {
        if had.packages.contains(package) {
            add(package, evidence);
        }
    }
    for (library, evidence) in &needs.libraries {
        let packages = library_packages(release, library).unwrap_or_default();
        let was_there =
            had.packages.contains(library.as_str()) || packages.iter().any(|package| had.packages.contains(package));
        if was_there {
            packages.iter().for_each(|package| add(package, evidence));
        }
    }
    let built = base_image(&old.repository()).map(|image| image.programs_need.as_slice());
    for library in built.unwrap_or_default() {
        let evidence = Evidence {
            place: old.repository(),
            fact: format!("programs built on it need {library}"),
        };
        let packages = library_packages(release, library).unwrap_or_default();
        packages.iter().for_each(|package| add(package, &evidence));
    }
    found
}

/// What programs built on an image need of the system, where no name of it is known in the release; none if all is known.
pub(crate) fn nameless_need(repository: &str, release: &Release) -> Option<&'static str> {
    let needs = base_image(repository).map(|image| image.programs_need.as_slice());
    let mut needs = needs.unwrap_or_default().iter();
    needs
        .find(|library| library_packages(release, library).is_none())
        .map(String::as_str)
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
