//! Facts about the packages of distributions: which libraries a `-dev` package is for, and sizes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use super::distribution::{Family, Release};
use super::package_role::package_fact;
use super::tools::tools_of_package;

/// The `-dev` packages of Debian and Ubuntu, a line each, with the library packages that their users load.
const DEBIAN_LIBRARIES: &str = include_str!("../../data/packages/libraries.tsv");

/// The columns of that table: the releases in the order of their age.
const COLUMNS: [(Family, &str); 6] = [
    (Family::Ubuntu, "focal"),
    (Family::Debian, "bullseye"),
    (Family::Ubuntu, "jammy"),
    (Family::Debian, "bookworm"),
    (Family::Ubuntu, "noble"),
    (Family::Debian, "trixie"),
];

/// The same libraries in Alpine and Fedora, by Debian's names.
const OTHER_LIBRARIES: &str = include_str!("../../data/packages/other-libraries.tsv");

/// Sizes and dependencies of the packages that Dockerfiles install.
const SIZES: &[(&str, &str)] = &[
    (
        "bullseye",
        include_str!("../../data/packages/debian-bullseye-sizes.tsv"),
    ),
    (
        "bookworm",
        include_str!("../../data/packages/debian-bookworm-sizes.tsv"),
    ),
    ("trixie", include_str!("../../data/packages/debian-trixie-sizes.tsv")),
];

type Libraries = HashMap<&'static str, Vec<&'static str>>;

/// The lines of a table without its comments.
pub(super) fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// The cells of each line.
fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    lines(text).map(|line| line.split('\t').collect())
}

fn words(cell: &'static str) -> Vec<&'static str> {
    cell.split_whitespace().collect()
}

/// The library packages that a program linked with `dev_package` needs at run time, in the names of this release: for
/// `libpq-dev` on bookworm `libpq5`. Empty for headers without a library. None if it isn't known.
///
/// For a release that is not certain, only names that the release before it has, too: somebody may still have an older
/// image under the same tag.
#[must_use]
pub fn runtime_of(release: &Release, dev_package: &str) -> Option<Vec<&'static str>> {
    match release.family {
        Family::Debian | Family::Ubuntu if !release.certain => {
            let before = debian_libraries(&release_before(release)?, dev_package)?;
            common(&before, &debian_libraries(release, dev_package)?)
        }
        Family::Debian | Family::Ubuntu => debian_libraries(release, dev_package),
        Family::Alpine => other_libraries().alpine.get(dev_package).cloned(),
        Family::Fedora | Family::RedHat | Family::Amazon => other_libraries().fedora.get(dev_package).cloned(),
        Family::Suse | Family::Arch | Family::Bare => None,
    }
}

/// The release of the same distribution before this one, of those in the tables.
fn release_before(release: &Release) -> Option<Release> {
    let own: Vec<&str> = COLUMNS
        .iter()
        .filter(|(family, _)| *family == release.family)
        .map(|(_, name)| *name)
        .collect();
    let at = own.iter().position(|name| Some(*name) == release.codename.as_deref())?;
    Some(Release::certain(release.family, own.get(at.checked_sub(1)?)?))
}

/// The names that are right in two releases. `libssl3t64` is also called `libssl3`, as in the release before. None where
/// a library has another number in either.
fn common(before: &[&'static str], after: &[&'static str]) -> Option<Vec<&'static str>> {
    let plain = |name: &'static str| name.strip_suffix("t64").unwrap_or(name);
    let after: Vec<&str> = after.iter().map(|name| plain(name)).collect();
    let (same, other): (Vec<&str>, Vec<&str>) = before.iter().copied().partition(|name| after.contains(name));
    let stem = |name: &str| {
        name.trim_end_matches(|c: char| c.is_ascii_digit() || "-.".contains(c))
            .to_owned()
    };
    let left = after.iter().filter(|name| !before.contains(name));
    let has_moved = left.clone().any(|name| other.iter().any(|old| stem(old) == stem(name)));
    let is_empty = same.is_empty() && !(before.is_empty() && after.is_empty());
    (!has_moved && !is_empty).then_some(same)
}

/// The library packages of this release for a library that is named as Debian names its `-dev` package, as the table
/// of runtime needs does: `libpq-dev` is `libpq` on Alpine.
#[must_use]
pub fn library_packages(release: &Release, debian_dev_package: &str) -> Option<Vec<&'static str>> {
    let other = other_libraries();
    match release.family {
        Family::Debian | Family::Ubuntu if debian_dev_package.ends_with("-dev") => {
            runtime_of(release, debian_dev_package)
        }
        // A library of the compiler, which has no -dev package: libgomp1.
        Family::Debian | Family::Ubuntu => {
            let (name, _) = packages(release)?.get_key_value(debian_dev_package)?;
            Some(vec![name])
        }
        Family::Alpine => other.alpine_by_debian.get(debian_dev_package).cloned(),
        Family::Fedora | Family::RedHat | Family::Amazon => other.fedora_by_debian.get(debian_dev_package).cloned(),
        Family::Suse | Family::Arch | Family::Bare => None,
    }
}

/// The rows of [`DEBIAN_LIBRARIES`].
static DEBIAN: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    lines(DEBIAN_LIBRARIES)
        .filter_map(|line| line.split_once('\t'))
        .collect()
});

/// Whether a release of Debian has a library by the name of its `-dev` package.
#[must_use]
pub fn knows_library(debian_dev_package: &str) -> bool {
    DEBIAN.contains_key(debian_dev_package)
}

fn debian_libraries(release: &Release, dev_package: &str) -> Option<Vec<&'static str>> {
    let codename = release.codename.as_deref()?;
    let column = COLUMNS.iter().position(|known| *known == (release.family, codename))?;
    // A cell `=` says the same as the one before.
    let cells = DEBIAN.get(dev_package)?.split('\t');
    let cell = cells.take(column + 1).filter(|cell| *cell != "=").last()?;
    (cell != "-").then(|| words(cell))
}

#[derive(Default)]
struct OtherLibraries {
    alpine: Libraries,
    fedora: Libraries,
    alpine_by_debian: Libraries,
    fedora_by_debian: Libraries,
}

fn other_libraries() -> &'static OtherLibraries {
    static TABLE: LazyLock<OtherLibraries> = LazyLock::new(|| {
        let mut table = OtherLibraries::default();
        for row in rows(OTHER_LIBRARIES) {
            // A row: Debian's -dev packages, Alpine's, Alpine's libraries, Fedora's -devel, Fedora's libraries.
            let mut cells = row.into_iter().map(words);
            let mut next = || cells.next().unwrap_or_default();
            let (debian, alpine, alpine_runtime, fedora, fedora_runtime) = (next(), next(), next(), next(), next());
            for name in &alpine {
                table.alpine.insert(name, alpine_runtime.clone());
            }
            for name in &fedora {
                table.fedora.insert(name, fedora_runtime.clone());
            }
            for name in debian {
                if !alpine.is_empty() {
                    table.alpine_by_debian.insert(name, alpine_runtime.clone());
                }
                if !fedora.is_empty() {
                    table.fedora_by_debian.insert(name, fedora_runtime.clone());
                }
            }
        }
        table
    });
    &TABLE
}

/// What a package takes, and what else it brings.
struct Package {
    kib: u64,
    depends: Vec<&'static str>,
    /// Whether the image of the distribution has it.
    is_base: bool,
}

type Packages = HashMap<&'static str, Package>;

/// Sizes of releases that have no table are those of the release closest to them.
fn packages(release: &Release) -> Option<&'static Packages> {
    static TABLES: [LazyLock<Packages>; 3] = [
        LazyLock::new(|| sizes(0)),
        LazyLock::new(|| sizes(1)),
        LazyLock::new(|| sizes(2)),
    ];
    if !release.family.is_debian_like() {
        return None;
    }
    let at = match release.codename.as_deref() {
        Some("jessie" | "stretch" | "buster" | "bullseye" | "trusty" | "xenial" | "bionic" | "focal") => 0,
        Some("bookworm" | "jammy" | "kinetic" | "lunar") => 1,
        _ => 2,
    };
    TABLES.get(at).map(|table| &**table)
}

fn sizes(at: usize) -> Packages {
    let text = SIZES.get(at).map_or("", |(_, text)| text);
    rows(text)
        .filter_map(|row| {
            let (is_base, kib) = match row.get(1)?.strip_prefix('=') {
                Some(kib) => (true, kib),
                None => (false, *row.get(1)?),
            };
            let package = Package {
                kib: kib.parse().ok()?,
                is_base,
                depends: row.get(2).map(|cell| words(cell)).unwrap_or_default(),
            };
            Some((*row.first()?, package))
        })
        .collect()
}

/// The installed size of a package alone, in KiB, for estimates.
#[must_use]
pub fn installed_size(release: &Release, package: &str) -> Option<u64> {
    packages(release)?.get(package).map(|package| package.kib)
}

/// What `names` bring into an image of the distribution, with all that they depend on, in KiB: an estimate. Packages
/// that the distribution's own image has count nothing, neither do unknown ones.
#[must_use]
pub fn installed_closure_size(release: &Release, names: &[&str]) -> u64 {
    let Some(packages) = packages(release) else {
        return 0;
    };
    closure(release, names)
        .iter()
        .filter_map(|name| packages.get(name))
        .map(|package| package.kib)
        .sum()
}

/// `names` that are known with all that they depend on, less what the distribution's own image has.
#[must_use]
pub fn closure(release: &Release, names: &[&str]) -> HashSet<&'static str> {
    let Some(packages) = packages(release) else {
        return HashSet::new();
    };
    let mut found = HashSet::new();
    let mut open: Vec<&str> = names.to_vec();
    while let Some(name) = open.pop() {
        let Some((name, package)) = packages.get_key_value(name) else {
            continue;
        };
        if !package.is_base && found.insert(*name) {
            open.extend(&package.depends);
        }
    }
    found
}

/// Whether a release is known to have a package of this name. One that is called after its library has another name in other
/// releases.
#[must_use]
pub fn has_package(release: &Release, name: &str) -> bool {
    let family = release.family;
    let is_library = match family {
        Family::Debian | Family::Ubuntu => debian_name(release, name),
        Family::Alpine => other_libraries()
            .alpine
            .values()
            .any(|names| names.contains(&name))
            .then_some(true),
        _ => other_libraries()
            .fedora
            .values()
            .any(|names| names.contains(&name))
            .then_some(true),
    };
    let is_known = || {
        let is_program = tools_of_package(family, name).next().is_some();
        let is_fact = || package_fact(family, name).is_some_and(|fact| fact.names.iter().any(|known| known == name));
        is_program || is_fact() || packages(release).is_some_and(|known| known.contains_key(name))
    };
    is_library.unwrap_or_else(is_known)
}

/// Whether a release of Debian or Ubuntu, or the one before where that is not certain, calls a library by this name; none for a
/// name that is no library's in any release.
fn debian_name(release: &Release, name: &str) -> Option<bool> {
    static NAMES: LazyLock<HashMap<&'static str, BTreeSet<usize>>> = LazyLock::new(|| {
        let mut names: HashMap<&'static str, BTreeSet<usize>> = HashMap::new();
        for row in lines(DEBIAN_LIBRARIES).filter_map(|line| line.split_once('\t')) {
            let mut last = "";
            for (column, cell) in row.1.split('\t').enumerate() {
                last = if cell == "=" { last } else { cell };
                for word in last.split_whitespace().filter(|word| *word != "-") {
                    names.entry(word).or_default().insert(column);
                }
            }
        }
        names
    });
    let column = |release: &Release| {
        let codename = release.codename.as_deref()?;
        COLUMNS.iter().position(|known| *known == (release.family, codename))
    };
    let columns = NAMES.get(name)?;
    let before = release_before(release).filter(|_| !release.certain);
    let mut own = [column(release), before.as_ref().and_then(column)]
        .into_iter()
        .flatten()
        .peekable();
    // Of a release without a column nothing is known.
    Some(own.peek().is_none() || own.any(|column| columns.contains(&column)))
}

/// Whether the distribution's own image has the package.
#[must_use]
pub fn is_in_base(release: &Release, package: &str) -> bool {
    packages(release)
        .and_then(|packages| packages.get(package))
        .is_some_and(|package| package.is_base)
}
