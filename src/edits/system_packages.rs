//! Adding system packages to a stage that lacks them.

use crate::effects::needs::Needs;
use crate::effects::{Evidence, Obstacle, ObstacleKind};
use crate::facts::{Command, Facts};
use crate::knowledge::{Action, Family, Kind, archived_release, image_contents, package_of_tool};
use crate::syntax::{Dockerfile, Edit, Instruction, Keyword, LineRange};

/// The longest line of package names.
const WIDTH: usize = 100;

/// Where a command is: the number of its instruction, and its own in the RUN.
type Place = (usize, usize);

/// A stage, and the image that it is to stand on.
pub(crate) struct Site<'s> {
    pub(crate) file: &'s Dockerfile,
    pub(crate) facts: &'s Facts,
    /// The number of the stage.
    pub(crate) stage: usize,
    /// The name and the tag of the image.
    pub(crate) on: (&'s str, Option<&'s str>),
    pub(crate) family: Family,
}

/// Checks that a stage can install `packages` on the image: no RUN uses what it lacks before it is installed, and the mirrors
/// of its release have packages, or the stage installs some already, from wherever it does.
///
/// # Errors
/// The need that nothing can bring there.
pub(crate) fn can_add(site: &Site<'_>, packages: &[(String, Evidence)], needs: &Needs) -> Result<(), Obstacle> {
    if let Some(obstacle) = used_before(site, packages, needs) {
        return Err(obstacle);
    }
    let Some((package, Evidence { place, fact })) = packages.first() else {
        return Ok(());
    };
    let Site {
        file, facts, stage, on, ..
    } = *site;
    let Some(release) = archived_release(on.0, on.1).filter(|_| install(file, facts, stage).is_none()) else {
        return Ok(());
    };
    Err(Obstacle::new(
        ObstacleKind::UnknownPackage,
        format!(
            "{place} {fact}, for which {}:{} would have to install {package}, and the mirrors no longer have {release}",
            on.0,
            on.1.unwrap_or("latest")
        ),
        "move to a newer release of the distribution",
    ))
}

/// A RUN that calls a program which the image lacks, before the command that installs its package.
fn used_before(site: &Site<'_>, packages: &[(String, Evidence)], needs: &Needs) -> Option<Obstacle> {
    let range = site.facts.stages.get(site.stage)?.instructions.clone();
    let contents = image_contents(site.on.0, site.on.1);
    let has = |tool: &str| contents.as_ref().is_some_and(|contents| contents.tools.contains(tool));
    let names: Vec<String> = packages.iter().map(|(name, _)| name.clone()).collect();
    // Before a command that calls them they get a RUN of their own.
    let added_at = install(site.file, site.facts, site.stage)
        .filter(|own| !is_called_before(site.file, site.facts, site.stage, *own, site.family, &names));
    let installed_at = |package: &str| {
        let is_added = names.iter().any(|name| name == package);
        let by_file = range
            .clone()
            .find_map(|index| Some((index, installs(site, index, package)?)));
        if is_added { added_at } else { by_file }
    };
    let steps = needs.steps.range(range.clone());
    let mut calls = steps.flat_map(|(index, step)| step.tools.keys().map(move |tool| (*index, tool)));
    let (index, tool, at) = calls.find_map(|(index, tool)| {
        let package = package_of_tool(site.family, tool).filter(|_| !has(tool))?;
        let at = installed_at(package)?;
        ((index, first_call(site, index, tool)) < at).then_some((index, tool, at.0))
    })?;
    Some(Obstacle::new(
        ObstacleKind::UnknownPackage,
        format!(
            "line {} runs {tool}, which {}:{} lacks, before line {} installs it",
            site.file.line_of(index),
            site.on.0,
            site.on.1.unwrap_or("latest"),
            site.file.line_of(at)
        ),
        format!("install the package of {tool} in a RUN before it"),
    ))
}

/// The number of the first command of a RUN that calls a program itself; the first of all where a script calls it.
fn first_call(site: &Site<'_>, index: usize, program: &str) -> usize {
    let calls = |command: &Command| {
        command.program() == Some(program) || command.wrappers.iter().any(|wrapper| wrapper == program)
    };
    let run = site.facts.run(site.file, index);
    run.and_then(|run| run.commands.iter().position(calls)).unwrap_or(0)
}

/// The number of the first command of a RUN that installs a package of the system.
fn installs(site: &Site<'_>, index: usize, package: &str) -> Option<usize> {
    let run = site.facts.run(site.file, index)?;
    run.commands.iter().position(|command| {
        let used = command.manager.as_ref();
        let used = used.filter(|used| used.manager.kind == Kind::System && used.action == Action::Install);
        used.is_some_and(|used| used.packages.iter().any(|(name, ..)| name == package))
    })
}

/// The first command of a stage that installs packages of the system, and to which more can be added.
fn install(file: &Dockerfile, facts: &Facts, stage: usize) -> Option<Place> {
    let mut range = facts.stages.get(stage)?.instructions.clone();
    range.find_map(|index| {
        let run = facts.run(file, index)?;
        matches!(run.body, crate::facts::Body::Script(_)).then_some(())?;
        let number = run.commands.iter().position(|command| {
            let used = command.manager.as_ref();
            command.editable
                && !command.context.conditional
                && used.is_some_and(|used| {
                    used.manager.kind == Kind::System && used.action == Action::Install && !used.packages.is_empty()
                })
        });
        Some((index, number?))
    })
}

/// Whether a command of the stage before the one at `end` calls a program that one of `packages` brings.
fn is_called_before(
    file: &Dockerfile,
    facts: &Facts,
    stage: usize,
    end: Place,
    family: Family,
    packages: &[String],
) -> bool {
    let range = facts.stages.get(stage).map(|stage| stage.instructions.clone());
    let runs = range
        .into_iter()
        .flatten()
        .filter_map(|index| Some((index, facts.run(file, index)?)));
    let commands = runs.flat_map(|(index, run)| {
        let numbered = run.commands.iter().enumerate();
        numbered.map(move |(number, command)| ((index, number), command))
    });
    let is_among = |program: &str| {
        let package = package_of_tool(family, program);
        package.is_some_and(|package| packages.iter().any(|own| own == package))
    };
    let mut before = commands.take_while(|(place, _)| *place < end);
    before.any(|(_, command)| {
        let wrappers = command.wrappers.iter().map(String::as_str);
        let mut called = wrappers.chain(command.program()).chain(command.started_by());
        called.any(is_among)
    })
}

/// Installs `names` in stage number `stage`: with the packages that it installs already, or else, and where a step before
/// that calls them, before its first step. Returns the lines of the RUN that it changed, if it did. None where the stage's
/// distribution has no installer that is known; the file is unchanged then.
pub(crate) fn add(
    file: &mut Dockerfile,
    facts: &Facts,
    stage: usize,
    family: Family,
    names: &[String],
) -> Option<Option<LineRange>> {
    let range = facts.stages.get(stage)?.instructions.clone();
    let own = install(file, facts, stage);
    let own = own.filter(|own| !is_called_before(file, facts, stage, *own, family, names));
    if let Some((index, number)) = own {
        let run = facts.run(file, index)?;
        let crate::facts::Body::Script(script) = &run.body else {
            return None;
        };
        let install = run.commands.get(number)?;
        let (_, _, word) = install.manager.as_ref()?.packages.last()?;
        let [before, last] = install.words.get(word.checked_sub(1)?..=*word)? else {
            return None;
        };
        // As the last two stand to each other, so do the new ones.
        let text = file.instructions.get(index)?.text();
        let gap = text.get(script.source(before.span.clone()).end..script.source(last.span.clone()).start);
        let between = match gap {
            Some(gap) if gap.contains('\n') && !gap.contains('#') => gap.to_owned(),
            _ => " ".to_owned(),
        };
        let text: String = names.iter().map(|name| format!("{between}{name}")).collect();
        let at = script.source(last.span.clone()).end;
        file.edit(index, vec![Edit::insert(at, text)]).ok()?;
        return Some(file.instructions.get(index)?.lines);
    }
    let (newline, escape) = (file.newline.as_str(), file.escape());
    let list = names.join(" ");
    let and = |parts: &[String]| parts.join(&format!(" {escape}{newline}    && "));
    let text = match family {
        Family::Debian | Family::Ubuntu => {
            let install = format!("apt-get install -y --no-install-recommends {list}");
            let install = if install.len() > WIDTH {
                let each = names.join(&format!(" {escape}{newline}        "));
                format!("apt-get install -y --no-install-recommends {escape}{newline}        {each}")
            } else {
                install
            };
            and(&[
                "apt-get update".to_owned(),
                install,
                "rm -rf /var/lib/apt/lists/*".to_owned(),
            ])
        }
        Family::Alpine => format!("apk add --no-cache {list}"),
        Family::Fedora | Family::RedHat | Family::Amazon => {
            and(&[format!("dnf install -y {list}"), "dnf clean all".to_owned()])
        }
        Family::Suse | Family::Arch | Family::Bare => return None,
    };
    let mut new = file.instruction(format!("RUN {text}")).ok()?;
    let sets = |instruction: &Instruction| {
        matches!(
            instruction.keyword(),
            Keyword::Arg | Keyword::Env | Keyword::Workdir | Keyword::Label | Keyword::Shell | Keyword::Maintainer
        )
    };
    let mut at = range.start + 1;
    while at < range.end && file.instructions.get(at).is_some_and(sets) {
        at += 1;
    }
    let is_apart = file.instructions.get(at).is_none_or(|next| next.leading.contains('\n'));
    if is_apart {
        new.leading = newline.to_owned();
    }
    file.instructions.insert(at, new);
    Some(None)
}
