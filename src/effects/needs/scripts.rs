//! What is started: CMD, ENTRYPOINT, HEALTHCHECK, the scripts behind them, and what Compose files say.

use std::collections::BTreeSet;

use crate::context::ContextSource;
use crate::context::compose::{self, HealthCheck, Service};
use crate::context::manifests::Files as _;
use crate::facts::{Base, Facts, Scope, Stage};
use crate::knowledge::image_configuration;
use crate::shell::{self, ShellOptions};
use crate::syntax::{Dockerfile, Keyword};

use super::building::is_build;
use super::{Needs, Started, last};
use crate::effects::Evidence;
use crate::effects::image_files::View;

/// How deep scripts that start scripts are followed.
const DEEPEST: usize = 6;

/// What installs or compiles, by program and first word.
const BUILDS: &[(&str, &[&str])] = &[
    ("pip", &["install"]),
    ("pip3", &["install"]),
    ("npm", &["install", "ci", "i"]),
    ("yarn", &["install", "add"]),
    ("pnpm", &["install", "i"]),
    ("bun", &["install"]),
    ("bundle", &["install"]),
    ("gem", &["install"]),
    ("composer", &["install", "update"]),
    ("poetry", &["install"]),
    ("pipenv", &["install", "sync"]),
    ("uv", &["sync", "pip"]),
    ("go", &["run", "build", "install", "get", "test"]),
    ("cargo", &["run", "build", "watch", "install", "test"]),
    ("mvn", &[]),
    ("mvnw", &[]),
    ("gradle", &[]),
    ("gradlew", &[]),
    ("make", &[]),
    ("gcc", &[]),
    ("g++", &[]),
    ("dotnet", &["run", "build", "watch", "publish", "test"]),
    ("mix", &[]),
    (
        "stack",
        &[
            "build",
            "run",
            "exec",
            "install",
            "test",
            "runghc",
            "runhaskell",
            "ghci",
        ],
    ),
    (
        "cabal",
        &["build", "run", "exec", "install", "test", "repl", "v2-run", "new-run"],
    ),
    ("node-gyp", &[]),
    ("air", &[]),
];

pub(super) struct Reader<'r, 'v> {
    image: &'r View<'v>,
    needs: &'r mut Needs,
    seen: BTreeSet<String>,
}

impl<'r, 'v> Reader<'r, 'v> {
    pub(super) fn new(image: &'r View<'v>, needs: &'r mut Needs) -> Reader<'r, 'v> {
        Reader {
            image,
            needs,
            seen: BTreeSet::new(),
        }
    }

    /// Reads CMD, ENTRYPOINT or HEALTHCHECK.
    pub(super) fn instruction(&mut self, file: &Dockerfile, facts: &Facts, index: usize) {
        let Some(instruction) = file.instructions.get(index) else {
            return;
        };
        let keyword = instruction.keyword();
        if !matches!(keyword, Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck) {
            return;
        }
        let stage = facts.stage_of(index).and_then(|stage| facts.stages.get(stage));
        if stage.and_then(|stage| last(file, stage.instructions.clone(), keyword)) != Some(index) {
            return;
        }
        let Some(execution) = facts
            .instructions
            .get(index)
            .and_then(|facts| facts.execution.as_deref())
        else {
            return;
        };
        let place = file.place_of(index);
        for command in &execution.commands {
            let words: Vec<&str> = command
                .words
                .iter()
                .map(|word| word.value.as_deref().unwrap_or(&word.text))
                .collect();
            self.command(&words, command.workdir.as_deref(), &place, 0);
            if keyword != Keyword::Healthcheck {
                self.needs.starts = true;
                self.unknown(file, facts, index, &words, &place);
            }
        }
    }

    /// Notes a script that is started and that no COPY from the context brings: a RUN wrote or downloaded it.
    fn unknown(&mut self, file: &Dockerfile, facts: &Facts, index: usize, words: &[&str], place: &str) {
        let workdir = facts.scope(index).and_then(|scope| scope.workdir.clone());
        let Some(stage) = facts.stage_of(index).and_then(|stage| facts.stages.get(stage)) else {
            return;
        };
        let own = match &stage.base {
            Base::Image(image) => image_configuration(&image.repository(), image.tag.as_deref()),
            _ => None,
        };
        let is_of_base = |word: &str| own.is_some_and(|own| own.entrypoint.iter().any(|known| known == word));
        let is_script = |word: &&&str| (word.contains('/') || word.ends_with(".sh")) && !is_of_base(word);
        for word in words.iter().filter(is_script) {
            let path = Scope {
                workdir: workdir.clone(),
                ..Scope::default()
            }
            .absolute(word);
            let Some(path) = path else { continue };
            let is_known = self.image.supplier(path.trim_start_matches('/')).is_some();
            // What a build makes is a program; what anything else writes may be a script.
            let writes = |run: usize| {
                let is_named = file
                    .instructions
                    .get(run)
                    .is_some_and(|run| run.text().contains(path.as_str()));
                is_named && facts.run(file, run).is_some_and(|run| !is_build(run))
            };
            let is_written = || stage.instructions.clone().any(writes);
            if !is_known && (path.ends_with(".sh") || is_written()) && self.needs.unknown_start.is_none() {
                self.needs.unknown_start = Some(Evidence {
                    place: place.to_owned(),
                    fact: format!("starts {word}, which is not in the build context and may call any tool"),
                });
            }
        }
    }

    /// Reads the health checks and commands of the Compose files, but for services of other stages. `workdir` is the
    /// image's.
    pub(super) fn compose(&mut self, context: &ContextSource, stage: &Stage, workdir: Option<&str>) {
        let is_own = |service: &&Service| {
            let target = service.target.as_deref();
            target.is_none_or(|target| {
                stage
                    .name
                    .as_deref()
                    .is_some_and(|name| name.eq_ignore_ascii_case(target))
            })
        };
        for service in context.services().iter().filter(is_own) {
            let name = service.file.file_name().unwrap_or_default().to_string_lossy();
            let place = format!("{name}:{}", service.line);
            let mut texts: Vec<Vec<String>> = Vec::new();
            if let Some(HealthCheck::Test(command)) = &service.health_check {
                texts.push(words_of(command));
            }
            self.needs.starts |= service.command.is_some() || service.entrypoint.is_some();
            texts.extend(service.command.iter().chain(&service.entrypoint).map(words_of));
            for words in texts {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                self.command(&words, workdir, &place, 0);
            }
        }
    }

    /// Reads one command: its program is a tool; a script is followed.
    fn command(&mut self, words: &[&str], workdir: Option<&str>, place: &str, depth: usize) {
        let words: Vec<&str> = without_wrappers(words);
        let Some(&first) = words.first() else { return };
        let program = first.rsplit('/').next().unwrap_or(first);
        self.needs.commands.push(Started {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            place: place.to_owned(),
        });
        let fact = || Evidence {
            place: place.to_owned(),
            fact: format!("runs {program}"),
        };
        self.needs.tool(program, fact);
        let builds = BUILDS
            .iter()
            .find(|(name, _)| *name == program)
            .is_some_and(|(_, verbs)| verbs.is_empty() || words.get(1).is_some_and(|verb| verbs.contains(verb)));
        let by_module = words.windows(3).any(|three| matches!(three, ["-m", "pip", "install"]))
            || words.windows(2).any(|two| matches!(two, ["-S", "mix"]));
        if (builds || by_module) && self.needs.builds_at_start.is_none() {
            self.needs.builds_at_start = Some(Evidence {
                place: place.to_owned(),
                fact: format!(
                    "runs `{}` at start",
                    words.iter().take(2).copied().collect::<Vec<_>>().join(" ")
                ),
            });
        }
        if depth >= DEEPEST {
            return;
        }
        if matches!(program, "sh" | "bash" | "ash" | "dash") {
            let is_login = |word: &&str| {
                *word == "--login" || word.starts_with('-') && !word.starts_with("--") && word.contains('l')
            };
            if words.iter().skip(1).take(2).any(is_login) && self.needs.python_folders.is_none() {
                self.needs.python_folders = Some(Evidence {
                    place: place.to_owned(),
                    fact: "starts a login shell, which has a PATH of its own".to_owned(),
                });
            }
            if let Some(at) = words
                .iter()
                .position(|word| word.starts_with('-') && word.ends_with('c'))
                && let Some(text) = words.get(at + 1)
            {
                self.script(text, workdir, place, depth + 1);
                return;
            }
        }
        if matches!(program, "npm" | "yarn" | "pnpm" | "bun") {
            self.package_script(program, &words, workdir, depth);
        }
        // Anything that names a file of the image may be a script: a program, its argument, a configuration.
        for word in &words {
            self.file(word, workdir, depth + 1);
        }
    }

    /// Follows a file of the image, if the context has it and it is a script or a list of commands.
    fn file(&mut self, word: &str, workdir: Option<&str>, depth: usize) {
        let word = word.split('=').next_back().unwrap_or(word);
        let path = Scope {
            workdir: workdir.map(str::to_owned),
            ..Scope::default()
        }
        .absolute(word);
        let path = match path {
            Some(path) if word.contains('/') || word.contains('.') => path,
            // A program in a folder of PATH that a COPY put there.
            _ => match ["usr/local/bin", "usr/bin", "bin", "usr/local/sbin"]
                .iter()
                .map(|folder| format!("{folder}/{word}"))
                .find(|path| self.image.supplier(path).is_some())
            {
                Some(path) => path,
                None => return,
            },
        };
        let path = path.trim_start_matches('/').to_owned();
        let Some((_, from)) = self.image.supplier(&path) else {
            return;
        };
        if !self.seen.insert(path.clone()) {
            return;
        }
        let Some(text) = self.image.read(&path) else { return };
        let first_line = text.lines().next().unwrap_or_default();
        let interpreter = first_line.strip_prefix("#!").unwrap_or_default();
        let ending = path.rsplit('.').next().unwrap_or_default();
        if interpreter.is_empty()
            && matches!(
                ending,
                "conf" | "ini" | "cfg" | "toml" | "yml" | "yaml" | "json" | "service"
            )
            || path.contains("cron")
            || path.ends_with("Procfile")
        {
            self.listed(&text, workdir, &from, depth);
            return;
        }
        let is_shell = ["sh", "bash", "ash", "dash"]
            .iter()
            .any(|shell| interpreter.trim().ends_with(shell));
        if is_shell || interpreter.is_empty() && ending == "sh" {
            let shell = interpreter.split(['/', ' ']).next_back().unwrap_or_default().to_owned();
            if !shell.is_empty() && shell != "sh" {
                self.needs.tool(&shell, || Evidence {
                    place: format!("{from}:1"),
                    fact: format!("is a {shell} script"),
                });
            }
            self.script(&text, workdir, &from, depth);
        } else if let Some(program) = interpreter
            .split(['/', ' '])
            .next_back()
            .filter(|name| !name.is_empty())
        {
            let program = program.to_owned();
            self.needs.tool(&program, || Evidence {
                place: format!("{from}:1"),
                fact: format!("is run by {program}"),
            });
        }
    }

    /// Reads a shell script. `from` is where it stands.
    fn script(&mut self, text: &str, workdir: Option<&str>, from: &str, depth: usize) {
        let Ok(script) = shell::parse(text) else {
            // What is not understood still names its tools.
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.+".contains(c)));
            for word in words.filter(|word| !word.is_empty()) {
                self.needs.tool(word, || Evidence {
                    place: from.to_owned(),
                    fact: format!("names {word}"),
                });
            }
            return;
        };
        for visit in shell::commands(&script, ShellOptions::default()) {
            let line = text
                .get(..visit.command.span.start)
                .map_or(1, |before| before.matches('\n').count() + 1);
            let place = if from.contains(':') {
                from.to_owned()
            } else {
                format!("{from}:{line}")
            };
            self.command(&visit.command.texts(), workdir, &place, depth);
        }
    }

    /// Reads a list of commands: supervisor's `command=`, a Procfile's or a crontab's lines.
    fn listed(&mut self, text: &str, workdir: Option<&str>, from: &str, depth: usize) {
        for (number, line) in text.lines().enumerate() {
            let place = format!("{from}:{}", number + 1);
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';', '[']) {
                continue;
            }
            // A word that is a tool, wherever it stands in the line.
            for word in line
                .split([' ', '\t', '=', ':', '"', '\'', ',', '|', ';', '&', '(', ')'])
                .filter(|word| !word.is_empty())
            {
                let name = word.rsplit('/').next().unwrap_or(word);
                self.needs.tool(name, || Evidence {
                    place: place.clone(),
                    fact: format!("names {name}"),
                });
                if word.contains('/') || word.ends_with(".sh") {
                    self.file(word, workdir, depth + 1);
                }
            }
        }
    }

    /// Follows `npm start`, `yarn serve`, `pnpm run x` into package.json.
    fn package_script(&mut self, program: &str, words: &[&str], workdir: Option<&str>, depth: usize) {
        let mut rest = words.iter().skip(1).copied().filter(|word| !word.starts_with('-'));
        let Some(verb) = rest.next() else { return };
        let name = if matches!(verb, "run" | "run-script") {
            rest.next().unwrap_or_default()
        } else {
            verb
        };
        let folder = workdir.unwrap_or("/").trim_matches('/').to_owned();
        let path = if folder.is_empty() {
            "package.json".to_owned()
        } else {
            format!("{folder}/package.json")
        };
        let Some(text) = self.image.read(&path) else { return };
        let Some((_, from)) = self.image.supplier(&path) else {
            return;
        };
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        for stage in ["pre", "", "post"] {
            let name = format!("{stage}{name}");
            let script = manifest
                .get("scripts")
                .and_then(|scripts| scripts.get(&name))
                .and_then(serde_json::Value::as_str);
            if let Some(script) = script
                && self.seen.insert(format!("{program} {path} {name}"))
            {
                let script = script.to_owned();
                self.script(&script, workdir, &format!("{from}: {name}"), depth + 1);
            }
        }
    }
}

fn words_of(command: &compose::Command) -> Vec<String> {
    match command {
        compose::Command::Words(words) => words.clone(),
        compose::Command::Line(text) | compose::Command::Shell(text) => {
            vec!["sh".to_owned(), "-c".to_owned(), text.clone()]
        }
    }
}

/// What stands behind programs that only start the one behind them.
fn without_wrappers<'w>(mut words: &[&'w str]) -> Vec<&'w str> {
    const WRAPPERS: &[&str] = &["exec", "nohup", "command", "env", "time", "nice"];
    while let Some((first, rest)) = words.split_first() {
        let is_assignment = first.contains('=') && !first.starts_with(['-', '/', '.']);
        if !WRAPPERS.contains(first) && !is_assignment {
            break;
        }
        words = rest;
    }
    words.to_vec()
}
