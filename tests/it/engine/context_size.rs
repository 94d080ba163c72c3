//! What `plimsoll context --write` does to a build: what is sent, by the build's own log, and what is in the image.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use plimsoll::context::{ContextSource, Kind, Verdict};
use regex::Regex;

use super::{Mode, docker, gate, say};
use crate::support::Folder;

const DOCKERFILE: &str = "\
FROM python:3.11-slim AS app
WORKDIR /app
COPY . .
RUN pip install --no-index -r requirements.txt && python app.py > said
FROM scratch
COPY --from=app /app /
";

const MEGABYTE: usize = 1_000_000;

/// Writes `megabytes` files of a megabyte each that no compression makes smaller.
fn fill(folder: &Folder, at: &str, megabytes: usize) {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for number in 0..megabytes {
        let bytes = (0..MEGABYTE / 8).flat_map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        folder.write(format!("{at}/{number}.bin"), bytes.collect::<Vec<u8>>());
    }
}

/// A back end as people have it on their machines: 200 MB, of which the image needs a few lines.
fn project() -> Folder {
    let folder = Folder::new();
    folder.write("Dockerfile", DOCKERFILE);
    folder.write("requirements.txt", "");
    folder.write("app.py", "import service\nprint(service.NAME)\n");
    folder.write("service/__init__.py", "NAME = 'service'\n");
    folder.write(".gitignore", ".venv\nnode_modules\ndatasets\n");
    folder.write(".venv/pyvenv.cfg", "");
    folder.write("frontend/package.json", "{}\n");
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    fill(&folder, ".venv/lib", 110);
    fill(&folder, "frontend/node_modules/a", 50);
    fill(&folder, ".git/objects", 10);
    fill(&folder, "datasets", 30);
    folder
}

/// Builds the project into `out`, and returns the bytes that the log says were sent.
fn build(folder: &Folder, out: &Path) -> f64 {
    let mut command = Command::new("docker");
    command.args(["buildx", "build", "--progress=plain", "--no-cache", "--output"]);
    command
        .arg(format!("type=local,dest={}", out.display()))
        .arg(folder.path());
    let output = command.output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    let sent = Regex::new(r"load build context[\s\S]*?transferring context: ([\d.]+)(B|kB|MB|GB)").unwrap();
    let all = Regex::new(r"transferring context: ([\d.]+)(B|kB|MB|GB)").unwrap();
    assert!(sent.is_match(&log), "{log}");
    let bytes = all.captures_iter(&log).map(|found| {
        let factor = match &found[2] {
            "B" => 1.0,
            "kB" => 1e3,
            "MB" => 1e6,
            _ => 1e9,
        };
        found[1].parse::<f64>().unwrap() * factor
    });
    bytes.fold(0.0, f64::max)
}

/// Every file below `folder` with its text.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let context = ContextSource::open(folder, None).unwrap();
    let entries = context.walk().entries.iter().filter(|entry| entry.kind == Kind::File);
    entries
        .map(|entry| (entry.path.clone(), fs::read(folder.join(&entry.path)).unwrap()))
        .collect()
}

#[test]
fn the_proposal_leaves_a_thousandth_to_send_and_the_image_as_it_was() {
    let Some(mode) = gate("a context of 200 MB (a minute)") else {
        return;
    };
    if let Err(reason) = docker::provide("python:3.11-slim") {
        assert!(mode != Mode::Required, "{reason}");
        say(&format!("SKIPPED: a context of 200 MB: {reason}"));
        return;
    }
    let folder = project();
    let out = Folder::new();
    let (before, after) = (out.path().join("before"), out.path().join("after"));
    let full = ContextSource::open(folder.path(), None).unwrap().measure().sent.bytes;
    let sent_before = build(&folder, &before);
    assert!(sent_before > 0.95 * full as f64, "{sent_before} of {full}");

    assert_eq!(folder.plimsoll(&["context", "--write"]).code, 0);
    let context = ContextSource::open(folder.path(), None).unwrap();
    let measured = context.measure().sent.bytes;
    let sent_after = build(&folder, &after);
    assert!(measured * 1000 < full, "{measured} of {full}");
    assert!(sent_after * 1000.0 < full as f64, "{sent_after} of {full}");

    // What the image has no more is what the patterns keep out; all else is the same.
    let (was, is) = (files(&before), files(&after));
    for (path, bytes) in &was {
        match is.get(path) {
            Some(same) => assert!(bytes == same, "{path} differs"),
            None => assert_ne!(context.ignore().path(path), Verdict::Sent, "{path} is gone"),
        }
    }
    let new: Vec<&String> = is.keys().filter(|path| !was.contains_key(*path)).collect();
    assert_eq!(new, [".dockerignore"; 0]);
    assert_eq!(is["said"], b"service\n");
    say(&format!(
        "engine: a context of {full} bytes becomes {measured}; the logs say {sent_before} and {sent_after}"
    ));
}
