//! Node.js: what installs and builds of its managers leave, and what its manifests name.

pub(crate) mod development;
pub(crate) mod manifests;

use crate::context::ContextSource;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, ManagerUse};
use crate::knowledge::Action;

use super::{Left, Output, Surroundings, absolute, workdir};

impl Surroundings<'_> {
    /// What a build of Node.js writes outside of its project; `words` are those after a manager's name.
    pub(super) fn node_elsewhere(
        &self,
        command: &Command,
        words: &[&str],
        folder: &str,
    ) -> Result<Vec<Output>, Obstacle> {
        let Some(build) = self.build_in(folder) else {
            return Ok(Vec::new());
        };
        let mut found = build.by_settings()?;
        found.extend(match command.manager {
            Some(_) => build.by_package_script(words, 0)?,
            None => build.by_command(command)?,
        });
        Ok(found)
    }

    pub(crate) fn node(&self, command: &Command, used: &ManagerUse) -> Left {
        self.refuse_browsers(command, used)?;
        if used.is_global() {
            if matches!(used.action, Action::Install | Action::Upgrade)
                && let Some((name, ..)) = used.packages.iter().find(|(name, ..)| !(self.is_plain_package)(name))
            {
                return Err(Obstacle::new(
                    ObstacleKind::SharedPlace,
                    format!("`{name}` is installed globally, and may be compiled for that"),
                    "make it a dependency of the project",
                ));
            }
            return Ok(None);
        }
        if matches!(used.verb.as_str(), "link" | "ln") {
            // It links the project for all users, which the runtime stage can do itself.
            return Ok(None);
        }
        match used.action {
            Action::CleanCache | Action::Other | Action::UpdateLists | Action::Download => Ok(Some(Vec::new())),
            Action::Config => Ok(None),
            Action::Install if used.verb == "deploy" => Ok(Some(vec![deployed(command, used)?])),
            Action::Install | Action::Upgrade | Action::Remove => {
                self.refuse_global_cache(command, used)?;
                let folder = self.node_project(workdir(command, used)?, used);
                if used.packages.is_empty() && self.declares_nothing(&folder) {
                    return Ok(Some(Vec::new()));
                }
                let elsewhere = match self.build_in(&folder).filter(|_| self.runs_scripts) {
                    Some(build) => build.by_install_scripts(&INSTALL_SCRIPTS)?,
                    None => Vec::new(),
                };
                // What a condition keeps from being installed is not there to be copied; the project's folder is.
                let inner = command.context.conditional
                    || self.has_workspaces
                    || self.runs_scripts
                    || used.manager.id == "yarn-berry"
                    || !used.packages.is_empty();
                let own = if inner {
                    Output::Project(folder)
                } else {
                    Output::Path(format!("{}/node_modules", folder.trim_end_matches('/')))
                };
                Ok(Some([vec![own], elsewhere].concat()))
            }
            Action::Build | Action::Run | Action::Exec => {
                let folder = workdir(command, used)?;
                let words: Vec<&str> = command.literal_arguments().collect();
                let elsewhere = self.node_elsewhere(command, &words, &folder)?;
                Ok(Some([vec![Output::Project(folder)], elsewhere].concat()))
            }
        }
    }

    /// Refuses an install of Yarn that keeps packages in a cache of the user, to which `.pnp.cjs` points.
    fn refuse_global_cache(&self, command: &Command, used: &ManagerUse) -> Result<(), Obstacle> {
        if used.manager.id != "yarn-berry" {
            return Ok(());
        }
        let folder = workdir(command, used)?;
        let read = |name: &str| {
            let path = format!("{}/{name}", folder.trim_end_matches('/'));
            self.files.read(path.trim_start_matches('/'))
        };
        let settings: serde_json::Value = read(".yarnrc.yml")
            .and_then(|text| serde_saphyr::from_str(&text).ok())
            .unwrap_or_default();
        let setting = |variable: &str, name: &str| -> Result<Option<String>, Obstacle> {
            let own = settings
                .get(name)
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            Ok(self.variable(command, variable)?.or(own))
        };
        let linker = setting("YARN_NODE_LINKER", "nodeLinker")?;
        if linker.is_some_and(|linker| linker != "pnp") {
            return Ok(());
        }
        let manifest: serde_json::Value = read("package.json")
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let named = manifest.get("packageManager").and_then(serde_json::Value::as_str);
        let of_manifest = named.and_then(|named| named.strip_prefix("yarn@"));
        let of_path = settings.get("yarnPath").and_then(serde_json::Value::as_str);
        let of_path = of_path.and_then(|path| path.rsplit_once("yarn-").map(|(_, version)| version));
        let major = of_path
            .or(of_manifest)
            .and_then(|version| version.split('.').next()?.parse::<u32>().ok());
        let is_global = setting("YARN_ENABLE_GLOBAL_CACHE", "enableGlobalCache")?;
        // Since Yarn 4, the cache is one for all projects unless told otherwise.
        let is_own = is_global.map_or(major.is_some_and(|major| major < 4), |value| {
            matches!(value.as_str(), "false" | "0")
        });
        if is_own {
            return Ok(());
        }
        Err(Obstacle::new(
            ObstacleKind::SharedPlace,
            "Yarn keeps packages in a cache outside of the project, to which .pnp.cjs points",
            "set nodeLinker: node-modules, or enableGlobalCache: false, in .yarnrc.yml",
        ))
    }

    /// Refuses what downloads a browser into the home folder, or where a variable says.
    fn refuse_browsers(&self, command: &Command, used: &ManagerUse) -> Result<(), Obstacle> {
        let is_called = |text: &str| {
            [
                "playwright install",
                "puppeteer browsers install",
                "@puppeteer/browsers install",
                "cypress install",
            ]
            .iter()
            .any(|call| text.contains(call))
        };
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        let manifest = command
            .workdir
            .as_deref()
            .map(|folder| self.node_project(folder.to_owned(), used));
        let manifest = manifest.and_then(|folder| {
            let path = format!("{}/package.json", folder.trim_end_matches('/'));
            let text = self.files.read(path.trim_start_matches('/'))?;
            serde_json::from_str::<serde_json::Value>(&text).ok()
        });
        let installs = manifest
            .as_ref()
            .filter(|_| matches!(used.action, Action::Install | Action::Upgrade));
        let by_script = installs.is_some_and(|manifest| {
            let script = |name| manifest.get("scripts")?.get(name)?.as_str();
            ["preinstall", "install", "postinstall", "prepare"]
                .into_iter()
                .filter_map(script)
                .any(is_called)
        });
        let by_package = installs.is_some_and(|manifest| {
            let is_named = |name| {
                manifest
                    .get("dependencies")
                    .is_some_and(|listed| listed.get(name).is_some())
            };
            let skips = |names: &[&str]| names.iter().any(|name| self.scope.variables.contains_key(name));
            is_named("puppeteer") && !skips(&["PUPPETEER_SKIP_DOWNLOAD", "PUPPETEER_SKIP_CHROMIUM_DOWNLOAD"])
                || is_named("cypress") && !skips(&["CYPRESS_INSTALL_BINARY"])
        });
        if is_called(&words.join(" ")) || by_script || by_package {
            return Err(Obstacle::new(
                ObstacleKind::SharedPlace,
                format!(
                    "`{}` downloads a browser to another folder than the project's",
                    used.program
                ),
                "install the browser as a package of the distribution, and skip the download",
            ));
        }
        Ok(())
    }

    /// The folder in which npm installs: the next one above that has a manifest, as it looks for one.
    fn node_project(&self, folder: String, used: &ManagerUse) -> String {
        let has_manifest = |folder: &str| {
            let path = format!("{}/package.json", folder.trim_end_matches('/'));
            self.files.exists(path.trim_start_matches('/'))
        };
        if used.manager.id != "npm" || has_manifest(&folder) {
            return folder;
        }
        let above = folder.match_indices('/').rev().map(|(at, _)| match folder.get(..at) {
            Some("") | None => "/",
            Some(above) => above,
        });
        above
            .into_iter()
            .find(|above| has_manifest(above))
            .map_or_else(|| folder.clone(), str::to_owned)
    }

    /// Whether the project in `folder` has no dependencies, for which no `node_modules` is made.
    fn declares_nothing(&self, folder: &str) -> bool {
        let path = format!("{}/package.json", folder.trim_end_matches('/'));
        let Some(text) = self.files.read(path.trim_start_matches('/')) else {
            return false;
        };
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let is_empty = |name: &str| {
            let listed = manifest.get(name).and_then(serde_json::Value::as_object);
            listed.is_none_or(serde_json::Map::is_empty)
        };
        manifest.is_object()
            && [
                "dependencies",
                "devDependencies",
                "optionalDependencies",
                "peerDependencies",
            ]
            .into_iter()
            .all(is_empty)
    }
}

/// The folder that `pnpm deploy` fills.
fn deployed(command: &Command, used: &ManagerUse) -> Result<Output, Obstacle> {
    // It is the last operand, which looks like a package in a folder.
    let target = command.words.last().filter(|word| !word.text.starts_with('-'));
    let target = target.and_then(|word| absolute(command, word.value.as_deref()?));
    let target = target.filter(|_| !used.packages.is_empty() || !used.reads.is_empty());
    target.map(Output::Path).ok_or_else(|| {
        Obstacle::new(
            ObstacleKind::UnknownPlace,
            "nothing tells which folder `pnpm deploy` fills",
            "name it by an absolute path",
        )
    })
}

/// The scripts of a project that an install of it runs.
pub(crate) const INSTALL_SCRIPTS: [&str; 5] = ["preinstall", "install", "postinstall", "prepare", "prepublish"];

/// Whether an install of npm runs scripts of the project itself, which may write anywhere in it.
pub(crate) fn runs_scripts(context: &ContextSource) -> bool {
    let has_script = |text: &str| {
        let manifest: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        manifest
            .get("scripts")
            .is_some_and(|scripts| INSTALL_SCRIPTS.iter().any(|name| scripts.get(name).is_some()))
    };
    let mut manifests = context.sources(|path| path.ends_with("package.json") || path.ends_with("binding.gyp"));
    manifests.any(|path| path.ends_with("binding.gyp") || context.read(path).is_ok_and(|text| has_script(&text)))
}
