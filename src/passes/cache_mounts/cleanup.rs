//! What in a RUN would empty its mounts, and whether it can go.

use std::collections::HashMap;

use crate::edits::removal::{Gone, Removal, may_match_above};
use crate::effects::later_use::is_forced;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, Execution, ScriptBody, is_within};
use crate::knowledge::{Action, Holds};

/// What in the RUN empties the folders at `paths` and can go; or the path that something stumbles over which cannot.
/// What deletes from `idle` goes too.
pub(super) fn cleanup(
    run: &Execution,
    script: Option<&ScriptBody>,
    paths: &[&str],
    idle: &[Idle<'_>],
) -> Result<Vec<Gone>, (String, Obstacle)> {
    let mut removal = Removal::default();
    let mut mount_of = HashMap::new();
    for (number, command) in run.commands.iter().enumerate() {
        let mut operands = Vec::new();
        for operand in &command.deletes {
            let Some(path) = operand.path.as_deref() else { continue };
            if let Some(idle) = idle.iter().find(|idle| is_within(path, idle.folder)) {
                mount_of.insert(number, idle.mount);
                operands.push((number, operand.word));
            } else if let Some(mount) = paths.iter().find(|mount| is_within(path, mount)) {
                mount_of.insert(number, *mount);
                operands.push((number, operand.word));
            } else if let Some(mount) = paths.iter().find(|mount| may_match_above(path, mount)) {
                let obstacle = format!("the RUN deletes {path}, which holds the mount");
                return Err((
                    (*mount).to_owned(),
                    Obstacle::new(
                        ObstacleKind::InUse,
                        obstacle,
                        "delete what is beside the cache by its own name",
                    ),
                ));
            }
        }
        if let Some(mount) = cleaned_mount(run, command, paths) {
            mount_of.insert(number, mount);
            removal.commands.push(number);
        } else if !operands.is_empty() && operands.len() == command.deletes.len() {
            removal.commands.push(number);
        } else {
            removal.words.extend(operands);
        }
    }
    let Some(first) = removal
        .commands
        .first()
        .or(removal.words.first().map(|(number, _)| number))
        .copied()
    else {
        return Ok(Vec::new());
    };
    let spans = script.map_or(Err(first), |script| removal.gone(run, script));
    spans.map_err(|number| {
        let text = run.commands.get(number).map(text_of).unwrap_or_default();
        let obstacle = format!("`{text}` would empty it in every build, and cannot just go");
        let remedy = "remove it, or join the commands of the RUN with `&&`";
        (
            mount_of.get(&number).copied().unwrap_or_default().to_owned(),
            Obstacle::new(ObstacleKind::Entangled, obstacle, remedy),
        )
    })
}

/// The mount that a manager's own cleaning command empties: only where all that it cleans is in mounts.
fn cleaned_mount<'a>(run: &Execution, command: &Command, paths: &[&'a str]) -> Option<&'a str> {
    let used = command
        .manager
        .as_ref()
        .filter(|used| used.action == Action::CleanCache)?;
    let fills = run.commands.iter().filter_map(|command| command.manager.as_ref());
    let own = fills
        .filter(|other| other.manager.id == used.manager.id)
        .flat_map(|other| &other.caches);
    let own = own.filter(|cache| cache.cache.holds != Holds::Lists || used.cleans_lists());
    let mut mounts = own.map(|cache| {
        let path = cache.path.as_deref()?;
        paths.iter().find(|mount| is_within(path, mount)).copied()
    });
    let first = mounts.next()??;
    mounts.all(|mount| mount.is_some()).then_some(first)
}

fn text_of(command: &Command) -> String {
    command
        .words
        .iter()
        .map(|word| word.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A folder in which a manager leaves nothing while one of its caches is mounted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Idle<'a> {
    folder: &'a str,
    mount: &'a str,
}

/// The idle folders of a RUN with mounts at `paths`.
pub(super) fn idle<'a>(run: &'a Execution, paths: &[&'a str]) -> Vec<Idle<'a>> {
    let mut result = Vec::new();
    for used in run.commands.iter().filter_map(|command| command.manager.as_ref()) {
        let mut mounts = used.caches.iter().filter(|cache| cache.cache.only_mounted);
        let mount = mounts.find_map(|cache| paths.iter().find(|path| cache.path.as_deref() == Some(**path)));
        let others = used.caches.iter().filter(|cache| !cache.cache.mount);
        if let Some(mount) = mount {
            result.extend(others.filter_map(|cache| {
                Some(Idle {
                    folder: cache.path.as_deref()?,
                    mount,
                })
            }));
        }
    }
    result
}

/// Whether something that deletes from an idle folder would fail as there is nothing.
pub(super) fn stumbles(run: &Execution, idle: &[Idle<'_>]) -> bool {
    run.commands.iter().any(|command| {
        let mut deleted = command.deletes.iter().filter_map(|operand| operand.path.as_deref());
        !is_forced(command) && deleted.any(|path| idle.iter().any(|idle| is_within(path, idle.folder)))
    })
}
