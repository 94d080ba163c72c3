//! The programs that an image starts and those that they call.

use std::collections::{BTreeMap, BTreeSet};

use super::super::report::{Check, Finding, Lack};
use super::Side;
use crate::emit::text;
use crate::knowledge;
use crate::shell;

/// How deep scripts are followed that call scripts.
const DEPTH: usize = 3;

/// Programs that start the one behind them.
const CALLERS: [&str; 9] = [
    "exec",
    "gosu",
    "su-exec",
    "env",
    "sudo",
    "tini",
    "dumb-init",
    "setpriv",
    "nohup",
];

/// Compares which programs are there: those of ENTRYPOINT, CMD and HEALTHCHECK, what the scripts among them call, and
/// the `tools` that the project's sources call.
#[must_use]
pub fn entry_point(before: Side<'_>, after: Side<'_>, tools: &BTreeSet<String>) -> Check {
    let mut wanted = Wanted {
        side: before,
        found: BTreeMap::new(),
        unknown: BTreeSet::new(),
    };
    for (field, keyword) in [("Entrypoint", "ENTRYPOINT"), ("Cmd", "CMD")] {
        wanted.command(&before.words(field), keyword, DEPTH);
    }
    // With an entry point, the first word of CMD is often the program that it ends with.
    let health = before.configuration["Healthcheck"]["Test"].as_array();
    let health: Vec<String> = health
        .into_iter()
        .flatten()
        .filter_map(|word| word.as_str())
        .map(str::to_owned)
        .collect();
    match health.split_first() {
        Some((kind, rest)) if kind == "CMD" => wanted.command(rest, "HEALTHCHECK", DEPTH),
        Some((kind, rest)) if kind == "CMD-SHELL" => {
            wanted.script(
                rest.first().map(String::as_str).unwrap_or_default(),
                "HEALTHCHECK",
                DEPTH,
            );
        }
        _ => {}
    }
    for tool in tools {
        wanted.program(tool, "the sources", 0);
    }
    let mut findings = Vec::new();
    let count = wanted.found.len();
    let unknown = wanted.unknown.into_iter().collect();
    for (name, (place, user)) in wanted.found {
        let Some(program) = after.files.program(&absolute(after, &name), after.path()) else {
            let what = format!("{name}, which {user} starts, is not there or may not be executed");
            findings.push(Finding::lacks(what, Lack::Program(place)));
            continue;
        };
        if let Some(interpreter) = after
            .files
            .interpreters
            .get(&program)
            .and_then(|line| interpreter(line))
            && after.files.program(interpreter, after.path()).is_none()
            && let Some(place) = before.files.program(interpreter, before.path())
        {
            let what = format!("{name}, which {user} starts, is a script for {interpreter}, which is not there");
            findings.push(Finding::lacks(what, Lack::Program(place)));
        }
    }
    if count == 0 {
        return Check::skipped("entry-point", "the image starts no program that is in it").without(unknown);
    }
    Check::of(
        "entry-point",
        format!("{} there", text::count(count, "program is", "programs are")),
        findings,
    )
    .without(unknown)
}

/// What runs a script: `python3` of `/usr/bin/env -S python3 -u`.
fn interpreter(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let first = words.next()?;
    if first.ends_with("/env") {
        return words.find(|word| !word.starts_with('-') && !word.contains('='));
    }
    Some(first)
}

/// A program named by a path is looked for from the working folder.
fn absolute(side: Side<'_>, name: &str) -> String {
    if name.contains('/') && !name.starts_with('/') {
        let folder = side.configuration["WorkingDir"].as_str().unwrap_or_default();
        return format!("{folder}/{name}");
    }
    name.to_owned()
}

/// The programs of the original image that are needed: their paths and who starts them.
struct Wanted<'a> {
    side: Side<'a>,
    found: BTreeMap<String, (String, String)>,
    /// What starts programs that could not be told, and why.
    unknown: BTreeSet<String>,
}

impl Wanted<'_> {
    fn command(&mut self, words: &[String], user: &str, depth: usize) {
        match words {
            [shell, flag, script, ..] if is_shell(shell) && flag.starts_with('-') && flag.ends_with('c') => {
                self.program(shell, user, 0);
                self.script(script, user, depth);
            }
            [program, rest @ ..] => {
                self.program(program, user, depth);
                // `tini -- program`, `docker-entrypoint.sh program`.
                if let Some(inner) = rest.iter().find(|word| !word.starts_with('-')) {
                    self.program(inner, user, depth);
                }
            }
            [] => {}
        }
    }

    fn script(&mut self, text: &str, user: &str, depth: usize) {
        let script = match shell::parse(text) {
            Ok(script) => script,
            Err(why) => {
                self.unknown.insert(format!("what {user} starts: {}", why.reason));
                return;
            }
        };
        for visit in shell::commands(&script, shell::ShellOptions::default()) {
            match (visit.command.name(), visit.command.words.first()) {
                (Some(name), _) => self.program(name, user, depth),
                (None, Some(word)) if !is_argument(&word.text) => {
                    self.unknown
                        .insert(format!("the program `{}`, which {user} starts", word.text));
                }
                _ => {}
            }
            let is_caller = visit
                .command
                .name()
                .is_some_and(|name| CALLERS.contains(&name.rsplit('/').next().unwrap_or(name)));
            if is_caller {
                // Which of the words is the program, PATH tells: it knows no users and no options.
                let words = visit.command.words.iter().skip(1);
                words
                    .filter_map(|word| word.literal.as_deref())
                    .for_each(|word| self.program(word, user, depth));
            }
        }
    }

    fn program(&mut self, name: &str, user: &str, depth: usize) {
        let files = self.side.files;
        let Some(place) = files.program(&absolute(self.side, name), self.side.path()) else {
            return;
        };
        let known = self.found.insert(name.to_owned(), (place.clone(), user.to_owned()));
        if known.is_some() {
            return;
        }
        if let Some(why) = files.unread.get(&place) {
            self.unknown.insert(format!("/{place}, which {user} starts, {why}"));
        }
        match (files.texts.get(&place), depth.checked_sub(1)) {
            (Some(text), Some(depth)) => self.script(text, &format!("/{place}"), depth),
            (Some(_), None) => {
                self.unknown.insert(format!("what the script /{place} starts"));
            }
            (None, _) => {}
        }
    }
}

/// Whether a word stands for arguments of its script, which are known from CMD: `"$@"`, `$1`.
fn is_argument(word: &str) -> bool {
    let name = word.trim_matches('"').strip_prefix('$');
    let name = name.map(|name| name.trim_start_matches('{').trim_end_matches('}'));
    name.is_some_and(|name| matches!(name, "@" | "*") || name.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    knowledge::is_shell(name)
}

#[cfg(test)]
mod tests {
    use super::super::super::tree::Tree;
    use super::*;
    use serde_json::json;

    fn lacks(before: &Tree, after: &Tree, tools: &[&str]) -> Vec<Lack> {
        let configuration = json!({"Env": ["PATH=/usr/bin"], "WorkingDir": "/app", "Entrypoint": ["./start.sh"],
            "Healthcheck": {"Test": ["CMD-SHELL", "curl -f localhost || exit 1"]}});
        let (before, after) = (before.files(), after.files());
        let side = |files| Side {
            files,
            configuration: &configuration,
        };
        let tools = tools.iter().map(|tool| (*tool).to_owned()).collect();
        let check = entry_point(side(&before), side(&after), &tools);
        check.findings.into_iter().filter_map(|finding| finding.lack).collect()
    }

    #[test]
    fn programs_of_scripts_health_checks_and_sources_are_needed() {
        let start = "#!/usr/bin/env bash\nset -e\nif true; then psql -c x; fi\nexec gosu app server\n";
        let tree = |programs: &[&str]| {
            let tree = Tree::default().file("app/start.sh", start).mode(0o755);
            programs
                .iter()
                .fold(tree, |tree, name| tree.program(&format!("usr/bin/{name}")))
        };
        let before = tree(&["bash", "env", "psql", "gosu", "server", "curl", "git", "unused"]);
        assert!(lacks(&before, &before, &["git", "never"]).is_empty());
        let after = tree(&["env"]);
        let program = |name: &str| Lack::Program(format!("usr/bin/{name}"));
        let expected = ["bash", "curl", "git", "gosu", "psql", "server"].map(program);
        let mut found = lacks(&before, &after, &["git", "never"]);
        found.sort();
        assert_eq!(found, expected);
        let unexecutable = Tree::default().file("app/start.sh", start);
        assert!(lacks(&before, &unexecutable, &[]).contains(&Lack::Program("app/start.sh".to_owned())));
    }

    #[test]
    fn what_cannot_be_told_is_named() {
        let tree = |script: &str| Tree::default().file("app/start.sh", script).mode(0o755).files();
        let configuration = json!({"Entrypoint": ["/app/start.sh"], "Cmd": ["server"]});
        let not_compared = |script: &str| {
            let files = tree(&format!("#!/bin/sh\n{script}\n"));
            let side = Side {
                files: &files,
                configuration: &configuration,
            };
            entry_point(side, side, &BTreeSet::new()).not_compared
        };
        assert_eq!(not_compared("exec \"$@\"; $1; ${2}"), Vec::<String>::new());
        assert_eq!(
            not_compared("\"$HOME/bin/x\" run"),
            ["the program `\"$HOME/bin/x\"`, which /app/start.sh starts"]
        );
        assert_eq!(
            not_compared("if true; then"),
            ["what /app/start.sh starts: syntax error"]
        );
        let large = format!("# {}", "x".repeat(100_000));
        assert_eq!(
            not_compared(&large),
            ["/app/start.sh, which ENTRYPOINT starts, is too large to read"]
        );
    }
}
