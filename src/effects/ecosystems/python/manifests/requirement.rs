//! One requirement, as far as it says where the package comes from.
//!
//! The rule is PEP 508's: a name, extras in brackets, then a version or `@ url`, then `; marker`. Only the name and the
//! address matter here, so that a version that pip would reject later stays pip's business.

/// Where a requirement takes its package from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// A package index.
    Index {
        /// The name, normalized.
        name: String,
    },
    /// An address on the network or of a version control system.
    Remote {
        /// The name, normalized, if it is said.
        name: Option<String>,
    },
    /// A path: a folder with a project, a wheel, a source archive.
    Local {
        /// The path as written.
        path: String,
        /// The name, normalized, if it is said.
        name: Option<String>,
    },
    /// None of these.
    Unreadable,
}

impl Requirement {
    /// Reads the text of one requirement, without options behind it.
    pub(crate) fn parse(text: &str) -> Self {
        let text = without_marker(text.trim());
        if text.is_empty() {
            return Requirement::Unreadable;
        }
        if let Some(found) = address(text, None) {
            return found;
        }
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let rest = rest.trim_start();
        // `name @ …/x.whl` ends like an archive, too.
        let archive = !text.contains('@') && is_archive(without_extras(text));
        let path_like = archive || text.starts_with('.') || rest.starts_with('/');
        if path_like {
            return Requirement::Local {
                path: without_extras(text).to_owned(),
                name: None,
            };
        }
        let first_and_last = name.chars().next().zip(name.chars().last());
        if !first_and_last.is_some_and(|(a, b)| a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric()) {
            return Requirement::Unreadable;
        }
        let name = normalize(name);
        let rest = match rest.strip_prefix('[') {
            Some(extras) => extras.split_once(']').map_or("", |(_, rest)| rest).trim_start(),
            None => rest,
        };
        match rest.strip_prefix('@') {
            Some(url) => address(url.trim(), Some(name)).unwrap_or(Requirement::Unreadable),
            None => Requirement::Index { name },
        }
    }

    /// The name of the package, normalized, if it is said.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Requirement::Index { name } => Some(name),
            Requirement::Remote { name } | Requirement::Local { name, .. } => name.as_deref(),
            Requirement::Unreadable => None,
        }
    }
}

/// The name as PEP 503 compares it: lower case, runs of `-`, `_` and `.` as one `-`.
pub(crate) fn normalize(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.trim().chars() {
        if "-_.".contains(c) {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.push(c.to_ascii_lowercase());
        }
    }
    normal
}

/// The address that `text` is, if it is one.
fn address(text: &str, name: Option<String>) -> Option<Requirement> {
    let url = text.split_whitespace().next().unwrap_or_default();
    let (scheme, rest) = url.split_once(':')?;
    let is_scheme = scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !is_scheme || (name.is_none() && !rest.starts_with("//") && scheme != "file") {
        return None;
    }
    if scheme != "file" {
        let egg = url
            .split_once("#egg=")
            .map(|(_, egg)| egg.split(['&', '[']).next().unwrap_or(egg));
        return Some(Requirement::Remote {
            name: name.or(egg.map(normalize)),
        });
    }
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let path = path.split(['#', '?']).next().unwrap_or(path);
    Some(Requirement::Local {
        path: path.to_owned(),
        name,
    })
}

/// `text` before its environment marker. In an address only ` ;` begins one.
fn without_marker(text: &str) -> &str {
    let separator = if text.contains("://") { " ;" } else { ";" };
    text.split(separator).next().unwrap_or(text).trim_end()
}

/// `./folder[extra]` without the extras.
fn without_extras(text: &str) -> &str {
    match text.rfind('[') {
        Some(at) if text.ends_with(']') => text.get(..at).unwrap_or(text),
        _ => text,
    }
}

/// The endings by which pip takes an operand for an archive (`pip._internal.utils.filetypes`).
fn is_archive(text: &str) -> bool {
    let endings = [
        ".whl",
        ".zip",
        ".tar.gz",
        ".tgz",
        ".tar",
        ".tar.bz2",
        ".tbz",
        ".tar.xz",
        ".txz",
        ".tar.lzma",
    ];
    endings.iter().any(|ending| text.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_where_a_package_comes_from() {
        let index = |name: &str| Requirement::Index { name: name.to_owned() };
        let local = |path: &str, name: Option<&str>| Requirement::Local {
            path: path.to_owned(),
            name: name.map(str::to_owned),
        };
        let remote = |name: Option<&str>| Requirement::Remote {
            name: name.map(str::to_owned),
        };
        for (text, expected) in [
            ("Django", index("django")),
            ("psycopg2_binary >= 2.9", index("psycopg2-binary")),
            (
                "zope.interface[test]==5; python_version < '3.9'",
                index("zope-interface"),
            ),
            ("uvicorn[standard]>=0.20,<1", index("uvicorn")),
            ("pkg (>=1.0)", index("pkg")),
            ("./libs/shared", local("./libs/shared", None)),
            (".[dev]", local(".", None)),
            ("libs/shared", local("libs/shared", None)),
            (
                "wheels/x-1.0-py3-none-any.whl",
                local("wheels/x-1.0-py3-none-any.whl", None),
            ),
            ("x-1.0.tar.gz", local("x-1.0.tar.gz", None)),
            ("file:./libs/x#egg=x", local("./libs/x", None)),
            ("x @ file:///app/x", local("/app/x", Some("x"))),
            ("x@ https://example.org/x.whl", remote(Some("x"))),
            ("https://example.org/x.zip ; os_name == 'nt'", remote(None)),
            (
                "git+https://example.org/a/b.git@main#egg=My_Pkg",
                remote(Some("my-pkg")),
            ),
            ("", Requirement::Unreadable),
            ("-", Requirement::Unreadable),
            ("é", Requirement::Unreadable),
        ] {
            assert_eq!(Requirement::parse(text), expected, "{text}");
        }
    }
}
