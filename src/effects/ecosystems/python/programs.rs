//! Programs that are known by what they do to a build.

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
pub(crate) fn is_python(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}
