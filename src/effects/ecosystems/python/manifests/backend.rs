//! What the build backend of a `pyproject.toml` reads besides code.

use super::requirement::Requirement;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::toml_value as value;

/// Tools that take the version from git, by the name under which `build-system.requires` asks for them.
const VERSION_FROM_GIT: &[&str] = &[
    "setuptools-scm",
    "setuptools-git-versioning",
    "vcs-versioning",
    "hatch-vcs",
    "versioningit",
    "versioneer",
    "poetry-dynamic-versioning",
    "uv-dynamic-versioning",
    "dunamai",
    "pbr",
    "miniver",
];

/// Whether setuptools builds it: what PEP 517 says for a manifest without a backend, too.
pub(super) fn is_setuptools(pyproject: &toml::Value) -> bool {
    let backend = value::text(pyproject, &["build-system", "build-backend"]);
    backend.is_none_or(|name| name.starts_with("setuptools"))
}

/// The names of what the build needs, normalized.
fn build_requires(pyproject: &toml::Value) -> Vec<String> {
    let texts = value::texts(pyproject, &["build-system", "requires"]);
    let named = texts
        .into_iter()
        .filter_map(|text| Requirement::parse(text).name().map(str::to_owned));
    named.collect()
}

/// Says that the version comes from git, so that `.git` is read.
pub(super) fn version_from_git(gather: &mut Gather, folder: &str, tool: &str) {
    let why = format!("where {tool} takes the version from");
    // The repository's root may lie above the project.
    let found = paths::upward(folder, "").into_iter().map(|at| paths::join(at, ".git"));
    let git = found.into_iter().find(|path| gather.files.exists(path));
    match git {
        Some(path) if gather.files.list(&path).is_empty() => drop(gather.take(&path, &why)),
        Some(path) => drop(gather.take_folder(&path, &why)),
        None => drop(gather.take(&paths::join(folder, ".git"), &why)),
    }
}

/// What the backend's own tables name, and whether it reads git.
pub(super) fn read(gather: &mut Gather, folder: &str, pyproject: &toml::Value) {
    let place = paths::join(folder, "pyproject.toml");
    let requires = build_requires(pyproject);
    for tool in VERSION_FROM_GIT {
        if requires.iter().any(|name| name == tool) {
            version_from_git(gather, folder, tool);
        }
    }
    let backend = value::text(pyproject, &["build-system", "build-backend"]).unwrap_or_default();
    for name in value::texts(pyproject, &["build-system", "backend-path"]) {
        gather.take_named(folder, name, &place);
    }
    for name in named_files(pyproject) {
        gather.take_named(folder, name, &place);
    }
    match backend.split(['.', ':']).next().unwrap_or_default() {
        "hatchling" if value::at(pyproject, &["tool", "hatch", "build", "hooks", "custom"]).is_some() => {
            let hook = value::text(pyproject, &["tool", "hatch", "build", "hooks", "custom", "path"]);
            gather.take_named(folder, hook.unwrap_or("hatch_build.py"), &place);
            gather.unknown(
                format!("{place} has a build hook of hatchling, which may read any file"),
                "install the dependencies in a step of their own, before the project",
            );
        }
        "maturin" => {
            for name in [
                "Cargo.toml",
                "Cargo.lock",
                "build.rs",
                "rust-toolchain",
                "rust-toolchain.toml",
            ] {
                gather.take(&paths::join(folder, name), "read by maturin, the build backend");
            }
        }
        "scikit_build_core" => drop(gather.take(&paths::join(folder, "CMakeLists.txt"), "read by scikit-build")),
        "mesonpy" => {
            for name in ["meson.build", "meson.options", "meson_options.txt"] {
                gather.take(&paths::join(folder, name), "read by Meson, the build backend");
            }
        }
        "pdm" if value::text(pyproject, &["tool", "pdm", "version", "source"]) == Some("scm") => {
            version_from_git(gather, folder, "pdm-backend");
        }
        _ => {}
    }
    for (table, tool) in [("setuptools_scm", "setuptools-scm"), ("versioneer", "versioneer")] {
        if value::at(pyproject, &["tool", table]).is_some() {
            version_from_git(gather, folder, tool);
        }
    }
}

/// The paths in the tables of the backends, by their documentation.
fn named_files(pyproject: &toml::Value) -> Vec<&str> {
    let mut found = Vec::new();
    // setuptools: `[tool.setuptools.dynamic]` with `file = …` for any field.
    for (_, field) in value::entries(pyproject, &["tool", "setuptools", "dynamic"]) {
        found.extend(value::texts(field, &["file"]));
        for (_, group) in value::entries(field, &[]) {
            found.extend(value::texts(group, &["file"]));
        }
    }
    found.extend(value::texts(pyproject, &["tool", "setuptools", "license-files"]));
    // hatchling: the version's file, metadata hooks, forced files.
    found.extend(value::texts(pyproject, &["tool", "hatch", "version", "path"]));
    let hooks = ["tool", "hatch", "metadata", "hooks"];
    for (_, hook) in value::entries(pyproject, &hooks) {
        found.extend(value::texts(hook, &["filename"]));
        found.extend(value::texts(hook, &["files"]));
        found.extend(
            value::items(hook, &["fragments"])
                .iter()
                .filter_map(|item| value::text(item, &["path"])),
        );
        for (_, group) in value::entries(hook, &["optional-dependencies"]) {
            found.extend(value::texts(group, &[]));
        }
    }
    for target in [&["wheel"][..], &["sdist"]] {
        let path = [&["tool", "hatch", "build", "targets"], target, &["force-include"]].concat();
        found.extend(value::entries(pyproject, &path).map(|(name, _)| name));
    }
    // flit, before PEP 621.
    found.extend(value::texts(
        pyproject,
        &["tool", "flit", "metadata", "description-file"],
    ));
    // poetry-core: readme (one or several), a licence file of a later version, the build script.
    found.extend(value::texts(pyproject, &["tool", "poetry", "readme"]));
    found.extend(value::texts(pyproject, &["tool", "poetry", "build"]));
    found.extend(value::texts(pyproject, &["tool", "poetry", "build", "script"]));
    // pdm-backend.
    found.extend(value::texts(pyproject, &["tool", "pdm", "version", "path"]));
    found.extend(value::texts(pyproject, &["tool", "pdm", "build", "custom-hook"]));
    found.extend(value::texts(pyproject, &["tool", "pdm", "build", "run-setuptools"]));
    // maturin.
    found.extend(value::texts(pyproject, &["tool", "maturin", "manifest-path"]));
    // scikit-build-core.
    found.extend(value::texts(
        pyproject,
        &["tool", "scikit-build", "metadata", "version", "input"],
    ));
    found
}
