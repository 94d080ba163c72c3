//! Whether a source that runs names a development dependency.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::context::{ContextSource, Kind};
use crate::effects::{Obstacle, ObstacleKind};
use crate::knowledge::node_development;

use super::manifest::{Manifest, package_of};
use super::start::Start;
use crate::effects::image_files::{inside, join};

/// A text in quotes.
static LITERAL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"["'`]([^"'`]+)["'`]"#).ok());

/// The module of an import.
static IMPORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:\bfrom|\brequire\s*\(|\brequire\.resolve\s*\(|\bimport\s*\(|^\s*import)\s*["'`]([^"'`]+)["'`]"#)
        .ok()
});

/// A package that is named by its place.
static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"node_modules/((?:@[\w.-]+/)?[\w.-]+)").ok());

/// Files of the tools that only developers and builds use.
const SETTINGS: &[&str] = &[
    "gulpfile.",
    "gruntfile.",
    "webpack",
    "rollup",
    "jest",
    "karma",
    "babel",
    "vite",
    "vitest",
    "playwright",
    "cypress",
    "setuptests.",
    "commitlint",
    "protractor",
    "wdio",
];

/// Folders of tests, wherever they are.
const TESTS: &[&str] = &[
    "__tests__",
    "__mocks__",
    "__fixtures__",
    "test",
    "tests",
    "spec",
    "e2e",
    "cypress",
    "node_modules",
];

/// Folders at the root of a project whose files do not run in the image: what browsers load, what builds make, and what
/// is read by people. Deeper inside, folders of these names may be parts of the program.
const ASIDE: &[&str] = &[
    "public", "static", "mocks", "fixtures", "stories", "examples", "coverage", "docs", "doc", "dist", "build", "out",
    "target", "venv",
];

/// The endings of files that may name a module.
const ENDINGS: &[&str] = &[
    "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue", "svelte", "astro", "html", "ejs", "pug", "hbs", "njk",
];

/// The sources of a project.
pub(crate) struct Sources<'s> {
    pub(crate) context: &'s ContextSource,
    /// The folder of the project in the context; empty for all of it.
    pub(crate) folder: &'s str,
    pub(crate) manifest: &'s Manifest,
    pub(crate) start: &'s Start,
}

impl Sources<'_> {
    /// Looks into all of them.
    ///
    /// # Errors
    /// Where one names a development dependency, or a package that is there only because of one.
    pub(crate) fn check(&self) -> Result<(), Obstacle> {
        if let Some(name) = self.manifest.development.iter().find(|name| is_loaded_unnamed(name)) {
            return Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!("{name} is a development dependency, and may be loaded without any source naming it"),
                format!("move {name} to `dependencies` if the program uses it, or remove it"),
            ));
        }
        self.helpers()?;
        self.typed_settings()?;
        let files = self.files();
        self.built_elsewhere(&files)?;
        // Packages that are there: most are imported again and again.
        let mut known = HashSet::new();
        for path in files.iter().filter(|path| self.runs(path)) {
            let Ok(text) = self.context.read(path) else { continue };
            for (number, line) in text.lines().enumerate() {
                self.line(line, &mut known).map_err(|Obstacle { found, remedy, .. }| {
                    Obstacle::new(
                        ObstacleKind::NeededAtRunTime,
                        format!("{path}:{} {found}", number + 1),
                        remedy,
                    )
                })?;
            }
        }
        Ok(())
    }

    /// The files of the project, without those of tests and what does not run in the image.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let is_root = folder == self.folder;
            for child in self.context.list(&folder) {
                let name = child.name.as_str();
                let is_aside = name.starts_with('.') || TESTS.contains(&name) || is_root && ASIDE.contains(&name);
                let path = join(&folder, name);
                match child.kind {
                    Kind::Folder if !is_aside => folders.push(path),
                    Kind::File => found.push(path),
                    _ => {}
                }
            }
        }
        found.sort();
        found
    }

    /// Whether a file may run in the image.
    fn runs(&self, path: &str) -> bool {
        let inner = inside(path, self.folder).unwrap_or(path);
        let (folders, name) = inner.rsplit_once('/').unwrap_or(("", inner));
        let lower = name.to_lowercase();
        let (stem, ending) = lower.rsplit_once('.').unwrap_or((&lower, ""));
        let is_code = ENDINGS.contains(&ending);
        let is_named = self
            .start
            .words
            .iter()
            .any(|word| word.trim_start_matches("./") == inner);
        if !is_code || is_named {
            return is_code;
        }
        let kinds = [".d", ".test", ".spec", ".stories", ".min", ".bench"];
        let is_aside = kinds.iter().any(|kind| stem.ends_with(kind)) || name.starts_with('.');
        let starts_known = SETTINGS.iter().any(|known| lower.starts_with(known));
        let is_setting = match folders {
            "" => (is_config(stem) || starts_known) && !self.is_own(stem),
            "config" | ".config" | "webpack" => starts_known && !self.is_own(stem),
            _ => false,
        };
        !is_aside && !is_setting && !self.manifest.is_run_by_builds(inner)
    }

    /// Whether a setting is that of a program which runs: `next.config.js` for `next start`.
    fn is_own(&self, stem: &str) -> bool {
        let mut programs = self.start.programs.iter();
        programs.any(|program| stem.split(['.', '-']).next() == program.split('-').next())
    }

    /// Whether a file is that of a program which runs: `knexfile` for `knex`.
    fn is_file_of_program(&self, stem: &str) -> bool {
        let name = stem.strip_suffix("file").map(|name| name.trim_end_matches(['.', '-']));
        name.is_some_and(|name| self.start.programs.contains(name))
    }

    /// Refuses settings in TypeScript of programs that run, which need it to read them.
    fn typed_settings(&self) -> Result<(), Obstacle> {
        let children = self.context.list(self.folder);
        let is_typed = |name: &str| {
            let stem = [".ts", ".mts", ".cts"]
                .iter()
                .find_map(|ending| name.strip_suffix(ending));
            stem.is_some_and(|stem| is_config(stem) && self.is_own(stem) || self.is_file_of_program(stem))
        };
        match children.iter().find(|child| is_typed(&child.name)) {
            Some(child) if self.manifest.development.contains("typescript") => Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!(
                    "{} is read at start, which takes TypeScript, a development dependency",
                    child.name
                ),
                "write it in JavaScript, or move typescript to `dependencies`",
            )),
            _ => Ok(()),
        }
    }

    /// Refuses programs in the context that lie where builds put theirs: their sources are none of the project's.
    fn built_elsewhere(&self, files: &[String]) -> Result<(), Obstacle> {
        let candidates = self.start.words.iter().flat_map(|word| {
            let word = word.trim_start_matches("./");
            ["", ".js", ".mjs", ".cjs", "/index.js"].map(|ending| join(self.folder, &format!("{word}{ending}")))
        });
        let is_script = |path: &String| [".js", ".mjs", ".cjs"].iter().any(|ending| path.ends_with(ending));
        let is_listed = |path: &String| files.binary_search(path).is_ok();
        let mut built = candidates.filter(is_script);
        match built.find(|path| self.context.read(path).is_ok() && !is_listed(path)) {
            Some(path) => Err(Obstacle::new(
                ObstacleKind::UnknownNeed,
                format!("{path} is started as it lies in the build context, and nothing tells what it was built of"),
                "build it in the Dockerfile, and keep it out by .dockerignore",
            )),
            None => Ok(()),
        }
    }

    fn line(&self, line: &str, known: &mut HashSet<String>) -> Result<(), Obstacle> {
        let trimmed = line.trim_start();
        let is_type = ["import type ", "export type ", "import type{"]
            .iter()
            .any(|start| trimmed.starts_with(start));
        if is_type || trimmed.starts_with("//") || trimmed.starts_with("* ") || trimmed.starts_with("/*") {
            return Ok(());
        }
        let captures = |regex: &'static LazyLock<Option<Regex>>| {
            let found = regex.iter().flat_map(|regex| regex.captures_iter(line));
            found.filter_map(|found| found.get(1)).map(|found| found.as_str())
        };
        // A literal may hold a command or its options: "--import tsx".
        let words = captures(&LITERAL).flat_map(|text| text.split([' ', '=', ',']));
        let mut named = words.chain(captures(&PLACE));
        let development = named.find(|text| self.manifest.development.contains(package_of(text)));
        if let Some(module) = development {
            let name = package_of(module);
            return Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!("names {name}, a development dependency"),
                format!("move {name} to `dependencies` if the program needs it"),
            ));
        }
        let unknown = captures(&IMPORT).find(|module| {
            let name = package_of(module);
            let is_there = known.contains(name) || self.is_there(module);
            if is_there {
                known.insert(name.to_owned());
            }
            !is_there
        });
        match unknown {
            None => Ok(()),
            Some(module) => {
                let name = package_of(module);
                Err(Obstacle::new(
                    ObstacleKind::UnknownNeed,
                    format!("imports {name}, which package.json does not declare"),
                    format!("add {name} to `dependencies`"),
                ))
            }
        }
    }

    /// Whether a module is there without the development dependencies.
    fn is_there(&self, module: &str) -> bool {
        let is_package = module.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '@' || c == '_');
        if !is_package || module.starts_with("@/") || module.contains([':', '$', ' ']) {
            return true;
        }
        let name = package_of(module);
        let is_builtin = node_development().modules.iter().any(|known| known == name);
        if is_builtin || self.manifest.production.contains(name) {
            return true;
        }
        match self.manifest.is_locked_for_production(name) {
            Some(is_there) => is_there || self.is_alias(name),
            None => self.is_alias(name),
        }
    }

    /// Whether the first part of a module is a folder of the project, or a name that a setting gives to one.
    fn is_alias(&self, name: &str) -> bool {
        let first = name.split('/').next().unwrap_or(name);
        let places = ["", "src/", "app/", "server/"];
        let is_folder = places.iter().any(|place| {
            ["", ".js", ".ts", ".tsx", ".jsx"].iter().any(|ending| {
                self.context
                    .exists(&join(self.folder, &format!("{place}{first}{ending}")))
            })
        });
        is_folder
            || self
                .settings()
                .any(|text| text.contains(&format!("\"{first}")) || text.contains(&format!("'{first}")))
    }

    /// The texts of the settings of compilers and bundlers in the folder of the project.
    fn settings(&self) -> impl Iterator<Item = std::sync::Arc<str>> {
        self.setting_files().filter_map(|path| self.context.read(&path).ok())
    }

    fn setting_files(&self) -> impl Iterator<Item = String> {
        let starts = [
            "tsconfig",
            "jsconfig",
            ".babelrc",
            "babel.config",
            ".swcrc",
            "vite.config",
            "webpack",
            "next.config",
        ];
        let children = self.context.list(self.folder).into_iter();
        let settings = children.filter(move |child| starts.iter().any(|start| child.name.starts_with(start)));
        settings.map(|child| join(self.folder, &child.name))
    }

    /// Refuses settings of compilers whose output loads a package that is not declared.
    fn helpers(&self) -> Result<(), Obstacle> {
        for path in self.setting_files() {
            let Ok(text) = self.context.read(&path) else { continue };
            for helper in &node_development().helpers {
                let has_one = helper
                    .packages
                    .iter()
                    .any(|name| self.manifest.production.contains(name));
                let is_set =
                    |line: &str| line.contains(&helper.setting) && !line.trim_start().starts_with(['/', '*', '#']);
                if text.lines().any(is_set) && !has_one {
                    let name = helper.packages.first().map(String::as_str).unwrap_or_default();
                    return Err(Obstacle::new(
                        ObstacleKind::NeededAtRunTime,
                        format!(
                            "{path} says {}, so that the output loads {name}, which is not in `dependencies`",
                            helper.setting
                        ),
                        format!("add {name} to `dependencies`"),
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Whether a file without its ending is a setting by its name: `next.config`, `webpack.config.prod`.
fn is_config(stem: &str) -> bool {
    stem.ends_with(".config") || stem.contains(".config.")
}

/// Whether libraries load a package, or compiled code does, without any source naming it.
fn is_loaded_unnamed(name: &str) -> bool {
    let table = node_development();
    table.loaded_by_name.iter().any(|known| known == name)
        || table
            .helpers
            .iter()
            .any(|helper| helper.packages.iter().any(|known| known == name))
}
