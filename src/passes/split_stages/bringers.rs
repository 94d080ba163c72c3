//! Which packages of the system bring a program that is called.

use std::collections::HashSet;

use crate::knowledge::{Family, PackageRole, Release, closure, package_of_tool, package_role};

/// The packages that a stage installs by name, asked for those that bring a program.
pub(super) struct Bringers<'s> {
    family: Family,
    installed: Vec<&'s str>,
    /// What all of them bring along.
    along: HashSet<&'static str>,
}

impl<'s> Bringers<'s> {
    /// Takes the names of the installed packages.
    pub(super) fn of(release: &Release, installed: impl Iterator<Item = &'s str>) -> Bringers<'s> {
        let installed: Vec<&str> = installed.collect();
        Bringers {
            family: release.family,
            along: closure(release, &installed),
            installed,
        }
    }

    /// The packages that bring `program`: the one that is known to, and those of its name. Where neither is installed, or comes with
    /// one that is, another one must bring it, and all count that have a part of the name in common: `openjdk-17-jdk` for `javac`,
    /// of which `default-jdk` is known, `clang-dev` for `clang`.
    pub(super) fn of_program<'n>(&'n self, program: &str) -> Vec<&'n str> {
        let known = package_of_tool(self.family, program);
        let is_of_its_name = |package: &&str| *package == program || Some(*package) == known;
        let mut found: Vec<&str> = self.installed.iter().copied().filter(is_of_its_name).collect();
        let is_language = |known: &str| package_role(self.family, known) == Some(PackageRole::Language);
        let is_told = |known: &str| self.along.contains(known) || is_language(known);
        if !found.is_empty() || known.is_some_and(is_told) {
            found.extend(known);
            found.dedup();
            return found;
        }
        let names = [Some(program), known];
        let is_like = |package: &&str| names.iter().flatten().any(|name| have_a_part_in_common(package, name));
        let relatives = self.installed.iter().copied().filter(is_like);
        relatives.chain(known).collect()
    }
}

/// Whether two names of packages or programs share a part that tells something.
fn have_a_part_in_common(a: &str, b: &str) -> bool {
    parts(a).any(|part| parts(b).any(|other| part == other))
}

/// The parts of a name without numbers and without those that many packages have.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    const COMMON: &[&str] = &[
        "all", "bin", "cli", "client", "common", "core", "data", "default", "dev", "devel", "doc", "extra", "full",
        "headless", "lib", "libs", "minimal", "plugin", "plus", "server", "tools", "utils",
    ];
    let parts = name.split(|c: char| !c.is_ascii_alphabetic());
    parts.filter(|part| part.len() > 1 && !COMMON.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::release_of;

    #[test]
    fn packages_that_bring_a_program() {
        let of = |image: &str, installed: &[&str], program: &str| -> Vec<String> {
            let release = release_of(image, Some(if image == "alpine" { "3.20" } else { "bookworm" })).unwrap();
            let bringers = Bringers::of(&release, installed.iter().copied());
            let mut found = bringers.of_program(program);
            found.retain(|package| installed.contains(package));
            found.into_iter().map(str::to_owned).collect()
        };
        assert_eq!(
            of("debian", &["gcc", "openjdk-17-jdk-headless"], "javac"),
            ["openjdk-17-jdk-headless"]
        );
        assert_eq!(of("debian", &["gcc", "clang"], "clang++"), ["clang"]);
        assert_eq!(of("debian", &["gcc", "valgrind"], "valgrind"), ["valgrind"]);
        assert_eq!(of("debian", &["gfortran-12", "make"], "gfortran"), ["gfortran-12"]);
        assert_eq!(of("alpine", &["clang-dev", "musl-dev"], "clang"), ["clang-dev"]);
        assert_eq!(of("debian", &["git", "git-lfs"], "git"), ["git"]);
        assert!(of("debian", &["gcc", "libpq-dev"], "server").is_empty());
    }
}
