//! Where output goes: the result to stdout, everything else to stderr.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};
use anyhow::Context as _;

use super::failure;
use super::{Format, Global, Status};
use crate::emit::Palette;
use crate::emit::json::{Document, Report, VERSION};
use crate::emit::text::Layout;
use crate::visible::visible_text;

/// Lines longer than this are hard to read, however wide the terminal is.
const WIDEST: usize = 100;

/// The two streams and what the user wants on them.
#[derive(Debug)]
pub(super) struct Output {
    format: Format,
    is_quiet: bool,
    has_colour: bool,
}

impl Output {
    pub(super) fn new(global: &Global) -> Output {
        Output {
            format: global.format,
            is_quiet: global.quiet,
            has_colour: AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        }
    }

    pub(super) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// What stdout gets.
    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// Whether a person watches stderr.
    pub(super) fn shows_progress(&self) -> bool {
        !self.is_quiet && io::stderr().is_terminal()
    }

    /// Whether a person reads stdout.
    pub(super) fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// How reports on stdout are laid out.
    pub(super) fn layout(&self) -> Layout {
        let width = terminal_size::terminal_size_of(io::stdout()).map_or(WIDEST, |(width, _)| usize::from(width.0));
        Layout {
            palette: if self.has_colour {
                Palette::coloured()
            } else {
                Palette::default()
            },
            width: width.clamp(40, WIDEST),
            is_complete: !self.is_quiet,
        }
    }

    /// Writes `text` to stdout.
    pub(super) fn result(&self, text: &str) -> anyhow::Result<()> {
        // A program gets a patch byte by byte. A person sees what would command the terminal.
        let text = if self.is_terminal() {
            visible_text(text)
        } else {
            text.into()
        };
        let text = text.as_ref();
        // Without colour nothing may touch the text: a Dockerfile can hold escape sequences of its own.
        let written = if self.has_colour {
            write(&mut anstream::stdout().lock(), text)
        } else {
            write(&mut io::stdout().lock(), text)
        };
        match written {
            // Who closes the pipe, as `head` does, has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to standard output"),
        }
    }

    /// Writes a document to stdout.
    pub(super) fn document(&self, document: &Document) -> anyhow::Result<()> {
        self.result(&document.to_json()?)
    }

    /// Writes a line to stderr, unless the user wants quiet or the JSON says it already.
    pub(super) fn message(&self, line: &str) {
        if !self.is_quiet && !self.is_json() {
            Output::say(line);
        }
    }

    /// Writes an error to stderr.
    pub(super) fn error(&self, error: &anyhow::Error) {
        Output::say(&failure::to_text(error));
    }

    /// Reports why a command could not do what it was asked for.
    pub(super) fn fail(&self, error: &anyhow::Error) -> anyhow::Result<Status> {
        if self.is_json() {
            self.document(&Document::Report(Report {
                version: VERSION,
                files: Vec::new(),
                errors: vec![failure::to_json(error)],
            }))?;
        } else {
            self.error(error);
        }
        Ok(Status::InputError)
    }

    /// Writes a line to stderr, whatever the user wants to be told.
    pub(super) fn say(text: &str) {
        // With stderr closed there is nobody left to tell.
        let _ = writeln!(anstream::stderr().lock(), "{}", visible_text(text));
    }
}

fn write(stream: &mut impl io::Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}
