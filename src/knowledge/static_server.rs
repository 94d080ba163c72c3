//! Programs that serve the files of one folder and read nothing else.

use std::sync::LazyLock;

use serde::Deserialize;

use super::commands::is_shell;

const FILE: &str = include_str!("../../data/static-servers.toml");

/// A row of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaticServer {
    pub(crate) program: String,
    /// The package of npm that brings it.
    pub(crate) package: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
    pub(super) source: String,
    /// Options without a value.
    flags: Vec<String>,
    /// Options with one, which is no file.
    values: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
pub(super) struct Table {
    pub(super) checked: String,
    pub(super) servers: Vec<StaticServer>,
}

/// The server that a command starts, and the folder that it serves, as written; none for any other command, and where
/// an option makes it read more. A command may be given as `sh -c "TEXT"`.
pub(crate) fn served<'w>(words: &[&'w str]) -> Option<(&'static StaticServer, &'w str)> {
    let words: Vec<&str> = match words {
        [shell, "-c", text] if shell.rsplit('/').next().is_some_and(is_shell) => {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || " _-./:=,".contains(c);
            let text = text.strip_prefix("exec ").unwrap_or(text);
            text.chars().all(is_plain).then(|| text.split_whitespace().collect())?
        }
        words => words.to_vec(),
    };
    let (program, rest) = words.split_first()?;
    let server = table().servers.iter().find(|server| server.program == *program)?;
    let mut folder = None;
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        let (name, value) = word
            .split_once('=')
            .map_or((*word, None), |(name, value)| (name, Some(value)));
        if !word.starts_with('-') {
            // A second folder is none that is known.
            if folder.replace(*word).is_some() {
                return None;
            }
        } else if server.values.iter().any(|known| known == name) {
            if value.is_none() {
                rest.next()?;
            }
        } else if !server.flags.iter().any(|known| known == name) && !is_number(server, name) {
            return None;
        }
    }
    Some((server, folder.unwrap_or(".")))
}

/// `-c-1`, `-p8080`: a short option with its number.
fn is_number(server: &StaticServer, word: &str) -> bool {
    let (Some(option), Some(value)) = (word.get(..2), word.get(2..)) else {
        return false;
    };
    let is_known = server.values.iter().any(|known| known == option);
    is_known && value.trim_start_matches('-').parse::<u32>().is_ok()
}

fn table() -> &'static Table {
    // A table that doesn't parse is empty, and a test fails.
    static TABLE: LazyLock<Table> = LazyLock::new(|| parsed().unwrap_or_default());
    &TABLE
}

pub(super) fn parsed() -> Result<Table, toml::de::Error> {
    toml::from_str(FILE)
}
