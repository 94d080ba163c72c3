//! Mutations of whole lines: what they make of a Dockerfile is most often a Dockerfile, what changed bytes make is not.

/// Numbers that a seed determines.
struct Numbers(u64);

impl Numbers {
    fn of(seed: u32) -> Numbers {
        Numbers(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`; 0 where there is none.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }
}

fn lines(data: &[u8]) -> Vec<&[u8]> {
    data.split_inclusive(|byte| *byte == b'\n').collect()
}

/// The text with one line removed, doubled or moved; none where another kind of mutation is due.
pub fn changed(text: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut numbers = Numbers::of(seed);
    let mut lines = lines(text);
    if lines.len() < 2 || numbers.below(2) == 0 {
        return None;
    }
    let (from, to) = (numbers.below(lines.len()), numbers.below(lines.len()));
    match numbers.below(4) {
        0 => drop(lines.remove(from)),
        1 => lines.insert(to, lines[from]),
        2 => lines.swap(from, to),
        _ => {
            let line = lines.remove(from);
            lines.insert(to.min(lines.len()), line);
        }
    }
    Some(lines.concat())
}

/// The text `first` with lines of `second`.
pub fn crossed(first: &[u8], second: &[u8], seed: u32) -> Vec<u8> {
    let mut numbers = Numbers::of(seed);
    let (mut into, from) = (lines(first), lines(second));
    for _ in 0..=numbers.below(3) {
        let start = numbers.below(from.len());
        let length = 1 + numbers.below(4);
        let taken = from.iter().copied().skip(start).take(length);
        let at = numbers.below(into.len() + 1);
        into.splice(at..at, taken);
    }
    into.concat()
}
