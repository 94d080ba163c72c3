//! Text of a foreign program, of which the first and the last part are kept: what it writes may have no end.

use std::collections::VecDeque;
use std::io::Read;

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// The first and the last bytes of a text.
#[derive(Debug)]
pub(crate) struct Bounded {
    first: Vec<u8>,
    last: VecDeque<u8>,
    most: usize,
    dropped: usize,
}

impl Bounded {
    /// Keeps at most `most` bytes of the start and as many of the end.
    pub(crate) fn new(most: usize) -> Bounded {
        Bounded {
            first: Vec::new(),
            last: VecDeque::new(),
            most,
            dropped: 0,
        }
    }

    /// Takes the next bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(self.most - self.first.len()));
        self.first.extend_from_slice(first);
        // Of more than fits, only the end is left in any case.
        let skipped = rest.len().saturating_sub(self.most);
        self.last.extend(&rest[skipped..]);
        let old = self.last.len().saturating_sub(self.most);
        self.last.drain(..old);
        self.dropped += skipped + old;
    }

    /// Takes all that `stream` gives; what came before a failure counts.
    pub(crate) fn read(mut self, mut stream: impl Read) -> Bounded {
        let mut chunk = vec![0; CHUNK];
        while let Ok(length @ 1..) = stream.read(&mut chunk) {
            self.add(&chunk[..length]);
        }
        self
    }

    /// Whether something was dropped.
    pub(crate) fn is_cut(&self) -> bool {
        self.dropped > 0
    }

    /// All bytes, if none was dropped.
    pub(crate) fn whole(mut self) -> Option<Vec<u8>> {
        if self.is_cut() {
            return None;
        }
        self.first.extend(self.last);
        Some(self.first)
    }

    /// The text, with a line in place of what was dropped.
    pub(crate) fn text(&self) -> String {
        let mut bytes = self.first.clone();
        if self.is_cut() {
            bytes.extend_from_slice(format!("\n[... {} bytes left out ...]\n", self.dropped).as_bytes());
        }
        bytes.extend(&self.last);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_whole_and_of_more_both_ends_stay() {
        for most in [1, 2, 3, 7] {
            for length in 0..20 {
                let all: Vec<u8> = (b'a'..).take(length).collect();
                let mut text = Bounded::new(most);
                all.chunks(3).for_each(|chunk| text.add(chunk));
                let whole = String::from_utf8(all.clone()).unwrap();
                if length <= 2 * most {
                    assert_eq!((text.text(), text.is_cut()), (whole, false));
                    continue;
                }
                let said = text.text();
                assert!(
                    said.starts_with(&whole[..most]) && said.ends_with(&whole[length - most..]),
                    "{said}"
                );
                assert!(said.contains(&format!("{} bytes", length - 2 * most)), "{said}");
            }
        }
    }

    #[test]
    fn a_stream_without_a_line_break_takes_no_more_memory_than_is_kept() {
        let text = Bounded::new(1000).read(std::io::repeat(b'x').take(50_000_000));
        assert_eq!(text.first.len() + text.last.len(), 2000);
        assert!(text.last.capacity() <= 1000 + CHUNK + 1000, "{}", text.last.capacity());
        assert_eq!(text.dropped, 50_000_000 - 2000);
    }
}
