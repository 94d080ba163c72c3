//! A script file that an install runs, and the files that it loads.

use super::script_command::{self, Place, REMEDY};
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::paths;

/// How Node.js and TypeScript's runners complete the name of a module.
const ENDINGS: &[&str] = &["", ".js", ".cjs", ".mjs", ".ts", ".json", "/index.js", "/index.ts"];

/// Words that show that a script reads files or runs programs that its imports don't name.
const REACHES_OUT: &[&str] = &[
    "child_process",
    "execa",
    "shelljs",
    "cross-spawn",
    "'zx'",
    "\"zx\"",
    "'fs'",
    "\"fs\"",
    "'fs/",
    "\"fs/",
    "node:fs",
    "fs-extra",
    "graceful-fs",
    "'glob",
    "\"glob",
    "globby",
    "fast-glob",
    "require.resolve",
    "Bun.",
    "Deno.",
    "process.chdir",
    "worker_threads",
    "$`",
];

/// The script `name`, run in `folder`, and what it loads by relative names.
pub(super) fn run(gather: &mut Gather, place: &Place, folder: &str, name: &str) {
    if name.starts_with("node_modules/") || name.starts_with("./node_modules/") {
        // A file of a dependency: it is there because of the install, but it may read the project around it.
        return gather.unknown(
            format!("the {} script runs {name}, code of a dependency", place.script),
            REMEDY,
        );
    }
    let why = format!("run by the {} script", place.script);
    let Some(path) = complete(gather, folder, name) else {
        match paths::resolve(folder, name) {
            Some(path) => drop(gather.need(&path, &why)),
            None => gather.outside(name, &format!("the {} script", place.script)),
        }
        return;
    };
    let Some(text) = gather.need_text(&path, &why) else {
        return;
    };
    if !gather.first_visit("script file", &path) {
        return;
    }
    if path.ends_with(".sh") || text.starts_with("#!/bin/sh") || text.starts_with("#!/bin/bash") {
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let program: Vec<&str> = lines.collect();
        return script_command::run(gather, place, &program.join("\n"));
    }
    loads(gather, place, paths::parent(&path), &path, &text);
}

/// Code on the command line, run in `folder`.
pub(super) fn inline(gather: &mut Gather, place: &Place, folder: &str, code: &str) {
    loads(gather, place, folder, &format!("the {} script", place.script), code);
}

/// A configuration file at `path` that is code: it names files by literals from `folder`, or it can't be followed.
pub(super) fn config(gather: &mut Gather, folder: &str, path: &str, why: &str) {
    let Some(text) = gather.take_text(path, why) else {
        return;
    };
    let imports = relative_names(&text).into_iter().any(|name| {
        let found = complete(gather, folder, name);
        found.is_some_and(|path| {
            [".js", ".ts", ".mjs", ".cjs", ".mts"]
                .iter()
                .any(|ending| path.ends_with(ending))
        })
    });
    if imports || loads_by_expression(&text) || REACHES_OUT.iter().any(|word| text.contains(word)) {
        return gather.unknown(
            format!("{path} is code that reads other files"),
            "run what needs it after the sources are copied",
        );
    }
    for name in literals(&text) {
        let there = paths::resolve(folder, name).filter(|path| !path.is_empty() && gather.files.exists(path));
        if there.is_some() {
            gather.take_named(folder, name, path);
        }
    }
}

/// What `text`, whose relative names count from `folder`, loads.
fn loads(gather: &mut Gather, place: &Place, folder: &str, shown: &str, text: &str) {
    if let Some(word) = REACHES_OUT.iter().find(|word| text.contains(**word)) {
        let word = word.trim_matches(['\'', '"', '/', '.', '`', '$']);
        return gather.unknown(
            format!(
                "{shown}, which the {} script runs, uses {word}: what it reads shows only when it runs",
                place.script
            ),
            REMEDY,
        );
    }
    if loads_by_expression(text) {
        return gather.unknown(
            format!(
                "{shown}, which the {} script runs, loads a module whose name is computed",
                place.script
            ),
            REMEDY,
        );
    }
    for name in relative_names(text) {
        if let Some(path) = complete(gather, folder, name) {
            if paths::name(&path).ends_with(".json") || path.contains("node_modules/") {
                gather.take(&path, &format!("loaded by {shown}"));
            } else {
                run(gather, place, folder, &path_from(folder, &path));
            }
        }
    }
}

/// `path` as a name that counts from `folder` again: both are of the context, so the root is as many `..` above.
fn path_from(folder: &str, path: &str) -> String {
    let up = if folder.is_empty() {
        0
    } else {
        folder.split('/').count()
    };
    format!("{}{path}", "../".repeat(up))
}

/// The string literals that begin with `./` or `../`.
fn relative_names(text: &str) -> Vec<&str> {
    literals(text)
        .into_iter()
        .filter(|name| name.starts_with("./") || name.starts_with("../"))
        .collect()
}

/// What stands between quotes on one line. Text between two literals counts as well, which does no harm: it names no
/// file.
fn literals(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for quote in ['"', '\'', '`'] {
        let starts = text.match_indices(quote).map(|(at, _)| at + 1);
        for rest in starts.filter_map(|at| text.get(at..)) {
            found.push(rest.split([quote, '\n']).next().unwrap_or_default());
        }
    }
    found
}

/// Whether a `require(…)` or `import(…)` has something other than a literal.
fn loads_by_expression(text: &str) -> bool {
    ["require(", "import("].iter().any(|call| {
        text.match_indices(call).any(|(at, _)| {
            let argument = text.get(at + call.len()..).unwrap_or_default().trim_start();
            !argument.starts_with(['"', '\'']) && !argument.starts_with(')')
        })
    })
}

fn complete(gather: &Gather, folder: &str, name: &str) -> Option<String> {
    let path = paths::resolve(folder, name)?;
    let candidates = ENDINGS.iter().map(|ending| format!("{path}{ending}"));
    let is_file = |path: &String| gather.files.exists(path) && gather.files.list(path).is_empty();
    candidates.into_iter().find(is_file)
}
