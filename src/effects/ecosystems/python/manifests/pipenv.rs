//! `pipenv install` and its like.

use super::poetry::path_dependency;
use super::{pip, project, read_toml};
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::SourceKind;
use crate::effects::ecosystems::manifests::toml_value as value;

const VALUED: &str = "
    -r --requirements --python --pypi-mirror -i --index --categories -e";

/// What a `pipenv` command reads.
pub(crate) fn pipenv(install: &Install, gather: &mut Gather) {
    match install.verb.as_str() {
        "install" | "sync" | "update" | "lock" | "requirements" => {}
        "" | "--python" | "clean" | "check" | "graph" | "--rm" | "--venv" => return,
        verb => {
            return gather.unknown(
                format!("`pipenv {verb}` is not a command whose reads are known"),
                "install the dependencies with `pipenv sync` in a step of its own",
            );
        }
    }
    let arguments = Arguments::parse(&install.arguments, VALUED);
    let folder = install.folder.as_str();
    let path = paths::join(folder, "Pipfile");
    if arguments.value(&["-r", "--requirements"]).is_some() || !gather.files.exists(&path) {
        requirements(install, gather, &arguments);
    }
    let lock = paths::join(folder, "Pipfile.lock");
    let frozen = install.verb == "sync" || install.verb == "requirements" || arguments.has(&["--ignore-pipfile"]);
    if frozen && install.verb != "requirements" {
        gather.need(&lock, "the lock file");
    } else {
        gather.take(&lock, "the lock file");
    }
    let Some(text) = gather.take_text(&path, "the manifest") else {
        return;
    };
    let Some(pipfile) = read_toml(gather, &path, &text) else {
        return;
    };
    for table in ["packages", "dev-packages"] {
        for (name, specification) in value::entries(&pipfile, &[table]) {
            let target = value::text(specification, &["path"]).or_else(|| value::text(specification, &["file"]));
            let Some(target) = target.filter(|target| !target.contains("://")) else {
                continue;
            };
            if paths::resolve(folder, target).as_deref() == Some(folder) {
                project::build(
                    gather,
                    folder,
                    SourceKind::Project,
                    &format!("{path} installs the project itself"),
                );
                // Pipenv has no way to leave one package out.
                gather.project(None);
            } else {
                path_dependency(gather, folder, name, target, &path, false);
            }
        }
    }
}

/// Pipenv imports requirements files: the one of `-r`, or `requirements.txt` where there is no Pipfile yet.
fn requirements(install: &Install, gather: &mut Gather, arguments: &Arguments) {
    let named = arguments.value(&["-r", "--requirements"]);
    let Some(name) = named.or(Some("requirements.txt").filter(|_| install.verb == "install")) else {
        gather.need(&paths::join(&install.folder, "Pipfile"), "the manifest");
        return;
    };
    let words = ["-r", name];
    let as_pip = Install {
        arguments: words.map(str::to_owned).to_vec(),
        ..install.clone()
    };
    pip::packages(&as_pip, &install.folder, gather);
}
