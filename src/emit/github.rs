//! Annotations in the log of a GitHub workflow, which GitHub shows beside the lines.

use std::fmt::Write as _;

use crate::migrate::report::{FileChange, IgnoreChange, RepositoryReport};
use crate::migrate::skip::Skipped;

/// A notice for each change of `files`, whose paths begin at the root of the repository.
pub fn annotations(files: &[FileChange], ignores: &[IgnoreChange]) -> String {
    let mut text = String::new();
    for file in files {
        for change in &file.changes {
            let _ = writeln!(
                text,
                "::notice file={},line={},endLine={},title={}::{}",
                property(&file.file),
                change.lines.first,
                change.lines.last,
                property(&format!("plimsoll: {}", change.pass)),
                message(&format!("{}: {}", change.what, change.why)),
            );
        }
    }
    for ignore in ignores {
        let patterns: Vec<&str> = ignore.patterns.iter().map(|added| added.pattern.as_str()).collect();
        let _ = writeln!(
            text,
            "::notice file={},line=1,title={}::{}",
            property(&ignore.file),
            property("plimsoll: dockerignore"),
            message(&format!("keep out {}", patterns.join(", "))),
        );
    }
    text
}

/// An error for each Dockerfile of `repository` that could not be read, beside its line where one is known.
pub fn unread(repository: &RepositoryReport) -> String {
    let annotation = |unread: &Skipped| {
        let line = unread.line.map(|line| format!(",line={line}")).unwrap_or_default();
        format!(
            "::error file={}{line},title={}::{}\n",
            property(&unread.path),
            property("plimsoll: could not be read"),
            message(&format!("{}: {}", repository.name, unread.detail)),
        )
    };
    repository.unread().map(annotation).collect()
}

/// An error that has no line.
pub fn error(text: &str) -> String {
    format!("::error title=plimsoll::{}\n", message(text))
}

/// Escapes as GitHub's own toolkit does.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_or_text_ends_the_command() {
        assert_eq!(property("a,b:c\n::error::x%"), "a%2Cb%3Ac%0A%3A%3Aerror%3A%3Ax%25");
        assert_eq!(
            error("a\n::set-output name=x::y"),
            "::error title=plimsoll::a%0A::set-output name=x::y\n"
        );
    }
}
