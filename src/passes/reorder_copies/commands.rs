//! Whether a RUN has nothing to do with what a COPY brings.

use crate::context::Files as _;
use crate::effects::{self, AbsolutePath, Place};
use crate::facts::{Body, Command, Execution, ManagerUse, is_within};
use crate::knowledge::{Action, ArgumentRole as Role, Kind};
use crate::shell::{self, CompoundKind, RedirectKind};

use super::between::Effects;
use crate::effects::image_files::View;
use crate::effects::installs;

/// What has to do with the copied.
pub(super) struct Dependent {
    /// The command, by its number, if it is one alone.
    pub(super) command: Option<usize>,
    /// What it does instead, as a clause after `line N`.
    pub(super) why: String,
}

/// Whether the first `limit` commands of `run` neither read nor write what is copied to the absolute paths
/// `destinations`. `known` are the numbers of commands that were looked at before.
pub(super) fn independent(
    run: &Execution,
    destinations: &[String],
    view: &View<'_>,
    known: &[usize],
    limit: usize,
) -> Result<Effects, Dependent> {
    let whole = |why: String| Dependent { command: None, why };
    // After it begins what is not asked for.
    let end = run.commands.get(limit).map_or(usize::MAX, |command| command.span.start);
    match &run.body {
        Body::Script(body) if limit > 0 => compounds(&body.script, end).map_err(whole)?,
        Body::Script(_) | Body::Exec => {}
        Body::Opaque(why) => return Err(whole(format!("cannot be read: {why}"))),
    }
    let copied = Copied { destinations, view };
    let mut effects = Effects::default();
    for (number, command) in run.commands.iter().enumerate().take(limit) {
        if !known.contains(&number) {
            let alone = copied.command(run, number, command).map_err(|why| Dependent {
                command: Some(number),
                why,
            })?;
            effects = effects.and(alone);
        }
    }
    Ok(effects)
}

/// Whether the compound commands that begin before `end` are of the kinds whose commands are all that they do.
fn compounds(script: &shell::Script, end: usize) -> Result<(), String> {
    let links = script.statements.iter().flat_map(|statement| &statement.chain);
    let commands = links.flat_map(|link| &link.pipeline.commands);
    for command in commands.filter(|command| command.span().start < end) {
        let compound = match command {
            shell::Command::Simple(_) => continue,
            shell::Command::Compound(compound) => compound,
            shell::Command::Function(_) => return Err("defines a function".to_owned()),
        };
        let is_plain = matches!(
            compound.kind,
            CompoundKind::Subshell | CompoundKind::Group | CompoundKind::If
        );
        if !is_plain {
            return Err("contains a loop or a test, whose words may name what is copied".to_owned());
        }
        if let Some(text) = compound.redirects.iter().find_map(redirected) {
            return Err(format!("reads or writes `{text}`, which may be among what is copied"));
        }
        for body in &compound.bodies {
            compounds(body, end)?;
        }
    }
    Ok(())
}

/// The file that a redirect of a compound command names; none for a device.
fn redirected(redirect: &shell::Redirect) -> Option<&str> {
    let is_file = !matches!(
        redirect.kind,
        RedirectKind::Duplicate | RedirectKind::HereDoc | RedirectKind::HereString
    );
    let target = redirect.target.as_ref().filter(|_| is_file)?;
    let is_device = target.literal.as_deref().is_some_and(|path| path.starts_with("/dev/"));
    (!is_device).then_some(target.text.as_str())
}

/// What a COPY brings.
struct Copied<'a> {
    /// Where it goes, as absolute paths.
    destinations: &'a [String],
    view: &'a View<'a>,
}

impl Copied<'_> {
    /// Whether a place may lie in one of the destinations, or one of them in it.
    fn meets(&self, place: &Place) -> bool {
        let mut destinations = self.destinations.iter().filter_map(|path| AbsolutePath::of(path, None));
        destinations.any(|destination| place.meets(&Place::Under(destination)))
    }

    /// Whether something that must be there may come with the copied, or be a folder that is made for it.
    fn may_make(&self, path: &AbsolutePath) -> bool {
        self.touches(path.as_str()) && !effects::is_standard_folder(path)
    }

    /// Whether a destination is in `folder`.
    fn is_above(&self, folder: &str) -> bool {
        self.destinations
            .iter()
            .any(|destination| is_within(destination, folder))
    }

    fn touches(&self, path: &str) -> bool {
        self.is_above(path) || self.destinations.iter().any(|destination| is_within(path, destination))
    }

    /// Whether nothing that is copied is at `place`, although it is in a destination.
    fn is_free(&self, place: &Place) -> bool {
        let path = match place {
            Place::Exactly(path) | Place::Under(path) | Place::Somewhere(path) => path,
            Place::Pattern(_) | Place::Anywhere => return false,
        };
        !self.is_above(path.as_str()) && !self.view.exists(path.relative())
    }

    /// What a command does to the destinations.
    ///
    /// # Errors
    /// That it reads or changes what is copied, or may, as a clause.
    fn command(&self, run: &Execution, number: usize, command: &Command) -> Result<Effects, String> {
        let Some(program) = command.program() else {
            return Err("runs a program that a variable names, which may read what is copied".to_owned());
        };
        if asks_for_itself(command) {
            return Ok(Effects::default());
        }
        if let Some(word) = self.own_program(command) {
            return Err(format!("runs `{word}` from the sources"));
        }
        if let Some(used) = &command.manager {
            return self.manager(run, number, command, used);
        }
        if let Some(installer) = piped_code(run, number, command) {
            return installer;
        }
        if let Some(effects) = self.prepares(command) {
            return Ok(effects);
        }
        let done = effects::of_command(command, &());
        if let Some(redirect) = self.redirect(command) {
            return Err(format!(
                "reads or writes `{redirect}`, which may be among what is copied"
            ));
        }
        if done.unknown.is_some() {
            return Err(format!("runs `{program}`, which may read what is copied"));
        }
        let does = |verb: &'static str, places: &[Place]| {
            let met = places.iter().find(|place| self.meets(place));
            met.map(|place| (verb, place.clone()))
        };
        let required = || done.requires.iter().find(|path| self.may_make(path));
        let met = does("reads", &done.reads)
            .or_else(|| does("writes", &done.writes))
            .or_else(|| does("deletes", &done.deletes))
            .or_else(|| required().map(|path| ("needs", Place::Exactly(path.clone()))));
        match met {
            None => Ok(Effects::default()),
            Some((verb, place)) => Err(named(command, verb, &place)),
        }
    }

    /// The redirect of a command that may concern the destinations, as written.
    fn redirect<'c>(&self, command: &'c Command) -> Option<&'c str> {
        let concerns = |path: Option<&str>| path.is_none_or(|path| !path.starts_with("/dev/") && self.touches(path));
        let mut redirects = command.redirects.iter();
        let found = redirects.find(|redirect| concerns(redirect.path.as_deref()))?;
        Some(&found.text)
    }

    /// The program of a command as written, if it may be one that is copied.
    fn own_program<'c>(&self, command: &'c Command) -> Option<&'c str> {
        let word = command.words.first()?;
        let path = word.value.as_deref().filter(|path| path.contains('/'))?;
        let workdir = effects::folder_of(command);
        let path = AbsolutePath::of(path, workdir.as_ref());
        path.is_none_or(|path| self.touches(path.as_str()))
            .then_some(&word.text)
    }

    fn manager(&self, run: &Execution, number: usize, command: &Command, used: &ManagerUse) -> Result<Effects, String> {
        let called = format!("runs `{} {}`", command.program().unwrap_or_default(), used.verb);
        if used.manager.kind == Kind::System {
            let named = command
                .words
                .iter()
                .skip(1)
                .find(|word| self.is_package_file(command, used, word));
            if let Some(word) = named {
                return Err(format!("names `{}`, which may be among what is copied", word.text));
            }
            let named = installs::named::by_surroundings(command, self.view, &|_| false).into_iter();
            let mut named = named.chain(installs::named::by_words(command, used, self.view));
            return match named.next() {
                Some(named) => Err(named.obstacle(&called).found),
                None => Ok(Effects::default()),
            };
        }
        if matches!(used.action, Action::Exec | Action::Run) {
            return Err(format!("{called}, which may read what is copied"));
        }
        let needs = installs::needs(run, number, self.view).map_err(|obstacle| obstacle.found)?;
        if needs.files.is_empty() && needs.split.is_none() {
            return Ok(Effects::default());
        }
        Err(format!("{called}, which reads what is copied"))
    }

    /// Whether a word of a system's manager names a file that may be copied.
    fn is_package_file(&self, command: &Command, used: &ManagerUse, word: &crate::facts::Word) -> bool {
        let Some(value) = &word.value else {
            let literal = word.text.trim_matches('"').split('$').next().unwrap_or_default();
            return word.text.contains('/') && !literal.contains("://") && (literal.len() < 2 || self.touches(literal));
        };
        let is_file = used.reads.iter().flatten().any(|path| path == value);
        let workdir = effects::folder_of(command);
        let is_copied = || AbsolutePath::of(value, workdir.as_ref()).is_none_or(|path| self.touches(path.as_str()));
        is_file && is_copied()
    }

    /// What a command does that only prepares for what comes next: it enters a folder, makes folders, or makes something
    /// where nothing is copied to.
    fn prepares(&self, command: &Command) -> Option<Effects> {
        let reading = command.reading()?;
        if reading.unknown.is_some() {
            return None;
        }
        let workdir = effects::folder_of(command);
        let path = |text: Option<&str>| AbsolutePath::of(text?, workdir.as_ref());
        let of_role = |role: Role| reading.arguments.iter().filter(move |argument| argument.role == role);
        if let Some(entered) = of_role(Role::Enters).find(|argument| !argument.by_option) {
            // `cd "$(mktemp -d)"` goes where nothing is.
            let is_fresh = entered.text.is_none() && command.words.get(entered.at)?.text.contains("mktemp");
            if is_fresh {
                return Some(Effects::default());
            }
            let path = path(entered.text.as_deref())?.to_string();
            return Some(Effects {
                enters: Some(path).filter(|path| self.touches(path)).into_iter().collect(),
                ..Effects::default()
            });
        }
        let has_rights = of_role(Role::Mode).chain(of_role(Role::Owner)).next().is_some();
        let makes_folders = of_role(Role::MakesFolders).next().is_some();
        if makes_folders
            && !has_rights
            && of_role(Role::MakesFolders).all(|argument| path(argument.text.as_deref()).is_some())
        {
            let touches = of_role(Role::MakesFolders)
                .any(|argument| path(argument.text.as_deref()).is_some_and(|path| self.touches(path.as_str())));
            return Some(Effects {
                makes_folders: touches,
                ..Effects::default()
            });
        }
        // `. venv/bin/activate`, `python -m venv venv`: nothing of it is copied.
        let sourced = of_role(Role::Sources)
            .next()
            .map(|argument| path(argument.text.as_deref()));
        let made = of_role(Role::WritesUnder)
            .next()
            .map(|argument| path(argument.text.as_deref()));
        let place = Place::Under(sourced.or(made)??);
        let does_no_more = reading
            .arguments
            .iter()
            .all(|argument| matches!(argument.role, Role::Sources | Role::WritesUnder | Role::Text));
        (does_no_more && self.is_free(&place)).then(Effects::default)
    }
}

/// How a command comes to a place.
fn named(command: &Command, verb: &str, place: &Place) -> String {
    let workdir = effects::folder_of(command);
    let names = |text: &str| {
        let path = AbsolutePath::of(text, workdir.as_ref()).filter(|_| !text.starts_with('-'));
        let meets = |path: AbsolutePath| place.path().is_some_and(|place| place.is_within(&path));
        path.is_some_and(meets)
    };
    let mut words = command.words.iter().skip(1);
    let word = words.find(|word| match &word.value {
        Some(value) => names(value),
        None => place == &Place::Anywhere || word.text.contains('/'),
    });
    match (word, place) {
        (Some(word), _) => format!("names `{}`, which may be among what is copied", word.text),
        (None, Place::Anywhere) => format!(
            "runs `{}`, which may read what is copied",
            command.program().unwrap_or_default()
        ),
        (None, place) => format!(
            "runs `{}`, which {verb} {place}, where the copied may be",
            command.program().unwrap_or_default()
        ),
    }
}

/// Whether a command only asks a program for its version or its help.
fn asks_for_itself(command: &Command) -> bool {
    let asks = |value: Option<&str>| {
        matches!(
            value,
            Some("--version" | "-version" | "-v" | "-V" | "version" | "--help")
        )
    };
    command.words.len() == 2 && command.words.iter().skip(1).all(|word| asks(word.value.as_deref()))
}

/// What an installer does that comes through a pipe, as in `curl … | sh`: nothing to the project, unless it is given
/// files of it. `None` for another command.
fn piped_code(run: &Execution, number: usize, command: &Command) -> Option<Result<Effects, String>> {
    if !command.context.in_pipeline || !command.has_tag("reads-code") {
        return None;
    }
    let gives_code = |other: &Command| {
        let downloads = || other.table().is_some_and(|table| table.usage.also.network);
        other.context.in_pipeline && (other.has_tag("prints") || downloads())
    };
    if !run.commands.get(..number)?.iter().any(gives_code) {
        return None;
    }
    let values: Vec<Option<&str>> = command.words.iter().skip(1).map(|word| word.value.as_deref()).collect();
    let is_option = |value: &str| value.starts_with('-');
    let is_plain = |value: &str| is_option(value) || !value.contains(['/', '.']);
    let is_plain = values.iter().all(|value| value.is_some_and(is_plain))
        && values.first().is_none_or(|first| first.is_some_and(is_option));
    Some(if is_plain {
        Ok(Effects::default())
    } else {
        Err(format!(
            "runs `{}` with a script",
            command.program().unwrap_or_default()
        ))
    })
}
