//! The configuration, field by field.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::report::{Check, Finding};
use super::Side;
use crate::knowledge::{is_toolchain_folder, is_toolchain_setting};

/// What of an image's configuration a container notices, with the instruction that sets it.
const FIELDS: [(&str, &str); 12] = [
    ("Env", "ENV"),
    ("User", "USER"),
    ("WorkingDir", "WORKDIR"),
    ("Entrypoint", "ENTRYPOINT"),
    ("Cmd", "CMD"),
    ("ExposedPorts", "EXPOSE"),
    ("Volumes", "VOLUME"),
    ("Labels", "LABEL"),
    ("Healthcheck", "HEALTHCHECK"),
    ("StopSignal", "STOPSIGNAL"),
    ("Shell", "SHELL"),
    ("OnBuild", "ONBUILD"),
];

/// Compares the configuration of two images. PATH may gain an entry, a virtual environment may be announced, and the
/// variables in which base images say their own version may differ; settings of a toolchain may go with it.
#[must_use]
pub fn configuration(before: Side<'_>, after: Side<'_>) -> Check {
    let (mut findings, mut free) = (Vec::new(), Vec::new());
    for (field, keyword) in FIELDS {
        let (old, new) = (&before.configuration[field], &after.configuration[field]);
        if field == "Env" {
            findings.extend(variables(old, new, &mut free));
        } else if meaning(field, old) != meaning(field, new) {
            findings.push(Finding::new(format!(
                "{keyword} was {} and is {}",
                shown(old),
                shown(new)
            )));
        }
    }
    let names = FIELDS.map(|(_, keyword)| keyword).join(", ");
    let free = match free.as_slice() {
        [] => String::new(),
        names => format!(", but for variables that may differ: {}", names.join(", ")),
    };
    Check::of("configuration", format!("{names} are the same{free}"), findings)
}

/// A field, with the ways to say nothing made one.
fn meaning(field: &str, value: &Value) -> Option<Value> {
    let is_empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match (field, value.as_str()) {
        _ if is_empty => None,
        ("WorkingDir", Some("/")) => None,
        ("User", Some("0" | "root" | "0:0" | "root:root")) => None,
        _ => Some(value.clone()),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "not set".to_owned(),
        Value::String(text) if text.is_empty() => "not set".to_owned(),
        other => other.to_string(),
    }
}

/// What is wrong with the variables. Those that differ as they may are added to `free`.
fn variables(before: &Value, after: &Value, free: &mut Vec<String>) -> Vec<Finding> {
    let read = |env: &Value| -> BTreeMap<String, String> {
        let pairs = env.as_array().into_iter().flatten().filter_map(Value::as_str);
        pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    let (before, after) = (read(before), read(after));
    let mut findings = Vec::new();
    for (name, old) in &before {
        let says = match after.get(name) {
            Some(new) if new == old => continue,
            new if may_differ(name, old, new.map(String::as_str)) => {
                free.push(name.clone());
                continue;
            }
            Some(new) => format!("ENV {name} was `{old}` and is `{new}`"),
            None => format!("ENV {name} was `{old}` and is not set"),
        };
        findings.push(Finding::new(says));
    }
    for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        if is_free(name) {
            free.push(name.clone());
        } else {
            findings.push(Finding::new(format!("ENV {name} was not set and is `{value}`")));
        }
    }
    findings
}

/// Whether the variable `name` may be `new` where it was `old`.
fn may_differ(name: &str, old: &str, new: Option<&str>) -> bool {
    let keeps = |new: &str| name == "PATH" && keeps_entries(old, new);
    is_free(name) || new.map_or(is_toolchain_setting(name), keeps)
}

/// Whether a variable may differ: one that announces a virtual environment, and those in which base images say which
/// version of themselves they are.
fn is_free(name: &str) -> bool {
    const OF_BASE_IMAGES: [&str; 10] = [
        "PYTHON", "NODE", "YARN", "GOLANG", "RUBY", "PHP", "JAVA", "RUST", "GPG", "DOTNET",
    ];
    let says_version = name.ends_with("_VERSION") || name.ends_with("_SHA256") || name.ends_with("_KEY");
    name == "VIRTUAL_ENV"
        || says_version && OF_BASE_IMAGES.iter().any(|image| name.starts_with(image))
        || name == "GPG_KEY"
}

/// Whether all entries of a PATH are still there in their order, but for folders of a toolchain that is gone.
fn keeps_entries(before: &str, after: &str) -> bool {
    let has = |entry: &str| after.split(':').any(|other| other == entry);
    let mut rest = after.split(':');
    let mut stays = before
        .split(':')
        .filter(|entry| has(entry) || !is_toolchain_folder(entry));
    stays.all(|entry| rest.any(|other| other == entry))
}

#[cfg(test)]
mod tests {
    use super::super::super::files::Files;
    use super::*;
    use serde_json::json;

    fn findings(before: Value, after: Value) -> Vec<String> {
        let files = Files::default();
        let side = |configuration| Side {
            files: &files,
            configuration,
        };
        let check = configuration(side(&before), side(&after));
        check.findings.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn each_field_counts() {
        for (field, keyword) in FIELDS.into_iter().filter(|(field, _)| *field != "Env") {
            let found = findings(json!({ field: ["a"] }), json!({}));
            assert_eq!(found, [format!("{keyword} was [\"a\"] and is not set")]);
        }
        assert_eq!(
            findings(json!({"Env": ["A=1"]}), json!({"Env": []})),
            ["ENV A was `1` and is not set"]
        );
        assert_eq!(
            findings(json!({}), json!({"Env": ["A=1"]})),
            ["ENV A was not set and is `1`"]
        );
        assert_eq!(
            findings(json!({"Env": ["APP_VERSION=1"]}), json!({"Env": ["APP_VERSION=2"]})).len(),
            1
        );
    }

    #[test]
    fn what_may_differ() {
        let before = json!({"Env": ["PATH=/usr/bin:/bin", "PYTHON_VERSION=3.11.1"], "User": "", "WorkingDir": "/"});
        let after = json!({"Env": ["PATH=/opt/venv/bin:/usr/bin:/bin", "PYTHON_VERSION=3.11.2", "VIRTUAL_ENV=/opt/venv"],
            "User": "root", "WorkingDir": "", "Cmd": null});
        let files = Files::default();
        let side = |configuration| Side {
            files: &files,
            configuration,
        };
        let check = configuration(side(&before), side(&after));
        assert!(check.findings.is_empty());
        let said = ", but for variables that may differ: PATH, PYTHON_VERSION, VIRTUAL_ENV";
        assert!(check.reason.ends_with(said), "{}", check.reason);
        assert_eq!(
            findings(before, json!({"Env": ["PATH=/bin", "PYTHON_VERSION=3"]})).len(),
            1
        );
    }
}
