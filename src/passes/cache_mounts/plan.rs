//! What happens to one RUN, and what is said about it.

use crate::effects::Obstacle;
use crate::facts::{Body, Execution, Facts};
use crate::syntax::{Dockerfile, Edit};

use super::candidates::{Candidate, Candidates};
use super::cleanup::{self, cleanup};
use super::edits::{self, Edits};
use super::existing::Existing;
use super::target::Target;
use crate::passes::Level;

/// What happens to one RUN.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) edits: Vec<Edit>,
    /// Comments that come above the instruction.
    pub(super) above: Vec<String>,
    /// Edits of other instructions, by their numbers, with what they do.
    pub(super) elsewhere: Vec<(usize, Vec<Edit>, String)>,
    /// Level, what and why.
    pub(super) changes: Vec<(Level, String, String)>,
    /// What is not done, and why.
    pub(super) refusals: Vec<(String, Obstacle)>,
}

/// What a RUN needs besides the mounts themselves, in words.
#[derive(Default)]
pub(super) struct Done {
    /// What was taken away.
    pub(super) removed: Vec<String>,
    /// What took the place of something else: that, and what it is now.
    pub(super) replaced: Vec<(String, String)>,
    /// What makes tools keep their downloads: the tool, and its options.
    pub(super) kept: Vec<(String, String)>,
    /// Variables that were set for a command so that it copies what it installs.
    pub(super) copying: Vec<String>,
    /// Variables whose value was overridden for a command.
    pub(super) overridden: Vec<String>,
    /// What existing mounts were given.
    pub(super) completed: Vec<String>,
}

/// Plans the edits for the caches of RUN number `index`.
pub(super) fn plan(file: &Dockerfile, facts: &Facts, index: usize, run: &Execution, candidates: Candidates) -> Plan {
    let mut plan = Plan::default();
    let Some(instruction) = file.instructions.get(index) else {
        return plan;
    };
    let mut refusals = candidates.refusals;
    let mut mounts = candidates.mounts;
    if let Some(obstacle) = Existing::hidden(run).filter(|_| !mounts.is_empty()) {
        plan.refusals.push(("add cache mounts".to_owned(), obstacle));
        return plan;
    }
    let mut existing = Existing::default();
    existing.take(&mut mounts, run);

    let script = match &run.body {
        Body::Script(script) => Some(script),
        _ => None,
    };
    // A mount that something in the RUN would empty, or stumble over, is given up; that may free others.
    let removal = loop {
        let paths: Vec<&str> = mounts
            .iter()
            .map(|mount| mount.path.as_str())
            .chain(existing.paths())
            .collect();
        let idle = cleanup::idle(run, &paths);
        // What deletes there may stay, if it does not mind that there is nothing.
        let found = cleanup(run, script, &paths, &idle).or_else(|stumble| match cleanup::stumbles(run, &idle) {
            true => Err(stumble),
            false => cleanup(run, script, &paths, &[]),
        });
        let (path, obstacle) = match found {
            Ok(removal) => break removal,
            Err(stumble) => stumble,
        };
        let Some(position) = mounts.iter().position(|mount| mount.path == path) else {
            // It is the user's own mount: leave the RUN as it is.
            if !mounts.is_empty() {
                refusals.push(("add cache mounts".to_owned(), String::new(), obstacle));
            }
            plan.refusals = in_words(refusals);
            return plan;
        };
        let mount = mounts.remove(position);
        refusals.push((format!("mount the cache of {}", mount.manager), mount.path, obstacle));
    };
    plan.refusals = in_words(refusals);

    let mut edits = Edits {
        file,
        facts,
        index,
        script,
        list: Vec::new(),
        above: Vec::new(),
        done: Done::default(),
    };
    for number in numbers(&mounts, &existing) {
        if let Some(command) = run.commands.get(number) {
            edits.command(command, &mounts);
        }
    }
    edits.remove(removal, run, instruction);
    edits.complete(&existing);
    let target = candidates.target.filter(|target| mounts.contains(&target.mount));
    if let (Some(target), Some(script)) = (&target, script) {
        plan.elsewhere = edits.copy_out(target, script, instruction);
    }
    plan.changes = changes(&mounts, &edits.done, target.as_ref());
    (plan.edits, plan.above) = (edits.list, edits.above);
    if !mounts.is_empty() {
        plan.edits.extend(edits::flags(file, instruction, &mounts));
    }
    plan
}

/// The commands that fill mounts, by their numbers.
fn numbers(mounts: &[Candidate], existing: &Existing) -> Vec<usize> {
    let mut numbers: Vec<usize> = mounts
        .iter()
        .chain(existing.candidates())
        .flat_map(|mount| mount.commands.iter().copied())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// What was not done, the paths of one obstacle in one sentence.
fn in_words(refusals: Vec<(String, String, Obstacle)>) -> Vec<(String, Obstacle)> {
    let mut groups: Vec<(String, Vec<String>, Obstacle)> = Vec::new();
    for (what, path, obstacle) in refusals {
        let group = groups
            .iter_mut()
            .find(|(other, _, reason)| *other == what && *reason == obstacle);
        match group {
            Some((_, paths, _)) if paths.contains(&path) => {}
            Some((_, paths, _)) => paths.push(path),
            None => groups.push((what, vec![path], obstacle)),
        }
    }
    let sentence = |(what, paths, obstacle): (String, Vec<String>, Obstacle)| {
        let paths: Vec<String> = paths.into_iter().filter(|path| !path.is_empty()).collect();
        if paths.is_empty() {
            (what, obstacle)
        } else {
            (format!("{what} at {}", paths.join(" and ")), obstacle)
        }
    };
    groups.into_iter().map(sentence).collect()
}

fn changes(mounts: &[Candidate], done: &Done, target: Option<&Target>) -> Vec<(Level, String, String)> {
    let mut changes = Vec::new();
    let mut managers: Vec<&str> = mounts
        .iter()
        .filter(|mount| mount.id.is_none())
        .map(|mount| mount.manager)
        .collect();
    managers.dedup();
    for manager in managers {
        let own = mounts
            .iter()
            .filter(|mount| mount.manager == manager && mount.id.is_none());
        let paths: Vec<&str> = own.map(|mount| mount.path.as_str()).collect();
        let what = format!("mount the cache of {manager} at {}", paths.join(" and "));
        let why = "a rebuild takes from the mount what it downloaded before, and the image does not hold it".to_owned();
        changes.push((Level::Safe, what, why));
    }
    if let Some(target) = target {
        let what = format!(
            "mount {} and copy {} out of it",
            target.mount.path,
            target.names.join(", ")
        );
        let why = "a rebuild compiles the sources and takes the dependencies from the mount; Cargo goes by time stamps, so the sources are touched".to_owned();
        changes.push((Level::Standard, what, why));
    }
    if !done.completed.is_empty() {
        let what = format!("give the existing cache mount {}", listed(&done.completed));
        let why = "whoever fills it needs that: a lock against builds that run at once, or the right to write";
        changes.push((Level::Safe, what, why.to_owned()));
    }
    for (program, options) in &done.kept {
        let what = format!("let {program} keep what it downloads: `{options}`");
        let why = "it would be deleted behind each install, and the mount stay empty; nothing of it is in the image";
        changes.push((Level::Safe, what, why.to_owned()));
    }
    if !done.copying.is_empty() {
        let what = format!("set {} for the command", listed(&done.copying));
        let why = "what is installed must not point into the mount, which only exists during the build";
        changes.push((Level::Safe, what, why.to_owned()));
    }
    if !done.overridden.is_empty() {
        let what = format!("set {} for the command", listed(&done.overridden));
        let why = "with the value that it has otherwise the mount would stay empty; the image keeps that value";
        changes.push((Level::Safe, what, why.to_owned()));
    }
    for (old, new) in &done.replaced {
        let what = format!("replace `{old}` by `{new}`");
        let why = "with it the mount stays empty; the image holds nothing of it anyway".to_owned();
        changes.push((Level::Safe, what, why));
    }
    if !done.removed.is_empty() {
        let what = format!("remove {}", listed(&done.removed));
        let why = "with it a mount stays empty, or is emptied in every build; the image holds nothing of it anyway";
        changes.push((Level::Safe, what, why.to_owned()));
    }
    changes
}

/// Texts in the style of code, each once.
fn listed(texts: &[String]) -> String {
    let mut unique: Vec<String> = Vec::new();
    for text in texts {
        let text = format!("`{text}`");
        if !unique.contains(&text) {
            unique.push(text);
        }
    }
    unique.join(" and ")
}
