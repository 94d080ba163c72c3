//! Package lists: which RUNs download them, and which install from those that an earlier one left.

use crate::knowledge::{Action, Manager};
use crate::syntax::{Dockerfile, Keyword};

use super::{Body, Command, Execution, Facts};

/// What a RUN does with the package lists of one manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListsUse {
    /// It downloads them before it installs, if it does.
    Fetches,
    /// It installs from those that are there.
    Needs,
    /// It runs something that may install from them.
    MayNeed,
}

impl Execution {
    /// The first command that installs with a manager of package lists which the RUN did not download before, by its
    /// number.
    pub fn installs_from_older_lists(&self) -> Option<usize> {
        let uses = self
            .commands
            .iter()
            .enumerate()
            .filter_map(|(at, command)| Some((at, command.manager.as_ref()?)));
        let mut with_lists = uses.filter(|(_, used)| used.manager.lists.is_some());
        let (at, first) = with_lists.find(|(_, used)| used.fetches_lists || needs_lists(used.action))?;
        (!first.fetches_lists).then_some(at)
    }

    /// Whether it downloads the lists of `manager`.
    pub fn fetches_lists(&self, manager: &Manager) -> bool {
        let mut uses = self.commands.iter().filter_map(|command| command.manager.as_ref());
        uses.any(|used| used.manager.id == manager.id && used.fetches_lists)
    }
}

impl Facts {
    /// The first instruction behind number `index` that installs, or may install, from the lists of `manager` which
    /// the layers before it hold.
    pub fn lists_needed_after(&self, file: &Dockerfile, index: usize, manager: &Manager) -> Option<usize> {
        let own = self.stage_of(index);
        for later in self.later(index) {
            match self.lists_use(file, later, manager) {
                Some(ListsUse::Needs | ListsUse::MayNeed) => return Some(later),
                // From here on these lists count, in the stages that stand on this one too.
                Some(ListsUse::Fetches) if self.stage_of(later) == own => return None,
                _ => {}
            }
        }
        None
    }

    fn lists_use(&self, file: &Dockerfile, index: usize, manager: &Manager) -> Option<ListsUse> {
        let is_run = file.instructions.get(index)?.keyword() == Keyword::Run;
        let execution = self.instructions.get(index)?.execution.as_ref()?;
        if let (Body::Opaque(_), Some(instruction)) = (&execution.body, file.instructions.get(index)) {
            let mut words = instruction
                .text()
                .split(|c: char| c.is_whitespace() || ";&|()".contains(c));
            return words
                .any(|word| manager.programs.iter().any(|program| program == word))
                .then_some(ListsUse::MayNeed);
        }
        for command in &execution.commands {
            match &command.manager {
                Some(used) if used.manager.id == manager.id && used.fetches_lists => return Some(ListsUse::Fetches),
                Some(used) if used.manager.id == manager.id && needs_lists(used.action) => {
                    return Some(ListsUse::Needs);
                }
                // What CMD and its like start is not part of the build, and finds what the image holds.
                None if is_run && is_local_script(command) => return Some(ListsUse::MayNeed),
                _ => {}
            }
        }
        None
    }
}

fn needs_lists(action: Action) -> bool {
    matches!(action, Action::Install | Action::Upgrade | Action::Download)
}

/// Whether a command runs a script of the project, whose text is not known here.
fn is_local_script(command: &Command) -> bool {
    let word = |index: usize| {
        command
            .words
            .get(index)
            .and_then(|word| word.value.as_deref())
            .unwrap_or_default()
    };
    let script = match command.program() {
        Some("sh" | "bash" | "dash" | "ash" | "." | "source") => word(1),
        _ => word(0),
    };
    script.ends_with(".sh") || script.starts_with("./") && !script.ends_with("gradlew") && !script.ends_with("mvnw")
}
