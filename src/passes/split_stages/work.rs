//! What the commands of a RUN are for: system packages, building, or setting up what runs.

use crate::effects::Effects;
use crate::effects::ecosystems::Output;
use crate::effects::steps::{Step, StepKind};

/// The steps of a RUN, one for each command, and one more where compound commands read or write files.
#[derive(Clone, Debug, Default)]
pub(super) struct Works {
    steps: Vec<Step>,
}

impl Works {
    pub(super) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    fn kind(&self, command: usize) -> Option<StepKind> {
        let mut steps = self.steps.iter();
        steps.find(|step| step.command == Some(command)).map(|step| step.kind)
    }

    /// Whether a command installs dependencies with a language's manager, or makes outputs of sources.
    pub(super) fn builds(&self) -> bool {
        self.steps.iter().any(|step| step.kind == StepKind::Build)
    }

    /// Whether it builds with what any package of the system may bring.
    pub(super) fn build_with_any_package(&self) -> bool {
        self.builds() && self.steps.iter().any(Step::uses_any_package)
    }

    /// Whether a command installs or removes packages of the system, or cleans up after that.
    pub(super) fn has_packages(&self) -> bool {
        self.steps.iter().any(|step| step.kind == StepKind::Packages)
    }

    /// Whether command number `command` does.
    pub(super) fn is_of_packages(&self, command: usize) -> bool {
        self.kind(command) == Some(StepKind::Packages)
    }

    /// Whether command number `command` sets something up.
    pub(super) fn is_setup(&self, command: usize) -> bool {
        self.kind(command) == Some(StepKind::Other)
    }

    /// What the builds leave.
    pub(super) fn outputs(&self) -> impl Iterator<Item = &Output> {
        self.steps.iter().flat_map(|step| &step.outputs)
    }

    /// The steps that only set something up.
    pub(super) fn setup_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.kind == StepKind::Other)
    }

    /// The numbers of their commands.
    pub(super) fn setups(&self) -> impl Iterator<Item = usize> {
        self.setup_steps().filter_map(|step| step.command)
    }

    /// The effects of all.
    pub(super) fn effects(&self) -> impl Iterator<Item = &Effects> {
        self.steps.iter().map(|step| &step.effects)
    }

    /// Leaves a command that sets something up to the builder alone.
    pub(super) fn leave_to_builder(&mut self, command: usize) {
        for step in self.steps.iter_mut().filter(|step| step.command == Some(command)) {
            step.kind = StepKind::Build;
        }
    }
}
