//! What can be asked of an image from outside, as its Dockerfile and the build context tell: the plan of a smoke test.

mod chain;
mod packages;

use serde::Serialize;

use crate::context::ContextSource;
use crate::effects::needs::tool_calls;
use crate::facts::Facts;
use crate::knowledge::package_of_tool;
use crate::syntax::{Arguments, Dockerfile, Keyword, expand};

use chain::Chain;
use packages::{installs, node_packages, python_packages};

/// What a smoke test asks of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Plan {
    /// The name of the Dockerfile.
    pub file: String,
    /// The Python packages that are declared, by the names of the index.
    pub python: Vec<String>,
    /// The Node packages that are declared.
    pub node: Vec<String>,
    /// Programs that must be there: what is started, and what the sources and the health check call.
    pub programs: Vec<String>,
    /// Build tools that must be gone.
    pub gone: Vec<String>,
    /// Whether the image starts something by itself.
    pub starts: bool,
    /// The words of the health check.
    pub health: Vec<String>,
    /// The port on which the program must listen.
    pub port: Option<u16>,
    /// A command of the user's that must succeed.
    pub command: Option<String>,
}

impl Plan {
    /// The plan for the image of the last stage of `file`.
    #[must_use]
    pub fn of(file: &Dockerfile, context: Option<&ContextSource>) -> Plan {
        let facts = match context {
            Some(context) => Facts::with(file, context),
            None => Facts::of(file),
        };
        let image = Chain::of(&facts);
        let mut plan = Plan {
            file: file.name.clone(),
            gone: image.gone(file, &facts),
            ..Plan::default()
        };
        plan.configuration(file, &facts, &image);
        let installs = installs(file, &facts);
        if image.has(file, &facts, "python3") || image.has(file, &facts, "python") {
            plan.python = python_packages(&installs, context);
        }
        if let Some(context) = context {
            if image.has(file, &facts, "node") && image.has_node_modules(file, &facts) {
                plan.node = node_packages(&installs, context);
            }
            plan.called(file, &facts, &image, context);
        }
        plan
    }

    /// What is started, and how it tells that it works.
    fn configuration(&mut self, file: &Dockerfile, facts: &Facts, image: &Chain<'_>) {
        // The last instruction of its kind counts; a stage begins after what it stands on.
        let last = |keyword: Keyword| {
            let mut all = image.instructions();
            all.find(|index| {
                file.instructions
                    .get(*index)
                    .is_some_and(|found| found.keyword() == keyword)
            })
        };
        let start = last(Keyword::Entrypoint).or_else(|| last(Keyword::Cmd));
        self.starts = start.is_some();
        let health = last(Keyword::Healthcheck);
        for index in start.into_iter().chain(health) {
            let execution = facts.instructions.get(index).and_then(|found| found.execution.as_ref());
            let first = execution.and_then(|execution| execution.commands.first());
            let word = first.and_then(|command| command.words.first()?.value.clone());
            self.programs.extend(word.filter(|word| is_program(word)));
        }
        if let Some(arguments) = health.and_then(|index| match &file.instructions.get(index)?.node().arguments {
            Arguments::Healthcheck(command) => command.as_deref(),
            _ => None,
        }) {
            self.health = match arguments {
                Arguments::Exec(words) => words.iter().map(|word| word.value.clone()).collect(),
                Arguments::Shell(line) => ["/bin/sh", "-c", line.text().trim()].map(str::to_owned).to_vec(),
                _ => Vec::new(),
            };
        }
        self.port = image.instructions().filter_map(|index| port(file, facts, index)).last();
        self.programs.sort_unstable();
        self.programs.dedup();
    }

    /// Adds the programs that the sources call and that the image installs for them.
    fn called(&mut self, file: &Dockerfile, facts: &Facts, image: &Chain<'_>, context: &ContextSource) {
        let Some(release) = image.release() else { return };
        let is_tool = |name: &str| package_of_tool(release.family, name).is_some();
        for call in tool_calls(context, &is_tool) {
            let package = package_of_tool(release.family, &call.tool);
            let is_installed =
                package.is_some_and(|package| image.installed(file, facts).iter().any(|own| own == package));
            if is_installed && !self.programs.contains(&call.tool) {
                self.programs.push(call.tool);
            }
        }
    }
}

/// Whether a word is a program that a file stands for, and no part of the shell.
fn is_program(word: &str) -> bool {
    const SHELL: [&str; 12] = [
        "[", "cd", "echo", "eval", "exec", "exit", "export", "if", "set", "source", "test", "until",
    ];
    !word.is_empty() && !word.contains(['$', '*', ' ']) && !SHELL.contains(&word)
}

/// The first TCP port of an EXPOSE.
fn port(file: &Dockerfile, facts: &Facts, index: usize) -> Option<u16> {
    let instruction = file.instructions.get(index)?;
    if instruction.keyword() != Keyword::Expose {
        return None;
    }
    let scope = facts.scope(index)?;
    let variable = |name: &str| scope.variables.get(name)?.value.clone();
    instruction.node().words().iter().find_map(|word| {
        let value = expand(&word.value, file.escape(), &variable)?.value;
        let (port, protocol) = value.split_once('/').unwrap_or((&value, "tcp"));
        port.parse().ok().filter(|_| protocol.eq_ignore_ascii_case("tcp"))
    })
}
