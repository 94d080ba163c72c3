//! A RUN that installs, made two: one before the sources are copied, one behind.

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Base, Body, Command, Execution, ScriptBody, Word};
use crate::knowledge::Action;
use crate::syntax::Instruction;

use super::gone;
use super::plan::Site;
use crate::effects::installs::Split;

/// The two RUNs.
pub(super) struct Runs {
    /// The text of the one before the sources.
    pub(super) before: String,
    /// The text of the one behind them; none where it is the RUN as it was.
    pub(super) behind: Option<String>,
    /// Whether the comments above the RUN stay with what is behind.
    pub(super) keeps_comments: bool,
}

fn in_two(why: &str) -> Obstacle {
    Obstacle::new(ObstacleKind::Entangled, why, "put the install into a RUN of its own")
}

/// The RUN cut before command number `number`.
pub(super) fn cut(site: &Site<'_>, number: usize) -> Result<Runs, Obstacle> {
    let instruction = site.file.instructions.get(site.index).ok_or_else(gone)?;
    let body = chain(site.run)?;
    let command = site.run.commands.get(number).ok_or_else(gone)?;
    let last = number
        .checked_sub(1)
        .and_then(|last| site.run.commands.get(last))
        .ok_or_else(gone)?;
    let links = body.script.and_chain().unwrap_or_default();
    let place = command.context.place.link;
    let (Some(link), Some(link_before)) = (links.get(place), place.checked_sub(1).and_then(|at| links.get(at))) else {
        return Err(in_two("the commands cannot be told apart"));
    };
    // A link of several commands stays whole.
    if last.context.place.link == place {
        return Err(in_two("the install is a part of a larger command"));
    }
    let end = body.source(link_before.pipeline.span.clone()).end;
    let start = body.source(link.pipeline.span.clone()).start;
    let text = instruction.text();
    let (Some(before), Some(gap), Some(rest)) = (text.get(..end), text.get(end..start), text.get(start..)) else {
        return Err(gone());
    };
    if gap.contains('#') {
        return Err(in_two("a comment stands between the commands"));
    }
    let carried = carried(site, body, number)?;
    keeps_size(site, number)?;
    let head = text.get(..instruction.node().arguments_range.start).unwrap_or("RUN ");
    Ok(Runs {
        before: before.to_owned(),
        behind: Some(format!("{head}{carried}{rest}")),
        keeps_comments: false,
    })
}

/// The RUN that installs the dependencies alone, and what is left of the one that installs all; none where it is there
/// already.
pub(super) fn dependencies_first(site: &Site<'_>, number: usize, split: &Split) -> Result<Option<Runs>, Obstacle> {
    let instruction = site.file.instructions.get(site.index).ok_or_else(gone)?;
    let command = site.run.commands.get(number).ok_or_else(gone)?;
    let stage = site.facts.stage_of(site.index).ok_or_else(gone)?;
    let words: Vec<&str> = match split {
        Split::Add(flags) => command
            .words
            .iter()
            .map(|word| word.text.as_str())
            .chain(flags.iter().map(String::as_str))
            .collect(),
        Split::Download(words) | Split::Install(words) => words.iter().map(String::as_str).collect(),
        Split::Pointless => return Ok(None),
    };
    if is_done(site, stage, &words, split) {
        return Ok(None);
    }
    let body = chain(site.run)?;
    if !command.context.is_required_link() || !command.editable {
        return Err(in_two(
            "the install reads the sources, and its RUN is more than a chain of `&&`",
        ));
    }
    let text = instruction.text();
    let arguments = instruction.node().arguments_range.clone();
    let head = text.get(..arguments.start).unwrap_or("RUN ");
    match split {
        Split::Add(flags) => {
            let last = command.words.last().ok_or_else(gone)?;
            let end = body.source(last.span.clone()).end;
            let own = body.source(command.span.clone());
            // Redirects behind the words go along.
            let tail = text.get(end..own.end.max(end)).unwrap_or_default();
            let before = format!("{} {}{tail}", text.get(..end).unwrap_or_default(), flags.join(" "));
            // `pip install poetry && poetry install`: the first part is done once.
            let carried = carried(site, body, number)?;
            if number + 1 < site.run.commands.len() {
                keeps_size(site, number + 1)?;
            }
            let rest = text.get(own.start..).unwrap_or_default();
            let is_same = number == 0 && carried.is_empty();
            Ok(Some(Runs {
                before,
                behind: (!is_same).then(|| format!("{head}{carried}{rest}")),
                keeps_comments: false,
            }))
        }
        Split::Download(words) | Split::Install(words) => {
            let carried = settings_before(site, body, number)?;
            let own = own_variables(site, body, command);
            if site.facts.is_shipped(stage) && matches!(split, Split::Download(_)) {
                return Err(Obstacle::new(
                    ObstacleKind::NoGain,
                    "a download of all modules would leave more in the image than the build does",
                    "build in a stage of its own, and copy the result out of it",
                ));
            }
            Ok(Some(Runs {
                before: format!("{head}{carried}{}", lined(site, words, &own)),
                behind: None,
                keeps_comments: true,
            }))
        }
        Split::Pointless => Ok(None),
    }
}

/// What the commands before number `number` set for a download, to be said before the new one too.
fn settings_before(site: &Site<'_>, body: &ScriptBody, number: usize) -> Result<String, Obstacle> {
    let entangled = || {
        Obstacle::new(
            ObstacleKind::Entangled,
            "the build reads the sources, and other commands stand before it in its RUN",
            "put it into a RUN of its own",
        )
    };
    let used = site
        .run
        .commands
        .get(number)
        .and_then(|command| command.manager.as_ref());
    let project = &used.ok_or_else(gone)?.manager.project;
    let matters = |word: &Word| {
        let name = word.text.split('=').next().unwrap_or_default();
        !name.starts_with('-') && !project.is_not_for_download(name)
    };
    let mut settings = String::new();
    for command in site.run.commands.iter().take(number) {
        match command.program() {
            Some("set" | "echo" | "mkdir") if command.redirects.is_empty() => {}
            Some("export") if !command.words.iter().skip(1).any(matters) => {}
            Some("export") if command.context.is_required_link() && command.editable => {
                let text = text_of(site);
                let own = text.get(body.source(command.span.clone())).ok_or_else(gone)?;
                settings.push_str(&format!("{own} && "));
            }
            _ => return Err(entangled()),
        }
    }
    Ok(settings)
}

/// The text of the instruction that is split.
fn text_of<'s>(site: &Site<'s>) -> &'s str {
    let instruction = site.file.instructions.get(site.index);
    instruction.map(Instruction::text).unwrap_or_default()
}

/// The variables that are set for a command alone and matter to a download, as written, each with a blank behind it.
fn own_variables(site: &Site<'_>, body: &ScriptBody, command: &Command) -> String {
    let text = text_of(site);
    let project = command.manager.as_ref().map(|used| &used.manager.project);
    let matters = |name: &str| project.is_none_or(|project| !project.is_not_for_download(name));
    let assigned = command.assignments.iter().filter(|assigned| matters(&assigned.name));
    let texts = assigned.filter_map(|assigned| text.get(body.source(assigned.span.clone())));
    texts.map(|text| format!("{text} ")).collect()
}

/// The words of a command, with variables for it in front; what a pipe feeds begins a line of its own, and is what they
/// are for.
fn lined(site: &Site<'_>, words: &[String], variables: &str) -> String {
    let text = words.join(" ");
    let pipe = format!(" {}{}    | {variables}", site.file.escape(), site.file.newline.as_str());
    match text.contains(" | ") {
        true => text.replace(" | ", &pipe),
        false => format!("{variables}{text}"),
    }
}

/// Whether a build finds what an earlier step downloaded or installed for it.
pub(super) fn is_prepared(site: &Site<'_>, number: usize) -> bool {
    let Some(command) = site.run.commands.get(number) else {
        return false;
    };
    let Some((used, stage)) = command.manager.as_ref().zip(site.facts.stage_of(site.index)) else {
        return false;
    };
    let words = |command: &Command| {
        command
            .words
            .iter()
            .skip(1)
            .map(|word| word.text.clone())
            .collect::<Vec<_>>()
    };
    earlier(site, stage).iter().any(|other| {
        let is_same = other
            .manager
            .as_ref()
            .is_some_and(|other| other.manager.id == used.manager.id);
        let words = words(other);
        is_same
            && match used.manager.id.as_str() {
                "go" => used.action == Action::Build && words.starts_with(&["mod".to_owned(), "download".to_owned()]),
                "dotnet" => used.action == Action::Build && words.first().is_some_and(|word| word == "restore"),
                "cargo" => words.first().is_some_and(|word| word == "chef"),
                // What is left for `pip install .` is the project.
                "pip" => {
                    let reads = words
                        .iter()
                        .any(|word| word.starts_with("-r") || word.starts_with("--requirement"));
                    let is_project = command
                        .words
                        .iter()
                        .any(|word| word.text.trim_matches('"').starts_with('.'));
                    reads && is_project
                }
                _ => false,
            }
    })
}

/// Whether the Go of the image surely downloads modules: since 1.11, in any folder since 1.13, unless told not to.
pub(super) fn knows_modules(site: &Site<'_>) -> bool {
    let variable = |name: &str| {
        site.facts
            .scope(site.index)
            .and_then(|scope| scope.variables.get(name)?.value.as_deref())
    };
    let mode = variable("GO111MODULE").unwrap_or_default();
    let golang = site.image().filter(|image| image.official_name() == Some("golang"));
    let minor = golang.and_then(|image| {
        let tag = image.tag.as_deref().unwrap_or_default();
        tag.strip_prefix("1.").map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u32>().unwrap_or_default()
        })
    });
    mode != "off" && minor.is_none_or(|minor| minor >= 13 || minor >= 11 && mode == "on")
}

/// The commands before a RUN in its stage and those that it stands on.
fn earlier<'s>(site: &Site<'s>, stage: usize) -> Vec<&'s Command> {
    let mut earlier: Vec<&Command> = Vec::new();
    let (mut stage, mut end) = (Some(stage), site.index);
    while let Some(found) = stage.and_then(|number| site.facts.stages.get(number)) {
        let runs = (found.instructions.start..end.min(found.instructions.end))
            .filter_map(|index| site.facts.run(site.file, index));
        earlier.extend(runs.flat_map(|run| &run.commands));
        end = usize::MAX;
        stage = match found.base {
            Base::Stage(base) => Some(base),
            _ => None,
        };
    }
    earlier
}

/// Whether the dependencies are installed alone earlier, in this stage or one that it stands on.
fn is_done(site: &Site<'_>, stage: usize, words: &[&str], split: &Split) -> bool {
    earlier(site, stage).iter().any(|other| {
        let other: Vec<&str> = other.words.iter().map(|word| word.text.as_str()).collect();
        let is_same = match split {
            Split::Add(flags) => flags.iter().any(|flag| other.contains(&flag.as_str())),
            // `dotnet restore` of another file is the user's own way to the same end.
            Split::Download(_) | Split::Install(_) | Split::Pointless => other.get(1) == words.get(1),
        };
        is_same && other.first() == words.first() || words.iter().all(|word| other.contains(word))
    })
}

/// The body of a RUN that is one chain of `&&`.
fn chain(run: &Execution) -> Result<&ScriptBody, Obstacle> {
    match &run.body {
        Body::Script(body) if !body.is_heredoc && body.script.and_chain().is_some() => Ok(body),
        Body::Exec => Err(Obstacle::new(
            ObstacleKind::Unreadable,
            "the RUN is in exec form",
            "write it in shell form",
        )),
        _ => Err(in_two(
            "the install reads the sources, and its RUN is more than a chain of `&&`",
        )),
    }
}

/// What the commands before number `number` change of the shell, to be said again before those behind.
fn carried(site: &Site<'_>, body: &ScriptBody, number: usize) -> Result<String, Obstacle> {
    let changes = || in_two("the commands before the install change what the others run in");
    let text = text_of(site);
    let place = |number: usize| site.run.commands.get(number).map(|command| command.context.place.link);
    let end = place(number).ok_or_else(changes)?;
    // Assignments on their own are no commands.
    let links = body.script.and_chain().unwrap_or_default();
    let assigns = links.iter().take(end).flat_map(|link| &link.pipeline.commands);
    let is_assignment = |command: &crate::shell::Command| matches!(command, crate::shell::Command::Simple(simple) if simple.words.is_empty());
    if assigns.clone().any(is_assignment) {
        return Err(changes());
    }
    let mut carried = String::new();
    for command in site.run.commands.iter().take(number) {
        match command.program() {
            Some("cd" | "set") if command.context.is_required_link() => {
                let own = text.get(body.source(command.span.clone())).ok_or_else(changes)?;
                carried.push_str(&format!("{own} && "));
            }
            Some("cd" | "set") if command.context.in_subshell => {}
            Some("exec") | None => return Err(changes()),
            Some(_) if command.changes_shell() => return Err(changes()),
            Some(_) => {}
        }
    }
    Ok(carried)
}

/// Whether the image stays as small: what the commands from number `number` on delete must not lie in the layer of
/// those before, unless no image holds either.
fn keeps_size(site: &Site<'_>, number: usize) -> Result<(), Obstacle> {
    let stage = site.facts.stage_of(site.index).ok_or_else(gone)?;
    let deletes = |command: &Command| {
        let cleans = command
            .manager
            .as_ref()
            .is_some_and(|used| matches!(used.action, Action::Remove | Action::CleanCache));
        let prunes = command.words.iter().any(|word| word.text.contains("prune"));
        cleans || prunes || !command.deletes.is_empty() || command.program() == Some("find")
    };
    if site.facts.is_shipped(stage) && site.run.commands.iter().skip(number).any(deletes) {
        return Err(Obstacle::new(
            ObstacleKind::Entangled,
            "commands behind the install delete in the same layer what it leaves",
            "install and clean up in a RUN of their own, before the sources are copied",
        ));
    }
    Ok(())
}
