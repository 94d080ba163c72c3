//! Images that start nothing of their own: a shell in which somebody types, or a program that waits while others run theirs
//! in the container.

use crate::knowledge::{command_table, start_needs};

use super::commands::name_of;
use super::{Needs, Unanswered};

/// Notes that nothing tells what runs in an image, where all that it starts waits to be told.
pub(super) fn note(needs: &mut Needs) {
    let mut commands = needs.commands.iter();
    let is_open = !needs.commands.is_empty() && commands.all(|command| waits_to_be_told(&command.words));
    if let Some(first) = needs
        .commands
        .first()
        .filter(|_| is_open && needs.unknown_start.is_none())
    {
        let program = first.words.join(" ");
        needs.unknown_start = Some(Unanswered::new(
            &first.place,
            format!("starts `{program}`, so that nothing tells what is run in the image"),
            "start the program of the image in CMD or ENTRYPOINT, or keep its tools",
        ));
    }
}

/// Whether a command is a shell or an interpreter without a script, or does nothing until it is stopped.
fn waits_to_be_told(words: &[String]) -> bool {
    let Some((program, rest)) = words.split_first() else {
        return false;
    };
    let name = name_of(program);
    let fits = |row: &Vec<String>| {
        let words = std::iter::once(name).chain(rest.iter().map(String::as_str));
        row.len() == rest.len() + 1 && row.iter().zip(words).all(|(known, word)| known == "*" || known == word)
    };
    let is_asking = || {
        let is_option = |word: &String| word.starts_with('-') && word != "-c" && word != "-m" && word != "-e";
        command_table(name).is_some_and(|table| table.has_tag("reads-code")) && rest.iter().all(is_option)
    };
    start_needs().waits.iter().any(fits) || is_asking()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_to_be_told() {
        let is = |text: &str| waits_to_be_told(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        for text in [
            "bash",
            "/bin/sh",
            "bash -l",
            "sleep infinity",
            "tail -f /dev/null",
            "python3 -i",
        ] {
            assert!(is(text), "{text}");
        }
        for text in [
            "bash run.sh",
            "sh -c x",
            "tail -n1 /x",
            "cat /x",
            "python3 app.py",
            "python3 -m http.server",
            "nginx",
        ] {
            assert!(!is(text), "{text}");
        }
    }
}
