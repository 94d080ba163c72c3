//! The direct dependencies that Python manifests declare.

use super::requirement::{Requirement, normalize};
use super::requirements::{self, Line};
use super::setup_cfg;
use crate::context::Files;
use crate::effects::ecosystems::manifests::dependency::{Dependency, is_dev_group};
use crate::effects::ecosystems::manifests::toml_value as value;
use crate::effects::ecosystems::manifests::{globs, paths};

/// Those of `pyproject.toml`, `setup.cfg`, `Pipfile` and `requirements*.txt` in `folder`.
pub(crate) fn declared(folder: &str, files: &dyn Files) -> Vec<Dependency> {
    let mut found = Vec::new();
    let path = paths::join(folder, "pyproject.toml");
    if let Some(pyproject) = read_toml(files, &path) {
        pyproject_dependencies(&path, &pyproject, &mut found);
    }
    let path = paths::join(folder, "setup.cfg");
    for entry in files
        .read(&path)
        .map(|text| setup_cfg::parse(&text))
        .unwrap_or_default()
    {
        let group = match (entry.section.as_str(), entry.key.as_str()) {
            ("options", "install_requires") => "install_requires",
            ("options.extras_require", extra) => extra,
            _ => continue,
        };
        requirements_in(&path, group, entry.lines.iter().map(String::as_str), &mut found);
    }
    let path = paths::join(folder, "Pipfile");
    if let Some(pipfile) = read_toml(files, &path) {
        for (table, dev) in [("packages", false), ("dev-packages", true)] {
            let names = value::entries(&pipfile, &[table]).map(|(name, _)| normalize(name));
            found.extend(names.map(|name| dependency(&path, table, dev, name)));
        }
    }
    for pattern in ["*requirements*.txt", "requirements/*.txt"] {
        for path in globs::expand(files, folder, pattern).unwrap_or_default() {
            let group = paths::name(&path).trim_end_matches(".txt");
            for line in requirements::parse(&files.read(&path).unwrap_or_default()) {
                let (Line::Requirement(requirement) | Line::Editable(requirement)) = line else {
                    continue;
                };
                let name = requirement.name().map(str::to_owned);
                found.extend(name.map(|name| dependency(&path, group, is_dev_group(group), name)));
            }
        }
    }
    found
}

fn read_toml(files: &dyn Files, path: &str) -> Option<toml::Value> {
    files.read(path)?.parse::<toml::Table>().ok().map(toml::Value::Table)
}

fn dependency(manifest: &str, group: &str, dev: bool, name: String) -> Dependency {
    Dependency {
        name,
        group: group.to_owned(),
        dev,
        manifest: manifest.to_owned(),
    }
}

fn requirements_in<'t>(
    manifest: &str,
    group: &str,
    texts: impl IntoIterator<Item = &'t str>,
    found: &mut Vec<Dependency>,
) {
    for text in texts {
        let name = Requirement::parse(text).name().map(str::to_owned);
        found.extend(name.map(|name| dependency(manifest, group, is_dev_group(group), name)));
    }
}

fn pyproject_dependencies(path: &str, pyproject: &toml::Value, found: &mut Vec<Dependency>) {
    requirements_in(
        path,
        "dependencies",
        value::texts(pyproject, &["project", "dependencies"]),
        found,
    );
    // PEP 621 extras, PEP 735 groups, PDM's older groups.
    for table in [
        &["project", "optional-dependencies"][..],
        &["dependency-groups"],
        &["tool", "pdm", "dev-dependencies"],
    ] {
        for (group, texts) in value::entries(pyproject, table) {
            let first = found.len();
            requirements_in(path, group, value::texts(texts, &[]), found);
            // Groups of PEP 735 and PDM are never published: they serve development, whatever their name.
            if table != ["project", "optional-dependencies"] {
                found
                    .iter_mut()
                    .skip(first)
                    .for_each(|dependency| dependency.dev = true);
            }
        }
    }
    requirements_in(
        path,
        "dev-dependencies",
        value::texts(pyproject, &["tool", "uv", "dev-dependencies"]),
        found,
    );
    for (group, table) in poetry_tables(pyproject) {
        for (name, _) in value::entries(table, &[]).filter(|(name, _)| *name != "python") {
            found.push(dependency(path, &group, group != "dependencies", normalize(name)));
        }
    }
}

/// Poetry's tables of dependencies with their groups; the main one is called `dependencies`.
pub(super) fn poetry_tables(pyproject: &toml::Value) -> Vec<(String, &toml::Value)> {
    let mut tables = Vec::new();
    for (key, group) in [("dependencies", "dependencies"), ("dev-dependencies", "dev")] {
        tables.extend(value::at(pyproject, &["tool", "poetry", key]).map(|table| (group.to_owned(), table)));
    }
    for (group, table) in value::entries(pyproject, &["tool", "poetry", "group"]) {
        tables.extend(value::at(table, &["dependencies"]).map(|table| (group.to_owned(), table)));
    }
    tables
}

/// The requirement strings of the project in `folder` with these extras, when its manifest states them all without
/// running code and none is a path; `None` otherwise.
pub(super) fn static_requirements(folder: &str, files: &dyn Files, extras: &[&str]) -> Option<Vec<String>> {
    let pyproject = read_toml(files, &paths::join(folder, "pyproject.toml"))?;
    let dynamic = value::texts(&pyproject, &["project", "dynamic"]);
    if value::at(&pyproject, &["project"]).is_none() || dynamic.iter().any(|field| field.ends_with("dependencies")) {
        return None;
    }
    let mut texts = value::texts(&pyproject, &["project", "dependencies"]);
    for extra in extras {
        let mut tables = value::entries(&pyproject, &["project", "optional-dependencies"]);
        let (_, table) = tables.find(|(name, _)| normalize(name) == normalize(extra))?;
        texts.extend(value::texts(table, &[]));
    }
    let own = value::text(&pyproject, &["project", "name"]).map(normalize);
    let from_index = |text: &&str| match Requirement::parse(text) {
        // An extra that names the project itself would install it from the index.
        Requirement::Index { name } => Some(&name) != own.as_ref(),
        Requirement::Remote { .. } => true,
        Requirement::Local { .. } | Requirement::Unreadable => false,
    };
    texts
        .iter()
        .all(from_index)
        .then(|| texts.into_iter().map(str::to_owned).collect())
}
