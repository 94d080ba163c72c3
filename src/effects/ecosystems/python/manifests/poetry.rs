//! `poetry install` and its like.

use super::{declared, need_pyproject, project};
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::{Gather, flags_first};
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::SourceKind;
use crate::effects::ecosystems::manifests::toml_value as value;

const VALUED: &str = "
    --without --with --only -E --extras -C --directory -P --project -f --format -o";

/// What a `poetry` command reads.
pub(crate) fn poetry(install: &Install, gather: &mut Gather) {
    let arguments = Arguments::parse(&install.arguments, VALUED);
    let folder = match arguments.value(&["-C", "--directory", "-P", "--project"]) {
        Some(name) => match paths::resolve(&install.folder, name) {
            Some(folder) => folder,
            None => return gather.outside(name, "--directory"),
        },
        None => install.folder.clone(),
    };
    match install.verb.as_str() {
        "install" | "sync" | "update" | "lock" | "export" | "add" => {}
        "build" => return build(gather, &folder),
        "" | "config" | "self" | "self add" | "self update" | "env" | "cache" | "show" | "check" => return,
        verb => {
            return gather.unknown(
                format!("`poetry {verb}` is not a command whose reads are known"),
                "install the dependencies with `poetry install` in a step of its own",
            );
        }
    }
    let Some(pyproject) = need_pyproject(gather, &folder) else {
        return;
    };
    gather.take(&paths::join(&folder, "poetry.lock"), "the lock file");
    gather.take(&paths::join(&folder, "poetry.toml"), "Poetry's settings");
    path_dependencies(gather, &folder, &pyproject, arguments.has(&["--no-directory"]));

    // `package-mode = false` (Poetry 1.8) is a project that is never installed itself.
    let is_package = value::at(&pyproject, &["tool", "poetry", "package-mode"]).and_then(toml::Value::as_bool);
    let installs = matches!(install.verb.as_str(), "install" | "sync");
    if installs && is_package != Some(false) && !arguments.has(&["--no-root"]) {
        project::build(
            gather,
            &folder,
            SourceKind::Project,
            "Poetry installs the project itself, unless --no-root",
        );
        let alone = arguments.has(&["--only-root"]);
        gather.project(if alone { None } else { flags_first(["--no-root"]) });
    }
}

fn build(gather: &mut Gather, folder: &str) {
    need_pyproject(gather, folder);
    project::build(
        gather,
        folder,
        SourceKind::Project,
        "`poetry build` packages the project",
    );
    gather.project(None);
}

/// `{ path = "../x" }` in any group; Poetry reads all of them to compare the manifest with the lock file.
fn path_dependencies(gather: &mut Gather, folder: &str, pyproject: &toml::Value, no_directory: bool) {
    let place = paths::join(folder, "pyproject.toml");
    for (_, table) in declared::poetry_tables(pyproject) {
        for (name, specification) in value::entries(table, &[]) {
            // A dependency may have several specifications for several Python versions.
            let several = std::slice::from_ref(specification);
            let several = specification.as_array().map_or(several, Vec::as_slice);
            for path in several.iter().filter_map(|one| value::text(one, &["path"])) {
                path_dependency(gather, folder, name, path, &place, no_directory);
            }
        }
    }
}

/// The path dependency `name` at `path`, said in `folder` by `place`.
pub(super) fn path_dependency(
    gather: &mut Gather,
    folder: &str,
    name: &str,
    path: &str,
    place: &str,
    manifest_only: bool,
) {
    let Some(target) = paths::resolve(folder, path) else {
        return gather.outside(path, place);
    };
    if gather.files.list(&target).is_empty() {
        gather.need(&target, &format!("the path dependency {name} of {place}"));
    } else if manifest_only {
        gather.need(
            &paths::join(&target, "pyproject.toml"),
            &format!("the path dependency {name} of {place}"),
        );
    } else {
        let why = format!("{place} depends on {name} at {path}");
        project::build(gather, &target, SourceKind::PathDependency, &why);
        gather.take_folder(&target, &format!("the path dependency {name} of {place}"));
        nested(gather, &target);
    }
}

/// The path dependencies of a path dependency.
fn nested(gather: &mut Gather, folder: &str) {
    if !gather.first_visit("poetry path dependency", folder) {
        return;
    }
    let path = paths::join(folder, "pyproject.toml");
    let text = gather.files.read(&path).unwrap_or_default();
    if let Ok(table) = text.parse::<toml::Table>() {
        path_dependencies(gather, folder, &toml::Value::Table(table), false);
    }
}
