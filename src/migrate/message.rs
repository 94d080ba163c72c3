//! The message of a commit: what was changed, file by file.

use std::fmt::Write as _;

use textwrap::{Options, WordSplitter};

use super::report::RepositoryReport;
use crate::emit::text::count;

/// The first line of commit messages, and the title of what describes a change.
pub const TITLE: &str = "Make Docker images smaller and rebuilds faster";

/// How wide messages are, as is usual for git.
const WIDTH: usize = 72;

/// The message of a commit with all changes of `report`.
pub fn commit_message(report: &RepositoryReport) -> String {
    let mut message = format!("{TITLE}\n");
    for file in report.files.iter().filter(|file| !file.changes.is_empty()) {
        push_title(&mut message, &file.file);
        let mut said: Vec<&str> = Vec::new();
        for change in &file.changes {
            // A long file has many changes that say the same.
            if !said.contains(&change.what.as_str()) {
                said.push(&change.what);
                push_item(&mut message, &change.what);
            }
        }
    }
    for ignore in &report.dockerignores {
        push_title(&mut message, &ignore.file);
        let patterns: Vec<&str> = ignore.patterns.iter().map(|added| added.pattern.as_str()).collect();
        push_item(
            &mut message,
            &format!("keep {} out of the build context", patterns.join(", ")),
        );
    }
    let declined = report.refusals();
    if declined > 0 {
        let changes = count(declined, "more change was", "more changes were");
        let _ = write!(
            message,
            "\n{changes} declined, since the facts did not show them to be right.\n"
        );
    }
    let _ = write!(message, "\nMade by plimsoll {}.\n", env!("CARGO_PKG_VERSION"));
    message
}

fn push_title(message: &mut String, file: &str) {
    let _ = write!(message, "\n{}:\n", one_line(file));
}

fn push_item(message: &mut String, text: &str) {
    let options = Options::new(WIDTH)
        .initial_indent("- ")
        .subsequent_indent("  ")
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    message.push_str(&textwrap::fill(&one_line(text), options));
    message.push('\n');
}

/// Names of files may hold line feeds, which would say something of their own in a message.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
