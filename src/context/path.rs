//! Paths inside a context: text with `/` on every platform, relative to the root, which is the empty text.

/// The shortest equal path, as Go's `filepath.Clean` makes it on Unix: no `//`, no `.`, no `..` that can be resolved.
/// The empty path becomes `.`.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            other => parts.push(other),
        }
    }
    match (rooted, parts.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".to_owned(),
        (false, path) => path,
    }
}

/// The path inside the context, as COPY reads it: a leading `/` means the root, and `..` stops there.
pub(super) fn inside(path: &str) -> String {
    clean(&format!("/{path}"))[1..].to_owned()
}

/// The path inside the context, or `None` where `..` leads out of it.
pub(super) fn within(path: &str) -> Option<String> {
    let path = clean(path.trim_start_matches('/'));
    match path.as_str() {
        "." => Some(String::new()),
        ".." => None,
        other if other.starts_with("../") => None,
        _ => Some(path),
    }
}

/// The path `name` inside the folder `folder`. Either may be empty.
pub(super) fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", path) | (path, "") => path.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

/// The folder that holds `path`; the root for its own children.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_is_gos() {
        for (path, expected) in [
            ("", "."),
            (".", "."),
            ("./a", "a"),
            ("a//b/", "a/b"),
            ("a/../b", "b"),
            ("a/../..", ".."),
            ("../../a", "../../a"),
            ("/../a", "/a"),
            ("/", "/"),
            ("//", "/"),
            ("a/./b/..", "a"),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
    }

    #[test]
    fn copy_stops_at_the_root() {
        assert_eq!(inside("../x"), "x");
        assert_eq!(inside("./a/../../b/"), "b");
        assert_eq!(inside("."), "");
    }

    #[test]
    fn within_refuses_what_leaves() {
        assert_eq!(within("/a/./b"), Some("a/b".to_owned()));
        assert_eq!(within("a/.."), Some(String::new()));
        assert_eq!(within("../a"), None);
        assert_eq!(within("a/../.."), None);
        assert_eq!(within("..a"), Some("..a".to_owned()));
    }

    #[test]
    fn parents() {
        assert_eq!(parent("a/b/c"), "a/b");
        assert_eq!(parent("a"), "");
        assert_eq!(join("", "a"), "a");
        assert_eq!(join("a", "b"), "a/b");
    }
}
