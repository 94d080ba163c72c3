//! Programs that compile when they are called by name: the tags of their tables.

use super::command::CommandTable;
use super::commands::command_table;

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
    let table = table_of(program).filter(|table| table.has_tag("compiler"))?;
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
        assert!(compiles_at_start("./gradlew") && compiles_at_start("air") && compiles_at_start("node-gyp"));
        assert!(!compiles_at_start("vite"));
    }
}
