//! What no image needs: caches, package lists and temporary files.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::effects::{AbsolutePath, Place};
use crate::facts::Command;
use crate::knowledge::managers;

/// The folders for what does not outlive a build, by the Filesystem Hierarchy Standard 3.0.
const TEMPORARY: &[&str] = &[
    "/tmp",
    "/var/tmp",
    "/var/cache",
    "/var/lib/apt/lists",
    "/var/log",
    "/run",
];

/// Whether all of `place` is a cache, a package list or a temporary file.
pub(super) fn is_throwaway(place: &Place) -> bool {
    place.path().is_some_and(is_within_cache)
}

/// Whether a path, or all that a pattern matches, is in such a folder.
fn is_within_cache(path: &AbsolutePath) -> bool {
    let text = path.as_str();
    let is_in = |folder: &str| {
        text.strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if TEMPORARY.iter().any(|folder| is_in(folder)) {
        return true;
    }
    let below_home = text.strip_prefix("/root/").or_else(|| {
        text.strip_prefix("/home/")
            .and_then(|rest| rest.split_once('/').map(|(_, rest)| rest))
    });
    let is_home_cache = below_home.is_some_and(|rest| {
        let is_in = |folder: &String| {
            rest.strip_prefix(folder.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        rest == ".cache" || rest.starts_with(".cache/") || HOME_CACHES.iter().any(is_in)
    });
    is_home_cache || ABSOLUTE_CACHES.iter().any(|folder| is_in(folder))
}

/// The caches of package managers in the user's home, without it.
static HOME_CACHES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let paths = cache_paths().filter_map(|path| path.strip_prefix("~/"));
    paths.map(str::to_owned).collect()
});

/// Those at an absolute path.
static ABSOLUTE_CACHES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    cache_paths()
        .filter(|path| path.starts_with('/'))
        .map(str::to_owned)
        .collect()
});

fn cache_paths() -> impl Iterator<Item = &'static str> {
    let caches = managers().iter().flat_map(|manager| &manager.caches);
    caches
        .flat_map(|cache| [cache.path.as_deref(), cache.root_path.as_deref()])
        .flatten()
        .filter(|path| !path.contains('*'))
}

/// Whether `rm` does not mind what is missing.
pub(super) fn is_forced(command: &Command) -> bool {
    let mut words = command.words.iter().skip(1).map(|word| word.text.as_str());
    words.any(|word| word == "--force" || word.starts_with('-') && !word.starts_with("--") && word.contains('f'))
}

/// Whether a path that a command names is in a cache.
fn is_cache(path: Option<&str>) -> bool {
    let path = path.and_then(|path| AbsolutePath::of(path, None));
    path.is_some_and(|path| is_within_cache(&path))
}

/// The numbers of the words of `rm` that name caches.
pub(super) fn cache_operands(command: &Command) -> impl Iterator<Item = usize> {
    let operands = command.deletes.iter();
    operands
        .filter(|operand| is_cache(operand.path.as_deref()))
        .map(|operand| operand.word)
}

/// Whether a command only deletes what no image needs, and cannot fail.
pub(super) fn is_cleanup(command: &Command) -> bool {
    let mut deleted = command.deletes.iter();
    !command.deletes.is_empty() && is_forced(command) && deleted.all(|operand| is_cache(operand.path.as_deref()))
}
