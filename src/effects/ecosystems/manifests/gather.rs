//! Collects, while readers walk from manifest to manifest, what an install reads.

use std::collections::{BTreeMap, BTreeSet};

use super::reads::{DependenciesFirst, ReadFile, Reads, SourceKind, SourceUse, Stub, Unknown};
use super::{globs, paths};
use crate::context::Files;

/// The context and what was found in it so far.
pub(crate) struct Gather<'a> {
    /// The context.
    pub files: &'a dyn Files,
    there: BTreeMap<String, String>,
    optional: BTreeMap<String, String>,
    missing: BTreeMap<String, String>,
    reads: Reads,
    visited: BTreeSet<(&'static str, String)>,
}

impl<'a> Gather<'a> {
    /// Nothing found yet.
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Gather {
            files,
            there: BTreeMap::new(),
            optional: BTreeMap::new(),
            missing: BTreeMap::new(),
            reads: Reads::default(),
            visited: BTreeSet::new(),
        }
    }

    /// Whether this is the first visit of `path` in the role `role`; ends walks over manifests that name each other.
    pub(crate) fn first_visit(&mut self, role: &'static str, path: &str) -> bool {
        self.visited.insert((role, path.to_owned()))
    }

    /// A file that the install cannot do without. Whether it is there.
    pub(crate) fn need(&mut self, path: &str, why: &str) -> bool {
        let there = !path.is_empty() && self.files.exists(path);
        let list = if there { &mut self.there } else { &mut self.missing };
        list.entry(path.to_owned()).or_insert_with(|| why.to_owned());
        there
    }

    /// A file that the install reads if it is there. Whether it is.
    pub(crate) fn take(&mut self, path: &str, why: &str) -> bool {
        let there = !path.is_empty() && self.files.exists(path);
        let list = if there { &mut self.there } else { &mut self.optional };
        list.entry(path.to_owned()).or_insert_with(|| why.to_owned());
        there
    }

    /// The text of a file that the install cannot do without; a file that is no text is said to be unknown.
    pub(crate) fn need_text(&mut self, path: &str, why: &str) -> Option<String> {
        if self.need(path, why) { self.text(path) } else { None }
    }

    /// The text of a file that the install reads if it is there.
    pub(crate) fn take_text(&mut self, path: &str, why: &str) -> Option<String> {
        if self.take(path, why) { self.text(path) } else { None }
    }

    fn text(&mut self, path: &str) -> Option<String> {
        let text = self.files.read(path);
        if text.is_none() {
            self.unknown(
                format!("{path} cannot be read as text"),
                format!("save {path} as UTF-8"),
            );
        }
        // A byte-order mark is legal in most manifests and an error to most parsers.
        text.map(|text| text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    /// A whole folder that the install reads if it is there. Whether it is.
    pub(crate) fn take_folder(&mut self, folder: &str, why: &str) -> bool {
        let there = !self.files.list(folder).is_empty();
        let list = if there { &mut self.there } else { &mut self.optional };
        list.entry(format!("{folder}/")).or_insert_with(|| why.to_owned());
        there
    }

    /// A file or a folder that `name`, said in `folder` by `place`, means: read if it is there. Names that lead out of
    /// the context are unknown.
    pub(crate) fn take_named(&mut self, folder: &str, name: &str, place: &str) {
        if globs::is_pattern(name) {
            match globs::expand(self.files, folder, name) {
                Some(found) => found.iter().for_each(|path| self.take_any(path, place)),
                None => self.outside(name, place),
            }
        } else if let Some(path) = paths::resolve(folder, name) {
            self.take_any(&path, place);
        } else {
            self.outside(name, place);
        }
    }

    fn take_any(&mut self, path: &str, place: &str) {
        let why = format!("named by {place}");
        if self.files.list(path).is_empty() {
            self.take(path, &why)
        } else {
            self.take_folder(path, &why)
        };
    }

    /// Says that `place` names something that is not in the context or that only a run can tell.
    pub(crate) fn outside(&mut self, name: &str, place: &str) {
        self.unknown(
            format!("{place} names {name}, which is not a path inside the build context"),
            format!("name a file of the context by its relative path in {place}"),
        );
    }

    /// Says that the code of `folder` is read.
    pub(crate) fn source(&mut self, folder: &str, kind: SourceKind, why: impl Into<String>) {
        let known = self
            .reads
            .sources
            .iter()
            .any(|source| source.folder == folder && source.kind == kind);
        if !known {
            self.reads.sources.push(SourceUse {
                folder: folder.to_owned(),
                kind,
                why: why.into(),
            });
        }
    }

    /// Whether something was found that reads code.
    pub(crate) fn reads_sources(&self) -> bool {
        !self.reads.sources.is_empty()
    }

    /// Says that something cannot be told.
    pub(crate) fn unknown(&mut self, obstacle: impl Into<String>, remedy: impl Into<String>) {
        self.reads.unknown.push(Unknown {
            obstacle: obstacle.into(),
            remedy: remedy.into(),
        });
    }

    /// Says that `path` is no valid manifest.
    pub(crate) fn invalid(&mut self, path: &str, error: impl std::fmt::Display) {
        let error = error.to_string();
        let line = error.lines().next().unwrap_or_default();
        self.unknown(format!("{path} cannot be parsed: {line}"), format!("repair {path}"));
    }

    /// Adds a member of the workspace.
    pub(crate) fn member(&mut self, folder: &str) {
        self.reads.workspace_members.push(folder.to_owned());
    }

    /// Whether the workspace has members.
    pub(crate) fn has_members(&self) -> bool {
        !self.reads.workspace_members.is_empty()
    }

    /// Says that the command installs or builds the project itself, and how the tool installs the dependencies alone.
    pub(crate) fn project(&mut self, dependencies_first: Option<DependenciesFirst>) {
        self.reads.project.installed = true;
        self.reads.project.dependencies_first = dependencies_first;
    }

    /// What was found, in order. A file in a folder that is read whole is not said twice.
    pub(crate) fn finish(mut self) -> Reads {
        let folders: Vec<String> = self.there.keys().filter(|path| path.ends_with('/')).cloned().collect();
        let covered = |path: &str| {
            folders
                .iter()
                .any(|folder| path != folder && path.starts_with(folder.as_str()))
        };
        let list = |map: &BTreeMap<String, String>| -> Vec<ReadFile> {
            let kept = map.iter().filter(|(path, _)| !covered(path));
            kept.map(|(path, why)| ReadFile {
                path: path.clone(),
                why: why.clone(),
            })
            .collect()
        };
        self.reads.files = list(&self.there);
        self.reads.optional = list(&self.optional);
        self.reads.missing = list(&self.missing);
        let required: BTreeSet<&String> = self.missing.keys().collect();
        self.reads.optional.retain(|file| !required.contains(&file.path));
        self.reads.sources.sort();
        self.reads.unknown.sort();
        self.reads.unknown.dedup();
        self.reads.workspace_members.sort();
        self.reads.workspace_members.dedup();
        self.reads
    }
}

/// The dependencies come first by adding `flags` to the command as written.
pub(crate) fn flags_first<const N: usize>(flags: [&str; N]) -> Option<DependenciesFirst> {
    let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
    Some(DependenciesFirst {
        step: super::Step::AddFlags(flags),
        stubs: Vec::new(),
        installs: true,
    })
}

/// The dependencies are downloaded first by another command.
pub(crate) fn download_first(words: &[&str], stubs: Vec<Stub>) -> Option<DependenciesFirst> {
    let words = words.iter().map(|&word| word.to_owned()).collect();
    Some(DependenciesFirst {
        step: super::Step::Run(words),
        stubs,
        installs: false,
    })
}
