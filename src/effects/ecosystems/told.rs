//! Settings by which a manager is told of another place to install to: files of the image, and commands such as
//! `pip config set`. Which ones, `data/package-managers/` says.

use std::ops::Range;
use std::sync::Arc;

use crate::effects::command::of_command;
use crate::effects::{AbsolutePath, Obstacle, ObstacleKind};
use crate::facts::{Command, Facts, ManagerUse};
use crate::knowledge::{Action, ToldBy, command_table, managers};
use crate::syntax::{Dockerfile, Keyword};

use super::{Surroundings, workdir};

/// What the steps of a stage tell managers.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The words of commands that change settings, by the id of the manager.
    commands: Vec<(String, Vec<String>)>,
    /// The files that steps write, each with the text that they are made of; none where that is not known.
    files: Vec<(AbsolutePath, Option<Arc<str>>)>,
}

impl Told {
    /// What the steps of a stage say.
    pub(crate) fn of(file: &Dockerfile, facts: &Facts, stage: Range<usize>) -> Told {
        let mut told = Told::default();
        for index in stage {
            let Some(instruction) = file.instructions.get(index) else {
                continue;
            };
            let node = instruction.node();
            let is_copy = matches!(node.keyword, Keyword::Copy | Keyword::Add);
            if let Some(heredoc) = node.heredocs.first().filter(|_| is_copy) {
                let to = node.words().last().zip(facts.scope(index));
                let to = to.and_then(|(to, scope)| AbsolutePath::of(&scope.absolute(&to.value)?, None));
                let text = instruction.text().get(heredoc.body.clone()).map(Arc::from);
                told.files.extend(to.map(|to| (to, text)));
            }
            let Some(run) = facts.run(file, index) else { continue };
            // Asked once, and shared: a RUN may have thousands of commands.
            let may_tell = managers().tells(instruction.text());
            let text: Arc<str> = Arc::from(instruction.text());
            for command in &run.commands {
                told.add(command, &text, may_tell);
            }
        }
        told
    }

    /// What a step writes to `path`, if one does: its text, if that is known and the file is of that text alone.
    pub(super) fn written(&self, path: &str) -> Option<Option<Arc<str>>> {
        let mut files = self.files.iter().filter(|(own, _)| own.as_str() == path);
        let (_, text) = files.next()?;
        Some(text.clone().filter(|_| files.next().is_none()))
    }

    /// Adds what a command of the instruction `all` says.
    fn add(&mut self, command: &Command, all: &Arc<str>, may_tell: bool) {
        if let Some(used) = &command.manager {
            if used.action == Action::Config {
                let words = command.words.iter().map(|word| word.text.clone()).collect();
                self.commands.push((used.manager.id.clone(), words));
            }
            return;
        }
        if !may_tell {
            return;
        }
        let prints = command
            .program()
            .and_then(command_table)
            .is_some_and(|table| table.has_tag("prints"));
        let is_known = prints || all.contains("<<");
        let text = is_known.then(|| Arc::clone(all));
        let effects = of_command(command, &());
        let written = effects.written_paths().into_iter();
        self.files.extend(written.map(|path| (path.clone(), text.clone())));
    }
}

impl Surroundings<'_> {
    /// Refuses an install whose manager a setting tells of another place.
    pub(super) fn refuse_told(&self, command: &Command, used: &ManagerUse) -> Result<(), Obstacle> {
        let told = &used.manager.told;
        let says = |text: &str| {
            let mut set = settings(text).into_iter();
            set.find(|(name, value)| ToldBy::is_among(&told.keys, name, value))
                .map(|(name, _)| name)
        };
        let value = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut options = used.options.iter();
        if let Some((name, ..)) = options.find(|(name, given, _)| ToldBy::is_among(&told.options, name, &value(given)))
        {
            return Err(obstacle(used, &format!("an option of `{}`", used.program), name));
        }
        for row in &told.variables {
            let name = row.split('=').next().unwrap_or(row);
            if let Some(value) = self.variable(command, name)?
                && ToldBy::is_among(&told.variables, name, &value)
            {
                return Err(obstacle(used, "a variable", name));
            }
        }
        let commands = self.told.commands.iter().filter(|(id, _)| *id == used.manager.id);
        let mut by_command = commands.filter_map(|(_, words)| says(&words.join("\n")));
        if let Some(name) = by_command.next() {
            return Err(obstacle(used, &format!("`{} config`", used.program), &name));
        }
        for path in self.files_that_tell(command, used)? {
            let written = self.told.files.iter().filter(|(own, _)| *own == path);
            let texts = written.map(|(_, text)| text.clone());
            let own = self.files.read(path.relative()).map(|text| Some(Arc::from(text)));
            for text in own.into_iter().chain(texts) {
                let Some(text) = text else {
                    return Err(Obstacle::new(
                        ObstacleKind::UnknownPlace,
                        format!(
                            "{path} may tell `{}` where to install, and cannot be read",
                            used.program
                        ),
                        "copy it from the build context",
                    ));
                };
                if let Some(name) = says(&text) {
                    return Err(obstacle(used, path.as_str(), &name));
                }
            }
        }
        Ok(())
    }

    /// The files in which a manager looks for settings.
    fn files_that_tell(&self, command: &Command, used: &ManagerUse) -> Result<Vec<AbsolutePath>, Obstacle> {
        let told = &used.manager.told;
        let folder = workdir(command, used)
            .ok()
            .and_then(|folder| AbsolutePath::of(&folder, None));
        let mut paths = Vec::new();
        for file in &told.files {
            let home = file.strip_prefix("~/").map(|rest| (self.home_folder(command), rest));
            paths.extend(match home {
                Some((Ok(home), rest)) => AbsolutePath::of(&format!("{home}/{rest}"), None),
                // Nobody writes there whose home is not known.
                Some((Err(_), _)) => None,
                None => AbsolutePath::of(file, folder.as_ref()),
            });
        }
        for (variable, name) in &told.by_variable {
            let place = self.variable(command, variable)?;
            let place = place.and_then(|place| AbsolutePath::of(&place, folder.as_ref()));
            paths.extend(place.map(|place| if name.is_empty() { place } else { place.join(name) }));
        }
        Ok(paths)
    }
}

fn obstacle(used: &ManagerUse, by: &str, name: &str) -> Obstacle {
    Obstacle::new(
        ObstacleKind::UnknownPlace,
        format!("{by} sets {name}, which tells `{}` where to install", used.program),
        "leave that setting out, or split the stages by hand",
    )
}

/// The names of settings in a text, in small letters with dashes, each with its value: what begins a line or a word in quotes,
/// up to `=`, `:` or a blank, behind its section.
fn settings(text: &str) -> Vec<(String, String)> {
    let end = |c: char| c == '=' || c == ':' || c.is_whitespace();
    let mut found = Vec::new();
    for line in text.lines().flat_map(|line| line.split("\\n")) {
        let parts: Vec<&str> = line.split(['"', '\'', '>']).collect();
        for (at, part) in parts.iter().enumerate() {
            let part = part.trim().trim_start_matches('-');
            let (name, value) = part.split_once(end).unwrap_or((part, ""));
            let name = name.rsplit('.').next().unwrap_or(name);
            let value = value.trim_start_matches(end);
            // A value in quotes is a part of its own.
            let value = if value.is_empty() {
                parts.get(at + 1).unwrap_or(&"")
            } else {
                value
            };
            if !name.is_empty() {
                found.push((name.to_lowercase().replace('_', "-"), value.trim().to_owned()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_settings() {
        let names = |text: &str| {
            let names: Vec<String> = settings(text).into_iter().map(|(name, _)| name).collect();
            names.join(" ")
        };
        assert_eq!(names("[install]\ntarget = /deps"), "[install] target");
        assert_eq!(names("printf '[global]\\nuser=1\\n' > f"), "printf [global] user f");
        assert_eq!(names("BUNDLE_PATH: \"/gems\""), "bundle-path /gems");
        assert_eq!(names("--install.modules-folder \"/nm\""), "modules-folder /nm");
        let value = |text: &str| settings(text).into_iter().next().map(|(_, value)| value);
        assert_eq!(value("link-mode = \"symlink\"").as_deref(), Some("symlink"));
        assert_eq!(value("link-mode: copy").as_deref(), Some("copy"));
        assert_eq!(
            names("pip\nconfig\nset\ninstall.target\n/deps"),
            "pip config set target /deps"
        );
    }
}
