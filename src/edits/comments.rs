//! The comments in stretches of a RUN that go: those that speak of something else than cleaning stay.

use std::ops::Range;

use crate::knowledge::is_about_cleaning;
use crate::syntax::Edit;

/// Where comments stay.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Those that stay in the instruction, in front of a line.
    pub(crate) edits: Vec<Edit>,
    /// Those that come above the instruction, one on each line.
    pub(crate) above: Vec<String>,
}

/// Where the comments stay that stand in `gone`, stretches of `text` that are deleted. `is_kept` says of a word whether it
/// names something that stays in the RUN: a comment that names it is about that.
pub(crate) fn kept(text: &str, gone: &[Range<usize>], escape: char, is_kept: &dyn Fn(&str) -> bool) -> Kept {
    let stretches = joined(text, gone, escape);
    let mut kept = Kept::default();
    for stretch in &stretches {
        let comments: Vec<&str> = comments(text, stretch)
            .filter(|comment| !goes(comment, is_kept))
            .collect();
        if comments.is_empty() {
            continue;
        }
        match place(text, stretch, &stretches, escape) {
            0 => kept
                .above
                .extend(comments.iter().map(|comment| comment.trim().to_owned())),
            at => kept.edits.push(Edit::insert(at, comments.concat())),
        }
    }
    kept
}

/// Whether a comment goes with a command that cleans.
fn goes(comment: &str, is_kept: &dyn Fn(&str) -> bool) -> bool {
    let lower = comment.to_lowercase();
    let words = || lower.split(|c: char| !(c.is_alphanumeric() || "-_.+".contains(c)));
    words().any(is_about_cleaning) && !words().any(is_kept)
}

/// The lines of a stretch that are comments as a whole.
fn comments<'t>(text: &'t str, stretch: &Range<usize>) -> impl Iterator<Item = &'t str> {
    let part = text.get(stretch.clone()).unwrap_or_default();
    // What is behind the last newline ends with something else, and what is in front of the first one may begin with it.
    let begins_inside = line_start(text, stretch.start) != stretch.start;
    let lines = part.split_inclusive('\n').skip(usize::from(begins_inside));
    lines.filter(|line| line.ends_with('\n') && line.trim_start().starts_with('#'))
}

/// Stretches in order, those made one that have nothing but a line break between them.
fn joined(text: &str, gone: &[Range<usize>], escape: char) -> Vec<Range<usize>> {
    let mut sorted = gone.to_vec();
    sorted.sort_by_key(|stretch| stretch.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for stretch in sorted {
        match joined.last_mut() {
            Some(last) if stretch.start <= last.end || is_break(text, last.end..stretch.start, escape) => {
                last.end = last.end.max(stretch.end);
            }
            _ => joined.push(stretch),
        }
    }
    joined
}

fn is_break(text: &str, range: Range<usize>, escape: char) -> bool {
    let between = text.get(range).unwrap_or_default();
    between.chars().all(|c| c.is_whitespace() || c == escape)
}

/// In front of which line the comments of a stretch stay: of the one behind it, where no more than an operator stays of its
/// last line; else of the one that it begins in. 0 means above the instruction.
fn place(text: &str, stretch: &Range<usize>, stretches: &[Range<usize>], escape: char) -> usize {
    let rest = text.get(stretch.end..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    let is_plain = |c: char| c.is_whitespace() || c == escape || matches!(c, '&' | '|' | ';');
    if line.chars().all(is_plain) && line.len() < rest.len() {
        return stretch.end + line.len() + 1;
    }
    let mut at = line_start(text, stretch.start);
    while let Some(around) = stretches.iter().find(|other| other.start < at && at < other.end) {
        at = line_start(text, around.start);
    }
    at
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without the stretches that stand between `<` and `>`, and with the comments that stay.
    fn without(marked: &str) -> String {
        let (mut text, mut gone) = (String::new(), Vec::new());
        for part in marked.split('<') {
            match part.split_once('>') {
                Some((inside, rest)) => {
                    gone.push(text.len()..text.len() + inside.len());
                    text.push_str(inside);
                    text.push_str(rest);
                }
                None => text.push_str(part),
            }
        }
        let kept = kept(&text, &gone, '\\', &|word| word == "git");
        let mut edits = kept.edits;
        edits.extend(gone.into_iter().map(Edit::delete));
        edits.sort_by_key(|edit| std::cmp::Reverse((edit.range.start, edit.range.end)));
        for edit in edits {
            text.replace_range(edit.range, &edit.text);
        }
        kept.above.into_iter().map(|line| line + "\n").collect::<String>() + &text
    }

    #[test]
    fn comments_about_something_else_stay() {
        let cases = [
            // At the end, above the line that is the last one then; in one line, above the instruction.
            (
                "RUN a \\\n    && b< \\\n    # 81\n    && rm x>",
                "RUN a \\\n    # 81\n    && b",
            ),
            ("RUN a< \\\n    # 81\n    && rm x>", "# 81\nRUN a"),
            // In the middle, where it was.
            (
                "RUN a< \\\n    # 81\n    && rm x> \\\n    && b",
                "RUN a \\\n    # 81\n    && b",
            ),
            (
                "RUN a< && \\\n    # 81\n    rm x> && \\\n    b",
                "RUN a && \\\n    # 81\n    b",
            ),
            (
                "RUN a && \\\n    <rm x && \\\n    # of b\n    >b",
                "RUN a && \\\n    # of b\n    b",
            ),
            ("RUN <rm x && \\\n    # of b\n    >b", "# of b\nRUN b"),
            // Stretches beside each other.
            (
                "RUN a< \\\n    # 81\n    && rm x>< \\\n    # 82\n    && rm y>",
                "# 81\n# 82\nRUN a",
            ),
            // What speaks of cleaning goes, unless it names what stays.
            ("RUN a< \\\n    # Clean up\n    && rm x>", "RUN a"),
            (
                "RUN a< \\\n    # lists go, git stays\n    && rm x>",
                "# lists go, git stays\nRUN a",
            ),
        ];
        for (before, after) in cases {
            assert_eq!(without(before), after, "{before}");
        }
    }
}
