//! Files that a RUN downloads.

use crate::effects::{Place, of_command};
use crate::facts::Command;
use crate::knowledge::ArgumentRole;

/// The absolute path of the file that a command downloads, if it says which. The URL may hide behind variables, the name
/// of the file not.
pub(crate) fn downloaded(command: &Command) -> Option<String> {
    // What is neither literal nor a URL may be an option that says something else.
    let mut words = command.words.iter().filter(|word| !word.text.contains("://"));
    let reading = command.reading()?;
    let is_url = |role| role == ArgumentRole::Url;
    let has_url = reading.arguments.iter().any(|argument| is_url(argument.role));
    if !has_url || !words.all(|word| word.value.is_some()) {
        return None;
    }
    let reading = Command {
        redirects: Vec::new(),
        ..command.clone()
    };
    match of_command(&reading, &()).writes.as_slice() {
        [Place::Exactly(path)] => Some(path.to_string()),
        _ => None,
    }
}

/// `name` as seen from the folder in which the command runs.
pub(crate) fn absolute(command: &Command, name: &str) -> Option<String> {
    if name.starts_with('/') {
        return Some(name.to_owned());
    }
    let folder = command.workdir.as_deref()?.trim_end_matches('/');
    Some(format!("{folder}/{}", name.trim_start_matches("./")))
}
