//! Installed packages of languages: those that were there are there, in the same version.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use super::super::files::{Content, Files};
use super::super::python::{self, INSTALLERS, LeftOut};
use super::super::report::{Check, Finding};
use super::Side;

use crate::emit::text;
use crate::knowledge::is_node_build_tool;

const NODE: &str = "Node package";

/// Packages by kind and name, with the versions in which they are there.
type Packages = BTreeMap<(&'static str, String), BTreeSet<String>>;

/// Compares the packages of two images. Node packages count where a production dependency leads to them.
#[must_use]
pub(in crate::verify) fn packages(before: Side<'_>, after: Side<'_>, left_out: &LeftOut) -> Check {
    let (mut old, mut new) = (
        installed(before.files, left_out),
        installed(after.files, &LeftOut::default()),
    );
    // A name may be there in other versions, too, for development.
    old.retain(|(kind, _), _| *kind != NODE);
    old.extend(production(before, after.files));
    for (package, version) in linked(after.files) {
        new.entry(package).or_default().insert(version);
    }
    let unread = unread(before);
    let mut findings = Vec::new();
    let mut count = 0;
    for ((kind, name), versions) in &old {
        count += 1;
        let version = || versions.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        match new.get(&(*kind, name.clone())) {
            Some(others) if versions.is_subset(others) => {}
            Some(others) => {
                let others: Vec<&str> = others.iter().map(String::as_str).collect();
                let others = others.join(", ");
                findings.push(Finding::new(format!("{kind} {name} was {} and is {others}", version())));
            }
            None => findings.push(Finding::new(format!(
                "{} is gone",
                format!("{kind} {name} {}", version()).trim_end()
            ))),
        }
    }
    if count == 0 {
        return Check::skipped(
            "packages",
            "the image has no Python, Node, Ruby or Java packages of its own",
        )
        .without(unread);
    }
    let mut reason = format!("{} in the same version", text::count(count, "package", "packages"));
    if !left_out.tools.is_empty() {
        let tools: Vec<&str> = left_out.tools.iter().map(String::as_str).collect();
        let needed = match left_out.packages.len().saturating_sub(tools.len()) {
            0 => String::new(),
            count => format!(
                ", with {} that only they need",
                text::count(count, "package", "packages")
            ),
        };
        reason += &format!("; only installs call {}: left out on purpose{needed}", tools.join(", "));
    }
    Check::of("packages", reason, findings).without(unread)
}

/// The manifests of Node packages and projects that cannot be read, and why.
fn unread(side: Side<'_>) -> Vec<String> {
    let files = side.files;
    let is_own = |path: &str| {
        let folder = path
            .strip_suffix("package.json")
            .map(|folder| folder.trim_end_matches('/'));
        // Packages have broken ones below their folder, for their tests.
        let is_manifest = |folder: &str| !folder.contains("node_modules/") || package_name(folder).is_some();
        folder.is_some_and(is_manifest) && files.system.owners(path).is_empty()
    };
    let too_large = files.unread.iter().filter(|(path, _)| is_own(path));
    let broken = files
        .texts
        .iter()
        .filter(|(path, text)| is_own(path) && version(text).is_none());
    too_large
        .map(|(path, why)| format!("/{path} {why}"))
        .chain(broken.map(|(path, _)| format!("/{path} is no JSON")))
        .collect()
}

/// The packages of an image, but those that are `left_out`.
fn installed(files: &Files, left_out: &LeftOut) -> Packages {
    let system = &files.system;
    let mut found = Packages::new();
    for (folder, packages) in python::sites(files) {
        for (name, package) in packages {
            let place = (folder.clone(), name);
            if !INSTALLERS.contains(&place.1.as_str()) && !left_out.packages.contains(&place) {
                let versions = found.entry(("Python package", place.1)).or_default();
                versions.insert(package.version);
            }
        }
    }
    let mut add = |kind, name: String, version: &str| {
        found.entry((kind, name)).or_default().insert(version.to_owned());
    };
    for (path, entry) in &files.entries {
        if !system.owners(path).is_empty() {
            continue;
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some(gem) = name
            .strip_suffix(".gemspec")
            .filter(|_| folder.contains("specifications"))
        {
            let at = gem
                .match_indices('-')
                .find(|(at, _)| gem[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
            if let Some((at, _)) = at {
                add("gem", gem[..at].to_owned(), &gem[at + 1..]);
            }
        } else if name.ends_with(".jar") && matches!(entry.content, Content::File(_)) && !is_aside(path) {
            add("jar", name.to_owned(), "");
        }
    }
    for (path, text) in &files.texts {
        let package = path.strip_suffix("/package.json").and_then(package_name);
        let is_own = system.owners(path).is_empty();
        if let (Some(package), Some(version)) = (package, version(text).filter(|_| is_own)) {
            add(NODE, package.to_owned(), &version);
        }
    }
    found
}

/// The name of the Node package whose folder or link is at `path`; none where it is something else, as a folder below
/// that of a package.
fn package_name(path: &str) -> Option<&str> {
    let (_, package) = path.rsplit_once("node_modules/")?;
    let depth = usize::from(package.starts_with('@'));
    (package.matches('/').count() == depth).then_some(package)
}

/// The Node packages that are elsewhere and to which a link leads, as npm installs `file:./lib`.
fn linked(files: &Files) -> impl Iterator<Item = ((&'static str, String), String)> {
    let links = files
        .entries
        .iter()
        .filter(|(_, entry)| matches!(entry.content, Content::Link(_)));
    links.filter_map(|(path, _)| {
        let name = package_name(path)?;
        let manifest = format!("{}/package.json", files.resolve(path)?);
        let version = version(files.texts.get(&manifest)?)?;
        Some(((NODE, name.to_owned()), version))
    })
}

/// Where jars lie that are a build tool's, a cache's, or a product on its way to its place.
fn is_aside(path: &str) -> bool {
    [
        "/.m2/",
        "/.gradle/",
        "/target/",
        "/build/",
        "/maven/",
        "/gradle/",
        "/jvm/",
        "/jmods/",
        "/.mvn/",
    ]
    .iter()
    .any(|folder| format!("/{path}").contains(folder))
        || path.starts_with("opt/java/")
}

/// The version in a manifest, empty where it has none; none where it cannot be read.
fn version(package_json: &str) -> Option<String> {
    let value: Value = serde_json::from_str(package_json).ok()?;
    Some(value["version"].as_str().unwrap_or_default().to_owned())
}

/// The manifests outside of `node_modules` beside which there is one, with the names of their production dependencies;
/// not that of a project of which only static files are served.
#[must_use]
pub fn node_projects(side: Side<'_>) -> Vec<(String, Vec<String>)> {
    let files = side.files;
    let served = side.served_project();
    let manifests = files.texts.iter().filter_map(|(path, text)| {
        let folder = path.strip_suffix("package.json")?.trim_end_matches('/');
        (!format!("/{path}").contains("/node_modules/")).then_some((folder, text))
    });
    let mut found = Vec::new();
    for (folder, text) in manifests {
        let modules = if folder.is_empty() {
            "node_modules".to_owned()
        } else {
            format!("{folder}/node_modules")
        };
        let is_served = served.as_ref().is_some_and(|(root, _)| root == folder);
        if files.resolve(&modules).is_some() && !is_served {
            found.push((
                folder.to_owned(),
                dependencies(text, &["dependencies", "optionalDependencies"]),
            ));
        }
    }
    found
}

fn dependencies(package_json: &str, fields: &[&str]) -> Vec<String> {
    let value: Value = serde_json::from_str(package_json).unwrap_or_default();
    let names = fields.iter().filter_map(|field| value[*field].as_object());
    names.flat_map(|names| names.keys().cloned()).collect()
}

/// The Node packages that production dependencies lead to, and those installed for all; of these without tools that only
/// builds call, if the rewrite left them out.
fn production(before: Side<'_>, after: &Files) -> Packages {
    let files = before.files;
    let mut found = Packages::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut queue: Vec<(String, String)> = Vec::new();
    for (folder, names) in node_projects(before) {
        queue.extend(names.into_iter().map(|name| (folder.clone(), name)));
    }
    for folder in ["usr/local/lib", "usr/lib", "usr/local/share/npm-global/lib"] {
        let prefix = format!("{folder}/node_modules/");
        let global = files
            .texts
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix)?.strip_suffix("/package.json"));
        let stays = |name: &&str| {
            !is_node_build_tool(name) || after.texts.contains_key(&format!("{prefix}{name}/package.json"))
        };
        queue.extend(
            global
                .filter(|name| !name.contains("/node_modules/"))
                .filter(stays)
                .map(|name| (folder.to_owned(), name.to_owned())),
        );
    }
    while let Some((folder, name)) = queue.pop() {
        let Some(place) = node_package(files, &folder, &name) else {
            continue;
        };
        if !seen.insert(place.clone()) {
            continue;
        }
        let Some(text) = files.texts.get(&format!("{place}/package.json")) else {
            continue;
        };
        // Packages of the system are compared with the system's.
        if let Some(version) =
            version(text).filter(|_| files.system.owners(&format!("{place}/package.json")).is_empty())
        {
            found.entry((NODE, name)).or_default().insert(version);
        }
        let names = dependencies(text, &["dependencies", "optionalDependencies"]);
        let names = names.into_iter().chain(peers(text));
        queue.extend(names.map(|name| (place.clone(), name)));
    }
    found
}

/// The peers that a package does not do without.
fn peers(package_json: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(package_json).unwrap_or_default();
    let is_optional = |name: &String| value["peerDependenciesMeta"][name]["optional"].as_bool() == Some(true);
    let mut names = dependencies(package_json, &["peerDependencies"]);
    names.retain(|name| !is_optional(name));
    names
}

/// Where Node finds the package `name` from `folder`.
fn node_package(files: &Files, folder: &str, name: &str) -> Option<String> {
    let mut folder = Some(folder);
    while let Some(here) = folder {
        let found = files.resolve(&format!("{here}/node_modules/{name}"));
        if found.is_some() {
            return found;
        }
        folder = if here.is_empty() {
            None
        } else {
            Some(here.rsplit_once('/').map_or("", |(above, _)| above))
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::super::tree::Tree;
    use super::*;
    use serde_json::json;

    fn compared(before: &Tree, after: &Tree) -> Check {
        let (before, after, configuration) = (before.files(), after.files(), json!({}));
        let side = |files| Side {
            files,
            configuration: &configuration,
        };
        packages(side(&before), side(&after), &LeftOut::default())
    }

    fn found(before: &Tree, after: &Tree) -> Vec<String> {
        let check = compared(before, after);
        check.findings.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn manifests_that_cannot_be_read_are_named() {
        let tree = Tree::default()
            .file("app/package.json", "{\"dependencies\": <<<<<<< HEAD")
            .file("app/node_modules/a/package.json", "")
            .file("app/node_modules/a/test/package.json", "")
            .file("app/node_modules/b/package.json", "{}");
        let check = compared(&tree, &tree);
        let broken = ["/app/node_modules/a/package.json", "/app/package.json"];
        assert_eq!(check.not_compared, broken.map(|path| format!("{path} is no JSON")));
        assert!(check.is_incomplete());
    }

    #[test]
    fn python() {
        let site = "usr/local/lib/python3.11/site-packages";
        let at = |site: &str, version: &str| {
            Tree::default()
                .file(&format!("{site}/My_Pkg-{version}.dist-info/METADATA"), "")
                .file(&format!("{site}/pip-{version}.dist-info/METADATA"), "")
        };
        assert!(found(&at(site, "1.0"), &at("opt/venv/lib/python3.11/site-packages", "1.0")).is_empty());
        assert_eq!(
            found(&at(site, "1.0"), &at(site, "2.0")),
            ["Python package my-pkg was 1.0 and is 2.0"]
        );
        assert_eq!(
            found(&at(site, "1.0"), &Tree::default()),
            ["Python package my-pkg 1.0 is gone"]
        );
    }

    #[test]
    fn gems_and_jars() {
        let before = Tree::default()
            .file("usr/local/bundle/specifications/rack-2.2.8.gemspec", "")
            .file("app/app.jar", "")
            .file("root/.m2/repository/x.jar", "");
        assert_eq!(
            found(&before, &Tree::default()),
            ["gem rack 2.2.8 is gone", "jar app.jar is gone"]
        );
    }

    #[test]
    fn node_packages_count_where_production_needs_them() {
        let tree = |names: &[&str]| {
            let manifest = r#"{"dependencies": {"a": "1"}, "devDependencies": {"dev": "1"}}"#;
            names
                .iter()
                .fold(Tree::default().file("app/package.json", manifest), |tree, name| {
                    let text = if *name == "a" {
                        r#"{"version": "1", "dependencies": {"@s/b": "2"}}"#
                    } else {
                        r#"{"version": "2"}"#
                    };
                    tree.file(&format!("app/node_modules/{name}/package.json"), text)
                })
        };
        let before = tree(&["a", "@s/b", "dev"]);
        assert!(found(&before, &tree(&["a", "@s/b"])).is_empty());
        let other = r#"{"version": "3"}"#;
        let nested = tree(&["a", "@s/b", "dev"]).file("app/node_modules/dev/node_modules/a/package.json", other);
        assert!(
            found(&nested, &tree(&["a", "@s/b"])).is_empty(),
            "the version of a tool"
        );
        assert_eq!(found(&before, &tree(&["a"])), ["Node package @s/b 2 is gone"]);
    }

    #[test]
    fn a_package_that_a_link_leads_to_is_there_while_its_folder_is() {
        let linked = |has_folder: bool| {
            let tree = Tree::default()
                .file("app/package.json", r#"{"dependencies": {"lib-a": "file:./lib"}}"#)
                .link("app/node_modules/lib-a", "../lib");
            if has_folder {
                tree.file("app/lib/package.json", r#"{"version": "1.2.0"}"#)
            } else {
                tree
            }
        };
        assert!(found(&linked(true), &linked(true)).is_empty());
        assert_eq!(
            found(&linked(true), &linked(false)),
            ["Node package lib-a 1.2.0 is gone"]
        );
    }

    #[test]
    fn peers_count_unless_they_may_be_missing_and_so_do_global_packages() {
        let manifest = r#"{"dependencies": {"a": "1"}}"#;
        let peers = r#"{"version": "1", "peerDependencies": {"p": "1", "q": "1"},
            "peerDependenciesMeta": {"q": {"optional": true}}}"#;
        let tree = |names: &[&str]| {
            let tree = Tree::default()
                .file("app/package.json", manifest)
                .file("app/node_modules/a/package.json", peers);
            names.iter().fold(tree, |tree, name| {
                tree.file(&format!("{name}/package.json"), r#"{"version": "1"}"#)
            })
        };
        let before = tree(&[
            "app/node_modules/p",
            "app/node_modules/q",
            "usr/local/lib/node_modules/pnpm",
            "usr/local/lib/node_modules/serve",
        ]);
        assert_eq!(
            found(&before, &tree(&[])),
            ["Node package p 1 is gone", "Node package serve 1 is gone"]
        );
    }
}
