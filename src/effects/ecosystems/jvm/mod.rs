//! Java and its like: what builds of Maven and Gradle leave, and what their projects name.

pub(crate) mod manifests;
mod packaging;

use crate::facts::{Command, ManagerUse};
use crate::knowledge::Action;

use super::{Left, Output, workdir};

pub(crate) use packaging::{Beside, beside, names_built_file};

/// What a command of Maven or Gradle leaves: what the file names in the folder of the project, with what that needs.
pub(super) fn left(command: &Command, used: &ManagerUse) -> Left {
    match used.action {
        Action::Build | Action::Install | Action::Download => Ok(Some(vec![Output::Packaged(workdir(command, used)?)])),
        _ => Ok(Some(Vec::new())),
    }
}
