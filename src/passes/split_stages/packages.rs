//! System packages: which of them the builder needs, and which the program.

use std::collections::BTreeMap;

use crate::facts::Execution;
use crate::knowledge::{
    Action, CALLS_ARE_SHOWN, Kind, PackageRole, Release, UNSEEN_TOOLS_ARE_UNNEEDED, installed_closure_size,
    package_role, runtime_of,
};

use crate::effects::needs::Unanswered;

use super::Evidence;
use super::work::Works;

/// Where a package is needed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) builder: bool,
    pub(super) runtime: bool,
    /// The assumption that it rests on, if it does on one.
    pub(super) assumes: Option<&'static str>,
    pub(super) why: String,
}

/// A package that a command of a RUN names.
#[derive(Clone, Debug)]
pub(super) struct Divided {
    /// The RUN.
    pub(super) run: usize,
    /// The numbers of command and word.
    pub(super) at: (usize, usize),
    pub(super) name: String,
    pub(super) place: Place,
}

/// What is known of the use of packages.
pub(super) struct Uses<'a> {
    pub(super) release: &'a Release,
    /// Whether the image is of a distribution, without a language of its own.
    pub(super) is_distribution: bool,
    /// Whether a tool that nothing is seen to call may be left out of the runtime stage.
    pub(super) may_assume: bool,
    /// The packages whose tools run in the image, with what says so.
    pub(super) at_run_time: BTreeMap<String, Evidence>,
    /// What keeps it from being known which tools run: what the file installs by name then stays, compilers too.
    pub(super) unknown: Option<&'a Unanswered>,
    /// The packages whose tools the builder's commands call, or that installs need.
    pub(super) in_builder: BTreeMap<String, String>,
    /// Whether a step of the builder may use any package, though nothing names it.
    pub(super) builds_with_any: bool,
}

/// Divides the packages that a RUN installs; none where a word of a package list is not literal.
pub(super) fn divide(index: usize, run: &Execution, works: &Works, uses: &Uses<'_>) -> Option<Vec<Divided>> {
    let removed = removed_again(run);
    let mut divided = Vec::new();
    for (number, command) in run.commands.iter().enumerate() {
        let Some(used) = &command.manager else { continue };
        if used.manager.kind != Kind::System || used.action != Action::Install {
            continue;
        }
        if used.has_unknown_arguments || command.words.iter().any(|word| word.value.is_none()) {
            return None;
        }
        let group = used
            .options
            .iter()
            .find(|(name, ..)| matches!(name.as_str(), "-t" | "--virtual"))
            .and_then(|(_, value, _)| value.clone());
        for (name, _, word) in &used.packages {
            let is_removed = removed.iter().any(|gone| gone == name || group.as_ref() == Some(gone));
            let place = if is_removed && works.builds() {
                Place {
                    builder: true,
                    runtime: false,
                    assumes: None,
                    why: "the same RUN removes it again".to_owned(),
                }
            } else {
                place(name, uses)
            };
            divided.push(Divided {
                run: index,
                at: (number, *word),
                name: name.clone(),
                place,
            });
        }
    }
    Some(divided)
}

/// What commands of the same RUN remove.
pub(super) fn removed_again(run: &Execution) -> Vec<String> {
    let removals = run.commands.iter().filter_map(|command| command.manager.as_ref());
    removals
        .filter(|used| used.manager.kind == Kind::System && used.action == Action::Remove)
        .flat_map(|used| used.packages.iter().map(|(name, ..)| name.clone()))
        .collect()
}

/// Whether a package is only there to build: such packages make a split worth its while.
pub(super) fn is_for_builds(name: &str, release: &Release) -> bool {
    match role(name, release) {
        Some(PackageRole::BuildOnly) => true,
        Some(PackageRole::Headers) => runtime_of(release, name).is_some(),
        _ => false,
    }
}

/// What the headers among `divided` bring beyond the libraries that take their place, in KiB: an estimate.
pub(super) fn weight_of_headers(divided: &[&Divided], release: &Release) -> u64 {
    let names = divided.iter().map(|package| package.name.as_str());
    let is_headers = |name: &&str| role(name, release) == Some(PackageRole::Headers) && is_for_builds(name, release);
    let headers: Vec<&str> = names.filter(is_headers).collect();
    let libraries: Vec<&str> = headers
        .iter()
        .flat_map(|name| runtime_of(release, name).unwrap_or_default())
        .collect();
    installed_closure_size(release, &headers).saturating_sub(installed_closure_size(release, &libraries))
}

fn role(name: &str, release: &Release) -> Option<PackageRole> {
    package_role(release.family, name)
}

pub(super) fn place(name: &str, uses: &Uses<'_>) -> Place {
    let at_run_time = uses.at_run_time.get(name);
    let in_builder = uses.in_builder.get(name);
    let is_for_builder = in_builder.is_some() || uses.builds_with_any;
    let here = |builder: bool, runtime: bool, why: String| Place {
        builder,
        runtime,
        assumes: None,
        why,
    };
    let left = |assumes: &'static str, why: String| Place {
        assumes: Some(assumes),
        ..here(true, false, why)
    };
    if let Some(evidence) = at_run_time {
        let builds = is_for_builder
            || matches!(
                role(name, uses.release),
                Some(PackageRole::BuildOnly | PackageRole::Headers | PackageRole::Language) | None
            );
        return here(builds, true, format!("{}: {}", evidence.place, evidence.fact));
    }
    match role(name, uses.release) {
        Some(PackageRole::BuildOnly) => match uses.unknown {
            Some(unknown) => here(true, true, unknown.obstacle().found),
            None => left(CALLS_ARE_SHOWN, "only builds use it".to_owned()),
        },
        Some(PackageRole::Headers) => here(true, true, "builds use its headers, the program the library".to_owned()),
        Some(PackageRole::Runtime) => here(is_for_builder, true, "programs use it at run time".to_owned()),
        // A tool that no command calls may still be called by what an install runs.
        Some(PackageRole::Either) => match (in_builder, uses.unknown) {
            (Some(why), None) => left(CALLS_ARE_SHOWN, format!("{why}, and nothing that runs calls it")),
            (_, Some(unknown)) => here(true, true, unknown.obstacle().found),
            (None, None) if uses.may_assume => left(
                UNSEEN_TOOLS_ARE_UNNEEDED,
                "no command, script or source is seen to call it".to_owned(),
            ),
            (None, None) => here(
                true,
                true,
                "nothing tells which of the stages uses it; level aggressive leaves it to the builder".to_owned(),
            ),
        },
        Some(PackageRole::Both) => here(true, true, "builds and programs use it".to_owned()),
        Some(PackageRole::Language) => {
            let is_own = uses.is_distribution || in_builder.is_none();
            let unknown = uses.unknown.filter(|_| !is_own).map(|unknown| unknown.obstacle().found);
            let why = unknown.clone().or_else(|| in_builder.cloned());
            here(
                true,
                is_own || unknown.is_some(),
                why.unwrap_or_else(|| "an interpreter".to_owned()),
            )
        }
        None => {
            let is_library = name.starts_with("lib") || name.starts_with("fonts-");
            let why = if is_library {
                "a library"
            } else {
                "nothing tells what it is for"
            };
            here(!is_library || is_for_builder, true, why.to_owned())
        }
    }
}
