//! Tools of Node.js that are installed globally: those that only builds call, and those that only the program runs.

use std::collections::BTreeMap;

use crate::facts::{Command, Execution};
use crate::knowledge::{Action, is_node_build_tool, node_development};

use super::subject::Subject;
use super::work::Works;
use crate::effects::image_files::join;
use crate::effects::needs::Needs;

/// Whether a command installs tools globally, which both stages can do by themselves.
pub(super) fn installs_tools(command: &Command) -> bool {
    let used = command.manager.as_ref();
    used.is_some_and(|used| used.is_node() && used.is_global() && used.action == Action::Install)
}

/// Makes work of the builder alone of what installs tools that nothing runs at run time.
pub(super) fn leave_to_builder(subject: &Subject<'_>, works: &mut BTreeMap<usize, Works>, needs: &Needs) {
    // A script that cannot be looked up may call anything.
    let image = subject.before(subject.range().end);
    let workdir = subject
        .facts
        .scope(subject.range().end - 1)
        .and_then(|scope| scope.workdir.as_deref());
    let manifest = join(workdir.unwrap_or_default().trim_matches('/'), "package.json");
    let runs_scripts = ["npm", "npx", "yarn", "bun"].iter().any(|program| needs.runs(program));
    if runs_scripts && image.supplier(&manifest).is_none() {
        return;
    }
    let runs = |program: &str| needs.runs(program);
    let is_for_builds = |command: &Command| {
        let Some(used) = &command.manager else { return false };
        if used.manager.id == "corepack" {
            return !["corepack", "yarn", "yarnpkg", "pnpm", "pnpx"]
                .iter()
                .any(|program| runs(program));
        }
        installs_tools(command)
            && !used.packages.is_empty()
            && used
                .packages
                .iter()
                .all(|(name, ..)| is_node_build_tool(name) && !programs(name).any(runs))
    };
    for (index, own) in works {
        let Some(run) = subject.facts.run(subject.file, *index) else {
            continue;
        };
        for (number, command) in run.commands.iter().enumerate() {
            if own.is_setup(number) && is_for_builds(command) {
                own.leave_to_builder(number);
            }
        }
    }
}

/// Whether a RUN only installs tools that the image starts, and that no step of the builder and no script of the project
/// names. A tool that nothing starts may bring programs under other names, which builds call.
pub(super) fn is_for_runtime(
    subject: &Subject<'_>,
    index: usize,
    run: &Execution,
    works: &BTreeMap<usize, Works>,
    needs: &Needs,
) -> bool {
    let mut names = Vec::new();
    for command in &run.commands {
        match &command.manager {
            Some(used) if installs_tools(command) => names.extend(used.packages.iter().map(|(name, ..)| name.as_str())),
            Some(used) if used.action == Action::CleanCache => {}
            _ => return false,
        }
    }
    let is_script = |path: &str| path.rsplit('/').next() == Some("package.json") || path.ends_with(".sh");
    let mut texts = works
        .keys()
        .filter(|other| **other != index)
        .map(|other| subject.text(*other));
    let mut scripts = subject
        .context
        .sources(is_script)
        .filter_map(|path| subject.context.read(path).ok());
    let named = |text: &str| {
        names
            .iter()
            .flat_map(|name| programs(name))
            .any(|program| text.contains(program))
    };
    let are_started = !names.is_empty()
        && names
            .iter()
            .all(|name| programs(name).any(|program| needs.runs(program)));
    are_started && !texts.any(named) && !scripts.any(|text| named(&text))
}

/// The programs that a package brings, as far as they are known.
fn programs(package: &str) -> impl Iterator<Item = &str> {
    let others = node_development().programs.iter();
    let others = others.filter(move |(_, brings)| brings.as_str() == package);
    let own = package.rsplit('/').next().unwrap_or(package);
    std::iter::once(own).chain(others.map(|(program, _)| program.as_str()))
}
