//! Shared libraries: what a program or library found before, it must find after.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::elf::Elf;
use super::super::files::{Content, Files, Unread};
use super::super::report::{Check, Finding, Lack};
use super::Side;

use crate::emit::text;

/// Compares which libraries are not found. A file that came or moved is held against the one that it was.
#[must_use]
pub fn libraries(before: Side<'_>, after: Side<'_>) -> Check {
    let unread = after.files.unread.iter().filter(|(_, why)| **why == Unread::Broken);
    let unread: Vec<String> = unread.map(|(path, why)| format!("/{path} {why}")).collect();
    if before.files.elf.is_empty() {
        return Check::skipped("libraries", "the image has no programs or libraries");
    }
    let (old, new) = (Loader::of(before), Loader::of(after));
    // The ways in which a file of the rewritten image may be one of the original: by content, else by name.
    let mut by_content: HashMap<[u8; 32], &str> = HashMap::new();
    let mut by_name: HashMap<&str, &str> = HashMap::new();
    for path in before.files.elf.keys() {
        if let Some(Content::File(hash)) = before.files.entries.get(path).map(|entry| &entry.content) {
            by_content.insert(*hash, path);
        }
        by_name.insert(name(path), path);
    }
    let mut missing: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut count = 0;
    for (path, elf) in &after.files.elf {
        count += 1;
        let lacking = new.missing(path, elf);
        if lacking.is_empty() {
            continue;
        }
        let content = after.files.entries.get(path).and_then(|entry| match entry.content {
            Content::File(hash) => Some(hash),
            _ => None,
        });
        let was = before
            .files
            .elf
            .get_key_value(path)
            .map(|(path, _)| path.as_str())
            .or_else(|| by_content.get(&content?).copied())
            .or_else(|| by_name.get(name(path)).copied());
        let lacked_before = was
            .and_then(|path| Some(old.missing(path, before.files.elf.get(path)?)))
            .unwrap_or_default();
        for library in lacking.difference(&lacked_before) {
            missing.entry(library.clone()).or_default().push(path);
        }
    }
    let findings = missing.into_iter().map(|(library, users)| {
        let more = match users.len() {
            0 | 1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let user = users.first().copied().unwrap_or_default();
        let what = format!("/{user}{more} needs {library}, which is not found");
        Finding::lacks(what, Lack::Library(library))
    });
    let findings = findings.collect();
    Check::of(
        "libraries",
        format!(
            "{} what they load",
            text::count(count, "program or library finds", "programs and libraries find")
        ),
        findings,
    )
    .without(unread)
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The dynamic loader of an image.
struct Loader<'a> {
    files: &'a Files,
    /// Folders of LD_LIBRARY_PATH.
    variable: Vec<String>,
    /// The folders that the system names.
    folders: Vec<String>,
}

impl<'a> Loader<'a> {
    fn of(side: Side<'a>) -> Loader<'a> {
        let variable = side.variable("LD_LIBRARY_PATH").unwrap_or_default();
        let mut folders = Vec::new();
        let configuration = side.files.texts.iter().filter(|(path, _)| {
            *path == "etc/ld.so.conf" || path.starts_with("etc/ld.so.conf.d/") || path.starts_with("etc/ld-musl-")
        });
        for (_, text) in configuration {
            let lines = text.split(['\n', ':']).map(str::trim);
            folders.extend(lines.filter(|line| line.starts_with('/')).map(str::to_owned));
        }
        // glibc's own folders, those of Debian's multiarch, and musl's.
        let usual = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"];
        folders.extend(usual.map(str::to_owned));
        for machine in ["x86_64", "aarch64", "i386", "arm", "powerpc64le", "s390x", "riscv64"] {
            let suffix = if machine == "arm" { "gnueabihf" } else { "gnu" };
            folders.extend(["/lib", "/usr/lib"].map(|folder| format!("{folder}/{machine}-linux-{suffix}")));
        }
        folders.retain(|folder| side.files.resolve(folder).is_some());
        Loader {
            files: side.files,
            variable: variable
                .split(':')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            folders,
        }
    }

    /// The libraries that the file at `path` needs and that are not found.
    fn missing(&self, path: &str, elf: &Elf) -> BTreeSet<String> {
        let needed = elf.needed.iter().filter(|name| !self.finds(path, elf, name));
        let interpreter = elf.interpreter.iter().filter(|path| self.files.resolve(path).is_none());
        needed.chain(interpreter).cloned().collect()
    }

    fn finds(&self, path: &str, elf: &Elf, library: &str) -> bool {
        if library.contains('/') {
            return self.files.resolve(library).is_some();
        }
        let origin = path
            .rsplit_once('/')
            .map_or(String::new(), |(folder, _)| format!("/{folder}"));
        let of_file = if elf.runpath.is_empty() {
            &elf.rpath
        } else {
            &elf.runpath
        };
        let mut folders = of_file.iter().map(|folder| {
            folder
                .replace("${ORIGIN}", &origin)
                .replace("$ORIGIN", &origin)
                .replace("$LIB", "lib")
        });
        let fits = |folder: &str| {
            let found = self.files.resolve(&format!("{folder}/{library}"));
            found.is_some_and(|found| {
                self.files
                    .elf
                    .get(&found)
                    .is_some_and(|other| other.machine == elf.machine)
            })
        };
        folders.any(|folder| fits(&folder)) || self.variable.iter().chain(&self.folders).any(|folder| fits(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tree::Tree;
    use super::*;
    use serde_json::json;

    /// Files of which `programs` need libraries.
    fn files(tree: Tree, programs: &[(&str, Elf)]) -> Files {
        let mut files = tree.files();
        files.elf = programs
            .iter()
            .map(|(path, elf)| ((*path).to_owned(), elf.clone()))
            .collect();
        files
    }

    fn needs(library: &str) -> Elf {
        Elf {
            needed: vec![library.to_owned()],
            ..Elf::default()
        }
    }

    fn compared(before: &Files, after: &Files) -> Check {
        let configuration = json!({});
        let side = |files| Side {
            files,
            configuration: &configuration,
        };
        libraries(side(before), side(after))
    }

    fn found(before: &Files, after: &Files) -> Vec<Finding> {
        compared(before, after).findings
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let broken = Tree::default().file("app/b.so", "\u{7f}ELF").files();
        let mut files = files(Tree::default().program("app/a"), &[("app/a", Elf::default())]);
        files.unread = broken.unread;
        let check = compared(&files, &files);
        assert_eq!(check.not_compared, ["/app/b.so is a broken program or library"]);
        assert!(!check.is_failed() && check.is_incomplete());
    }

    #[test]
    fn a_library_that_went_is_missed_and_one_that_never_was_is_not() {
        let program = || Tree::default().program("app/a").program("app/b");
        let uses = [("app/a", needs("libz.so.1")), ("app/b", needs("libnever.so.1"))];
        let library = ("usr/lib/libz.so.1", Elf::default());
        let mut all = uses.to_vec();
        all.push(library);
        let before = files(program().file("usr/lib/libz.so.1", "z").link("lib", "usr/lib"), &all);
        let after = files(program(), &uses);
        assert!(found(&before, &before).is_empty());
        let found = found(&before, &after);
        assert_eq!(found[0].lack, Some(Lack::Library("libz.so.1".to_owned())));
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn run_paths_origins_and_machines_count() {
        let tree = || Tree::default().program("app/bin/a").file("app/lib/libx.so", "x");
        let with = |runpath: &str, machine| {
            let program = Elf {
                runpath: vec![runpath.to_owned()],
                ..needs("libx.so")
            };
            let library = Elf {
                machine,
                ..Elf::default()
            };
            files(tree(), &[("app/bin/a", program), ("app/lib/libx.so", library)])
        };
        let good = with("$ORIGIN/../lib", (0, false));
        assert!(found(&good, &good).is_empty());
        assert_eq!(found(&good, &with("$ORIGIN/../lib", (3, true))).len(), 1);
        assert_eq!(found(&good, &with("/elsewhere", (0, false))).len(), 1);
    }
}
