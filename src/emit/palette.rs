//! The colours of the terminal.

use anstyle::{AnsiColor, Style};

/// A style for each thing that stands out. The default has none, for files and pipes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Palette {
    /// Lines that came.
    pub added: Style,
    /// Lines that went.
    pub removed: Style,
    /// The place of a hunk.
    pub hunk: Style,
    /// Titles.
    pub title: Style,
    /// What was done.
    pub done: Style,
    /// What was left alone.
    pub left: Style,
    /// What stands beside the point.
    pub aside: Style,
}

impl Palette {
    /// Whether nothing is coloured.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.added == Style::new()
    }

    /// The colours that a terminal gets.
    pub fn coloured() -> Palette {
        Palette {
            added: AnsiColor::Green.on_default(),
            removed: AnsiColor::Red.on_default(),
            hunk: AnsiColor::Cyan.on_default(),
            title: Style::new().bold(),
            done: AnsiColor::Green.on_default().bold(),
            left: AnsiColor::Yellow.on_default().bold(),
            aside: Style::new().dimmed(),
        }
    }
}
