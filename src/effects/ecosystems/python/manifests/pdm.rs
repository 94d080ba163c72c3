//! `pdm install` and its like.

use super::requirement::Requirement;
use super::{need_pyproject, poetry, project};
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::{Gather, flags_first};
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::SourceKind;
use crate::effects::ecosystems::manifests::toml_value as value;

const VALUED: &str = "
    -p --project -G --group --with --without -L --lockfile --venv -k";

/// What a `pdm` command reads.
pub(crate) fn pdm(install: &Install, gather: &mut Gather) {
    let arguments = Arguments::parse(&install.arguments, VALUED);
    let folder = match arguments.value(&["-p", "--project"]) {
        Some(name) => match paths::resolve(&install.folder, name) {
            Some(folder) => folder,
            None => return gather.outside(name, "--project"),
        },
        None => install.folder.clone(),
    };
    match install.verb.as_str() {
        "install" | "sync" | "update" | "lock" | "export" | "add" => {}
        "" | "config" | "cache" | "use" | "venv" | "self" | "plugin" => return,
        verb => {
            return gather.unknown(
                format!("`pdm {verb}` is not a command whose reads are known"),
                "install the dependencies with `pdm sync` in a step of its own",
            );
        }
    }
    let Some(pyproject) = need_pyproject(gather, &folder) else {
        return;
    };
    let lock = arguments.value(&["-L", "--lockfile"]).unwrap_or("pdm.lock");
    match paths::resolve(&folder, lock) {
        Some(path) => drop(gather.take(&path, "the lock file")),
        None => gather.outside(lock, "--lockfile"),
    }
    for (name, why) in [
        ("pdm.toml", "PDM's settings"),
        (".pdm-python", "the interpreter that PDM uses"),
    ] {
        gather.take(&paths::join(&folder, name), why);
    }
    local_requirements(gather, &folder, &pyproject);

    // `distribution = false` is a project that is never installed itself.
    let distribution = value::at(&pyproject, &["tool", "pdm", "distribution"]).and_then(toml::Value::as_bool);
    let installs = matches!(install.verb.as_str(), "install" | "sync");
    if installs && distribution != Some(false) && !arguments.has(&["--no-self", "--no-editable-self"]) {
        project::build(
            gather,
            &folder,
            SourceKind::Project,
            "PDM installs the project itself, unless --no-self",
        );
        gather.project(flags_first(["--no-self"]));
    }
}

/// Requirements that are paths: `x @ file:///${PROJECT_ROOT}/libs/x`, `-e file:///${PROJECT_ROOT}/libs/x#egg=x`.
fn local_requirements(gather: &mut Gather, folder: &str, pyproject: &toml::Value) {
    let place = paths::join(folder, "pyproject.toml");
    let mut texts = value::texts(pyproject, &["project", "dependencies"]);
    for table in [
        &["project", "optional-dependencies"][..],
        &["dependency-groups"],
        &["tool", "pdm", "dev-dependencies"],
    ] {
        texts.extend(value::entries(pyproject, table).flat_map(|(_, group)| value::texts(group, &[])));
    }
    for text in texts {
        let text = text.strip_prefix("-e ").unwrap_or(text);
        if let Requirement::Local { path, name } = Requirement::parse(text) {
            let path = path.replace("${PROJECT_ROOT}", ".");
            let path = path.strip_prefix("/.").map_or(path.clone(), |rest| format!(".{rest}"));
            let name = name.unwrap_or_else(|| path.clone());
            poetry::path_dependency(gather, folder, &name, &path, &place, false);
        }
    }
}
