//! Go's regular expressions as the `regex` crate writes them.
//!
//! Docker turns a .dockerignore pattern into a Go regular expression and escapes only part of what is special there: a
//! Windows path like `bin\Debug` asks for a non-digit, `src\pages` is an error, `a|b*` is a choice. Both languages
//! descend from RE2; they differ in classes, in escapes and in `{`, which is what is translated here. Source: the
//! parser of Go's `regexp/syntax`, with the flags that `regexp.Compile` uses.

use std::fmt::Write as _;

/// The most repetitions that Go allows.
const MOST_REPEATS: u32 = 1000;

/// What `{` may stand behind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Operand,
    Repeat,
}

/// Translates a Go expression, or returns `None` where Go would not compile it.
///
/// Groups are copied: only Docker writes them, never a user, whose parentheses Docker escapes. Left out are the limits
/// that Go sets to the size of an expression: the `regex` crate has its own.
pub(super) fn to_rust(go: &str) -> Option<String> {
    let mut input = Input(go);
    let mut out = String::with_capacity(go.len() + 16);
    let mut before = Before::Nothing;
    while let Some(c) = input.next() {
        before = match c {
            '[' => {
                class(&mut input, &mut out)?;
                Before::Operand
            }
            '\\' => {
                escape(&mut input, &mut out)?;
                Before::Operand
            }
            '{' => match input.repeat() {
                Some(repeat) => {
                    if before != Before::Operand || !is_valid(repeat) {
                        return None;
                    }
                    let (least, most) = repeat;
                    let _ = match most {
                        Some(most) => write!(out, "{{{least},{most}}}"),
                        None => write!(out, "{{{least},}}"),
                    };
                    Before::Repeat
                }
                None => {
                    literal('{', &mut out);
                    Before::Operand
                }
            },
            '*' | '?' => {
                if before != Before::Operand {
                    return None;
                }
                out.push(c);
                Before::Repeat
            }
            '|' | '(' => {
                out.push(c);
                Before::Nothing
            }
            '^' | '$' | '.' | ')' => {
                out.push(c);
                Before::Operand
            }
            c => {
                literal(c, &mut out);
                Before::Operand
            }
        };
    }
    Some(out)
}

fn is_valid((least, most): (u32, Option<u32>)) -> bool {
    least <= MOST_REPEATS && most.is_none_or(|most| most <= MOST_REPEATS && least <= most)
}

/// Writes a character that means itself, inside a class and outside.
fn literal(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() || c == '/' {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}

/// Translates an escape outside a class, behind its backslash.
fn escape(input: &mut Input<'_>, out: &mut String) -> Option<()> {
    match input.peek()? {
        'A' | 'z' => {
            out.push('\\');
            out.push(input.next()?);
        }
        // Go's word boundaries know ASCII only.
        'b' | 'B' => {
            let _ = write!(out, "(?-u:\\{})", input.next()?);
        }
        'Q' => {
            let (quoted, rest) = input.0[1..].split_once("\\E").unwrap_or((&input.0[1..], ""));
            quoted.chars().for_each(|c| literal(c, out));
            input.0 = rest;
        }
        _ => match set(input)? {
            Some(set) => {
                let _ = write!(out, "[{set}]");
            }
            None => literal(character(input)?, out),
        },
    }
    Some(())
}

/// Translates a class, behind its opening bracket.
fn class(input: &mut Input<'_>, out: &mut String) -> Option<()> {
    out.push('[');
    if input.take('^') {
        out.push('^');
    }
    let mut is_first = true;
    while is_first || !input.take(']') {
        is_first = false;
        if let Some(name) = input.posix_name() {
            out.push_str(name?);
            continue;
        }
        if input.0.starts_with('\\') {
            let mut ahead = Input(&input.0[1..]);
            if let Some(set) = set(&mut ahead)? {
                out.push_str(&set);
                *input = ahead;
                continue;
            }
        }
        let low = class_char(input)?;
        literal(low, out);
        if input.0.len() > 1 && input.0.starts_with('-') && !input.0.starts_with("-]") {
            input.next();
            let high = class_char(input)?;
            if high < low {
                return None;
            }
            out.push('-');
            literal(high, out);
        }
    }
    out.push(']');
    Some(())
}

fn class_char(input: &mut Input<'_>) -> Option<char> {
    match input.next()? {
        '\\' => character(input),
        c => Some(c),
    }
}

/// Reads an escape that stands for a set of characters, behind its backslash, as a Rust class. The outer `None` means
/// that Go rejects it, the inner one that it is no such escape.
fn set(input: &mut Input<'_>) -> Option<Option<String>> {
    let ascii = match input.peek() {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('s') => "[\\t\\n\\x0C\\r ]",
        Some('S') => "[^\\t\\n\\x0C\\r ]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some(c @ ('p' | 'P')) => {
            input.next();
            return unicode_group(c == 'P', input).map(Some);
        }
        _ => return Some(None),
    };
    input.next();
    Some(Some(ascii.to_owned()))
}

/// Reads `N`, `{Greek}` or `{^Greek}` behind `\p`.
fn unicode_group(is_negated: bool, input: &mut Input<'_>) -> Option<String> {
    let name = if input.take('{') {
        let (name, rest) = input.0.split_once('}')?;
        input.0 = rest;
        name
    } else {
        let (name, rest) = input.0.split_at(input.peek()?.len_utf8());
        input.0 = rest;
        name
    };
    let (is_negated, name) = match name.strip_prefix('^') {
        Some(name) => (!is_negated, name),
        None => (is_negated, name),
    };
    // Rust also knows names in other spellings and by other properties; Go's begin with a capital letter.
    let is_name =
        name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    is_name.then(|| format!("\\{}{{{name}}}", if is_negated { 'P' } else { 'p' }))
}

/// Reads an escape that stands for one character, behind its backslash.
fn character(input: &mut Input<'_>) -> Option<char> {
    match input.next()? {
        'a' => Some('\x07'),
        'f' => Some('\x0C'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\x0B'),
        'x' => hex(input),
        // A lone digit would be a back reference, which Go does not have.
        '1'..='7' if !input.peek().is_some_and(|next| next.is_digit(8)) => None,
        c @ '0'..='7' => {
            let mut value = c.to_digit(8)?;
            for _ in 0..2 {
                let Some(digit) = input.peek().and_then(|next| next.to_digit(8)) else {
                    break;
                };
                input.next();
                value = value * 8 + digit;
            }
            char::from_u32(value)
        }
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
        _ => None,
    }
}

/// Reads `41` or `{1F600}` behind `\x`.
fn hex(input: &mut Input<'_>) -> Option<char> {
    if !input.take('{') {
        let high = input.next()?.to_digit(16)?;
        return char::from_u32(high * 16 + input.next()?.to_digit(16)?);
    }
    let (digits, rest) = input.0.split_once('}')?;
    input.0 = rest;
    if !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

/// What is left to read.
#[derive(Clone, Copy)]
struct Input<'t>(&'t str);

impl<'t> Input<'t> {
    fn peek(&self) -> Option<char> {
        self.0.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.0 = &self.0[c.len_utf8()..];
        Some(c)
    }

    fn take(&mut self, expected: char) -> bool {
        match self.0.strip_prefix(expected) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// Steps over `2}`, `2,}` or `2,3}` behind a `{`: the least and the most repetitions. Nothing else repeats.
    fn repeat(&mut self) -> Option<(u32, Option<u32>)> {
        let (inside, rest) = self.0.split_once('}')?;
        let repeat = match inside.split_once(',') {
            None => (number(inside)?, Some(number(inside)?)),
            Some((least, "")) => (number(least)?, None),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        };
        self.0 = rest;
        Some(repeat)
    }

    /// Steps over `[:alpha:]`: the outer `None` where there is none, the inner one where Go does not know the name.
    fn posix_name(&mut self) -> Option<Option<&'t str>> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
            "word", "xdigit",
        ];
        let end = self.0.strip_prefix("[:")?.find(":]")? + 2;
        let (name, rest) = self.0.split_at(end + 2);
        self.0 = rest;
        let bare = name[2..end].trim_start_matches('^');
        let is_known = NAMES.contains(&bare) && name[2..end].len() - bare.len() <= 1;
        Some(is_known.then_some(name))
    }
}

/// A count as Go reads it: digits without a leading zero. Counts that are too large to be valid stay so.
fn number(digits: &str) -> Option<u32> {
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(go: &str, text: &str) -> bool {
        regex::Regex::new(&to_rust(go).unwrap()).unwrap().is_match(text)
    }

    #[test]
    fn classes() {
        assert!(is_match("^[a&&b]$", "&"));
        assert!(is_match("^[+--]$", ","));
        assert!(is_match("^[[a]$", "["));
        assert!(is_match("^[]a]$", "]"));
        assert!(is_match("^[a-]$", "-"));
        assert!(is_match("^[[:alpha:]]$", "x"));
        assert!(is_match("^[^[:^alpha:]]$", "x"));
        assert!(is_match("^[\\d\\-x]$", "7"));
        for bad in ["[", "[a", "[z-a]", "[[:nope:]]", "[\\q]", "[]", "[a\\"] {
            assert_eq!(to_rust(bad), None, "{bad}");
        }
    }

    #[test]
    fn escapes() {
        assert!(is_match("^bin\\Debug$", "binxebug"));
        assert!(is_match("^bin\\x64$", "bind"));
        assert!(is_match("^\\x{1F600}\\101$", "😀A"));
        assert!(is_match("^\\Qa*b\\E$", "a*b"));
        assert!(is_match("^\\pL\\P{Greek}$", "λx"));
        assert!(is_match("^\\_$", "_"));
        for bad in [
            "src\\pages",
            "\\C",
            "\\1",
            "\\8",
            "\\é",
            "\\E",
            "\\",
            "\\p{nope",
            "\\p{greek}",
            "\\xg0",
        ] {
            let compiled = to_rust(bad).and_then(|rust| regex::Regex::new(&rust).ok());
            assert!(compiled.is_none(), "{bad}");
        }
    }

    #[test]
    fn repeats() {
        assert!(is_match("^a{2}$", "aa"));
        assert!(is_match("^a{x}$", "a{x}"));
        assert!(is_match("^a{02}$", "a{02}"));
        assert!(is_match("^a{1,}b|c$", "aab"));
        for bad in ["a{2}{2}", "[^/]*{2}", "a{1001}", "a{3,2}", "a{99999999999}", "a|{2}"] {
            assert_eq!(to_rust(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(go in "[\\[\\]\\\\^{}|,0-9a-zA-Zé:*?.-]{0,16}") {
            if let Some(rust) = to_rust(&go) {
                let _ = regex::Regex::new(&rust);
            }
        }
    }
}
