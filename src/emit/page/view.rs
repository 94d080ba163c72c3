//! What the templates show, with all figures as people read them and all bars in per cent.

use serde::Serialize;

use super::Page;
use crate::emit::figures::{change, change_of_time, rebuilds, seconds};
use crate::emit::text::size;
use crate::emit::verification::{details, outcome, sides};
use crate::passes::{Change, Level, Refusal};
use crate::syntax::LineRange;
use crate::verify::figures::{Figures, Sizes};
use crate::verify::report::{self, Check, Removed};
use crate::verify::{Outcome, Round, Verification};

#[derive(Serialize)]
pub(super) struct View<'a> {
    file: &'a str,
    kind: &'static str,
    version: &'static str,
    verdict: Option<Verdict>,
    cards: Vec<Card>,
    repairs: &'a [String],
    switched_off: &'a [String],
    sizes: Option<SizesView>,
    times: Vec<Time>,
    rounds: Vec<RoundView<'a>>,
    removed: Vec<Group>,
    changes: Vec<Entry<'a>>,
    refusals: Vec<Entry<'a>>,
    diff: Vec<Line<'a>>,
    fence: String,
    layers: Vec<Layers<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Verdict {
    result: &'static str,
    word: &'static str,
    text: &'static str,
}

/// A figure that stands out.
#[derive(Serialize)]
struct Card {
    label: String,
    before: String,
    after: String,
    change: String,
}

#[derive(Serialize)]
struct SizesView {
    before: String,
    after: String,
    change: String,
    sides: [Stack; 2],
    rows: Vec<SizeRow>,
}

/// A bar made of the parts of an image.
#[derive(Serialize)]
struct Stack {
    name: &'static str,
    total: String,
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    number: usize,
    name: &'static str,
    size: String,
    from: String,
    width: String,
}

#[derive(Serialize)]
struct SizeRow {
    number: usize,
    name: &'static str,
    before: String,
    after: String,
    change: String,
}

#[derive(Serialize)]
struct Time {
    label: String,
    change: String,
    bars: [Bar; 2],
}

#[derive(Serialize)]
struct Bar {
    name: &'static str,
    side: &'static str,
    shown: String,
    width: String,
}

#[derive(Serialize)]
struct RoundView<'a> {
    what: &'a str,
    checks: Vec<CheckView<'a>>,
}

#[derive(Serialize)]
struct CheckView<'a> {
    id: &'a str,
    result: &'static str,
    reason: &'a str,
    details: Vec<String>,
}

#[derive(Serialize)]
struct Group {
    cause: &'static str,
    size: String,
    files: usize,
    width: String,
}

/// A change, or what was left alone.
#[derive(Serialize)]
struct Entry<'a> {
    what: &'a str,
    #[serde(skip)]
    lines: Vec<LineRange>,
    place: String,
    pass: &'a str,
    level: Option<Level>,
    why: &'a str,
    evidence: Vec<String>,
    assumptions: Vec<&'a str>,
    kind: &'static str,
    obstacle: &'a str,
    remedy: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct Layers<'a> {
    name: &'static str,
    side: &'static str,
    total: String,
    layers: Vec<LayerView<'a>>,
}

#[derive(Serialize)]
struct LayerView<'a> {
    size: String,
    width: String,
    made_by: &'a str,
}

impl<'a> View<'a> {
    pub(super) fn of(page: &Page<'a>) -> View<'a> {
        let images = page.verification.and_then(sides);
        let sizes = match (page.figures, images) {
            (Some((before, after)), _) => Some((&before.sizes, &after.sizes)),
            (None, Some((before, after))) => Some((&before.sizes, &after.sizes)),
            (None, None) => None,
        };
        // How long the builds of a verification took says little: they found layers of earlier ones.
        let times = page
            .figures
            .map(|(before, after)| times(before, after))
            .unwrap_or_default();
        let rounds = page.verification.map_or(&[][..], |answer| &answer.rounds);
        let last = rounds.last().filter(|_| images.is_some());
        View {
            file: page.file,
            kind: match (page.verification, page.figures) {
                (Some(_), _) => "verification",
                (None, Some(_)) => "figures",
                (None, None) => "rewrite",
            },
            version: env!("CARGO_PKG_VERSION"),
            verdict: page.verification.map(verdict),
            cards: cards(sizes, &times),
            repairs: page.verification.map_or(&[][..], |answer| &answer.repairs),
            switched_off: page.verification.map_or(&[][..], |answer| &answer.switched_off),
            sizes: sizes.map(|(before, after)| sizes_view(before, after)),
            rounds: rounds.iter().map(round).collect(),
            removed: last.map(|round| groups(&round.removed)).unwrap_or_default(),
            changes: grouped(page.changes.iter().map(|change| done(page.file, change))),
            refusals: grouped(page.refusals.iter().map(|refusal| left(page.file, refusal))),
            diff: page.diff.split_terminator('\n').map(line).collect(),
            fence: fence(page.diff),
            layers: sizes.map(|(before, after)| layers(before, after)).unwrap_or_default(),
            notes: page.notes,
            times,
        }
    }
}

fn verdict(answer: &Verification) -> Verdict {
    let (result, word) = match answer.outcome {
        Outcome::Passed => ("passed", "passed"),
        Outcome::Repaired => ("passed", "passed after a change"),
        Outcome::Original => ("skipped", "unchanged"),
        Outcome::OriginalFails => ("failed", "not built"),
        Outcome::Failed => ("failed", "failed"),
    };
    Verdict {
        result,
        word,
        text: match answer.outcome {
            Outcome::Passed | Outcome::Repaired => {
                "The images were built and compared; what differs has a known cause."
            }
            other => outcome(other),
        },
    }
}

fn cards(sizes: Option<(&Sizes, &Sizes)>, times: &[Time]) -> Vec<Card> {
    let mut cards = Vec::new();
    if let Some((before, after)) = sizes {
        cards.push(Card {
            label: "Image".to_owned(),
            before: size(before.stored()),
            after: size(after.stored()),
            change: change(before.stored() as f64, after.stored() as f64),
        });
    }
    cards.extend(times.iter().map(|time| {
        let [before, after] = &time.bars;
        Card {
            label: time.label.clone(),
            before: before.shown.clone(),
            after: after.shown.clone(),
            change: time.change.clone(),
        }
    }));
    cards
}

/// The parts of an image: its components, and what layers hold that later ones delete or replace.
fn parts(sizes: &Sizes) -> Vec<(&'static str, u64)> {
    let components = sizes.components.iter();
    let mut parts: Vec<_> = components.map(|component| (component.name, component.bytes)).collect();
    parts.push(("deleted or replaced later", sizes.stored().saturating_sub(sizes.bytes)));
    parts
}

fn sizes_view(before: &Sizes, after: &Sizes) -> SizesView {
    let most = before.stored().max(after.stored()) as f64;
    let stack = |name, sizes: &Sizes| {
        let mut from = 0.0;
        let mut shown = Vec::new();
        for (number, (name, bytes)) in parts(sizes).into_iter().enumerate().filter(|(_, part)| part.1 > 0) {
            shown.push(Part {
                number,
                name,
                size: size(bytes),
                from: percent(from, most),
                width: percent(bytes as f64, most),
            });
            from += bytes as f64;
        }
        Stack {
            name,
            total: size(sizes.stored()),
            parts: shown,
        }
    };
    let rows = parts(before).into_iter().zip(parts(after)).enumerate();
    SizesView {
        before: size(before.stored()),
        after: size(after.stored()),
        change: change(before.stored() as f64, after.stored() as f64),
        sides: [stack("Original", before), stack("Rewritten", after)],
        rows: rows
            .filter(|(_, (old, new))| old.1 + new.1 > 0)
            .map(|(number, (old, new))| SizeRow {
                number,
                name: old.0,
                before: size(old.1),
                after: size(new.1),
                change: change(old.1 as f64, new.1 as f64),
            })
            .collect(),
    }
}

impl Time {
    fn new(label: String, change: String, values: [f64; 2], shown: [String; 2]) -> Time {
        let [before, after] = values;
        let most = before.max(after);
        let [old, new] = shown;
        Time {
            label,
            change,
            bars: [
                Bar {
                    name: "Original",
                    side: "before",
                    shown: old,
                    width: percent(before, most),
                },
                Bar {
                    name: "Rewritten",
                    side: "after",
                    shown: new,
                    width: percent(after, most),
                },
            ],
        }
    }

    fn seconds(label: String, before: f64, after: f64) -> Time {
        let change = change_of_time(before, after);
        Time::new(label, change, [before, after], [seconds(before), seconds(after)])
    }
}

fn times(before: &Figures, after: &Figures) -> Vec<Time> {
    let mut times = vec![Time::seconds(
        "Cold build".to_owned(),
        before.cold_seconds,
        after.cold_seconds,
    )];
    for (old, new) in rebuilds(before, after) {
        let label = format!("Rebuild after an edit of {}", old.edited);
        times.push(Time::seconds(label, old.seconds, new.seconds));
    }
    if let (Some(old), Some(new)) = (&before.context, &after.context) {
        times.push(Time::new(
            "Context sent".to_owned(),
            change(old.bytes as f64, new.bytes as f64),
            [old.bytes as f64, new.bytes as f64],
            [size(old.bytes), size(new.bytes)],
        ));
    }
    times
}

fn round(round: &Round) -> RoundView<'_> {
    RoundView {
        what: &round.what,
        checks: round.checks.iter().map(check).collect(),
    }
}

fn check(check: &Check) -> CheckView<'_> {
    CheckView {
        id: check.id,
        result: match check.result {
            report::Result::Passed => "passed",
            report::Result::Failed => "failed",
            report::Result::Skipped => "skipped",
            report::Result::Unknown => "unknown",
        },
        reason: &check.reason,
        details: details(check),
    }
}

fn groups(removed: &[Removed]) -> Vec<Group> {
    let mut groups: Vec<&Removed> = removed.iter().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.bytes));
    let most = groups.first().map(|group| group.bytes).unwrap_or_default() as f64;
    groups
        .into_iter()
        .map(|group| Group {
            cause: group.cause,
            size: size(group.bytes),
            files: group.files,
            width: percent(group.bytes as f64, most),
        })
        .collect()
}

fn done<'a>(file: &str, change: &'a Change) -> Entry<'a> {
    let evidence = change.evidence.iter();
    Entry {
        what: &change.what,
        lines: vec![change.lines],
        place: format!("{file}:{}", change.lines),
        pass: change.pass,
        level: Some(change.level),
        why: &change.why,
        evidence: evidence
            .map(|evidence| format!("{}: {}", evidence.place, evidence.fact))
            .collect(),
        assumptions: change.assumptions.iter().map(|assumed| assumed.what.as_str()).collect(),
        kind: "",
        obstacle: "",
        remedy: "",
    }
}

fn left<'a>(file: &str, refusal: &'a Refusal) -> Entry<'a> {
    Entry {
        what: &refusal.what,
        lines: vec![refusal.lines],
        place: format!("{file}:{}", refusal.lines),
        pass: refusal.pass,
        level: None,
        why: "",
        evidence: Vec::new(),
        assumptions: Vec::new(),
        kind: refusal.kind.name(),
        obstacle: &refusal.obstacle,
        remedy: &refusal.remedy,
    }
}

/// Entries in the order of their lines. Those that say the same of several places stand once, with all of them.
fn grouped<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Vec<Entry<'a>> {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|entry| entry.lines.first().map(|lines| lines.first));
    let mut groups: Vec<Entry<'a>> = Vec::new();
    for entry in entries {
        let said = |entry: &Entry<'a>| (entry.what, entry.pass, entry.why, entry.obstacle, entry.remedy);
        let facts = |entry: &Entry<'a>| (entry.evidence.clone(), entry.assumptions.clone());
        match groups
            .iter_mut()
            .find(|group| said(group) == said(&entry) && facts(group) == facts(&entry))
        {
            Some(group) => {
                for lines in entry.lines {
                    if !group.lines.contains(&lines) {
                        group.place += &format!(", {lines}");
                        group.lines.push(lines);
                    }
                }
            }
            None => groups.push(entry),
        }
    }
    groups
}

fn line(text: &str) -> Line<'_> {
    let kind = match text.as_bytes() {
        [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => "title",
        [b'@', b'@', ..] => "hunk",
        [b'-', ..] => "removed",
        [b'+', ..] => "added",
        [b'\\', ..] => "aside",
        _ => "same",
    };
    Line { kind, text }
}

/// A fence that no line of `text` closes.
fn fence(text: &str) -> String {
    let longest = text.split(|sign| sign != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

fn layers<'a>(before: &'a Sizes, after: &'a Sizes) -> Vec<Layers<'a>> {
    let all = before.layers.iter().chain(&after.layers);
    let most = all.map(|layer| layer.bytes).max().unwrap_or_default() as f64;
    let sides = [("Original", "before", before), ("Rewritten", "after", after)];
    sides
        .into_iter()
        .filter(|(.., sizes)| !sizes.layers.is_empty())
        .map(|(name, side, sizes)| Layers {
            name,
            side,
            total: size(sizes.stored()),
            layers: sizes
                .layers
                .iter()
                .map(|layer| LayerView {
                    size: size(layer.bytes),
                    width: percent(layer.bytes as f64, most),
                    made_by: &layer.made_by,
                })
                .collect(),
        })
        .collect()
}

/// A share as SVG takes it.
fn percent(value: f64, whole: f64) -> String {
    if whole <= 0.0 {
        return "0".to_owned();
    }
    format!("{:.2}", value * 100.0 / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_closes_the_fence() {
        assert_eq!(fence("a"), "```");
        assert_eq!(fence("````\n`"), "`````");
    }

    #[test]
    fn lines_of_patches() {
        let kinds: Vec<_> = "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z\n\\ No newline"
            .lines()
            .map(|text| line(text).kind)
            .collect();
        assert_eq!(kinds, ["title", "title", "hunk", "removed", "added", "same", "aside"]);
    }
}
