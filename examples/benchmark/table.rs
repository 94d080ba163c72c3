//! What was measured, and the table that shows it beside the guides.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{fs, io};

use plimsoll::emit::text::size;
use serde::{Deserialize, Serialize};

use super::guides::{Guide, folder};

/// What came of one example. Pairs are before and after.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Measured {
    /// The day.
    pub day: String,
    /// How the verification ended.
    pub outcome: String,
    /// What it added or switched off.
    pub changes: Vec<String>,
    /// The bytes of the image's layers.
    pub image: [u64; 2],
    /// Seconds of a build from nothing.
    pub cold: [f64; 2],
    /// Seconds of the rebuild after an edit.
    pub rebuild: Option<[f64; 2]>,
    /// The bytes that a build sends.
    pub context: [u64; 2],
    /// How each target compares with the original's.
    pub targets: BTreeMap<String, String>,
}

/// What was measured, by example.
pub type Results = BTreeMap<String, Measured>;

/// The file in which the results are kept.
pub fn file() -> PathBuf {
    folder().join("benchmark/results.json")
}

/// The results that were kept.
pub fn results() -> io::Result<Results> {
    Ok(serde_json::from_str(&fs::read_to_string(file())?)?)
}

/// The table as Markdown. Behind each change stands that of the guide.
pub fn table(guides: &[Guide], results: &Results) -> String {
    let mut table = "\
| example | image | rebuild after an edit | context sent |
| --- | --- | --- | --- |
"
    .to_owned();
    for guide in guides {
        let name = &guide.example;
        let Some(found) = results.get(name) else {
            table += &format!(
                "| [{name}](examples/{name}/Dockerfile): {} | not measured yet | | |\n",
                guide.about
            );
            continue;
        };
        let bytes = |pair: [u64; 2], claim| cell(pair.map(|bytes| bytes as f64), claim, &|bytes| size(bytes as u64));
        let rebuild = found.rebuild.map(|times| cell(times, guide.rebuild, &seconds));
        table += &format!(
            "| [{name}](examples/{name}/Dockerfile): {} | {} | {} | {} |\n",
            guide.about,
            bytes(found.image, guide.image),
            rebuild.unwrap_or_default(),
            bytes(found.context, guide.context)
        );
    }
    table
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

fn cell(measured: [f64; 2], claim: Option<[f64; 2]>, shown: &dyn Fn(f64) -> String) -> String {
    let [before, after] = measured.map(shown);
    let claim = claim.map(|claim| format!(" (guide: {})", change(claim)));
    let change = if is_chance(measured) {
        "the same".to_owned()
    } else {
        change(measured)
    };
    format!("{before} to {after}, **{change}**{}", claim.unwrap_or_default())
}

/// Whether two measurements differ by no more than those of two equal builds: a second, or bytes.
fn is_chance([before, after]: [f64; 2]) -> bool {
    (before - after).abs() < 1.0
}

/// The change in per cent.
fn change([before, after]: [f64; 2]) -> String {
    let percent = (after - before) * 100.0 / before;
    // What is almost gone is not gone.
    let percent = if after > 0.0 { percent.max(-99.99) } else { percent };
    let digits = if percent < -99.0 { 2 } else { 0 };
    format!("{percent:+.digits$} %")
}
