//! Makes a fleet of git repositories to try `plimsoll migrate` on:
//!
//! ```sh
//! cargo run --example make_fleet -- FOLDER [NUMBER]
//! plimsoll migrate FOLDER --report fleet.html
//! ```
//!
//! The repositories differ in language, layout and number of Dockerfiles; some have nothing to change, some have files
//! that are to be passed over, and some are dirty, detached, without a commit or bare. The same number makes the same.

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

const PYTHON: &str = "FROM python:3.11\nWORKDIR /app\nRUN apt-get update\nRUN apt-get install -y gcc libpq-dev\nCOPY . .\nRUN \
                      pip install -r requirements.txt\nEXPOSE 8000\nCMD [\"gunicorn\", \"app:app\"]\n";
const NODE: &str =
    "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm install\nENV NODE_ENV=production\nCMD [\"node\", \"server.js\"]\n";
const GO: &str = "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /usr/local/bin/app .\nCMD [\"app\"]\n";
const TOOLS: &str = "FROM ubuntu:22.04\nRUN apt-get update && apt-get install -y curl jq\nRUN apt-get install -y git\n\
                     ENTRYPOINT [\"curl\"]\n";
const FINE: &str = "FROM alpine:3.20\nCMD [\"true\"]\n";

/// Files of the repository `number`.
fn files(number: usize) -> Vec<(String, String)> {
    let mut files = vec![("README.md".to_owned(), format!("# Service {number}\n"))];
    let mut add = |name: &str, text: &str| files.push((name.to_owned(), text.to_owned()));
    match number % 6 {
        0 => {
            add("Dockerfile", PYTHON);
            add("requirements.txt", "flask==3.0.0\ngunicorn==22.0.0\npsycopg2==2.9.9\n");
            add("app.py", "import flask\n\napp = flask.Flask(__name__)\n");
        }
        1 => {
            add("web/Dockerfile", NODE);
            add(
                "web/package.json",
                "{\"name\": \"web\", \"dependencies\": {\"express\": \"4.19.2\"}}\n",
            );
            add("web/server.js", "require('express')().listen(3000);\n");
            add("compose.yaml", "services:\n  web:\n    build: web\n");
        }
        2 => {
            add("Dockerfile", GO);
            add("go.mod", "module example.org/app\n\ngo 1.22\n");
            add("main.go", "package main\n\nfunc main() {}\n");
        }
        3 => {
            add("docker/tools.Dockerfile", TOOLS);
            add("docker/Dockerfile.j2", "FROM {{ base }}\n");
        }
        4 => add("Dockerfile", FINE),
        _ => {
            add("services/api/Dockerfile", PYTHON);
            add("services/api/requirements.txt", "fastapi==0.111.0\n");
            add("services/api/app.py", "import fastapi\n");
            add("services/worker/Dockerfile", TOOLS);
            add("vendor/lib/Dockerfile", TOOLS);
            add("build/Dockerfile", &format!("# Generated. DO NOT EDIT.\n{FINE}"));
        }
    }
    files
}

fn git(folder: &Path, arguments: &[&str]) -> io::Result<()> {
    let mut command = Command::new("git");
    let identity = [
        "-c",
        "user.name=Fleet",
        "-c",
        "user.email=fleet@example.org",
        "-c",
        "init.defaultBranch=main",
    ];
    command.current_dir(folder).args(identity).args(arguments);
    command
        .env("GIT_AUTHOR_DATE", "@1700000000 +0000")
        .env("GIT_COMMITTER_DATE", "@1700000000 +0000");
    if command.status()?.success() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "git {arguments:?} failed in {}",
        folder.display()
    )))
}

fn repository(folder: &Path, number: usize) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    git(folder, &["init", "-q", "--template="])?;
    for (name, text) in files(number) {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, text)?;
    }
    git(folder, &["add", "-A"])?;
    if number % 97 == 96 {
        // One that has no commit.
        return Ok(());
    }
    git(folder, &["commit", "-q", "-m", "Begin"])?;
    match number % 89 {
        86 => git(folder, &["checkout", "-q", "--detach"]),
        87 => fs::write(folder.join("README.md"), "changed\n"),
        88 => {
            fs::remove_file(folder.join("README.md"))?;
            git(folder, &["config", "core.bare", "true"])?;
            let bare = folder.with_extension("git");
            fs::rename(folder.join(".git"), bare)?;
            fs::remove_dir_all(folder)
        }
        _ => Ok(()),
    }
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: make_fleet FOLDER [NUMBER]");
        return ExitCode::from(2);
    };
    let number = arguments.next().and_then(|number| number.parse().ok()).unwrap_or(2000);
    for index in 0..number {
        let team = ["shop", "search", "billing", "infra", "data"][index % 5];
        let path = Path::new(&folder).join(team).join(format!("service-{index:04}"));
        if let Err(error) = repository(&path, index) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
