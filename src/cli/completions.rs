//! `plimsoll completions`

use clap::Args;
use clap_complete::Shell;

use super::output::Output;
use super::{Status, command};

/// Write the completions for a shell
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Status> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "plimsoll", &mut script);
    output.result(&String::from_utf8(script)?)?;
    Ok(Status::Done)
}
