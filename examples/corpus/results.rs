//! What was done to each file, as lines of JSON, so that a script can compare two versions of the program.

use std::path::Path;

use plimsoll::rewrite::Rewrite;
use serde_json::json;

/// The line of one file.
pub fn line(path: &Path, rewrite: &Rewrite) -> String {
    let changes = rewrite.changes.iter().map(|change| change.pass);
    let refusals = rewrite
        .refusals
        .iter()
        .map(|refusal| json!({ "pass": refusal.pass, "what": refusal.what, "obstacle": refusal.obstacle }));
    json!({
        "file": path,
        "changes": changes.collect::<Vec<_>>(),
        "refusals": refusals.collect::<Vec<_>>(),
        "rejected": rewrite.rejected,
    })
    .to_string()
}

/// Writes the lines, if a file for them was named; false if that fails.
pub fn write<'l>(report: Option<&Path>, lines: impl Iterator<Item = &'l str>) -> bool {
    let Some(report) = report else {
        return true;
    };
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let result = std::fs::write(report, text);
    if let Err(error) = &result {
        eprintln!("{}: {error}", report.display());
    }
    result.is_ok()
}
