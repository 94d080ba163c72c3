//! What the image is and starts: its configuration, its user, its command.

use super::draft::{Draft, Kind, Thing};

/// Writes the instructions that end a Dockerfile. The answer is the numbers of the things that the start reads.
pub fn start(draft: &mut Draft) -> Vec<usize> {
    let all: Vec<usize> = (0..draft.things.len()).collect();
    let started: Vec<usize> = all.into_iter().filter(|_| draft.random.chance(80)).collect();
    let started = if started.is_empty() { vec![0] } else { started };
    let things: Vec<Thing> = started.iter().map(|at| draft.things[*at].clone()).collect();
    let lines: Vec<String> = things.iter().map(|thing| command_of(draft, thing)).collect();
    let form = draft.random.below(5);
    let script = (form == 0).then(|| script(draft, &lines));
    configuration(draft, &things);
    match script {
        Some(path) => draft.line(format!("ENTRYPOINT [\"{path}\"]")),
        None => draft.line(shell_start(form, &lines)),
    }
    started
}

fn shell_start(form: usize, lines: &[String]) -> String {
    match (form, lines) {
        (1, [one]) => {
            let words: Vec<String> = one.split(' ').map(|word| format!("\"{word}\"")).collect();
            format!("CMD [{}]", words.join(", "))
        }
        (2, _) => format!("CMD {}", lines.join(" && ")),
        (3, _) => format!("ENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"{}\"]", lines.join("; ")),
        _ => format!("CMD [\"sh\", \"-c\", \"{}\"]", lines.join(" && ")),
    }
}

/// How a thing is used: started, or printed.
fn command_of(draft: &mut Draft, thing: &Thing) -> String {
    let path = &thing.path;
    let name = path.strip_prefix("/usr/local/bin/");
    match (thing.kind, name) {
        (Kind::Program | Kind::Script, Some(name)) if draft.random.chance(50) => name.to_owned(),
        (Kind::Script, _) if draft.random.chance(50) => format!("sh {path}"),
        (Kind::Program | Kind::Script, _) => path.clone(),
        (Kind::Source(interpreter), _) => format!("{interpreter} {path}"),
        (Kind::Text, _) => format!("{} {path}", draft.random.pick(&["cat", "cat", "head -n1"])),
    }
}

/// A script of the context that does all of it.
fn script(draft: &mut Draft, lines: &[String]) -> String {
    let text = format!("#!/bin/sh\nset -e\n{}\n", lines.join("\n"));
    draft.file("docker/start.sh", text);
    let path = draft
        .random
        .pick(&["/start.sh", "/usr/local/bin/start.sh", "/srv/bin/start"])
        .to_owned();
    if draft.random.chance(50) {
        draft.line(format!("COPY --chmod=755 docker/start.sh {path}"));
    } else {
        draft.line(format!("COPY docker/start.sh {path}"));
        draft.command(format!("chmod +x {path}"));
    }
    path
}

fn configuration(draft: &mut Draft, things: &[Thing]) {
    if draft.random.chance(30) {
        draft.line("EXPOSE 8080");
    }
    if draft.random.chance(30) {
        draft.line("LABEL org.example.team=\"a b\"");
    }
    if draft.random.chance(25) {
        let thing = &things[0];
        let check = draft.random.pick(&["test -e", "test -r", "ls"]);
        draft.line(format!("HEALTHCHECK --interval=5m CMD {check} {}", thing.path));
    }
    if draft.random.chance(20) {
        draft.line("ENV MODE=production");
    }
    if draft.random.chance(20) {
        draft.line("STOPSIGNAL SIGINT");
    }
    if draft.random.chance(35) {
        user(draft);
    }
}

/// An account of its own, which owns a folder.
fn user(draft: &mut Draft) {
    let folder = draft.place();
    let add = draft.random.pick(&[
        "useradd -r worker",
        "useradd --system --no-create-home worker",
        "adduser --system --group worker",
    ]);
    draft.command(add);
    if folder.matches('/').count() > 1 && !folder.starts_with("/usr") {
        draft.command(format!("chown -R worker {folder}"));
    }
    draft.line("USER worker");
}
