//! `plimsoll migrate`

use std::env;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest as _, Sha256};

use super::building::Building;
use super::output::Output;
use super::selection::Selection;
use super::{Format, Status};
use crate::config::ConfigError;
use crate::emit::json::Document;
use crate::emit::{fleet as page, github, markdown, sarif, summary};
use crate::migrate::discover::{Patterns, pattern};
use crate::migrate::fleet::{Fleet, Shard};
use crate::migrate::git::Git;
use crate::migrate::journal::Journal;
use crate::migrate::plan::Subject;
use crate::migrate::report::{FleetReport, Mode};
use crate::migrate::skip::Skipped;
use crate::migrate::{Migration, Verify, bake};
use crate::rewrite::Rewrite;
use crate::write;

/// Rewrite the Dockerfiles of many git repositories
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("mode").multiple(false))]
pub(super) struct Arguments {
    /// Repositories, or folders to look for them in [default: the current folder]
    #[arg(value_name = "ROOT")]
    roots: Vec<PathBuf>,
    /// Take the repositories that this file names, one a line; - for standard input
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Take one of several equal parts of the fleet: 2/5
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Also take files that match, wherever they are
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    include: Vec<String>,
    /// Leave files alone that match
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    exclude: Vec<String>,
    #[command(flatten)]
    making: Making,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    pub(super) building: Building,
    #[command(flatten)]
    pub(super) selection: Selection,
}

/// What is made of the changes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
struct Making {
    /// Show what would change; this is the default
    #[arg(long, group = "mode")]
    dry_run: bool,
    /// Change the files in the work trees
    #[arg(long, short, group = "mode")]
    write: bool,
    /// Commit the changes on a new branch of each repository, beside the work tree
    #[arg(long, value_name = "NAME", group = "mode")]
    branch: Option<String>,
    /// Write into work trees with uncommitted changes, too
    #[arg(long, requires = "write")]
    allow_dirty: bool,
    /// Write a patch for each repository into this folder
    #[arg(long, value_name = "DIR")]
    patch_dir: Option<PathBuf>,
    /// Write a text for reviewers for each repository into this folder; - for standard output
    #[arg(long, value_name = "DIR")]
    pr_body: Option<PathBuf>,
    /// Write a Bake file that builds each changed Dockerfile before and after
    #[arg(long, value_name = "FILE")]
    bake: Option<PathBuf>,
    /// Write a report, whose kind its end tells: .html, .md, .json or .sarif; may be repeated
    #[arg(long, value_name = "FILE", value_parser = report_file)]
    report: Vec<PathBuf>,
}

/// How the run goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
struct Running {
    /// Go on with the run of the same command that was interrupted
    #[arg(long)]
    resume: bool,
    /// Keep what is needed for that in this folder [default: a folder of the user's state]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// How many repositories are handled at once [default: one a core]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// How many seconds a repository may take, without its builds; the others go on when one runs out of time
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = clap::value_parser!(u64).range(1..))]
    time_limit: u64,
}

/// Checks a glob and keeps its text: the set is built for each repository.
fn glob(text: &str) -> Result<String, globset::Error> {
    pattern(text).map(|_| text.to_owned())
}

fn report_file(text: &str) -> Result<PathBuf, String> {
    let file = PathBuf::from(text);
    Kind::of(&file)
        .map(|_| file)
        .ok_or_else(|| "expected a name that ends in .html, .md, .json or .sarif".to_owned())
}

/// The kinds of reports.
enum Kind {
    Html,
    Markdown,
    Json,
    Sarif,
}

impl Kind {
    fn of(file: &Path) -> Option<Kind> {
        match file.extension()?.to_str()? {
            "html" => Some(Kind::Html),
            "md" => Some(Kind::Markdown),
            "json" => Some(Kind::Json),
            "sarif" => Some(Kind::Sarif),
            _ => None,
        }
    }
}

pub(super) fn run(arguments: &'static Arguments, output: &Output) -> anyhow::Result<Status> {
    arguments.selection.for_fleet()?;
    let making = &arguments.making;
    if let Some(name) = &making.branch {
        check_branch(name)?;
    }
    let mode = match &making.branch {
        _ if making.dry_run => Mode::DryRun,
        Some(_) => Mode::Branch,
        None if making.write => Mode::Write,
        None => Mode::DryRun,
    };
    let fleet = fleet(arguments)?;
    for problem in &fleet.problems {
        output.error(&anyhow::anyhow!("{problem}"));
    }
    let builds = making.bake.as_deref().map(beside);
    let state = state(arguments)?;
    let journal = Arc::new(Journal::open(&state, arguments.running.resume, mode != Mode::DryRun)?);
    if let Some(folder) = &builds {
        if !arguments.running.resume {
            clear(folder)?;
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot write to `{}`", folder.display()))?;
    }
    let is_shown = making.pr_body.as_deref() == Some(Path::new("-"));
    let builder = arguments.building.builder()?.map(Arc::new);
    let verify = builder.clone().map(|builder| -> Verify {
        Box::new(move |subject: &Subject<'_>, rewrite: Rewrite| builder.verified(subject, rewrite, arguments))
    });
    let migration = Arc::new(Migration {
        mode,
        branch: making.branch.clone(),
        allows_dirty: making.allow_dirty,
        patches: making.patch_dir.clone(),
        descriptions: making.pr_body.clone().filter(|_| !is_shown),
        builds: builds.clone(),
        options: Box::new(|folder| arguments.selection.options_of(folder)),
        patterns: Box::new(|root| patterns(arguments, root)),
        verify,
        time_limit: Duration::from_secs(arguments.running.time_limit),
    });

    if journal.finished() > 0 {
        output.message(&format!(
            "{} of {} were done before",
            journal.finished(),
            fleet.places.len()
        ));
    }
    let bar = progress(output, fleet.places.len());
    let jobs = arguments
        .running
        .jobs
        .map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    let handled = migration.run(&fleet.places, &journal, jobs, &|report| {
        bar.set_message(report.name.replace(char::is_control, " "));
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    if builder.is_some_and(|builder| builder.is_cancelled()) {
        bail!("stopped by the user; the same command with --resume goes on");
    }
    let report = FleetReport::new(mode, handled, fleet.problems);

    if let (Some(file), Some(folder)) = (&making.bake, &builds) {
        save(file, &bake::bake_file(folder)?)?;
    }
    for file in &making.report {
        save(file, &text(&report, Kind::of(file).unwrap_or(Kind::Markdown))?)?;
    }
    if is_shown {
        let changed = report
            .repositories
            .iter()
            .filter(|repository| repository.outcome.is_change());
        let texts: Vec<String> = changed.map(markdown::description).collect();
        output.result(&texts.join("\n"))?;
    } else {
        show(&report, output)?;
    }
    output.message(&summary::totals(&report));
    let is_whole = report.is_whole();
    // Only now nothing is left that another run would have to do.
    journal.finish();
    Ok(if is_whole { Status::Done } else { Status::ChangesNeeded })
}

/// Writes a file, and the folder for it where there is none.
fn save(file: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot write to `{}`", folder.display()))?;
    }
    write::atomically(file, text)
}

fn show(report: &FleetReport, output: &Output) -> anyhow::Result<()> {
    match output.format() {
        Format::Text => output.result(&summary::repositories(report, &output.layout().palette)),
        Format::Json => output.result(&text(report, Kind::Json)?),
        Format::Markdown => output.result(&text(report, Kind::Markdown)?),
        Format::Sarif => output.result(&text(report, Kind::Sarif)?),
        Format::Github => {
            let mut shown = String::new();
            for repository in &report.repositories {
                shown += &github::annotations(&repository.files, &repository.dockerignores);
                let reason = repository
                    .reason
                    .iter()
                    .map(|reason| format!("{}: {reason}", repository.name));
                shown.extend(reason.map(|reason| github::error(&reason)));
                shown += &github::unread(repository);
            }
            output.result(&shown)
        }
    }
}

fn text(report: &FleetReport, kind: Kind) -> anyhow::Result<String> {
    match kind {
        Kind::Html => page::page(report),
        Kind::Markdown => Ok(markdown::fleet(report)),
        Kind::Json => Ok(Document::Fleet(Box::new(report.clone())).to_json()?),
        Kind::Sarif => {
            let reasons: Vec<Vec<String>> = report
                .repositories
                .iter()
                .map(|repository| repository.reason.clone().into_iter().collect())
                .collect();
            let unread: Vec<Vec<&Skipped>> = report
                .repositories
                .iter()
                .map(|repository| repository.unread().collect())
                .collect();
            let parts = report
                .repositories
                .iter()
                .zip(&reasons)
                .zip(&unread)
                .map(|((repository, reason), unread)| sarif::Part {
                    name: Some(&repository.name),
                    head: repository.head.as_deref(),
                    files: &repository.files,
                    ignores: &repository.dockerignores,
                    errors: reason,
                    unread,
                });
            Ok(sarif::log(&parts.collect::<Vec<_>>())?)
        }
    }
}

fn fleet(arguments: &Arguments) -> anyhow::Result<Fleet> {
    let mut fleet = Fleet::default();
    let here = [PathBuf::from(".")];
    let roots = if arguments.roots.is_empty() && arguments.list.is_none() {
        &here[..]
    } else {
        &arguments.roots
    };
    for root in roots {
        fleet
            .add_root(root)
            .with_context(|| format!("cannot look for repositories in `{}`", root.display()))?;
    }
    if let Some(list) = &arguments.list {
        let read = if list == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            fs::read(list)
        };
        let bytes = read.with_context(|| format!("cannot read `{}`", list.display()))?;
        fleet.add_list(&bytes, &env::current_dir().context("cannot tell the current folder")?);
    }
    fleet.settle(arguments.shard);
    Ok(fleet)
}

/// Fails unless git allows `name` for a branch.
fn check_branch(name: &str) -> anyhow::Result<()> {
    let git = Git::at(&env::temp_dir());
    if name.starts_with('-')
        || git
            .run(&["check-ref-format", &format!("refs/heads/{name}")], b"")
            .is_err()
    {
        bail!("`{name}` cannot be the name of a branch");
    }
    Ok(())
}

fn patterns(arguments: &Arguments, root: &Path) -> Result<Patterns, ConfigError> {
    let config = arguments.selection.config(root)?;
    let given = |given: &[String], configured: Option<Vec<String>>| match given {
        [] => configured.unwrap_or_default(),
        given => given.to_vec(),
    };
    let (include, exclude) = (
        given(&arguments.include, config.include()),
        given(&arguments.exclude, config.exclude()),
    );
    // Each of them was read before.
    Ok(Patterns::new(&include, &exclude).unwrap_or_default())
}

/// The folder for what an interrupted run needs: one for each command.
fn state(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    if let Some(folder) = &arguments.running.state {
        return Ok(folder.clone());
    }
    let mut command = Sha256::new();
    command.update(
        env::current_dir()
            .context("cannot tell the current folder")?
            .as_os_str()
            .as_encoded_bytes(),
    );
    for word in env::args_os().skip(1).filter(|word| word != "--resume") {
        command.update([0]);
        command.update(word.as_encoded_bytes());
    }
    let name: String = command
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let state = env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute());
    let state = state.or_else(|| env::home_dir().map(|home| home.join(".local/state")));
    let state = state.context("no home folder to keep the state of the run in: name one with --state")?;
    Ok(state.join("plimsoll/migrate").join(name))
}

/// The folder beside a Bake file that holds its Dockerfiles.
fn beside(bake: &Path) -> PathBuf {
    let mut name = bake.file_name().unwrap_or_default().to_owned();
    name.push(".files");
    bake.with_file_name(name)
}

/// Removes what an earlier run put beside a Bake file, and nothing else.
fn clear(folder: &Path) -> anyhow::Result<()> {
    let Ok(entries) = folder.read_dir() else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if bake::ENDS.iter().any(|end| name.ends_with(end)) {
            fs::remove_file(entry.path()).with_context(|| format!("cannot remove `{}`", entry.path().display()))?;
        }
    }
    Ok(())
}

fn progress(output: &Output, length: usize) -> ProgressBar {
    if !output.shows_progress() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length as u64);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
