//! Whether images run a package manager when they start, which then needs its store.

use crate::effects::needs::{Needs, manager_call};
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::Facts;
use crate::knowledge::{Action, CommandScope, Manager, command_table};

/// What each stage starts, by its number.
#[derive(Debug, Default)]
pub(super) struct Starts<'r> {
    stages: &'r [Needs],
    /// Whether the scripts of the build context could be read.
    has_context: bool,
}

impl<'r> Starts<'r> {
    /// Takes what each stage starts, and whether the build context is known.
    pub(super) fn of(stages: &'r [Needs], has_context: bool) -> Starts<'r> {
        Starts { stages, has_context }
    }

    /// Checks that the images which are made of `stage` start something else than the manager.
    pub(super) fn without(&self, facts: &Facts, stage: usize, manager: &Manager) -> Result<(), Obstacle> {
        let name = &manager.name;
        let remedy = "build in a stage of its own, and copy the result from it";
        for member in facts.family(stage) {
            if !facts.is_shipped(member) {
                continue;
            }
            let Some(needs) = self.stages.get(member).filter(|needs| needs.starts) else {
                let found = format!("nothing tells that the image does not run {name} when it starts");
                return Err(Obstacle::new(ObstacleKind::UnknownNeed, found, remedy));
            };
            let mut commands = needs.commands.iter();
            if needs.unknown_start.is_some() || commands.any(|started| self.may_need(&started.words, manager)) {
                return Err(Obstacle::new(
                    ObstacleKind::NeededAtRunTime,
                    format!("the image may run {name} when it starts"),
                    remedy,
                ));
            }
        }
        Ok(())
    }

    /// Whether a command may be of the manager, and look for what its store has.
    fn may_need(&self, words: &[String], manager: &Manager) -> bool {
        let downloads = |action| !matches!(action, Action::Other | Action::Config | Action::Run);
        // Of a tool without a verb, whoever starts the container says what it does.
        let is_open = words
            .iter()
            .skip(1)
            .all(|word| word.starts_with('-') || word.contains('$'));
        let runs_it = manager_call(words)
            .is_some_and(|(called, action)| called.id == manager.id && (is_open || downloads(action)));
        let program = words.first().map_or("", String::as_str);
        let table = command_table(program.rsplit('/').next().unwrap_or(program));
        let runs_rules = table.is_some_and(|table| table.scope == CommandScope::Project);
        // A script that the start of an image calls by this name is not among what was read.
        let is_unread = !self.has_context && words.iter().take(2).any(|word| word.contains("entrypoint"));
        runs_it || runs_rules || is_unread
    }
}
