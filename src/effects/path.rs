//! Paths of an image, normalised once, and the sets of them that effects speak of.

use std::{fmt, iter};

use crate::facts::joined;
use crate::knowledge::is_temporary;

/// An absolute path without `.`, `..`, doubled or trailing slashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AbsolutePath(String);

impl AbsolutePath {
    /// The root folder.
    #[must_use]
    pub fn root() -> AbsolutePath {
        AbsolutePath("/".to_owned())
    }

    /// Takes a path as written and the working folder it is relative to; returns `None` where it is relative to a folder
    /// that is not known.
    #[must_use]
    pub fn of(path: &str, workdir: Option<&AbsolutePath>) -> Option<AbsolutePath> {
        let folder = if path.starts_with('/') { "" } else { workdir?.as_str() };
        Some(AbsolutePath(joined(folder, path)))
    }

    /// The text, which begins with a slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text without the slash at its beginning, as paths in archives and build contexts are written.
    #[must_use]
    pub fn relative(&self) -> &str {
        self.0.trim_start_matches('/')
    }

    /// The last part; `None` for the root.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.rsplit('/').next().filter(|name| !name.is_empty())
    }

    /// The folder that it is in; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<AbsolutePath> {
        let (parent, name) = self.0.rsplit_once('/')?;
        (!name.is_empty()).then(|| AbsolutePath(if parent.is_empty() { "/" } else { parent }.to_owned()))
    }

    /// It and the folders that it is in, up to the root.
    pub fn ancestors(&self) -> impl Iterator<Item = AbsolutePath> {
        iter::successors(Some(self.clone()), AbsolutePath::parent)
    }

    /// The folder above the first part that holds a wildcard.
    #[must_use]
    pub fn literal_folder(&self) -> AbsolutePath {
        let literal = self.parts().take_while(|part| !part.contains(['*', '?', '[']));
        AbsolutePath(format!("/{}", literal.collect::<Vec<_>>().join("/")))
    }

    /// `path` relative to this folder, or `path` itself where it is absolute.
    #[must_use]
    pub fn join(&self, path: &str) -> AbsolutePath {
        AbsolutePath::of(path, Some(self)).unwrap_or_else(AbsolutePath::root)
    }

    /// Whether it is `folder` or lies in it.
    #[must_use]
    pub fn is_within(&self, folder: &AbsolutePath) -> bool {
        let folder = folder.0.trim_end_matches('/');
        self.0
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Its parts from the root down.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// This path where `from` was copied to `to`; `None` where it is not within `from`.
    #[must_use]
    pub fn moved(&self, from: &AbsolutePath, to: &AbsolutePath) -> Option<AbsolutePath> {
        if !self.is_within(from) {
            return None;
        }
        let rest = self.0.get(from.0.trim_end_matches('/').len()..)?;
        Some(to.join(rest.trim_start_matches('/')))
    }
}

impl fmt::Display for AbsolutePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A set of paths that an effect is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// This path and nothing in it.
    Exactly(AbsolutePath),
    /// This path and everything below it.
    Under(AbsolutePath),
    /// What a pattern with `*`, `?` or `[` matches, with everything below.
    Pattern(AbsolutePath),
    /// Something below this folder: a path whose end is not known. It may meet all that is there, and covers nothing.
    Somewhere(AbsolutePath),
    /// Any path: what is not known. It meets everything.
    Anywhere,
}

impl Place {
    /// Whether some path may be in both.
    #[must_use]
    pub fn meets(&self, other: &Place) -> bool {
        use Place::{Anywhere, Exactly, Pattern, Somewhere, Under};
        match (self, other) {
            (Anywhere, _) | (_, Anywhere) => true,
            (Exactly(a), Exactly(b)) => a == b,
            (Exactly(path), Under(folder) | Somewhere(folder)) | (Under(folder) | Somewhere(folder), Exactly(path)) => {
                path.is_within(folder)
            }
            (Under(a) | Somewhere(a), Under(b) | Somewhere(b)) => a.is_within(b) || b.is_within(a),
            (Pattern(pattern), other) | (other, Pattern(pattern)) => meets_pattern(pattern, other),
        }
    }

    /// Whether every path of `other` is certainly in this one.
    #[must_use]
    pub fn covers(&self, other: &Place) -> bool {
        use Place::{Anywhere, Exactly, Pattern, Somewhere, Under};
        match (self, other) {
            (Anywhere, _) => true,
            (_, Anywhere) => false,
            (Exactly(a), Exactly(b)) => a == b,
            (Under(folder), Exactly(path) | Under(path) | Somewhere(path)) => path.is_within(folder),
            (Under(folder), Pattern(pattern)) => pattern.literal_folder().is_within(folder),
            (Pattern(a), Pattern(b)) => a == b,
            (Pattern(pattern), Exactly(path) | Under(path) | Somewhere(path)) => surely_matches(pattern, path),
            (Exactly(_), Under(_) | Pattern(_) | Somewhere(_)) | (Somewhere(_), _) => false,
        }
    }

    /// The path or pattern that it is about, or the folder that it is in; `None` for anywhere.
    #[must_use]
    pub fn path(&self) -> Option<&AbsolutePath> {
        match self {
            Place::Exactly(path) | Place::Under(path) | Place::Pattern(path) | Place::Somewhere(path) => Some(path),
            Place::Anywhere => None,
        }
    }

    /// Whether it lies wholly in `folder`.
    #[must_use]
    pub fn is_within(&self, folder: &AbsolutePath) -> bool {
        Place::Under(folder.clone()).covers(self)
    }

    /// The place of a word, which may hold wildcards: below the folder before the first wildcard.
    #[must_use]
    pub fn of_pattern(path: AbsolutePath) -> Place {
        if path.as_str().contains(['*', '?', '[']) {
            Place::Pattern(path)
        } else {
            Place::Under(path)
        }
    }

    /// Whether it lies in a folder for temporary files.
    #[must_use]
    pub fn is_within_scratch(&self) -> bool {
        self.path().is_some_and(|path| is_temporary(path.as_str()))
    }

    /// The same paths where `from` was copied to `to`, as far as they are in it.
    #[must_use]
    pub fn moved(&self, from: &AbsolutePath, to: &AbsolutePath) -> Option<Place> {
        Some(match self {
            Place::Exactly(path) => Place::Exactly(path.moved(from, to)?),
            Place::Under(path) if from.is_within(path) => Place::Under(to.clone()),
            Place::Somewhere(path) if from.is_within(path) => Place::Somewhere(to.clone()),
            Place::Somewhere(path) => Place::Somewhere(path.moved(from, to)?),
            Place::Under(path) => Place::Under(path.moved(from, to)?),
            Place::Pattern(path) => Place::Pattern(path.moved(from, to)?),
            Place::Anywhere => Place::Under(to.clone()),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Exactly(path) | Place::Pattern(path) => write!(f, "{path}"),
            Place::Under(path) => write!(f, "{path} and below"),
            Place::Somewhere(path) => write!(f, "something in {path}"),
            Place::Anywhere => f.write_str("anywhere"),
        }
    }
}

/// Whether a pattern may match a path of `other`, or something below which one is.
fn meets_pattern(pattern: &AbsolutePath, other: &Place) -> bool {
    let Some(path) = other.path() else { return true };
    for (pattern, part) in pattern.parts().zip(path.parts()) {
        if !may_match(pattern, part) {
            return false;
        }
    }
    // A shorter path is met only if everything below it counts.
    path.parts().count() >= pattern.parts().count() || !matches!(other, Place::Exactly(_))
}

/// Whether a pattern matches a path or a folder above it, whatever a shell makes of the rarer wildcards.
fn surely_matches(pattern: &AbsolutePath, path: &AbsolutePath) -> bool {
    let fits_part = |(pattern, part): (&str, &str)| match pattern.split_once('*') {
        None => pattern == part && !pattern.contains(['?', '[']),
        Some((start, end)) if !end.contains(['*', '?', '[']) && !start.contains(['?', '[']) => {
            let is_hidden = part.starts_with('.') && start.is_empty();
            !is_hidden && part.len() >= start.len() + end.len() && part.starts_with(start) && part.ends_with(end)
        }
        Some(_) => false,
    };
    path.parts().count() >= pattern.parts().count() && pattern.parts().zip(path.parts()).all(fits_part)
}

/// Whether two parts, either of which may hold wildcards, may be the same name.
fn may_match(a: &str, b: &str) -> bool {
    let wild = |text: &str| text.find(['*', '?', '[']);
    match (wild(a), wild(b)) {
        (None, None) => a == b,
        (Some(_), Some(_)) => true,
        (Some(at), None) => fits(a, at, b),
        (None, Some(at)) => fits(b, at, a),
    }
}

/// Whether a name begins and ends as a pattern does, whose first wildcard is at `at`.
fn fits(pattern: &str, at: usize, name: &str) -> bool {
    let end = pattern
        .rfind(['*', '?', ']'])
        .map_or("", |last| pattern.get(last + 1..).unwrap_or_default());
    let start = pattern.get(..at).unwrap_or_default();
    name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> AbsolutePath {
        AbsolutePath::of(text, None).unwrap()
    }

    #[test]
    fn paths_are_normalised() {
        let app = path("/app");
        for (given, expected) in [
            ("x", "/app/x"),
            ("./x/", "/app/x"),
            ("../x", "/x"),
            ("/opt//x/.", "/opt/x"),
            (".", "/app"),
            ("/..", "/"),
        ] {
            assert_eq!(AbsolutePath::of(given, Some(&app)).unwrap().as_str(), expected);
        }
        assert_eq!(AbsolutePath::of("x", None), None);
        assert_eq!(path("/").parent(), None);
        assert_eq!(path("/x").parent(), Some(AbsolutePath::root()));
        assert_eq!(path("/a/b/c").moved(&path("/a"), &path("/z")), Some(path("/z/b/c")));
        assert_eq!(path("/ab").moved(&path("/a"), &path("/z")), None);
    }

    #[test]
    fn anywhere_meets_everything_and_is_covered_by_nothing_else() {
        let some = [
            Place::Exactly(path("/a")),
            Place::Under(path("/a")),
            Place::Pattern(path("/a/*")),
            Place::Somewhere(path("/a")),
            Place::Anywhere,
        ];
        for place in &some {
            assert!(place.meets(&Place::Anywhere) && Place::Anywhere.meets(place));
            assert_eq!(place.covers(&Place::Anywhere), *place == Place::Anywhere);
        }
    }

    #[test]
    fn only_what_is_surely_meant_is_covered() {
        let exactly = |text: &str| Place::Exactly(path(text));
        let pattern = |text: &str| Place::Pattern(path(text));
        for (a, b, covers) in [
            (pattern("/a/tool-*"), exactly("/a/tool-1"), true),
            (pattern("/a/*"), exactly("/a/b/c"), true),
            (pattern("/a/*"), exactly("/a/.b"), false),
            (pattern("/a/?"), exactly("/a/b"), false),
            (pattern("/a/*/c"), exactly("/a/b"), false),
            (Place::Somewhere(path("/a")), exactly("/a/b"), false),
            (Place::Under(path("/a")), Place::Somewhere(path("/a/b")), true),
        ] {
            assert_eq!(a.covers(&b), covers, "{a:?} {b:?}");
            assert!(a.meets(&b) || !covers);
        }
        assert!(Place::Somewhere(path("/a")).meets(&exactly("/a/b")));
    }

    #[test]
    fn what_meets_what() {
        let under = |text: &str| Place::Under(path(text));
        let exactly = |text: &str| Place::Exactly(path(text));
        let pattern = |text: &str| Place::Pattern(path(text));
        for (a, b, meets) in [
            (exactly("/a/b"), exactly("/a/b"), true),
            (exactly("/a"), exactly("/a/b"), false),
            (under("/a"), exactly("/a/b"), true),
            (exactly("/a"), under("/a/b"), false),
            (under("/a/b"), under("/a"), true),
            (under("/a/b"), under("/a/c"), false),
            (under("/ab"), under("/a"), false),
            (pattern("/a/*.so"), exactly("/a/x.so"), true),
            (pattern("/a/*.so"), exactly("/a/x.py"), false),
            (pattern("/a/*.so"), exactly("/a"), false),
            (pattern("/a/*"), under("/a"), true),
            (pattern("/a/*"), exactly("/a/b/c"), true),
            (pattern("/a/x*"), pattern("/a/*y"), true),
        ] {
            assert_eq!(a.meets(&b), meets, "{a:?} {b:?}");
            assert_eq!(b.meets(&a), meets, "{b:?} {a:?}");
        }
    }
}
