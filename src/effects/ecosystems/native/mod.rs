//! C and its like: what compilers, `make` and `make install` leave.

mod makefile;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, Execution};
use crate::knowledge::{CommandScope, command_table};

use super::{Output, Surroundings};
use makefile::Makefile;

impl Surroundings<'_> {
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
            for recipe in text
                .iter()
                .flat_map(|text| Makefile::read(text, &given).recipes(&targets))
            {
                found.extend(build.by_script(&recipe, 0)?);
            }
        }
        Ok(found)
    }
}

/// Where `make install` and its like put things.
pub(crate) fn installed(run: &Execution) -> Result<Output, Obstacle> {
    const OPTIONS: &[&str] = &[
        "--prefix=",
        "-DCMAKE_INSTALL_PREFIX=",
        "PREFIX=",
        "prefix=",
        "DESTDIR=",
        "-DCMAKE_INSTALL_PREFIX:PATH=",
    ];
    let mut folders = run
        .commands
        .iter()
        .flat_map(|command| &command.words)
        .filter_map(|word| {
            let option = OPTIONS.iter().find(|option| word.text.starts_with(*option))?;
            Some(word.value.as_deref().and_then(|value| value.strip_prefix(option)))
        });
    match folders.next() {
        None | Some(Some("/usr/local" | "/usr/local/")) => Ok(Output::Local),
        Some(Some(folder))
            if folder.starts_with('/') && !matches!(folder.trim_end_matches('/'), "" | "/usr" | "/etc" | "/var") =>
        {
            Ok(Output::Path(folder.trim_end_matches('/').to_owned()))
        }
        Some(_) => Err(Obstacle::new(
            ObstacleKind::SharedPlace,
            "what is built is installed among the files of the system",
            "install it to /usr/local, or a folder of its own under /opt",
        )),
    }
}
