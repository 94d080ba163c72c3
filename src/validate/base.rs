//! Where a stage stands on another image than before, the new one has what its steps and its program need.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::effects::needs::Needs;
use crate::effects::steps::StepKind;
use crate::effects::{AbsolutePath, Place};
use crate::facts::ImageReference;
use crate::knowledge::{
    ImageContents, Release, closure, image_contents, image_has_own_tool, is_in_base, library_packages, package_of_tool,
    slimmer_images,
};
use crate::shell::{self, ShellOptions};

use super::model::{Item, StageModel};
use super::{Kind, Pair, Violation, named, reads};

/// Checks every stage that has another image.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for &(before, after) in &pair.stages {
        let (Some(old), Some(new)) = (pair.before.stages.get(before), pair.after.stages.get(after)) else {
            continue;
        };
        if let (Some(from), Some(to)) = (&old.image, &new.image)
            && from != to
        {
            let change = Change::of(pair, (before, after), (old, new), (from, to));
            found.extend(change.violations());
        }
    }
    found
}

/// A stage whose image changed.
struct Change<'p, 'a> {
    pair: &'p Pair<'a>,
    after: usize,
    old: &'p StageModel,
    new: &'p StageModel,
    images: (&'p ImageReference, &'p ImageReference),
    release: Option<Release>,
    had: Option<Arc<ImageContents>>,
    has: Option<Arc<ImageContents>>,
    /// The packages that the result installs, with those that they depend on.
    installed: BTreeSet<String>,
}

impl<'p, 'a> Change<'p, 'a> {
    fn of(
        pair: &'p Pair<'a>,
        (before, after): (usize, usize),
        (old, new): (&'p StageModel, &'p StageModel),
        images: (&'p ImageReference, &'p ImageReference),
    ) -> Change<'p, 'a> {
        let contents = |image: &ImageReference| image_contents(&image.repository(), image.tag.as_deref());
        let release = pair.after.release(after).or_else(|| pair.before.release(before));
        let names: Vec<&str> = new.installed(usize::MAX).into_iter().collect();
        let needed = release
            .as_ref()
            .map(|release| closure(release, &names))
            .unwrap_or_default();
        Change {
            pair,
            after,
            old,
            new,
            images,
            had: contents(images.0),
            has: contents(images.1),
            installed: needed.into_iter().chain(names).map(str::to_owned).collect(),
            release,
        }
    }

    fn violations(&self) -> Vec<Violation> {
        if !self.is_known() {
            let what = format!(
                "nothing says that {} runs what runs on {}",
                self.images.1, self.images.0
            );
            return vec![self.violation(1, &what)];
        }
        let mut found: Vec<Violation> = self.new.items.iter().filter_map(|item| self.unknown(item)).collect();
        found.extend(
            self.new
                .items
                .iter()
                .enumerate()
                .filter_map(|(at, item)| self.folder(at, item)),
        );
        let programs: BTreeSet<String> = named::programs(self.pair.after, self.after).into_iter().collect();
        let lacking = programs.iter().filter(|program| self.lacks(program));
        found.extend(
            lacking.map(|program| self.violation(1, &format!("runs `{program}`, which {} lacks", self.images.1))),
        );
        found.extend(self.needed());
        found
    }

    /// Whether the tables say that the new image runs what runs on the old one: another image may have another version.
    fn is_known(&self) -> bool {
        let (old, new) = self.images;
        let tag = new.tag.as_deref().unwrap_or("latest");
        slimmer_images(&old.repository(), old.tag.as_deref())
            .iter()
            .any(|known| {
                let is_pinned = known.pinned.as_deref() == Some(tag) && old.repository() == new.repository();
                known.image == new.repository() && known.tag == tag || is_pinned
            })
    }

    /// What the program needs that only the old image has.
    fn needed(&self) -> Vec<Violation> {
        let (Some(release), Some(stage)) = (&self.release, self.pair.after.facts.stages.get(self.after)) else {
            return Vec::new();
        };
        let after = self.pair.after;
        let needs = Needs::of(after.file, after.facts, stage, after.context, release.family);
        let mut found = Vec::new();
        if let Some(evidence) = &needs.builds_at_start {
            found.push(self.violation(1, &format!("{} {}", evidence.place, evidence.fact)));
        }
        for (tool, evidence) in needs.tools.iter().filter(|(tool, _)| self.lacks(tool)) {
            found.push(self.violation(
                1,
                &format!("{} {}: {} lacks {tool}", evidence.place, evidence.fact, self.images.1),
            ));
        }
        for (package, evidence) in needs.packages.iter().filter(|(package, _)| self.lacks_package(package)) {
            found.push(self.violation(
                1,
                &format!(
                    "{} {}: {} lacks {package}",
                    evidence.place, evidence.fact, self.images.1
                ),
            ));
        }
        for (library, evidence) in &needs.libraries {
            let lacking = match library_packages(release, library) {
                // The compiler's own libraries have other names in other releases.
                None if release.family.is_debian_like() && !library.ends_with("-dev") => None,
                None => Some(library.as_str()),
                Some(packages) => packages.into_iter().find(|package| self.lacks_package(package)),
            };
            found.extend(lacking.map(|name| {
                self.violation(
                    1,
                    &format!(
                        "{} {}: {} may lack {name}",
                        evidence.place, evidence.fact, self.images.1
                    ),
                )
            }));
        }
        found
    }

    /// A step of which it is not known which programs it runs.
    fn unknown(&self, item: &Item) -> Option<Violation> {
        let line = self.pair.after.line(item);
        let effects = item.effects();
        if !item.is_run() || !item.leaves_something() || item.step.kind == StepKind::Build || effects.unknown.is_none()
        {
            return None;
        }
        match self.scripts(item) {
            None => Some(self.violation(
                line,
                &format!("line {line} runs in it, and it is not known which programs it calls"),
            )),
            Some(programs) => {
                let lacking = programs.into_iter().find(|program| self.lacks(program))?;
                Some(self.violation(
                    line,
                    &format!(
                        "line {line} runs a script that calls `{lacking}`, which {} lacks",
                        self.images.1
                    ),
                ))
            }
        }
    }

    /// The programs that the scripts of a step call; none where no file of the context is what it runs.
    fn scripts(&self, item: &Item) -> Option<Vec<String>> {
        let (path, text) = reads::script(self.pair.after, item, &self.new.copies)?;
        let is_shell = path.as_str().ends_with(".sh") || text.starts_with("#!/bin/sh") || text.contains("bash\n");
        // What sources of other languages call is among the needs.
        if !is_shell {
            return Some(Vec::new());
        }
        let script = shell::parse(&text).ok()?;
        let commands = shell::commands(&script, ShellOptions::default());
        let programs = commands
            .iter()
            .filter_map(|visit| visit.command.words.first().map(|word| word.text.clone()));
        Some(programs.collect())
    }

    /// A step that needs a folder which only the old image has.
    fn folder(&self, at: usize, item: &Item) -> Option<Violation> {
        if !item.is_run() {
            return None;
        }
        let is_known = |path: &AbsolutePath| crate::effects::is_standard_folder(path) || self.new.has_folder(at, path);
        let origin = self.old.position(&item.act).unwrap_or(usize::MAX);
        let is_of_image = |path: &&AbsolutePath| !is_known(path) && !self.old.has_folder(origin, path);
        let mut required = item.effects().requires.iter();
        let path = required.find(is_of_image)?;
        let line = self.pair.after.line(item);
        Some(self.violation(
            line,
            &format!("line {line} needs {path}, which {} may lack", self.images.1),
        ))
    }

    /// Whether the old image has a program and the new one does not.
    fn lacks(&self, program: &str) -> bool {
        let Some(release) = &self.release else { return false };
        let program = program.rsplit('/').next().unwrap_or(program);
        let package = package_of_tool(release.family, program);
        let has = |contents: Option<&ImageContents>| {
            contents.is_some_and(|contents| contents.has_tool(release.family, program))
        };
        let is_installed =
            package.is_some_and(|package| is_in_base(release, package) || self.installed.contains(package));
        let old = self.images.0;
        let had = has(self.had.as_deref()) || image_has_own_tool(&old.repository(), old.tag.as_deref(), program);
        had && !has(self.has.as_deref()) && !is_installed && !self.is_brought(program)
    }

    fn lacks_package(&self, package: &str) -> bool {
        let Some(release) = &self.release else { return false };
        let has =
            |contents: Option<&ImageContents>| contents.is_some_and(|contents| contents.packages.contains(package));
        has(self.had.as_deref())
            && !has(self.has.as_deref())
            && !is_in_base(release, package)
            && !self.installed.contains(package)
    }

    /// Whether a step or a COPY may bring a program of this name.
    fn is_brought(&self, program: &str) -> bool {
        let is_it = |place: &Place| match place {
            Place::Exactly(path) | Place::Under(path) | Place::Somewhere(path) => {
                path.name() == Some(program) || matches!(path.name(), Some("bin" | "local" | "sbin"))
            }
            _ => false,
        };
        let mut written = self.new.items.iter().flat_map(|item| &item.effects().writes);
        written.any(is_it) || self.new.deliveries.iter().any(|delivery| is_it(&delivery.region))
    }

    fn violation(&self, line: usize, what: &str) -> Violation {
        Violation {
            kind: Kind::BaseLacks,
            line,
            what: what.to_owned(),
            remedy: format!("keep {}, or install what is missing", self.images.0),
        }
    }
}
