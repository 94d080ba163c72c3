//! What is known of one package manager: the shape of `data/package-managers/<id>.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::cache::Cache;
use super::condition::Condition;
use super::verbs::Verbs;

/// A package manager, as its file in `data/package-managers/` describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manager {
    /// Equal to the name of the file.
    pub id: String,
    /// As people write it in a sentence: `Yarn Berry`.
    pub name: String,
    /// Whether it manages the system or a language's packages.
    pub kind: Kind,
    /// The distributions whose images have it; empty for a language's.
    #[serde(default)]
    pub families: Vec<super::Family>,
    /// The registry of its packages, of those that [`runtime_needs`](super::runtime_needs) knows.
    #[serde(default)]
    pub ecosystem: Option<super::Ecosystem>,
    /// The day the facts were checked, `2026-11-21`.
    pub checked: String,
    /// Public pages that the facts come from.
    pub sources: Vec<String>,
    /// Names by which a command calls it. A final `#` stands for a version or nothing: `pip#` is pip, pip3, pip3.11.
    pub programs: Vec<String>,
    /// Names by which `python -m` calls it.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Interpreters that run modules with `-m`; said once, in pip's file, and valid for all.
    #[serde(default)]
    pub interpreters: Vec<String>,
    /// Programs that stand for one verb: `npx` for `exec`. Their arguments begin behind the verb.
    #[serde(default)]
    pub implied: BTreeMap<String, String>,
    /// Programs that it calls with all that follows: `corepack yarn install` is `yarn install`.
    #[serde(default)]
    pub forwards: Vec<String>,
    /// The programs that it is a script of, or comes with: `node` for npm.
    #[serde(default)]
    pub runs_on: Vec<String>,
    /// The packages of distributions by which it may have come, and those whose programs its installs run.
    #[serde(default)]
    pub comes_by: Vec<String>,
    /// Set if it shares its program names with another manager and must be told from it by other signs.
    #[serde(default)]
    pub variant: Option<Variant>,
    /// Whether it works for root only.
    #[serde(default)]
    pub needs_root: bool,
    /// Whether a command that works without a network reads what its caches hold.
    #[serde(default)]
    pub lives_on_cache: bool,
    /// How the tool finds the home folder that `~` stands for in its caches.
    #[serde(default)]
    pub home: HomeFrom,
    /// What its verbs do.
    pub verbs: Verbs,
    /// Its options.
    #[serde(default)]
    pub options: Options,
    /// How to read arguments that aren't options.
    #[serde(default)]
    pub arguments: Arguments,
    /// Package lists, if it must be told to download them.
    #[serde(default)]
    pub lists: Option<Lists>,
    /// How an install that nobody watches is called; none where that is not known.
    #[serde(default)]
    pub unattended: Option<Unattended>,
    /// Folders that it fills beside what it installs.
    #[serde(default)]
    pub caches: Vec<Cache>,
    /// What makes it keep downloads that it would delete.
    #[serde(default)]
    pub keep: Vec<Keep>,
    /// What makes a cache mount useless.
    #[serde(default)]
    pub contradictions: Vec<Contradiction>,
    /// How a command leaves nothing behind where no mount is used.
    #[serde(default)]
    pub clean: Clean,
    /// What makes a command live on what earlier steps downloaded, so that a mount over a store breaks it.
    #[serde(default)]
    pub offline: Vec<Condition>,
    /// The project that it works on.
    #[serde(default)]
    pub project: Project,
    /// The settings that tell it of another place to install to.
    #[serde(default)]
    pub told: ToldBy,
}

/// Settings by which a manager is told of another place to install to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ToldBy {
    /// The files that have them: absolute, in the home folder behind `~/`, or beside the manifest.
    #[serde(default)]
    pub files: Vec<String>,
    /// Variables that name such a file, or with a name the folder that has one of that name.
    #[serde(default)]
    pub by_variable: Vec<(String, String)>,
    /// Their names, without section, in small letters and with dashes; with `=` only that value counts.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Options that do the same.
    #[serde(default)]
    pub options: Vec<String>,
    /// Variables that do the same.
    #[serde(default)]
    pub variables: Vec<String>,
}

impl ToldBy {
    /// Whether one of `rows` is the name of a setting, and its value where the row has one.
    #[must_use]
    pub fn is_among(rows: &[String], name: &str, value: &str) -> bool {
        rows.iter().any(|row| match row.split_once('=') {
            Some((own, wanted)) => own == name && wanted == value,
            None => row == name,
        })
    }
}

/// What a package manager manages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The packages of the distribution.
    System,
    /// The packages of a language or of a project.
    Language,
}

/// How a tool finds the user's home folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HomeFrom {
    /// From `HOME`, as most do.
    #[default]
    Variable,
    /// From the account in `/etc/passwd`, whatever `HOME` says, as Java does.
    Account,
}

/// What tells a manager from another one of the same program name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Variant {
    /// The id of the manager that a program name means where nothing tells.
    pub of: String,
    /// Any of these in the project shows that it is this one.
    #[serde(default)]
    pub signs: Vec<Condition>,
}

/// The options of a manager that matter to reading a command. Those not listed take no value from the next word.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Options {
    /// Whether `-yq` is `-y -q`. Java and Go tools have long options behind one dash instead.
    #[serde(default)]
    pub cluster: bool,
    /// Words that begin so are options too, before the verb: `+nightly`.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// Take a value that matters to nobody here.
    #[serde(default)]
    pub value: Vec<String>,
    /// Take a file, folder or URL that the command reads.
    #[serde(default)]
    pub reads: Vec<String>,
    /// Take a file or folder that the command writes.
    #[serde(default)]
    pub writes: Vec<String>,
    /// Take a package, path or URL to install: `-e .`.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Make the tool print something and do nothing else, whatever verb it is given.
    #[serde(default)]
    pub informs: Vec<String>,
}

/// What an option does with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing that matters here.
    Plain,
    /// The value names a file, folder or URL that the command reads.
    Reads,
    /// The value names a file or folder that the command writes.
    Writes,
    /// The value is something to install.
    Packages,
}

/// How to read arguments that aren't options.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Arguments {
    /// What may stand between a package's name and its version, architecture or extras. The first in the word counts.
    #[serde(default)]
    pub separators: Vec<String>,
    /// Endings of package files: `.deb`.
    #[serde(default)]
    pub file_endings: Vec<String>,
    /// Whether a word with a slash in it is a path. Else it is one only if it begins like one.
    #[serde(default)]
    pub slash_is_path: bool,
    /// Verbs whose arguments name files of the project and not packages: `dotnet restore App.csproj`.
    #[serde(default)]
    pub file_verbs: Vec<String>,
}

/// The package lists that an install needs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lists {
    /// Options of an installing command that fetch them.
    #[serde(default)]
    pub fetched_by: Vec<String>,
    /// Verbs that delete them with the caches.
    #[serde(default)]
    pub cleaned_by: Vec<String>,
    /// Programs that install with this manager from lists that are there.
    #[serde(default)]
    pub used_by: Vec<String>,
}

/// What to add to a command that fills a cache so that the cache outlives it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Keep {
    /// The programs that need it; all of the manager's if empty.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Words to add behind the verb.
    pub options: Vec<String>,
    /// Images whose program does not know them, as patterns of `name:tag` with `*`.
    #[serde(default)]
    pub too_old: Vec<String>,
}

/// An option or variable that keeps a command from using its cache.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Contradiction {
    /// The option or variable.
    pub when: Condition,
    /// What to put in the option's place; without it, the option just goes.
    #[serde(default)]
    pub instead: Option<String>,
    /// The value that makes the variable harmless when it is set for one command; without it, none is known.
    #[serde(default)]
    pub neutral: Option<String>,
}

/// How an install that nobody watches is called.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unattended {
    /// Options of which one must be there, or it asks; empty where it never asks.
    pub yes: Vec<String>,
    /// Options that change neither what is installed nor whether it is, or only leave out what is recommended.
    pub others: Vec<String>,
}

/// How a command leaves no cache behind.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Clean {
    /// The idiomatic way.
    #[serde(default)]
    pub by: CleanBy,
    /// Options that, added behind the verb of a command that fills a cache, keep it from leaving one.
    #[serde(default)]
    pub options: Vec<String>,
    /// Images whose version of the manager does not know the options: patterns of name and tag, with `*`.
    #[serde(default)]
    pub too_old: Vec<String>,
    /// Shell commands that clean when they run after it, in the same RUN. `{program}` stands for the program called.
    #[serde(default)]
    pub commands: Vec<String>,
}

/// A way to leave nothing behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CleanBy {
    /// Nothing is safe and worth it.
    #[default]
    Nothing,
    /// Add [`Clean::options`].
    Options,
    /// Run [`Clean::commands`] afterwards.
    Commands,
    /// `rm -rf` the caches that hold downloads: no option or command of the tool does.
    Removal,
}

/// The project that a manager works on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Project {
    /// Files that declare dependencies; `*` is a wildcard.
    #[serde(default)]
    pub manifests: Vec<String>,
    /// Files that pin them.
    #[serde(default)]
    pub locks: Vec<String>,
    /// Other files and folders that an install reads if they are there.
    #[serde(default)]
    pub configs: Vec<String>,
    /// Ways to leave out development dependencies, as words of a command; the preferred first.
    #[serde(default)]
    pub production: Vec<String>,
    /// Ways to install the dependencies without the project itself, as words of a command; the preferred first.
    #[serde(default)]
    pub dependencies_only: Vec<String>,
    /// Variables that change nothing of a download of all dependencies; `*` is any text.
    #[serde(default)]
    pub not_for_download: Vec<String>,
    /// Verbs that write the packages which they name into the manifests.
    #[serde(default)]
    pub edited_by: Vec<String>,
    /// What makes a lock that `run` installs from, so that a program started by it needs the lock too.
    #[serde(default)]
    pub lock_for_run: Option<LockForRun>,
}

/// When a command makes the lock of a project that has none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockForRun {
    /// The verbs that make it.
    pub made_by: Vec<String>,
    /// The options with which they do not.
    pub not_with: Vec<String>,
    /// The variables with which they do not.
    pub not_where: Vec<String>,
    /// The file that makes a folder the workspace of those below it, and the table in it that does.
    pub workspace: (String, Vec<String>),
}

impl Project {
    /// Whether the variable `name` surely changes nothing of a download of all dependencies.
    #[must_use]
    pub fn is_not_for_download(&self, name: &str) -> bool {
        let mut known = self.not_for_download.iter();
        known.any(|pattern| super::base_environment::matches(pattern, name))
    }
}

impl Options {
    /// What the option `name` (with its dashes) does with the word behind it, if it takes one.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<Role> {
        let lists = [
            (&self.value, Role::Plain),
            (&self.reads, Role::Reads),
            (&self.writes, Role::Writes),
            (&self.packages, Role::Packages),
        ];
        lists
            .into_iter()
            .find(|(names, _)| names.iter().any(|known| known == name))
            .map(|(_, role)| role)
    }
}
