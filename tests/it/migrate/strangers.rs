//! One run over all hostile repositories, and over any others: complete, with little memory, nothing of theirs run, nothing
//! written but the report.
//!
//! `PLIMSOLL_FLEET=FILE` names a file with the folders of other repositories, one a line. Where strace is there, it watches.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use super::{Fleet, WORKER, hostile};

/// The address space of each process, in KiB: 1 GB.
const MOST_MEMORY: usize = 1024 * 1024;

/// The seconds that one repository may take: one of them never ends.
const TIME_LIMIT: &str = "30";

/// Programs that may start: the tool and git, which may start itself.
const PROGRAMS: [&str; 4] = ["plimsoll", "git", "sh", "strace"];

#[test]
fn strangers_are_gone_through_with_little_memory() {
    let fleet = Fleet::new();
    hostile(&fleet);
    let mut list = String::new();
    for entry in fs::read_dir(fleet.path().join("fleet")).unwrap() {
        let _ = writeln!(list, "{}", entry.unwrap().path().display());
    }
    if let Ok(others) = env::var("PLIMSOLL_FLEET") {
        list += &fs::read_to_string(others).unwrap();
    }
    let list_file = fleet.path().join("list");
    fs::write(&list_file, &list).unwrap();
    let start = std::time::Instant::now();
    let trace = fleet.path().join("trace");
    let is_watched = Command::new("strace").arg("-V").output().is_ok();
    let report = run(&fleet, is_watched.then_some(trace.as_path()));

    let outcomes = &report["repositories"].as_array().unwrap();
    assert_eq!(outcomes.len(), list.lines().count(), "each has an outcome");
    let mut counts: Vec<String> = Vec::new();
    for (name, count) in report["totals"].as_object().unwrap() {
        counts.push(format!("{name} {count}"));
    }
    println!(
        "{} repositories, {:?}: {}",
        outcomes.len(),
        start.elapsed(),
        counts.join(", ")
    );
    for repository in outcomes.iter().filter(|repository| {
        ["failed", "timed-out"]
            .iter()
            .any(|outcome| repository["outcome"] == *outcome)
    }) {
        println!(
            "{}: {}: {}",
            repository["name"], repository["outcome"], repository["reason"]
        );
    }
    assert!(!fleet.path().join("ran").exists(), "a program of a repository ran");
    if is_watched {
        watched(&fleet, &fs::read_to_string(&trace).unwrap());
    } else {
        println!("SKIPPED: what was started and written, as strace is not there");
    }
}

/// `migrate` over the list within the limits; its report.
fn run(fleet: &Fleet, trace: Option<&Path>) -> serde_json::Value {
    let limit = format!("ulimit -v {MOST_MEMORY}; exec \"$@\"");
    let mut command = fleet.command("sh", fleet.path());
    command.args(["-c", &limit, "sh"]);
    if let Some(trace) = trace {
        let calls = "trace=execve,openat,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,symlink,symlinkat,link,linkat";
        command
            .args(["strace", "-f", "-q", "-y", "-s", "4096", "-e", calls, "-o"])
            .arg(trace);
    }
    command.arg(assert_cmd::cargo::cargo_bin!("plimsoll"));
    command.args([
        "migrate",
        "--list",
        "list",
        "--time-limit",
        TIME_LIMIT,
        "--format",
        "json",
    ]);
    let own = fleet.path().join("own");
    let output = command.arg("--state").arg(&own).env("TMPDIR", &own).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !said.contains("panicked") && output.status.code().is_some_and(|code| code <= 1),
        "{said}"
    );
    crate::report::assert_valid(&String::from_utf8(output.stdout).unwrap())
}

/// What strace saw: only known programs started, and only the run's own folder was written to.
fn watched(fleet: &Fleet, trace: &str) {
    let own = fleet.path().join("own");
    let is_own =
        |path: &str| Path::new(path).starts_with(&own) || path == "/dev/null" || path.starts_with("/proc/self");
    let (mut started, mut written) = (0, 0);
    for line in trace.lines().filter(|line| !line.contains(" = -1 ")) {
        let Some((call, arguments)) = line.split_once('(') else {
            continue;
        };
        let Some(path) = arguments.split('"').nth(1) else {
            continue;
        };
        // `-y` says of which folder a name is relative.
        let folder = arguments.split(['<', '>']).nth(1).unwrap_or_default();
        let path = &*Path::new(folder).join(path).display().to_string();
        let call = call.rsplit(' ').next().unwrap_or(call);
        if call == "execve" {
            started += 1;
            let name = path.rsplit('/').next().unwrap_or(path);
            assert!(PROGRAMS.contains(&name), "{line}");
        } else if call != "openat"
            || ["O_WRONLY", "O_RDWR", "O_CREAT"]
                .iter()
                .any(|flag| arguments.contains(flag))
        {
            written += 1;
            assert!(is_own(path), "{line}");
        }
    }
    assert!(started > 1, "strace saw nothing");
    println!("strace: {started} programs started, {written} files written, all in the run's own folder");
}

/// Every hostile repository.
fn hostile(fleet: &Fleet) {
    fs::create_dir(fleet.path().join("own")).unwrap();
    hostile::linked(fleet, "links");
    hostile::with_programs(fleet, "programs");
    hostile::with_evil_tree(fleet, "evil-tree");
    hostile::unreadable(fleet, "unreadable");
    hostile::without_end(fleet, "without-end");
    fleet.repository(
        "odd 'name $(touch x)",
        &[("--help/Dockerfile", WORKER), ("a\tb/Dockerfile", WORKER)],
    );
    let files: [(&str, &str, String); 12] = [
        ("many-variables", "Dockerfile", variables()),
        (
            "long-run",
            "Dockerfile",
            format!(
                "FROM debian:12\nRUN {}true\n",
                "apt-get install -y a; \\\n".repeat(20_000)
            ),
        ),
        (
            "ignore",
            ".dockerignore",
            (0..20_000).map(|n| format!("folder{n}/**/*.log\n")).collect(),
        ),
        (
            "chain",
            "app.py",
            format!("import os\nos.system('ls')\n{}b\n", "a.".repeat(500_000)),
        ),
        (
            "nested",
            "app.py",
            format!("import os\nos.system({}\n", "[(".repeat(500_000)),
        ),
        (
            "helpers",
            "app.py",
            (0..20_000)
                .map(|n| format!("def f{n}(x):\n  os.system(x)\nf{n}('ls')\n"))
                .collect(),
        ),
        ("script", "start.sh", "X=ls\n\"$X\" y\n".repeat(20_000)),
        (
            "makefile",
            "Makefile",
            (0..20_000).map(|n| format!("A{} = $(A{n})$(A{n})\n", n + 1)).collect(),
        ),
        ("json", "package.json", "[".repeat(1_000_000)),
        ("yaml", "compose.yaml", laughs()),
        ("xml", "pom.xml", format!("<project>{}", "<a>".repeat(200_000))),
        (
            "lock",
            "poetry.lock",
            (0..60_000)
                .map(|n| format!("[[package]]\nname = \"p{n}\"\nversion = \"1\"\n"))
                .collect(),
        ),
    ];
    for (name, file, text) in files {
        let dockerfile = "FROM python:3.11\nWORKDIR /app\nCOPY . .\nRUN make && npm install && mvn package\nCMD [\"sh\", \"start.sh\"]\n";
        fleet.repository(name, &[("Dockerfile", dockerfile), (file, text.as_str())]);
    }
    let many: Vec<(String, &str)> = (0..500)
        .flat_map(|n| {
            [
                (format!("Dockerfile.{n}"), super::APP),
                (format!("part{n}.py"), "import os\nos.system('ls')\n"),
            ]
        })
        .collect();
    let many: Vec<(&str, &str)> = [("requirements.txt", "flask\n")]
        .into_iter()
        .chain(many.iter().map(|(name, text)| (name.as_str(), *text)))
        .collect();
    fleet.repository("many-dockerfiles", &many);
}

fn variables() -> String {
    let lines = (0..20).map(|n| format!("ENV V{}={}\n", n + 1, format!("${{V{n}}}").repeat(10)));
    format!("FROM debian:12\nENV V0=xxxxxxxxxx\n{}", lines.collect::<String>())
}

/// A Compose file whose aliases double.
fn laughs() -> String {
    let lines = (0..40).map(|n| format!("x{}: &x{} [*x{n}, *x{n}]\n", n + 1, n + 1));
    format!(
        "x0: &x0 [a]\n{}services:\n  a:\n    build: .\n",
        lines.collect::<String>()
    )
}
