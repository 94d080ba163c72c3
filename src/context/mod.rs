//! The build context: the files around a Dockerfile, as the build sees them.
//!
//! [`locate`] finds the folder, [`DockerIgnore`] says what of it is sent, [`ContextSource`] answers questions about
//! single paths without walking, and [`Measure`] is the whole of it. [`compose`] reads what Compose files say.

pub mod compose;
mod containers;
mod disk;
mod files;
pub(crate) mod git_ignored;
mod glob;
mod go_regex;
mod ignore;
mod imports;
mod locate;
mod measure;
mod memo;
mod memory;
pub(crate) mod mentions;
mod orchestrated;
mod path;
mod snapshot;
mod source;
mod sources;
mod walk;
mod yaml;

pub use containers::ContainerCommand;
pub use files::{Files, MemoryFiles};
pub use glob::matches_name;
pub use ignore::{DockerIgnore, Folder, IgnoreError, Verdict};
pub use imports::python_imports;
pub use locate::{ContextLocation, Origin, locate, locate_among};
pub use measure::{Measure, Measured, Totals};
pub use orchestrated::ContainerRun;
pub use snapshot::{Copied, Fingerprint, NotCopied};
pub use source::{Child, ContextError, ContextSource, Contexts, Presence, Unread};
pub use walk::{Entry, Kind, Walk};
