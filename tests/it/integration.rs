//! What other tools read of this repository: hooks, the action, the job for GitLab.

use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::Value;

use crate::support::{FINE, Folder, IMPROVABLE};

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// A YAML file as JSON; the last document where there are several.
fn yaml(name: &str) -> Value {
    let text = text(name);
    let last = text.rsplit("\n---\n").next().unwrap();
    serde_saphyr::from_str(last).unwrap()
}

#[test]
fn hooks_are_for_the_files_that_migrate_finds() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let ids: Vec<&str> = hooks
        .as_array()
        .unwrap()
        .iter()
        .map(|hook| hook["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "plimsoll-check",
            "plimsoll-migrate",
            "plimsoll-check-system",
            "plimsoll-migrate-system"
        ]
    );
    for hook in hooks.as_array().unwrap() {
        let pattern = |key: &str| Regex::new(hook[key].as_str().unwrap()).unwrap();
        let (files, exclude) = (pattern("files"), pattern("exclude"));
        for (name, is_taken) in [
            ("Dockerfile", true),
            ("a/b/dockerfile", true),
            ("Dockerfile.prod", true),
            ("api.Dockerfile", true),
            ("x/Containerfile", true),
            ("Dockerfile_dev", true),
            ("Dockerfile.dockerignore", false),
            ("Dockerfile.j2", false),
            ("docs/Dockerfile.md", false),
            ("dockerfiles/README", false),
            ("src/dockerfile/mod.rs", false),
        ] {
            assert_eq!(files.is_match(name) && !exclude.is_match(name), is_taken, "{name}");
        }
        let words: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').collect();
        let folder = Folder::new();
        folder.write("Dockerfile", FINE);
        assert!(folder.succeeds(".", "git", &["init", "-q"]));
        assert_eq!(folder.plimsoll(&words[1..]).code, 0, "{words:?}");
    }
}

#[cfg(unix)]
#[test]
fn the_action_annotates_summarizes_and_fails() {
    if Command::new("jq").arg("--version").output().is_err() {
        eprintln!("skipped: no jq");
        return;
    }
    let action = yaml("action.yml");
    let step = &action["runs"]["steps"][1];
    let folder = Folder::new();
    folder.write("repo/app/Dockerfile", IMPROVABLE);
    assert!(folder.succeeds("repo", "git", &["init", "-q"]));
    assert!(folder.succeeds("repo", "git", &["add", "-A"]));
    let program = Path::new(assert_cmd::cargo::cargo_bin!("plimsoll")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let run = |inputs: &[(&str, &str)]| {
        let mut command = Command::new("bash");
        // As GitHub calls it.
        command.args([
            "--noprofile",
            "--norc",
            "-eo",
            "pipefail",
            "-c",
            step["run"].as_str().unwrap(),
        ]);
        command.current_dir(folder.path().join("repo")).env("PATH", &path);
        command.env("XDG_STATE_HOME", folder.path().join("state"));
        command
            .env("GITHUB_STEP_SUMMARY", folder.path().join("summary"))
            .env("GITHUB_OUTPUT", folder.path().join("output"));
        for (name, value) in step["env"].as_object().unwrap() {
            let input = value
                .as_str()
                .unwrap()
                .trim_start_matches("${{ inputs.")
                .trim_end_matches(" }}");
            let given = inputs.iter().find(|(name, _)| *name == input).map(|(_, value)| *value);
            command.env(
                name,
                given.unwrap_or_else(|| action["inputs"][input]["default"].as_str().unwrap()),
            );
        }
        crate::support::Outcome::from(command.output().unwrap())
    };
    let outcome = run(&[("sarif", "out.sarif")]);
    assert_eq!(outcome.code, 1, "{outcome}");
    assert!(
        outcome.stdout.contains("::notice file=app/Dockerfile,line=2,"),
        "{outcome}"
    );
    assert_eq!(folder.read("output"), "changed=1\n");
    assert!(folder.read("summary").contains("| `repo` | would change |"));
    assert!(folder.read("repo/out.sarif").contains("\"2.1.0\""));
    let outcome = run(&[("fail", "false"), ("level", "safe")]);
    assert_eq!(outcome.code, 0, "{outcome}");
    folder.write("repo/app/Dockerfile", FINE);
    assert_eq!(run(&[]).code, 0);
}

#[cfg(unix)]
#[test]
fn the_job_for_gitlab_leaves_reports_and_patches() {
    let template = text("templates/gitlab-ci.yml");
    let (header, _) = template.split_once("\n---\n").unwrap();
    let header: Value = serde_saphyr::from_str(header).unwrap();
    let job = &yaml("templates/gitlab-ci.yml")["plimsoll"];
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    assert!(folder.succeeds(".", "git", &["init", "-q"]));
    assert!(folder.succeeds(".", "git", &["add", "-A"]));
    let lines: Vec<&str> = job["script"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();
    let program = Path::new(assert_cmd::cargo::cargo_bin!("plimsoll")).parent().unwrap();
    let run = |fail: &str| {
        let mut command = Command::new("sh");
        command.args(["-e", "-c", &lines.join("\n")]).current_dir(folder.path());
        command.env(
            "PATH",
            format!("{}:{}", program.display(), std::env::var("PATH").unwrap()),
        );
        command.env("XDG_STATE_HOME", folder.path().join("state"));
        for (name, value) in job["variables"].as_object().unwrap() {
            let input = value
                .as_str()
                .unwrap()
                .trim_start_matches("$[[ inputs.")
                .trim_end_matches(" ]]");
            let default = &header["spec"]["inputs"][input]["default"];
            command.env(
                name,
                default.as_str().map_or_else(|| default.to_string(), str::to_owned),
            );
        }
        command.env("FAIL", fail).status().unwrap().code()
    };
    assert_eq!(run("false"), Some(0));
    for path in job["artifacts"]["paths"].as_array().unwrap() {
        assert!(folder.path().join(path.as_str().unwrap()).exists(), "{path}");
    }
    assert_eq!(run("true"), Some(1));
    let default = &header["spec"]["inputs"]["level"]["default"];
    assert_eq!(default, "", "a level of the job would overrule plimsoll.toml");
}
