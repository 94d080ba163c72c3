//! Files that a RUN downloads.

use crate::facts::{Command, Word};

/// The absolute path of the file that `curl` or `wget` saves, if it says which. The URL may hide behind variables, the
/// name of the file not.
pub(super) fn downloaded(command: &Command) -> Option<String> {
    let program = command
        .program()
        .filter(|program| matches!(*program, "curl" | "wget"))?;
    let words = command.words.get(1..)?;
    let is_url = |word: &&Word| word.text.contains("://");
    // What is neither literal nor a URL may be an option that says something else.
    let mut rest = words.iter().filter(|word| !is_url(word));
    if !rest.all(|word| word.value.is_some()) {
        return None;
    }
    let value = |index: usize| words.get(index).and_then(|word| word.value.as_deref());
    let is_option = |index: &usize, long: &str, short: char| {
        let text = value(*index).unwrap_or_default();
        text == long || text.starts_with('-') && !text.starts_with("--") && text.ends_with(short)
    };
    let option = |long: &str, short: char| (0..words.len()).find(|index| is_option(index, long, short));
    let url = words.iter().find(is_url);
    let from_url = || {
        let url = url?.value.as_deref()?;
        url.split(['?', '#']).next()?.rsplit('/').next()
    };
    let name = if program == "curl" {
        let saves_by_name = || {
            let clustered = |word: &Word| {
                let text = word.value.as_deref().unwrap_or_default();
                text.starts_with('-') && !text.starts_with("--") && text.contains('O')
            };
            words.iter().any(|word| word.text == "--remote-name" || clustered(word))
        };
        match option("--output", 'o') {
            Some(index) => value(index + 1)?,
            None => from_url().filter(|_| saves_by_name())?,
        }
    } else {
        let elsewhere = |word: &Word| {
            matches!(
                word.text.as_str(),
                "-P" | "--directory-prefix" | "-i" | "--input-file" | "-r" | "--recursive" | "-m" | "--mirror"
            ) || word.text.starts_with("--directory-prefix=")
                || word.text.starts_with("-P")
        };
        if words.iter().any(elsewhere) {
            return None;
        }
        match option("--output-document", 'O') {
            Some(index) => value(index + 1)?,
            None => match words
                .iter()
                .find_map(|word| word.value.as_deref()?.strip_prefix("--output-document="))
            {
                Some(name) => name,
                None => from_url()?,
            },
        }
    };
    if name.is_empty() || name == "-" || url.is_none() {
        return None;
    }
    absolute(command, name)
}

/// `name` as seen from the folder in which the command runs.
pub(super) fn absolute(command: &Command, name: &str) -> Option<String> {
    if name.starts_with('/') {
        return Some(name.to_owned());
    }
    let folder = command.workdir.as_deref()?.trim_end_matches('/');
    Some(format!("{folder}/{}", name.trim_start_matches("./")))
}
