//! Whether a RUN builds: what it writes is then a result, not a script that somebody wrote.

use crate::facts::Execution;
use crate::knowledge::{Action, Kind, compiler, is_plain_node_package};

/// Whether a RUN installs a language's packages or compiles.
pub(crate) fn is_build(run: &Execution) -> bool {
    run.commands.iter().any(|command| {
        let by_manager = command.manager.as_ref().is_some_and(|used| {
            used.manager.kind == Kind::Language
                && matches!(
                    used.action,
                    Action::Install | Action::Upgrade | Action::Build | Action::Download
                )
                && (used.packages.is_empty() || !used.packages.iter().all(|(name, ..)| is_plain_node_package(name)))
        });
        by_manager || command.program().is_some_and(|program| compiler(program).is_some())
    })
}
