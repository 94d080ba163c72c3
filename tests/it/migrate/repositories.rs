//! Repositories in every state: handled, or refused by name with nothing lost.

use std::fs;

use super::{Fleet, WORKER, named};

/// The reason for which the only repository of the fleet is refused; it must be as it was.
#[track_caller]
fn refusal(fleet: &Fleet, name: &str, arguments: &[&str]) -> String {
    let before = fleet.state(name);
    let report = fleet.report(arguments);
    assert_eq!(fleet.state(name), before);
    let repository = named(&report, name);
    assert_eq!(repository["outcome"], "refused", "{repository:#}");
    assert_eq!(fleet.migrate(&[&["fleet"], arguments].concat()).code, 1);
    repository["reason"].as_str().unwrap().to_owned()
}

fn one() -> Fleet {
    let fleet = Fleet::new();
    fleet.repository("a", &[("Dockerfile", WORKER), ("other", "x\n")]);
    fleet
}

#[test]
fn uncommitted_changes_are_not_mixed_with_ours() {
    let fleet = one();
    fleet.write("a", "other", "y\n");
    assert!(refusal(&fleet, "a", &["--write"]).starts_with("it has uncommitted changes (other): "));
    fleet.git(&fleet.at("a"), &["add", "other"]);
    assert!(refusal(&fleet, "a", &["--write"]).starts_with("it has uncommitted changes (other): "));
    assert_eq!(
        named(&fleet.report(&[]), "a")["outcome"],
        "would-change",
        "looking is always allowed"
    );
    assert_eq!(
        named(&fleet.report(&["--branch", "b"]), "a")["outcome"],
        "committed",
        "beside the work tree"
    );
    assert_eq!(
        fleet.git(&fleet.at("a"), &["diff", "--name-only", "main", "b"]),
        "Dockerfile"
    );
    assert_eq!(
        named(&fleet.report(&["--write", "--allow-dirty"]), "a")["outcome"],
        "written"
    );
    assert_eq!(fleet.read("fleet/a/other"), "y\n");
}

#[test]
fn untracked_files_are_in_nobodys_way() {
    let fleet = one();
    fleet.write("a", "new", "");
    assert_eq!(named(&fleet.report(&["--write"]), "a")["outcome"], "written");
}

#[test]
fn a_merge_in_conflict_is_refused() {
    let fleet = one();
    let folder = fleet.at("a");
    fleet.git(&folder, &["checkout", "-q", "-b", "side"]);
    fleet.write("a", "other", "side\n");
    fleet.git(&folder, &["commit", "-qam", "Side"]);
    fleet.git(&folder, &["checkout", "-q", "main"]);
    fleet.write("a", "other", "main\n");
    fleet.git(&folder, &["commit", "-qam", "Main"]);
    let merged = fleet
        .command("git", &folder)
        .args(["merge", "-q", "side"])
        .output()
        .unwrap();
    assert!(!merged.status.success());
    assert!(refusal(&fleet, "a", &["--write"]).starts_with("it has uncommitted changes"));
}

#[test]
fn an_existing_branch_is_refused() {
    let fleet = one();
    for (exists, wanted) in [("b", "b"), ("c/d", "c"), ("e", "e/f")] {
        fleet.git(&fleet.at("a"), &["branch", exists]);
        let reason = refusal(&fleet, "a", &["--branch", wanted]);
        assert_eq!(
            reason,
            format!("the branch {wanted} exists: name another one, or delete it if it is not needed")
        );
    }
}

#[test]
fn a_detached_head_starts_the_branch_where_it_is() {
    let fleet = one();
    let folder = fleet.at("a");
    fleet.git(&folder, &["checkout", "-q", "--detach"]);
    let report = fleet.report(&["--branch", "b"]);
    let repository = named(&report, "a");
    assert_eq!(repository["outcome"], "committed");
    assert!(repository["notes"][0].as_str().unwrap().starts_with("HEAD is detached"));
    assert_eq!(
        fleet.git(&folder, &["rev-parse", "b^"]),
        fleet.git(&folder, &["rev-parse", "HEAD"])
    );
    assert_eq!(named(&fleet.report(&["--write"]), "a")["outcome"], "written");
}

#[test]
fn a_repository_without_a_commit() {
    let fleet = Fleet::new();
    let folder = fleet.at("a");
    fs::create_dir_all(&folder).unwrap();
    fleet.git(&folder, &["init", "-q"]);
    fleet.write("a", "Dockerfile", WORKER);
    fleet.git(&folder, &["add", "-A"]);
    assert_eq!(
        refusal(&fleet, "a", &["--branch", "b"]),
        "it has no commit yet: make one first"
    );
    assert!(refusal(&fleet, "a", &["--write"]).starts_with("it has uncommitted changes (Dockerfile)"));
}

#[test]
fn a_bare_repository_gets_a_branch_and_a_patch_but_no_files() {
    let fleet = Fleet::new();
    fleet.repository("../origin", &[("Dockerfile", WORKER), ("link", "")]);
    let bare = fleet.at("a.git");
    let origin = fleet.path().join("origin");
    fleet.git(
        fleet.path(),
        &[
            "clone",
            "-q",
            "--bare",
            origin.to_str().unwrap(),
            bare.to_str().unwrap(),
        ],
    );
    let reason = {
        let report = fleet.report(&["--write"]);
        named(&report, "a.git")["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        reason,
        "it is bare and has no work tree to write: use --branch or --patch-dir"
    );
    let report = fleet.report(&["--branch", "b", "--patch-dir", "patches"]);
    assert_eq!(named(&report, "a.git")["outcome"], "committed", "{report:#}");
    assert_eq!(fleet.git(&bare, &["diff", "--name-only", "main", "b"]), "Dockerfile");
    fleet.git(&origin, &["apply", "--check", "../patches/a.git.patch"]);
}

#[test]
fn a_linked_work_tree_is_written_and_shares_its_branches() {
    let fleet = one();
    fleet.git(&fleet.at("a"), &["worktree", "add", "-q", "../linked", "-b", "linked"]);
    let report = fleet.report(&["--branch", "b", "--jobs", "1"]);
    assert_eq!(named(&report, "a")["outcome"], "committed");
    let linked = named(&report, "linked");
    assert_eq!(
        linked["outcome"], "refused",
        "one branch of that name a repository: {linked:#}"
    );
    assert!(linked["reason"].as_str().unwrap().starts_with("the branch b exists"));
    assert_eq!(named(&fleet.report(&["--write"]), "linked")["outcome"], "written");
}

#[test]
fn a_submodule_is_migrated_where_it_comes_from() {
    let fleet = one();
    fleet.repository("../library", &[("Dockerfile", WORKER)]);
    let library = fleet.path().join("library");
    let add = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        library.to_str().unwrap(),
        "libs/library",
    ];
    fleet.git(&fleet.at("a"), &add);
    fleet.git(&fleet.at("a"), &["commit", "-qm", "Add"]);
    for arguments in [["--branch", "b"].as_slice(), &["--write"]] {
        let report = fleet.report(arguments);
        let repository = named(&report, "a");
        assert_eq!(repository["files"].as_array().unwrap().len(), 1, "{repository:#}");
        assert!(
            repository["notes"][0]
                .as_str()
                .unwrap()
                .starts_with("`libs/library` is a submodule")
        );
    }
    assert_eq!(fleet.read("fleet/a/libs/library/Dockerfile"), WORKER);
    // Named by itself it is a repository like others.
    let outcome = fleet.migrate(&["fleet/a/libs/library", "--branch", "b", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let submodule = named(&report, "library");
    assert_eq!(submodule["outcome"], "committed");
    assert!(submodule["notes"][0].as_str().unwrap().starts_with("it is a submodule"));
}

#[test]
fn git_without_a_name_for_the_author_is_an_error_that_says_so() {
    let fleet = one();
    fs::write(fleet.path().join("gitconfig"), "").unwrap();
    let before = fleet.state("a");
    let report = fleet.report(&["--branch", "b"]);
    let repository = named(&report, "a");
    assert_eq!(repository["outcome"], "failed");
    assert!(
        repository["reason"].as_str().unwrap().contains("git commit-tree"),
        "{repository:#}"
    );
    assert_eq!(fleet.state("a"), before);
}

#[test]
fn what_git_calls_no_repository_fails_by_name() {
    let fleet = one();
    fs::create_dir_all(fleet.at("broken/.git")).unwrap();
    fleet.write("lost", ".git", "gitdir: /nowhere\n");
    let report = fleet.report(&[]);
    for name in ["broken", "lost"] {
        assert_eq!(named(&report, name)["outcome"], "failed");
    }
    assert_eq!(named(&report, "a")["outcome"], "would-change");
}
