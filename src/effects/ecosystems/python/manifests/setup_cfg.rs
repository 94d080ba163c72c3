//! The static part of `setup.cfg`, setuptools' declarative configuration.

use super::backend::version_from_git;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::paths;

/// One `key = value` with the lines indented below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The section's name.
    pub section: String,
    /// The key, in lower case with `-` as `_`, as setuptools reads it.
    pub key: String,
    /// The value's lines without blanks, comments and empty lines.
    pub lines: Vec<String>,
}

/// The entries of `text`, in the syntax of Python's configparser.
pub(super) fn parse(text: &str) -> Vec<Entry> {
    let mut section = String::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t']) && open {
            if let Some(entry) = entries.last_mut() {
                entry.lines.push(bare.to_owned());
            }
        } else if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim().to_owned();
            open = false;
        } else if let Some((key, value)) = bare.split_once(['=', ':']) {
            let key = key.trim().to_ascii_lowercase().replace('-', "_");
            let lines = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            entries.push(Entry {
                section: section.clone(),
                key,
                lines: lines.into_iter().collect(),
            });
            open = true;
        }
    }
    entries
}

/// Reads `setup.cfg` in `folder` for a build; whether it is there and describes a package.
pub(super) fn read(gather: &mut Gather, folder: &str) -> bool {
    let path = paths::join(folder, "setup.cfg");
    let Some(text) = gather.take_text(&path, "setuptools' configuration") else {
        return false;
    };
    let entries = parse(&text);
    for entry in &entries {
        if entry.section == "versioneer" {
            version_from_git(gather, folder, "versioneer");
        }
        // `file: a, b` may stand in any value of these sections; `license_files` are patterns.
        let may_name_files = matches!(
            entry.section.as_str(),
            "metadata" | "options" | "options.extras_require"
        );
        let licenses = matches!(entry.key.as_str(), "license_file" | "license_files");
        for line in entry.lines.iter().filter(|_| may_name_files) {
            let named = line.strip_prefix("file:").or(Some(line.as_str()).filter(|_| licenses));
            for name in named.into_iter().flat_map(|names| names.split(',')).map(str::trim) {
                if !name.is_empty() {
                    gather.take_named(folder, name, &path);
                }
            }
        }
        if entry.key == "setup_requires" && entry.lines.iter().any(|line| line.starts_with("setuptools_scm")) {
            version_from_git(gather, folder, "setuptools-scm");
        }
    }
    entries
        .iter()
        .any(|entry| entry.section == "metadata" || entry.section == "options")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sections_and_continued_values() {
        let text = "\
[metadata]
name = app
version = attr: app.__version__
long-description = file: README.md, CHANGES.md
; comment
[options]
install_requires =
    requests>=2
    # pinned below
    flask
[flake8]
max-line-length: 120
";
        let entries = parse(text);
        let find = |key: &str| {
            entries
                .iter()
                .find(|entry| entry.key == key)
                .map(|entry| entry.lines.clone())
        };
        assert_eq!(find("long_description").unwrap(), ["file: README.md, CHANGES.md"]);
        assert_eq!(find("install_requires").unwrap(), ["requests>=2", "flask"]);
        assert_eq!(find("max_line_length").unwrap(), ["120"]);
        assert_eq!(
            parse("  stray\n[x\n=\n"),
            [Entry {
                section: String::new(),
                key: String::new(),
                lines: vec![]
            }]
        );
    }
}
