//! A virtual environment that a rewrite makes is found: by PATH in the image, before the interpreter's own folder.

use crate::effects::ecosystems::Output;
use crate::effects::{AbsolutePath, Place};

use super::model::{StageModel, Version};
use super::{Kind, Pair, Violation};

/// Checks every stage of the original.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let known: Vec<AbsolutePath> = pair.before.stages.iter().flat_map(environments).collect();
    let mut found = Vec::new();
    for &(before, after) in &pair.stages {
        let made = pair
            .after
            .stages
            .iter()
            .enumerate()
            .flat_map(|(number, stage)| environments(stage).into_iter().map(move |folder| (number, folder)));
        let mut lost = made.filter(|(number, folder)| {
            let is_new = !known.contains(folder);
            let arrives = *number == after
                || pair
                    .after
                    .arrives(*number, &Place::Under(folder.clone()), after, usize::MAX);
            is_new && arrives && !is_found(pair.after, after, folder)
        });
        if let Some((_, folder)) = lost.next() {
            let line = pair
                .before
                .facts
                .stages
                .get(before)
                .map_or(1, |stage| pair.before.file.line_of(stage.instructions.start));
            found.push(Violation {
                kind: Kind::EnvironmentNotFound,
                line,
                what: format!("packages would be in {folder}, and PATH does not name {folder}/bin first"),
                remedy: "set PATH before the install, with $PATH in its value".to_owned(),
            });
        }
    }
    found
}

/// The virtual environments that a stage makes.
fn environments(stage: &StageModel) -> Vec<AbsolutePath> {
    let outputs = stage.items.iter().flat_map(|item| &item.step.outputs);
    outputs
        .filter_map(|output| match output {
            Output::Environment(folder) => AbsolutePath::of(folder, None),
            _ => None,
        })
        .collect()
}

/// Whether PATH names an environment before the folder of the interpreter.
fn is_found(version: &Version<'_>, stage: usize, folder: &AbsolutePath) -> bool {
    let path = version
        .end(stage)
        .and_then(|scope| scope.variables.get("PATH"))
        .and_then(|path| path.value.as_deref());
    let programs = folder.join("bin");
    let mut folders = path.unwrap_or_default().split(':');
    folders.find(|entry| matches!(*entry, "/usr/local/bin" | "/usr/bin") || *entry == programs.as_str())
        == Some(programs.as_str())
}
