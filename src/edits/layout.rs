//! How an instruction is laid out, so that what a pass adds looks like the rest.

use crate::syntax::{Dockerfile, Instruction};

use super::joining::Joining;

/// The longest line that a pass makes by joining two.
const WIDTH: usize = 80;

/// The most columns that lines are indented by.
const WIDEST_INDENT: usize = 8;

/// How an instruction continues its lines.
pub(crate) struct Layout {
    /// What ends a line that goes on: a blank, the escape character and the newline.
    line_break: String,
    /// The blanks before a continued line.
    indent: String,
    /// Whether `&&` stands at the end of a line, not at the beginning of the next.
    operator_at_end: bool,
}

impl Layout {
    /// Reads the layout off an instruction; what it does not show is as most people write it.
    pub(crate) fn of(file: &Dockerfile, instruction: &Instruction) -> Layout {
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
            // What is aligned with something in the first line is no indent.
            .filter(|indent| !indent.is_empty() && indent.replace('\t', "    ").len() <= WIDEST_INDENT);
        Layout {
            line_break: format!(" {}{}", file.escape(), file.newline.as_str()),
            indent: indent.unwrap_or("    ").to_owned(),
            operator_at_end: !continued.iter().any(|line| begins_with_operator(&line))
                && instruction.text().lines().any(ends_with_operator),
        }
    }

    /// What stands between two words on two lines.
    pub(crate) fn new_line(&self) -> String {
        format!("{}{}", self.line_break, self.indent)
    }

    /// What stands between two commands that `joining` joins: in one line where `before` and `after`, the last and the
    /// first line around it, leave room.
    pub(crate) fn join(&self, joining: Joining, before: &str, after: &str, may_share_line: bool) -> String {
        let shares_line = may_share_line && before.chars().count() + after.chars().count() + 4 <= WIDTH;
        match joining {
            Joining::And if shares_line => " && ".to_owned(),
            Joining::And if self.operator_at_end => format!(" &&{}", self.new_line()),
            Joining::And => format!("{}&& ", self.new_line()),
            Joining::Next if shares_line => "; ".to_owned(),
            Joining::Next => format!(";{}", self.new_line()),
        }
    }

    /// `lines` of comments as they may stand within an instruction.
    pub(crate) fn comments(&self, lines: &str, newline: &str) -> String {
        let comments = lines.lines().map(str::trim).filter(|line| line.starts_with('#'));
        comments.map(|line| format!("{}{line}{newline}", self.indent)).collect()
    }
}
