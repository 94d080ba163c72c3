//! Rust: `Cargo.toml`, workspaces and the commands of cargo.

mod install;
mod package;

pub(crate) use install::install;
pub(crate) use package::declared;
