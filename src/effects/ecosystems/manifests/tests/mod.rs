//! Tests of the whole: a context, a command in it, what it reads.

mod dotnet;
mod go;
mod jvm;
mod node;
mod node_scripts;
mod php;
mod properties;
mod python;
mod ruby;
mod rust;

use super::*;
use crate::context::MemoryFiles;

/// One row of a table: what it shows, the context, the folder and the command, what it reads.
struct Case {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// `folder$ command`; the folder may be empty.
    command: &'static str,
    /// See [`summary`].
    expected: &'static str,
}

/// Checks all rows and reports all that fail at once.
fn check(manager: Manager, cases: &[Case]) {
    let mut wrong = String::new();
    for case in cases {
        let found = summary(&run(manager, case.files, case.command));
        let expected: Vec<&str> = case
            .expected
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        if found != expected {
            wrong += &format!(
                "\n{}: {}\n  expected {expected:#?}\n  found {found:#?}\n",
                case.name, case.command
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What a command, written `folder$ verb arguments`, reads; the words of the verb are joined by `_`, and `-` stands for
/// an empty verb.
fn run(manager: Manager, files: &[(&str, &str)], command: &str) -> Reads {
    let (folder, command) = command.split_once("$ ").unwrap();
    let mut words = command.split_whitespace();
    let verb = words.next().unwrap().replace('_', " ");
    let verb = if verb == "-" { "" } else { &verb };
    let files = MemoryFiles::new(files.iter().copied());
    reads(&Install::new(manager, verb, words, folder), &files)
}

/// The result in lines: `files`, `missing`, a line for each source, a line for each unknown, `members`, `first`.
/// Empty ones are left out.
fn summary(reads: &Reads) -> Vec<String> {
    let paths = |files: &[ReadFile]| {
        files
            .iter()
            .map(|file| file.path.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut lines = vec![
        format!("files {}", paths(&reads.files)),
        format!("missing {}", paths(&reads.missing)),
    ];
    lines.retain(|line| !line.ends_with(' '));
    lines.extend(
        reads
            .sources
            .iter()
            .map(|source| format!("{:?} {}", source.kind, paths::shown(&source.folder))),
    );
    lines.extend(
        reads
            .unknown
            .iter()
            .map(|unknown| format!("unknown {}", unknown.obstacle)),
    );
    if !reads.workspace_members.is_empty() {
        lines.push(format!("members {}", reads.workspace_members.join(" ")));
    }
    match (&reads.project.dependencies_first, reads.project.installed) {
        (Some(first), _) => {
            let step = match &first.step {
                Step::AddFlags(words) => format!("+ {}", words.join(" ")),
                Step::Run(words) => words.join(" "),
                Step::Requirements(texts) => format!("requirements {}", texts.join(", ")),
            };
            let stubs: String = first.stubs.iter().map(|stub| format!(" [{}]", stub.path)).collect();
            lines.push(format!("first {step}{stubs}"));
        }
        (None, true) => lines.push("first impossible".to_owned()),
        (None, false) => {}
    }
    lines
}

/// The names of what is declared, with `!` behind those for development only.
fn declared(manager: Manager, files: &[(&str, &str)]) -> String {
    let files = MemoryFiles::new(files.iter().copied());
    let found = declared_dependencies(manager, "", &files);
    let names = found
        .iter()
        .map(|one| format!("{}:{}{}", one.group, one.name, if one.dev { "!" } else { "" }));
    names.collect::<Vec<_>>().join(" ")
}
