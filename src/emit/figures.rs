//! Sizes and times of two images next to each other, as tables with bars.

use anstyle::Style;

use super::text::{Layout, size};
use crate::verify::figures::{Figures, Rebuild, Sizes};

/// The narrowest bar that says something; where there is less room, there are none.
const NARROWEST: usize = 8;

/// The widest bar that still looks like one.
const WIDEST: usize = 48;

/// The blanks before a layer.
const INDENT: usize = 2;

/// The difference in seconds that two equal builds may show.
const CHANCE: f64 = 1.0;

/// A row with the figure of each image, and what is shown of it.
struct Row {
    label: String,
    before: f64,
    after: f64,
    shown: [String; 2],
}

impl Row {
    fn bytes(label: impl Into<String>, before: u64, after: u64) -> Row {
        Row {
            label: label.into(),
            before: before as f64,
            after: after as f64,
            shown: [size(before), size(after)],
        }
    }

    fn seconds(label: impl Into<String>, before: f64, after: f64) -> Row {
        Row {
            label: label.into(),
            before,
            after,
            shown: [seconds(before), seconds(after)],
        }
    }
}

/// Seconds as people read them.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

/// By how much `after` is less than `before`: `62 % less`, `3 % more`; empty where that is below one per cent.
#[must_use]
pub fn change(before: f64, after: f64) -> String {
    if before <= 0.0 {
        return String::new();
    }
    let percent = (after - before) * 100.0 / before;
    // What is almost gone is not gone.
    let percent = if after > 0.0 { percent.max(-99.0) } else { percent };
    match percent.round() as i64 {
        0 => String::new(),
        less if less < 0 => format!("{} % less", -less),
        more => format!("{more} % more"),
    }
}

/// By how much the second of two times is less, where that is more than chance makes.
#[must_use]
pub fn change_of_time(before: f64, after: f64) -> String {
    if (before - after).abs() < CHANCE {
        return String::new();
    }
    change(before, after)
}

/// The rebuilds that were made on both sides.
pub fn rebuilds<'f>(before: &'f Figures, after: &'f Figures) -> impl Iterator<Item = (&'f Rebuild, &'f Rebuild)> {
    let source = before.rebuild.as_ref().zip(after.rebuild.as_ref());
    let manifest = before.manifest_rebuild.as_ref().zip(after.manifest_rebuild.as_ref());
    source.into_iter().chain(manifest)
}

/// Both sides: sizes by component and layer, times, and what is sent.
#[must_use]
pub fn figures(before: &Figures, after: &Figures, layout: &Layout) -> String {
    let mut text = sizes(&before.sizes, &after.sizes, layout);
    let mut times = vec![Row::seconds("cold build", before.cold_seconds, after.cold_seconds)];
    for (old, new) in rebuilds(before, after) {
        let label = format!("rebuild after an edit of {}", old.edited);
        times.push(Row::seconds(label, old.seconds, new.seconds));
    }
    text += &format!("\n{}", table("time", &times, layout));
    if let (Some(old), Some(new)) = (&before.context, &after.context) {
        let row = Row::bytes("context", old.bytes, new.bytes);
        text += &format!("\n{}", table("sent to the engine", &[row], layout));
    }
    text
}

/// The sizes of two images by component, and by layer where the engine tells.
#[must_use]
pub fn sizes(before: &Sizes, after: &Sizes, layout: &Layout) -> String {
    let mut rows = vec![Row::bytes("image", before.stored(), after.stored())];
    rows.extend(
        before
            .components
            .iter()
            .zip(&after.components)
            .filter(|(old, new)| old.bytes + new.bytes > 0)
            .map(|(old, new)| Row::bytes(format!("  {}", old.name), old.bytes, new.bytes)),
    );
    let hidden = |sizes: &Sizes| sizes.stored().saturating_sub(sizes.bytes);
    if hidden(before) + hidden(after) > 0 {
        rows.push(Row::bytes("  deleted or replaced later", hidden(before), hidden(after)));
    }
    let less = change(before.stored() as f64, after.stored() as f64);
    let title = if less.is_empty() {
        "size".to_owned()
    } else {
        format!("size: {less}")
    };
    table(&title, &rows, layout) + &layers(before, after, layout)
}

/// A table with a bar for each figure, where there is room: the original's above, the rewrite's below it.
fn table(title: &str, rows: &[Row], layout: &Layout) -> String {
    let palette = layout.palette;
    let bold = palette.title;
    let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default();
    let figure_width = widest(
        &mut rows
            .iter()
            .flat_map(|row| &row.shown)
            .map(|shown| shown.chars().count()),
    )
    .max(9);
    let most = rows
        .iter()
        .flat_map(|row| [row.before, row.after])
        .fold(0.0_f64, f64::max);
    // A label that leaves no room for its figures, as one with a long path, has a line of its own.
    let longest = layout.width.saturating_sub(2 * (figure_width + 2));
    let lengths = rows.iter().map(|row| row.label.chars().count());
    let label_width = widest(&mut lengths.filter(|length| *length <= longest)).max(title.chars().count());
    let used = label_width + 2 * (figure_width + 2) + 2;
    let room = layout.width.saturating_sub(used).min(WIDEST);
    let mut text = format!(
        "{bold}{title:label_width$}{bold:#}  {:>figure_width$}  {:>figure_width$}\n",
        "original", "rewritten"
    );
    for row in rows {
        let [old, new] = &row.shown;
        let mut label = row.label.as_str();
        if label.chars().count() > label_width {
            text += &format!("{label}\n");
            label = "";
        }
        text += &format!("{label:label_width$}  {old:>figure_width$}  {new:>figure_width$}");
        if room >= NARROWEST {
            text += &format!("  {}", bar(row.before, most, room, palette.removed, layout));
            let below = bar(row.after, most, room, palette.added, layout);
            if !below.is_empty() {
                text += &format!("\n{:used$}{below}", "");
            }
        }
        // Nothing stands behind the last sign of a line.
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// The layers of both images with what made them, each image by itself.
fn layers(before: &Sizes, after: &Sizes, layout: &Layout) -> String {
    let bold = layout.palette.title;
    let all = || before.layers.iter().chain(&after.layers);
    let most = all().map(|layer| layer.bytes).max().unwrap_or_default() as f64;
    let figure_width = all()
        .map(|layer| size(layer.bytes).chars().count())
        .max()
        .unwrap_or_default();
    let room = (layout.width / 4).min(WIDEST / 2);
    let sides = [
        ("original", before, layout.palette.removed),
        ("rewritten", after, layout.palette.added),
    ];
    let mut text = String::new();
    for (name, sizes, style) in sides.into_iter().filter(|(_, sizes, _)| !sizes.layers.is_empty()) {
        text += &format!("\n{bold}layers of the {name} image{bold:#}\n");
        for layer in &sizes.layers {
            let drawn = bar(layer.bytes as f64, most, room, style, layout);
            // Styles take no room.
            let blank = " ".repeat(room.saturating_sub(length(layer.bytes as f64, most, room)));
            let left = layout.width.saturating_sub(INDENT + figure_width + 2 + room + 2);
            let made_by: String = layer
                .made_by
                .chars()
                .filter(|sign| !sign.is_control())
                .take(left)
                .collect();
            text += &format!("  {:>figure_width$}  {drawn}{blank}  {made_by}", size(layer.bytes));
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
    }
    text
}

/// How many columns a bar takes: none for nothing, and one at least for anything else.
fn length(value: f64, most: f64, room: usize) -> usize {
    if value <= 0.0 || most <= 0.0 {
        return 0;
    }
    ((value / most * room as f64).round() as usize).clamp(1, room.max(1))
}

/// A bar, in signs that every terminal and file has where there are no colours.
fn bar(value: f64, most: f64, room: usize, style: Style, layout: &Layout) -> String {
    let length = length(value, most, room);
    if length == 0 {
        return String::new();
    }
    let sign = if layout.palette.is_plain() { "#" } else { "█" };
    format!("{style}{}{style:#}", sign.repeat(length))
}
