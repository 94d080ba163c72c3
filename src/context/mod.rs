//! The build context: the files around a Dockerfile, as the build sees them.
//!
//! [`DockerIgnore`] says what of a folder is sent, [`ContextSource`] answers questions about single paths without
//! walking, and [`Measure`] is the whole of it.

mod disk;
mod glob;
mod go_regex;
mod ignore;
mod measure;
mod memory;
mod path;
mod source;
mod walk;

pub use ignore::{DockerIgnore, Folder, IgnoreError, Verdict};
pub use measure::{Measure, Measured, Totals};
pub use source::{Child, ContextError, ContextSource, Presence, Unread};
pub use walk::{Entry, Kind, Walk};
