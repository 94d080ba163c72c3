//! `pip install .`: pip has no command for the dependencies alone, but Python reads them out of `pyproject.toml`.

use crate::context::Files as _;
use crate::effects::ecosystems::manifests::{Install, ReadFile, Reads};

use crate::effects::image_files::{View, join};
use crate::facts::ImageReference;

/// Prints the dependencies of the project, one a line. `tomllib` is a part of Python since 3.11.
const PRINT: &str = r#"python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')""#;

/// The command that installs the dependencies of `pip install .` alone, and what it reads; none where the project does
/// not list them in plain sight, or the command asks for more. `program` is what it calls.
pub(crate) fn dependencies(
    install: &Install,
    program: &str,
    reads: &Reads,
    view: &View<'_>,
) -> Option<(Vec<String>, Reads)> {
    let path = join(&install.folder, "pyproject.toml");
    let manifest: toml::Value = toml::from_str(&view.read(&path)?).ok()?;
    let project = manifest.get("project")?;
    let is_listed = project
        .get("dependencies")?
        .as_array()
        .is_some_and(|list| !list.is_empty());
    let mut options: Vec<&str> = install.arguments.iter().map(String::as_str).collect();
    options.retain(|word| !matches!(*word, "-e" | "--editable"));
    let target = options.iter().position(|word| matches!(*word, "." | "./"))?;
    options.remove(target);
    let is_plain = |word: &&str| {
        let is_safe = |c: char| c.is_ascii_alphanumeric() || "_-./:=@+,".contains(c);
        word.starts_with('-') && *word != "--no-deps" && word.chars().all(is_safe)
    };
    if !is_listed || !options.iter().all(is_plain) {
        return None;
    }
    let pip = if program.starts_with("python") { "pip" } else { program };
    let mut words: Vec<String> = [PRINT, "|", pip, "install"].map(str::to_owned).to_vec();
    words.extend(options.iter().map(|word| (*word).to_owned()));
    words.push("-r /dev/stdin".to_owned());
    let files: Vec<ReadFile> = reads.files.iter().filter(|file| file.path == path).cloned().collect();
    let reads = Reads {
        files,
        ..Reads::default()
    };
    (!reads.files.is_empty()).then_some((words, reads))
}

/// Whether the Python of the image surely reads TOML by itself.
pub(crate) fn can_read(image: &ImageReference, view: &View<'_>) -> bool {
    let tag = image.tag.as_deref().unwrap_or("latest");
    let version = tag.split('-').next().unwrap_or(tag);
    let is_new = match version.split_once('.') {
        Some((major, rest)) => {
            let minor = rest.split('.').next().unwrap_or(rest);
            major == "3" && minor.parse::<u32>().is_ok_and(|minor| minor >= 11)
        }
        None => matches!(version, "3" | "latest" | "slim"),
    };
    image.official_name() == Some("python") && is_new && !view.may_choose_versions
}
