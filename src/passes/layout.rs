//! How an instruction is laid out, so that what a pass adds looks like the rest.

use crate::syntax::{Dockerfile, Instruction};

/// The longest line that a pass makes by joining two.
const WIDTH: usize = 100;

/// How an instruction continues its lines.
pub(super) struct Layout {
    /// What ends a line that goes on: a blank, the escape character and the newline.
    line_break: String,
    /// The blanks before a continued line.
    indent: String,
    /// Whether `&&` stands at the end of a line, not at the beginning of the next.
    operator_at_end: bool,
}

impl Layout {
    /// Reads the layout off an instruction; what it does not show is as most people write it.
    pub(super) fn of(file: &Dockerfile, instruction: &Instruction) -> Layout {
        let continued: Vec<&str> = instruction
            .text()
            .lines()
            .skip(1)
            .take_while(|_| instruction.node().heredocs.is_empty())
            .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
            .collect();
        let begins_with_operator = |line: &&&str| line.trim_start().starts_with("&&");
        let ends_with_operator = |line: &str| line.trim_end_matches([file.escape(), ' ', '\t']).ends_with("&&");
        let model = continued.iter().find(begins_with_operator).or(continued.first());
        let indent = model
            .map(|line| &line[..line.len() - line.trim_start().len()])
            .filter(|indent| !indent.is_empty());
        Layout {
            line_break: format!(" {}{}", file.escape(), file.newline.as_str()),
            indent: indent.unwrap_or("    ").to_owned(),
            operator_at_end: !continued.iter().any(|line| begins_with_operator(&line))
                && instruction.text().lines().any(ends_with_operator),
        }
    }

    /// What stands between two words on two lines.
    pub(super) fn new_line(&self) -> String {
        format!("{}{}", self.line_break, self.indent)
    }

    /// What stands between two commands of an `&&` chain: in one line where `before` and `after`, the last and the
    /// first line around it, leave room.
    pub(super) fn and(&self, before: &str, after: &str, may_share_line: bool) -> String {
        if may_share_line && before.chars().count() + after.chars().count() + 4 <= WIDTH {
            " && ".to_owned()
        } else if self.operator_at_end {
            format!(" &&{}", self.new_line())
        } else {
            format!("{}&& ", self.new_line())
        }
    }

    /// `lines` of comments as they may stand within an instruction.
    pub(super) fn comments(&self, lines: &str, newline: &str) -> String {
        let comments = lines.lines().map(str::trim).filter(|line| line.starts_with('#'));
        comments.map(|line| format!("{}{line}{newline}", self.indent)).collect()
    }
}
