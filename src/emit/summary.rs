//! What a run over a fleet tells the person who started it.

use std::fmt::Write as _;

use super::Palette;
use super::text::{count, size};
use crate::migrate::report::{FleetReport, Mode, Outcome, RepositoryReport};

/// A line for each repository that something is to be said of, and one for each of its files that change.
pub fn repositories(report: &FleetReport, palette: &Palette) -> String {
    let mut text = String::new();
    for repository in &report.repositories {
        push_repository(&mut text, repository, palette);
    }
    text
}

fn push_repository(text: &mut String, repository: &RepositoryReport, palette: &Palette) {
    let Palette { done, left, title, .. } = palette;
    let name = plain(&repository.name);
    let outcome = repository.outcome.name();
    match repository.outcome {
        Outcome::Unchanged => return,
        Outcome::Refused | Outcome::Failed | Outcome::TimedOut => {
            let reason = plain(repository.reason.as_deref().unwrap_or_default());
            let _ = writeln!(text, "{title}{name}{title:#}: {left}{outcome}{left:#}: {reason}");
            return;
        }
        Outcome::Unread => {
            let _ = writeln!(text, "{title}{name}{title:#}: {left}{outcome}{left:#}:");
            push_unread(text, repository);
            return;
        }
        Outcome::WouldChange | Outcome::Written | Outcome::Committed => {}
    }
    let mut about = vec![count(repository.changes(), "change", "changes")];
    if repository.estimated_bytes() > 0 {
        about.push(format!("about {} less", size(repository.estimated_bytes())));
    }
    let verified = repository.verified();
    if verified.before > 0 {
        about.push(format!("built: {} to {}", size(verified.before), size(verified.after)));
    }
    if let Some(branch) = &repository.branch {
        about.push(format!("branch {branch}"));
    }
    let _ = writeln!(
        text,
        "{title}{name}{title:#}: {done}{outcome}{done:#}: {}",
        about.join(", ")
    );
    for file in repository.files.iter().filter(|file| !file.changes.is_empty()) {
        let changes = count(file.changes.len(), "change", "changes");
        let left = match file.refusals.len() {
            0 => String::new(),
            number => format!(", {number} left alone"),
        };
        let _ = writeln!(text, "  {}: {changes}{left}", plain(&file.file));
    }
    for ignore in &repository.dockerignores {
        let patterns = count(ignore.patterns.len(), "new pattern", "new patterns");
        let _ = writeln!(text, "  {}: {patterns}", plain(&ignore.file));
    }
    push_unread(text, repository);
}

fn push_unread(text: &mut String, repository: &RepositoryReport) {
    for unread in repository.unread() {
        let _ = writeln!(text, "  {}", plain(&unread.sentence()));
    }
}

/// The fleet in a few lines.
pub fn totals(report: &FleetReport) -> String {
    let totals = &report.totals;
    let changed = match report.mode {
        Mode::DryRun => "would change",
        Mode::Write => "changed",
        Mode::Branch => "got a branch",
    };
    let mut text = format!(
        "{}: {} {changed}, {} with nothing to change",
        count(totals.repositories, "repository", "repositories"),
        totals.changed,
        totals.unchanged
    );
    for (number, what) in [
        (totals.refused, "refused"),
        (totals.failed, "failed"),
        (totals.unread, "that could not be read"),
        (totals.timed_out, "that ran out of time"),
    ] {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    if totals.dockerfiles > 0 {
        let _ = write!(
            text,
            "\n{}: {} with changes ({} in all, {} left alone)",
            count(totals.dockerfiles, "Dockerfile", "Dockerfiles"),
            totals.changed_dockerfiles,
            totals.changes,
            totals.refusals
        );
    }
    if totals.dockerignores > 0 {
        let _ = write!(
            text,
            ", {} to go with them",
            count(totals.dockerignores, ".dockerignore", ".dockerignore files")
        );
    }
    if totals.estimated_bytes > 0 {
        let _ = write!(
            text,
            "\nimages: about {} less, by an estimate from package sizes",
            size(totals.estimated_bytes)
        );
    }
    if totals.verified.before > 0 {
        let (before, after) = (size(totals.verified.before), size(totals.verified.after));
        let _ = write!(text, "\nbuilt before and after: {before} to {after}");
    }
    if totals.unread_dockerfiles > 0 {
        let files = count(totals.unread_dockerfiles, "Dockerfile", "Dockerfiles");
        let _ = write!(text, "\n{files} could not be read");
    }
    let skipped = totals.skipped.iter().filter(|(reason, _)| !reason.is_unread());
    let skipped: Vec<String> = skipped
        .map(|(reason, number)| format!("{number} {}", reason.name()))
        .collect();
    if !skipped.is_empty() {
        let _ = write!(text, "\npassed over: {}", skipped.join(", "));
    }
    text
}

/// A name on one line, without what a terminal would obey.
fn plain(name: &str) -> String {
    name.replace(char::is_control, "\u{FFFD}")
}
