//! Adding system packages to a stage that lacks them.

use crate::effects::{Evidence, Obstacle, ObstacleKind};
use crate::facts::{Command, Facts};
use crate::knowledge::{Action, Family, Kind, archived_release, package_of_tool};
use crate::syntax::{Dockerfile, Edit, Instruction, Keyword, LineRange};

/// The longest line of package names.
const WIDTH: usize = 100;

/// Checks that stage number `stage` can install `packages` on the image `on`: the mirrors of its release have packages, or
/// the stage installs some already, from wherever it does.
///
/// # Errors
/// The need that nothing can bring there.
pub(crate) fn can_add(
    file: &Dockerfile,
    facts: &Facts,
    stage: usize,
    on: (&str, Option<&str>),
    packages: &[(String, Evidence)],
) -> Result<(), Obstacle> {
    let Some((package, Evidence { place, fact })) = packages.first() else {
        return Ok(());
    };
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

/// The first command of a stage that installs packages of the system, and to which more can be added.
fn install<'f>(file: &Dockerfile, facts: &'f Facts, stage: usize) -> Option<(usize, &'f Command)> {
    let mut range = facts.stages.get(stage)?.instructions.clone();
    range.find_map(|index| {
        let run = facts.run(file, index)?;
        matches!(run.body, crate::facts::Body::Script(_)).then_some(())?;
        let install = run.commands.iter().find(|command| {
            let used = command.manager.as_ref();
            command.editable
                && !command.context.conditional
                && used.is_some_and(|used| {
                    used.manager.kind == Kind::System && used.action == Action::Install && !used.packages.is_empty()
                })
        });
        Some((index, install?))
    })
}

/// Whether a command of the stage before `install`, in instruction number `at`, calls a program that one of `packages` brings.
fn is_called_before(
    file: &Dockerfile,
    facts: &Facts,
    stage: usize,
    (at, install): (usize, &Command),
    family: Family,
    packages: &[String],
) -> bool {
    let range = facts.stages.get(stage).map(|stage| stage.instructions.clone());
    let runs = range.into_iter().flatten().take_while(|index| *index <= at);
    let commands = runs
        .filter_map(|index| facts.run(file, index))
        .flat_map(|run| &run.commands);
    let mut before = commands.take_while(|command| !std::ptr::eq(*command, install));
    let is_among = |program: &str| {
        let package = package_of_tool(family, program);
        package.is_some_and(|package| packages.iter().any(|own| own == package))
    };
    before.any(|command| {
        let wrappers = command.wrappers.iter().map(String::as_str);
        let mut called = wrappers.chain(command.program()).chain(command.started_by());
        called.any(is_among)
    })
}

/// Installs `names` in stage number `stage`: with the packages that it installs already, or else, and where a step before
/// that calls them, before its first step. Returns the lines of the RUN that it changed, if it did. None where the stage's distribution has no installer
/// that is known; the file is unchanged then.
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
    if let Some((index, install)) = own {
        let crate::facts::Body::Script(script) = &facts.run(file, index)?.body else {
            return None;
        };
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
