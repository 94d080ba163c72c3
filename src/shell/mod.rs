//! The body of a `RUN` as commands with exact byte spans.
//!
//! [`parse`] takes the *logical* text that the shell would see: Docker's continuations and the comment lines between
//! them are gone. The grammar is brush-parser's. Its tokens come from the scanner in `lex.rs` and `words.rs`, because
//! brush's own tokenizer counts characters instead of bytes, loses the place of here-documents and of what follows a
//! continuation, rewrites the text of substitutions, and recurses without bound.
//!
//! The language is Bash's, of which what `sh` runs is nearly a subset. The exceptions that matter are listed at
//! [`RedirectKind::WriteBoth`] and [`Pipeline::timed`].
//!
//! [`commands`] walks over every simple command with what a pass must know before it touches it; the functions of
//! `edit.rs` compute what to delete or where to insert.

mod compound;
mod edit;
mod lex;
mod opaque;
mod parse;
mod tree;
mod walk;
mod words;

pub use edit::{end_of_last_command, grouped, removal_of_link, removal_of_word};
pub use opaque::{Opaque, Reason};
pub use parse::parse;
pub use tree::{
    Assignment, Command, Compound, CompoundKind, Function, Link, Operator, Pipeline, Redirect, RedirectKind, Script,
    SimpleCommand, Span, Statement, Word,
};
pub use walk::{Context, Place, ShellOptions, Visit, commands, compound_redirects};

#[cfg(test)]
mod tests;
