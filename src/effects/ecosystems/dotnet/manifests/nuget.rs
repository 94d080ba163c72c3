//! `nuget.config`: the sources of packages, of which some may be folders of the context.

use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::{paths, xml};

/// The spellings that NuGet looks for on Linux.
const NAMES: &[&str] = &["nuget.config", "NuGet.config", "NuGet.Config"];

/// Reads the settings in `folder` and all folders above it, which NuGet merges.
pub(super) fn read(gather: &mut Gather, folder: &str, top: &str) {
    for at in paths::upward(folder, top) {
        let mut found = NAMES
            .iter()
            .map(|name| paths::join(at, name))
            .filter(|path| gather.files.exists(path));
        if let Some(path) = found.next() {
            config(gather, &path);
        } else if at == folder {
            gather.take(&paths::join(at, "nuget.config"), "NuGet's settings");
        }
    }
}

/// One file of settings.
pub(super) fn config(gather: &mut Gather, path: &str) {
    if !gather.first_visit("nuget", path) {
        return;
    }
    let Some(text) = gather.need_text(path, "NuGet's settings") else {
        return;
    };
    let Some(document) = xml::parse(gather, path, &text) else {
        return;
    };
    let sections = ["packageSources", "fallbackPackageFolders"];
    let sections = sections
        .iter()
        .filter_map(|name| xml::at(document.root_element(), &[name]));
    for source in sections
        .flat_map(|section| section.children())
        .filter_map(|add| add.attribute("value"))
    {
        if !source.contains("://") && !source.contains('%') {
            gather.take_named(paths::parent(path), &source.replace('\\', "/"), path);
        }
    }
}
