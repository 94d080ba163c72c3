//! The files of an image that COPY and ADD bring, each with the file of the context that it comes from.
//!
//! [`copy`] reads one instruction, [`View`] is the image as several of them make it, [`of_stages`] follows `COPY --from`
//! through the stages of the file. What a RUN changes is not known here.

mod stages;

use crate::context::Files;
use crate::context::{ContextSource, Kind, Presence};
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Facts, Scope, is_within};
use crate::syntax::{Dockerfile, Instruction, Keyword, expand};

pub(crate) use stages::{of_stage, of_stages};

/// A file or folder of the context at its place in the image. Paths have no `/` in front.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// The path in the context; empty for all of it.
    pub(crate) from: String,
    /// The path in the image: of a folder, where its contents go.
    pub(crate) to: String,
    pub(crate) is_folder: bool,
}

/// A COPY or ADD.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    /// Its number in the file.
    pub(crate) index: usize,
    /// The absolute destination; none where it cannot be told.
    pub(crate) destination: Option<String>,
    /// The destination as written.
    pub(crate) destination_text: String,
    /// Whether the destination is relative to the WORKDIR.
    pub(crate) is_relative: bool,
    /// The flags as written.
    pub(crate) flags: String,
    /// What it takes from the context, in order; empty where something else than plain files is copied.
    pub(crate) layers: Vec<Layer>,
    /// Why it cannot be moved or read, if so.
    pub(crate) oddity: Option<Obstacle>,
}

impl Copy {
    /// Whether the whole context is copied.
    pub(crate) fn is_everything(&self) -> bool {
        self.layers.iter().any(|layer| layer.is_folder && layer.from.is_empty())
    }

    /// The absolute paths that it fills. In the root of the image, those are the names that it brings.
    pub(crate) fn places(&self, context: &ContextSource) -> Vec<String> {
        let mut places = Vec::new();
        for layer in &self.layers {
            if layer.is_folder && layer.to.is_empty() {
                let children = context.list(&layer.from);
                places.extend(children.into_iter().map(|child| format!("/{}", child.name)));
            } else {
                places.push(format!("/{}", layer.to));
            }
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The path in the context of what it puts at `path`, if it does.
    pub(crate) fn supplies(&self, context: &ContextSource, path: &str) -> Option<String> {
        self.layers.iter().rev().find_map(|layer| layer.supplies(context, path))
    }
}

impl Layer {
    fn supplies(&self, context: &ContextSource, path: &str) -> Option<String> {
        let path = path.trim_end_matches('/');
        if !self.is_folder {
            return (path == self.to).then(|| self.from.clone());
        }
        let rest = inside(path, &self.to)?;
        let from = join(&self.from, rest);
        context.exists(&from).then_some(from)
    }
}

/// What of `path` is behind `folder`, if it is `folder` or in it.
pub(crate) fn inside<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}

pub(crate) fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", path) | (path, "") => path.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

/// `text` with its variables, where every build gives the same.
fn resolved(scope: &Scope, text: &str, escape: char) -> Option<String> {
    let variable = |name: &str| scope.variables.get(name).filter(|found| found.certain)?.value.clone();
    let lexed = expand(text, escape, &variable)?;
    lexed.unset.is_empty().then_some(lexed.value)
}

/// Reads instruction number `index` if it is a COPY or ADD.
pub(crate) fn copy(file: &Dockerfile, facts: &Facts, context: &ContextSource, index: usize) -> Option<Copy> {
    let instruction = file.instructions.get(index)?;
    let node = instruction.node();
    if !matches!(node.keyword, Keyword::Copy | Keyword::Add) {
        return None;
    }
    let scope = facts.scope(index)?;
    let (last, sources) = node.words().split_last()?;
    let destination = resolved(scope, &last.value, file.escape());
    let mut copy = Copy {
        index,
        is_relative: destination.as_ref().is_none_or(|path| !path.starts_with('/')),
        destination: destination.and_then(|path| scope.absolute(&path)),
        destination_text: last.value.clone(),
        flags: flags(instruction),
        layers: Vec::new(),
        oddity: None,
    };
    copy.oddity = read(&mut copy, file, instruction, facts, context, sources).err();
    // Where files keep their parents, it is known what comes, although passes leave the instruction alone.
    if copy.oddity.is_some() && !instruction.node().flags.iter().any(|flag| flag.name == "parents") {
        copy.layers.clear();
    }
    Some(copy)
}

fn flags(instruction: &Instruction) -> String {
    let texts = instruction.node().flags.iter();
    let texts = texts.filter_map(|flag| instruction.text().get(flag.range.clone()));
    texts.map(|text| format!("{text} ")).collect()
}

fn read(
    copy: &mut Copy,
    file: &Dockerfile,
    instruction: &Instruction,
    facts: &Facts,
    context: &ContextSource,
    sources: &[crate::syntax::Text],
) -> Result<(), Obstacle> {
    let node = instruction.node();
    let odd = |kind, found: String, remedy: &str| Err(Obstacle::new(kind, found, remedy));
    let by_hand = "copy the files that the install reads in a COPY of their own, before the install";
    if node.flag("from").is_some() {
        return odd(
            ObstacleKind::Unsupported,
            "it copies from another stage or image".to_owned(),
            by_hand,
        );
    }
    if node.flags.iter().any(|flag| flag.name == "parents") {
        with_parents(copy, sources, context);
        return odd(
            ObstacleKind::Unsupported,
            "it has the flag --parents".to_owned(),
            by_hand,
        );
    }
    if let Some(flag) = node
        .flags
        .iter()
        .find(|flag| !matches!(flag.name.as_str(), "chown" | "chmod" | "link"))
    {
        return odd(
            ObstacleKind::Unsupported,
            format!("it has the flag --{}", flag.name),
            by_hand,
        );
    }
    if !node.heredocs.is_empty() {
        return odd(ObstacleKind::Unsupported, "it writes a heredoc".to_owned(), by_hand);
    }
    let Some(destination) = copy.destination.clone() else {
        return odd(
            ObstacleKind::UnknownPlace,
            "its destination depends on a variable or a base image that is not known".to_owned(),
            "write the destination, or the WORKDIR, as an absolute path",
        );
    };
    let to = destination.trim_start_matches('/').to_owned();
    let mut found: Vec<(String, bool)> = Vec::new();
    for source in sources {
        let text = &source.value;
        if text.contains(['$', '"', '\'', file.escape()]) || text.contains("://") || text.starts_with("git@") {
            return odd(
                ObstacleKind::UnknownPlace,
                format!("its source `{text}` is not a plain path"),
                by_hand,
            );
        }
        let paths = context.glob(text);
        if paths.is_empty() {
            return odd(
                ObstacleKind::MissingFile,
                format!("the build context has no `{text}`"),
                "name the right build context with --context DIR",
            );
        }
        for path in paths {
            match context.presence(&path) {
                Presence::Here(Kind::Folder) => found.push((path, true)),
                Presence::Here(Kind::File) if node.keyword == Keyword::Copy || !is_archive(&path) => {
                    found.push((path, false));
                }
                _ => {
                    return odd(
                        ObstacleKind::Unsupported,
                        format!("`{path}` is not a plain file or folder"),
                        by_hand,
                    );
                }
            }
        }
    }
    // The WORKDIR and what is above it are folders, with or without a `/` at the end.
    let scope = facts.scope(copy.index);
    let workdir = scope.and_then(|scope| scope.workdir.as_deref()).unwrap_or("/");
    let into_folder = found.len() > 1
        || is_within(workdir, &destination)
        || sources.len() > 1
        || copy.destination_text.ends_with('/')
        || matches!(copy.destination_text.as_str(), "." | "..")
        || copy.destination_text.ends_with("/.");
    for (from, is_folder) in found {
        let name = from.rsplit('/').next().unwrap_or(&from);
        let to = if is_folder || !into_folder {
            to.clone()
        } else {
            join(&to, name)
        };
        copy.layers.push(Layer { from, to, is_folder });
    }
    Ok(())
}

/// What `COPY --parents` brings: the files under their paths, without what stands before `/./`.
fn with_parents(copy: &mut Copy, sources: &[crate::syntax::Text], context: &ContextSource) {
    let Some(to) = copy
        .destination
        .as_deref()
        .map(|path| path.trim_matches('/').to_owned())
    else {
        return;
    };
    for source in sources {
        let (before, pattern) = match source.value.split_once("/./") {
            Some((before, after)) => (before.trim_matches('/'), format!("{before}/{after}")),
            None => ("", source.value.clone()),
        };
        for from in context.glob(&pattern) {
            let kept = inside(&from, before).unwrap_or(&from).to_owned();
            let is_folder = matches!(context.presence(&from), Presence::Here(Kind::Folder));
            copy.layers.push(Layer {
                to: join(&to, &kept),
                from,
                is_folder,
            });
        }
    }
}

/// Whether ADD may unpack it.
pub(crate) fn is_archive(path: &str) -> bool {
    [".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".txz", ".tbz2"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

/// The image as COPY and ADD make it of the context. Its root is `/`.
pub(crate) struct View<'c> {
    pub(crate) context: &'c ContextSource,
    pub(crate) copies: &'c [Copy],
    /// Whether the image may have pyenv, asdf or the like, which choose an interpreter by files of the project.
    pub(crate) may_choose_versions: bool,
    /// Whether cache mounts keep what compilers made of the dependencies.
    pub(crate) keeps_builds: bool,
}

impl View<'_> {
    /// The last copy that puts something at `path`, and the path in the context.
    pub(crate) fn supplier(&self, path: &str) -> Option<(&Copy, String)> {
        let mut copies = self.copies.iter().rev();
        copies.find_map(|copy| Some((copy, copy.supplies(self.context, path)?)))
    }
}

impl Files for View<'_> {
    fn read(&self, path: &str) -> Option<String> {
        let (_, from) = self.supplier(path)?;
        let text = self.context.read(&from).ok()?;
        // Bytes that are no UTF-8 were replaced.
        (!text.contains('\u{FFFD}')).then(|| text.to_string())
    }

    fn exists(&self, path: &str) -> bool {
        let path = path.trim_matches('/');
        let holds = |layer: &Layer| inside(&layer.to, path).is_some() && (layer.is_folder || layer.to != path);
        path.is_empty() || self.supplier(path).is_some() || self.copies.iter().flat_map(|copy| &copy.layers).any(holds)
    }

    fn list(&self, dir: &str) -> Vec<String> {
        let dir = dir.trim_matches('/');
        let mut names = std::collections::BTreeSet::new();
        for layer in self.copies.iter().flat_map(|copy| &copy.layers) {
            if layer.is_folder
                && let Some(rest) = inside(dir, &layer.to)
            {
                let folder = join(&layer.from, rest);
                for child in self.context.list(&folder) {
                    let is_folder = match child.kind {
                        Kind::Link => {
                            matches!(
                                self.context.presence(&join(&folder, &child.name)),
                                Presence::Here(Kind::Folder)
                            )
                        }
                        kind => kind == Kind::Folder,
                    };
                    names.insert(if is_folder {
                        format!("{}/", child.name)
                    } else {
                        child.name
                    });
                }
            } else if let Some(rest) = inside(&layer.to, dir).filter(|rest| !rest.is_empty()) {
                match rest.split_once('/') {
                    Some((folder, _)) => names.insert(format!("{folder}/")),
                    None if layer.is_folder => names.insert(format!("{rest}/")),
                    None => names.insert(rest.to_owned()),
                };
            }
        }
        names.into_iter().collect()
    }
}
