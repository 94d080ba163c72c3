//! What `composer` commands read.

use super::composer::Composer;
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::{Gather, flags_first};
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::reads::SourceKind;
use crate::effects::ecosystems::manifests::{globs, paths};

const VALUED: &str = "-d --working-dir --ignore-platform-req --prefer-install --audit-format --apcu-autoloader-prefix";

/// The events of an install from the lock file ("Scripts", "Event names").
const INSTALL_EVENTS: &str = "
    pre-install-cmd post-install-cmd pre-autoload-dump post-autoload-dump pre-package-install post-package-install
    pre-package-update post-package-update pre-package-uninstall post-package-uninstall pre-operations-exec";

/// The events of an install without a lock file, which is an update, in place of the first two.
const UPDATE_EVENTS: &str = "pre-update-cmd post-update-cmd";

/// What a `composer` command reads.
pub(crate) fn install(install: &Install, gather: &mut Gather) {
    let arguments = Arguments::parse(&install.arguments, VALUED);
    match install.verb.as_str() {
        "install" | "i" | "update" | "require" | "dump-autoload" | "dumpautoload" => {}
        "" | "config" | "clear-cache" | "self-update" | "--version" | "diagnose" | "show" | "validate" | "audit" => {
            return;
        }
        verb if verb.starts_with("global") || verb == "create-project" => return,
        verb => {
            return gather.unknown(
                format!("`composer {verb}` is not a command whose reads are known"),
                "install the dependencies with `composer install` in a step of its own",
            );
        }
    }
    let folder = match arguments.value(&["-d", "--working-dir"]) {
        Some(name) => match paths::resolve(&install.folder, name) {
            Some(folder) => folder,
            None => return gather.outside(name, "--working-dir"),
        },
        None => install.folder.clone(),
    };
    let path = paths::join(&folder, "composer.json");
    let Some(text) = gather.need_text(&path, "the manifest") else {
        return;
    };
    for (name, why) in [
        ("composer.lock", "the lock file"),
        ("auth.json", "the credentials"),
        ("symfony.lock", "Flex's record of recipes"),
    ] {
        if name == "composer.lock" || gather.files.exists(&paths::join(&folder, name)) {
            gather.take(&paths::join(&folder, name), why);
        }
    }
    let composer = match Composer::parse(&text) {
        Ok(composer) => composer,
        Err(error) => return gather.invalid(&path, error),
    };
    repositories(gather, &folder, &path, &composer);
    plugins(gather, &folder, &path, &composer);

    let updates = matches!(install.verb.as_str(), "update" | "require")
        || !gather.files.exists(&paths::join(&folder, "composer.lock"));
    let dumps = install.verb.starts_with("dump");
    let scripts = !arguments.has(&["--no-scripts"]) && runs_scripts(&composer, updates);
    let autoloads = dumps || !arguments.has(&["--no-autoloader"]);
    let scans = autoloads && scans_sources(&composer, &arguments);
    if scripts {
        gather.source(
            &folder,
            SourceKind::Script,
            format!("{path} has scripts that run at install"),
        );
    }
    if scans {
        gather.source(
            &folder,
            SourceKind::Project,
            "Composer searches the sources for classes to write its autoloader",
        );
    }
    if (scripts || scans) && !dumps {
        gather.project(flags_first(["--no-scripts", "--no-autoloader"]));
    }
}

/// Whether an event of the install or update has a script.
fn runs_scripts(composer: &Composer, updates: bool) -> bool {
    let only_install = |event: &&str| updates && event.ends_with("-install-cmd");
    let events = INSTALL_EVENTS.split_whitespace().filter(|event| !only_install(event));
    let mut events = events.chain(UPDATE_EVENTS.split_whitespace().filter(|_| updates));
    events.any(|event| !composer.texts(&format!("/scripts/{event}")).is_empty())
}

/// Whether the autoloader's writer reads code: for class maps always, for PSR-4 only when it is optimized.
fn scans_sources(composer: &Composer, arguments: &Arguments) -> bool {
    let flags = [
        "-o",
        "--optimize-autoloader",
        "--optimize",
        "-a",
        "--classmap-authoritative",
    ];
    let settings = ["/config/optimize-autoloader", "/config/classmap-authoritative"];
    let optimized = arguments.has(&flags) || settings.iter().any(|key| composer.at(key).is_some_and(|on| on == true));
    let has = |key: &str| {
        ["autoload", "autoload-dev"]
            .iter()
            .any(|table| composer.at(&format!("/{table}/{key}")).is_some())
    };
    has("classmap") || (optimized && (has("psr-4") || has("psr-0")))
}

/// Repositories of type `path` and `artifact`: folders, also by pattern.
fn repositories(gather: &mut Gather, folder: &str, path: &str, composer: &Composer) {
    for (kind, url) in composer.local_repositories() {
        let found = if globs::is_pattern(url) {
            globs::expand(gather.files, folder, url)
        } else {
            paths::resolve(folder, url).map(|target| vec![target])
        };
        let Some(found) = found else {
            gather.outside(url, path);
            continue;
        };
        for target in found.into_iter().filter(|target| !gather.files.list(target).is_empty()) {
            if kind == "path" {
                gather.source(
                    &target,
                    SourceKind::PathDependency,
                    format!("{path} has the path repository {url}"),
                );
            }
            if !target.is_empty() {
                gather.take_folder(&target, &format!("a repository of {path}"));
            }
        }
    }
}

/// What common plugins read: patches, merged manifests, scaffold files.
fn plugins(gather: &mut Gather, folder: &str, path: &str, composer: &Composer) {
    if composer.requires("cweagans/composer-patches") {
        for key in ["/extra/patches-file", "/extra/composer-patches/patches-file"] {
            for name in composer.texts(key) {
                gather.take_named(folder, name, path);
            }
        }
        for name in ["patches.json", "patches.lock.json"] {
            if gather.files.exists(&paths::join(folder, name)) {
                gather.take(&paths::join(folder, name), "the list of patches");
            }
        }
        // By package, then by description: an address or a path.
        let packages = composer
            .at("/extra/patches")
            .and_then(serde_json::Value::as_object)
            .into_iter()
            .flatten();
        for patches in packages.filter_map(|(_, patches)| patches.as_object()) {
            for name in patches
                .values()
                .filter_map(serde_json::Value::as_str)
                .filter(|name| !name.contains("://"))
            {
                gather.take_named(folder, name, path);
            }
        }
        if !gather.files.list(&paths::join(folder, "patches")).is_empty() {
            gather.take_folder(&paths::join(folder, "patches"), "patches of dependencies");
        }
    }
    if composer.requires("wikimedia/composer-merge-plugin") {
        for key in ["/extra/merge-plugin/include", "/extra/merge-plugin/require"] {
            for name in composer.texts(key) {
                gather.take_named(folder, name, path);
            }
        }
    }
    for file in composer.texts("/extra/drupal-scaffold/file-mapping") {
        if paths::resolve(folder, file).is_some_and(|path| gather.files.exists(&path)) {
            gather.take_named(folder, file, path);
        }
    }
}
