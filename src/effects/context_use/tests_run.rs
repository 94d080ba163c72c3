//! Whether something runs the project's tests in its image.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::context::{ContextSource, Kind};
use crate::knowledge::ignore_patterns::catalog;

use super::Build;

/// Larger files are no scripts.
const LARGEST_FILE: u64 = 256 * 1024;

/// A regular expression of this file; a fault in it fails the tests, and matches nothing.
fn expression(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static TEST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(
        r"(?i)\b(py\.?)?tests?\b|(^|[^a-z])tests?([^a-z]|$)|\b(unit|nose)tests?\b|\b(rspec|spec|jest|vitest|cypress|playwright|phpunit|e2e|ctest|mocha)\b|:test|\bcheck\b",
    )
});
/// A job of continuous integration, or a developer's container, that runs in an image of the project.
static AS_JOB: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(
        r"(?i)image:.*CI_REGISTRY_IMAGE|docker\.(image|build)\(|dockerfile\s+true|agent\s*\{\s*dockerfile|postCreateCommand|container:.*github\.repository",
    )
});
static IN_IMAGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(r"(?i)(docker|podman|compose|DOCKER_RUN|DOCKER_COMPOSE)\b.*\b(run|exec|build)\b.*(test|spec\b|e2e)")
});

fn matches(expression: &Option<Regex>, text: &str) -> bool {
    expression.as_ref().is_some_and(|expression| expression.is_match(text))
}

/// Whether a text says that tests run, or may.
pub(crate) fn says(text: &str) -> bool {
    let words = &catalog().tests.words;
    let is_edge = |c: char| c.is_whitespace() || "/,:;&|()\"'=".contains(c);
    matches(&TEST, text) || text.split(is_edge).any(|part| words.iter().any(|word| word == part))
}

/// The first script of a package.json that a build runs, also for an install, and that runs tests, or may.
pub(crate) fn by_package_script(context: &ContextSource, builds: &[&Build]) -> Option<String> {
    let manifests = context.walk().entries.iter().filter(|entry| {
        let is_own = !entry.path.contains("node_modules/");
        entry.kind == Kind::File && is_own && entry.path.rsplit('/').next() == Some("package.json")
    });
    let runners = &catalog().node.programs;
    let of_node = builds.iter().flat_map(|build| &build.commands);
    let of_node = of_node.filter(|command| command.words.iter().any(|word| runners.contains(word)));
    let words: Vec<&str> = of_node.flat_map(|command| &command.words).map(String::as_str).collect();
    if words.is_empty() {
        return None;
    }
    manifests.into_iter().find_map(|entry| {
        let text = context.read_unfiltered(&entry.path)?;
        let manifest: serde_json::Value = serde_json::from_str(&text).ok()?;
        let scripts = manifest.get("scripts")?.as_object()?;
        let key = scripts_run(scripts, &words).into_iter().find(|key| {
            let text = scripts.get(*key).and_then(serde_json::Value::as_str);
            text.is_some_and(says)
        })?;
        Some(format!("{}: the script `{key}` runs tests, or may", entry.path))
    })
}

/// The scripts that are run where `words` are those of the commands, and that these run.
fn scripts_run<'s>(scripts: &'s serde_json::Map<String, serde_json::Value>, words: &[&str]) -> BTreeSet<&'s str> {
    let installs = &catalog().mentions.install_scripts;
    let is_first = |key: &&str| words.contains(key) || installs.iter().any(|known| known == key);
    let mut found: BTreeSet<&str> = scripts.keys().map(String::as_str).filter(is_first).collect();
    loop {
        let texts: Vec<&str> = found.iter().filter_map(|key| scripts.get(*key)?.as_str()).collect();
        let is_called = |key: &&str| {
            let around = |kind: &str| key.strip_prefix(kind).is_some_and(|rest| found.contains(rest));
            let names = |text: &&str| text.split([' ', '"', '\'', ';', '&', '|']).any(|part| part == *key);
            !found.contains(key) && (around("pre") || around("post") || texts.iter().any(names))
        };
        let new: Vec<&str> = scripts.keys().map(String::as_str).filter(is_called).collect();
        if new.is_empty() {
            return found;
        }
        found.extend(new);
    }
}

/// The first command of a build that runs tests, or may: its place and what it is.
pub(crate) fn by_command(builds: &[&Build]) -> Option<String> {
    builds.iter().find_map(|build| {
        let run = build.commands.iter().find(|command| {
            let words = command.words.join(" ");
            let is_maker = || catalog().tests.makers.contains(&command.program);
            says(&words) || is_maker() || command.may_run_anything()
        });
        let text = build
            .texts
            .iter()
            .find(|(_, text)| matches(&TEST, text))
            .map(|(line, _)| *line);
        let base = || build.started_by_its_base();
        let line = run.map(|command| command.line).or(text).or_else(base)?;
        Some(format!("{}:{line} runs tests, or may", build.name))
    })
}

/// The first line of a script, a Compose file or a workflow that runs tests in a container.
pub(crate) fn in_container(context: &ContextSource) -> Option<String> {
    let is_text = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        [".yml", ".yaml", ".sh", ".toml", ".mk"]
            .iter()
            .any(|ending| name.ends_with(ending))
            || [
                "Makefile",
                "makefile",
                "justfile",
                "Justfile",
                "package.json",
                "Jenkinsfile",
                "devcontainer.json",
            ]
            .contains(&name)
    };
    let foreign = ["node_modules/", ".git/", "vendor/", ".venv/"];
    let files = context.walk().entries.iter().filter(|entry| {
        let is_foreign = foreign.iter().any(|folder| entry.path.contains(folder));
        entry.kind == Kind::File && entry.size <= LARGEST_FILE && is_text(&entry.path) && !is_foreign
    });
    for entry in files {
        let text = context
            .read_unfiltered(&entry.path)
            .unwrap_or_default()
            .replace("\\\n", "  ");
        if matches(&AS_JOB, &text) && text.lines().any(says) {
            return Some(format!("{} runs tests in an image of the project", entry.path));
        }
        let is_compose = entry.path.contains("compose");
        let runs = |line: &str| {
            let is_service = is_compose && (line.contains("command:") || line.contains("entrypoint:"));
            matches(&IN_IMAGE, line) || is_service && matches(&TEST, line)
        };
        if let Some(number) = text.lines().position(runs) {
            return Some(format!("{}:{} runs tests in a container", entry.path, number + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_run_tests() {
        for line in [
            "pytest -q",
            "npm test",
            "npm run test:unit",
            "bundle exec rspec",
            "python -m unittest",
            "npx jest",
            "python run_tests.py",
        ] {
            assert!(matches(&TEST, line), "{line}");
        }
        for line in ["pip install x:latest", "npm run build", "apt-get install fastest"] {
            assert!(!matches(&TEST, line), "{line}");
        }
        assert!(matches(&IN_IMAGE, "docker compose run web pytest"));
        assert!(matches(&IN_IMAGE, "\tdocker run --rm image npm test"));
        assert!(!matches(&IN_IMAGE, "docker push image"));
    }
}
