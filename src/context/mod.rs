//! The build context: the files around a Dockerfile, as the build sees them.

mod glob;
mod go_regex;
mod ignore;
mod path;

pub use ignore::{DockerIgnore, Folder, IgnoreError, Verdict};
