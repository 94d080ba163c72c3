//! The other Dockerfiles that are built with the same context and the same .dockerignore.

use std::path::Path;
use std::sync::Arc;

use crate::context::mentions::is_without_format;
use crate::context::{ContextSource, Entry, Kind, locate_among};
use crate::facts::Facts;
use crate::syntax;

use super::{Build, copied_sources};

/// How many Dockerfiles of a context are looked into.
pub(crate) const MOST: usize = 300;

/// Folders of other people's projects.
const FOREIGN: &[&str] = &["node_modules", ".git", "vendor", ".venv", "venv", "site-packages"];

/// Whether a file is a Dockerfile by its name.
pub(crate) fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_lowercase();
    !lower.ends_with(".dockerignore")
        && ["dockerfile", "containerfile"].iter().any(|known| {
            let is_variant = |rest: &str| rest.starts_with('.') || rest.starts_with('-') || rest.starts_with('_');
            lower
                .strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || is_variant(rest))
                || lower.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'))
        })
}

/// The Dockerfiles in the context that are built with it, as far as anything tells: those at its root, those that a
/// Compose file says, and those whose sources are in it.
///
/// Each is read once, however many of them are looked at.
pub(crate) fn sharing(context: &ContextSource) -> Arc<Sharing> {
    context.remembered(|context| Sharing(find(context)))
}

/// The Dockerfiles that share a context; none where there are too many to look into.
#[derive(Debug)]
pub(crate) struct Sharing(pub(crate) Option<Vec<Build>>);

fn find(context: &ContextSource) -> Option<Vec<Build>> {
    let walk = context.walk();
    let is_here = |entry: &&Entry| {
        let is_foreign = entry.path.split('/').any(|part| FOREIGN.contains(&part));
        entry.kind == Kind::File && !is_foreign && (is_dockerfile(&entry.path) || is_unnamed(context, entry))
    };
    let files: Vec<&Entry> = walk.entries.iter().filter(is_here).take(MOST + 1).collect();
    let one = |entry: &&Entry| one(context, &entry.path);
    let builds = || files.iter().filter_map(one).chain(inline(context));
    (files.len() <= MOST).then(|| builds().collect())
}

/// A larger file without a usual name is no Dockerfile.
const LARGEST_UNNAMED: u64 = 32 * 1024;

/// Whether a file of another name is a Dockerfile by what is in it.
fn is_unnamed(context: &ContextSource, entry: &Entry) -> bool {
    let name = entry.path.rsplit('/').next().unwrap_or(&entry.path);
    if entry.size > LARGEST_UNNAMED || !is_without_format(name) {
        return false;
    }
    let text = context.read_unfiltered(&entry.path).unwrap_or_default();
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'));
    let begins = |word: &str| first.is_some_and(|line| line.starts_with(word));
    (begins("FROM ") || begins("ARG ")) && text.lines().any(|line| line.starts_with("FROM "))
}

/// The Dockerfiles that stand in Compose files.
fn inline(context: &ContextSource) -> impl Iterator<Item = Build> {
    context.inline_dockerfiles().into_iter().filter_map(|(path, text)| {
        let file = syntax::parse(&path, &text).ok()?;
        Some(match syntax::too_large(&file) {
            Some(_) => Build::unread(&file, context),
            None => Build::of(&file, &Facts::of(&file), context),
        })
    })
}

fn one(context: &ContextSource, path: &str) -> Option<Build> {
    // Its own ignore file makes it independent of the shared one.
    if context.read_unfiltered(&format!("{path}.dockerignore")).is_some() {
        return None;
    }
    let file = syntax::parse(path, &context.read_unfiltered(path)?).ok()?;
    let sources = copied_sources(&file);
    let is_at_root = !path.contains('/');
    let is_shared = is_at_root
        || is_located(context, path, &sources)
        || names_what_is_here(context, &sources)
        || stands_alone(context, path);
    is_shared.then(|| match syntax::too_large(&file) {
        Some(_) => Build::unread(&file, context),
        None => Build::of(&file, &Facts::of(&file), context),
    })
}

fn is_located(context: &ContextSource, path: &str, sources: &[String]) -> bool {
    let Some(root) = context.root() else { return false };
    let same = |one: &Path, other: &Path| match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    };
    let location = locate_among(context.contexts(), &root.join(path), None, sources);
    same(&location.root, root) || location.services.iter().any(|service| same(&service.context, root))
}

/// Whether nothing stands beside a Dockerfile that a COPY could take: it is built with a folder above.
fn stands_alone(context: &ContextSource, path: &str) -> bool {
    let Some((folder, _)) = path.rsplit_once('/') else {
        return true;
    };
    let prefix = format!("{folder}/");
    let mut beside = context
        .walk()
        .entries
        .iter()
        .filter(|entry| entry.path.starts_with(&prefix));
    beside.all(|entry| is_dockerfile(&entry.path) || entry.path == path || entry.path.ends_with(".dockerignore"))
}

/// Whether all sources that tell one folder from another are in the context.
fn names_what_is_here(context: &ContextSource, sources: &[String]) -> bool {
    let telling: Vec<&String> = sources
        .iter()
        .filter(|source| !source.contains(['$', ':', '<', '*']) && !matches!(source.as_str(), "." | "./" | "/"))
        .collect();
    !telling.is_empty() && telling.iter().all(|source| context.exists(source))
}
