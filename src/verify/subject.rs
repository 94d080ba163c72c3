//! What the Dockerfiles and the build context tell the checks.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::python::normal;
use crate::context::MemoryFiles;
use crate::context::{ContextSource, Kind, Presence, python_imports};
use crate::effects::ecosystems::manifests::{Manager, declared_dependencies};
use crate::effects::image_files::is_archive;
use crate::effects::needs::tool_calls;
use crate::facts::{Base, Facts};
use crate::knowledge::{Family, package_of_tool, release_of};
use crate::passes::is_python_tool;
use crate::syntax::{Arguments, Dockerfile, Keyword, expand};

/// Folders of the system that applications share: not all in them is the application's.
const SHARED: [&str; 22] = [
    "",
    "bin",
    "boot",
    "dev",
    "etc",
    "go",
    "home",
    "lib",
    "opt",
    "root",
    "run",
    "sbin",
    "srv",
    "tmp",
    "usr",
    "usr/bin",
    "usr/lib",
    "usr/local",
    "usr/local/bin",
    "usr/local/lib",
    "usr/share",
    "var",
];

/// What is known of a verification's files.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The paths of the application in the image: the working folder and what is copied.
    pub roots: Vec<String>,
    /// What belongs to the application and is at a place that is not known, as the rest of a sentence about it.
    pub(super) unknown: Vec<String>,
    /// The programs that the sources call.
    pub tools: BTreeSet<String>,
    /// The Python packages that manifests declare, but those for development.
    pub(super) requirements: BTreeSet<String>,
    /// The Python modules that the sources import.
    pub(super) imports: BTreeSet<String>,
    /// The system packages that commands name.
    pub(super) packages: BTreeSet<String>,
    /// The image that the original's final stage starts from.
    pub base: Option<String>,
    /// Its distribution, where it is known.
    pub(super) family: Option<Family>,
    /// Whether ARGs have other values than the file says.
    has_arguments: bool,
    copies: Vec<Copied>,
    context: Option<Arc<ContextSource>>,
    /// The context through the .dockerignore of the rewrite.
    context_after: Option<Arc<ContextSource>>,
}

/// A file or folder of the context and where it is in the image.
#[derive(Clone, Debug)]
struct Copied {
    source: String,
    place: String,
}

impl Subject {
    /// Reads the original `file`, built with the given `arguments`. `ignore_after` is the text of the rewrite's
    /// .dockerignore, where it is another one.
    #[must_use]
    pub fn of(
        file: &Dockerfile,
        context: Option<Arc<ContextSource>>,
        arguments: &[String],
        ignore_after: Option<&str>,
    ) -> Subject {
        let facts = match &context {
            Some(context) => Facts::with(file, context),
            None => Facts::of(file),
        };
        let mut subject = Subject {
            context_after: context
                .as_ref()
                .and_then(|context| context.with_ignore_text(ignore_after?).ok())
                .map(Arc::new),
            has_arguments: !arguments.is_empty(),
            ..Subject::default()
        };
        if let Some(context) = &context {
            let is_tool = |name: &str| package_of_tool(Family::Debian, name).is_some() || is_python_tool(name);
            subject.tools = tool_calls(context, &is_tool)
                .into_iter()
                .map(|call| call.tool)
                .collect();
            subject.requirements = requirements(context);
            subject.imports = python_imports(context);
        }
        subject.context = context;
        let runs = facts.instructions.iter().filter_map(|found| found.execution.as_ref());
        let managers = runs
            .flat_map(|run| &run.commands)
            .filter_map(|command| command.manager.as_ref());
        let names = managers.flat_map(|used| used.packages.iter().map(|(name, ..)| name.clone()));
        subject.packages = names.collect();
        let mut stage = facts.stages.len().checked_sub(1);
        while let Some(found) = stage.and_then(|number| facts.stages.get(number)) {
            for index in found.instructions.clone() {
                subject.instruction(file, &facts, index);
            }
            stage = match &found.base {
                Base::Stage(below) => Some(*below),
                Base::Image(image) => {
                    subject.base = Some(image.to_string());
                    let release = release_of(&image.repository(), image.tag.as_deref());
                    subject.family = release.map(|release| release.family);
                    None
                }
                Base::Scratch | Base::Unknown => None,
            };
        }
        subject.roots.sort_unstable();
        subject.roots.dedup();
        let all = subject.roots.clone();
        let is_in_another = |root: &str| all.iter().any(|other| other != root && rest(root, other).is_some());
        subject.roots.retain(|root| !is_in_another(root));
        subject
    }

    fn instruction(&mut self, file: &Dockerfile, facts: &Facts, index: usize) {
        let (Some(instruction), Some(scope)) = (file.instructions.get(index), facts.scope(index)) else {
            return;
        };
        let has_arguments = self.has_arguments;
        let variable = |name: &str| {
            let variable = scope.variables.get(name)?;
            // What a given ARG changes, and what is made of it, is another value.
            let is_known = variable.certain || !has_arguments;
            variable.value.clone().filter(|_| is_known)
        };
        // A base image may set what the file does not.
        let value = |text: &str| {
            let lexed = expand(text, file.escape(), &variable).filter(|lexed| lexed.unset.is_empty())?;
            Some(lexed.value)
        };
        let line = file.line_of(index);
        if instruction.keyword() == Keyword::Workdir
            && let Arguments::Rest(text) = &instruction.node().arguments
        {
            match value(&text.value).and_then(|folder| scope.absolute(&folder)) {
                Some(folder) => self.root(folder.trim_matches('/')),
                None => self
                    .unknown
                    .push(format!("the folder of line {line}, whose name is not known")),
            }
        }
        if !matches!(instruction.keyword(), Keyword::Copy | Keyword::Add) {
            return;
        }
        let node = instruction.node();
        let Some((target, sources)) = node.words().split_last() else {
            return;
        };
        let written = value(&target.value);
        let target = written.as_ref().and_then(|written| scope.absolute(written));
        let (Some(written), Some(target)) = (written, target) else {
            self.unknown
                .push(format!("what line {line} copies to a place that is not known"));
            return;
        };
        let target = target.trim_matches('/').to_owned();
        let into_folder = written.ends_with('/') || written.ends_with('.') || sources.len() > 1;
        for source in sources {
            let Some(source) = value(&source.value) else {
                self.unknown
                    .push(format!("what line {line} copies from a place that is not known"));
                continue;
            };
            if node.flag("from").is_some() {
                // Whether a file or a folder is copied, the other stage would tell.
                let name = source.rsplit('/').next().unwrap_or_default();
                if into_folder && SHARED.contains(&target.as_str()) {
                    self.root(join(&target, name).as_str());
                } else {
                    self.root(&target);
                }
                continue;
            }
            let Some(context) = self.context.clone() else {
                self.root(&target);
                continue;
            };
            let found = context.glob(&source);
            if found.is_empty() {
                // An address, or text in the file itself: `<<-"name"`.
                let name = source.rsplit('/').next().unwrap_or_default();
                let name = name.trim_start_matches(['<', '-']).trim_matches(['"', '\'']);
                self.root(
                    if into_folder {
                        join(&target, name)
                    } else {
                        target.clone()
                    }
                    .as_str(),
                );
            }
            for found in found {
                if instruction.keyword() == Keyword::Add && is_archive(&found) {
                    self.unknown.push(format!("what line {line} unpacks"));
                }
                let is_folder = context.presence(&found) == Presence::Here(Kind::Folder);
                let place = if !is_folder && into_folder {
                    join(&target, found.rsplit('/').next().unwrap_or(&found))
                } else {
                    target.clone()
                };
                self.copied(&context, &found, place, is_folder);
            }
        }
    }

    /// Notes what is copied: a folder into one that the system shares by the names in it.
    fn copied(&mut self, context: &ContextSource, source: &str, place: String, is_folder: bool) {
        if is_folder && SHARED.contains(&place.as_str()) {
            for child in context.list(source) {
                let is_folder = child.kind == Kind::Folder;
                self.copied(
                    context,
                    &join(source, &child.name),
                    join(&place, &child.name),
                    is_folder,
                );
            }
            return;
        }
        self.root(&place);
        self.copies.push(Copied {
            source: source.to_owned(),
            place,
        });
    }

    fn root(&mut self, path: &str) {
        if !SHARED.contains(&path) {
            self.roots.push(path.to_owned());
        }
    }

    /// Whether `path` of the image is the application's.
    #[must_use]
    pub fn is_application(&self, path: &str) -> bool {
        self.roots.iter().any(|root| rest(path, root).is_some())
    }

    /// The path in the context of what is at `path` in the image, where it was copied from there.
    #[must_use]
    pub fn source(&self, path: &str) -> Option<String> {
        let context = self.context.as_ref()?;
        let mut sources = self.copies.iter().filter_map(|copied| {
            let source = join(&copied.source, rest(path, &copied.place)?);
            Some(source.trim_start_matches("./").trim_matches('/').to_owned())
        });
        sources.find(|source| context.exists(source))
    }

    /// Whether the rewrite's .dockerignore keeps out the file of the context from which `path` was.
    #[must_use]
    pub fn is_kept_out(&self, path: &str) -> bool {
        let after = self.context_after.as_ref();
        let source = self.source(path);
        after.zip(source).is_some_and(|(after, source)| !after.exists(&source))
    }
}

/// What the Python manifests of the context declare, wherever they are.
fn requirements(context: &ContextSource) -> BTreeSet<String> {
    let is_manifest = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(name, "pyproject.toml" | "setup.cfg" | "Pipfile")
            || name.ends_with(".txt") && path.contains("requirements")
    };
    let paths: Vec<&str> = context.sources(is_manifest).collect();
    let above = |path: &str| {
        path.rsplit_once('/')
            .map_or(String::new(), |(folder, _)| folder.to_owned())
    };
    // Those in a folder `requirements` belong to the folder above.
    let folders: BTreeSet<String> = paths
        .iter()
        .map(|path| above(path))
        .flat_map(|folder| [above(&folder), folder])
        .collect();
    let texts = paths.iter().filter_map(|path| Some((*path, context.read(path).ok()?)));
    let files = MemoryFiles::new(texts.map(|(path, text)| (path, text.to_string())));
    let declared = folders
        .iter()
        .flat_map(|folder| declared_dependencies(Manager::Pip, folder, &files));
    declared
        .filter(|dependency| !dependency.dev)
        .map(|dependency| normal(&dependency.name))
        .collect()
}

/// What of `path` stands behind `root`.
fn rest<'p>(path: &'p str, root: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(root)?;
    (rest.is_empty() || rest.starts_with('/') || root.is_empty()).then(|| rest.trim_start_matches('/'))
}

fn join(folder: &str, name: &str) -> String {
    match (folder.trim_end_matches('/'), name) {
        ("" | ".", name) => name.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, name) => format!("{folder}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_at_a_place_that_is_not_known_is_said() {
        let context = ContextSource::in_memory([("a", ""), ("b.tgz", "")]).unwrap();
        let text = "FROM debian\nARG D\nWORKDIR $D/x\nCOPY a $D/a\nCOPY $D /app/\nADD b.tgz /app/\n\
                    ADD https://example.org/c /bin/\nCOPY a /app/\n";
        let file = crate::syntax::parse("Dockerfile", text).unwrap();
        let subject = Subject::of(&file, Some(Arc::new(context)), &[], None);
        let expected = [
            "the folder of line 3, whose name is not known",
            "what line 4 copies to a place that is not known",
            "what line 5 copies from a place that is not known",
            "what line 6 unpacks",
        ];
        assert_eq!(subject.unknown, expected);
        assert_eq!(subject.roots, ["app/a", "app/b.tgz", "bin/c"]);
    }

    #[test]
    fn what_the_application_is() {
        let context = ContextSource::in_memory([
            ("app.py", "import subprocess\nsubprocess.run(['git', 'status'])\n"),
            ("notes.md", ""),
            ("rootfs/etc/app.conf", ""),
            ("run.sh", ""),
        ])
        .unwrap();
        let text = "FROM debian AS b\nCOPY x /b\nFROM python:3\nARG D=/srv/app\nWORKDIR $D\nCOPY . .\nCOPY rootfs /\n\
                    COPY run.sh /usr/local/bin/\nCOPY --from=b /b /usr/local/bin/\n";
        let file = crate::syntax::parse("Dockerfile", text).unwrap();
        let subject = Subject::of(&file, Some(Arc::new(context)), &[], Some("*.md\n"));
        assert_eq!(
            subject.roots,
            ["etc/app.conf", "srv/app", "usr/local/bin/b", "usr/local/bin/run.sh"]
        );
        assert_eq!(subject.base.as_deref(), Some("python:3"));
        assert!(subject.tools.contains("git"), "{:?}", subject.tools);
        assert_eq!(subject.source("srv/app/app.py").as_deref(), Some("app.py"));
        assert_eq!(subject.source("etc/app.conf").as_deref(), Some("rootfs/etc/app.conf"));
        assert!(subject.is_kept_out("srv/app/notes.md") && !subject.is_kept_out("srv/app/app.py"));
        assert!(!subject.is_application("srv/application") && subject.is_application("srv/app/x"));
    }
}
