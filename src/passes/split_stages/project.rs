//! What the files of the project tell of how it is built and what it reads.

use crate::context::ContextSource;
use crate::facts::Execution;
use crate::syntax::Keyword;

use super::subject::Subject;

/// Whether a RUN names a package by its git repository.
pub(super) fn names_repository(run: &Execution) -> bool {
    let mut words = run.commands.iter().flat_map(|command| &command.words);
    words.any(|word| word.text.contains("git+") || word.text.ends_with(".git"))
}

/// Whether a manifest names a package by its git repository, or takes the project's version from git.
pub(super) fn fetches_from_git(context: &ContextSource) -> bool {
    const MANIFESTS: &[&str] = &[
        "requirements.txt",
        "pyproject.toml",
        "Pipfile",
        "package.json",
        "go.mod",
        "Cargo.toml",
        "setup.py",
    ];
    const SIGNS: &[&str] = &[
        "git+",
        "github:",
        "git://",
        "git = ",
        "setuptools_scm",
        "setuptools-scm",
        "hatch-vcs",
        "versioneer",
    ];
    let is_manifest = |path: &str| {
        let name = name(path);
        MANIFESTS.contains(&name) || name.ends_with(".txt") && path.contains("require")
    };
    says_any(context, is_manifest, SIGNS)
}

/// The first setting or source, outside of the scripts of package.json, that names a program which Node.js runs.
pub(super) fn names_node_tools(subject: &Subject<'_>) -> Option<String> {
    let setting = subject.range().find(|index| {
        matches!(
            subject.keyword(*index),
            Some(Keyword::Env | Keyword::Cmd | Keyword::Entrypoint)
        ) && names_node_tool(subject.text(*index))
    });
    let in_file = || subject.context.remembered(source_with_node_tools).as_ref().clone();
    setting.map(|index| subject.place(index)).or_else(in_file)
}

fn source_with_node_tools(context: &ContextSource) -> Option<String> {
    let is_code = |path: &str| {
        let endings = [
            ".py", ".rb", ".php", ".sh", ".pl", ".ini", ".cfg", ".conf", ".yml", ".yaml", ".toml",
        ];
        endings.iter().any(|ending| path.ends_with(ending))
    };
    let mut sources = context.sources(is_code);
    let found = sources.find(|path| context.read(path).is_ok_and(|text| names_node_tool(&text)));
    found.map(str::to_owned)
}

fn names_node_tool(text: &str) -> bool {
    text.contains("node_modules/.bin") || text.contains("npx ")
}

/// Whether `make install` may install a library, which the linker then has to be told of.
pub(super) fn installs_libraries(subject: &Subject<'_>, index: usize) -> bool {
    // What was downloaded cannot be read.
    let is_downloaded = ["curl", "wget", "git ", "tar "]
        .iter()
        .any(|tool| subject.text(index).contains(tool));
    is_downloaded || *subject.context.remembered(rules_may_make_libraries)
}

/// Whether the rules of a build make a library, or there are none to tell.
fn rules_may_make_libraries(context: &ContextSource) -> bool {
    let names = [
        "Makefile",
        "makefile",
        "CMakeLists.txt",
        "configure.ac",
        "Makefile.am",
        "meson.build",
    ];
    let is_rule = |path: &str| names.contains(&name(path)) || path.ends_with(".mk") || path.ends_with(".cmake");
    let signs = [
        "-shared",
        "SHARED",
        "LT_INIT",
        "libtool",
        "LTLIBRARIES",
        "library(",
        ".so",
    ];
    context.sources(is_rule).next().is_none() || says_any(context, is_rule, &signs)
}

/// Whether a source that `is_wanted` accepts contains one of `signs`.
fn says_any(context: &ContextSource, is_wanted: impl Fn(&str) -> bool, signs: &[&str]) -> bool {
    let mut texts = context.sources(is_wanted).filter_map(|path| context.read(path).ok());
    texts.any(|text| signs.iter().any(|sign| text.contains(sign)))
}

/// The last part of a path.
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
