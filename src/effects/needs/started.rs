//! What is started: CMD, ENTRYPOINT, HEALTHCHECK, the scripts and lists that they name, and what Compose files and
//! orchestrators run in the image.

use std::collections::{BTreeMap, BTreeSet};

use crate::context::ContextSource;
use crate::context::Files as _;
use crate::context::compose::{self, HealthCheck, Service};
use crate::effects::ecosystems::Output;
use crate::effects::image_files::View;
use crate::effects::steps::{self, StepKind};
use crate::effects::{AbsolutePath, Evidence, Place};
use crate::facts::{Base, Command, Facts, Scope, Stage};
use crate::knowledge::{ListFormat, image_configuration, is_shell, start_needs};
use crate::shell;
use crate::syntax::{Arguments, Dockerfile, Keyword};

use super::building::{is_build, tool_at_start, work_at_start};
use super::commands::{Commands, is_unknown, program, runs_another, started_by};
use super::{Needs, Started, Unanswered, last};

/// How deep scripts that start scripts are followed.
pub(super) const DEEPEST: usize = 6;

/// Folders of PATH in which COPYs put programs.
const PATH: [&str; 5] = ["usr/local/bin", "usr/bin", "bin", "usr/local/sbin", "usr/sbin"];

/// Who starts a command, which decides what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The container's own start: what installs or compiles there needs the tools of a build.
    Start,
    /// A health check: it may install nothing that a build needs, but is part of what runs.
    Health,
    /// A probe, a hook, a source, a RUN: the tools that it calls are needed.
    Others,
}

pub(super) struct Reader<'r, 'v> {
    pub(super) image: &'r View<'v>,
    pub(super) needs: &'r mut Needs,
    /// The files that were followed.
    pub(super) seen: BTreeSet<String>,
    pub(super) by: By,
    /// The words of the start that name a program which only starts the one after it.
    starters: BTreeSet<String>,
}

impl<'r, 'v> Reader<'r, 'v> {
    pub(super) fn new(image: &'r View<'v>, needs: &'r mut Needs, by: By) -> Reader<'r, 'v> {
        Reader {
            image,
            needs,
            seen: BTreeSet::new(),
            by,
            starters: BTreeSet::new(),
        }
    }

    /// Reads the CMD, ENTRYPOINT and HEALTHCHECK that count in a stage, also those of stages that it is built on.
    pub(super) fn stage(&mut self, file: &Dockerfile, facts: &Facts, stage: &Stage) {
        let entry = effective(file, facts, stage, Keyword::Entrypoint);
        let command = effective(file, facts, stage, Keyword::Cmd);
        // An ENTRYPOINT takes the place of the CMD of what it is built on.
        let is_reset = |index: &usize| entry.is_some_and(|entry| facts.stage_of(entry) > facts.stage_of(*index));
        let command = command.filter(|index| !is_reset(index));
        let words: Vec<String> = [entry, command]
            .into_iter()
            .flatten()
            .filter_map(|index| exec(file, index))
            .flatten()
            .collect();
        let commands = Commands::of_words(&words).list.into_iter();
        let starters = commands.filter(|words| runs_another(words));
        self.starters = starters.filter_map(|words| words.into_iter().next()).collect();
        for index in [entry, command].into_iter().flatten() {
            self.needs.starts = true;
            self.instruction(file, facts, index);
        }
        if let Some(entry) = entry {
            self.together(file, facts, entry, command);
        }
        if let Some(health) = effective(file, facts, stage, Keyword::Healthcheck) {
            self.by = By::Health;
            self.instruction(file, facts, health);
            self.by = By::Start;
        }
    }

    /// Reads one instruction by itself.
    fn instruction(&mut self, file: &Dockerfile, facts: &Facts, index: usize) {
        let known = facts.instructions.get(index);
        let Some(execution) = known.and_then(|facts| facts.execution.as_deref()) else {
            return;
        };
        let place = file.place_of(index);
        for command in &execution.commands {
            for wrapper in &command.wrappers {
                self.tool(wrapper, &place);
            }
            let values = command.words.iter();
            let words: Vec<String> = values
                .map(|word| word.value.clone().unwrap_or_else(|| word.text.clone()))
                .collect();
            self.words(&words, command.workdir.as_deref(), &place, 0);
            if self.by == By::Start {
                let started: Vec<String> = (0..)
                    .zip(words)
                    .filter_map(|(at, word)| may_start(command, at).then_some(word))
                    .collect();
                self.unread_start(file, facts, index, &started, &place);
            }
        }
    }

    /// Reads an ENTRYPOINT with the words of CMD after it, as the engine puts them together.
    fn together(&mut self, file: &Dockerfile, facts: &Facts, entry: usize, command: Option<usize>) {
        let Some(mut words) = exec(file, entry) else { return };
        let place = file.place_of(entry);
        if let Some(tool) = tool_at_start(&words).filter(|_| self.needs.builds_at_start.is_none()) {
            self.needs.builds_at_start = Some(Evidence {
                place: place.clone(),
                fact: format!("starts {tool}, which compiles or downloads what it is told when the container starts"),
            });
        }
        let workdir = facts.scope(entry).and_then(|scope| scope.workdir.clone());
        if let Some(more) = command.and_then(|command| exec(file, command)) {
            words.extend(more);
            self.words(&words, workdir.as_deref(), &place, 0);
        }
    }

    /// Notes a script that is started and that no COPY from the context brings: a RUN wrote or downloaded it.
    fn unread_start(&mut self, file: &Dockerfile, facts: &Facts, index: usize, words: &[String], place: &str) {
        let workdir = facts.scope(index).and_then(|scope| scope.workdir.clone());
        let Some(stage) = facts.stage_of(index).and_then(|stage| facts.stages.get(stage)) else {
            return;
        };
        let own = match &stage.base {
            Base::Image(image) => image_configuration(&image.repository(), image.tag.as_deref()),
            _ => None,
        };
        let is_of_base = |word: &str| own.is_some_and(|own| own.entrypoint.iter().any(|known| known == word));
        let is_script = |word: &&String| (word.contains('/') || word.ends_with(".sh")) && !is_of_base(word);
        // A starter that was downloaded does what one of a package does.
        let is_starter = |word: &&String| self.starters.contains(*word);
        let scripts: Vec<&String> = words
            .iter()
            .filter(is_script)
            .filter(|word| !is_starter(word))
            .collect();
        for word in scripts {
            let Some(path) = absolute(workdir.as_deref(), word) else {
                continue;
            };
            let is_known = self.image.supplier(path.trim_start_matches('/')).is_some();
            // What a build makes is a program; what anything else writes may be a script.
            let writes = |run: usize| {
                let is_named = file
                    .instructions
                    .get(run)
                    .is_some_and(|run| run.text().contains(path.as_str()));
                is_named && facts.run(file, run).is_some_and(|run| !is_build(run))
            };
            // A program that a later step puts in its place is built, too.
            let is_built = || {
                let built = steps::of_stage(file, facts, stage, self.image.context);
                let outputs = built
                    .iter()
                    .filter(|step| step.kind == StepKind::Build)
                    .flat_map(|step| &step.outputs);
                let place = AbsolutePath::of(&path, None).map(Place::Exactly);
                let mut places = outputs.flat_map(Output::places);
                place.is_some_and(|place| places.any(|built| built.covers(&place)))
            };
            let is_written = || stage.instructions.clone().any(writes) && !is_built();
            if !is_known && (path.ends_with(".sh") || is_written()) {
                self.unknown_start(
                    place,
                    format!("starts {word}, which is not in the build context and may call any tool"),
                );
            }
        }
    }

    pub(super) fn unknown_start(&mut self, place: &str, fact: String) {
        if self.needs.unknown_start.is_none() {
            self.needs.unknown_start = Some(Unanswered::new(
                place,
                fact,
                "start a program or a script of the build context in CMD or ENTRYPOINT",
            ));
        }
    }

    /// Reads the health checks and commands of the Compose files, but for services of other stages. `workdir` is the
    /// image's.
    pub(super) fn compose(&mut self, context: &ContextSource, stage: &Stage, workdir: Option<&str>) {
        let is_own = |service: &&Service| {
            let target = service.target.as_deref();
            target.is_none_or(|target| {
                stage
                    .name
                    .as_deref()
                    .is_some_and(|name| name.eq_ignore_ascii_case(target))
            })
        };
        for service in context.services().iter().filter(is_own) {
            let name = service.file.file_name().unwrap_or_default().to_string_lossy();
            let place = format!("{name}:{}", service.line);
            if let Some(HealthCheck::Test(command)) = &service.health_check {
                self.by = By::Health;
                self.words(&words_of(command), workdir, &place, 0);
                self.by = By::Start;
            }
            if let Some(path) = service.sets_path().filter(|_| self.needs.python_folders.is_none()) {
                self.needs.python_folders = Some(Evidence {
                    place: place.clone(),
                    fact: format!("sets PATH to {path}"),
                });
            }
            self.needs.starts |= service.command.is_some() || service.entrypoint.is_some();
            for command in service.command.iter().chain(&service.entrypoint) {
                self.words(&words_of(command), workdir, &place, 0);
            }
        }
    }

    /// Reads the lists of what is started that COPYs bring to the places where cron, supervisor and the like look.
    pub(super) fn lists_of_image(&mut self, workdir: Option<&str>) {
        for list in &start_needs().lists {
            for path in &list.paths {
                let children = self.image.list(path);
                let files = children.iter().filter(|name| !name.ends_with('/'));
                let files = files.map(|name| format!("{path}/{name}"));
                let all: Vec<String> = files.chain([path.clone()]).collect();
                for path in all {
                    if self.image.supplier(&path).is_some() {
                        self.file(&format!("/{path}"), workdir, 0);
                    }
                }
            }
        }
    }

    pub(super) fn tool(&mut self, name: &str, place: &str) {
        self.needs.tool(name, || Evidence {
            place: place.to_owned(),
            fact: format!("runs {name}"),
        });
    }

    /// Reads a list of words, and all that its wrappers and shells run.
    pub(super) fn words(&mut self, words: &[String], workdir: Option<&str>, place: &str, depth: usize) {
        self.commands(Commands::of_words(words), workdir, place, depth);
    }

    pub(super) fn commands(&mut self, commands: Commands, workdir: Option<&str>, place: &str, depth: usize) {
        let mut workdir = workdir.map(str::to_owned);
        for words in &commands.list {
            self.command(words, workdir.as_deref(), place, depth);
            if program(words) == "cd" {
                workdir = words.get(1).and_then(|folder| absolute(workdir.as_deref(), folder));
            }
        }
        for text in &commands.unread {
            self.unread(text, place);
        }
    }

    /// What is not understood still names its tools.
    fn unread(&mut self, text: &str, place: &str) {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.+".contains(c)));
        for word in words.filter(|word| !word.is_empty()) {
            self.needs.tool(word, || Evidence {
                place: place.to_owned(),
                fact: format!("names {word}"),
            });
        }
        self.needs
            .unknown_call(place, "has a command that cannot be read", true);
    }

    /// Reads one command: its program is a tool; a script is followed.
    fn command(&mut self, words: &[String], workdir: Option<&str>, place: &str, depth: usize) {
        let program = program(words);
        if is_unknown(words) {
            self.needs
                .unknown_call(place, "runs a program that a variable names", false);
        } else if !program.is_empty() {
            self.tool(program, place);
        }
        if self.by != By::Others {
            self.at_start(words, place);
        }
        if depth >= DEEPEST {
            return;
        }
        self.login_shell(program, words, place);
        self.package_script(words, workdir, depth);
        self.started_by(words, place);
        self.code(words, workdir, place, depth);
        self.source(words, workdir, depth);
        self.tasks(words, workdir, place, depth);
        // Anything that names a file of the image may be a script: a program, its argument, a configuration.
        for word in words {
            self.file(word, workdir, depth + 1);
        }
    }

    /// Notes the programs that a command starts for its options and words.
    fn started_by(&mut self, words: &[String], place: &str) {
        for started in started_by(words) {
            self.tool(started, place);
        }
    }

    fn at_start(&mut self, words: &[String], place: &str) {
        // What a wrapper runs is a command of its own.
        if !runs_another(words) {
            self.needs.commands.push(Started {
                words: words.to_vec(),
                place: place.to_owned(),
            });
        }
        let is_first = self.by == By::Start && self.needs.builds_at_start.is_none();
        if let Some(work) = work_at_start(words).filter(|_| is_first) {
            self.needs.builds_at_start = Some(Evidence {
                place: place.to_owned(),
                fact: format!("runs `{work}` at start"),
            });
        }
    }

    fn login_shell(&mut self, program: &str, words: &[String], place: &str) {
        let is_login = |word: &&String| {
            *word == "--login" || word.starts_with('-') && !word.starts_with("--") && word.contains('l')
        };
        if is_shell(program)
            && words.iter().skip(1).take(2).any(|word| is_login(&word))
            && self.needs.python_folders.is_none()
        {
            self.needs.python_folders = Some(Evidence {
                place: place.to_owned(),
                fact: "starts a login shell, which has a PATH of its own".to_owned(),
            });
        }
    }

    /// Follows a file of the image, if the context has it and it is a script or a list of commands.
    pub(super) fn file(&mut self, word: &str, workdir: Option<&str>, depth: usize) {
        let word = word.split('=').next_back().unwrap_or(word);
        let path = match absolute(workdir, word) {
            Some(path) if word.contains('/') || word.contains('.') => path,
            // A program in a folder of PATH that a COPY put there.
            _ => match PATH
                .iter()
                .map(|folder| format!("{folder}/{word}"))
                .find(|path| self.image.supplier(path).is_some())
            {
                Some(path) => path,
                None => return,
            },
        };
        let path = path.trim_start_matches('/').to_owned();
        let Some((_, from)) = self.image.supplier(&path) else {
            return;
        };
        if !self.seen.insert(path.clone()) {
            return;
        }
        let Some(text) = self.image.read(&path) else { return };
        let first_line = text.lines().next().unwrap_or_default();
        let interpreter = first_line.strip_prefix("#!").unwrap_or_default().trim();
        let list = start_needs().lists.iter().find(|list| {
            let is_there = |folder: &String| {
                path == *folder || path.strip_prefix(folder.as_str()).is_some_and(|p| p.starts_with('/'))
            };
            list.paths.iter().any(is_there) || list.ends.iter().any(|end| path.ends_with(end.as_str()))
        });
        match list.map(|list| list.format).filter(|_| interpreter.is_empty()) {
            Some(ListFormat::Script) => self.script(&text, workdir, &from, depth),
            Some(format) => self.listed(&text, format, workdir, &from, depth),
            None => self.program_file(&text, interpreter, &path, &from, workdir, depth),
        }
    }

    /// Reads a file that is run: a script of the shell, or one of another interpreter.
    fn program_file(
        &mut self,
        text: &str,
        interpreter: &str,
        path: &str,
        from: &str,
        workdir: Option<&str>,
        depth: usize,
    ) {
        let named: Vec<String> = interpreter.split_whitespace().map(str::to_owned).collect();
        let commands = Commands::of_words(&named);
        let program = commands.list.last().map_or("", |words| program(words));
        self.login_shell(
            program,
            commands.list.last().map_or(&[], Vec::as_slice),
            &format!("{from}:1"),
        );
        let is_shell = is_shell(program);
        if is_shell || interpreter.is_empty() && path.ends_with(".sh") {
            if is_shell && program != "sh" {
                self.needs.tool(program, || Evidence {
                    place: format!("{from}:1"),
                    fact: format!("is a {program} script"),
                });
            }
            self.script(text, workdir, from, depth);
        } else if !program.is_empty() {
            self.needs.tool(program, || Evidence {
                place: format!("{from}:1"),
                fact: format!("is run by {program}"),
            });
        }
    }

    /// Reads a shell script. `from` is where it is.
    pub(super) fn script(&mut self, text: &str, workdir: Option<&str>, from: &str, depth: usize) {
        let Ok(script) = shell::parse(text) else {
            self.unread(text, from);
            return;
        };
        let mut workdir = workdir.map(str::to_owned);
        let lines = shell::Lines::of(text);
        let visits = shell::commands(&script, shell::ShellOptions::default());
        let assigned = Assigned::of(&visits);
        for visit in &visits {
            let line = lines.number(visit.command.span.start);
            let place = if from.contains(':') {
                from.to_owned()
            } else {
                format!("{from}:{line}")
            };
            if sets_path(visit.command) && self.needs.python_folders.is_none() {
                self.needs.python_folders = Some(Evidence {
                    place: place.clone(),
                    fact: "sets PATH as a whole, so that programs are looked for in other folders".to_owned(),
                });
            }
            let programs = assigned.programs(visit.command);
            let words: Vec<String> = visit.command.texts().into_iter().map(str::to_owned).collect();
            for words in programs.map_or_else(|| vec![words.clone()], |programs| with_program(&words, programs)) {
                self.words(&words, workdir.as_deref(), &place, depth);
            }
            for text in visit
                .command
                .redirects
                .iter()
                .filter_map(|redirect| redirect.here_doc.as_ref())
            {
                self.here_document(program(&words), &text.text, workdir.as_deref(), &place, depth);
            }
            if program(&words) == "cd" && !visit.context.in_subshell {
                workdir = words.get(1).and_then(|folder| absolute(workdir.as_deref(), folder));
            }
        }
    }

    /// Reads a list of commands: supervisor's `command=`, a Procfile's or a crontab's lines.
    pub(super) fn listed(&mut self, text: &str, format: ListFormat, workdir: Option<&str>, from: &str, depth: usize) {
        for (number, line) in text.lines().enumerate() {
            let place = format!("{from}:{}", number + 1);
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';', '[']) {
                continue;
            }
            for command in commands_of_line(line, format) {
                self.commands(Commands::of_script(command), workdir, &place, depth + 1);
            }
        }
    }

    /// Follows `npm start`, `yarn serve`, `pnpm run x` into package.json.
    fn package_script(&mut self, words: &[String], workdir: Option<&str>, depth: usize) {
        let Some((name, folder)) = super::building::package_script(words) else {
            return;
        };
        let folder = absolute(workdir, &folder).unwrap_or_default();
        self.scripts_in(&folder, &|own| own == name, depth);
    }

    /// Follows the scripts of the `package.json` in `folder` whose names are meant, with those before and behind each;
    /// whether there are any.
    pub(super) fn scripts_in(&mut self, folder: &str, is_meant: &dyn Fn(&str) -> bool, depth: usize) -> bool {
        let path = format!("{folder}/package.json").trim_matches('/').to_owned();
        let Some((_, from)) = self.image.supplier(&path) else {
            return false;
        };
        let manifest = self
            .image
            .read(&path)
            .map(|text| serde_json::from_str::<serde_json::Value>(&text));
        let Some(Ok(manifest)) = manifest else {
            self.unknown_start(&from, "cannot be read, so that its scripts are not known".to_owned());
            return true;
        };
        let scripts = manifest.get("scripts").and_then(serde_json::Value::as_object);
        let mut is_found = false;
        for name in scripts
            .iter()
            .flat_map(|scripts| scripts.keys())
            .filter(|name| is_meant(name))
        {
            is_found = true;
            for name in ["pre", "", "post"].map(|stage| format!("{stage}{name}")) {
                let script = scripts.and_then(|scripts| scripts.get(&name)?.as_str());
                if let Some(script) = script
                    && self.seen.insert(format!("{path} {name}"))
                {
                    self.script(script, Some(folder), &format!("{from}: {name}"), depth + 1);
                }
            }
        }
        is_found
    }
}

/// The last instruction of a kind that counts in a stage, also in those that it is built on.
fn effective(file: &Dockerfile, facts: &Facts, stage: &Stage, keyword: Keyword) -> Option<usize> {
    let own = last(file, stage.instructions.clone(), keyword);
    own.or_else(|| match stage.base {
        Base::Stage(below) => effective(file, facts, facts.stages.get(below)?, keyword),
        _ => None,
    })
}

/// The words of an instruction in exec form.
fn exec(file: &Dockerfile, index: usize) -> Option<Vec<String>> {
    match &file.instructions.get(index)?.node().arguments {
        Arguments::Exec(words) => Some(words.iter().map(|word| word.value.clone()).collect()),
        _ => None,
    }
}

/// The commands in a line of a list.
fn commands_of_line(line: &str, format: ListFormat) -> Vec<&str> {
    match format {
        ListFormat::Script => vec![line],
        ListFormat::Procfile => line
            .split_once(':')
            .map(|(_, command)| command.trim())
            .into_iter()
            .collect(),
        ListFormat::Cron => {
            // `@daily command`, `* * * * * command`, in /etc with a user before the command.
            let fields = if line.starts_with('@') { 1 } else { 5 };
            let command = after_fields(line, fields);
            let of_user = command.and_then(|command| after_fields(command, 1));
            let is_variable = line.split([' ', '\t']).next().is_some_and(|word| word.contains('='));
            command.into_iter().chain(of_user).filter(|_| !is_variable).collect()
        }
        ListFormat::Settings => {
            let value = line.split_once(['=', ':']).map_or(line, |(_, value)| value);
            // systemd's signs before a path, JSON's and YAML's quotes.
            let value = value
                .trim()
                .trim_start_matches(['-', '@', '+', '!'])
                .trim_end_matches([',', ';']);
            let plain = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'))
                .unwrap_or(value);
            vec![plain]
        }
    }
}

fn after_fields(line: &str, fields: usize) -> Option<&str> {
    let mut rest = line.trim_start();
    for _ in 0..fields {
        rest = rest.split_once([' ', '\t'])?.1.trim_start();
    }
    (!rest.is_empty()).then_some(rest)
}

pub(super) fn absolute(workdir: Option<&str>, path: &str) -> Option<String> {
    Scope {
        workdir: workdir.map(str::to_owned),
        ..Scope::default()
    }
    .absolute(path)
}

/// The most texts that a variable is followed to.
const MOST_TEXTS: usize = 16;

/// The literal texts that a script assigns to its variables, by their names; nothing for one that may be others.
struct Assigned<'v>(BTreeMap<&'v str, Option<BTreeSet<&'v str>>>);

impl<'v> Assigned<'v> {
    fn of(visits: &'v [shell::Visit<'_>]) -> Assigned<'v> {
        let mut found: BTreeMap<&str, Option<BTreeSet<&str>>> = BTreeMap::new();
        for assignment in visits.iter().flat_map(|visit| &visit.command.assignments) {
            let texts = found.entry(&assignment.name).or_insert_with(|| Some(BTreeSet::new()));
            let value = assignment.value.as_ref().and_then(|value| value.literal.as_deref());
            *texts = match (texts.take(), value) {
                (Some(mut known), Some(value)) if known.len() < MOST_TEXTS => {
                    known.insert(value);
                    Some(known)
                }
                _ => None,
            };
        }
        Assigned(found)
    }

    /// The texts of the variable by which a command names its program.
    fn programs(&self, command: &shell::SimpleCommand) -> Option<&BTreeSet<&'v str>> {
        let first = command.words.first().filter(|word| word.literal.is_none())?;
        let name = first.text.trim_matches('"').strip_prefix('$')?.trim_matches(['{', '}']);
        self.0.get(name)?.as_ref()
    }
}

/// A command with each of the programs that its variable may name.
fn with_program(words: &[String], programs: &BTreeSet<&str>) -> Vec<Vec<String>> {
    let rest = words.get(1..).unwrap_or_default();
    let commands = programs.iter().map(|program| {
        let first = program.split_whitespace().map(str::to_owned);
        first.chain(rest.iter().cloned()).collect()
    });
    commands.collect()
}

/// Whether word number `at` of a command may name something that it starts, and no file that it reads or writes.
fn may_start(command: &Command, at: usize) -> bool {
    let reading = command.reading().filter(|reading| reading.is_complete());
    at == 0
        || reading.is_none_or(|reading| {
            let mut own = reading.arguments.iter().filter(|argument| argument.at == at);
            reading.inner_at.is_some_and(|inner| at >= inner)
                || reading.commands.iter().any(|words| words.contains(&at))
                || own.any(|argument| argument.is_run())
        })
}

pub(super) fn words_of(command: &compose::Command) -> Vec<String> {
    match command {
        compose::Command::Words(words) => words.clone(),
        compose::Command::Line(text) | compose::Command::Shell(text) => {
            vec!["sh".to_owned(), "-c".to_owned(), text.clone()]
        }
    }
}

/// Whether a command gives PATH a value without the one that it had, or reads a profile, which does.
fn sets_path(command: &shell::SimpleCommand) -> bool {
    let is_whole = |value: &str| !value.contains("$PATH") && !value.contains("${PATH");
    let by_assignment = command.assignments.iter().any(|assignment| {
        let value = assignment.value.as_ref().map_or("", |value| value.text.as_str());
        assignment.name == "PATH" && !assignment.append && command.words.is_empty() && is_whole(value)
    });
    let texts = command.texts();
    let (name, words) = texts
        .split_first()
        .map_or(("", [].as_slice()), |(name, words)| (*name, words));
    let by_export = || {
        name == "export"
            && words
                .iter()
                .any(|word| word.strip_prefix("PATH=").is_some_and(is_whole))
    };
    let is_profile =
        |word: &&str| word.starts_with("/etc/profile") || word.ends_with("profile") || word.ends_with("bashrc");
    by_assignment || by_export() || matches!(name, "." | "source") && words.iter().any(is_profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_lines_of_lists() {
        let cases = [
            (
                ListFormat::Cron,
                "*/5 * * * * root git pull",
                vec!["root git pull", "git pull"],
            ),
            (ListFormat::Cron, "@daily git pull", vec!["git pull", "pull"]),
            (ListFormat::Cron, "PATH=/usr/bin:/bin x y z a b", vec![]),
            (ListFormat::Procfile, "web: gunicorn app", vec!["gunicorn app"]),
            (
                ListFormat::Settings,
                "command = /usr/bin/git pull",
                vec!["/usr/bin/git pull"],
            ),
            (
                ListFormat::Settings,
                "ExecStart=-/usr/bin/git pull",
                vec!["/usr/bin/git pull"],
            ),
            (ListFormat::Settings, "\"script\": \"git pull\",", vec!["git pull"]),
        ];
        for (format, line, expected) in cases {
            assert_eq!(commands_of_line(line, format), expected, "{line}");
        }
    }
}
