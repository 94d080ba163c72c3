//! Adding to a rewrite what its image turned out to lack: the package that brings a library or a program, or the file
//! itself.

use std::collections::BTreeSet;

use super::files::{Content, Files};
use super::report::Lack;
use super::subject::Subject;
use super::system::SystemPackages;
use crate::edits::system_packages;
use crate::facts::{Base, Facts};
use crate::syntax::{self, Dockerfile, Keyword};

/// The most files that are copied one by one. More are no oversight but another design.
const MOST_FILES: usize = 20;

/// The text with what `lacks` name, and a sentence for each addition. None where nothing can be added for all of them.
pub(super) fn repaired(
    name: &str,
    text: &str,
    lacks: &[Lack],
    original: &Files,
    subject: &Subject,
) -> Option<(String, Vec<String>)> {
    if lacks.is_empty() {
        return None;
    }
    let system = &original.system;
    let (mut packages, mut files) = (BTreeSet::new(), BTreeSet::new());
    let mut notes = Vec::new();
    for lack in lacks {
        let (path, why) = match lack {
            Lack::Library(library) => (library_path(library, original)?, format!("which brings {library}")),
            Lack::Program(path) => (path.clone(), format!("which brings /{path}")),
            Lack::File(path) => (path.clone(), format!("which brings /{path}")),
            Lack::Package(package) => {
                if packages.insert((*package).to_owned()) {
                    notes.push(format!(
                        "install {package}, whose files programs read without naming it"
                    ));
                }
                continue;
            }
        };
        match owner(&path, original, system) {
            Some(package) => {
                if packages.insert(package.clone()) {
                    notes.push(format!("install {package}, {why}"));
                }
            }
            None => {
                files.insert(path);
            }
        }
    }
    // A folder that is copied brings what is in it.
    let tops: Vec<String> = files
        .iter()
        .filter(|path| !path.match_indices('/').any(|(at, _)| files.contains(&path[..at])))
        .cloned()
        .collect();
    if tops.len() > MOST_FILES {
        return None;
    }
    let mut file = syntax::parse(name, text).ok()?;
    if !packages.is_empty() {
        let facts = Facts::of(&file);
        let stage = facts.stages.len().checked_sub(1)?;
        let names: Vec<String> = packages.into_iter().collect();
        system_packages::add(&mut file, &facts, stage, system.family?, &names)?;
    }
    if !tops.is_empty() {
        let copies = tops
            .iter()
            .map(|path| copy(path, &file, original, subject))
            .collect::<Option<Vec<String>>>()?;
        notes.extend(tops.iter().map(|path| format!("copy /{path}, which was missing")));
        append(&mut file, copies)?;
    }
    let repaired = file.emit();
    (repaired != text).then_some((repaired, notes))
}

/// Where the original has a library.
fn library_path(library: &str, original: &Files) -> Option<String> {
    let suffix = format!("/{library}");
    let exact = original.entries.keys().find(|path| path.ends_with(&suffix));
    // Modules that look for a library by themselves name it without its version.
    let start = format!("{library}.so.");
    let mut versions = original.entries.keys().filter(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.starts_with(&start)
    });
    exact.or_else(|| versions.next()).cloned()
}

/// The package that brings a file: what a link leads to counts as well.
fn owner(path: &str, original: &Files, system: &SystemPackages) -> Option<String> {
    let resolved = original.resolve(path);
    let owners = |path: &str| system.owners(path).first().cloned();
    let is_folder = original
        .entries
        .get(path)
        .is_some_and(|entry| entry.content == Content::Folder);
    if is_folder {
        return None;
    }
    owners(path).or_else(|| owners(resolved.as_deref()?))
}

/// The instruction that copies `path` from where the rewrite still has it.
fn copy(path: &str, file: &Dockerfile, original: &Files, subject: &Subject) -> Option<String> {
    if path.contains([' ', '$', '*', '?', '[', '\\', '"']) {
        return None;
    }
    let entry = original.entries.get(path)?;
    let owner = match entry.owner {
        (0, 0) => String::new(),
        (user, group) => format!("--chown={user}:{group} "),
    };
    let slash = if entry.content == Content::Folder { "/" } else { "" };
    if let Some(source) = subject.source(path).filter(|_| !subject.is_kept_out(path)) {
        return Some(format!("COPY {owner}{source} /{path}{slash}"));
    }
    let facts = Facts::of(file);
    let last = facts.stages.len().checked_sub(1)?;
    // The builder: the last stage before the final one that it takes from, on the image of the original.
    let (number, stage) = facts.stages.iter().enumerate().take(last).rev().find(|(_, stage)| {
        let is_same = matches!(&stage.base, Base::Image(image) if subject.base.as_deref() == Some(&image.to_string()));
        is_same && !stage.taken.is_empty()
    })?;
    let from = stage.name.clone().unwrap_or_else(|| number.to_string());
    Some(format!("COPY --from={from} {owner}/{path} /{path}{slash}"))
}

/// Adds instructions behind the last step of the final stage.
fn append(file: &mut Dockerfile, texts: Vec<String>) -> Option<()> {
    let facts = Facts::of(file);
    let range = facts.stages.last()?.instructions.clone();
    let is_step = |index: &usize| {
        let found = file.instructions.get(*index).map(|instruction| instruction.keyword());
        matches!(
            found,
            Some(Keyword::From | Keyword::Copy | Keyword::Add | Keyword::Run | Keyword::Workdir)
        )
    };
    let behind = range.rev().find(is_step)? + 1;
    for (at, text) in (behind..).zip(texts) {
        let instruction = file.instruction(text).ok()?;
        file.instructions.insert(at, instruction);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;

    const TEXT: &str = "FROM debian:bookworm AS builder\nRUN make\n\nFROM debian:bookworm\nWORKDIR /app\n\
                        COPY --from=builder /app/server /app/server\nCMD [\"/app/server\"]\n";

    fn repair(lacks: &[Lack]) -> Option<(String, Vec<String>)> {
        let original = Tree::default()
            .file(
                "var/lib/dpkg/info/libpq5:amd64.list",
                "/usr/lib/libpq.so.5.15\n/usr/lib/libpq.so.5\n",
            )
            .file("var/lib/dpkg/info/git.list", "/usr/bin/git\n")
            .file("usr/lib/libpq.so.5.15", "")
            .link("usr/lib/libpq.so.5", "libpq.so.5.15")
            .program("usr/bin/git")
            .file("app/conf/a", "")
            .owner(7, 8)
            .file("opt/lib/libown.so.1", "")
            .files();
        let file = syntax::parse("Dockerfile", "FROM debian:bookworm\nWORKDIR /app\nRUN make\n").unwrap();
        repaired(
            "Dockerfile",
            TEXT,
            lacks,
            &original,
            &Subject::of(&file, None, &[], None),
        )
    }

    #[test]
    fn packages_are_installed() {
        let unversioned = repair(&[Lack::Library("libpq".to_owned())]).unwrap().1;
        assert_eq!(unversioned, ["install libpq5, which brings libpq"]);
        let lacks = [
            Lack::Library("libpq.so.5".to_owned()),
            Lack::Program("usr/bin/git".to_owned()),
        ];
        let (text, notes) = repair(&lacks).unwrap();
        assert!(text.contains("install -y --no-install-recommends git libpq5"), "{text}");
        assert!(
            text.find("RUN make") < text.find("git libpq5"),
            "in the final stage: {text}"
        );
        assert_eq!(
            notes,
            [
                "install libpq5, which brings libpq.so.5",
                "install git, which brings /usr/bin/git"
            ]
        );
    }

    #[test]
    fn files_are_copied_from_the_builder() {
        let lacks = [
            Lack::File("app/conf/a".to_owned()),
            Lack::Library("libown.so.1".to_owned()),
        ];
        let (text, _) = repair(&lacks).unwrap();
        let copies = "COPY --from=builder /app/server /app/server\nCOPY --from=builder --chown=7:8 /app/conf/a /app/conf/a\n\
                      COPY --from=builder /opt/lib/libown.so.1 /opt/lib/libown.so.1\nCMD";
        assert!(text.contains(copies), "{text}");
    }

    #[test]
    fn a_folder_brings_what_is_in_it_and_what_nobody_has_cannot_be_added() {
        let lacks = [Lack::File("app/conf".to_owned()), Lack::File("app/conf/a".to_owned())];
        let (text, notes) = repair(&lacks).unwrap();
        assert!(
            text.contains("COPY --from=builder /app/conf /app/conf/\n") && notes.len() == 1,
            "{text}"
        );
        assert_eq!(repair(&[Lack::Library("libnever.so".to_owned())]), None);
        assert_eq!(repair(&[]), None);
    }
}
