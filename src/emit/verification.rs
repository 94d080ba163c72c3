//! A verification for people.

use anstyle::Style;

use super::figures;
use super::text::{self, Layout, size};
use crate::verify::report::{Check, Result};
use crate::verify::{Built, Outcome, Round, Verification};

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
    }
    if let Some((before, after)) = sides(answer) {
        text += &format!("\n{}", figures::sizes(&before.sizes, &after.sizes, layout));
    }
    text += &format!("\n{}\n", verdict(answer));
    text
}

/// The images that the answer is about: the original's, and that of the text that passed or of the one that was given.
#[must_use]
pub fn sides(answer: &Verification) -> Option<(&Built, &Built)> {
    if matches!(answer.outcome, Outcome::Original | Outcome::OriginalFails) {
        return None;
    }
    answer.image.as_ref().zip(answer.rounds.last()?.image.as_ref())
}

fn line(check: &Check, layout: &Layout) -> String {
    let palette = layout.palette;
    let (word, style): (&str, Style) = match check.result {
        Result::Passed => ("passed ", palette.done),
        Result::Failed => ("failed ", palette.removed),
        Result::Skipped => ("skipped", palette.left),
        Result::Unknown => ("unknown", palette.left),
    };
    let mut text = format!("  {style}{word}{style:#} {:13} {}\n", check.id, indented(&check.reason));
    for detail in details(check) {
        text += &format!("            {detail}\n");
    }
    text
}

/// What is wrong and what was not compared, a line each; of many, the first ones.
pub(super) fn details(check: &Check) -> Vec<String> {
    let wrong = check.findings.iter().map(|finding| finding.what.clone()).collect();
    let not_compared = check.not_compared.iter().map(|what| format!("not compared: {what}"));
    let mut lines = first(wrong);
    lines.extend(first(not_compared.collect()));
    lines
}

fn first(mut lines: Vec<String>) -> Vec<String> {
    if let more @ 1.. = lines.len().saturating_sub(MOST_FINDINGS) {
        lines.truncate(MOST_FINDINGS);
        lines.push(format!("and {more} more"));
    }
    lines
}

/// The end of a log below the line that it explains.
fn indented(reason: &str) -> String {
    reason.replace('\n', "\n            ")
}

fn removed(round: &Round) -> String {
    if round.removed.is_empty() {
        return String::new();
    }
    let mut lines = "\nnot in the rewritten image any more:\n".to_owned();
    let mut groups: Vec<_> = round.removed.iter().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.bytes));
    for group in groups {
        let files = text::count(group.files, "file", "files");
        lines += &format!("  {:32} {:>10}  {files}\n", group.cause, size(group.bytes));
    }
    lines
}

/// How it ended, in a sentence.
#[must_use]
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "The rewrite passed.",
        Outcome::Repaired => "The rewrite passed after a change:",
        Outcome::Original => "No rewrite passed: the original stays as it is.",
        Outcome::OriginalFails => "The original does not build: nothing can be said about the rewrite.",
        Outcome::Failed => "The rewrite failed.",
    }
}

fn verdict(answer: &Verification) -> String {
    let mut text = outcome(answer.outcome).to_owned();
    for note in &answer.repairs {
        text += &format!("\n  added: {note}");
    }
    for pass in &answer.switched_off {
        text += &format!("\n  switched off: {pass}");
    }
    let last = answer.rounds.last().map(|round| round.checks.as_slice());
    let incomplete: Vec<&str> = last
        .unwrap_or_default()
        .iter()
        .filter(|check| check.is_incomplete())
        .map(|check| check.id)
        .collect();
    if !incomplete.is_empty() {
        text += &format!("\n  not or not fully compared: {}", incomplete.join(", "));
    }
    text
}
