//! The unified diff, as `git apply` and `patch -p1` take it.

use std::fmt::Write as _;
use std::path::{Component, Path};

use similar::udiff::UnifiedHunkHeader;
use similar::{ChangeTag, TextDiff};

use super::Palette;

/// Lines around a change, as git and diff show them.
const CONTEXT: usize = 3;

/// The patch that makes `new` of `old`; empty if they are equal. `path` is the relative path of the file.
pub fn unified(path: &Path, old: &str, new: &str, palette: &Palette) -> String {
    between(Some(path), path, old, new, palette)
}

/// The patch that creates the file `path` with the text `new`.
pub fn created(path: &Path, new: &str, palette: &Palette) -> String {
    between(None, path, "", new, palette)
}

fn between(from: Option<&Path>, path: &Path, old: &str, new: &str, palette: &Palette) -> String {
    // Patches know one end of a line, the line feed. `TextDiff::from_lines` would also split at a lone carriage return.
    let (old, new): (Vec<_>, Vec<_>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let diff = TextDiff::from_slices(&old, &new);
    let hunks = diff.grouped_ops(CONTEXT);

    let mut patch = String::new();
    if !hunks.is_empty() {
        let from = from.map_or_else(|| "/dev/null".to_owned(), |path| header_name("a", path));
        push_line(&mut patch, &format!("--- {from}"), palette.title);
        push_line(&mut patch, &format!("+++ {}", header_name("b", path)), palette.title);
    }
    for operations in hunks {
        push_line(
            &mut patch,
            &UnifiedHunkHeader::new(&operations).to_string(),
            palette.hunk,
        );
        for change in operations.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (mark, style) = match change.tag() {
                ChangeTag::Equal => (' ', anstyle::Style::new()),
                ChangeTag::Delete => ('-', palette.removed),
                ChangeTag::Insert => ('+', palette.added),
            };
            let line = change.value();
            push_line(
                &mut patch,
                &format!("{mark}{}", line.strip_suffix('\n').unwrap_or(line)),
                style,
            );
            if !line.ends_with('\n') {
                push_line(&mut patch, "\\ No newline at end of file", palette.aside);
            }
        }
    }
    patch
}

fn push_line(patch: &mut String, line: &str, style: anstyle::Style) {
    // Writing to a string cannot fail.
    let _ = writeln!(patch, "{style}{line}{style:#}");
}

/// `side/path` with forward slashes, quoted the way of git where the name would end early or break the line.
fn header_name(side: &str, path: &Path) -> String {
    let mut name = side.as_bytes().to_vec();
    for component in path.components() {
        if let Component::Normal(part) = component {
            name.push(b'/');
            name.extend_from_slice(part.as_encoded_bytes());
        }
    }
    match String::from_utf8(name) {
        Ok(name) if !name.contains(|c: char| c.is_control() || c == '"' || c == '\\') => {
            // A tab tells both programs that the blanks before it are part of the name.
            let end = if name.contains(' ') { "\t" } else { "" };
            name + end
        }
        Ok(name) => quoted(name.as_bytes()),
        Err(error) => quoted(error.as_bytes()),
    }
}

fn quoted(name: &[u8]) -> String {
    let mut text = String::from('"');
    for &byte in name {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\{byte:03o}")),
        }
    }
    text + "\""
}
