//! Whatever the configuration of an image names has a writer in the result.

use crate::context::compose::{Command as ComposeCommand, HealthCheck};
use crate::effects::ecosystems::{Beside, Output, beside};
use crate::effects::image_files::View;
use crate::effects::{AbsolutePath, Place};
use crate::knowledge::Action;
use crate::syntax::{Arguments, Keyword};

use super::model::{Item, StageModel, Version};
use super::{Kind, Pair, Violation};

/// A path that something names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: AbsolutePath,
    /// The word that names it.
    word: String,
    /// Where, as messages say it.
    pub(super) place: String,
    /// Whether the word may mean something else than a path.
    is_guess: bool,
}

/// Checks every stage of the original.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (before, after) in &pair.stages {
        let Some(old) = pair.before.stages.get(*before) else {
            continue;
        };
        let names = paths(pair.after, *after);
        for item in &old.items {
            let lost = names.iter().find(|named| {
                writes(item, named) && !is_written(pair, *after, item, &whole(pair.before, old, item, named))
            });
            found.extend(lost.map(|named| Violation {
                kind: Kind::NamedPathLost,
                line: pair.before.line(item),
                what: format!(
                    "{} names `{}`, which line {} writes and the image would lack",
                    named.place,
                    named.word,
                    pair.before.line(item)
                ),
                remedy: "write it in a RUN of its own, or to the folder of the project".to_owned(),
            }));
        }
    }
    found
}

/// Whether a step writes what is named: exactly, or among outputs of which only what is named counts.
fn writes(item: &Item, named: &Named) -> bool {
    let effects = item.effects();
    if effects.unknown.is_some() || !item.is_run() {
        return false;
    }
    let exactly = Place::Exactly(named.path.clone());
    let is_output = |output: &Output| match output {
        Output::NamedIn(_) | Output::Packaged(_) | Output::OnlyNamed(..) => {
            !named.is_guess && output.places().iter().any(|place| place.covers(&exactly))
        }
        Output::Programs(folder, names) => {
            let mut programs = names
                .iter()
                .filter_map(|name| AbsolutePath::of(&format!("{folder}/{name}"), None));
            programs.any(|program| program == named.path)
        }
        _ => false,
    };
    item.step.outputs.iter().any(is_output) || item.other_writes().any(|place| *place == exactly)
}

/// The folder that must be there with what is named, where a build of Java made it; else just that.
fn whole(version: &Version<'_>, stage: &StageModel, item: &Item, named: &Named) -> AbsolutePath {
    let copies = stage.copies.partition_point(|copy| copy.index < item.step.instruction);
    let files = View {
        context: version.context,
        copies: stage.copies.get(..copies).unwrap_or_default(),
        may_choose_versions: false,
        keeps_builds: false,
    };
    let folders = item.step.outputs.iter().filter_map(|output| match output {
        Output::Packaged(folder) => AbsolutePath::of(folder, None),
        _ => None,
    });
    let mut folders = folders.filter(|folder| named.path.is_within(folder));
    let found = folders.find_map(
        |folder| match beside(&files, folder.relative(), named.path.relative()).ok()? {
            Beside::Nothing => None,
            Beside::Folder(unit) => Some(AbsolutePath::root().join(&unit)),
            Beside::Project => Some(folder),
        },
    );
    found.unwrap_or_else(|| named.path.clone())
}

fn is_written(pair: &Pair<'_>, stage: usize, item: &Item, path: &AbsolutePath) -> bool {
    let after = pair.after;
    let has = |number: usize| {
        after
            .stages
            .get(number)
            .is_some_and(|stage| stage.position(&item.act).is_some())
    };
    let place = Place::Exactly(path.clone());
    let brings = |number: usize| after.arrives(number, &place, stage, usize::MAX) || after.puts(number, path, stage);
    has(stage) || (0..after.stages.len()).any(|number| has(number) && brings(number))
}

/// The paths that CMD, ENTRYPOINT, HEALTHCHECK, ENV and Compose services name, for stage number `stage`.
pub(super) fn paths(version: &Version<'_>, stage: usize) -> Vec<Named> {
    let mut found = Vec::new();
    for (words, place) in started(version, stage) {
        found.extend(of_words(version, stage, &words, &place));
    }
    found.extend(of_environment(version, stage));
    found
}

/// The names of the programs that a stage starts, and that its RUNs run.
pub(super) fn programs(version: &Version<'_>, stage: usize) -> Vec<String> {
    let name = |word: &String| word.rsplit('/').next().unwrap_or(word).to_owned();
    let mut found = started_programs(version, stage);
    let model = version.stages.get(stage);
    let items = model.map(|model| model.items.as_slice()).unwrap_or_default();
    found.extend(items.iter().flat_map(|item| &item.effects().runs).map(name));
    found
}

/// The names of the programs that a stage starts.
pub(super) fn started_programs(version: &Version<'_>, stage: usize) -> Vec<String> {
    let name = |word: &String| word.rsplit('/').next().unwrap_or(word).to_owned();
    let started = started(version, stage);
    started
        .iter()
        .filter_map(|(words, _)| words.first().map(name))
        .collect()
}

/// The words of ENTRYPOINT, and of CMD after them.
pub(super) fn started_words(version: &Version<'_>, stage: usize) -> Vec<String> {
    let indexes = [Keyword::Entrypoint, Keyword::Cmd]
        .into_iter()
        .filter_map(|keyword| version.last(stage, keyword));
    let executions = indexes.filter_map(|index| version.facts.instructions.get(index)?.execution.as_deref());
    let words = executions
        .flat_map(|execution| &execution.commands)
        .flat_map(|command| &command.words);
    words
        .map(|word| word.value.clone().unwrap_or_else(|| word.text.clone()))
        .collect()
}

/// Whether what starts in a stage installs or builds, and so needs what builds need.
pub(super) fn builds_at_start(version: &Version<'_>, stage: usize) -> bool {
    let indexes = [Keyword::Cmd, Keyword::Entrypoint]
        .into_iter()
        .filter_map(|keyword| version.last(stage, keyword));
    let executions = indexes.filter_map(|index| version.facts.instructions.get(index)?.execution.as_deref());
    let mut used = executions
        .flat_map(|execution| &execution.commands)
        .filter_map(|command| command.manager.as_ref());
    used.any(|used| matches!(used.action, Action::Install | Action::Build | Action::Upgrade))
}

/// The commands that start in a stage, each with its place.
fn started(version: &Version<'_>, stage: usize) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    for keyword in [Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck] {
        let Some(index) = version.last(stage, keyword) else {
            continue;
        };
        let execution = version
            .facts
            .instructions
            .get(index)
            .and_then(|facts| facts.execution.as_deref());
        for command in execution.into_iter().flat_map(|execution| &execution.commands) {
            let text = |word: &crate::facts::Word| word.value.clone().unwrap_or_else(|| word.text.clone());
            found.push((command.words.iter().map(text).collect(), version.file.place_of(index)));
        }
    }
    found.extend(of_services(version, stage));
    found
}

fn of_services(version: &Version<'_>, stage: usize) -> Vec<(Vec<String>, String)> {
    let name = version.facts.stages.get(stage).and_then(|stage| stage.name.clone());
    let is_last = stage + 1 == version.stages.len();
    let is_meant = |target: &Option<String>| match target {
        Some(target) => name.as_deref() == Some(&*target.to_lowercase()),
        None => is_last,
    };
    let mut found = Vec::new();
    for service in version
        .context
        .services()
        .iter()
        .filter(|service| is_meant(&service.target))
    {
        let check = match &service.health_check {
            Some(HealthCheck::Test(command)) => Some(command),
            _ => None,
        };
        let commands = [service.command.as_ref(), service.entrypoint.as_ref(), check];
        for command in commands.into_iter().flatten() {
            let words: Vec<String> = match command {
                ComposeCommand::Words(words) => words.clone(),
                ComposeCommand::Line(line) | ComposeCommand::Shell(line) => line
                    .split_whitespace()
                    .map(|word| word.trim_matches(['"', '\'', ';']).to_owned())
                    .collect(),
            };
            found.push((words, format!("{}:{}", service.file.display(), service.line)));
        }
    }
    found
}

fn of_words(version: &Version<'_>, stage: usize, words: &[String], place: &str) -> Vec<Named> {
    let workdir = version.workdir(stage);
    let folders: Vec<AbsolutePath> = search_path(version, stage).collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let value = match word.split_once('=') {
            Some((_, value)) if value.contains('/') => value,
            _ if word.starts_with('-') => continue,
            _ => word.as_str(),
        };
        if value.contains("://") || value.contains(['$', ' ', '*', ':']) || value.is_empty() {
            continue;
        }
        let named = |path: AbsolutePath, is_guess: bool| Named {
            path,
            word: word.clone(),
            place: place.to_owned(),
            is_guess,
        };
        if at == 0 && !value.contains('/') {
            found.extend(folders.iter().map(|folder| named(folder.join(value), false)));
        } else if let Some(path) = AbsolutePath::of(value, workdir.as_ref()) {
            found.push(named(path, !value.contains('/')));
        }
    }
    found
}

/// The folders in which programs are looked for.
fn search_path<'v>(version: &'v Version<'_>, stage: usize) -> impl Iterator<Item = AbsolutePath> + 'v {
    let path = version
        .end(stage)
        .and_then(|scope| scope.variables.get("PATH"))
        .and_then(|path| path.value.as_deref());
    let folders = path.unwrap_or_default().split(':');
    folders
        .filter(|folder| folder.starts_with('/'))
        .filter_map(|folder| AbsolutePath::of(folder, None))
}

/// The absolute paths that ENV instructions of the file set.
fn of_environment(version: &Version<'_>, stage: usize) -> Vec<Named> {
    let ranges = version
        .stages
        .get(stage)
        .map(|model| model.ranges.as_slice())
        .unwrap_or_default();
    let mut found = Vec::new();
    for index in ranges.iter().flat_map(Clone::clone) {
        let Some(Arguments::Pairs { pairs, .. }) = version
            .node(index)
            .filter(|node| node.keyword == Keyword::Env)
            .map(|node| &node.arguments)
        else {
            continue;
        };
        for pair in pairs.iter().filter(|pair| pair.name != "PATH") {
            let value = pair.value.value.trim_matches(['"', '\'']);
            let path = AbsolutePath::of(value, None).filter(|_| !value.contains(['$', ':']));
            found.extend(path.map(|path| Named {
                path,
                word: value.to_owned(),
                place: version.file.place_of(index),
                is_guess: false,
            }));
        }
    }
    found
}
