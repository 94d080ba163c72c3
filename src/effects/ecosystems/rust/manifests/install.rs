//! What `cargo` commands read.

use super::package;
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::{Gather, download_first};
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::{SourceKind, Stub};
use crate::effects::ecosystems::manifests::toml_value as value;

const VALUED: &str = "
    --manifest-path --path --git --version --vers --branch --tag --rev --root --features -F --target --target-dir
    --profile -p --package --bin --example --test --bench -j --jobs --config -Z --color --message-format --exclude
    --index --registry -C --recipe-path";

/// What a `cargo` command reads.
pub(crate) fn install(install: &Install, gather: &mut Gather) {
    // `cargo +nightly build`
    let words: Vec<String> = install
        .arguments
        .iter()
        .filter(|word| !word.starts_with('+'))
        .cloned()
        .collect();
    let arguments = Arguments::parse(&words, VALUED);
    let builds = match install.verb.as_str() {
        "build" | "b" | "test" | "t" | "run" | "r" | "check" | "c" | "clippy" | "bench" | "doc" | "rustc"
        | "zigbuild" | "leptos build" | "auditable build" => true,
        "fetch" | "vendor" | "generate-lockfile" | "metadata" | "tree" | "update" => false,
        "install" => match (arguments.values(&["--path"]).last(), arguments.operands.as_slice()) {
            (Some(_), _) => true,
            // Crates by name come from a registry; toolchain and settings are the project's all the same.
            (None, [_, ..]) => return settings(gather, &install.folder, &install.root),
            (None, []) if arguments.value(&["--git"]).is_some() => {
                return settings(gather, &install.folder, &install.root);
            }
            (None, []) => true,
        },
        "" | "login" | "search" | "version" | "init" | "new" | "clean" | "binstall" => return,
        verb => {
            return gather.unknown(
                format!("`cargo {verb}` is not a command whose reads are known"),
                "build with `cargo build --release --locked`",
            );
        }
    };
    let manifest = arguments.value(&["--manifest-path"]).map(paths::parent);
    let named = arguments.value(&["--path"]).or(manifest);
    let folder = match named {
        Some(name) => match paths::resolve(&install.folder, name) {
            Some(folder) => folder,
            None => return gather.outside(name, "the command line"),
        },
        None => install.folder.clone(),
    };
    let Some(stubs) = packages(gather, &folder, &install.root) else {
        return;
    };
    settings(gather, &install.folder, &install.root);
    if builds {
        gather.source(
            &folder,
            SourceKind::Project,
            format!("`cargo {}` compiles the project", install.verb),
        );
        gather.project(download_first(&["cargo", "fetch"], stubs));
    } else if !stubs.is_empty() {
        // Without the root of a target, cargo refuses the manifest.
        let why = format!("`cargo {}` wants the root file of each target to exist", install.verb);
        gather.source(&folder, SourceKind::Project, why);
        gather.project(download_first(&["cargo", &install.verb], stubs));
    }
}

/// The manifests of the package in `folder`, of its workspace and of its path dependencies, and stand-ins for all.
fn packages(gather: &mut Gather, folder: &str, top: &str) -> Option<Vec<Stub>> {
    // cargo looks for Cargo.toml in the folders above, too.
    let upward = paths::upward(folder, top);
    let own = upward
        .iter()
        .find(|at| gather.files.exists(&paths::join(at, "Cargo.toml")))
        .copied()
        .unwrap_or(folder);
    let manifest = package::need(gather, own, "the manifest")?;
    let root = workspace_root(gather, own, top, &manifest);
    let mut queue = vec![own.to_owned()];
    if root != own {
        queue.push(root.clone());
    }
    if let Some(root_manifest) = package::look(gather.files, &root) {
        for member in package::members(gather.files, &root, &root_manifest) {
            gather.member(&member);
            queue.push(member);
        }
    }
    gather.take(&paths::join(&root, "Cargo.lock"), "the lock file");
    let mut stubs = Vec::new();
    while let Some(at) = queue.pop() {
        if !gather.first_visit("cargo package", &at) {
            continue;
        }
        let why = if at == own {
            "the manifest"
        } else {
            "a package of the workspace or a path dependency"
        };
        let Some(manifest) = package::need(gather, &at, why) else {
            continue;
        };
        stubs.extend(package::stubs(gather.files, &at, &manifest));
        build_script(gather, &at, &manifest);
        let place = paths::join(&at, "Cargo.toml");
        for path in package::path_dependencies(&manifest) {
            match paths::resolve(&at, path) {
                Some(target) => {
                    if !paths::within(&target, &root) {
                        gather.source(
                            &target,
                            SourceKind::PathDependency,
                            format!("{place} depends on {path}"),
                        );
                    }
                    queue.push(target);
                }
                None => gather.outside(path, &place),
            }
        }
    }
    stubs.sort();
    Some(stubs)
}

/// A build script must exist for the manifest to be read; what it reads is the business of a build.
fn build_script(gather: &mut Gather, folder: &str, manifest: &toml::Value) {
    let said = value::at(manifest, &["package", "build"]);
    let off = said.and_then(toml::Value::as_bool) == Some(false);
    let name = said.and_then(toml::Value::as_str).unwrap_or("build.rs");
    if let Some(path) = paths::resolve(folder, name).filter(|path| !off && gather.files.exists(path)) {
        gather.take(&path, "the build script");
    }
}

/// The root of the workspace around the package in `folder`: said by `package.workspace`, or the first manifest above
/// with a `[workspace]` that doesn't exclude it.
fn workspace_root(gather: &Gather, folder: &str, top: &str, manifest: &toml::Value) -> String {
    if manifest.get("workspace").is_some() {
        return folder.to_owned();
    }
    if let Some(root) = value::text(manifest, &["package", "workspace"]).and_then(|name| paths::resolve(folder, name)) {
        return root;
    }
    for at in paths::upward(folder, top).into_iter().skip(1) {
        let Some(above) = package::look(gather.files, at).filter(|above| above.get("workspace").is_some()) else {
            continue;
        };
        let excluded = value::texts(&above, &["workspace", "exclude"]);
        let gone = excluded
            .iter()
            .filter_map(|name| paths::resolve(at, name))
            .any(|gone| paths::within(folder, &gone));
        return if gone { folder.to_owned() } else { at.to_owned() };
    }
    folder.to_owned()
}

/// The toolchain and cargo's settings, in the working directory and above it.
fn settings(gather: &mut Gather, folder: &str, top: &str) {
    for at in paths::upward(folder, top) {
        for (name, why) in [
            ("rust-toolchain.toml", "the toolchain"),
            ("rust-toolchain", "the toolchain"),
            (".cargo/config.toml", "cargo's settings"),
            (".cargo/config", "cargo's settings"),
        ] {
            let path = paths::join(at, name);
            if at == folder || gather.files.exists(&path) {
                gather.take(&path, why);
            }
        }
        let config = paths::join(at, ".cargo/config.toml");
        let Some(table) = gather
            .files
            .read(&config)
            .and_then(|text| text.parse::<toml::Table>().ok())
        else {
            continue;
        };
        for (_, source) in value::entries(&toml::Value::Table(table), &["source"]) {
            for key in ["directory", "local-registry"] {
                if let Some(name) = value::text(source, &[key]) {
                    gather.take_named(at, name, &config);
                }
            }
        }
    }
}
