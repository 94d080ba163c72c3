//! A static site that a server of Node.js serves: all that the image needs of the project is what was built.

use std::collections::BTreeMap;

use crate::context::Files as _;
use crate::facts::{Scope, is_within};
use crate::knowledge::{Action, ArgumentRole, command_table, is_shell, served};
use crate::syntax::Keyword;

use super::copies::{copied_to, is_from_context};
use super::node_tools::installs_tools;
use super::subject::Subject;
use super::work::Works;
use crate::effects::ecosystems::Output;
use crate::effects::needs::Needs;

/// The folder that the image serves, where nothing else of the project is needed: the server is installed for all, the
/// folder is made by a build of the project, and nothing but the server runs.
pub(super) fn folder(subject: &Subject<'_>, works: &BTreeMap<usize, Works>, needs: &Needs) -> Option<String> {
    let mut found = None;
    for command in &needs.commands {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        match (served(&words), words.first()) {
            (Some((server, folder)), _) if found.is_none() => found = Some((server, folder.to_owned())),
            (Some((_, folder)), _) => found = found.filter(|(_, known)| known == folder),
            // What a shell runs is a command of its own; health checks ask the server.
            (None, Some(program)) if is_shell(name_of(program)) || asks_a_server(&words) => {}
            (None, _) => return None,
        }
    }
    let (server, folder) = found?;
    let last = subject.range().end - 1;
    let workdir = subject.facts.scope(last)?.workdir.clone();
    let folder = Scope {
        workdir,
        ..Scope::default()
    }
    .absolute(&folder)?;
    let folder = folder.trim_end_matches('/').trim_end_matches("/.").to_owned();
    let mut outputs = works.values().flat_map(Works::outputs);
    let root = outputs.find_map(|output| match output {
        Output::Project(root) if is_within(&folder, root) && folder != *root => Some(root.clone()),
        _ => None,
    })?;
    let is_copied = subject
        .before(subject.range().end)
        .exists(folder.trim_start_matches('/'));
    (!is_copied && is_installed(subject, works, &server.package) && is_all(subject, works, &root)).then_some(folder)
}

/// Whether a command asks a server by its address, as health checks do.
fn asks_a_server(words: &[&str]) -> bool {
    let Some((program, rest)) = words.split_first() else {
        return false;
    };
    let rest: Vec<Option<&str>> = rest.iter().map(|word| Some(*word)).collect();
    let reading = command_table(name_of(program)).map(|table| table.read(&rest));
    let mut arguments = reading.iter().flat_map(|reading| &reading.arguments);
    arguments.any(|argument| argument.role == ArgumentRole::Url)
}

/// The name of a program, without its folder.
fn name_of(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Whether a step installs a package for all.
fn is_installed(subject: &Subject<'_>, works: &BTreeMap<usize, Works>, package: &str) -> bool {
    let runs = works.keys().filter_map(|index| subject.facts.run(subject.file, *index));
    let mut installs = runs
        .flat_map(|run| &run.commands)
        .filter(|command| installs_tools(command));
    installs.any(|command| {
        let used = command.manager.as_ref();
        used.is_some_and(|used| used.packages.iter().any(|(name, ..)| name == package))
    })
}

/// Whether the stage does nothing but install tools and build the project in `root`.
fn is_all(subject: &Subject<'_>, works: &BTreeMap<usize, Works>, root: &str) -> bool {
    let copies = subject.range().filter(|index| {
        let is_copy = matches!(subject.keyword(*index), Some(Keyword::Copy | Keyword::Add));
        is_copy && is_from_context(subject, *index)
    });
    let mut targets = copies.map(|index| copied_to(subject, index));
    let all_inside = targets.all(|target| target.is_some_and(|target| is_within(target.trim_end_matches('/'), root)));
    let only_tools = works.iter().all(|(index, works)| {
        let run = subject.facts.run(subject.file, *index);
        works.setups().all(|number| {
            let command = run.and_then(|run| run.commands.get(number));
            command.is_some_and(|command| {
                let cleans = command
                    .manager
                    .as_ref()
                    .is_some_and(|used| used.action == Action::CleanCache);
                cleans || installs_tools(command)
            })
        })
    });
    all_inside && only_tools
}
