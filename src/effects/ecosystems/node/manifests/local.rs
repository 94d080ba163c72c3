//! Dependencies that a `package.json` takes from the context: `file:`, `link:`, `portal:`, `patch:`, plain paths.

use super::package_json::PackageJson;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::SourceKind;

/// What the specifications in the manifest of `folder` name. `root` is the root of the project, which `~/` means in
/// berry's `patch:`.
pub(super) fn read(gather: &mut Gather, folder: &str, root: &str, manifest: &PackageJson) {
    let place = paths::join(folder, "package.json");
    let mut specifications: Vec<(String, String)> = manifest
        .dependencies()
        .map(|(_, name, specification)| (name.to_owned(), specification.to_owned()))
        .collect();
    for table in ["/resolutions", "/overrides", "/pnpm/overrides"] {
        specifications.extend(
            manifest
                .entries(table)
                .map(|(name, to)| (name.to_owned(), to.to_owned())),
        );
    }
    for (name, specification) in &specifications {
        one(gather, folder, root, name, specification, &place);
    }
    // pnpm and Bun: package@version to the path of a patch.
    for table in ["/pnpm/patchedDependencies", "/patchedDependencies"] {
        for (_, path) in manifest.entries(table) {
            gather.take_named(root, path, &place);
        }
    }
}

/// The specification of one dependency.
pub(super) fn one(gather: &mut Gather, folder: &str, root: &str, name: &str, specification: &str, place: &str) {
    if let Some(patch) = specification.strip_prefix("patch:") {
        let path = patch
            .rsplit_once('#')
            .map(|(_, path)| path.split("::").next().unwrap_or(path));
        for path in path
            .into_iter()
            .flat_map(|paths| paths.split('&'))
            .filter(|path| !path.starts_with("builtin<"))
        {
            let path = path.strip_prefix("optional!").unwrap_or(path);
            match path.strip_prefix("~/") {
                Some(from_root) => gather.take_named(root, from_root, place),
                None => gather.take_named(folder, path, place),
            }
        }
        return;
    }
    let linked = ["link:", "portal:"]
        .iter()
        .find_map(|scheme| specification.strip_prefix(scheme));
    let file = specification
        .strip_prefix("file:")
        .map(|path| path.strip_prefix("//").unwrap_or(path));
    let plain = Some(specification).filter(|text| text.starts_with("./") || text.starts_with("../"));
    let Some(path) = linked.or(file).or(plain) else { return };
    let Some(target) = paths::resolve(folder, path) else {
        return gather.outside(specification, place);
    };
    if gather.files.list(&target).is_empty() && !target.is_empty() {
        gather.need(&target, &format!("the local dependency {name} of {place}"));
        return;
    }
    if !gather.first_visit("local dependency", &target) {
        return;
    }
    let manifest = PackageJson::look(gather.files, &target);
    gather.take(
        &paths::join(&target, "package.json"),
        &format!("the local dependency {name} of {place}"),
    );
    // A link is made whether or not there is something behind it; a copy needs all of it.
    if linked.is_none() {
        let why = format!("{place} depends on {name} at {path}");
        gather.source(&target, SourceKind::PathDependency, why);
        if target.is_empty() {
            return;
        }
        gather.take_folder(&target, &format!("the local dependency {name} of {place}"));
    }
    if let Some(manifest) = manifest {
        programs(gather, &target, &manifest);
        read(gather, &target, root, &manifest);
    }
}

/// The files that `bin` names in a package which the install links: it makes them executable and links them into
/// `node_modules/.bin`, and Yarn 1 and pnpm leave the link out where there is no such file.
pub(super) fn programs(gather: &mut Gather, folder: &str, manifest: &PackageJson) {
    for binary in manifest.binaries() {
        if let Some(path) = paths::resolve(folder, binary).filter(|path| gather.files.exists(path)) {
            gather.take(
                &path,
                &format!(
                    "a program of the package in {}, which the install links",
                    paths::shown(folder)
                ),
            );
        }
    }
}
