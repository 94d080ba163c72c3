//! ARGs that change with every build, moved down: BuildKit gives an ARG to every RUN behind it, so that a new value
//! runs them all again, whether they read it or not.

use std::ops::Range;

use crate::context::ContextSource;
use crate::facts::{Base, Command, Execution, Facts};
use crate::knowledge::{Action, Kind, build_metadata};
use crate::passes::{Change, Level, PassOptions};
use crate::syntax::{Arguments, Dockerfile, Instruction, Keyword};

use super::ID;
use super::apply::split_comments;
use super::between::{set_by, uses};
use crate::effects::image_files::{self as view, Copy};

/// Moves the ARGs that may go down to one place, with the LABELs that use them; none where there are no such ARGs.
pub(super) fn lower(file: &mut Dockerfile, facts: &Facts, options: &PassOptions) -> Option<Change> {
    let (place, moved) = facts.stages.iter().find_map(|stage| {
        let targets: Vec<(usize, usize, Vec<usize>)> = stage
            .instructions
            .clone()
            .filter_map(|index| target(file, facts, options, index, stage.instructions.clone()))
            .collect();
        let place = targets.first()?.1;
        let together = targets.into_iter().filter(|(_, other, _)| *other == place);
        let mut moved: Vec<usize> = together
            .flat_map(|(index, _, labels)| [vec![index], labels].concat())
            .collect();
        moved.sort_unstable();
        moved.dedup();
        Some((place, moved))
    })?;
    let names: Vec<&str> = moved
        .iter()
        .filter_map(|index| names(file.instructions.get(*index)?))
        .flatten()
        .collect();
    let what = format!("declare {} behind the installs, which do not read it", names.join(", "));
    let first = *moved.first()?;
    let lines = moved
        .iter()
        .fold(file.lines_of(first), |lines, index| lines.join(file.lines_of(*index)));
    let newline = file.newline.as_str();
    let old = std::mem::take(&mut file.instructions);
    let mut lowered: Vec<Instruction> = Vec::new();
    let mut left_behind = String::new();
    for (number, mut instruction) in old.into_iter().enumerate() {
        if moved.contains(&number) {
            let (others, own) = split_comments(&instruction.leading);
            left_behind.push_str(others);
            instruction.leading = own.to_owned();
            lowered.push(instruction);
            continue;
        }
        instruction.leading.insert_str(0, &std::mem::take(&mut left_behind));
        if number == place {
            // Where paragraphs are parted, the new one is.
            if let Some(head) = lowered.first_mut()
                && head.leading.is_empty()
                && instruction.leading.starts_with(['\n', '\r'])
            {
                newline.clone_into(&mut head.leading);
            }
            file.instructions.append(&mut lowered);
        }
        file.instructions.push(instruction);
    }
    file.instructions.append(&mut lowered);
    Some(Change {
        pass: ID,
        level: Level::Safe,
        lines,
        what,
        why: "a new value of an ARG runs every RUN behind it again".to_owned(),
        evidence: Vec::new(),
        assumptions: Vec::new(),
    })
}

/// The instruction that ARG number `index` can stand before, and the LABELs that go with it.
fn target(
    file: &Dockerfile,
    facts: &Facts,
    options: &PassOptions,
    index: usize,
    stage: Range<usize>,
) -> Option<(usize, usize, Vec<usize>)> {
    let names = names(file.instructions.get(index)?)?;
    let changes = |name: &&str| build_metadata().contains(*name);
    if names.is_empty() || !names.iter().all(changes) || facts.skips(index, ID) {
        return None;
    }
    let (mut target, mut labels) = (None, Vec::new());
    let mut waiting = Vec::new();
    for number in index + 1..stage.end {
        let instruction = file.instructions.get(number)?;
        let is_named = names.iter().any(|name| mentions(instruction.text(), name));
        match instruction.keyword() {
            Keyword::Label if is_named && keys_stay(file, number, stage.end) => waiting.push(number),
            _ if is_named => break,
            Keyword::Run => {
                let run = facts.run(file, number)?;
                let has_only_manifests = || {
                    options.context.as_deref().is_some_and(|context| {
                        let copies = (stage.start..number).filter_map(|copy| view::copy(file, facts, context, copy));
                        is_on_image(facts, index) && copies.into_iter().all(|copy| is_silent(&copy, context, &names))
                    })
                };
                if facts.skips(number, ID) || !is_blind(run, has_only_manifests) {
                    break;
                }
                if installs(run) {
                    target = Some(number + 1);
                    labels.append(&mut waiting);
                }
            }
            Keyword::Onbuild => break,
            // A LABEL, and the default of an ARG, take the value that a variable has where they stand.
            Keyword::Env | Keyword::Arg => {
                let variables = set_by(instruction.node());
                let text = |label: &usize| file.instructions.get(*label).map(Instruction::text).unwrap_or_default();
                let changes = |label: &usize| variables.iter().any(|name| uses(text(label), name));
                if labels.iter().chain(&waiting).chain([&index]).any(changes) {
                    break;
                }
            }
            _ => {}
        }
    }
    Some((index, target?, labels))
}

/// The names that an ARG declares.
fn names(instruction: &Instruction) -> Option<Vec<&str>> {
    if instruction.keyword() != Keyword::Arg {
        return None;
    }
    let words = instruction.node().words().iter();
    words.map(|word| word.value.split('=').next()).collect()
}

/// Whether `name` stands in `text` as a word.
fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| word == name)
}

/// Whether no later LABEL sets a key of this one: the last one counts.
fn keys_stay(file: &Dockerfile, number: usize, end: usize) -> bool {
    let keys = |number: usize| match file
        .instructions
        .get(number)
        .map(|label| (label.keyword(), &label.node().arguments))
    {
        Some((Keyword::Label, Arguments::Pairs { pairs, .. })) => {
            pairs.iter().map(|pair| pair.name.as_str()).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    let own = keys(number);
    (number + 1..end).all(|later| keys(later).iter().all(|key| !own.contains(key)))
}

/// Whether nothing in a RUN can read a variable that its text does not name: it calls package managers and programs that
/// look at no variables of a build. A language's manager may run scripts of the project: it counts where only manifests
/// are there, and none of them knows the variable.
fn is_blind(run: &Execution, has_only_manifests: impl Fn() -> bool) -> bool {
    let is_blind = |command: &Command| match &command.manager {
        Some(used) if matches!(used.action, Action::Run | Action::Exec | Action::Build) => false,
        Some(used) => used.manager.kind == Kind::System || has_only_manifests(),
        None => command.runs_nothing() && !command.has_tag("environment"),
    };
    !run.commands.is_empty() && run.commands.iter().all(is_blind)
}

fn is_on_image(facts: &Facts, index: usize) -> bool {
    let stage = facts.stage_of(index).and_then(|stage| facts.stages.get(stage));
    stage.is_some_and(|stage| matches!(stage.base, Base::Image(_)))
}

/// Whether a COPY brings single files, and none that names one of the variables.
fn is_silent(copy: &Copy, context: &ContextSource, names: &[&str]) -> bool {
    !copy.layers.is_empty()
        && copy.layers.iter().all(|layer| {
            let text = context.read(&layer.from).ok().filter(|_| !layer.is_folder);
            text.is_some_and(|text| !names.iter().any(|name| mentions(&text, name)))
        })
}

fn installs(run: &Execution) -> bool {
    let used = run.commands.iter().filter_map(|command| command.manager.as_ref());
    used.into_iter()
        .any(|used| matches!(used.action, Action::Install | Action::Upgrade))
}
