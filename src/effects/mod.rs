//! Effects: what each step reads, writes, deletes, needs and changes.
//!
//! A step is a command of a RUN, or a COPY, ADD or WORKDIR. Effects come from the tables in `data/commands/` and
//! `data/package-managers/`, and from files of the project. What no source tells is [`Effects::unknown`]: such a step may
//! read and write anywhere, so that no pass takes "not known" for "nothing".

mod command;
mod effect;
mod path;

pub use command::{Surroundings, is_standard_folder, of_command};
pub use effect::Effects;
pub use path::{AbsolutePath, Place};
