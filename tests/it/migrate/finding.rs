//! Which repositories and which files are found, and why others are passed over.

use super::{APP, Fleet, WORKER, named};
use crate::support::snapshot;

#[test]
fn each_way_to_name_a_dockerfile_is_known() {
    let fleet = Fleet::new();
    fleet.repository(
        "a",
        &[
            ("Dockerfile", WORKER),
            ("dockerfile", WORKER),
            ("x/Dockerfile.prod", WORKER),
            ("x/api.Dockerfile", WORKER),
            ("x/Containerfile", WORKER),
            ("x/Containerfile.dev", WORKER),
            ("y/named-by-compose", WORKER),
            ("y/named-by-bake.docker", WORKER),
            ("y/not-named", WORKER),
            (
                "deploy/compose.yaml",
                "services:\n  y:\n    build:\n      context: ../y\n      dockerfile: named-by-compose\n",
            ),
            (
                "docker-bake.hcl",
                "target \"y\" {\n  context = \"y\"\n  dockerfile = \"named-by-bake.docker\"\n}\n",
            ),
            ("Dockerfile.dockerignore", "x\n"),
            ("docs/Dockerfile.md", "# Dockerfile\n"),
        ],
    );
    let report = fleet.report(&[]);
    let files: Vec<&str> = named(&report, "a")["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["file"].as_str().unwrap())
        .collect();
    assert_eq!(
        files,
        [
            "x/Containerfile",
            "x/Containerfile.dev",
            "x/Dockerfile.prod",
            "x/api.Dockerfile",
            "y/named-by-bake.docker",
            "y/named-by-compose",
        ]
    );
    let skipped = &named(&report, "a")["skipped"];
    assert_eq!(
        (&skipped[0]["path"], &skipped[0]["reason"]),
        (&"Dockerfile".into(), &"ambiguous".into())
    );
    assert_eq!(
        (&skipped[1]["path"], &skipped[1]["reason"]),
        (&"dockerfile".into(), &"ambiguous".into())
    );
}

#[test]
fn what_is_not_for_people_to_change_is_passed_over_with_a_reason() {
    let fleet = Fleet::new();
    fleet.repository(
        "a",
        &[
            ("vendor/lib/Dockerfile", WORKER),
            ("copied/lib/Dockerfile", WORKER),
            ("made/Dockerfile", WORKER),
            (
                ".gitattributes",
                "copied/** linguist-vendored\nmade/** linguist-generated=true\n",
            ),
            (
                "generated/Dockerfile",
                &format!("# Made by make. DO NOT EDIT.\n{WORKER}"),
            ),
            ("Dockerfile.j2", WORKER),
            ("jinja/Dockerfile", &WORKER.replace("bookworm-slim", "{{ release }}")),
            ("pkg/testdata/Dockerfile", WORKER),
            ("left/Dockerfile", WORKER),
            ("broken/Dockerfile", "FROM a\nRUM b\n"),
            ("empty/Dockerfile", ""),
            ("binary/Dockerfile", "FROM a\n\0\n"),
            ("good/Dockerfile", WORKER),
            ("plimsoll.toml", "exclude = [\"left/**\"]\n"),
        ],
    );
    let report = fleet.report(&[]);
    let repository = named(&report, "a");
    let skipped = repository["skipped"].as_array().unwrap().iter();
    let lines = skipped.map(|skipped| format!("{} {}: {}", skipped["path"], skipped["reason"], skipped["detail"]));
    snapshot("migrate-skipped", lines.collect::<Vec<_>>().join("\n").replace('"', ""));
    assert_eq!(repository["files"].as_array().unwrap().len(), 1);
    assert_eq!(repository["outcome"], "would-change");
    assert_eq!(report["totals"]["skipped"]["vendored"], 2);

    // What the user names is taken, whatever speaks against it.
    let report = fleet.report(&["--include", "vendor/**", "--exclude", "good/*"]);
    let files = named(&report, "a")["files"].as_array().unwrap();
    let files: Vec<&str> = files.iter().map(|file| file["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["left/Dockerfile", "vendor/lib/Dockerfile"]);
}

#[test]
fn untracked_and_missing_files_are_none_of_ours() {
    let fleet = Fleet::new();
    let folder = fleet.repository("a", &[("gone/Dockerfile", WORKER), ("x/Dockerfile", WORKER)]);
    fleet.write("a", "new/Dockerfile", WORKER);
    std::fs::remove_file(folder.join("gone/Dockerfile")).unwrap();
    let report = fleet.report(&[]);
    let repository = named(&report, "a");
    assert_eq!(repository["files"].as_array().unwrap().len(), 1);
    assert_eq!(repository["skipped"][0]["reason"], "missing");
}

#[test]
fn repositories_are_found_listed_and_divided() {
    let fleet = Fleet::usual();
    fleet.repository("tools/inner", &[("Dockerfile", WORKER)]);
    fleet.write("node_modules/x/.git", "HEAD", "");
    let names = |arguments: &[&str]| -> Vec<String> {
        let outcome = fleet.migrate(&[&["--format", "json"], arguments].concat());
        let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        let repositories = report["repositories"].as_array().unwrap().iter();
        repositories
            .map(|repository| repository["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = ["acme/blog", "acme/fine", "acme/shop", "tools"];
    assert_eq!(names(&["fleet"]), all);
    assert_eq!(names(&["fleet/acme"]), ["blog", "fine", "shop"]);
    assert_eq!(names(&["fleet/tools"]), ["tools"]);
    assert_eq!(names(&["fleet", "fleet/tools"]), all, "each once");
    let shards: Vec<Vec<String>> = (1..=3)
        .map(|number| names(&["fleet", "--shard", &format!("{number}/3")]))
        .collect();
    let mut joined = shards.concat();
    joined.sort();
    assert_eq!(joined, all);
    std::fs::write(fleet.path().join("list"), "# ours\nfleet/acme/shop\n\nfleet/tools\n").unwrap();
    assert_eq!(names(&["--list", "list"]), ["fleet/acme/shop", "fleet/tools"]);
}

#[test]
fn a_root_without_a_repository_is_named() {
    let fleet = Fleet::new();
    let outcome = fleet.migrate(&["fleet"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("no git repository in `fleet`"), "{outcome}");
    assert_eq!(fleet.migrate(&["missing"]).code, 2);
    fleet.repository("a", &[("docker/Dockerfile", WORKER)]);
    let outcome = fleet.migrate(&["fleet/a/docker"]);
    assert!(
        outcome.stderr.contains("`fleet/a/docker` is inside of a repository"),
        "{outcome}"
    );
}

#[test]
fn dockerfiles_that_share_an_ignore_file_share_one_change_of_it() {
    let fleet = Fleet::new();
    let app = APP.replace("COPY . .", "COPY . .\nRUN true");
    fleet.repository(
        "a",
        &[
            ("Dockerfile", APP),
            ("Dockerfile.other", &app),
            ("requirements.txt", "flask\n"),
            ("app.py", "import flask\n"),
            ("__pycache__/app.pyc", "x"),
            (".venv/bin/python", "x"),
        ],
    );
    assert_eq!(fleet.migrate(&["fleet", "--write"]).code, 0);
    let ignore = fleet.read("fleet/a/.dockerignore");
    let mut lines: Vec<&str> = ignore.lines().filter(|line| !line.is_empty()).collect();
    let number = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), number, "nothing stands there twice:\n{ignore}");
    // What was written is what running the command file by file would have written.
    fleet.git(&fleet.at("a"), &["add", "-A"]);
    fleet.git(&fleet.at("a"), &["commit", "-q", "-m", "Migrate"]);
    assert_eq!(named(&fleet.report(&[]), "a")["outcome"], "unchanged");
}

#[test]
fn a_dockerfile_that_cannot_be_read_is_named_in_every_report_and_counts() {
    let fleet = Fleet::new();
    let broken = "FROM debian:bookworm-slim\nRUNN make\n";
    fleet.repository("bad", &[("Dockerfile", broken)]);
    fleet.repository("half", &[("Dockerfile", broken), ("x/Dockerfile", WORKER)]);
    let says = "found unknown instruction `RUNN`";
    for format in ["text", "markdown", "json", "sarif", "github"] {
        let outcome = fleet.migrate(&["fleet", "--format", format]);
        assert_eq!(outcome.code, 1, "{format}: {outcome}");
        assert_eq!(outcome.stdout.matches(says).count(), 2, "{format}: {outcome}");
    }
    let text = fleet.migrate(&["fleet"]);
    assert!(
        text.stdout
            .contains(&format!("bad: could not be read:\n  Dockerfile:2: {says}")),
        "{text}"
    );
    assert!(text.stderr.contains("\n2 Dockerfiles could not be read"), "{text}");
    assert!(!text.stderr.contains("passed over"), "{text}");
    let annotation = fleet.migrate(&["fleet", "--format", "github"]).stdout;
    assert!(annotation.contains("::error file=Dockerfile,line=2,"), "{annotation}");
    let log = fleet.migrate(&["fleet", "--format", "sarif"]).stdout;
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(
        (&result["ruleId"], &result["level"]),
        (&"unread".into(), &"error".into())
    );
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
    let report = fleet.report(&["--write", "--report", "r.html"]);
    assert_eq!(named(&report, "bad")["outcome"], "unread");
    assert_eq!(
        named(&report, "half")["outcome"],
        "written",
        "what can be read is rewritten"
    );
    assert_eq!(report["totals"]["unread_dockerfiles"], 2);
    assert!(fleet.read("r.html").contains("could not be read"));
    let left_out = fleet.migrate(&["fleet", "--exclude", "/Dockerfile"]);
    assert_eq!(left_out.code, 0, "what the user leaves out is no failure: {left_out}");
}
