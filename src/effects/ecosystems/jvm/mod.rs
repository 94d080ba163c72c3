//! Java and its like: what builds of Maven and Gradle leave, and what their projects name.

pub(crate) mod manifests;

use crate::facts::{Command, ManagerUse};
use crate::knowledge::Action;

use super::{Left, Output, workdir};

/// What a command of Maven or Gradle leaves: what the file names in the folder of the project.
pub(super) fn left(command: &Command, used: &ManagerUse) -> Left {
    match used.action {
        Action::Build | Action::Install | Action::Download => Ok(Some(vec![Output::NamedIn(workdir(command, used)?)])),
        _ => Ok(Some(Vec::new())),
    }
}
