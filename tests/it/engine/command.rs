//! `verify` and `measure` as commands, with each engine that is here.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use super::{docker, gate, say};
use crate::report::assert_valid;
use crate::support::Folder;

/// The base image under the name that all engines take it by.
const BASE: &str = "docker.io/library/debian:bookworm-slim";

/// A file that builds without a network and in a second.
const FILE: &str = "\
FROM docker.io/library/debian:bookworm-slim
WORKDIR /app
COPY . .
RUN echo one > /var/tmp/left && cp run.sh /usr/local/bin/run
RUN rm /var/tmp/left
HEALTHCHECK CMD test -e /app/app.py
ENTRYPOINT [\"run\"]
CMD [\"3\"]
";

struct Project(Folder);

impl Project {
    fn new() -> Project {
        let folder = Folder::new();
        folder.write("Dockerfile", FILE);
        folder.write("app.py", "print('hello')\n");
        folder.write("requirements.txt", "");
        let script = folder.write("run.sh", "#!/bin/sh\ntest -e /app/app.py && exit $1\n");
        #[cfg(unix)]
        fs::set_permissions(script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        Project(folder)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"));
        command.args(arguments).current_dir(self.0.path());
        command
    }
}

fn stdout(output: &Output) -> String {
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() != Some(2), "{messages}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn failed(answer: &Value) -> Vec<&str> {
    let rounds = answer["rounds"].as_array().unwrap();
    let checks = rounds.last().unwrap()["checks"].as_array().unwrap();
    let failed = checks.iter().filter(|check| check["result"] == "failed");
    failed.map(|check| check["id"].as_str().unwrap()).collect()
}

#[test]
fn verify_and_measure_write_what_the_schema_says() {
    if gate("verify and measure as JSON").is_none() {
        return;
    }
    if let Err(reason) = docker::provide(BASE) {
        return say(&format!("SKIPPED: verify and measure as JSON: {reason}"));
    }
    let project = Project::new();
    let run = |arguments: &[&str]| stdout(&project.command(arguments).output().unwrap());
    let verify = |file: &str, text: &str| {
        project.0.write(file, text);
        assert_valid(&run(&[
            "verify",
            "--engine",
            "docker",
            "--format",
            "json",
            "--against",
            file,
        ]))
    };
    let answer = verify("same", &format!("# The same.\n{FILE}"));
    assert_eq!(answer["outcome"], "passed", "{answer:#}");
    assert!(answer["diff"].as_str().unwrap().contains("+# The same."), "{answer:#}");
    project
        .0
        .write("wrong", FILE.replace("WORKDIR /app\n", "WORKDIR /app\nENV NEW=1\n"));
    let answer = assert_valid(&run(&[
        "verify",
        "--engine",
        "docker",
        "--format",
        "json",
        "--against",
        "wrong",
    ]));
    assert_eq!(failed(&answer), ["configuration"]);

    let figures = assert_valid(&run(&["measure", "--engine", "docker", "--format", "json"]));
    for side in ["original", "rewritten"] {
        assert!(figures[side]["bytes"].as_u64().unwrap() > 50_000_000, "{figures:#}");
        assert!(!figures[side]["layers"].as_array().unwrap().is_empty());
        assert_eq!(figures[side]["rebuild"]["edited"], "app.py");
        assert_eq!(figures[side]["manifest_rebuild"]["edited"], "requirements.txt");
    }
}

#[test]
fn what_passed_is_written_and_what_did_not_is_not() {
    if gate("rewrite --write --verify").is_none() {
        return;
    }
    if let Err(reason) = docker::provide(BASE) {
        return say(&format!("SKIPPED: rewrite --write --verify: {reason}"));
    }
    let project = Project::new();
    project.0.write(".git/config", "[core]\n");
    let run = |smoke: &str| {
        let arguments = ["rewrite", "--write", "--verify", "--engine", "docker", "--smoke", smoke];
        project.command(&arguments).output().unwrap()
    };
    let ignore = project.0.path().join(".dockerignore");
    let refused = run("test ! -e /app/app.py");
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(!ignore.exists());
    let written = run("test -e /app/app.py");
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    assert!(fs::read_to_string(ignore).unwrap().contains(".git"));
}

/// podman and buildah, as far as they are here: what is right passes, what is wrong is caught, and a build that is
/// stopped leaves no container behind.
#[test]
fn podman_and_buildah_verify_as_docker_does() {
    if gate("podman and buildah").is_none() {
        return;
    }
    for engine in ["podman", "buildah"] {
        if let Err(reason) = hand_over(engine) {
            say(&format!("SKIPPED: {engine}: {reason}"));
            continue;
        }
        let project = Project::new();
        let run = |arguments: &[&str]| {
            let mut command = project.command(&["verify", "--engine", engine, "--format", "json"]);
            stdout(&command.args(arguments).env_remove("DOCKER_CONFIG").output().unwrap())
        };
        let answer = assert_valid(&run(&["--no-cache-mounts"]));
        assert_eq!(answer["outcome"], "passed", "{engine}: {answer:#}");
        let checks = answer["rounds"][0]["checks"].as_array().unwrap();
        let smoke = checks.iter().find(|check| check["id"] == "smoke-test").unwrap();
        assert_eq!(
            smoke["reason"],
            "the program ends in both images with exit code 3 and the same complaints"
        );

        for (from, to, check) in [
            ("HEALTHCHECK CMD test -e /app/app.py\n", "", "configuration"),
            ("RUN rm /var/tmp/left\n", "RUN rm /app/app.py\n", "files"),
            ("[\"3\"]", "[\"4\"]", "smoke-test"),
        ] {
            project.0.write("wrong", FILE.replace(from, to));
            let answer = assert_valid(&run(&["--against", "wrong"]));
            assert!(failed(&answer).contains(&check), "{engine}: {check}: {answer:#}");
        }

        project
            .0
            .write("Dockerfile", format!("FROM {BASE}\nRUN sleep 60\nRUN sleep 61\n"));
        let before = containers(engine);
        let mut command = project.command(&["verify", "--engine", engine, "--timeout", "3"]);
        let output = command.env_remove("DOCKER_CONFIG").output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{engine}: {message}");
        assert!(message.contains("not done after 3 s"), "{engine}: {message}");
        assert_eq!(containers(engine), before, "{engine}");
    }
}

/// Gives the base image to another engine, where that works here.
fn hand_over(engine: &str) -> Result<(), String> {
    let folder = Folder::new();
    let archive = folder.path().join("image.tar").display().to_string();
    let run = |program: &str, arguments: &[&str], is_docker: bool| {
        let mut command = Command::new(program);
        if !is_docker {
            command.env_remove("DOCKER_CONFIG");
        }
        let output = command.args(arguments).output().map_err(|error| error.to_string())?;
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        output.status.success().then_some(()).ok_or(message)
    };
    run(engine, &["info"], false)?;
    docker::provide(BASE)?;
    run("docker", &["save", "--output", &archive, "debian:bookworm-slim"], true)?;
    run(engine, &["pull", &format!("docker-archive:{archive}")], false)
}

/// The containers of an engine, those of its builds included.
fn containers(engine: &str) -> String {
    let arguments: &[&str] = match engine {
        "podman" => &["ps", "--all", "--external", "--quiet"],
        _ => &["containers", "--quiet"],
    };
    let output = Command::new(engine)
        .args(arguments)
        .env_remove("DOCKER_CONFIG")
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}
