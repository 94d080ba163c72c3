//! All programs that `data/commands/` describes, and how a command of theirs is read.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::arguments::{Conventions, Given, OptionKind, Split, split};
use super::command::{Also, CommandTable, Count, Operand, Role, Scope, State, Style, Usage};

/// The files of `data/commands/`. The list stands beside them, so that a new program is a change of data only.
const FILES: &[&str] = include!("../../data/commands/index.rs");

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::embedded);

/// The tables by the names of their programs.
struct Tables {
    all: Vec<CommandTable>,
    by_name: HashMap<String, usize>,
    /// Names with a wildcard: what they begin and end with.
    by_pattern: Vec<(String, String, usize)>,
}

impl Tables {
    fn embedded() -> Tables {
        // A file that does not parse is left out here, as a user can do nothing about it; a test fails instead.
        let all: Vec<CommandTable> = FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect();
        let (mut by_name, mut by_pattern) = (HashMap::new(), Vec::new());
        for (at, table) in all.iter().enumerate() {
            for name in &table.programs {
                if let Some(rest) = name.strip_prefix("*-") {
                    by_pattern.push((String::new(), format!("-{rest}"), at));
                    by_name.insert(rest.to_owned(), at);
                } else if let Some(stem) = name.strip_suffix('#') {
                    by_pattern.push((stem.to_owned(), String::new(), at));
                } else {
                    by_name.insert(name.clone(), at);
                }
            }
        }
        Tables {
            all,
            by_name,
            by_pattern,
        }
    }

    fn find(&self, program: &str) -> Option<&CommandTable> {
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
        self.all.get(*self.by_name.get(program).or_else(by_pattern)?)
    }
}

/// The table of a program, by its name without a folder; `None` where nothing is known of it.
#[must_use]
pub fn command_table(program: &str) -> Option<&'static CommandTable> {
    TABLES.find(program)
}

/// All tables.
#[must_use]
pub fn command_tables() -> &'static [CommandTable] {
    &TABLES.all
}

/// An argument of a command with what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgumentUse<'a> {
    /// What it is.
    pub role: Role,
    /// `None` for one that is not literal.
    pub text: Option<&'a str>,
    /// The word that it is in, or a part of; counted from the program's name, which is 0.
    pub at: usize,
    /// Whether it is the value of an option.
    pub by_option: bool,
}

/// A command, read by the table of its program.
#[derive(Debug)]
pub struct Reading<'a> {
    /// Its arguments with their roles, in their order.
    pub arguments: Vec<ArgumentUse<'a>>,
    /// The word at which the command begins that this one runs, counted from the program's name, which is 0.
    pub inner_at: Option<usize>,
    /// What it does beside; `None` where that is not known.
    pub also: Option<&'static Also>,
    /// The first word that no row names, by its number; what the command does is then not known.
    pub unknown: Option<usize>,
    /// The table.
    pub table: &'static CommandTable,
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
}

impl CommandTable {
    /// Reads a command. `words` are those after the program's name, `None` for one that is not literal.
    #[must_use]
    pub fn read<'a>(&'static self, words: &[Option<&'a str>]) -> Reading<'a> {
        let conventions = self.conventions(&self.usage);
        let (words, offset, usage) = match self.subcommand(words) {
            Selected::Whole => (words.to_vec(), 1, &self.usage),
            Selected::Sub { usage, without } => (without, 1, usage),
            Selected::Unknown(at) => return self.unknown(at + 1),
        };
        let conventions = Conventions {
            anywhere: conventions.anywhere && !ends_with_command(usage),
            ..conventions
        };
        let look_up = |name: &str| self.option_kind(usage, name);
        // Words of a subcommand were taken out and left a gap.
        let numbers: Vec<usize> = (0..words.len())
            .filter(|at| words.get(*at) != Some(&Some(GAP)))
            .collect();
        let rest: Vec<Option<&'a str>> = numbers.iter().filter_map(|at| words.get(*at).copied()).collect();
        let is_bundle = |text: &str, is_first: bool| self.bundled_first && is_first && !text.starts_with('-');
        let Split { options, operands } = split(&rest, conventions, &look_up, &is_bundle);
        let number = |at: usize| numbers.get(at).copied().unwrap_or(at) + offset;
        let form = usage
            .forms
            .iter()
            .find(|form| form.when.iter().all(|group| is_given(group, &options)));
        let mut reading = Reading {
            arguments: Vec::new(),
            inner_at: None,
            also: Some(form.and_then(|form| form.also.as_ref()).unwrap_or(&usage.also)),
            unknown: options
                .iter()
                .find(|option| option.kind == OptionKind::Unlisted)
                .map(|option| number(option.at)),
            table: self,
        };
        for option in &options {
            if let (OptionKind::Value(role), Some((text, at))) = (option.kind, option.value) {
                let other = form.and_then(|form| {
                    form.options
                        .iter()
                        .find(|(_, names)| names.iter().any(|n| *n == option.name))
                });
                reading.push(other.map_or(role, |(role, _)| *role), text, number(at), true);
            } else if matches!(option.kind, OptionKind::Value(_)) {
                reading.unknown.get_or_insert(number(option.at));
            }
        }
        let pattern = form
            .and_then(|form| form.operands.as_deref())
            .or(usage.operands.as_deref());
        let operands: Vec<(usize, Option<&'a str>)> = operands.iter().map(|(at, text)| (number(*at), *text)).collect();
        reading.assign(&operands, pattern.unwrap_or_default());
        reading
    }

    fn unknown<'a>(&'static self, at: usize) -> Reading<'a> {
        Reading {
            arguments: Vec::new(),
            inner_at: None,
            also: None,
            unknown: Some(at),
            table: self,
        }
    }

    fn conventions(&self, usage: &Usage) -> Conventions {
        Conventions {
            clusters: matches!(self.style, Style::Gnu | Style::Posix | Style::Strict),
            anywhere: matches!(self.style, Style::Gnu | Style::SingleDash | Style::Strict) && !ends_with_command(usage),
            plain: self.style == Style::Plain,
        }
    }

    /// Finds the subcommand among the operands before which only options of the program itself come.
    fn subcommand<'a>(&'static self, words: &[Option<&'a str>]) -> Selected<'a> {
        if self.subcommands.is_empty() {
            return Selected::Whole;
        }
        let conventions = Conventions {
            anywhere: false,
            ..self.conventions(&self.usage)
        };
        let look_up = |name: &str| self.option_kind(&self.usage, name);
        let Split { options, operands } = split(words, conventions, &look_up, &|_, _| false);
        let informs = self.usage.forms.iter().any(|form| {
            form.also.as_ref().is_some_and(|also| also.informs)
                && form.when.iter().all(|group| is_given(group, &options))
        });
        let Some(&(first, _)) = operands.first() else {
            return if informs { Selected::Whole } else { Selected::Unknown(0) };
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
            },
            None => Selected::Unknown(first),
        }
    }

    fn option_kind(&self, usage: &Usage, name: &str) -> OptionKind<Role> {
        let own = kind_in(usage, name, self.style);
        if own != OptionKind::Unlisted || std::ptr::eq(usage, &self.usage) {
            return own;
        }
        kind_in(&self.usage, name, self.style)
    }
}

/// Stands for a word that was taken out.
const GAP: &str = "\0";

/// What the first operand selects.
enum Selected<'a> {
    Whole,
    Sub {
        usage: &'static Usage,
        without: Vec<Option<&'a str>>,
    },
    Unknown(usize),
}

/// Whether the operands end with a command, whose options are its own.
fn ends_with_command(usage: &Usage) -> bool {
    let ends = |operands: &Option<Vec<Operand>>| {
        operands
            .as_ref()
            .is_some_and(|operands| operands.iter().any(|operand| operand.role == Role::Runs))
    };
    ends(&usage.operands) || usage.forms.iter().any(|form| ends(&form.operands))
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
            .map(|(role, _)| OptionKind::Value(*role))
    };
    let find = |fits: &dyn Fn(&String) -> bool| {
        if let Some(value) = value(fits) {
            return Some(value);
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

/// Whether one of `a|b|c` is among the options.
fn is_given(group: &str, options: &[Given<'_, Role>]) -> bool {
    group.split('|').any(|name| {
        options.iter().any(|option| {
            let given = &*option.name;
            given == name || name.starts_with("--") && given.len() > 3 && name.starts_with(given)
        })
    })
}

impl<'a> Reading<'a> {
    fn push(&mut self, role: Role, text: Option<&'a str>, at: usize, by_option: bool) {
        self.arguments.push(ArgumentUse {
            role,
            text,
            at,
            by_option,
        });
    }

    /// Gives the operands their roles.
    fn assign(&mut self, operands: &[(usize, Option<&'a str>)], pattern: &[Operand]) {
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
}

/// Whether a word is `NAME=VALUE`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
