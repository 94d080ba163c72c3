//! `plimsoll man`

use clap::Args;
use clap_mangen::Man;

use super::output::Output;
use super::{Status, command};

/// Write the man page
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, output: &Output) -> anyhow::Result<Status> {
    output.result(&page()?)?;
    Ok(Status::Done)
}

/// One page with a section for each subcommand, so that `man plimsoll` tells everything.
fn page() -> anyhow::Result<String> {
    let command = command();
    let subcommands: Vec<clap::Command> = command.get_subcommands().cloned().collect();
    let main = Man::new(command.disable_help_subcommand(true));
    let mut roff = Vec::new();
    main.render_title(&mut roff)?;
    main.render_name_section(&mut roff)?;
    main.render_synopsis_section(&mut roff)?;
    main.render_description_section(&mut roff)?;
    main.render_options_section(&mut roff)?;
    let mut roff = String::from_utf8(roff)?;
    for subcommand in subcommands {
        roff.push_str(&section(subcommand)?);
    }
    let mut end = Vec::new();
    main.render_extra_section(&mut end)?;
    main.render_version_section(&mut end)?;
    Ok(roff + &String::from_utf8(end)?)
}

fn section(subcommand: clap::Command) -> anyhow::Result<String> {
    let name = format!("plimsoll {}", subcommand.get_name());
    let man = Man::new(subcommand.bin_name(name.clone()).disable_help_flag(true));
    let mut roff = Vec::new();
    man.render_description_section(&mut roff)?;
    man.render_synopsis_section(&mut roff)?;
    man.render_options_section(&mut roff)?;
    // What are sections of a page of their own are parts of a section here.
    let parts = String::from_utf8(roff)?.replace(".SH ", ".SS ");
    Ok(format!(".SH \"{}\"\n{parts}", name.to_uppercase()))
}
