//! How Python's packages get out of the interpreter's own folders.

use std::collections::BTreeMap;

use crate::effects::{Obstacle, ObstacleKind};
use crate::knowledge::Kind;
use crate::syntax::{Arguments, Keyword, Node};

use super::crossing::{Crossing, Crossings, Python, VENV};
use super::subject::Subject;
use super::work::Works;
use crate::effects::ecosystems::Output;
use crate::effects::needs::{Needs, installed_by_name};

pub(super) fn python(
    subject: &Subject<'_>,
    works: &BTreeMap<usize, Works>,
    needs: &Needs,
    first: usize,
    owns: bool,
    crossings: &mut Crossings,
) -> Result<(), Obstacle> {
    let runs = works.keys().filter_map(|index| subject.facts.run(subject.file, *index));
    let uses = runs
        .flat_map(|run| &run.commands)
        .filter_map(|command| Some((command, command.manager.as_ref()?.manager)));
    // `sudo pip install` finds the image's own pip, whatever PATH says.
    let passes_by = uses
        .into_iter()
        .any(|(command, manager)| manager.kind == Kind::Language && command.new_environment);
    // An environment is found through PATH, which a later setting of it as a whole would hide.
    let sets_path = subject.range().any(|index| {
        let mut pairs = subject
            .node(index)
            .filter(|node| node.keyword == Keyword::Env)
            .into_iter()
            .flat_map(pairs);
        pairs.any(|(name, value)| name == "PATH" && !value.contains("$PATH") && !value.contains("${PATH}"))
    });
    // A login shell sets PATH anew.
    let is_login = subject.range().any(|index| {
        let words = subject
            .node(index)
            .filter(|node| node.keyword == Keyword::Shell)
            .map(|node| &node.arguments);
        let Some(Arguments::Exec(words)) = words else {
            return false;
        };
        words.iter().any(|word| {
            word.value == "--login"
                || word.value.starts_with('-') && !word.value.starts_with("--") && word.value.contains('l')
        })
    });
    // Python 2 has no module `venv`.
    let is_old = subject.image.tag.as_deref().is_some_and(|tag| tag.starts_with("2"));
    // A build without isolation takes its tools from the environment; the image's has more of them than a new one.
    let unisolated = subject.range().any(|index| {
        let text = subject.text(index);
        ["no-build-isolation", "NO_BUILD_ISOLATION", "bdist_wheel"]
            .iter()
            .any(|sign| text.contains(sign))
    });
    // A stage that others stand on stays as it is, without an environment.
    let inherits = subject
        .inherited
        .as_ref()
        .is_some_and(|inherited| inherited.contains(&first));
    let elsewhere = needs.python_folders.is_some()
        || sets_path
        || is_login
        || is_old
        || owns
        || inherits
        || unisolated
        || passes_by;
    if !elsewhere {
        // Poetry and pipenv install into the environment that VIRTUAL_ENV names, where they are told to make none.
        let announce = works
            .iter()
            .any(|(index, own)| makes_no_environment(subject, *index, own));
        // Above the first COPY, an edit of what that brings does not make the environment anew.
        let copy = subject
            .range()
            .find(|index| matches!(subject.keyword(*index), Some(Keyword::Copy | Keyword::Add)));
        let made = copy.map_or(first, |copy| first.min(copy));
        crossings.python = Some(Python::Venv { made, announce });
        crossings.list.push(Crossing {
            path: VENV.to_owned(),
            at: first,
            is_project: false,
            before: None,
            owner: None,
        });
        return Ok(());
    }
    let why = match &needs.python_folders {
        Some(evidence) => format!("{} {}", evidence.place, evidence.fact),
        None => "packages are installed into the interpreter's own folders".to_owned(),
    };
    let tag = subject.image.tag.as_deref().unwrap_or_default();
    let version: Vec<&str> = tag.split('-').next().unwrap_or_default().split('.').take(2).collect();
    let is_plain = !subject.text(subject.range().start).contains('$');
    let ([major, minor], true) = (version.as_slice(), is_plain) else {
        return Err(Obstacle::new(
            ObstacleKind::UnknownPackage,
            format!("{why}, and the tag does not tell the version of Python"),
            "name it in FROM: python:3.12",
        ));
    };
    let replaced = installed_by_name(subject.file, subject.facts, subject.range());
    if let Some((_, name, _)) = replaced
        .iter()
        .find(|(_, name, _)| matches!(name.as_str(), "pip" | "setuptools" | "wheel"))
    {
        return Err(Obstacle::new(
            ObstacleKind::SharedPlace,
            format!("{why}, where {name} is replaced by another version of itself"),
            format!("leave {name} as the base image has it, or install into a virtual environment"),
        ));
    }
    crossings.python = Some(Python::Own);
    for path in [
        format!("/usr/local/lib/python{major}.{minor}/site-packages"),
        "/usr/local/bin".to_owned(),
    ] {
        crossings.list.push(Crossing {
            path,
            at: first,
            is_project: false,
            before: None,
            owner: None,
        });
    }
    Ok(())
}

/// Whether a RUN has an install of Poetry or pipenv that makes no environment of its own.
fn makes_no_environment(subject: &Subject<'_>, index: usize, own: &Works) -> bool {
    let Some(run) = subject.facts.run(subject.file, index) else {
        return false;
    };
    own.steps().iter().any(|step| {
        let command = step.command.and_then(|number| run.commands.get(number));
        let used = command.and_then(|command| command.manager.as_ref());
        let makes_others = used.is_some_and(|used| matches!(used.manager.id.as_str(), "poetry" | "pipenv"));
        makes_others && step.outputs.contains(&Output::PythonSite)
    })
}

/// The variables that an ENV sets, with their values as written.
fn pairs(node: &Node) -> Vec<(&str, &str)> {
    match &node.arguments {
        Arguments::Pairs { pairs, .. } => pairs
            .iter()
            .map(|pair| (pair.name.as_str(), pair.value.value.as_str()))
            .collect(),
        _ => Vec::new(),
    }
}
