//! What `dotnet` commands read.

use super::solution::is_project;
use super::{nuget, project, solution};
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::{Gather, download_first};
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::SourceKind;

const VALUED: &str = "
    -c --configuration -o --output -r --runtime -a --arch --os -f --framework -s --source --configfile --packages
    -v --verbosity --lock-file-path --project --version-suffix --artifacts-path --manifest --logger --filter
    --settings --results-directory --version --tool-path --tool-manifest --add-source";

/// What a `dotnet` command reads.
pub(crate) fn install(install: &Install, gather: &mut Gather) {
    // `--self-contained false` and the like: the value is no project.
    let is_switch = |word: &&String| !matches!(word.to_lowercase().as_str(), "true" | "false");
    let words: Vec<String> = install.arguments.iter().filter(is_switch).cloned().collect();
    let arguments = Arguments::parse(&words, VALUED);
    let builds = match install.verb.as_str() {
        "restore" => false,
        "build" | "publish" | "test" | "run" | "pack" | "msbuild" => true,
        "tool restore" => {
            let path = paths::join(&install.folder, ".config/dotnet-tools.json");
            gather.need(&path, "the list of tools");
            return nuget::read(gather, &install.folder, &install.root);
        }
        "" | "tool install" | "workload install" | "new" | "--info" | "--version" | "nuget" | "nuget add source"
        | "dev-certs" | "dev-certs https" | "nuget locals" => return,
        verb => {
            return gather.unknown(
                format!("`dotnet {verb}` is not a command whose reads are known"),
                "restore with `dotnet restore` in a step of its own",
            );
        }
    };
    for at in paths::upward(&install.folder, &install.root) {
        let path = paths::join(at, "global.json");
        if gather.files.exists(&path) {
            gather.take(&path, "the version of the SDK");
            break;
        }
    }
    for name in arguments.values(&["--configfile"]) {
        match paths::resolve(&install.folder, name) {
            Some(path) => nuget::config(gather, &path),
            None => gather.outside(name, "--configfile"),
        }
    }
    for name in arguments.values(&["-s", "--source", "--add-source"]) {
        if !name.contains("://") && (name.contains('/') || name.starts_with('.')) {
            gather.take_named(&install.folder, name, "the command line");
        }
    }
    let operands = arguments
        .operands
        .iter()
        .filter(|operand| !operand.starts_with('/') || is_target(operand));
    let mut named: Vec<&str> = operands.map(String::as_str).collect();
    named.extend(arguments.value(&["--project"]));
    // `dotnet run -- args` and `dotnet test` take one project; what follows belongs to the program.
    named.truncate(1);
    let target = named.first().copied().unwrap_or(".");
    let Some(path) = paths::resolve(&install.folder, target) else {
        return gather.outside(target, "the command line");
    };
    let Some(folder) = read_target(gather, &path, &install.root) else {
        return;
    };
    if builds {
        gather.source(
            &folder,
            SourceKind::Project,
            format!("`dotnet {}` compiles the project", install.verb),
        );
        let settings = restore_settings(&words);
        let is_plain = |word: &&str| {
            word.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c))
        };
        let mut words = vec!["dotnet", "restore"];
        words.extend(&named);
        words.extend(&settings);
        let first = download_first(&words, Vec::new()).filter(|_| settings.iter().all(is_plain));
        gather.project(first.filter(|_| !arguments.has(&["--no-restore", "--no-build"])));
    }
}

/// The words that tell the restore of a build where packages come from.
fn restore_settings(words: &[String]) -> Vec<&str> {
    const PLACES: &[&str] = &["-s", "--source", "--configfile"];
    let is_property = |word: &str| {
        let prefixes = ["-p:", "/p:", "--property:", "-property:", "/property:"];
        let property = prefixes.iter().find_map(|prefix| word.strip_prefix(prefix));
        property.is_some_and(|property| property.to_ascii_lowercase().starts_with("restore"))
    };
    let mut settings = Vec::new();
    let mut rest = words.iter().map(String::as_str);
    while let Some(word) = rest.next() {
        if PLACES.contains(&word) {
            settings.push(word);
            settings.extend(rest.next());
        } else if is_property(word) || PLACES.iter().any(|place| word.starts_with(&format!("{place}="))) {
            settings.push(word);
        }
    }
    settings
}

/// Whether an operand that begins with `/` is a path; `/p:Name=value` is an option of MSBuild.
fn is_target(operand: &str) -> bool {
    is_project(operand) || is_solution(operand)
}

fn is_solution(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".sln", ".slnx", ".slnf"].iter().any(|ending| name.ends_with(ending))
}

/// The project or solution at `path`, or the only one in the folder `path`. The folder whose code it compiles.
fn read_target(gather: &mut Gather, path: &str, top: &str) -> Option<String> {
    if is_target(path) {
        let folder = paths::parent(path).to_owned();
        nuget::read(gather, &folder, top);
        if is_solution(path) {
            read_solution(gather, path, top);
        } else {
            project::read(gather, path, top, "the project");
        }
        return Some(folder);
    }
    let entries = gather.files.list(path);
    let solutions: Vec<&String> = entries
        .iter()
        .filter(|name| is_solution(name) && !name.ends_with(".slnf"))
        .collect();
    let projects: Vec<&String> = entries.iter().filter(|name| is_project(name)).collect();
    let found = match (solutions.as_slice(), projects.as_slice()) {
        ([solution], []) => paths::join(path, solution),
        ([], [project]) => paths::join(path, project),
        ([], []) => {
            gather.need(&paths::join(path, "*.csproj"), "the project or solution");
            return None;
        }
        _ => {
            // MSBuild refuses a folder with several (MSB1011).
            gather.unknown(
                format!("{} has several projects or solutions", paths::shown(path)),
                "name the project in the command",
            );
            return None;
        }
    };
    read_target(gather, &found, top)
}

fn read_solution(gather: &mut Gather, path: &str, top: &str) {
    let Some(text) = gather.need_text(path, "the solution") else {
        return;
    };
    let mut folder = paths::parent(path).to_owned();
    let mut place = path.to_owned();
    if path.to_ascii_lowercase().ends_with(".slnf") {
        // A filter's projects count from the solution that it narrows.
        let Some(solution) = solution::filtered(&text).and_then(|name| paths::resolve(&folder, &name)) else {
            return gather.invalid(path, "it names no solution");
        };
        gather.need(&solution, &format!("narrowed by {path}"));
        folder = paths::parent(&solution).to_owned();
        place = solution;
    }
    for name in solution::projects(path, &text) {
        match paths::resolve(&folder, &name) {
            Some(project) => {
                gather.member(paths::parent(&project));
                nuget::read(gather, paths::parent(&project), top);
                project::read(gather, &project, top, &format!("a project of {place}"));
            }
            None => gather.outside(&name, &place),
        }
    }
}
