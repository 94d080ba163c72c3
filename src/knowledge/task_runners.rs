//! Programs that start what a file of the project names: `data/task-runners.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

/// How a file names what is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskFormat {
    /// `NAME: command`.
    Procfile,
    /// Values of JSON, TOML or YAML.
    #[default]
    Values,
    /// Indented lines.
    Recipes,
    /// Any text of a source.
    Literals,
    /// What a source calls.
    Calls,
    /// `NAME = command`, with further lines below.
    Settings,
    /// The scripts of `package.json` that the command's own words name.
    Scripts,
}

/// A program that starts what a file names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRunner {
    /// Its names.
    #[serde(default)]
    pub programs: Vec<String>,
    /// What begins a word that stands for a program: the rest names a script.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// The option without which it starts nothing, and whose value names a script.
    #[serde(default)]
    pub option: Option<String>,
    /// Whether it starts the scripts of all packages of the project.
    #[serde(default)]
    pub everywhere: bool,
    /// The words behind the name with which it starts something; any, if empty.
    #[serde(default)]
    pub verbs: Vec<String>,
    /// The files that it looks for.
    #[serde(default)]
    pub files: Vec<String>,
    /// The ends of words that name such a file.
    #[serde(default)]
    pub ends: Vec<String>,
    /// How they say it.
    #[serde(default)]
    pub format: TaskFormat,
    /// Where in the file, names joined by dots.
    #[serde(default)]
    pub at: Vec<String>,
    /// Whether it starts nothing that no file names.
    #[serde(default)]
    pub must: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
struct Table {
    checked: String,
    sources: Vec<String>,
    runners: Vec<TaskRunner>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/task-runners.toml")).unwrap_or_default());

/// What is known of a program, by its name without a folder.
pub fn task_runners(program: &str) -> impl Iterator<Item = &'static TaskRunner> {
    let is_it = move |runner: &&TaskRunner| {
        let mut prefixes = runner.prefixes.iter();
        runner.programs.iter().any(|known| known == program)
            || prefixes.any(|start| program.starts_with(start.as_str()))
    };
    TABLE.runners.iter().filter(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        assert!(TABLE.checked.len() == 10 && !TABLE.sources.is_empty());
        assert!(task_runners("pm2").count() == 2 && task_runners("ls").count() == 0);
        for runner in &TABLE.runners {
            let is_values = runner.format == TaskFormat::Values;
            assert_eq!(is_values, !runner.at.is_empty(), "{:?}", runner.programs);
            assert!(
                !runner.files.is_empty() || !runner.ends.is_empty(),
                "{:?}",
                runner.programs
            );
        }
    }
}
