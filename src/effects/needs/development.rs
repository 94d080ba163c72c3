//! Packages of Node.js that an image does not hold, as they are for development alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::context::ContextSource;
use crate::effects::ecosystems::node::manifests::npm_locked;
use crate::facts::{Command, Facts, ManagerUse, Stage};
use crate::syntax::Dockerfile;

/// The packages that are declared for development alone, if the last command that installs packages
/// for the stage leaves them out. `stage` takes them out of other stages, or installs them itself.
pub(super) fn left_out(
    file: &Dockerfile,
    facts: &Facts,
    stage: &Stage,
    context: &ContextSource,
) -> Arc<BTreeSet<String>> {
    let sources = stage.instructions.clone().filter_map(|index| {
        let from = file.instructions.get(index)?.node().flag("from")?;
        facts.stages.iter().find(|stage| stage.name.as_deref() == Some(from))
    });
    let ranges = sources.chain([stage]).map(|stage| stage.instructions.clone());
    let runs = ranges.flatten().filter_map(|index| facts.run(file, index));
    let installs = |command: &&Command| {
        let used = command.manager.as_ref();
        used.is_some_and(ManagerUse::changes_node_project)
    };
    let last = runs.flat_map(|run| &run.commands).rfind(installs);
    if !last.is_some_and(Command::says_production) {
        return Arc::default();
    }
    context.remembered(declared_for_development)
}

/// The packages that manifests and locks of npm declare for development alone.
fn declared_for_development(context: &ContextSource) -> BTreeSet<String> {
    let (mut development, mut production) = (BTreeSet::new(), BTreeSet::new());
    let is_manifest = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(name, "package.json" | "package-lock.json" | "npm-shrinkwrap.json")
    };
    for path in context.sources(is_manifest) {
        let Some(value) = context
            .read(path)
            .ok()
            .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        else {
            continue;
        };
        let group = |name: &str| value.get(name).and_then(Value::as_object).into_iter().flatten();
        development.extend(group("devDependencies").map(|(name, _)| name.clone()));
        production.extend(group("dependencies").map(|(name, _)| name.clone()));
        for package in npm_locked(&value) {
            let names = if package.is_development {
                &mut development
            } else {
                &mut production
            };
            names.insert(package.name.to_owned());
        }
    }
    development.retain(|name| !production.contains(name));
    development
}
