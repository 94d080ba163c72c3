//! The new COPY lines.

use std::collections::BTreeMap;

use crate::context::{ContextSource, Kind};
use crate::effects::{Obstacle, ObstacleKind};

use super::gone;
use super::plan::Site;
use crate::effects::image_files::{Copy, inside};

/// More COPY lines for one install than anybody wants to keep up to date.
const MOST_LINES: usize = 24;

/// The COPY lines, to stand before instruction number `place`, for those of `files` that `copy` brings and nothing that
/// stays does.
pub(super) fn of(
    site: &Site<'_>,
    copy: &Copy,
    files: &[String],
    moved: &[usize],
    place: usize,
) -> Result<Vec<String>, Obstacle> {
    let (file, view) = (site.file, site.view);
    let context = view.context;
    let base = copy
        .destination
        .as_deref()
        .ok_or_else(gone)?
        .trim_matches('/')
        .to_owned();
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files {
        let Some((supplier, from)) = view.supplier(path).filter(|(supplier, _)| supplier.index == copy.index) else {
            continue;
        };
        let stays = view.copies.iter().filter(|other| !moved.contains(&other.index));
        let mut same = stays.filter(|other| other.flags == supplier.flags);
        if same.any(|other| other.supplies(context, path).as_ref() == Some(&from)) {
            continue;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/@+~=".contains(c);
        if !from.chars().all(plain) {
            return Err(Obstacle::new(
                ObstacleKind::Unsupported,
                format!("the name `{from}` has characters that a COPY reads otherwise"),
                "copy it by hand, in a COPY of its own before the install",
            ));
        }
        let name = from.rsplit('/').next().unwrap_or(&from);
        if let Some(link) = link_on_the_way(context, &from) {
            return Err(Obstacle::new(
                ObstacleKind::Unsupported,
                format!("`{link}` is a symbolic link"),
                "copy what the install reads by hand, before the install",
            ));
        }
        let at = path.trim_end_matches('/');
        let (at, source) = if path.ends_with('/') {
            if from.is_empty() || at == base {
                return Err(Obstacle::new(
                    ObstacleKind::Unsupported,
                    "the install reads the whole folder",
                    "keep what it reads in a folder of its own",
                ));
            }
            (at, format!("{from}/"))
        } else {
            if at.rsplit('/').next() != Some(name) {
                return Err(Obstacle::new(
                    ObstacleKind::Unsupported,
                    format!("`{from}` is copied under another name"),
                    "copy it before the install, in a COPY of its own",
                ));
            }
            (at.rsplit_once('/').map_or("", |(parent, _)| parent), from)
        };
        let Some(rest) = inside(at, &base) else {
            return Err(gone());
        };
        groups.entry(rest.to_owned()).or_default().push(source);
    }
    let keyword = "COPY";
    let is_lower = file
        .instructions
        .get(copy.index)
        .is_some_and(|own| own.text().starts_with(|c: char| c.is_ascii_lowercase()));
    let keyword = if is_lower {
        keyword.to_lowercase()
    } else {
        keyword.to_owned()
    };
    let workdir = |index| site.facts.scope(index).and_then(|scope| scope.workdir.as_deref());
    let is_elsewhere = copy.is_relative && workdir(copy.index) != workdir(place);
    let mut parents_line = None;
    if let Some(sources) = nested(site, copy, &groups) {
        groups.retain(|rest, _| rest.is_empty());
        let destination = if is_elsewhere {
            from_elsewhere(workdir(place).unwrap_or("/"), &base, "", false)
        } else {
            beside(&copy.destination_text, "", false)
        };
        parents_line = Some(format!(
            "{keyword} --parents {}{} {destination}",
            copy.flags,
            sources.join(" ")
        ));
    } else if groups.len() > MOST_LINES {
        return Err(Obstacle::new(
            ObstacleKind::Unsupported,
            format!(
                "the install reads manifests in {} folders, each of which takes a COPY",
                groups.len()
            ),
            "begin the file with `# syntax=docker/dockerfile:1.20`, so that one COPY --parents can bring them",
        ));
    }
    let lines = groups.into_iter().flat_map(|(rest, sources)| {
        // Folders lose their name, so that each has a line of its own.
        let (folders, names): (Vec<String>, Vec<String>) =
            sources.into_iter().partition(|source| source.ends_with('/'));
        let is_single = names.len() == 1 && folders.is_empty();
        let destination = if is_elsewhere {
            from_elsewhere(workdir(place).unwrap_or("/"), &base, &rest, is_single)
        } else {
            beside(&copy.destination_text, &rest, is_single)
        };
        let mut lines = Vec::new();
        if !names.is_empty() {
            lines.push(format!("{keyword} {}{} {destination}", copy.flags, names.join(" ")));
        }
        lines.extend(
            folders
                .iter()
                .map(|folder| format!("{keyword} {}{folder} {destination}", copy.flags)),
        );
        lines
    });
    Ok(lines.chain(parents_line).collect())
}

/// The symbolic link that `path` is or goes through: COPY would make a file or folder in its place.
fn link_on_the_way<'p>(context: &ContextSource, path: &'p str) -> Option<&'p str> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.filter_map(|end| path.get(..end)).find(|part| {
        let (parent, name) = part.rsplit_once('/').unwrap_or(("", part));
        let children = context.list(parent);
        children
            .iter()
            .any(|child| child.name == name && child.kind == Kind::Link)
    })
}

/// What one COPY --parents names in place of a COPY for each folder below the destination; none where the frontend does
/// not know the flag, or where it would not help.
fn nested(site: &Site<'_>, copy: &Copy, groups: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    let [layer] = copy.layers.as_slice() else { return None };
    let below: Vec<&String> = groups
        .iter()
        .filter(|(rest, _)| !rest.is_empty())
        .flat_map(|(_, all)| all)
        .collect();
    let is_plain = layer.is_folder && below.iter().all(|source| !source.ends_with('/'));
    if groups.len() < 3 || !is_plain || !site.file.directive("syntax").is_some_and(knows_parents) {
        return None;
    }
    // Members that lie side by side are one pattern, if it means nothing else.
    let mut sources: Vec<String> = Vec::new();
    for source in &below {
        let pattern = source.rsplit_once('/').and_then(|(folder, name)| {
            let above = folder.rsplit_once('/').map(|(above, _)| format!("{above}/"));
            Some(format!("{}*/{name}", above?))
        });
        let meant = pattern
            .as_deref()
            .map(|pattern| site.view.context.glob(pattern))
            .unwrap_or_default();
        let is_exact = meant.len() > 1 && meant.iter().all(|path| below.contains(&path));
        let source = pattern.filter(|_| is_exact).unwrap_or_else(|| (*source).clone());
        // What stands before `/./` is no parent.
        let source = match layer.from.as_str() {
            "" => source,
            from => format!("{from}/.{}", source.strip_prefix(from)?),
        };
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    Some(sources)
}

/// Whether a frontend has COPY --parents: Docker's from 1.20 on, and its channel "labs" from 1.7 on.
fn knows_parents(syntax: &str) -> bool {
    let name = syntax.strip_prefix("docker.io/").unwrap_or(syntax);
    let Some(tag) = name.strip_prefix("docker/dockerfile:") else {
        return false;
    };
    let (version, is_labs) = match tag.strip_suffix("labs") {
        Some(version) => (version.trim_end_matches('-'), true),
        None => (tag, false),
    };
    match version
        .strip_prefix("1.")
        .map(|rest| rest.split('.').next().unwrap_or_default().parse::<u32>())
    {
        Some(Ok(minor)) => minor >= 20 || is_labs && minor >= 7,
        Some(Err(_)) => false,
        None => is_labs && matches!(version, "" | "1"),
    }
}

/// `rest` below the destination `text`, as the COPY has it.
fn beside(text: &str, rest: &str, is_single: bool) -> String {
    match (text, rest) {
        (".", "") if is_single => ".".to_owned(),
        ("." | "./", "") => "./".to_owned(),
        (".", rest) => format!("{rest}/"),
        (text, "") => format!("{}/", text.trim_end_matches('/')),
        (text, rest) => format!("{}/{rest}/", text.trim_end_matches('/')),
    }
}

/// `rest` below the folder `base` of the image, seen from `workdir`.
fn from_elsewhere(workdir: &str, base: &str, rest: &str, is_single: bool) -> String {
    let folder = crate::effects::image_files::join(base, rest);
    match inside(&folder, workdir.trim_matches('/')) {
        Some("") if is_single => ".".to_owned(),
        Some("") => "./".to_owned(),
        Some(below) => format!("{below}/"),
        None => format!("/{folder}/"),
    }
}

/// The number and the new text of `copy` where its destination is relative to a folder that is another one behind the
/// install.
pub(super) fn with_absolute_destination(site: &Site<'_>, copy: &Copy) -> Result<Option<(usize, String)>, Obstacle> {
    let workdir = |index| site.facts.scope(index).and_then(|scope| scope.workdir.as_deref());
    if !copy.is_relative || workdir(copy.index) == workdir(site.index) {
        return Ok(None);
    }
    let instruction = site.file.instructions.get(copy.index).ok_or_else(gone)?;
    let last = instruction.node().words().last().ok_or_else(gone)?;
    let destination = copy.destination.as_deref().ok_or_else(gone)?;
    let ends = |text: &str| text.ends_with('/') && !text.ends_with("./");
    let slash = if ends(&copy.destination_text) && destination != "/" {
        "/"
    } else {
        ""
    };
    let written = instruction.text().get(last.range.clone()).unwrap_or_default();
    let text = match written.chars().next() {
        Some('"') => format!("\"{destination}{slash}\""),
        _ => format!("{destination}{slash}"),
    };
    let mut new = instruction.text().to_owned();
    new.replace_range(last.range.clone(), &text);
    Ok(Some((copy.index, new)))
}
