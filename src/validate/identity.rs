//! Which steps of two versions are the same one.
//!
//! Rewrites mount caches, add and take options that have to do with caches alone, join RUNs and leave packages out. None
//! of that makes a step another one.

use std::collections::BTreeSet;

use crate::effects::steps::{Step, StepKind};
use crate::facts::{Assigned, Command, Facts, ManagerUse, Scope, User};
use crate::knowledge::{Action, Kind, Manager};
use crate::syntax::{Dockerfile, Instruction, Node};

use super::throwaway::{cache_operands, is_cleanup};

/// What a step does, in words that are the same in each version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Act {
    /// A command, COPY or WORKDIR.
    Step(String),
    /// Packages of the system that are installed.
    Install(Vec<Package>),
    /// Packages of the system that are removed.
    Remove(Vec<String>),
    /// Nothing that stays: caches are filled or emptied.
    Nothing,
}

/// A package of the system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Package {
    /// The name.
    pub(super) name: String,
    /// The version that is asked for, as written.
    pub(super) version: Option<String>,
    /// The name under which it is removed with others: `apk add --virtual`.
    pub(super) group: Option<String>,
}

impl Act {
    pub(super) fn installed(&self) -> &[Package] {
        match self {
            Act::Install(packages) => packages,
            _ => &[],
        }
    }

    pub(super) fn removed(&self) -> &[String] {
        match self {
            Act::Remove(names) => names,
            _ => &[],
        }
    }
}

/// The identity of a step of `file`.
pub(super) fn act(file: &Dockerfile, facts: &Facts, step: &Step) -> Act {
    let Some(instruction) = file.instructions.get(step.instruction) else {
        return Act::Nothing;
    };
    let scope = facts.scope(step.instruction);
    match (step.kind, step.command) {
        (StepKind::Folder, _) => {
            let after = facts.scope_after(step.instruction);
            let folder = after.and_then(|scope| scope.workdir.as_deref());
            Act::Step(format!("WORKDIR {}", folder.unwrap_or(instruction.text())))
        }
        (StepKind::FromContext | StepKind::FromStage, _) => {
            Act::Step(copy(instruction, scope, is_from_stage(facts, step.instruction)))
        }
        // What compound commands read and write; their commands are steps of their own.
        (_, None) if step.effects.unknown.is_none() => {
            Act::Step(format!("RUN {:?} {:?}", step.effects.reads, step.effects.writes))
        }
        (_, None) => Act::Step(format!("RUN {}", arguments(instruction))),
        (_, Some(number)) => {
            let command = facts
                .run(file, step.instruction)
                .and_then(|run| run.commands.get(number));
            match (command, scope) {
                // The command that runs it stands for both: `npm run build`, `npx tsc`.
                _ if is_inner(file, facts, step.instruction, number) => Act::Nothing,
                (Some(command), Some(scope)) => of_command(command, scope),
                _ => Act::Nothing,
            }
        }
    }
}

/// Whether a command is one that the package manager before it runs.
fn is_inner(file: &Dockerfile, facts: &Facts, index: usize, number: usize) -> bool {
    let run = facts.run(file, index);
    run.is_some_and(|run| run.is_run_by_the_one_before(number))
}

fn is_from_stage(facts: &Facts, index: usize) -> bool {
    let mut taken = facts.stages.iter().flat_map(|stage| &stage.taken);
    taken.any(|taken| taken.instruction == index)
}

/// The text of the arguments on one line.
pub(super) fn arguments(instruction: &Instruction) -> String {
    let node = instruction.node();
    let text = instruction.text().get(node.arguments_range.clone()).unwrap_or_default();
    let heredocs = node
        .heredocs
        .iter()
        .filter_map(|heredoc| instruction.text().get(heredoc.body.clone()));
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| *word != "\\" && *word != "`")
        .collect();
    heredocs.fold(words.join(" "), |text, body| format!("{text}\n{body}"))
}

/// A COPY or ADD: how it copies, what, and to where. The name of the stage is no part of it.
fn copy(instruction: &Instruction, scope: Option<&Scope>, is_from_stage: bool) -> String {
    let node: &Node = instruction.node();
    let mut parts: Vec<String> = vec![format!("{:?}", node.keyword)];
    let mut flags: Vec<String> = node
        .flags
        .iter()
        .filter(|flag| !(flag.name == "from" && is_from_stage) && flag.name != "link")
        .map(|flag| format!("--{}={}", flag.name, flag.value.as_deref().unwrap_or_default()))
        .collect();
    flags.sort();
    parts.extend(flags);
    parts.extend(node.sources().iter().map(|source| source.value.clone()));
    if let Some(last) = node.words().last() {
        let absolute = scope
            .filter(|_| !last.value.contains('$'))
            .and_then(|scope| scope.absolute(&last.value));
        parts.push(absolute.unwrap_or_else(|| last.value.clone()));
    }
    let bodies = node
        .heredocs
        .iter()
        .filter_map(|heredoc| instruction.text().get(heredoc.body.clone()));
    parts.extend(bodies.map(str::to_owned));
    parts.join(" ")
}

fn of_command(command: &Command, scope: &Scope) -> Act {
    let used = command.manager.as_ref();
    match used {
        Some(used) if used.action == Action::CleanCache => return Act::Nothing,
        Some(used) if used.manager.kind == Kind::System => {
            if let Some(act) = of_packages(used) {
                return act;
            }
        }
        _ => {}
    }
    if is_cleanup(command) {
        return Act::Nothing;
    }
    let workdir = command.workdir.clone().filter(|_| !deletes_absolute_paths(command));
    let mut parts = vec![user(command, scope), workdir.unwrap_or_default()];
    if command.context.conditional {
        parts.push("?".to_owned());
    }
    let manager = used.map(|used| used.manager);
    let is_kept = |assigned: &&Assigned| !manager.is_some_and(|manager| is_cache_variable(manager, &assigned.name));
    let assignments = command.assignments.iter().filter(is_kept);
    parts.extend(assignments.map(|assigned| format!("{}={:?}", assigned.name, assigned.value)));
    let mut gone = used.map(|used| neutral_words(command, used)).unwrap_or_default();
    // What `rm` deletes of caches beside other files is of no use to the image.
    gone.extend(cache_operands(command));
    let words = command.words.iter().enumerate().filter(|(at, _)| !gone.contains(at));
    parts.extend(words.map(|(_, word)| word.value.clone().unwrap_or_else(|| word.text.clone())));
    let redirects = command.redirects.iter();
    parts.extend(redirects.map(|redirect| format!("{:?}{}", redirect.kind, redirect.text)));
    Act::Step(parts.join(" "))
}

/// Whether it is an `rm` that does the same in each folder: a joined RUN enters others before it.
fn deletes_absolute_paths(command: &Command) -> bool {
    let text = |word: usize| command.words.get(word).map(|word| word.text.as_str());
    let mut operands = command.deletes.iter().map(|operand| text(operand.word));
    !command.deletes.is_empty() && operands.all(|text| text.is_some_and(|text| text.starts_with('/')))
}

fn user(command: &Command, scope: &Scope) -> String {
    let user = match &scope.user {
        User::Root => "root",
        User::Other(account) => account.name.as_str(),
        User::Unknown => "?",
    };
    let other = if command.switches_user { "sudo " } else { "" };
    format!("{other}{user}:")
}

/// What a command of the system's package manager installs or removes; none where it does something else.
fn of_packages(used: &ManagerUse) -> Option<Act> {
    if used.has_unknown_arguments {
        return None;
    }
    let group = |name: &str| matches!(name, "-t" | "--virtual");
    let group = used.options.iter().find(|(name, ..)| group(name));
    let group = group.and_then(|(_, value, _)| value.clone());
    match used.action {
        Action::Install if used.reads.is_empty() => Some(Act::Install(
            used.packages
                .iter()
                .map(|(name, rest, _)| Package {
                    name: name.clone(),
                    version: rest.clone().filter(|rest| !rest.is_empty()),
                    group: group.clone().filter(|_| used.manager.id == "apk"),
                })
                .collect(),
        )),
        Action::Remove => {
            let names = used.packages.iter().map(|(name, ..)| name.clone());
            Some(Act::Remove(names.collect()))
        }
        Action::UpdateLists => Some(Act::Nothing),
        _ => None,
    }
}

/// The numbers of the words that have to do with caches, or leave development dependencies out.
fn neutral_words(command: &Command, used: &ManagerUse) -> Vec<usize> {
    let manager = used.manager;
    let mut found = Vec::new();
    for (name, value, at) in &used.options {
        let written = match value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        };
        if is_neutral(manager, name) || is_neutral(manager, &written) {
            found.push(*at);
            // The value is a word of its own where the option's word holds no `=`.
            let is_apart = value.is_some() && command.words.get(*at).is_some_and(|word| !word.text.contains('='));
            found.extend(is_apart.then_some(at + 1));
        }
    }
    found
}

/// The options of an install that decide what is installed: all that have not to do with caches.
pub(super) fn lasting_options(command: &Command, used: &ManagerUse) -> BTreeSet<String> {
    let neutral = neutral_words(command, used);
    let options = used.options.iter().filter(|(.., at)| !neutral.contains(at));
    options
        .map(|(name, value, _)| format!("{name}={}", value.as_deref().unwrap_or_default()))
        .collect()
}

fn is_neutral(manager: &Manager, option: &str) -> bool {
    let contradictions = manager.contradictions.iter();
    let mut cache = contradictions
        .flat_map(|contradiction| [contradiction.when.option.as_deref(), contradiction.instead.as_deref()])
        .flatten();
    let words = manager.keep.iter().flat_map(|keep| &keep.options);
    let mut added = words.chain(&manager.clean.options).chain(&manager.project.production);
    let is_production = |word: &String| word == option || word.split('=').next() == Some(option) && word.contains('=');
    cache.any(|known| known == option) || added.any(is_production)
}

/// Whether a variable only says how a manager uses its cache.
pub(super) fn is_cache_variable(manager: &Manager, name: &str) -> bool {
    let contradictions = manager.contradictions.iter();
    let mut variables = contradictions.filter_map(|contradiction| contradiction.when.variable.as_deref());
    let copied = manager.caches.iter().filter_map(|cache| cache.copied_by.as_ref());
    let mut copied = copied.filter_map(|condition| condition.variable.as_deref());
    variables.any(|known| known == name) || copied.any(|known| known == name)
}
