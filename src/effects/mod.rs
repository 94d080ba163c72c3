//! Effects: what each step reads, writes, deletes, needs and changes. The layer between facts and passes.
//!
//! Facts say what is written in the file and its context; this layer says what that means for the image. A step is a command
//! of a RUN, or a COPY, ADD or WORKDIR. Effects come from the tables in `data/commands/` and `data/package-managers/`, and
//! from files of the project. What no source tells is [`Effects::unknown`]: such a step may read and write anywhere, so
//! that no pass takes "not known" for "nothing". The layer knows nothing of passes.
//!
//! `image_files` says which files COPYs bring, `needs` what the program needs when it runs, `ecosystems` what the
//! tools of a language leave behind.

pub(crate) mod cache_readers;
mod classify;
mod command;
pub(crate) mod context_use;
pub(crate) mod download;
pub mod ecosystems;
mod effect;
mod evidence;
pub(crate) mod image_files;
pub(crate) mod installs;
pub(crate) mod later_use;
pub(crate) mod needs;
mod obstacle;
mod path;
pub(crate) mod steps;
pub(crate) mod timeline;
mod written;

pub(crate) use command::folder_of;
pub use command::{Surroundings, is_standard_folder, of_command};
pub use context_use::copied_sources;
pub use effect::Effects;
pub use evidence::Evidence;
pub use obstacle::{Obstacle, ObstacleKind};
pub use path::{AbsolutePath, Place};
