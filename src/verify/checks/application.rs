//! The application's files: there, with the same content, mode and owner, and links that lead somewhere.

use super::super::Varying;
use super::super::files::{Content, Entry};
use super::super::report::{Check, Finding, Lack};
use super::super::subject::Subject;
use super::{Side, is_different_in_every_build};
use crate::emit::text;
use crate::facts::is_within;
use crate::knowledge::{Leftover, leftover, managers};

/// How a file that is in both images differs.
enum Difference {
    /// In its content alone, which may be another one in each build.
    Content,
    /// In its content alone, as each build makes it anew: what it means is not compared.
    Made,
    /// In something else, as the rest of a sentence about the file.
    Other(String),
}

/// Compares the files that are the application's. The content of those in `varying` says nothing.
#[must_use]
pub(crate) fn application(before: Side<'_>, after: Side<'_>, subject: &Subject, varying: &Varying) -> Check {
    if subject.roots.is_empty() {
        return Check::skipped("files", "the file names no folder of an application").without(subject.unknown.clone());
    }
    let mut findings = Vec::new();
    let (mut count, mut gone, mut other, mut made) = (0, 0, 0, 0);
    let mine = before
        .files
        .entries
        .iter()
        .filter(|(path, _)| subject.is_application(path));
    for (path, old) in mine {
        let lack = Lack::File(path.clone());
        match after.files.entries.get(path) {
            None if left_out(path, old, before, after, subject).is_some() => gone += 1,
            None if old.content == Content::Folder && is_emptied(path, before, after, subject) => gone += 1,
            None => findings.push(Finding::lacks(format!("/{path} is gone"), lack)),
            Some(new) => {
                count += 1;
                match difference(path, old, new, before, after, subject) {
                    Some(Difference::Content) if varying.contains(path) => other += 1,
                    Some(Difference::Made) => made += 1,
                    // Where only the content differs, the copy would be of the same kind as what is there.
                    Some(Difference::Content) => findings.push(Finding::new(format!("/{path} has another content"))),
                    Some(Difference::Other(what)) => findings.push(Finding::new(format!("/{path} {what}"))),
                    None => {}
                }
            }
        }
    }
    let folders: Vec<&str> = subject.roots.iter().map(String::as_str).collect();
    let places = folders.iter().map(|root| format!("/{root}")).collect::<Vec<_>>();
    let mut said = format!(
        "{} of {} the same",
        text::count(count - other - made, "file or folder", "files and folders"),
        match count - other - made {
            1 => format!("{} is", list(&places)),
            _ => format!("{} are", list(&places)),
        }
    );
    for (number, one, many) in [
        (
            other,
            "differs between two builds of the original, too",
            "differ between two builds of the original, too",
        ),
        (
            made,
            "is made anew by each build, and its content is not compared",
            "are made anew by each build, and their content is not compared",
        ),
        (
            gone,
            "is left out for a cause that `removed` names",
            "are left out, each for a cause that `removed` names",
        ),
    ] {
        if number > 0 {
            said += &format!("; {}", text::count(number, one, many));
        }
    }
    Check::of("files", said, findings).without(subject.unknown.clone())
}

fn list(names: &[String]) -> String {
    match names {
        [one, two, three, rest @ ..] if !rest.is_empty() => format!("{one}, {two}, {three} and {} more", rest.len()),
        names => names.join(", "),
    }
}

/// What is different, if it matters.
fn difference(
    path: &str,
    old: &Entry,
    new: &Entry,
    before: Side<'_>,
    after: Side<'_>,
    subject: &Subject,
) -> Option<Difference> {
    let other = |what| Some(Difference::Other(what));
    if old.mode & 0o7777 != new.mode & 0o7777 {
        return other(format!(
            "had mode {:o} and has {:o}",
            old.mode & 0o7777,
            new.mode & 0o7777
        ));
    }
    if old.owner != new.owner {
        let shown = |(user, group): (u64, u64)| format!("{user}:{group}");
        return other(format!(
            "belonged to {} and belongs to {}",
            shown(old.owner),
            shown(new.owner)
        ));
    }
    match (&old.content, &new.content) {
        (Content::File(old), Content::File(new)) if old != new => {
            let is_made = subject.source(path).is_none();
            let is_free = is_different_in_every_build(path)
                || is_note_of_npm(path)
                || is_made
                    && (is_build_product(path)
                        || before.files.elf.contains_key(path) && after.files.elf.contains_key(path));
            Some(if is_free { Difference::Made } else { Difference::Content })
        }
        (Content::Link(old), Content::Link(new)) => {
            let did_lead = before.files.resolve(path).is_some();
            let leads = after.files.resolve(path).is_some();
            if did_lead && !leads {
                other(format!("leads to {new}, which is not there"))
            } else if old != new {
                other(format!("led to {old} and leads to {new}"))
            } else {
                None
            }
        }
        (old, new) if std::mem::discriminant(old) != std::mem::discriminant(new) => {
            other("is something else now".to_owned())
        }
        _ => None,
    }
}

/// Whether two builds make a file that differs in times, orders or names: archives, bundles and what compilers leave.
fn is_build_product(path: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        ".jar", ".war", ".zip", ".gz", ".br", ".whl", ".map", ".o", ".a", ".so", ".dll", ".pdb", ".class", ".mo",
    ];
    const FOLDERS: [&str; 7] = ["dist", "build", "target", ".next", "out", "obj", "node_modules"];
    let mut folders = path.split('/');
    ENDINGS.iter().any(|ending| path.ends_with(ending)) || folders.any(|folder| FOLDERS.contains(&folder))
}

/// Why a file that is gone may be, if so.
pub(super) fn left_out(
    path: &str,
    entry: &Entry,
    before: Side<'_>,
    after: Side<'_>,
    subject: &Subject,
) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_in = |folder: &str| format!("/{path}/").contains(&format!("/{folder}/"));
    if subject.is_kept_out(path) {
        return Some("what the .dockerignore keeps out");
    }
    if path.ends_with(".pyc")
        || name == "__pycache__"
        || is_in("node_modules/.cache")
        || is_in(".cache")
        || is_in(".pytest_cache")
    {
        return Some("caches");
    }
    if let Some(at) = path.rfind("node_modules/") {
        // Which packages have to be there is the business of another check; here, all of one or nothing.
        let rest = &path[at + "node_modules/".len()..];
        let parts = if rest.starts_with('@') { 2 } else { 1 };
        let package: Vec<&str> = rest.split('/').take(parts).collect();
        let folder = format!("{}node_modules/{}", &path[..at], package.join("/"));
        if name.starts_with('.') || is_in("node_modules/.bin") || !after.files.entries.contains_key(&folder) {
            return Some("development packages");
        }
    }
    // `COPY --from=ghcr.io/astral-sh/uv /uv /bin/`. Whether something starts it is the business of another check.
    let is_manager = name == "uvx" || managers().by_program(name).is_some();
    if is_manager && entry.mode & 0o111 != 0 && matches!(entry.content, Content::File(_)) && is_in("bin") {
        return Some("build tools");
    }
    if let Some((root, folder)) = before.served_project()
        && is_within(path, &root)
        && !is_within(path, &folder)
        && after.files.entries.contains_key(&folder)
    {
        return Some("what the server does not serve");
    }
    if is_note_of_npm(path) && subject.source(path).is_none() {
        return Some("notes of installs");
    }
    let of_a_build = leftover(path, |path| before.files.entries.contains_key(path));
    if of_a_build == Some(Leftover::Kept) || is_object(name) {
        return Some("build products");
    }
    if of_a_build == Some(Leftover::Result) && after.files.has_content(&entry.content) {
        return Some("moved");
    }
    (entry.content != Content::Folder && is_source(name) && !compiles_at_start(before)).then_some("sources")
}

/// Whether `npm install` writes a file, or writes it anew: it reads it, and no program does.
fn is_note_of_npm(path: &str) -> bool {
    path.rsplit('/').next() == Some("package-lock.json")
}

/// Whether a file is what a compiler makes for a linker or for its own next run.
fn is_object(name: &str) -> bool {
    [".o", ".d", ".rlib", ".rmeta", ".class"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Whether a file is read by a compiler and by nothing else.
fn is_source(name: &str) -> bool {
    const ENDINGS: [&str; 20] = [
        ".go", ".rs", ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".java", ".kt", ".scala", ".cs", ".csproj", ".sln",
        ".swift", ".m4", ".ac", ".am", ".in", ".cmake",
    ];
    const NAMES: [&str; 14] = [
        "go.mod",
        "go.sum",
        "go.work",
        "go.work.sum",
        "Cargo.toml",
        "Cargo.lock",
        "Makefile",
        "CMakeLists.txt",
        "pom.xml",
        "build.gradle",
        "settings.gradle",
        "build.gradle.kts",
        "gradlew",
        "mvnw",
    ];
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || NAMES.contains(&name)
}

/// Whether the image is started through a tool that reads sources: `go run`, `make`, `cargo run`.
fn compiles_at_start(before: Side<'_>) -> bool {
    const TOOLS: [&str; 8] = ["go", "cargo", "make", "mvn", "mvnw", "gradle", "gradlew", "gcc"];
    let words = [before.words("Entrypoint"), before.words("Cmd")].concat();
    let mut words = words.iter().flat_map(|text| text.split([' ', ';', '&', '/', '|']));
    words.any(|word| TOOLS.contains(&word))
}

/// Whether nothing that must stay was in a folder.
fn is_emptied(folder: &str, before: Side<'_>, after: Side<'_>, subject: &Subject) -> bool {
    let mut below = before.files.below(folder).peekable();
    below.peek().is_some()
        && below.all(|(path, entry)| {
            entry.content == Content::Folder || left_out(path, entry, before, after, subject).is_some()
        })
}

#[cfg(test)]
mod tests {
    use super::super::super::tree::Tree;
    use super::*;
    use serde_json::json;

    fn found(before: &Tree, after: &Tree, cmd: &str) -> Vec<String> {
        let file = crate::syntax::parse("Dockerfile", "FROM debian\nWORKDIR /app\n").unwrap();
        let subject = Subject::of(&file, None, &[], None);
        let (before, after, configuration) = (before.files(), after.files(), json!({"Cmd": [cmd]}));
        let side = |files| Side {
            files,
            configuration: &configuration,
        };
        let check = application(side(&before), side(&after), &subject, &Varying::new());
        check.findings.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn only_what_is_in_both_is_called_the_same_and_what_always_differs_is_no_difference() {
        let file = crate::syntax::parse("Dockerfile", "FROM debian\nWORKDIR /app\n").unwrap();
        let subject = Subject::of(&file, None, &[], None);
        let (before, after) = (
            app()
                .file("app/git-index", "1")
                .file("app/a.pyc", "")
                .file("app/dist/a.js", "1")
                .files(),
            app().file("app/git-index", "2").file("app/dist/a.js", "2").files(),
        );
        let configuration = json!({});
        let side = |files| Side {
            files,
            configuration: &configuration,
        };
        let compared = |varying: &[&str]| {
            let varying = varying.iter().map(|path| (*path).to_owned()).collect();
            application(side(&before), side(&after), &subject, &varying)
        };
        assert!(compared(&[]).is_failed());
        let check = compared(&["app/git-index"]);
        assert_eq!(
            (check.is_failed(), check.reason.as_str()),
            (
                false,
                "3 files and folders of /app are the same; 1 differs between two builds of the original, too; \
                 1 is made anew by each build, and its content is not compared; 1 is left out for a cause that `removed` names"
            )
        );
    }

    fn app() -> Tree {
        Tree::default().file("app/a.py", "a").file("etc/other", "x")
    }

    #[test]
    fn content_mode_owner_and_links_count() {
        assert!(found(&app(), &app(), "a").is_empty());
        assert_eq!(
            found(&app(), &Tree::default().folder("app"), "a"),
            ["/app/a.py is gone"]
        );
        assert_eq!(
            found(&app(), &Tree::default().file("app/a.py", "b"), "a"),
            ["/app/a.py has another content"]
        );
        assert_eq!(
            found(&app(), &app().file("app/a.py", "a").mode(0o755), "a"),
            ["/app/a.py had mode 644 and has 755"]
        );
        let other_owner = app().file("app/a.py", "a").owner(5, 6);
        assert_eq!(
            found(&app(), &other_owner, "a"),
            ["/app/a.py belonged to 0:0 and belongs to 5:6"]
        );
        let link = app().link("app/b", "../etc/other");
        let broken = Tree::default().file("app/a.py", "a").link("app/b", "../etc/other");
        assert_eq!(
            found(&link, &broken, "a"),
            ["/app/b leads to ../etc/other, which is not there"]
        );
    }

    #[test]
    fn what_npm_install_wrote_may_go_or_differ() {
        let before = app().file("app/package-lock.json", "made");
        assert!(found(&before, &app(), "a").is_empty());
        assert!(found(&before, &app().file("app/package-lock.json", "other"), "a").is_empty());
    }

    #[test]
    fn what_builds_keep_may_go_and_a_result_may_where_it_is_elsewhere() {
        let sources = || app().file("app/setup.py", "");
        let before = sources()
            .file("app/build/lib/a/b.py", "b")
            .file("app/a.egg-info/PKG-INFO", "");
        assert!(found(&before, &sources(), "a").is_empty());
        assert_eq!(
            found(&app().file("app/build/lib/a.py", "b"), &app(), "a").len(),
            3,
            "a folder of the name without a project beside it"
        );
        let built = app().file("app/target/release/server", "program");
        assert_eq!(found(&built, &app(), "a").len(), 3);
        let moved = app().file("usr/local/bin/server", "program");
        assert!(found(&built, &moved, "a").is_empty());
    }

    #[test]
    fn a_manager_that_was_copied_may_go_and_another_program_may_not() {
        let copied = |name: &str| app().program(&format!("app/bin/{name}"));
        let folder = || app().folder("app/bin");
        assert!(found(&copied("uv"), &folder(), "a").is_empty());
        assert_eq!(found(&copied("server"), &folder(), "a"), ["/app/bin/server is gone"]);
    }

    #[test]
    fn sources_of_compiled_programs_may_go_unless_something_compiles_at_start() {
        let before = app()
            .file("app/main.go", "")
            .file("app/sub/x.go", "")
            .file("app/__pycache__/a.pyc", "");
        assert!(found(&before, &app(), "/app/server").is_empty());
        assert_eq!(
            found(&before, &app(), "go run ."),
            ["/app/main.go is gone", "/app/sub is gone", "/app/sub/x.go is gone"]
        );
    }
}
