//! `migrate --verify`: each rewrite is built before and after, a few at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use clap::Args;

use super::migrate::Arguments;
use super::verifying::{Testing, Verifying, failures, verified};
use crate::emit::text::{count, size};
use crate::migrate::plan::{Refined, Subject};
use crate::migrate::report::{Verified, VerifiedBytes};
use crate::process::Cancel;
use crate::rewrite::Rewrite;
use crate::verify::bench::Workbench;
use crate::verify::engine::Engine;
use crate::verify::{Candidate, Outcome, Verification, verify};

/// Whether and how rewrites are verified.
#[derive(Debug, Args)]
#[command(next_help_heading = "Verification")]
pub(super) struct Building {
    /// Build each file before and after, and keep only the changes that pass
    #[arg(long)]
    verify: bool,
    /// How many files are built at once
    #[arg(long, value_name = "N", default_value = "1", requires = "verify", value_parser = clap::value_parser!(u16).range(1..))]
    verify_jobs: u16,
    #[command(flatten)]
    testing: Testing,
    #[command(flatten)]
    verifying: Verifying,
}

/// The engine, and how many may use it.
pub(super) struct Builder {
    engine: Engine,
    cancel: Cancel,
    free: Mutex<u16>,
    freed: Condvar,
    number: AtomicUsize,
}

/// The right to build, given back at its end.
struct Permit<'a>(&'a Builder);

impl Building {
    /// Finds the engine, where it is wanted.
    pub(super) fn builder(&self) -> anyhow::Result<Option<Builder>> {
        if !self.verify {
            return Ok(None);
        }
        let (engine, cancel) = self.verifying.engine()?;
        Ok(Some(Builder {
            engine,
            cancel,
            free: Mutex::new(self.verify_jobs),
            freed: Condvar::new(),
            number: AtomicUsize::new(0),
        }))
    }
}

impl Builder {
    /// Whether the user wants to stop.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// What passed of a rewrite, and what building it showed.
    pub(super) fn verified(
        &self,
        subject: &Subject<'_>,
        rewrite: Rewrite,
        arguments: &Arguments,
    ) -> Result<Refined, String> {
        self.built(subject, rewrite, arguments)
            .map_err(|error| format!("{error:#}"))
    }

    fn built(&self, subject: &Subject<'_>, rewrite: Rewrite, arguments: &Arguments) -> anyhow::Result<Refined> {
        let Building { testing, verifying, .. } = &arguments.building;
        let empty = tempfile::tempdir()?;
        let folder = subject.folder.as_path();
        let smoke = testing.smoke(|| Ok(arguments.selection.config(folder)?.smoke))?;
        let request = verifying.request_of(subject.path, subject.text, subject.context.clone(), smoke, &empty);
        let _permit = self.permit();
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let bench = Workbench::new(self.engine.clone(), &format!("migrate-{number}"), false)?;
        let mut latest = rewrite;
        let mut is_first = true;
        let mut again = |without: &[String]| {
            if !is_first {
                latest = subject.rewrite(without)?;
            }
            is_first = false;
            Ok(Candidate::from(&latest))
        };
        let answer = verify(&bench, &request, true, &mut again, &mut |_| {})?;
        let shown = shown(&answer);
        Ok((verified(latest, answer), Some(shown)))
    }

    fn permit(&self) -> Permit<'_> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

/// What a verification came to.
fn shown(answer: &Verification) -> Verified {
    let has_passed = matches!(answer.outcome, Outcome::Passed | Outcome::Repaired);
    let last = answer.rounds.last();
    let bytes = answer
        .image
        .as_ref()
        .zip(last.and_then(|round| round.image.as_ref()))
        .map(|(before, after)| VerifiedBytes {
            before: before.sizes.bytes,
            // What did not pass is not made: the image stays as it is.
            after: if has_passed {
                after.sizes.bytes
            } else {
                before.sizes.bytes
            },
        });
    let sizes = bytes.map_or_else(String::new, |bytes| {
        format!(": {} to {}", size(bytes.before), size(bytes.after))
    });
    let checks = last.map_or(0, |round| round.checks.len());
    let checks = count(checks, "check", "checks");
    let why = failures(answer).last().unwrap_or_default();
    let summary = match answer.outcome {
        Outcome::Passed => format!("built before and after{sizes}; passed {checks}"),
        Outcome::Repaired => {
            let off = answer
                .switched_off
                .iter()
                .map(|pass| format!("{pass} was switched off"));
            let repairs: Vec<String> = answer.repairs.iter().cloned().chain(off).collect();
            format!(
                "built before and after{sizes}; passed {checks} after a repair: {}",
                repairs.join(", ")
            )
        }
        Outcome::OriginalFails => {
            "the original does not build, so that nothing can be said: it was left as it is".to_owned()
        }
        Outcome::Original | Outcome::Failed => format!("it was left as it is, as {why}"),
    };
    Verified {
        passed: has_passed,
        summary,
        bytes,
    }
}
