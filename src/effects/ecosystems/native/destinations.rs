//! Where a stage tells builds of C and its like to put what they make: `./configure --prefix=/opt/app`, `make DESTDIR=/out`.
//!
//! A build is told of folders in one step and fills them in another, so that all steps of a stage are looked through.

use std::ops::Range;

use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, Place};
use crate::facts::{Command, Facts};
use crate::knowledge::{ArgumentRole, CommandScope, CommandTable, SettingRole, command_table};
use crate::syntax::Dockerfile;

use crate::effects::ecosystems::{Output, Surroundings};

/// The folders that the native builds of a stage are told of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Destinations {
    /// The folders that their installs fill; none for one that nobody knows.
    folders: Vec<Option<String>>,
    /// Other places outside of their projects, with the word that names them: they may be written to.
    others: Vec<(String, AbsolutePath)>,
}

impl Destinations {
    /// What the commands of a stage say.
    pub(crate) fn of(file: &Dockerfile, facts: &Facts, stage: Range<usize>) -> Destinations {
        let mut found = Destinations::default();
        let runs = stage.filter_map(|index| facts.run(file, index));
        for command in runs.flat_map(|run| &run.commands) {
            let told = project_table(command).map(|table| told(command, table));
            for told in told.into_iter().flatten() {
                found.add(told, command);
            }
        }
        found
    }

    fn add(&mut self, told: Told<'_>, command: &Command) {
        match told.role {
            SettingRole::Installs => self.folders.push(told.value.map(str::to_owned)),
            SettingRole::MayWrite => {
                let path = told.value.filter(|value| value.starts_with('/'));
                let path = path.and_then(|path| AbsolutePath::of(path, None));
                let is_outside = |path: &AbsolutePath| {
                    let project = command
                        .workdir
                        .as_deref()
                        .and_then(|folder| AbsolutePath::of(folder, None));
                    !project.is_some_and(|project| path.is_within(&project))
                        && !Place::Exactly(path.clone()).is_within_scratch()
                };
                self.others
                    .extend(path.filter(is_outside).map(|path| (told.word.to_owned(), path)));
            }
            SettingRole::Roots | SettingRole::Reads => {}
        }
    }

    /// Refuses a build that may write to a place that is not among `left`, as some command told it of that.
    pub(super) fn refuse_others(&self, left: &[Output]) -> Result<(), Obstacle> {
        let known: Vec<Place> = left.iter().flat_map(Output::places).collect();
        let is_known = |path: &AbsolutePath| {
            known
                .iter()
                .any(|place| place.path().is_some_and(|known| path.is_within(known)))
        };
        match self.others.iter().find(|(_, path)| !is_known(path)) {
            None => Ok(()),
            Some((word, path)) => Err(Obstacle::new(
                ObstacleKind::UnknownPlace,
                format!("`{word}` tells the build of {path}, and it is not known whether it writes there"),
                "let it install below --prefix alone, or split the stages by hand",
            )),
        }
    }
}

impl Surroundings<'_> {
    /// Where `command`, a `make install` or its like, puts things.
    pub(super) fn installed(&self, command: &Command) -> Result<Vec<Output>, Obstacle> {
        let Some(table) = project_table(command) else {
            return Ok(vec![Output::Local]);
        };
        let of_role = |role| told(command, table).into_iter().find(move |told| told.role == role);
        if let Some(root) = of_role(SettingRole::Roots) {
            return Ok(vec![own_folder(root.value)?]);
        }
        // What the command says itself counts more than what an earlier one was told.
        let folders = match of_role(SettingRole::Installs) {
            Some(own) => vec![own.value.map(str::to_owned)],
            None => self.destinations.folders.clone(),
        };
        if folders.is_empty() {
            return Ok(vec![Output::Local]);
        }
        folders.iter().map(|folder| own_folder(folder.as_deref())).collect()
    }
}

/// Something that a command tells a build.
struct Told<'c> {
    role: SettingRole,
    /// The word that says it, as written.
    word: &'c str,
    /// Its value; none for one that is not literal.
    value: Option<&'c str>,
}

/// The table of a command that builds what files of a project say.
pub(super) fn project_table(command: &Command) -> Option<&'static CommandTable> {
    let table = command_table(command.program()?)?;
    (table.scope == CommandScope::Project && table.has_tag("native")).then_some(table)
}

/// What a command tells, by its assignments and its words.
fn told<'c>(command: &'c Command, table: &CommandTable) -> Vec<Told<'c>> {
    let by_variable = command.assignments.iter().filter_map(|assigned| {
        let role = table.settings.role(&assigned.name);
        matches!(role, SettingRole::Installs | SettingRole::Roots).then(|| Told {
            role,
            word: &assigned.name,
            value: assigned.value.as_deref(),
        })
    });
    let by_word = (1..command.words.len()).filter_map(|at| told_by(command, table, at));
    by_variable.chain(by_word).collect()
}

/// What word number `at` tells: `--prefix=/opt/app`, or the second one of `--prefix /opt/app`.
fn told_by<'c>(command: &'c Command, table: &CommandTable, at: usize) -> Option<Told<'c>> {
    let word = command.words.get(at)?;
    let (name, value) = match word.text.split_once('=') {
        Some((name, _)) => (
            name,
            word.value.as_deref().and_then(|value| Some(value.split_once('=')?.1)),
        ),
        None if word.text.starts_with('-') => return None,
        None => {
            let before = command.words.get(at - 1).map_or("", |before| before.text.as_str());
            (before, word.value.as_deref())
        }
    };
    // `-DNAME:PATH=value` sets NAME.
    let name = name.strip_prefix("-D").unwrap_or(name);
    let role = table.settings.role(name.split(':').next().unwrap_or(name));
    let is_setting = matches!(role, SettingRole::Installs | SettingRole::Roots);
    // What the table has a row for, it says itself.
    if !is_setting && has_own_row(command, at) {
        return None;
    }
    Some(Told {
        role,
        word: &word.text,
        value,
    })
}

/// Whether the table of a command says of word number `at` which file it is.
fn has_own_row(command: &Command, at: usize) -> bool {
    let arguments = command.reading().into_iter().flat_map(|reading| &reading.arguments);
    let is_file = |role| !matches!(role, ArgumentRole::Text | ArgumentRole::Target | ArgumentRole::Code);
    arguments
        .into_iter()
        .any(|argument| argument.at == at && is_file(argument.role))
}

/// What is left in a folder that an install fills.
fn own_folder(folder: Option<&str>) -> Result<Output, Obstacle> {
    match folder.map(|folder| (folder, folder.trim_end_matches('/'))) {
        Some((_, "/usr/local")) => Ok(Output::Local),
        Some((folder, own)) if folder.starts_with('/') && !matches!(own, "" | "/usr" | "/etc" | "/var") => {
            Ok(Output::Path(own.to_owned()))
        }
        _ => Err(Obstacle::new(
            ObstacleKind::SharedPlace,
            "what is built is installed among the files of the system",
            "install it to /usr/local, or a folder of its own under /opt",
        )),
    }
}
