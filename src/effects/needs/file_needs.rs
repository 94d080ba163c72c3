//! Packages that bring files which programs read although nothing names the package: certificates, time zones.

use std::collections::BTreeSet;

use crate::context::ContextSource;
use crate::effects::Evidence;
use crate::facts::Facts;
use crate::knowledge::{FileNeed, file_needs, language_of};
use crate::syntax::{Dockerfile, Keyword};

use super::Needs;
use super::calls::texts;

/// What sources and manifests of a context say of each of [`file_needs`].
fn said(context: &ContextSource) -> Vec<Option<Evidence>> {
    file_needs().iter().map(|need| source(context, need)).collect()
}

/// Adds the packages whose files the tools, sources, manifests and variables say that something reads. The tools must be
/// known before.
pub(super) fn read(
    file: &Dockerfile,
    facts: &Facts,
    stage: std::ops::Range<usize>,
    context: &ContextSource,
    needs: &mut Needs,
) {
    let sources = context.remembered(said);
    for (need, said) in file_needs().iter().zip(sources.iter()) {
        let by_tool = need.tools.iter().find_map(|tool| needs.tools.get(tool)).cloned();
        let found = by_tool
            .or_else(|| variable(file, facts, stage.clone(), need))
            .or_else(|| of_services(context, need))
            .or_else(|| said.clone());
        if let Some(evidence) = found {
            needs.packages.entry(need.package.as_str()).or_insert(evidence);
        }
    }
}

fn variable(file: &Dockerfile, facts: &Facts, mut stage: std::ops::Range<usize>, need: &FileNeed) -> Option<Evidence> {
    let set = |index: usize| {
        let set = &facts.scope_after(index)?.variables;
        let name = need.variables.iter().find(|name| set.contains_key(name))?;
        let is_here = file.instructions.get(index)?.keyword() == Keyword::Env;
        is_here.then(|| Evidence {
            place: file.place_of(index),
            fact: format!("sets {name}"),
        })
    };
    if let Some(found) = stage.clone().find_map(set) {
        return Some(found);
    }
    stage.find_map(|index| {
        let instruction = file.instructions.get(index)?;
        let may = matches!(instruction.keyword(), Keyword::Env | Keyword::Cmd | Keyword::Entrypoint)
            || facts.run(file, index).is_some();
        let text = need
            .texts
            .iter()
            .find(|text| may && instruction.text().contains(text.as_str()))?;
        Some(Evidence {
            place: file.place_of(index),
            fact: format!("names {text}"),
        })
    })
}

/// The first service that sets one of the variables.
fn of_services(context: &ContextSource, need: &FileNeed) -> Option<Evidence> {
    context.services().iter().find_map(|service| {
        let mut names = service.environment.iter().map(|(name, _)| name);
        let name = names.find(|name| need.variables.contains(name))?;
        let file = service.file.file_name().unwrap_or_default().to_string_lossy();
        Some(Evidence {
            place: format!("{file}:{}", service.line),
            fact: format!("sets {name}"),
        })
    })
}

fn source(context: &ContextSource, need: &'static FileNeed) -> Option<Evidence> {
    if brings_them(context, need) {
        return None;
    }
    let is_wanted = |path: &str| {
        let is_manifest = ["go.mod", "Cargo.lock", "Cargo.toml"]
            .iter()
            .any(|name| path.ends_with(name));
        let may_name = !need.texts.is_empty() && (language_of(path).is_some() || path.ends_with(".sh"));
        is_manifest || path.ends_with(".go") || may_name
    };
    context.sources(is_wanted).find_map(|path| {
        let text = context.read(path).ok()?;
        let fact = says(path, &text, need)?;
        Some(Evidence {
            place: path.to_owned(),
            fact,
        })
    })
}

/// Whether a source of Go imports a package that brings the files into the program.
fn brings_them(context: &ContextSource, need: &FileNeed) -> bool {
    if need.go_brings.is_empty() {
        return false;
    }
    let is_code = |path: &str| path.ends_with(".go") && !path.ends_with("_test.go");
    let mut sources = context
        .sources(is_code)
        .filter_map(|path| Some((path, context.read(path).ok()?)));
    sources.any(|(path, text)| {
        let literals = language_of(path)
            .map(|language| texts(&text, language))
            .unwrap_or_default();
        literals.iter().any(|(text, _)| need.go_brings.contains(text))
    })
}

fn says(path: &str, text: &str, need: &FileNeed) -> Option<String> {
    let fact = || need.fact.clone();
    if path.ends_with("go.mod") {
        let requires = text.lines().any(|line| line.trim_start().starts_with("require"));
        let names = || need.go_modules.iter().any(|name| text.contains(name.as_str()));
        return (requires && (need.modules || names())).then(fact);
    }
    if path.ends_with("Cargo.lock") || path.ends_with("Cargo.toml") {
        let names = crates(text);
        return need.crates.iter().any(|name| names.contains(name)).then(fact);
    }
    if path.ends_with(".go") {
        let may = need
            .go_imports
            .iter()
            .chain(&need.go_texts)
            .any(|name| text.contains(name.as_str()));
        let literals = || {
            language_of(path)
                .map(|language| texts(text, language))
                .unwrap_or_default()
        };
        let imports = || literals().iter().any(|(text, _)| need.go_imports.contains(text));
        let names = || need.go_texts.iter().any(|name| text.contains(name.as_str()));
        if may && (imports() || names()) {
            return Some(fact());
        }
    }
    let named = need.texts.iter().find(|known| text.contains(known.as_str()))?;
    Some(format!("names {named}"))
}

/// The packages that a manifest or a lock of Cargo names.
fn crates(text: &str) -> BTreeSet<String> {
    let Ok(table) = text.parse::<toml::Table>() else {
        return BTreeSet::new();
    };
    let locked = table
        .get("package")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten();
    let mut names: BTreeSet<String> = locked
        .filter_map(|package| package.get("name")?.as_str().map(str::to_owned))
        .collect();
    let tables = [
        table.get("dependencies"),
        table
            .get("workspace")
            .and_then(|workspace| workspace.get("dependencies")),
    ];
    for dependencies in tables.into_iter().flatten().filter_map(toml::Value::as_table) {
        names.extend(dependencies.keys().cloned());
    }
    names
}
