//! C and its like: what compilers, `make` and `make install` leave.

mod destinations;
mod makefile;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::Command;
use crate::knowledge::{CommandScope, command_table};

use super::{Output, Surroundings};
use destinations::project_table;
use makefile::{Makefile, TooLarge};

pub(crate) use destinations::Destinations;

impl Surroundings<'_> {
    /// What a command of a native compiler or build tool leaves, run in `folder`.
    pub(super) fn native(&self, command: &Command, folder: &str) -> Result<Vec<Output>, Obstacle> {
        let elsewhere = self.native_elsewhere(command, folder)?;
        let mut words = command.literal_arguments();
        let installs = words.any(|word| matches!(word, "install" | "--install" | "altinstall"));
        let installed = if installs && elsewhere.is_empty() {
            self.installed(command)?
        } else {
            Vec::new()
        };
        let left: Vec<Output> = [vec![Output::Project(folder.to_owned())], elsewhere, installed].concat();
        if project_table(command).is_some() {
            self.destinations.refuse_others(&left)?;
            self.refuse_named(folder, std::iter::empty(), &[])?;
        }
        Ok(left)
    }

    /// What a compiler of C and its like, or `make`, writes outside of the folder that it runs in.
    pub(super) fn native_elsewhere(&self, command: &Command, folder: &str) -> Result<Vec<Output>, Obstacle> {
        let Some(build) = self.build_in(folder) else {
            return Ok(Vec::new());
        };
        let mut found = match command_table(command.program().unwrap_or_default()) {
            Some(table) if table.scope == CommandScope::Arguments => build.by_command(command)?,
            _ => Vec::new(),
        };
        if command
            .program()
            .is_some_and(|program| matches!(program, "make" | "gmake"))
        {
            let words: Vec<&str> = command.literal_arguments().collect();
            let targets: Vec<&str> = words
                .iter()
                .copied()
                .filter(|word| !word.starts_with('-') && !word.contains('='))
                .collect();
            let given: Vec<(&str, &str)> = words.iter().filter_map(|word| word.split_once('=')).collect();
            let text = ["GNUmakefile", "makefile", "Makefile"]
                .iter()
                .find_map(|name| self.files.read(build.project.join(name).relative()));
            let Some(text) = text else { return Ok(found) };
            let recipes = Makefile::read(&text, &given).and_then(|makefile| makefile.recipes(&targets));
            for recipe in recipes.map_err(|TooLarge| too_large())? {
                found.extend(build.by_script(&recipe, 0)?);
            }
        }
        Ok(found)
    }
}

fn too_large() -> Obstacle {
    Obstacle::new(
        ObstacleKind::UnknownPlace,
        "the Makefile is too large to look into once its variables are replaced, so that nothing tells what it writes",
        "write a shorter Makefile, or build in a stage of its own",
    )
}
