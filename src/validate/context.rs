//! A narrower build context still brings what COPYs, steps and programs of the file name.

use crate::context::{ContextSource, Presence};
use crate::effects::image_files::{Copy, View};
use crate::effects::{AbsolutePath, Place};

use super::model::{Item, StageModel, Version};
use super::{Kind, Violation, named, reads};

/// Takes a file as it is with its present context, and the context as a .dockerignore would narrow it.
///
/// # Errors
/// What would be missing.
pub(crate) fn validate_context(version: &Version<'_>, after: &ContextSource) -> Result<(), Vec<Violation>> {
    let check = Check {
        version,
        before: version.context,
        after,
    };
    let stages = version.stages.iter().enumerate();
    let mut found: Vec<Violation> = stages.flat_map(|(number, stage)| check.stage(number, stage)).collect();
    found.dedup_by(|a, b| a.what == b.what);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

struct Check<'v, 'a> {
    version: &'v Version<'a>,
    before: &'a ContextSource,
    after: &'v ContextSource,
}

impl Check<'_, '_> {
    fn stage(&self, number: usize, stage: &StageModel) -> Vec<Violation> {
        let mut found: Vec<Violation> = stage.copies.iter().filter_map(|copy| self.source(copy)).collect();
        for (at, item) in stage.items.iter().enumerate().filter(|(_, item)| item.is_run()) {
            let line = self.version.line(item);
            let lost = named_by(item).find_map(|place| self.lost(stage, at, &place));
            found.extend(lost.map(|path| violation(line, format!("line {line} reads {path}"))));
            let manifests = self.manifests(stage, item).into_iter();
            let lost = manifests.filter_map(|place| self.lost(stage, at, &place)).next();
            found.extend(lost.map(|path| violation(line, format!("line {line} installs by {path}"))));
        }
        for named in named::paths(self.version, number) {
            let lost = self.lost(stage, stage.items.len(), &Place::Exactly(named.path));
            found.extend(lost.map(|path| violation(1, format!("{} names {path}", named.place))));
        }
        found
    }

    /// The files that an install of dependencies reads.
    fn manifests(&self, stage: &StageModel, item: &Item) -> Vec<Place> {
        let end = item.step.instruction;
        let copies = stage.copies.partition_point(|copy| copy.index < end);
        let copies = stage.copies.get(..copies).unwrap_or_default();
        let files = reads::of_install(self.version, item, copies).into_iter().flatten();
        files
            .map(|file| Place::Exactly(AbsolutePath::root().join(&file)))
            .collect()
    }

    /// A source of a COPY that would not be there.
    fn source(&self, copy: &Copy) -> Option<Violation> {
        let line = self.version.file.line_of(copy.index);
        let lost = copy.layers.iter().find(|layer| self.is_lost(&layer.from))?;
        Some(violation(line, format!("line {line} copies {}", lost.from)))
    }

    fn is_lost(&self, path: &str) -> bool {
        let is_here = |context: &ContextSource| matches!(context.presence(path), Presence::Here(_));
        !path.is_empty() && is_here(self.before) && !is_here(self.after)
    }

    /// What COPYs bring of a place before item number `at` and would not bring any more; none where a step writes it.
    fn lost(&self, stage: &StageModel, at: usize, place: &Place) -> Option<AbsolutePath> {
        let (Place::Exactly(path) | Place::Under(path) | Place::Somewhere(path)) = place else {
            return None;
        };
        let end = stage.items.get(at).map_or(usize::MAX, |item| item.step.instruction);
        let copies = stage.copies.partition_point(|copy| copy.index < end);
        let view = View {
            context: self.before,
            copies: stage.copies.get(..copies).unwrap_or_default(),
            may_choose_versions: false,
            keeps_builds: false,
        };
        view.supplier(path.relative()).filter(|(_, from)| self.is_lost(from))?;
        let writes = |item: &Item| item.effects().writes.iter().any(|written| written.covers(place));
        let mut earlier = stage.items.iter().take(at);
        (!earlier.any(|item| item.is_run() && writes(item))).then(|| path.clone())
    }
}

/// The places that a step names: what it runs, needs and reads.
fn named_by(item: &Item) -> impl Iterator<Item = Place> {
    let effects = item.effects();
    let runs = effects
        .runs
        .iter()
        .filter_map(|program| AbsolutePath::of(program, None));
    let exactly = runs.chain(effects.requires.iter().cloned()).map(Place::Exactly);
    exactly.chain(effects.reads.iter().cloned())
}

fn violation(line: usize, what: String) -> Violation {
    Violation {
        kind: Kind::FilesLost,
        line,
        what: format!("{what}, which the context would not bring any more"),
        remedy: "write the patterns of the files that are no part of the image by hand".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use crate::syntax;

    const FILES: &[(&str, &str)] = &[
        ("docs/a.md", "a"),
        ("package.json", "{}"),
        ("node_modules/x/index.js", ""),
        ("scripts/build.sh", "#!/bin/sh\n"),
        ("server.js", ""),
        ("health.js", ""),
        ("notes.txt", ""),
    ];

    const FILE: &str = "FROM node:20\nWORKDIR /app\nCOPY docs/a.md ./\nCOPY . .\nRUN npm ci\nRUN sh scripts/build.sh\n\
        HEALTHCHECK CMD node health.js\nCMD [\"node\", \"server.js\"]\n";

    /// Which line is in want of a file where `ignore` is the .dockerignore.
    fn lines(ignore: &str) -> Vec<usize> {
        lines_of(FILE, FILES, ignore)
    }

    fn lines_of(text: &str, files: &[(&str, &str)], ignore: &str) -> Vec<usize> {
        let context = ContextSource::in_memory(files.iter().copied()).unwrap();
        let file = syntax::parse("Dockerfile", text).unwrap();
        let facts = Facts::with(&file, &context);
        let version = Version::of(&file, &facts, &context);
        let after = context.with_ignore_text(ignore).unwrap();
        let found = validate_context(&version, &after).err().unwrap_or_default();
        found.iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn what_an_install_reads_stays() {
        const FILES: &[(&str, &str)] = &[
            ("requirements.txt", "-r base.txt\n"),
            ("base.txt", "flask\n"),
            ("notes.txt", ""),
        ];
        const FILE: &str = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n";
        assert_eq!(lines_of(FILE, FILES, "notes.txt\n"), [0_usize; 0]);
        assert_eq!(lines_of(FILE, FILES, "base.txt\n"), [4]);
    }

    #[test]
    fn what_nothing_names_may_go() {
        assert_eq!(lines("notes.txt\nnode_modules\n"), [0_usize; 0]);
    }

    #[test]
    fn what_is_named_stays() {
        assert_eq!(lines("docs\n"), [3]);
        assert_eq!(lines("scripts\n"), [6]);
        assert_eq!(lines("**/*.sh\n"), [6]);
        assert_eq!(lines("server.js\n"), [1]);
        assert_eq!(lines("health.js\n"), [1]);
    }
}
