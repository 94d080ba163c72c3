//! Which Dockerfiles are not for people to change: vendored, generated, templates, fixtures. What tells them is in
//! `data/left-alone.toml`.

use std::sync::LazyLock;

use regex::RegexSet;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::syntax::SyntaxError;

/// Why a file is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It belongs to another project, of which this one keeps a copy.
    Vendored,
    /// A program writes it.
    Generated,
    /// A program makes Dockerfiles of it.
    Template,
    /// Tests read it.
    Fixture,
    /// The user wants it left alone.
    Excluded,
    /// It is a symbolic link.
    Link,
    /// It is not on the disk, as in a sparse checkout.
    Missing,
    /// It may not be read.
    Unreadable,
    /// It is too large.
    TooLarge,
    /// It is no text, or nothing that BuildKit would take.
    NoDockerfile,
    /// The name of another file differs from its own only in case.
    Ambiguous,
}

impl Reason {
    /// The reason in a word that fits any number of files.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Vendored => "vendored",
            Reason::Generated => "generated",
            Reason::Template => "template",
            Reason::Fixture => "fixture",
            Reason::Excluded => "excluded",
            Reason::Link => "link",
            Reason::Missing => "not checked out",
            Reason::Unreadable => "unreadable",
            Reason::TooLarge => "too large",
            Reason::NoDockerfile => "invalid",
            Reason::Ambiguous => "ambiguous name",
        }
    }

    /// Whether somebody should look at such a file: it is there to be a Dockerfile, and could not be read as one.
    pub fn is_unread(self) -> bool {
        matches!(self, Reason::Unreadable | Reason::TooLarge | Reason::NoDockerfile)
    }
}

/// A file that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Skipped {
    /// Its path in the repository.
    pub path: String,
    /// Why.
    pub reason: Reason,
    /// What tells so.
    pub detail: String,
    /// The line that cannot be understood, counted from 1.
    pub line: Option<usize>,
}

impl Skipped {
    /// `path` was passed over for `reason`, as `detail` tells.
    pub fn new(path: &str, reason: Reason, detail: impl Into<String>) -> Skipped {
        Skipped {
            path: path.to_owned(),
            reason,
            detail: detail.into(),
            line: None,
        }
    }

    /// A file that BuildKit would reject, too.
    pub fn invalid(path: &str, error: &SyntaxError) -> Skipped {
        Skipped {
            line: Some(error.line),
            ..Skipped::new(
                path,
                Reason::NoDockerfile,
                format!("found {}, expected {}", error.found, error.expected),
            )
        }
    }

    /// The file, with the line where one is known.
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.path),
            None => self.path.clone(),
        }
    }

    /// The file and why it was passed over, in one line.
    pub fn sentence(&self) -> String {
        format!("{}: {}", self.place(), self.detail)
    }
}

/// How far into a file a note that it is generated is looked for, in lines.
const HEAD: usize = 20;

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Table {
    vendored: Vec<String>,
    fixtures: Vec<String>,
    template_ends: Vec<String>,
    other_ends: Vec<String>,
    #[serde(deserialize_with = "set")]
    generated_marks: RegexSet,
    #[serde(deserialize_with = "set")]
    template_marks: RegexSet,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/left-alone.toml")).unwrap_or_default());

fn set<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RegexSet, D::Error> {
    RegexSet::new(Vec::<String>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// Whether a file with such a name is something else than a Dockerfile, whatever the name begins with.
pub fn is_other(name: &str) -> bool {
    end(name).is_some_and(|end| TABLE.other_ends.contains(&end))
}

/// Whether the path of a file tells that it is not for people to change.
pub fn by_path(path: &str) -> Option<Skipped> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    for folder in folders.split('/') {
        let lower = folder.to_lowercase();
        if TABLE.vendored.contains(&lower) {
            return Some(Skipped::new(
                path,
                Reason::Vendored,
                format!("`{folder}/` holds other projects"),
            ));
        }
        if TABLE.fixtures.contains(&lower) {
            return Some(Skipped::new(
                path,
                Reason::Fixture,
                format!("`{folder}/` holds what tests read"),
            ));
        }
        if folder.contains("{{") || folder.contains("{%") {
            return Some(Skipped::new(
                path,
                Reason::Template,
                "a program fills in the names of its folders",
            ));
        }
    }
    let end = end(name).filter(|end| TABLE.template_ends.contains(end))?;
    Some(Skipped::new(
        path,
        Reason::Template,
        format!("its name ends in `.{end}`"),
    ))
}

/// Whether the text of a file tells that it is not for people to change.
pub fn by_text(path: &str, text: &str) -> Option<Skipped> {
    let skipped = |reason, number: usize, line: &str| {
        Some(Skipped::new(
            path,
            reason,
            format!("line {}: `{}`", number + 1, shortened(line.trim())),
        ))
    };
    for (number, line) in text.lines().enumerate() {
        let is_comment = line.trim_start().starts_with('#');
        if is_comment && number < HEAD && TABLE.generated_marks.is_match(line) {
            return skipped(Reason::Generated, number, line);
        }
        if !is_comment && (TABLE.template_marks.is_match(line) || has_placeholder(line)) {
            return skipped(Reason::Template, number, line);
        }
    }
    None
}

/// Whether a line holds `{{` that no program of the image reads: `go list -f '{{.Dir}}'` is a command as it is.
fn has_placeholder(line: &str) -> bool {
    let has_format = || {
        let mut words = line.split_ascii_whitespace();
        words.any(|word| {
            ["-f", "--format", "--template", "-w", "--write-out"]
                .iter()
                .any(|option| word.split('=').next() == Some(option))
        })
    };
    line.contains("{{") && !has_format()
}

fn end(name: &str) -> Option<String> {
    name.rsplit_once('.').map(|(_, end)| end.to_lowercase())
}

fn shortened(line: &str) -> String {
    const LONGEST: usize = 80;
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let start: String = line.chars().take(LONGEST - 1).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let table: Table = toml::from_str(include_str!("../../data/left-alone.toml")).unwrap();
        assert!(table.vendored.len() > 10 && table.generated_marks.len() > 3 && table.template_marks.len() > 3);
    }

    #[test]
    fn places_tell() {
        for (path, reason) in [
            ("vendor/github.com/x/y/Dockerfile", Some(Reason::Vendored)),
            ("web/Node_Modules/x/Dockerfile", Some(Reason::Vendored)),
            ("pkg/testdata/Dockerfile", Some(Reason::Fixture)),
            ("tests/fixtures/a/Dockerfile", Some(Reason::Fixture)),
            ("Dockerfile.j2", Some(Reason::Template)),
            ("templates/Dockerfile.tmpl", Some(Reason::Template)),
            ("{{cookiecutter.slug}}/Dockerfile", Some(Reason::Template)),
            ("Dockerfile", None),
            ("tests/Dockerfile", None),
            ("vendors/Dockerfile", None),
            ("docker/Dockerfile.production", None),
            ("vendor", None),
        ] {
            assert_eq!(by_path(path).map(|skipped| skipped.reason), reason, "{path}");
        }
    }

    #[test]
    fn texts_tell() {
        for (text, reason) in [
            (
                "#\n# NOTE: THIS DOCKERFILE IS GENERATED VIA \"apply-templates.sh\"\nFROM a\n",
                Some(Reason::Generated),
            ),
            (
                "# Code generated by make. DO NOT EDIT.\nFROM a\n",
                Some(Reason::Generated),
            ),
            ("# Generated by a wizard, see example.org\nFROM a\n", None),
            ("FROM a\n# the file below is auto-generated\n", Some(Reason::Generated)),
            ("FROM a\nRUN echo '# do not edit' > /etc/x\n", None),
            ("FROM {{ base }}\n", Some(Reason::Template)),
            ("FROM a\n{% if x %}\nRUN b\n{% endif %}\n", Some(Reason::Template)),
            ("FROM %%BASE%%\n", Some(Reason::Template)),
            ("FROM @BASE_IMAGE@\n", Some(Reason::Template)),
            ("FROM <your image>\n", Some(Reason::Template)),
            ("FROM node@sha256:00\n", None),
            ("FROM a\nRUN go list -f '{{.Dir}}' ./...\n", None),
            ("FROM a\nRUN docker inspect --format='{{json .}}' x\n", None),
            ("FROM a\nRUN date +%Y%m%d && printf '%%s%%d'\n", None),
            ("FROM a\nRUN cat <b >c\n", None),
        ] {
            assert_eq!(
                by_text("Dockerfile", text).map(|skipped| skipped.reason),
                reason,
                "{text}"
            );
        }
    }
}
