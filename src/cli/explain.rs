//! `plimsoll explain`

use std::fmt::Write as _;

use clap::Args;

use super::Status;
use super::output::Output;
use super::selection::pass_names;
use crate::emit::json::{Document, PassReport, Passes, VERSION};
use crate::emit::text::{Layout, wrapped};
use crate::passes::{Pass, REGISTRY};

/// Show the page of a pass, or list the passes
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The pass; without it, all of them in a table
    #[arg(value_name = "PASS", value_parser = pass_names(), hide_possible_values = true)]
    pass: Option<String>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Status> {
    let wanted: Vec<&dyn Pass> = REGISTRY
        .iter()
        .copied()
        .filter(|pass| arguments.pass.as_ref().is_none_or(|id| id == pass.id()))
        .collect();
    if output.is_json() {
        output.document(&Document::Passes(Passes {
            version: VERSION,
            passes: wanted.into_iter().map(to_json).collect(),
        }))?;
        return Ok(Status::Done);
    }
    let layout = output.layout();
    output.result(&match wanted.as_slice() {
        [pass] if arguments.pass.is_some() && output.is_terminal() => page(pass.page(), &layout),
        // Whoever pipes the page has a program that shows Markdown better.
        [pass] if arguments.pass.is_some() => pass.page().to_owned(),
        passes => table(passes, &layout),
    })?;
    Ok(Status::Done)
}

fn to_json(pass: &dyn Pass) -> PassReport {
    PassReport {
        id: pass.id().to_owned(),
        level: pass.level(),
        summary: summary(pass.page()),
        page: pass.page().to_owned(),
    }
}

/// The first sentence of the first paragraph.
fn summary(page: &str) -> String {
    let paragraph: Vec<&str> = page
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty() || line.starts_with('#'))
        .take_while(|line| !line.is_empty())
        .collect();
    let paragraph = paragraph.join(" ");
    let end = paragraph.find(". ").map_or(paragraph.len(), |dot| dot + 1);
    paragraph[..end].to_owned()
}

fn table(passes: &[&dyn Pass], layout: &Layout) -> String {
    let widest = passes.iter().map(|pass| pass.id().len()).max().unwrap_or_default();
    let title = layout.palette.title;
    let mut text = String::new();
    for pass in passes {
        // The summary wraps inside its own column: the first two stand where its indent would.
        let indent = " ".repeat(widest + "  aggressive  ".len());
        let summary = wrapped(&summary(pass.page()), &indent, layout.width);
        let (id, level) = (pass.id(), pass.level());
        let _ = write!(
            text,
            "{title}{id:widest$}{title:#}  {level:10}  {}",
            summary.trim_start_matches(' ')
        );
    }
    text
}

/// The Markdown of a page for a terminal: titles in bold, code indented, paragraphs and items wrapped.
fn page(markdown: &str, layout: &Layout) -> String {
    let (title, aside) = (layout.palette.title, layout.palette.aside);
    let (mut text, mut paragraph, mut is_code) = (String::new(), String::new(), false);
    for line in markdown.lines() {
        let is_fence = line.trim_start().starts_with("```");
        let is_apart = is_code || is_fence || line.is_empty() || line.starts_with(['#', '|']);
        if is_apart || line.starts_with("- ") {
            flush(&mut paragraph, &mut text, layout);
        }
        // Writing to a string cannot fail.
        let _ = match line {
            _ if is_fence => {
                is_code = !is_code;
                Ok(())
            }
            _ if is_code => writeln!(text, "    {aside}{line}{aside:#}"),
            _ if line.starts_with('#') => writeln!(text, "{title}{}{title:#}", line.trim_start_matches(['#', ' '])),
            _ if is_apart => writeln!(text, "{line}"),
            _ => write!(paragraph, "{} ", line.trim()),
        };
    }
    flush(&mut paragraph, &mut text, layout);
    text
}

/// Moves a finished paragraph into the text.
fn flush(paragraph: &mut String, text: &mut String, layout: &Layout) {
    if !paragraph.is_empty() {
        text.push_str(&wrapped(paragraph.trim_end(), "", layout.width));
        paragraph.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{page, summary};
    use crate::emit::Palette;
    use crate::emit::text::Layout;

    const PAGE: &str = "\
# some-pass

Does one thing. Then it does
another one of some length.

```dockerfile
FROM alpine
```

- an item that goes on
  below
- the last
";

    #[test]
    fn the_summary_is_the_first_sentence() {
        assert_eq!(summary(PAGE), "Does one thing.");
        assert_eq!(summary("# title\n\nA line\nand another.\n"), "A line and another.");
        assert_eq!(summary(""), "");
    }

    #[test]
    fn a_page_reads_well_on_a_terminal() {
        let layout = Layout {
            palette: Palette::default(),
            width: 40,
            is_complete: true,
        };
        let expected = "\
some-pass

Does one thing. Then it does another one
of some length.

    FROM alpine

- an item that goes on below
- the last
";
        assert_eq!(page(PAGE, &layout), expected);
    }
}
