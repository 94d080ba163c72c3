//! Files that a compiler has used up when the program runs: `data/compiled-sources.toml`.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::context::ContextSource;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    #[cfg_attr(not(test), expect(dead_code, reason = "a test reads when the facts were checked"))]
    checked: String,
    endings: HashSet<String>,
    names: HashSet<String>,
    prefixes: Vec<String>,
    folders: Vec<String>,
    sources: Vec<String>,
    reading: Vec<String>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../../data/compiled-sources.toml")).unwrap_or_default());

/// Whether a program that was compiled reads none of the files of the context that `is_wanted` accepts: all are its sources and
/// what only developers read, and none of them opens files.
pub(crate) fn is_used_up(context: &ContextSource, is_wanted: impl Fn(&str) -> bool) -> bool {
    let mut others = context.sources(|path| is_wanted(path) && !is_compiled_away(path));
    let mut sources = context.sources(|path| is_wanted(path) && is_source(path));
    others.next().is_none() && !sources.any(|path| opens_files(context, path))
}

/// Whether the context has a source of a language whose programs are compiled.
pub(crate) fn has_compiled_source(context: &ContextSource) -> bool {
    context.sources(is_source).next().is_some()
}

fn is_compiled_away(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit('.').next().unwrap_or_default();
    let in_folder = |folder: &String| path.starts_with(folder.as_str()) || path.contains(&format!("/{folder}"));
    TABLE.endings.contains(ending)
        || TABLE.names.contains(name)
        || TABLE.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
        || TABLE.folders.iter().any(in_folder)
}

fn is_source(path: &str) -> bool {
    TABLE.sources.iter().any(|ending| path.ends_with(ending.as_str()))
}

fn opens_files(context: &ContextSource, path: &str) -> bool {
    let mut calls = TABLE.reading.iter();
    context
        .read(path)
        .is_ok_and(|text| calls.any(|call| text.contains(call.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_compiler_uses_up() {
        let of =
            |files: &[(&str, &str)]| is_used_up(&ContextSource::in_memory(files.iter().copied()).unwrap(), |_| true);
        assert_eq!(TABLE.checked.len(), 10);
        assert!(of(&[("main.go", "package main"), ("go.mod", ""), ("README.md", "")]));
        assert!(!of(&[("main.go", "package main"), ("views/index.html", "")]));
        for call in [
            "os.ReadFile(p)",
            "filepath.WalkDir(p, f)",
            "http.ServeFile(w, r, p)",
            "viper.ReadInConfig()",
        ] {
            assert!(!of(&[("main.go", call), ("posts/a.md", "")]), "{call}");
        }
    }
}
