//! How the text of an instruction is changed so that the rest of it means the same, for all passes: commands joined or taken
//! out, system packages added, in the layout that the instruction has. Where a change is right is for the passes to say.

pub(crate) mod comments;
pub(crate) mod joining;
pub(crate) mod layout;
pub(crate) mod removal;
pub(crate) mod system_packages;
