//! Libraries of the system by the names that linkers, loaders and build files give them.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use super::base_environment::matches;

const FILE: &str = include_str!("../../data/linked-libraries.toml");

/// Where sources name libraries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LibraryMention {
    /// The ends of the names of the files; none for words of commands and values of variables.
    #[serde(default)]
    pub files: Vec<String>,
    /// The programs, one of which must run for it to count; none if any does.
    #[serde(default)]
    pub by: Vec<String>,
    /// What names a library, or asks for `names`.
    #[serde(deserialize_with = "expressions")]
    pub patterns: Vec<Regex>,
    /// The libraries that are meant; none if the first group of the pattern says it.
    #[serde(default)]
    pub names: Vec<String>,
    /// Words with which it does not count: they link in another way.
    #[serde(default, deserialize_with = "expressions")]
    pub unless: Vec<Regex>,
}

/// Debian's package of a library.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Library {
    package: String,
    names: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
struct Table {
    checked: String,
    sources: Vec<String>,
    in_every_image: Vec<String>,
    of_other_systems: Vec<String>,
    of_compilers: Vec<String>,
    libraries: Vec<Library>,
    #[serde(deserialize_with = "expressions")]
    own: Vec<Regex>,
    mentions: Vec<LibraryMention>,
}

fn expressions<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Regex>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?.into_iter();
    let read = texts.map(|text| Regex::new(&text).map_err(serde::de::Error::custom));
    read.collect()
}

// A table that doesn't parse is empty, and a test fails.
static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());

/// What is known of a library by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedLibrary {
    /// Every image has it, or it is of another system.
    Everywhere,
    /// It is in one of these packages of Debian, by the release; `-dev` packages stand for their libraries.
    Packages(Vec<&'static str>),
    /// Nothing is known of it.
    Unknown,
}

/// What is known of the library that linkers, pkg-config, CMake or loaders know by this name: `curl`, `libxml-2.0`.
#[must_use]
pub fn named_library(name: &str) -> NamedLibrary {
    static INDEX: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
        let mut index: HashMap<&'static str, Vec<&'static str>> = HashMap::new();
        for library in &TABLE.libraries {
            for name in &library.names {
                index.entry(name).or_default().push(&library.package);
            }
        }
        index
    });
    let name = name.to_lowercase();
    let is_elsewhere = |end: &String| name.ends_with(end.as_str());
    if TABLE.in_every_image.contains(&name) || TABLE.of_other_systems.iter().any(is_elsewhere) {
        return NamedLibrary::Everywhere;
    }
    match INDEX.get(name.as_str()) {
        Some(packages) => NamedLibrary::Packages(packages.clone()),
        None => NamedLibrary::Unknown,
    }
}

/// Where sources name libraries.
pub fn library_mentions() -> impl Iterator<Item = &'static LibraryMention> {
    TABLE.mentions.iter()
}

/// The libraries that a build file says to make itself.
pub fn own_libraries(text: &str) -> impl Iterator<Item = &str> {
    let found = TABLE.own.iter().flat_map(|pattern| pattern.captures_iter(text));
    found.filter_map(|captures| Some(captures.get(1)?.as_str()))
}

/// Whether a package with headers is the compiler's own, and brings no library that only some programs load.
#[must_use]
pub fn is_of_compiler(package: &str) -> bool {
    TABLE.of_compilers.iter().any(|pattern| matches(pattern, package))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sound() {
        let table: Table = toml::from_str(FILE).unwrap();
        assert!(!table.checked.is_empty() && table.sources.iter().all(|source| source.starts_with("https://")));
        for mention in &table.mentions {
            assert!(!mention.patterns.is_empty());
            let groups = |pattern: &Regex| pattern.captures_len();
            let is_told = |pattern: &Regex| !mention.names.is_empty() || groups(pattern) == 2;
            assert!(mention.patterns.iter().all(is_told), "{mention:?}");
        }
        for library in &table.libraries {
            let is_lower = |name: &String| *name == name.to_lowercase();
            assert!(library.names.iter().all(is_lower), "{library:?}");
        }
    }

    #[test]
    fn libraries_have_three_answers() {
        assert_eq!(
            named_library("CURL"),
            NamedLibrary::Packages(vec!["libcurl4-openssl-dev"])
        );
        assert_eq!(
            named_library("asan"),
            NamedLibrary::Packages(vec!["libasan8", "libasan6"])
        );
        assert_eq!(named_library("pthread"), NamedLibrary::Everywhere);
        assert_eq!(named_library("x.dll"), NamedLibrary::Everywhere);
        assert_eq!(named_library("frobnicate"), NamedLibrary::Unknown);
    }
}
