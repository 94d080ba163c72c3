//! The report for people.

use std::fmt::Write as _;

use anstyle::Style;
use textwrap::{Options, WordSplitter};

use super::Palette;
use crate::estimate::Saving;
use crate::passes::dockerignore::{Added, Kept, Proposal};
use crate::passes::{Change, Refusal};
use crate::rewrite::Rewrite;
use crate::syntax::LineRange;
use crate::visible::visible;

/// How a report is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Its colours.
    pub palette: Palette,
    /// Its width in columns.
    pub width: usize,
    /// Whether it says what was left alone, and the notes.
    pub is_complete: bool,
}

/// Everything that stands below a diff: each change, each refusal, the notes. Empty if there is nothing to say.
pub fn report(rewrite: &Rewrite, layout: &Layout) -> String {
    let mut sections = Vec::new();
    if !rewrite.changes.is_empty() {
        let title = count(rewrite.changes.len(), "change", "changes");
        let entries = by_line(rewrite).into_iter().map(entry_of_change);
        sections.push(section(&title, &visible(&rewrite.file), entries, layout));
    }
    let savings = rewrite.estimate();
    if !savings.is_empty() {
        sections.push(labelled("size", &estimated(&savings), "", layout));
    }
    if layout.is_complete && !rewrite.refusals.is_empty() {
        let title = format!("{} left alone", rewrite.refusals.len());
        let entries = rewrite.refusals.iter().map(entry_of_refusal);
        sections.push(section(&title, &visible(&rewrite.file), entries, layout));
    }
    if let Some(proposal) = &rewrite.dockerignore {
        sections.extend(dockerignore(proposal, layout));
    }
    if layout.is_complete && !rewrite.notes.is_empty() {
        let notes = rewrite
            .notes
            .iter()
            .map(|note| labelled("note", &visible(note), "", layout));
        sections.push(notes.collect());
    }
    sections.join("\n")
}

/// What is expected to be saved, in a sentence.
fn estimated(savings: &[Saving]) -> String {
    let megabytes = |bytes: u64| format!("{} MB", bytes.div_ceil(1_000_000));
    let total = savings.iter().map(|saving| saving.bytes).sum();
    let causes: Vec<String> = savings
        .iter()
        .map(|saving| format!("{} {}", saving.cause.name(), megabytes(saving.bytes)))
        .collect();
    format!(
        "about {} less, by an estimate from package sizes: {}",
        megabytes(total),
        causes.join(", ")
    )
}

/// What is proposed for a .dockerignore: each group of patterns, and what stays and why.
pub fn dockerignore(proposal: &Proposal, layout: &Layout) -> Vec<String> {
    let mut sections = Vec::new();
    if !proposal.patterns.is_empty() {
        let title = format!(
            "{}: {}, {} instead of {} sent",
            visible(&proposal.file),
            count(proposal.patterns.len(), "pattern", "patterns"),
            size(proposal.after.bytes),
            size(proposal.before.bytes)
        );
        let groups = proposal.patterns.chunk_by(|one, other| one.group == other.group);
        let whats: Vec<String> = groups.clone().map(what_of_group).collect();
        let entries = groups
            .zip(&whats)
            .filter_map(|(group, what)| entry_of_group(group, what));
        sections.push(section(&title, &visible(&proposal.file), entries, layout));
    }
    if layout.is_complete && !proposal.kept.is_empty() {
        let title = format!("{}: {} not kept out", visible(&proposal.file), proposal.kept.len());
        let Palette { title: bold, .. } = layout.palette;
        let mut text = format!("{bold}{title}{bold:#}\n");
        for kept in &proposal.kept {
            push_kept(&mut text, kept, layout);
        }
        sections.push(text);
    }
    if layout.is_complete && !proposal.notes.is_empty() {
        let notes = proposal
            .notes
            .iter()
            .map(|note| labelled("note", &visible(note), "", layout));
        sections.push(notes.collect());
    }
    sections
}

fn what_of_group(group: &[Added]) -> String {
    let patterns: Vec<String> = group.iter().map(|added| format!("`{}`", added.pattern)).collect();
    let bytes: u64 = group.iter().map(|added| added.keeps_out.bytes).sum();
    let files: u64 = group.iter().map(|added| added.keeps_out.files).sum();
    let now = match files {
        0 => "nothing here now".to_owned(),
        1 => format!("1 file, {}", size(bytes)),
        files => format!("{files} files, {}", size(bytes)),
    };
    format!("keep out {} ({now})", patterns.join(", "))
}

fn entry_of_group<'a>(group: &'a [Added], what: &'a str) -> Option<Entry<'a>> {
    let (first, last) = (group.first()?, group.last()?);
    Some(Entry {
        is_done: true,
        what,
        lines: LineRange {
            first: first.line,
            last: last.line,
        },
        pass: format!("dockerignore · {}", first.title),
        details: vec![("why", first.why.clone())],
    })
}

fn push_kept(text: &mut String, kept: &Kept, layout: &Layout) {
    text.push('\n');
    let what = format!("leave `{}` in", kept.pattern);
    push_styled(text, &wrap(&what, "○ ", "  ", layout.width), layout.palette.left);
    for (label, detail) in [("but", &kept.obstacle), ("try", &kept.remedy)] {
        text.push_str(&labelled(label, detail, "  ", layout));
    }
}

/// Bytes as people read them: `0 B`, `1.5 MB`. Powers of ten, as `docker` counts.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1000.0, 0);
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS.get(unit).copied().unwrap_or_default())
}

/// One line a change, in the style of compilers: `file:line: pass: what`.
pub fn check_lines(rewrite: &Rewrite) -> String {
    let mut text = String::new();
    for change in by_line(rewrite) {
        let _ = writeln!(
            text,
            "{}:{}: {}: {}",
            visible(&rewrite.file),
            change.lines.first,
            change.pass,
            change.what
        );
    }
    if let Some(proposal) = &rewrite.dockerignore {
        for group in proposal.patterns.chunk_by(|one, other| one.group == other.group) {
            let line = group.first().map_or(1, |added| added.line);
            let _ = writeln!(
                text,
                "{}:{line}: dockerignore: {}",
                visible(&proposal.file),
                what_of_group(group)
            );
        }
    }
    text
}

/// What happened to a file, in one line without a newline.
pub fn summary(rewrite: &Rewrite) -> String {
    let done = match rewrite.changes.len() {
        0 => "nothing to change".to_owned(),
        number => count(number, "change", "changes"),
    };
    let left = match rewrite.refusals.len() {
        0 => String::new(),
        number => format!(", {number} left alone"),
    };
    let beside = match &rewrite.dockerignore {
        Some(proposal) if proposal.is_change() => {
            let patterns = count(proposal.patterns.len(), "new pattern", "new patterns");
            format!("; {}: {patterns}", visible(&proposal.file))
        }
        _ => String::new(),
    };
    format!("{}: {done}{left}{beside}", visible(&rewrite.file))
}

/// `text` wrapped to `width`, each line behind `indent`, with a newline at its end.
pub fn wrapped(text: &str, indent: &str, width: usize) -> String {
    wrap(text, indent, indent, width)
}

/// `1 change`, `2 changes`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What a change and a refusal have in common on paper.
struct Entry<'a> {
    is_done: bool,
    what: &'a str,
    lines: LineRange,
    pass: String,
    details: Vec<(&'a str, String)>,
}

fn entry_of_change(change: &Change) -> Entry<'_> {
    let evidence = change
        .evidence
        .iter()
        .map(|evidence| ("see", format!("{}: {}", evidence.place, evidence.fact)));
    let assumed = change.assumptions.iter();
    let assumed = assumed.map(|assumed| ("and", format!("assumes that {}", assumed.what)));
    Entry {
        is_done: true,
        what: &change.what,
        lines: change.lines,
        pass: format!("{} · {}", change.pass, change.level),
        details: [("why", change.why.clone())]
            .into_iter()
            .chain(evidence)
            .chain(assumed)
            .collect(),
    }
}

fn entry_of_refusal(refusal: &Refusal) -> Entry<'_> {
    Entry {
        is_done: false,
        what: &refusal.what,
        lines: refusal.lines,
        pass: refusal.pass.to_owned(),
        details: vec![("but", refusal.obstacle.clone()), ("try", refusal.remedy.clone())],
    }
}

fn section<'a>(title: &str, file: &str, entries: impl Iterator<Item = Entry<'a>>, layout: &Layout) -> String {
    let Palette { title: bold, aside, .. } = layout.palette;
    let mut text = format!("{bold}{title}{bold:#}\n");
    for (entry, lines) in grouped(entries) {
        let (bullet, style) = if entry.is_done {
            ("● ", layout.palette.done)
        } else {
            ("○ ", layout.palette.left)
        };
        let place = format!("{file}:{lines} · {}", entry.pass);
        text.push('\n');
        push_styled(&mut text, &wrap(entry.what, bullet, "  ", layout.width), style);
        push_styled(&mut text, &wrapped(&place, "  ", layout.width), aside);
        for (label, detail) in entry.details.iter().filter(|(_, detail)| !detail.is_empty()) {
            text.push_str(&labelled(label, detail, "  ", layout));
        }
    }
    text
}

/// Entries that say the same of several places, as one with all of its lines: a long file has many alike.
fn grouped<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Vec<(Entry<'a>, String)> {
    let mut groups: Vec<(Entry<'a>, String)> = Vec::new();
    for entry in entries {
        let is_alike =
            |other: &Entry| (other.what, &other.pass, &other.details) == (entry.what, &entry.pass, &entry.details);
        match groups.iter_mut().find(|(other, _)| is_alike(other)) {
            Some((_, lines)) => {
                let _ = write!(lines, ", {}", entry.lines);
            }
            None => {
                let lines = entry.lines.to_string();
                groups.push((entry, lines));
            }
        }
    }
    groups
}

/// Styles each line by itself, so that no style runs into what follows.
fn push_styled(text: &mut String, lines: &str, style: Style) {
    for line in lines.lines() {
        let _ = writeln!(text, "{style}{line}{style:#}");
    }
}

/// `text` wrapped behind `label`, on lines that begin with `indent`.
pub(super) fn labelled(label: &str, text: &str, indent: &str, layout: &Layout) -> String {
    let style = layout.palette.aside;
    let rest = " ".repeat(indent.len() + label.len() + 2);
    wrap(text, &format!("{indent}{style}{label}{style:#}  "), &rest, layout.width)
}

fn wrap(text: &str, first: &str, rest: &str, width: usize) -> String {
    // A path or a command that is longer than the line stays whole: someone may want to copy it.
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options) + "\n"
}

/// The changes as a reader meets them in the diff.
fn by_line(rewrite: &Rewrite) -> Vec<&Change> {
    let mut changes: Vec<_> = rewrite.changes.iter().collect();
    changes.sort_by_key(|change| change.lines.first);
    changes
}
