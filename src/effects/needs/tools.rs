//! The tools that sources call, for those that ask about nothing else.

use crate::context::ContextSource;

use super::calls::calls;
use super::commands::{Commands, program};

/// A tool that a source file starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToolCall {
    /// The program's name, without its folder.
    pub(crate) tool: String,
    /// The file in the context.
    pub(crate) path: String,
    /// The line, counted from 1.
    pub(crate) line: usize,
}

/// The tools that sources start, each with the first place. `is_tool` says which names are of interest.
pub(crate) fn tool_calls(context: &ContextSource, is_tool: &dyn Fn(&str) -> bool) -> Vec<ToolCall> {
    let mut found: Vec<ToolCall> = Vec::new();
    for source in &calls(context).0 {
        for call in &source.calls {
            let read = call.commands.iter().map(|words| match words.as_slice() {
                [text] => Commands::of_script(text),
                _ => Commands::of_words(words),
            });
            for words in read.flat_map(|read| read.list) {
                let tool = program(&words);
                if is_tool(tool) && found.iter().all(|call| call.tool != tool) {
                    found.push(ToolCall {
                        tool: tool.to_owned(),
                        path: source.path.clone(),
                        line: call.line,
                    });
                }
            }
        }
    }
    found
}
