//! What the packages of the project need at run time: those that its manifests and lock files name.

use std::ops::Range;

use crate::context::{ContextSource, sources};
use crate::facts::Facts;
use crate::knowledge::{Action, Ecosystem, runtime_needs};
use crate::syntax::Dockerfile;

use super::super::Evidence;
use super::Needs;

/// Adds what the packages of the project need.
pub(super) fn read(file: &Dockerfile, facts: &Facts, stage: Range<usize>, context: &ContextSource, needs: &mut Needs) {
    for (ecosystem, name, place) in installed_by_name(file, facts, stage) {
        add(needs, ecosystem, &name, &place);
    }
    let wanted = |path: &str| ecosystem_of(path).is_some();
    for path in sources(context, wanted) {
        let (Some(ecosystem), Ok(text)) = (ecosystem_of(&path), context.read(&path)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if let Some(name) = named(&path, line) {
                add(needs, ecosystem, name, &format!("{path}:{}", number + 1));
            }
        }
    }
}

/// Compiled programs that speak TLS, or know time zones, read files that no library brings.
pub(super) fn files(context: &ContextSource, needs: &mut Needs) {
    const TLS: &[&str] = &[
        "\"net/http\"",
        "\"crypto/tls\"",
        "\"crypto/x509\"",
        "require ",
        "rustls",
        "native-tls",
        "openssl",
        "hyper",
        "reqwest",
        "ureq",
        "curl",
        "tungstenite",
        "tonic",
        "sqlx",
        "tokio-postgres",
    ];
    const ZONES: &[&str] = &["LoadLocation", "tzfile", "iana-time-zone", "tz-rs", "time/tzdata"];
    let is_compiled = |path: &str| {
        path.ends_with(".go") || path.ends_with(".rs") || path.ends_with("go.mod") || path.ends_with("Cargo.lock")
    };
    for path in sources(context, is_compiled) {
        let Ok(text) = context.read(&path) else { continue };
        for (signs, package, what) in [
            (TLS, "ca-certificates", "may speak TLS"),
            (ZONES, "tzdata", "knows time zones"),
        ] {
            let is_go_sum = path.ends_with(".go") && signs.iter().take(3).any(|sign| text.contains(sign));
            let found = if path.ends_with(".go") && package == "ca-certificates" {
                is_go_sum
            } else {
                signs.iter().any(|sign| text.contains(sign))
            };
            if found {
                let evidence = || Evidence {
                    place: path.clone(),
                    fact: what.to_owned(),
                };
                needs.packages.entry(package).or_insert_with(evidence);
            }
        }
    }
}

fn add(needs: &mut Needs, ecosystem: Ecosystem, name: &str, place: &str) {
    let Some(need) = runtime_needs(ecosystem, name) else {
        return;
    };
    let evidence = || Evidence {
        place: place.to_owned(),
        fact: format!("{name} needs it"),
    };
    for tool in need.tools.iter().flat_map(|tools| tools.split('|')) {
        needs.tool(tool, evidence);
    }
    for library in &need.libraries {
        needs.libraries.entry(library.clone()).or_insert_with(evidence);
    }
}

/// The packages that commands of the stage install by name, with the line.
pub(in super::super) fn installed_by_name(
    file: &Dockerfile,
    facts: &Facts,
    stage: Range<usize>,
) -> Vec<(Ecosystem, String, String)> {
    let mut found = Vec::new();
    for index in stage {
        let Some(run) = facts.run(file, index) else { continue };
        let line = file
            .instructions
            .get(index)
            .and_then(|instruction| instruction.lines)
            .map_or(0, |lines| lines.first);
        for used in run.commands.iter().filter_map(|command| command.manager.as_ref()) {
            let ecosystem = match used.manager.id.as_str() {
                "pip" | "uv" | "poetry" | "pipenv" | "pdm" => Ecosystem::Python,
                "npm" | "yarn" | "yarn-berry" | "pnpm" | "bun" => Ecosystem::Node,
                "gem" | "bundler" => Ecosystem::Ruby,
                "composer" => Ecosystem::Php,
                _ => continue,
            };
            if matches!(used.action, Action::Install | Action::Upgrade) {
                let place = format!("{}:{line}", file.name);
                found.extend(
                    used.packages
                        .iter()
                        .map(|(name, ..)| (ecosystem, name.clone(), place.clone())),
                );
            }
        }
    }
    found
}

/// Of which registry a manifest or lock file names packages.
fn ecosystem_of(path: &str) -> Option<Ecosystem> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_requirements = name.ends_with(".txt") && (name.contains("require") || path.contains("requirements/"))
        || name.ends_with(".in") && name.contains("require");
    Some(match name {
        "pyproject.toml" | "setup.py" | "setup.cfg" | "Pipfile" | "Pipfile.lock" | "poetry.lock" | "uv.lock"
        | "pdm.lock" | "environment.yml" | "environment.yaml" => Ecosystem::Python,
        "package.json" | "package-lock.json" | "yarn.lock" | "pnpm-lock.yaml" => Ecosystem::Node,
        "Gemfile" | "Gemfile.lock" => Ecosystem::Ruby,
        "composer.json" | "composer.lock" => Ecosystem::Php,
        _ if is_requirements => Ecosystem::Python,
        _ => return None,
    })
}

/// The package that a line of a manifest or lock file names, if it may be one. A line that names none gives a word that
/// no table has.
fn named<'l>(path: &str, line: &'l str) -> Option<&'l str> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    // poetry.lock and uv.lock: `name = "x"`.
    let line = line
        .strip_prefix("name = ")
        .filter(|_| path.ends_with(".lock"))
        .unwrap_or(line);
    let line = line.trim_start_matches(['-', ' ', '"', '\'', '/', '[']);
    let line = line.strip_prefix("node_modules/").unwrap_or(line);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let scope = line
        .starts_with('@')
        .then(|| line.find('/'))
        .flatten()
        .map_or(0, |slash| slash + 1);
    let rest = line.get(scope..)?;
    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    line.get(..scope + end).filter(|name| !name.is_empty())
}
