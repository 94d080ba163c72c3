//! One command of a package script: what it reads of the project.

use super::binaries::{BUILDERS, CHECKS, FILE_TOOLS, GIT_HOOKS, HARMLESS, listed};
use super::package_json::{PackageJson, major};
use super::{install, script_file, script_words};
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::install::{Install, Manager};
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::SourceKind;

/// The package and the script that a command stands in.
pub(super) struct Place<'p> {
    /// The package's folder, where scripts run.
    pub folder: &'p str,
    /// Its manifest.
    pub manifest: &'p PackageJson,
    /// The name of the script.
    pub script: &'p str,
}

impl Place<'_> {
    fn shown(&self) -> String {
        format!(
            "the {} script of {}",
            self.script,
            paths::join(self.folder, "package.json")
        )
    }
}

/// What to do about a script that cannot be followed.
pub(super) const REMEDY: &str =
    "install with --ignore-scripts and run the script after the sources are copied, or make it read nothing";

/// Says what `script`, the text of a script at `place`, reads.
pub(super) fn run(gather: &mut Gather, place: &Place, script: &str) {
    if !gather.first_visit("script", &format!("{}#{script}", place.folder)) {
        return;
    }
    let Some(commands) = script_words::commands(script) else {
        return gather.unknown(format!("{} is a shell program: `{script}`", place.shown()), REMEDY);
    };
    let mut folder = place.folder.to_owned();
    for words in &commands {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if let ["cd" | "pushd", target] = words.as_slice() {
            match paths::resolve(&folder, target) {
                Some(inner) => folder = inner,
                None => return gather.outside(target, &place.shown()),
            }
            continue;
        }
        command(gather, place, &folder, &words);
    }
}

/// The words behind runners (`npx`, `cross-env`) and assignments.
fn program<'w>(words: &'w [&'w str]) -> &'w [&'w str] {
    let mut words = words;
    while let Some((first, rest)) = words.split_first() {
        let assigns = first
            .split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        words = match (*first, rest) {
            ("npx" | "bunx" | "pnpx" | "cross-env" | "cross-env-shell" | "env" | "!" | "command", _) => rest,
            ("pnpm" | "yarn" | "npm", ["exec" | "dlx", rest @ ..]) => rest,
            ("-y" | "--yes" | "--no-install" | "--no" | "--quiet" | "-q" | "--", _) => rest,
            _ if assigns => rest,
            _ => return words,
        };
    }
    words
}

fn command(gather: &mut Gather, place: &Place, folder: &str, words: &[&str]) {
    let words = program(words);
    let Some((first, rest)) = words.split_first() else {
        return;
    };
    let name = first
        .strip_prefix("./node_modules/.bin/")
        .or_else(|| first.strip_prefix("node_modules/.bin/"));
    // `npx prisma@5 generate`
    let name = name
        .unwrap_or(first)
        .split_once('@')
        .map_or(*first, |(name, _)| if name.is_empty() { first } else { name });
    match name {
        "npm" | "yarn" | "pnpm" | "bun" if package_manager(gather, place, folder, name, rest) => {}
        "run-s" | "run-p" | "npm-run-all" | "npm-run-all2" => {
            for script in rest.iter().filter(|word| !word.starts_with('-')) {
                named_script(gather, place, script);
            }
        }
        "patch-package" => patch_package(gather, place, folder, rest),
        "prisma" => {
            let schema = rest
                .iter()
                .position(|word| *word == "--schema")
                .and_then(|at| rest.get(at + 1));
            let glued = rest.iter().find_map(|word| word.strip_prefix("--schema="));
            let why = format!("read by `prisma` in {}", place.shown());
            prisma(gather, folder, place.manifest, schema.copied().or(glued), &why);
        }
        "node" | "ts-node" | "tsx" | "zx" | "esno" | "bash" | "sh" | "babel-node" | "bun" => {
            interpreter(gather, place, folder, name, rest);
        }
        "bower" => {
            for name in ["bower.json", ".bowerrc"] {
                gather.take(
                    &paths::join(folder, name),
                    &format!("read by `bower` in {}", place.shown()),
                );
            }
        }
        _ if listed(GIT_HOOKS, name) => git_hooks(gather, place, name),
        _ if listed(FILE_TOOLS, name) || name == "shx" => file_tool(gather, place, folder, rest),
        _ if listed(HARMLESS, name) || listed(CHECKS, name) => {}
        _ if listed(BUILDERS, name) => {
            let why = format!("{} runs `{}`, which reads the sources", place.shown(), words.join(" "));
            gather.source(folder, SourceKind::Script, why);
        }
        _ if first.starts_with("./") || first.starts_with("../") || first.contains('/') => {
            script_file::run(gather, place, folder, first);
        }
        _ => gather.unknown(
            format!(
                "{} runs `{}`, and what that reads is not known",
                place.shown(),
                words.join(" ")
            ),
            REMEDY,
        ),
    }
}

/// `npm run x`, `yarn x`, `npm install`: whether it was understood.
fn package_manager(gather: &mut Gather, place: &Place, folder: &str, name: &str, words: &[&str]) -> bool {
    let prefix = words
        .iter()
        .position(|word| matches!(*word, "--prefix" | "--cwd" | "-C" | "--dir"));
    let (folder, words) = match prefix.map(|at| words.split_at(at)) {
        Some((before, [_, target, after @ ..])) => match paths::resolve(folder, target) {
            Some(inner) => (inner, [before, after].concat()),
            None => return false,
        },
        _ => (folder.to_owned(), words.to_vec()),
    };
    let manager = match name {
        "npm" => Manager::Npm,
        "yarn" => Manager::Yarn,
        "pnpm" => Manager::Pnpm,
        _ => Manager::Bun,
    };
    match words.as_slice() {
        ["install" | "i" | "ci", rest @ ..] => nested_install(gather, manager, words.first().copied(), rest, &folder),
        [] if name == "yarn" => nested_install(gather, manager, None, &[], &folder),
        ["run" | "run-script", script, ..] if folder == place.folder => named_script(gather, place, script),
        [
            "rebuild" | "config" | "cache" | "audit" | "fund" | "dedupe" | "prune",
            ..,
        ] => {}
        [script, ..] if name != "npm" && folder == place.folder && place.manifest.script(script).is_some() => {
            named_script(gather, place, script);
        }
        ["run" | "run-script", script, ..] => {
            let manifest = PackageJson::look(gather.files, &folder);
            let Some(manifest) = manifest else { return false };
            let inner = Place {
                folder: &folder,
                manifest: &manifest,
                script,
            };
            named_script(gather, &inner, script);
        }
        // `yarn husky`, `pnpm prisma generate` run a program.
        [program, ..] if matches!(name, "yarn" | "pnpm") && !program.starts_with('-') => {
            command(gather, place, &folder, &words);
        }
        _ => return false,
    }
    true
}

fn nested_install(gather: &mut Gather, manager: Manager, verb: Option<&str>, rest: &[&str], folder: &str) {
    if !gather.first_visit("nested install", folder) {
        return;
    }
    let inner = Install::new(manager, verb.unwrap_or_default(), rest.iter().copied(), folder);
    match manager {
        Manager::Npm => install::npm(&inner, gather),
        Manager::Yarn => install::yarn(&inner, gather),
        Manager::Pnpm => install::pnpm(&inner, gather),
        _ => install::bun(&inner, gather),
    }
}

/// Another script of the same package.
fn named_script(gather: &mut Gather, place: &Place, name: &str) {
    let related = [format!("pre{name}"), name.to_owned(), format!("post{name}")];
    let known = place.manifest.script(name).is_some();
    if !known {
        return gather.unknown(
            format!(
                "{} runs the script {name}, which the manifest doesn't have",
                place.shown()
            ),
            REMEDY,
        );
    }
    for name in &related {
        if let Some(script) = place.manifest.script(name) {
            run(gather, &Place { script: name, ..*place }, script);
        }
    }
}

/// `patch-package` applies what lies in `patches/`.
fn patch_package(gather: &mut Gather, place: &Place, folder: &str, words: &[&str]) {
    let named = words
        .iter()
        .position(|word| *word == "--patch-dir")
        .and_then(|at| words.get(at + 1));
    match paths::resolve(folder, named.unwrap_or(&"patches")) {
        Some(patches) => drop(gather.take_folder(&patches, "applied by patch-package")),
        None => gather.outside(named.unwrap_or(&"patches"), &place.shown()),
    }
}

/// The schema that Prisma finds, by its documented places, and its configuration file.
pub(super) fn prisma(gather: &mut Gather, folder: &str, manifest: &PackageJson, named: Option<&str>, why: &str) {
    for name in [
        "prisma.config.ts",
        "prisma.config.mts",
        "prisma.config.js",
        "prisma.config.mjs",
    ] {
        let config = paths::join(folder, name);
        if gather.files.exists(&config) {
            script_file::config(gather, folder, &config, why);
        }
    }
    let place = paths::join(folder, "package.json");
    if let Some(name) = named.or_else(|| manifest.text("/prisma/schema")) {
        return gather.take_named(folder, name, &place);
    }
    let schema = paths::join(folder, "prisma/schema.prisma");
    if gather.files.exists(&schema) {
        gather.take(&schema, why);
    } else if gather.files.exists(&paths::join(folder, "schema.prisma")) {
        gather.take(&paths::join(folder, "schema.prisma"), why);
    } else {
        gather.take(&schema, why);
    }
    // A schema of several files lies in a folder of this name.
    let several = paths::join(folder, "prisma/schema");
    if !gather.files.list(&several).is_empty() {
        gather.take_folder(&several, why);
    }
}

/// Tools for git hooks do nothing without `.git`. husky 8 and later give up silently without it; older ones and the
/// other tools fail or change `.git`, so that it matters whether the context sends it.
fn git_hooks(gather: &mut Gather, place: &Place, name: &str) {
    let silent = name == "husky"
        && place
            .manifest
            .version_of("husky")
            .and_then(major)
            .is_some_and(|major| major >= 8);
    let sent = paths::upward(place.folder, "")
        .into_iter()
        .any(|at| gather.files.exists(&paths::join(at, ".git")));
    if sent && !silent {
        gather.unknown(
            format!("{} runs {name}, and the context sends .git", place.shown()),
            "add .git to .dockerignore, or install with --ignore-scripts",
        );
    }
}

/// A program that writes or takes away files: harmless unless it touches some of the context.
fn file_tool(gather: &mut Gather, place: &Place, folder: &str, words: &[&str]) {
    let operands = words.iter().filter(|word| !word.starts_with('-'));
    let touches = |name: &&str| {
        crate::effects::ecosystems::manifests::globs::is_pattern(name)
            || paths::resolve(folder, name).is_none_or(|path| path.is_empty() || gather.files.exists(&path))
    };
    if let Some(operand) = operands.copied().find(touches) {
        let shown = words.join(" ");
        gather.unknown(format!("{} changes {operand} with `{shown}`", place.shown()), REMEDY);
    }
}

/// `node scripts/x.js`: the first operand is a file.
fn interpreter(gather: &mut Gather, place: &Place, folder: &str, name: &str, words: &[&str]) {
    let inline = ["-e", "--eval", "-c", "-p", "--print"];
    if let Some(at) = words.iter().position(|word| inline.contains(word)) {
        let code = words.get(at + 1..).unwrap_or_default().join(" ");
        if matches!(name, "bash" | "sh") {
            return run(gather, place, &code);
        }
        return script_file::inline(gather, place, folder, &code);
    }
    // The values of these options are modules of node_modules, or of the project.
    let mut skip = false;
    for word in words {
        if skip {
            skip = false;
        } else if matches!(*word, "-r" | "--require" | "--import" | "--loader" | "--env-file") {
            skip = true;
        } else if !word.starts_with('-') {
            return script_file::run(gather, place, folder, word);
        }
    }
    gather.unknown(format!("{} starts {name} without a file", place.shown()), REMEDY);
}
