//! The static part of `setup.py`: which files its text names. The code is never run.

use super::backend::version_from_git;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::paths;

/// Calls that read what their arguments don't name in full: files found by pattern, other programs, the network.
const DYNAMIC: &[&str] = &[
    "subprocess",
    "os.system",
    "os.popen",
    "check_output",
    "glob(",
    "iglob(",
    "os.walk",
    "os.listdir",
    "os.scandir",
    "urlopen",
    "requests.get",
    "__import__",
    "importlib",
];

/// What the text of a `setup.py` tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SetupPy {
    /// Its string literals that may be paths, and runs of literals that a call joins (`join(here, "a", "b")`).
    pub names: Vec<String>,
    /// Modules that it imports.
    pub imports: Vec<String>,
    /// The first thing in it that a reader cannot follow.
    pub dynamic: Option<&'static str>,
}

/// Reads the text of a `setup.py`.
pub(super) fn parse(text: &str) -> SetupPy {
    let mut found = SetupPy {
        dynamic: DYNAMIC.iter().find(|call| text.contains(**call)).copied(),
        ..Default::default()
    };
    for line in text.lines().map(str::trim) {
        let module = line.strip_prefix("from ").or_else(|| line.strip_prefix("import "));
        let module = module.and_then(|rest| rest.split([' ', ',', '.']).next());
        found
            .imports
            .extend(module.filter(|name| !name.is_empty()).map(str::to_owned));
    }
    let mut run: Vec<String> = Vec::new();
    for literal in literals(text) {
        if !literal.joined {
            run.clear();
        }
        run.push(literal.text.clone());
        if run.len() > 1 {
            found.names.push(run.join("/"));
        }
        found.names.push(literal.text);
    }
    found
        .names
        .retain(|name| name.len() < 200 && !name.contains(['\n', '*', '{', '%']) && !name.trim().is_empty());
    found
}

/// A string literal of Python source.
struct Literal {
    text: String,
    /// Only a comma or a `/` stands between it and the literal before.
    joined: bool,
}

fn literals(text: &str) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut between = String::new();
    while let Some(at) = rest.find(['"', '\'', '#']) {
        let (before, from) = rest.split_at(at);
        between.push_str(before);
        if from.starts_with('#') {
            rest = from.split_once('\n').map_or("", |(_, rest)| rest);
            continue;
        }
        let quote = ["\"\"\"", "'''", "\"", "'"]
            .into_iter()
            .find(|quote| from.starts_with(quote))
            .unwrap_or("'");
        let body = from.get(quote.len()..).unwrap_or_default();
        let Some(end) = body.find(quote) else { break };
        let joined = !found.is_empty() && matches!(between.trim(), "," | "/");
        found.push(Literal {
            text: body.get(..end).unwrap_or_default().to_owned(),
            joined,
        });
        between.clear();
        rest = body.get(end + quote.len()..).unwrap_or_default();
    }
    found
}

/// Reads `setup.py` in `folder` for a build; whether it is there.
pub(super) fn read(gather: &mut Gather, folder: &str) -> bool {
    let path = paths::join(folder, "setup.py");
    let Some(text) = gather.take_text(&path, "the build script of setuptools") else {
        return false;
    };
    let setup = parse(&text);
    let modules = setup.imports.iter().map(|module| format!("{module}.py"));
    for name in setup.names.iter().cloned().chain(modules) {
        let there = paths::resolve(folder, &name).filter(|path| is_file(gather, path));
        if let Some(there) = there {
            gather.take(&there, &format!("named by {path}"));
        }
    }
    for tool in ["setuptools_scm", "versioneer", "pbr"] {
        if text.contains(tool) {
            version_from_git(gather, folder, tool);
        }
    }
    if let Some(call) = setup.dynamic {
        gather.unknown(
            format!(
                "{path} calls {}, so what it reads shows only when it runs",
                call.trim_end_matches('(')
            ),
            "state the metadata in pyproject.toml, or install the dependencies in a step of their own",
        );
    }
    true
}

fn is_file(gather: &Gather, path: &str) -> bool {
    !path.is_empty() && gather.files.exists(path) && gather.files.list(path).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_files_that_the_text_names() {
        let text = r#"
import os
from setuptools import setup, find_packages
import version_helper
here = os.path.dirname(__file__)  # 'not this'
def read(*names):
    return open(os.path.join(here, *names)).read()
setup(
    name="app",
    long_description=read('README.md'),
    version=read("src", "app", "VERSION").strip(),
    install_requires=open("requirements.txt").read().splitlines(),
)
"#;
        let setup = parse(text);
        for name in ["README.md", "src/app/VERSION", "requirements.txt"] {
            assert!(
                setup.names.iter().any(|found| found == name),
                "{name} in {:?}",
                setup.names
            );
        }
        assert!(!setup.names.iter().any(|name| name == "not this"));
        assert!(setup.imports.contains(&"version_helper".to_owned()));
        assert_eq!(setup.dynamic, None);
        assert_eq!(parse("import subprocess").dynamic, Some("subprocess"));
        assert_eq!(parse("x = 'open").names, Vec::<String>::new());
    }
}
