//! A Dockerfile and its build context in one text.

use std::sync::Arc;

use plimsoll::config::Config;
use plimsoll::context::ContextSource;
use plimsoll::rewrite::Options;

/// Begins the line that names a file of the context.
const MARK: &str = "=== ";

/// A Dockerfile, then the files of its context, each after a line `=== PATH`. A `plimsoll.toml` among them sets the level.
pub struct Project<'t> {
    /// The text of the Dockerfile.
    pub dockerfile: &'t str,
    /// The paths and texts of the files.
    pub files: Vec<(&'t str, &'t str)>,
}

impl<'t> Project<'t> {
    /// Takes a text apart; each text is a project.
    pub fn of(text: &'t str) -> Project<'t> {
        let (first, rest) = part(text);
        let mut files = Vec::new();
        let mut rest = rest;
        while let Some(text) = rest {
            let (name, body) = text.split_once('\n').unwrap_or((text, ""));
            let (body, next) = part(body);
            files.push((name, body));
            rest = next;
        }
        Project {
            dockerfile: first,
            files,
        }
    }

    /// The context; none where its `.dockerignore` fails every build.
    pub fn context(&self) -> Option<ContextSource> {
        ContextSource::in_memory(self.files.iter().copied()).ok()
    }

    /// The options that its configuration asks for.
    pub fn options(&self, context: Arc<ContextSource>) -> Options {
        let named = self.files.iter().find(|(name, _)| *name == plimsoll::config::FILE_NAME);
        let config = named
            .and_then(|(name, text)| Config::parse(name, text).ok())
            .unwrap_or_default();
        let mut options = Options {
            writes_dockerignore: true,
            ..Options::default()
        };
        options.passes.level = config.level.unwrap_or_default();
        options.passes.cache_mounts = config.cache_mounts.unwrap_or(true);
        options.passes.context = Some(context);
        options
    }
}

/// What comes before the next file, and what comes after its mark.
fn part(text: &str) -> (&str, Option<&str>) {
    if let Some(rest) = text.strip_prefix(MARK) {
        return ("", Some(rest));
    }
    let line = format!("\n{MARK}");
    match text.find(&line) {
        Some(at) => (&text[..=at], Some(&text[at + line.len()..])),
        None => (text, None),
    }
}
