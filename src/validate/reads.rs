//! Which files of the build context a command reads, and whether COPYs bring them.

use crate::context::Files as _;
use crate::effects::ecosystems::manifests::{self, Install, ReadFile};
use crate::effects::image_files::{Copy, Layer, View, inside, join};
use crate::effects::installs::named;
use crate::effects::needs::Code;
use crate::effects::{AbsolutePath, folder_of};
use crate::facts::{Command, ManagerUse};
use crate::knowledge::Action;

use super::model::{Item, Version};

/// Whether one of `copies` before instruction number `end` brings all of `layer`, from the same place to the same place.
pub(super) fn brings(copies: &[Copy], layer: &Layer, end: usize) -> bool {
    let copies = copies.iter().filter(|copy| copy.index < end);
    copies.flat_map(|copy| &copy.layers).any(|other| covers(other, layer))
}

/// Whether `other` brings all that `layer` does.
pub(super) fn covers(other: &Layer, layer: &Layer) -> bool {
    if !other.is_folder {
        return !layer.is_folder && other.from == layer.from && other.to == layer.to;
    }
    inside(&layer.to, &other.to).is_some_and(|rest| join(&other.from, rest) == layer.from)
}

/// The files of the image that an install of dependencies reads, without a slash at their beginning.
///
/// `None` where it reads more than can be told: the project itself, or code.
pub(super) fn of_install(version: &Version<'_>, item: &Item, copies: &[Copy]) -> Option<Vec<String>> {
    let command = version.command(item)?;
    let used = command.manager.as_ref()?;
    if used.action == Action::Config {
        let folder = command.workdir.as_deref()?.trim_matches('/');
        let configs = used.manager.project.configs.iter();
        return Some(configs.map(|name| join(folder, name)).collect());
    }
    if !matches!(used.action, Action::Install | Action::Download | Action::Upgrade) || used.has_unknown_arguments {
        return None;
    }
    let view = View {
        context: version.context,
        copies,
        may_choose_versions: false,
        keeps_builds: false,
    };
    let folder = command.workdir.as_deref()?.trim_matches('/');
    let named = named::by_surroundings(command, &view, &|_| false).into_iter();
    let named = named.chain(named::by_words(command, used, &view));
    let named: Vec<String> = named.map(|named| named.path).collect();
    let Some(manager) = manager(used) else {
        let is_by_name = used.reads.is_empty() && used.action == Action::Install && !used.may_read_project();
        return is_by_name.then_some(named);
    };
    let (verb, arguments) = words(command, used);
    let arguments: Vec<String> = arguments.iter().map(|word| relative(word, folder)).collect();
    let reads = manifests::reads(&Install::new(manager, &verb, arguments, folder), &view);
    // Whole folders are the project, or parts of it, whose code runs; those with a dot hold settings of the tool.
    let is_code = |file: &ReadFile| file.is_folder() && !name_of(&file.path).starts_with('.');
    let runs_code = reads.files.iter().any(is_code) || installs_folder(command, &view);
    let is_plain = reads.is_manifests_only() && !runs_code;
    is_plain.then(|| reads.files.into_iter().map(|file| file.path).chain(named).collect())
}

/// The paths that texts in the code in a command's own words may be, without a slash at their beginning.
pub(super) fn of_code(version: &Version<'_>, item: &Item) -> Vec<String> {
    let Some(command) = version.command(item) else {
        return Vec::new();
    };
    let workdir = folder_of(command);
    let words: Vec<Option<&str>> = command.words.iter().map(|word| word.value.as_deref()).collect();
    let texts = Code::texts(&words).into_iter();
    let paths = texts.filter_map(|text| AbsolutePath::of(&text, workdir.as_ref()));
    paths.map(|path| path.relative().to_owned()).collect()
}

/// The last part of a path.
fn name_of(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a word of a command is a folder of the project: `pip install .`.
fn installs_folder(command: &Command, view: &View<'_>) -> bool {
    let workdir = folder_of(command);
    let words = command.literal_arguments();
    let mut paths = words
        .filter(|word| word.starts_with(['.', '/']))
        .filter_map(|word| AbsolutePath::of(word, workdir.as_ref()));
    paths.any(|path| view.exists(path.relative()) && view.read(path.relative()).is_none())
}

/// The file of the context that a command runs or reads by its words, with its path in the image.
pub(super) fn script(version: &Version<'_>, item: &Item, copies: &[Copy]) -> Option<(AbsolutePath, String)> {
    let command = version.command(item)?;
    let view = View {
        context: version.context,
        copies,
        may_choose_versions: false,
        keeps_builds: false,
    };
    let workdir = folder_of(command);
    let words = command.words.iter().filter_map(|word| word.value.as_deref());
    let mut paths = words.filter_map(|word| AbsolutePath::of(word, workdir.as_ref()));
    paths.find_map(|path| Some((path.clone(), view.read(path.relative())?)))
}

fn manager(used: &ManagerUse) -> Option<manifests::Manager> {
    match used.manager.id.as_str() {
        "yarn-berry" => Some(manifests::Manager::Yarn),
        id => id.parse().ok(),
    }
}

/// A path of the image as seen from `folder`; any other word as it is.
fn relative(word: &str, folder: &str) -> String {
    if !word.starts_with('/') {
        return word.to_owned();
    }
    let path = word.trim_matches('/');
    match inside(path, folder) {
        Some("") => ".".to_owned(),
        Some(rest) => rest.to_owned(),
        None => format!(
            "{}{path}",
            "../".repeat(folder.split('/').filter(|part| !part.is_empty()).count())
        ),
    }
}

/// The verb and the arguments of a command.
fn words(command: &Command, used: &ManagerUse) -> (String, Vec<String>) {
    let verb: Vec<&str> = used
        .verb
        .split_whitespace()
        .filter(|word| !word.starts_with('-') && *word != "*")
        .collect();
    let texts = command
        .words
        .iter()
        .map(|word| word.value.clone().unwrap_or_else(|| format!("${}", word.text)));
    let texts: Vec<String> = texts.collect();
    let is_program = |word: &String| word.rsplit('/').next() == Some(used.program.as_str());
    let at = texts.iter().position(is_program).unwrap_or_default();
    let mut rest: Vec<String> = texts.into_iter().skip(at + 1).collect();
    for word in &verb {
        if let Some(at) = rest.iter().position(|other| other == word) {
            rest.remove(at);
        }
    }
    (verb.join(" "), rest)
}
