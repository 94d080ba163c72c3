//! What a build of a Python project reads: `pip install .`, `poetry install`, a path dependency.

use super::{backend, read_toml, setup_cfg, setup_py};
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::reads::SourceKind;
use crate::effects::ecosystems::manifests::toml_value as value;
use crate::effects::ecosystems::manifests::{globs, paths};

/// The `license-files` of PEP 639 where the manifest has none, as setuptools and hatchling look for them.
const LICENSE_GLOBS: &[&str] = &["LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"];

/// The project in `folder` is built or installed because of `why`: its manifests, the files these name, its code.
pub(super) fn build(gather: &mut Gather, folder: &str, kind: SourceKind, why: &str) {
    gather.source(folder, kind, why);
    if !gather.first_visit("python project", folder) {
        return;
    }
    let path = paths::join(folder, "pyproject.toml");
    let pyproject = match gather.take_text(&path, "the manifest of the project that is built") {
        Some(text) => read_toml(gather, &path, &text),
        None => None,
    };
    let is_setuptools = pyproject.as_ref().is_none_or(backend::is_setuptools);
    if is_setuptools {
        let setup_py = setup_py::read(gather, folder);
        let setup_cfg = setup_cfg::read(gather, folder);
        let any = setup_py || setup_cfg || pyproject.is_some();
        if !any {
            gather.need(&path, "the manifest of the project that is built");
        }
        gather.take(
            &paths::join(folder, "MANIFEST.in"),
            "setuptools' list of files to package",
        );
    }
    if let Some(pyproject) = &pyproject {
        metadata(gather, folder, pyproject);
        backend::read(gather, folder, pyproject);
    } else if is_setuptools {
        licenses(gather, folder, LICENSE_GLOBS);
    }
}

/// The files that the `[project]` table names (PEP 621, PEP 639).
fn metadata(gather: &mut Gather, folder: &str, pyproject: &toml::Value) {
    let place = paths::join(folder, "pyproject.toml");
    let readme = value::text(pyproject, &["project", "readme"]);
    let readme = readme.or_else(|| value::text(pyproject, &["project", "readme", "file"]));
    let license = value::text(pyproject, &["project", "license", "file"]);
    for name in readme.into_iter().chain(license) {
        match paths::resolve(folder, name) {
            Some(path) => drop(gather.need(&path, &format!("named by {place}"))),
            None => gather.outside(name, &place),
        }
    }
    let named = value::texts(pyproject, &["project", "license-files"]);
    licenses(gather, folder, if named.is_empty() { LICENSE_GLOBS } else { &named });
}

fn licenses(gather: &mut Gather, folder: &str, patterns: &[&str]) {
    for pattern in patterns {
        for path in globs::expand(gather.files, folder, pattern).unwrap_or_default() {
            gather.take(&path, "a licence file that the package includes");
        }
    }
}
