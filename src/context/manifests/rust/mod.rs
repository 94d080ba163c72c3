//! Rust: `Cargo.toml`, workspaces and the commands of cargo.

mod install;
mod package;

pub(super) use install::install;
pub(super) use package::declared;
