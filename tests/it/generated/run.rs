//! Commands as people put them into RUNs: joined, in groups and conditions, behind programs that start others.

use super::draft::Command;
use super::random::Random;

/// RUNs that run all the commands in their order.
pub fn runs(random: &mut Random, commands: Vec<Command>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut group: Vec<Command> = Vec::new();
    for command in commands {
        if !group.is_empty() && random.chance(40) {
            lines.push(run(random, &std::mem::take(&mut group)));
        }
        group.push(command);
    }
    if !group.is_empty() {
        lines.push(run(random, &group));
    }
    lines
}

fn run(random: &mut Random, commands: &[Command]) -> String {
    if let [one] = commands
        && let Some(words) = exec_words(one)
        && random.chance(15)
    {
        return format!("RUN [{}]", words.join(", "));
    }
    let last = commands.len() - 1;
    let spelt: Vec<String> = commands
        .iter()
        .enumerate()
        .map(|(at, command)| in_its_folder(random, command, at == last))
        .collect();
    match random.below(6) {
        0 => format!("RUN {}", spelt.join(" && ")),
        1 => format!("RUN set -e; {}", spelt.join("; ")),
        2 => format!("RUN set -eux; \\\n    {}", spelt.join("; \\\n    ")),
        3 => format!("RUN <<EOF\nset -e\n{}\nEOF", spelt.join("\n")),
        _ => format!("RUN {}", spelt.join(" \\\n    && ")),
    }
}

/// The words of a command in the exec form, where no shell is needed.
fn exec_words(command: &Command) -> Option<Vec<String>> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || " /._-=,:+".contains(letter);
    let fits = command.is_simple && command.folder.is_none() && command.text.chars().all(is_plain);
    fits.then(|| {
        command
            .text
            .split_whitespace()
            .map(|word| format!("\"{word}\""))
            .collect()
    })
}

/// The command in the folder that it needs. Only the last one of a RUN may leave the shell in another.
fn in_its_folder(random: &mut Random, command: &Command, is_last: bool) -> String {
    let body = wrapped(random, command);
    let Some(folder) = &command.folder else {
        return grouped(random, body);
    };
    let is_quotable = !body.contains(['\'', '$', '"']);
    match random.below(3) {
        0 if is_last => format!("cd {folder} && {body}"),
        1 if is_quotable => format!("sh -c 'cd {folder} && {body}'"),
        _ => format!("(cd {folder} && {body})"),
    }
}

/// The command behind a program that starts it.
fn wrapped(random: &mut Random, command: &Command) -> String {
    let text = &command.text;
    if !command.is_simple || random.chance(65) {
        return text.clone();
    }
    match random.below(7) {
        0 => format!("env LC_ALL=C {text}"),
        1 => format!("timeout 300 {text}"),
        2 => format!("nice -n 5 {text}"),
        3 => format!("LC_ALL=C {text}"),
        4 => format!("timeout --signal=KILL 5m nice {text}"),
        5 if !text.contains(['\'', '$', '"']) => format!("sh -c '{text}'"),
        6 if !text.contains(['"', '$']) => format!("bash -ec \"{text}\""),
        _ => format!("nohup {text}"),
    }
}

/// The command in a group or under a condition that holds.
fn grouped(random: &mut Random, body: String) -> String {
    match random.below(30) {
        0 => format!("( {body} )"),
        1 => format!("{{ {body}; }}"),
        2 => format!("if test -d /etc; then {body}; fi"),
        3 => format!("{{ {body} || exit 1; }}"),
        4 => format!("if [ ! -e /nowhere ]; then {body}; else exit 3; fi"),
        5 => format!("for once in 1; do {body}; done"),
        _ => body,
    }
}
