//! The packages of a language that a manifest or a lock names, read by its format.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use serde_json::Value as Json;

use crate::effects::ecosystems::node::manifests::npm_locked;
use crate::knowledge::{Ecosystem, language_of};
use crate::shell;

use super::calls::texts;

/// A package that a manifest or a lock names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    /// The one version that it may be, if there is only one.
    pub(super) version: Option<String>,
    /// The line, counted from 1; 0 until it is looked for.
    pub(super) line: usize,
    /// The files of the registry that the lock names, if it does.
    pub(super) files: Vec<String>,
    /// What a lock of Cargo says that it depends on, or a manifest that it has of features.
    pub(super) parts: Vec<String>,
}

/// What a manifest cannot be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Of which registry a file names packages; none if it is no manifest and no lock.
pub(super) fn ecosystem_of(path: &str) -> Option<Ecosystem> {
    Some(match Format::of(path)? {
        Format::PackageJson | Format::NpmLock | Format::YarnLock | Format::PnpmLock | Format::BunLock => {
            Ecosystem::Node
        }
        Format::Gemfile | Format::GemfileLock => Ecosystem::Ruby,
        Format::Composer | Format::ComposerLock => Ecosystem::Php,
        Format::Cargo | Format::CargoLock => Ecosystem::Rust,
        _ => Ecosystem::Python,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Requirements,
    Pyproject,
    Pipfile,
    TomlLock,
    PipfileLock,
    SetupPy,
    SetupCfg,
    Conda,
    PackageJson,
    NpmLock,
    YarnLock,
    PnpmLock,
    BunLock,
    Gemfile,
    GemfileLock,
    Composer,
    ComposerLock,
    Cargo,
    CargoLock,
}

impl Format {
    fn of(path: &str) -> Option<Format> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_requirements = name.ends_with(".txt") && (name.contains("require") || path.contains("requirements/"))
            || name.ends_with(".in") && name.contains("require");
        Some(match name {
            "pyproject.toml" => Format::Pyproject,
            "setup.py" => Format::SetupPy,
            "setup.cfg" => Format::SetupCfg,
            "Pipfile" => Format::Pipfile,
            "Pipfile.lock" => Format::PipfileLock,
            "poetry.lock" | "uv.lock" | "pdm.lock" => Format::TomlLock,
            "environment.yml" | "environment.yaml" => Format::Conda,
            "package.json" => Format::PackageJson,
            "package-lock.json" | "npm-shrinkwrap.json" => Format::NpmLock,
            "yarn.lock" => Format::YarnLock,
            "pnpm-lock.yaml" => Format::PnpmLock,
            "bun.lock" => Format::BunLock,
            "Gemfile" => Format::Gemfile,
            "Gemfile.lock" => Format::GemfileLock,
            "composer.json" => Format::Composer,
            "composer.lock" => Format::ComposerLock,
            "Cargo.toml" => Format::Cargo,
            "Cargo.lock" => Format::CargoLock,
            _ if is_requirements => Format::Requirements,
            _ => return None,
        })
    }
}

/// The packages that the file at `path` names, of those that are wanted: locks have thousands of others.
///
/// # Errors
/// Where the text is not what the format asks for.
pub(super) fn listed(path: &str, text: &str, is_wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Listed>, Unreadable> {
    let Some(format) = Format::of(path) else {
        return Ok(Vec::new());
    };
    let lines = Lines { text };
    let mut found = match format {
        // Of options, only `-e` names something to install.
        Format::Requirements => lines.each(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix("-e ").unwrap_or(line);
            (!line.starts_with('-')).then(|| requirement(line)).flatten()
        }),
        Format::SetupCfg => lines.each(|line| {
            requirement(line.split_once('=').map_or(line, |(_, value)| value)).or_else(|| requirement(line))
        }),
        Format::SetupPy => {
            let found = language_of("setup.py")
                .map(|language| texts(text, language))
                .unwrap_or_default();
            let found = found.into_iter().filter_map(|(text, line)| {
                Some(Listed {
                    line,
                    ..requirement(&text)?
                })
            });
            found.collect()
        }
        Format::Pyproject => pyproject(&toml(text)?),
        Format::Pipfile => tables(&toml(text)?, &["packages", "dev-packages"]),
        Format::TomlLock | Format::CargoLock => toml_lock(&toml(text)?),
        Format::Cargo => cargo(&toml(text)?),
        Format::PipfileLock => keys(&json(text)?, &["default", "develop"]),
        Format::Conda => conda(&yaml(text)?),
        Format::PackageJson => package_json(&json(text)?),
        Format::NpmLock => npm_lock(&json(text)?),
        Format::YarnLock => lines.each(yarn_entry),
        Format::PnpmLock => pnpm_lock(&yaml(text)?),
        // JSON with commas at the end.
        Format::BunLock => yaml(text).map(|lock| keys(&lock, &["packages"])).unwrap_or_default(),
        Format::Gemfile => gemfile(text),
        Format::GemfileLock => lines.each(gem_entry),
        Format::Composer => keys(&json(text)?, &["require", "require-dev"]),
        Format::ComposerLock => composer_lock(&json(text)?),
    };
    found.retain(|package| is_wanted(&package.name));
    lines.place(&mut found);
    Ok(found)
}

fn json(text: &str) -> Result<Json, Unreadable> {
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|_| Unreadable)
}

fn toml(text: &str) -> Result<toml::Table, Unreadable> {
    text.parse().map_err(|_| Unreadable)
}

fn yaml(text: &str) -> Result<Json, Unreadable> {
    serde_saphyr::from_str(text).map_err(|_| Unreadable)
}

struct Lines<'t> {
    text: &'t str,
}

impl Lines<'_> {
    /// The packages of a format that has one on each line.
    fn each(&self, read: impl Fn(&str) -> Option<Listed>) -> Vec<Listed> {
        let lines = self.text.lines().enumerate();
        let found = lines.filter_map(|(number, line)| {
            Some(Listed {
                line: number + 1,
                ..read(line)?
            })
        });
        found.collect()
    }

    /// Adds the lines to what a format without lines names: the first on which the name is a word. All names are looked
    /// for at once: a lock file has thousands of both.
    fn place(&self, listed: &mut [Listed]) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let lines = shell::Lines::of(self.text);
        let unplaced = || listed.iter().filter(|package| package.line == 0);
        let names: BTreeSet<String> = unplaced().map(|package| package.name.clone()).collect();
        let names: Vec<String> = names.into_iter().collect();
        let Ok(search) = AhoCorasick::new(&names) else {
            return;
        };
        // The first line, where a name is nowhere as a word.
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for found in search.find_overlapping_iter(self.text) {
            let before = self.text.get(..found.start()).and_then(|text| text.chars().next_back());
            let after = self.text.get(found.end()..).and_then(|text| text.chars().next());
            if !before.is_some_and(is_part) && !after.is_some_and(is_part) {
                let name = names.get(found.pattern().as_usize()).map_or("", String::as_str);
                places.entry(name).or_insert_with(|| lines.number(found.start()));
            }
        }
        for package in listed.iter_mut().filter(|package| package.line == 0) {
            package.line = places.get(package.name.as_str()).copied().unwrap_or(1);
        }
    }
}

fn named(name: &str, version: Option<&str>) -> Listed {
    Listed {
        name: name.to_owned(),
        version: version.map(str::to_owned),
        ..Listed::default()
    }
}

/// `name[extra]==1.0; marker`, `name @ url`, `git+https://…#egg=name`.
fn requirement(text: &str) -> Option<Listed> {
    let text = text.split(" #").next().unwrap_or(text).trim();
    if let Some((_, egg)) = text.split_once("#egg=") {
        return Some(named(egg.split(['&', '[']).next().unwrap_or(egg), None));
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let name = text
        .get(..end)
        .filter(|name| name.starts_with(|c: char| c.is_ascii_alphanumeric()))?;
    let rest = text.get(end..).unwrap_or_default();
    // A path, or prose.
    if rest.starts_with(['/', ':']) {
        return None;
    }
    let version = rest.split_once("==").map(|(_, version)| {
        let version = version.trim_start_matches('=').trim();
        version.split([';', ' ', ',', '\\', ')']).next().unwrap_or(version)
    });
    Some(named(name, version.filter(|version| !version.contains('*'))))
}

fn requirements_in(value: &toml::Value, found: &mut Vec<Listed>) {
    let texts = value.as_array().into_iter().flatten().filter_map(toml::Value::as_str);
    found.extend(texts.filter_map(requirement));
    for (_, group) in value.as_table().into_iter().flatten() {
        requirements_in(group, found);
    }
}

fn at<'v>(table: &'v toml::Table, path: &[&str]) -> Option<&'v toml::Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(key))
}

fn pyproject(table: &toml::Table) -> Vec<Listed> {
    let mut found = Vec::new();
    let lists: [&[&str]; 6] = [
        &["project", "dependencies"],
        &["project", "optional-dependencies"],
        &["dependency-groups"],
        &["tool", "pdm", "dev-dependencies"],
        &["tool", "uv", "dev-dependencies"],
        &["build-system", "requires"],
    ];
    for path in lists {
        if let Some(value) = at(table, path) {
            requirements_in(value, &mut found);
        }
    }
    if let Some(poetry) = at(table, &["tool", "poetry"]).and_then(toml::Value::as_table) {
        found.extend(tables(poetry, &["dependencies", "dev-dependencies"]));
        for (_, group) in poetry
            .get("group")
            .and_then(toml::Value::as_table)
            .into_iter()
            .flatten()
        {
            found.extend(
                group
                    .as_table()
                    .map(|group| tables(group, &["dependencies"]))
                    .unwrap_or_default(),
            );
        }
    }
    found
}

/// The keys of tables whose values are versions: `x = "1.0"`, `x = { version = "==1.0" }`.
fn tables(table: &toml::Table, names: &[&str]) -> Vec<Listed> {
    let groups = names.iter().filter_map(|name| table.get(*name)?.as_table());
    let found = groups.flatten().map(|(name, value)| {
        let version = value.as_str().or_else(|| value.get("version")?.as_str());
        named(name, version.and_then(exact))
    });
    found.collect()
}

/// The version that `==1.0` or Poetry's `1.0` alone means.
fn exact(version: &str) -> Option<&str> {
    let plain = version.trim().trim_start_matches('=').trim();
    (plain.starts_with(|c: char| c.is_ascii_digit()) && !plain.contains([',', '*', ' ', '|'])).then_some(plain)
}

fn toml_lock(table: &toml::Table) -> Vec<Listed> {
    let packages = table
        .get("package")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten();
    let found = packages.filter_map(|package| {
        let files = |key: &str| package.get(key).and_then(toml::Value::as_array).into_iter().flatten();
        let name_of = |file: &toml::Value| {
            let text = file
                .get("file")
                .or_else(|| file.get("url"))
                .and_then(toml::Value::as_str)?;
            Some(text.rsplit('/').next().unwrap_or(text).to_owned())
        };
        let version = package.get("version").and_then(toml::Value::as_str);
        Some(Listed {
            files: files("files").chain(files("wheels")).filter_map(name_of).collect(),
            parts: words(package.get("dependencies")),
            ..named(package.get("name")?.as_str()?, version)
        })
    });
    found.collect()
}

/// The first words of the texts of a list: `cc`, or `cc 1.0`.
fn words(list: Option<&toml::Value>) -> Vec<String> {
    let texts = list.and_then(toml::Value::as_array).into_iter().flatten();
    let words = texts.filter_map(|text| text.as_str()?.split(' ').next());
    words.map(str::to_owned).collect()
}

/// The dependencies of a manifest of Cargo, and each of their features: `diesel/postgres`.
fn cargo(table: &toml::Table) -> Vec<Listed> {
    let targets = table.get("target").and_then(toml::Value::as_table).into_iter();
    let targets = targets.flatten().filter_map(|(_, target)| target.as_table());
    let workspace = table.get("workspace").and_then(toml::Value::as_table);
    let all = std::iter::once(table).chain(workspace).chain(targets);
    let lists = all.flat_map(|table| {
        let lists = ["dependencies", "build-dependencies"].into_iter();
        lists.filter_map(|name| table.get(name)?.as_table())
    });
    let mut found = Vec::new();
    for (key, value) in lists.flatten() {
        let name = value.get("package").and_then(toml::Value::as_str).unwrap_or(key);
        let parts = words(value.get("features"));
        found.extend(parts.iter().map(|part| named(&format!("{name}/{part}"), None)));
        let whole = named(name, None);
        found.push(Listed { parts, ..whole });
    }
    found
}

/// The keys of the objects that `value` has under `names`.
fn keys(value: &Json, names: &[&str]) -> Vec<Listed> {
    let groups = names.iter().filter_map(|name| value.get(*name)?.as_object());
    let found = groups.flatten().map(|(name, value)| {
        let version = value.as_str().or_else(|| value.get("version")?.as_str());
        named(name, version.filter(|text| text.starts_with("==")).and_then(exact))
    });
    found.collect()
}

fn conda(value: &Json) -> Vec<Listed> {
    let dependencies = value.get("dependencies").and_then(Json::as_array).into_iter().flatten();
    let mut found = Vec::new();
    for dependency in dependencies {
        let name = dependency
            .as_str()
            .map(|text| text.split(['=', '<', '>', ' ']).next().unwrap_or(text));
        found.extend(name.map(|name| named(name, None)));
        let by_pip = dependency.get("pip").and_then(Json::as_array).into_iter().flatten();
        found.extend(by_pip.filter_map(Json::as_str).filter_map(requirement));
    }
    found
}

fn package_json(value: &Json) -> Vec<Listed> {
    let groups = [
        "dependencies",
        "optionalDependencies",
        "peerDependencies",
        "devDependencies",
    ];
    keys(value, &groups)
}

/// A lock of npm: by the folders of its packages since version 2, by nested names before.
fn npm_lock(value: &Json) -> Vec<Listed> {
    let mut names: BTreeSet<&str> = npm_locked(value).map(|package| package.name).collect();
    if value.get("packages").is_none() {
        nested(value, &mut names, 0);
    }
    names.into_iter().map(|name| named(name, None)).collect()
}

fn nested<'v>(value: &'v Json, names: &mut BTreeSet<&'v str>, depth: usize) {
    const DEEPEST: usize = 50;
    let packages = value
        .get("dependencies")
        .and_then(Json::as_object)
        .into_iter()
        .flatten();
    for (name, package) in packages.filter(|_| depth < DEEPEST) {
        names.insert(name);
        nested(package, names, depth + 1);
    }
}

/// `"@scope/x@^1.0", "@scope/x@^1.1":` of a lock of Yarn.
fn yarn_entry(line: &str) -> Option<Listed> {
    let is_entry = !line.starts_with([' ', '#']) && line.trim_end().ends_with(':');
    let first = line
        .split(',')
        .next()
        .filter(|_| is_entry)?
        .trim_matches(['"', '\'', ' ', ':']);
    Some(named(without_version(first)?, None))
}

/// `@scope/x` of `@scope/x@1.0`.
fn without_version(text: &str) -> Option<&str> {
    let from = usize::from(text.starts_with('@'));
    let at = text.get(from..)?.find('@')? + from;
    text.get(..at)
}

/// `/@scope/x@1.0(peer@2.0)`, `/x/1.0` of a lock of pnpm.
fn pnpm_lock(value: &Json) -> Vec<Listed> {
    let packages = value.get("packages").and_then(Json::as_object).into_iter().flatten();
    let name = |key: &str| {
        let key = key.trim_start_matches('/');
        let plain = key.split('(').next().unwrap_or(key);
        let name = without_version(plain).or_else(|| Some(plain.rsplit_once('/')?.0));
        name.map(|name| named(name, None))
    };
    packages.filter_map(|(key, _)| name(key)).collect()
}

/// `gem "x", "1.0"`.
fn gemfile(text: &str) -> Vec<Listed> {
    let lines = text.lines().enumerate();
    let found = lines.filter_map(|(number, line)| {
        let rest = line.trim_start().strip_prefix("gem")?.trim_start_matches(['(', ' ']);
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let name = rest.get(1..)?.split(quote).next()?;
        Some(Listed {
            line: number + 1,
            ..named(name, None)
        })
    });
    found.collect()
}

/// `    x (1.0)` of a Gemfile.lock; what a gem depends on is further to the right.
fn gem_entry(line: &str) -> Option<Listed> {
    let entry = line.strip_prefix("    ").filter(|rest| !rest.starts_with(' '))?;
    let (name, version) = entry.split_once(" (")?;
    Some(named(name, Some(version.trim_end_matches(')'))))
}

fn composer_lock(value: &Json) -> Vec<Listed> {
    let groups = ["packages", "packages-dev"]
        .iter()
        .filter_map(|name| value.get(*name)?.as_array());
    let packages = groups.flatten().filter_map(|package| package.get("name")?.as_str());
    let mut found: Vec<Listed> = packages.map(|name| named(name, None)).collect();
    found.extend(keys(value, &["platform", "platform-dev"]));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str, text: &str) -> Vec<String> {
        let found = listed(path, text, &|_| true).unwrap();
        let shown = found.iter().map(|package| {
            let version = package.version.as_ref().map(|version| format!(" {version}"));
            format!("{}: {}{}", package.line, package.name, version.unwrap_or_default())
        });
        shown.collect()
    }

    #[test]
    fn manifests_are_read_by_their_format() {
        let cases: &[(&str, &str, &[&str])] = &[
            (
                "package.json",
                r#"{"name":"gm","dependencies":{"express":"4","@prisma/client":"5"},"devDependencies":{"x":"1"}}"#,
                &["1: @prisma/client", "1: express", "1: x"],
            ),
            (
                "package.json",
                "{\n \"dependencies\": {\n  \"pg-native\": \"3\"\n }\n}",
                &["3: pg-native"],
            ),
            (
                "package-lock.json",
                r#"{"packages":{"":{"dependencies":{"a":"1"}},"node_modules/a":{"dependencies":{"b":"1"}},"node_modules/a/node_modules/@s/c":{}}}"#,
                &["1: @s/c", "1: a"],
            ),
            (
                "package-lock.json",
                r#"{"dependencies":{"a":{"requires":{"x":"1"},"dependencies":{"b":{}}}}}"#,
                &["1: a", "1: b"],
            ),
            (
                "web/yarn.lock",
                "# x\n\"@s/x@^1\", \"@s/x@^2\":\n  version \"1\"\n  dependencies:\n    y \"1\"\nz@1:\n",
                &["2: @s/x", "6: z"],
            ),
            ("yarn.lock", "\"x@npm:^1.0\":\n  version: 1\n", &["1: x"]),
            (
                "pnpm-lock.yaml",
                "packages:\n  /x@1.0.0:\n    dependencies:\n      y: 1\n  '@s/z@1.0(p@2)':\n    a: 1\n  /w/1.0.0:\n    a: 1\n",
                &["7: w", "2: x", "5: @s/z"],
            ),
            (
                "requirements.txt",
                "# gitpython\nPillow==9.0 ; x\n-r other.txt\nx[a]>=1\n-e git+https://h/x#egg=gitpython\n",
                &["2: Pillow 9.0", "4: x", "5: gitpython"],
            ),
            (
                "pyproject.toml",
                "[project]\nname='x'\ndependencies=['a==1','b']\n[tool.poetry.dependencies]\nc='^1'\nd='1.2'\n",
                &["3: a 1", "3: b", "5: c", "6: d 1.2"],
            ),
            (
                "poetry.lock",
                "[[package]]\nname = \"x\"\nversion = \"1.0\"\n[package.dependencies]\ny = \"*\"\n",
                &["2: x 1.0"],
            ),
            ("Pipfile", "[packages]\nx = \"==1.0\"\n", &["2: x 1.0"]),
            (
                "Pipfile.lock",
                r#"{"default":{"x":{"version":"==1.0"}}}"#,
                &["1: x 1.0"],
            ),
            (
                "setup.py",
                "setup(install_requires=['x==1', \"y\"]) # 'z'\n",
                &["1: x 1", "1: y"],
            ),
            (
                "environment.yml",
                "dependencies:\n  - python=3.9\n  - pip:\n    - x==1\n",
                &["2: python", "4: x 1"],
            ),
            (
                "Gemfile",
                "gem 'pg', '~> 1'\ngem \"x\"\n# gem 'y'\n",
                &["1: pg", "2: x"],
            ),
            (
                "Gemfile.lock",
                "GEM\n  specs:\n    pg (1.5)\n      x (~> 1)\n",
                &["3: pg 1.5"],
            ),
            (
                "composer.json",
                r#"{"require":{"ext-gd":"*","a/b":"1"}}"#,
                &["1: a/b", "1: ext-gd"],
            ),
            (
                "composer.lock",
                r#"{"packages":[{"name":"a/b"}],"platform":{"ext-gd":"*"}}"#,
                &["1: a/b", "1: ext-gd"],
            ),
        ];
        for (path, text, expected) in cases {
            assert_eq!(shown(path, text), *expected, "{path}: {text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_empty_manifest() {
        for (path, text) in [
            ("package.json", "{"),
            ("pyproject.toml", "x ="),
            ("pnpm-lock.yaml", "a: ["),
        ] {
            assert_eq!(listed(path, text, &|_| true), Err(Unreadable), "{path}");
        }
    }

    #[test]
    fn locks_name_their_files() {
        let lock = "[[package]]\nname='x'\nversion='1'\nfiles=[{file='x-1-cp311-manylinux_2_17_x86_64.whl', hash='h'}]\n[[package]]\nname='y'\nwheels=[{url='https://h/a/y-1-cp311-none-any.whl'}]\n";
        let files: Vec<String> = listed("uv.lock", lock, &|_| true)
            .unwrap()
            .into_iter()
            .flat_map(|package| package.files)
            .collect();
        assert_eq!(files, ["x-1-cp311-manylinux_2_17_x86_64.whl", "y-1-cp311-none-any.whl"]);
    }
}
