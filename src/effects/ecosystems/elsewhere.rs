//! Where builds of a project write outside of its folder: by their words, the scripts that they run and their settings.

use crate::context::Files;
use crate::effects::command::{folder_of, is_standard_folder, of_command, script_of};
use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, Place};
use crate::facts::{Command, Execution, ManagerUse, Scope};
use crate::knowledge::{Action, ArgumentRole, Kind};

use super::Output;
use super::output_settings::literals;

/// How deep scripts that run scripts are followed.
const DEEPEST: usize = 6;

/// A build of a project.
pub(super) struct Build<'b> {
    pub(super) scope: &'b Scope,
    pub(super) files: &'b dyn Files,
    /// The folder of the project.
    pub(super) project: AbsolutePath,
}

impl Build<'_> {
    /// What one command writes outside of the project.
    ///
    /// # Errors
    /// Where it cannot be told whether it writes what it names.
    pub(super) fn by_command(&self, command: &Command) -> Result<Vec<Output>, Obstacle> {
        let effects = of_command(command, &());
        let outside = |place: &&Place| !place.is_within(&self.project) && !place.is_within_scratch();
        if effects.unknown.is_some() {
            self.refuse_named(command.literal_arguments(), &[])?;
            return self.refuse_named_in_code(command).map(|()| Vec::new());
        }
        let outer = effects.written_paths().into_iter();
        let is_outside = |path: &&AbsolutePath| outside(&&Place::Exactly((*path).clone()));
        let paths: Vec<&AbsolutePath> = outer.filter(is_outside).collect();
        match paths.first() {
            Some(path) if command.context.conditional => Err(maybe(path)),
            _ => Ok(paths.iter().map(|path| Output::Path(path.to_string())).collect()),
        }
    }

    /// Refuses words that name a path outside of the project, of which it is not known what is done with it. Those within
    /// one of `known` are no such paths, nor those of files that were there before.
    pub(super) fn refuse_named<'w>(
        &self,
        words: impl Iterator<Item = &'w str>,
        known: &[&str],
    ) -> Result<(), Obstacle> {
        let known: Vec<AbsolutePath> = known.iter().filter_map(|path| AbsolutePath::of(path, None)).collect();
        let paths = words
            .flat_map(|word| word.split(['=', ',']))
            .filter_map(|part| self.path_in(part));
        let mut outside = paths.filter(|path| {
            !path.is_within(&self.project)
                && !Place::Exactly(path.clone()).is_within_scratch()
                && !known.iter().any(|known| path.is_within(known))
                && !self.files.exists(path.relative())
        });
        outside.next().map_or(Ok(()), |path| Err(maybe(&path)))
    }

    /// Refuses texts in the code that a command runs which name a path outside of the project: `node build.js` with `../out` in
    /// it. A relative one may count from the folder of the file, too.
    fn refuse_named_in_code(&self, command: &Command) -> Result<(), Obstacle> {
        let Some((path, text)) = self.code_of(command) else {
            return Ok(());
        };
        let folder = path.parent().unwrap_or_else(AbsolutePath::root);
        let leads_out = |text: &&str| {
            let is_absolute = text.starts_with('/');
            let within = |folder: &AbsolutePath| folder.join(text).is_within(&self.project);
            let is_path = !text.contains(|c: char| c.is_whitespace() || "*?[]{}()$<>:;,|".contains(c));
            is_path
                && if is_absolute {
                    is_of_system(text)
                } else {
                    !within(&self.project) && !within(&folder)
                }
        };
        let literals: Vec<&str> = text.lines().flat_map(literals).collect();
        self.refuse_named(literals.into_iter().filter(leads_out), &[])
    }

    /// The file of the project that a command runs as code, and its text.
    fn code_of(&self, command: &Command) -> Option<(AbsolutePath, String)> {
        let reading = command.reading()?;
        let mut arguments = reading.arguments.iter();
        let script = arguments.find(|argument| argument.role == ArgumentRole::Script)?;
        let path = AbsolutePath::of(script.text.as_deref()?, folder_of(command).as_ref())?;
        let text = self.files.read(path.relative())?;
        Some((path, text))
    }

    /// The path in a part of a word: an absolute one, or one that leads out of the folder, by itself or behind the letter of
    /// an option: `-d/srv`, `../out`.
    fn path_in(&self, part: &str) -> Option<AbsolutePath> {
        let part = match part.strip_prefix('-') {
            Some(option) => option.get(1..)?,
            None => part,
        };
        let leads_out = part.len() > 1 && part.starts_with('/') || part.split('/').any(|name| name == "..");
        leads_out.then(|| AbsolutePath::of(part, Some(&self.project))).flatten()
    }

    /// What a text of the shell writes outside of the project.
    ///
    /// # Errors
    /// Where that cannot be told, or where it installs packages.
    pub(super) fn by_script(&self, text: &str, depth: usize) -> Result<Vec<Output>, Obstacle> {
        let Ok(script) = Execution::of_script(text, self.scope, Some(self.project.as_str())) else {
            return Err(Obstacle::new(
                ObstacleKind::UnknownCommand,
                format!(
                    "a build of {} runs `{}`, which is not understood",
                    self.project,
                    first_line(text)
                ),
                "split the stages by hand",
            ));
        };
        let mut found = Vec::new();
        for command in &script.commands {
            found.extend(self.by_step(command, depth)?);
        }
        Ok(found)
    }

    /// What one command of a script writes outside of the project.
    fn by_step(&self, command: &Command, depth: usize) -> Result<Vec<Output>, Obstacle> {
        match &command.manager {
            Some(used) if is_install(used) => Err(Obstacle::new(
                ObstacleKind::SharedPlace,
                format!(
                    "a build of {} runs `{}`, which installs outside of it",
                    self.project,
                    called(command)
                ),
                "install in a RUN of its own, before the build",
            )),
            Some(used) if used.is_node() => {
                let words: Vec<&str> = command.literal_arguments().collect();
                self.by_package_script(&words, depth + 1)
            }
            Some(_) => Ok(Vec::new()),
            None => match self.script_text(command).filter(|_| depth < DEEPEST) {
                Some(text) => self.by_script(&text, depth + 1),
                None => self.by_command(command),
            },
        }
    }

    /// The text of the script that a command runs, where the project has it and it is for a shell.
    fn script_text(&self, command: &Command) -> Option<String> {
        let (path, is_shell) = script_of(command)?;
        let path = AbsolutePath::of(&path, folder_of(command).as_ref())?;
        let text = self.files.read(path.relative())?;
        let is_for_shell = is_shell || path.as_str().ends_with(".sh") || first_line(&text).ends_with("sh");
        is_for_shell.then_some(text)
    }

    /// What the scripts of a project that an install runs, by their names, write outside of it.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub(super) fn by_install_scripts(&self, names: &[&str]) -> Result<Vec<Output>, Obstacle> {
        let manifest = self.files.read(self.project.join("package.json").relative());
        let manifest = manifest.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let scripts = manifest.as_ref().and_then(|manifest| manifest.get("scripts"));
        let texts = names.iter().filter_map(|name| scripts?.get(name)?.as_str());
        let mut found = Vec::new();
        for text in texts {
            found.extend(self.by_script(text, 0)?);
        }
        Ok(found)
    }

    /// What `npm run NAME -- ARGUMENTS` writes outside of the project; `words` are those after the program.
    pub(super) fn by_package_script(&self, words: &[&str], depth: usize) -> Result<Vec<Output>, Obstacle> {
        let path = self.project.join("package.json");
        let manifest = self.files.read(path.relative());
        let manifest = manifest.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let Some(manifest) = manifest.filter(|_| depth < DEEPEST) else {
            return Ok(Vec::new());
        };
        let script = |name: &str| Some(manifest.get("scripts")?.get(name)?.as_str()?.to_owned());
        let operands = words
            .iter()
            .take_while(|word| **word != "--")
            .filter(|word| !word.starts_with('-'));
        let Some(name) = operands
            .copied()
            .find(|word| !matches!(*word, "run" | "run-script") && script(word).is_some())
        else {
            return Ok(Vec::new());
        };
        let at = words.iter().position(|word| *word == name).map_or(0, |at| at + 1);
        let arguments = words.get(at..).unwrap_or_default().iter().filter(|word| **word != "--");
        let mut found = Vec::new();
        for stage in ["pre", "", "post"] {
            let Some(mut text) = script(&format!("{stage}{name}")) else {
                continue;
            };
            if stage.is_empty() {
                arguments.clone().for_each(|word| text.push_str(&format!(" '{word}'")));
            }
            found.extend(self.by_script(&text, depth + 1)?);
        }
        Ok(found)
    }
}

/// Whether an absolute path is below a folder of the system: `/api/users` is an address of a server.
fn is_of_system(path: &str) -> bool {
    const MADE_BY_KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];
    let mut above = path
        .match_indices('/')
        .skip(1)
        .map(|(at, _)| path.get(..at).unwrap_or_default());
    above.next().is_some_and(|first| {
        let folder = AbsolutePath::of(first, None);
        folder.is_some_and(|folder| is_standard_folder(&folder)) && !MADE_BY_KERNEL.contains(&first)
    })
}

/// Whether packages are installed elsewhere than in the folder of the project.
fn is_install(used: &ManagerUse) -> bool {
    let changes = matches!(used.action, Action::Install | Action::Upgrade | Action::Remove);
    changes && (used.manager.kind == Kind::System || !used.is_node() || used.is_global())
}

/// The words of a command as they were written.
fn called(command: &Command) -> String {
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    words.join(" ")
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default().trim_end()
}

fn maybe(path: &AbsolutePath) -> Obstacle {
    Obstacle::new(
        ObstacleKind::UnknownPlace,
        format!("a build names {path}, and it is not known whether it writes there"),
        "let the build write below the project, and copy the result in a separate RUN",
    )
}
