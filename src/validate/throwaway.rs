//! What no image needs: caches, package lists and temporary files.

use crate::effects::{AbsolutePath, Place};
use crate::facts::Command;
use crate::knowledge;

/// Whether all of `place` is a cache, a package list or a temporary file.
pub(super) fn is_throwaway(place: &Place) -> bool {
    place.path().is_some_and(|path| knowledge::is_throwaway(path.as_str()))
}

/// Whether `rm` does not mind what is missing.
pub(super) fn is_forced(command: &Command) -> bool {
    let mut words = command.words.iter().skip(1).map(|word| word.text.as_str());
    words.any(|word| word == "--force" || word.starts_with('-') && !word.starts_with("--") && word.contains('f'))
}

/// Whether a path that a command names is in a cache.
fn is_cache(path: Option<&str>) -> bool {
    let path = path.and_then(|path| AbsolutePath::of(path, None));
    path.is_some_and(|path| knowledge::is_throwaway(path.as_str()))
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
