//! What a split takes for granted.

use std::collections::BTreeMap;

use crate::effects::ecosystems::Output;
use crate::effects::steps::Step;
use crate::facts::{Command, ImageReference, is_within};
use crate::knowledge::{BUILDS_WRITE_BELOW_THEIR_PROJECT, CALLS_ARE_SHOWN, UNSEEN_TOOLS_ARE_UNNEEDED, assumption};

use super::plan::Plan;
use super::subject::Subject;
use super::work::Works;
use super::{Assumed, Level};

/// How many words of a command a sentence names.
const MOST_WORDS: usize = 8;

/// What is assumed of the commands that run the project's own code: they write below their project alone.
pub(super) fn of_builds(subject: &Subject<'_>, works: &BTreeMap<usize, Works>) -> Vec<Assumed> {
    let mut found: Vec<Assumed> = Vec::new();
    for step in works.values().flat_map(Works::steps) {
        let runs_own_code = step.outputs.iter().any(Output::is_of_own_code);
        let assumed = command_of(subject, step)
            .filter(|_| runs_own_code)
            .and_then(|command| below(command, &step.outputs));
        found.extend(assumed.filter(|assumed| !found.contains(assumed)));
    }
    found
}

/// The command of a step.
fn command_of<'s>(subject: &'s Subject<'_>, step: &Step) -> Option<&'s Command> {
    let run = subject.facts.run(subject.file, step.instruction)?;
    run.commands.get(step.command?)
}

fn below(command: &Command, outputs: &[Output]) -> Option<Assumed> {
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    let mut text = words.get(..MOST_WORDS).unwrap_or(&words).join(" ");
    if words.len() > MOST_WORDS {
        text.push_str(" …");
    }
    let mut folders: Vec<String> = command.workdir.iter().cloned().collect();
    for place in outputs.iter().flat_map(Output::places) {
        let path = place.path().map(ToString::to_string);
        let is_new = |path: &String| !folders.iter().any(|folder| is_within(path, folder));
        folders.extend(path.filter(is_new));
    }
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    let values = [("command", text.as_str()), ("folder", &super::listed(&folders))];
    Assumed::of(BUILDS_WRITE_BELOW_THEIR_PROJECT, &values)
}

/// All that a split assumes; `image` is that of the stage.
pub(super) fn of_split(plan: &Plan, image: &ImageReference) -> Vec<Assumed> {
    let mut shown = left(plan, CALLS_ARE_SHOWN);
    if plan.development.is_some() {
        shown.push("the development dependencies".to_owned());
    }
    let old = format!("{}:{}", image.repository(), image.tag.as_deref().unwrap_or("latest"));
    shown.extend(plan.image.iter().map(|new| tools_of(&old, new)));
    let unseen = left(plan, UNSEEN_TOOLS_ARE_UNNEEDED);
    let mut found = plan.assumptions.clone();
    found.extend(without(CALLS_ARE_SHOWN, &shown));
    found.extend(without(UNSEEN_TOOLS_ARE_UNNEEDED, &unseen));
    found
}

/// What a move from one image to a smaller one leaves out, in words.
pub(in crate::passes) fn tools_of(old: &str, new: &str) -> String {
    format!("the tools of {old} that {new} lacks")
}

/// The assumption `id` about tools that are left out; none if there are none.
pub(in crate::passes) fn without(id: &str, tools: &[String]) -> Option<Assumed> {
    let listed = match tools {
        [] => return None,
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    };
    Assumed::of(id, &[("tools", &listed)])
}

/// The packages that stay in the builder by an assumption.
fn left(plan: &Plan, assumption: &str) -> Vec<String> {
    let packages = plan
        .divided
        .iter()
        .filter(|package| package.place.assumes == Some(assumption));
    packages.map(|package| package.name.clone()).collect()
}

/// The level that a split needs: that of what it assumes of packages.
pub(super) fn level(plan: &Plan) -> Level {
    let ids = plan.divided.iter().filter_map(|package| package.place.assumes);
    let levels = ids.filter_map(assumption).map(|row| row.level);
    levels.max().unwrap_or_default().max(Level::Standard)
}
