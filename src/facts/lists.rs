//! Package lists: which RUNs download them, and which install from those that an earlier one left.

use crate::knowledge::{Action, ArgumentRole, Holds, Manager, command_table};
use crate::syntax::{Dockerfile, Keyword};

use super::{Body, CacheUse, Command, Execution, Facts, ManagerUse, is_within};

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
        let (at, first) = with_lists.find(|(_, used)| used.leaves_lists() || needs_older_lists(used))?;
        (!first.leaves_lists()).then_some(at)
    }

    /// Whether the lists that `used` downloads go to a mount, and not into the layer.
    pub fn mounts_lists(&self, used: &ManagerUse) -> bool {
        let of_lists = |cache: &&CacheUse| cache.cache.holds == Holds::Lists || cache.cache.only_mounted;
        let mut folders = used
            .caches
            .iter()
            .filter(of_lists)
            .filter_map(|cache| cache.path.as_deref());
        folders.any(|folder| {
            let mut mounted = self.mounts.iter().filter_map(|mount| mount.path.as_deref());
            mounted.any(|mounted| is_within(folder, mounted))
        })
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
        let instruction = file.instructions.get(index)?;
        // A trigger of ONBUILD runs on top of these layers too, in a child.
        let is_run = matches!(instruction.keyword(), Keyword::Run | Keyword::Onbuild);
        let execution = self.instructions.get(index)?.execution.as_ref()?;
        if let Body::Opaque(_) = execution.body {
            return names_program(instruction.text(), manager).then_some(ListsUse::MayNeed);
        }
        for command in &execution.commands {
            match &command.manager {
                // What went to a mount is neither what the others need nor what they find.
                Some(used) if used.manager.id == manager.id && execution.mounts_lists(used) => return None,
                Some(used) if used.manager.id == manager.id && used.leaves_lists() => return Some(ListsUse::Fetches),
                Some(used) if used.manager.id == manager.id && needs_older_lists(used) => {
                    return Some(ListsUse::Needs);
                }
                // What CMD and its like start is not part of the build, and finds what the image holds.
                None if is_run && may_install(command, manager) => return Some(ListsUse::MayNeed),
                _ => {}
            }
        }
        None
    }
}

impl ManagerUse {
    /// Whether it deletes the package lists, and not only what was downloaded with them.
    pub fn cleans_lists(&self) -> bool {
        let lists = self.manager.lists.as_ref();
        self.action == Action::CleanCache && lists.is_none_or(|lists| lists.cleaned_by.contains(&self.verb))
    }

    /// Whether it downloads package lists and leaves them to the commands behind it: `apk add --no-cache` does not.
    pub fn leaves_lists(&self) -> bool {
        self.fetches_lists && self.contradictions.is_empty()
    }
}

fn needs_older_lists(used: &ManagerUse) -> bool {
    !used.fetches_lists && matches!(used.action, Action::Install | Action::Upgrade | Action::Download)
}

/// Whether a shell's text names a program of the manager as a word.
fn names_program(text: &str, manager: &Manager) -> bool {
    let mut words = text.split(|c: char| c.is_whitespace() || ";&|()'\"".contains(c));
    words.any(|word| manager.programs.iter().any(|program| program == word))
}

/// Whether a command that is none of the manager may still install with it: a script, a tool that is known to, or
/// something that takes the manager's command as its argument (`su -c 'apt-get install x'`).
fn may_install(command: &Command, manager: &Manager) -> bool {
    let by_tool = command.program().is_some_and(|program| {
        let tools = manager.lists.iter().flat_map(|lists| &lists.used_by);
        tools.into_iter().any(|tool| tool == program)
    });
    let by_argument = || {
        let mut arguments = command.words.iter().skip(1);
        arguments.any(|word| names_program(&word.text, manager))
    };
    by_tool || is_local_script(command) || !command.runs_nothing() && by_argument()
}

/// Whether a command runs a script of the project, whose text is not known here. What tables describe is known to install
/// nothing with the system's package manager.
fn is_local_script(command: &Command) -> bool {
    let mut words = command
        .words
        .iter()
        .map(|word| word.value.as_deref().unwrap_or_default());
    let script = words.next().unwrap_or_default();
    let is_known = command
        .program()
        .is_some_and(|program| command_table(program).is_some());
    if !is_known {
        return script.ends_with(".sh") || script.contains('/') && !script.contains("bin/");
    }
    let Some(reading) = command.reading() else { return false };
    reading.arguments.iter().any(|argument| match argument.role {
        ArgumentRole::ShellScript => true,
        // What is sourced mostly sets variables: `. venv/bin/activate`.
        ArgumentRole::Sources => argument.text.as_deref().is_some_and(|file| file.ends_with(".sh")),
        _ => false,
    })
}
