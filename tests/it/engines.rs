//! What `verify` says and leaves behind where an engine is absent, broken, full, killed or slow. The engines are scripts
//! that behave like one; real ones are in `engine/verify.rs`.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{Folder, IMPROVABLE};

/// A folder with a project, a PATH of its own and a place for temporary files.
struct Machine {
    folder: Folder,
}

impl Machine {
    /// A machine with these engines: their names and what their scripts do for a build.
    fn new(engines: &[(&str, &str)]) -> Machine {
        let machine = Machine { folder: Folder::new() };
        machine.folder.write("app/Dockerfile", IMPROVABLE);
        for folder in ["bin", "tmp"] {
            fs::create_dir(machine.folder.path().join(folder)).unwrap();
        }
        for (name, script) in engines {
            // All that it is asked is noted, so that a test sees what was cleaned up.
            let text = format!(
                "#!/bin/sh\nexport PATH=/usr/bin:/bin\necho \"$*\" >> {calls}\ncase \"$*\" in\n\
                 *--tag*) {script};;\n*version*) echo 26.1.5;;\nesac\n",
                calls = machine.calls_file().display(),
            );
            let program = machine.folder.write(format!("bin/{name}"), text);
            fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        machine
    }

    fn calls_file(&self) -> PathBuf {
        self.folder.path().join("calls")
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.calls_file()).unwrap_or_default()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"));
        command
            .args(arguments)
            .current_dir(self.folder.path().join("app"))
            .env("PATH", self.folder.path().join("bin"))
            .env("TMPDIR", self.folder.path().join("tmp"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Lets the engine `name` do `script` where its arguments match `pattern`.
    fn answer(&self, name: &str, pattern: &str, script: &str) {
        let file = format!("bin/{name}");
        let rest = self.folder.read(&file);
        let changed = rest.replacen(
            "case \"$*\" in\n",
            &format!("case \"$*\" in\n{pattern}) {script};;\n"),
            1,
        );
        assert_ne!(changed, rest);
        self.folder.write(file, changed);
    }

    /// Waits until an engine is asked for `words`.
    #[track_caller]
    fn wait_for_call(&self, words: &str) {
        let start = Instant::now();
        while !self.calls().contains(words) {
            assert!(start.elapsed() < Duration::from_secs(20), "{}", self.calls());
            sleep(Duration::from_millis(20));
        }
    }

    /// Runs the command as [`Self::run`], but ends it where it takes longer than `time`.
    #[track_caller]
    fn run_within(&self, arguments: &[&str], time: Duration) -> (Option<i32>, String) {
        let mut child = self.command(arguments).spawn().unwrap();
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if start.elapsed() > time {
                child.kill().unwrap();
                panic!("{arguments:?} hangs: {:?}", said(child.wait_with_output().unwrap()));
            }
            sleep(Duration::from_millis(20));
        }
        said(child.wait_with_output().unwrap())
    }

    /// Runs the command: its exit code and what it says on stderr.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        said(self.command(arguments).output().unwrap())
    }

    /// Whether the project is as it was, no temporary file is left, and what was to be built was removed.
    #[track_caller]
    fn assert_clean(&self) {
        self.assert_clean_of("image rm --force plimsoll-verify-");
    }

    /// The same, where the engine removes what was built by a call that contains `removal`.
    #[track_caller]
    fn assert_clean_of(&self, removal: &str) {
        let names = |folder: &str| {
            let entries = fs::read_dir(self.folder.path().join(folder)).unwrap();
            entries.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
        };
        assert_eq!(names("app"), ["Dockerfile"]);
        assert_eq!(names("tmp"), Vec::<std::ffi::OsString>::new());
        assert_eq!(self.folder.read("app/Dockerfile"), IMPROVABLE);
        assert!(self.calls().contains(removal), "{}", self.calls());
    }
}

fn said(output: Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn an_engine_that_is_not_there_is_asked_for() {
    let (code, message) = Machine::new(&[]).run(&["verify"]);
    assert_eq!(code, Some(2));
    assert!(
        message.contains("no container engine: looked for docker, podman and buildah"),
        "{message}"
    );
    assert!(message.contains("install one of them"), "{message}");
    let (code, message) = Machine::new(&[("docker", "true")]).run(&["verify", "--engine", "buildah"]);
    assert_eq!(code, Some(2));
    assert!(
        message.contains("`buildah` is not on PATH: install it, or choose another engine"),
        "{message}"
    );
}

#[test]
fn an_engine_that_does_not_work_is_named_with_a_remedy_unless_another_one_works() {
    let machine = Machine::new(&[]);
    let broken = "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n";
    let program = machine.folder.write("bin/docker", broken);
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    let (code, message) = machine.run(&["verify"]);
    assert_eq!(code, Some(2));
    assert!(
        message.contains("docker does not work: Cannot connect to the Docker daemon"),
        "{message}"
    );
    assert!(message.contains("start the daemon"), "{message}");

    let both = Machine::new(&[("podman", "echo 'STEP 1/2' ; echo 'podman was asked' >&2; exit 1")]);
    let program = both.folder.write("bin/docker", broken);
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    let (_, message) = both.run(&["verify"]);
    // Both streams of a build are its progress.
    assert!(
        message.contains("    STEP 1/2\n") && message.contains("    podman was asked\n"),
        "{message}"
    );
}

#[test]
fn an_engine_without_what_the_file_needs_says_what_to_install() {
    let machine = Machine::new(&[("docker", "true")]);
    let script = machine
        .folder
        .read("bin/docker")
        .replace("*version*)", "buildx*) exit 1;;\n*version*)");
    machine.folder.write("bin/docker", script);
    machine.folder.write(
        "app/Dockerfile",
        "FROM python:3.12-slim\nRUN --mount=type=cache,target=/c true\n",
    );
    let (code, message) = machine.run(&["verify"]);
    assert_eq!(code, Some(2));
    assert!(message.contains("docker 26.1 does not know BuildKit"), "{message}");
    assert!(message.contains("docker-buildx"), "{message}");
}

#[test]
fn a_full_disk_and_a_killed_engine_are_no_fault_of_the_file() {
    for says in [
        "#9 exporting to image\n#9 ERROR: write /x: anything",
        "ERROR: failed to receive status: rpc error: code = Unavailable desc = anything",
    ] {
        let machine = Machine::new(&[("docker", &format!("echo '{says}' >&2; exit 1"))]);
        let (code, message) = machine.run(&["rewrite", "--write", "--verify"]);
        assert_eq!(code, Some(2), "{message}");
        assert!(
            message.contains("the original file does not build, as the engine failed"),
            "{message}"
        );
        machine.assert_clean();
    }
}

#[test]
fn an_image_that_cannot_be_pulled_is_said_and_nothing_is_written() {
    let machine = Machine::new(&[(
        "docker",
        "printf '#2 [internal] load metadata for x\\n#2 ERROR: x: anything\\n' >&2; exit 1",
    )]);
    let output = machine.command(&["verify"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("the original file does not build, as an image cannot be pulled"),
        "{text}"
    );
    assert!(text.contains("nothing can be said about the rewrite"), "{text}");
    let (code, message) = machine.run(&["rewrite", "--write", "--verify"]);
    assert_eq!(code, Some(1));
    assert!(
        message.contains("nothing was changed, as builds failed: the original file does not build"),
        "{message}"
    );
    machine.assert_clean();
}

#[test]
fn a_registry_that_gives_no_image_is_no_fault_of_the_rewrite() {
    // The original builds, as the engine has its image; the rewrite does not.
    let fails = "printf '#2 [internal] load metadata for x\\n#2 ERROR: x: anything\\n' >&2; exit 1";
    let machine = |had: &str| {
        let script = format!("case \"$*\" in {had}) ;; *) {fails};; esac");
        let machine = Machine::new(&[("docker", &script)]);
        machine.answer("docker", "export*", "head -c 1024 /dev/zero");
        machine.answer("docker", "*inspect*", r#"echo '[{"Config": {}}]'"#);
        machine
    };
    let (code, message) = machine("*:original*|*:base-0*").run(&["verify"]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("neither can"), "{message}");
    // Where the registry gives the image of the original, the rewrite is to blame.
    let (code, message) = machine("*:original*|*:base-*").run(&["verify"]);
    assert_eq!(code, Some(1), "{message}");
}

#[test]
fn a_program_that_the_engine_cannot_start_has_passed_no_smoke_test() {
    let result = |started: &str| {
        let machine = Machine::new(&[("docker", "true")]);
        machine.answer("docker", "export*", "head -c 1024 /dev/zero");
        machine.answer("docker", "*inspect*", r#"echo '[{"Config": {"Cmd": ["x"]}}]'"#);
        machine.answer("docker", "*StartedAt*", &format!("echo {started}"));
        machine.answer("docker", "run*", "echo 'exec: x: not found' >&2; exit 127");
        let output = machine.command(&["verify", "--format", "json"]).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report.to_string()
    };
    let never = result("0001-01-01T00:00:00Z");
    assert!(
        never.contains("the engine did not start the program of the original image"),
        "{never}"
    );
    // A program of its own that ends with that code was started.
    let ended = result("2026-01-01T00:00:00Z");
    assert!(ended.contains("ends in both images with exit code 127"), "{ended}");
}

#[test]
fn what_the_user_saved_while_it_was_verified_is_not_overwritten() {
    // An engine that builds in no time and knows nothing of files: the empty images pass all checks.
    let tar = "head -c 1024 /dev/zero";
    let ready = || {
        let machine = Machine::new(&[("docker", "true")]);
        machine.answer("docker", "export*", tar);
        machine.answer("docker", "*inspect*", r#"echo '[{"Config": {}}]'"#);
        machine
    };
    let machine = ready();
    let (code, message) = machine.run(&["rewrite", "--write", "--verify"]);
    assert_eq!(code, Some(0), "{message}");
    assert_ne!(machine.folder.read("app/Dockerfile"), IMPROVABLE);

    let machine = ready();
    let saved = format!("{IMPROVABLE}# mine\n");
    let save = format!("printf '%s' '{saved}' > Dockerfile");
    machine.answer("docker", "create*", &save);
    let (code, message) = machine.run(&["rewrite", "--write", "--verify"]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("it was changed since it was read"), "{message}");
    assert_eq!(machine.folder.read("app/Dockerfile"), saved);
}

/// An engine that stops to answer once the file `gone` is there.
fn mortal(build: &str) -> Machine {
    let machine = Machine::new(&[("docker", build)]);
    machine.answer(
        "docker",
        "*version*",
        "[ -e $TMPDIR/../gone ] && { echo 'it is gone' >&2; exit 1; }; echo 26.1.5",
    );
    machine.answer("docker", "export*", "head -c 1024 /dev/zero");
    machine.answer("docker", "*inspect*", r#"echo '[{"Config": {"Cmd": ["x"]}}]'"#);
    machine
}

#[test]
fn an_engine_that_goes_away_says_nothing_of_the_file() {
    // Words that no list knows, at each point where the engine may die.
    let dies = "touch $TMPDIR/../gone; echo 'frobnication lost' >&2";
    let whole = mortal("true");
    let (code, message) = whole.run(&["verify"]);
    assert_eq!(code, Some(0), "{message}");
    let in_build = mortal(&format!("{dies}; exit 1"));
    let in_start = mortal("true");
    in_start.answer("docker", "run*", &format!("{dies}; exit 125"));
    for machine in [in_build, in_start] {
        let (code, message) = machine.run(&["verify"]);
        assert_eq!(code, Some(2), "{message}");
        assert!(message.contains("docker does not work: it is gone"), "{message}");
        machine.assert_clean();
    }
}

#[test]
fn a_rewrite_that_fails_once_is_built_once_more() {
    let fails = |times: usize| {
        format!(
            "case \"$*\" in *rewritten*) echo x >> $TMPDIR/../tries; [ $(wc -l < $TMPDIR/../tries) -gt {times} ] \
             || {{ echo 'dial tcp: i/o timeout' >&2; exit 1; }};; esac"
        )
    };
    let (code, message) = mortal(&fails(1)).run(&["verify"]);
    assert_eq!(code, Some(0), "{message}");
    let (code, _) = mortal(&fails(1000)).run(&["verify"]);
    assert_eq!(code, Some(1));
}

#[test]
fn a_rewrite_is_not_blamed_where_the_original_does_not_build_any_more() {
    let (code, message) = mortal("case \"$*\" in *rewritten*|*again*) exit 1;; esac").run(&["verify"]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("neither does the original any more"), "{message}");
}

#[test]
fn a_context_that_changes_between_the_builds_makes_no_difference_or_is_named() {
    let build = |log: &str| format!("{log} case \"$*\" in *rewritten*) exit 1;; esac");
    let (code, message) = mortal(&build("")).run(&["verify"]);
    assert_eq!(code, Some(1), "{message}");
    let machine = mortal(&build("echo x >> v.log;"));
    let (code, message) = machine.run(&["verify"]);
    assert_eq!(code, Some(1), "builds are given a copy: {message}");
    // One with a pipe is not copied.
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        machine.folder.path().join("app/pipe"),
        rustix::fs::Mode::RUSR,
    )
    .unwrap();
    let (code, message) = machine.run(&["verify"]);
    assert_eq!(code, Some(2), "{message}");
    assert!(
        message.contains("the build context changed while it was verified"),
        "{message}"
    );
    assert!(message.contains("`v.log`"), "{message}");
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let machine = mortal("true");
    assert_eq!(machine.run(&["verify"]).0, Some(0));
    let calls = machine.calls();
    let owner = calls
        .split("--label plimsoll.owner=")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    // The process that had this label is gone now. Another one is this test itself.
    let (place, _) = owner.rsplit_once('/').unwrap();
    let alive = format!("{place}/{}", std::process::id());
    machine.answer("docker", "'ps --all'*", "echo dead; echo alive");
    machine.answer("docker", "'images --quiet'*", "echo dead2");
    machine.answer(
        "docker",
        "*'inspect --format {{index'*dead*",
        &format!("echo '{owner}'"),
    );
    machine.answer(
        "docker",
        "*'inspect --format {{index'*alive*",
        &format!("echo '{alive}'"),
    );
    assert_eq!(machine.run(&["verify"]).0, Some(0));
    let calls = machine.calls();
    assert!(calls.contains("\nrm --force --volumes dead\n"), "{calls}");
    assert!(calls.contains("\nimage rm --force dead2\n"), "{calls}");
    assert!(!calls.contains("--volumes alive"), "{calls}");
}

#[test]
fn containers_are_limited_and_have_no_network() {
    let machine = mortal("true");
    machine.answer("docker", "info*", "echo 8");
    machine.run(&["verify"]);
    let calls = machine.calls();
    let runs: Vec<&str> = calls.lines().filter(|line| line.starts_with("run ")).collect();
    assert!(!runs.is_empty(), "{calls}");
    for option in [
        "--network=none",
        "--cap-drop=ALL",
        "--memory=",
        "--pids-limit=",
        "--cpu-shares=",
        "--cpus=7",
        "--log-opt=max-size=",
        "--label=plimsoll.owner=",
    ] {
        assert!(runs.iter().all(|run| run.contains(option)), "{option}: {runs:?}");
    }
    assert!(
        runs.iter()
            .all(|run| !run.contains("NET_RAW") && !run.contains("SYS_ADMIN")),
        "{runs:?}"
    );
}

#[test]
fn output_without_end_does_not_take_all_memory() {
    let endless = "head -c 200000000 /dev/zero";
    let machine = mortal(endless);
    machine.answer("docker", "run*", endless);
    let mut command = machine.command(&["verify", "--quiet"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let resident = || {
        let text = fs::read_to_string(&status).ok()?;
        let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let (mut peak, start) = (0, Instant::now());
    while child.try_wait().unwrap().is_none() && start.elapsed() < Duration::from_secs(300) {
        peak = peak.max(resident().unwrap_or_default());
        sleep(Duration::from_millis(10));
    }
    assert!(child.try_wait().unwrap().is_some(), "it does not end");
    // In KiB. Kept whole, the output of one build alone would be more.
    assert!(peak < 180_000, "{peak}");
}

#[test]
fn a_build_that_hangs_meets_the_clock() {
    let machine = Machine::new(&[("docker", "sleep 60")]);
    let start = Instant::now();
    let (code, message) = machine.run(&["rewrite", "--write", "--verify", "--timeout", "1"]);
    assert_eq!(code, Some(2));
    assert!(
        message.contains("not done after 1 s; --timeout gives it longer"),
        "{message}"
    );
    assert!(start.elapsed() < Duration::from_secs(30));
    machine.assert_clean();
}

/// Sends the signal `name` to the process.
#[track_caller]
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn an_engine_that_cannot_create_a_container_is_an_error_and_no_hang() {
    // The build works; what follows it does not. With buildah, a container is made by `from`.
    for (engine, create) in [("docker", "create*"), ("podman", "create*"), ("buildah", "from*")] {
        let machine = Machine::new(&[(engine, "true")]);
        machine.answer(engine, create, "echo 'no space left on device' >&2; exit 1");
        let config = r#"echo '[{"Config": {}}]'"#;
        let config = if engine == "buildah" {
            r#"echo '{"Docker": {"config": {}}}'"#
        } else {
            config
        };
        machine.answer(engine, "*inspect*", config);
        let start = Instant::now();
        for command in [&["verify"][..], &["measure"], &["rewrite", "--write", "--verify"]] {
            let (code, message) = machine.run_within(command, Duration::from_secs(30));
            assert_eq!(code, Some(2), "{engine} {command:?}: {message}");
            assert!(
                message.contains("failed: no space left on device"),
                "{engine}: {message}"
            );
        }
        assert!(machine.calls().contains("rm "), "{}", machine.calls());
        machine.assert_clean_of(if engine == "buildah" {
            "rmi --force plimsoll-"
        } else {
            "image rm --force plimsoll-"
        });
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}

#[test]
fn a_second_signal_ends_the_program_though_cleaning_up_hangs() {
    let machine = Machine::new(&[("docker", "sleep 60")]);
    machine.answer("docker", "*'image rm'*", "sleep 50");
    let child: Child = machine.command(&["rewrite", "--write", "--verify"]).spawn().unwrap();
    let start = Instant::now();
    machine.wait_for_call("--tag");
    signal(&child, "-TERM");
    machine.wait_for_call("image rm");
    signal(&child, "-TERM");
    let (code, message) = said(child.wait_with_output().unwrap());
    assert_eq!(code, Some(2));
    assert!(message.contains("stopped without cleaning up"), "{message}");
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn control_c_stops_the_build_and_cleans_up() {
    let machine = Machine::new(&[("docker", "sleep 60")]);
    let child: Child = machine.command(&["rewrite", "--write", "--verify"]).spawn().unwrap();
    let start = Instant::now();
    machine.wait_for_call("--tag");
    signal(&child, "-INT");
    let (code, message) = said(child.wait_with_output().unwrap());
    assert_eq!(code, Some(2));
    assert!(message.contains("stopped by the user"), "{message}");
    assert!(start.elapsed() < Duration::from_secs(30));
    machine.assert_clean();
}
