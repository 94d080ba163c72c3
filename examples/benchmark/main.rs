//! Rewrites, verifies and measures the applications beside this folder, and prints a table against what guides claim
//! in which people did this by hand.
//!
//! ```sh
//! cargo run --release --example benchmark             # all: about half an hour
//! cargo run --release --example benchmark rag-uv      # these only
//! cargo run --release --example benchmark -- --table  # none: the table of what was measured before
//! ```
//!
//! It takes a container engine, the package registries and, for the contexts as developers have them, 5 GB. What was
//! measured is kept in `results.json`, and the table of the README is made of that.

mod guides;
mod run;
mod table;

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use plimsoll::process::Cancel;

/// Between these lines of the README stands the table.
const MARKS: [&str; 2] = ["<!-- benchmark -->\n", "<!-- /benchmark -->\n"];

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let guides = guides::all()?;
    for name in wanted.iter().filter(|name| *name != "--table") {
        let is_known = guides.iter().any(|guide| guide.example == *name);
        ensure!(is_known, "no example {name}; see guides.toml");
    }
    let cancel = Cancel::default();
    let wish = cancel.clone();
    ctrlc::set_handler(move || wish.cancel())?;
    let mut results = table::results()?;
    for guide in &guides {
        if wanted.is_empty() || wanted.contains(&guide.example) {
            let measured = run::run(guide, today()?, &cancel).with_context(|| guide.example.clone())?;
            results.insert(guide.example.clone(), measured);
            let text = serde_json::to_string_pretty(&results)? + "\n";
            fs::write(table::file(), text)?;
        }
    }
    let table = table::table(&guides, &results);
    write_readme(&table)?;
    print!("{table}");
    Ok(())
}

fn today() -> Result<String> {
    let output = Command::new("date").arg("+%F").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn write_readme(table: &str) -> Result<()> {
    let path = guides::folder().join("../README.md");
    let readme = fs::read_to_string(&path)?;
    let (head, rest) = readme
        .split_once(MARKS[0])
        .context("the README has no place for the table")?;
    let (_, tail) = rest
        .split_once(MARKS[1])
        .context("the README has no end of the table")?;
    fs::write(path, format!("{head}{}{table}{}{tail}", MARKS[0], MARKS[1]))?;
    Ok(())
}
