//! The Dockerfiles of a repository, and those that are passed over.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::git::GitError;
use super::references::{may_refer, referred};
use super::repository::Repository;
use super::skip::{Reason, Skipped, by_path, by_text, is_other};
use super::tree::Tree;

/// What the user wants beyond the usual names.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    /// Files to take, whatever they are called and wherever they are.
    pub include: GlobSet,
    /// Files to leave alone.
    pub exclude: GlobSet,
}

impl Patterns {
    /// Reads patterns as `.gitignore` has them without its order: `*` stays in one folder, `**` goes through all. One
    /// without a slash is for files of that name in every folder.
    ///
    /// # Errors
    /// If one of them is no pattern, with the pattern in the message.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Patterns, globset::Error> {
        Ok(Patterns {
            include: set(include)?,
            exclude: set(exclude)?,
        })
    }
}

/// Reads one pattern.
///
/// # Errors
/// If it is none.
pub fn pattern(text: &str) -> Result<Glob, globset::Error> {
    let anywhere = if text.contains('/') {
        text.trim_start_matches('/').to_owned()
    } else {
        format!("**/{text}")
    };
    GlobBuilder::new(&anywhere).literal_separator(true).build()
}

fn set(patterns: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for text in patterns {
        set.add(pattern(text)?);
    }
    set.build()
}

/// The Dockerfiles of a repository.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Their paths and texts, in the order of the paths.
    pub dockerfiles: Vec<(String, String)>,
    /// What was passed over.
    pub skipped: Vec<Skipped>,
}

/// Finds the Dockerfiles in `tree`: by their names, by what Compose and Bake files name, and by `patterns`.
///
/// # Errors
/// If git does not tell the attributes of the files.
pub fn discover(repository: &Repository, tree: &Tree, patterns: &Patterns) -> Result<Found, GitError> {
    let mut candidates: BTreeSet<&str> = BTreeSet::new();
    for tracked in tree.files() {
        let path = tracked.path.as_str();
        if is_dockerfile(path) || patterns.include.is_match(path) {
            candidates.insert(path);
        }
        if may_refer(path) && by_path(path).is_none() {
            let referred = tree.read(path).map(|text| referred(path, &text)).unwrap_or_default();
            let known = referred.iter().filter_map(|path| tree.tracked(path));
            candidates.extend(known.map(|tracked| tracked.path.as_str()));
        }
    }
    if candidates.is_empty() {
        return Ok(Found::default());
    }
    let marked = marked(repository, tree, &candidates)?;
    let mut spellings: BTreeMap<String, usize> = BTreeMap::new();
    for path in &candidates {
        *spellings.entry(path.to_lowercase()).or_default() += 1;
    }
    let mut found = Found::default();
    for path in candidates {
        let judged = if patterns.exclude.is_match(path) {
            Err(Skipped::new(
                path,
                Reason::Excluded,
                "a pattern of the user excludes it",
            ))
        } else if patterns.include.is_match(path) {
            tree.read(path)
        } else if spellings.get(&path.to_lowercase()).is_some_and(|number| *number > 1) {
            let detail = "another file has the same name but for upper and lower case";
            Err(Skipped::new(path, Reason::Ambiguous, detail))
        } else if let Some(skipped) = marked.get(path).cloned().or_else(|| by_path(path)) {
            Err(skipped)
        } else {
            tree.read(path)
                .and_then(|text| by_text(path, &text).map_or(Ok(text), Err))
        };
        match judged {
            Ok(text) => found.dockerfiles.push((path.to_owned(), text)),
            Err(skipped) => found.skipped.push(skipped),
        }
    }
    Ok(found)
}

/// Whether a file is a Dockerfile by its name: `Dockerfile*`, `*.Dockerfile`, and so with `Containerfile`, in any case.
fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_lowercase();
    let is_named = ["dockerfile", "containerfile"]
        .iter()
        .any(|known| lower.starts_with(known) || lower.strip_suffix(known).is_some_and(|rest| rest.ends_with('.')));
    is_named && !is_other(name)
}

/// What the repository's `.gitattributes` call vendored or generated, in the words that GitHub reads.
fn marked(repository: &Repository, tree: &Tree, paths: &BTreeSet<&str>) -> Result<BTreeMap<String, Skipped>, GitError> {
    let has_attributes = tree
        .files()
        .any(|tracked| tracked.path.rsplit('/').next() == Some(".gitattributes"));
    if !has_attributes {
        return Ok(BTreeMap::new());
    }
    let git = repository.git_for(&tree.root);
    let names: String = paths.iter().map(|path| format!("{path}\0")).collect();
    let question = ["check-attr", "--stdin", "-z", "linguist-vendored", "linguist-generated"];
    let answer = git.run(&question, names.as_bytes())?;
    let answer = String::from_utf8_lossy(&answer);
    let mut words = answer.split('\0');
    let mut marked = BTreeMap::new();
    while let (Some(path), Some(attribute), Some(value)) = (words.next(), words.next(), words.next()) {
        let reason = if attribute == "linguist-vendored" {
            Reason::Vendored
        } else {
            Reason::Generated
        };
        if matches!(value, "set" | "true") {
            let detail = format!(".gitattributes says {attribute}");
            marked.insert(path.to_owned(), Skipped::new(path, reason, detail));
        }
    }
    Ok(marked)
}
