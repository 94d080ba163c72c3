//! Plimsoll rewrites Dockerfiles so that images get smaller and rebuilds faster while the app keeps working.
//!
//! Data flows one way: text → [`syntax`] → [`facts`] (with [`shell`] and [`knowledge`]) → [`passes`] → [`emit`].

pub mod cli;
pub mod config;
pub mod context;
mod edits;
pub mod effects;
pub mod emit;
pub mod estimate;
pub mod facts;
pub mod knowledge;
pub mod migrate;
pub mod passes;
pub mod process;
mod repository_file;
pub mod rewrite;
pub mod shell;
pub mod smoke;
mod suggest;
pub mod syntax;
pub(crate) mod validate;
pub mod verify;
mod visible;
mod write;
