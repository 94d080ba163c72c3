//! Every simple command of a script, with what decides whether a pass may touch it.

use super::tree::{
    Command, Compound, CompoundKind, Operator, Pipeline, Redirect, Script, SimpleCommand, Statement, Word,
};

/// Options that are in effect when the body begins, from `SHELL ["/bin/bash", "-eo", "pipefail", "-c"]` and the like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShellOptions {
    /// `set -e`
    pub errexit: bool,
    /// `set -o pipefail`
    pub pipefail: bool,
}

/// A simple command and its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit<'s> {
    /// The command.
    pub command: &'s SimpleCommand,
    /// Where it stands.
    pub context: Context,
}

/// Where a simple command stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The statement and link of the outermost script that hold it.
    pub place: Place,
    /// How many compound commands, functions and substitutions it is in.
    pub depth: usize,
    /// Whether it may be skipped although the body succeeds: in a branch, a loop or a function, behind `||`, behind an
    /// `&&` whose chain may fail without the body failing, or behind a conditional `exit`.
    pub conditional: bool,
    /// Whether its failure makes the whole body fail. For what stands in a branch, a loop or a function: if it runs.
    pub stops_body: bool,
    /// Whether it runs in `( )`, in a substitution, in the background or in a pipeline of several commands, so that
    /// what it does to the shell itself (`cd`, `export`, `set`) ends with it.
    pub in_subshell: bool,
    /// Whether its output becomes a part of a word, or its input or output a file: `$( )`, backquotes, `<( )`, `>( )`.
    pub in_substitution: bool,
    /// Whether it is one of several commands of a pipeline, or in one of them.
    pub in_pipeline: bool,
    /// Whether it runs in the background, or in something that does.
    pub background: bool,
    /// Whether it is in the body of a function.
    pub in_function: bool,
}

/// A link of the outermost script: `script.statements[statement].chain[link]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The index of the statement.
    pub statement: usize,
    /// The index of the link in the statement's chain.
    pub link: usize,
}

impl Context {
    /// Returns whether the command is a whole link of the outermost script that always runs, on its own, in the
    /// foreground, and without which the body fails: what may be removed or replaced alone.
    pub fn is_required_link(&self) -> bool {
        self.depth == 0 && !self.conditional && self.stops_body && !self.in_pipeline
    }
}

/// Takes a script and the options that are in effect when it begins; returns its simple commands in source order,
/// those in compound commands, functions and substitutions included.
pub fn commands(script: &Script, options: ShellOptions) -> Vec<Visit<'_>> {
    let mut walker = Walker {
        visits: Vec::new(),
        options,
        may_have_left: false,
    };
    walker.script(
        script,
        Surroundings {
            context: Context::default(),
            decides: true,
            errexit_counts: true,
        },
    );
    walker.visits
}

/// Takes a script; returns the redirects of its compound commands and functions, nested ones included.
pub fn compound_redirects(script: &Script) -> Vec<&Redirect> {
    let links = script.statements.iter().flat_map(|statement| &statement.chain);
    let mut found = Vec::new();
    for command in links.flat_map(|link| &link.pipeline.commands) {
        let compound = match command {
            Command::Simple(_) => continue,
            Command::Compound(compound) => compound,
            Command::Function(function) => &function.body,
        };
        found.extend(&compound.redirects);
        found.extend(compound.bodies.iter().flat_map(compound_redirects));
    }
    found
}

/// What is the same for every statement of a script.
#[derive(Clone, Copy)]
struct Surroundings {
    context: Context,
    /// Whether the body fails when the last statement does.
    decides: bool,
    /// Whether `set -e` has an effect: it has none in conditions and in what `&&`, `||` or `!` guards.
    errexit_counts: bool,
}

struct Walker<'s> {
    visits: Vec<Visit<'s>>,
    /// The options in effect in the current shell.
    options: ShellOptions,
    /// Whether a conditional `exit` or its like was seen, so that what follows may not run.
    may_have_left: bool,
}

impl<'s> Walker<'s> {
    fn script(&mut self, script: &'s Script, around: Surroundings) {
        for (index, statement) in script.statements.iter().enumerate() {
            let mut around = around;
            if around.context.depth == 0 {
                around.context.place.statement = index;
            }
            around.decides &= index + 1 == script.statements.len();
            if statement.background {
                around.context.background = true;
                around.context.in_subshell = true;
                around.decides = false;
                around.errexit_counts = false;
                self.in_own_shell(|walker| walker.chain(statement, around));
            } else {
                self.chain(statement, around);
            }
        }
    }

    fn chain(&mut self, statement: &'s Statement, around: Surroundings) {
        let last_or = statement
            .chain
            .iter()
            .rposition(|link| link.operator == Some(Operator::Or));
        for (index, link) in statement.chain.iter().enumerate() {
            let guarded = last_or.is_some_and(|or| or > index);
            let mut inner = around;
            if inner.context.depth == 0 {
                inner.context.place.link = index;
            }
            inner.decides &= !guarded;
            inner.errexit_counts &= index + 1 == statement.chain.len();
            inner.context.conditional |= match link.operator {
                None => false,
                Some(Operator::Or) => true,
                // It is skipped when what is before it fails: without harm to the body unless that decides about it.
                Some(Operator::And) => !inner.decides,
            };
            self.pipeline(&link.pipeline, inner);
        }
    }

    fn pipeline(&mut self, pipeline: &'s Pipeline, mut around: Surroundings) {
        around.decides &= !pipeline.negated;
        around.errexit_counts &= !pipeline.negated;
        let several = pipeline.commands.len() > 1;
        for (index, command) in pipeline.commands.iter().enumerate() {
            let mut inner = around;
            if several {
                inner.context.in_pipeline = true;
                inner.context.in_subshell = true;
                let counts = self.options.pipefail || index + 1 == pipeline.commands.len();
                inner.decides &= counts;
                inner.errexit_counts &= counts;
                self.in_own_shell(|walker| walker.command(command, inner));
            } else {
                self.command(command, inner);
            }
        }
    }

    fn command(&mut self, command: &'s Command, around: Surroundings) {
        match command {
            Command::Simple(simple) => self.simple(simple, around),
            Command::Compound(compound) => self.compound(compound, around),
            Command::Function(function) => {
                let mut inner = around;
                inner.context.in_function = true;
                inner.context.conditional = true;
                inner.decides = false;
                inner.errexit_counts = false;
                inner.context.depth += 1;
                self.in_own_shell(|walker| walker.compound(&function.body, inner));
            }
        }
    }

    fn simple(&mut self, command: &'s SimpleCommand, around: Surroundings) {
        let mut context = around.context;
        context.conditional |= self.may_have_left;
        context.stops_body = around.decides || (around.errexit_counts && self.options.errexit);
        self.visits.push(Visit { command, context });
        for word in command.all_words() {
            self.substitutions(word, around);
        }
        match command.name() {
            Some("set") => self.set(command, context.conditional),
            Some("exit" | "return" | "exec") => self.may_have_left |= !leaves_with_failure(command),
            _ => {}
        }
    }

    fn compound(&mut self, compound: &'s Compound, around: Surroundings) {
        for word in &compound.words {
            self.substitutions(word, around);
        }
        for (index, body) in compound.bodies.iter().enumerate() {
            let mut inner = around;
            inner.context.depth += 1;
            let condition = compound.is_condition(index);
            if condition {
                inner.decides = false;
                inner.errexit_counts = false;
            }
            match compound.kind {
                CompoundKind::Subshell => inner.context.in_subshell = true,
                CompoundKind::Group => {}
                // The first condition runs once in any case.
                _ => inner.context.conditional |= !(condition && index == 0),
            }
            // Only the last round of a loop decides about its result.
            inner.decides &= !matches!(
                compound.kind,
                CompoundKind::While | CompoundKind::Until | CompoundKind::For
            );
            if compound.kind == CompoundKind::Subshell {
                self.in_own_shell(|walker| walker.script(body, inner));
            } else {
                self.script(body, inner);
            }
        }
        for word in compound.redirects.iter().flat_map(super::tree::Redirect::words) {
            self.substitutions(word, around);
        }
    }

    fn substitutions(&mut self, word: &'s Word, around: Surroundings) {
        for script in &word.substitutions {
            let mut inner = around;
            inner.context.depth += 1;
            inner.context.in_substitution = true;
            inner.context.in_subshell = true;
            inner.decides = false;
            inner.errexit_counts = false;
            self.in_own_shell(|walker| walker.script(script, inner));
        }
    }

    /// Runs `walk` with the state of a shell whose end takes its options and its `exit` with it.
    fn in_own_shell(&mut self, walk: impl FnOnce(&mut Self)) {
        let outer = (self.options, self.may_have_left);
        walk(self);
        (self.options, self.may_have_left) = outer;
    }

    /// Follows `set`. A conditional one may not have run, so that it only takes certainty away.
    fn set(&mut self, command: &SimpleCommand, conditional: bool) {
        let mut words = command.words.iter().skip(1).map(|word| word.literal.as_deref());
        while let Some(Some(word)) = words.next() {
            let Some((on, flags)) = split_flags(word) else { return };
            let on = on && !conditional;
            if flags.contains('e') {
                self.options.errexit = on;
            }
            if flags.ends_with('o') {
                match words.next().flatten() {
                    Some("errexit") => self.options.errexit = on,
                    Some("pipefail") => self.options.pipefail = on,
                    _ => {}
                }
            }
        }
    }
}

/// Takes an argument of `set`; returns whether it switches on, and its letters, or `None` when it and what follows are
/// positional parameters.
fn split_flags(word: &str) -> Option<(bool, &str)> {
    match word.strip_prefix('-') {
        Some(flags) => (flags != "-").then_some((true, flags)),
        None => word.strip_prefix('+').map(|flags| (false, flags)),
    }
}

/// Takes an `exit`, `return` or `exec`; returns whether it surely ends the body with a failure.
fn leaves_with_failure(command: &SimpleCommand) -> bool {
    let code = command.words.get(1).and_then(|word| word.literal.as_deref());
    command.name() == Some("exit") && code.is_some_and(|code| code.parse::<u8>().is_ok_and(|code| code != 0))
}
