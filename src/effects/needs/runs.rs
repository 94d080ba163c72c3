//! What the RUNs of a stage need where they run: programs, also those that scripts of the context call.

use std::collections::BTreeMap;

use crate::effects::Evidence;
use crate::effects::classify::piped_installer;
use crate::effects::image_files::View;
use crate::facts::{Command, Facts, Stage};
use crate::syntax::{Dockerfile, Keyword};

use super::archives::Downloads;
use super::commands::program;
use super::started::{By, Reader};
use super::{Needs, Unanswered};

/// What one RUN needs.
#[derive(Debug, Default)]
pub(crate) struct StepNeeds {
    /// The programs that it and its scripts call.
    pub(crate) tools: BTreeMap<String, Evidence>,
    /// A script that it runs and that cannot be read.
    pub(crate) unknown: Option<Unanswered>,
    /// What compiles where it runs.
    pub(crate) compiles: Option<Evidence>,
}

/// What the RUNs of a stage need, by the number of the instruction.
pub(super) fn of(file: &Dockerfile, facts: &Facts, stage: &Stage, image: &View<'_>) -> BTreeMap<usize, StepNeeds> {
    let mut found = BTreeMap::new();
    let mut downloads = Downloads::default();
    for index in stage.instructions.clone() {
        let Some(scope) = facts.scope(index) else { continue };
        if let Some(instruction) = file.instructions.get(index) {
            downloads.add(instruction.node(), scope, file.escape());
        }
        let Some(run) = facts.run(file, index) else { continue };
        let place = file.place_of(index);
        let mut own = Needs::default();
        let mut reader = Reader::new(image, &mut own, By::Others);
        for command in &run.commands {
            for wrapper in &command.wrappers {
                reader.words(std::slice::from_ref(wrapper), None, &place, 0);
            }
            // Variables of a RUN are often set in it: what they name is not asked for.
            let words: Option<Vec<String>> = command.words.iter().map(|word| word.value.clone()).collect();
            let literal = words.unwrap_or_else(|| command.program().map(str::to_owned).into_iter().collect());
            reader.words(&literal, command.workdir.as_deref(), &place, 0);
            let for_files = downloads.started_by(command, scope, file.escape());
            for started in command.started_by().into_iter().chain(for_files) {
                reader.tool(started, &place);
            }
            downloads.command(command, scope, file.escape());
        }
        let downloaded = run
            .commands
            .iter()
            .find_map(|command| downloaded(file, facts, stage, image, command));
        let is_unknown =
            |(number, command): (usize, &Command)| reads_its_script(command) && piped_installer(run, number).is_none();
        let mut commands = run.commands.iter().enumerate();
        let piped = commands
            .any(is_unknown)
            .then(|| "a script that it downloads".to_owned());
        let unread = downloaded.or(piped).map(|script| {
            Unanswered::new(
                &place,
                format!("runs {script}, which cannot be read and may call any tool"),
                "copy the script from the build context, or run it in a stage of its own",
            )
        });
        let unread = unread.or(own.unknown_start);
        let unknown = unread.or_else(|| own.unknown.into_iter().find(|call| call.is_shell).map(|call| call.why));
        found.insert(
            index,
            StepNeeds {
                tools: own.tools,
                unknown,
                compiles: own.builds_at_start,
            },
        );
    }
    found
}

/// `curl … | sh`: a shell that reads its script from the command before it.
fn reads_its_script(command: &Command) -> bool {
    let is_shell = command.program().is_some_and(crate::knowledge::is_shell);
    let has_operand = command
        .words
        .iter()
        .skip(1)
        .any(|word| !word.text.starts_with('-') && !word.text.starts_with('<'));
    is_shell && command.context.in_pipeline && (!has_operand || command.words.iter().any(|word| word.text == "-s"))
}

/// The script that a command runs and that ADD or COPY brought from elsewhere than the context.
fn downloaded(file: &Dockerfile, facts: &Facts, stage: &Stage, image: &View<'_>, command: &Command) -> Option<String> {
    let words: Vec<String> = command
        .words
        .iter()
        .map(|word| word.value.clone())
        .collect::<Option<_>>()?;
    let is_shell = crate::knowledge::is_shell(program(&words)) || matches!(program(&words), "." | "source");
    let script = if is_shell {
        words.iter().skip(1).find(|word| !word.starts_with('-'))?
    } else {
        words.first().filter(|word| word.contains('/'))?
    };
    let scope = crate::facts::Scope {
        workdir: command.workdir.clone(),
        ..crate::facts::Scope::default()
    };
    let path = scope.absolute(script)?;
    if image.supplier(path.trim_start_matches('/')).is_some() {
        return None;
    }
    let brings = |index: usize| {
        let node = file.instructions.get(index).map(crate::syntax::Instruction::node)?;
        let is_foreign = match node.keyword {
            Keyword::Add => node.sources().iter().any(|source| source.value.contains("://")),
            // A program out of another image is none that a shell reads.
            Keyword::Copy => node.flag("from").is_some() && (is_shell || path.ends_with(".sh")),
            _ => false,
        };
        let target = facts.scope(index)?.absolute(&node.words().last()?.value)?;
        (is_foreign && crate::facts::is_within(&path, &target)).then_some(())
    };
    stage.instructions.clone().find_map(brings)?;
    Some(script.clone())
}
