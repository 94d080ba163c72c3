//! Programs that are known by what they do to a build.

use crate::knowledge::command_table;

/// Something that makes outputs of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compiler {
    /// Compilers of C and its like, and what calls them.
    Native,
    /// Bundlers and compilers of JavaScript, without a manager before them.
    Node,
    /// A project's own copy of Maven or Gradle, and compilers of Java.
    Wrapper,
}

/// What `program`, a word as written, compiles.
pub(super) fn compiler(program: &str) -> Option<Compiler> {
    let name = program.rsplit('/').next().unwrap_or(program);
    let table = command_table(name).filter(|table| table.has_tag("compiler"))?;
    Some(if table.has_tag("node") {
        Compiler::Node
    } else if table.has_tag("wrapper") {
        Compiler::Wrapper
    } else {
        Compiler::Native
    })
}

/// Whether a package of PyPI is a tool that installs or builds others.
pub(crate) fn is_python_tool(package: &str) -> bool {
    const TOOLS: &[&str] = &[
        "pip",
        "wheel",
        "uv",
        "poetry",
        "pipenv",
        "pdm",
        "virtualenv",
        "build",
        "hatch",
        "pip-tools",
        "poetry-plugin-export",
    ];
    TOOLS.contains(&package.to_ascii_lowercase().as_str())
}

/// Whether a word calls Python: `python3.11`, `/usr/bin/python`.
pub(super) fn is_python(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}
