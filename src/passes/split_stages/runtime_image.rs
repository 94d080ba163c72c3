//! The image of the runtime stage, where it needs nothing of the language.

use std::collections::BTreeMap;

use crate::context::ContextSource;
use crate::effects::ecosystems::uses_asp_net;
use crate::effects::needs::{Needs, is_used_up, nameless_need};
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::is_within;
use crate::knowledge::{
    Purpose, Release, Slimmer, image_configuration, is_toolchain_folder, is_toolchain_setting, slimmer_images,
};
use crate::syntax::Keyword;

use super::answered::lost_tool;
use super::copies::is_from_context;
use super::crossing::Crossings;
use super::subject::Subject;
use super::work::Works;

/// Puts the runtime stage on an image without the language's own tools.
pub(super) fn base(
    subject: &Subject<'_>,
    works: &BTreeMap<usize, Works>,
    needs: &Needs,
    repository: &str,
    smaller: &Slimmer,
    crossings: &mut Crossings,
) -> Result<(), Obstacle> {
    let tag = subject.image.tag.as_deref();
    let smaller = &variant(subject, repository, smaller);
    refuse_lost_tools(subject, needs, smaller)?;
    let release = exact(&subject.release, smaller.pinned.as_deref());
    if let Some(need) = nameless_need(repository, &release) {
        return Err(Obstacle::new(
            ObstacleKind::UnknownPackage,
            format!("programs built on {repository} need {need}, whose name in this release is not known"),
            "use a tag that names another release of the distribution",
        ));
    }
    let old = image_configuration(repository, tag);
    let new = image_configuration(&smaller.image, Some(&smaller.tag));
    if let Some(old) = old {
        let mut pairs: Vec<String> = Vec::new();
        for (name, value) in &old.env {
            let is_read = || !is_toolchain_setting(name) || reads(subject, name);
            if new.is_none_or(|new| new.env.get(name) != Some(value)) && is_read() {
                pairs.push(format!("{name}={value}"));
            }
        }
        let lacking: Vec<&str> = old
            .path
            .iter()
            .map(String::as_str)
            .filter(|part| new.is_none_or(|new| !new.path.iter().any(|own| own == part)))
            .filter(|part| {
                !is_toolchain_folder(part) || crossings.list.iter().any(|crossing| is_within(&crossing.path, part))
            })
            .collect();
        if !lacking.is_empty() {
            pairs.push(format!("PATH={}:$PATH", lacking.join(":")));
        }
        if !pairs.is_empty() {
            let newline = subject.file.newline.as_str();
            crossings.config.push(format!(
                "ENV {}",
                pairs.join(&format!(" {}{newline}    ", subject.file.escape()))
            ));
        }
        if let Some(workdir) = &old.workdir
            && needs_workdir(subject, works)
        {
            crossings.config.push(format!("WORKDIR {workdir}"));
        }
    }
    crossings.image = Some(format!("{}:{}", smaller.image, smaller.tag));
    crossings.pinned = smaller.pinned.clone();
    let has_no_use = match smaller.purpose {
        Purpose::Binaries | Purpose::JavaPrograms => *subject.context.remembered(has_only_sources),
        // A program that starts among what was published reads what lies there.
        Purpose::DotnetWeb | Purpose::DotnetConsole => starts_in_a_crossing(subject, crossings),
        Purpose::Same => false,
    };
    crossings.drops_sources = has_no_use && crossings.list.iter().all(|c| !c.is_project);
    if let Some((line, name)) = foreign_user(subject, crossings.drops_sources) {
        return Err(Obstacle::new(
            ObstacleKind::NeededAtRunTime,
            format!("line {line} names the user {name}, whom only the image of the build has"),
            "create the user in this file, or name a number",
        ));
    }
    Ok(())
}

/// Whether a compiler has used up all that the context holds.
fn has_only_sources(context: &ContextSource) -> bool {
    is_used_up(context, |_| true)
}

/// Whether a setting of the toolchain is read where there is no toolchain: by an instruction, or by a file of the context.
fn reads(subject: &Subject<'_>, name: &str) -> bool {
    let mut range = subject.range();
    let is_named = |index: usize| {
        subject.text(index).contains(&format!("${name}")) || subject.text(index).contains(&format!("${{{name}"))
    };
    let mut sources = subject.context.sources(|_| true);
    range.any(is_named) || sources.any(|path| subject.context.read(path).is_ok_and(|text| text.contains(name)))
}

/// The release that both stages stand on: a tag that names it makes it certain.
pub(super) fn exact(release: &Release, pinned: Option<&str>) -> Release {
    Release {
        certain: release.certain || pinned.is_some(),
        ..release.clone()
    }
}

/// Refuses a smaller image without a program of the old one that runs at run time and that no package brings.
fn refuse_lost_tools(subject: &Subject<'_>, needs: &Needs, smaller: &Slimmer) -> Result<(), Obstacle> {
    match lost_tool(subject, &needs.tools, (&smaller.image, &smaller.tag)) {
        None => Ok(()),
        Some((tool, evidence)) => Err(Obstacle::new(
            ObstacleKind::NeededAtRunTime,
            format!(
                "{} {}, and {}:{} has no {tool}",
                evidence.place, evidence.fact, smaller.image, smaller.tag
            ),
            format!("start what was built without {tool}"),
        )),
    }
}

/// The image that has what the program needs: without ASP.NET, where no project of the context uses it.
fn variant(subject: &Subject<'_>, repository: &str, smaller: &Slimmer) -> Slimmer {
    if smaller.purpose != Purpose::DotnetWeb || *subject.context.remembered(uses_asp_net) {
        return smaller.clone();
    }
    let others = slimmer_images(repository, subject.image.tag.as_deref()).into_iter();
    let mut consoles = others.filter(|image| image.purpose == Purpose::DotnetConsole);
    consoles.next().unwrap_or_else(|| smaller.clone())
}

/// Whether the image starts in a folder that crosses.
fn starts_in_a_crossing(subject: &Subject<'_>, crossings: &Crossings) -> bool {
    let end = subject.range().end.saturating_sub(1);
    let workdir = subject.facts.scope(end).and_then(|scope| scope.workdir.as_deref());
    workdir.is_some_and(|workdir| {
        let mut list = crossings.list.iter();
        list.any(|crossing| is_within(workdir, &crossing.path))
    })
}

/// The first user that the runtime stage names without creating it, and that not every image has. `drops_sources` says
/// that it has no COPY from the context.
fn foreign_user(subject: &Subject<'_>, drops_sources: bool) -> Option<(usize, String)> {
    const EVERYWHERE: &[&str] = &["root", "nobody", "daemon", "bin", "www-data", "mail", "nogroup"];
    let range = subject.range();
    let before = subject.facts.scope(range.start + 1).map(|scope| &scope.accounts)?;
    let after = subject
        .facts
        .scope(range.end.saturating_sub(1))
        .map(|scope| &scope.accounts)?;
    range.skip(1).find_map(|index| {
        let node = subject.node(index)?;
        let owner = match node.keyword {
            Keyword::User => node.words().first()?.value.clone(),
            Keyword::Copy | Keyword::Add if drops_sources && is_from_context(subject, index) => return None,
            Keyword::Copy | Keyword::Add => node.flag("chown")?.to_owned(),
            _ => return None,
        };
        let name = owner.split(':').next().unwrap_or_default();
        let is_known = name.is_empty()
            || name.contains('$')
            || name.chars().all(|c| c.is_ascii_digit())
            || EVERYWHERE.contains(&name)
            || after.contains_key(name) && !before.contains_key(name);
        (!is_known).then(|| (subject.line(index), name.to_owned()))
    })
}

/// Whether something depends on the WORKDIR of the base image.
fn needs_workdir(subject: &Subject<'_>, works: &BTreeMap<usize, Works>) -> bool {
    let mut range = subject.range().skip(1);
    range
        .find_map(|index| match subject.keyword(index)? {
            Keyword::Workdir => Some(
                !subject
                    .text(index)
                    .split_whitespace()
                    .nth(1)
                    .is_some_and(|path| path.starts_with('/')),
            ),
            // Packages are installed, and programs built, wherever it is.
            Keyword::Run => works
                .get(&index)
                .is_none_or(|works| works.setups().next().is_some())
                .then_some(true),
            Keyword::Copy | Keyword::Add | Keyword::Cmd | Keyword::Entrypoint => Some(true),
            _ => None,
        })
        .unwrap_or(true)
}
