//! `uv sync`, `uv pip install` and their like.

use super::poetry::path_dependency;
use super::{need_pyproject, pip, project};
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::{Gather, flags_first};
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::reads::SourceKind;
use crate::effects::ecosystems::manifests::toml_value as value;
use crate::effects::ecosystems::manifests::{globs, paths};

/// The options of `uv sync`, `uv export` and `uv run` whose value is the next word, by their `--help`.
const VALUED: &str = "
    --extra --no-extra --group --no-group --only-group --package --no-install-package --directory --project -p
    --python --index --default-index -i --index-url --extra-index-url -f --find-links -P --upgrade-package
    --refresh-package --reinstall-package --index-strategy --keyring-provider --resolution --prerelease -C
    --config-setting --link-mode --cache-dir --config-file --python-platform --exclude-newer -o --output-file
    --format --color --script --allow-insecure-host --no-binary-package --no-build-package
    --no-build-isolation-package";

/// What a `uv` command reads.
pub(crate) fn uv(install: &Install, gather: &mut Gather) {
    let arguments = Arguments::parse(&install.arguments, VALUED);
    let folder = match arguments.value(&["--directory", "--project"]) {
        Some(name) => match paths::resolve(&install.folder, name) {
            Some(folder) => folder,
            None => return gather.outside(name, "--directory"),
        },
        None => install.folder.clone(),
    };
    match install.verb.as_str() {
        "pip install" | "pip sync" | "pip compile" => {
            for name in ["uv.toml", ".python-version"] {
                gather.take(&paths::join(&folder, name), "uv's settings");
            }
            gather.take(&paths::join(&folder, "pyproject.toml"), "may hold uv's settings");
            pip::packages(install, &folder, gather);
        }
        "sync" | "export" | "lock" | "add" => sync(install, gather, &folder, &arguments),
        "run" => {
            sync(install, gather, &folder, &arguments);
            gather.source(&folder, SourceKind::Project, "`uv run` runs the project's code");
            gather.project(None);
        }
        "build" => {
            project::build(gather, &folder, SourceKind::Project, "`uv build` packages the project");
            gather.project(None);
        }
        "python install" => drop(gather.take(&paths::join(&folder, ".python-version"), "the version of Python")),
        // A tool comes from an index, unless its operand is a path.
        "tool install" => pip::packages(install, &folder, gather),
        "" | "venv" | "cache" | "cache clean" | "self" | "python" | "tool" | "init" | "python pin"
        | "pip uninstall" | "pip list" | "pip freeze" | "pip check" => {}
        verb => gather.unknown(
            format!("`uv {verb}` is not a command whose reads are known"),
            "install the dependencies with `uv sync` in a step of its own",
        ),
    }
}

fn sync(install: &Install, gather: &mut Gather, folder: &str, arguments: &Arguments) {
    if !arguments.operands.is_empty() && install.verb == "add" {
        // `uv add -r` and `uv add ./path` take what pip takes.
        pip::packages(install, folder, gather);
    }
    for at in paths::upward(folder, &install.root) {
        for (name, why) in [
            (".python-version", "the version of Python"),
            ("uv.toml", "uv's settings"),
        ] {
            if at == folder || gather.files.exists(&paths::join(at, name)) {
                gather.take(&paths::join(at, name), why);
            }
        }
    }
    let Some(pyproject) = need_pyproject(gather, folder) else {
        return;
    };
    let root = workspace_root(gather, folder, &install.root).unwrap_or_else(|| folder.to_owned());
    let lock = paths::join(&root, "uv.lock");
    if arguments.has(&["--frozen", "--locked"]) {
        gather.need(&lock, "the lock file");
    } else {
        gather.take(&lock, "the lock file");
    }
    let members = members(gather, &root);
    for member in members.iter().filter(|member| **member != root) {
        gather.member(member);
    }
    let skip_all = arguments.has(&["--no-install-workspace", "--no-install-local"]);
    let skip_project = skip_all || arguments.has(&["--no-install-project", "--only-group"]);
    let installs = matches!(install.verb.as_str(), "sync" | "run" | "add") && !arguments.has(&["--no-sync"]);
    let mut others = false;
    for member in &members {
        let manifest = read_quietly(gather, member);
        let Some(manifest) = manifest else { continue };
        sources(gather, member, &manifest);
        let own = member == folder;
        let skipped = if own { skip_project } else { skip_all };
        let builds_for_lock = has_dynamic_dependencies(&manifest) && !arguments.has(&["--frozen"]);
        let is_package = is_package(&manifest);
        if installs && is_package && !skipped {
            others |= !own;
            let kind = if own {
                SourceKind::Project
            } else {
                SourceKind::PathDependency
            };
            let why = format!("uv installs the package in {}", paths::shown(member));
            project::build(gather, member, kind, &why);
        } else if builds_for_lock {
            let why = format!(
                "the dependencies of {} are dynamic: uv builds it to read them",
                paths::shown(member)
            );
            project::build(gather, member, SourceKind::Project, &why);
        }
    }
    let own_package = is_package(&pyproject) && !skip_project;
    if installs && (own_package || others) {
        let flag = if members.len() > 1 {
            "--no-install-workspace"
        } else {
            "--no-install-project"
        };
        gather.project(flags_first([flag]));
    }
}

/// The folder whose manifest declares the workspace that `folder` is in; uv looks at it and above it.
fn workspace_root(gather: &Gather, folder: &str, root: &str) -> Option<String> {
    for at in paths::upward(folder, root) {
        let declares = read_quietly(gather, at)
            .is_some_and(|manifest| value::at(&manifest, &["tool", "uv", "workspace"]).is_some());
        if declares && (at == folder || workspace_members(gather, at).iter().any(|member| member == folder)) {
            return Some(at.to_owned());
        }
    }
    None
}

/// The root and the members of its workspace, each with its manifest said to be read.
fn members(gather: &mut Gather, root: &str) -> Vec<String> {
    let mut found = vec![root.to_owned()];
    let place = paths::join(root, "pyproject.toml");
    gather.need(&place, "the manifest");
    for member in workspace_members(gather, root) {
        gather.need(
            &paths::join(&member, "pyproject.toml"),
            &format!("a member of the workspace of {place}"),
        );
        if !found.contains(&member) {
            found.push(member);
        }
    }
    found
}

fn workspace_members(gather: &Gather, root: &str) -> Vec<String> {
    let Some(manifest) = read_quietly(gather, root) else {
        return Vec::new();
    };
    let expand = |key: &str| -> Vec<String> {
        let patterns = value::texts(&manifest, &["tool", "uv", "workspace", key]);
        patterns
            .iter()
            .filter_map(|pattern| globs::expand(gather.files, root, pattern))
            .flatten()
            .collect()
    };
    let excluded = expand("exclude");
    let mut found = expand("members");
    // uv ignores folders without a manifest only where they are hidden; for others it fails.
    found.retain(|member| !excluded.contains(member) && !gather.files.list(member).is_empty());
    found
}

fn read_quietly(gather: &Gather, folder: &str) -> Option<toml::Value> {
    let text = gather.files.read(&paths::join(folder, "pyproject.toml"))?;
    text.parse::<toml::Table>().ok().map(toml::Value::Table)
}

/// Whether uv installs the project: with a build system, unless `tool.uv.package` says otherwise.
fn is_package(pyproject: &toml::Value) -> bool {
    let said = value::at(pyproject, &["tool", "uv", "package"]).and_then(toml::Value::as_bool);
    let has_backend = value::at(pyproject, &["build-system"]).is_some();
    said.unwrap_or(has_backend) && value::at(pyproject, &["project"]).is_some()
}

/// Whether the manifest leaves its dependencies to the build backend.
pub(super) fn has_dynamic_dependencies(pyproject: &toml::Value) -> bool {
    let dynamic = value::texts(pyproject, &["project", "dynamic"]);
    let no_table = value::at(pyproject, &["project"]).is_none();
    no_table && value::at(pyproject, &["build-system"]).is_some()
        || dynamic.iter().any(|field| field.ends_with("dependencies"))
}

/// `tool.uv.sources` with `path = …`, and local wheels of `find-links`.
pub(super) fn sources(gather: &mut Gather, folder: &str, pyproject: &toml::Value) {
    let place = paths::join(folder, "pyproject.toml");
    for (name, source) in value::entries(pyproject, &["tool", "uv", "sources"]) {
        // A package may have several sources for several markers.
        let one = std::slice::from_ref(source);
        let several = source.as_array().map_or(one, Vec::as_slice);
        for path in several.iter().filter_map(|source| value::text(source, &["path"])) {
            path_dependency(gather, folder, name, path, &place, false);
            let nested = paths::resolve(folder, path).filter(|target| gather.first_visit("uv path", target));
            if let Some((target, manifest)) = nested.and_then(|at| read_quietly(gather, &at).map(|found| (at, found))) {
                sources(gather, &target, &manifest);
            }
        }
    }
    for links in value::texts(pyproject, &["tool", "uv", "find-links"]) {
        if !links.contains("://") {
            gather.take_named(folder, links, &place);
        }
    }
}
