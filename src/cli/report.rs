//! `--report FILE`: the answer of a command that builds, as a file for people or programs.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::bail;
use clap::Args;

use super::source::Source;
use super::{ignore_file, write};
use crate::emit::json::{Document, VERSION, VerifyReport};
use crate::emit::page::Page;
use crate::emit::{Palette, diff};
use crate::rewrite::Rewrite;
use crate::verify::{Outcome, Verification};

/// Where the report goes.
#[derive(Debug, Args)]
pub(super) struct Reporting {
    /// Also write a report to this file: a page with charts (.html), Markdown (.md) or JSON (.json)
    #[arg(long, value_name = "FILE")]
    report: Option<Target>,
}

/// A file and what is written to it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    path: PathBuf,
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Html,
    Markdown,
    Json,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let path = PathBuf::from(text);
        let extension = path.extension().and_then(|extension| extension.to_str());
        let format = match extension.map(str::to_lowercase).as_deref() {
            Some("html" | "htm") => Format::Html,
            Some("md" | "markdown") => Format::Markdown,
            Some("json") => Format::Json,
            _ => return Err("expected a file that ends in .html, .md or .json".to_owned()),
        };
        Ok(Target { path, format })
    }
}

impl Reporting {
    /// Fails where the report could not be written, before minutes are spent on builds.
    ///
    /// # Errors
    /// If its folder is not there, or it is one itself.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let Some(target) = &self.report else { return Ok(()) };
        let folder = target.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        if !folder.is_dir() {
            bail!(
                "cannot write `{}`: there is no folder `{}`",
                target.path.display(),
                folder.display()
            );
        }
        if target.path.is_dir() {
            bail!("cannot write `{}`: it is a folder", target.path.display());
        }
        Ok(())
    }

    /// Writes the report, where one is wanted.
    ///
    /// # Errors
    /// If the file may not be written.
    pub(super) fn write(&self, page: &Page<'_>, document: impl FnOnce() -> Document) -> anyhow::Result<()> {
        let Some(target) = &self.report else { return Ok(()) };
        let text = match target.format {
            Format::Html => page.html()?,
            Format::Markdown => page.markdown()?,
            Format::Json => document().to_json()?,
        };
        write::atomically(&target.path, &text)
    }

    /// Writes the report of a verification: of the `rewrite` that was tried last, and of `compared`, the text that it is
    /// about.
    ///
    /// # Errors
    /// If the file may not be written.
    pub(super) fn write_verified(
        &self,
        source: &Source,
        rewrite: Option<&Rewrite>,
        compared: &str,
        answer: &Verification,
    ) -> anyhow::Result<()> {
        let plain = Palette::default();
        let rewrite = rewrite.filter(|_| matches!(answer.outcome, Outcome::Passed | Outcome::Repaired));
        let proposal = rewrite.and_then(|rewrite| rewrite.dockerignore.as_ref());
        let page = Page {
            file: &source.name,
            diff: &(diff::unified(&source.patch_path, &source.text, compared, &plain)
                + &ignore_file::patch(proposal.filter(|_| answer.ignore.is_some()), &plain)),
            changes: rewrite.map_or(&[], |rewrite| &rewrite.changes),
            refusals: rewrite.map_or(&[], |rewrite| &rewrite.refusals),
            notes: rewrite.map_or(&[], |rewrite| &rewrite.notes),
            verification: Some(answer),
            figures: None,
        };
        self.write(&page, || verified(source, answer))
    }
}

/// The JSON of a verification.
pub(super) fn verified(source: &Source, answer: &Verification) -> Document {
    Document::Verify(Box::new(VerifyReport {
        version: VERSION,
        diff: diff::unified(&source.patch_path, &source.text, &answer.text, &Palette::default()),
        verification: answer.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_that_of_the_extension() {
        for (name, format) in [
            ("r.html", Format::Html),
            ("r.HTM", Format::Html),
            ("a/r.md", Format::Markdown),
            ("r.json", Format::Json),
        ] {
            assert_eq!(name.parse::<Target>().map(|target| target.format), Ok(format), "{name}");
        }
        for name in ["r.pdf", "report", ".html"] {
            assert!(name.parse::<Target>().is_err(), "{name}");
        }
    }
}
