//! What is proposed for a .dockerignore: the answer of this pass.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::{ContextSource, Kind, Measure, Totals, Verdict};
use crate::effects::{Obstacle, ObstacleKind};

use crate::knowledge::ignore_patterns::Group;

/// A .dockerignore before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Proposal {
    /// The name of the file, relative to the context where it is in it.
    pub file: String,
    /// Where the file is or would be; none for a context that is not on the disk.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    /// Whether there is such a file now.
    pub exists: bool,
    /// The text before; empty where there is no file.
    #[serde(skip)]
    pub original: String,
    /// The text after; equal to the one before where nothing is to be added.
    pub text: String,
    /// What is added, in the order of the file.
    pub patterns: Vec<Added>,
    /// What looked like no part of the image and stays.
    pub kept: Vec<Kept>,
    /// What the build sends now.
    pub before: Totals,
    /// What it would send.
    pub after: Totals,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// A pattern that is added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Added {
    /// The pattern.
    pub pattern: String,
    /// The line of the new file that it stands on, counted from 1.
    pub line: usize,
    /// What kind of files it is for: `version-control`, `dependencies`, `environments`, `caches`, `outputs`, `secrets`,
    /// `tests`, `documentation`, `data`, `ci`, `editors` or `docker`.
    pub group: String,
    /// The comment above it.
    pub title: String,
    /// Why these files are no part of the image.
    pub why: String,
    /// What it keeps out that is sent now; nothing for a pattern that is usual in such a project.
    pub keeps_out: Totals,
}

/// Something that stays although it looked like no part of the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// The pattern or path that was not written.
    pub pattern: String,
    /// The kind of thing that stood in the way.
    pub kind: ObstacleKind,
    /// What stood in the way.
    pub obstacle: String,
    /// What the user can do about it.
    pub remedy: String,
}

impl Kept {
    pub(super) fn new(pattern: &str, obstacle: Obstacle) -> Kept {
        let Obstacle { kind, found, remedy } = obstacle;
        Kept {
            pattern: pattern.to_owned(),
            kind,
            obstacle: found,
            remedy,
        }
    }
}

impl Proposal {
    /// Whether something is to be added.
    pub fn is_change(&self) -> bool {
        self.text != self.original
    }

    /// A proposal to leave the file as it is.
    pub(super) fn unchanged(context: &ContextSource) -> Proposal {
        let original = context.ignore_text().unwrap_or_default().to_owned();
        let sent = context.sent();
        let path = match context.ignore_file() {
            Some(file) => Some(file.to_owned()),
            None => context.root().map(|root| root.join(".dockerignore")),
        };
        let inside = match (&path, context.root()) {
            (Some(path), Some(root)) => path
                .strip_prefix(root)
                .ok()
                .or_else(|| path.file_name().map(|name| name.as_ref())),
            (Some(path), None) => Some(path.as_path()),
            (None, _) => None,
        };
        Proposal {
            file: inside.map_or_else(|| ".dockerignore".to_owned(), |inside| inside.display().to_string()),
            path: path.clone().filter(|_| context.root().is_some()),
            exists: context.ignore_file().is_some(),
            text: original.clone(),
            original,
            patterns: Vec::new(),
            kept: Vec::new(),
            before: sent,
            after: sent,
            notes: Vec::new(),
        }
    }

    /// The same file without the additions, each kept back for `obstacle`.
    #[must_use]
    pub(crate) fn rejected(mut self, obstacle: &Obstacle) -> Proposal {
        self.text.clone_from(&self.original);
        self.after = self.before;
        let added = std::mem::take(&mut self.patterns);
        self.kept
            .extend(added.iter().map(|added| Kept::new(&added.pattern, obstacle.clone())));
        self
    }

    /// Writes the sections behind the present text: each a comment and its patterns.
    pub(super) fn write(&mut self, sections: &[(&Group, Vec<String>)]) {
        let newline = if self.original.contains("\r\n") { "\r\n" } else { "\n" };
        let mut text = self.original.clone();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(newline);
        }
        for (group, patterns) in sections {
            if !text.is_empty() {
                text.push_str(newline);
            }
            text.push_str(&format!("# {}{newline}", group.title));
            for pattern in patterns {
                text.push_str(&format!("{pattern}{newline}"));
                self.patterns.push(Added {
                    pattern: pattern.clone(),
                    line: text.lines().count(),
                    group: group.id.clone(),
                    title: group.title.clone(),
                    why: group.why.clone(),
                    keeps_out: Totals::default(),
                });
            }
        }
        self.text = text;
    }

    /// Counts what the new text keeps out, pattern by pattern.
    pub(super) fn count(&mut self, before: &Measure<'_>, after: &Measure<'_>) {
        self.before = before.sent;
        self.after = after.sent;
        for (old, new) in before.entries().iter().zip(after.entries()) {
            let Verdict::Ignored { line } = new.verdict else {
                continue;
            };
            if old.is_sent
                && !new.is_sent
                && let Some(added) = self.patterns.iter_mut().find(|added| added.line == line)
            {
                added.keeps_out += Totals {
                    files: u64::from(new.entry.kind != Kind::Folder),
                    bytes: new.entry.size,
                };
            }
        }
    }
}
