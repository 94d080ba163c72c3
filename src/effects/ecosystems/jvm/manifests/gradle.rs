//! Gradle: build scripts are programs; what their text names is read, the rest is said to be unknown.

use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::SourceKind;

const VALUED: &str = "
    -p --project-dir -c --settings-file -b --build-file -g --gradle-user-home -I --init-script -x --exclude-task
    --include-build --console --max-workers --project-cache-dir --configuration";

/// Tasks that only resolve, with the build scripts of all projects.
const RESOLVES: &[&str] = &[
    "dependencies",
    "help",
    "tasks",
    "projects",
    "properties",
    "buildEnvironment",
    "resolveDependencies",
    "--version",
];

/// Words of a settings script that make the list of projects depend on a run.
const DYNAMIC_SETTINGS: &[&str] = &[
    ".listFiles",
    ".eachDir",
    ".eachFile",
    ".walk",
    "fileTree(",
    ".execute(",
    "System.getenv",
    ".projectDir",
];

/// Words of a build script that read files by a name that only a run knows.
const DYNAMIC_BUILD: &[&str] = &[
    ".execute(",
    "exec {",
    "exec(",
    "providers.exec",
    "ProcessBuilder",
    "Runtime.getRuntime",
];

/// What a `gradle` command reads.
pub(crate) fn gradle(install: &Install, gather: &mut Gather) {
    let arguments = Arguments::parse(&install.arguments, VALUED);
    let verb = install.verb.split_whitespace().map(str::to_owned);
    let tasks: Vec<String> = verb.chain(arguments.operands.iter().cloned()).collect();
    let named = arguments.value(&["-p", "--project-dir"]).unwrap_or(".");
    let Some(folder) = paths::resolve(&install.folder, named) else {
        return gather.outside(named, "--project-dir");
    };
    let mut holds_settings = paths::upward(&folder, &install.root).into_iter().filter(|at| {
        let has = |name: &str| gather.files.exists(&paths::join(at, name));
        has("settings.gradle") || has("settings.gradle.kts")
    });
    let root = holds_settings.next().unwrap_or(&folder).to_owned();
    if tasks.iter().any(|task| task == "wrapper") && tasks.len() == 1 {
        return;
    }
    build(gather, &root);
    for name in arguments.values(&["-I", "--init-script", "-b", "--build-file", "-c", "--settings-file"]) {
        gather.take_named(&install.folder, name, "the command line");
    }
    // A task of one project: `:app:dependencies`.
    let resolves = |task: &String| RESOLVES.contains(&task.rsplit(':').next().unwrap_or(task));
    if tasks.iter().all(resolves) {
        return;
    }
    gather.source(
        &root,
        SourceKind::Project,
        format!("`gradle {}` builds the project", tasks.join(" ")),
    );
    // `gradle dependencies` resolves versions without downloading the artifacts.
    gather.project(None);
}

/// The scripts and settings of the build whose root is `root`.
fn build(gather: &mut Gather, root: &str) {
    if !gather.first_visit("gradle build", root) {
        return;
    }
    for name in [
        "gradle.properties",
        "gradlew",
        "gradlew.bat",
        "gradle.lockfile",
        "lint.xml",
    ] {
        let path = paths::join(root, name);
        if gather.files.exists(&path) {
            gather.take(&path, "Gradle's settings and the wrapper");
        }
    }
    gather.take_folder(&paths::join(root, "gradle"), "the wrapper and the version catalog");
    let included = paths::join(root, "buildSrc");
    if gather.take_folder(&included, "code of the build itself") {
        build(gather, &included);
    }
    let mut projects = vec![root.to_owned()];
    if let Some((path, text)) = script(gather, root, "settings") {
        settings(gather, root, &path, &text, &mut projects);
    }
    for project in projects {
        if project != root {
            gather.member(&project);
        }
        for name in ["gradle.properties", "gradle.lockfile"] {
            let path = paths::join(&project, name);
            if gather.files.exists(&path) {
                gather.take(&path, "settings of the project");
            }
        }
        if let Some((path, text)) = script(gather, &project, "build") {
            build_script(gather, root, &project, &path, &text);
        }
    }
}

/// The script `name.gradle` or `name.gradle.kts` in `folder`.
fn script(gather: &mut Gather, folder: &str, name: &str) -> Option<(String, String)> {
    let names = [format!("{name}.gradle"), format!("{name}.gradle.kts")];
    for path in names.iter().map(|name| paths::join(folder, name)) {
        if gather.files.exists(&path) {
            let text = gather.take_text(&path, "a script of the build")?;
            return Some((path, without_comments(&text)));
        }
    }
    gather.take(&paths::join(folder, &format!("{name}.gradle")), "a script of the build");
    None
}

fn settings(gather: &mut Gather, root: &str, path: &str, text: &str, projects: &mut Vec<String>) {
    if let Some(word) = DYNAMIC_SETTINGS.iter().find(|word| text.contains(**word)) {
        gather.unknown(
            format!(
                "{path} uses {}, so which projects it has shows only when it runs",
                word.trim_matches(['.', '('])
            ),
            format!("list the projects with include(...) in {path}"),
        );
    }
    for name in calls(text, "include") {
        if name.contains('$') {
            gather.outside(&name, path);
            continue;
        }
        let folder = name.trim_start_matches(':').replace(':', "/");
        let folder = paths::join(root, &folder);
        // Every project on the way down is one, too.
        let mut on_the_way = paths::upward(&folder, root);
        on_the_way.reverse();
        for at in on_the_way {
            if !projects.iter().any(|known| known == at) {
                projects.push(at.to_owned());
            }
        }
    }
    for name in calls(text, "includeBuild") {
        match paths::resolve(root, &name) {
            Some(included) if !included.is_empty() => {
                gather.take_folder(&included, &format!("a build that {path} includes"));
                build(gather, &included);
            }
            _ => gather.outside(&name, path),
        }
    }
    applied(gather, root, root, path, text);
}

fn build_script(gather: &mut Gather, root: &str, folder: &str, path: &str, text: &str) {
    if let Some(word) = DYNAMIC_BUILD.iter().find(|word| text.contains(**word)) {
        gather.unknown(
            format!(
                "{path} runs other programs ({}), and what those read is not known",
                word.trim_matches(['.', '(', ' ', '{'])
            ),
            format!("take the call out of {path}, or build in one step"),
        );
    }
    applied(gather, root, folder, path, text);
    // Jars of the context: `files("libs/x.jar")`, `fileTree(dir: "libs")`, `flatDir { dirs "libs" }`.
    for call in ["files", "file", "fileTree", "dir", "dirs", "rootProject.file"] {
        let base = if call.starts_with("root") { root } else { folder };
        for name in calls(text, call) {
            if let Some(target) = paths::resolve(base, &name).filter(|target| !target.is_empty()) {
                if !gather.files.list(&target).is_empty() {
                    gather.take_folder(&target, &format!("named by {path}"));
                } else if gather.files.exists(&target) {
                    gather.take(&target, &format!("named by {path}"));
                }
            }
        }
    }
}

/// Scripts that `apply from:` names, and theirs.
fn applied(gather: &mut Gather, root: &str, folder: &str, path: &str, text: &str) {
    let groovy = calls(text, "from:");
    let kotlin = calls(text, "from =");
    for name in groovy.into_iter().chain(kotlin) {
        if name.contains("://") {
            continue;
        }
        let from_root = [
            "$rootDir/",
            "${rootDir}/",
            "$rootProject.projectDir/",
            "${rootProject.projectDir}/",
        ];
        let in_root = from_root.iter().find_map(|start| name.strip_prefix(start));
        let target = match in_root {
            Some(rest) => paths::resolve(root, rest),
            None => paths::resolve(folder, &name),
        };
        let Some(target) = target else {
            gather.outside(&name, path);
            continue;
        };
        if !gather.first_visit("gradle script", &target) {
            continue;
        }
        if let Some(text) = gather.need_text(&target, &format!("applied by {path}")) {
            let text = without_comments(&text);
            build_script(gather, root, paths::parent(&target), &target, &text);
        }
    }
}

/// `text` without comments of either kind; addresses keep their slashes because a `:` stands before them.
pub(crate) fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("/*") {
        kept.push_str(rest.get(..start).unwrap_or_default());
        let after = rest.get(start + 2..).unwrap_or_default();
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    let lines = kept.lines().map(|line| {
        let comment = line
            .match_indices("//")
            .find(|(at, _)| !line.get(..*at).unwrap_or_default().ends_with(':'));
        comment.and_then(|(at, _)| line.get(..at)).unwrap_or(line)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a script applies a plugin to its own project.
pub(crate) fn is_applied(text: &str, plugin: &str) -> bool {
    let is_named = |line: &str| {
        line.match_indices(plugin).any(|(at, _)| {
            let before = line.get(..at).unwrap_or_default();
            let behind = line.get(at + plugin.len()..).unwrap_or_default();
            before.ends_with(['"', '\'']) && behind.starts_with(['"', '\''])
        })
    };
    let applies = |line: &str| !line.contains("apply false") && !line.contains("apply(false)");
    text.lines().any(|line| is_named(line) && applies(line))
}

/// What a script gives for the class path of a jar: the text behind each name of it, to the end of the line after it.
pub(crate) fn class_paths(text: &str) -> Vec<&str> {
    const NAME: &str = "Class-Path";
    let values = text.match_indices(NAME).map(|(at, _)| {
        let behind = text.get(at + NAME.len()..).unwrap_or_default();
        let end = behind.match_indices('\n').nth(1).map_or(behind.len(), |(at, _)| at);
        behind.get(1..end).unwrap_or_default()
    });
    values.collect()
}

/// The string literals behind each `name`, as Groovy and Kotlin write calls: `include 'a', 'b'`, `include("a", "b")`,
/// also over several lines.
fn calls(text: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(name) {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let mut rest = text.get(at + name.len()..).unwrap_or_default();
        let parenthesis = rest.trim_start_matches([' ', '\t']).starts_with('(');
        rest = rest.trim_start_matches([' ', '\t', '(', ':', '=']);
        // Only a parenthesis lets the arguments begin on the next line.
        rest = if parenthesis { rest.trim_start() } else { rest };
        // `fileTree(dir: "libs")`, `fileTree(mapOf("dir" to "libs"))`
        rest = rest.strip_prefix("dir:").map_or(rest, str::trim_start);
        while let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let body = rest.get(1..).unwrap_or_default();
            let Some((literal, after)) = body.split_once(quote) else {
                break;
            };
            found.push(literal.to_owned());
            rest = after.trim_start();
            match rest.strip_prefix(',') {
                Some(more) => rest = more.trim_start(),
                None => break,
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_literals_of_calls() {
        let text = "include 'a', ':b:c'\ninclude(\n  \":d\",\n  \":e\"\n)\nincludeBuild(\"logic\")\n// include 'x'\n/* include 'y' */";
        let text = without_comments(text);
        assert_eq!(calls(&text, "include"), ["a", ":b:c", ":d", ":e"]);
        assert_eq!(calls(&text, "includeBuild"), ["logic"]);
        assert_eq!(calls("apply from: 'x.gradle'", "from:"), ["x.gradle"]);
        assert_eq!(calls("apply(from = \"x.gradle.kts\")", "from ="), ["x.gradle.kts"]);
        assert_eq!(calls("fileTree(dir: 'libs', include: ['*.jar'])", "fileTree"), ["libs"]);
        assert_eq!(calls("include 'open", "include"), Vec::<String>::new());
        assert_eq!(
            without_comments("url 'https://example.org' // c"),
            "url 'https://example.org' "
        );
    }
}
