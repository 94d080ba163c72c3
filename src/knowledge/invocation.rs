//! Reading a command of a package manager: its verb, its options, what it installs and which files it reads.

use std::borrow::Cow;

use super::arguments::{self, Conventions, Given, Leading, OptionKind, Rows};
use super::manager::{Manager, Role};
use super::verbs::{Action, VerbMatch, VerbWords};

/// A command of a package manager, read.
///
/// Positions count the words given to [`Manager::read`], from 0.
#[derive(Debug)]
pub struct Invocation<'a> {
    /// The verb, as the data has it: `pip install`; empty if there is none.
    pub verb: &'a str,
    /// What the command does.
    pub action: Action,
    /// Where the words of the verb stand.
    pub verb_at: Vec<usize>,
    /// The options, in order.
    pub options: Vec<OptionUse<'a>>,
    /// The arguments that aren't options, and the values of options that name packages, in order.
    pub arguments: Vec<Argument<'a>>,
    /// Where the command begins that this one runs: `npx`'s tool, `poetry run`'s program.
    pub inner_at: Option<usize>,
}

/// An option that a command was given.
#[derive(Debug)]
pub struct OptionUse<'a> {
    /// With its dashes and without its value. A cluster such as `-yq` is several options.
    pub name: Cow<'a, str>,
    /// What it does with its value, for options that the data knows to take one.
    pub role: Option<Role>,
    /// Its value, in the same word or the next.
    pub value: Option<Value<'a>>,
    /// Where it stands.
    pub at: usize,
}

/// The value of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// `None` if it isn't literal.
    pub text: Option<&'a str>,
    /// The word it stands in: the option's own or the next.
    pub at: usize,
}

/// An argument that isn't an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument<'a> {
    /// What it is.
    pub kind: ArgumentKind,
    /// `None` if it isn't literal.
    pub text: Option<&'a str>,
    /// Where it stands.
    pub at: usize,
}

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A package, perhaps with a version.
    Package,
    /// A file or folder.
    Path,
    /// Something to fetch.
    Url,
    /// Something else.
    Word,
    /// It isn't literal, so nothing tells; it may even be an option or several words.
    Unknown,
}

impl<'a> Invocation<'a> {
    /// The last use of the option `name`, which is the one that counts.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&OptionUse<'a>> {
        self.options.iter().rev().find(|option| option.name == name)
    }

    /// The packages it names.
    pub fn packages(&self) -> impl Iterator<Item = &Argument<'a>> {
        self.arguments
            .iter()
            .filter(|argument| argument.kind == ArgumentKind::Package)
    }

    /// The files and folders it reads, by options and by arguments. `None` is one that isn't literal.
    pub fn reads(&self) -> impl Iterator<Item = Option<&'a str>> {
        let options = self.options.iter().filter(|option| option.role == Some(Role::Reads));
        let arguments = self
            .arguments
            .iter()
            .filter(|argument| argument.kind == ArgumentKind::Path);
        options
            .filter_map(|option| option.value.map(|value| value.text))
            .chain(arguments.map(|path| path.text))
    }
}

impl Manager {
    /// Reads a command: `words` are those behind the program's name, `None` for one that isn't literal.
    #[must_use]
    pub fn read<'a>(&'a self, program: &str, words: &[Option<&'a str>]) -> Invocation<'a> {
        let conventions = Conventions {
            clusters: self.options.cluster,
            glued: false,
            anywhere: true,
            plain: false,
        };
        let split = arguments::split(words, conventions, self);
        let mut options: Vec<OptionUse<'a>> = split.options.into_iter().map(OptionUse::of).collect();
        let mut positional = split.operands;
        // A word that isn't literal before the verb is nearly always options: `apt-get $OPTIONS install`.
        let lead = positional
            .iter()
            .position(|(_, text)| text.is_some())
            .unwrap_or_default();
        let (lead, found) = match self.implied.get(program) {
            Some(verb) => (
                0,
                VerbMatch {
                    verb,
                    action: self.action_of(verb),
                    words_used: 0,
                },
            ),
            None => (
                lead,
                self.verb(&texts(positional.get(lead..).unwrap_or_default()), &options),
            ),
        };
        let verb_at: Vec<_> = positional
            .iter()
            .skip(lead)
            .take(found.words_used)
            .map(|(at, _)| *at)
            .collect();
        let is_inner = matches!(found.action, Action::Run | Action::Exec);
        let inner_at = positional
            .get(lead + found.words_used)
            .map(|(at, _)| *at)
            .filter(|_| is_inner);
        if let Some(start) = inner_at {
            // What stands behind the inner program belongs to that program.
            options.retain(|option| option.at < start);
            positional.retain(|(at, _)| *at <= start);
        }

        let mut arguments: Vec<_> = positional
            .iter()
            .filter(|(at, _)| !verb_at.contains(at))
            .map(|&(at, text)| Argument {
                kind: self.argument_kind(&found, text),
                text,
                at,
            })
            .collect();
        for option in options.iter().filter(|option| option.role == Some(Role::Packages)) {
            if let Some(Value { text, at }) = option.value {
                arguments.push(Argument {
                    kind: self.package_kind(text),
                    text,
                    at,
                });
            }
        }
        arguments.sort_by_key(|argument| argument.at);
        // Asked here, as the options of an inner command are gone by now.
        let informs = options
            .iter()
            .any(|option| self.options.informs.iter().any(|known| *known == option.name));
        let action = if informs { Action::Other } else { found.action };
        Invocation {
            verb: found.verb,
            action,
            verb_at,
            options,
            arguments,
            inner_at,
        }
    }

    /// The name of a package, and what stands behind it: version, release, architecture or extras.
    #[must_use]
    pub fn split_package<'a>(&self, package: &'a str) -> (&'a str, Option<&'a str>) {
        // A name may begin with what else separates: `@scope/name@1.2`.
        let cut = self
            .arguments
            .separators
            .iter()
            .filter_map(|separator| {
                let first = package.chars().next()?.len_utf8();
                package.get(first..)?.find(separator.as_str()).map(|at| at + first)
            })
            .min();
        match cut.map(|at| package.split_at(at)) {
            Some((name, rest)) => (name.trim_end(), Some(rest)),
            None => (package, None),
        }
    }

    fn action_of(&self, verb: &str) -> Action {
        let words: Vec<_> = verb.split_whitespace().map(Some).collect();
        self.verbs.find(&words, |_| false).action
    }

    fn verb<'a>(&'a self, words: &[Option<&'a str>], options: &[OptionUse<'_>]) -> VerbMatch<'a> {
        let has_option = |name: &str| options.iter().any(|option| option.name == name);
        if self.verbs.words == VerbWords::First {
            return self.verbs.find(words, has_option);
        }
        let mut found: Option<VerbMatch<'a>> = None;
        for at in 0..words.len() {
            let next = self.verbs.find(words.get(at..).unwrap_or_default(), has_option);
            if found.as_ref().is_none_or(|before| before.action < next.action) {
                found = Some(next);
            }
        }
        let found = found.unwrap_or_else(|| self.verbs.find(words, has_option));
        VerbMatch {
            words_used: words.len(),
            ..found
        }
    }

    fn argument_kind(&self, verb: &VerbMatch<'_>, text: Option<&str>) -> ArgumentKind {
        if text.is_none() {
            ArgumentKind::Unknown
        } else if self.arguments.file_verbs.iter().any(|known| known == verb.verb) {
            ArgumentKind::Path
        } else if matches!(
            verb.action,
            Action::Install | Action::Upgrade | Action::Remove | Action::Download
        ) {
            self.package_kind(text)
        } else {
            ArgumentKind::Word
        }
    }

    fn package_kind(&self, text: Option<&str>) -> ArgumentKind {
        let Some(text) = text else { return ArgumentKind::Unknown };
        let begins_like_path = ["./", "../", "/", "~/", "file:", ".["]
            .iter()
            .any(|start| text.starts_with(start));
        let is_file = self
            .arguments
            .file_endings
            .iter()
            .any(|ending| text.ends_with(ending.as_str()));
        if text.contains("://") || text.starts_with("git+") || text.starts_with("git@") {
            ArgumentKind::Url
        } else if text == "."
            || text == ".."
            || begins_like_path
            || is_file
            || self.arguments.slash_is_path && text.contains('/')
        {
            ArgumentKind::Path
        } else {
            ArgumentKind::Package
        }
    }
}

fn texts<'a>(positional: &[(usize, Option<&'a str>)]) -> Vec<Option<&'a str>> {
    positional.iter().map(|(_, text)| *text).collect()
}

/// The options of a package manager.
impl Rows<Role> for Manager {
    fn look_up(&self, name: &str) -> OptionKind<Role> {
        self.options.role(name).map_or(OptionKind::Unlisted, OptionKind::Value)
    }

    fn names(&self, name: &str) -> bool {
        self.options.role(name).is_some()
    }

    fn leading(&self, text: &str, _: usize) -> Leading {
        let mut prefixes = self.options.prefixes.iter();
        if prefixes.any(|prefix| text.starts_with(prefix.as_str())) {
            Leading::Option
        } else {
            Leading::Ordinary
        }
    }
}

impl<'a> OptionUse<'a> {
    fn of(given: Given<'a, Role>) -> OptionUse<'a> {
        OptionUse {
            name: given.name,
            role: match given.kind {
                OptionKind::Value(role) => Some(role),
                _ => None,
            },
            value: given.value.map(|(text, at)| Value { text, at }),
            at: given.at,
        }
    }
}
