//! The calls of one source file that start programs.

use std::collections::BTreeSet;

use crate::knowledge::{Functions, Language, Takes};

use super::super::commands::Commands;
use super::helpers::{Definition, Helper, Helpers, definitions};
use super::names::{LONGEST, Names, sign, word};
use super::tokens::{PLACEHOLDER, Positioned, Token, tokens};
use super::values::{Value, inside, parts, value};

/// A call that starts a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The commands that it may start; a single text is a line of the shell or a program. A word that is not literal has
    /// a variable of the shell in it.
    pub(crate) commands: Vec<Vec<String>>,
    /// What reads the text: a shell, or nobody but the function.
    pub(crate) takes: Takes,
    /// Whether it starts nothing else than these.
    pub(crate) is_known: bool,
}

/// The most names in a chain `a.b.c`: no function of the tables has as many.
const LONGEST_CHAIN: usize = 16;

/// How many functions before a call are looked through for the one around it.
const MOST_AROUND: usize = 64;

impl Call {
    /// The commands that it may start, with those that they run. A text is a line of the shell, or a program, which reads
    /// the same.
    pub(in crate::effects::needs) fn read(&self) -> impl Iterator<Item = Commands> {
        self.commands.iter().map(|words| match words.as_slice() {
            [text] => Commands::of_script(text),
            _ => Commands::of_words(words),
        })
    }

    /// Whether it starts programs, and does not load a library or compile.
    pub(in crate::effects::needs) fn starts_programs(&self) -> bool {
        matches!(self.takes, Takes::Shell | Takes::Program)
    }
}

/// A source file, read.
pub(super) struct File<'s> {
    pub(super) path: &'s str,
    pub(super) language: &'static Language,
    text: &'s str,
    tokens: Vec<Positioned<'s>>,
    names: Names,
    definitions: Vec<Definition<'s>>,
    /// The names of the definitions.
    defines: BTreeSet<&'s str>,
}

/// What a call is to, for the reading of its arguments.
#[derive(Clone, Copy)]
struct Target {
    argument: usize,
    takes: Takes,
}

/// What a call is given.
struct Arguments<'t, 's> {
    list: Vec<&'t [Positioned<'s>]>,
    /// Whether these are all: there may be more than are read.
    is_whole: bool,
}

impl<'t, 's> Arguments<'t, 's> {
    /// Those between the brackets of a call.
    fn of(tokens: &'t [Positioned<'s>]) -> Arguments<'t, 's> {
        Arguments {
            list: parts(tokens, |token| matches!(token, Token::Sign(','))),
            is_whole: tokens.len() + 1 < LONGEST,
        }
    }
}

/// The use of a module that looks for a library, or calls a compiler.
fn use_of_module(line: usize, takes: Takes) -> Call {
    Call {
        line,
        commands: Vec::new(),
        takes,
        is_known: true,
    }
}

impl<'s> File<'s> {
    pub(super) fn read(path: &'s str, text: &'s str, language: &'static Language) -> File<'s> {
        let tokens = tokens(text, language);
        let names = Names::of(&tokens, language);
        let definitions = definitions(&tokens);
        let defines = definitions.iter().map(|definition| definition.name).collect();
        File {
            path,
            language,
            text,
            tokens,
            names,
            definitions,
            defines,
        }
    }

    /// The calls of the file, by the functions of its language and by `helpers` of the project. A function that passes
    /// its own argument on is a new helper in place of a call.
    pub(super) fn calls(&self, helpers: &Helpers) -> (Vec<Call>, Vec<Helper>) {
        let (mut calls, mut new) = (Vec::new(), Vec::new());
        for at in 0..self.tokens.len() {
            let Some(found) = self.tokens.get(at) else { continue };
            match &found.token {
                Token::Shell(text) => calls.push(Call {
                    line: found.line,
                    commands: vec![vec![text.clone()]],
                    takes: Takes::Shell,
                    is_known: true,
                }),
                // Modules are also named in texts: in Django's INSTALLED_APPS.
                Token::Text(text) if is_of(&self.language.library_modules, text) => {
                    calls.push(use_of_module(found.line, Takes::Library));
                }
                Token::Name(_) => self.name(at, found.line, helpers, &mut calls, &mut new),
                _ => {}
            }
        }
        (calls, new)
    }

    fn name(&self, at: usize, line: usize, helpers: &Helpers, calls: &mut Vec<Call>, new: &mut Vec<Helper>) {
        if is_definition(&self.tokens, at) {
            return;
        }
        let full = self.full(at);
        if let Some(takes) = self.taken_by_module(&full) {
            calls.push(use_of_module(line, takes));
            return;
        }
        if let Some(program) = self.program_of_module(at, &full) {
            calls.push(Call {
                line,
                commands: vec![vec![program]],
                takes: Takes::Program,
                is_known: true,
            });
            return;
        }
        if let Some(field) = self.field(at) {
            let target = Target {
                argument: 0,
                takes: Takes::Program,
            };
            let arguments = Arguments {
                list: vec![field],
                is_whole: true,
            };
            calls.extend(self.call(&arguments, target, at, line, new));
            return;
        }
        let function = self.function(&full).map(|function| Target {
            argument: function.argument,
            takes: function.takes,
        });
        let target = function.or_else(|| self.helper(&full, helpers));
        let Some(target) = target else { return };
        if let Some(arguments) = self.arguments(at) {
            calls.extend(self.call(&arguments, target, at, line, new));
        } else if self.is_given(at) {
            // Whoever it is given to calls it: `partial(subprocess.run, …)`.
            calls.push(Call {
                line,
                commands: Vec::new(),
                takes: target.takes,
                is_known: false,
            });
        }
    }

    /// Whether the function `module.name` that ends at `at` is itself an argument.
    fn is_given(&self, at: usize) -> bool {
        let Some(module) = at.checked_sub(2).filter(|_| sign(&self.tokens, at - 1) == Some('.')) else {
            return false;
        };
        let Some(before) = module.checked_sub(1) else {
            return false;
        };
        // What it is given to may be known to pass it on: the new name is followed.
        let receiver = before.checked_sub(1).and_then(|receiver| word(&self.tokens, receiver));
        let is_followed = receiver.is_some_and(|name| self.language.passes_on.iter().any(|known| known == name));
        let is_argument = matches!(sign(&self.tokens, before), Some('(' | ',' | '='));
        is_argument && !is_followed && matches!(sign(&self.tokens, at + 1), Some(',' | ')'))
    }

    /// The full path of what is named up to `at`.
    fn full(&self, at: usize) -> String {
        let mut chain: Vec<&str> = word(&self.tokens, at).into_iter().collect();
        let mut first = at;
        while first >= 1 && sign(&self.tokens, first - 1) == Some('.') && chain.len() < LONGEST_CHAIN {
            let Some(before) = first.checked_sub(2) else { break };
            let Some(name) = word(&self.tokens, before) else {
                let rest: Vec<&str> = chain.into_iter().rev().collect();
                return format!("{}.{}", self.required(before).unwrap_or("?"), rest.join("."));
            };
            chain.push(name);
            first = before;
        }
        chain.reverse();
        self.names.full(&chain)
    }

    /// The module of `require('m')` that ends at `close`.
    fn required(&self, close: usize) -> Option<&str> {
        let start = close.checked_sub(3)?;
        let imports = matches!(
            word(&self.tokens, start),
            Some("require" | "__import__" | "import_module")
        );
        let is_require = imports && sign(&self.tokens, close) == Some(')');
        let module = super::names::text(&self.tokens, start + 2).filter(|_| is_require)?;
        Some(module.strip_prefix("node:").unwrap_or(module))
    }

    /// What a module, or what is in it, takes by itself; none for most.
    fn taken_by_module(&self, module: &str) -> Option<Takes> {
        let is_library = is_of(&self.language.library_modules, module);
        let is_compiler = is_of(&self.language.compiler_modules, module);
        is_library
            .then_some(Takes::Library)
            .or_else(|| is_compiler.then_some(Takes::Code))
    }

    /// The program that a name of `sh` or `plumbum.cmd` stands for.
    fn program_of_module(&self, at: usize, full: &str) -> Option<String> {
        let modules = self.language.program_modules.iter();
        let mut named = modules.filter_map(|module| full.strip_prefix(module.as_str())?.strip_prefix('.'));
        let name = named.next().filter(|name| !name.contains('.'))?;
        let is_used = matches!(sign(&self.tokens, at + 1), Some('(' | '['));
        (is_used && name.starts_with(|c: char| c.is_ascii_lowercase())).then(|| name.replace('_', "-"))
    }

    /// The expression that is assigned to a field which names a program.
    fn field(&self, at: usize) -> Option<&[Positioned<'s>]> {
        let name = word(&self.tokens, at)?;
        let is_named = |names: &[String], between: char| {
            sign(&self.tokens, at + 1) == Some(between) && names.iter().any(|known| known == name)
        };
        (is_named(&self.language.fields, '=') || is_named(&self.language.keys, ':')).then_some(())?;
        let ends = |found: &Positioned<'_>| matches!(found.token, Token::Sign(';' | ',' | '}'));
        Some(until(self.tokens.get(at + 2..)?, ends))
    }

    /// The arguments of the call of the name at `at`.
    fn arguments(&self, at: usize) -> Option<Arguments<'_, 's>> {
        // A macro of Rust has a `!` behind its name.
        let is_macro = sign(&self.tokens, at + 1) == Some('!') && sign(&self.tokens, at + 2) == Some('(');
        let rest = self.tokens.get(at + 1 + usize::from(is_macro)..)?;
        let first = rest.first()?;
        match &first.token {
            Token::Sign('(') => Some(Arguments::of(inside(rest))),
            // execa`git log`
            Token::Text(_) if self.language.regular_expressions && !self.language.bare_calls => {
                Some(Arguments::of(rest.get(..1)?))
            }
            Token::Text(_) if self.language.bare_calls => {
                let ends = |found: &Positioned<'_>| {
                    found.line > first.line
                        || matches!(
                            found.token,
                            Token::Name("do" | "if" | "or" | "unless" | "and") | Token::Sign(';')
                        )
                };
                Some(Arguments::of(until(rest, ends)))
            }
            _ => None,
        }
    }

    fn function(&self, full: &str) -> Option<&'static Functions> {
        let (module, name) = full.rsplit_once('.').unwrap_or(("", full));
        let is_meant = |function: &&Functions| {
            let is_named = function.names.iter().any(|known| known == name);
            let is_of_module = match &function.module {
                _ if function.any_receiver => is_named,
                None => is_named && module.is_empty(),
                Some(own) => {
                    let is_own =
                        |path: &str| path == own || path.strip_suffix(own.as_str()).is_some_and(|p| p.ends_with('.'));
                    is_named && is_own(module) || full == own && function.names.iter().any(|name| name == "default")
                }
            };
            let requires = function.requires.as_deref();
            is_of_module && requires.is_none_or(|word| self.text.contains(word))
        };
        self.language.functions.iter().find(is_meant)
    }

    fn helper(&self, full: &str, helpers: &Helpers) -> Option<Target> {
        let (module, name) = full.rsplit_once('.').unwrap_or(("", full));
        let receiver = module.rsplit('.').next().unwrap_or(module);
        let is_meant = |helper: &&Helper| {
            let is_visible = match receiver {
                "" | "self" | "this" | "cls" => self.defines.contains(name) || self.language.imports.is_none(),
                other => other == helper.stem,
            };
            helper.language == self.language.name && is_visible
        };
        helpers.named(name).iter().find(is_meant).map(|helper| Target {
            argument: helper.argument,
            takes: helper.takes,
        })
    }

    fn call(
        &self,
        arguments: &Arguments<'_, 's>,
        target: Target,
        at: usize,
        line: usize,
        new: &mut Vec<Helper>,
    ) -> Option<Call> {
        if matches!(target.takes, Takes::Code | Takes::Build) {
            return Some(Call {
                line,
                commands: Vec::new(),
                takes: target.takes,
                is_known: true,
            });
        }
        let given = self.positional(&arguments.list);
        let first = given
            .get(target.argument)
            .copied()
            .filter(|argument| !argument.is_empty())?;
        let is_shell = target.takes == Takes::Shell || self.is_shell_option_set(&arguments.list);
        let found = value(first, &self.names, self.language, 0);
        if !found.is_known
            && let Some(helper) = self.passed_on(at, first, if is_shell { Takes::Shell } else { target.takes })
        {
            new.push(helper);
            return None;
        }
        let rest = given.get(target.argument + 1..).unwrap_or_default();
        let commands = found.lists.iter().map(|words| match words.as_slice() {
            [only] if !is_shell => self.with_arguments(only, rest),
            _ => words.clone(),
        });
        Some(Call {
            line,
            commands: commands.collect(),
            takes: if is_shell { Takes::Shell } else { target.takes },
            is_known: found.is_known && arguments.is_whole,
        })
    }

    /// The arguments by place, and those named as the program's.
    fn positional<'a>(&self, arguments: &'a [&'a [Positioned<'s>]]) -> Vec<&'a [Positioned<'s>]> {
        let mut given = Vec::new();
        for argument in arguments {
            let keyword = word(argument, 0).filter(|_| matches!(sign(argument, 1), Some('=')));
            match keyword {
                Some("args" | "cmd" | "command" | "file" | "program") => {
                    given.insert(0, argument.get(2..).unwrap_or_default())
                }
                Some(_) => {}
                // A table of variables, or options.
                None if sign(argument, 0) == Some('{') => {}
                None => given.push(*argument),
            }
        }
        given
    }

    fn is_shell_option_set(&self, arguments: &[&[Positioned<'s>]]) -> bool {
        let Some(option) = self.language.shell_option.as_deref() else {
            return false;
        };
        let is_set = |argument: &&[Positioned<'s>]| {
            (0..argument.len()).any(|at| {
                word(argument, at) == Some(option)
                    && matches!(sign(argument, at + 1), Some('=' | ':'))
                    && !matches!(word(argument, at + 2), Some("False" | "false" | "None"))
            })
        };
        arguments.iter().any(is_set)
    }

    /// A program with the arguments that come after it.
    fn with_arguments(&self, program: &str, rest: &[&[Positioned<'s>]]) -> Vec<String> {
        let mut words = vec![program.to_owned()];
        for argument in rest {
            let Value { lists, .. } = value(argument, &self.names, self.language, 0);
            match lists.as_slice() {
                [list] => words.extend(list.iter().cloned()),
                _ => words.push(PLACEHOLDER.to_owned()),
            }
        }
        words
    }

    /// The function around `at`, if `argument` is one of its own parameters.
    fn passed_on(&self, at: usize, argument: &[Positioned<'s>], takes: Takes) -> Option<Helper> {
        let skip = usize::from(matches!(sign(argument, 0), Some('*' | '&' | '[')));
        let dots = (0..3).take_while(|at| sign(argument, *at) == Some('.')).count();
        let name = word(argument, skip.max(dots))?;
        let before = self.definitions.partition_point(|definition| definition.at < at);
        let around = self.definitions.get(before.saturating_sub(MOST_AROUND)..before)?;
        let definition = around
            .iter()
            .rev()
            .find(|definition| definition.parameter(name).is_some())?;
        let stem = self.path.rsplit('/').next().unwrap_or(self.path);
        Some(Helper {
            name: definition.name.to_owned(),
            argument: definition.parameter(name)?,
            takes,
            language: self.language.name.clone(),
            stem: stem.split('.').next().unwrap_or(stem).to_owned(),
        })
    }
}

/// The tokens up to the first one that ends them, as far as they are read.
fn until<'t, 's>(tokens: &'t [Positioned<'s>], ends: impl Fn(&Positioned<'s>) -> bool) -> &'t [Positioned<'s>] {
    let tokens = tokens.get(..LONGEST).unwrap_or(tokens);
    let end = tokens.iter().position(ends).unwrap_or(tokens.len());
    tokens.get(..end).unwrap_or(tokens)
}

/// Whether a path of names is one of `modules`, or in one of them.
fn is_of(modules: &[String], path: &str) -> bool {
    modules.iter().any(|module| {
        let rest = path.strip_prefix(module.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Whether the name at `at` is one that is defined, not called.
fn is_definition(tokens: &[Positioned<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| word(tokens, before));
    matches!(before, Some("def" | "function" | "func" | "fn" | "fun" | "class"))
}
