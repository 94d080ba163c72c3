//! Small files that would take all memory or time. What they say is counted, and ends in a clear word.
#![cfg(unix)]

use std::process::Command;

use crate::support::{Folder, Outcome};

/// The address space that a command may take, in KiB: a tenth of what these files once took.
const MOST_MEMORY: &str = "3000000";

/// The seconds of a processor that a command may take: work that grows with the square of a file takes minutes.
const MOST_TIME: &str = "60";

/// Runs the command in `folder` with little memory and time.
fn limited(folder: &Folder, arguments: &[&str]) -> Outcome {
    let script = format!("ulimit -v {MOST_MEMORY}; ulimit -t {MOST_TIME}; exec \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(assert_cmd::cargo::cargo_bin!("plimsoll"))
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    Outcome::from(output)
}

/// `count` lines made of their number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn values_do_not_grow_without_bound() {
    let tenfold = |number: usize, keyword: &str| {
        let value = format!("${{V{number}}}").repeat(10);
        format!("{keyword} V{}={value}\n", number + 1)
    };
    let body = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
    let long = "x".repeat(10_000);
    for (name, text) in [
        (
            "ENV",
            format!(
                "{body}ENV V0=xxxxxxxxxx\n{}",
                lines(20, |number| tenfold(number, "ENV"))
            ),
        ),
        (
            "ARG",
            format!(
                "ARG V0=xxxxxxxxxx\n{}{body}",
                lines(20, |number| tenfold(number, "ARG"))
            ),
        ),
        (
            "pairs",
            format!(
                "{body}ENV X={long}\nENV {}\n",
                lines(1_500, |_| "A=$X B=$X C=$X D=$X E=$X F=$X \\\n".to_owned())
            ),
        ),
        (
            "stages",
            lines(900, |_| format!("FROM scratch\nENV X={}\n", "y".repeat(200))),
        ),
        (
            "words",
            format!(
                "{body}ENV X={long}\nRUN echo {}\n",
                format!("{}\\\n", "$X ".repeat(40)).repeat(1_500)
            ),
        ),
        ("replaced", format!("{body}ENV X={long}\nENV Y=${{X//x/{long}}}\n")),
        (
            "workdirs",
            format!("{body}{}", lines(900, |_| format!("WORKDIR {}\n", "d".repeat(4000)))),
        ),
        (
            "users",
            format!(
                "{body}{}",
                lines(450, |number| format!("RUN useradd u{number}\nUSER u{number}\n"))
            ),
        ),
        (
            "variables",
            format!("{body}{}", lines(900, |number| format!("ENV V{number}=x\n"))),
        ),
        (
            "shell",
            format!(
                "{body}SHELL [\"/{}\"]\n{}",
                "s".repeat(60_000),
                lines(900, |n| format!("ENV V{n}=x\n"))
            ),
        ),
    ] {
        let folder = Folder::new();
        folder.write("Dockerfile", text);
        for command in [&["check"][..], &["rewrite", "--write"]] {
            let outcome = limited(&folder, command);
            assert!(outcome.code < 2, "{name}: {outcome}");
            assert!(!outcome.stderr.contains("panicked"), "{name}: {outcome}");
        }
    }
}

#[test]
fn what_is_too_large_to_look_into_is_left_alone_and_named() {
    let wanted = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
    for (name, text, what) in [
        (
            "instructions",
            format!("{wanted}{}", "RUN apt-get install -y a\n".repeat(10_000)),
            "10002 instructions",
        ),
        (
            "lines",
            format!("{wanted}RUN {}true\n", "apt-get install -y a; \\\n".repeat(20_000)),
            "20000 lines",
        ),
        (
            "stages",
            format!("{wanted}{}", lines(3_000, |_| "FROM a AS b\n".to_owned())),
            "3002 instructions",
        ),
        (
            "arguments",
            format!("{wanted}{}", lines(20_000, |n| format!("ARG A{}=${{A{n}-1}}\n", n + 1))),
            "20002",
        ),
    ] {
        let folder = Folder::new();
        folder.write("Dockerfile", &text);
        for command in [&["check"][..], &["diff"], &["rewrite", "--write"]] {
            let outcome = limited(&folder, command);
            assert_eq!(outcome.code, 0, "{name}: {outcome}");
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(
                said.replace("\n      ", " ").contains("too large to look into") && said.contains(what),
                "{name} {command:?}: {outcome}"
            );
        }
        assert_eq!(folder.read("Dockerfile"), text);
        assert!(folder.succeeds(".", "git", &["init", "-q"]) && folder.succeeds(".", "git", &["add", "."]));
        let outcome = limited(&folder, &["migrate", ".", "--format", "json"]);
        assert!(
            outcome.stdout.contains("too-large") && outcome.stdout.contains(what),
            "{outcome}"
        );
    }
}

#[test]
fn an_ignore_file_of_thousands_of_patterns_is_left_alone() {
    let folder = Folder::new();
    folder.write("Dockerfile", "FROM python:3.12\nCOPY . /app\nRUN pip install flask\n");
    let text = lines(30_000, |number| format!("**/*{number}x*/**\n"));
    folder.write(".dockerignore", &text);
    let outcome = limited(&folder, &["rewrite", "--write"]);
    assert!(outcome.stderr.contains("too large to look into"), "{outcome}");
    assert_eq!(folder.read(".dockerignore"), text);
}

#[test]
fn a_lock_file_of_thousands_of_packages_is_read_once() {
    let folder = Folder::new();
    let dockerfile =
        "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\nCMD [\"node\", \"dist/a.js\"]\n";
    folder.write("Dockerfile", dockerfile);
    folder.write("package.json", "{\"scripts\": {\"build\": \"tsc\"}}");
    let packages: Vec<String> = (0..40_000)
        .map(|number| format!("\"node_modules/package-{number}\": {{\"version\": \"1\"}}"))
        .collect();
    let lock = format!("{{\"lockfileVersion\": 3, \"packages\": {{{}}}}}", packages.join(",\n"));
    folder.write("package-lock.json", lock);
    let outcome = limited(&folder, &["check"]);
    assert_eq!(outcome.code, 1, "{outcome}");
}
