//! Whether something runs the project's tests in its image.

use std::sync::LazyLock;

use regex::Regex;

use crate::context::{ContextSource, Kind};

use super::Build;

/// Programs whose targets may be tests.
const MAKERS: &[&str] = &[
    "make", "gmake", "just", "task", "rake", "invoke", "nox", "tox", "bazel", "ant", "scons", "waf", "earthly",
];

/// Larger files are no scripts.
const LARGEST_FILE: u64 = 256 * 1024;

/// A regular expression of this file; a fault in it fails the tests, and matches nothing.
fn expression(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static TEST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(
        r"(?i)\b(py\.?)?tests?\b|\b(unit|nose)tests?\b|\b(rspec|spec|jest|vitest|cypress|playwright|phpunit|e2e|ctest|mocha)\b|:test|\bcheck\b",
    )
});
static IN_IMAGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(r"(?i)(docker|podman|compose|DOCKER_RUN|DOCKER_COMPOSE)\b.*\b(run|exec|build)\b.*(test|spec\b|e2e)")
});

fn matches(expression: &Option<Regex>, text: &str) -> bool {
    expression.as_ref().is_some_and(|expression| expression.is_match(text))
}

/// The first command of a build that runs tests, or may: its place and what it is.
pub(crate) fn by_command(builds: &[&Build]) -> Option<String> {
    builds.iter().find_map(|build| {
        let run = build.commands.iter().find(|command| {
            let words = command.words.join(" ");
            matches(&TEST, &words) || MAKERS.contains(&command.program.as_str())
        });
        let text = build
            .texts
            .iter()
            .find(|(_, text)| matches(&TEST, text))
            .map(|(line, _)| *line);
        let line = run.map(|command| command.line).or(text)?;
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
            ]
            .contains(&name)
    };
    let foreign = ["node_modules/", ".git/", "vendor/", ".venv/"];
    let files = context.walk().entries.iter().filter(|entry| {
        let is_foreign = foreign.iter().any(|folder| entry.path.contains(folder));
        entry.kind == Kind::File && entry.size <= LARGEST_FILE && is_text(&entry.path) && !is_foreign
    });
    for entry in files {
        let text = context.read_unfiltered(&entry.path).unwrap_or_default();
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
