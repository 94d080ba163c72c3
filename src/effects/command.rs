//! What a command does, by the table of its program.

use crate::facts::{Command, FileRedirect, Word};
use crate::knowledge::{self, Also, ArgumentRole as Role, ArgumentUse, CommandScope, Reading};
use crate::shell::RedirectKind;

use super::effect::Effects;
use super::path::{AbsolutePath, Place};

/// What is known of the image when a command runs.
pub trait Surroundings {
    /// Whether `path` is a folder there; `None` where that is not known.
    fn is_folder(&self, path: &AbsolutePath) -> Option<bool>;
}

/// Nothing is known but the folders that every image of Linux has.
impl Surroundings for () {
    fn is_folder(&self, path: &AbsolutePath) -> Option<bool> {
        is_standard_folder(path).then_some(true)
    }
}

/// Whether every image of a distribution has `path` as a folder.
#[must_use]
pub fn is_standard_folder(path: &AbsolutePath) -> bool {
    knowledge::is_standard_folder(path.as_str())
}

/// The folder that a command runs in; `None` where it is not known.
#[must_use]
pub(crate) fn folder_of(command: &Command) -> Option<AbsolutePath> {
    AbsolutePath::of(command.workdir.as_deref()?, None)
}

/// The effects of a command that calls no package manager. Redirects count too.
#[must_use]
pub fn of_command(command: &Command, around: &dyn Surroundings) -> Effects {
    let workdir = folder_of(command);
    let mut effects = match command.words.first().and_then(|word| word.value.as_deref()) {
        None => Effects::unknown("runs a program that a variable names"),
        Some(program) => of_program(program, command, workdir.as_ref(), around),
    };
    for redirect in &command.redirects {
        effects.then(of_redirect(redirect));
    }
    effects
}

/// The script that a command runs: its path as written, and whether it is a script of the shell whatever its name.
#[must_use]
pub(super) fn script_of(command: &Command) -> Option<(String, bool)> {
    let program = command.words.first()?.value.as_deref()?;
    let Some(reading) = command.reading() else {
        return program.contains('/').then(|| (program.to_owned(), false));
    };
    let mut arguments = reading.arguments.iter();
    let script = arguments.find(|argument| matches!(argument.role, Role::ShellScript | Role::Sources))?;
    Some((script.text.clone()?, true))
}

/// The addresses that a command names, if its table is known.
#[must_use]
pub(super) fn urls_of(command: &Command) -> Vec<String> {
    let reading = command.reading();
    let arguments = reading.iter().flat_map(|reading| &reading.arguments);
    let urls = arguments.filter(|argument| argument.role == Role::Url);
    urls.filter_map(|argument| argument.text.clone()).collect()
}

fn of_program(program: &str, command: &Command, workdir: Option<&AbsolutePath>, around: &dyn Surroundings) -> Effects {
    let name = program.rsplit('/').next().unwrap_or(program);
    let Some(reading) = command.reading() else {
        return Effects {
            runs: vec![program.to_owned()],
            ..Effects::unknown(format!("runs `{program}`, of which it is not known what it does"))
        };
    };
    let mut effects = match reading.unknown {
        Some(0) => Effects::unknown(format!("runs `{name}` in a way that is not known")),
        Some(at) => {
            let word = command.words.get(at).map_or("", |word| word.text.as_str());
            Effects::unknown(format!(
                "runs `{name}` with `{word}`, of which it is not known what it does"
            ))
        }
        None => of_reading(reading, command, workdir, around),
    };
    effects.runs.push(program.to_owned());
    effects.runs.extend(command.started_by().into_iter().map(str::to_owned));
    effects
}

pub(super) fn of_redirect(redirect: &FileRedirect) -> Effects {
    let place = match &redirect.path {
        Some(path) if path.starts_with("/dev/") || path.starts_with("/proc/") => return Effects::default(),
        Some(path) => AbsolutePath::of(path, None).map_or(Place::Anywhere, Place::Exactly),
        None => unknown_word(&redirect.text, None),
    };
    let mut effects = Effects::default();
    let path = place.path().cloned();
    if matches!(redirect.kind, RedirectKind::Read | RedirectKind::ReadWrite) {
        effects
            .requires
            .extend(path.clone().filter(|_| redirect.kind == RedirectKind::Read));
        effects.reads.push(place.clone());
    }
    if redirect.kind != RedirectKind::Read {
        effects.requires.extend(path.and_then(|path| path.parent()));
        effects.writes.push(place);
    }
    effects
}

/// The place that a word names whose value is not known: below the folder that its text begins with, if it does.
fn unknown_word(text: &str, workdir: Option<&AbsolutePath>) -> Place {
    let text = text.trim_matches(['"', '\'']);
    let literal = text.split(['$', '`', '{']).next().unwrap_or_default();
    let Some((folder, _)) = literal.rsplit_once('/') else {
        return Place::Anywhere;
    };
    if folder.is_empty() {
        return Place::Anywhere;
    }
    AbsolutePath::of(folder, workdir).map_or(Place::Anywhere, Place::Somewhere)
}

/// Where the home folders of accounts are.
const HOMES: &[&str] = &["/root", "/home/*"];

/// The part of a word's text that is its value: `$X` of `--output=$X`; nothing where the name of the option is not told from
/// it.
fn value_text<'t>(argument: &ArgumentUse, text: &'t str) -> &'t str {
    let bare = text.trim_start_matches(['"', '\'']);
    match bare.split_once('=') {
        Some((name, value)) if argument.by_option && name.starts_with("--") => value,
        _ if argument.by_option && bare.starts_with('-') => "",
        _ => text,
    }
}

/// A command that is read, with where it runs.
struct Reader<'r, 'a> {
    reading: &'r Reading<'a>,
    command: &'r Command,
    /// The folder that relative paths begin in.
    workdir: Option<AbsolutePath>,
    around: &'r dyn Surroundings,
    effects: Effects,
}

fn of_reading(
    reading: &Reading<'_>,
    command: &Command,
    workdir: Option<&AbsolutePath>,
    around: &dyn Surroundings,
) -> Effects {
    if reading.informs() {
        return Effects::default();
    }
    if reading.also.is_some_and(|also| also.unknown) {
        let name = command.program().unwrap_or_default();
        return Effects::unknown(format!("runs `{name}` in a way that is not known"));
    }
    let mut reader = Reader {
        reading,
        command,
        workdir: workdir.cloned(),
        around,
        effects: Effects::default(),
    };
    reader.enter();
    reader.effects.only_attributes = reading
        .arguments
        .iter()
        .any(|argument| matches!(argument.role, Role::Mode | Role::Owner) && !argument.by_option);
    for argument in &reading.arguments {
        reader.argument(argument);
    }
    for range in &reading.commands {
        reader.runs_on_files(range);
    }
    if let Some(also) = reading.also {
        reader.beside(also);
        if also.makes_parents {
            let folders = std::mem::take(&mut reader.effects.requires);
            for folder in folders {
                reader.effects.writes.push(Place::Exactly(folder.clone()));
                reader.makes_parents(Some(folder));
            }
        }
    }
    match reading.table.scope {
        CommandScope::Arguments => {}
        CommandScope::Project => reader.project(),
        CommandScope::Program => reader.effects.then(Effects::unknown("runs a program of the project")),
    }
    reader.effects
}

impl Reader<'_, '_> {
    /// Goes to the folder that an option names, as `tar -C` does.
    fn enter(&mut self) {
        let entered = self
            .reading
            .arguments
            .iter()
            .find(|argument| argument.role == Role::Enters && argument.by_option);
        if let Some(argument) = entered {
            let text = argument.text.as_deref().filter(|_| !self.enters_often(Role::Enters));
            let path = text.and_then(|text| AbsolutePath::of(text, self.workdir.as_ref()));
            self.effects.requires.extend(path.clone());
            self.workdir = path;
        }
    }

    /// Whether several options name a folder to enter. Each is relative to the one before, and may count only for the
    /// operands after it.
    fn enters_often(&self, role: Role) -> bool {
        let arguments = self.reading.arguments.iter();
        arguments
            .filter(|argument| argument.by_option && argument.role == role)
            .count()
            > 1
    }

    fn path(&self, argument: &ArgumentUse) -> Option<AbsolutePath> {
        AbsolutePath::of(argument.text.as_deref()?, self.folder(argument.by_option).as_ref())
    }

    /// The folder that the values of options, or operands and outputs, are relative to.
    fn folder(&self, of_options: bool) -> Option<AbsolutePath> {
        let mut arguments = self.reading.arguments.iter();
        let entered = arguments.find(|argument| argument.role == Role::EntersLate);
        match entered.filter(|_| !of_options) {
            Some(_) if self.enters_often(Role::EntersLate) => None,
            Some(argument) => AbsolutePath::of(argument.text.as_deref()?, self.workdir.as_ref()),
            None => self.workdir.clone(),
        }
    }

    /// The place of an argument: what it names and all below.
    fn tree(&self, argument: &ArgumentUse) -> Place {
        match (argument.text.as_deref(), self.path(argument)) {
            (Some(_), Some(path)) => Place::of_pattern(path),
            (Some(text), None) if text.contains("://") => Place::Anywhere,
            _ => unknown_word(
                value_text(argument, self.text(argument)),
                self.folder(argument.by_option).as_ref(),
            ),
        }
    }

    /// The place of an argument that names a single file.
    fn file(&self, argument: &ArgumentUse) -> Place {
        match self.tree(argument) {
            Place::Under(path) if argument.text.is_some() => Place::Exactly(path),
            other => other,
        }
    }

    fn text(&self, argument: &ArgumentUse) -> &str {
        self.command
            .words
            .get(argument.at)
            .map_or("", |word| word.text.as_str())
    }

    fn argument(&mut self, argument: &ArgumentUse) {
        match argument.role {
            Role::Reads => self.reads(argument),
            Role::Url => self.local_address(argument),
            Role::Writes => self.writes(argument),
            Role::WritesInto => self.copies(argument, false),
            Role::WritesTreeInto => self.copies(argument, true),
            Role::WritesIntoFolder => self.copies_into(argument, false),
            Role::WritesTreeIntoFolder => self.copies_into(argument, true),
            Role::WritesBeside => {
                let place = self.tree(argument);
                let folder = place.path().and_then(AbsolutePath::parent);
                self.effects.reads.push(place.clone());
                self.effects.writes.push(place);
                self.effects.writes.push(folder.map_or(Place::Anywhere, Place::Under));
            }
            Role::WritesUnder => self.effects.writes.push(self.tree(argument)),
            Role::Changes => self.changes(argument, self.file(argument)),
            Role::ChangesUnder => self.changes(argument, self.tree(argument)),
            Role::Replaces => {
                let place = self.file(argument);
                let folder = place.path().and_then(AbsolutePath::parent);
                self.effects.reads.push(place.clone());
                self.effects.deletes.push(place);
                self.effects.writes.push(folder.map_or(Place::Anywhere, Place::Under));
            }
            Role::Deletes => self.deletes(self.file(argument)),
            Role::DeletesUnder => self.deletes(self.tree(argument)),
            Role::DeletesSome => self.deletes(something_in(self.tree(argument))),
            Role::Moves => {
                self.effects.reads.push(self.tree(argument));
                self.effects.deletes.push(self.tree(argument));
            }
            Role::MakesFolder => {
                self.effects
                    .requires
                    .extend(self.path(argument).and_then(|path| path.parent()));
                self.makes_folder(argument);
            }
            Role::MakesFolders => {
                self.makes_folder(argument);
                self.makes_parents(self.path(argument));
            }
            Role::LinksTo => self.links(argument),
            Role::Home => self.home(argument),
            Role::EntersLate => self.effects.requires.extend(self.path(argument)),
            Role::Enters if !argument.by_option => {
                // The folder of a command that enters one is already the new one.
                let entered = self.workdir.clone().map(Place::Exactly);
                let place = entered.unwrap_or_else(|| self.file(argument));
                self.effects.requires.extend(place.path().cloned());
                self.effects.reads.push(place);
            }
            Role::ShellScript | Role::Sources => {
                self.effects.reads.push(self.file(argument));
                let script = self.text(argument).to_owned();
                self.effects
                    .then(Effects::unknown(format!("runs the script `{script}`")));
            }
            Role::Script => {
                self.effects.reads.push(self.file(argument));
                let script = self.text(argument).to_owned();
                self.effects.then(Effects::unknown(format!("runs `{script}`")));
            }
            Role::Code | Role::ShellCode => {
                let program = self.command.program().unwrap_or_default().to_owned();
                self.effects
                    .then(Effects::unknown(format!("runs code that is given to `{program}`")));
            }
            Role::Enters
            | Role::OutputFolder
            | Role::Runs
            | Role::Text
            | Role::Filter
            | Role::Placeholder
            | Role::Pattern
            | Role::Mode
            | Role::Owner
            | Role::Account
            | Role::Assignment
            | Role::Target => {}
        }
    }

    fn makes_folder(&mut self, argument: &ArgumentUse) {
        let place = self.file(argument);
        self.effects
            .folders
            .extend(place.path().filter(|_| !matches!(place, Place::Pattern(_))).cloned());
        self.effects.writes.push(place);
    }

    /// Notes an address that is a file of the image: `file:///x`, or the path of a repository.
    fn local_address(&mut self, argument: &ArgumentUse) {
        let Some(text) = argument.text.as_deref() else { return };
        let first = text.split('/').next().unwrap_or_default();
        let is_path = !text.contains("://") && (text.starts_with(['/', '.']) || !first.contains(['.', ':']));
        let path = text.strip_prefix("file://").or(is_path.then_some(text));
        if let Some(path) = path {
            let place = AbsolutePath::of(path, self.workdir.as_ref()).map_or(Place::Anywhere, Place::Under);
            self.effects.reads.push(place);
        }
    }

    /// Notes where a symbolic link leads: a relative text counts from the folder of the link, or from the working folder where
    /// the command is told to work it out from there.
    fn links(&mut self, argument: &ArgumentUse) {
        self.effects.makes_links = true;
        let text = argument.text.as_deref().filter(|text| !text.starts_with('/'));
        let Some(text) = text else {
            return self.effects.links_to.push(self.tree(argument));
        };
        let is_link = |role: Role| matches!(role, Role::Writes | Role::WritesInto | Role::WritesIntoFolder);
        let mut arguments = self.reading.arguments.iter();
        let link = arguments
            .find(|argument| is_link(argument.role))
            .and_then(|link| self.path(link));
        let Some(link) = link else {
            return self.effects.links_to.push(Place::Anywhere);
        };
        let folders = [Some(link.clone()), link.parent(), self.folder(false)];
        let places = folders
            .into_iter()
            .flatten()
            .map(|folder| Place::of_pattern(folder.join(text)));
        self.effects.links_to.extend(places);
    }

    fn reads(&mut self, argument: &ArgumentUse) {
        // `-` is the standard input.
        if argument.text.as_deref() != Some("-") && !argument.text.as_deref().is_some_and(|text| text.contains("://")) {
            self.effects.reads.push(self.tree(argument));
        }
    }

    fn writes(&mut self, argument: &ArgumentUse) {
        let is_no_file = |text: &str| text == "-" || text.starts_with("/dev/");
        if argument.text.as_deref().is_some_and(is_no_file) {
            return;
        }
        let place = match argument.text.as_deref().and_then(|text| self.output(text)) {
            Some(path) => Place::Exactly(path),
            None => self.file(argument),
        };
        self.effects
            .requires
            .extend(place.path().and_then(AbsolutePath::parent));
        self.effects.writes.push(place);
    }

    /// Notes that the folders above `path` are made as far as they may be missing.
    fn makes_parents(&mut self, path: Option<AbsolutePath>) {
        let mut above = path.and_then(|path| path.parent());
        while let Some(folder) = above.filter(|folder| !self.is_there(folder)) {
            above = folder.parent();
            self.effects.writes.push(Place::Exactly(folder));
        }
    }

    /// Whether a folder is certainly there: the command runs in it, or the image has it.
    fn is_there(&self, folder: &AbsolutePath) -> bool {
        let is_above = self.workdir.as_ref().is_some_and(|workdir| workdir.is_within(folder));
        is_above || self.around.is_folder(folder) == Some(true)
    }

    /// Notes that a home folder is made and filled, unless it is there.
    fn home(&mut self, argument: &ArgumentUse) {
        let place = self.tree(argument);
        if place.path().is_none_or(|path| !self.is_there(path)) {
            self.effects.writes.push(place);
        }
    }

    /// An output in the folder for outputs, if an option names one.
    fn output(&self, path: &str) -> Option<AbsolutePath> {
        let mut arguments = self.reading.arguments.iter();
        let folder = arguments.find(|argument| argument.role == Role::OutputFolder)?;
        Some(self.path(folder)?.join(path))
    }

    fn deletes(&mut self, place: Place) {
        let forgives = self.reading.also.is_some_and(|also| also.forgives);
        self.effects
            .requires
            .extend(place.path().filter(|_| !forgives).cloned());
        self.effects.deletes.push(place);
    }

    /// Notes what a command does that runs for files below the operands: `find DIR -exec rm {} ;`.
    fn runs_on_files(&mut self, range: &std::ops::Range<usize>) {
        let words = self.command.words.get(range.clone()).unwrap_or_default();
        let starts: Vec<String> = self
            .reading
            .arguments
            .iter()
            .filter(|argument| !argument.by_option)
            .map(|argument| argument.text.clone().unwrap_or_else(|| self.text(argument).to_owned()))
            .collect();
        let files = starts
            .iter()
            .flat_map(|start| [start.clone(), format!("{}/*", start.trim_end_matches('/'))]);
        for file in files {
            let named = |text: &str| text.replace("{}", &file);
            let words = words.iter().map(|word| Word {
                text: named(&word.text),
                value: word.value.as_deref().map(named).filter(|value| !value.contains('$')),
                ..word.clone()
            });
            let inner = Command {
                words: words.collect(),
                redirects: Vec::new(),
                ..self.command.clone()
            };
            let mut effects = of_command(&inner, self.around);
            // For which of the files it runs, the conditions decide.
            effects.deletes = effects.deletes.into_iter().map(something_in).collect();
            self.effects.then(effects);
        }
    }

    fn changes(&mut self, _: &ArgumentUse, place: Place) {
        self.effects
            .requires
            .extend(place.path().filter(|_| !matches!(place, Place::Pattern(_))).cloned());
        self.effects.reads.push(place.clone());
        self.effects.writes.push(place);
    }

    /// Notes what a copy to `argument` writes: the path itself, or a path in it, or both where that is not known.
    fn copies(&mut self, argument: &ArgumentUse, trees: bool) {
        let Some(path) = self.path(argument) else {
            return self.effects.writes.push(self.tree(argument));
        };
        let named = argument
            .text
            .as_deref()
            .is_some_and(|text| text.ends_with('/') || text.ends_with("/.") || text == ".");
        let several = self.sources().count() > 1;
        let is_folder = if named || several {
            Some(true)
        } else {
            self.around.is_folder(&path)
        };
        if is_folder != Some(false) {
            self.copies_into(argument, trees);
        }
        if is_folder == Some(true) && !is_standard_folder(&path) {
            // Without it, several files have no place to go to, and one gets its name.
            self.effects.requires.push(path.clone());
        }
        if is_folder != Some(true) {
            self.effects.writes.push(if trees {
                Place::Under(path.clone())
            } else {
                Place::Exactly(path.clone())
            });
            self.effects.requires.extend(path.parent());
        }
    }

    fn copies_into(&mut self, argument: &ArgumentUse, trees: bool) {
        let Some(folder) = self.path(argument) else {
            return self.effects.writes.push(self.tree(argument));
        };
        let written: Vec<Place> = self
            .sources()
            .map(|source| copied_place(source.text.as_deref(), &folder, trees))
            .collect();
        self.effects.writes.extend(written);
        if argument.text.as_deref().is_some_and(|text| text.ends_with('/')) {
            self.effects.requires.push(folder);
        }
    }

    /// What is copied, moved or linked.
    fn sources(&self) -> impl Iterator<Item = &ArgumentUse> {
        let is_source = |argument: &&ArgumentUse| {
            !argument.by_option && matches!(argument.role, Role::Reads | Role::Moves | Role::LinksTo)
        };
        self.reading.arguments.iter().filter(is_source)
    }

    /// What the program does beside what its arguments name.
    fn beside(&mut self, also: &Also) {
        self.effects.state.extend(also.state.iter().copied());
        self.effects.network |= also.network;
        self.effects.runs.extend(also.needs.iter().cloned());
        let is_output = |argument: &ArgumentUse| matches!(argument.role, Role::Writes | Role::WritesUnder | Role::Home);
        let is_told = self.reading.arguments.iter().any(is_output);
        for path in &also.reads {
            let places = self.places(path, Place::Under);
            self.effects.reads.extend(places);
        }
        let told = also.writes.iter().filter(|_| !is_told);
        for path in told.chain(&also.always_writes) {
            let places = self.places(path, Place::Exactly);
            self.effects.writes.extend(places);
        }
        let told = also.writes_under.iter().filter(|_| !is_told);
        for path in told.chain(&also.always_writes_under) {
            let places = self.places(path, Place::of_pattern);
            self.effects.writes.extend(places);
        }
    }

    /// The places that a path of a table stands for: one for each address, where it takes its name from one.
    fn places(&self, path: &str, of: fn(AbsolutePath) -> Place) -> Vec<Place> {
        if let Some(rest) = path.strip_prefix("~/") {
            // Whose home it is, the account and a variable decide.
            let homes = HOMES.iter().filter_map(|home| AbsolutePath::of(home, None));
            return homes.map(|home| Place::of_pattern(home.join(rest))).collect();
        }
        let takes_names = path.contains("{name}") || path.contains("{stem}");
        let arguments = self.reading.arguments.iter();
        let urls: Vec<Option<&str>> = arguments
            .filter(|argument| takes_names && argument.role == Role::Url)
            .map(|argument| argument.text.as_deref())
            .collect();
        let named = |url: Option<&str>| self.named(path, url).map_or(Place::Anywhere, of);
        if urls.is_empty() {
            return vec![named(None)];
        }
        urls.into_iter().map(named).collect()
    }

    /// A path of a table: relative to the working folder, with the last part of `url` in the place of `{name}` and the
    /// first operand in that of `{first}` and the last in that of `{operand}`; a part that is not known is a `*`.
    fn named(&self, path: &str, url: Option<&str>) -> Option<AbsolutePath> {
        let mut operands = self.reading.arguments.iter().filter(|argument| !argument.by_option);
        let operand = if path.contains("{first}") {
            Some(("{first}", operands.next()))
        } else if path.contains("{operand}") {
            Some(("{operand}", operands.next_back()))
        } else {
            None
        };
        if let Some((word, operand)) = operand {
            let operand = operand.and_then(|operand| operand.text.as_deref()).unwrap_or("*");
            return AbsolutePath::of(&path.replace(word, operand), self.folder(false).as_ref());
        }
        if !path.contains('{') {
            return AbsolutePath::of(path, self.folder(false).as_ref());
        }
        let name = url_name(url?)?;
        let path = path
            .replace("{name}", name)
            .replace("{stem}", name.trim_end_matches(".git"));
        self.output(&path)
            .or_else(|| AbsolutePath::of(&path, self.folder(false).as_ref()))
    }

    /// What a tool does that runs what files of the project say: anything below the working folder.
    fn project(&mut self) {
        let place = self.workdir.clone().map_or(Place::Anywhere, Place::Under);
        self.effects.reads.push(Place::Anywhere);
        self.effects.writes.push(place);
    }
}

/// The place of something that is `place` or in it.
fn something_in(place: Place) -> Place {
    match place.path() {
        Some(path) => Place::Somewhere(path.literal_folder()),
        None => place,
    }
}

/// The place of a copy of `source` in `folder`.
fn copied_place(source: Option<&str>, folder: &AbsolutePath, trees: bool) -> Place {
    let name = source
        .map(|source| source.trim_end_matches('/'))
        .and_then(|source| source.rsplit('/').next());
    match name {
        // All that is in the folder goes into the other one.
        None | Some("" | "." | "..") => Place::Under(folder.clone()),
        Some(name) if name.contains(['*', '?', '[']) => Place::Pattern(folder.join(name)),
        Some(name) if trees => Place::Under(folder.join(name)),
        Some(name) => Place::Exactly(folder.join(name)),
    }
}

/// The last part of an address, under which a download is saved.
fn url_name(url: &str) -> Option<&str> {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.trim_end_matches('/')
        .rsplit(['/', ':'])
        .next()
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod examples_tests;
#[cfg(test)]
mod tests;
