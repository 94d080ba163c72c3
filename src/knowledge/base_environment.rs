//! What well-known base images set: variables, users, and what a program name means in them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("../../data/base-environment.toml");

/// What a base image sets.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BaseEnvironment {
    /// The images, as a FROM names them, without `docker.io/library/` and tag; `*` is any text.
    pub names: Vec<String>,
    /// Patterns with `*` for the tags it is true of; all if empty.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Variables that decide where tools put things. Versions and the like are left out.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The USER it sets; root if none.
    #[serde(default)]
    pub user: Option<String>,
    /// Accounts it has beside those of the distribution.
    #[serde(default)]
    pub accounts: Vec<Account>,
    /// Folders that no variable names, by the name that caches know them by: `conda`.
    #[serde(default)]
    pub folders: BTreeMap<String, String>,
    /// Program names that mean another package manager than usual, with the manager's id.
    #[serde(default)]
    pub programs: BTreeMap<String, String>,
    /// The day the facts were checked, or `never`.
    pub checked: String,
    /// Public pages that the facts come from.
    pub sources: Vec<String>,
}

/// A user account of an image.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The number of its main group.
    pub gid: u32,
    /// Its home folder.
    pub home: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    images: Vec<BaseEnvironment>,
}

/// What is known of the image that a FROM names; without a tag, `latest` is meant. The first entry that fits counts.
/// Nothing is known of images for Windows.
#[must_use]
pub fn base_environment(image_name: &str, tag: Option<&str>) -> Option<&'static BaseEnvironment> {
    // As for package managers: a table that doesn't parse is empty, and a test fails.
    static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());
    let name = short_name(image_name);
    let official = official_name(name);
    let tag = tag.unwrap_or("latest");
    if ["windows", "nanoserver", "servercore"]
        .iter()
        .any(|word| tag.contains(word))
    {
        return None;
    }
    TABLE.images.iter().find(|image| {
        let has_tag = || image.tags.is_empty() || image.tags.iter().any(|pattern| matches(pattern, tag));
        let is_named = |known: &String| matches(known, name) || official.is_some_and(|official| known == official);
        image.names.iter().any(is_named) && has_tag()
    })
}

impl BaseEnvironment {
    /// The account that a USER instruction means: by name or number, with or without a group.
    #[must_use]
    pub fn account(&self, user: &str) -> Option<&Account> {
        let user = user.split(':').next().unwrap_or(user);
        self.accounts
            .iter()
            .find(|account| account.name == user || account.uid.to_string() == user)
    }
}

pub(super) fn short_name(image_name: &str) -> &str {
    let name = image_name.strip_prefix("index.").unwrap_or(image_name);
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

/// The name of the official image that `name` is a copy of: one architecture of it, or a mirror.
pub(super) fn official_name(name: &str) -> Option<&str> {
    const PLACES: [&str; 12] = [
        "amd64/",
        "arm32v5/",
        "arm32v6/",
        "arm32v7/",
        "arm64v8/",
        "i386/",
        "mips64le/",
        "mirror.gcr.io/library/",
        "ppc64le/",
        "public.ecr.aws/docker/library/",
        "riscv64/",
        "s390x/",
    ];
    PLACES.iter().find_map(|place| name.strip_prefix(place))
}

/// Whether `text` fits `pattern`, in which `*` is any text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, "")) => text.starts_with(start),
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|behind| {
            behind
                .char_indices()
                .map(|(at, _)| at)
                .chain([behind.len()])
                .any(|at| behind.get(at..).is_some_and(|remaining| matches(rest, remaining)))
        }),
    }
}

#[cfg(test)]
pub(super) fn parsed() -> Result<Vec<BaseEnvironment>, toml::de::Error> {
    toml::from_str(FILE).map(|table: Table| table.images)
}
