//! The comparisons, one a file.

pub mod application;
pub mod configuration;
pub mod entry_point;
mod help;
pub mod libraries;
pub mod modules;
pub mod packages;
pub mod removed;
pub mod smoke;

use serde_json::Value;

use super::figures::Sizes;
use super::files::Files;
use super::report::Check;
use crate::emit::text;
use crate::facts::Scope;
use crate::knowledge::served;

/// One of the two images.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Its files.
    pub files: &'a Files,
    /// Its configuration, with Docker's names.
    pub configuration: &'a Value,
}

impl Side<'_> {
    /// The value of a variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        let pairs = self.configuration["Env"].as_array()?.iter().filter_map(Value::as_str);
        let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(other, value)| (other == name).then_some(value))
    }

    /// Where programs are looked for.
    #[must_use]
    pub fn path(&self) -> &str {
        self.variable("PATH")
            .unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    }

    /// The words of a field that holds a list of them.
    #[must_use]
    pub fn words(&self, field: &str) -> Vec<String> {
        let words = self.configuration[field].as_array().into_iter().flatten();
        words.filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

impl Side<'_> {
    /// The folder of a project of Node.js of which the image serves static files alone, and the folder that it serves,
    /// without a `/` in front; none where the program is no such server.
    pub(super) fn served_project(&self) -> Option<(String, String)> {
        let words = [self.words("Entrypoint"), self.words("Cmd")].concat();
        // What the official images start everything by.
        let words = words
            .iter()
            .map(String::as_str)
            .filter(|word| *word != "docker-entrypoint.sh");
        let words: Vec<&str> = words.collect();
        let (_, folder) = served(&words)?;
        let workdir = self.configuration["WorkingDir"]
            .as_str()
            .filter(|folder| !folder.is_empty());
        let scope = Scope {
            workdir: Some(workdir.unwrap_or("/").to_owned()),
            ..Scope::default()
        };
        let folder = scope.absolute(folder)?;
        let folder = folder.trim_matches('/').trim_end_matches("/.").to_owned();
        let mut above = folder.match_indices('/').rev().filter_map(|(at, _)| folder.get(..at));
        let root = above.find(|above| self.files.texts.contains_key(&format!("{above}/package.json")))?;
        Some((root.to_owned(), folder.clone()))
    }
}

/// Compares the sizes of the images, by their files and by what a registry stores: a rewrite must not make one larger, and
/// where it `must_pay`, one of the two has to shrink. What package managers note may vary a little.
#[must_use]
pub fn size(before: &Sizes, after: &Sizes, must_pay: bool) -> Check {
    let pairs = [(before.stored(), after.stored()), (before.bytes, after.bytes)];
    let is_less = |one: u64, other: u64| one + other / 100 < other;
    let shown = |(before, after): (u64, u64)| format!("{} before, {} after", text::size(before), text::size(after));
    if let Some(larger) = pairs.into_iter().find(|(before, after)| *after > before + before / 100) {
        let sizes = shown(larger);
        return Check::failed("size", format!("the image is larger than before: {sizes}"));
    }
    let sizes = shown(pairs[0]);
    if must_pay && !pairs.into_iter().any(|(before, after)| is_less(after, before)) {
        return Check::failed(
            "size",
            format!("another stage no longer makes the image smaller: {sizes}"),
        );
    }
    Check::passed("size", sizes)
}

/// Files that differ between two builds of one and the same Dockerfile: they must be there, with the same owner and
/// mode, but their content is not compared.
#[must_use]
pub fn is_different_in_every_build(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    // Bytecode holds the time of its source.
    path.ends_with(".pyc")
        // Package managers note when they did what.
        || path.starts_with("var/log/")
        // ldconfig notes inodes and times of the libraries it saw.
        || path == "var/cache/ldconfig/aux-cache"
        // The day on which a password was last changed.
        || matches!(path, "etc/shadow" | "etc/shadow-")
        // virtualenv lists the files of its pip in the order in which the disk returns them.
        || name == "RECORD"
        // pnpm notes when it last removed packages, and when it last looked for a newer pnpm.
        || matches!(name, ".modules.yaml" | "pnpm-state.json")
        // uv notes when the manifest of an editable project was last changed.
        || name == "uv_cache.json"
}

#[cfg(test)]
mod tests {
    use super::super::figures::Layer;
    use super::*;

    #[test]
    fn an_image_may_not_grow() {
        let size = |before, after, must_pay| {
            let sizes = |(bytes, stored)| Sizes {
                bytes,
                components: Vec::new(),
                layers: vec![Layer {
                    made_by: String::new(),
                    bytes: stored,
                }],
            };
            super::size(&sizes(before), &sizes(after), must_pay).is_failed()
        };
        assert!(size((1000, 1000), (1020, 1000), false) && size((1000, 1000), (1000, 1020), false));
        assert!(!size((1000, 1000), (1005, 1005), false) && !size((1000, 1000), (10, 10), false));
        // What has to pay has to make something smaller.
        assert!(size((1000, 1000), (995, 995), true));
        assert!(!size((1000, 1000), (900, 1000), true) && !size((1000, 1000), (1000, 900), true));
    }
}
