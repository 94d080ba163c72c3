//! The images and containers of one verification. They go when it goes, however it ends.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use super::engine::{Engine, EngineError, Kind, NOT_STARTED};
use super::fault::fault;
use super::files::Files;
use super::leftovers;
use super::progress::Progress;
use crate::process::bounded::Bounded;
use crate::process::stream::Stream;
use crate::process::{ProcessError, Task, each_line};

/// The memory that a container may take.
const MEMORY: &str = "4g";

/// What a server needs that starts as root and goes on as somebody else; containers may do nothing beyond it.
const CAPABILITIES: [&str; 7] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "KILL",
    "NET_BIND_SERVICE",
    "SETGID",
    "SETUID",
];

/// The exit codes with which engines say that they could not start a container or its program.
const MAYBE_NOT_STARTED: [i32; 3] = [NOT_STARTED, 126, 127];

/// How the time begins at which engines say that a container started which never did.
const NEVER: &str = "0001-01-01";

/// How much is kept of the start and of the end of what a build says.
const MOST_LOG: usize = 4 * 1024 * 1024;

/// What a build takes beside the Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The folder that is the build context.
    pub context: PathBuf,
    /// The text of the .dockerignore; none to let the engine find it.
    pub ignore: Option<String>,
    /// Values for ARGs, as `NAME=value`.
    pub arguments: Vec<String>,
    /// Whether nothing that earlier builds left may be used: no layers, no cache mounts.
    pub is_cold: bool,
    /// Whether images are asked for at their registries, even those that the engine has.
    pub is_pulled: bool,
}

/// A place to build images and to run them. What it made is removed at its end.
#[derive(Debug)]
pub struct Workbench {
    /// The engine.
    pub engine: Engine,
    /// Keeps images, containers and mounts apart from all others of the machine.
    namespace: String,
    folder: TempDir,
    images: Mutex<Vec<String>>,
    containers: Mutex<Vec<String>>,
    count: AtomicUsize,
    /// Whether the images stay.
    is_kept: bool,
    /// Whether there are mounts of its own.
    has_mounts: Mutex<bool>,
}

/// An image that was built.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its name.
    pub tag: String,
    /// What the build said.
    pub log: String,
    /// How long it took.
    pub time: Duration,
}

/// What is run in a container.
#[derive(Clone, Debug, Default)]
pub struct Run<'a> {
    /// The program and its arguments; none for what the image starts by itself.
    pub command: Option<&'a [String]>,
    /// Whether it runs as root in `/`, whatever the image says.
    pub is_root: bool,
    /// Whether it has a network.
    pub has_network: bool,
    /// Whether it can write to `/tmp` alone. For what only looks: what an image starts may write anywhere.
    pub is_read_only: bool,
    /// How long it may take; the limit of the engine if none.
    pub timeout: Option<Duration>,
}

impl Workbench {
    /// A bench for `subject`, which names what it makes. With `is_kept`, the images stay.
    ///
    /// # Errors
    /// If there is no place for temporary files.
    pub fn new(engine: Engine, subject: &str, is_kept: bool) -> io::Result<Workbench> {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Ok(Workbench {
            engine,
            namespace: format!("plimsoll-{subject}-{:x}-{:x}", std::process::id(), now.as_micros()),
            folder: leftovers::folder()?,
            images: Mutex::default(),
            containers: Mutex::default(),
            count: AtomicUsize::new(0),
            is_kept,
            has_mounts: Mutex::new(false),
        })
    }

    /// A folder for temporary files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the names of all that it makes begin with.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Builds the Dockerfile `text`. `variant` names the image, `on_line` gets what the build says.
    ///
    /// # Errors
    /// If it cannot be built.
    pub fn build(
        &self,
        variant: &str,
        text: &str,
        inputs: &Inputs,
        on_line: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Image, EngineError> {
        let failed =
            |error: io::Error| EngineError::Lacks(format!("cannot write to {}: {error}", self.folder.path().display()));
        // Outside of the context: `COPY . .` would make the images differ by their own Dockerfile.
        let file = self.folder.path().join(format!("Dockerfile.{variant}"));
        fs::write(&file, text).map_err(failed)?;
        let ignore = self.folder.path().join(format!("Dockerfile.{variant}.dockerignore"));
        if let Some(text) = &inputs.ignore {
            // BuildKit looks for it under this name before all others.
            fs::write(&ignore, text).map_err(failed)?;
        }
        let tag = format!("{}:{variant}", self.namespace);
        let command: &[&str] = match self.engine.kind {
            // The user's builder may be elsewhere: the image comes back from it.
            Kind::Docker if self.engine.is_buildkit() => &["buildx", "build", "--load", self.engine.progress_option()],
            Kind::Docker => &["build"],
            // The other format loses HEALTHCHECK, SHELL and ONBUILD.
            Kind::Podman | Kind::Buildah => &["build", "--format", "docker"],
        };
        let mut args: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        args.extend(["--tag".into(), tag.clone()]);
        if !self.is_kept && self.engine.kind != Kind::Buildah {
            args.extend(["--label".into(), leftovers::label()]);
        }
        if inputs.ignore.is_some() && self.engine.kind != Kind::Docker {
            args.extend(["--ignorefile".into(), ignore.display().to_string()]);
        }
        if self.engine.kind != Kind::Docker {
            // No image holds it, but the containers of the steps do: what a stopped build leaves is found by it.
            args.extend(["--add-host".into(), format!("{}:127.0.0.1", self.namespace)]);
        }
        if inputs.is_cold && self.engine.is_buildkit() {
            // A host name of our own keeps layers of earlier builds from being taken: BuildKit compares it, and no
            // image holds it. `--no-cache` would empty the mounts as well.
            args.extend(["--add-host".into(), format!("{}:127.0.0.1", self.namespace)]);
            args.extend([
                "--build-arg".into(),
                format!("BUILDKIT_CACHE_MOUNT_NS={}", self.namespace),
            ]);
            *lock(&self.has_mounts) = true;
        } else if inputs.is_cold {
            args.push("--no-cache".into());
        }
        if inputs.is_pulled {
            args.push("--pull".into());
        }
        for argument in &inputs.arguments {
            args.extend(["--build-arg".into(), argument.clone()]);
        }
        args.extend(["--file".into(), file.display().to_string()]);
        args.push(inputs.context.display().to_string());

        lock(&self.images).push(tag.clone());
        // BuildKit tells its progress on stderr, podman and buildah tell the steps on stdout and the rest on stderr.
        let told = Mutex::new((Progress::default(), Bounded::new(MOST_LOG), on_line));
        let tell = |line: &str| {
            let (progress, log, on_line) = &mut *lock(&told);
            progress.take(line, &mut |line| {
                log.add(line.as_bytes());
                log.add(b"\n");
                on_line(line);
            });
        };
        let start = Instant::now();
        let ended = Task::new(self.engine.command(&args))
            .run(
                &self.engine.limits,
                |stdout| each_line(stdout, &mut |line| tell(line)),
                &mut |line| tell(line),
            )
            .inspect_err(|_| self.remove_steps())?;
        let (progress, log, _) = told.into_inner().unwrap_or_else(PoisonError::into_inner);
        let log = log.text();
        if !ended.status.success() {
            self.engine.answers()?;
            let lines: Vec<&str> = log.lines().collect();
            let is_buildkit = self.engine.is_buildkit();
            return Err(EngineError::Build {
                what: format!("{variant} file"),
                end: lines[lines.len().saturating_sub(16)..].join("\n"),
                fault: fault(self.engine.kind, is_buildkit, ended.status.code(), &progress),
            });
        }
        Ok(Image {
            tag,
            log,
            time: start.elapsed(),
        })
    }

    /// The configuration of an image.
    ///
    /// # Errors
    /// If the engine does not tell.
    pub fn configuration(&self, image: &Image) -> Result<Value, EngineError> {
        self.engine.configuration(&image.tag)
    }

    /// The files of an image, read without anything of it being started.
    ///
    /// # Errors
    /// If the export breaks off.
    pub fn files(&self, image: &Image) -> Result<Files, EngineError> {
        let container = self.new_container();
        let command = match self.engine.kind {
            Kind::Docker | Kind::Podman => {
                // An image may lack a command, a container may not; this one is never started.
                let label = leftovers::label();
                self.engine.soon(&[
                    "create",
                    "--label",
                    &label,
                    "--name",
                    &container,
                    &image.tag,
                    "never-started",
                ])?;
                self.engine.command(&["export", &container])
            }
            Kind::Buildah => {
                self.engine.soon(&["from", "--name", &container, &image.tag])?;
                mounted(&self.engine, &container)
            }
        };
        let name = format!("{} export", self.engine.kind);
        let ended = Task::new(command).run(
            &self.engine.limits,
            |stream: Stream<'_>| Files::read(stream),
            &mut |_| {},
        );
        self.remove_container(&container);
        let ended = ended?;
        if !ended.status.success() {
            return Err(EngineError::Command {
                command: name,
                message: ended.messages,
            });
        }
        ended.output.map_err(|error| EngineError::Output {
            command: name,
            message: error.to_string(),
        })
    }

    /// Runs a container to its end: its exit code and what it wrote. The code is `NOT_STARTED` where the engine did not
    /// start its program, or does not tell, whatever the engine's own command ends with.
    ///
    /// # Errors
    /// If it cannot be started or a limit ends it.
    pub fn run(&self, image: &Image, run: &Run<'_>) -> Result<(Option<i32>, String, String), EngineError> {
        let container = self.new_container();
        let mut args: Vec<String> = Vec::new();
        if self.engine.kind == Kind::Buildah {
            self.make_buildah_container(image, &container, run)?;
            args.push("run".into());
            if run.is_root {
                args.extend(["--user".into(), "0".into(), "--workingdir".into(), "/".into()]);
            }
            args.extend([container.clone(), "--".into()]);
            match run.command {
                Some(command) => args.extend(command.iter().cloned()),
                // It does not start what the image names by itself.
                None => {
                    let configuration = self.configuration(image)?;
                    let fields = ["Entrypoint", "Cmd"].into_iter();
                    let words = fields.filter_map(|field| configuration[field].as_array()).flatten();
                    args.extend(words.filter_map(Value::as_str).map(str::to_owned));
                }
            }
        } else {
            // It stays until the engine was asked how it went.
            args.extend(["run".into(), "--name".into(), container.clone()]);
            args.extend(self.limits(run));
            args.extend(entry(&image.tag, run));
        }
        let ended = self.engine.ended(&args, run.timeout);
        let code = ended.as_ref().ok().and_then(|ended| ended.status.code());
        let is_doubtful = code.is_some_and(|code| MAYBE_NOT_STARTED.contains(&code));
        // Where the engine does not tell, it counts as not started: a test that may not have run is not passed.
        let code = match is_doubtful && self.was_started(&container) != Some(true) {
            true => Some(NOT_STARTED),
            false => code,
        };
        self.remove_container(&container);
        let ended = ended?;
        if code == Some(NOT_STARTED) {
            self.engine.answers()?;
        }
        Ok((code, ended.output, ended.messages))
    }

    /// Whether the program of a container that ended was started; none where the engine does not tell. Programs may end
    /// with each of the codes by which engines say that they could not start one.
    fn was_started(&self, container: &str) -> Option<bool> {
        if self.engine.kind == Kind::Buildah {
            return None;
        }
        let format = "{{.State.StartedAt}}";
        let said = self
            .engine
            .soon(&["container", "inspect", "--format", format, container]);
        said.ok().map(|time| !time.starts_with(NEVER))
    }

    /// Starts a container and lets it run. It has to be removed with [`Self::remove_container`].
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(&self, image: &Image, run: &Run<'_>) -> Result<String, EngineError> {
        let container = self.new_container();
        let mut args: Vec<String> = vec!["run".into(), "--detach".into(), "--name".into(), container.clone()];
        args.extend(self.limits(run));
        args.extend(entry(&image.tag, run));
        if let Err(error) = self.engine.soon(&args) {
            self.remove_container(&container);
            self.engine.answers()?;
            return Err(error);
        }
        Ok(container)
    }

    /// How a started container ended; none while it runs.
    ///
    /// # Errors
    /// If the engine does not tell.
    pub fn state(&self, container: &str) -> Result<Option<i32>, EngineError> {
        let format = "{{.State.Running}} {{.State.ExitCode}}";
        let said = self
            .engine
            .soon(&["container", "inspect", "--format", format, container])?;
        let mut words = said.split_whitespace();
        let is_running = words.next() == Some("true");
        Ok(if is_running {
            None
        } else {
            Some(words.next().and_then(|code| code.parse().ok()).unwrap_or(-1))
        })
    }

    /// What a started container wrote, as far as the engine kept it.
    #[must_use]
    pub fn log(&self, container: &str) -> String {
        let args = ["logs", "--tail", "20", container].map(str::to_owned);
        let ended = self.engine.ended(&args, None);
        ended
            .map(|ended| format!("{}{}", ended.output, ended.messages))
            .unwrap_or_default()
    }

    /// The number of a started container's first process on the machine of the engine.
    pub(super) fn process(&self, container: &str) -> Option<u32> {
        let said = self
            .engine
            .soon(&["container", "inspect", "--format", "{{.State.Pid}}", container]);
        said.ok()?.trim().parse().ok().filter(|process| *process != 0)
    }

    /// Removes a container with its volumes.
    pub fn remove_container(&self, container: &str) {
        self.discard(container);
        lock(&self.containers).retain(|name| name != container);
    }

    /// Removes a container; whether the engine answered in time.
    fn discard(&self, container: &str) -> bool {
        let args: &[&str] = match self.engine.kind {
            Kind::Docker | Kind::Podman => &["rm", "--force", "--volumes", container],
            Kind::Buildah => &["rm", container],
        };
        // One that removed itself is not there any more.
        self.engine
            .clean_up(args)
            .map_or_else(|error| !is_timeout(&error), |_| true)
    }

    /// Removes an image; whether the engine answered in time.
    fn remove_image(&self, image: &str) -> bool {
        let args: &[&str] = match self.engine.kind {
            Kind::Docker | Kind::Podman => &["image", "rm", "--force", image],
            Kind::Buildah => &["rmi", "--force", image],
        };
        // One that was not built to its end is not there.
        self.engine
            .clean_up(args)
            .map_or_else(|error| !is_timeout(&error), |_| true)
    }

    fn make_buildah_container(&self, image: &Image, container: &str, run: &Run<'_>) -> Result<(), EngineError> {
        let network = if run.has_network {
            "--network=host"
        } else {
            "--network=none"
        };
        let memory = format!("--memory={MEMORY}");
        self.engine
            .soon(&["from", network, &memory, "--name", container, &image.tag])?;
        Ok(())
    }

    /// The options that keep a container small and alone, and that name it as ours.
    fn limits(&self, run: &Run<'_>) -> Vec<String> {
        let mut args = vec![
            format!("--memory={MEMORY}"),
            "--pids-limit=4096".into(),
            format!("--label={}", leftovers::label()),
            "--cap-drop=ALL".into(),
        ];
        args.extend(CAPABILITIES.map(|name| format!("--cap-add={name}")));
        if self.engine.kind == Kind::Docker {
            // What it writes is kept by the engine, too. Others run after this one where the processors are busy.
            // One file leaves nothing to compress, and the engine refuses to try.
            let log = [
                "--log-driver=local",
                "--log-opt=max-size=10m",
                "--log-opt=max-file=1",
                "--log-opt=compress=false",
            ];
            args.extend(log.map(str::to_owned));
            args.push("--cpu-shares=512".into());
            let processors = self.engine.processors_of_container();
            args.extend(processors.map(|count| format!("--cpus={count}")));
        }
        if run.is_read_only {
            args.extend(["--read-only".into(), "--tmpfs=/tmp".into()]);
        }
        if !run.has_network {
            args.push("--network=none".into());
        }
        if run.is_root {
            args.extend(["--user=0".into(), "--workdir=/".into()]);
        }
        args
    }

    fn new_container(&self) -> String {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", self.namespace);
        lock(&self.containers).push(name.clone());
        name
    }

    /// Removes the containers of steps that a stopped build of podman or buildah left.
    fn remove_steps(&self) {
        let (format, remove): (_, &[&str]) = match self.engine.kind {
            Kind::Docker => return,
            Kind::Podman => ("{{.Store.GraphRoot}}", &["rm", "--force"]),
            Kind::Buildah => ("{{.store.GraphRoot}}", &["rm"]),
        };
        let Ok(root) = self.engine.clean_up(&["info", "--format", format]) else {
            return;
        };
        for id in steps(Path::new(root.trim()), &self.namespace) {
            let _ = self.engine.clean_up(&[remove, &[id.as_str()]].concat());
        }
    }

    /// Removes the cache mounts that cold builds filled.
    fn remove_mounts(&self) {
        // Each record is a few lines that start with its id; the description names the mount's.
        let records = self
            .engine
            .clean_up(&["buildx", "du", "--verbose", "--filter", "type=exec.cachemount"])
            .unwrap_or_default();
        for id in own_mounts(&records, &self.namespace) {
            let id = format!("id={id}");
            let only_mounts = ["--filter", "type=exec.cachemount"];
            let args = ["buildx", "prune", "--force", "--filter", &id];
            let _ = self.engine.clean_up(&[args.as_slice(), &only_mounts].concat());
        }
    }
}

/// Whether the engine did not answer. Asking it for more would take as long each time.
fn is_timeout(error: &EngineError) -> bool {
    matches!(error, EngineError::Process(ProcessError::TimedOut { .. }))
}

impl Drop for Workbench {
    fn drop(&mut self) {
        // No lock may be held while the engine works: a guard in the head of a loop lives as long as the loop.
        let containers = self.containers.get_mut().unwrap_or_else(PoisonError::into_inner);
        let containers = std::mem::take(containers);
        let is_answering = containers.iter().all(|container| self.discard(container));
        let images = self.images.get_mut().unwrap_or_else(PoisonError::into_inner);
        let images = std::mem::take(images);
        let is_answering = is_answering && (self.is_kept || images.iter().all(|image| self.remove_image(image)));
        if is_answering && *lock(&self.has_mounts) {
            self.remove_mounts();
        }
    }
}

/// The containers in the storage at `root` whose builder was told of `namespace`. Neither engine lists them with that.
fn steps(root: &Path, namespace: &str) -> Vec<String> {
    let folders = |path: &Path| {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let stores = folders(root)
        .into_iter()
        .filter(|path| path.to_string_lossy().ends_with("-containers"));
    let containers = stores.flat_map(|store| folders(&store));
    let mine = containers.filter(|container| {
        let state = fs::read_to_string(container.join("userdata/buildah.json"));
        state.is_ok_and(|state| state.contains(namespace))
    });
    mine.filter_map(|container| Some(container.file_name()?.to_string_lossy().into_owned()))
        .collect()
}

/// The ids of the records of cache mounts whose own id begins with `namespace`, which no mount of anybody else's does.
/// buildx takes an id to remove as a pattern: what does not look like a whole one is nothing to remove.
fn own_mounts<'a>(records: &'a str, namespace: &str) -> Vec<&'a str> {
    let mine = format!("with id \"{namespace}/");
    let (mut found, mut id) = (Vec::new(), "");
    for line in records.lines() {
        if let Some(rest) = line.strip_prefix("ID:") {
            id = rest.trim();
        } else if line.starts_with("Description:") && line.contains(&mine) {
            let is_whole = id.len() >= 20 && id.chars().all(|letter| letter.is_ascii_alphanumeric());
            found.extend(is_whole.then_some(id));
            id = "";
        }
    }
    found
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The image, and what is run in it.
fn entry(tag: &str, run: &Run<'_>) -> Vec<String> {
    match run.command.and_then(<[String]>::split_first) {
        Some((program, rest)) => {
            let mut args = vec!["--entrypoint".to_owned(), program.clone(), tag.to_owned()];
            args.extend(rest.iter().cloned());
            args
        }
        None => vec![tag.to_owned()],
    }
}

/// Writes the files of a container of buildah, which has no export.
#[cfg(unix)]
fn mounted(engine: &Engine, container: &str) -> std::process::Command {
    const SCRIPT: &str = r#"root=$(buildah mount "$1") && tar -C "$root" --numeric-owner -cf - . ; status=$?; buildah umount "$1" >&2; exit $status"#;
    let shell = ["sh", "-c", SCRIPT, "sh", container];
    if rustix::process::geteuid().is_root() {
        let mut command = std::process::Command::new(shell[0]);
        command.args(&shell[1..]);
        command
    } else {
        // The files of others are visible only in the user namespace of buildah.
        engine.command(&[&["unshare"], shell.as_slice()].concat())
    }
}

#[cfg(not(unix))]
fn mounted(engine: &Engine, container: &str) -> std::process::Command {
    engine.command(&["mount", container])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_of_this_bench_are_removed() {
        let root = tempfile::tempdir().unwrap();
        for (id, host) in [("aa", "plimsoll-x:127.0.0.1"), ("bb", "else:127.0.0.1")] {
            let folder = root.path().join("overlay-containers").join(id).join("userdata");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("buildah.json"), format!("{{\"AddHost\": [\"{host}\"]}}")).unwrap();
        }
        assert_eq!(steps(root.path(), "plimsoll-x"), ["aa"]);
        assert!(steps(&root.path().join("none"), "plimsoll-x").is_empty());
    }

    #[test]
    fn only_mounts_of_this_bench_are_removed() {
        let record = |id: &str, mount: &str| {
            format!(
                "ID:\t\t{id}\nCreated at:\tx\nDescription:\tcached mount /root/.cache from exec /bin/sh with id \"{mount}\"\n\n"
            )
        };
        let (mine, other) = ("aaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbb");
        let records = [
            record(mine, "plimsoll-x/root/.cache"),
            record(other, "/root/.cache"),
            record(other, "plimsoll-x2/root/.cache"),
            record("", "plimsoll-x/a"),
            record(".*", "plimsoll-x/b"),
            "Description:\tcached mount with id \"plimsoll-x/c\"\n".to_owned(),
        ];
        assert_eq!(own_mounts(&records.concat(), "plimsoll-x"), [mine]);
    }
}
