//! SARIF 2.1.0, which code hosts show beside the lines.

use serde_json::{Value, json};

use crate::migrate::report::{FileChange, IgnoreChange};
use crate::migrate::skip::Skipped;
use crate::passes::{Change, REGISTRY, dockerignore::Added};

/// A part of the log: the files of one repository, or of none.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The name of the repository, where there are several.
    pub name: Option<&'a str>,
    /// The commit that was looked at.
    pub head: Option<&'a str>,
    /// The Dockerfiles, with paths from the root of the repository.
    pub files: &'a [FileChange],
    /// The `.dockerignore` files.
    pub ignores: &'a [IgnoreChange],
    /// What could not be read or done.
    pub errors: &'a [String],
    /// The Dockerfiles that could not be read.
    pub unread: &'a [&'a Skipped],
}

/// The rule of results for files that could not be read. No pass has the name.
const UNREAD: &str = "unread";

/// The log as indented JSON with a newline at its end: a run for each part.
///
/// # Errors
/// None for the types at hand; serde's signature has one.
pub fn log(parts: &[Part<'_>]) -> Result<String, serde_json::Error> {
    let runs: Vec<Value> = parts.iter().map(run).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": runs,
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn run(part: &Part<'_>) -> Value {
    let changes = part
        .files
        .iter()
        .flat_map(|file| file.changes.iter().map(move |change| (file, change)));
    let mut results: Vec<Value> = changes.map(|(file, change)| result_of_change(file, change)).collect();
    for ignore in part.ignores {
        let groups = ignore.patterns.chunk_by(|one, other| one.group == other.group);
        results.extend(groups.map(|group| result_of_group(ignore, group)));
    }
    results.extend(part.unread.iter().map(|unread| result_of_unread(unread)));
    let notifications: Vec<Value> = part
        .errors
        .iter()
        .map(|error| json!({ "level": "error", "message": { "text": error } }))
        .collect();
    let mut run = json!({
        "tool": { "driver": {
            "name": "plimsoll",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules(&results),
        } },
        "columnKind": "unicodeCodePoints",
        "invocations": [{
            "executionSuccessful": part.errors.is_empty() && part.unread.is_empty(),
            "toolExecutionNotifications": notifications,
        }],
        "results": results,
    });
    if let Some(name) = part.name {
        run["automationDetails"] = json!({ "id": format!("plimsoll/{name}/") });
        run["properties"] = json!({ "repository": name, "commit": part.head });
    }
    run
}

/// The passes that `results` name, and the rule for what could not be read where one is about that.
fn rules(results: &[Value]) -> Vec<Value> {
    let used = |id: &str| results.iter().any(|result| result["ruleId"] == id);
    let rules = REGISTRY.iter().filter(|pass| used(pass.id())).map(|pass| {
        let summary = pass.page().split("\n\n").nth(1).unwrap_or_default();
        let summary = summary.split_whitespace().collect::<Vec<_>>().join(" ");
        json!({
            "id": pass.id(),
            "shortDescription": { "text": summary },
            "help": { "text": format!("`plimsoll explain {}` says all of it.", pass.id()) },
            "defaultConfiguration": { "level": "note" },
        })
    });
    let unread = used(UNREAD).then(|| {
        json!({
            "id": UNREAD,
            "shortDescription": { "text": "A Dockerfile that could not be read." },
            "defaultConfiguration": { "level": "error" },
        })
    });
    rules.chain(unread).collect()
}

fn result_of_change(file: &FileChange, change: &Change) -> Value {
    let evidence: Vec<String> = change
        .evidence
        .iter()
        .map(|evidence| format!("{}: {}", evidence.place, evidence.fact))
        .collect();
    let mut text = format!("{}: {}", change.what, change.why);
    if !evidence.is_empty() {
        text = format!("{text} ({})", evidence.join("; "));
    }
    for assumed in &change.assumptions {
        text = format!("{text}; assumes that {}", assumed.what);
    }
    let region = json!({ "startLine": change.lines.first, "endLine": change.lines.last });
    let mut result = result(change.pass, &text, &file.file, &region);
    if !change.assumptions.is_empty() {
        result["properties"] = json!({ "assumptions": change.assumptions });
    }
    result
}

fn result_of_unread(unread: &Skipped) -> Value {
    let region = json!({ "startLine": unread.line.unwrap_or(1) });
    let mut result = result(UNREAD, &unread.detail, &unread.path, &region);
    result["level"] = json!("error");
    result
}

fn result_of_group(ignore: &IgnoreChange, group: &[Added]) -> Value {
    let patterns: Vec<String> = group.iter().map(|added| format!("`{}`", added.pattern)).collect();
    let why = group.first().map(|added| added.why.as_str()).unwrap_or_default();
    // The lines are those of the new file; where there is one now, the first is what can be shown.
    let text = format!("keep out {}: {why}", patterns.join(", "));
    result("dockerignore", &text, &ignore.file, &json!({ "startLine": 1 }))
}

fn result(rule: &str, text: &str, file: &str, region: &Value) -> Value {
    json!({
        "ruleId": rule,
        "level": "note",
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(file), "uriBaseId": "%SRCROOT%" },
            "region": region,
        } }],
    })
}

/// The path as a relative reference: what has a meaning in one is `%` and two digits.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
