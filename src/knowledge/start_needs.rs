//! What the programs that start an image, and the files that they read, say of its needs.

use std::sync::LazyLock;

use serde::Deserialize;

const START: &str = include_str!("../../data/start-needs.toml");
const FILES: &str = include_str!("../../data/file-needs.toml");

/// How a file lists what is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListFormat {
    /// A time and a command in each line.
    Cron,
    /// `NAME: command`.
    Procfile,
    /// `key = command`, `key: command`.
    Settings,
    /// Scripts of the shell.
    Script,
}

/// Files of an image that tell what to start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartList {
    /// How they say it.
    pub format: ListFormat,
    /// Folders and files, without a `/` at the beginning.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Ends of their names, wherever they are.
    #[serde(default)]
    pub ends: Vec<String>,
}

/// The table of what starts an image.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StartNeeds {
    /// When the sources were read.
    pub checked: String,
    /// Public pages that say so.
    pub sources: Vec<String>,
    /// Programs that start others with a PATH of their own.
    pub reset_path: Vec<String>,
    /// Packages of Python that load the interpreter themselves.
    pub embeds_python: Vec<String>,
    /// Ends of the names of files that name paths of programs.
    pub names_programs: Vec<String>,
    /// Names, and ends of names, of files that ask for OpenMP.
    pub build_files: Vec<String>,
    /// Programs that corepack downloads when they are first called.
    pub shims: Vec<String>,
    /// Commands that do nothing until they are stopped, `*` for any word.
    pub waits: Vec<Vec<String>>,
    /// Files that tell what to start.
    pub lists: Vec<StartList>,
}

/// A package whose files programs read although nothing names it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileNeed {
    /// The package.
    pub package: String,
    /// What a program does that reads them.
    pub fact: String,
    /// Programs that do.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Packages of Go's library.
    #[serde(default)]
    pub go_imports: Vec<String>,
    /// Names and texts in sources of Go.
    #[serde(default)]
    pub go_texts: Vec<String>,
    /// Packages of Go's library that bring the files into the program.
    #[serde(default)]
    pub go_brings: Vec<String>,
    /// Modules of Go that read them.
    #[serde(default)]
    pub go_modules: Vec<String>,
    /// Variables that name one of them.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Whether any module of others in a `go.mod` may.
    #[serde(default)]
    pub modules: bool,
    /// Packages of Cargo.
    #[serde(default)]
    pub crates: Vec<String>,
    /// Texts of sources, settings and variables.
    #[serde(default)]
    pub texts: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
struct FileTable {
    checked: String,
    sources: Vec<String>,
    needs: Vec<FileNeed>,
}

/// The table of what starts an image.
#[must_use]
pub fn start_needs() -> &'static StartNeeds {
    // A table that doesn't parse is empty, and a test fails.
    static TABLE: LazyLock<StartNeeds> = LazyLock::new(|| toml::from_str(START).unwrap_or_default());
    &TABLE
}

/// The packages whose files programs read although nothing names the package.
#[must_use]
pub fn file_needs() -> &'static [FileNeed] {
    static TABLE: LazyLock<FileTable> = LazyLock::new(|| toml::from_str(FILES).unwrap_or_default());
    &TABLE.needs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sound() {
        let start: StartNeeds = toml::from_str(START).unwrap();
        let files: FileTable = toml::from_str(FILES).unwrap();
        assert!(!start.checked.is_empty() && !files.checked.is_empty());
        let sources = start.sources.iter().chain(&files.sources);
        assert!(sources.into_iter().all(|source| source.starts_with("https://")));
        assert!(
            start
                .lists
                .iter()
                .all(|list| !list.paths.is_empty() || !list.ends.is_empty())
        );
        assert!(files.needs.iter().any(|need| need.package == "ca-certificates"));
    }
}
