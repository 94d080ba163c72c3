//! Whether a RUN has nothing to do with what a COPY brings.

use crate::context::manifests::Files as _;
use crate::facts::{Body, Command, Execution, is_within};
use crate::knowledge::{Action, Kind, inert_programs};
use crate::shell::{self, CompoundKind, RedirectKind};

use super::between::Effects;
use super::install;
use crate::effects::image_files::View;

/// Programs of which no word names a file of the project.
const WITHOUT_FILES: &[&str] = &[
    ":",
    "echo",
    "printf",
    "true",
    "false",
    "set",
    "unset",
    "umask",
    "groupadd",
    "addgroup",
    "groupmod",
    "passwd",
    "chpasswd",
    "chsh",
    "locale-gen",
    "add-apt-repository",
    "date",
    "id",
    "whoami",
    "uname",
    "sleep",
    "which",
    "nproc",
    "ldconfig",
    "pwd",
    "export",
    "exit",
    "dpkg-reconfigure",
    "hash",
];

/// What has to do with the copied.
pub(super) struct Dependent {
    /// The command, by its number, if it is one alone.
    pub(super) command: Option<usize>,
    /// What it does instead, as a clause behind `line N`.
    pub(super) why: String,
}

/// Whether the first `limit` commands of `run` neither read nor write what is copied to the absolute paths
/// `destinations`. `known` are the numbers of commands that were looked at before.
pub(super) fn independent(
    run: &Execution,
    destinations: &[String],
    view: &View<'_>,
    known: &[usize],
    limit: usize,
) -> Result<Effects, Dependent> {
    let whole = |why: String| Dependent { command: None, why };
    // Behind it begins what is not asked for.
    let end = run.commands.get(limit).map_or(usize::MAX, |command| command.span.start);
    match &run.body {
        Body::Script(body) if limit > 0 => redirects(&body.script, end, run, destinations).map_err(whole)?,
        Body::Script(_) | Body::Exec => {}
        Body::Opaque(why) => return Err(whole(format!("cannot be read: {why}"))),
    }
    let mut effects = Effects::default();
    for (number, command) in run.commands.iter().enumerate().take(limit) {
        if !known.contains(&number) {
            let alone = one(run, number, command, destinations, view);
            let alone = alone.map_err(|why| Dependent {
                command: Some(number),
                why,
            })?;
            effects = effects.and(alone);
        }
    }
    Ok(effects)
}

/// Whether a path may lie in one of the destinations, or hold one.
fn touches(path: &str, destinations: &[String]) -> bool {
    let literal = path.split(['*', '?', '[', '{']).next().unwrap_or_default();
    let has_pattern = literal.len() < path.len();
    destinations.iter().any(|destination| {
        is_within(path, destination) || is_within(destination, path) || has_pattern && destination.starts_with(literal)
    })
}

/// The absolute path of a word in `workdir`; none where it is relative to an unknown folder.
fn absolute(workdir: Option<&str>, word: &str) -> Option<String> {
    let joined = if word.starts_with('/') {
        word.to_owned()
    } else {
        format!("{}/{word}", workdir?)
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

fn one(
    run: &Execution,
    number: usize,
    command: &Command,
    destinations: &[String],
    view: &View<'_>,
) -> Result<Effects, String> {
    let effects = Effects::default();
    let Some(program) = command.program() else {
        return Err("runs a program that a variable names, which may read what is copied".to_owned());
    };
    let values = || command.words.iter().skip(1).map(|word| word.value.as_deref());
    let informs = |value: Option<&str>| {
        matches!(
            value,
            Some("--version" | "-version" | "-v" | "-V" | "version" | "--help")
        )
    };
    if command.words.len() == 2 && values().all(informs) {
        return Ok(effects);
    }
    if command
        .words
        .first()
        .and_then(|word| word.value.as_deref())
        .is_some_and(|word| {
            word.contains('/')
                && absolute(command.workdir.as_deref(), word).is_none_or(|path| touches(&path, destinations))
        })
    {
        return Err(format!(
            "runs `{}` from the sources",
            command.words.first().map(|w| w.text.as_str()).unwrap_or_default()
        ));
    }
    if let Some(used) = &command.manager {
        if used.manager.kind == Kind::System {
            return paths(command, destinations, |word| {
                word.contains('/') && !word.contains("://")
                    || word.ends_with(".deb")
                    || word.ends_with(".rpm")
                    || word.ends_with(".apk")
            })
            .map(|()| effects);
        }
        if matches!(used.action, Action::Exec | Action::Run) {
            return Err(format!("runs `{program} {}`, which may read what is copied", used.verb));
        }
        let needs = install::needs(run, number, view).map_err(|obstacle| obstacle.0)?;
        if needs.files.is_empty() && needs.split.is_none() {
            return Ok(effects);
        }
        return Err(format!("runs `{program} {}`, which reads what is copied", used.verb));
    }
    // An installer from the network: `curl … | sh`.
    let is_piped = command.context.in_pipeline
        && run.commands.get(..number).is_some_and(|before| {
            before.iter().any(|other| {
                matches!(other.program(), Some("curl" | "wget" | "echo" | "printf")) && other.context.in_pipeline
            })
        });
    if is_piped && matches!(program, "sh" | "bash" | "ash" | "dash" | "python" | "python3") {
        let plain = |value: Option<&str>| {
            value.is_some_and(|value| value.starts_with('-') || !value.contains('/') && !value.contains('.'))
        };
        let all_plain = values().all(plain)
            && (values().next().is_none() || values().next().flatten().is_some_and(|v| v.starts_with('-')));
        return if all_plain {
            Ok(effects)
        } else {
            Err(format!("runs `{program}` with a script"))
        };
    }
    match program {
        _ if WITHOUT_FILES.contains(&program) => Ok(effects),
        "cd" => {
            let Some(Some(target)) = values().next() else {
                let is_fresh = command.words.get(1).is_none_or(|word| word.text.contains("mktemp"));
                return if is_fresh {
                    Ok(effects)
                } else {
                    Err("goes to a folder that a variable names".to_owned())
                };
            };
            // The words tell the folder before it, the next command the one behind.
            let base = run.commands.get(number).and_then(|command| command.workdir.as_deref());
            match base.map(str::to_owned).or_else(|| absolute(None, target)) {
                Some(path) if touches(&path, destinations) => Ok(Effects {
                    enters: vec![path],
                    ..effects
                }),
                Some(_) => Ok(effects),
                None => Err(format!("goes to `{target}`, which may be among what is copied")),
            }
        }
        "mkdir" => {
            let has_mode =
                values().any(|value| value.is_none_or(|value| value.starts_with("-m") || value.starts_with("--mode")));
            let makes_parents =
                values().any(|value| value.is_some_and(|value| value.starts_with('-') && value.contains('p')));
            match paths(command, destinations, |_| true) {
                Ok(()) => Ok(effects),
                Err(_) if makes_parents && !has_mode && command.workdir.is_some() => Ok(Effects {
                    makes_folders: true,
                    ..effects
                }),
                Err(error) => Err(error),
            }
        }
        "python" | "python3" | "virtualenv" => {
            let is_venv = program == "virtualenv" || values().take(2).eq([Some("-m"), Some("venv")]);
            let target = values().next_back().flatten().filter(|target| !target.starts_with('-'));
            let path = target.and_then(|target| absolute(command.workdir.as_deref(), target));
            match path {
                Some(path) if is_venv && !view.exists(path.trim_start_matches('/')) => Ok(effects),
                _ => Err(format!("runs `{program}`, which may read what is copied")),
            }
        }
        "." | "source" => match values()
            .next()
            .flatten()
            .and_then(|path| absolute(command.workdir.as_deref(), path))
        {
            Some(path) if !view.exists(path.trim_start_matches('/')) => Ok(effects),
            _ => Err(format!("runs `{program}`, which may read what is copied")),
        },
        "git" => {
            let is_global = values().next().flatten() == Some("config")
                && values().any(|v| matches!(v, Some("--global" | "--system")));
            let clones_elsewhere = values().next().flatten() == Some("clone")
                && values()
                    .next_back()
                    .flatten()
                    .is_some_and(|target| target.starts_with('/') && !touches(target, destinations));
            if is_global || clones_elsewhere {
                Ok(effects)
            } else {
                Err("runs `git`, which may read what is copied".to_owned())
            }
        }
        "useradd" | "adduser" | "usermod" => account(command, destinations).map(|()| effects),
        "tar" | "unzip" | "bsdtar" | "cpio" | "7z" => {
            // Without a word for it, what is unpacked comes into the working directory.
            let leads_elsewhere = values().flatten().any(|v| {
                v.starts_with("-C") || v.starts_with("-d") || v.starts_with("--directory") || v.starts_with("-o/")
            });
            let is_here = command
                .workdir
                .as_deref()
                .is_none_or(|workdir| touches(workdir, destinations));
            if is_here && !leads_elsewhere {
                return Err(format!("runs `{program}`, which may write among what is copied"));
            }
            paths(command, destinations, |_| true).map(|()| effects)
        }
        "chown" | "chgrp" | "chmod" => {
            let owner = values().flatten().find(|value| !value.starts_with('-'));
            paths(command, destinations, |word| Some(word) != owner).map(|()| effects)
        }
        // What curl is not told to save, and what wget is told to print, is no file.
        "curl" if !saves_by_name(command) => {
            paths(command, destinations, |word| !word.contains("://")).map(|()| effects)
        }
        "wget" if prints(command) => paths(command, destinations, |word| !word.contains("://")).map(|()| effects),
        "curl" | "wget" => paths(command, destinations, |_| true).map(|()| effects),
        _ if inert_programs().contains(program) => paths(command, destinations, |_| true).map(|()| effects),
        _ => Err(format!("runs `{program}`, which may read what is copied")),
    }
}

/// Whether a command makes no home in the destinations, whose files and owner depend on what is there.
fn account(command: &Command, destinations: &[String]) -> Result<(), String> {
    let values: Vec<&str> = command
        .words
        .iter()
        .skip(1)
        .filter_map(|word| word.value.as_deref())
        .collect();
    let names_home = values
        .iter()
        .any(|value| matches!(*value, "-d" | "--home" | "--home-dir" | "-h") || value.starts_with("--home"));
    let keeps_away = values
        .iter()
        .any(|value| matches!(*value, "-M" | "--no-create-home" | "-H") || value.starts_with("--no-create"));
    if keeps_away {
        return Ok(());
    }
    if command.words.iter().any(|word| word.value.is_none()) && !names_home {
        // The name is a variable: its home may be any folder of /home.
        return if touches("/home", destinations) {
            Err("creates an account whose home may be among what is copied".to_owned())
        } else {
            Ok(())
        };
    }
    let name = values.last().copied().unwrap_or_default();
    if !names_home && touches(&format!("/home/{name}"), destinations) {
        return Err(format!("creates the home of {name}, which is among what is copied"));
    }
    // A home that is there stays as it is.
    let workdir = command.workdir.as_deref().unwrap_or("/");
    paths(command, destinations, |word| {
        word.starts_with('/') && !is_within(workdir, word)
    })
}

/// Whether curl saves what it fetches under its own name.
fn saves_by_name(command: &Command) -> bool {
    command.words.iter().skip(1).any(|word| {
        let text = word.text.as_str();
        text == "--remote-name"
            || text == "--remote-name-all"
            || text.starts_with('-') && !text.starts_with("--") && text.contains('O')
    })
}

/// Whether wget prints what it fetches.
fn prints(command: &Command) -> bool {
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    words.iter().any(|word| {
        word.starts_with('-') && !word.starts_with("--") && word.ends_with("O-") || *word == "--output-document=-"
    }) || words
        .windows(2)
        .any(|pair| matches!(pair, [option, "-"] if option.starts_with('-') && option.ends_with('O')))
}

/// Whether no word of `command` that `is_path` may name something in the destinations.
fn paths(command: &Command, destinations: &[String], is_path: impl Fn(&str) -> bool) -> Result<(), String> {
    let named = |text: &str| format!("names `{text}`, which may be among what is copied");
    for word in command.words.iter().skip(1) {
        let text = word.value.as_deref();
        let Some(value) = text else {
            // A URL with a variable in it, or a part of an absolute path before one, still tells where it is.
            let literal = word.text.trim_matches('"').split('$').next().unwrap_or_default();
            let is_elsewhere = literal.contains("://")
                || literal.len() > 1 && literal.starts_with('/') && !touches_prefix(literal, destinations);
            let is_name = !word.text.contains('/') && !is_path(&word.text);
            if is_elsewhere || is_name {
                continue;
            }
            return Err(named(&word.text));
        };
        if value.contains("://") && !is_path(value) {
            continue;
        }
        // What is fetched is saved under the last part of its URL.
        let value = match value.split_once("://") {
            Some((_, rest)) => rest
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .split('?')
                .next()
                .unwrap_or_default(),
            None => value,
        };
        let value = if value.starts_with('-') {
            match value.find('/') {
                Some(at) => value.get(at..).unwrap_or_default(),
                None => continue,
            }
        } else {
            value
        };
        if value.is_empty() || !is_path(value) {
            continue;
        }
        if absolute(command.workdir.as_deref(), value).is_none_or(|path| touches(&path, destinations)) {
            return Err(named(&word.text));
        }
    }
    Ok(())
}

/// Whether an absolute path that begins so may be in a destination.
fn touches_prefix(prefix: &str, destinations: &[String]) -> bool {
    destinations
        .iter()
        .any(|destination| destination.starts_with(prefix) || prefix.starts_with(destination.as_str()))
}

/// Whether no redirect that begins before `end` in the script concerns the destinations.
fn redirects(script: &shell::Script, end: usize, run: &Execution, destinations: &[String]) -> Result<(), String> {
    let links = script.statements.iter().flat_map(|statement| &statement.chain);
    let commands = links.flat_map(|link| &link.pipeline.commands);
    for command in commands.filter(|command| command.span().start < end) {
        let (list, bodies): (&[shell::Redirect], &[shell::Script]) = match command {
            shell::Command::Simple(simple) => (&simple.redirects, &[]),
            shell::Command::Compound(compound) => {
                if !matches!(
                    compound.kind,
                    CompoundKind::Subshell | CompoundKind::Group | CompoundKind::If
                ) {
                    return Err("holds a loop or a test, whose words may name what is copied".to_owned());
                }
                (&compound.redirects, &compound.bodies)
            }
            shell::Command::Function(_) => return Err("defines a function".to_owned()),
        };
        for redirect in list {
            if matches!(
                redirect.kind,
                RedirectKind::Duplicate | RedirectKind::HereDoc | RedirectKind::HereString
            ) {
                continue;
            }
            let target = redirect.target.as_ref();
            let text = target.map(|word| word.text.as_str()).unwrap_or_default();
            let literal = target.and_then(|word| word.literal.as_deref());
            let workdir = run.commands.first().and_then(|command| command.workdir.as_deref());
            let goes_home = text.starts_with("~/") || text.starts_with("$HOME/");
            let is_free = literal.is_some_and(|path| path.starts_with('/') && !touches(path, destinations))
                || literal.is_some_and(|path| {
                    // A `cd` may stand before it.
                    let moves = run.commands.iter().any(|command| command.program() == Some("cd"));
                    !moves && absolute(workdir, path).is_some_and(|path| !touches(&path, destinations))
                })
                || goes_home
                    && !destinations
                        .iter()
                        .any(|d| d.starts_with("/root") || d.starts_with("/home"));
            if !is_free {
                return Err(format!("reads or writes `{text}`, which may be among what is copied"));
            }
        }
        for body in bodies {
            redirects(body, end, run, destinations)?;
        }
    }
    Ok(())
}
