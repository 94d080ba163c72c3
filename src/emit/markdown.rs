//! Markdown: what a reviewer reads of one repository, and the summary of a fleet.

use std::fmt::Write as _;

use super::text::{count, size};
use crate::migrate::message::TITLE;
use crate::migrate::report::{FileChange, FleetReport, IgnoreChange, RepositoryReport};
use crate::passes::{Change, Refusal};

/// What a reviewer wants to read of the changes of a repository, as the text of a pull request.
pub fn description(report: &RepositoryReport) -> String {
    let mut text = format!("# {TITLE}\n\n{}\n", opening(report));
    for file in report.files.iter().filter(|file| !file.changes.is_empty()) {
        push_file(&mut text, file);
    }
    for ignore in &report.dockerignores {
        push_ignore(&mut text, ignore);
    }
    push_notes(&mut text, report);
    push_declined(&mut text, report);
    let _ = write!(
        text,
        "\n---\n\nMade by plimsoll {}. Each change rests on what the files say; a comment `# plimsoll: skip` above an \
         instruction keeps it as it is.\n",
        env!("CARGO_PKG_VERSION")
    );
    text
}

fn opening(report: &RepositoryReport) -> String {
    let files = report.files.iter().filter(|file| !file.changes.is_empty()).count();
    let mut text = match files {
        0 => "Builds send less to the engine.".to_owned(),
        _ => format!(
            "{} in {}: smaller images, and rebuilds that install again only what changed.",
            count(report.changes(), "change", "changes"),
            count(files, "Dockerfile", "Dockerfiles")
        ),
    };
    let verified = report.verified();
    if verified.before > verified.after {
        let _ = write!(
            text,
            " Built before and after, the images went from {} to {}.",
            size(verified.before),
            size(verified.after)
        );
    } else if report.estimated_bytes() > 0 {
        let _ = write!(
            text,
            " By an estimate from package sizes, the images get at least {} smaller.",
            size(report.estimated_bytes())
        );
    }
    text
}

fn push_file(text: &mut String, file: &FileChange) {
    let _ = write!(text, "\n## {}\n\n", code(&file.file));
    if let Some(verified) = &file.verified {
        let _ = write!(text, "{}.\n\n", sentence(&verified.summary));
    }
    for (change, lines) in grouped(&file.changes) {
        let _ = writeln!(text, "- **{}** ({lines}, {})  ", prose(&change.what), change.pass);
        let _ = writeln!(text, "  {}.", prose(&sentence(&change.why)));
        for evidence in &change.evidence {
            let _ = writeln!(text, "  - {}: {}", code(&evidence.place), prose(&evidence.fact));
        }
        for assumed in &change.assumptions {
            let _ = writeln!(text, "  - assumes that {}", prose(&assumed.what));
        }
    }
}

/// Changes that say the same of several places, as one with all of its lines.
fn grouped(changes: &[Change]) -> Vec<(&Change, String)> {
    let mut groups: Vec<(&Change, String)> = Vec::new();
    for change in changes {
        let is_alike = |other: &Change| {
            (&other.what, &other.why, &other.evidence) == (&change.what, &change.why, &change.evidence)
                && other.assumptions == change.assumptions
        };
        match groups.iter_mut().find(|(other, _)| is_alike(other)) {
            Some((_, lines)) => {
                let _ = write!(lines, ", {}", change.lines);
            }
            None => groups.push((change, change.lines.to_string())),
        }
    }
    for (_, lines) in &mut groups {
        let word = if lines.contains(['-', ',']) { "lines" } else { "line" };
        *lines = format!("{word} {lines}");
    }
    groups
}

fn push_ignore(text: &mut String, ignore: &IgnoreChange) {
    let _ = write!(text, "\n## {}\n\n", code(&ignore.file));
    let _ = writeln!(
        text,
        "A build sends {} instead of {}:\n",
        size(ignore.after.bytes),
        size(ignore.before.bytes)
    );
    for group in ignore.patterns.chunk_by(|one, other| one.group == other.group) {
        let patterns: Vec<String> = group.iter().map(|added| code(&added.pattern)).collect();
        let why = group.first().map(|added| added.why.as_str()).unwrap_or_default();
        let _ = writeln!(text, "- {}: {}", patterns.join(", "), prose(why));
    }
}

fn push_notes(text: &mut String, report: &RepositoryReport) {
    let mut notes: Vec<&str> = Vec::new();
    let changed = report.files.iter().filter(|file| !file.changes.is_empty());
    for note in report.notes.iter().chain(changed.flat_map(|file| &file.notes)) {
        if !notes.contains(&note.as_str()) {
            notes.push(note);
        }
    }
    if notes.is_empty() {
        return;
    }
    text.push_str("\n## What to know\n\n");
    for note in notes {
        let _ = writeln!(text, "- {}.", prose(&sentence(note)));
    }
}

fn push_declined(text: &mut String, report: &RepositoryReport) {
    let number = report.refusals() + report.skipped.len();
    if number == 0 {
        return;
    }
    let _ = write!(text, "\n<details><summary>Left alone ({number})</summary>\n\n");
    for file in &report.files {
        for Refusal {
            lines,
            what,
            kind,
            obstacle,
            remedy,
            ..
        } in &file.refusals
        {
            let place = code(&format!("{}:{lines}", file.file));
            let (what, obstacle, remedy) = (prose(&sentence(what)), prose(obstacle), prose(&sentence(remedy)));
            let _ = writeln!(text, "- {place}: {what}: {obstacle} ({}). {remedy}.", kind.name());
        }
    }
    for skipped in &report.skipped {
        let _ = writeln!(
            text,
            "- {}: {}",
            code(&skipped.place()),
            prose(&sentence(&skipped.detail))
        );
    }
    text.push_str("\n</details>\n");
}

/// A fleet in totals and one table.
pub fn fleet(report: &FleetReport) -> String {
    let totals = &report.totals;
    let mut text = String::from("# Fleet\n\n| | |\n| --- | ---: |\n");
    let mut row = |name: &str, value: String| {
        let _ = writeln!(text, "| {name} | {value} |");
    };
    row("repositories", totals.repositories.to_string());
    row("with changes", totals.changed.to_string());
    row("with nothing to change", totals.unchanged.to_string());
    row("refused", totals.refused.to_string());
    row("failed", totals.failed.to_string());
    row("that could not be read", totals.unread.to_string());
    row("that ran out of time", totals.timed_out.to_string());
    row("Dockerfiles", totals.dockerfiles.to_string());
    row("of them changed", totals.changed_dockerfiles.to_string());
    row("`.dockerignore` files changed", totals.dockerignores.to_string());
    row("changes", totals.changes.to_string());
    row("changes declined", totals.refusals.to_string());
    for (kind, number) in &totals.obstacles {
        row(&format!("declined: {}", kind.name()), number.to_string());
    }
    row("smaller by, estimated", size(totals.estimated_bytes));
    if totals.verified.before > 0 {
        let (before, after) = (size(totals.verified.before), size(totals.verified.after));
        row("images built before and after", format!("{before} to {after}"));
    }
    for (reason, number) in &totals.skipped {
        let what = if reason.is_unread() {
            "could not be read"
        } else {
            "passed over"
        };
        row(&format!("{what}: {}", reason.name()), number.to_string());
    }
    text.push_str(
        "\n| repository | outcome | changes | left alone | smaller by | |\n| --- | --- | ---: | ---: | ---: | --- |\n",
    );
    for repository in &report.repositories {
        let verified = repository.verified();
        let saved = if verified.before > 0 {
            format!("{} to {}", size(verified.before), size(verified.after))
        } else {
            size(repository.estimated_bytes())
        };
        let mut remarks = repository.problems();
        remarks.extend(repository.branch.clone());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {saved} | {} |",
            cell(&code(&repository.name)),
            repository.outcome.name(),
            repository.changes(),
            repository.refusals(),
            cell(&prose(&remarks.join("; "))),
        );
    }
    for problem in &report.problems {
        let _ = write!(text, "\n- {}\n", prose(problem));
    }
    text
}

/// Several files without a repository, as `check` sees them.
pub fn files(files: &[FileChange], ignores: &[IgnoreChange]) -> String {
    let mut text = String::new();
    for file in files {
        if file.changes.is_empty() {
            let _ = write!(text, "\n## {}\n\nNothing to change.\n", code(&file.file));
        } else {
            push_file(&mut text, file);
        }
    }
    for ignore in ignores {
        push_ignore(&mut text, ignore);
    }
    text.trim_start().to_owned()
}

/// A name as code. It may hold anything that file systems allow.
fn code(name: &str) -> String {
    let name = name.replace(char::is_control, "\u{FFFD}");
    let longest = name.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let blank = if longest > 0 { " " } else { "" };
    format!("{fence}{blank}{name}{blank}{fence}")
}

/// A sentence of ours, in which names stand between backticks: what is outside of them means nothing to Markdown.
fn prose(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    let parts = text.split('`').enumerate().map(|(number, part)| match number % 2 {
        0 => part.replace('<', "\\<").replace('*', "\\*").replace('[', "\\["),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
