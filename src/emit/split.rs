//! What `--explain-split` shows: a table of the parts of the last stage.

use super::text::{Layout, labelled, wrapped};
use crate::passes::{Explained, Explanation, Side};

/// The widest that the column of instructions and packages gets.
const WIDEST: usize = 44;

/// The parts of the stage with the stage that each goes to and the fact behind it, or why nothing is split.
pub fn explanation(explanation: &Explanation, layout: &Layout) -> String {
    let title = layout.palette.title;
    let mut text = format!("{title}split{title:#}\n\n");
    if let Some(obstacle) = &explanation.obstacle {
        text.push_str(&wrapped("the last stage is not split", "  ", layout.width));
        text.push_str(&labelled("but", obstacle, "  ", layout));
        let remedy = explanation.remedy.iter();
        text.extend(remedy.map(|remedy| labelled("try", remedy, "  ", layout)));
        return text;
    }
    if explanation.parts.is_empty() {
        let nothing = "a split gains nothing: the last stage builds nothing, or has no package that only builds use and \
                       no smaller image to stand on";
        text.push_str(&wrapped(nothing, "  ", layout.width));
        return text;
    }
    let widest = explanation.parts.iter().map(|part| what(part).chars().count());
    let widest = widest.max().unwrap_or_default();
    let before = "  line  builder  ".len();
    let indent = " ".repeat(before + widest + 2);
    for part in &explanation.parts {
        let line = if part.is_package {
            String::new()
        } else {
            part.lines.first.to_string()
        };
        let row = format!("  {line:>4}  {:7}  {:widest$}", side(part.side), what(part));
        let why = wrapped(&part.why, &indent, layout.width);
        text.push_str(&row);
        text.push_str("  ");
        text.push_str(why.trim_start_matches(' '));
    }
    text
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Builder => "builder",
        Side::Runtime => "runtime",
        Side::Both => "both",
        Side::Neither => "neither",
    }
}

/// What the row is about, shortened to the column; packages stand below their instruction.
fn what(part: &Explained) -> String {
    let whole = if part.is_package {
        format!("  {}", part.what)
    } else {
        part.what.clone()
    };
    if whole.chars().count() <= WIDEST {
        return whole;
    }
    let start: String = whole.chars().take(WIDEST - 1).collect();
    format!("{}…", start.trim_end())
}
