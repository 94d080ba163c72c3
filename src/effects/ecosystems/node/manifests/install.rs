//! The install commands of npm, Yarn, pnpm and Bun.

use serde_json::Value;

use super::package_json::{PackageJson, major};
use super::scripts::{self, Tool};
use super::{local, settings, workspace};
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::{Gather, download_first};
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::SourceKind;

/// The options whose value is the next word, of all four tools.
const VALUED: &str = "
    --prefix -C --dir --cwd --registry -w --workspace --omit --include --cache --loglevel --userconfig
    --globalconfig --cafile --tag --filter -F --store-dir --cache-folder --modules-folder --network-timeout
    --network-concurrency --mutex --only --fetch-retries --fetch-timeout --maxsockets --reporter --config -c
    --cache-dir --backend --install-strategy --link-folder --global-dir --pnpmfile --lockfile-dir
    --virtual-store-dir --node-linker --mode";

/// What an `npm` command reads.
pub(crate) fn npm(install: &Install, gather: &mut Gather) {
    let verbs = [
        "install",
        "i",
        "add",
        "ci",
        "clean-install",
        "ic",
        "install-clean",
        "in",
        "ins",
        "isntall",
        "install-test",
        "it",
        "update",
        "up",
        "link",
        "rebuild",
        "prune",
        "dedupe",
        "audit",
        "audit fix",
        "pack",
        "cit",
    ];
    let nothing = [
        "",
        "config",
        "cache",
        "set",
        "cache clean",
        "version",
        "config set",
        "view",
        "root",
        "prefix",
    ];
    if known(install, gather, &verbs, &nothing, "npm ci") {
        packages(install, gather, Tool::Npm);
    }
}

/// What a `yarn` command reads, classic or berry.
pub(crate) fn yarn(install: &Install, gather: &mut Gather) {
    let verbs = [
        "",
        "install",
        "add",
        "upgrade",
        "up",
        "workspaces focus",
        "global add",
        "dedupe",
        "rebuild",
    ];
    let nothing = [
        "config",
        "config set",
        "cache",
        "cache clean",
        "set",
        "set version",
        "--version",
        "plugin import",
    ];
    if known(install, gather, &verbs, &nothing, "yarn install") {
        let tool = if is_berry(install, gather) {
            Tool::YarnBerry
        } else {
            Tool::YarnClassic
        };
        packages(install, gather, tool);
    }
}

/// What a `pnpm` command reads.
pub(crate) fn pnpm(install: &Install, gather: &mut Gather) {
    if install.verb == "fetch" {
        return fetch(install, gather);
    }
    let verbs = [
        "install",
        "i",
        "add",
        "update",
        "up",
        "recursive install",
        "rebuild",
        "prune",
        "ci",
        "install-test",
    ];
    let nothing = [
        "",
        "config",
        "config set",
        "store",
        "store prune",
        "setup",
        "env",
        "env use",
    ];
    if known(install, gather, &verbs, &nothing, "pnpm install") {
        packages(install, gather, Tool::Pnpm);
    }
}

/// What a `bun` command reads.
pub(crate) fn bun(install: &Install, gather: &mut Gather) {
    let nothing = ["", "upgrade", "pm", "pm cache", "pm cache rm", "--version"];
    if known(
        install,
        gather,
        &["install", "i", "add", "a", "update", "ci"],
        &nothing,
        "bun install",
    ) {
        packages(install, gather, Tool::Bun);
    }
}

/// Whether the verb installs; says so where it is none that is known.
fn known(install: &Install, gather: &mut Gather, verbs: &[&str], nothing: &[&str], example: &str) -> bool {
    let verb = install.verb.as_str();
    let installs = verbs.contains(&verb);
    if !installs && !nothing.contains(&verb) {
        gather.unknown(
            format!(
                "`{} {verb}` is not a command whose reads are known",
                install.manager.id()
            ),
            format!("install the dependencies with `{example}` in a step of its own"),
        );
    }
    installs
}

/// Whether the project uses Yarn 2 or later: `packageManager` says so, or its settings or its lock file are there.
fn is_berry(install: &Install, gather: &Gather) -> bool {
    let mut above = paths::upward(&install.folder, &install.root).into_iter();
    let manager = |at: &str| {
        let manifest = PackageJson::look(gather.files, at)?;
        let (name, version) = manifest.package_manager()?;
        (name == "yarn").then(|| major(version).is_some_and(|major| major >= 2))
    };
    above
        .find_map(|at| {
            manager(at).or_else(|| {
                let lock = gather.files.read(&paths::join(at, "yarn.lock"));
                let settings = gather.files.exists(&paths::join(at, ".yarnrc.yml"));
                lock.map(|text| text.contains("__metadata:"))
                    .or(settings.then_some(true))
            })
        })
        .unwrap_or(false)
}

/// `pnpm fetch` reads the lock file, the settings and the patches, but no manifest.
fn fetch(install: &Install, gather: &mut Gather) {
    let root = workspace::root(gather.files, &install.folder, &install.root, Tool::Pnpm);
    gather.need(&paths::join(&root, "pnpm-lock.yaml"), "the lock file");
    settings::read_npmrc(gather, &root);
    pnpm_settings(gather, &root);
    if let Some(manifest) = PackageJson::look(gather.files, &root) {
        for (_, path) in manifest.entries("/pnpm/patchedDependencies") {
            gather.take_named(&root, path, &paths::join(&root, "package.json"));
        }
    }
}

/// `pnpm-workspace.yaml` and the hooks file.
fn pnpm_settings(gather: &mut Gather, root: &str) -> bool {
    for name in [".pnpmfile.cjs", "pnpmfile.js", ".pnpmfile.mjs"] {
        let path = paths::join(root, name);
        if gather.files.exists(&path) {
            gather.take(&path, "pnpm's hooks");
            let text = gather.files.read(&path).unwrap_or_default();
            if ["require(", "import ", "readFile", "import("]
                .iter()
                .any(|call| text.contains(call))
            {
                gather.unknown(
                    format!("{path} loads other files, which only a run shows"),
                    format!("make {path} self-contained"),
                );
            }
        }
    }
    let settings = settings::take_yaml(
        gather,
        root,
        "pnpm-workspace.yaml",
        "the list of the workspace's members",
    );
    let place = paths::join(root, "pnpm-workspace.yaml");
    let Some(settings) = settings else { return false };
    let table = |key: &str| settings.get(key).and_then(Value::as_object).into_iter().flatten();
    for (_, path) in table("patchedDependencies") {
        if let Some(path) = path.as_str() {
            gather.take_named(root, path, &place);
        }
    }
    for (name, to) in table("overrides") {
        if let Some(to) = to.as_str() {
            local::one(gather, root, root, name, to, &place);
        }
    }
    settings.get("ignoreScripts").and_then(Value::as_bool) == Some(true)
}

fn packages(install: &Install, gather: &mut Gather, tool: Tool) {
    let arguments = Arguments::parse(&install.arguments, VALUED);
    let folder = match arguments.value(&["--prefix", "-C", "--dir", "--cwd"]) {
        // An absolute prefix is a folder of the image: the caller knows which one of the context it is, if any.
        Some(name) => match paths::resolve(&install.folder, name) {
            Some(folder) => folder,
            None => return gather.outside(name, "the option for the project's folder"),
        },
        None => install.folder.clone(),
    };
    let global = arguments.has(&["-g", "--global"])
        || install.verb == "global add"
        || arguments.value(&["--location"]) == Some("global");
    operands(gather, &folder, &arguments);
    if global {
        return;
    }
    let root = workspace::root(gather.files, &folder, &install.root, tool);
    let Some(manifest) = PackageJson::need(gather, &root, "the manifest") else {
        return;
    };
    let mut ignore = arguments.has(&["--ignore-scripts"]);
    // `--mode=skip-build` is berry's way to leave scripts out.
    ignore |= arguments
        .value(&["--mode"])
        .is_some_and(|mode| mode != "update-lockfile");
    ignore |= read_settings(gather, &root, tool);
    if folder != root {
        settings::read_npmrc(gather, &folder);
    }
    lock_files(gather, &root, tool, install);

    let members = workspace::patterns(gather.files, &root, tool)
        .map(|patterns| workspace::members(gather.files, &root, &patterns))
        .unwrap_or_default();
    local::read(gather, &root, &root, &manifest);
    let production = arguments.has(&["--production", "--prod", "-P"]);
    // Naming packages installs them without the project's own life cycle, except with Yarn classic.
    let adds = !arguments.operands.is_empty() && tool != Tool::YarnClassic;
    if !ignore && !adds {
        scripts::run(gather, &root, &manifest, tool, production);
    }
    for member in &members {
        gather.member(member);
        let why = format!("a member of the workspace of {}", paths::join(&root, "package.json"));
        let Some(manifest) = PackageJson::need(gather, member, &why) else {
            continue;
        };
        local::read(gather, member, &root, &manifest);
        settings::read_npmrc(gather, member);
        local::programs(gather, member, &manifest);
        if !ignore && !adds {
            scripts::run(gather, member, &manifest, tool, production);
        }
    }
    // A folder of a pnpm workspace need not be a member.
    if folder != root && !members.contains(&folder) {
        gather.need(&paths::join(&folder, "package.json"), "the manifest");
    }
    if tool == Tool::Pnpm && gather.files.exists(&paths::join(&root, "pnpm-lock.yaml")) && gather.reads_sources() {
        gather.project(download_first(&["pnpm", "fetch"], Vec::new()));
    }
}

/// Operands that are paths: `npm install ./libs/x`, `npm install x.tgz`, `npm install .`.
fn operands(gather: &mut Gather, folder: &str, arguments: &Arguments) {
    for operand in &arguments.operands {
        let path = operand.strip_prefix("file:").unwrap_or(operand);
        let is_path = path.starts_with('.') || path.starts_with('/') || path.ends_with(".tgz") || path != operand;
        if !is_path || path.contains("://") {
            if operand.contains('$') {
                gather.unknown(
                    format!("the command line holds {operand}, which only the build knows"),
                    "write the package out",
                );
            }
            continue;
        }
        let Some(target) = paths::resolve(folder, path) else {
            gather.outside(operand, "the command line");
            continue;
        };
        let is_folder = target.is_empty() || !gather.files.list(&target).is_empty();
        if !is_folder {
            gather.need(&target, "named on the command line");
            continue;
        }
        let kind = if target == folder {
            SourceKind::Project
        } else {
            SourceKind::PathDependency
        };
        gather.source(
            &target,
            kind,
            format!("the command line installs the package in {}", paths::shown(&target)),
        );
        if target == folder {
            gather.project(None);
        } else {
            gather.take_folder(&target, "named on the command line");
        }
    }
}

/// The settings in the root; whether they switch scripts off.
fn read_settings(gather: &mut Gather, root: &str, tool: Tool) -> bool {
    let mut ignore = false;
    match tool {
        Tool::Npm => ignore |= settings::read_npmrc(gather, root),
        Tool::YarnClassic => {
            ignore |= settings::read_npmrc(gather, root);
            ignore |= settings::read_yarnrc(gather, root);
            // Later releases of Yarn 1 look here for `yarnPath`.
            settings::read_yarnrc_yml(gather, root);
        }
        Tool::YarnBerry => ignore |= settings::read_yarnrc_yml(gather, root),
        Tool::Pnpm => {
            ignore |= settings::read_npmrc(gather, root);
            ignore |= pnpm_settings(gather, root);
        }
        Tool::Bun => {
            settings::read_npmrc(gather, root);
            gather.take(&paths::join(root, "bunfig.toml"), "Bun's settings");
        }
    }
    ignore
}

fn lock_files(gather: &mut Gather, root: &str, tool: Tool, install: &Install) {
    let names: &[&str] = match tool {
        // npm reads Yarn's lock file where it has none of its own.
        Tool::Npm => &["npm-shrinkwrap.json", "package-lock.json", "yarn.lock"],
        // Yarn 1 also opens a README beside the manifest, for a field that it then drops: that changes nothing.
        Tool::YarnClassic => &["yarn.lock"],
        Tool::YarnBerry => &["yarn.lock", ".pnp.cjs", ".pnp.js", ".pnp.loader.mjs", ".pnp.data.json"],
        Tool::Pnpm => &["pnpm-lock.yaml"],
        // Bun migrates the lock files of others where it has none.
        Tool::Bun => &[
            "bun.lock",
            "bun.lockb",
            "package-lock.json",
            "yarn.lock",
            "pnpm-lock.yaml",
        ],
    };
    let own = match tool {
        Tool::Npm | Tool::Bun => 2,
        _ => 1,
    };
    let mut found_own = false;
    for (index, name) in names.iter().enumerate() {
        let foreign = index >= own && matches!(tool, Tool::Npm | Tool::Bun);
        if foreign && found_own {
            break;
        }
        let there = gather.take(&paths::join(root, name), "the lock file");
        found_own |= there && !foreign;
    }
    let clean = matches!(
        install.verb.as_str(),
        "ci" | "clean-install" | "ic" | "install-clean" | "cit"
    );
    if clean && !found_own {
        let name = match tool {
            Tool::Npm => "package-lock.json",
            Tool::YarnClassic | Tool::YarnBerry => "yarn.lock",
            Tool::Pnpm => "pnpm-lock.yaml",
            Tool::Bun => "bun.lock",
        };
        gather.need(&paths::join(root, name), "the lock file");
    }
    if tool == Tool::YarnBerry {
        gather.take_folder(&paths::join(root, ".yarn/cache"), "Yarn's offline cache of packages");
    }
}
