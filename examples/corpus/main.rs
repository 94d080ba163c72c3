//! Runs the whole pipeline over folders of real Dockerfiles and checks what must hold for each of them:
//!
//! ```sh
//! cargo run --release --example corpus -- [--write OUT] FOLDER...
//! cargo run --release --example corpus -- [--write OUT] --contexts FOLDER
//! ```
//!
//! A panic, a tree that does not give its bytes back, a rewrite that does not parse or that a second run changes:
//! each is printed, and the exit code is 1. With `--write`, each rewritten file is put into OUT, for other judges.
//! With `--level LEVEL` the passes go that far, with `--no-cache-mounts` they do without mounts. With `--report FILE`, a
//! line of JSON says of each file what was done, declined and undone, so that two versions can be compared. With `--reasons`, it counts what was declined by its reason. With
//! `--contexts` takes a folder of checked-out repositories instead: each Dockerfile in them runs with its context, no
//! proposed .dockerignore may hide what a COPY names, and a second run must change neither file.
//! `--verdicts`, a line `PATH<TAB>ok` or `PATH<TAB>line: what` says of each file whether it is accepted.

mod contexts;
mod results;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::ValueEnum;
use plimsoll::passes::{Level, Refusal};
use plimsoll::rewrite::{Options, Rewrite, rewrite};
use plimsoll::syntax::{self, SyntaxError};
use rayon::prelude::*;

/// What one file came to.
enum Verdict {
    NotUtf8,
    Rejected(String),
    Done(Box<Rewrite>),
    Broken(String),
}

impl Verdict {
    /// The line of a report.
    fn line(&self, path: &Path) -> Option<String> {
        match self {
            Verdict::Done(done) => Some(results::line(path, done)),
            _ => None,
        }
    }
}

/// The time that rewrites take, without reading, checking and writing files.
#[derive(Default)]
struct Clock {
    rewrites: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Clock {
    fn rewrite(&self, name: &str, text: &str, options: &Options) -> Result<Rewrite, SyntaxError> {
        let start = Instant::now();
        let result = rewrite(name, text, options);
        let elapsed = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.rewrites.fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(elapsed, Ordering::Relaxed);
        result
    }

    /// How many rewrites one thread does in a second.
    fn speed(&self) -> u64 {
        let nanoseconds = self.nanoseconds.load(Ordering::Relaxed).max(1);
        self.rewrites.load(Ordering::Relaxed) * 1_000_000_000 / nanoseconds
    }
}

fn judge(path: &Path, options: &Options, clock: &Clock) -> Verdict {
    let Ok(bytes) = std::fs::read(path) else {
        return Verdict::Broken("cannot be read".to_owned());
    };
    let Ok(text) = String::from_utf8(bytes) else {
        return Verdict::NotUtf8;
    };
    let name = path.display().to_string();
    let file = match syntax::parse(&name, &text) {
        Ok(file) => file,
        Err(error) => return Verdict::Rejected(format!("{}: {}", error.line, error.found)),
    };
    if file.emit() != text {
        return Verdict::Broken("the tree gives other bytes back".to_owned());
    }
    let first = match clock.rewrite(&name, &text, options) {
        Ok(first) => first,
        Err(error) => return Verdict::Broken(format!("rewrite fails: {error}")),
    };
    if first.text == text {
        return Verdict::Done(Box::new(first));
    }
    match clock.rewrite(&name, &first.text, options) {
        Err(error) => Verdict::Broken(format!("the rewrite is rejected: {error}")),
        Ok(second) if second.text != first.text => Verdict::Broken("a second run changes it again".to_owned()),
        Ok(_) => Verdict::Done(Box::new(first)),
    }
}

/// What to count of the refusals of one file: the passes, or every reason without the names and numbers in it.
fn declined(refusals: &[Refusal], reasons: bool) -> Vec<String> {
    let kind = |word: &str| match word.chars().next() {
        Some('/') => "PATH".to_owned(),
        Some('0'..='9') => "N".to_owned(),
        _ => word.to_owned(),
    };
    let reason = |refusal: &Refusal| {
        let parts: Vec<&str> = refusal.obstacle.split('`').collect();
        let plain: Vec<&str> = parts.iter().step_by(2).copied().collect();
        let words: Vec<String> = plain.join("`…`").split(' ').map(kind).collect();
        format!("declined by {}: {}", refusal.pass, words.join(" "))
    };
    if reasons {
        return refusals.iter().map(reason).collect();
    }
    let mut passes: Vec<&str> = refusals.iter().map(|refusal| refusal.pass).collect();
    passes.dedup();
    passes.into_iter().map(|pass| format!("declined by {pass}")).collect()
}

fn main() -> ExitCode {
    let (mut folders, mut out, mut verdicts, mut reasons) = (Vec::new(), None, false, false);
    let (mut repositories, mut report) = (None, None);
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--write" => out = arguments.next().map(PathBuf::from),
            "--contexts" => repositories = arguments.next().map(PathBuf::from),
            "--verdicts" => verdicts = true,
            "--reasons" => reasons = true,
            "--report" => report = arguments.next().map(PathBuf::from),
            "--level" => match Level::from_str(&arguments.next().unwrap_or_default(), true) {
                Ok(level) => options.passes.level = level,
                Err(error) => {
                    eprintln!("--level: {error}");
                    return ExitCode::FAILURE;
                }
            },
            "--no-cache-mounts" => options.passes.cache_mounts = false,
            _ => folders.push(argument),
        }
    }
    if let Some(repositories) = repositories {
        let outcomes = contexts::run(&repositories, &options);
        let lines = outcomes.iter().filter_map(|outcome| outcome.result.as_deref());
        let is_fine = contexts::report(&outcomes, out.as_deref()) & results::write(report.as_deref(), lines);
        return if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let entries = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "Dockerfile"));
    paths.sort();

    let clock = Clock::default();
    let start = Instant::now();
    let judged: Vec<(PathBuf, Verdict)> = paths
        .into_par_iter()
        .map(|path| {
            let verdict = std::panic::catch_unwind(|| judge(&path, &options, &clock));
            let verdict = verdict.unwrap_or_else(|_| Verdict::Broken("panic".to_owned()));
            (path, verdict)
        })
        .collect();
    let elapsed = start.elapsed();

    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |key: String| *counts.entry(key).or_default() += 1;
    let mut broken = 0;
    for (path, verdict) in &judged {
        let passes = |done: &[&str]| {
            let mut passes: Vec<String> = done.iter().map(|pass| (*pass).to_owned()).collect();
            passes.dedup();
            passes
        };
        let verdict_text = match verdict {
            Verdict::NotUtf8 => {
                count("not UTF-8".to_owned());
                "not UTF-8".to_owned()
            }
            Verdict::Rejected(why) => {
                count("rejected".to_owned());
                why.clone()
            }
            Verdict::Done(done) => {
                let is_changed = done.text != done.original;
                count(if is_changed { "changed" } else { "unchanged" }.to_owned());
                if is_changed {
                    passes(&done.changes.iter().map(|change| change.pass).collect::<Vec<_>>())
                        .into_iter()
                        .for_each(|pass| count(format!("changed by {pass}")));
                }
                declined(&done.refusals, reasons).into_iter().for_each(&mut count);
                if let (true, Some(out), Some(name)) = (is_changed, &out, path.file_name()) {
                    let _ = std::fs::create_dir_all(out);
                    let _ = std::fs::write(out.join(name), &done.text);
                }
                "ok".to_owned()
            }
            Verdict::Broken(why) => {
                broken += 1;
                eprintln!("{}: {why}", path.display());
                format!("broken: {why}")
            }
        };
        if verdicts {
            println!("{}\t{verdict_text}", path.display());
        }
    }
    let lines: Vec<String> = judged.iter().filter_map(|(path, verdict)| verdict.line(path)).collect();
    let is_written = results::write(report.as_deref(), lines.iter().map(String::as_str));
    eprintln!("{} files in {elapsed:.1?}, broken: {broken}", judged.len());
    eprintln!("{} rewrites a second and thread", clock.speed());
    for (key, number) in counts {
        eprintln!("{number:7}  {key}");
    }
    if broken == 0 && is_written {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
