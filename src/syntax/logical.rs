//! Logical lines: what is left of physical lines when continuations, and the comments between them, are gone.

use std::ops::Range;

/// A text put together from pieces of a source text, which knows where each piece came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logical {
    text: String,
    /// Where each piece begins: in the logical text, and in the source. Ascending in both.
    pieces: Vec<(usize, usize)>,
}

impl Logical {
    /// A text in one piece, which begins at byte `source` of the source text.
    pub fn of(text: &str, source: usize) -> Logical {
        let mut logical = Logical::default();
        logical.push(text, source);
        logical
    }

    /// Appends `piece`, which begins at byte `source` of the source text.
    pub(super) fn push(&mut self, piece: &str, source: usize) {
        if !piece.is_empty() || self.pieces.is_empty() {
            self.pieces.push((self.text.len(), source));
            self.text.push_str(piece);
        }
    }

    /// Cuts off carriage returns at the end, which belong to the newline behind the text.
    pub(super) fn trim_carriage_returns(&mut self) {
        let length = self.text.trim_end_matches('\r').len();
        self.text.truncate(length);
    }

    /// The joined text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The part `range` of the text, with white space trimmed from both ends.
    pub(super) fn trimmed(&self, range: Range<usize>) -> Logical {
        let part = self.text.get(range.clone()).unwrap_or_default().trim_end();
        let start = range.start + (part.len() - part.trim_start().len());
        self.part(start..range.start + part.len())
    }

    /// The part `range` of the text.
    pub(super) fn part(&self, range: Range<usize>) -> Logical {
        let mut result = Logical::default();
        result.text.reserve_exact(range.len());
        if range.is_empty() {
            result.push("", self.source_start(range.start));
            return result;
        }
        for (index, &(piece, source)) in self.pieces.iter().enumerate() {
            let piece_end = self.pieces.get(index + 1).map_or(self.text.len(), |next| next.0);
            let (from, to) = (piece.max(range.start), piece_end.min(range.end));
            if let Some(text) = self.text.get(from..to).filter(|text| !text.is_empty()) {
                result.push(text, source + (from - piece));
            }
        }
        result
    }

    /// The byte of the source that the byte `at` of the text came from. The end of the text maps to the end of its
    /// last piece.
    pub fn source_start(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|piece| piece.0 <= at);
        let (piece, source) = index
            .checked_sub(1)
            .and_then(|index| self.pieces.get(index))
            .copied()
            .unwrap_or((0, 0));
        source + (at - piece)
    }

    /// The bytes of the source that `range` of the text came from, continuations inside included.
    pub fn source_range(&self, range: Range<usize>) -> Range<usize> {
        let start = self.source_start(range.start);
        // The end belongs to the piece of the last byte, not to the one that begins there.
        let end = if range.is_empty() {
            start
        } else {
            self.source_start(range.end - 1) + 1
        };
        start..end
    }

    /// Whether the text came from one stretch of the source, without a continuation inside.
    pub fn is_contiguous(&self) -> bool {
        self.pieces.len() <= 1
    }
}
