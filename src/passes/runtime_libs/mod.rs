//! `runtime-libs`: libraries in the place of `-dev` packages where nothing is compiled. See
//! `docs/passes/runtime-libs.md`.

use std::collections::BTreeSet;

use crate::context::ContextSource;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Body, Facts};
use crate::knowledge::{Action, Kind, PackageRole, package_role, runtime_of};
use crate::syntax::{Dockerfile, Edit};

use super::split_stages::{builds, is_runtime_stage, release};
use super::{Change, Level, Outcome, Pass, PassOptions, Refusal};

/// Swaps `-dev` packages of the runtime stage for the libraries that programs built with them load.
pub struct RuntimeLibs;

impl Pass for RuntimeLibs {
    fn id(&self) -> &'static str {
        "runtime-libs"
    }

    fn level(&self) -> Level {
        Level::Standard
    }

    fn page(&self) -> &'static str {
        include_str!("../../../docs/passes/runtime-libs.md")
    }

    fn run(&self, file: &mut Dockerfile, facts: &Facts, options: &PassOptions) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(stage) = facts.stages.last().filter(|stage| is_runtime_stage(file, stage)) else {
            return outcome;
        };
        let Some(release) = release(file, stage) else {
            return outcome;
        };
        if builds(file, facts, stage).is_some() {
            return outcome;
        }
        let unversioned = options
            .context
            .as_deref()
            .map(|context| context.remembered(loads_unversioned));
        for index in stage.instructions.clone() {
            let Some(run) = facts.run(file, index) else { continue };
            let Body::Script(script) = &run.body else { continue };
            if facts.skips(index, self.id()) {
                continue;
            }
            let Some(lines) = file.instructions.get(index).and_then(|instruction| instruction.lines) else {
                continue;
            };
            let mut named: BTreeSet<String> = BTreeSet::new();
            let (mut edits, mut swapped) = (Vec::new(), Vec::new());
            for command in &run.commands {
                let Some(used) = &command.manager else { continue };
                if used.manager.kind != Kind::System || used.action != Action::Install || !command.editable {
                    continue;
                }
                named.extend(used.packages.iter().map(|(name, ..)| name.clone()));
                let is_headers = |name: &str| package_role(release.family, name) == Some(PackageRole::Headers);
                for (name, version, word) in used.packages.iter().filter(|(name, ..)| is_headers(name)) {
                    let refusal = |obstacle: Obstacle| {
                        let what = format!("install the libraries of {name} instead of its headers");
                        Refusal::new(RuntimeLibs.id(), lines, what, obstacle)
                    };
                    let libraries = match (unversioned.as_deref(), runtime_of(&release, name)) {
                        (None, _) => Err(Obstacle::new(
                            ObstacleKind::MissingFile,
                            "without the build context nothing tells whether something is compiled at start",
                            "name the build context with --context DIR",
                        )),
                        (Some(Some(place)), _) => Err(Obstacle::new(
                            ObstacleKind::InUse,
                            format!("{place} loads a library by a name that only the -dev package brings"),
                            "load it by its full name: libfoo.so.1",
                        )),
                        (_, None) => Err(Obstacle::new(
                            ObstacleKind::UnknownPackage,
                            format!("nothing is known of the libraries of {name} in this release"),
                            "install the library itself in the last stage",
                        )),
                        (_, Some(_)) if version.is_some() => Err(Obstacle::new(
                            ObstacleKind::Chosen,
                            format!("{name} is pinned to a version"),
                            "install the library itself in the last stage",
                        )),
                        (_, Some(libraries)) => Ok(libraries),
                    };
                    let libraries = match libraries {
                        Ok(libraries) => libraries,
                        Err(obstacle) => {
                            outcome.refusals.push(refusal(obstacle));
                            continue;
                        }
                    };
                    let has_library = !libraries.is_empty();
                    let new: Vec<&str> = libraries
                        .into_iter()
                        .filter(|library| named.insert((*library).to_owned()))
                        .collect();
                    let Some([before, own]) = command.words.get(word.saturating_sub(1)..=*word) else {
                        continue;
                    };
                    // As the names stand to each other in the file, so do the new ones.
                    let text = file.instructions.get(index).map(|instruction| instruction.text());
                    let gap = text.and_then(|text| {
                        text.get(script.source(before.span.clone()).end..script.source(own.span.clone()).start)
                    });
                    let between = gap
                        .filter(|gap| gap.contains('\n') && !gap.contains('#'))
                        .unwrap_or(" ");
                    edits.push(if new.is_empty() {
                        Edit::delete(script.source_behind(before.span.end..own.span.end))
                    } else {
                        Edit::replace(script.source(own.span.clone()), new.join(between))
                    });
                    swapped.push(match (has_library, new.is_empty()) {
                        (false, _) => format!("{name}, which holds headers alone, by nothing"),
                        (true, true) => format!("{name} by nothing, as the rest has its libraries"),
                        (true, false) => format!("{name} by {}", new.join(", ")),
                    });
                }
            }
            if !edits.is_empty() && file.edit(index, edits).is_ok() {
                outcome.changes.push(Change {
                    pass: self.id(),
                    level: Level::Standard,
                    lines,
                    what: format!("replace {}", swapped.join("; ")),
                    why: "nothing is compiled in this stage: programs load the library, and headers are of no use"
                        .to_owned(),
                    evidence: Vec::new(),
                    assumptions: Vec::new(),
                });
            }
        }
        outcome
    }
}

/// The first source that loads a library by its name without a version, which only `-dev` packages have.
fn loads_unversioned(context: &ContextSource) -> Option<String> {
    let is_code = |path: &str| {
        [".py", ".js", ".ts", ".rb", ".php", ".jl", ".lua", ".R", ".java"]
            .iter()
            .any(|ending| path.ends_with(ending))
    };
    let mut sources = context.sources(is_code);
    let found = sources.find(|path| {
        context.read(path).is_ok_and(|text| {
            text.match_indices(".so").any(|(at, _)| {
                let before = text.get(..at).unwrap_or_default();
                let name = before.rsplit(['"', '\'', '/', ' ']).next().unwrap_or_default();
                let ends = text.get(at + 3..).is_some_and(|rest| rest.starts_with(['"', '\'']));
                ends && name.starts_with("lib")
                    && before
                        .get(..before.len() - name.len())
                        .is_some_and(|b| b.ends_with(['"', '\'']))
            })
        })
    });
    found.map(str::to_owned)
}
