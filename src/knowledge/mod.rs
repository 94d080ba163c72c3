//! Typed access to `data/`: what is known about package managers and base images.
//!
//! The tables are embedded in the program and parsed once, when they are first asked for. `data/README.md` describes
//! how to write them.

mod base_environment;
mod cache;
mod condition;
mod invocation;
mod manager;
mod managers;
mod programs;
mod verbs;

#[cfg(test)]
mod tests;

pub use base_environment::{Account, BaseEnvironment, base_environment};
pub use cache::{Cache, Holds, Place, Sharing};
pub use condition::{Condition, Setting, Surroundings};
pub use invocation::{Argument, ArgumentKind, Invocation, OptionUse, Value};
pub use manager::{
    Arguments, Clean, CleanBy, Contradiction, HomeFrom, Keep, Kind, Lists, Manager, Options, Project, Role, Variant,
};
pub use managers::{Managers, Recognized, managers};
pub use programs::{build_metadata, inert_programs};
pub use verbs::{Action, VerbMatch, VerbWords, Verbs};
