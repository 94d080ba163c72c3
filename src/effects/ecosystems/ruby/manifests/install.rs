//! What `bundle` commands read.

use super::{gemfile, lock};
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::reads::SourceKind;
use crate::effects::ecosystems::manifests::{globs, paths};

const VALUED: &str = "
    --gemfile --path --without --with -j --jobs --retry --binstubs --shebang --system --standalone --trust-policy
    --target-rbconfig";

/// What a `bundle` command reads.
pub(crate) fn install(install: &Install, gather: &mut Gather) {
    match install.verb.as_str() {
        "" | "install" | "update" | "package" | "cache" | "lock" | "check" => {}
        "config" | "config set" | "init" | "version" | "clean" | "config unset" => return,
        verb => {
            return gather.unknown(
                format!("`bundle {verb}` is not a command whose reads are known"),
                "install the dependencies with `bundle install` in a step of its own",
            );
        }
    }
    let arguments = Arguments::parse(&install.arguments, VALUED);
    let name = arguments.value(&["--gemfile"]);
    let name = name.unwrap_or(if has(gather, &install.folder, "Gemfile") {
        "Gemfile"
    } else {
        "gems.rb"
    });
    let name = if name == "gems.rb" && !has(gather, &install.folder, name) {
        "Gemfile"
    } else {
        name
    };
    let Some(path) = paths::resolve(&install.folder, name) else {
        return gather.outside(name, "--gemfile");
    };
    let folder = paths::parent(&path).to_owned();
    let lock_name = if name == "gems.rb" {
        "gems.locked".to_owned()
    } else {
        format!("{}.lock", paths::name(&path))
    };
    let lock = paths::join(&folder, &lock_name);
    let locked = gather.take_text(&lock, "the lock file");
    gather.take(&paths::join(&folder, ".bundle/config"), "Bundler's settings");
    if !gather.files.list(&paths::join(&folder, "vendor/cache")).is_empty() {
        gather.take_folder(
            &paths::join(&folder, "vendor/cache"),
            "the gems that Bundler takes before the network",
        );
    }
    gemfile(gather, &path, "the manifest");
    for remote in locked.as_deref().map(lock::path_remotes).unwrap_or_default() {
        local_gem(gather, &folder, remote, &lock);
    }
}

fn has(gather: &Gather, folder: &str, name: &str) -> bool {
    gather.files.exists(&paths::join(folder, name))
}

/// A Gemfile and those that it includes.
fn gemfile(gather: &mut Gather, path: &str, why: &str) {
    if !gather.first_visit("gemfile", path) {
        return;
    }
    let Some(text) = gather.need_text(path, why) else {
        return;
    };
    let folder = paths::parent(path).to_owned();
    let found = gemfile::parse(&text);
    for name in &found.ruby_files {
        gather.take_named(&folder, name, path);
    }
    // Version managers and older Gemfiles read it; it costs nothing.
    let version = paths::join(&folder, ".ruby-version");
    if gather.files.exists(&version) {
        gather.take(&version, "the version of Ruby");
    }
    for name in &found.included {
        match paths::resolve(&folder, name) {
            Some(included) => gemfile(gather, &included, &format!("included by {path}")),
            None => gather.outside(name, path),
        }
    }
    for name in found.paths.iter().chain(&found.gemspecs) {
        local_gem(gather, &folder, name, path);
    }
    if let Some(line) = reads_beyond(gather, &folder, found.dynamic.as_deref()) {
        gather.unknown(
            format!("{path} is code, and what `{line}` reads shows only when it runs"),
            format!("write the line of {path} without reading files"),
        );
    }
}

/// A line that reads files; one that reads `.ruby-version` or a sibling that is there by its name is understood.
fn reads_beyond<'l>(gather: &mut Gather, folder: &str, line: Option<&'l str>) -> Option<&'l str> {
    let line = line?;
    let named = line
        .split(['"', '\''])
        .skip(1)
        .step_by(2)
        .filter_map(|name| paths::resolve(folder, name));
    let there: Vec<String> = named
        .filter(|path| !path.is_empty() && gather.files.read(path).is_some())
        .collect();
    if there.is_empty() || line.contains("require_relative") || line.contains("instance_eval") || line.contains("Dir") {
        return Some(line);
    }
    for path in there {
        gather.take(&path, "named by the Gemfile");
    }
    None
}

/// A gem that is a folder of the context: its gemspec is code, which commonly asks git or lists the folder.
fn local_gem(gather: &mut Gather, folder: &str, name: &str, place: &str) {
    let Some(target) = paths::resolve(folder, name) else {
        return gather.outside(name, place);
    };
    if !gather.first_visit("local gem", &target) {
        return;
    }
    let own = target == folder;
    let kind = if own {
        SourceKind::Project
    } else {
        SourceKind::PathDependency
    };
    gather.source(
        &target,
        kind,
        format!("{place} has the gem in {}", paths::shown(&target)),
    );
    for gemspec in globs::expand(gather.files, &target, "*.gemspec").unwrap_or_default() {
        gather.take(&gemspec, &format!("a gem that {place} takes from the context"));
    }
    if own {
        // Bundler runs the gemspec to learn the dependencies, and it loads the version from the sources.
        gather.project(None);
    } else if !target.is_empty() {
        gather.take_folder(&target, &format!("a gem that {place} takes from the context"));
    }
}
