//! What an install reads, in terms of the image.

use crate::context::manifests::{self, Files as _, Install, Manager, Reads, Step};
use crate::facts::{Command, Execution};
use crate::knowledge::Action;

use super::Obstacle;
use super::view::{View, inside, join};

/// What the installs of a RUN need.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// The files and folders (with a `/` at the end) of the image that they read, without a `/` in front.
    pub(super) files: Vec<String>,
    /// The files and folders that they write or may write.
    pub(super) writes: Vec<String>,
    /// How the dependencies come first, where the command itself reads the sources.
    pub(super) split: Option<Split>,
}

/// A command that installs the dependencies alone.
#[derive(Clone, Debug)]
pub(super) enum Split {
    /// The command as written with these words at its end.
    Add(Vec<String>),
    /// This command.
    Run(Vec<String>),
}

/// The managers whose installs are followed.
fn manager(id: &str) -> Option<Manager> {
    match id {
        "yarn-berry" => Some(Manager::Yarn),
        id => id.parse().ok(),
    }
}

/// What command number `number` of `run` reads.
pub(super) fn needs(run: &Execution, number: usize, view: &View<'_>) -> Result<Needs, Obstacle> {
    let none = || Ok(Needs::default());
    let Some((command, used)) = run.commands.get(number).and_then(|c| Some((c, c.manager.as_ref()?))) else {
        return none();
    };
    let name = format!("`{} {}`", used.program, used.verb);
    let Some(manager) = manager(&used.manager.id) else {
        // What is installed by name reads nothing.
        let reads_files = !used.reads.is_empty() || used.has_unknown_arguments || used.action == Action::Build;
        let is_plain = !reads_files && command.words.iter().all(|word| word.value.is_some());
        let prepares_project = used.manager.id == "corepack" && matches!(used.verb.as_str(), "install" | "use" | "up");
        return if is_plain && !prepares_project && used.action != Action::Run {
            none()
        } else {
            Err((
                format!("{name} may read any of the files"),
                "copy the files that it reads in a COPY of their own, before it".to_owned(),
            ))
        };
    };
    if matches!(manager, Manager::Gradle | Manager::Maven | Manager::Cargo)
        && !used.packages.is_empty()
        && used.reads.is_empty()
        && manager == Manager::Cargo
        && used.action == Action::Install
    {
        return none();
    }
    if matches!(manager, Manager::Gradle | Manager::Maven | Manager::Cargo) {
        return Err((
            format!("{name} reads the sources, and this pass does not split it"),
            "download the dependencies in a RUN of their own, before the COPY of the sources".to_owned(),
        ));
    }
    let Some(workdir) = command.workdir.as_deref() else {
        return Err((
            format!("nothing tells in which folder {name} runs"),
            "set WORKDIR to an absolute path before it".to_owned(),
        ));
    };
    let folder = workdir.trim_matches('/').to_owned();
    let (verb, arguments) = words(command, &used.program, &used.verb);
    let arguments: Vec<String> = arguments.iter().map(|word| relative(word, &folder, view)).collect();
    let is_global =
        arguments.iter().any(|word| matches!(word.as_str(), "-g" | "--global")) || verb.starts_with("global");
    if is_node(manager) && is_global {
        return none();
    }
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
        return Err((
            format!("{name} changes the manifest or the lock file, which the COPY behind it would undo"),
            "put the dependency into the manifest, and install from there".to_owned(),
        ));
    }
    let found = if reads.is_manifests_only() {
        reads
    } else {
        let (found, split) = split(&install, &reads, view, &name)?;
        needs.split = Some(split);
        found
    };
    needs.files = found.files.iter().map(|file| file.path.clone()).collect();
    needs.writes = writes(manager, &folder, &found, view);
    scripts(&needs.files, view)?;
    Ok(needs)
}

pub(super) fn is_node(manager: Manager) -> bool {
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
fn split(install: &Install, reads: &Reads, view: &View<'_>, name: &str) -> Result<(Reads, Split), Obstacle> {
    let by_hand = || "copy what it reads in a COPY of its own, before it".to_owned();
    if let Some(missing) = reads.missing.first() {
        let path = &missing.path;
        let place = install.folder.as_str();
        return Err((
            format!("{name} needs `{path}`, which no COPY before it brings"),
            format!("copy it, or check that it is in the build context (folder `/{place}` of the image)"),
        ));
    }
    if let Some(unknown) = reads.unknown.first() {
        return Err((unknown.obstacle.clone(), unknown.remedy.clone()));
    }
    let why = reads
        .sources
        .first()
        .map(|source| source.why.clone())
        .unwrap_or_default();
    let first = reads
        .project
        .dependencies_first
        .as_ref()
        .filter(|first| first.stubs.is_empty());
    let (step, next) = match first.map(|first| &first.step) {
        Some(Step::AddFlags(flags)) if matches!(install.manager, Manager::Uv | Manager::Poetry) => {
            let mut next = install.clone();
            next.arguments.extend(flags.iter().cloned());
            (Split::Add(flags.clone()), next)
        }
        Some(Step::Run(words)) if words.as_slice() == ["go", "mod", "download"] => {
            let next = Install::new(Manager::Go, "mod download", Vec::<String>::new(), &install.folder);
            (Split::Run(words.clone()), next)
        }
        Some(Step::Run(words)) if words.starts_with(&["dotnet".to_owned(), "restore".to_owned()]) => {
            let operands = words.iter().skip(2).cloned();
            (
                Split::Run(words.clone()),
                Install::new(Manager::Dotnet, "restore", operands, &install.folder),
            )
        }
        Some(Step::Requirements(_)) => {
            return Err((
                why,
                "list the dependencies in a requirements.txt, and install that before the project".to_owned(),
            ));
        }
        _ => return Err((why, by_hand())),
    };
    let found = manifests::reads(&next, view);
    if found.is_manifests_only() {
        Ok((found, step))
    } else {
        Err((why, by_hand()))
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
                return Err((
                    format!("{path} lets Prisma write its client among the sources"),
                    "run `prisma generate` in a RUN behind the COPY of the sources".to_owned(),
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
                return Err((
                    format!("a script of /{path} installs git hooks (`{script}`), and .git is copied too"),
                    "add .git to .dockerignore".to_owned(),
                ));
            }
        }
    }
    Ok(())
}

/// Variables by which tools are told of files of the project.
pub(super) fn environment(scope: &crate::facts::Scope, folder: &str, view: &View<'_>) -> Result<(), Obstacle> {
    const PREFIXES: &[&str] = &[
        "PIP_",
        "UV_",
        "NPM_",
        "YARN_",
        "PNPM_",
        "BUN_",
        "BUNDLE_",
        "POETRY_",
        "PIPENV_",
        "PDM_",
        "COMPOSER",
        "GO",
        "NUGET_",
        "NODE_OPTIONS",
        "DOTNET_",
        "BASH_ENV",
    ];
    for (name, variable) in &scope.variables {
        let value = variable.value.as_deref().unwrap_or_default();
        let upper = name.to_uppercase();
        if upper == "PATH" {
            let brings = |part: &&str| {
                part.starts_with('/') && view.exists(part.trim_matches('/')) && !view.list(part).is_empty()
            };
            if let Some(part) = value.split(':').find(brings) {
                return Err((
                    format!("PATH names {part}, in which the sources bring programs"),
                    "set PATH behind the install".to_owned(),
                ));
            }
        } else if PREFIXES.iter().any(|prefix| upper.starts_with(prefix)) {
            let names = |part: &&str| {
                let path = if part.starts_with('/') {
                    part.trim_matches('/').to_owned()
                } else {
                    join(folder, part.trim_start_matches("./"))
                };
                !part.is_empty()
                    && !path.is_empty()
                    && view.supplier(&path).is_some()
                    && *part != "."
                    && !(part.starts_with('/') && path == folder)
            };
            if let Some(part) = value.split([':', '=', ',', ' ']).find(names) {
                return Err((
                    format!("the variable {name} names {part}, which is among what is copied"),
                    "name the file as an option of the install".to_owned(),
                ));
            }
        }
    }
    Ok(())
}
