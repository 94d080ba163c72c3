//! A project of Node.js: what it declares, and which program belongs to which of its packages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::context::Files;
use crate::effects::ecosystems::node::manifests::{changes_nothing, npm_locked};
use crate::knowledge::node_development;

use crate::effects::ecosystems::INSTALL_SCRIPTS;
use crate::effects::image_files::join;

/// What `package.json` and its lock say.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    /// The packages that the program needs.
    pub(crate) production: BTreeSet<String>,
    /// The packages that are for development alone.
    pub(crate) development: BTreeSet<String>,
    scripts: BTreeMap<String, String>,
    /// Of npm's lock: every package, direct or not, and whether it is for development alone.
    locked: Option<BTreeMap<String, bool>>,
    /// Programs that packages of npm's lock bring, and whether only packages for development do.
    programs: BTreeMap<String, bool>,
    /// Whether scripts of the project run when it is installed.
    pub(crate) has_install_scripts: bool,
    /// Whether one of them may change a file.
    pub(crate) changes_packages: bool,
    /// Whether it has members.
    pub(crate) is_workspace: bool,
}

impl Manifest {
    /// Reads the manifest in `folder` of the image; none if it cannot be read.
    pub(crate) fn read(files: &dyn Files, folder: &str) -> Option<Manifest> {
        let folder = folder.trim_matches('/');
        let path = |name: &str| join(folder, name);
        let text = files.read(&path("package.json"))?;
        let value: Value = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text)).ok()?;
        let names = |group: &str| {
            value
                .get(group)
                .and_then(Value::as_object)
                .map(|group| group.keys().cloned())
        };
        let mut manifest = Manifest::default();
        for group in ["dependencies", "optionalDependencies", "peerDependencies"] {
            manifest.production.extend(names(group).into_iter().flatten());
        }
        let development = names("devDependencies").into_iter().flatten();
        manifest.development = development.filter(|name| !manifest.production.contains(name)).collect();
        let scripts = value.get("scripts").and_then(Value::as_object).into_iter().flatten();
        manifest.scripts = scripts
            .filter_map(|(name, script)| Some((name.clone(), script.as_str()?.to_owned())))
            .collect();
        let mut of_installs = INSTALL_SCRIPTS
            .iter()
            .filter_map(|name| manifest.scripts.get(*name))
            .peekable();
        manifest.has_install_scripts = of_installs.peek().is_some();
        manifest.changes_packages = of_installs.any(|script| !changes_nothing(script));
        manifest.is_workspace = value.get("workspaces").is_some()
            || files.exists(&path("pnpm-workspace.yaml"))
            || files.exists(&path("lerna.json"));
        let lock = ["npm-shrinkwrap.json", "package-lock.json"]
            .iter()
            .find_map(|name| files.read(&path(name)));
        if let Some(lock) = lock.and_then(|text| serde_json::from_str(&text).ok()) {
            manifest.read_lock(&lock);
        }
        Some(manifest)
    }

    /// Reads what npm locked; locks before version 2 don't name all of it.
    fn read_lock(&mut self, lock: &Value) {
        if lock.get("packages").is_none_or(|packages| !packages.is_object()) {
            return;
        }
        let mut locked = BTreeMap::new();
        for package in npm_locked(lock) {
            let programs: Vec<&str> = match package.entry.get("bin") {
                Some(Value::Object(programs)) => programs.keys().map(String::as_str).collect(),
                Some(_) => vec![unscoped(package.name)],
                None => Vec::new(),
            };
            for program in programs {
                *self.programs.entry(program.to_owned()).or_insert(true) &= package.is_development;
            }
            // Only what lies in the outermost folder is found by the project's own sources.
            if package.place.strip_prefix("node_modules/") == Some(package.name) {
                locked.insert(package.name.to_owned(), package.is_development);
            }
        }
        self.locked = Some(locked);
    }

    /// A script, with those that run before and behind it.
    pub(crate) fn script(&self, name: &str) -> Vec<(String, &str)> {
        let names = [format!("pre{name}"), name.to_owned(), format!("post{name}")];
        let scripts = names.into_iter().filter_map(|name| {
            let script = self.scripts.get(&name)?.as_str();
            Some((name, script))
        });
        scripts.collect()
    }

    /// Whether scripts that build or check run a file, as in `node esbuild.js`, and no other script names it.
    pub(crate) fn is_run_by_builds(&self, path: &str) -> bool {
        const TASKS: &[&str] = &[
            "build",
            "prebuild",
            "postbuild",
            "test",
            "lint",
            "format",
            "clean",
            "docs",
            "release",
            "generate",
            "codegen",
        ];
        let is_path = |word: &str| word.trim_start_matches("./") == path;
        let mut is_run = false;
        for (name, script) in &self.scripts {
            let words: Vec<&str> = script.split_whitespace().collect();
            let is_task = TASKS
                .iter()
                .any(|task| name == task || name.starts_with(&format!("{task}:")));
            let by_runner = words
                .windows(2)
                .any(|pair| matches!(pair, ["node" | "ts-node" | "tsx", file] if is_path(file)));
            if words.iter().any(|word| is_path(word)) && !(is_task && by_runner) {
                return false;
            }
            is_run |= by_runner;
        }
        is_run
    }

    /// The package for development alone that a word of a command names: a program of it, a module in it, or itself.
    pub(crate) fn development_package(&self, word: &str) -> Option<&str> {
        let module = package_of(word);
        if let Some(name) = self.development.get(module) {
            return Some(name);
        }
        let program = word.rsplit('/').next().unwrap_or(word);
        let brings = |name: &&String| {
            unscoped(name) == program && !name.starts_with("@types/")
                || node_development()
                    .programs
                    .get(program)
                    .is_some_and(|package| package == *name)
        };
        if self.production.iter().any(|name| brings(&name)) {
            return None;
        }
        let by_name = self.development.iter().find(brings).map(String::as_str);
        by_name.or_else(|| {
            let (name, is_development) = self.programs.get_key_value(program)?;
            is_development.then_some(name.as_str())
        })
    }

    /// Whether a package that the program needs brings a program.
    pub(crate) fn has_production_program(&self, program: &str) -> bool {
        let known = node_development().programs.get(program);
        self.production
            .iter()
            .any(|name| unscoped(name) == program || known == Some(name))
            || self.programs.get(program) == Some(&false)
    }

    /// Whether a package that the manifest does not declare is there without those for development: none where
    /// nothing tells.
    pub(crate) fn is_locked_for_production(&self, package: &str) -> Option<bool> {
        let locked = self.locked.as_ref()?;
        // What is not there at all cannot be lost.
        Some(locked.get(package).is_none_or(|is_development| !is_development))
    }
}

/// The name of a package of npm without its scope.
fn unscoped(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The package that a module is in: `@scope/name` of `@scope/name/file`.
pub(crate) fn package_of(module: &str) -> &str {
    let parts = if module.starts_with('@') { 2 } else { 1 };
    match module.match_indices('/').nth(parts - 1) {
        Some((at, _)) => module.get(..at).unwrap_or(module),
        None => module,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::MemoryFiles;

    fn manifest(text: &str, lock: &str) -> Manifest {
        let files = MemoryFiles::new([("app/package.json", text), ("app/package-lock.json", lock)]);
        Manifest::read(&files, "/app").unwrap()
    }

    #[test]
    fn programs_belong_to_packages() {
        let manifest = manifest(
            r#"{"dependencies": {"next": "14", "@nestjs/core": "10"}, "devDependencies": {"typescript": "5", "@types/node": "20",
                "@s/tool": "1", "next": "14"}, "scripts": {"prepare": "husky || true"}}"#,
            r#"{"packages": {"node_modules/rimraf": {"dev": true, "bin": {"rimraf": "x"}},
                "node_modules/a/node_modules/b": {"bin": {"both": "x"}}, "node_modules/b": {"dev": true, "bin": {"both": "x"}}}}"#,
        );
        let package = |word: &str| manifest.development_package(word);
        assert_eq!(package("tsc"), Some("typescript"));
        assert_eq!(package("typescript/lib/tsc.js"), Some("typescript"));
        assert_eq!(package("tool"), Some("@s/tool"));
        assert_eq!(package("rimraf"), Some("rimraf"));
        for other in ["node", "next", "both", "nest", "server.js"] {
            assert_eq!(package(other), None, "{other}");
        }
        assert!(manifest.has_production_program("next") && manifest.has_production_program("both"));
        assert!(!manifest.has_production_program("tsc"));
        assert_eq!(manifest.is_locked_for_production("b"), Some(false));
        assert_eq!(manifest.is_locked_for_production("nowhere"), Some(true));
        assert!(manifest.has_install_scripts && !manifest.changes_packages);
    }

    #[test]
    fn files_of_builds_are_told_from_entries() {
        let scripts = r#"{"scripts": {"build": "node esbuild.js && node src/index.js", "dev": "tsx src/index.js", "test:unit": "tsx ./check.ts"}}"#;
        let manifest = manifest(scripts, "{}");
        assert!(manifest.is_run_by_builds("esbuild.js") && manifest.is_run_by_builds("check.ts"));
        assert!(!manifest.is_run_by_builds("src/index.js") && !manifest.is_run_by_builds("other.js"));
        assert_eq!(manifest.is_locked_for_production("a"), None);
    }

    #[test]
    fn packages_of_modules() {
        for (module, package) in [("a/b/c", "a"), ("@s/a/b", "@s/a"), ("@s/a", "@s/a"), ("a", "a")] {
            assert_eq!(package_of(module), package);
        }
    }
}
