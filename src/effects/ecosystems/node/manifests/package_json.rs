//! `package.json`, as far as an install reads it.

use serde_json::Value;

use crate::context::Files;
use crate::effects::ecosystems::manifests::dependency::Dependency;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::paths;

/// The tables of dependencies; the second part says whether they are for development.
const GROUPS: &[(&str, bool)] = &[
    ("dependencies", false),
    ("devDependencies", true),
    ("optionalDependencies", false),
    ("peerDependencies", false),
];

/// A manifest that is a JSON object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PackageJson(Value);

impl PackageJson {
    /// Reads `text`.
    ///
    /// # Errors
    /// What is not a JSON object.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match serde_json::from_str::<Value>(text) {
            Ok(value) if value.is_object() => Ok(PackageJson(value)),
            Ok(_) => Err("it is not an object".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The manifest of `folder`, which the install cannot do without.
    pub(super) fn need(gather: &mut Gather, folder: &str, why: &str) -> Option<Self> {
        let path = paths::join(folder, "package.json");
        let text = gather.need_text(&path, why)?;
        match PackageJson::parse(&text) {
            Ok(manifest) => Some(manifest),
            Err(error) => {
                gather.invalid(&path, error);
                None
            }
        }
    }

    /// The manifest of `folder` without saying that it is read.
    pub(super) fn look(files: &dyn Files, folder: &str) -> Option<Self> {
        let text = files.read(&paths::join(folder, "package.json"))?;
        PackageJson::parse(text.strip_prefix('\u{feff}').unwrap_or(&text)).ok()
    }

    /// The value at a JSON pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer)
    }

    /// The string at a JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer).and_then(Value::as_str)
    }

    /// The strings of the object at a JSON pointer, with their keys.
    pub(super) fn entries(&self, pointer: &str) -> impl Iterator<Item = (&str, &str)> {
        let object = self.at(pointer).and_then(Value::as_object);
        object
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    /// A script.
    pub(super) fn script(&self, name: &str) -> Option<&str> {
        self.0.get("scripts")?.get(name)?.as_str()
    }

    /// The patterns of `workspaces`, an array or an object with `packages`.
    pub(super) fn workspaces(&self) -> Vec<&str> {
        let patterns = self.at("/workspaces/packages").or_else(|| self.at("/workspaces"));
        patterns
            .and_then(Value::as_array)
            .map_or(Vec::new(), |all| all.iter().filter_map(Value::as_str).collect())
    }

    /// Every dependency: group, name, specification.
    pub(super) fn dependencies(&self) -> impl Iterator<Item = (&'static str, &str, &str)> {
        GROUPS.iter().flat_map(|(group, _)| {
            self.entries(&format!("/{group}"))
                .map(|(name, specification)| (*group, name, specification))
                .collect::<Vec<_>>()
        })
    }

    /// The version range of a dependency in any group.
    pub(super) fn version_of(&self, name: &str) -> Option<&str> {
        self.dependencies()
            .find(|(_, found, _)| *found == name)
            .map(|(_, _, range)| range)
    }

    /// `packageManager`, as name and version without its hash: `("yarn", "4.1.0")`.
    pub(super) fn package_manager(&self) -> Option<(&str, &str)> {
        let (name, version) = self.text("/packageManager")?.split_once('@')?;
        Some((name, version.split('+').next().unwrap_or(version)))
    }

    /// The files that `bin` names.
    pub(super) fn binaries(&self) -> Vec<&str> {
        match self.at("/bin") {
            Some(Value::String(path)) => vec![path],
            _ => self.entries("/bin").map(|(_, path)| path).collect(),
        }
    }
}

/// The first number of a version range: 8 of `^8.0.1`.
pub(super) fn major(range: &str) -> Option<u32> {
    let digits = range.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The direct dependencies of the `package.json` in `folder`.
pub(crate) fn declared(folder: &str, files: &dyn Files) -> Vec<Dependency> {
    let Some(manifest) = PackageJson::look(files, folder) else {
        return Vec::new();
    };
    let dev = |group: &str| GROUPS.iter().any(|(name, dev)| *name == group && *dev);
    let all = manifest.dependencies().map(|(group, name, _)| Dependency {
        name: name.to_owned(),
        group: group.to_owned(),
        dev: dev(group),
        manifest: paths::join(folder, "package.json"),
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_installs_need() {
        let text = r#"{
            "packageManager": "yarn@4.1.0+sha256.abc",
            "workspaces": {"packages": ["packages/*"], "nohoist": []},
            "bin": {"a": "./a.js"},
            "scripts": {"prepare": "husky"},
            "devDependencies": {"husky": "^9.0.0"}
        }"#;
        let manifest = PackageJson::parse(text).unwrap();
        assert_eq!(manifest.package_manager(), Some(("yarn", "4.1.0")));
        assert_eq!(manifest.workspaces(), ["packages/*"]);
        assert_eq!(manifest.binaries(), ["./a.js"]);
        assert_eq!(manifest.script("prepare"), Some("husky"));
        assert_eq!(manifest.version_of("husky").and_then(major), Some(9));
        assert!(PackageJson::parse("[]").is_err());
        assert!(PackageJson::parse("{").is_err());
    }
}
