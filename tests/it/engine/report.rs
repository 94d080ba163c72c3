//! Reports of real builds.

use super::{Mode, docker, gate, say};
use crate::support::Folder;

/// Something to merge and to keep out, and a source to edit; nothing is downloaded.
const DOCKERFILE: &str = "\
FROM debian:bookworm-slim
WORKDIR /app
COPY . .
RUN head -c 3000000 /dev/zero > /tmp/scratch && cp /tmp/scratch kept.bin
RUN rm /tmp/scratch
CMD [\"cat\", \"app.py\"]
";

#[test]
fn verify_and_measure_write_reports() {
    let Some(mode) = gate("the reports (less than a minute)") else {
        return;
    };
    if let Err(reason) = docker::provide("debian:bookworm-slim") {
        assert!(mode != Mode::Required, "{reason}");
        say(&format!("SKIPPED: the reports: {reason}"));
        return;
    }
    let folder = Folder::new();
    folder.write("Dockerfile", DOCKERFILE);
    folder.write("app.py", "print(1)\n");
    folder.write(".venv/pyvenv.cfg", "home = /usr/bin\n");

    let outcome = folder.plimsoll(&["verify", "--report", "verify.html"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert!(
        outcome.stdout.contains("\nlayers of the rewritten image\n"),
        "{outcome}"
    );
    let page = folder.read("verify.html");
    for part in [
        "<h1>Dockerfile</h1>",
        "<td>smoke-test</td>",
        "</span>base image</td>",
        "<h2>Layers</h2>",
        ".dockerignore",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }

    let outcome = folder.plimsoll(&["measure", "--report", "figures.md"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert!(outcome.stdout.contains("\ncold build "), "{outcome}");
    let page = folder.read("figures.md");
    for part in [
        "| Cold build |",
        "| Rebuild after an edit of app.py |",
        "| Context sent |",
        "| base image |",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }

    let outcome = folder.plimsoll(&["rewrite", "--write", "--verify", "--report", "verify.json"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    let answer: serde_json::Value = serde_json::from_str(&folder.read("verify.json")).unwrap();
    assert_eq!(answer["outcome"], "passed");
    assert_eq!(answer["text"], folder.read("Dockerfile"));
    let layers = answer["image"]["layers"].as_array().unwrap();
    assert!(
        layers.iter().any(|layer| layer["bytes"].as_u64() >= Some(6_000_000)),
        "{layers:?}"
    );
}
