//! The tree: a file as a list of instructions that own their text.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::{Problem, SyntaxError};
use super::grammar::Escape;
use super::node::Node;
use super::{Keyword, parse};

/// Lines of the original file, counted from 1, the last one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LineRange {
    /// The first line.
    pub first: usize,
    /// The last line.
    pub last: usize,
}

impl LineRange {
    /// The lines from the first of `self` or `other` to the last of either.
    pub fn join(self, other: LineRange) -> LineRange {
        LineRange {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

impl fmt::Display for LineRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// How the lines of a file end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newline {
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
}

impl Newline {
    /// The characters that end a line.
    pub fn as_str(self) -> &'static str {
        match self {
            Newline::Lf => "\n",
            Newline::CrLf => "\r\n",
        }
    }
}

/// A Dockerfile.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    /// The name that messages give it.
    pub name: String,
    /// The byte-order mark and the parser directives at the very top, as they stand in the file.
    pub prologue: String,
    /// The parser directives (`syntax`, `escape`, `check`), in lower case, with their values.
    pub directives: Vec<(String, String)>,
    /// The instructions in their order.
    pub instructions: Vec<Instruction>,
    /// Comments and blank lines below the last instruction.
    pub epilogue: String,
    /// How most lines end.
    pub newline: Newline,
    pub(super) escape: Escape,
}

impl Dockerfile {
    /// The lines of instruction number `index`; the first line for one that stood in no file.
    pub fn lines_of(&self, index: usize) -> LineRange {
        let lines = self.instructions.get(index).and_then(|instruction| instruction.lines);
        lines.unwrap_or(LineRange { first: 1, last: 1 })
    }

    /// The line on which instruction number `index` begins.
    pub fn line_of(&self, index: usize) -> usize {
        self.lines_of(index).first
    }

    /// Where instruction number `index` begins, as messages name it: `Dockerfile:7`.
    pub fn place_of(&self, index: usize) -> String {
        format!("{}:{}", self.name, self.line_of(index))
    }

    /// The text of the file. An untouched tree gives the bytes that it was parsed from.
    pub fn emit(&self) -> String {
        let mut text = self.prologue.clone();
        for (index, instruction) in self.instructions.iter().enumerate() {
            let is_last_instruction = index + 1 == self.instructions.len();
            text.push_str(&instruction.leading);
            text.push_str(if is_last_instruction {
                &instruction.text
            } else {
                instruction.closed(self.escape())
            });
            let is_last = is_last_instruction && self.epilogue.is_empty();
            // Only the end of the file may do without a newline; an instruction that moved up from there gets one.
            text.push_str(if instruction.ending.is_empty() && !is_last {
                self.newline.as_str()
            } else {
                &instruction.ending
            });
        }
        text.push_str(&self.epilogue);
        text
    }

    /// The character that continues a line: `\` or `` ` ``.
    pub fn escape(&self) -> char {
        self.escape.character()
    }

    /// The value of a parser directive, if the file has it.
    pub fn directive(&self, name: &str) -> Option<&str> {
        self.directives
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Makes an instruction of `text`, a keyword and its arguments without a newline at the end, for insertion into
    /// this file.
    ///
    /// # Errors
    /// If `text` is not one instruction that BuildKit accepts. The error's lines count from the beginning of `text`.
    pub fn instruction(&self, text: impl Into<String>) -> Result<Instruction, SyntaxError> {
        let text = text.into();
        let locate = |problem: Problem| problem.locate(&self.name, &text);
        let (node, length) = parse::node(&text, self.escape).map_err(locate)?;
        if length != text.len() {
            let problem = Problem::new(
                length,
                "text behind the instruction",
                "one instruction",
                "report this as a bug",
            );
            return Err(locate(problem));
        }
        Ok(Instruction {
            leading: String::new(),
            ending: self.newline.as_str().to_owned(),
            text,
            lines: None,
            node,
        })
    }
}

/// One instruction, with the comments and blank lines above it.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// The comments and blank lines above it.
    pub leading: String,
    /// Its own text, from the keyword to the last character before the newline, heredoc bodies included. All ranges in
    /// [`Self::node`] count from the beginning of this text.
    pub(super) text: String,
    /// The newline behind it; empty at the end of a file that lacks one.
    pub ending: String,
    /// Where it stood in the original file; none for an instruction that a pass wrote.
    pub lines: Option<LineRange>,
    /// What the text says.
    pub(super) node: Node,
}

impl Instruction {
    /// Its own text, without the newline at the end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text without a continuation that leads nowhere. Only the last instruction of a file can end with one;
    /// whatever came to stand behind it would become a part of it.
    fn closed(&self, escape: char) -> &str {
        let end = self.node.arguments_range.end;
        let is_open = |tail: &str| self.node.heredocs.is_empty() && tail.contains(escape);
        if self.text.get(end..).is_some_and(is_open) {
            self.text.get(..end).unwrap_or(&self.text)
        } else {
            &self.text
        }
    }

    /// What the text says.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The kind of instruction.
    pub fn keyword(&self) -> Keyword {
        self.node.keyword
    }
}
