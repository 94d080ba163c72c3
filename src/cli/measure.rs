//! `plimsoll measure`

use std::path::PathBuf;

use clap::Args;

use super::Status;
use super::output::Output;
use super::selection::Selection;
use super::source::Source;
use super::verifying::{Verifying, candidate, shown};
use crate::emit::figures;
use crate::emit::json::{Document, MeasureReport, VERSION};
use crate::verify::Candidate;
use crate::verify::figures::measure;

/// Show sizes and build times of the original and the rewrite
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The Dockerfile, its folder, or - for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    verifying: Verifying,
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Status> {
    let source = Source::read(&arguments.path)?;
    let empty = tempfile::tempdir()?;
    let request = arguments
        .verifying
        .request(&source, &arguments.selection, None, &empty)?;
    let rewritten = candidate(
        &arguments
            .selection
            .rewrite_source(&source, |options| options.writes_dockerignore = true)?,
    );
    let original = Candidate {
        text: source.text.clone(),
        ignore: None,
        passes: Vec::new(),
    };
    let bench = arguments.verifying.bench(false)?;
    let before = measure(&bench, &request, &original, "original", &mut shown(output))?;
    let after = measure(&bench, &request, &rewritten, "rewritten", &mut shown(output))?;
    drop(bench);
    if output.is_json() {
        output.document(&Document::Measure(Box::new(MeasureReport {
            version: VERSION,
            file: source.name,
            original: before,
            rewritten: after,
        })))?;
    } else {
        output.result(&figures::figures(&before, &after, &output.layout()))?;
    }
    Ok(Status::Done)
}
