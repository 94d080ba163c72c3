//! `plimsoll diff`

use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use super::selection::Selection;
use super::{Status, ignore_file};
use crate::emit::json::{Document, FileReport, Report, VERSION};
use crate::emit::{Palette, diff, split, text};

/// Show what would change, why, and what was left alone
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The Dockerfile, its folder, or - for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Also show which stage a split puts each instruction and package into, and why
    #[arg(long)]
    explain_split: bool,
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Status> {
    let (source, rewrite) = arguments.selection.rewrite(&arguments.path, |options| {
        options.writes_dockerignore = true;
        options.explains_split = arguments.explain_split;
    })?;
    let patch = |palette: &Palette| {
        diff::unified(&source.patch_path, &rewrite.original, &rewrite.text, palette)
            + &ignore_file::patch(rewrite.dockerignore.as_ref(), palette)
    };
    if output.is_json() {
        let patch = patch(&Palette::default());
        output.document(&Document::Report(Report {
            version: VERSION,
            files: vec![FileReport::new(rewrite, patch)],
            errors: Vec::new(),
        }))?;
        return Ok(Status::Done);
    }

    let layout = output.layout();
    let split = rewrite.split.as_ref();
    let parts = [
        patch(&layout.palette),
        text::report(&rewrite, &layout),
        split
            .map(|split| split::explanation(split, &layout))
            .unwrap_or_default(),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    output.result(&parts.join("\n"))?;
    if !rewrite.is_change() {
        output.message(&text::summary(&rewrite));
    }
    Ok(Status::Done)
}
