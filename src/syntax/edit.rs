//! Edits of one instruction's text.

use std::ops::Range;

use super::error::SyntaxError;
use super::tree::{Dockerfile, Instruction};

/// A replacement of a stretch of an instruction's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes of the instruction's text that go; empty for an insertion.
    pub range: Range<usize>,
    /// What takes their place.
    pub text: String,
}

impl Edit {
    /// Puts `text` in the place of `range`.
    pub fn replace(range: Range<usize>, text: impl Into<String>) -> Edit {
        Edit {
            range,
            text: text.into(),
        }
    }

    /// Puts `text` before byte `at`.
    pub fn insert(at: usize, text: impl Into<String>) -> Edit {
        Edit {
            range: at..at,
            text: text.into(),
        }
    }

    /// Takes `range` away.
    pub fn delete(range: Range<usize>) -> Edit {
        Edit {
            range,
            text: String::new(),
        }
    }
}

impl Dockerfile {
    /// Applies `edits` to the text of instruction number `index` and parses the result. Edits may come in any order;
    /// insertions at one place keep theirs; an edit that overlaps an earlier one (by position) is part of it and is
    /// dropped, as when a word is deleted in a command that is deleted.
    ///
    /// # Errors
    /// If the edited text is not one valid instruction: the tree is unchanged then.
    pub fn edit(&mut self, index: usize, mut edits: Vec<Edit>) -> Result<(), SyntaxError> {
        let Some(old) = self.instructions.get(index) else {
            return Ok(());
        };
        // At one start the longest comes first, but insertions come before what they are inserted in front of.
        edits.sort_by_key(|edit| {
            (
                edit.range.start,
                !edit.range.is_empty(),
                std::cmp::Reverse(edit.range.end),
            )
        });
        let (mut text, mut at) = (String::with_capacity(old.text.len()), 0);
        for edit in edits {
            let inside_deleted = edit.range.start < at;
            let Some(kept) = old.text.get(at..edit.range.start).filter(|_| !inside_deleted) else {
                continue;
            };
            text.push_str(kept);
            text.push_str(&edit.text);
            at = edit.range.end;
        }
        text.push_str(old.text.get(at..).unwrap_or_default());
        let new = self.instruction(text)?;
        if let Some(old) = self.instructions.get_mut(index) {
            *old = Instruction {
                text: new.text,
                node: new.node,
                ..old.clone()
            };
        }
        Ok(())
    }
}
