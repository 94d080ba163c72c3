//! What is made of the changes: nothing, files, a branch, patches, texts, a Bake file.

use std::fs;

use super::{APP, Fleet, WORKER, named};
use crate::support::{Folder, snapshot};

#[test]
fn nothing_is_touched_without_being_asked_for() {
    let fleet = Fleet::usual();
    let before = fleet.state("acme/shop");
    for arguments in [["fleet"].as_slice(), &["fleet", "--dry-run"]] {
        let outcome = fleet.migrate(arguments);
        assert_eq!(outcome.code, 0);
        snapshot("migrate-dry-run", &outcome);
    }
    assert_eq!(fleet.state("acme/shop"), before);
    let left = fs::read_dir(fleet.path().join("state/plimsoll/migrate")).unwrap();
    assert_eq!(left.count(), 0, "a run that came to its end leaves no state");
}

#[test]
fn write_changes_work_trees_as_rewrite_does() {
    let (fleet, alone) = (Fleet::usual(), Fleet::usual());
    let outcome = fleet.migrate(&["fleet", "--write"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    for file in [
        "acme/shop/Dockerfile",
        "acme/shop/worker/Dockerfile",
        "tools/Containerfile",
    ] {
        let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"))
            .args(["rewrite", "--write"])
            .arg(alone.at(file))
            .output()
            .unwrap();
        assert!(output.status.success());
        assert_ne!(fleet.read(format!("fleet/{file}")), WORKER);
        assert_eq!(
            fleet.read(format!("fleet/{file}")),
            fs::read_to_string(alone.at(file)).unwrap()
        );
    }
    assert_eq!(fleet.state("acme/shop").0, alone.state("acme/shop").0);
    assert_eq!(fleet.git(&fleet.at("acme/fine"), &["status", "--porcelain"]), "");
    assert_eq!(
        fleet.migrate(&["fleet", "--dry-run"]).stdout,
        "",
        "a second run finds nothing"
    );
}

#[test]
fn write_keeps_modes_line_ends_and_other_files() {
    let fleet = Fleet::new();
    fleet.repository("a", &[("Dockerfile", &WORKER.replace('\n', "\r\n")), ("other", "x")]);
    fleet.write("a", "notes.txt", "mine");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(fleet.at("a/Dockerfile"), fs::Permissions::from_mode(0o755)).unwrap();
        fleet.git(&fleet.at("a"), &["commit", "-qam", "Mode"]);
    }
    assert_eq!(fleet.migrate(&["fleet", "--write"]).code, 0);
    let text = fleet.read("fleet/a/Dockerfile");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert_eq!(fleet.read("fleet/a/notes.txt"), "mine");
    #[cfg(unix)]
    assert_eq!(fleet.git(&fleet.at("a"), &["diff", "--summary"]), "", "no mode changed");
}

#[test]
fn branch_commits_beside_the_work_tree() {
    let fleet = Fleet::usual();
    let shop = fleet.at("acme/shop");
    fleet.write("acme/shop", "Dockerfile", "FROM scratch\n# not done yet\n");
    fleet.write("acme/shop", "staged", "x");
    fleet.git(&shop, &["add", "staged"]);
    let before = fleet.state("acme/shop").0;
    let status = fleet.git(&shop, &["status", "--porcelain"]);
    let outcome = fleet.migrate(&["fleet", "--branch", "plimsoll/first"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert_eq!(fleet.state("acme/shop").0, before, "the work tree stays");
    assert_eq!(fleet.git(&shop, &["status", "--porcelain"]), status, "the index stays");
    assert_eq!(fleet.git(&shop, &["symbolic-ref", "--short", "HEAD"]), "main");
    assert_eq!(
        fleet.git(&shop, &["rev-parse", "plimsoll/first^"]),
        fleet.git(&shop, &["rev-parse", "main"])
    );
    let changed = fleet.git(&shop, &["diff", "--name-only", "main", "plimsoll/first"]);
    assert_eq!(changed, ".dockerignore\nDockerfile\nworker/Dockerfile");
    assert_eq!(
        fleet.git(&shop, &["log", "-1", "--format=%an <%ae>", "plimsoll/first"]),
        "Ada <ada@example.org>"
    );
    snapshot(
        "migrate-commit-message",
        fleet.git(&shop, &["log", "-1", "--format=%B", "plimsoll/first"]),
    );
    fleet.git(&shop, &["fsck", "--strict"]);
    // What is committed is what is written where nothing is in the way.
    let other = Fleet::usual();
    other.migrate(&["fleet", "--write"]);
    assert_eq!(
        fleet.git(&shop, &["show", "plimsoll/first:Dockerfile"]) + "\n",
        other.read("fleet/acme/shop/Dockerfile")
    );
    assert_eq!(
        fleet.git(&fleet.at("acme/fine"), &["branch", "--list", "plimsoll/*"]),
        "",
        "nothing to commit"
    );
}

#[test]
fn a_branch_needs_a_name_that_git_allows() {
    let fleet = Fleet::usual();
    for name in ["-x", "a..b", "a b", "a\nb", "x.lock", ""] {
        let outcome = fleet.migrate(&["fleet", &format!("--branch={name}")]);
        assert_eq!(outcome.code, 2, "{name}: {outcome}");
    }
    assert_eq!(
        fleet.migrate(&["fleet", "--branch", "a", "--write"]).code,
        2,
        "one or the other"
    );
}

#[test]
fn patches_apply_and_are_the_whole_change() {
    let (fleet, written) = (Fleet::usual(), Fleet::usual());
    assert_eq!(fleet.migrate(&["fleet", "--patch-dir", "patches"]).code, 0);
    assert_eq!(written.migrate(&["fleet", "--write"]).code, 0);
    let mut names: Vec<_> = fs::read_dir(fleet.path().join("patches"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["acme+blog.patch", "acme+shop.patch", "tools.patch"]);
    for name in ["acme/blog", "acme/shop", "tools"] {
        let patch = fleet.path().join("patches").join(name.replace('/', "+") + ".patch");
        fleet.git(&fleet.at(name), &["apply", patch.to_str().unwrap()]);
        assert_eq!(fleet.state(name).0, written.state(name).0, "{name}");
    }
}

#[test]
fn a_text_for_reviewers() {
    let fleet = Fleet::usual();
    assert_eq!(fleet.migrate(&["fleet", "--pr-body", "texts"]).code, 0);
    snapshot("migrate-pr-body", fleet.read("texts/acme+shop.md"));
    let outcome = fleet.migrate(&["fleet/acme/shop", "--pr-body", "-"]);
    assert!(outcome.stdout.starts_with("# Make Docker images smaller"), "{outcome}");
}

#[test]
fn a_bake_file_builds_both_sides() {
    let fleet = Fleet::usual();
    fleet.write("../out/bake.json.files", "old.context", "/");
    assert_eq!(fleet.migrate(&["fleet", "--write", "--bake", "out/bake.json"]).code, 0);
    let bake: serde_json::Value = serde_json::from_str(&fleet.read("out/bake.json")).unwrap();
    let targets = bake["target"].as_object().unwrap();
    let names: Vec<&String> = targets.keys().collect();
    assert_eq!(names.len(), 8, "{names:?}");
    assert_eq!(bake["group"]["before"]["targets"].as_array().unwrap().len(), 4);
    let read = |name: &str| fs::read_to_string(targets[name]["dockerfile"].as_str().unwrap()).unwrap();
    assert_eq!(
        read("acme-shop-dockerfile-before"),
        APP,
        "though the work tree has changed"
    );
    assert_eq!(
        read("acme-shop-dockerfile-after"),
        fleet.read("fleet/acme/shop/Dockerfile")
    );
    let ignore = targets["acme-shop-dockerfile-after"]["dockerfile"]
        .as_str()
        .unwrap()
        .to_owned()
        + ".dockerignore";
    assert_eq!(
        fs::read_to_string(ignore).unwrap(),
        fleet.read("fleet/acme/shop/.dockerignore")
    );
    assert_eq!(
        targets["acme-shop-dockerfile-before"]["context"],
        fleet.at("acme/shop").canonicalize().unwrap().to_str().unwrap()
    );
}

/// Who commits the Dockerfile without it must not get one that counts on it.
#[test]
fn an_ignore_file_that_git_would_not_add_is_not_made() {
    let fleet = Fleet::new();
    let copies = "FROM debian:bookworm-slim\nCOPY . /srv\n";
    let files = [
        ("a/Dockerfile", copies),
        ("b/Dockerfile", copies),
        (".gitignore", "a/.dockerignore\n"),
    ];
    fleet.repository("r", &files);
    fleet.write("r", "c/Dockerfile", copies);
    fleet.git(&fleet.at("r"), &["add", "c/Dockerfile"]);
    fleet.git(&fleet.at("r"), &["commit", "-q", "-m", "More"]);
    fleet.write("r", "c/.dockerignore", "mine\n");
    for arguments in [
        ["--branch", "one"].as_slice(),
        &["--patch-dir", "patches"],
        &["--write"],
    ] {
        let report = fleet.report(arguments);
        let changed = named(&report, "r")["dockerignores"].as_array().unwrap();
        let names: Vec<&str> = changed.iter().map(|ignore| ignore["file"].as_str().unwrap()).collect();
        let expected = if arguments[0] == "--branch" {
            vec!["b/.dockerignore", "c/.dockerignore"]
        } else {
            vec!["b/.dockerignore"]
        };
        assert_eq!(names, expected, "{arguments:?}");
    }
    assert_eq!(fleet.read("fleet/r/c/.dockerignore"), "mine\n");
}

#[test]
fn one_repository_that_fails_keeps_no_other_back() {
    let fleet = Fleet::usual();
    fleet.write("acme/blog", "plimsoll.toml", "levl = 1\n");
    fleet.git(&fleet.at("acme/blog"), &["add", "-A"]);
    let report = fleet.report(&["--write", "--allow-dirty"]);
    let blog = named(&report, "acme/blog");
    assert_eq!(blog["outcome"], "failed");
    assert!(
        blog["reason"].as_str().unwrap().contains("unknown key `levl`"),
        "{blog}"
    );
    assert_eq!(named(&report, "acme/shop")["outcome"], "written");
    assert_eq!(fleet.migrate(&["fleet"]).code, 1);
}

#[test]
fn the_examples_of_fleet_tools_call_what_there_is() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleet");
    let help = Folder::new().plimsoll(&["migrate", "--help"]).stdout;
    let mut calls = 0;
    for entry in fs::read_dir(root).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines().filter(|line| line.contains("plimsoll migrate")) {
            calls += 1;
            for word in line.split_whitespace().filter(|word| word.starts_with("--")) {
                let option = word.split('=').next().unwrap().trim_matches(['\'', '"']);
                assert!(help.contains(option), "{option} in {line}");
            }
        }
    }
    assert!(calls >= 3, "one for each tool");
}
