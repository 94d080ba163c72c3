//! The files of a project by which package managers are told how to behave, where a build context shows them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::context::ContextSource;
use crate::knowledge::managers;
use crate::syntax::{Dockerfile, Keyword};

/// The texts of the files that conditions of `data/package-managers/` name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    texts: BTreeMap<&'static str, Arc<str>>,
}

impl Project {
    /// The files in the root of `context`, or else in the first folder that `file` copies from and that has them.
    pub(super) fn of(file: &Dockerfile, context: &ContextSource) -> Project {
        let folders = folders(file);
        let text = |name: &str| {
            let mut paths = folders.iter().map(|folder| match folder.as_str() {
                "" => name.to_owned(),
                folder => format!("{folder}/{name}"),
            });
            paths.find_map(|path| context.read(&path).ok())
        };
        let names = managers().condition_files();
        Project {
            texts: names.filter_map(|name| Some((name, text(name)?))).collect(),
        }
    }

    /// The text of the file `name`, if it is there.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(AsRef::as_ref)
    }
}

/// The root and the folders that COPY and ADD name, or name a file of.
fn folders(file: &Dockerfile) -> Vec<String> {
    let mut folders = vec![String::new()];
    for instruction in &file.instructions {
        let node = instruction.node();
        if !matches!(node.keyword, Keyword::Copy | Keyword::Add) || node.flag("from").is_some() {
            continue;
        }
        for source in node.sources().iter().rev() {
            let path = source.value.trim_start_matches("./").trim_matches('/');
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            folders.extend([path, parent].map(str::to_owned));
        }
    }
    folders.retain(|folder| folder.is_empty() || !folder.contains(['*', '?', '[', '$', ':']));
    let mut seen = std::collections::HashSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Facts, ManagerUse};
    use crate::syntax;

    fn used(files: &[(&str, &str)], body: &str) -> ManagerUse {
        let file = syntax::parse("Dockerfile", &format!("FROM node:20\nWORKDIR /app\n{body}\n")).unwrap();
        let context = ContextSource::in_memory(files.iter().map(|(path, text)| (*path, *text))).unwrap();
        let facts = Facts::with(&file, &context);
        let run = facts.run(&file, file.instructions.len() - 1).unwrap();
        run.commands.iter().find_map(|command| command.manager.clone()).unwrap()
    }

    #[test]
    fn the_manifest_tells_which_yarn_is_meant() {
        let berry = [("package.json", "{\"packageManager\": \"yarn@4.1.0\"}")];
        assert_eq!(used(&berry, "COPY . .\nRUN yarn install").manager.id, "yarn-berry");
        assert_eq!(
            used(&[("package.json", "{}")], "COPY . .\nRUN yarn install").manager.id,
            "yarn"
        );
    }

    #[test]
    fn settings_that_make_files_point_into_the_cache() {
        let linked = |files: &[(&str, &str)], body: &str| {
            let used = used(files, body);
            used.caches.iter().any(|cache| cache.linked == Some(true))
        };
        let body = "COPY web .\nRUN pnpm install";
        assert!(!linked(&[("web/package.json", "{}")], body));
        assert!(linked(&[("web/.npmrc", "enable-global-virtual-store=true\n")], body));
        let uv = "COPY . .\nRUN uv sync";
        assert!(linked(&[("uv.toml", "link-mode = \"symlink\"\n")], uv));
    }
}
