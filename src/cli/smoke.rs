//! `plimsoll smoke`

use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use super::selection::Selection;
use super::{Status, write};
use crate::emit::json::{Document, SmokeReport, VERSION};
use crate::emit::smoke::script;
use crate::smoke::Plan;
use crate::syntax;

/// Write a script that tests an image of the rewritten Dockerfile
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The Dockerfile, its folder, or - for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Write to this file, which can then be executed, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Status> {
    let (source, rewrite) = arguments
        .selection
        .rewrite(&arguments.path, |options| options.writes_dockerignore = true)?;
    let context = arguments.selection.context(&source, &mut Vec::new())?;
    let file = syntax::parse(&source.name, &rewrite.text)?;
    let plan = Plan {
        command: arguments.selection.config(&source.folder)?.smoke,
        ..Plan::of(&file, context.as_deref())
    };
    let script = script(&plan)?;
    if let Some(file) = &arguments.output {
        write::executable(file, &script)?;
    }
    if output.is_json() {
        output.document(&Document::Smoke(Box::new(SmokeReport {
            version: VERSION,
            script,
            plan,
        })))?;
    } else if let Some(file) = &arguments.output {
        output.message(&format!(
            "{}: written; run it with the name of an image",
            file.display()
        ));
    } else {
        output.result(&script)?;
    }
    Ok(Status::Done)
}
