//! The options of commands that build, and what they share: the engine, the user's wish to stop, and progress.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tempfile::TempDir;

use super::output::Output;
use super::selection::Selection;
use super::source::Source;
use crate::context::ContextSource;
use crate::verify::bench::Workbench;
use crate::verify::checks::smoke::Smoke;
use crate::verify::engine::{Engine, Kind};
use crate::verify::process::{Cancel, Limits};
use crate::verify::{Event, Request};

/// How containers are built and run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Engine")]
pub(super) struct Verifying {
    /// The container engine [default: the first of docker, podman and buildah that works]
    #[arg(long, value_name = "ENGINE", hide_default_value = true)]
    engine: Option<Kind>,
    /// How many seconds a build or a test may take
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// The value of an ARG
    #[arg(long, value_name = "NAME=VALUE")]
    build_arg: Vec<String>,
}

/// How the rewritten image is tested.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tests")]
pub(super) struct Testing {
    /// A command that must succeed in both images [default: the health check, else the port, else the start]
    #[arg(long, value_name = "COMMAND")]
    smoke: Option<String>,
    /// Give containers a network
    #[arg(long)]
    network: bool,
}

impl Verifying {
    /// Finds the engine. From here on, Ctrl-C ends what it does, and then the program, which cleans up.
    pub(super) fn bench(&self, is_kept: bool) -> anyhow::Result<Workbench> {
        let cancel = Cancel::default();
        let wish = cancel.clone();
        ctrlc::set_handler(move || wish.cancel()).context("cannot listen to Ctrl-C")?;
        let limits = Limits {
            cancel,
            timeout: Some(Duration::from_secs(self.timeout)),
        };
        let engine = Engine::find(self.engine, &limits)?;
        Workbench::new(engine, "verify", is_kept).context("no place for temporary files")
    }

    /// What is to be verified for `source`. Without a context, builds are given the folder `empty`.
    pub(super) fn request(
        &self,
        source: &Source,
        selection: &Selection,
        testing: Option<&Testing>,
        empty: &TempDir,
    ) -> anyhow::Result<Request> {
        let context = selection.context(source, &mut Vec::new())?;
        let smoke = match testing {
            Some(testing) => Smoke {
                command: match &testing.smoke {
                    Some(command) => Some(command.clone()),
                    None => selection.config(&source.folder)?.smoke,
                },
                has_network: testing.network,
            },
            None => Smoke::default(),
        };
        Ok(Request {
            name: source.name.clone(),
            original: source.text.clone(),
            folder: folder(context.as_ref(), empty),
            context,
            arguments: self.build_arg.clone(),
            smoke,
        })
    }
}

fn folder(context: Option<&Arc<ContextSource>>, empty: &TempDir) -> PathBuf {
    let root = context.and_then(|context| context.root()).map(PathBuf::from);
    root.unwrap_or_else(|| empty.path().to_owned())
}

/// Shows what happens, on stderr.
pub(super) fn shown(output: &Output) -> impl FnMut(Event<'_>) + Send + '_ {
    move |event| match event {
        Event::Step(what) => output.message(&format!("==> {what}")),
        Event::Line(line) => output.message(&format!("    {line}")),
    }
}
