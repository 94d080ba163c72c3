//! `Cargo.toml`, as far as it names files ("The Manifest Format", "Workspaces").

use crate::context::Files;
use crate::effects::ecosystems::manifests::dependency::Dependency;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::reads::Stub;
use crate::effects::ecosystems::manifests::toml_value as value;
use crate::effects::ecosystems::manifests::{globs, paths};

/// The tables of dependencies; the second part says whether they are for development.
const GROUPS: &[(&str, bool)] = &[
    ("dependencies", false),
    ("dev-dependencies", true),
    ("build-dependencies", false),
];

/// The manifest in `folder` without saying that it is read.
pub(super) fn look(files: &dyn Files, folder: &str) -> Option<toml::Value> {
    let text = files.read(&paths::join(folder, "Cargo.toml"))?;
    text.parse::<toml::Table>().ok().map(toml::Value::Table)
}

/// The manifest in `folder`, which cargo cannot do without.
pub(super) fn need(gather: &mut Gather, folder: &str, why: &str) -> Option<toml::Value> {
    let path = paths::join(folder, "Cargo.toml");
    let text = gather.need_text(&path, why)?;
    match text.parse::<toml::Table>() {
        Ok(table) => Some(toml::Value::Table(table)),
        Err(error) => {
            gather.invalid(&path, error.message());
            None
        }
    }
}

/// The folders of the members that the workspace in `root` states, without the root.
pub(super) fn members(files: &dyn Files, root: &str, manifest: &toml::Value) -> Vec<String> {
    let expand = |key: &str| -> Vec<String> {
        let patterns = value::texts(manifest, &["workspace", key]);
        patterns
            .iter()
            .filter_map(|pattern| globs::expand(files, root, pattern))
            .flatten()
            .collect()
    };
    let excluded = expand("exclude");
    let mut found = expand("members");
    found.retain(|member| member != root && !excluded.iter().any(|gone| paths::within(member, gone)));
    found.retain(|member| files.exists(&paths::join(member, "Cargo.toml")));
    found
}

/// The paths of all path dependencies, also of `[patch]`, `[replace]`, targets and the workspace's own table.
pub(super) fn path_dependencies(manifest: &toml::Value) -> Vec<&str> {
    let targets = value::entries(manifest, &["target"]).map(|(_, target)| target);
    let places = std::iter::once(manifest).chain(targets);
    let mut tables: Vec<&toml::Value> = places
        .flat_map(|place| GROUPS.iter().filter_map(|(group, _)| place.get(group)))
        .collect();
    tables.extend(value::at(manifest, &["workspace", "dependencies"]));
    tables.extend(value::entries(manifest, &["patch"]).map(|(_, registry)| registry));
    tables.extend(manifest.get("replace"));
    tables
        .iter()
        .flat_map(|table| value::entries(table, &[]))
        .filter_map(|(_, one)| value::text(one, &["path"]))
        .collect()
}

/// The files of the package in `folder` that cargo must find to read its manifest: the roots of its targets that are
/// in the context, each with an empty stand-in; and its build script.
pub(super) fn stubs(files: &dyn Files, folder: &str, manifest: &toml::Value) -> Vec<Stub> {
    let mut found = Vec::new();
    let mut add = |name: &str, text: &str| {
        if let Some(path) = paths::resolve(folder, name).filter(|path| files.exists(path)) {
            found.push(Stub {
                path,
                text: text.to_owned(),
            });
        }
    };
    const MAIN: &str = "fn main() {}\n";
    if manifest.get("package").is_none() {
        return Vec::new();
    }
    add(value::text(manifest, &["lib", "path"]).unwrap_or("src/lib.rs"), "");
    add("src/main.rs", MAIN);
    for (kind, standard) in [
        ("bin", "src/bin"),
        ("example", "examples"),
        ("bench", "benches"),
        ("test", "tests"),
    ] {
        for target in value::items(manifest, &[kind]) {
            if let Some(path) = value::text(target, &["path"]) {
                add(path, MAIN);
            } else if let Some(name) = value::text(target, &["name"]) {
                add(&format!("{standard}/{name}.rs"), MAIN);
                add(&format!("{standard}/{name}/main.rs"), MAIN);
            }
        }
    }
    for entry in globs::expand(files, folder, "src/bin/*").unwrap_or_default() {
        if entry.ends_with(".rs") {
            add(entry.strip_prefix(&format!("{folder}/")).unwrap_or(&entry), MAIN);
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.path == b.path);
    found
}

/// The direct dependencies of the `Cargo.toml` in `folder`, also those of targets.
pub(crate) fn declared(folder: &str, files: &dyn Files) -> Vec<Dependency> {
    let Some(manifest) = look(files, folder) else {
        return Vec::new();
    };
    let targets = value::entries(&manifest, &["target"]).map(|(_, target)| target);
    let mut found = Vec::new();
    for table in std::iter::once(&manifest).chain(targets) {
        for (group, dev) in GROUPS {
            found.extend(value::entries(table, &[group]).map(|(key, one)| Dependency {
                name: value::text(one, &["package"]).unwrap_or(key).to_owned(),
                group: (*group).to_owned(),
                dev: *dev,
                manifest: paths::join(folder, "Cargo.toml"),
            }));
        }
    }
    found
}
