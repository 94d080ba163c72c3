//! What the project's own files run in containers of its image: tests in CI, tasks of a Makefile.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::source::ContextSource;
use super::walk::Kind;

/// A command that a file runs in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerCommand {
    /// What stands behind `run` or `exec`: options, the image or the service, and the words of the command.
    pub words: Vec<String>,
    /// The file in the context.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
}

/// Files at the root of a project that run containers.
const FILES: &[&str] = &[
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    "Taskfile.yml",
    "Taskfile.yaml",
    "package.json",
    ".gitlab-ci.yml",
    ".travis.yml",
    "bitbucket-pipelines.yml",
    "azure-pipelines.yml",
    "Jenkinsfile",
    "cloudbuild.yaml",
];

/// Folders with more of them, and the endings of their names.
const FOLDERS: &[(&str, &str)] = &[
    ("", ".sh"),
    ("scripts", ".sh"),
    ("bin", ".sh"),
    (".github/workflows", ".yml"),
    (".github/workflows", ".yaml"),
    (".circleci", ".yml"),
];

static RUN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(?:docker|docker-compose|podman)\b[^|;&\n]*?\s(?:run|exec)\s+([^|;&\n]+)").ok());

impl ContextSource {
    /// The commands that files of the project run in containers, each on a line of its own. Files that are not sent to
    /// the build are read, too.
    pub fn container_commands(&self) -> Arc<Vec<ContainerCommand>> {
        self.remembered(Self::find_container_commands)
    }

    fn find_container_commands(&self) -> Vec<ContainerCommand> {
        let mut paths: Vec<String> = FILES.iter().map(|name| (*name).to_owned()).collect();
        for (folder, ending) in FOLDERS {
            let listed = self.list_unfiltered(folder);
            let is_named = |(name, kind): &&(String, Kind)| *kind == Kind::File && name.ends_with(ending);
            let files = listed.iter().filter(is_named);
            paths.extend(files.map(|(name, _)| super::path::join(folder, name)));
        }
        let mut found = Vec::new();
        for path in paths {
            let Some(text) = self.read_unfiltered(&path) else {
                continue;
            };
            for (number, line) in text.lines().enumerate() {
                let matches = RUN.iter().flat_map(|run| run.captures_iter(line));
                found.extend(matches.filter_map(|found| found.get(1)).map(|rest| {
                    ContainerCommand {
                        words: rest
                            .as_str()
                            .split_whitespace()
                            .map(|word| word.trim_matches(['"', '\'', ',']).to_owned())
                            .collect(),
                        path: path.clone(),
                        line: number + 1,
                    }
                }));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_containers() {
        let context = ContextSource::in_memory([
            (".dockerignore", ".github\nMakefile\n"),
            (
                "Makefile",
                "test:\n\tdocker compose -f dev.yml run --rm web npm test && echo ok\n\techo docker run\n",
            ),
            (
                ".github/workflows/ci.yml",
                "steps:\n  - run: docker-compose exec -T web 'npx' jest | tee log\n  - run: npm test\n",
            ),
            ("src/a.sh", "docker run web npm test\n"),
        ])
        .unwrap();
        let found = context.container_commands();
        let shown: Vec<String> = found
            .iter()
            .map(|found| format!("{}:{} {}", found.path, found.line, found.words.join(" ")))
            .collect();
        assert_eq!(
            shown,
            [
                "Makefile:2 --rm web npm test",
                ".github/workflows/ci.yml:2 -T web npx jest"
            ]
        );
    }
}
