//! The command line: what may be written there, and one file a subcommand.

mod building;
mod check;
mod completions;
mod context;
mod diff;
mod explain;
mod failure;
mod ignore_file;
mod interrupt;
mod man;
mod measure;
mod migrate;
mod output;
mod report;
mod rewrite;
mod selection;
mod smoke;
mod source;
mod verify;
mod verifying;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::write;
use output::Output;

/// Rewrites Dockerfiles so that images get smaller and rebuilds faster while the app keeps working.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, after_long_help = AFTER_HELP, propagate_version = false)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  nothing to do, or done
  1  `check` found something to change, `context` more than --max, `verify` a difference, or `migrate` left a repository
     or a Dockerfile out
  2  wrong usage or unreadable input

The nearest plimsoll.toml upwards from a file, up to the root of its repository, sets the defaults for it.";

#[derive(Debug, Subcommand)]
enum Command {
    Rewrite(rewrite::Arguments),
    Diff(diff::Arguments),
    Check(check::Arguments),
    Context(context::Arguments),
    Verify(verify::Arguments),
    Measure(measure::Arguments),
    Migrate(Box<migrate::Arguments>),
    Smoke(smoke::Arguments),
    Explain(explain::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Cli {
    /// Fails where the command does not write in the format.
    fn check_format(&self) -> Result<(), clap::Error> {
        let is_common = matches!(self.global.format, Format::Text | Format::Json);
        if is_common || matches!(self.command, Command::Check(_) | Command::Migrate(_)) {
            return Ok(());
        }
        let message = "only `check` and `migrate` write in this format";
        Err(Cli::command().error(ErrorKind::ArgumentConflict, message))
    }
}

/// What holds for every subcommand.
#[derive(Debug, Args)]
struct Global {
    /// The format of the result
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Say nothing beside the result: no summaries, no notes, not what was left alone
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(flatten)]
    color: colorchoice_clap::Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For pull requests and pages (`check` and `migrate`)
    Markdown,
    /// For code scanning (`check` and `migrate`)
    Sarif,
    /// For the log of a GitHub workflow (`check` and `migrate`)
    Github,
}

/// How a subcommand ended that did what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Done = 0,
    ChangesNeeded = 1,
    InputError = 2,
}

/// Runs the command with the arguments of this process. Usage errors, `--help` and `--version` end the process from
/// within clap.
pub fn main() -> ExitCode {
    // It lives as long as the process, as a thread of `migrate` may that was left behind.
    let cli: &'static Cli = Box::leak(Box::new(Cli::parse()));
    cli.global.color.write_global();
    let output = Output::new(&cli.global);
    if let Err(error) = cli.check_format() {
        error.exit();
    }
    let result = match &cli.command {
        Command::Rewrite(arguments) => rewrite::run(arguments, &output),
        Command::Diff(arguments) => diff::run(arguments, &output),
        Command::Check(arguments) => check::run(arguments, &output),
        Command::Context(arguments) => context::run(arguments, &output),
        Command::Measure(arguments) => measure::run(arguments, &output),
        Command::Verify(arguments) => verify::run(arguments, &output),
        Command::Migrate(arguments) => migrate::run(arguments, &output),
        Command::Smoke(arguments) => smoke::run(arguments, &output),
        Command::Explain(arguments) => explain::run(arguments, &output),
        Command::Completions(arguments) => completions::run(arguments, &output),
        Command::Man(arguments) => man::run(arguments, &output),
    };
    // If not even the failure can be written, the exit code still tells of it.
    let status = result.unwrap_or_else(|error| output.fail(&error).unwrap_or(Status::InputError));
    ExitCode::from(status as u8)
}

/// The whole command line as data, for completions and the man page.
fn command() -> clap::Command {
    Cli::command()
}
