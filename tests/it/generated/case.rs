//! One generated Dockerfile with its context, and what is known of its image.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::draft::{Draft, Made};
use super::{compiled, files, interpreted, start};

/// A Dockerfile with its context.
pub struct Case {
    pub seed: u64,
    pub dockerfile: String,
    pub context: BTreeMap<String, String>,
    /// How what the start reads came to be there.
    pub reads: Vec<Vec<Made>>,
    /// What a container prints.
    pub prints: String,
}

/// Makes something in a draft.
type Build = fn(&mut Draft);

/// Images, and what can be built in them.
const BASES: [(&str, &[Build]); 9] = [
    ("buildpack-deps:bookworm", &[compiled::c]),
    ("python:3.11", &[compiled::c, interpreted::python]),
    ("python:3.11", &[interpreted::python]),
    ("node:20", &[interpreted::node]),
    ("node:20", &[compiled::c, interpreted::node]),
    ("golang:1.24", &[compiled::go]),
    ("golang:1.24", &[compiled::go, compiled::c]),
    ("rust:1.95-bookworm", &[compiled::rust]),
    ("debian:bookworm", &[compiled::c]),
];

impl Case {
    /// The case of this number.
    pub fn new(seed: u64) -> Case {
        let mut draft = Draft::new(seed);
        let (base, builds) = BASES[draft.random.below(BASES.len())];
        let is_staged = draft.random.chance(25);
        draft.line(format!("FROM {base}{}", if is_staged { " AS build" } else { "" }));
        if base.starts_with("debian") {
            draft.line("RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev make");
        }
        body(&mut draft, builds);
        if is_staged {
            last_stage(&mut draft, base);
        }
        let started = start::start(&mut draft);
        let mut case = Case {
            seed,
            dockerfile: draft.lines.join("\n") + "\n",
            context: draft.context,
            reads: Vec::new(),
            prints: String::new(),
        };
        for thing in started.into_iter().map(|at| &draft.things[at]) {
            case.reads.push(thing.history.clone());
            case.reads.extend(thing.needs.iter().cloned());
            case.prints += &format!("{}\n", thing.says);
        }
        case
    }

    /// Writes the build context to `folder`.
    pub fn write_to(&self, folder: &Path) {
        for (path, text) in &self.context {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
}

/// Everything between FROM and the start.
fn body(draft: &mut Draft, builds: &[Build]) {
    if draft.random.chance(40) {
        draft.variable();
    }
    if draft.random.chance(80) {
        working_folder(draft);
    }
    if draft.random.chance(50) {
        draft.line("COPY . .");
        draft.everything = Some(draft.folder.trim_end_matches('/').to_owned());
    }
    let steps = 2 + draft.random.below(5);
    for step in 0..steps {
        if step == 0 || draft.random.chance(30) {
            builds[draft.random.below(builds.len())](draft);
        } else {
            files::change(draft);
        }
        if draft.everything.is_none() && draft.random.chance(15) {
            working_folder(draft);
        }
    }
    draft.flush();
}

fn working_folder(draft: &mut Draft) {
    let folder = draft
        .random
        .pick(&["/app", "/src/app", "/srv/app", "/code", "/opt/app"])
        .to_owned();
    let spelt = draft.spell(&folder);
    draft.line(format!(
        "WORKDIR {}",
        if spelt.starts_with('$') { &spelt } else { &folder }
    ));
    draft.has(&folder);
    draft.folder = folder;
}

/// A stage that takes everything out of the one before.
fn last_stage(draft: &mut Draft, base: &str) {
    draft.line(format!("FROM {base}"));
    draft.variables.clear();
    draft.folder = "/".to_owned();
    let is_installed = base.starts_with("python") || base.starts_with("node");
    // Packages are in folders that no single path names.
    if is_installed || draft.random.chance(50) {
        draft.line("FROM build AS final");
        draft.lines.remove(draft.lines.len() - 2);
        return;
    }
    let mut folders: Vec<String> = Vec::new();
    for thing in draft.things.clone() {
        let histories = thing.needs.iter().chain([&thing.history]);
        folders.extend(
            histories
                .filter_map(|history| history.last())
                .map(|made| made.path.clone()),
        );
    }
    folders.sort();
    folders.dedup();
    for path in folders {
        draft.line(format!("COPY --from=build {path} {path}"));
    }
}
