//! What orchestrators run in containers: probes and hooks of Kubernetes manifests and Helm templates, health checks of task
//! definitions of ECS. Read wherever they are in the project, also where the build is not sent them.

use std::sync::Arc;

use super::compose::Command;
use super::source::ContextSource;
use super::sources::ASIDE;
use super::walk::Kind;
use super::yaml::{self, Node};

/// How deep folders are looked through.
const DEEPEST_FOLDER: usize = 6;

/// How many files are read, and how deep each is.
const MOST_FILES: usize = 500;
const DEEPEST_NODE: usize = 40;

/// A command that a manifest runs in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerRun {
    /// The command.
    pub command: Command,
    /// The file, from the root of the context.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
}

impl ContextSource {
    /// The commands that manifests of orchestrators run in containers.
    pub fn orchestrated(&self) -> Arc<Vec<ContainerRun>> {
        self.remembered(|context| {
            let mut paths = Vec::new();
            context.manifests_in("", 0, &mut paths);
            paths.sort();
            let mut found = Vec::new();
            for path in paths.iter().take(MOST_FILES) {
                if let Some(text) = context.read_unfiltered(path) {
                    found.extend(commands(path, &text));
                }
            }
            found
        })
    }

    fn manifests_in(&self, folder: &str, depth: usize, found: &mut Vec<String>) {
        for (name, kind) in self.list_unfiltered(folder).iter() {
            let path = super::path::join(folder, name);
            match kind {
                Kind::Folder if depth < DEEPEST_FOLDER && !ASIDE.contains(&name.as_str()) => {
                    self.manifests_in(&path, depth + 1, found);
                }
                Kind::File if [".yaml", ".yml", ".json", ".tpl"].iter().any(|end| name.ends_with(end)) => {
                    found.push(path)
                }
                _ => {}
            }
        }
    }
}

/// The commands of one file.
fn commands(path: &str, text: &str) -> Vec<ContainerRun> {
    let signs = ["Probe", "lifecycle", "healthCheck", "HealthCheck"];
    if !signs.iter().any(|sign| text.contains(sign)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut line = 0;
    for document in documents(&without_templates(text)) {
        if let Ok(node) = yaml::parse(&document) {
            walk(&node, path, line, 0, &mut found);
        }
        line += document.matches('\n').count() + 1;
    }
    found
}

/// The documents of a file of YAML.
fn documents(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for line in text.lines() {
        if line.trim_end() == "---" {
            all.push(String::new());
        } else if let Some(last) = all.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    all
}

/// The text of a Helm template as YAML: lines that only steer it are empty, values are words.
fn without_templates(text: &str) -> String {
    if !text.contains("{{") {
        return text.to_owned();
    }
    let mut out = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if !(trimmed.starts_with("{{") && trimmed.ends_with("}}")) {
            let mut rest = line;
            while let Some((before, after)) = rest.split_once("{{") {
                out.push_str(before);
                out.push_str("value");
                rest = after.split_once("}}").map_or("", |(_, rest)| rest);
            }
            out.push_str(rest);
        }
        out.push('\n');
    }
    out
}

fn walk(node: &Node, path: &str, before: usize, depth: usize, found: &mut Vec<ContainerRun>) {
    if depth > DEEPEST_NODE {
        return;
    }
    for (key, value) in node.entries() {
        let commands: Vec<&Node> = match key.as_str() {
            "livenessProbe" | "readinessProbe" | "startupProbe" => value.get("exec").into_iter().collect(),
            "lifecycle" => {
                let hooks = ["postStart", "preStop"].iter().filter_map(|hook| value.get(hook));
                hooks.filter_map(|hook| hook.get("exec")).collect()
            }
            "healthCheck" | "HealthCheck" => vec![value],
            _ => Vec::new(),
        };
        for holder in commands {
            let words = holder.get("command").or_else(|| holder.get("Command"));
            if let Some((words, line)) = words.map(|words| (words.texts(), words.line))
                && let Some(command) = command(words)
            {
                found.push(ContainerRun {
                    command,
                    path: path.to_owned(),
                    line: before + line,
                });
            }
        }
        walk(value, path, before, depth + 1, found);
    }
    for item in node.items() {
        walk(item, path, before, depth + 1, found);
    }
}

/// Words, with what Docker has before them in a health check.
fn command(words: Vec<String>) -> Option<Command> {
    let (first, rest) = words.split_first()?;
    Some(match first.as_str() {
        "NONE" => return None,
        "CMD" => Command::Words(rest.to_vec()),
        "CMD-SHELL" => Command::Shell(rest.join(" ")),
        _ => Command::Words(words),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_hooks_and_health_checks() {
        let context = ContextSource::in_memory([
            (".dockerignore", "k8s\nchart\n"),
            (
                "k8s/deployment.yaml",
                "kind: Service\n---\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        livenessProbe:\n          exec:\n            command: [curl, -f, x]\n        lifecycle:\n          preStop:\n            exec:\n              command: [\"sh\", \"-c\", \"git pull\"]\n",
            ),
            (
                "chart/templates/web.yaml",
                "{{- if .Values.on }}\ncontainers:\n- name: {{ .Values.name }}\n  readinessProbe:\n    exec:\n      command:\n      - wget\n      - {{ .Values.url | quote }}\n{{- end }}\n",
            ),
            (
                "task.json",
                "{\"containerDefinitions\": [{\"healthCheck\": {\"command\": [\"CMD-SHELL\", \"pg_isready || exit 1\"]}}]}",
            ),
            ("values.yaml", "healthCheck: none\n"),
        ])
        .unwrap();
        let shown: Vec<String> = context
            .orchestrated()
            .iter()
            .map(|run| format!("{}:{} {:?}", run.path, run.line, run.command))
            .collect();
        assert_eq!(
            shown,
            [
                "chart/templates/web.yaml:6 Words([\"wget\", \"value\"])",
                "k8s/deployment.yaml:11 Words([\"curl\", \"-f\", \"x\"])",
                "k8s/deployment.yaml:15 Words([\"sh\", \"-c\", \"git pull\"])",
                "task.json:1 Shell(\"pg_isready || exit 1\")",
            ]
        );
    }
}
