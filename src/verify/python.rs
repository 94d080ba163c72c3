//! The Python packages of an image by the folders that they are installed in, and which of them a rewrite may leave out:
//! the tools that install and build others, with what nothing but them needs.

use std::collections::{BTreeMap, BTreeSet};

use super::checks::Side;
use super::files::Files;
use super::subject::Subject;
use crate::passes::is_python_tool;

/// Packages that install others. Each environment has its own, in the version that made it.
pub(super) const INSTALLERS: [&str; 3] = ["pip", "setuptools", "wheel"];

/// An installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Distribution {
    /// Its version.
    pub(super) version: String,
    /// The packages that it always needs.
    needs: BTreeSet<String>,
    /// The same, with those that an extra of it needs.
    may_need: BTreeSet<String>,
    /// Whether an install named it, and not only a package that needs it.
    is_requested: bool,
    /// The modules that it brings at the top of its folder.
    modules: BTreeSet<String>,
    /// The paths of the programs that it brings.
    programs: BTreeSet<String>,
}

/// The packages in each folder of installed packages, by name.
pub(super) type Sites = BTreeMap<String, BTreeMap<String, Distribution>>;

/// Reads the packages of `files` that are no package's of the system.
pub(super) fn sites(files: &Files) -> Sites {
    let system = &files.system;
    let mut found = Sites::new();
    for path in files.entries.keys().filter(|path| system.owners(path).is_empty()) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let metadata = name
            .strip_suffix(".dist-info")
            .or_else(|| name.strip_suffix(".egg-info"));
        let Some((package, rest)) = metadata.and_then(|name| name.split_once('-')) else {
            continue;
        };
        if folder.contains("/_vendor") {
            continue;
        }
        let text = |file: &str| {
            let text = files.texts.get(&format!("{path}/{file}"));
            text.map(String::as_str).unwrap_or_default()
        };
        let mut distribution = Distribution {
            // An egg says for which Python it is, too.
            version: rest.split("-py").next().unwrap_or(rest).to_owned(),
            is_requested: files.entries.contains_key(&format!("{path}/REQUESTED")),
            ..Distribution::default()
        };
        distribution.metadata(text("METADATA"));
        distribution.record(folder, text("RECORD"));
        found
            .entry(folder.to_owned())
            .or_default()
            .insert(normal(package), distribution);
    }
    found
}

impl Distribution {
    /// Reads what it needs: `Requires-Dist: urllib3 (>=1.21) ; extra == "socks"`.
    fn metadata(&mut self, text: &str) {
        for requirement in text.lines().filter_map(|line| line.strip_prefix("Requires-Dist:")) {
            let (requirement, condition) = requirement.split_once(';').unwrap_or((requirement, ""));
            let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-');
            let requirement = requirement.trim();
            let end = requirement.find(|letter| !is_name(letter)).unwrap_or(requirement.len());
            let name = normal(&requirement[..end]);
            if !condition.contains("extra") {
                self.needs.insert(name.clone());
            }
            self.may_need.insert(name);
        }
    }

    /// Reads which files it brought, by their paths from `folder`.
    fn record(&mut self, folder: &str, text: &str) {
        for line in text.lines() {
            let path = line.split(',').next().unwrap_or(line);
            if path.contains("../") {
                if let Some(program) = from(folder, path).filter(|path| path.contains("bin/")) {
                    self.programs.insert(program);
                }
                continue;
            }
            let module = match path.split_once('/') {
                Some((folder, _)) if !folder.contains('.') => folder,
                None => match path.split_once('.') {
                    Some((module, ending)) if ending == "py" || ending.ends_with("so") => module,
                    _ => continue,
                },
                Some(_) => continue,
            };
            self.modules.insert(module.to_owned());
        }
    }
}

/// The path that `relative` names from `folder`.
fn from(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in relative.split('/') {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

/// What a rewrite left out on purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// The tools.
    pub(super) tools: BTreeSet<String>,
    /// The tools and what only they need, by folder and name.
    pub(super) packages: BTreeSet<(String, String)>,
    /// The modules that nothing else brings.
    pub(super) modules: BTreeSet<String>,
    /// The programs of those packages.
    pub(super) programs: BTreeSet<String>,
}

/// What is gone and only installs and builds: tools that nothing starts, and what came because of them. A package that an
/// install named, a manifest declares, a source imports or another package needs is none of these.
pub(super) fn left_out(before: Side<'_>, after: Side<'_>, subject: &Subject) -> LeftOut {
    let (old, new) = (sites(before.files), sites(after.files));
    let mut found = LeftOut::default();
    let mut kept_modules = BTreeSet::new();
    for (folder, packages) in &old {
        let is_gone = |name: &str, one: &Distribution| {
            let mut all = new.values();
            !all.any(|site| site.get(name).is_some_and(|other| other.version == one.version))
        };
        // A tool of which a program is left would be broken.
        let has_program = |one: &Distribution| {
            one.programs.iter().any(|path| {
                let name = path.rsplit('/').next().unwrap_or(path);
                after.files.program(name, after.path()).is_some()
            })
        };
        let gone: BTreeMap<&str, &Distribution> = packages
            .iter()
            .filter(|(name, one)| is_gone(name, one) && !has_program(one))
            .map(|(name, one)| (name.as_str(), one))
            .collect();
        let is_tool = |name: &str| is_python_tool(name) && !subject.tools.contains(name) && !INSTALLERS.contains(&name);
        let is_named = |name: &str, one: &Distribution| {
            subject.requirements.contains(name) || one.modules.iter().any(|module| subject.imports.contains(module))
        };
        let tools: BTreeSet<&str> = gone
            .iter()
            .filter(|(name, one)| is_tool(name) && !is_named(name, one))
            .map(|(name, _)| *name)
            .collect();
        let mut free = tools.clone();
        let mut queue: Vec<&str> = tools.iter().copied().collect();
        while let Some(name) = queue.pop() {
            for needed in gone.get(name).iter().flat_map(|one| &one.may_need) {
                if let Some((needed, one)) = gone.get_key_value(needed.as_str())
                    && !one.is_requested
                    && !is_named(needed, one)
                    && free.insert(needed)
                {
                    queue.push(needed);
                }
            }
        }
        // What another package needs as well must stay, and what that one needs.
        while let Some(name) = free.iter().copied().find(|name| {
            let mut others = packages.iter().filter(|(other, _)| !free.contains(other.as_str()));
            !tools.contains(name) && others.any(|(_, other)| other.needs.contains(*name))
        }) {
            free.remove(name);
        }
        for (name, one) in packages {
            if free.contains(name.as_str()) {
                found.packages.insert((folder.clone(), name.clone()));
                found.modules.extend(one.modules.iter().cloned());
                found.programs.extend(one.programs.iter().cloned());
            } else {
                kept_modules.extend(one.modules.iter().cloned());
            }
        }
        found.tools.extend(tools.into_iter().map(str::to_owned));
    }
    found.modules.retain(|module| !kept_modules.contains(module));
    found
}

/// Names as pip compares them.
pub(super) fn normal(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;
    use crate::context::ContextSource;
    use serde_json::json;
    use std::sync::Arc;

    const SITE: &str = "usr/local/lib/python3.11/site-packages";

    fn package(tree: Tree, site: &str, name: &str, needs: &[&str], is_requested: bool) -> Tree {
        let folder = format!("{site}/{name}-1.0.dist-info");
        let needs: String = needs.iter().map(|name| format!("Requires-Dist: {name}\n")).collect();
        let record = format!("{name}/__init__.py,sha256=x,1\n{name}-1.0.dist-info/METADATA,,\n../../../bin/{name},,\n");
        let tree = tree
            .file(
                &format!("{folder}/METADATA"),
                &format!("Name: {name}\n{needs}\nRequires-Dist: no header\n"),
            )
            .file(&format!("{folder}/RECORD"), &record);
        if is_requested {
            tree.file(&format!("{folder}/REQUESTED"), "")
        } else {
            tree
        }
    }

    /// poetry with what it needs, and an application beside it.
    fn before() -> Tree {
        let tree = package(
            Tree::default(),
            SITE,
            "poetry",
            &["requests (>=2)", "cleo; extra == 'x'"],
            true,
        );
        let tree = package(tree, SITE, "requests", &["urllib3"], false);
        let tree = package(tree, SITE, "urllib3", &[], false);
        package(tree, SITE, "cleo", &[], false)
    }

    fn names(before: &Tree, after: &Tree, context: &[(&str, &str)]) -> Vec<String> {
        let file = crate::syntax::parse("Dockerfile", "FROM python:3.11\nWORKDIR /app\nCOPY . .\n").unwrap();
        let context = ContextSource::in_memory(context.iter().copied()).unwrap();
        let subject = Subject::of(&file, Some(Arc::new(context)), &[], None);
        let (before, after, configuration) = (before.files(), after.files(), json!({}));
        let side = |files| Side {
            files,
            configuration: &configuration,
        };
        let found = left_out(side(&before), side(&after), &subject);
        found.packages.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn a_tool_goes_with_what_only_it_needs() {
        let all = ["cleo", "poetry", "requests", "urllib3"];
        assert_eq!(names(&before(), &Tree::default(), &[]), all);
        // An environment of its own has nothing to do with it.
        let apart = package(
            before(),
            "app/.venv/lib/python3.11/site-packages",
            "flask",
            &["urllib3"],
            true,
        );
        assert_eq!(names(&apart, &Tree::default(), &[]), all);
    }

    #[test]
    fn what_the_application_needs_as_well_may_not_go() {
        let beside = package(before(), SITE, "flask", &["urllib3"], true);
        assert_eq!(names(&beside, &Tree::default(), &[]), ["cleo", "poetry", "requests"]);
        let declared = [("requirements.txt", "Requests==2\n")];
        assert_eq!(names(&before(), &Tree::default(), &declared), ["cleo", "poetry"]);
        let imported = [("app.py", "from urllib3.util import Retry\n")];
        assert_eq!(
            names(&before(), &Tree::default(), &imported),
            ["cleo", "poetry", "requests"]
        );
        let asked = package(before(), SITE, "cleo", &[], true);
        assert_eq!(names(&asked, &Tree::default(), &[]), ["poetry", "requests", "urllib3"]);
    }

    #[test]
    fn a_tool_that_is_called_or_half_there_may_not_go() {
        let called = [("app.py", "import subprocess\nsubprocess.run(['poetry', 'show'])\n")];
        assert!(names(&before(), &Tree::default(), &called).is_empty());
        assert!(names(&before(), &Tree::default().program("usr/local/bin/poetry"), &[]).is_empty());
        let library = package(Tree::default(), SITE, "flask", &[], true);
        assert!(names(&library, &Tree::default(), &[]).is_empty());
    }
}
