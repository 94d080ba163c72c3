//! `plimsoll context`

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::output::Output;
use super::source::Source;
use super::{Status, ignore_file};
use crate::config::Config;
use crate::context::{ContextSource, Measure, Totals};
use crate::emit::Palette;
use crate::emit::json::{ContextReport, Document, Largest, VERSION};
use crate::emit::text::{self, Layout};
use crate::passes::Level;
use crate::passes::dockerignore::{Proposal, propose_for};
use crate::syntax;
use crate::visible::visible;
use crate::write;

/// How many of the largest entries are shown.
const MOST_ENTRIES: usize = 10;

/// Show what a build sends, and what a .dockerignore would keep out
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The build context: the folder that `docker build` is given
    #[arg(value_name = "DIR", default_value = ".")]
    context: PathBuf,
    /// The Dockerfile, where it is not the one in the folder
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Create or extend the .dockerignore
    #[arg(long, short)]
    write: bool,
    /// Exit with 1 if more than this is sent: 50MB, 1.5GB, 800kB
    #[arg(long, value_name = "SIZE")]
    max: Option<Size>,
    /// How much a pattern may assume [default: standard]
    #[arg(long, value_name = "LEVEL", hide_default_value = true)]
    level: Option<Level>,
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size(u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let expected = || format!("`{text}` is no size: expected one as 50MB, 1.5GB or 20MiB");
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1.0,
            "k" | "kb" => 1e3,
            "m" | "mb" => 1e6,
            "g" | "gb" => 1e9,
            "t" | "tb" => 1e12,
            "kib" => 1024.0,
            "mib" => 1024.0 * 1024.0,
            "gib" => 1024.0 * 1024.0 * 1024.0,
            _ => return Err(expected()),
        };
        let number: f64 = number.parse().map_err(|_| expected())?;
        Ok(Size((number * factor) as u64))
    }
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Status> {
    let source = match &arguments.file {
        Some(file) => Some(Source::read(file)?),
        // A folder without a Dockerfile may still be a context of others.
        None => Source::read(&arguments.context).ok(),
    };
    let path = source.as_ref().and_then(|source| source.path.as_deref());
    let absolute = path.map(std::path::absolute).transpose()?;
    let context = ContextSource::open(&arguments.context, absolute.as_deref())?;
    let file = match &source {
        Some(source) => Some(syntax::parse(&source.name, &source.text)?),
        None => None,
    };
    let level = match arguments.level {
        Some(level) => level,
        None => Config::for_folder(&arguments.context.canonicalize()?)?
            .level
            .unwrap_or_default(),
    };
    let measure = context.measure();
    let mut proposal = propose_for(&context, file.as_ref(), level);
    ignore_file::name(&mut proposal);
    if arguments.write {
        let changes: Vec<_> = ignore_file::change(Some(&proposal))?.into_iter().collect();
        write::all(&changes)?;
    }
    let sent = if arguments.write { proposal.after } else { measure.sent };
    let is_exceeded = arguments.max.is_some_and(|max| sent.bytes > max.0);
    let name = arguments.context.display().to_string();

    if output.is_json() {
        let largest = largest(&measure).into_iter();
        output.document(&Document::Context(Box::new(ContextReport {
            version: VERSION,
            context: name.clone(),
            dockerfile: source.map(|source| source.name),
            sent: measure.sent,
            ignored: measure.ignored,
            largest: largest
                .map(|(path, sent)| Largest {
                    path: path.to_owned(),
                    sent,
                })
                .collect(),
            diff: ignore_file::patch(Some(&proposal), &Palette::default()),
            dockerignore: proposal,
            written: arguments.write,
            max: arguments.max.map(|max| max.0),
            exceeded: is_exceeded,
        })))?;
    } else {
        let layout = output.layout();
        let mut parts = vec![measured(&measure, &proposal, &layout)];
        parts.extend(text::dockerignore(&proposal, &layout));
        output.result(&parts.join("\n"))?;
        if arguments.write && proposal.is_change() {
            output.message(&format!("{}: written", proposal.file));
        }
    }
    if let Some(max) = arguments.max.filter(|_| is_exceeded) {
        let (sent, max) = (text::size(sent.bytes), text::size(max.0));
        output.message(&format!("{name}: {sent} are sent, more than {max}"));
        return Ok(Status::ChangesNeeded);
    }
    Ok(Status::Done)
}

fn largest<'w>(measure: &Measure<'w>) -> Vec<(&'w str, Totals)> {
    let mut largest = measure.largest("");
    largest.truncate(MOST_ENTRIES);
    largest
}

/// What is sent, as a table.
fn measured(measure: &Measure<'_>, proposal: &Proposal, layout: &Layout) -> String {
    let bold = layout.palette.title;
    let amount = |totals: Totals| {
        let files = if totals.files == 1 { "file" } else { "files" };
        format!("{} in {} {files}", text::size(totals.bytes), totals.files)
    };
    let mut lines = vec![format!("{bold}sent{bold:#}      {}", amount(measure.sent))];
    if proposal.exists {
        lines.push(format!(
            "{bold}ignored{bold:#}   {} by {}",
            amount(measure.ignored),
            visible(&proposal.file)
        ));
    }
    if proposal.is_change() {
        let share = proposal.after.bytes as f64 * 100.0 / (proposal.before.bytes.max(1) as f64);
        lines.push(format!(
            "{bold}proposed{bold:#}  {} ({share:.2} %)",
            amount(proposal.after)
        ));
    }
    lines.push(String::new());
    for (path, totals) in largest(measure) {
        let files = if totals.files == 1 { "file" } else { "files" };
        lines.push(format!(
            "{:>10}  {:>8} {files:5}  {}",
            text::size(totals.bytes),
            totals.files,
            visible(path)
        ));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("50MB", 50_000_000),
            ("1.5 GB", 1_500_000_000),
            ("20MiB", 20 * 1024 * 1024),
            ("800kB", 800_000),
            ("7", 7),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "MB", "5 apples", "1.2.3MB", "-1"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
