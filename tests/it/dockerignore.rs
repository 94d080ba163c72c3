//! The .dockerignore on the command line: `context`, and the second file of `rewrite`, `diff` and `check`.

use std::fs;

use crate::support::{Folder, snapshot};

const DOCKERFILE: &str = "FROM node:22-slim\nWORKDIR /app\nCOPY package.json .\nRUN npm install --no-audit\nCOPY . .\nCMD [\"node\", \"server.js\"]\n";

/// A project with 1 MB of installed dependencies.
fn project() -> Folder {
    let folder = Folder::new();
    folder.write("Dockerfile", DOCKERFILE);
    folder.write("package.json", "{}\n");
    folder.write("server.js", "require('http')\n");
    folder.write("README.md", "How to\n");
    folder.write("node_modules/a/index.js", vec![b'x'; 1_000_000]);
    folder.write("docs/a.md", "more\n");
    folder.write("server/routes.js", "show('docs/a.md')\n");
    folder
}

#[test]
fn context_shows_what_is_sent_and_what_would_be() {
    let folder = project();
    snapshot("context", folder.plimsoll(&["context"]));
    assert!(!folder.path().join(".dockerignore").exists());
    let quiet = folder.plimsoll(&["context", "--quiet"]);
    assert!(!quiet.stdout.contains("not kept out"), "{quiet}");
}

#[test]
fn context_writes_once_and_keeps_what_was_there() {
    let folder = project();
    folder.write(".dockerignore", "# mine\n*.log");
    assert_eq!(folder.plimsoll(&["context", "--write"]).code, 0);
    let first = folder.read(".dockerignore");
    assert!(
        first.starts_with("# mine\n*.log\n\n# Installed dependencies\n**/node_modules\n"),
        "{first}"
    );
    let again = folder.plimsoll(&["context", "--write"]);
    assert_eq!((again.code, folder.read(".dockerignore")), (0, first));
    assert!(!again.stdout.contains("pattern"), "{again}");
}

#[test]
fn a_budget_is_kept_or_not() {
    let folder = project();
    let outcome = folder.plimsoll(&["context", "--max", "900kB"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("1.0 MB are sent, more than 900.0 kB"),
        "{outcome}"
    );
    assert_eq!(folder.plimsoll(&["context", "--max", "1.1MB"]).code, 0);
    assert_eq!(folder.plimsoll(&["context", "--max", "900kB", "--write"]).code, 0);
    assert_eq!(folder.plimsoll(&["context", "--max", "900kB"]).code, 0);
    assert_eq!(folder.plimsoll(&["context", "--max", "much"]).code, 2);
}

#[test]
fn another_file_and_another_folder() {
    let folder = project();
    folder.write(
        "docker/prod.Dockerfile",
        DOCKERFILE.replace("COPY . .", "COPY . .\nCOPY README.md /"),
    );
    folder.write("docker/prod.Dockerfile.dockerignore", "# its own\n");
    let outcome = folder.plimsoll(&["context", "--file", "docker/prod.Dockerfile", "--write"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    let own = folder.read("docker/prod.Dockerfile.dockerignore");
    assert!(own.contains("**/node_modules") && !own.contains("README.md"), "{own}");
    assert!(!folder.path().join(".dockerignore").exists());
    assert_eq!(folder.plimsoll(&["context", "nowhere"]).code, 2);
    // A folder without a Dockerfile is measured all the same.
    let outcome = folder.plimsoll(&["context", "server"]);
    assert!(
        outcome.code == 0 && outcome.stdout.contains("no Dockerfile here"),
        "{outcome}"
    );
}

#[test]
fn rewrite_writes_both_and_prints_the_dockerfile_alone() {
    let folder = project();
    let printed = folder.plimsoll(&["rewrite"]);
    assert!(
        printed.stdout.starts_with("FROM node") && !printed.stdout.contains("node_modules"),
        "{printed}"
    );
    assert!(printed.stderr.contains("written with --write"), "{printed}");
    assert!(!folder.path().join(".dockerignore").exists());

    folder.plimsoll(&["rewrite", "-o", "new", "--diff", "patch"]);
    let patch = folder.read("patch");
    assert!(patch.contains("--- a/Dockerfile\n+++ b/Dockerfile\n"), "{patch}");
    assert!(
        patch.contains("--- /dev/null\n+++ b/.dockerignore\n@@ -0,0 +1,"),
        "{patch}"
    );
    assert!(!folder.path().join(".dockerignore").exists());

    let written = folder.plimsoll(&["rewrite", "--write"]);
    assert_eq!(written.code, 0, "{written}");
    assert!(written.stderr.contains("; .dockerignore: "), "{written}");
    assert!(folder.read(".dockerignore").contains("**/node_modules"));
    assert_eq!(folder.read("new"), folder.read("Dockerfile"));
    assert_eq!(folder.plimsoll(&["check"]).code, 0);
}

#[test]
fn the_patch_of_both_applies() {
    for present in [None, Some("# mine\n")] {
        let folder = project();
        if let Some(text) = present {
            folder.write(".dockerignore", text);
        }
        folder.plimsoll(&["rewrite", "--diff", "both.patch"]);
        assert!(folder.succeeds(".", "git", &["apply", "both.patch"]));
        let by_patch = (folder.read("Dockerfile"), folder.read(".dockerignore"));
        let other = project();
        if let Some(text) = present {
            other.write(".dockerignore", text);
        }
        other.plimsoll(&["rewrite", "--write"]);
        assert_eq!(by_patch, (other.read("Dockerfile"), other.read(".dockerignore")));
    }
}

#[test]
fn check_and_diff_tell_of_it() {
    let folder = project();
    folder.write("Dockerfile", "FROM alpine:3.20\nCOPY . /srv\n");
    let outcome = folder.plimsoll(&["check"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome
            .stdout
            .contains(".dockerignore:2: dockerignore: keep out `**/node_modules` (1 file, 1.0 MB)"),
        "{outcome}"
    );
    snapshot("diff-dockerignore", folder.plimsoll(&["diff"]));
    let json = folder.plimsoll(&["diff", "--format", "json"]).stdout;
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let file = &value["files"][0];
    assert_eq!(file["changed"], false);
    assert_eq!(file["dockerignore"]["patterns"][0]["group"], "dependencies");
    assert!(file["diff"].as_str().unwrap().contains("+++ b/.dockerignore"));
}

#[test]
fn it_can_be_switched_off() {
    let folder = project();
    folder.write("Dockerfile", "FROM alpine:3.20\nCOPY . /srv\n");
    assert_eq!(folder.plimsoll(&["check", "--skip", "dockerignore"]).code, 0);
    assert_eq!(folder.plimsoll(&["check", "--only", "cache-mounts"]).code, 0);
    assert_eq!(folder.plimsoll(&["check", "--only", "dockerignore"]).code, 1);
    folder.write("plimsoll.toml", "skip = [\"dockerignore\"]\n");
    assert_eq!(folder.plimsoll(&["check"]).code, 0);
    fs::remove_file(folder.path().join("plimsoll.toml")).unwrap();
    folder.write(
        "Dockerfile",
        "FROM alpine:3.20\n# plimsoll: skip=dockerignore\nCOPY . /srv\n",
    );
    assert_eq!(folder.plimsoll(&["check"]).code, 0);
    assert!(
        folder
            .plimsoll(&["explain", "dockerignore"])
            .stdout
            .contains("# dockerignore")
    );
}

#[test]
fn standard_input_has_no_second_file() {
    let folder = project();
    let text = "FROM alpine:3.20\nCOPY . /srv\n";
    let alone = folder.plimsoll_in(".", &["diff", "-"], text);
    assert!(!alone.stdout.contains("+++"), "{alone}");
    assert!(
        alone.stdout.contains("propose a .dockerignore") && alone.stdout.contains("--context DIR"),
        "{alone}"
    );
    let with = folder.plimsoll_in(".", &["diff", "-", "--context", "."], text);
    assert!(
        !with.stdout.contains("+++") && !with.stdout.contains("node_modules"),
        "{with}"
    );
}

#[test]
fn dockerfiles_of_one_context_share_a_line_of_check() {
    let folder = project();
    folder.write("Dockerfile", "FROM alpine:3.20\nCOPY . /srv\n");
    folder.write("b.Dockerfile", "FROM alpine:3.20\nCOPY README.md /\nCOPY . /srv\n");
    let outcome = folder.plimsoll(&["check", "Dockerfile", "b.Dockerfile"]);
    let lines = outcome.stdout.lines().filter(|line| line.contains("node_modules"));
    assert_eq!(lines.count(), 1, "{outcome}");
    assert!(
        !outcome.stdout.contains("`README.md`"),
        "the other file copies it: {outcome}"
    );
}

#[test]
fn a_compose_file_gives_the_context() {
    let folder = Folder::new();
    folder.write("docker/Dockerfile", DOCKERFILE);
    folder.write("web/package.json", "{}\n");
    folder.write("web/server.js", "");
    folder.write("web/node_modules/a/index.js", "x");
    let compose = "services:\n  web:\n    build:\n      context: web\n      dockerfile: ../docker/Dockerfile\n      target: runtime\n";
    folder.write("compose.yaml", compose);
    let outcome = folder.plimsoll(&["diff", "docker"]);
    assert!(outcome.stdout.contains("+++ b/web/.dockerignore"), "{outcome}");
    assert!(outcome.stdout.contains("the build context is web: "), "{outcome}");
    assert!(outcome.stdout.contains("builds web with it"), "{outcome}");
    // What is named wins.
    let outcome = folder.plimsoll(&["diff", "docker", "--context", "docker"]);
    assert!(!outcome.stdout.contains("web/.dockerignore"), "{outcome}");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_context_is_not_written_through() {
    let folder = project();
    folder.write("elsewhere/ignore", "");
    fs::create_dir(folder.path().join("app")).unwrap();
    for file in ["Dockerfile", "package.json", "server.js"] {
        fs::copy(folder.path().join(file), folder.path().join("app").join(file)).unwrap();
    }
    std::os::unix::fs::symlink("../elsewhere/ignore", folder.path().join("app/.dockerignore")).unwrap();
    let outcome = folder.plimsoll_in("app", &["context", "--write"], "");
    assert_eq!(
        (outcome.code, folder.read("elsewhere/ignore").as_str()),
        (2, ""),
        "{outcome}"
    );
    assert!(
        outcome.stderr.contains("is a link to something that is not in"),
        "{outcome}"
    );
}
