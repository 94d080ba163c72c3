//! Projects and the files that MSBuild imports, as far as a restore reads them.

use roxmltree::{Document, Node};

use super::solution::is_project;
use crate::context::Files;
use crate::effects::ecosystems::manifests::dependency::Dependency;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::{globs, paths, xml};

/// Files that MSBuild and NuGet look for in the folder of a project and, the first one only, above it.
const NEAREST: &[(&str, &str)] = &[
    ("Directory.Build.props", "imported into every project below it"),
    ("Directory.Build.targets", "imported into every project below it"),
    ("Directory.Packages.props", "the versions of all packages"),
    ("Directory.Build.rsp", "the options of the build"),
];

/// Variables that stand for the folder of the file they are in.
const OWN_FOLDER: &[&str] = &[
    "$(MSBuildThisFileDirectory)",
    "$(MSBuildProjectDirectory)",
    "$(ProjectDir)",
];

/// Reads the project at `path`, what it imports and the projects that it refers to.
pub(super) fn read(gather: &mut Gather, path: &str, top: &str, why: &str) {
    if !gather.first_visit("msbuild", path) {
        return;
    }
    let Some(text) = gather.need_text(path, why) else {
        return;
    };
    let folder = paths::parent(path).to_owned();
    for (name, why) in NEAREST {
        nearest(gather, &folder, top, name, why);
    }
    for (name, why) in [
        ("packages.lock.json", "the lock file"),
        ("packages.config", "the packages of the old format"),
        ("paket.references", "Paket's list of packages"),
    ] {
        let found = paths::join(&folder, name);
        if name == "packages.lock.json" || gather.files.exists(&found) {
            gather.take(&found, why);
        }
    }
    if text.contains("Paket.Restore") || gather.files.exists(&paths::join(&folder, "paket.references")) {
        gather.unknown(
            format!("{path} uses Paket, whose restore reads files of its own"),
            "restore in one step with the sources",
        );
    }
    document(gather, path, &text, top);
}

/// The references and imports of one MSBuild file.
fn document(gather: &mut Gather, path: &str, text: &str, top: &str) {
    let Some(document) = xml::parse(gather, path, text) else {
        return;
    };
    let folder = paths::parent(path).to_owned();
    for node in document.descendants().filter(Node::is_element) {
        match node.tag_name().name() {
            "ProjectReference" => {
                for name in node.attribute("Include").into_iter().flat_map(|names| names.split(';')) {
                    reference(gather, path, &folder, name, top);
                }
            }
            "Import" => {
                if let Some(name) = node.attribute("Project").filter(|_| node.attribute("Sdk").is_none()) {
                    import(gather, path, &folder, name, top, node.attribute("Condition").is_some());
                }
            }
            "NuGetLockFilePath" | "RestoreConfigFile" => {
                let name = node.text().unwrap_or_default().trim();
                gather.take_named(&folder, &plain(name), path);
            }
            _ => {}
        }
    }
}

/// A path as MSBuild writes it, with `/` and without the variables for its own folder.
fn plain(name: &str) -> String {
    let name = name.trim().replace('\\', "/");
    let own = OWN_FOLDER.iter().find_map(|variable| name.strip_prefix(variable));
    own.map_or(name.clone(), |rest| rest.trim_start_matches('/').to_owned())
}

fn reference(gather: &mut Gather, path: &str, folder: &str, name: &str, top: &str) {
    let name = plain(name);
    if name.is_empty() {
        return;
    }
    let why = format!("referred to by {path}");
    if globs::is_pattern(&name) {
        match globs::expand(gather.files, folder, &name) {
            Some(found) => found
                .iter()
                .filter(|one| is_project(one))
                .for_each(|one| read(gather, one, top, &why)),
            None => gather.outside(&name, path),
        }
        return;
    }
    match resolve(folder, &name) {
        Some(target) => read(gather, &target, top, &why),
        None => gather.outside(&name, path),
    }
}

/// A file that is imported. Packages and the SDK bring most of them along; those have other variables in their names.
fn import(gather: &mut Gather, path: &str, folder: &str, name: &str, top: &str, conditional: bool) {
    // `$([MSBuild]::GetPathOfFileAbove('Directory.Build.props', '$(MSBuildThisFileDirectory)../'))`
    if let Some((_, call)) = name.split_once("GetPathOfFileAbove(") {
        let file = call
            .split(['\'', '"', ',', ')', ' '])
            .find(|part| !part.is_empty())
            .unwrap_or_default();
        let file = file
            .strip_prefix("$(MSBuildThisFile")
            .map_or(file, |_| paths::name(path));
        let above: Vec<String> = paths::upward(folder, top)
            .into_iter()
            .skip(1)
            .map(str::to_owned)
            .collect();
        let found = above
            .iter()
            .map(|at| paths::join(at, file))
            .find(|target| gather.files.exists(target));
        if let Some(target) = found {
            imported(gather, &target, path, top);
        }
        return;
    }
    let from_sdk = [
        "$(MSBuildExtensionsPath",
        "$(MSBuildToolsPath",
        "$(VSToolsPath",
        "$(MSBuildSDKsPath",
        "$(NuGet",
        // Projects of the old .NET Framework.
        "$(MSBuildBinPath",
        "$(VCTargetsPath",
        "$(UserRootDir",
        "$(SQLDBExtensionsRefPath",
    ];
    if from_sdk.iter().any(|variable| name.starts_with(variable)) {
        return;
    }
    let name = plain(name);
    match resolve(folder, &name) {
        Some(target) if conditional && !gather.files.exists(&target) => {
            gather.take(&target, &format!("imported by {path}"));
        }
        Some(target) => imported(gather, &target, path, top),
        None => gather.outside(&name, path),
    }
}

fn imported(gather: &mut Gather, target: &str, path: &str, top: &str) {
    if !gather.first_visit("msbuild", target) {
        return;
    }
    if let Some(text) = gather.need_text(target, &format!("imported by {path}")) {
        document(gather, target, &text, top);
    }
}

/// The first `name` in `folder` and above it.
fn nearest(gather: &mut Gather, folder: &str, top: &str, name: &str, why: &str) {
    for at in paths::upward(folder, top) {
        let path = paths::join(at, name);
        if gather.files.exists(&path) {
            if !gather.first_visit("msbuild", &path) {
                return;
            }
            if let Some(text) = gather.take_text(&path, why).filter(|_| !name.ends_with(".rsp")) {
                document(gather, &path, &text, top);
            }
            return;
        }
    }
    gather.take(&paths::join(folder, name), why);
}

/// `name` in `folder`, in the case it is written in: a reference that fits only on Windows fails in a Linux image, too.
fn resolve(folder: &str, name: &str) -> Option<String> {
    paths::resolve(folder, name).filter(|path| !path.contains("$("))
}

/// The direct packages of the projects in `folder`.
pub(crate) fn declared(folder: &str, files: &dyn Files) -> Vec<Dependency> {
    let mut found = Vec::new();
    for entry in files.list(folder).into_iter().filter(|name| is_project(name)) {
        let path = paths::join(folder, &entry);
        let text = files.read(&path).unwrap_or_default();
        let Ok(document) = Document::parse(text.trim_start_matches('\u{feff}')) else {
            continue;
        };
        for node in document
            .descendants()
            .filter(|node| node.tag_name().name() == "PackageReference")
        {
            let Some(name) = node.attribute("Include") else {
                continue;
            };
            // Analyzers and build tools are kept from those who use the project.
            let private = node
                .attribute("PrivateAssets")
                .or_else(|| xml::text(node, &["PrivateAssets"]));
            found.push(Dependency {
                name: name.to_owned(),
                group: "PackageReference".to_owned(),
                dev: private.is_some_and(|assets| assets.eq_ignore_ascii_case("all")),
                manifest: path.clone(),
            });
        }
    }
    found
}
