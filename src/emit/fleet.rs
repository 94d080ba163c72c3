//! One HTML page for a fleet, which needs nothing but a browser. Its template is `templates/fleet.html`.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use super::text::size;
use crate::migrate::report::{FleetReport, Mode, RepositoryReport};
use crate::passes::ObstacleKind;

/// How many repositories a chart shows.
const MOST_BARS: usize = 12;

/// A figure above the charts.
#[derive(Serialize)]
struct Card {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Chart {
    title: &'static str,
    bars: Vec<Bar>,
}

/// A bar, whose lengths are percentages of the longest one.
#[derive(Serialize)]
struct Bar {
    name: String,
    value: String,
    share: f64,
    before: Option<f64>,
}

/// A row of the table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    index: usize,
    name: &'a str,
    outcome: &'static str,
    reason: String,
    is_change: bool,
    is_bad: bool,
    files: usize,
    changes: usize,
    refusals: usize,
    skipped: usize,
    unread: usize,
    saved: u64,
    before: u64,
    /// What of the images is gone, in percent.
    share: f64,
    /// What a search looks through, in small letters.
    text: String,
}

/// The page.
///
/// # Errors
/// If the template is wrong.
pub fn page(report: &FleetReport) -> anyhow::Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("fleet", include_str!("../../templates/fleet.html"))?;
    let rows: Vec<Row<'_>> = report.repositories.iter().enumerate().map(row).collect();
    let repositories = report
        .repositories
        .iter()
        .map(embedded)
        .collect::<Result<Vec<String>, _>>()?;
    let page = environment.get_template("fleet")?.render(context! {
        version => env!("CARGO_PKG_VERSION"),
        mode => match report.mode {
            Mode::DryRun => "What would change",
            Mode::Write => "Written into work trees",
            Mode::Branch => "Committed on new branches",
        },
        totals => report.totals,
        cards => cards(report),
        charts => charts(report),
        problems => report.problems,
        rows => embedded(&rows)?,
        repositories => repositories,
    })?;
    Ok(page)
}

/// JSON that may stand in a script element: nothing in it ends the element or begins a comment.
fn embedded(value: &(impl Serialize + ?Sized)) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string(value)?.replace('<', "\\u003c"))
}

fn row((index, repository): (usize, &RepositoryReport)) -> Row<'_> {
    let verified = repository.verified();
    let gone = verified.before.saturating_sub(verified.after);
    let files = repository.files.iter().map(|file| file.file.as_str());
    let reason = repository.problems().join("; ");
    let obstacles: BTreeSet<&str> = repository.obstacles().map(ObstacleKind::name).collect();
    let texts: Vec<&str> = [repository.name.as_str(), &reason]
        .into_iter()
        .chain(files)
        .chain(obstacles)
        .collect();
    let text = texts.join("\n").to_lowercase();
    Row {
        index,
        name: &repository.name,
        outcome: repository.outcome.name(),
        reason,
        is_change: repository.outcome.is_change(),
        is_bad: repository.outcome.is_bad(),
        unread: repository.unread().count(),
        files: repository.files.len(),
        changes: repository.changes(),
        refusals: repository.refusals(),
        skipped: repository.skipped.len(),
        saved: if verified.before > 0 {
            gone
        } else {
            repository.estimated_bytes()
        },
        before: verified.before,
        share: percent(gone, verified.before),
        text,
    }
}

fn cards(report: &FleetReport) -> Vec<Card> {
    let totals = &report.totals;
    let mut cards = vec![
        Card {
            name: "with changes",
            value: totals.changed.to_string(),
        },
        Card {
            name: "with nothing to change",
            value: totals.unchanged.to_string(),
        },
        Card {
            name: "refused or failed",
            value: (totals.refused + totals.failed).to_string(),
        },
        Card {
            name: "out of time",
            value: totals.timed_out.to_string(),
        },
        Card {
            name: "Dockerfiles that could not be read",
            value: totals.unread_dockerfiles.to_string(),
        },
        Card {
            name: "Dockerfiles changed",
            value: format!("{} of {}", totals.changed_dockerfiles, totals.dockerfiles),
        },
        Card {
            name: ".dockerignore files changed",
            value: totals.dockerignores.to_string(),
        },
        Card {
            name: "changes",
            value: totals.changes.to_string(),
        },
        Card {
            name: "left alone",
            value: totals.refusals.to_string(),
        },
        Card {
            name: "smaller, estimated",
            value: size(totals.estimated_bytes),
        },
    ];
    if totals.verified.before > 0 {
        let value = format!("{} to {}", size(totals.verified.before), size(totals.verified.after));
        cards.push(Card {
            name: "images built before and after",
            value,
        });
    }
    cards
}

fn charts(report: &FleetReport) -> Vec<Chart> {
    let changed = || {
        report
            .repositories
            .iter()
            .filter(|repository| repository.outcome.is_change())
    };
    let files = || changed().flat_map(|repository| &repository.files);
    let mut causes: BTreeMap<&str, u64> = BTreeMap::new();
    for saving in files().flat_map(|file| &file.estimate) {
        *causes.entry(saving.cause.name()).or_default() += saving.bytes;
    }
    let mut passes: BTreeMap<&str, u64> = BTreeMap::new();
    for change in files().flat_map(|file| &file.changes) {
        *passes.entry(change.pass).or_default() += 1;
    }
    let saving = changed().map(|repository| (repository.name.as_str(), repository.estimated_bytes()));
    let skipped = report
        .totals
        .skipped
        .iter()
        .map(|(reason, number)| (reason.name(), *number as u64));
    let obstacles = report
        .totals
        .obstacles
        .iter()
        .map(|(kind, number)| (kind.name(), *number as u64));
    vec![
        Chart {
            title: "Images before and after",
            bars: verified_bars(changed()),
        },
        Chart {
            title: "Estimated saving by cause",
            bars: bars(causes, size),
        },
        Chart {
            title: "Estimated saving by repository",
            bars: bars(saving, size),
        },
        Chart {
            title: "Changes by pass",
            bars: bars(passes, |number| number.to_string()),
        },
        Chart {
            title: "Left alone by kind of obstacle",
            bars: bars(obstacles, |number| number.to_string()),
        },
        Chart {
            title: "Files passed over or not read",
            bars: bars(skipped, |number| number.to_string()),
        },
    ]
}

/// The largest first.
fn bars<'a>(values: impl IntoIterator<Item = (&'a str, u64)>, show: impl Fn(u64) -> String) -> Vec<Bar> {
    let mut values: Vec<(&str, u64)> = values.into_iter().filter(|(_, value)| *value > 0).collect();
    values.sort_by_key(|(_, value)| std::cmp::Reverse(*value));
    values.truncate(MOST_BARS);
    let longest = values.first().map_or(0, |(_, value)| *value);
    let bar = |(name, value): (&str, u64)| Bar {
        name: name.to_owned(),
        value: show(value),
        share: percent(value, longest),
        before: None,
    };
    values.into_iter().map(bar).collect()
}

/// Images that were built: the largest saving first.
fn verified_bars<'a>(repositories: impl Iterator<Item = &'a RepositoryReport>) -> Vec<Bar> {
    let built = repositories.map(|repository| (repository, repository.verified()));
    let mut built: Vec<_> = built.filter(|(_, bytes)| bytes.before > 0).collect();
    built.sort_by_key(|(_, bytes)| std::cmp::Reverse(bytes.before.saturating_sub(bytes.after)));
    built.truncate(MOST_BARS);
    let longest = built.iter().map(|(_, bytes)| bytes.before).max().unwrap_or_default();
    let bar = |(repository, bytes): (&RepositoryReport, crate::migrate::report::VerifiedBytes)| Bar {
        name: repository.name.clone(),
        value: format!(
            "−{:.0} %",
            percent(bytes.before.saturating_sub(bytes.after), bytes.before)
        ),
        share: percent(bytes.after, longest),
        before: Some(percent(bytes.before, longest)),
    };
    built.into_iter().map(bar).collect()
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        (part as f64 / whole as f64 * 1000.0).round() / 10.0
    }
}
