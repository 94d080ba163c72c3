//! `plimsoll verify`

use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use super::report::{Reporting, verified};
use super::selection::Selection;
use super::source::{Source, text_of};
use super::verifying::{Testing, Verifying, shown};
use super::{Status, write};
use crate::emit::{diff, verification};
use crate::verify::{self, Candidate, Outcome};

/// Build the original and the rewrite, and compare the images
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The Dockerfile, its folder, or - for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Compare with this Dockerfile instead of Plimsoll's own rewrite; it is not repaired
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Write the Dockerfile that passed to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep the images
    #[arg(long)]
    keep: bool,
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
    let source = Source::read(&arguments.path)?;
    let given = match &arguments.against {
        Some(file) => Some(text_of(file)?),
        None => None,
    };
    let empty = tempfile::tempdir()?;
    let request = arguments
        .verifying
        .request(&source, &arguments.selection, Some(&arguments.testing), &empty)?;
    let rewrite = |without: &[String]| {
        arguments.selection.rewrite_source(&source, |options| {
            options.writes_dockerignore = true;
            options.skip.extend_from_slice(without);
        })
    };
    // What cannot be rewritten is said before anything is built.
    let mut latest = if given.is_none() { Some(rewrite(&[])?) } else { None };
    let mut is_first = true;
    let bench = arguments.verifying.bench(arguments.keep)?;
    let answer = verify::verify(
        &bench,
        &request,
        given.is_none(),
        &mut |without| {
            if let Some(text) = &given {
                return Ok(Candidate {
                    text: text.clone(),
                    ignore: None,
                    passes: Vec::new(),
                });
            }
            let found = match latest.take().filter(|_| is_first) {
                Some(first) => first,
                None => rewrite(without)?,
            };
            is_first = false;
            Ok(Candidate::from(&*latest.insert(found)))
        },
        &mut shown(output),
    )?;
    let is_kept = arguments.keep.then(|| bench.namespace().to_owned());
    drop(bench);

    let has_passed = matches!(answer.outcome, Outcome::Passed | Outcome::Repaired);
    if let Some(file) = arguments.output.as_ref().filter(|_| has_passed) {
        write::atomically(file, &answer.text)?;
    }
    let compared = given.as_ref().filter(|_| !has_passed).unwrap_or(&answer.text);
    arguments
        .reporting
        .write_verified(&source, latest.as_ref(), compared, &answer)?;
    if output.is_json() {
        output.document(&verified(&source, &answer))?;
    } else {
        let layout = output.layout();
        output.result(&verification::report(&answer, &layout))?;
        if has_passed && answer.outcome == Outcome::Repaired {
            let patch = diff::unified(&source.patch_path, &source.text, &answer.text, &layout.palette);
            output.result(&format!("\n{patch}"))?;
        }
    }
    if let Some(namespace) = is_kept {
        output.message(&format!(
            "the images are kept as {namespace}:original, {namespace}:rewritten-1 and so on"
        ));
    }
    Ok(if has_passed {
        Status::Done
    } else {
        Status::ChangesNeeded
    })
}
