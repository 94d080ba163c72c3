//! PHP: what installs of Composer leave, extensions that are compiled, and what its manifests name.

pub(crate) mod manifests;

use serde_json::Value;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, ManagerUse};
use crate::knowledge::Action;

use super::{Left, Output, Surroundings, workdir};

/// Where the official images keep extensions, and the files that switch them on.
const EXTENSIONS: &[&str] = &["/usr/local/lib/php/extensions", "/usr/local/etc/php/conf.d"];

impl Surroundings<'_> {
    pub(crate) fn composer(&self, command: &Command, used: &ManagerUse) -> Left {
        if used.verb.starts_with("global") {
            return Err(Obstacle::new(
                ObstacleKind::SharedPlace,
                "`composer global` installs into a home folder",
                "make the package a dependency of the project",
            ));
        }
        match used.action {
            Action::CleanCache | Action::Download | Action::UpdateLists => return Ok(Some(Vec::new())),
            // `self-update` replaces a program that is not needed at run time.
            Action::Config => return Ok(Some(Vec::new())),
            Action::Other if !used.verb.starts_with("dump") => return Ok(Some(Vec::new())),
            _ => {}
        }
        let moved = ["-d", "--working-dir"];
        if used.options.iter().any(|(name, ..)| moved.contains(&name.as_str())) {
            return Err(Obstacle::new(
                ObstacleKind::UnknownPlace,
                "`composer` is told of another folder by an option",
                "go there with WORKDIR",
            ));
        }
        let folder = workdir(command, used)?;
        let only_vendor = matches!(used.action, Action::Install | Action::Other)
            && self.writes_only_vendor(&folder, used)
            && !self.scope.variables.contains_key("COMPOSER_VENDOR_DIR");
        Ok(Some(vec![if only_vendor {
            Output::Path(format!("{}/vendor", folder.trim_end_matches('/')))
        } else {
            Output::Project(folder)
        }]))
    }

    /// Whether an install in `folder` writes nothing but `vendor`: no script of the project runs, and no plugin puts
    /// packages elsewhere.
    fn writes_only_vendor(&self, folder: &str, used: &ManagerUse) -> bool {
        let path = format!("{}/composer.json", folder.trim_end_matches('/'));
        let Some(text) = self.files.read(path.trim_start_matches('/')) else {
            return false;
        };
        let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
        let requires = |name: &str| manifest.get(name).and_then(Value::as_object);
        let is_package = |name: &String| name.contains('/');
        let installs = requires("require").is_some_and(|listed| listed.keys().any(is_package));
        let has = |names: &[&str]| used.options.iter().any(|(name, ..)| names.contains(&name.as_str()));
        let runs_scripts = manifest.get("scripts").is_some() && !has(&["--no-scripts"]);
        let config = |name: &str| manifest.get("config").and_then(|config| config.get(name));
        let has_plugins = config("allow-plugins").is_some() || manifest.pointer("/extra/installer-paths").is_some();
        let is_moved = config("vendor-dir").is_some() || config("bin-dir").is_some();
        let runs_plugins = has_plugins && !has(&["--no-plugins"]);
        installs && !runs_scripts && !runs_plugins && !is_moved
    }

    /// What `docker-php-ext-install` and its like leave on an official image; none for another program.
    pub(crate) fn php_extensions(&self, program: &str, words: &[&str]) -> Option<Vec<Output>> {
        let is_installer = matches!(
            program,
            "docker-php-ext-install" | "docker-php-ext-configure" | "docker-php-ext-enable"
        ) || program == "pecl" && words.get(1) == Some(&"install");
        let paths = || EXTENSIONS.iter().map(|path| Output::Path((*path).to_owned())).collect();
        (is_installer && self.is_php_image).then(paths)
    }
}
