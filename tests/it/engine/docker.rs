//! The engine, through its command line.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use plimsoll::process::Limits;
use plimsoll::verify::bench::{self, Inputs, Run};
use plimsoll::verify::engine::{Engine, Kind};
use plimsoll::verify::files::Files;
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

/// One project's images and cache mounts. They go when this and the images go, also after a failure.
pub struct Workbench(Arc<bench::Workbench>);

/// An image that was built.
pub struct Image {
    bench: Arc<bench::Workbench>,
    image: bench::Image,
    /// What the build said.
    pub log: String,
    /// How long it took.
    pub time: Duration,
    /// The size of its file system in bytes, base included.
    pub bytes: u64,
}

impl Workbench {
    pub fn new(project: &str) -> Result<Self> {
        let engine = Engine::find(Some(Kind::Docker), &Limits::default())?;
        Ok(Workbench(Arc::new(bench::Workbench::new(engine, project, false)?)))
    }

    /// Builds `dockerfile` with `context`, with nothing that earlier runs left.
    pub fn build(&self, variant: &str, dockerfile: &str, context: &Path) -> Result<Image> {
        let inputs = Inputs {
            context: context.to_owned(),
            is_cold: true,
            ..Inputs::default()
        };
        let image = self.0.build(variant, dockerfile, &inputs, &mut |_| {})?;
        let size = run(&["image", "inspect", "--format", "{{.Size}}", &image.tag])?;
        Ok(Image {
            bench: Arc::clone(&self.0),
            log: image.log.clone(),
            time: image.time,
            bytes: size.trim().parse()?,
            image,
        })
    }
}

impl Image {
    /// What a container prints that is started without arguments and without a network.
    pub fn output(&self) -> Result<String> {
        let (code, output, messages) = self.bench.run(&self.image, &Run::default())?;
        ensure!(code == Some(0), "the container ends with {code:?}: {messages}");
        Ok(output.trim_end().to_owned())
    }

    /// Its configuration, as `docker image inspect` has it.
    pub fn config(&self) -> Result<Value> {
        Ok(self.bench.configuration(&self.image)?)
    }

    /// Its files.
    pub fn files(&self) -> Result<Files> {
        Ok(self.bench.files(&self.image)?)
    }
}

/// A command of the engine.
pub fn docker(args: &[&str]) -> Command {
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
