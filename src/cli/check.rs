//! `plimsoll check`

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use super::selection::Selection;
use super::{Format, Status, failure, ignore_file};
use crate::emit::json::{Document, FileReport, Report, VERSION};
use crate::emit::{Palette, diff, github, markdown, sarif, text};
use crate::migrate::report::{FileChange, IgnoreChange};
use crate::visible::visible;

/// Exit with 1 if something would change, and name it
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Dockerfiles, their folders, or - for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Status> {
    let mut report = Report {
        version: VERSION,
        files: Vec::new(),
        errors: Vec::new(),
    };
    let (mut readable, mut to_change) = (0, 0);
    let (mut files, mut ignores, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    // Dockerfiles that share a context share what is said of its .dockerignore.
    let mut said = HashSet::new();
    for path in &arguments.paths {
        match arguments
            .selection
            .rewrite(path, |options| options.writes_dockerignore = true)
        {
            Ok((source, mut rewrite)) => {
                readable += 1;
                if rewrite.is_change() {
                    to_change += 1;
                }
                if output.is_json() {
                    let plain = Palette::default();
                    let patch = diff::unified(&source.patch_path, &rewrite.original, &rewrite.text, &plain)
                        + &ignore_file::patch(rewrite.dockerignore.as_ref(), &plain);
                    report.files.push(FileReport::new(rewrite, patch));
                    continue;
                }
                rewrite
                    .dockerignore
                    .take_if(|proposal| !said.insert(proposal.path.clone()));
                if output.format() == Format::Text {
                    output.result(&text::check_lines(&rewrite))?;
                    if let Some(why) = &rewrite.unread {
                        output.message(&format!("{}: {why}", visible(&rewrite.file)));
                    }
                } else {
                    ignores.extend(rewrite.dockerignore.take().and_then(IgnoreChange::of));
                    rewrite.file = source.patch_path.to_string_lossy().into_owned();
                    files.push(FileChange::of(rewrite));
                }
            }
            // One bad file must not hide what there is to say about the others.
            Err(error) => {
                if output.is_json() {
                    report.errors.push(failure::to_json(&error));
                } else {
                    output.error(&error);
                    failures.push(format!("{error:#}"));
                }
            }
        }
    }
    match output.format() {
        Format::Text => {}
        Format::Json => output.document(&Document::Report(report))?,
        Format::Markdown => output.result(&markdown::files(&files, &ignores))?,
        Format::Github => {
            let failures = failures.iter().map(|failure| github::error(failure));
            let failures: String = failures.collect();
            output.result(&(github::annotations(&files, &ignores) + &failures))?;
        }
        Format::Sarif => {
            let part = sarif::Part {
                name: None,
                head: None,
                files: &files,
                ignores: &ignores,
                errors: &failures,
                unread: &[],
            };
            output.result(&sarif::log(&[part])?)?;
        }
    }
    if readable > 0 {
        let files = text::count(readable, "file", "files");
        output.message(&format!("{to_change} of {files} would change"));
    }
    Ok(if readable < arguments.paths.len() {
        Status::InputError
    } else if to_change > 0 {
        Status::ChangesNeeded
    } else {
        Status::Done
    })
}
