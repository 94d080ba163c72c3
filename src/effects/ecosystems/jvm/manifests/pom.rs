//! `pom.xml`, as far as it names files of the context ("POM Reference").

use roxmltree::Document;

use crate::context::Files;
use crate::effects::ecosystems::manifests::dependency::Dependency;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::reads::SourceKind;
use crate::effects::ecosystems::manifests::{paths, xml};

/// Where a project's own folder stands in a POM.
const BASEDIR: &[&str] = &[
    "${project.basedir}",
    "${basedir}",
    "${maven.multiModuleProjectDirectory}",
];

/// Whether Maven builds a project or only inherits from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is built, and its modules with it.
    Built,
    /// It is the parent of another: its modules don't count.
    Inherited,
}

/// Reads the POM at `path`, its parent and, if it is built, its modules.
pub(super) fn read(gather: &mut Gather, path: &str, role: Role, why: &str) {
    let visit = if role == Role::Built { "pom" } else { "parent pom" };
    if !gather.first_visit(visit, path) {
        return;
    }
    let Some(text) = gather.need_text(path, why) else {
        return;
    };
    let Some(document) = xml::parse(gather, path, &text) else {
        return;
    };
    let project = document.root_element();
    let folder = paths::parent(path);
    if let Some(parent) = xml::at(project, &["parent"]) {
        parent_pom(
            gather,
            folder,
            path,
            xml::at(parent, &["relativePath"]).map(|node| node.text().unwrap_or("").trim()),
        );
    }
    // Profiles may add modules; which ones are active is up to the command.
    let profiles = xml::at(project, &["profiles"])
        .into_iter()
        .flat_map(|all| xml::children(all, "profile"));
    for holder in std::iter::once(project).chain(profiles) {
        let modules = xml::at(holder, &["modules"])
            .into_iter()
            .flat_map(|all| xml::children(all, "module"));
        let built = role == Role::Built;
        for module in modules
            .filter(|_| built)
            .filter_map(|module| module.text())
            .map(str::trim)
        {
            module_pom(gather, folder, path, module);
        }
        repositories(gather, holder, folder, path);
    }
    for node in project
        .descendants()
        .filter(|node| node.tag_name().name() == "systemPath")
    {
        let name = node.text().unwrap_or_default().trim();
        match local(folder, name) {
            Some(target) => drop(gather.need(&target, &format!("a systemPath in {path}"))),
            None => gather.outside(name, path),
        }
    }
}

/// A parent without `relativePath` is looked for in the folder above; an empty one means the repository only.
fn parent_pom(gather: &mut Gather, folder: &str, path: &str, relative: Option<&str>) {
    if relative == Some("") {
        return;
    }
    let name = relative.unwrap_or("../pom.xml");
    let Some(mut target) = paths::resolve(folder, name) else {
        // The default may point above the context: then Maven takes the parent from the repository.
        if relative.is_some() {
            gather.outside(name, path);
        }
        return;
    };
    if !target.ends_with(".xml") {
        target = paths::join(&target, "pom.xml");
    }
    // A POM that is not there comes from the repository.
    if gather.files.exists(&target) {
        read(gather, &target, Role::Inherited, &format!("the parent of {path}"));
    } else {
        gather.take(&target, &format!("the parent of {path}"));
    }
}

fn module_pom(gather: &mut Gather, folder: &str, path: &str, module: &str) {
    match paths::resolve(folder, module) {
        Some(target) => {
            let is_file = target.ends_with(".xml");
            let member = if is_file {
                paths::parent(&target).to_owned()
            } else {
                target.clone()
            };
            let pom = if is_file {
                target
            } else {
                paths::join(&target, "pom.xml")
            };
            gather.member(&member);
            read(gather, &pom, Role::Built, &format!("a module of {path}"));
        }
        None => gather.outside(module, path),
    }
}

/// Repositories that are folders of the context: `file://${project.basedir}/repo`.
fn repositories(gather: &mut Gather, holder: roxmltree::Node, folder: &str, path: &str) {
    for (list, one) in [
        ("repositories", "repository"),
        ("pluginRepositories", "pluginRepository"),
    ] {
        let all = xml::at(holder, &[list])
            .into_iter()
            .flat_map(|all| xml::children(all, one));
        let urls: Vec<&str> = all.filter_map(|repository| xml::text(repository, &["url"])).collect();
        for url in urls {
            let Some(place) = url.strip_prefix("file:") else {
                continue;
            };
            match local(folder, place.trim_start_matches("//")) {
                Some(target) if !target.is_empty() => {
                    gather.take_folder(&target, &format!("a repository in {path}"));
                }
                _ => gather.source(
                    folder,
                    SourceKind::PathDependency,
                    format!("{path} has the repository {url}"),
                ),
            }
        }
    }
}

/// The path that a POM in `folder` means, with its own folder filled in.
fn local(folder: &str, name: &str) -> Option<String> {
    let own = BASEDIR
        .iter()
        .find_map(|variable| name.trim_start_matches('/').strip_prefix(variable));
    match own {
        Some(rest) => paths::resolve(folder, rest.trim_start_matches('/')),
        None => paths::resolve(folder, name),
    }
}

/// The direct dependencies of the `pom.xml` in `folder`; their scope is the group.
pub(crate) fn declared(folder: &str, files: &dyn Files) -> Vec<Dependency> {
    let path = paths::join(folder, "pom.xml");
    let text = files.read(&path).unwrap_or_default();
    let Ok(document) = Document::parse(text.trim_start_matches('\u{feff}')) else {
        return Vec::new();
    };
    let all = xml::at(document.root_element(), &["dependencies"]).into_iter();
    let all = all.flat_map(|all| xml::children(all, "dependency"));
    let named = all.filter_map(|one| {
        let name = format!("{}:{}", xml::text(one, &["groupId"])?, xml::text(one, &["artifactId"])?);
        let scope = xml::text(one, &["scope"]).unwrap_or("compile");
        Some(Dependency {
            name,
            group: scope.to_owned(),
            dev: scope == "test",
            manifest: path.clone(),
        })
    });
    named.collect()
}
