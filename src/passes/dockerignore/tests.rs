//! What is proposed, and what is not, for small projects.

use proptest::prelude::*;

use super::{Proposal, propose_for};
use crate::context::{ContextSource, Verdict};
use crate::passes::Level;
use crate::syntax;

const PYTHON: &str =
    "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"app.py\"]\n";
const NODE: &str = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"server.js\"]\n";

fn proposed(dockerfile: &str, files: &[(&str, &str)]) -> Proposal {
    at(Level::Standard, dockerfile, files)
}

fn at(level: Level, dockerfile: &str, files: &[(&str, &str)]) -> Proposal {
    let all = files.iter().copied().chain([("Dockerfile", dockerfile)]);
    let context = ContextSource::in_memory(all).unwrap();
    let file = syntax::parse("Dockerfile", dockerfile).unwrap();
    propose_for(&context, Some(&file), level)
}

fn patterns(proposal: &Proposal) -> Vec<&str> {
    proposal.patterns.iter().map(|added| added.pattern.as_str()).collect()
}

/// Fails unless `pattern` is proposed.
#[track_caller]
fn adds(pattern: &str, dockerfile: &str, files: &[(&str, &str)]) {
    let proposal = proposed(dockerfile, files);
    assert!(patterns(&proposal).contains(&pattern), "{proposal:#?}");
}

/// Fails unless `pattern` is not proposed for a reason with `reason` in it.
#[track_caller]
fn keeps(pattern: &str, reason: &str, dockerfile: &str, files: &[(&str, &str)]) {
    let proposal = proposed(dockerfile, files);
    assert!(!patterns(&proposal).contains(&pattern), "{proposal:#?}");
    let has_reason = proposal
        .kept
        .iter()
        .any(|kept| kept.pattern == pattern && kept.obstacle.contains(reason));
    assert!(has_reason, "{proposal:#?}");
}

#[test]
fn a_python_project() {
    let proposal = proposed(
        PYTHON,
        &[
            ("requirements.txt", "flask"),
            ("app.py", "import flask"),
            (".gitignore", "data\n"),
            (".git/HEAD", ""),
            (".venv/pyvenv.cfg", ""),
            ("env/pyvenv.cfg", ""),
            ("web/package.json", "{}"),
            ("web/node_modules/a/index.js", ""),
            ("a/__pycache__/x.pyc", ""),
            ("README.md", "x"),
            ("docs/a.md", "x"),
            ("tests/test_app.py", "import app"),
            (".vscode/settings.json", "{}"),
        ],
    );
    let expected = "\
# Version control
.git

# Installed dependencies
**/node_modules

# Virtual environments
**/.venv
**/env

# Caches
**/__pycache__

# Tests
tests

# Documentation
docs
README.md

# Editors and the desktop
**/.vscode

# Docker's own files
Dockerfile
.dockerignore
";
    assert_eq!(proposal.text, expected);
    assert_eq!(proposal.kept, []);
    assert!(!proposal.exists && proposal.is_change());
    assert_eq!(proposal.patterns[0].line, 2);
    assert_eq!(proposal.patterns[0].keeps_out.files, 1);
    assert!(proposal.after.files < proposal.before.files);
}

#[test]
fn what_is_there_stays_and_a_second_time_nothing_is_added() {
    let files = [
        (".dockerignore", "# mine\r\n*.log\r\n\r\n!keep.log"),
        ("package.json", "{}"),
        ("server.js", ""),
        (".github/workflows/x.yml", ""),
    ];
    let first = proposed(NODE, &files);
    let expected = "# mine\r\n*.log\r\n\r\n!keep.log\r\n\r\n# Version control\r\n.git\r\n\r\n# Installed dependencies\r\n**/node_modules\r\n\r\n# Continuous integration\r\n.github\r\n\r\n# Docker's own files\r\nDockerfile\r\n.dockerignore\r\n";
    assert_eq!(first.text, expected);
    let mut files = files;
    files[0].1 = &first.text;
    assert!(!proposed(NODE, &files).is_change());
}

#[test]
fn re_includes_and_lists_of_what_is_sent_are_respected() {
    let base = [("package.json", "{}"), ("README.md", ""), ("server.js", "")];
    for (ignore, pattern) in [("*.md\n!README.md", "README.md"), ("x\n!**/*.md", "README.md")] {
        let files: Vec<_> = base.iter().copied().chain([(".dockerignore", ignore)]).collect();
        let proposal = proposed(NODE, &files);
        assert!(!patterns(&proposal).contains(&pattern), "{ignore}: {proposal:#?}");
    }
    let files: Vec<_> = base.iter().copied().chain([(".dockerignore", "**\n!src")]).collect();
    let proposal = proposed(NODE, &files);
    assert!(!proposal.is_change() && proposal.notes.iter().any(|note| note.contains("one by one")));
}

#[test]
fn nothing_that_a_copy_names_goes() {
    let node = [
        ("package.json", "{}"),
        ("node_modules/a/i.js", ""),
        ("README.md", ""),
        ("docs/a.md", ""),
    ];
    let copies = |lines: &str| NODE.replace("RUN", &format!("{lines}\nRUN"));
    keeps(
        "**/node_modules",
        "takes `node_modules/a`",
        &copies("COPY node_modules/a /x"),
        &node,
    );
    keeps("README.md", "takes `*.md`", &copies("COPY *.md /x/"), &node);
    keeps(
        "docs",
        "takes `docs/a.md`",
        &copies("ADD [\"docs/a.md\", \"/x\"]"),
        &node,
    );
    keeps("docs", "takes `docs/*`", &copies("ARG V\nCOPY docs/$V /x"), &node);
    keeps(
        "docs",
        "takes `docs`",
        &copies("RUN --mount=type=bind,source=docs,target=/d ls"),
        &node,
    );
    // It is not there now, and a build on another machine needs it.
    let files = [("package.json", "{}"), ("Cargo.toml", "[package]")];
    let rust = "FROM rust\nCOPY . .\nRUN cargo build --release\nFROM debian\nCOPY target/release/app /\n";
    let proposal = proposed(rust, &files);
    assert!(
        !patterns(&proposal).iter().any(|pattern| pattern.contains("target")),
        "{proposal:#?}"
    );
    // In a folder that is named only what nobody means goes.
    let named = "FROM python\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY app /app\n";
    let files = [
        ("requirements.txt", ""),
        ("app/a.py", ""),
        ("app/id_rsa", "-----BEGIN PRIVATE KEY-----"),
        ("app/__pycache__/a.pyc", ""),
        ("app/docs/x", ""),
    ];
    let proposal = proposed(named, &files);
    assert_eq!(patterns(&proposal), ["**/__pycache__"]);
}

#[test]
fn git_stays_where_something_asks_it() {
    let files = |extra: (&'static str, &'static str)| [("requirements.txt", ""), (".git/HEAD", ""), extra];
    for (extra, reason) in [
        (
            ("pyproject.toml", "[build-system]\nrequires = [\"setuptools-scm\"]"),
            "pyproject.toml:2",
        ),
        (
            ("pyproject.toml", "[tool.pdm.version]\nsource = \"scm\""),
            "pyproject.toml:2",
        ),
        (("setup.py", "import versioneer"), "setup.py:1"),
        (("build.rs", "vergen::x();"), "build.rs:1"),
        (
            (
                "package.json",
                "{\n\"scripts\": {\"build\": \"V=$(git rev-parse HEAD) x\"}}",
            ),
            "package.json:2",
        ),
        (("app/v.py", "run([\"git\", \"log\"])"), "app/v.py:1"),
        (("main.go", "debug.ReadBuildInfo()"), "main.go:1"),
    ] {
        keeps(".git", reason, PYTHON, &files(extra));
    }
    let run = |command: &str| PYTHON.replace("CMD", &format!("RUN {command}\nCMD"));
    let none = ("a", "");
    keeps(".git", "Dockerfile:5", &run("git describe --tags > V"), &files(none));
    keeps(
        ".git",
        "Dockerfile:5",
        &run("echo $(git rev-parse HEAD) > V"),
        &files(none),
    );
    keeps(".git", "Dockerfile:5", &run("cp .git/HEAD x"), &files(none));
    let script = ("make/version.sh", "git describe");
    keeps(".git", "make/version.sh:1", &run("./make/version.sh"), &files(script));
    // Nobody calls the script; the repository's address and a clone of another one ask nothing.
    adds(".git", PYTHON, &files(script));
    adds(
        ".git",
        PYTHON,
        &files(("package.json", "{\"repository\": {\"type\": \"git\"}}")),
    );
    adds(
        ".git",
        &run("git clone https://example.org/x.git && rm -rf .git"),
        &files(none),
    );
}

#[test]
fn dependencies_stay_where_nothing_installs_them() {
    let files = [("package.json", "{}"), ("node_modules/a/i.js", ""), ("server.js", "")];
    adds("**/node_modules", NODE, &files);
    let bare = NODE.replace("RUN npm ci\n", "");
    keeps(
        "**/node_modules",
        "no command there that is known installs it",
        &bare,
        &files,
    );
    keeps(
        "**/node_modules",
        "installs it",
        &NODE.replace("npm ci", "npm install -g serve"),
        &files,
    );
    keeps(
        "**/node_modules",
        "installs it",
        &bare.replace("node:22", "example.org/base"),
        &files,
    );
    // Both images of the file take it, one installs.
    let two = format!("{NODE}FROM node:22\nCOPY . .\n");
    keeps("**/node_modules", "Dockerfile:7", &two, &files);
    // Without Node they are of no use, unless a page loads them.
    adds("**/node_modules", PYTHON, &files);
    let page = [&files[..], &[("index.html", "<script src=\"node_modules/a/i.js\">")]].concat();
    keeps("**/node_modules", "index.html:1", PYTHON, &page);
    // Something runs in another folder, and nothing installs there.
    let nested = [
        ("package.json", "{}"),
        ("web/package.json", "{}"),
        ("web/node_modules/a/i.js", ""),
    ];
    keeps(
        "**/node_modules",
        "uses `web`",
        &NODE.replace("npm ci", "npm ci && cd web && npm run build"),
        &nested,
    );
    adds(
        "**/node_modules",
        &NODE.replace("npm ci", "npm ci && cd web && npm ci"),
        &nested,
    );
}

#[test]
fn dependencies_of_php_stay_where_composer_does_not_run() {
    let files = [
        ("composer.json", "{}"),
        (".gitignore", "/vendor"),
        ("vendor/autoload.php", ""),
    ];
    let bare = "FROM php:8-apache\nCOPY . /var/www/html\n";
    keeps("vendor", "no command there that is known installs it", bare, &files);
    let installs = format!("{bare}RUN composer install --no-dev\n");
    adds("vendor", &installs, &files);
}

#[test]
fn what_a_command_names_stays() {
    let files = [
        ("requirements.txt", ""),
        (".github/build.sh", "true"),
        ("docker-compose.yml", ""),
    ];
    keeps(
        ".github",
        "Dockerfile:5 names it",
        &PYTHON.replace("CMD", "RUN sh .github/build.sh\nCMD"),
        &files,
    );
    keeps(
        "docker-compose.yml",
        "Dockerfile:5",
        &PYTHON.replace("CMD", "RUN cp docker-compose.yml /x\nCMD"),
        &files,
    );
}

#[test]
fn a_pattern_does_not_reach_into_what_stays() {
    // The image needs this node_modules, and the `dist` folders in it.
    let builds = NODE.replace("npm ci", "npm run build");
    let files = [
        ("package.json", "{}"),
        (".gitignore", "dist"),
        ("dist/i.js", ""),
        ("node_modules/a/dist/i.js", ""),
    ];
    let proposal = proposed(&builds, &files);
    assert!(
        patterns(&proposal).contains(&"dist") && !patterns(&proposal).contains(&"**/dist"),
        "{proposal:#?}"
    );
}

#[test]
fn environments_are_told_by_what_is_in_them() {
    let files = [("requirements.txt", ""), ("venv/pyvenv.cfg", ""), ("lib/venv/a.py", "")];
    // Another folder of that name is no environment.
    adds("venv", PYTHON, &files);
    let uses = PYTHON.replace("\"python\"", "\"venv/bin/python\"");
    keeps("**/venv", "Dockerfile:5 uses it", &uses, &files[..2]);
    let script = [&files[..2], &[("start.sh", "source venv/bin/activate")]].concat();
    keeps(
        "**/venv",
        "start.sh:1",
        &PYTHON.replace("\"python\"", "\"./start.sh\""),
        &script,
    );
    let makes = uses.replace("RUN ", "RUN python -m venv venv && ");
    adds("**/venv", &makes, &files[..2]);
}

#[test]
fn outputs_go_where_the_image_builds_them() {
    let files = [
        ("package.json", "{}"),
        (".gitignore", "dist\n"),
        ("dist/i.js", ""),
        ("build/x", ""),
    ];
    let builds = NODE.replace("npm ci", "npm ci && npm run build");
    adds("**/dist", &builds, &files);
    keeps("**/dist", "no command there that is known builds it", NODE, &files);
    assert!(
        !patterns(&proposed(&builds, &files)).contains(&"**/build"),
        "git keeps it"
    );
    let rust = "FROM rust\nCOPY . .\nRUN cargo build --release\n";
    adds("**/target", rust, &[("Cargo.toml", "")]);
    let source = [("Cargo.toml", ""), ("src/target/mod.rs", ""), ("target/debug/x", "")];
    adds("target", rust, &source);
}

#[test]
fn secrets_go_where_nothing_loads_them() {
    let files = |extra: (&'static str, &'static str)| {
        [("requirements.txt", ""), (".gitignore", ".env"), (".env", "A=1"), extra]
    };
    keeps(
        ".env",
        "git does not ignore it",
        PYTHON,
        &[("requirements.txt", ""), (".env", "A=1")],
    );
    adds(".env", PYTHON, &files(("app.py", "import flask")));
    keeps(
        ".env",
        "app.py:1",
        PYTHON,
        &files(("app.py", "from dotenv import load_dotenv")),
    );
    keeps(
        ".env",
        "package.json:1",
        PYTHON,
        &files(("package.json", "{\"dependencies\": {\"next\": \"1\"}}")),
    );
    keeps(
        ".env",
        "Dockerfile:5",
        &PYTHON.replace("CMD", "RUN . ./.env\nCMD"),
        &files(("a", "")),
    );
    let key = [
        ("requirements.txt", ""),
        ("certs/app.key", "-----BEGIN PRIVATE KEY-----"),
        (".gitignore", "certs/"),
        ("ca.pem", "CERTIFICATE"),
    ];
    let proposal = proposed(PYTHON, &key);
    assert!(patterns(&proposal).contains(&"certs/app.key") && !patterns(&proposal).contains(&"ca.pem"));
    let named = [&key[..], &[("app.py", "open('certs/app.key')")]].concat();
    keeps("certs/app.key", "app.py:1", PYTHON, &named);
    let folder = [&key[..], &[("app.py", "os.listdir('certs')")]].concat();
    keeps("certs/app.key", "app.py:1", PYTHON, &folder);
    let part = ("index.php", "Dotenv\\Dotenv::createImmutable(__DIR__)->load();");
    keeps(".env", "index.php:1", PYTHON, &files(part));
}

#[test]
fn content_of_a_served_folder_stays() {
    let files = [
        ("index.html", "x"),
        ("docs/a.html", "x"),
        ("README.md", "x"),
        ("test/a.html", "x"),
    ];
    for served in [
        "FROM nginx:alpine\nCOPY . /usr/share/nginx/html\n",
        "FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"-m\", \"http.server\"]\n",
        "FROM node:22 AS a\nWORKDIR /a\nCOPY . .\nFROM nginx\nCOPY --from=a /a /usr/share/nginx/html\n",
    ] {
        for pattern in ["docs", "README.md", "test"] {
            keeps(pattern, "may be content", served, &files);
        }
    }
    // What a build makes of it is served, not the folder.
    let built = "FROM node:22 AS a\nWORKDIR /a\nCOPY . .\nRUN npm ci && npm run build\nFROM nginx\nCOPY --from=a /a/dist /usr/share/nginx/html\n";
    let project = [("package.json", "{}"), ("docs/a.md", "x")];
    adds("docs", built, &project);
}

#[test]
fn tests_stay_where_something_runs_or_names_them() {
    let files = [("requirements.txt", ""), ("tests/a.py", ""), ("app.py", "")];
    adds("tests", PYTHON, &files);
    let run = |command: &str| PYTHON.replace("CMD", &format!("RUN {command}\nCMD"));
    keeps("tests", "Dockerfile:5 runs tests", &run("pytest"), &files);
    keeps("tests", "Dockerfile:5 runs tests, or may", &run("make"), &files);
    let with = |extra: (&'static str, &'static str)| [&files[..], &[extra]].concat();
    keeps(
        "tests",
        "runs tests in a container",
        PYTHON,
        &with(("ci.yml", "run: docker compose run web pytest")),
    );
    keeps(
        "tests",
        "compose.yaml:3",
        PYTHON,
        &with(("compose.yaml", "services:\n  t:\n    command: pytest -q")),
    );
    keeps(
        "tests",
        "main.py:1",
        PYTHON,
        &with(("main.py", "from tests import helper")),
    );
    keeps(
        "tests",
        "tests/package.json makes it a project",
        PYTHON,
        &with(("tests/package.json", "{}")),
    );
    // What goes may name what goes: the documentation, too.
    adds("tests", PYTHON, &with(("docs/conf.py", "open('tests/x')")));
}

#[test]
fn documents_stay_where_manifests_name_them() {
    let files = [("requirements.txt", ""), ("README.rst", ""), ("docs/a.md", "")];
    adds("README.rst", PYTHON, &files);
    let with = |extra: (&'static str, &'static str)| [&files[..], &[extra]].concat();
    keeps(
        "README.rst",
        "pyproject.toml:1",
        PYTHON,
        &with(("pyproject.toml", "readme = \"README.rst\"")),
    );
    keeps(
        "README.rst",
        "setup.py:1",
        PYTHON,
        &with(("setup.py", "open('README' + '.rst')")),
    );
    keeps("docs", "app.py:1", PYTHON, &with(("app.py", "render('docs/a.md')")));
    keeps(
        "docs",
        "Dockerfile:5",
        &PYTHON.replace("CMD", "RUN mkdocs build\nCMD"),
        &files,
    );
}

#[test]
fn data_goes_where_git_ignores_it_and_nothing_names_it() {
    let large = "x".repeat(2_000_000);
    let files = |ignore: &'static str| vec![("requirements.txt", ""), (".gitignore", ignore)];
    let with = |ignore, code: &'static str| [files(ignore), vec![("app.py", code)]].concat();
    let mut all = with("datasets/", "");
    all.push(("datasets/a.csv", &large));
    adds("datasets", PYTHON, &all);
    let mut named = with("datasets/", "open('datasets/a.csv')");
    named.push(("datasets/a.csv", &large));
    keeps("datasets", "app.py:1", PYTHON, &named);
    let mut tracked = with("", "");
    tracked.push(("datasets/a.csv", &large));
    keeps("datasets", "git keeps it", PYTHON, &tracked);
    let bold = at(Level::Aggressive, PYTHON, &tracked);
    assert!(patterns(&bold).contains(&"datasets"));
    let careful = at(Level::Safe, PYTHON, &all);
    assert_eq!(patterns(&careful), ["**/__pycache__"], "only caches are safe");
}

#[test]
fn all_dockerfiles_of_a_context_are_suited() {
    let files = [
        ("requirements.txt", ""),
        ("docs/a.md", ""),
        ("docs.Dockerfile", "FROM nginx\nCOPY docs /usr/share/nginx/html\n"),
    ];
    keeps("docs", "docs.Dockerfile:2 takes `docs`", PYTHON, &files);
    // With an ignore file of its own it does not share.
    let own = [&files[..], &[("docs.Dockerfile.dockerignore", "")]].concat();
    adds("docs", PYTHON, &own);
}

#[test]
fn a_file_that_takes_nothing_needs_nothing() {
    let proposal = proposed("FROM python\nRUN pip install x\n", &[(".git/HEAD", ""), ("a.py", "")]);
    assert!(!proposal.is_change() && proposal.notes.len() == 1, "{proposal:#?}");
}

/// Paths as projects have them, of which some are the usual suspects.
fn path() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "node_modules",
        "dist",
        "target",
        "tests",
        "docs",
        "src",
        "data",
        ".git",
        ".env",
        "README.md",
        "a.py",
        "package.json",
        "Cargo.toml",
        ".venv",
        "pyvenv.cfg",
        "__pycache__",
        "vendor",
        ".github",
        "Dockerfile.dev",
        "app.key",
        ".gitignore",
        "build",
        "requirements.txt",
    ]);
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever a COPY names is there after as before, and what is proposed is proposed once.
    #[test]
    fn no_copy_loses_its_source(
        paths in prop::collection::vec(path(), 1..12),
        named in prop::collection::vec(path(), 1..4),
        wildcards in prop::collection::vec(prop::bool::ANY, 4),
        ignore in prop::sample::select(vec!["", "*.log\n", "node_modules\n!docs\n", "!**/a.py\n"]),
    ) {
        let mut dockerfile = NODE.to_owned() + "RUN cargo build\n";
        let mut sources = Vec::new();
        for (source, is_wild) in named.iter().zip(&wildcards) {
            let source = match source.char_indices().nth(2) {
                Some((at, _)) if *is_wild && !source[at..].contains('/') => format!("{}*", &source[..at]),
                _ => source.clone(),
            };
            dockerfile += &format!("COPY {source} /x/\n");
            sources.push(source);
        }
        let is_folder = |path: &String| paths.iter().any(|other| other.starts_with(&format!("{path}/")));
        let mut files: Vec<(&str, &str)> = paths.iter().filter(|path| !is_folder(path)).map(|path| (path.as_str(), "dist\n")).collect();
        files.extend([(".dockerignore", ignore), ("Dockerfile", dockerfile.as_str())]);
        let before = ContextSource::in_memory(files.clone()).unwrap();
        let file = syntax::parse("Dockerfile", &dockerfile).unwrap();
        let proposal = propose_for(&before, Some(&file), Level::Aggressive);
        prop_assert!(proposal.text.starts_with(&proposal.original));
        let after = before.with_ignore_text(&proposal.text).unwrap();
        for source in &sources {
            prop_assert_eq!(before.glob(source), after.glob(source), "{} by {}", source, &proposal.text);
            // What is not there now may be there on another machine.
            if !source.contains('*') && before.ignore().path(source) == Verdict::Sent {
                prop_assert_eq!(after.ignore().path(source), Verdict::Sent, "{} by {}", source, &proposal.text);
            }
        }
        let again = propose_for(&after, Some(&file), Level::Aggressive);
        prop_assert!(!again.is_change(), "{} and then {}", &proposal.text, &again.text);
    }
}

#[test]
fn a_new_file_keeps_itself_out_beside_a_copy_of_unknown_folders_and_is_not_made_for_itself() {
    let dockerfile = "FROM debian:12\nARG OUT\nCOPY $OUT/lib/*.so /app/\n";
    let files = [("Dockerfile", dockerfile), ("src/main.c", "int main;\n")];
    let context = ContextSource::in_memory(files).unwrap();
    let file = syntax::parse("Dockerfile", dockerfile).unwrap();
    let proposal = propose_for(&context, Some(&file), Level::Standard);
    assert_eq!(proposal.text, "# Docker's own files\nDockerfile\n.dockerignore\n");

    let alone = ContextSource::in_memory([("main.c", "int main;\n")]).unwrap();
    let file = syntax::parse("-", "FROM debian:12\nCOPY . .\n").unwrap();
    assert!(!propose_for(&alone, Some(&file), Level::Standard).is_change());
}

/// What the Dockerfiles that nobody looked into take is not known, so that nothing may be kept from them.
#[test]
fn more_dockerfiles_than_are_looked_into() {
    let proposal = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("Dockerfile.{number}")).collect();
        let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), PYTHON)).collect();
        files.extend([("requirements.txt", "flask"), ("app.py", "import flask")]);
        proposed(PYTHON, &files)
    };
    assert!(proposal(299).is_change());
    let many = proposal(300);
    assert!(!many.is_change() && many.patterns.is_empty());
    assert!(many.notes[0].contains("more than 300 Dockerfiles"), "{:?}", many.notes);
}
