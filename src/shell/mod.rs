//! The body of a `RUN` as commands with exact byte spans.
//!
//! [`parse`] takes the *logical* text that the shell would see: Docker's continuations and the comment lines between
//! them are gone. It also takes shell text from elsewhere, such as a script file.
//!
//! The language is Bash's, of which what `sh` runs is nearly a subset. The exceptions that matter are listed at
//! [`RedirectKind::WriteBoth`] and [`Pipeline::timed`].
//!
//! [`commands`] walks over every simple command with what a pass must know before it touches it; the functions of
//! `edit.rs` compute what to delete or where to insert.

mod edit;
mod lines;
mod opaque;
mod parse;
mod tree;
mod walk;

pub use edit::{end_of_last_command, grouped, removal_of_link, removal_of_word};
pub use lines::Lines;
pub use opaque::{Opaque, Reason};
pub use parse::parse;
pub use tree::{
    Assignment, Command, Compound, CompoundKind, Function, Link, Operator, Pipeline, Redirect, RedirectKind, Script,
    SimpleCommand, Span, Statement, Word,
};
pub use walk::{Context, Place, ShellOptions, Visit, commands, compound_redirects};

#[cfg(test)]
mod tests;
