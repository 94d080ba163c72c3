//! The Dockerfile language: what is accepted and how it is understood, what is refused and what the message says.

mod cases;
mod check;
mod dump;
mod edits;
mod properties;
