//! What git ignores, by the `.gitignore` files of the context.

use std::collections::HashMap;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::context::ContextSource;

/// The `.gitignore` files that were asked for.
#[derive(Debug)]
pub(crate) struct GitIgnored<'c> {
    context: &'c ContextSource,
    folders: HashMap<String, Option<Gitignore>>,
}

impl<'c> GitIgnored<'c> {
    pub(crate) fn new(context: &'c ContextSource) -> GitIgnored<'c> {
        GitIgnored {
            context,
            folders: HashMap::new(),
        }
    }

    /// Whether a `.gitignore` at the root or in a folder above `path` keeps it out of the repository.
    pub(crate) fn holds(&mut self, path: &str, is_folder: bool) -> bool {
        let mut above = vec![""];
        above.extend(path.match_indices('/').map(|(at, _)| &path[..at]));
        above.into_iter().any(|folder| {
            let relative = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
            let read = || read(self.context, folder);
            let rules = self.folders.entry(folder.to_owned()).or_insert_with(read);
            rules
                .as_ref()
                .is_some_and(|rules| rules.matched_path_or_any_parents(relative, is_folder).is_ignore())
        })
    }
}

fn read(context: &ContextSource, folder: &str) -> Option<Gitignore> {
    let file = if folder.is_empty() {
        ".gitignore".to_owned()
    } else {
        format!("{folder}/.gitignore")
    };
    let text = context.read_unfiltered(&file)?;
    let mut builder = GitignoreBuilder::new("");
    for line in text.lines() {
        // Git passes over lines that it cannot read, too.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_above_count() {
        let files = [(".gitignore", "/data\n*.log\n[bad"), ("web/.gitignore", "dist/\n")];
        let context = ContextSource::in_memory(files).unwrap();
        let mut git = GitIgnored::new(&context);
        assert!(git.holds("data", true) && git.holds("data/x", false) && git.holds("a/b.log", false));
        assert!(git.holds("web/dist", true));
        assert!(!git.holds("dist", true) && !git.holds("web/data", true));
    }
}
