//! Finding and reading the Dockerfile that the user means.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;

use crate::repository_file::{self, FileError, root_around};
use crate::syntax::SyntaxError;
use crate::visible::visible;

/// What a folder's Dockerfile may be called, the first one first.
const NAMES: [&str; 2] = ["Dockerfile", "Containerfile"];

/// More than any Dockerfile: whoever passes such a file has mistaken it.
const LARGEST: u64 = repository_file::LARGEST;

/// A Dockerfile that could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("no file or folder `{}`", visible(file))]
    Missing { file: String },
    #[error("no Dockerfile in the folder `{}`: looked for {}", visible(file), NAMES.join(" and "))]
    Empty { file: String },
    #[error("`{}` is larger than {} MiB, so it is hardly a Dockerfile", visible(file), LARGEST / 1024 / 1024)]
    TooLarge { file: String },
    #[error("`{}` {why}", visible(file))]
    Unread { file: String, why: FileError },
}

impl SourceError {
    fn of(file: &str, why: FileError) -> SourceError {
        let file = file.to_owned();
        match why {
            FileError::Missing => SourceError::Missing { file },
            FileError::TooLarge(_) => SourceError::TooLarge { file },
            why => SourceError::Unread { file, why },
        }
    }

    fn failed(file: &str, error: &io::Error) -> SourceError {
        SourceError::of(file, FileError::Failed(error.to_string()))
    }

    /// The name of the file or folder.
    pub(super) fn file(&self) -> &str {
        match self {
            SourceError::Missing { file }
            | SourceError::Empty { file }
            | SourceError::TooLarge { file }
            | SourceError::Unread { file, .. } => file,
        }
    }
}

/// A Dockerfile as it was read.
#[derive(Debug)]
pub(super) struct Source {
    /// What messages call it.
    pub(super) name: String,
    /// Where it is; none for standard input.
    pub(super) path: Option<PathBuf>,
    /// The folder whose configuration holds for it.
    pub(super) folder: PathBuf,
    /// Its path in a patch.
    pub(super) patch_path: PathBuf,
    /// What it says.
    pub(super) text: String,
}

impl Source {
    /// Reads the Dockerfile that `path` means: `-` is standard input, a folder means the Dockerfile in it.
    pub(super) fn read(path: &Path) -> anyhow::Result<Source> {
        let here = std::env::current_dir().context("cannot tell the current folder")?;
        if path == Path::new("-") {
            let name = "<stdin>".to_owned();
            return Ok(Source {
                text: text(&name, io::stdin().lock())?,
                name,
                path: None,
                folder: here,
                patch_path: PathBuf::from(NAMES[0]),
            });
        }

        let path = dockerfile(path)?;
        let path = path.strip_prefix(".").unwrap_or(&path);
        let name = path.display().to_string();
        let text = text_of(path)?;
        // A pipe has a name in /dev/fd, but not one that can be resolved.
        let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| here.join(path));
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        Ok(Source {
            folder: resolved(parent.unwrap_or(Path::new("."))),
            patch_path: patch_path(&resolved(path), &resolved(Path::new("."))),
            path: Some(path.to_owned()),
            name,
            text,
        })
    }
}

/// The text of the Dockerfile `path`.
///
/// # Errors
/// If it is a link out of its repository, no regular file, too large, or no text.
pub(super) fn text_of(path: &Path) -> anyhow::Result<String> {
    let name = path.display().to_string();
    if is_stream(path) {
        let file = File::open(path).map_err(|error| SourceError::failed(&name, &error))?;
        return text(&name, file);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new(".")).canonicalize();
    let folder = folder.map_err(|error| SourceError::failed(&name, &error))?;
    let bytes = repository_file::read(root_around(&folder), path, LARGEST);
    Ok(decoded(&name, bytes.map_err(|why| SourceError::of(&name, why))?)?)
}

/// Whether the user named a stream of their shell, as `<(...)` does. No repository contains such a path.
fn is_stream(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd") || path == Path::new("/dev/stdin")
}

fn dockerfile(path: &Path) -> Result<PathBuf, SourceError> {
    let file = path.display().to_string();
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => NAMES
            .iter()
            .map(|name| path.join(name))
            .find(|candidate| candidate.is_file())
            .ok_or(SourceError::Empty { file }),
        Ok(_) => Ok(path.to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SourceError::Missing { file }),
        Err(error) => Err(SourceError::failed(&file, &error)),
    }
}

fn text(name: &str, stream: impl Read) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    stream
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| SourceError::failed(name, &error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(SourceError::TooLarge { file: name.to_owned() }.into());
    }
    Ok(decoded(name, bytes)?)
}

fn decoded(name: &str, bytes: Vec<u8>) -> Result<String, SyntaxError> {
    let error_at = |text: &str, offset: usize, found: String| {
        let help = match bytes.as_slice() {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [_, 0, ..] | [0, ..] => "save it as UTF-8; it looks like UTF-16",
            _ => "save the file as UTF-8, or name another file if it isn't text",
        };
        SyntaxError::at(name, text, offset, found, "a text file in UTF-8", help)
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => match text.find('\0') {
            Some(offset) => Err(error_at(text, offset, format!("a NUL byte at offset {offset}"))),
            None => Ok(text.to_owned()),
        },
        Err(error) => {
            let offset = error.valid_up_to();
            let byte = bytes.get(offset).copied().unwrap_or_default();
            let found = format!("byte 0x{byte:02X} at offset {offset}, which is not UTF-8");
            Err(error_at(&String::from_utf8_lossy(&bytes), offset, found))
        }
    }
}

/// The path by which a patch of `file`, without links, is applied: from `here` if the file is below, else from the root
/// of its repository, else from the root of the file system.
pub(super) fn patch_path(file: &Path, here: &Path) -> PathBuf {
    let repository = || file.ancestors().find(|folder| folder.join(".git").exists());
    [Some(here), repository()]
        .into_iter()
        .flatten()
        .find_map(|folder| file.strip_prefix(folder).ok())
        .unwrap_or(file)
        .components()
        .filter(|component| matches!(component, Component::Normal(_)))
        .collect()
}
