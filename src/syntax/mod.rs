//! The Dockerfile language: text to a lossless tree and back.
//!
//! A [`Dockerfile`] is a list of [`Instruction`]s, each of which owns its own piece of the text, the comments and blank
//! lines above it included. What no pass touches is emitted from the original bytes; what a pass edits is parsed again,
//! that one instruction alone.

mod arguments;
mod edit;
mod error;
mod exec_form;
mod grammar;
mod heredoc;
mod keyword;
mod lex;
mod line;
mod logical;
mod node;
mod parse;
mod physical;
mod size;
mod tree;
mod validate;

pub use edit::Edit;
pub use error::SyntaxError;
pub use heredoc::Heredoc;
pub use keyword::Keyword;
pub use lex::{Lexed, Variables, expand};
pub use logical::Logical;
pub use node::{Arguments, Flag, Node, Pair, Text};
pub use parse::parse;
pub use size::too_large;
pub use tree::{Dockerfile, Instruction, LineRange, Newline};
pub use validate::csv_fields;
