//! `plimsoll measure`

use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use super::report::Reporting;
use super::selection::Selection;
use super::source::Source;
use super::verifying::{Verifying, shown};
use super::{Status, ignore_file};
use crate::emit::json::{Document, MeasureReport, VERSION};
use crate::emit::page::Page;
use crate::emit::{Palette, diff, figures};
use crate::verify::figures::measure;
use crate::verify::{Candidate, Frozen};

/// Show sizes and build times of the original and the rewrite
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The Dockerfile, its folder, or - for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    reporting: Reporting,
    #[command(flatten)]
    verifying: Verifying,
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Status> {
    arguments.reporting.check()?;
    let source = Source::read(&arguments.path)?;
    let empty = tempfile::tempdir()?;
    let request = arguments
        .verifying
        .request(&source, &arguments.selection, None, &empty)?;
    let rewrite = arguments
        .selection
        .rewrite_source(&source, |options| options.writes_dockerignore = true)?;
    let rewritten = Candidate::from(&rewrite);
    let original = Candidate {
        text: source.text.clone(),
        ignore: None,
        passes: Vec::new(),
    };
    let bench = arguments.verifying.bench(false)?;
    let (frozen, request) = Frozen::of(&request, &bench)?;
    let before = measure(&bench, &request, &original, "original", &mut shown(output))?;
    let after = measure(&bench, &request, &rewritten, "rewritten", &mut shown(output))?;
    frozen.check()?;
    drop((frozen, bench));
    let plain = Palette::default();
    let page = Page {
        file: &source.name,
        diff: &(diff::unified(&source.patch_path, &source.text, &rewrite.text, &plain)
            + &ignore_file::patch(rewrite.dockerignore.as_ref(), &plain)),
        changes: &rewrite.changes,
        refusals: &rewrite.refusals,
        notes: &rewrite.notes,
        verification: None,
        figures: Some((&before, &after)),
    };
    let document = || {
        Document::Measure(Box::new(MeasureReport {
            version: VERSION,
            file: source.name.clone(),
            original: before.clone(),
            rewritten: after.clone(),
        }))
    };
    arguments.reporting.write(&page, document)?;
    if output.is_json() {
        output.document(&document())?;
    } else {
        output.result(&figures::figures(&before, &after, &output.layout()))?;
    }
    Ok(Status::Done)
}
