//! Tools that a language's manager installs for everybody (`npm install -g`) are where they are called. No table says which
//! files they are, so that nothing can carry them to another stage.

use crate::effects::steps::StepKind;
use crate::knowledge::{Action, is_node_build_tool};

use super::model::{Item, StageModel, Version};
use super::{Kind, Pair, Violation, named};

/// Checks every stage of the result: that of the original for its program, those that build for their builds.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let made = pair.made();
    made.flat_map(|((_, after), old, new)| check_stage(pair, after, old, new))
        .collect()
}

fn check_stage(pair: &Pair<'_>, after: usize, old: &StageModel, new: &StageModel) -> Vec<Violation> {
    let has_program = pair.stages.iter().any(|(_, known)| *known == after) && pair.after.facts.is_shipped(after);
    let called = named::programs(pair.after, after);
    let mut found = Vec::new();
    for (at, item) in old.items.iter().enumerate() {
        for tool in tools(pair.before, item) {
            let serves_builds = is_node_build_tool(tool);
            let is_called = || called.iter().any(|program| program == tool);
            let is_needed = match serves_builds {
                true if builds_after(old, at, new) => true,
                true => has_program && is_called(),
                false => has_program,
            };
            if is_needed && !installs(pair.after, new, tool) {
                found.push(Violation {
                    kind: Kind::StepLost,
                    line: pair.before.line(item),
                    what: format!(
                        "line {} installs {tool}, which would be missing where it may be called",
                        pair.before.line(item)
                    ),
                    remedy: format!("make {tool} a dependency of the project"),
                });
            }
        }
    }
    found
}

/// The packages that a step installs for everybody, where nothing says which files they are.
fn tools<'v>(version: &'v Version<'_>, item: &Item) -> Vec<&'v str> {
    let used = version.command(item).and_then(|command| command.manager.as_ref());
    let used = used.filter(|used| used.is_global() && matches!(used.action, Action::Install | Action::Upgrade));
    let packages = used.into_iter().flat_map(|used| &used.packages);
    let is_known = item.leaves_something();
    packages.map(|(name, ..)| name.as_str()).filter(|_| !is_known).collect()
}

fn installs(version: &Version<'_>, stage: &StageModel, tool: &str) -> bool {
    let mut items = stage.items.iter();
    items.any(|item| tools(version, item).contains(&tool))
}

/// Whether a build that follows a tool in the original is in a stage of the result.
fn builds_after(old: &StageModel, at: usize, new: &StageModel) -> bool {
    let mut later = old.items.iter().skip(at + 1);
    later.any(|item| item.step.kind == StepKind::Build && new.position(&item.act).is_some())
}

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    #[test]
    fn a_tool_that_the_program_may_call() {
        let before = "FROM node:20-bookworm\nRUN npm install -g pm2 serve\nWORKDIR /app\nCOPY . .\nCMD [\"node\", \"index.js\"]\n";
        rejects(
            before,
            &before.replace("RUN npm install -g pm2 serve\n", ""),
            Kind::StepLost,
        );
        rejects(before, &before.replace(" pm2", ""), Kind::StepLost);
        accepts(
            before,
            &before.replace("npm install -g pm2 serve", "npm install -g pm2 && npm install -g serve"),
        );
    }

    #[test]
    fn a_tool_that_only_the_program_calls() {
        let before = "FROM node:20-bookworm\nRUN npm install -g pm2\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD [\"pm2\", \"index.js\"]\n";
        let after = "FROM node:20-bookworm AS builder\nWORKDIR /app\nCOPY . .\nRUN npm install\n\n\
            FROM node:20-bookworm\nRUN npm install -g pm2\nWORKDIR /app\nCOPY --from=builder /app /app\nCMD [\"pm2\", \"index.js\"]\n";
        accepts(before, after);
    }

    #[test]
    fn a_tool_that_only_builds_call() {
        let before = "FROM node:20-bookworm\nRUN npm install -g pnpm\nWORKDIR /app\nCOPY . .\nRUN pnpm install\nCMD [\"node\", \"index.js\"]\n";
        let after = "FROM node:20-bookworm AS builder\nRUN npm install -g pnpm\nWORKDIR /app\nCOPY . .\nRUN pnpm install\n\n\
            FROM node:20-bookworm\nWORKDIR /app\nCOPY --from=builder /app /app\nCMD [\"node\", \"index.js\"]\n";
        accepts(before, after);
        rejects(before, &after.replace("RUN npm install -g pnpm\n", ""), Kind::StepLost);
        let starts = |text: &str| text.replace("\"node\", \"index.js\"", "\"pnpm\", \"start\"");
        rejects(&starts(before), &starts(after), Kind::StepLost);
    }
}
