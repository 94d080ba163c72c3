//! The scripts that an install runs.

use super::package_json::PackageJson;
use super::script_command;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::SourceKind;

/// The tool whose life cycle counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// npm, by its "Life Cycle Operation Order".
    Npm,
    /// Yarn 1.
    YarnClassic,
    /// Yarn 2 and later, which leaves `prepare` to packing.
    YarnBerry,
    /// pnpm.
    Pnpm,
    /// Bun.
    Bun,
}

impl Tool {
    /// The scripts of the project and of each workspace member that an install runs, in order.
    fn scripts(self, production: bool) -> &'static [&'static str] {
        match self {
            Tool::Npm => &[
                "preinstall",
                "install",
                "postinstall",
                "prepublish",
                "preprepare",
                "prepare",
                "postprepare",
            ],
            Tool::YarnClassic if !production => &["preinstall", "install", "postinstall", "prepublish", "prepare"],
            Tool::YarnClassic | Tool::YarnBerry => &["preinstall", "install", "postinstall"],
            Tool::Pnpm => &[
                "pnpm:devPreinstall",
                "preinstall",
                "install",
                "postinstall",
                "prepublish",
                "preprepare",
                "prepare",
                "postprepare",
            ],
            Tool::Bun => &[
                "preinstall",
                "install",
                "postinstall",
                "preprepare",
                "prepare",
                "postprepare",
            ],
        }
    }
}

/// The scripts of the package in `folder` that an install runs, and what they read.
pub(super) fn run(gather: &mut Gather, folder: &str, manifest: &PackageJson, tool: Tool, production: bool) {
    for name in tool.scripts(production) {
        if let Some(script) = manifest.script(name) {
            let at = script_command::Place {
                folder,
                manifest,
                script: name,
            };
            script_command::run(gather, &at, script);
        }
    }
    // npm-install: "If there is a binding.gyp file … and you have not defined your own install or preinstall scripts,
    // npm will default the install command to compile using node-gyp via node-gyp rebuild."
    let own = manifest.script("install").is_some() || manifest.script("preinstall").is_some();
    let gyp = paths::join(folder, "binding.gyp");
    if gather.files.exists(&gyp) && !own {
        gather.take(&gyp, "makes the install compile the package with node-gyp");
        gather.source(
            folder,
            SourceKind::Script,
            format!("{gyp} makes the install compile sources with node-gyp"),
        );
    }
    implicit(gather, folder, manifest);
}

/// Dependencies whose own install scripts read the project around them.
fn implicit(gather: &mut Gather, folder: &str, manifest: &PackageJson) {
    // @prisma/client generates the client when it finds a schema (docs: "Generating Prisma Client").
    if manifest.version_of("@prisma/client").is_some() {
        script_command::prisma(
            gather,
            folder,
            manifest,
            None,
            "read by the postinstall of @prisma/client",
        );
    }
    for (package, files) in [
        (
            "puppeteer",
            &[
                ".puppeteerrc",
                ".puppeteerrc.json",
                ".puppeteerrc.cjs",
                ".puppeteerrc.js",
                "puppeteer.config.js",
            ][..],
        ),
        (
            "simple-git-hooks",
            &[".simple-git-hooks.js", ".simple-git-hooks.cjs", "simple-git-hooks.json"],
        ),
    ] {
        if manifest.version_of(package).is_some() {
            for name in files.iter().map(|name| paths::join(folder, name)) {
                if gather.files.exists(&name) {
                    gather.take(&name, &format!("read by the postinstall of {package}"));
                }
            }
        }
    }
}
