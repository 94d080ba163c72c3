//! Settings of the package managers: `.npmrc`, `.yarnrc`, `.yarnrc.yml`, `pnpm-workspace.yaml`.

use serde_json::Value;

use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::paths;

/// The keys and values of an `.npmrc`, in npm's INI.
pub(super) fn npmrc(text: &str) -> Vec<(String, String)> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with([';', '#', '[']));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs
        .map(|(key, value)| (key.trim().to_owned(), unquoted(value).to_owned()))
        .collect()
}

/// The keys and values of a classic `.yarnrc`: `key value` with optional quotes.
pub(super) fn yarnrc(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once([' ', '\t']));
    pairs
        .map(|(key, value)| {
            (
                unquoted(key).trim_end_matches(':').to_owned(),
                unquoted(value).to_owned(),
            )
        })
        .collect()
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

/// Reads `text` as YAML.
///
/// # Errors
/// What the parser says.
pub(super) fn yaml(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str::<Value>(text).map_err(|error| error.to_string())
}

/// The YAML of the optional file `name` in `folder`.
pub(super) fn take_yaml(gather: &mut Gather, folder: &str, name: &str, why: &str) -> Option<Value> {
    let path = paths::join(folder, name);
    let text = gather.take_text(&path, why)?;
    if text.trim().is_empty() {
        return None;
    }
    match yaml(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            gather.invalid(&path, error);
            None
        }
    }
}

/// Reads the `.npmrc` of `folder`; whether it switches scripts off.
pub(super) fn read_npmrc(gather: &mut Gather, folder: &str) -> bool {
    let path = paths::join(folder, ".npmrc");
    let settings = gather
        .take_text(&path, "the settings of the registry")
        .map(|text| npmrc(&text))
        .unwrap_or_default();
    for (key, value) in &settings {
        let file = matches!(key.as_str(), "cafile" | "pnpmfile" | "global-pnpmfile");
        if file {
            gather.take_named(folder, value, &path);
        }
    }
    settings
        .iter()
        .any(|(key, value)| key == "ignore-scripts" && value == "true")
}

/// Reads the classic `.yarnrc` of `folder`; whether it switches scripts off.
pub(super) fn read_yarnrc(gather: &mut Gather, folder: &str) -> bool {
    let path = paths::join(folder, ".yarnrc");
    let settings = gather
        .take_text(&path, "Yarn's settings")
        .map(|text| yarnrc(&text))
        .unwrap_or_default();
    for (key, value) in &settings {
        if matches!(key.as_str(), "yarn-path" | "yarn-offline-mirror" | "cafile") {
            gather.take_named(folder, value, &path);
        }
    }
    settings
        .iter()
        .any(|(key, value)| matches!(key.as_str(), "ignore-scripts" | "--ignore-scripts") && value == "true")
}

/// Reads the `.yarnrc.yml` of `folder` and what it names; whether it switches scripts off.
pub(super) fn read_yarnrc_yml(gather: &mut Gather, folder: &str) -> bool {
    let Some(settings) = take_yaml(gather, folder, ".yarnrc.yml", "Yarn's settings") else {
        return false;
    };
    let place = paths::join(folder, ".yarnrc.yml");
    let mut named: Vec<&str> = Vec::new();
    for key in ["yarnPath", "httpsCaFilePath", "cacheFolder", "patchFolder"] {
        named.extend(settings.get(key).and_then(Value::as_str));
    }
    for plugin in settings.get("plugins").and_then(Value::as_array).into_iter().flatten() {
        named.extend(plugin.as_str().or_else(|| plugin.get("path").and_then(Value::as_str)));
    }
    for name in named {
        // Names without a path are plugins that Yarn ships (`@yarnpkg/plugin-…`); folders of the home are not of the
        // context.
        if !name.starts_with('@') && !name.starts_with('~') {
            gather.take_named(folder, name, &place);
        }
    }
    settings.get("enableScripts").and_then(Value::as_bool) == Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_keys_and_values() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            npmrc("; c\nignore-scripts = true\n//registry.example.org/:_authToken=${T}\nx"),
            [
                pair("ignore-scripts", "true"),
                pair("//registry.example.org/:_authToken", "${T}")
            ]
        );
        assert_eq!(
            yarnrc("# c\nyarn-path \".yarn/releases/yarn.cjs\"\n"),
            [pair("yarn-path", ".yarn/releases/yarn.cjs")]
        );
        assert_eq!(yaml("packages:\n  - 'apps/*'\n").unwrap()["packages"][0], "apps/*");
        assert!(yaml("a: [").is_err());
    }
}
