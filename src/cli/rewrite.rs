//! `plimsoll rewrite`

use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use super::report::Reporting;
use super::selection::Selection;
use super::source::Source;
use super::verifying::{self, Testing, Verifying, shown};
use super::{Status, ignore_file};
use crate::emit::json::{Document, FileReport, Report, VERSION};
use crate::emit::page::Page;
use crate::emit::{Palette, diff, text};
use crate::passes::dockerignore::Proposal;
use crate::rewrite::Rewrite;
use crate::verify::{self, Candidate, Outcome};
use crate::write::{self, Before, Change};

/// Write the optimized Dockerfile
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The Dockerfile, its folder, or - for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE", conflicts_with = "write")]
    output: Option<PathBuf>,
    /// Replace the file itself, and create or extend the .dockerignore
    #[arg(long, short)]
    write: bool,
    /// Also write the patch to this file, that of the .dockerignore included
    #[arg(long, value_name = "FILE")]
    diff: Option<PathBuf>,
    /// Build the original and the rewrite first, and write only what passed
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    reporting: Reporting,
    #[command(flatten)]
    testing: Testing,
    #[command(flatten)]
    verifying: Verifying,
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Status> {
    arguments.reporting.check()?;
    // Whoever takes the Dockerfile alone must not get one that counts on another file.
    let takes_both = arguments.write || arguments.diff.is_some() || output.is_json();
    let (source, mut rewrite) = arguments
        .selection
        .rewrite(&arguments.path, |options| options.writes_dockerignore = takes_both)?;
    let is_verified = arguments.verify && rewrite.is_change();
    let mut status = Status::Done;
    if is_verified {
        (rewrite, status) = verified(arguments, &source, rewrite, takes_both, output)?;
    }
    let plain = Palette::default();
    let patch = diff::unified(&source.patch_path, &rewrite.original, &rewrite.text, &plain)
        + &ignore_file::patch(rewrite.dockerignore.as_ref(), &plain);
    if !is_verified {
        arguments
            .reporting
            .write(&page(&rewrite, &patch), || document(&rewrite, &patch))?;
    }
    let destination = match (&arguments.output, &source.path) {
        (Some(file), _) => Some(file),
        (None, Some(file)) if arguments.write => Some(file),
        (None, None) if arguments.write => anyhow::bail!("--write needs a file to replace, not standard input"),
        _ => None,
    };

    write_all(arguments, destination, &rewrite, &patch)?;
    if output.is_json() {
        output.document(&document(&rewrite, &patch))?;
        return Ok(status);
    }
    if destination.is_none() {
        output.result(&rewrite.text)?;
    }
    output.message(&text::summary(&rewrite));
    let is_left = !takes_both && rewrite.dockerignore.as_ref().is_some_and(Proposal::is_change);
    if is_left {
        output.message("note: the .dockerignore is written with --write, and --diff FILE holds both changes");
    }
    for note in &rewrite.notes {
        output.message(&format!("note: {note}"));
    }
    Ok(status)
}

/// Writes what the user wants written: all of it, or nothing.
fn write_all(
    arguments: &Arguments,
    destination: Option<&PathBuf>,
    rewrite: &Rewrite,
    patch: &str,
) -> anyhow::Result<()> {
    let mut changes = Vec::new();
    if arguments.write {
        // The new .dockerignore is safe with the old Dockerfile; the new Dockerfile may count on the new .dockerignore.
        changes.extend(ignore_file::change(rewrite.dockerignore.as_ref())?);
    }
    changes.extend(destination.map(|path| Change {
        path,
        before: if arguments.write {
            Before::Text(&rewrite.original)
        } else {
            Before::Any
        },
        text: &rewrite.text,
    }));
    changes.extend(arguments.diff.as_ref().map(|path| Change {
        path,
        before: Before::Any,
        text: patch,
    }));
    write::all(&changes)
}

/// The page of a rewrite that was not built.
fn page<'a>(rewrite: &'a Rewrite, patch: &'a str) -> Page<'a> {
    Page {
        file: &rewrite.file,
        diff: patch,
        changes: &rewrite.changes,
        refusals: &rewrite.refusals,
        notes: &rewrite.notes,
        verification: None,
        figures: None,
    }
}

fn document(rewrite: &Rewrite, patch: &str) -> Document {
    Document::Report(Report {
        version: VERSION,
        files: vec![FileReport::new(rewrite.clone(), patch.to_owned())],
        errors: Vec::new(),
    })
}

/// The rewrite that passed, with a note on how; without a change where none did, and whether one did.
fn verified(
    arguments: &Arguments,
    source: &Source,
    rewrite: Rewrite,
    takes_both: bool,
    output: &Output,
) -> anyhow::Result<(Rewrite, Status)> {
    let empty = tempfile::tempdir()?;
    let request = arguments
        .verifying
        .request(source, &arguments.selection, Some(&arguments.testing), &empty)?;
    let bench = arguments.verifying.bench(false)?;
    let mut latest = rewrite;
    let mut is_first = true;
    let answer = verify::verify(
        &bench,
        &request,
        true,
        &mut |without| {
            if !is_first {
                latest = arguments.selection.rewrite_source(source, |options| {
                    options.writes_dockerignore = takes_both;
                    options.skip.extend_from_slice(without);
                })?;
            }
            is_first = false;
            let mut found = Candidate::from(&latest);
            if !takes_both {
                found.ignore = None;
            }
            Ok(found)
        },
        &mut shown(output),
    )?;
    drop(bench);
    arguments
        .reporting
        .write_verified(source, Some(&latest), &answer.text, &answer)?;
    let status = match answer.outcome {
        Outcome::Passed | Outcome::Repaired => Status::Done,
        Outcome::Original | Outcome::OriginalFails | Outcome::Failed => Status::ChangesNeeded,
    };
    Ok((verifying::verified(latest, answer), status))
}
