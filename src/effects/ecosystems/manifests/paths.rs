//! Arithmetic on paths of the context: `/`-separated, relative to its root, which is the empty string.

/// The path that `name` means when it is said in `folder`; `None` when it is absolute, leaves the context, or holds a
/// variable or anything else that only a run can tell.
pub(crate) fn resolve(folder: &str, name: &str) -> Option<String> {
    let drive = name.as_bytes().get(1) == Some(&b':');
    if name.starts_with(['/', '~', '\\']) || drive || name.contains(['$', '\0', '`']) {
        return None;
    }
    from_parts(folder.split('/').filter(|part| !matches!(*part, "" | ".")), name)
}

/// The path that `name` means when it is said in the folder of these parts; `None` when it leaves the context.
pub(crate) fn from_parts<'p>(folder: impl Iterator<Item = &'p str>, name: &'p str) -> Option<String> {
    let mut parts: Vec<&str> = folder.collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// `name` in `folder`, for names that are known to be plain.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// The folder that holds `path`; the root for a path without a `/`.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of `path`.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Whether `path` is `folder` or lies in it.
pub(crate) fn within(path: &str, folder: &str) -> bool {
    folder.is_empty() || path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// `folder` and the folders around it, from the inside out, up to and with `root`. A `root` that is not around
/// `folder` gives `folder` alone.
pub(crate) fn upward<'a>(folder: &'a str, root: &str) -> Vec<&'a str> {
    let mut found = vec![folder];
    let mut at = folder;
    while at != root && within(at, root) {
        at = parent(at);
        found.push(at);
    }
    found
}

/// How a folder is called in a message: the root has no name of its own.
pub(crate) fn shown(folder: &str) -> &str {
    if folder.is_empty() {
        "the root of the context"
    } else {
        folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_what_stays_inside() {
        for (folder, name, expected) in [
            ("", "a", Some("a")),
            ("a/b", "../c", Some("a/c")),
            ("a", "./b//c/", Some("a/b/c")),
            ("a", "..", Some("")),
            ("", "..", None),
            ("a", "/etc", None),
            ("a", "$X/b", None),
            ("a", "C:/x", None),
            ("", ".", Some("")),
        ] {
            assert_eq!(resolve(folder, name).as_deref(), expected, "{name} in {folder}");
        }
    }

    #[test]
    fn goes_up_to_the_root() {
        assert_eq!(upward("a/b/c", "a"), ["a/b/c", "a/b", "a"]);
        assert_eq!(upward("a", ""), ["a", ""]);
        assert_eq!(upward("", ""), [""]);
        assert_eq!(upward("a", "b"), ["a"]);
        assert!(within("a/b", "a") && !within("ab", "a"));
    }
}
