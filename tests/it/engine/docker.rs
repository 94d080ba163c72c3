//! The engine, through its command line.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// Whether there is an engine, and if not, why.
pub fn is_usable() -> Result<(), String> {
    let output = match docker(&["info"]).output() {
        Ok(output) => output,
        Err(error) => return Err(format!("docker: {error}")),
    };
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!(
        "docker info failed: {}",
        stderr.lines().next().unwrap_or("no message")
    ))
}

/// Sees to it that `image` is there: by itself, or pulled.
pub fn provide(image: &str) -> Result<(), String> {
    let succeeds = |args: &[&str]| docker(args).output().is_ok_and(|output| output.status.success());
    if succeeds(&["image", "inspect", image]) || succeeds(&["pull", "--quiet", image]) {
        return Ok(());
    }
    Err(format!("the image {image} is not here and cannot be pulled"))
}

/// One project's images and cache mounts. They go when this goes, also after a failure.
pub struct Workbench {
    /// Keeps this run's images, layers and mounts apart from those of other projects and runs, and of the machine.
    namespace: String,
}

/// An image that was built.
pub struct Image {
    tag: String,
    /// What the build said.
    pub log: String,
    /// How long it took.
    pub time: Duration,
    /// The size of its file system in bytes, base included.
    pub bytes: u64,
}

impl Workbench {
    pub fn new(project: &str) -> Self {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Workbench {
            namespace: format!("plimsoll-test-{project}-{:x}", now.as_micros()),
        }
    }

    /// Builds `dockerfile` with `context`.
    pub fn build(&self, variant: &str, dockerfile: &Path, context: &Path) -> Result<Image> {
        let tag = format!("{}:{variant}", self.namespace);
        let mounts = format!("BUILDKIT_CACHE_MOUNT_NS={}", self.namespace);
        // A host name of our own keeps layers of earlier runs from being taken: BuildKit compares it, no image holds it.
        // `--no-cache` would empty the mounts as well.
        let host = format!("{}:127.0.0.1", self.namespace);
        let mut command = docker(&["build", "--progress=plain", "--tag", &tag, "--add-host", &host]);
        command
            .args(["--build-arg", &mounts])
            .arg("--file")
            .arg(dockerfile)
            .arg(context);
        let start = Instant::now();
        let output = command.output().context("docker build")?;
        let time = start.elapsed();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            let lines: Vec<&str> = log.lines().collect();
            let end = lines[lines.len().saturating_sub(30)..].join("\n");
            bail!("the {variant} file does not build:\n{end}");
        }
        let size = run(&["image", "inspect", "--format", "{{.Size}}", &tag])?;
        Ok(Image {
            tag,
            log,
            time,
            bytes: size.trim().parse()?,
        })
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        let images = run(&[
            "image",
            "ls",
            "--quiet",
            "--filter",
            &format!("reference={}", self.namespace),
        ]);
        for image in images.unwrap_or_default().lines() {
            run(&["image", "rm", "--force", image]).unwrap_or_default();
        }
        // Each record is a few lines that start with its id; the description names the mount's.
        let records = run(&["buildx", "du", "--verbose", "--filter", "type=exec.cachemount"]).unwrap_or_default();
        let mine = format!("with id \"{}/", self.namespace);
        let mut id = "";
        for line in records.lines() {
            if let Some(rest) = line.strip_prefix("ID:") {
                id = rest.trim();
            } else if line.contains(&mine) {
                run(&["buildx", "prune", "--force", "--filter", &format!("id={id}")]).unwrap_or_default();
            }
        }
    }
}

impl Image {
    /// What a container prints that is started without arguments and without a network.
    pub fn output(&self) -> Result<String> {
        Ok(run(&["run", "--rm", "--network=none", &self.tag])?
            .trim_end()
            .to_owned())
    }

    /// Its configuration, as `docker image inspect` has it.
    pub fn config(&self) -> Result<Value> {
        Ok(serde_json::from_str(&run(&[
            "image",
            "inspect",
            "--format",
            "{{json .Config}}",
            &self.tag,
        ])?)?)
    }

    /// Reads its file system as a tar stream.
    pub fn read_files<T>(&self, read: impl FnOnce(&mut dyn Read) -> Result<T>) -> Result<T> {
        // An image may lack a command, a container may not; this one is never started.
        let container = run(&["create", &self.tag, "never-started"])?;
        let container = container.trim();
        let result = export(container, read);
        run(&["rm", "--force", "--volumes", container])?;
        result
    }
}

fn export<T>(container: &str, read: impl FnOnce(&mut dyn Read) -> Result<T>) -> Result<T> {
    let mut child = docker(&["export", container]).stdout(Stdio::piped()).spawn()?;
    let result = match &mut child.stdout {
        Some(stdout) => read(stdout),
        None => bail!("docker export has no output"),
    };
    let status = child.wait()?;
    let result = result?;
    ensure!(status.success(), "docker export: {status}");
    Ok(result)
}

fn docker(args: &[&str]) -> Command {
    let mut command = Command::new("docker");
    // Engines before 23 still build without BuildKit unless told.
    command.args(args).env("DOCKER_BUILDKIT", "1").stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Result<String> {
    let Output { status, stdout, stderr } = docker(args).output().context("docker")?;
    ensure!(
        status.success(),
        "docker {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&stderr).trim()
    );
    Ok(String::from_utf8(stdout)?)
}
