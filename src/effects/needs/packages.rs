//! What the packages of the project need at run time: those that its manifests and lock files name.

use std::ops::Range;

use crate::context::ContextSource;
use crate::facts::{Base, Facts, Stage};
use crate::knowledge::{Action, Ecosystem, Family, RuntimeNeed, When, runtime_needs};
use crate::syntax::Dockerfile;

use super::{Needs, development};
use crate::effects::Evidence;

/// What decides whether a package with binaries in its registry is built from source all the same.
pub(super) struct Builds {
    /// The version of the language, `3.11`.
    version: Option<String>,
    /// The packages that options and variables say to compile; `:all:` means all of them.
    forced: Vec<String>,
}

impl Builds {
    /// Reads the whole file: packages may be built in any stage.
    pub(super) fn of(file: &Dockerfile, facts: &Facts, family: Family) -> Builds {
        let python = facts.stages.iter().find_map(|stage| match &stage.base {
            Base::Image(image) if image.official_name() == Some("python") => {
                let tag = image.tag.as_deref()?.split('-').next()?;
                let mut parts = tag.split('.');
                Some(format!("{}.{}", parts.next()?, parts.next()?))
            }
            _ => None,
        });
        let mut forced: Vec<String> = Vec::new();
        // Many packages have no binaries for musl.
        if family == Family::Alpine {
            forced.push(":all:".to_owned());
        }
        for instruction in &file.instructions {
            let text = instruction.text();
            if text.contains("--build-from-source") {
                forced.push(":all:".to_owned());
            }
            for sign in ["--no-binary", "PIP_NO_BINARY"] {
                for (at, _) in text.match_indices(sign) {
                    let rest = text
                        .get(at + sign.len()..)
                        .unwrap_or_default()
                        .trim_start_matches(['=', ' ', '"', '\'']);
                    let value = rest.split([' ', '"', '\'', '\n']).next().unwrap_or_default();
                    forced.extend(value.split(',').map(str::to_ascii_lowercase));
                }
            }
        }
        Builds {
            version: python,
            forced,
        }
    }

    /// Whether `package`, pinned to `version` if it is, is compiled.
    fn compiles(&self, package: &RuntimeNeed, version: Option<&str>) -> bool {
        let forced = self
            .forced
            .iter()
            .any(|name| name == ":all:" || *name == package.package);
        let since = self
            .version
            .as_ref()
            .and_then(|version| package.binaries_since.get(version));
        forced
            || since
                .zip(version)
                .is_some_and(|(since, version)| numbers(version) < numbers(since))
    }
}

/// The numbers of a version, for comparison.
fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

/// Adds what the packages of the project need.
pub(super) fn read(
    file: &Dockerfile,
    facts: &Facts,
    stage: &Stage,
    context: &ContextSource,
    builds: &Builds,
    needs: &mut Needs,
) {
    let left_out = development::left_out(file, facts, stage, context);
    for (ecosystem, name, place) in installed_by_name(file, facts, stage.instructions.clone()) {
        add(needs, builds, ecosystem, &name, None, &place);
    }
    let wanted = |path: &str| ecosystem_of(path).is_some();
    for path in context.sources(wanted) {
        let (Some(ecosystem), Ok(text)) = (ecosystem_of(path), context.read(path)) else {
            continue;
        };
        let has_places = text.contains("\"node_modules/");
        let lines = text.lines().enumerate();
        for (number, line) in lines.filter(|(_, line)| !is_mention(path, line, has_places)) {
            if let Some(name) = named(path, line).filter(|name| !left_out.contains(*name)) {
                let version = line
                    .split_once("==")
                    .map(|(_, rest)| rest.trim_matches([' ', '"', '\'', ',']));
                let version =
                    version.map(|version| version.split([';', ' ', '#', '"', ',']).next().unwrap_or_default());
                add(
                    needs,
                    builds,
                    ecosystem,
                    name,
                    version,
                    &format!("{path}:{}", number + 1),
                );
            }
        }
    }
}

/// Compiled programs that speak TLS, or know time zones, read files that no library brings.
pub(super) fn files(context: &ContextSource, needs: &mut Needs) {
    const TLS: &[&str] = &[
        "\"net/http\"",
        "\"crypto/tls\"",
        "\"crypto/x509\"",
        "require ",
        "rustls",
        "native-tls",
        "openssl",
        "hyper",
        "reqwest",
        "ureq",
        "curl",
        "tungstenite",
        "tonic",
        "sqlx",
        "tokio-postgres",
    ];
    const ZONES: &[&str] = &["LoadLocation", "tzfile", "iana-time-zone", "tz-rs", "time/tzdata"];
    let is_compiled = |path: &str| {
        path.ends_with(".go") || path.ends_with(".rs") || path.ends_with("go.mod") || path.ends_with("Cargo.lock")
    };
    for path in context.sources(is_compiled) {
        let Ok(text) = context.read(path) else { continue };
        for (signs, package, what) in [
            (TLS, "ca-certificates", "may speak TLS"),
            (ZONES, "tzdata", "knows time zones"),
        ] {
            let is_go_sum = path.ends_with(".go") && signs.iter().take(3).any(|sign| text.contains(sign));
            let found = if path.ends_with(".go") && package == "ca-certificates" {
                is_go_sum
            } else {
                signs.iter().any(|sign| text.contains(sign))
            };
            if found {
                let evidence = || Evidence {
                    place: path.to_owned(),
                    fact: what.to_owned(),
                };
                needs.packages.entry(package).or_insert_with(evidence);
            }
        }
    }
}

/// Programs that use OpenMP load a library that only compilers bring.
pub(super) fn openmp(context: &ContextSource, needs: &mut Needs) {
    const BUILD_FILES: &[&str] = &[
        "Makefile",
        "makefile",
        "CMakeLists.txt",
        "configure.ac",
        "meson.build",
        "setup.py",
        "setup.cfg",
        "pyproject.toml",
        "binding.gyp",
    ];
    let is_build_file = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        BUILD_FILES.contains(&name) || [".mk", ".cmake", ".pyx"].iter().any(|ending| name.ends_with(ending))
    };
    for path in context.sources(is_build_file) {
        let Ok(text) = context.read(path) else { continue };
        if text.to_ascii_lowercase().contains("openmp") {
            let evidence = || Evidence {
                place: path.to_owned(),
                fact: "compiles with OpenMP".to_owned(),
            };
            needs.libraries.entry("libgomp1".to_owned()).or_insert_with(evidence);
        }
    }
}

fn add(needs: &mut Needs, builds: &Builds, ecosystem: Ecosystem, name: &str, version: Option<&str>, place: &str) {
    let Some(need) = runtime_needs(ecosystem, name) else {
        return;
    };
    if need.when == When::BuiltFromSource && !builds.compiles(need, version) {
        return;
    }
    let evidence = || Evidence {
        place: place.to_owned(),
        fact: format!("{name} needs it"),
    };
    for tool in need.tools.iter().flat_map(|tools| tools.split('|')) {
        needs.tool(tool, evidence);
    }
    for library in &need.libraries {
        needs.libraries.entry(library.clone()).or_insert_with(evidence);
    }
}

/// The packages that commands of the stage install by name, with the line.
pub(crate) fn installed_by_name(
    file: &Dockerfile,
    facts: &Facts,
    stage: Range<usize>,
) -> Vec<(Ecosystem, String, String)> {
    let mut found = Vec::new();
    for index in stage {
        let Some(run) = facts.run(file, index) else { continue };
        for used in run.commands.iter().filter_map(|command| command.manager.as_ref()) {
            let ecosystem = match used.manager.id.as_str() {
                "pip" | "uv" | "poetry" | "pipenv" | "pdm" => Ecosystem::Python,
                "npm" | "yarn" | "yarn-berry" | "pnpm" | "bun" => Ecosystem::Node,
                "gem" | "bundler" => Ecosystem::Ruby,
                "composer" => Ecosystem::Php,
                _ => continue,
            };
            if matches!(used.action, Action::Install | Action::Upgrade) {
                let place = file.place_of(index);
                found.extend(
                    used.packages
                        .iter()
                        .map(|(name, ..)| (ecosystem, name.clone(), place.clone())),
                );
            }
        }
    }
    found
}

/// Of which registry a manifest or lock file names packages.
fn ecosystem_of(path: &str) -> Option<Ecosystem> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_requirements = name.ends_with(".txt") && (name.contains("require") || path.contains("requirements/"))
        || name.ends_with(".in") && name.contains("require");
    Some(match name {
        "pyproject.toml" | "setup.py" | "setup.cfg" | "Pipfile" | "Pipfile.lock" | "poetry.lock" | "uv.lock"
        | "pdm.lock" | "environment.yml" | "environment.yaml" => Ecosystem::Python,
        "package.json" | "package-lock.json" | "yarn.lock" | "pnpm-lock.yaml" => Ecosystem::Node,
        "Gemfile" | "Gemfile.lock" => Ecosystem::Ruby,
        "composer.json" | "composer.lock" => Ecosystem::Php,
        _ if is_requirements => Ecosystem::Python,
        _ => return None,
    })
}

/// Whether a line of a lock of Node.js only mentions a package, which need not be there: what another one would use.
/// `has_places` says that a lock of npm names the folders of its packages, as those since npm 7 do.
fn is_mention(path: &str, line: &str, has_places: bool) -> bool {
    match path.rsplit('/').next() {
        Some("package-lock.json") if has_places => !line.contains("\"node_modules/"),
        Some("package-lock.json") => !line.trim_end().ends_with('{'),
        Some("yarn.lock") => line.starts_with(' '),
        // `/x@1.0.0:`; a dependency has its version behind the colon.
        Some("pnpm-lock.yaml") => !line.trim_end().ends_with(':'),
        _ => false,
    }
}

/// The package that a line of a manifest or lock file names, if it may be one. A line that names none gives a word that
/// no table has.
fn named<'l>(path: &str, line: &'l str) -> Option<&'l str> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    // poetry.lock and uv.lock: `name = "x"`.
    let line = line
        .strip_prefix("name = ")
        .filter(|_| path.ends_with(".lock"))
        .unwrap_or(line);
    // Gemfile: `gem "x", "1.0"`.
    let line = line.strip_prefix("gem ").unwrap_or(line);
    let line = line.trim_start_matches(['-', ' ', '"', '\'', '/', '[']);
    let line = line.strip_prefix("node_modules/").unwrap_or(line);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let scope = line
        .starts_with('@')
        .then(|| line.find('/'))
        .flatten()
        .map_or(0, |slash| slash + 1);
    let rest = line.get(scope..)?;
    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    line.get(..scope + end).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_name_what_is_there() {
        let cases = [
            ("package-lock.json", r#"    "node_modules/pg-native": {"#, true, false),
            ("package-lock.json", r#"        "pg-native": {"#, true, true),
            ("package-lock.json", r#"        "pg-native": ">=3.0.1""#, true, true),
            ("package-lock.json", r#"    "pg-native": {"#, false, false),
            ("package-lock.json", r#"        "pg-native": "^3.0.0""#, false, true),
            ("web/yarn.lock", "pg-native@^3.0.0:", false, false),
            ("web/yarn.lock", "    pg-native \"^3.0.0\"", false, true),
            ("pnpm-lock.yaml", "  pg-native@3.0.0:", false, false),
            ("pnpm-lock.yaml", "      pg-native: '>=3.0.1'", false, true),
            ("package.json", r#"    "pg-native": "3.0.0""#, false, false),
        ];
        for (path, line, has_places, expected) in cases {
            assert_eq!(is_mention(path, line, has_places), expected, "{path}: {line}");
        }
    }
}
