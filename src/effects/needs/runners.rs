//! What programs start that take it from a file of the project: `honcho start`, `pdm run serve`, `pm2-runtime`. Whatever
//! task is asked for, all of them count.

use serde_json::Value;

use crate::context::{Files as _, matches_name};
use crate::knowledge::{ListFormat, TaskFormat, TaskRunner, language_of, task_runners};

use crate::effects::image_files::{inside, join};

use super::calls::{calls_of_text, texts};
use super::commands::{Commands, program};
use super::started::{Reader, absolute};

impl Reader<'_, '_> {
    /// Follows a command into the files that its program reads.
    pub(super) fn tasks(&mut self, words: &[String], workdir: Option<&str>, place: &str, depth: usize) {
        for runner in task_runners(program(words)) {
            if runner.format == TaskFormat::Scripts {
                self.scripts_of_words(runner, words, workdir, place, depth);
                continue;
            }
            let verb = words.iter().skip(1).find(|word| !word.starts_with('-'));
            let is_meant = runner.verbs.is_empty() || verb.is_some_and(|verb| runner.verbs.contains(verb));
            if !is_meant {
                continue;
            }
            let named = words
                .iter()
                .skip(1)
                .filter(|word| runner.ends.iter().any(|end| word.ends_with(end.as_str())));
            let mut is_found = false;
            for file in runner.files.iter().chain(named) {
                is_found |= self.task_file(runner, file, workdir, depth);
            }
            if !is_found && runner.must {
                let fact = format!(
                    "starts {}, which runs what {} says, and that is not in the build context",
                    program(words),
                    runner.files.join(" or ")
                );
                self.unknown_start(place, fact);
            }
        }
    }

    /// Follows the words of a command into the scripts of `package.json` that they name: `run-p serve watch:*`.
    fn scripts_of_words(
        &mut self,
        runner: &TaskRunner,
        words: &[String],
        workdir: Option<&str>,
        place: &str,
        depth: usize,
    ) {
        let Some(patterns) = script_patterns(runner, words) else {
            return;
        };
        let is_named = |name: &str| patterns.iter().any(|pattern| matches_name(pattern, name));
        let mut folders = vec![workdir.unwrap_or("/").to_owned()];
        if runner.everywhere {
            folders.extend(self.packages());
        }
        let mut is_found = false;
        for folder in folders {
            is_found |= self.scripts_in(&folder, &is_named, depth);
        }
        if !is_found && runner.must {
            let fact = format!(
                "starts {}, and no package.json has a script that it names",
                program(words)
            );
            self.unknown_start(place, fact);
        }
    }

    /// The folders of the image with a `package.json` of the context.
    fn packages(&self) -> Vec<String> {
        let layers = self.image.copies.iter().flat_map(|copy| &copy.layers);
        let layers = layers.filter(|layer| layer.is_folder);
        let is_manifest = |path: &str| path.rsplit('/').next() == Some("package.json");
        let manifests = self.image.context.sources(is_manifest);
        let places = manifests.flat_map(|path| {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let places = layers
                .clone()
                .filter_map(|layer| Some(join(&layer.to, inside(folder, &layer.from)?)));
            places.map(|place| format!("/{place}"))
        });
        places.collect()
    }

    /// Reads a file; whether it is there.
    fn task_file(&mut self, runner: &TaskRunner, file: &str, workdir: Option<&str>, depth: usize) -> bool {
        let path = absolute(workdir, file).unwrap_or_else(|| file.to_owned());
        let path = path.trim_start_matches('/');
        let Some((_, from)) = self.image.supplier(path) else {
            return false;
        };
        let Some(text) = self.image.read(path) else {
            return false;
        };
        if !self.seen.insert(format!("{path} as tasks")) {
            return true;
        }
        match runner.format {
            TaskFormat::Procfile => self.listed(&text, ListFormat::Procfile, workdir, &from, depth),
            TaskFormat::Settings => self.listed(&text, ListFormat::Settings, workdir, &from, depth),
            TaskFormat::Values => match values(file, &text) {
                Some(value) => {
                    let mut lines = Vec::new();
                    for at in &runner.at {
                        below(&value, &at.split('.').collect::<Vec<_>>(), &mut lines);
                    }
                    self.lines(lines.into_iter(), workdir, &from, depth);
                }
                None => self.unknown_start(&from, "cannot be read, so that its tasks are not known".to_owned()),
            },
            TaskFormat::Recipes => {
                let indented = text.lines().filter(|line| line.starts_with([' ', '\t']));
                let lines = indented.map(|line| line.trim().trim_start_matches(['@', '-']));
                self.lines(lines, workdir, &from, depth);
            }
            TaskFormat::Scripts => return false,
            TaskFormat::Literals => {
                let found = language_of(file)
                    .map(|language| texts(&text, language))
                    .unwrap_or_default();
                self.lines(found.iter().map(|(text, _)| text.as_str()), workdir, &from, depth);
            }
            TaskFormat::Calls => {
                let calls = language_of(file)
                    .map(|language| calls_of_text(&text, language))
                    .unwrap_or_default();
                self.calls(&calls, workdir, &from, depth);
            }
        }
        true
    }

    fn lines<'t>(&mut self, lines: impl Iterator<Item = &'t str>, workdir: Option<&str>, from: &str, depth: usize) {
        for line in lines {
            self.commands(Commands::of_script(line), workdir, from, depth + 1);
        }
    }
}

/// Patterns of the names of scripts in the words of a command; none where it starts no script.
fn script_patterns<'w>(runner: &TaskRunner, words: &'w [String]) -> Option<Vec<&'w str>> {
    let first = words.first()?;
    if let Some(name) = runner
        .prefixes
        .iter()
        .find_map(|start| first.strip_prefix(start.as_str()))
    {
        return Some(vec![name]);
    }
    let rest = || words.iter().skip(1).map(String::as_str);
    if let Some(option) = &runner.option {
        let at = rest().position(|word| word.split('=').next() == Some(option.as_str()))?;
        let glued = rest().nth(at)?.split_once('=').map(|(_, name)| name);
        return glued.or_else(|| rest().nth(at + 1)).map(|name| vec![name]);
    }
    let operands = || rest().filter(|word| !word.starts_with('-'));
    let verb = operands().next()?;
    let is_meant = runner.verbs.is_empty() || runner.verbs.iter().any(|known| known == verb);
    // Behind the name, a word may have arguments for the script.
    is_meant.then(|| operands().filter_map(|word| word.split_whitespace().next()).collect())
}

/// The values of a file, by the end of its name.
fn values(file: &str, text: &str) -> Option<Value> {
    match file.rsplit('.').next() {
        Some("json") => serde_json::from_str(text).ok(),
        Some("yml" | "yaml") => serde_saphyr::from_str(text).ok(),
        _ => serde_json::to_value(text.parse::<toml::Table>().ok()?).ok(),
    }
}

/// Adds all texts below a place of a value. `*` is any name.
fn below<'v>(value: &'v Value, at: &[&str], found: &mut Vec<&'v str>) {
    match (value, at.split_first()) {
        (Value::Object(map), Some((&"*", rest))) => map.values().for_each(|value| below(value, rest, found)),
        (Value::Object(map), Some((name, rest))) => {
            map.get(*name).into_iter().for_each(|value| below(value, rest, found))
        }
        (_, Some(_)) => {}
        (Value::String(text), None) => found.push(text),
        (Value::Array(list), None) => list.iter().for_each(|value| below(value, &[], found)),
        (Value::Object(map), None) => map.values().for_each(|value| below(value, &[], found)),
        (_, None) => {}
    }
}
