//! `.dockerignore`: which files of the context the build gets.
//!
//! The rules are those of what BuildKit runs, not those of its documentation: `moby/patternmatcher` (the file's lines in
//! `ignorefile`, the patterns in `patternmatcher`) and the folder walk of `tonistiigi/fsutil`, which hands each
//! folder's matches down to its children. They are not gitignore's.
//!
//! Where the walk sends a file that its path alone would keep out (`d`, `!d/x`, `?` and the file `d/x`), BuildKit asks
//! the other rule when it opens the file, and sends it empty. [`Verdict::Sent`] says only that the file is there.

use regex::Regex;

use super::go_regex;
use super::{glob, path};

/// Go's line reader gives up on a line that does not fit into this many bytes with its line break.
const LONGEST_LINE: usize = 64 * 1024;

/// The most patterns that are looked at: each path of the context is held against each of them.
const MOST_PATTERNS: usize = 2_000;

/// A .dockerignore that makes every build fail, or that is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreError {
    /// A `!` with nothing behind it.
    #[error("line {line}: `!` must be followed by a pattern")]
    LoneExclamation {
        /// The line, counted from 1.
        line: usize,
    },
    /// A pattern that Go's `filepath.Match` rejects.
    #[error("line {line}: syntax error in pattern `{pattern}`")]
    BadPattern {
        /// The line, counted from 1.
        line: usize,
        /// The pattern as Docker reads it.
        pattern: String,
    },
    /// More patterns than anybody writes.
    #[error("more than {MOST_PATTERNS} patterns, too large to look into")]
    TooMany,
    /// A line of 64 KiB or more.
    #[error("line {line}: longer than 64 KiB")]
    LineTooLong {
        /// The line, counted from 1.
        line: usize,
    },
}

/// What happens to one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No pattern keeps it out, or a later one brings it back: it is sent.
    Sent,
    /// The pattern on this line keeps it out.
    Ignored {
        /// The line of the pattern that had the last word, counted from 1.
        line: usize,
    },
    /// The pattern on this line does not compile, which Docker notices only when a path is held against it: the build
    /// fails.
    Fails {
        /// The line, counted from 1.
        line: usize,
    },
}

/// The patterns of a .dockerignore, ready to match. Matching is case-sensitive on every system.
#[derive(Clone, Debug, Default)]
pub struct DockerIgnore {
    patterns: Vec<Pattern>,
    /// Whether a `!` pattern holds a wildcard, so that no ignored folder can be skipped unseen.
    has_wild_exception: bool,
    /// Matches whatever any pattern matches: most paths match none, and one look tells.
    any: Option<Regex>,
}

#[derive(Clone, Debug)]
struct Pattern {
    line: usize,
    is_exception: bool,
    /// The pattern without its `!`, cleaned.
    text: String,
    matcher: Matcher,
}

#[derive(Clone, Debug)]
enum Matcher {
    Exact,
    /// A literal text and then `**`.
    Prefix,
    /// `**` and then a literal text.
    Suffix,
    Regex(Regex),
    /// Go does not compile it.
    Broken,
}

/// What matching a folder found, which its children go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Which patterns matched this folder or one above it. Empty for the context's root.
    matched: Vec<bool>,
    verdict: Verdict,
    /// Whether the walk does not enter it, so that everything in it shares its fate.
    is_closed: bool,
}

impl Folder {
    /// What happens to the folder itself. An ignored folder still appears in the build where something in it is sent.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether nothing in it can be sent.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }
}

impl DockerIgnore {
    /// Reads the text of a .dockerignore. Bytes that are no UTF-8 become U+FFFD, as they do on their way to the engine.
    ///
    /// # Errors
    /// Where Docker would refuse the file whatever the context holds. A pattern that Docker finds wrong only when it
    /// holds a path against it gives [`Verdict::Fails`] then.
    pub fn parse(text: &[u8]) -> Result<DockerIgnore, IgnoreError> {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        let mut patterns = Vec::new();
        for (index, bytes) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = index + 1;
            if bytes.len() >= LONGEST_LINE {
                return Err(IgnoreError::LineTooLong { line });
            }
            let Some(written) = normalize(&String::from_utf8_lossy(bytes)) else {
                continue;
            };
            if patterns.len() == MOST_PATTERNS {
                return Err(IgnoreError::TooMany);
            }
            patterns.push(Pattern::new(line, &written)?);
        }
        Ok(DockerIgnore {
            has_wild_exception: patterns.iter().any(Pattern::is_wild_exception),
            any: any_of(&patterns),
            patterns,
        })
    }

    /// Whether there is no pattern at all, so that everything is sent.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a pattern begins with `!`.
    pub fn has_exceptions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.is_exception)
    }

    /// The patterns that bring something back, without their `!` and cleaned.
    pub fn exceptions(&self) -> impl Iterator<Item = &str> {
        let exceptions = self.patterns.iter().filter(|pattern| pattern.is_exception);
        exceptions.map(|pattern| pattern.text.as_str())
    }

    /// Whether a pattern keeps everything out, so that only exceptions are sent.
    pub fn keeps_everything_out(&self) -> bool {
        let is_all =
            |pattern: &Pattern| !pattern.is_exception && matches!(pattern.text.as_str(), "*" | "**" | "." | "/");
        self.patterns.iter().any(is_all)
    }

    /// The context's root, from which every walk starts.
    pub fn root(&self) -> Folder {
        Folder {
            matched: vec![false; self.patterns.len()],
            verdict: Verdict::Sent,
            is_closed: false,
        }
    }

    /// What happens to the file or link `path`, relative to the root with `/`, in the folder `parent`.
    pub fn file(&self, path: &str, parent: &Folder) -> Verdict {
        if parent.is_closed || !self.may_match(path) {
            return parent.verdict;
        }
        self.evaluate(path, &parent.matched, |_| {})
    }

    /// What happens to the folder `path`, relative to the root with `/`, in the folder `parent`, and to its children.
    pub fn folder(&self, path: &str, parent: &Folder) -> Folder {
        if parent.is_closed {
            return parent.clone();
        }
        let mut matched = parent.matched.clone();
        let verdict = if self.may_match(path) {
            self.evaluate(path, &parent.matched, |index| matched[index] = true)
        } else {
            parent.verdict
        };
        let is_closed = match verdict {
            Verdict::Sent => false,
            Verdict::Ignored { .. } => self.is_skipped(path),
            Verdict::Fails { .. } => true,
        };
        Folder {
            matched,
            verdict,
            is_closed,
        }
    }

    /// What happens to the file or link `path`, relative to the root with `/`, without a walk.
    pub fn path(&self, path: &str) -> Verdict {
        let mut folder = self.root();
        for (at, _) in path.match_indices('/') {
            folder = self.folder(&path[..at], &folder);
        }
        self.file(path, &folder)
    }

    fn may_match(&self, path: &str) -> bool {
        self.any.as_ref().is_none_or(|any| any.is_match(path))
    }

    /// Holds `path` against the patterns in their order; the last one that changes the outcome decides. `record` is
    /// told the patterns that matched.
    ///
    /// A pattern that could not change the outcome is not tried, and counts as not matched for the folder's children:
    /// that is why they do not always end up as their own path and its parents would.
    fn evaluate(&self, path: &str, parent: &[bool], mut record: impl FnMut(usize)) -> Verdict {
        let mut verdict = Verdict::Sent;
        for (index, pattern) in self.patterns.iter().enumerate() {
            let is_ignored = verdict != Verdict::Sent;
            if !parent[index] {
                if pattern.is_exception != is_ignored {
                    continue;
                }
                match pattern.is_match(path) {
                    Some(true) => record(index),
                    Some(false) => continue,
                    None => return Verdict::Fails { line: pattern.line },
                }
            }
            verdict = match pattern.is_exception {
                true => Verdict::Sent,
                false if is_ignored => verdict,
                false => Verdict::Ignored { line: pattern.line },
            };
        }
        verdict
    }

    /// Whether the walk leaves out the ignored folder `path`: where no exception can name anything in it. An exception
    /// with a wildcard could name anything.
    fn is_skipped(&self, path: &str) -> bool {
        if self.has_wild_exception {
            return false;
        }
        let folder = format!("{path}/");
        let mut exceptions = self.patterns.iter().filter(|pattern| pattern.is_exception);
        !exceptions.any(|pattern| format!("{}/", pattern.without_trailing_glob()).starts_with(&folder))
    }
}

/// One line as `ignorefile` reads it: without blanks, cleaned, relative; `None` for empty lines and comments. Only a `#`
/// in the first column begins a comment.
fn normalize(line: &str) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let line = line.trim();
    let (mark, pattern) = match line.strip_prefix('!') {
        Some(pattern) => ("!", pattern.trim()),
        None => ("", line),
    };
    if pattern.is_empty() {
        return (!mark.is_empty()).then(|| mark.to_owned());
    }
    let pattern = path::clean(pattern);
    let pattern = match pattern.strip_prefix('/') {
        Some(relative) if !relative.is_empty() => relative,
        _ => &pattern,
    };
    // `a /` ends in a blank now; the patterns are trimmed once more before they are compiled.
    let written = format!("{mark}{pattern}").trim().to_owned();
    (!written.is_empty()).then_some(written)
}

/// One expression for all patterns. None where a pattern is broken, which must be noticed, or where it gets too large.
fn any_of(patterns: &[Pattern]) -> Option<Regex> {
    let expressions: Option<Vec<String>> = patterns.iter().map(Pattern::expression).collect();
    Regex::new(&expressions?.join("|"))
        .ok()
        .filter(|_| !patterns.is_empty())
}

impl Pattern {
    fn new(line: usize, written: &str) -> Result<Pattern, IgnoreError> {
        // Cleaned a second time, as Docker does it, now with the `!` in front.
        let written = path::clean(written);
        let (is_exception, text) = match written.strip_prefix('!') {
            Some("") => return Err(IgnoreError::LoneExclamation { line }),
            Some(text) => (true, text),
            None => (false, written.as_str()),
        };
        if glob::matches(text, ".").is_err() {
            return Err(IgnoreError::BadPattern {
                line,
                pattern: text.to_owned(),
            });
        }
        Ok(Pattern {
            line,
            is_exception,
            text: text.to_owned(),
            matcher: Matcher::of(text),
        })
    }

    /// Whether the pattern matches `path` itself; `None` where Go does not compile it.
    fn is_match(&self, path: &str) -> Option<bool> {
        Some(match &self.matcher {
            Matcher::Exact => path == self.text,
            Matcher::Prefix => path.starts_with(&self.text[..self.text.len() - 2]),
            Matcher::Suffix => {
                let suffix = &self.text[2..];
                path.ends_with(suffix) || suffix.strip_prefix('/') == Some(path)
            }
            Matcher::Regex(regex) => regex.is_match(path),
            Matcher::Broken => return None,
        })
    }

    /// An expression that matches the same paths.
    fn expression(&self) -> Option<String> {
        Some(match &self.matcher {
            Matcher::Exact => format!("^{}$", regex::escape(&self.text)),
            Matcher::Prefix => format!("^{}", regex::escape(&self.text[..self.text.len() - 2])),
            Matcher::Suffix => match self.text[2..].strip_prefix('/') {
                Some(name) => format!("(^|/){}$", regex::escape(name)),
                None => format!("{}$", regex::escape(&self.text[2..])),
            },
            Matcher::Regex(regex) => format!("(?:{regex})"),
            Matcher::Broken => return None,
        })
    }

    fn is_wild_exception(&self) -> bool {
        self.is_exception && self.without_trailing_glob().contains(['*', '[', ']', '?', '^', '\\'])
    }

    fn without_trailing_glob(&self) -> &str {
        let text = self.text.strip_suffix("/**").unwrap_or(&self.text);
        text.strip_suffix("/*").unwrap_or(text)
    }
}

/// What a pattern has turned out to be so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Exact,
    Prefix,
    Suffix,
    Wild,
}

impl Matcher {
    /// How `pattern`, cleaned and without `!`, matches: a plain comparison where there is no wildcard but `**` at one
    /// end, else the regular expression that Docker makes of it.
    fn of(pattern: &str) -> Matcher {
        let mut expression = String::from("^");
        let mut shape = Shape::Exact;
        let mut chars = pattern.chars().peekable();
        let mut is_first = true;
        while let Some(c) = chars.next() {
            match c {
                '*' if chars.next_if_eq(&'*').is_some() => {
                    chars.next_if_eq(&'/');
                    let is_last = chars.peek().is_none();
                    expression.push_str(if is_last { ".*" } else { "(.*/)?" });
                    shape = match shape {
                        _ if is_first => Shape::Suffix,
                        Shape::Exact if is_last => Shape::Prefix,
                        _ => Shape::Wild,
                    };
                }
                '*' => {
                    expression.push_str("[^/]*");
                    shape = Shape::Wild;
                }
                '?' => {
                    expression.push_str("[^/]");
                    shape = Shape::Wild;
                }
                // Docker means to escape `{`, `|` and `}` too, but its table has no room for them.
                '.' | '+' | '(' | ')' | '$' => {
                    expression.push('\\');
                    expression.push(c);
                }
                '\\' => {
                    expression.push('\\');
                    if let Some(escaped) = chars.next() {
                        expression.push(escaped);
                        shape = Shape::Wild;
                    }
                }
                '[' | ']' => {
                    expression.push(c);
                    shape = Shape::Wild;
                }
                c => expression.push(c),
            }
            is_first = false;
        }
        match shape {
            Shape::Exact => Matcher::Exact,
            Shape::Prefix => Matcher::Prefix,
            Shape::Suffix => Matcher::Suffix,
            Shape::Wild => {
                let regex = go_regex::to_rust(&format!("{expression}$"));
                let regex = regex.and_then(|expression| Regex::new(&expression).ok());
                regex.map_or(Matcher::Broken, Matcher::Regex)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_patterns_than_anybody_writes_are_too_many() {
        let text = |count: usize| {
            (0..count)
                .map(|number| format!("**/*{number}x*/**\n"))
                .collect::<String>()
        };
        assert!(DockerIgnore::parse(("# comment\n".repeat(9000) + &text(MOST_PATTERNS)).as_bytes()).is_ok());
        let too_many = DockerIgnore::parse(text(MOST_PATTERNS + 1).as_bytes());
        assert_eq!(too_many.err(), Some(IgnoreError::TooMany));
    }

    fn sent(ignore: &str, path: &str) -> bool {
        DockerIgnore::parse(ignore.as_bytes()).unwrap().path(path) == Verdict::Sent
    }

    #[test]
    fn lines_are_read_as_docker_reads_them() {
        for (ignore, path) in [
            ("\u{FEFF}a\r\nb\r\n", "a"),
            ("\u{FEFF}a\r\nb\r\n", "b"),
            ("  a  ", "a"),
            ("/a/", "a"),
            ("./x/../a", "a"),
            ("a /", "a"),
            (" # no comment", "# no comment"),
            ("\\#a", "#a"),
        ] {
            assert!(!sent(ignore, path), "{ignore:?} {path}");
        }
        for (ignore, path) in [
            ("#a", "#a"),
            ("../a", "a"),
            ("a\n! /a", "a"),
            (".", "a"),
            ("A", "a"),
            ("/", "a"),
        ] {
            assert!(sent(ignore, path), "{ignore:?} {path}");
        }
    }

    #[test]
    fn the_last_match_wins_and_folders_hand_down() {
        let ignore = "docs\n!docs/api\n*.md\n!README.md\n**/*.tmp\n";
        for (path, is_sent) in [
            ("docs/x", false),
            ("docs/api/x/y", true),
            ("docs/api/x.tmp", false),
            ("x.md", false),
            ("README.md", true),
            // `*.md` is not gitignore's: it stays at the top.
            ("sub/x.md", true),
            ("docs/README.md", false),
        ] {
            assert_eq!(sent(ignore, path), is_sent, "{path}");
        }
    }

    #[test]
    fn a_folder_is_not_entered_where_no_exception_leads_into_it() {
        let ignore = DockerIgnore::parse(b"a\n!a/b/*\nx\n").unwrap();
        let root = ignore.root();
        assert!(!ignore.folder("a", &root).is_closed());
        assert!(ignore.folder("x", &root).is_closed());
        let wild = DockerIgnore::parse(b"x\n!**/keep\n").unwrap();
        assert!(!wild.folder("x", &wild.root()).is_closed());
    }

    #[test]
    fn the_walk_counts_not_the_path_alone() {
        // `?` is not tried on `d`, which is ignored by then, so that it says nothing about `d/x`.
        assert!(sent("d\n!d/x\n?\n", "d/x"));
    }

    #[test]
    fn verdicts_name_the_line() {
        let ignore = DockerIgnore::parse(b"# why\n\na\n!a/b\na/b/c\n").unwrap();
        assert_eq!(ignore.path("a/x"), Verdict::Ignored { line: 3 });
        assert_eq!(ignore.path("a/b"), Verdict::Sent);
        assert_eq!(ignore.path("a/b/c"), Verdict::Ignored { line: 5 });
        // Docker compiles a pattern when it first needs it: here only for what is not ignored yet.
        let broken = DockerIgnore::parse(b"a\nsrc\\pages\n").unwrap();
        assert_eq!(broken.path("a/x"), Verdict::Ignored { line: 1 });
        assert_eq!(broken.path("z"), Verdict::Fails { line: 2 });
    }

    #[test]
    fn files_that_fail_every_build() {
        let bad = |pattern: &str| IgnoreError::BadPattern {
            line: 1,
            pattern: pattern.to_owned(),
        };
        let long = "a".repeat(LONGEST_LINE);
        for (ignore, error) in [
            ("!", IgnoreError::LoneExclamation { line: 1 }),
            ("a\n! \n", IgnoreError::LoneExclamation { line: 2 }),
            ("!/", IgnoreError::LoneExclamation { line: 1 }),
            ("[a", bad("[a")),
            ("a\\", bad("a\\")),
            (&long, IgnoreError::LineTooLong { line: 1 }),
        ] {
            assert_eq!(DockerIgnore::parse(ignore.as_bytes()).unwrap_err(), error);
        }
        assert!(DockerIgnore::parse(&long.as_bytes()[1..]).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(ignore in "([ab!#/*?.\\[\\]^{}|\\\\é -]{0,8}\n){0,4}", path in "[abé/.]{0,12}") {
            if let Ok(ignore) = DockerIgnore::parse(ignore.as_bytes()) {
                let _ = ignore.path(&path);
            }
        }
    }
}
