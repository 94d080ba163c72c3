//! A virtual environment that a rewrite makes is found: by PATH in the image, before the interpreter's own folder. No step looks
//! for what is installed there by the path that it had before.

use crate::effects::ecosystems::Output;
use crate::effects::needs::first_use;
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
        let lost = lost.next().map(|(_, folder)| folder);
        found.extend(sought_elsewhere(pair, before, after, &known));
        if let Some(folder) = lost {
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

/// A step of the original that uses by its path what a new environment has now.
fn sought_elsewhere(pair: &Pair<'_>, before: usize, after: usize, known: &[AbsolutePath]) -> Option<Violation> {
    let stages = pair.after.stages.iter().enumerate();
    let of_it = stages.filter(|(number, _)| *number == after || pair.origins.get(*number) == Some(&Some(before)));
    let mut made = of_it.flat_map(|(_, stage)| environments(stage));
    let folder = made.find(|folder| !known.contains(folder))?;
    let model = pair.before.stages.get(before)?;
    let (index, what) = first_use(model.items.iter().map(|item| &item.step))?;
    let line = pair.before.file.line_of(index);
    Some(Violation {
        kind: Kind::InputLost,
        line,
        what: format!("line {line} {what}, and what was installed there would be in {folder}"),
        remedy: "name programs without their folder".to_owned(),
    })
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

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    #[test]
    fn what_steps_name_by_its_old_path_is_not_moved() {
        let install = "COPY requirements.txt .\nRUN pip install -r requirements.txt\n";
        let made = "RUN python -m venv /opt/venv\nENV PATH=\"/opt/venv/bin:$PATH\"\n";
        let (before, after) = (
            |run: &str| format!("FROM python:3.12\nARG D=/usr/local\nWORKDIR /app\n{install}{run}\n"),
            |run: &str| format!("FROM python:3.12\nARG D=/usr/local\nWORKDIR /app\n{made}{install}{run}\n"),
        );
        accepts(&before("RUN cp x /opt/x"), &after("RUN cp x /opt/x"));
        for run in [
            "RUN cp /usr/local/bin/flask /opt/",
            "RUN ln -s /usr/local/bin/flask /usr/bin/flask",
            "RUN cp $D/bin/flask /opt/",
        ] {
            rejects(&before(run), &after(run), Kind::InputLost);
        }
    }
}
