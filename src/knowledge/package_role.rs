//! What packages of distributions are for: building, running, or either.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::base_environment::matches;
use super::distribution::Family;

const FILE: &str = include_str!("../../data/build-packages.toml");

/// What a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageRole {
    /// Only a build uses it: compilers, build systems, headers that belong to no library package.
    BuildOnly,
    /// Headers and link files of a library that runs without them: the `-dev` and `-devel` packages.
    Headers,
    /// It is there to be run or loaded.
    Runtime,
    /// Builds use it and applications run it too: git, curl, unzip. What the application does decides.
    Either,
    /// Builds and applications use it, and nothing in either need name it: certificates.
    Both,
    /// An interpreter and what comes with it: builds and applications run in it though nothing names it.
    Language,
}

/// A row of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PackageFact {
    /// Its names; `*` is any text.
    pub names: Vec<String>,
    /// What it is for.
    pub role: PackageRole,
    /// The package managers that know it under these names: all if empty.
    #[serde(default)]
    pub families: Vec<Family>,
    /// What it is, in a word or two.
    pub reason: String,
    /// What a program built or written with it needs at run time: the runtime of a development kit.
    #[serde(default)]
    pub runtime: Vec<String>,
    /// Whether it brings a library by which other programs load an interpreter into themselves.
    #[serde(default)]
    pub embeds: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
pub(super) struct Table {
    pub(super) checked: String,
    pub(super) sources: Vec<String>,
    pub(super) packages: Vec<PackageFact>,
}

#[derive(Default)]
struct Index {
    table: &'static [PackageFact],
    exact: HashMap<&'static str, Vec<usize>>,
    patterns: Vec<(&'static str, usize)>,
}

/// What is known of a package; `name` is without version and architecture.
#[must_use]
pub fn package_fact(family: Family, name: &str) -> Option<&'static PackageFact> {
    static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());
    static INDEX: LazyLock<Index> = LazyLock::new(|| {
        let mut index = Index {
            table: &TABLE.packages,
            ..Index::default()
        };
        for (at, fact) in TABLE.packages.iter().enumerate() {
            for name in &fact.names {
                match name.contains('*') {
                    true => index.patterns.push((name, at)),
                    false => index.exact.entry(name).or_default().push(at),
                }
            }
        }
        index
    });
    let fits = |at: &usize| {
        INDEX
            .table
            .get(*at)
            .filter(|fact| fact.families.is_empty() || fact.families.contains(&family))
    };
    let exact = INDEX.exact.get(name).and_then(|rows| rows.iter().find_map(fits));
    exact.or_else(|| {
        INDEX
            .patterns
            .iter()
            .filter(|(pattern, _)| matches(pattern, name))
            .find_map(|(_, at)| fits(at))
    })
}

/// What a package is for: by the table, else by its name, as `-dev`, `-devel` and `lib…` tell. None if nothing tells.
#[must_use]
pub fn package_role(family: Family, name: &str) -> Option<PackageRole> {
    let is_headers = match family {
        Family::Debian | Family::Ubuntu | Family::Alpine => name.ends_with("-dev"),
        Family::Fedora | Family::RedHat | Family::Amazon | Family::Suse => name.ends_with("-devel"),
        Family::Arch | Family::Bare => false,
    };
    if let Some(fact) = package_fact(family, name) {
        // A pattern for programs says nothing of headers: postgresql* and postgresql-dev.
        let is_meant =
            !is_headers || fact.role == PackageRole::BuildOnly || fact.names.iter().any(|known| known == name);
        if is_meant {
            return Some(fact.role);
        }
    }
    if is_headers {
        return Some(PackageRole::Headers);
    }
    let is_library = family.is_debian_like() && name.starts_with("lib") && !name.ends_with("-bin");
    is_library.then_some(PackageRole::Runtime)
}

#[cfg(test)]
pub(super) fn parsed() -> Result<Table, toml::de::Error> {
    toml::from_str(FILE)
}
