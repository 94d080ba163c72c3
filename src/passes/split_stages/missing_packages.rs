//! What leaves the image with the packages that stay in the builder, although the program needs it.

use std::collections::{BTreeMap, BTreeSet};

use crate::effects::Obstacle;
use crate::knowledge::{Release, closure, image_contents, is_in_base, library_packages, package_fact};

use super::Evidence;
use super::packages::Divided;
use crate::effects::needs::{Needs, unknown_library};
use crate::facts::ImageReference;

/// The packages to install in the runtime stage by their own names: those that it had only because one that stays in
/// the builder depends on them. `wanted` are the packages whose tools run there.
pub(super) fn missing(
    divided: &[Divided],
    wanted: &BTreeMap<String, Evidence>,
    needs: &Needs,
    release: &Release,
    image: &ImageReference,
    on: (&str, Option<&str>),
) -> Result<Vec<(String, Evidence)>, Obstacle> {
    let names = |kept: &dyn Fn(&Divided) -> bool| -> Vec<&str> {
        let packages = divided.iter().filter(|package| kept(package));
        packages.map(|package| package.name.as_str()).collect()
    };
    let (all, kept) = (names(&|_| true), names(&|package| package.place.runtime));
    let (had, has) = (closure(release, &all), closure(release, &kept));
    // Of an image that no table has, it is installed again, which changes nothing where it is there.
    let base = image_contents(on.0, on.1);
    let is_of_base = |package: &str| base.as_ref().is_some_and(|base| base.packages.contains(package));
    let mut added: BTreeSet<&str> = BTreeSet::new();
    let mut found = Vec::new();
    let mut add = |package: &'static str, evidence: Evidence| {
        let is_there = has.contains(package) || kept.contains(&package);
        if !is_there && !is_of_base(package) && !is_in_base(release, package) && added.insert(package) {
            found.push((package.to_owned(), evidence));
        }
    };
    let wanted = wanted.iter().map(|(package, evidence)| (package.as_str(), evidence));
    let of_files = needs.packages.iter().map(|(package, evidence)| (*package, evidence));
    for (package, evidence) in wanted.chain(of_files) {
        if let Some(package) = had.get(package) {
            add(package, evidence.clone());
        }
    }
    for (library, evidence) in &needs.libraries {
        let Some(packages) = library_packages(release, library) else {
            // The headers that bring it stay in the builder, and nobody knows what takes their place.
            if had.contains(library.as_str()) && !has.contains(library.as_str()) {
                return Err(unknown_library(release, library, evidence, image).obstacle());
            }
            continue;
        };
        for package in packages {
            if had.contains(package) {
                add(package, evidence.clone());
            }
        }
    }
    // What a compiler's programs load is there wherever it is.
    for name in names(&|package| package.place.builder && !package.place.runtime) {
        let runtime = package_fact(release.family, name).map(|fact| fact.runtime.as_slice());
        for package in runtime.unwrap_or_default() {
            let fact = format!("programs that {name} compiles load {package}");
            let place = name.to_owned();
            add(package, Evidence { place, fact });
        }
    }
    Ok(found)
}
