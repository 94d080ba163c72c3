//! The projects that are built: what `project.toml` declares, and the files around it.
//!
//! `app/` is the build context, `edited/` the files laid over it for the rebuild: a manifest with one package more, its
//! lock file, and a source that uses the package.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use plimsoll::passes::Level;
use serde::Deserialize;

/// A small project with a Dockerfile as people write them.
pub struct Project {
    /// The name of its folder.
    pub name: String,
    /// What `project.toml` says.
    pub declared: Declared,
    folder: PathBuf,
}

/// `project.toml`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Declared {
    /// What this project adds to the others.
    #[expect(dead_code, reason = "for the reader of project.toml")]
    about: String,
    /// What the container prints when started without arguments.
    pub output: String,
    /// The same after the edit.
    pub edited_output: String,
    /// What the log of the rebuild must show.
    #[serde(default)]
    pub log: Log,
    /// The level of the rewrite.
    #[serde(default = "safe")]
    pub level: Level,
    /// The images that the rewritten Dockerfile starts from beside those of the original.
    #[serde(default)]
    pub bases: Vec<String>,
    /// Files of the developer that lie in the context, in megabytes. The .dockerignore that is proposed keeps them out.
    #[serde(default)]
    pub bulk: BTreeMap<String, u64>,
    /// For level standard: what stays the same and what goes.
    pub split: Option<Split>,
}

fn safe() -> Level {
    Level::Safe
}

/// What a split must do to the image.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Split {
    /// Folders of which the image must hold the same files.
    pub same: Vec<String>,
    /// Files that the image must not hold any more.
    pub gone: Vec<String>,
    /// By how much the image must get smaller, in per cent.
    pub smaller_by: u64,
}

/// How the log of the rebuild shows that the packages known before came from the mount.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Log {
    /// For managers that keep silent: a command, and how to make it say more, for the rebuild only.
    pub loud: Option<Loud>,
    /// The line of a download, as a regular expression with `{}` for the package.
    pub fetched: Option<String>,
    /// Packages of the first build.
    #[serde(default)]
    pub known: Vec<String>,
    /// Packages that the edit added.
    #[serde(default)]
    pub new: Vec<String>,
    /// Regular expressions that must match as well.
    #[serde(default)]
    pub shows: Vec<String>,
}

/// A replacement in the text of the rewritten Dockerfile.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loud {
    pub from: String,
    pub to: String,
}

impl Project {
    /// All projects, by name.
    pub fn all() -> Result<Vec<Project>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/projects");
        let mut folders = Vec::new();
        for entry in fs::read_dir(&root).with_context(|| root.display().to_string())? {
            folders.push(entry?.path());
        }
        folders.sort();
        folders.into_iter().map(Project::read).collect()
    }

    fn read(folder: PathBuf) -> Result<Project> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = folder.join("project.toml");
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let declared = toml::from_str(&text).with_context(|| file.display().to_string())?;
        Ok(Project { name, declared, folder })
    }

    /// Its Dockerfile.
    pub fn dockerfile(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join("app/Dockerfile"))?)
    }

    /// Its Dockerfile after the edit, where the edit is to the Dockerfile: apt has no other list of packages.
    pub fn edited_dockerfile(&self) -> Option<String> {
        fs::read_to_string(self.folder.join("edited/Dockerfile")).ok()
    }

    /// Copies the build context to `folder`.
    pub fn copy_to(&self, folder: &Path) -> Result<()> {
        lay_over(&self.folder.join("app"), folder)?;
        for (path, megabytes) in &self.declared.bulk {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::File::create(path)?.set_len(megabytes * 1_000_000)?;
        }
        Ok(())
    }

    /// Lays the edited files over the copy in `folder`.
    pub fn edit(&self, folder: &Path) -> Result<()> {
        lay_over(&self.folder.join("edited"), folder)
    }

    /// The images that its Dockerfile starts from.
    pub fn base_images(&self) -> Vec<String> {
        let text = self.dockerfile().unwrap_or_default();
        let froms: Vec<Vec<&str>> = text
            .lines()
            .filter_map(|line| Some(line.strip_prefix("FROM ")?.split_whitespace().collect()))
            .collect();
        let stages: Vec<&str> = froms.iter().filter_map(|words| words.get(2).copied()).collect();
        froms
            .iter()
            .filter_map(|words| words.first().copied())
            .filter(|image| !stages.contains(image))
            .map(str::to_owned)
            .chain(self.declared.bases.iter().cloned())
            .collect()
    }
}

fn lay_over(from: &Path, to: &Path) -> Result<()> {
    ensure!(from.is_dir(), "{} is missing", from.display());
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            lay_over(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
