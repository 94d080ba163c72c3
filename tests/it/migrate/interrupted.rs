//! Runs that are killed, and gone on with.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{APP, Fleet, WORKER};

/// How often each kind of run is killed; `PLIMSOLL_KILLS` says otherwise.
fn kills() -> u32 {
    std::env::var("PLIMSOLL_KILLS")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(5)
}

fn sample() -> Fleet {
    let fleet = Fleet::new();
    for number in 0..12 {
        fleet.repository(
            &format!("r{number:02}"),
            &[
                ("Dockerfile", &format!("{APP}# {number}\n")),
                ("requirements.txt", "flask\n"),
                ("app.py", "import flask\n"),
                ("worker/Dockerfile", WORKER),
                ("more/a.Dockerfile", WORKER),
            ],
        );
    }
    fleet
}

fn copy(from: &Fleet) -> Fleet {
    let fleet = Fleet::new();
    let is_copied = Command::new("cp")
        .arg("-a")
        .arg(from.path().join("fleet"))
        .arg(fleet.path())
        .status()
        .unwrap();
    assert!(is_copied.success());
    fleet
}

/// What a run has to lead to: every file, every branch by its tree and message, every patch, and the report but for what
/// is different by nature.
fn result(fleet: &Fleet, stdout: &[u8]) -> (Vec<String>, Value) {
    let mut result = Vec::new();
    for number in 0..12 {
        let name = format!("r{number:02}");
        let (files, _) = fleet.state(&name);
        result.extend(
            files
                .iter()
                .map(|(path, text)| format!("{name}/{path}\n{}", String::from_utf8_lossy(text))),
        );
        let branches = ["for-each-ref", "--format=%(refname) %(tree) %(contents)", "refs/heads"];
        result.push(fleet.git(&fleet.at(&name), &branches));
        result.push(fs::read_to_string(fleet.path().join(format!("patches/{name}.patch"))).unwrap_or_default());
    }
    let mut report: Value = serde_json::from_slice(stdout).unwrap();
    for repository in report["repositories"].as_array_mut().unwrap() {
        for changing in ["folder", "commit"] {
            repository.as_object_mut().unwrap().remove(changing);
        }
    }
    (result, report)
}

/// Whether every file says what it said before or what it shall.
fn assert_old_or_new(fleet: &Fleet, old: &Fleet, new: &Fleet) {
    for number in 0..12 {
        let name = format!("r{number:02}");
        for file in ["Dockerfile", "worker/Dockerfile", "more/a.Dockerfile"] {
            let path = Path::new("fleet").join(&name).join(file);
            let text = fleet.read(&path);
            assert!(
                text == old.read(&path) || text == new.read(&path),
                "{name}/{file} is neither:\n{text}"
            );
        }
    }
}

fn is_killed_and_resumed(mode: &[&str]) {
    let arguments = [
        &["fleet", "--jobs", "2", "--format", "json", "--patch-dir", "patches"],
        mode,
    ]
    .concat();
    let origin = sample();
    let reference = copy(&origin);
    let start = Instant::now();
    let output = reference.plimsoll(&arguments).output().unwrap();
    let whole = start.elapsed();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let expected = result(&reference, &output.stdout);
    let resumed = [arguments.as_slice(), &["--resume"]].concat();

    let number = kills();
    let mut in_time = 0;
    for kill in 0..number {
        let fleet = copy(&origin);
        // The second time it is the resumed run that is killed.
        for (attempt, arguments) in [&arguments, &resumed].into_iter().enumerate() {
            let mut command = fleet.plimsoll(arguments);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(whole.mul_f64(f64::from(kill + 1) / f64::from(number + 1) / (attempt + 1) as f64));
            in_time += u32::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            child.wait().unwrap();
            wait_for_git(&fleet);
            assert_old_or_new(&fleet, &origin, &reference);
        }
        let journals = fleet.path().join("state/plimsoll/migrate");
        let is_finished = !journals.exists() || fs::read_dir(&journals).unwrap().next().is_none();
        if is_finished && kill > 0 {
            // It was done before the signal came; going on would begin anew.
            continue;
        }
        let output = fleet.plimsoll(&resumed).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "kill {kill}: {said}");
        let found = result(&fleet, &output.stdout);
        assert_eq!(found.0, expected.0, "kill {kill}");
        assert_eq!(found.1, expected.1, "kill {kill}");
    }
    // How many do is up to the machine.
    assert!(in_time > 0, "no kill came in time");
}

/// What git was doing for a killed run ends by itself.
fn wait_for_git(fleet: &Fleet) {
    let is_locked = || (0..12).any(|number| fleet.at(&format!("r{number:02}/.git/refs/heads/b.lock")).exists());
    for _ in 0..100 {
        if !is_locked() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_killed_run_that_writes_goes_on_to_the_same_end() {
    is_killed_and_resumed(&["--write"]);
}

#[test]
fn a_killed_run_that_commits_goes_on_to_the_same_end() {
    is_killed_and_resumed(&["--branch", "b"]);
}

/// A journal with a plan for `r`, of which one file was written.
fn half_done() -> Fleet {
    let fleet = Fleet::new();
    fleet.repository("r", &[("Dockerfile", WORKER), ("x/Dockerfile", WORKER)]);
    fleet.repository("s", &[("Dockerfile", WORKER)]);
    // A journal is left where the report cannot be written: the run did not come to its end.
    let outcome = fleet.migrate(&["fleet", "--write", "--state", "state", "--report", "gitconfig/x.md"]);
    assert_eq!(outcome.code, 2, "{outcome}");
    let journal = fleet.read("state/journal.jsonl");
    let kept = journal
        .lines()
        .filter(|line| line.contains("begun") || line.contains("planned") && line.contains("\"r\""));
    let kept: Vec<&str> = kept.collect();
    assert_eq!(kept.len(), 2, "{journal}");
    // The last line is cut short, as a kill may leave it.
    fs::write(
        fleet.path().join("state/journal.jsonl"),
        kept.join("\n") + "\n{\"done\":{\"rep",
    )
    .unwrap();
    fleet.write("r", "x/Dockerfile", WORKER);
    let mut gone = std::process::Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    let left = format!(".plimsoll-{}-left", gone.id());
    fleet.write("r", &left, "half");
    fleet.git(&fleet.at("s"), &["checkout", "-q", "."]);
    fleet
}

const RESUMED: [&str; 5] = ["fleet", "--write", "--state", "state", "--resume"];

#[test]
fn a_plan_that_was_begun_is_carried_out() {
    let fleet = half_done();
    let outcome = fleet.migrate(&["fleet", "--write", "--state", "state"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("add --resume"), "{outcome}");
    let outcome = fleet.migrate(&RESUMED);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert_ne!(fleet.read("fleet/r/x/Dockerfile"), WORKER);
    assert_ne!(fleet.read("fleet/s/Dockerfile"), WORKER);
    let entries = fs::read_dir(fleet.at("r")).unwrap();
    let names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!names.iter().any(|name| name.starts_with(".plimsoll-")), "{names:?}");
    assert!(!fleet.path().join("state").exists());
}

#[test]
fn what_was_changed_in_between_is_not_overwritten() {
    let fleet = half_done();
    fleet.write("r", "x/Dockerfile", "FROM scratch\n");
    let first = fleet.read("fleet/r/Dockerfile");
    let outcome = fleet.migrate(&RESUMED);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome
            .stdout
            .contains("r: failed: `x/Dockerfile` was changed since it was read"),
        "{outcome}"
    );
    assert_eq!(fleet.read("fleet/r/x/Dockerfile"), "FROM scratch\n");
    assert_eq!(fleet.read("fleet/r/Dockerfile"), first);
}

#[test]
fn a_journal_of_another_version_is_not_guessed_at() {
    let fleet = half_done();
    let journal = fleet
        .read("state/journal.jsonl")
        .replacen("\"version\":1", "\"version\":0", 1);
    fs::write(fleet.path().join("state/journal.jsonl"), journal).unwrap();
    let outcome = fleet.migrate(&RESUMED);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("another version"), "{outcome}");
}

#[test]
fn a_dry_run_begins_anew() {
    let fleet = half_done();
    assert_eq!(fleet.migrate(&["fleet", "--state", "state"]).code, 0);
}
