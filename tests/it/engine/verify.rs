//! Rewrites that are wrong on purpose: each must be caught, by the check whose business it is. And repairs, limits and
//! what is left behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use plimsoll::context::ContextSource;
use plimsoll::process::Limits;
use plimsoll::verify::bench::{Inputs, Workbench};
use plimsoll::verify::checks::smoke::Smoke;
use plimsoll::verify::engine::Engine;
use plimsoll::verify::{Candidate, Event, Outcome, Request, Verification, VerifyError, verify};
use tempfile::TempDir;

use super::{docker, gate, say};

const BASE: &str = "debian:bookworm-slim";

/// A small image with something of all that is compared. What `ldconfig` needs and loads stands for a program and a
/// library: nothing is compiled or downloaded.
const ORIGINAL: &str = "\
FROM debian:bookworm-slim
ENV MODE=fast
LABEL team=a
WORKDIR /app
COPY . .
RUN cp /usr/bin/find /usr/local/bin/search && mkdir -p /opt/lib /srv/upload \\
    && mv /usr/lib/x86_64-linux-gnu/libselinux.so.1 /opt/lib/ && echo /opt/lib > /etc/ld.so.conf.d/own.conf && ldconfig \\
    && mkdir -p /usr/lib/python3.11/site-packages/pkg-1.0.dist-info && chmod 755 start.sh && ln -s data.txt latest \\
    && chown 33:33 /srv/upload && mkdir -p node_modules/lib && echo '{\"version\": \"1.2.3\"}' > node_modules/lib/package.json
EXPOSE 8080
VOLUME /srv/upload
STOPSIGNAL SIGINT
HEALTHCHECK CMD search /app -name data.txt
USER 33
ENTRYPOINT [\"/app/start.sh\"]
CMD [\"search\", \"/app\"]
";

/// What is replaced in the original, and the check that must see it.
const WRONG: [(&str, &str, &str, &str); 26] = [
    ("lost ENV", "ENV MODE=fast\n", "", "configuration"),
    ("changed ENV", "MODE=fast", "MODE=slow", "configuration"),
    ("added ENV", "ENV MODE=fast", "ENV MODE=fast NEW=1", "configuration"),
    (
        "lost PATH entry",
        "EXPOSE",
        "ENV PATH=/usr/bin:/bin\nEXPOSE",
        "configuration",
    ),
    ("lost LABEL", "LABEL team=a\n", "", "configuration"),
    ("changed USER", "USER 33\n", "USER 34\n", "configuration"),
    ("lost USER", "USER 33\n", "", "configuration"),
    ("lost EXPOSE", "EXPOSE 8080\n", "", "configuration"),
    ("lost VOLUME", "VOLUME /srv/upload\n", "", "configuration"),
    ("lost STOPSIGNAL", "STOPSIGNAL SIGINT\n", "", "configuration"),
    (
        "lost HEALTHCHECK",
        "HEALTHCHECK CMD search /app -name data.txt\n",
        "",
        "configuration",
    ),
    (
        "changed CMD",
        "CMD [\"search\", \"/app\"]",
        "CMD [\"search\"]",
        "configuration",
    ),
    (
        "changed ENTRYPOINT",
        "[\"/app/start.sh\"]",
        "[\"/bin/sh\", \"/app/start.sh\"]",
        "configuration",
    ),
    (
        "changed WORKDIR",
        "USER 33\n",
        "USER 33\nWORKDIR /srv\n",
        "configuration",
    ),
    ("missing file", "EXPOSE", "RUN rm data.txt\nEXPOSE", "files"),
    ("changed file", "EXPOSE", "RUN echo more >> data.txt\nEXPOSE", "files"),
    ("changed mode", "chmod 755 start.sh", "chmod 700 start.sh", "files"),
    ("changed owner", "EXPOSE", "RUN chown 5:5 data.txt\nEXPOSE", "files"),
    ("broken link", "EXPOSE", "RUN ln -sf gone.txt latest\nEXPOSE", "files"),
    (
        "missing library",
        "EXPOSE",
        "RUN rm /opt/lib/libselinux.so.1\nEXPOSE",
        "libraries",
    ),
    (
        "library out of the loader's sight",
        "EXPOSE",
        "RUN rm /etc/ld.so.conf.d/own.conf\nEXPOSE",
        "libraries",
    ),
    (
        "missing tool of the health check",
        "EXPOSE",
        "RUN rm /usr/local/bin/search\nEXPOSE",
        "entry-point",
    ),
    (
        "missing interpreter",
        "EXPOSE",
        "RUN rm /bin/bash\nEXPOSE",
        "entry-point",
    ),
    (
        "other version of a Python package",
        "pkg-1.0.dist-info",
        "pkg-2.0.dist-info",
        "packages",
    ),
    (
        "missing Node package",
        "EXPOSE",
        "RUN rm -r node_modules/lib\nEXPOSE",
        "packages",
    ),
    (
        "program that ends",
        "EXPOSE",
        "RUN rm /usr/bin/sleep /bin/sleep -f\nEXPOSE",
        "smoke-test",
    ),
];

/// A context and a bench.
struct Case {
    folder: TempDir,
    bench: Workbench,
}

impl Case {
    fn new(name: &str, limits: &Limits) -> Case {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("data.txt"), "data\n").unwrap();
        let start = "#!/bin/bash\n\"$@\" && exec sleep 60\n";
        fs::write(folder.path().join("start.sh"), start).unwrap();
        fs::write(folder.path().join("package.json"), r#"{"dependencies": {"lib": "1"}}"#).unwrap();
        let engine = Engine::find(None, limits).unwrap();
        Case {
            folder,
            bench: Workbench::new(engine, name, false).unwrap(),
        }
    }

    fn request(&self, original: &str) -> Request {
        Request {
            name: "Dockerfile".to_owned(),
            original: original.to_owned(),
            folder: self.folder.path().to_owned(),
            context: Some(Arc::new(ContextSource::open(self.folder.path(), None).unwrap())),
            arguments: Vec::new(),
            smoke: Smoke::default(),
        }
    }

    /// Compares `original` with `text`, which is repaired where `repairs` says so.
    fn verify(&self, original: &str, text: &str, repairs: bool) -> Verification {
        let mut rewrite = |without: &[String]| {
            Ok(Candidate {
                text: if without.is_empty() { text } else { original }.to_owned(),
                ignore: None,
                passes: if without.is_empty() {
                    vec!["split-stages"]
                } else {
                    Vec::new()
                },
            })
        };
        verify(&self.bench, &self.request(original), repairs, &mut rewrite, &mut |_| {}).unwrap()
    }

    /// Verifies passes that each replace something in [`ORIGINAL`].
    fn switch_off(&self, changes: &[(&'static str, &str, &str)]) -> Verification {
        let mut rewrite = |without: &[String]| {
            let used = || {
                changes
                    .iter()
                    .filter(|(pass, ..)| !without.contains(&(*pass).to_owned()))
            };
            Ok(Candidate {
                text: used().fold(ORIGINAL.to_owned(), |text, (_, from, to)| text.replace(from, to)),
                ignore: None,
                passes: used().map(|(pass, ..)| *pass).collect(),
            })
        };
        verify(&self.bench, &self.request(ORIGINAL), true, &mut rewrite, &mut |_| {}).unwrap()
    }
}

fn failed(answer: &Verification) -> Vec<&'static str> {
    let checks = &answer.rounds.last().unwrap().checks;
    checks
        .iter()
        .filter(|check| check.is_failed())
        .map(|check| check.id)
        .collect()
}

fn is_ready(what: &str) -> bool {
    gate(what).is_some_and(|_| match docker::provide(BASE) {
        Ok(()) => true,
        Err(reason) => {
            say(&format!("SKIPPED: {what}: {reason}"));
            false
        }
    })
}

#[test]
fn rewrites_that_are_wrong_are_caught() {
    if !is_ready("wrong rewrites") {
        return;
    }
    let case = Case::new("wrong", &Limits::default());
    let same = case.verify(ORIGINAL, &format!("# The same.\n{ORIGINAL}"), false);
    assert_eq!(same.outcome, Outcome::Passed, "{:#?}", same.rounds);
    let mut missed = Vec::new();
    for (name, from, to, check) in WRONG {
        assert!(ORIGINAL.contains(from), "{name}");
        let answer = case.verify(ORIGINAL, &ORIGINAL.replacen(from, to, 1), false);
        let failed = failed(&answer);
        say(&format!("engine: {name}: caught by {}", failed.join(", ")));
        if !failed.contains(&check) || answer.outcome != Outcome::Failed {
            missed.push(format!("{name}: {check} is not in {failed:?}: {:#?}", answer.rounds));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_missing_library_a_tool_and_a_file_are_added() {
    if !is_ready("repairs") {
        return;
    }
    let case = Case::new("repair", &Limits::default());
    let original = "FROM debian:bookworm-slim AS builder\nWORKDIR /app\nCOPY . .\nRUN mkdir -p /opt/own/lib && cp /usr/bin/find /opt/own/search \\\n    && mv /usr/lib/x86_64-linux-gnu/libselinux.so.1 /opt/own/lib/ && echo /opt/own/lib > /etc/ld.so.conf.d/own.conf && echo made > made.txt \\\n    && head -c 3000000 /dev/zero > /var/cache/ballast\nHEALTHCHECK CMD /opt/own/search /app\nCMD [\"cat\", \"/app/made.txt\"]\n";
    let wrong = original.replace("HEALTHCHECK", "FROM debian:bookworm-slim\nWORKDIR /app\nCOPY . .\nCOPY --from=builder /etc/ld.so.conf.d/own.conf /etc/ld.so.conf.d/own.conf\nRUN rm /usr/lib/x86_64-linux-gnu/libselinux.so.1\nHEALTHCHECK");
    let answer = case.verify(original, &wrong, true);
    assert_eq!(answer.outcome, Outcome::Repaired, "{:#?}", answer.rounds);
    assert!(answer.switched_off.is_empty(), "{:#?}", answer.rounds);
    for added in ["/opt/own/lib/libselinux.so.1 ", "/opt/own/search ", "/app/made.txt "] {
        let copy = format!("COPY --from=builder {added}");
        assert!(answer.text.contains(&copy), "{copy} is not in\n{}", answer.text);
    }
    assert!(answer.repairs.len() >= 3, "{:?}", answer.repairs);
}

#[test]
fn what_cannot_be_repaired_ends_as_the_original() {
    if !is_ready("the way back to the original") {
        return;
    }
    let case = Case::new("back", &Limits::default());
    let answer = case.verify(ORIGINAL, &ORIGINAL.replace("MODE=fast", "MODE=slow"), true);
    assert_eq!((answer.outcome, answer.text.as_str()), (Outcome::Original, ORIGINAL));
    assert_eq!(answer.switched_off, ["split-stages"]);
    let broken = case.verify(
        "FROM debian:bookworm-slim\nRUN false\n",
        "FROM debian:bookworm-slim\n",
        true,
    );
    assert_eq!(broken.outcome, Outcome::OriginalFails);
}

#[test]
fn only_the_guilty_pass_is_switched_off() {
    if !is_ready("the guilty pass") {
        return;
    }
    let case = Case::new("guilty", &Limits::default());
    // Three passes change something; the last one to be suspected does harm that cannot be repaired.
    let changes = [
        ("slim-base", "LABEL team=a", "LABEL team=\"a\""),
        ("clean-layers", "EXPOSE 8080", "EXPOSE 8080/tcp"),
        ("cache-mounts", "MODE=fast", "MODE=slow"),
    ];
    let answer = case.switch_off(&changes);
    assert_eq!(answer.outcome, Outcome::Repaired, "{:#?}", answer.rounds);
    assert_eq!(answer.switched_off, ["cache-mounts"]);
    let expected = ORIGINAL.replace("team=a", "team=\"a\"").replace("8080", "8080/tcp");
    assert_eq!(answer.text, expected);
}

/// Without the pass that does harm, the split changes nothing about the size: then it is not worth another stage.
#[test]
fn a_split_that_no_longer_pays_is_switched_off_too() {
    if !is_ready("a split that no longer pays") {
        return;
    }
    let case = Case::new("pays", &Limits::default());
    let changes = [
        ("slim-base", "MODE=fast", "MODE=slow"),
        ("split-stages", "LABEL team=a", "LABEL team=\"a\""),
        ("clean-layers", "EXPOSE 8080", "EXPOSE 8080/tcp"),
    ];
    let answer = case.switch_off(&changes);
    assert_eq!(answer.outcome, Outcome::Repaired, "{:#?}", answer.rounds);
    assert_eq!(answer.switched_off, ["slim-base", "split-stages"]);
    assert_eq!(answer.text, ORIGINAL.replace("8080", "8080/tcp"));
}

/// Two stages are built at the same time: the failure of one stops the other, which fails, too.
#[test]
fn the_step_that_failed_is_told_from_one_that_it_stopped() {
    if !is_ready("the failed step") {
        return;
    }
    let case = Case::new("failed", &Limits::default());
    let text = "FROM debian:bookworm-slim AS slow\nRUN sleep 60\nFROM debian:bookworm-slim AS bad\nRUN sleep 2; echo done; exit 3\n\
                FROM debian:bookworm-slim\nCOPY --from=slow /etc/passwd /a\nCOPY --from=bad /etc/passwd /b\n";
    let inputs = Inputs {
        context: case.folder.path().to_owned(),
        is_cold: true,
        ..Inputs::default()
    };
    let mut lines = Vec::new();
    let error = case
        .bench
        .build("failed", text, &inputs, &mut |line| lines.push(line.to_owned()))
        .unwrap_err();
    assert!(format!("{error:?}").contains("Command(3)"), "{error:?}");
    let is_said = |end: &str| lines.iter().any(|line| line.starts_with('#') && line.ends_with(end));
    assert!(is_said(" done") && is_said("exit code: 3"), "{}", lines.join("\n"));
}

/// Somebody writes to the context between the builds: a log, an editor, a server that runs there.
#[test]
fn what_is_written_meanwhile_makes_no_difference_and_is_said_where_it_could() {
    if !is_ready("a context that changes") {
        return;
    }
    let case = Case::new("frozen", &Limits::default());
    let candidate = Candidate {
        text: format!("# The same.\n{ORIGINAL}"),
        ignore: None,
        passes: Vec::new(),
    };
    let data = case.folder.path().join("data.txt");
    let verify = |text: &str| {
        let mut rewrite = |_: &[String]| Ok(candidate.clone());
        let mut write = |event: Event<'_>| {
            if matches!(event, Event::Step("compare the rewrite")) {
                fs::write(&data, text).unwrap();
            }
        };
        verify(&case.bench, &case.request(ORIGINAL), false, &mut rewrite, &mut write)
    };
    let answer = verify("written\n").unwrap();
    assert_eq!(answer.outcome, Outcome::Passed, "{:#?}", answer.rounds);
    // What cannot be copied is given as it is, and the change counts though no check need fail by it.
    let _socket = std::os::unix::net::UnixListener::bind(case.folder.path().join("socket")).unwrap();
    let error = verify("again\n").unwrap_err();
    assert!(
        matches!(&error, VerifyError::ContextChanged(changed) if changed == &["data.txt"]),
        "{error}"
    );
}

/// A tool that builds has gone on purpose; a package that went with it has not.
#[test]
fn a_lost_package_is_told_from_a_tool_that_was_left_out() {
    if !is_ready("tools that are left out") {
        return;
    }
    let case = Case::new("tools", &Limits::default());
    let package = |name: &str, needs: &str| {
        format!(
            "mkdir -p {name} {name}-1.0.dist-info && printf 'Name: {name}\\n{needs}\\n' > {name}-1.0.dist-info/METADATA \\\n    \
             && printf '{name}/__init__.py,,\\n' > {name}-1.0.dist-info/RECORD && touch {name}/__init__.py"
        )
    };
    let text = |packages: &[String]| {
        let site = "WORKDIR /usr/local/lib/python3.11/site-packages";
        let runs: String = packages.iter().map(|package| format!("RUN {package}\n")).collect();
        format!("FROM {BASE}\n{site}\n{runs}WORKDIR /app\nCOPY . .\nCMD [\"cat\", \"/app/data.txt\"]\n")
    };
    let poetry = [package("poetry", "Requires-Dist: cleo"), package("cleo", "")];
    let flask = [package("flask", "Requires-Dist: click"), package("click", "")];
    let original = text(&[poetry.as_slice(), &flask].concat());
    let without_tool = case.verify(&original, &text(&flask), false);
    assert!(
        !failed(&without_tool).contains(&"packages"),
        "{:#?}",
        without_tool.rounds
    );
    let reason = without_tool.rounds[0]
        .checks
        .iter()
        .find(|check| check.id == "packages");
    assert_eq!(
        reason.unwrap().reason,
        "2 packages in the same version; only installs call poetry: left out on purpose, with 1 package that only they need"
    );
    let without_package = case.verify(&original, &text(&flask[..1]), false);
    let packages = without_package.rounds[0]
        .checks
        .iter()
        .find(|check| check.id == "packages");
    assert_eq!(packages.unwrap().findings[0].what, "Python package click 1.0 is gone");
}

/// A program that ends by itself is asked for its help: what it needs for that is missed only then.
#[test]
fn a_help_that_is_lost_is_noticed() {
    if !is_ready("help of programs") {
        return;
    }
    let case = Case::new("help", &Limits::default());
    let tool = "#!/bin/bash\ncase $1 in --help) exec cat /usr/local/share/usage ;; -*) exit 2 ;; esac\necho done\n";
    fs::write(case.folder.path().join("tool"), tool).unwrap();
    let original = format!(
        "FROM {BASE}\nWORKDIR /app\nCOPY . .\nRUN echo 'usage: tool' > /usr/local/share/usage && chmod 755 tool\n\
         ENTRYPOINT [\"/app/tool\"]\n"
    );
    let smoke = |answer: &Verification| {
        let checks = &answer.rounds[0].checks;
        checks.iter().find(|check| check.id == "smoke-test").unwrap().clone()
    };
    let same = case.verify(&original, &format!("# The same.\n{original}"), false);
    assert_eq!(
        smoke(&same).reason,
        "the program ends in both images with exit code 0 and the same output; it answers --help as before"
    );
    let lost = case.verify(
        &original,
        &original.replace("> /usr/local/share/usage", "> /dev/null"),
        false,
    );
    assert!(failed(&lost).contains(&"smoke-test"), "{:#?}", lost.rounds);
    assert!(
        smoke(&lost).reason.contains("but --help now ends with exit code 1"),
        "{:#?}",
        smoke(&lost)
    );
}

/// Of a static site, what the server does not serve may go, and what it serves may not.
#[test]
fn a_static_site_needs_what_is_served() {
    if !is_ready("static sites") {
        return;
    }
    let case = Case::new("site", &Limits::default());
    let build = format!(
        "FROM {BASE} AS builder\nWORKDIR /app\nCOPY . .\nRUN mkdir -p dist node_modules/lib && echo page > dist/index.html \\\n    \
         && echo '{{\"version\": \"1.2.3\"}}' > node_modules/lib/package.json\n"
    );
    let server = "RUN printf '#!/bin/bash\\nsleep 60\\n' > /usr/local/bin/serve && chmod 755 /usr/local/bin/serve\nCMD [\"serve\", \"-s\", \"dist\"]\n";
    let original = format!("{build}{server}");
    let alone = format!("{build}\nFROM {BASE}\nWORKDIR /app\nCOPY --from=builder /app/dist /app/dist\n{server}");
    let answer = case.verify(&original, &alone, false);
    assert_eq!(answer.outcome, Outcome::Passed, "{:#?}", answer.rounds);
    let lost = alone.replace("COPY --from=builder /app/dist /app/dist", "RUN mkdir dist");
    assert!(failed(&case.verify(&original, &lost, false)).contains(&"files"));
    // Any other program may read the rest.
    let other = |text: &str| text.replace("bin/serve", "bin/start").replace("\"serve\"", "\"start\"");
    let answer = case.verify(&other(&original), &other(&alone), false);
    assert!(failed(&answer).contains(&"packages"), "{:#?}", answer.rounds);
}

/// A user's own cache mounts stay as they are: those of a cold build have ids of their own, and only they go.
#[test]
fn cold_builds_leave_the_mounts_of_others_alone() {
    if !is_ready("mounts of cold builds") {
        return;
    }
    let case = Case::new("mounts", &Limits::default());
    if !case.bench.engine.is_buildkit() {
        return;
    }
    let target = format!("/var/tmp/{}", case.bench.namespace());
    let namespace = case.bench.namespace().to_owned();
    let build = |bench: &Workbench, variant: &str, command: &str, is_cold| {
        let text = format!("FROM {BASE}\nRUN --mount=type=cache,target={target} {command}\n");
        let inputs = Inputs {
            context: case.folder.path().to_owned(),
            is_cold,
            ..Inputs::default()
        };
        bench.build(variant, &text, &inputs, &mut |_| {}).map(|image| image.log)
    };
    let user = Workbench::new(case.bench.engine.clone(), "user", false).unwrap();
    build(&user, "fill", &format!("echo kept > {target}/file"), false).unwrap();
    // The cold build sees nothing of it, and writes into a mount of its own.
    build(
        &case.bench,
        "cold",
        &format!("! test -e {target}/file && echo own > {target}/file"),
        true,
    )
    .unwrap();
    let mounts = || {
        let args = ["buildx", "du", "--verbose", "--filter", "type=exec.cachemount"];
        let output = Command::new("docker").args(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .filter(|line| line.ends_with(&format!("{target}\"")))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(mounts().len(), 2, "{:?}", mounts());
    drop(case.bench);
    let left = mounts();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(!left[0].contains(&format!("with id \"{namespace}/")), "{left:?}");
    build(&user, "look", &format!("grep kept {target}/file"), false).unwrap();
}

/// The names of images and containers that hold `namespace`.
fn left(namespace: &str) -> String {
    let run = |args: &[&str]| {
        let output = Command::new("docker").args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let all = run(&["image", "ls", "--format", "{{.Repository}}"]) + &run(&["ps", "--all", "--format", "{{.Names}}"]);
    all.lines().filter(|name| name.contains(namespace)).collect()
}

#[test]
fn a_build_that_hangs_or_is_stopped_leaves_nothing_behind() {
    if !is_ready("limits of builds") {
        return;
    }
    let text = "FROM debian:bookworm-slim\nRUN sleep 300\n";
    for is_cancelled in [false, true] {
        let limits = Limits {
            timeout: (!is_cancelled).then_some(Duration::from_secs(3)),
            ..Limits::default()
        };
        let case = Case::new("limits", &limits);
        if is_cancelled {
            let cancel = limits.cancel.clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(3));
                cancel.cancel();
            });
        }
        let (namespace, folder) = (case.bench.namespace().to_owned(), PathBuf::from(case.bench.folder()));
        let mut rewrite = |_: &[String]| {
            Ok(Candidate {
                text: text.to_owned(),
                ignore: None,
                passes: Vec::new(),
            })
        };
        let error = verify(&case.bench, &case.request(text), true, &mut rewrite, &mut |_| {}).unwrap_err();
        let expected = if is_cancelled {
            "stopped by the user"
        } else {
            "not done after 3 s"
        };
        assert!(error.to_string().contains(expected), "{error}");
        drop(case);
        assert_eq!(left(&namespace), "");
        assert!(!Path::new(&folder).exists());
    }
}

#[test]
fn images_and_containers_go_and_an_image_without_a_shell_is_read() {
    if !is_ready("an image without a shell") {
        return;
    }
    let case = Case::new("bare", &Limits::default());
    let original = "FROM scratch\nCOPY data.txt /app/data.txt\nCMD [\"/app/none\"]\n";
    let good = case.verify(original, &format!("# Same.\n{original}"), false);
    assert_eq!(good.outcome, Outcome::Passed, "{:#?}", good.rounds);
    let bad = case.verify(original, &original.replace("data.txt /app", "start.sh /app"), false);
    assert_eq!(failed(&bad), ["files"], "{:#?}", bad.rounds);
    let namespace = case.bench.namespace().to_owned();
    assert_ne!(left(&namespace), "");
    drop(case);
    assert_eq!(left(&namespace), "");
}
