//! All programs that `data/commands/` describes, and how a command of theirs is read.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::arguments::{Conventions, Given, Leading, OptionKind, Rows, Split, split};
use super::base_environment::matches;
use super::command::{Also, CommandTable, Count, Form, INFORMS, Operand, Role, Scope, Starts, State, Style, Usage};

/// The files of `data/commands/`. The list is kept in that folder, so that a new program is a change of data only.
const FILES: &[&str] = include!("../../data/commands/index.rs");

/// The tables by the names of their programs.
#[derive(Debug, Default)]
pub struct Commands {
    tables: Vec<CommandTable>,
    by_name: HashMap<String, usize>,
    /// Names with a wildcard: what they begin and end with.
    by_pattern: Vec<(String, String, usize)>,
    by_module: HashMap<String, usize>,
}

impl Commands {
    /// The tables that are part of this program.
    #[must_use]
    pub fn embedded() -> &'static Commands {
        static EMBEDDED: LazyLock<Commands> = LazyLock::new(|| {
            let mut commands = Commands::default();
            for text in FILES {
                // A file that does not parse is left out here, as a user can do nothing about it; a test fails instead.
                let _ = commands.add(text);
            }
            commands
        });
        &EMBEDDED
    }

    /// Adds the table in `text`, the content of a file of `data/commands/`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn add(&mut self, text: &str) -> Result<(), toml::de::Error> {
        let table: CommandTable = toml::from_str(text)?;
        let at = self.tables.len();
        for name in &table.programs {
            if let Some(rest) = name.strip_prefix("*-") {
                self.by_pattern.push((String::new(), format!("-{rest}"), at));
                self.by_name.insert(rest.to_owned(), at);
            } else if let Some(stem) = name.strip_suffix('#') {
                self.by_pattern.push((stem.to_owned(), String::new(), at));
            } else {
                self.by_name.insert(name.clone(), at);
            }
        }
        let modules = table.modules.iter().cloned();
        self.by_module.extend(modules.map(|module| (module, at)));
        self.tables.push(table);
        Ok(())
    }

    /// The table of a program that an interpreter runs as a module.
    pub(super) fn find_module(&self, module: &str) -> Option<&CommandTable> {
        self.by_module.get(module).and_then(|at| self.tables.get(*at))
    }

    /// The table of a program, by its name without a folder; `None` where nothing is known of it.
    #[must_use]
    pub fn find(&self, program: &str) -> Option<&CommandTable> {
        let is_version = |text: &str| text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
        let by_pattern = || {
            let fits = |(start, end, _): &&(String, String, usize)| {
                let middle = program
                    .strip_prefix(start.as_str())
                    .and_then(|rest| rest.strip_suffix(end.as_str()));
                middle.is_some_and(|middle| !end.is_empty() || is_version(middle))
            };
            self.by_pattern.iter().find(fits).map(|(_, _, at)| at)
        };
        self.tables.get(*self.by_name.get(program).or_else(by_pattern)?)
    }

    /// All tables.
    #[must_use]
    pub fn tables(&self) -> &[CommandTable] {
        &self.tables
    }
}

/// The embedded table of a program, by its name without a folder; `None` where nothing is known of it.
#[must_use]
pub fn command_table(program: &str) -> Option<&'static CommandTable> {
    Commands::embedded().find(program)
}

/// Whether a program, by its name without a folder, is a shell that reads the language of `sh`.
#[must_use]
pub fn is_shell(program: &str) -> bool {
    command_table(program).is_some_and(|table| table.has_tag("posix-shell"))
}

/// All embedded tables.
#[must_use]
pub fn command_tables() -> &'static [CommandTable] {
    Commands::embedded().tables()
}

/// An argument of a command with what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentUse {
    /// What it is.
    pub role: Role,
    /// `None` for one that is not literal.
    pub text: Option<String>,
    /// The word that it is in, or a part of; counted from the program's name, which is 0.
    pub at: usize,
    /// Whether it is the value of an option.
    pub by_option: bool,
}

/// A command, read by the table of its program.
#[derive(Clone, Debug)]
pub struct Reading<'t> {
    /// Its arguments with their roles, in their order.
    pub arguments: Vec<ArgumentUse>,
    /// The word at which the command begins that this one runs, counted from the program's name, which is 0.
    pub inner_at: Option<usize>,
    /// The commands that options run, as ranges of words: `find -exec rm {} ;`.
    pub commands: Vec<std::ops::Range<usize>>,
    /// What it does beside; `None` where that is not known.
    pub also: Option<&'t Also>,
    /// The first word that no row names, by its number, or 0 where an operand is missing; what the command does is then
    /// not known.
    pub unknown: Option<usize>,
    /// The table.
    pub table: &'t CommandTable,
}

impl Reading<'_> {
    /// Whether the command prints something about itself and does nothing else.
    #[must_use]
    pub fn informs(&self) -> bool {
        self.also.is_some_and(|also| also.informs)
    }

    /// What it changes apart from files.
    pub fn state(&self) -> impl Iterator<Item = State> {
        self.also.iter().flat_map(|also| also.state.iter().copied())
    }

    /// Whether its arguments say all that it does.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unknown.is_none() && self.table.scope == Scope::Arguments && self.also.is_some_and(|also| !also.unknown)
    }

    /// Whether it certainly runs no other program but those that its table needs.
    #[must_use]
    pub fn runs_nothing(&self) -> bool {
        let runs =
            || self.inner_at.is_some() || !self.commands.is_empty() || self.arguments.iter().any(ArgumentUse::is_run);
        self.table.never_runs() || self.is_complete() && !runs()
    }
}

impl ArgumentUse {
    /// Whether it is run: a script or code.
    #[must_use]
    pub fn is_run(&self) -> bool {
        self.role.is_run()
    }
}

impl CommandTable {
    /// Reads a command whose words are given with their text, for those that have no value: `--output=$X` names an option,
    /// although nobody knows what it is told.
    #[must_use]
    pub fn read_with_texts(&self, words: &[(Option<&str>, &str)]) -> Reading<'_> {
        let known = words.iter().map(|(value, text)| value.or_else(|| option_part(text)));
        let mut reading = self.read(&known.collect::<Vec<_>>());
        for argument in &mut reading.arguments {
            let word = argument.at.checked_sub(1).and_then(|at| words.get(at));
            if word.is_some_and(|(value, _)| value.is_none()) {
                argument.text = None;
            }
        }
        reading
    }

    /// The programs that the command starts for its options and words. `words` are those after the program's name, each with
    /// its value, if it is literal, and its text.
    pub fn started_by(&self, words: &[(Option<&str>, &str)]) -> Vec<&str> {
        if self.starts.is_empty() {
            return Vec::new();
        }
        let known: Vec<Option<&str>> = words
            .iter()
            .map(|(value, text)| value.or_else(|| option_part(text)))
            .collect();
        let rows = OptionRows {
            table: self,
            usage: &self.usage,
        };
        let given = split(&known, self.conventions(&self.usage), &rows);
        let fits = |row: &&Starts| {
            let is_word = |pattern: &String| {
                let mut texts = words.iter().map(|(_, text)| text.trim_matches(['"', '\'']));
                texts.any(|text| matches(pattern, text))
            };
            !row.when.is_empty() && is_given(&row.when, &given.options, &rows) || row.words.iter().any(is_word)
        };
        let rows = self.starts.iter().filter(fits);
        rows.flat_map(|row| row.programs.iter().map(String::as_str)).collect()
    }

    /// Reads a command. `words` are those after the program's name, `None` for one that is not literal.
    #[must_use]
    pub fn read(&self, words: &[Option<&str>]) -> Reading<'_> {
        let (words, usage, before) = match self.subcommand(words) {
            Selected::Whole => (words.to_vec(), &self.usage, 0),
            Selected::Sub { usage, without, before } => (without, usage, before),
            Selected::Unknown(at) => return self.unknown(at + 1),
        };
        // Words of a subcommand were taken out and left a gap.
        let numbers: Vec<usize> = (0..words.len())
            .filter(|at| words.get(*at) != Some(&Some(GAP)))
            .collect();
        let rest: Vec<Option<&str>> = numbers.iter().filter_map(|at| words.get(*at).copied()).collect();
        // What comes before the subcommand is an option of the program, whatever the subcommand calls so.
        let (general, own) = rest.split_at(before.min(rest.len()));
        let whole = |usage| OptionRows { table: self, usage };
        let (programs, subcommands) = (whole(&self.usage), whole(usage));
        let given = split(general, self.conventions(&self.usage), &programs);
        let given = given.before(split(own, self.conventions(usage), &subcommands), general.len());
        let place = |at: usize| numbers.get(at).map_or(words.len() + 1, |number| number + 1);
        self.assemble(usage, &given, &place)
    }

    /// Gives options and operands their roles. `place` makes the number of a word, counted from the program's name, of
    /// that in `given`.
    fn assemble<'t>(
        &'t self,
        usage: &'t Usage,
        given: &Split<'_, Role>,
        place: &dyn Fn(usize) -> usize,
    ) -> Reading<'t> {
        let is_asked = |option: &Given<'_, Role>| matches!(&*option.name, "--help" | "--version");
        let rows = OptionRows { table: self, usage };
        let fits = |form: &&Form| form.when.iter().all(|group| is_given(group, &given.options, &rows));
        let form = usage.forms.iter().find(fits);
        let mut reading = Reader {
            table: self,
            usage,
            form,
        }
        .start(place, given);
        if form.is_none() && self.style != Style::Plain && given.options.iter().any(is_asked) {
            reading.also = Some(&INFORMS);
            return reading;
        }
        let operands: Vec<(usize, Option<&str>)> = match &usage.default {
            Some(default) if given.operands.is_empty() => vec![(0, Some(default))],
            _ => given.operands.iter().map(|(at, text)| (place(*at), *text)).collect(),
        };
        let own = form.and_then(|form| form.operands.as_deref());
        reading.assign(&operands, own.or(usage.operands.as_deref()).unwrap_or_default());
        reading.check_filters();
        reading.check_argument_files(&operands);
        reading
    }

    fn unknown(&self, at: usize) -> Reading<'_> {
        Reading {
            arguments: Vec::new(),
            inner_at: None,
            commands: Vec::new(),
            also: None,
            unknown: Some(at),
            table: self,
        }
    }

    fn conventions(&self, usage: &Usage) -> Conventions {
        Conventions {
            clusters: matches!(self.style, Style::Gnu | Style::Posix | Style::Strict),
            glued: self.style == Style::SingleDash,
            anywhere: matches!(self.style, Style::Gnu | Style::SingleDash | Style::Strict)
                && !usage.ends_with_command(),
            plain: self.style == Style::Plain,
        }
    }

    /// Finds the subcommand among the operands before which only options of the program itself come.
    fn subcommand<'t, 'w>(&'t self, words: &[Option<&'w str>]) -> Selected<'t, 'w> {
        if self.subcommands.is_empty() {
            return Selected::Whole;
        }
        let conventions = Conventions {
            anywhere: false,
            ..self.conventions(&self.usage)
        };
        let rows = OptionRows {
            table: self,
            usage: &self.usage,
        };
        let Split { options, operands } = split(words, conventions, &rows);
        let is_asked = |option: &Given<'_, Role>| matches!(&*option.name, "--help" | "--version");
        let informs = |form: &Form| {
            form.also.as_ref().is_some_and(|also| also.informs)
                && form.when.iter().all(|group| is_given(group, &options, &rows))
        };
        let Some(&(first, _)) = operands.first() else {
            return if options.iter().any(is_asked) || self.usage.forms.iter().any(informs) {
                Selected::Whole
            } else {
                Selected::Unknown(0)
            };
        };
        let text = |at: usize| operands.get(at).and_then(|(_, text)| *text);
        let named = |count: usize| -> Option<String> {
            let words: Option<Vec<&str>> = (0..count).map(text).collect();
            words.map(|words| words.join(" "))
        };
        for count in [2, 1] {
            let Some(name) = named(count) else { continue };
            if let Some(found) = self.subcommands.iter().find(|sub| sub.names.contains(&name)) {
                let mut without = words.to_vec();
                without
                    .iter_mut()
                    .skip(first)
                    .take(count)
                    .for_each(|word| *word = Some(GAP));
                return Selected::Sub {
                    usage: &found.usage,
                    without,
                    before: first,
                };
            }
        }
        match self
            .subcommands
            .iter()
            .find(|sub| sub.names.iter().any(|name| name == "*"))
        {
            Some(any) => Selected::Sub {
                usage: &any.usage,
                without: words.to_vec(),
                before: 0,
            },
            None => Selected::Unknown(first),
        }
    }
}

/// What is read of the words of a command.
struct Reader<'a> {
    table: &'a CommandTable,
    usage: &'a Usage,
    form: Option<&'a Form>,
}

impl<'a> Reader<'a> {
    /// A reading with the options, without operands.
    fn start(&self, place: &dyn Fn(usize) -> usize, given: &Split<'_, Role>) -> Reading<'a> {
        let also = self.form.and_then(|form| form.also.as_ref());
        let unlisted = given.options.iter().find(|option| option.kind == OptionKind::Unlisted);
        let mut reading = Reading {
            arguments: Vec::new(),
            inner_at: None,
            commands: Vec::new(),
            also: Some(also.unwrap_or(&self.usage.also)),
            unknown: unlisted.map(|option| place(option.at)),
            table: self.table,
        };
        for option in &given.options {
            match (option.kind, option.value) {
                (OptionKind::Value(role), Some((text, at))) => {
                    reading.push(self.role(&option.name).unwrap_or(role), text, place(at), true);
                }
                (OptionKind::Value(_), None) => {
                    reading.unknown.get_or_insert(place(option.at));
                }
                (OptionKind::Command, _) => reading.commands.push(place(option.at + 1)..place(option.end)),
                _ => {}
            }
        }
        reading
    }

    /// What the form says of the value of an option.
    fn role(&self, option: &str) -> Option<Role> {
        let mut rows = self.form?.options.iter();
        rows.find(|(_, names)| names.iter().any(|name| name == option))
            .map(|(role, _)| *role)
    }
}

/// The options of a usage, and those of the program.
struct OptionRows<'a> {
    table: &'a CommandTable,
    usage: &'a Usage,
}

impl Rows<Role> for OptionRows<'_> {
    fn look_up(&self, name: &str) -> OptionKind<Role> {
        let style = self.table.style;
        let usages = [self.usage, &self.table.usage];
        let mut kinds = usages.iter().map(|usage| kind_in(usage, name, style));
        let known = kinds.find(|kind| *kind != OptionKind::Unlisted);
        let is_asked = || style != Style::Plain && matches!(name, "--help" | "--version");
        known.unwrap_or(if is_asked() {
            OptionKind::Flag
        } else {
            OptionKind::Unlisted
        })
    }

    fn names(&self, name: &str) -> bool {
        [self.usage, &self.table.usage].iter().any(|usage| {
            let rows = usage.flags.iter().chain(&usage.optional).chain(&usage.pairs);
            rows.chain(usage.options.values().flatten()).any(|row| row == name)
        })
    }

    fn leading(&self, text: &str, at: usize) -> Leading {
        if self.table.bundled_first && at == 0 && !text.starts_with('-') {
            Leading::Bundle
        } else {
            Leading::Ordinary
        }
    }
}

/// The beginning of a word that is an option, with the first sign of what is not known: `-o$` of `-o$X`.
fn option_part(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(['"', '\'']);
    let end = text.find(['$', '`', '"', '\''])?;
    text.get(..=end).filter(|part| part.starts_with('-'))
}

/// Stands for a word that was taken out.
const GAP: &str = "\0";

/// What the first operand selects.
enum Selected<'t, 'w> {
    Whole,
    Sub {
        usage: &'t Usage,
        without: Vec<Option<&'w str>>,
        /// How many words come before it.
        before: usize,
    },
    Unknown(usize),
}

/// What the rows of a usage say of the option `name`.
fn kind_in(usage: &Usage, name: &str, style: Style) -> OptionKind<Role> {
    let fits = |known: &String| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => known == name,
    };
    let value = |fits: &dyn Fn(&String) -> bool| {
        usage
            .options
            .iter()
            .find(|(_, names)| names.iter().any(fits))
            .map(|(role, _)| match role {
                Role::Runs => OptionKind::Command,
                role => OptionKind::Value(*role),
            })
    };
    let find = |fits: &dyn Fn(&String) -> bool| {
        if let Some(value) = value(fits) {
            return Some(value);
        }
        if usage.pairs.iter().any(fits) {
            return Some(OptionKind::Pair);
        }
        if usage.optional.iter().any(fits) {
            return Some(OptionKind::Optional);
        }
        usage.flags.iter().any(fits).then_some(OptionKind::Flag)
    };
    if let Some(kind) = find(&fits) {
        return kind;
    }
    // `--recurs` for `--recursive`, where no other option begins so.
    if style == Style::Gnu && name.len() > 3 && name.starts_with("--") {
        let all = usage
            .flags
            .iter()
            .chain(&usage.optional)
            .chain(usage.options.values().flatten());
        let mut longer = all.filter(|known| known.starts_with(name));
        if let (Some(only), None) = (longer.next(), longer.next()) {
            return find(&|known: &String| known == only).unwrap_or(OptionKind::Unlisted);
        }
    }
    OptionKind::Unlisted
}

/// Whether one of `a|b|c` is among the options, with a value if the group has one: `-m=venv`, `-i=*`. A final `*` stands
/// for any end.
fn is_given(group: &str, options: &[Given<'_, Role>], rows: &OptionRows<'_>) -> bool {
    group.split('|').any(|row| {
        let (name, value) = row
            .split_once('=')
            .map_or((row, None), |(name, value)| (name, Some(value)));
        let fits = |option: &Given<'_, Role>| {
            let given = &*option.name;
            if let Some(start) = name.strip_suffix('*') {
                return given.starts_with(start);
            }
            let is_short_for =
                || name.starts_with("--") && given.len() > 3 && name.starts_with(given) && !rows.names(given);
            let has_value = || match (value, option.value) {
                (None, _) | (Some("*"), Some(_)) => true,
                (Some(value), Some((text, _))) => text == Some(value),
                (Some(_), None) => false,
            };
            (given == name || is_short_for()) && has_value()
        };
        options.iter().any(fits)
    })
}

impl Reading<'_> {
    fn push(&mut self, role: Role, text: Option<&str>, at: usize, by_option: bool) {
        self.arguments.push(ArgumentUse {
            role,
            text: text.map(str::to_owned),
            at,
            by_option,
        });
    }

    /// Gives the operands their roles.
    fn assign(&mut self, operands: &[(usize, Option<&str>)], pattern: &[Operand]) {
        let repeated = pattern.iter().position(|operand| operand.count == Count::Any);
        let tail = repeated.map_or(0, |at| pattern.len() - at - 1);
        let mut next = 0;
        for (place, operand) in pattern.iter().enumerate() {
            let after: usize = pattern
                .get(place + 1..)
                .unwrap_or_default()
                .iter()
                .filter(|o| o.count == Count::One)
                .count();
            let left = operands.len().saturating_sub(next);
            let take = match operand.count {
                Count::One => 1,
                Count::Optional => usize::from(left > after),
                Count::Any if operand.role == Role::Assignment => operands
                    .iter()
                    .skip(next)
                    .take_while(|(_, text)| text.is_some_and(is_assignment))
                    .count(),
                Count::Any => left.saturating_sub(tail),
            };
            if operand.count == Count::One && left == 0 {
                self.unknown.get_or_insert(0);
            }
            if operand.role == Role::Runs {
                self.inner_at = operands.get(next).map(|(at, _)| *at);
                return;
            }
            for &(at, text) in operands.iter().skip(next).take(take) {
                self.push(operand.role, text, at, false);
            }
            next += take;
        }
        if let Some((at, _)) = operands.get(next) {
            self.unknown.get_or_insert(*at);
        }
        self.arguments.sort_by_key(|argument| argument.at);
    }

    /// Notes a file with further words, for programs that read them from `@file`.
    fn check_argument_files(&mut self, operands: &[(usize, Option<&str>)]) {
        let is_list = |text: &Option<&str>| text.is_some_and(|text| text.starts_with('@'));
        let list = operands.iter().find(|(_, text)| is_list(text));
        let list = list.filter(|_| self.table.has_tag("argument-files"));
        self.unknown = self.unknown.or(list.map(|(at, _)| *at));
    }

    /// Notes a filter that does more than to read and print.
    fn check_filters(&mut self) {
        let acting = &self.table.acting;
        let acts = |text: &str| {
            acting
                .iter()
                .any(|acting| match (acting.strip_prefix('^'), acting.strip_suffix('^')) {
                    (Some(start), _) => text.starts_with(start),
                    (None, Some(end)) => text.ends_with(end),
                    (None, None) => text.contains(acting.as_str()),
                })
        };
        let mut filters = self.arguments.iter().filter(|argument| argument.role == Role::Filter);
        let acting = filters.find(|argument| argument.text.as_deref().is_some_and(acts));
        self.unknown = self.unknown.or(acting.map(|argument| argument.at));
    }
}

/// Whether a word is `NAME=VALUE`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
