//! A Bake file with each changed Dockerfile before and after, so that a fleet is built by whatever builders BuildKit has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fleet::Place;
use super::plan::{Build, Write};
use crate::write::atomically;

/// What the names of the files end with.
pub const ENDS: [&str; 3] = [".Dockerfile", ".Dockerfile.dockerignore", ".context"];

/// A Dockerfile to build before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What its files are called, which is the name of no other target.
    stem: String,
    /// The folder that builds are given.
    context: String,
    before: Side,
    after: Side,
}

/// A Dockerfile and what its build does not get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Side {
    dockerfile: String,
    ignore: String,
}

/// The targets of a repository: its Dockerfiles of which one of both texts changes.
pub fn targets(place: &Place, builds: &[Build], writes: &[Write]) -> Vec<Target> {
    let written = |path: &str| {
        writes
            .iter()
            .find(|write| write.path == path)
            .map(|write| write.text.clone())
    };
    let all = builds.iter().filter_map(|build| {
        let ignore = build.ignore.as_deref().and_then(written);
        let dockerfile = written(&build.path);
        (ignore.is_some() || dockerfile.is_some()).then(|| Target {
            stem: Place {
                name: format!("{}/{}", place.name, build.path),
                folder: place.folder.clone(),
            }
            .file_stem(),
            context: below(&place.folder, &build.context).to_string_lossy().into_owned(),
            after: Side {
                dockerfile: dockerfile.unwrap_or_else(|| build.text.clone()),
                ignore: ignore.unwrap_or_else(|| build.ignore_text.clone()),
            },
            before: Side {
                dockerfile: build.text.clone(),
                ignore: build.ignore_text.clone(),
            },
        })
    });
    all.collect()
}

/// `path` below `folder`, or that itself: joining nothing would leave a slash at the end.
fn below(folder: &Path, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() {
        folder.to_owned()
    } else {
        folder.join(path)
    }
}

impl Target {
    /// Writes its Dockerfiles into `folder`, and what Bake has to know of it.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn save(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        for (side, name) in [(&self.before, "before"), (&self.after, "after")] {
            let file = folder.join(format!("{}.{name}.Dockerfile", self.stem));
            atomically(&file, &side.dockerfile)?;
            // The engine takes the file of that name, and leaves the one in the context alone.
            let ignore = folder.join(format!("{}.{name}.Dockerfile.dockerignore", self.stem));
            atomically(&ignore, &side.ignore)?;
        }
        atomically(&folder.join(format!("{}.context", self.stem)), &self.context)
    }
}

/// The Bake file for all targets that were saved in `folder`.
///
/// # Errors
/// If the folder cannot be read.
pub fn bake_file(folder: &Path) -> anyhow::Result<String> {
    let mut stems = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".context") {
            stems.insert(stem.to_owned(), fs::read_to_string(&path)?);
        }
    }
    let folder = folder.canonicalize()?;
    let (mut targets, mut groups) = (BTreeMap::new(), BTreeMap::<&str, Vec<String>>::new());
    let mut names = BTreeSet::new();
    for (stem, context) in stems {
        let name = name(&stem, &mut names);
        for side in ["before", "after"] {
            let target = format!("{name}-{side}");
            let dockerfile = folder.join(format!("{stem}.{side}.Dockerfile"));
            let value = json!({ "context": context, "dockerfile": dockerfile, "tags": [format!("plimsoll-{name}:{side}").to_lowercase()] });
            targets.insert(target.clone(), value);
            groups.entry(side).or_default().push(target.clone());
            groups.entry("default").or_default().push(target);
        }
    }
    let groups: BTreeMap<&str, Value> = groups
        .into_iter()
        .map(|(name, targets)| (name, json!({ "targets": targets })))
        .collect();
    Ok(serde_json::to_string_pretty(&json!({ "group": groups, "target": targets }))? + "\n")
}

/// The stem in the letters that Bake and image names allow, and once.
fn name(stem: &str, taken: &mut BTreeSet<String>) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let plain: String = stem.chars().map(allowed).collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    let plain = parts.join("-").to_lowercase();
    let numbered = (2..).map(|number| format!("{plain}-{number}"));
    let name = std::iter::once(plain.clone())
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .unwrap_or(plain);
    taken.insert(name.clone());
    name
}
