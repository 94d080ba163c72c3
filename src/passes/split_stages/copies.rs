//! The COPYs of the stage: what they bring and where, and which of them the runtime stage can do without.

use std::collections::BTreeMap;

use crate::context::Files as _;
use crate::context::{Kind, Presence};
use crate::facts::{Command, is_within};
use crate::knowledge::managers;
use crate::syntax::{Keyword, Node, Text};

use super::subject::Subject;
use super::work::Works;
use crate::effects::image_files::{inside, join};
use crate::effects::needs::Needs;
use crate::effects::timeline::is_deleted;
use crate::effects::{AbsolutePath, Place, is_standard_folder};

pub(super) fn is_from_context(subject: &Subject<'_>, index: usize) -> bool {
    subject.node(index).is_some_and(|node| node.flag("from").is_none())
}

/// Where a COPY or ADD copies to, as an absolute path.
pub(super) fn copied_to(subject: &Subject<'_>, index: usize) -> Option<String> {
    let node = subject.node(index)?;
    let last = node.words().last()?;
    if last.value.contains('$') {
        return None;
    }
    subject.facts.scope(index)?.absolute(&last.value)
}

/// Whether a COPY brings nothing but package managers out of an image of their own, and nothing that stays in the runtime stage
/// calls them.
pub(super) fn brings_installer(
    subject: &Subject<'_>,
    index: usize,
    works: &BTreeMap<usize, Works>,
    needs: &Needs,
) -> bool {
    let Some(node) = subject.node(index).filter(|node| node.flag("from").is_some()) else {
        return false;
    };
    let staying = works.iter().filter(|(_, works)| !works.builds());
    let runs = staying.filter_map(|(index, _)| subject.facts.run(subject.file, *index));
    let called: Vec<&str> = runs
        .flat_map(|run| run.commands.iter().filter_map(Command::program))
        .collect();
    let is_unused = |source: &Text| {
        let program = source.value.rsplit('/').next().unwrap_or(&source.value);
        managers().by_program(program).is_some() && !called.contains(&program) && !needs.runs(program)
    };
    let sources = node.sources();
    !sources.is_empty() && sources.iter().all(is_unused)
}

/// Whether a COPY brings files that a later COPY of everything brings again, to the same place, with nothing in between
/// that stays in the runtime stage and reads them.
pub(super) fn is_repeated(subject: &Subject<'_>, index: usize, works: &BTreeMap<usize, Works>) -> bool {
    let Some(own) = subject.node(index) else {
        return false;
    };
    let plain = |source: &str| {
        !source.contains(['$', '/', '"', '\'']) && !source.starts_with('.')
            || source.starts_with("./") && source.matches('/').count() == 1
    };
    let own_sources = own.sources();
    let is_folder =
        |source: &str| subject.context.presence(source.trim_start_matches("./")) == Presence::Here(Kind::Folder);
    if own.flag("from").is_some()
        || !own_sources
            .iter()
            .all(|source| plain(&source.value) && !is_folder(&source.value))
        || !own.heredocs.is_empty()
    {
        return false;
    }
    for later in index + 1..subject.range().end {
        let Some(node) = subject.node(later) else {
            return false;
        };
        match node.keyword {
            Keyword::Run
                if !works
                    .get(&later)
                    .is_some_and(|works| works.builds() || works.setups().next().is_none()) =>
            {
                return false;
            }
            Keyword::User | Keyword::Volume => return false,
            Keyword::Copy | Keyword::Add if node.flag("from").is_none() => {
                let is_all = matches!(node.sources(), [only] if matches!(only.value.as_str(), "." | "./"));
                let flags = |node: &Node| -> Vec<(String, Option<String>)> {
                    node.flags
                        .iter()
                        .map(|flag| (flag.name.clone(), flag.value.clone()))
                        .collect()
                };
                if is_all {
                    let to_folder = own
                        .words()
                        .last()
                        .is_some_and(|to| to.value.ends_with('/') || to.value == "." || own_sources.len() > 1)
                        || copied_to(subject, index)
                            == subject.facts.scope(index).and_then(|scope| scope.workdir.clone());
                    return to_folder
                        && flags(own) == flags(node)
                        && copied_to(subject, index).is_some()
                        && copied_to(subject, index) == copied_to(subject, later);
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether a later RUN that builds deletes the one file that COPY number `copy` brings.
pub(super) fn is_removed(subject: &Subject<'_>, copy: usize, works: &BTreeMap<usize, Works>) -> bool {
    let Some(path) = copied_file(subject, copy).and_then(|path| AbsolutePath::of(&path, None)) else {
        return false;
    };
    let later = works.iter().filter(|(index, works)| **index > copy && works.builds());
    is_deleted(later.flat_map(|(_, works)| works.steps()), &Place::Exactly(path))
}

/// Where the one file goes that a COPY from the context brings, if it brings one.
pub(super) fn copied_file(subject: &Subject<'_>, copy: usize) -> Option<String> {
    let node = subject.node(copy)?;
    if node.keyword != Keyword::Copy || !is_from_context(subject, copy) {
        return None;
    }
    let [source, target] = node.words() else { return None };
    let path = source.value.trim_start_matches("./");
    if subject.context.presence(path) != Presence::Here(Kind::File) {
        return None;
    }
    let place = copied_to(subject, copy)?;
    let workdir = subject.facts.scope(copy)?.workdir.as_deref();
    let into_folder = target.value.ends_with('/') || workdir == Some(place.as_str());
    let name = path.rsplit('/').next().unwrap_or(path);
    Some(if into_folder {
        format!("{}/{name}", place.trim_end_matches('/'))
    } else {
        place
    })
}

/// The folder of the project that `folder` is in: where COPY put files of the context.
pub(super) fn root(subject: &Subject<'_>, folder: &str) -> Option<String> {
    let copies = subject
        .range()
        .filter(|index| matches!(subject.keyword(*index), Some(Keyword::Copy | Keyword::Add)));
    let from_context = copies.filter(|index| is_from_context(subject, *index));
    let mut targets: Vec<String> = from_context
        .filter_map(|index| {
            let target = copied_to(subject, index)?;
            let workdir = subject
                .facts
                .scope(index)
                .and_then(|scope| scope.workdir.clone())
                .unwrap_or_default();
            // A file's own name is no folder.
            let is_folder =
                brings_folder(subject, index) || target == workdir || subject.text(index).trim_end().ends_with('/');
            // A script beside the folders of the system makes no project of them.
            let is_shared = |path: &str| AbsolutePath::of(path, None).is_some_and(|path| is_standard_folder(&path));
            if is_shared(&target) && !brings_folder(subject, index) {
                return None;
            }
            Some(if is_folder {
                target
            } else {
                target
                    .rsplit_once('/')
                    .map_or(String::new(), |(parent, _)| parent.to_owned())
            })
        })
        .collect();
    targets.sort_by_key(String::len);
    let above = targets.iter().find(|target| is_within(folder, target));
    above.cloned().or_else(|| {
        targets
            .iter()
            .any(|target| is_within(target, folder))
            .then(|| folder.to_owned())
    })
}

/// Whether a COPY names a folder of the context.
fn brings_folder(subject: &Subject<'_>, index: usize) -> bool {
    let Some(node) = subject.node(index) else {
        return false;
    };
    let sources = node.sources();
    node.flag("from").is_none()
        && sources.iter().any(|source| {
            let path = source.value.trim_start_matches("./").trim_matches('/');
            path.is_empty() || path == "." || subject.context.presence(path) == Presence::Here(Kind::Folder)
        })
}

/// Whether sources, not only single files, were copied into `folder` before RUN number `index`.
pub(super) fn brings_sources(subject: &Subject<'_>, index: usize, folder: &str) -> bool {
    (subject.range().start..index).any(|copy| {
        matches!(subject.keyword(copy), Some(Keyword::Copy | Keyword::Add))
            && brings_folder(subject, copy)
            && copied_to(subject, copy).is_some_and(|target| is_within(&target, folder) || is_within(folder, &target))
    })
}

/// Whether the context brings what is at `path`, or something that a pattern there names.
pub(super) fn is_supplied(subject: &Subject<'_>, path: &str) -> bool {
    let view = subject.before(subject.range().end);
    let path = path.trim_matches('/');
    match path.split_once('*') {
        None => view.supplier(path).is_some(),
        Some((before, _)) => {
            let folder = before.rsplit_once('/').map_or("", |(folder, _)| folder);
            view.list(folder).iter().any(|name| !name.ends_with('/'))
        }
    }
}

/// Whether a COPY of the context may bring something at `path`: files that are not there now, such as what a build on
/// somebody's machine left, if no .dockerignore keeps them out.
pub(super) fn may_supply(subject: &Subject<'_>, copy: usize, path: &str) -> bool {
    let Some(copy) = subject.copies.iter().find(|known| known.index == copy) else {
        return true;
    };
    let path = path.trim_matches('/');
    copy.oddity.is_some()
        || copy.layers.iter().any(|layer| {
            let Some(rest) = inside(path, &layer.to) else {
                return false;
            };
            layer.is_folder
                && !matches!(
                    subject.context.presence(&join(&layer.from, rest)),
                    Presence::Ignored { .. }
                )
        })
}
