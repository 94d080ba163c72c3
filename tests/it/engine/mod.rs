//! Real builds: each project under `tests/fixtures/projects` is built as it is and as rewritten, the two images are
//! compared, and a rebuild after an edit must take the packages it knows from the cache mounts. [`context`] compares
//! what builds copy with what the library says.
//!
//! It takes a container engine, the package registries and minutes. What cannot run is skipped and said so.
//! - `PLIMSOLL_ENGINE=required`: what cannot run is a failure;
//! - `PLIMSOLL_ENGINE=off`: not now;
//! - `PLIMSOLL_ENGINE_ONLY=npm-ci,yarn`: these projects only;
//! - `PLIMSOLL_ENGINE_REWRITES=FOLDER`: `FOLDER/NAME.Dockerfile`, where it exists, stands for what Plimsoll makes of
//!   the project's file, and `FOLDER/NAME.edited.Dockerfile` of the edited one: to try a rewrite before a pass has it.

mod check;
mod command;
mod compare;
mod context;
mod context_size;
mod docker;
mod evidence;
mod generated;
mod ignore_sets;
mod kinds;
mod migrate;
mod project;
mod report;
mod smoke;
mod verify;

use std::collections::VecDeque;
use std::env;
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Result, bail};

use check::{Report, check};
use project::Project;

/// Builds that run at the same time. More would only queue for the same disk.
const WORKERS: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Off,
    Auto,
    Required,
}

impl Mode {
    fn from_env() -> Result<Self> {
        match env::var("PLIMSOLL_ENGINE").as_deref() {
            Err(_) | Ok("" | "auto") => Ok(Mode::Auto),
            Ok("off") => Ok(Mode::Off),
            Ok("required") => Ok(Mode::Required),
            Ok(other) => bail!("PLIMSOLL_ENGINE={other}: expected auto, required or off"),
        }
    }
}

/// How an engine test runs; `None`, and a line that says so, where it is skipped. `what` names it.
fn gate(what: &str) -> Option<Mode> {
    let mode = Mode::from_env().unwrap();
    if mode == Mode::Off {
        say(&format!("SKIPPED: {what}, as PLIMSOLL_ENGINE=off says"));
        return None;
    }
    if let Err(reason) = docker::is_usable() {
        assert!(mode != Mode::Required, "no container engine ({reason})");
        say(&format!("SKIPPED: {what}: no container engine ({reason})"));
        return None;
    }
    Some(mode)
}

#[test]
fn rewritten_projects_work_the_same_and_install_from_the_mounts() {
    let Some(mode) = gate("the project builds (about ten minutes)") else {
        return;
    };

    let projects = Project::all().unwrap();
    let only = env::var("PLIMSOLL_ENGINE_ONLY").unwrap_or_default();
    let names: Vec<&str> = only.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let is_known = |name: &&str| projects.iter().any(|project| project.name == *name);
    assert!(
        names.iter().all(&is_known),
        "PLIMSOLL_ENGINE_ONLY={only} names no project"
    );
    let wanted = |name: &str| names.is_empty() || names.contains(&name);
    let (mut queue, mut failures) = (Vec::new(), Vec::new());
    for project in projects.into_iter().filter(|project| wanted(&project.name)) {
        match project
            .base_images()
            .iter()
            .find_map(|image| docker::provide(image).err())
        {
            None => queue.push(project),
            Some(reason) if mode == Mode::Required => failures.push(format!("{}: {reason}", project.name)),
            Some(reason) => say(&format!("SKIPPED: {}: {reason}", project.name)),
        }
    }

    let results = in_parallel(queue, |project| {
        let result = check(&project);
        say(&match &result {
            Ok(report) => format!("engine: {report}"),
            Err(error) => format!("engine: {}: FAILED: {error:#}", project.name),
        });
        (project.name, result)
    });

    let mut reports = Vec::new();
    for (name, result) in results {
        match result {
            Ok(report) => reports.push(report),
            Err(error) => failures.push(format!("{name}: {error:#}")),
        }
    }
    reports.sort_by(|a, b| a.name.cmp(&b.name));
    say(&Report::table(&reports));
    assert!(
        failures.is_empty(),
        "{} failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

/// Does `work` for each item, some at once, and gives the results in the order in which they came.
fn in_parallel<T: Send, R: Send>(items: impl IntoIterator<Item = T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let queue: Mutex<VecDeque<T>> = Mutex::new(items.into_iter().collect());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(item) = next() {
                    let result = work(item);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Prints a line at once. `eprintln!` would not do: the test harness holds it back until a test fails.
fn say(line: &str) {
    let mut stderr = io::stderr().lock();
    writeln!(stderr, "{line}").unwrap_or_default();
}
