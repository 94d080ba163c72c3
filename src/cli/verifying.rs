//! The options of commands that build, and what they share: the engine, the user's wish to stop, and progress.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tempfile::TempDir;

use super::interrupt;
use super::output::Output;
use super::selection::Selection;
use super::source::Source;
use crate::config::ConfigError;
use crate::context::ContextSource;
use crate::process::{Cancel, Limits};
use crate::rewrite::Rewrite;
use crate::verify::bench::Workbench;
use crate::verify::checks::smoke::Smoke;
use crate::verify::engine::{Engine, Kind};
use crate::verify::{Event, Outcome, Request, Verification};

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
    /// Finds the engine, and a place to work in with it.
    pub(super) fn bench(&self, is_kept: bool) -> anyhow::Result<Workbench> {
        let (engine, _) = self.engine()?;
        Workbench::new(engine, "verify", is_kept).context("no place for temporary files")
    }

    /// Finds the engine. From here on, Ctrl-C ends what it does, and then the program, which cleans up.
    pub(super) fn engine(&self) -> anyhow::Result<(Engine, Cancel)> {
        let cancel = Cancel::default();
        interrupt::listen(cancel.clone())?;
        let limits = Limits {
            cancel: cancel.clone(),
            timeout: Some(Duration::from_secs(self.timeout)),
        };
        let engine = Engine::find(self.engine, &limits)?;
        engine.remove_leftovers();
        Ok((engine, cancel))
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
            Some(testing) => testing.smoke(|| Ok(selection.config(&source.folder)?.smoke))?,
            None => Smoke::default(),
        };
        Ok(self.request_of(&source.name, &source.text, context, smoke, empty))
    }

    /// The same for a file whose context is known.
    pub(super) fn request_of(
        &self,
        name: &str,
        text: &str,
        context: Option<Arc<ContextSource>>,
        smoke: Smoke,
        empty: &TempDir,
    ) -> Request {
        Request {
            name: name.to_owned(),
            original: text.to_owned(),
            folder: folder(context.as_ref(), empty),
            context,
            arguments: self.build_arg.clone(),
            smoke,
        }
    }
}

impl Testing {
    /// The smoke test, for which the configuration may have the command.
    pub(super) fn smoke(
        &self,
        configured: impl FnOnce() -> Result<Option<String>, ConfigError>,
    ) -> Result<Smoke, ConfigError> {
        Ok(Smoke {
            command: match &self.smoke {
                Some(command) => Some(command.clone()),
                None => configured()?,
            },
            has_network: self.network,
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

/// What is left of a rewrite after its verification: what passed, with a note on how, or nothing.
pub(super) fn verified(mut latest: Rewrite, answer: Verification) -> Rewrite {
    match answer.outcome {
        Outcome::Passed | Outcome::Repaired => {
            let repairs = answer.repairs.iter();
            latest
                .notes
                .extend(repairs.map(|repair| format!("added by the verification: {repair}")));
            let passes = answer.switched_off.iter();
            latest
                .notes
                .extend(passes.map(|pass| format!("{pass} was switched off, as the image differed with it")));
            latest.text = answer.text;
        }
        Outcome::Original | Outcome::OriginalFails | Outcome::Failed => {
            latest.text.clone_from(&latest.original);
            latest.changes.clear();
            latest.dockerignore = None;
            let why = failures(&answer);
            latest
                .notes
                .extend(why.map(|failed| format!("nothing was changed, as {failed}")));
        }
    }
    latest
}

/// The checks that failed, as sentences without a full stop.
pub(super) fn failures(answer: &Verification) -> impl Iterator<Item = String> + '_ {
    let checks = answer.rounds.iter().flat_map(|round| &round.checks);
    checks
        .filter(|check| check.is_failed())
        .map(|check| format!("{} failed: {}", check.id, check.reason))
}
