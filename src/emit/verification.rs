//! A verification for people.

use anstyle::Style;

use super::text::{Layout, size};
use crate::verify::figures::Figures;
use crate::verify::report::{Check, Result};
use crate::verify::{Outcome, Round, Verification};

/// The most findings of one check that are shown; JSON has all.
const MOST_FINDINGS: usize = 20;

/// Each round with its checks, what went away, the sizes and the verdict.
#[must_use]
pub fn report(answer: &Verification, layout: &Layout) -> String {
    let mut text = String::new();
    for (number, round) in answer.rounds.iter().enumerate() {
        if number > 0 {
            text.push('\n');
        }
        let title = layout.palette.title;
        text += &format!("{title}{}: {}{title:#}\n", answer.file, round.what);
        for check in &round.checks {
            text += &line(check, layout);
        }
    }
    if let Some(round) = answer.rounds.last() {
        text += &removed(round);
        if let (Some(before), Some(after)) = (&answer.image, &round.image) {
            text += &format!(
                "\nsize: {} before, {} after{}\n",
                size(before.bytes),
                size(after.bytes),
                less(before.bytes, after.bytes)
            );
        }
    }
    text += &format!("\n{}\n", verdict(answer));
    text
}

fn line(check: &Check, layout: &Layout) -> String {
    let palette = layout.palette;
    let (word, style): (&str, Style) = match check.result {
        Result::Passed => ("passed ", palette.done),
        Result::Failed => ("failed ", palette.removed),
        Result::Skipped => ("skipped", palette.left),
    };
    let mut text = format!("  {style}{word}{style:#} {:13} {}\n", check.id, indented(&check.reason));
    for finding in check.findings.iter().take(MOST_FINDINGS) {
        text += &format!("            {}\n", finding.what);
    }
    if let Some(more) = check.findings.len().checked_sub(MOST_FINDINGS).filter(|more| *more > 0) {
        text += &format!("            and {more} more\n");
    }
    text
}

/// The end of a log below the line that it explains.
fn indented(reason: &str) -> String {
    reason.replace('\n', "\n            ")
}

fn removed(round: &Round) -> String {
    if round.removed.is_empty() {
        return String::new();
    }
    let mut text = "\nnot in the rewritten image any more:\n".to_owned();
    let mut groups: Vec<_> = round.removed.iter().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.bytes));
    for group in groups {
        let files = if group.files == 1 {
            "1 file".to_owned()
        } else {
            format!("{} files", group.files)
        };
        text += &format!("  {:32} {:>10}  {files}\n", group.cause, size(group.bytes));
    }
    text
}

fn less(before: u64, after: u64) -> String {
    if before == 0 || after >= before {
        return String::new();
    }
    match (before - after) * 100 / before {
        0 => String::new(),
        percent => format!(", {percent} % less"),
    }
}

fn verdict(answer: &Verification) -> String {
    let mut text = match answer.outcome {
        Outcome::Passed => "The rewrite passed.".to_owned(),
        Outcome::Repaired => "The rewrite passed after a change:".to_owned(),
        Outcome::Original => "No rewrite passed: the original stays as it is.".to_owned(),
        Outcome::OriginalFails => "The original does not build: nothing can be said about the rewrite.".to_owned(),
        Outcome::Failed => "The rewrite failed.".to_owned(),
    };
    for note in &answer.repairs {
        text += &format!("\n  added: {note}");
    }
    for pass in &answer.switched_off {
        text += &format!("\n  switched off: {pass}");
    }
    text
}

/// The figures of both sides next to each other, and the layers below.
#[must_use]
pub fn figures(before: &Figures, after: &Figures) -> String {
    let mut rows = vec![("image".to_owned(), size(before.bytes), size(after.bytes))];
    for (old, new) in before.components.iter().zip(&after.components) {
        rows.push((format!("  {}", old.name), size(old.bytes), size(new.bytes)));
    }
    let seconds = |seconds: f64| format!("{seconds:.1} s");
    rows.push((
        "cold build".to_owned(),
        seconds(before.cold_seconds),
        seconds(after.cold_seconds),
    ));
    let rebuilds = [
        (&before.rebuild, &after.rebuild),
        (&before.manifest_rebuild, &after.manifest_rebuild),
    ];
    for (old, new) in rebuilds {
        let (Some(old), Some(new)) = (old, new) else { continue };
        let label = format!("rebuild after an edit of {}", old.edited);
        rows.push((label, seconds(old.seconds), seconds(new.seconds)));
    }
    if let (Some(old), Some(new)) = (&before.context, &after.context) {
        rows.push(("context sent".to_owned(), size(old.bytes), size(new.bytes)));
    }
    let width = rows
        .iter()
        .map(|(label, ..)| label.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = format!("{:width$} {:>12} {:>12}\n", "", "original", "rewritten");
    for (label, old, new) in rows {
        text += &format!("{label:width$} {old:>12} {new:>12}\n");
    }
    for (name, side) in [("original", before), ("rewritten", after)] {
        if !side.layers.is_empty() {
            text += &format!("\nlayers of the {name} image:\n");
        }
        for layer in &side.layers {
            let made_by: String = layer.made_by.chars().take(80).collect();
            text += &format!("  {:>10}  {made_by}\n", size(layer.bytes));
        }
    }
    text
}
