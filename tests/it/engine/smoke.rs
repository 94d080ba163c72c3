//! The script of `plimsoll smoke`, run against an image that works and against images that lack something each.

use std::path::Path;
use std::process::Command;

use super::{Mode, docker, gate, say};
use crate::support::Folder;

/// A server that loads a package, built apart from what runs it.
const GOOD: &str = "\
FROM python:3.11 AS builder
RUN python -m venv /opt/venv
ENV PATH=\"/opt/venv/bin:$PATH\"
COPY requirements.txt .
RUN pip install -r requirements.txt
FROM python:3.11-slim
WORKDIR /srv
COPY --from=builder /opt/venv /opt/venv
ENV PATH=\"/opt/venv/bin:$PATH\"
COPY server.py .
EXPOSE 8080
HEALTHCHECK CMD python -c \"import urllib.request as u; u.urlopen('http://localhost:8080')\"
CMD [\"python\", \"server.py\"]
";

const SERVER: &str = "\
import http.server
import humanize
print(humanize.naturalsize(1))
http.server.test(http.server.SimpleHTTPRequestHandler, port=8080)
";

/// What is added to the good Dockerfile, and the checks that must see it.
const BROKEN: [(&str, &str, &[&str]); 6] = [
    (
        "package gone",
        "RUN pip uninstall -y humanize",
        &["python-packages", "port-8080", "health-check"],
    ),
    (
        "module that cannot be loaded",
        "RUN echo 'import missing_library' >> /opt/venv/lib/python3.11/site-packages/humanize/__init__.py",
        &["python-packages", "port-8080", "health-check"],
    ),
    (
        "compiler left in",
        "RUN cp /bin/true /usr/bin/gcc",
        &["build-tools-gone"],
    ),
    (
        "interpreter gone",
        "RUN rm -f /opt/venv/bin/python /usr/local/bin/python",
        &["programs", "python-packages", "start"],
    ),
    (
        "other port",
        "RUN sed -i s/8080/9090/ server.py",
        &["port-8080", "health-check"],
    ),
    (
        "nothing started",
        "CMD [\"sleep\", \"60\"]",
        &["port-8080", "health-check"],
    ),
];

/// A tag that no other run of the tests has.
fn tag(variant: &str) -> String {
    format!("plimsoll-smoke-{}:{variant}", std::process::id())
}

#[test]
fn the_smoke_test_names_what_is_wrong_with_an_image() {
    let Some(mode) = gate("the smoke tests (about a minute)") else {
        return;
    };
    for base in ["python:3.11", "python:3.11-slim"] {
        if let Err(reason) = docker::provide(base) {
            assert!(mode != Mode::Required, "{reason}");
            say(&format!("SKIPPED: the smoke tests: {reason}"));
            return;
        }
    }
    let folder = Folder::new();
    folder.write("Dockerfile", GOOD);
    folder.write("requirements.txt", "humanize==4.9.0\n");
    folder.write("server.py", SERVER);
    let outcome = folder.plimsoll(&["smoke", "-o", "smoke.sh"]);
    assert_eq!(outcome.code, 0, "{outcome}");

    let good = Tested::build(folder.path(), "good", "");
    let (code, output) = good.smoke(folder.path(), "docker");
    assert_eq!(code, Some(0), "{output}");
    for check in [
        "programs",
        "build-tools-gone",
        "python-packages",
        "port-8080",
        "health-check",
    ] {
        assert!(output.contains(&format!("ok      {check}\n")), "{check}: {output}");
    }
    with_podman(&good, folder.path());
    for (number, (name, line, checks)) in BROKEN.iter().enumerate() {
        let broken = Tested::build(folder.path(), &format!("broken-{number}"), line);
        let (code, output) = broken.smoke(folder.path(), "docker");
        assert_eq!(code, Some(1), "{name}: {output}");
        let failed = format!("failed: {}\n", checks.join(" "));
        assert!(output.ends_with(&failed), "{name}, expected {failed}{output}");
    }
    let left = docker_output(&[
        "ps",
        "--all",
        "--quiet",
        "--filter",
        "ancestor=plimsoll-smoke-test:good",
    ]);
    assert_eq!(left, "", "no container stays");
}

/// The same script and image with podman, where it is.
fn with_podman(good: &Tested, folder: &Path) {
    let podman = |args: &[&str]| Command::new("podman").args(args).output();
    if !podman(&["info"]).is_ok_and(|output| output.status.success()) {
        say("SKIPPED: the smoke test with podman, which is not here");
        return;
    }
    let archive = folder.join("image.tar");
    docker_output(&["save", "--output", archive.to_str().unwrap(), &good.tag]);
    let loaded = podman(&["load", "--input", archive.to_str().unwrap()]).unwrap();
    assert!(loaded.status.success(), "{loaded:?}");
    std::fs::remove_file(archive).unwrap();
    let (code, output) = good.smoke(folder, "podman");
    podman(&["image", "rm", "--force", &good.tag]).unwrap();
    assert_eq!(code, Some(0), "{output}");
}

/// An image that goes away after the test.
struct Tested {
    tag: String,
}

impl Tested {
    /// Builds the good Dockerfile with `line` at its end.
    fn build(folder: &Path, variant: &str, line: &str) -> Tested {
        let tag = tag(variant);
        let file = folder.join(format!("Dockerfile.{variant}"));
        std::fs::write(&file, format!("{GOOD}{line}\n")).unwrap();
        docker_output(&[
            "build",
            "--quiet",
            "--tag",
            &tag,
            "--file",
            file.to_str().unwrap(),
            folder.to_str().unwrap(),
        ]);
        Tested { tag }
    }

    /// The exit code of the script, and what it says.
    fn smoke(&self, folder: &Path, engine: &str) -> (Option<i32>, String) {
        let mut command = Command::new("./smoke.sh");
        command.args([&self.tag, "--network", "none"]).current_dir(folder);
        command.env("PATIENCE", "8").env("ENGINE", engine);
        if engine == "podman" {
            // It looks for a login there, and fails where docker has none.
            command.env_remove("DOCKER_CONFIG");
        }
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }
}

impl Drop for Tested {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["image", "rm", "--force", &self.tag])
            .output();
    }
}

fn docker_output(args: &[&str]) -> String {
    let output = Command::new("docker")
        .args(args)
        .env("DOCKER_BUILDKIT", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
