//! Whether something depends on where Python's packages are: on `/usr/local/bin` and `/usr/local/lib/pythonX.Y`.

use crate::context::ContextSource;
use crate::effects::Evidence;
use crate::effects::image_files::View;
use crate::effects::steps;
use crate::facts::Facts;
use crate::knowledge::{Ecosystem, start_needs};
use crate::syntax::{Dockerfile, Keyword};

use super::Needs;
use super::listing::Manifests;
use super::own_folders::first_use;
use super::packages::installed_by_name;

/// The first fact that says so.
pub(super) fn named(
    file: &Dockerfile,
    facts: &Facts,
    stage: std::ops::Range<usize>,
    context: &ContextSource,
    image: &View<'_>,
    needs: &Needs,
) -> Option<Evidence> {
    by_tool(needs)
        .or_else(|| in_file(file, stage.clone(), image))
        .or_else(|| embedded(file, facts, stage.clone(), context))
        .or_else(|| in_steps(file, facts, stage, context))
        .or_else(|| in_context(context, image))
}

fn by_tool(needs: &Needs) -> Option<Evidence> {
    start_needs().reset_path.iter().find_map(|tool| {
        let evidence = needs.tools.get(tool)?;
        Some(Evidence {
            place: evidence.place.clone(),
            fact: format!("runs {tool}, which starts programs with a PATH of its own"),
        })
    })
}

/// The first package that the stage installs, or a manifest names, which loads the interpreter itself.
pub(crate) fn embedded(
    file: &Dockerfile,
    facts: &Facts,
    stage: std::ops::Range<usize>,
    context: &ContextSource,
) -> Option<Evidence> {
    let mut installed = installed_by_name(file, facts, stage).into_iter();
    let by_name = installed
        .find(|(_, name, _)| embeds_python(name))
        .map(|(.., place)| place);
    let in_manifest = || {
        let manifests = context.remembered(Manifests::of);
        let mut packages = manifests.packages();
        let found =
            packages.find(|(ecosystem, _, package)| *ecosystem == Ecosystem::Python && embeds_python(&package.name));
        found.map(|(_, place, _)| place)
    };
    Some(Evidence {
        place: by_name.or_else(in_manifest)?,
        fact: "names a package that loads Python itself".to_owned(),
    })
}

/// Whether a package of Python loads the interpreter itself.
pub(super) fn embeds_python(package: &str) -> bool {
    let name = package.to_ascii_lowercase().replace('_', "-");
    start_needs().embeds_python.contains(&name)
}

fn in_file(file: &Dockerfile, mut stage: std::ops::Range<usize>, image: &View<'_>) -> Option<Evidence> {
    stage.find_map(|index| {
        let instruction = file.instructions.get(index)?;
        let starts = matches!(
            instruction.keyword(),
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::Env
        );
        let name = mentions(instruction.text(), |name| {
            name.starts_with("python")
                || name.starts_with("pip")
                || starts && image.supplier(&format!("usr/local/bin/{name}")).is_none()
        })?;
        Some(Evidence {
            place: file.place_of(index),
            fact: format!("names {name}"),
        })
    })
}

/// The first RUN that uses what an earlier one installed, by its path.
fn in_steps(
    file: &Dockerfile,
    facts: &Facts,
    stage: std::ops::Range<usize>,
    context: &ContextSource,
) -> Option<Evidence> {
    let stage = facts.stages.get(facts.stage_of(stage.start)?)?;
    let steps = steps::of_stage(file, facts, stage, context);
    let (index, fact) = first_use(steps.iter())?;
    Some(Evidence {
        place: file.place_of(index),
        fact,
    })
}

fn in_context(context: &ContextSource, image: &View<'_>) -> Option<Evidence> {
    let naming = context.remembered(naming_lines);
    naming.iter().find_map(|(path, number, line)| {
        let name = mentions(line, |name| image.supplier(&format!("usr/local/bin/{name}")).is_none())?;
        Some(Evidence {
            place: format!("{path}:{number}"),
            fact: format!("names {name}"),
        })
    })
}

/// The lines of the context that name something of Python's own folders, each with its file and number.
fn naming_lines(context: &ContextSource) -> Vec<(String, usize, String)> {
    let ends = &start_needs().names_programs;
    let may_name = |path: &str| ends.iter().any(|end| path.ends_with(end.as_str())) || path.contains("cron");
    let mut found = Vec::new();
    for path in context.sources(may_name) {
        let Ok(text) = context.read(path) else { continue };
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| mentions(line, |_| true).is_some());
        found.extend(lines.map(|(number, line)| (path.to_owned(), number + 1, line.to_owned())));
    }
    found
}

/// The path among Python's own folders that a text names, if a program in `/usr/local/bin` is of interest.
fn mentions(text: &str, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
    const BIN: &str = "/usr/local/bin/";
    const LIBRARY: &str = "/usr/local/lib/python";
    if text.contains(LIBRARY) {
        return Some(LIBRARY.to_owned());
    }
    text.match_indices(BIN).find_map(|(at, _)| {
        let rest = text.get(at + BIN.len()..)?;
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_-.+".contains(c)))
            .unwrap_or(rest.len());
        let name = rest.get(..end).filter(|name| !name.is_empty())?;
        // What a script of the project is called there is not Python's.
        (is_wanted(name) && !name.ends_with(".sh")).then(|| format!("{BIN}{name}"))
    })
}
