//! What an install reads, in terms of the image, and how its dependencies can come first: for the managers of all languages,
//! by what `ecosystems::manifests` says of their files.

pub(crate) mod environment;
pub(crate) mod folders;
pub(crate) mod named;
pub(crate) mod pyproject;
mod settings;

use crate::context::Files as _;
use crate::effects::ecosystems::manifests::{self, Install, Manager, Reads, Step};
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, Execution, ManagerUse};
use crate::knowledge::{Action, Kind};

use crate::effects::image_files::{View, inside, join};

/// What the installs of a RUN need.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// The files and folders (with a `/` at the end) of the image that they read, without a `/` in front.
    pub(crate) files: Vec<String>,
    /// The files and folders that they write or may write.
    pub(crate) writes: Vec<String>,
    /// How the dependencies come first, where the command itself reads the sources.
    pub(crate) split: Option<Split>,
}

impl Needs {
    /// Of a command that gains nothing from standing before the sources.
    pub(crate) fn pointless() -> Needs {
        Needs {
            split: Some(Split::Pointless),
            ..Needs::default()
        }
    }
}

/// A command that installs the dependencies alone.
#[derive(Clone, Debug)]
pub(crate) enum Split {
    /// The command as written with these words at its end.
    Add(Vec<String>),
    /// This command, which downloads them into the tool's cache.
    Download(Vec<String>),
    /// This command, which installs them.
    Install(Vec<String>),
    /// Not at all: nothing is gained.
    Pointless,
}

/// The managers whose installs are followed.
fn manager(id: &str) -> Option<Manager> {
    match id {
        "yarn-berry" => Some(Manager::Yarn),
        id => id.parse().ok(),
    }
}

/// What command number `number` of `run` reads.
pub(crate) fn needs(run: &Execution, number: usize, view: &View<'_>) -> Result<Needs, Obstacle> {
    let none = || Ok(Needs::default());
    let Some((command, used)) = run.commands.get(number).and_then(|c| Some((c, c.manager.as_ref()?))) else {
        return none();
    };
    let name = format!("`{} {}`", used.program, used.verb);
    let is_ignored = |variable: &str| used.manager.project.is_not_for_download(variable);
    if let Some(named) = named::by_surroundings(command, view, &is_ignored).first() {
        return Err(named.obstacle(&name));
    }
    let Some(manager) = manager(&used.manager.id) else {
        if let Some(named) = named::by_words(command, used, view).first() {
            return Err(named.obstacle(&name));
        }
        // What is installed by name reads nothing.
        let reads_files = !used.reads.is_empty()
            || used.has_unknown_arguments
            || used.action == Action::Build
            || used.may_read_project();
        let is_plain = !reads_files && command.words.iter().all(|word| word.value.is_some());
        let prepares_project = used.manager.id == "corepack" && matches!(used.verb.as_str(), "install" | "use" | "up");
        if prepares_project && is_plain && used.verb == "install" {
            // It takes the version of the package manager from the manifest.
            let folder = command.workdir.as_deref().unwrap_or("/").trim_matches('/');
            let manifest = join(folder, "package.json");
            return Ok(Needs {
                files: Some(manifest)
                    .filter(|path| view.supplier(path).is_some())
                    .into_iter()
                    .collect(),
                ..Needs::default()
            });
        }
        return if is_plain && !prepares_project && used.action != Action::Run {
            none()
        } else {
            Err(Obstacle::new(
                ObstacleKind::UnknownCommand,
                format!("{name} may read any of the files"),
                "copy the files that it reads in a COPY of their own, before it",
            ))
        };
    };
    if let Some(split) = compiles(manager, used, run, view) {
        return split.map(|split| Needs {
            split: Some(split),
            ..Needs::default()
        });
    }
    let Some(workdir) = command.workdir.as_deref() else {
        return Err(Obstacle::new(
            ObstacleKind::UnknownPlace,
            format!("nothing tells in which folder {name} runs"),
            "set WORKDIR to an absolute path before it",
        ));
    };
    let folder = workdir.trim_matches('/').to_owned();
    let (verb, arguments) = words(command, &used.program, &used.verb);
    let arguments: Vec<String> = arguments.iter().map(|word| relative(word, &folder, view)).collect();
    let is_global =
        arguments.iter().any(|word| matches!(word.as_str(), "-g" | "--global")) || verb.starts_with("global");
    if is_node(manager) && is_global {
        return match named::by_words(command, used, view).first() {
            Some(named) => Err(named.obstacle(&name)),
            None => Ok(Needs {
                files: settings::global(manager, &folder, view),
                ..Needs::default()
            }),
        };
    }
    settings::written(manager, &verb, &arguments, &folder, view).map_err(|what| {
        let remedy = "commit the setting, and leave the command out";
        Obstacle::new(
            ObstacleKind::Order,
            format!("{name} {what}, which the COPY behind it would undo"),
            remedy.to_owned(),
        )
    })?;
    if manager == Manager::Pip {
        settings::into_sources(used, &folder, view)?;
    }
    let arguments = without_paths_of_others(manager, arguments, view);
    let install = Install::new(manager, &verb, arguments, &folder);
    let reads = manifests::reads(&install, view);
    let mut needs = Needs::default();
    let adds = matches!(
        verb.as_str(),
        "add"
            | "require"
            | "update"
            | "up"
            | "upgrade"
            | "remove"
            | "link"
            | "dedupe"
            | "lock"
            | "export"
            | "get"
            | "pip compile"
            | "mod tidy"
            | "mod vendor"
    ) || (is_node(manager) || manager == Manager::Pipenv) && !used.packages.is_empty();
    if adds && !reads.files.is_empty() {
        return Err(Obstacle::new(
            ObstacleKind::Order,
            format!("{name} changes the manifest or the lock file, which the COPY behind it would undo"),
            "put the dependency into the manifest, and install from there",
        ));
    }
    if manager == Manager::Go && !reads.is_manifests_only() {
        // Without modules there is nothing to download, and what is vendored is there.
        let downloads = reads.project.dependencies_first.is_some() || used.action != Action::Build;
        if !downloads || !has_requirements(&reads, view) {
            return Ok(Needs::pointless());
        }
    }
    let found = if reads.is_manifests_only() {
        reads
    } else {
        let (found, split) = split(&install, &reads, view, &used.program)?;
        needs.split = Some(split);
        found
    };
    needs.files = found.files.iter().map(|file| file.path.clone()).collect();
    for other in named::by_words(command, used, view) {
        // A download has its own words.
        let counts = match &needs.split {
            Some(Split::Download(words)) => words.contains(&other.by),
            _ => true,
        };
        if !counts || named::is_covered(&needs.files, &other.path) {
            continue;
        }
        if !other.is_alone(view) {
            return Err(other.obstacle(&name));
        }
        needs.files.push(other.path);
    }
    needs.files.extend(settings::versions(manager, &folder, view));
    needs.writes = writes(manager, &folder, &found, view);
    scripts(&needs.files, view)?;
    Ok(needs)
}

/// Whether a command is one of a language's package manager.
pub(crate) fn is_language(run: &Execution, number: usize) -> bool {
    let used = run.commands.get(number).and_then(|command| command.manager.as_ref());
    used.is_some_and(|used| used.manager.kind == Kind::Language)
}

/// Cargo, Maven and Gradle where they compile: none of them installs the dependencies alone.
fn compiles(manager: Manager, used: &ManagerUse, run: &Execution, view: &View<'_>) -> Option<Result<Split, Obstacle>> {
    let builds = matches!(used.action, Action::Build | Action::Install);
    match manager {
        // Their downloads are kept by a cache mount; a download of its own would save nothing on top.
        Manager::Maven | Manager::Gradle if builds => Some(Ok(Split::Pointless)),
        Manager::Cargo if used.action == Action::Install && !used.packages.is_empty() && used.reads.is_empty() => None,
        Manager::Cargo if builds => {
            let keeps_target = run
                .mounts
                .iter()
                .any(|mount| mount.kind == "cache" && mount.target().is_some_and(|target| target.contains("target")));
            let lock = view.copies.iter().flat_map(|copy| &copy.layers).find_map(|layer| {
                let folder = layer.is_folder.then_some(layer.to.as_str())?;
                view.read(&join(folder, "Cargo.lock"))
            });
            // One package is the project itself.
            let is_alone = lock.is_some_and(|lock| lock.matches("[[package]]").count() <= 1);
            // The mount of the target folder is the business of `cache-mounts`; an install builds outside of it.
            let is_kept = keeps_target || view.keeps_builds && used.action == Action::Build;
            Some(if is_kept || is_alone {
                Ok(Split::Pointless)
            } else {
                Err(Obstacle::new(
                    ObstacleKind::Unsupported,
                    format!(
                        "`cargo {}` compiles the dependencies with the project, and cargo has no command for them alone",
                        used.verb
                    ),
                    "keep what is compiled in a cache mount for the target folder, or build the dependencies with \
                     cargo-chef",
                ))
            })
        }
        _ => None,
    }
}

/// The arguments without packages, and folders of packages, that lie outside of all that is copied from the context:
/// `/wheels/*` from another stage.
fn without_paths_of_others(manager: Manager, arguments: Vec<String>, view: &View<'_>) -> Vec<String> {
    if manager != Manager::Pip {
        return arguments;
    }
    let is_foreign = |path: &str| path.len() > 1 && path.starts_with('/') && !view.exists(path.trim_matches('/'));
    let is_links = |word: &str| matches!(word, "-f" | "--find-links");
    let mut kept: Vec<String> = Vec::new();
    for word in arguments {
        let (option, path) = match word.split_once('=') {
            Some((option, path)) if is_links(option) => (Some(option), path),
            _ => (kept.last().map(String::as_str), word.as_str()),
        };
        let files = ["-r", "--requirement", "-c", "--constraint", "-e", "--editable"];
        let follows_option = option.is_some_and(|option| files.contains(&option));
        if option.is_some_and(is_links) && is_foreign(path) {
            kept.pop_if(|last| is_links(last));
        } else if !follows_option
            && (path.ends_with('*') || path.ends_with(".whl"))
            && path.rsplit_once('/').is_some_and(|(folder, _)| is_foreign(folder))
        {
            // Nothing of it is among what is copied.
        } else {
            kept.push(word);
        }
    }
    kept
}

/// Whether `go.mod` asks for any module.
fn has_requirements(reads: &Reads, view: &View<'_>) -> bool {
    let manifests = reads.files.iter().filter(|file| file.path.ends_with("go.mod"));
    let mut texts = manifests.filter_map(|file| view.read(&file.path));
    texts.any(|text| text.lines().any(|line| line.trim_start().starts_with("require")))
}

pub(crate) fn is_node(manager: Manager) -> bool {
    matches!(manager, Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun)
}

/// The verb and the arguments of a command.
fn words(command: &Command, program: &str, verb: &str) -> (String, Vec<String>) {
    let text = |index: usize| {
        let word = command.words.get(index)?;
        Some(
            word.value
                .clone()
                .unwrap_or_else(|| format!("${}", word.text.replace(['"', '\''], ""))),
        )
    };
    let texts: Vec<String> = (0..command.words.len()).filter_map(text).collect();
    let is_program = |word: &String| word.rsplit('/').next() == Some(program);
    let at = texts.iter().position(is_program).unwrap_or(0);
    let mut rest: Vec<String> = texts.get(at + 1..).unwrap_or_default().to_vec();
    let phrase: Vec<&str> = verb
        .split_whitespace()
        .filter(|word| !word.starts_with('-') && *word != "*")
        .collect();
    for word in &phrase {
        if let Some(at) = rest.iter().position(|other| other == word) {
            rest.remove(at);
        }
    }
    (phrase.join(" "), rest)
}

/// A word with an absolute path to something that was copied, as a path from `folder`.
fn relative(word: &str, folder: &str, view: &View<'_>) -> String {
    let Some(at) = word.find('/') else {
        return word.to_owned();
    };
    let (option, path) = word.split_at(at);
    let is_option = option.is_empty() || option.starts_with('-') && (option.ends_with('=') || option.len() == 2);
    let path = path.trim_matches('/');
    if !is_option || path.is_empty() || !view.exists(path) {
        return word.to_owned();
    }
    let way = match inside(path, folder) {
        Some("") => ".".to_owned(),
        Some(rest) => rest.to_owned(),
        None => {
            let depth = folder.split('/').filter(|part| !part.is_empty()).count();
            format!("{}{path}", "../".repeat(depth))
        }
    };
    format!("{option}{way}")
}

/// How the dependencies come first.
fn split(install: &Install, reads: &Reads, view: &View<'_>, program: &str) -> Result<(Reads, Split), Obstacle> {
    let name = format!("`{program} {}`", install.verb);
    if let Some(missing) = reads.missing.first() {
        let path = &missing.path;
        let place = install.folder.as_str();
        return Err(Obstacle::new(
            ObstacleKind::MissingFile,
            format!("{name} needs `{path}`, which no COPY before it brings"),
            format!("copy it, or check that it is in the build context (folder `/{place}` of the image)"),
        ));
    }
    if let Some(unknown) = reads.unknown.first() {
        return Err(Obstacle::new(
            ObstacleKind::UnknownNeed,
            &unknown.obstacle,
            &unknown.remedy,
        ));
    }
    let why = reads.sources.first().map(|source| source.why.as_str());
    let stop = |remedy: &str| Err(Obstacle::new(ObstacleKind::InUse, why.unwrap_or_default(), remedy));
    let by_hand = "copy what it reads in a COPY of its own, before it";
    let first = reads
        .project
        .dependencies_first
        .as_ref()
        .filter(|first| first.stubs.is_empty());
    if let Some(Step::Requirements(_)) = first.map(|first| &first.step)
        && let Some((words, found)) = pyproject::dependencies(install, program, reads, view)
    {
        return Ok((found, Split::Install(words)));
    }
    let (step, next) = match first.map(|first| &first.step) {
        Some(Step::AddFlags(flags)) if matches!(install.manager, Manager::Uv | Manager::Poetry) => {
            let mut next = install.clone();
            next.arguments.extend(flags.iter().cloned());
            (Split::Add(flags.clone()), next)
        }
        Some(Step::Run(words)) if words.as_slice() == ["go", "mod", "download"] => {
            let next = Install::new(Manager::Go, "mod download", Vec::<String>::new(), &install.folder);
            (Split::Download(words.clone()), next)
        }
        Some(Step::Run(words)) if words.starts_with(&["dotnet".to_owned(), "restore".to_owned()]) => {
            let operands = words.iter().skip(2).cloned();
            (
                Split::Download(words.clone()),
                Install::new(Manager::Dotnet, "restore", operands, &install.folder),
            )
        }
        _ if install.manager == Manager::Pip => {
            return stop("list the dependencies in a requirements.txt, and install that before the project");
        }
        Some(Step::AddFlags(flags)) => {
            let remedy = format!(
                "run it with {} first, behind a COPY of the manifests, and once more behind the sources",
                flags.join(" ")
            );
            return stop(&remedy);
        }
        _ => return stop(by_hand),
    };
    let found = manifests::reads(&next, view);
    if found.is_manifests_only() {
        Ok((found, step))
    } else {
        stop(by_hand)
    }
}

/// What the install writes into the project's folders.
fn writes(manager: Manager, folder: &str, reads: &Reads, view: &View<'_>) -> Vec<String> {
    let names: &[&str] = match manager {
        Manager::Npm | Manager::Bun | Manager::Pnpm => &["node_modules"],
        Manager::Yarn => &[
            "node_modules",
            ".pnp.cjs",
            ".pnp.js",
            ".pnp.loader.mjs",
            ".yarn/unplugged",
            ".yarn/install-state.gz",
        ],
        Manager::Uv | Manager::Poetry | Manager::Pdm | Manager::Pipenv => &[".venv"],
        Manager::Composer => &["vendor"],
        Manager::Bundler => &["vendor/bundle", "vendor/cache", ".bundle"],
        Manager::Dotnet => &["obj", "bin"],
        Manager::Pip => &["src"],
        _ => &[],
    };
    let parents = reads.files.iter().filter_map(|file| {
        let is_manifest = file.path.ends_with("package.json") || file.path.ends_with("proj");
        is_manifest.then(|| file.path.rsplit_once('/').map_or("", |(parent, _)| parent))
    });
    let mut folders: Vec<&str> = parents
        .chain([folder])
        .chain(reads.workspace_members.iter().map(String::as_str))
        .collect();
    folders.sort_unstable();
    folders.dedup();
    let clones = manager != Manager::Pip
        || reads.files.iter().filter_map(|file| view.read(&file.path)).any(|text| {
            text.lines()
                .any(|line| (line.starts_with("-e") || line.starts_with("--editable")) && line.contains("+"))
        });
    let all = folders
        .iter()
        .flat_map(|folder| names.iter().map(|name| join(folder, name)));
    all.filter(|_| clones).collect()
}

/// Scripts of the install that write what the COPY brings, or what lies in `.git`.
fn scripts(files: &[String], view: &View<'_>) -> Result<(), Obstacle> {
    for path in files {
        let text = if path.ends_with("package.json") || path.ends_with(".prisma") {
            view.read(path)
        } else {
            None
        };
        let Some(text) = text else { continue };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if path.ends_with(".prisma") {
            let writes = text
                .lines()
                .map(str::trim)
                .any(|line| line.starts_with("output") && !line.contains("node_modules"));
            if writes {
                return Err(Obstacle::new(
                    ObstacleKind::Order,
                    format!("{path} lets Prisma write its client among the sources"),
                    "run `prisma generate` in a RUN behind the COPY of the sources",
                ));
            }
            continue;
        }
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let scripts = ["preinstall", "install", "postinstall", "prepare"]
            .iter()
            .filter_map(|name| manifest.get("scripts")?.get(name)?.as_str());
        let hooks = ["husky", "simple-git-hooks", "lefthook", "git config"];
        for script in scripts {
            if hooks.iter().any(|tool| script.contains(tool)) && view.exists(&join(folder, ".git")) {
                return Err(Obstacle::new(
                    ObstacleKind::Order,
                    format!("a script of /{path} installs git hooks (`{script}`), and .git is copied too"),
                    "add .git to .dockerignore",
                ));
            }
        }
    }
    Ok(())
}
