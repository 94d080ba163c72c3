//! What the packages of the project need at run time: those that its manifests and lock files name, and those that
//! commands install by name.

use std::ops::Range;

use crate::context::ContextSource;
use crate::effects::Evidence;
use crate::facts::{Base, Facts, Stage};
use crate::knowledge::{Action, Ecosystem, Family, RuntimeNeed, When, runtime_needs, start_needs};
use crate::syntax::Dockerfile;

use super::listing::{Manifests, is_binding};
use super::manifests::Listed;
use super::{Needs, Unanswered, development};

/// What decides whether a package with binaries in its registry is built from source all the same.
pub(super) struct Builds {
    /// The version of the language, `3.11`.
    version: Option<String>,
    /// The packages that options and variables say to compile; `:all:` means all of them.
    forced: Vec<String>,
    is_alpine: bool,
}

impl Builds {
    /// Reads the whole file: packages may be built in any stage.
    pub(super) fn of(file: &Dockerfile, facts: &Facts, family: Family) -> Builds {
        let python = facts.stages.iter().find_map(|stage| match &stage.base {
            Base::Image(image) if image.official_name() == Some("python") => {
                let tag = image.tag.as_deref()?.split('-').next()?;
                let mut parts = tag.split('.');
                Some(format!("{}.{}", parts.next()?, parts.next()?))
            }
            _ => None,
        });
        let mut forced: Vec<String> = Vec::new();
        // Many packages have no binaries for musl.
        if family == Family::Alpine {
            forced.push(":all:".to_owned());
        }
        for instruction in &file.instructions {
            let text = instruction.text();
            if text.contains("--build-from-source") {
                forced.push(":all:".to_owned());
            }
            for sign in ["--no-binary", "PIP_NO_BINARY"] {
                for (at, _) in text.match_indices(sign) {
                    let rest = text.get(at + sign.len()..).unwrap_or_default();
                    let rest = rest.trim_start_matches(['=', ' ', '"', '\'']);
                    let value = rest.split([' ', '"', '\'', '\n']).next().unwrap_or_default();
                    forced.extend(value.split(',').map(str::to_ascii_lowercase));
                }
            }
        }
        Builds {
            version: python,
            forced,
            is_alpine: family == Family::Alpine,
        }
    }

    /// Whether a package is compiled, or may be: it is where an option says so, and where it is pinned to a version of
    /// which nothing tells that the registry has binaries. Without a pin the registry's newest version counts.
    fn compiles(&self, package: &RuntimeNeed, found: &Listed) -> bool {
        let mut forced = self.forced.iter();
        if forced.any(|name| name == ":all:" || *name == package.package) && !self.is_locked_binary(found) {
            return true;
        }
        let Some(version) = found
            .version
            .as_deref()
            .filter(|_| package.ecosystem == Ecosystem::Python)
        else {
            return false;
        };
        if self.is_locked_binary(found) {
            return false;
        }
        let since = match &self.version {
            Some(python) => package.binaries_since.get(python),
            // Whatever Python it is, the last of them has binaries since then.
            None => package.binaries_since.values().max_by_key(|version| numbers(version)),
        };
        since
            .or_else(|| package.binaries_since.get("any"))
            .is_none_or(|since| numbers(version) < numbers(since))
    }

    /// Whether the lock names a binary package for this system.
    fn is_locked_binary(&self, found: &Listed) -> bool {
        let python = self
            .version
            .as_deref()
            .map(|version| format!("cp{}", version.replace('.', "")));
        let fits = |file: &String| {
            let is_system = file.contains(if self.is_alpine { "musllinux" } else { "manylinux" });
            let is_python = python.as_ref().is_none_or(|python| file.contains(python.as_str()))
                || file.contains("abi3")
                || file.contains("-py3-");
            is_system && is_python
        };
        found.files.iter().any(fits)
    }
}

/// The numbers of a version, for comparison.
fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

/// Adds what the packages of the project need.
pub(super) fn read(
    file: &Dockerfile,
    facts: &Facts,
    stage: &Stage,
    context: &ContextSource,
    builds: &Builds,
    needs: &mut Needs,
) {
    let left_out = development::left_out(file, facts, stage, context);
    for (ecosystem, name, version, place) in installed(file, facts, stage.instructions.clone()) {
        let package = Listed {
            name,
            version,
            ..Listed::default()
        };
        add(needs, builds, ecosystem, &package, &place);
    }
    let builds_crates = uses(file, facts, Ecosystem::Rust);
    for (ecosystem, place, package) in context.remembered(needing).iter() {
        // Beside a program of another language they are of a part that this image does not build.
        let is_built = *ecosystem != Ecosystem::Rust || builds_crates;
        if is_built && !left_out.contains(&package.name) {
            add(needs, builds, *ecosystem, package, place);
        }
    }
    // One in a folder may be a template, or a test of something.
    let manifests = context.remembered(Manifests::of);
    if let Some(path) = manifests.unreadable().find(|path| !path.contains('/')) {
        needs.unread_manifest = Some(Unanswered::new(
            path,
            "cannot be read, and may name packages that need tools or libraries".to_owned(),
            "correct the file",
        ));
    }
}

/// Whether a command of the file calls a manager of packages of this registry.
fn uses(file: &Dockerfile, facts: &Facts, ecosystem: Ecosystem) -> bool {
    let runs = (0..file.instructions.len()).filter_map(|index| facts.run(file, index));
    let mut commands = runs.flat_map(|run| &run.commands);
    commands.any(|command| {
        command
            .manager
            .as_ref()
            .is_some_and(|used| used.manager.ecosystem == Some(ecosystem))
    })
}

/// Programs that use OpenMP load a library that only compilers bring.
pub(super) fn openmp(context: &ContextSource, needs: &mut Needs) {
    if let Some(evidence) = &*context.remembered(asks_for_openmp) {
        needs
            .libraries
            .entry("libgomp1".to_owned())
            .or_insert_with(|| evidence.clone());
    }
}

/// The packages of all manifests that may need something of the system, each with its place.
fn needing(context: &ContextSource) -> Vec<(Ecosystem, String, Listed)> {
    let manifests = context.remembered(Manifests::of);
    let needing = manifests.packages().filter(|(ecosystem, _, package)| {
        runtime_needs(*ecosystem, &package.name).is_some() || is_binding(*ecosystem, &package.name)
    });
    needing
        .map(|(ecosystem, place, package)| (ecosystem, place, package.clone()))
        .collect()
}

/// The first file of a context by which something compiles with OpenMP.
fn asks_for_openmp(context: &ContextSource) -> Option<Evidence> {
    let names = &start_needs().build_files;
    let is_build_file = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        names
            .iter()
            .any(|known| name == known || known.starts_with('.') && name.ends_with(known.as_str()))
    };
    let asks = |path: &&str| {
        context
            .read(path)
            .is_ok_and(|text| text.to_ascii_lowercase().contains("openmp"))
    };
    context.sources(is_build_file).find(asks).map(|path| Evidence {
        place: path.to_owned(),
        fact: "compiles with OpenMP".to_owned(),
    })
}

fn add(needs: &mut Needs, builds: &Builds, ecosystem: Ecosystem, package: &Listed, place: &str) {
    let evidence = || Evidence {
        place: place.to_owned(),
        fact: format!("{} needs it", package.name),
    };
    let Some(need) = runtime_needs(ecosystem, &package.name) else {
        if is_binding(ecosystem, &package.name) {
            needs.link(&package.name, || Evidence {
                place: place.to_owned(),
                fact: format!("names the crate {}, which may link a library", package.name),
            });
        }
        return;
    };
    if need.when == When::Never || package.parts.iter().any(|part| need.bundled_with.contains(part)) {
        return;
    }
    if need.finds_libraries {
        needs.finds_libraries.get_or_insert_with(|| Evidence {
            place: place.to_owned(),
            fact: format!(
                "names {}, which looks for a library by its name when it runs",
                package.name
            ),
        });
    }
    if need.when == When::BuiltFromSource && !builds.compiles(need, package) {
        return;
    }
    for tool in need.tools.iter().flat_map(|tools| tools.split('|')) {
        needs.tool(tool, evidence);
    }
    for library in &need.libraries {
        needs.libraries.entry(library.clone()).or_insert_with(evidence);
    }
}

/// The packages that commands of the stage install by name, with the line.
pub(crate) fn installed_by_name(
    file: &Dockerfile,
    facts: &Facts,
    stage: Range<usize>,
) -> Vec<(Ecosystem, String, String)> {
    let found = installed(file, facts, stage).into_iter();
    found
        .map(|(ecosystem, name, _, place)| (ecosystem, name, place))
        .collect()
}

fn installed(
    file: &Dockerfile,
    facts: &Facts,
    stage: Range<usize>,
) -> Vec<(Ecosystem, String, Option<String>, String)> {
    let mut found = Vec::new();
    for index in stage {
        let Some(run) = facts.run(file, index) else { continue };
        for used in run.commands.iter().filter_map(|command| command.manager.as_ref()) {
            let Some(ecosystem) = used.manager.ecosystem else {
                continue;
            };
            if matches!(used.action, Action::Install | Action::Upgrade) {
                let place = file.place_of(index);
                found.extend(used.packages.iter().map(|(name, rest, _)| {
                    let version = rest.as_deref().and_then(|rest| rest.strip_prefix("=="));
                    (ecosystem, name.clone(), version.map(str::to_owned), place.clone())
                }));
            }
        }
    }
    found
}
