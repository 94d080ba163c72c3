//! Compose files: how they build a Dockerfile and what they run in its image.
//!
//! Read as the Compose specification describes them, one file at a time: `extends`, `include`, `.env` files and the
//! environment are left out. Whatever cannot be read is skipped with a note.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::memo::Memo;
use super::yaml::{self, Node};
use crate::repository_file;

/// No Compose file is larger.
const LARGEST_FILE: u64 = 1024 * 1024;

/// How many `${X:-${Y:-z}}` may be inside each other.
const DEEPEST_DEFAULT: usize = 8;

/// Folders in which projects keep their Compose files.
const FOLDERS: [&str; 5] = [".", "docker", "deploy", "compose", "infra"];

/// What was found, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The services, the nearest file's first and of one folder the main file's first.
    pub services: Vec<Service>,
    /// What was skipped and why, for the report.
    pub notes: Vec<String>,
}

/// A service that is built from a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The Compose file.
    pub file: PathBuf,
    /// The line of `build:`, counted from 1.
    pub line: usize,
    /// The service's name.
    pub name: String,
    /// The folder of the context.
    pub context: PathBuf,
    /// The Dockerfile.
    pub dockerfile: PathBuf,
    /// The stage that is built, where one is named.
    pub target: Option<String>,
    /// Build arguments; without a value where it comes from the environment.
    pub args: Vec<(String, Option<String>)>,
    /// Named contexts: the name and a path, an image or a URL, as written.
    pub additional_contexts: Vec<(String, String)>,
    /// The health check, where the service sets one or switches the image's off.
    pub health_check: Option<HealthCheck>,
    /// What replaces CMD.
    pub command: Option<Command>,
    /// What replaces ENTRYPOINT.
    pub entrypoint: Option<Command>,
    /// What is mounted over the image's files.
    pub mounts: Vec<Mount>,
    /// The variables that it sets; without a value where it comes from the environment.
    pub environment: Vec<(String, Option<String>)>,
}

impl Service {
    /// The value that it gives PATH.
    #[must_use]
    pub fn sets_path(&self) -> Option<&str> {
        let (_, value) = self.environment.iter().find(|(name, _)| name == "PATH")?;
        value.as_deref()
    }
}

/// A service's health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthCheck {
    /// The image's own is switched off.
    Disabled,
    /// This is run instead.
    Test(Command),
}

/// A command in one of its forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A program and its arguments.
    Words(Vec<String>),
    /// One line that Compose splits into words by the rules of a shell, and runs without one.
    Line(String),
    /// One line that the image's shell runs.
    Shell(String),
}

/// A mount over a path of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The folder or file on the host, or the volume's name; `None` for a volume without a name.
    pub source: Option<String>,
    /// The path in the image that it hides.
    pub target: String,
}

impl Mount {
    /// Whether it hides the image's files behind the host's, not behind a volume.
    pub fn is_bind(&self) -> bool {
        self.source
            .as_deref()
            .is_some_and(|source| source.starts_with(['.', '/', '~']))
    }
}

/// The Compose files that were read, so that Dockerfiles beside each other do not read them again: by their folder, and the
/// one that no link in it may leave.
#[derive(Debug, Default)]
pub(super) struct Known(Memo<(PathBuf, PathBuf), Arc<Folder>>);

/// What the Compose files of one folder say.
#[derive(Debug, Default)]
struct Folder {
    /// The services by the Dockerfile that they build, all links followed.
    services: HashMap<PathBuf, Vec<Service>>,
    notes: Vec<String>,
}

impl Known {
    /// Finds the services that build `dockerfile`, in the Compose files beside it and in each folder above it up to and
    /// including `top`, and in folders there that are usual for them.
    pub(super) fn find(&self, dockerfile: &Path, top: &Path) -> Found {
        let mut found = Found::default();
        let Ok(wanted) = dockerfile.canonicalize() else {
            return found;
        };
        let above = dockerfile
            .parent()
            .into_iter()
            .flat_map(Path::ancestors)
            .take_while(|folder| folder.starts_with(top));
        let usual =
            above.flat_map(|folder| FOLDERS.map(|name| if name == "." { folder.into() } else { folder.join(name) }));
        let mut seen: HashSet<PathBuf> = HashSet::new();
        for path in usual {
            if seen.insert(path.clone()) {
                let key = (path, top.to_owned());
                let folder = self.0.get(&key, || Arc::new(Folder::read(&key.0, top)));
                found
                    .services
                    .extend(folder.services.get(&wanted).into_iter().flatten().cloned());
                found.notes.extend_from_slice(&folder.notes);
            }
        }
        found
    }
}

impl Folder {
    fn read(path: &Path, top: &Path) -> Folder {
        let mut folder = Folder::default();
        for file in files_in(path) {
            let read = repository_file::read(top, &file, LARGEST_FILE).map_err(|unread| unread.to_string());
            let services = read.and_then(|bytes| services(&file, &String::from_utf8_lossy(&bytes), &mut folder.notes));
            match services {
                Ok(services) => services.into_iter().for_each(|service| folder.add(service)),
                Err(why) => folder.notes.push(format!("{}: skipped: {why}", file.display())),
            }
        }
        folder
    }

    fn add(&mut self, service: Service) {
        if let Ok(dockerfile) = service.dockerfile.canonicalize() {
            self.services.entry(dockerfile).or_default().push(service);
        }
    }
}

/// The Compose files of one folder, the one that Compose itself would take first.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(listing) = folder.read_dir() else {
        return Vec::new();
    };
    let names = listing
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_compose_file(name)).collect();
    names.sort_by_cached_key(|name| (rank(name), name.clone()));
    names.into_iter().map(|name| folder.join(name)).collect()
}

/// Whether Compose files are called like this.
pub(crate) fn is_compose_file(name: &str) -> bool {
    let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
    is_yaml && (name.starts_with("docker-compose") || name.starts_with("compose."))
}

/// Compose's own order, then overrides and variants.
fn rank(name: &str) -> usize {
    let main = [
        "compose.yaml",
        "compose.yml",
        "docker-compose.yml",
        "docker-compose.yaml",
    ];
    main.iter().position(|known| *known == name).unwrap_or(main.len())
}

/// The services of the Compose file `file` with the text `text` that are built. What of them cannot be told is noted.
///
/// # Errors
/// Where the text is no YAML, with what is wrong with it.
pub fn services(file: &Path, text: &str, notes: &mut Vec<String>) -> Result<Vec<Service>, String> {
    let document = yaml::parse(text)?;
    let mut services = Vec::new();
    // Files of the first version have the services at the top.
    let listed = document.get("services").unwrap_or(&document);
    for (name, node) in listed.entries() {
        let Some(build) = node.get("build") else {
            continue;
        };
        match service(file, name, node, build) {
            Ok(service) => services.extend(service),
            Err(why) => notes.push(format!("{}:{}: service {name}: {why}", file.display(), build.line)),
        }
    }
    Ok(services)
}

/// The Dockerfiles that stand in a Compose file itself.
pub(super) fn inline_dockerfiles(text: &str) -> Vec<String> {
    let Ok(document) = yaml::parse(text) else {
        return Vec::new();
    };
    let listed = document.get("services").unwrap_or(&document);
    let inline = |node: &Node| Some(node.get("build")?.get("dockerfile_inline")?.text()?.to_owned());
    listed.entries().iter().filter_map(|(_, node)| inline(node)).collect()
}

/// One service; `None` where it is built from something else than a file here.
fn service(file: &Path, name: &str, node: &Node, build: &Node) -> Result<Option<Service>, String> {
    if build.get("dockerfile_inline").is_some() {
        return Ok(None);
    }
    let setting = |key: &str| -> Result<Option<String>, String> {
        let Some(text) = build.get(key).and_then(Node::text) else {
            return Ok(None);
        };
        interpolate(text)
            .map(Some)
            .ok_or_else(|| format!("{key}: `{text}` needs a variable without a default"))
    };
    let context = match build.text() {
        Some(text) => interpolate(text).ok_or_else(|| format!("`{text}` needs a variable without a default"))?,
        None => setting("context")?.unwrap_or_else(|| ".".to_owned()),
    };
    if context.contains("://") || context.starts_with("git@") {
        return Ok(None);
    }
    let context = file.parent().unwrap_or(Path::new("")).join(context);
    Ok(Some(Service {
        file: file.to_owned(),
        line: build.line,
        name: name.to_owned(),
        dockerfile: context.join(setting("dockerfile")?.unwrap_or_else(|| "Dockerfile".to_owned())),
        context,
        target: setting("target")?,
        args: build.get("args").map(pairs).unwrap_or_default(),
        environment: node.get("environment").map(pairs).unwrap_or_default(),
        additional_contexts: build
            .get("additional_contexts")
            .map(pairs)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
        health_check: node.get("healthcheck").and_then(health_check),
        command: node.get("command").and_then(command),
        entrypoint: node.get("entrypoint").and_then(command),
        mounts: node
            .get("volumes")
            .map(|volumes| volumes.items().iter().filter_map(mount).collect())
            .unwrap_or_default(),
    }))
}

/// A mapping, or a list of `name=value`.
fn pairs(node: &Node) -> Vec<(String, Option<String>)> {
    let listed = node
        .items()
        .iter()
        .filter_map(Node::text)
        .map(|item| match item.split_once('=') {
            Some((name, value)) => (name.to_owned(), interpolate(value)),
            None => (item.to_owned(), None),
        });
    let mapped = node
        .entries()
        .iter()
        .map(|(name, value)| (name.clone(), value.text().and_then(interpolate)));
    listed.chain(mapped).collect()
}

fn health_check(node: &Node) -> Option<HealthCheck> {
    if node.get("disable").and_then(Node::text) == Some("true") {
        return Some(HealthCheck::Disabled);
    }
    let test = node.get("test")?;
    if let Some(line) = test.text() {
        return Some(HealthCheck::Test(Command::Shell(unescape(line))));
    }
    let words: Vec<String> = test.texts().iter().map(|word| unescape(word)).collect();
    match words.split_first() {
        Some((first, _)) if first == "NONE" => Some(HealthCheck::Disabled),
        Some((first, words)) if first == "CMD" => Some(HealthCheck::Test(Command::Words(words.to_vec()))),
        Some((first, words)) if first == "CMD-SHELL" => Some(HealthCheck::Test(Command::Shell(words.join(" ")))),
        _ => None,
    }
}

fn command(node: &Node) -> Option<Command> {
    match node.text() {
        Some(line) => Some(Command::Line(unescape(line))),
        None if node.items().is_empty() => None,
        None => Some(Command::Words(node.texts().iter().map(|word| unescape(word)).collect())),
    }
}

/// The text of a command: with its values where they are known, else as written, since the words around a variable
/// still tell which programs are called.
fn unescape(text: &str) -> String {
    interpolate(text).unwrap_or_else(|| text.replace("$$", "$"))
}

/// A mount in the short form, `source:target:mode`, or in the long one.
fn mount(node: &Node) -> Option<Mount> {
    let text = |key| node.get(key).and_then(Node::text).map(unescape);
    let Some(short) = node.text().map(unescape) else {
        return Some(Mount {
            source: text("source"),
            target: text("target")?,
        });
    };
    let mut parts = short.split(':');
    let first = parts.next()?.to_owned();
    Some(match parts.next() {
        Some(target) => Mount {
            source: Some(first),
            target: target.to_owned(),
        },
        None => Mount {
            source: None,
            target: first,
        },
    })
}

/// The text with its variables replaced as Compose does it where none is set: by their defaults. `None` where a variable
/// has none.
fn interpolate(text: &str) -> Option<String> {
    interpolate_in(text, DEEPEST_DEFAULT)
}

fn interpolate_in(text: &str, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            after
        } else if let Some(after) = after.strip_prefix('{') {
            let (inside, after) = split_brace(after)?;
            out.push_str(&interpolate_in(&unset(inside)?, depth)?);
            after
        } else if after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return None;
        } else {
            out.push('$');
            after
        };
    }
    out.push_str(rest);
    Some(out)
}

/// Splits at the `}` that belongs to a `${`.
fn split_brace(text: &str) -> Option<(&str, &str)> {
    let mut open = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 0 => return Some((&text[..at], &text[at + 1..])),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

/// What `X:-default` and its like stand for where X is not set.
fn unset(inside: &str) -> Option<String> {
    let name = inside.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let operator = name.strip_prefix(':').unwrap_or(name);
    match operator.chars().next()? {
        '-' => Some(operator[1..].to_owned()),
        '+' => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Service>, Vec<String>) {
        let mut notes = Vec::new();
        let services = services(Path::new("/app/compose.yaml"), text, &mut notes).unwrap();
        (services, notes)
    }

    #[test]
    fn both_forms_of_build() {
        let text = "services:\n  a:\n    build: ./api\n  b:\n    build:\n      context: ..\n      dockerfile: docker/Dockerfile\n      \
                    target: dev\n      args:\n        - A=1\n        - B\n      additional_contexts:\n        base: ../base\n  \
                    c:\n    build:\n      args: {C: \"${D:-4}\", E: ~}\n  d:\n    image: postgres\n";
        let (services, notes) = read(text);
        assert_eq!(notes, Vec::<String>::new());
        let [a, b, c] = services.as_slice() else {
            panic!("{services:?}");
        };
        assert_eq!(
            (a.line, a.context.to_str(), a.dockerfile.to_str()),
            (3, Some("/app/./api"), Some("/app/./api/Dockerfile"))
        );
        assert_eq!((b.line, b.dockerfile.to_str()), (5, Some("/app/../docker/Dockerfile")));
        assert_eq!(b.target.as_deref(), Some("dev"));
        assert_eq!(b.args, [("A".to_owned(), Some("1".to_owned())), ("B".to_owned(), None)]);
        assert_eq!(b.additional_contexts, [("base".to_owned(), "../base".to_owned())]);
        assert_eq!(c.context.to_str(), Some("/app/."));
        assert_eq!(c.args, [("C".to_owned(), Some("4".to_owned())), ("E".to_owned(), None)]);
    }

    #[test]
    fn what_a_service_runs() {
        let text = "services:\n  a:\n    build: .\n    command: npm run \"dev server\"\n    entrypoint: [/init, \"$${X}\"]\n    \
                    healthcheck: {test: [CMD, curl, -f, localhost]}\n    volumes:\n      - .:/app:ro\n      - /app/node_modules\n      \
                    - data:/data\n      - {type: bind, source: ./src, target: /app/src}\n  b:\n    build: .\n    healthcheck:\n      \
                    test: curl -f localhost || exit 1\n  c:\n    build: .\n    healthcheck: {disable: true}\n  d:\n    build: .\n    \
                    healthcheck: {test: [CMD-SHELL, pg_isready]}\n";
        let (services, _) = read(text);
        let a = &services[0];
        assert_eq!(a.command, Some(Command::Line("npm run \"dev server\"".to_owned())));
        assert_eq!(
            a.entrypoint,
            Some(Command::Words(vec!["/init".to_owned(), "${X}".to_owned()]))
        );
        let words = ["curl", "-f", "localhost"].map(str::to_owned).to_vec();
        assert_eq!(a.health_check, Some(HealthCheck::Test(Command::Words(words))));
        let mounts: Vec<_> = a
            .mounts
            .iter()
            .map(|mount| (mount.source.as_deref(), mount.target.as_str(), mount.is_bind()))
            .collect();
        assert_eq!(
            mounts,
            [
                (Some("."), "/app", true),
                (None, "/app/node_modules", false),
                (Some("data"), "/data", false),
                (Some("./src"), "/app/src", true),
            ]
        );
        let shell = |line: &str| Some(HealthCheck::Test(Command::Shell(line.to_owned())));
        assert_eq!(services[1].health_check, shell("curl -f localhost || exit 1"));
        assert_eq!(services[2].health_check, Some(HealthCheck::Disabled));
        assert_eq!(services[3].health_check, shell("pg_isready"));
    }

    #[test]
    fn what_cannot_be_told_is_noted_or_left_out() {
        let text = "services:\n  a:\n    build: ${DIR}\n  b:\n    build: https://github.com/a/b.git\n  c:\n    build:\n      \
                    dockerfile_inline: FROM scratch\n  d: 3\n  e:\n    build: [1]\n";
        let (services, notes) = read(text);
        assert_eq!(services.len(), 1);
        assert_eq!(
            notes,
            ["/app/compose.yaml:3: service a: `${DIR}` needs a variable without a default"]
        );
    }

    #[test]
    fn the_first_version_has_no_services_key() {
        assert_eq!(read("web:\n  build: .\n").0[0].name, "web");
    }

    #[test]
    fn interpolation() {
        for (text, expected) in [
            ("a$$b", Some("a$b")),
            ("${X:-y}/z", Some("y/z")),
            ("${X-${Y:-z}}", Some("z")),
            ("${X:+y}", Some("")),
            ("${X:?missing}", None),
            ("$X", None),
            ("${X}", None),
            ("${X", None),
            ("5$", Some("5$")),
        ] {
            assert_eq!(interpolate(text).as_deref(), expected, "{text}");
        }
        assert_eq!(interpolate(&"${X:-".repeat(10_000)), None);
    }

    #[test]
    fn found_upwards_and_beside() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("app/docker/Dockerfile", "FROM scratch");
        write(
            "app/docker/docker-compose.dev.yml",
            "services: {dev: {build: {context: .., dockerfile: docker/Dockerfile}}}",
        );
        write(
            "compose.yaml",
            "services: {main: {build: {context: app, dockerfile: docker/Dockerfile}}, other: {build: x}}",
        );
        write("docker-compose.override.yml", "services: {broken: [}");
        write(
            "deploy/compose.yml",
            "services: {deployed: {build: {context: ../app/docker}}}",
        );
        write("notes.yml", "services: {no: {build: app/docker}}");
        let found = Known::default().find(&root.path().join("app/docker/Dockerfile"), root.path());
        let names: Vec<&str> = found.services.iter().map(|service| service.name.as_str()).collect();
        assert_eq!(names, ["dev", "main", "deployed"]);
        assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
        assert!(found.notes[0].contains("docker-compose.override.yml: skipped:"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(services:\n  a:\n    build: )?[\\PC\n]{0,60}") {
            let _ = services(Path::new("compose.yaml"), &text, &mut Vec::new());
            let _ = interpolate(&text);
        }
    }
}
