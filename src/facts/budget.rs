//! How much the values of one file may grow: a few lines of ENV, each ten times the last, would take all memory.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The most bytes that the replacement of variables may give in one file, all values together.
const MOST: usize = 16 * 1024 * 1024;

/// What is left of it, shared by all scopes of a file.
#[derive(Debug, Default)]
pub struct Budget(AtomicUsize);

impl Budget {
    /// Whether variables in `text` may still be replaced, which takes time even where the value is not kept.
    pub(super) fn is_left(&self, text: &str) -> bool {
        !text.contains('$') || self.0.load(Ordering::Relaxed) <= MOST
    }

    /// Whether `value`, which was made of `text`, may be kept. What is not longer costs nothing: the file itself is bounded.
    pub(super) fn allows(&self, text: &str, value: &str) -> bool {
        value.len() <= text.len() || self.0.fetch_add(value.len(), Ordering::Relaxed) + value.len() <= MOST
    }
}

/// What is left is no part of what is in force.
impl PartialEq for Budget {
    fn eq(&self, _: &Budget) -> bool {
        true
    }
}

impl Eq for Budget {}
