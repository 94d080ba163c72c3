//! `composer.json` ("The composer.json schema").

use serde_json::Value;

use crate::context::Files;
use crate::effects::ecosystems::manifests::dependency::Dependency;
use crate::effects::ecosystems::manifests::paths;

/// A manifest that is a JSON object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Composer(Value);

impl Composer {
    /// Reads `text`.
    ///
    /// # Errors
    /// What is not a JSON object.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match serde_json::from_str::<Value>(text) {
            Ok(value) if value.is_object() => Ok(Composer(value)),
            Ok(_) => Err("it is not an object".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The value at a JSON pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer)
    }

    /// The strings of the value at a JSON pointer: of an array, of an object's values, or the string that it is.
    pub(super) fn texts(&self, pointer: &str) -> Vec<&str> {
        match self.at(pointer) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::Object(items)) => items.values().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The addresses of the `path` and `artifact` repositories, which are folders; repositories are an array, or an
    /// object by name.
    pub(super) fn local_repositories(&self) -> Vec<(&str, &str)> {
        let all: Vec<&Value> = match self.at("/repositories") {
            Some(Value::Array(items)) => items.iter().collect(),
            Some(Value::Object(items)) => items.values().collect(),
            _ => Vec::new(),
        };
        let typed = all
            .into_iter()
            .filter_map(|one| Some((one.get("type")?.as_str()?, one.get("url")?.as_str()?)));
        typed.filter(|(kind, _)| matches!(*kind, "path" | "artifact")).collect()
    }

    /// Whether the package `name` is required, for production or development.
    pub(super) fn requires(&self, name: &str) -> bool {
        ["require", "require-dev"]
            .iter()
            .any(|group| self.0.get(group).is_some_and(|table| table.get(name).is_some()))
    }
}

/// The direct dependencies of the `composer.json` in `folder`, without PHP itself and its extensions.
pub(crate) fn declared(folder: &str, files: &dyn Files) -> Vec<Dependency> {
    let path = paths::join(folder, "composer.json");
    let Some(Ok(composer)) = files.read(&path).map(|text| Composer::parse(&text)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (group, dev) in [("require", false), ("require-dev", true)] {
        let names = composer
            .at(&format!("/{group}"))
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        found.extend(
            names
                .filter(|(name, _)| name.contains('/'))
                .map(|(name, _)| Dependency {
                    name: name.to_ascii_lowercase(),
                    group: group.to_owned(),
                    dev,
                    manifest: path.clone(),
                }),
        );
    }
    found
}
