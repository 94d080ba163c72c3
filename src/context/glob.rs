//! The wildcards of COPY: Go's `filepath.Match` on Unix.

/// A pattern that `filepath.Match` rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadPattern;

/// Whether a path segment holds a wildcard, as BuildKit's copy asks it.
pub(super) fn has_wildcard(segment: &str) -> bool {
    let mut chars = segment.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

/// Whether COPY's wildcards in `pattern` match the whole of `name`. A pattern that Go rejects matches nothing.
pub fn matches_name(pattern: &str, name: &str) -> bool {
    matches(pattern, name) == Ok(true)
}

/// Whether `pattern` matches the whole of `name`.
///
/// As in Go a pattern is a row of chunks, each with or without a `*` before it, and a chunk is checked only when the
/// match gets that far: a fault behind a chunk that does not match goes unnoticed. Go's `*` may stop inside a character
/// of several bytes; this one does not.
pub(super) fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let (mut pattern, mut name) = (pattern, name);
    while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(!name.contains('/'));
        }
        let fits = |left: &str| left.is_empty() || !rest.is_empty();
        if let Some(left) = match_chunk(chunk, name)?
            && fits(left)
        {
            name = left;
            continue;
        }
        if !star {
            return Ok(false);
        }
        let Some(left) = match_behind_star(chunk, name, fits)? else {
            return Ok(false);
        };
        name = left;
    }
    Ok(name.is_empty())
}

/// The first place behind at least one character of `name`'s first segment at which `chunk` matches and what it leaves
/// `fits`.
fn match_behind_star<'n>(
    chunk: &str,
    name: &'n str,
    fits: impl Fn(&str) -> bool,
) -> Result<Option<&'n str>, BadPattern> {
    for (at, c) in name.char_indices() {
        if c == '/' {
            break;
        }
        if let Some(left) = match_chunk(chunk, &name[at + c.len_utf8()..])?
            && fits(left)
        {
            return Ok(Some(left));
        }
    }
    Ok(None)
}

/// Splits off the first chunk: whether stars stood before it, the chunk up to the next star, the rest.
fn next_chunk(pattern: &str) -> (bool, &str, &str) {
    let chunk = pattern.trim_start_matches('*');
    let star = chunk.len() < pattern.len();
    let mut in_class = false;
    let mut bytes = chunk.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => return (star, &chunk[..at], &chunk[at..]),
            _ => {}
        }
    }
    (star, chunk, "")
}

/// Matches a chunk at the start of `name`: what is left of the name, or `None`. The chunk is read to its end even when
/// the name no longer matches, so that its faults are found.
fn match_chunk<'n>(chunk: &str, name: &'n str) -> Result<Option<&'n str>, BadPattern> {
    let mut chunk = chunk.chars();
    let mut left = Some(name);
    while let Some(c) = chunk.next() {
        let found = left.and_then(|left| left.chars().next());
        let is_match = match c {
            '[' => class(&mut chunk, found)?,
            '?' => found.is_some_and(|found| found != '/'),
            '\\' => found == Some(chunk.next().ok_or(BadPattern)?),
            literal => found == Some(literal),
        };
        left = match (left, found) {
            (Some(left), Some(found)) if is_match => Some(&left[found.len_utf8()..]),
            _ => None,
        };
    }
    Ok(left)
}

/// Reads a class behind its `[`. A class may match `/`: only `*` and `?` stop there.
fn class(chunk: &mut std::str::Chars<'_>, found: Option<char>) -> Result<bool, BadPattern> {
    let negated = take(chunk, '^');
    let mut is_match = false;
    let mut is_first = true;
    loop {
        if !is_first && take(chunk, ']') {
            return Ok(is_match != negated);
        }
        let low = class_char(chunk)?;
        let high = if take(chunk, '-') { class_char(chunk)? } else { low };
        is_match |= found.is_some_and(|found| low <= found && found <= high);
        is_first = false;
    }
}

/// One character of a class. Something must follow it, at least the class's end.
fn class_char(chunk: &mut std::str::Chars<'_>) -> Result<char, BadPattern> {
    let c = match chunk.next() {
        None | Some('-' | ']') => return Err(BadPattern),
        Some('\\') => chunk.next().ok_or(BadPattern)?,
        Some(c) => c,
    };
    if chunk.as_str().is_empty() {
        Err(BadPattern)
    } else {
        Ok(c)
    }
}

/// Steps over `expected` where it comes next.
fn take(chunk: &mut std::str::Chars<'_>, expected: char) -> bool {
    let is_next = chunk.as_str().starts_with(expected);
    if is_next {
        chunk.next();
    }
    is_next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_go_documents() {
        for (pattern, name, expected) in [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*", "ab/c", false),
            ("a*/b", "abc/b", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[^c]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("a???b", "a☺b", false),
            ("[a-ζ]*", "α", true),
            ("a?b", "a/b", false),
            ("a[^x]b", "a/b", true),
            ("[\\]a]", "]", true),
            ("[x\\-]", "-", true),
            ("*x", "xxx", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), Ok(expected), "{pattern} {name}");
        }
    }

    #[test]
    fn rejects_as_go_does() {
        for pattern in [
            "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[", "[^", "[^bc", "a\\", "[]", "[\\",
        ] {
            assert_eq!(matches(pattern, "a"), Err(BadPattern), "{pattern}");
        }
        // The fault behind a chunk that does not match is never read.
        assert_eq!(matches("b*[", "a"), Ok(false));
    }

    #[test]
    fn wildcards() {
        assert!(has_wildcard("a*") && has_wildcard("a?") && has_wildcard("[a"));
        assert!(!has_wildcard("a\\*") && !has_wildcard("a]"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(pattern in "[ab/*?\\[\\]^\\\\é-]{0,12}", name in "[abé/-]{0,10}") {
            let _ = matches(&pattern, &name);
        }
    }
}
