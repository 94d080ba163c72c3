//! Commands beside those that build: whether a RUN can go to one stage, and leave nothing to do for the other.

use std::collections::BTreeMap;

use crate::facts::{Body, Command, Execution, Word, is_within};
use crate::shell::{self, RedirectKind, ShellOptions};

use super::copies::copied_file;
use super::crossing::Crossings;
use super::subject::Subject;
use super::work::Works;
use super::{Obstacle, node_tools};
use crate::effects::ecosystems::{Output, absolute};

/// Programs that change no file that stays.
const HARMLESS: &[&str] = &[
    "cd",
    "pushd",
    "popd",
    "export",
    "set",
    "unset",
    "echo",
    "printf",
    "true",
    "false",
    ":",
    "ls",
    "cat",
    "pwd",
    "which",
    "sleep",
    "source",
    ".",
    "test",
    "[",
    "date",
    "nproc",
    "uname",
    "du",
    "env",
    "ldconfig",
    "strip",
    "id",
    "whoami",
    "head",
    "tail",
    "grep",
    "umask",
    "wait",
    "command",
    "type",
    "ldd",
    "file",
    "sha256sum",
    "gpg",
];

/// Programs whose operands are the files that they change.
const CHANGE_OPERANDS: &[&str] = &[
    "mkdir", "touch", "chmod", "chown", "chgrp", "rm", "rmdir", "sed", "strip", "find", "patch", "gunzip", "xz", "gzip",
];

/// Programs whose last operand is what they write.
const CHANGE_LAST: &[&str] = &["cp", "mv", "ln", "install", "rsync"];

/// Folders of which nothing is needed at run time.
const SCRATCH: &[&str] = &[
    "/tmp",
    "/var/tmp",
    "/usr/src",
    "/root/.cache",
    "/root/.npm",
    "/root/.cargo",
    "/var/lib/apt",
    "/var/cache",
    "/build",
    "/src",
    "/root/.ssh",
    "/root/.m2",
    "/root/.gradle",
];

/// Checks that a RUN that builds does nothing else that the program needs.
///
/// # Errors
/// What it does beside.
pub(super) fn check(
    subject: &Subject<'_>,
    index: usize,
    run: &Execution,
    works: &Works,
    crossings: &Crossings,
) -> Result<(), Obstacle> {
    let other = |what: &str| {
        (
            format!(
                "line {} builds, and {what} too, which the program may need",
                subject.line(index)
            ),
            "give that a RUN of its own".to_owned(),
        )
    };
    let is_covered = |path: &str| {
        SCRATCH.iter().any(|folder| is_within(path, folder))
            || crossings.list.iter().any(|crossing| is_within(path, &crossing.path))
            || works.outputs().any(
                |output| matches!(output, Output::Project(folder) | Output::NamedIn(folder) | Output::Programs(folder, _) if is_within(path, folder)),
            )
    };
    for number in works.setups() {
        let Some(command) = run.commands.get(number) else {
            continue;
        };
        if node_tools::installs_tools(command) {
            continue;
        }
        // What COPY brought and the RUN deletes is not copied into the runtime stage.
        let is_copy_removed = |path: &str| {
            let mut copies = subject.range().take_while(|copy| *copy < index);
            command.program() == Some("rm") && copies.any(|copy| copied_file(subject, copy).as_deref() == Some(path))
        };
        let Some(program) = command.program() else {
            return Err(other("runs a program that a variable names"));
        };
        if HARMLESS.contains(&program) || prints_for_pip(program, command) {
            continue;
        }
        let Some(changed) = changes(program, command) else {
            return Err(other(&format!("runs `{program}`")));
        };
        if let Some(path) = changed.iter().find(|path| {
            path.as_deref()
                .is_none_or(|path| !is_covered(path) && !is_copy_removed(path))
        }) {
            let path = path.as_deref().unwrap_or("something that a variable names");
            return Err(other(&format!("changes {path}")));
        }
    }
    let Body::Script(body) = &run.body else { return Ok(()) };
    for visit in shell::commands(&body.script, ShellOptions::default()) {
        for redirect in &visit.command.redirects {
            if matches!(
                redirect.kind,
                RedirectKind::Duplicate | RedirectKind::HereDoc | RedirectKind::HereString | RedirectKind::Read
            ) {
                continue;
            }
            let target = redirect.target.as_ref().and_then(|target| target.literal.as_deref());
            let is_free =
                target.is_some_and(|path| path.starts_with("/dev/") || path.starts_with('/') && is_covered(path));
            if !is_free {
                return Err(other(&format!(
                    "writes {}",
                    target.unwrap_or("a file that a variable names")
                )));
            }
        }
    }
    Ok(())
}

/// Whether a command is Python that prints the dependencies of `pyproject.toml` for the pip behind it.
fn prints_for_pip(program: &str, command: &Command) -> bool {
    let code = command.words.get(2).map(|word| word.text.as_str()).unwrap_or_default();
    let is_inline = command.words.get(1).is_some_and(|word| word.text == "-c");
    let only_prints =
        code.trim_matches(['"', '\'']).starts_with("import tomllib; print(") && code.matches(';').count() == 1;
    program == "python" && is_inline && only_prints && command.context.in_pipeline
}

/// The paths that a command changes, none for one that cannot be told; none at all for a program that is not known.
fn changes(program: &str, command: &Command) -> Option<Vec<Option<String>>> {
    let operands = || command.words.iter().skip(1).filter(|word| !word.text.starts_with('-'));
    let path = |word: &Word| word.value.as_deref().and_then(|value| absolute(command, value));
    if CHANGE_OPERANDS.contains(&program) {
        // `chmod 755`, `chown app:app`: not a path.
        let skip = usize::from(matches!(program, "chmod" | "chown" | "chgrp"));
        return Some(operands().skip(skip).map(path).collect());
    }
    if CHANGE_LAST.contains(&program) {
        return Some(operands().next_back().map(path).into_iter().collect());
    }
    let here = || vec![command.workdir.clone()];
    let folder_of = |names: &[&str]| behind(command, names).map(path);
    match program {
        "tar" => Some(folder_of(&["-C", "--directory"]).map_or_else(here, |folder| vec![folder])),
        "git" | "unzip" => {
            let named = command.words.iter().skip(1).find(|word| word.text.starts_with('/'));
            Some(
                named
                    .or_else(|| behind(command, &["-d"]))
                    .map_or_else(here, |word| vec![path(word)]),
            )
        }
        "curl" => Some(match folder_of(&["-o", "--output"]) {
            Some(output) => vec![output],
            None if keeps_remote_name(command) => here(),
            // To the standard output.
            None => Vec::new(),
        }),
        "wget"
            if command
                .words
                .iter()
                .any(|word| word.text.starts_with('-') && word.text.ends_with("O-")) =>
        {
            Some(Vec::new())
        }
        "wget" => Some(
            match behind(command, &["-O", "--output-document", "-P", "--directory-prefix"]) {
                Some(word) if word.text == "-" => Vec::new(),
                Some(word) => vec![path(word)],
                None => here(),
            },
        ),
        _ => None,
    }
}

/// The word behind one of these options, of which a short one may stand with others: `-C /tmp`, `-xzC /tmp`.
fn behind<'c>(command: &'c Command, options: &[&str]) -> Option<&'c Word> {
    let is_short =
        |word: &str, letter: char| word.starts_with('-') && !word.starts_with("--") && word.ends_with(letter);
    command.words.iter().enumerate().find_map(|(number, word)| {
        let is_option = options.iter().any(|option| match option.strip_prefix("--") {
            Some(_) => word.text == *option,
            None => option.chars().nth(1).is_some_and(|letter| is_short(&word.text, letter)),
        });
        is_option.then(|| command.words.get(number + 1)).flatten()
    })
}

/// Whether `curl` writes a file called as at its source.
fn keeps_remote_name(command: &Command) -> bool {
    command.words.iter().skip(1).any(|word| {
        word.text.starts_with("--remote-name")
            || word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains(['O', 'J'])
    })
}

/// Whether a RUN does nothing but change files in `folder`.
pub(super) fn only_within(run: &Execution, works: &Works, folder: &str) -> bool {
    if works.builds() || works.has_packages() {
        return false;
    }
    let mut any = false;
    let all = works.setups().all(|number| {
        let Some(command) = run.commands.get(number) else {
            return false;
        };
        let Some(program) = command.program() else { return false };
        if matches!(program, "cd" | "echo" | "true" | ":" | "set" | "ls" | "pwd") {
            return true;
        }
        any = true;
        changes(program, command).is_some_and(|paths| {
            paths
                .iter()
                .all(|path| path.as_deref().is_some_and(|path| is_within(path, folder)))
        })
    });
    all && any && !has_redirects(run)
}

/// Whether a command changes the owner or the mode of `folder` and names nothing else.
pub(super) fn is_of_folder_itself(command: &Command, folder: &str) -> bool {
    let Some(program @ ("chown" | "chmod" | "chgrp")) = command.program() else {
        return false;
    };
    let Some(paths) = changes(program, command) else {
        return false;
    };
    !paths.is_empty()
        && paths
            .iter()
            .all(|path| path.as_deref().map(|path| path.trim_end_matches('/')) == Some(folder))
}

fn has_redirects(run: &Execution) -> bool {
    let Body::Script(body) = &run.body else { return false };
    shell::commands(&body.script, ShellOptions::default())
        .iter()
        .any(|visit| !visit.command.redirects.is_empty())
}

/// Whether all that is left of a RUN without its packages is to make repositories of packages known.
pub(super) fn only_adds_repositories(subject: &Subject<'_>, index: usize, run: &Execution, works: &Works) -> bool {
    const PROGRAMS: &[&str] = &[
        "curl",
        "wget",
        "gpg",
        "bash",
        "sh",
        "tee",
        "mkdir",
        "echo",
        "printf",
        "cat",
        "chmod",
        "install",
        "dd",
        "add-apt-repository",
        "apt-key",
        "set",
        "export",
    ];
    const SIGNS: &[&str] = &[
        "deb.nodesource.com",
        "rpm.nodesource.com",
        "/etc/apt/",
        "apt-key",
        "add-apt-repository",
    ];
    let text = subject.text(index);
    let names_one = SIGNS.iter().any(|sign| text.contains(sign));
    // Of scripts from the network, only those are known to do nothing else.
    let is_known = |program: &str| !matches!(program, "bash" | "sh") || text.contains("nodesource.com");
    let mut setups = works.setups().filter_map(|number| run.commands.get(number));
    names_one
        && !works.builds()
        && setups.all(|command| {
            command
                .program()
                .is_some_and(|program| PROGRAMS.contains(&program) && is_known(program))
        })
}

/// Whether a RUN makes users and folders that no later step of the builder has to do with.
pub(super) fn prepares_runtime_only(
    subject: &Subject<'_>,
    index: usize,
    run: &Execution,
    works: &BTreeMap<usize, Works>,
    last_build: usize,
) -> bool {
    const PREPARES: &[&str] = &[
        "useradd", "groupadd", "adduser", "addgroup", "usermod", "mkdir", "chown", "chmod", "chgrp", "touch", "echo",
        "true", ":",
    ];
    let only_prepares = run
        .commands
        .iter()
        .all(|command| command.program().is_some_and(|program| PREPARES.contains(&program)));
    let names: Vec<&str> = run
        .commands
        .iter()
        .filter(|command| matches!(command.program(), Some("mkdir" | "chmod" | "chown" | "touch")))
        .flat_map(|command| command.words.iter().skip(1))
        .filter_map(|word| word.text.trim_end_matches('/').rsplit('/').next())
        .filter(|name| name.len() > 1 && !name.starts_with('-'))
        .collect();
    only_prepares
        && !has_redirects(run)
        && works
            .keys()
            .filter(|later| **later > index && **later <= last_build)
            .all(|later| !names.iter().any(|name| subject.text(*later).contains(name)))
}
