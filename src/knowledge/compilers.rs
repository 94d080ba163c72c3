//! Programs that compile when they are called by name: the tags of their tables.

use super::command::CommandTable;
use super::commands::{Commands, command_table};
use super::managers;

/// Something that makes outputs of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// Compilers of C and its like, and what calls them.
    Native,
    /// Bundlers and compilers of JavaScript, without a manager before them.
    Node,
    /// A project's own copy of Maven or Gradle, and compilers of Java.
    Wrapper,
}

/// What `program`, a word as written, compiles; `None` if it is no compiler.
#[must_use]
pub fn compiler(program: &str) -> Option<Compiler> {
    compiler_of(table_of(program)?)
}

/// What a command compiles, called by its name or as a module of an interpreter: `python -m nuitka`. A word that is not
/// literal is `None`.
#[must_use]
pub fn compiler_called(words: &[Option<&str>]) -> Option<Compiler> {
    let by_name = words.first().copied().flatten().and_then(compiler);
    by_name.or_else(|| {
        let (module, _) = managers().module(words)?;
        compiler_of(Commands::embedded().find_module(module)?)
    })
}

fn compiler_of(table: &CommandTable) -> Option<Compiler> {
    if !table.has_tag("compiler") {
        return None;
    }
    Some(if table.has_tag("node") {
        Compiler::Node
    } else if table.has_tag("wrapper") {
        Compiler::Wrapper
    } else {
        Compiler::Native
    })
}

/// Whether an image that starts `program` compiles at start.
#[must_use]
pub fn compiles_at_start(program: &str) -> bool {
    let is_watcher = table_of(program).is_some_and(|table| table.has_tag("compiles-at-start"));
    is_watcher || matches!(compiler(program), Some(Compiler::Native | Compiler::Wrapper))
}

fn table_of(program: &str) -> Option<&'static CommandTable> {
    command_table(program.rsplit('/').next().unwrap_or(program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_are_told_by_their_tags() {
        assert_eq!(compiler("/usr/bin/gcc"), Some(Compiler::Native));
        assert_eq!(compiler("tsc"), Some(Compiler::Node));
        assert_eq!(compiler("./gradlew"), Some(Compiler::Wrapper));
        assert_eq!(compiler("git"), None);
        let called = |words: &[&str]| compiler_called(&words.iter().map(|word| Some(*word)).collect::<Vec<_>>());
        assert_eq!(called(&["python3", "-m", "nuitka", "a.py"]), Some(Compiler::Native));
        assert_eq!(called(&["python3", "a.py", "-m", "nuitka"]), None);
        assert!(compiles_at_start("./gradlew") && compiles_at_start("air") && compiles_at_start("node-gyp"));
        assert!(!compiles_at_start("vite"));
    }
}
