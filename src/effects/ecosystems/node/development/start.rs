//! Whether what starts needs a development dependency.

use std::collections::BTreeSet;

use crate::context::ContainerCommand;
use crate::effects::{Obstacle, ObstacleKind};
use crate::knowledge::{Family, node_development, package_of_tool};
use crate::shell::{self, ShellOptions};

use super::manifest::{Manifest, package_of};
use crate::effects::needs::Started;

/// How deep scripts that run scripts are followed.
const DEEPEST: usize = 8;

/// What a shell runs itself, and what every image has.
const PLAIN: &[&str] = &[
    "node", "nodejs", "cd", "echo", "exec", "export", "set", "unset", "test", "[", "[[", ":", "true", "false", "sleep",
    "cp", "mv", "rm", "mkdir", "ln", "touch", "cat", "ls", "chmod", "chown", "wait", "printf", "env", "sh", "bash",
    "kill", "trap", "exit", "source", ".", "read", "date", "sed", "grep", "awk", "tr", "find", "id", "whoami", "pwd",
    "ulimit",
];

/// What the commands of an image start.
#[derive(Debug, Default)]
pub(crate) struct Start {
    /// The scripts of `package.json` that run.
    pub(crate) scripts: BTreeSet<String>,
    /// The programs of packages that run.
    pub(crate) programs: BTreeSet<String>,
    /// All words: files among them are read as sources.
    pub(crate) words: BTreeSet<String>,
}

/// Follows the commands that start.
pub(crate) struct Follower<'f> {
    pub(crate) manifest: &'f Manifest,
    pub(crate) family: Family,
    pub(crate) start: Start,
}

impl Follower<'_> {
    /// Follows a command of the image.
    ///
    /// # Errors
    /// Where it needs a development dependency, or may.
    pub(crate) fn started(&mut self, command: &Started) -> Result<(), Obstacle> {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        self.command(&words, &command.place, false, 0)
    }

    /// Follows a command that a file of the project runs in a container, of the image perhaps.
    ///
    /// # Errors
    /// Where it needs a development dependency, or may.
    pub(crate) fn in_container(&mut self, command: &ContainerCommand) -> Result<(), Obstacle> {
        const RUNNERS: &[&str] = &["npm", "npx", "yarn", "pnpm", "bun", "bunx", "node"];
        let place = format!("{}:{}", command.path, command.line);
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        // Options, and the image or the service, come before the command.
        let is_first = |word: &&str| RUNNERS.contains(word) || self.manifest.development_package(word).is_some();
        match words.iter().skip(1).position(is_first) {
            Some(at) => self.command(words.get(at + 1..).unwrap_or_default(), &place, false, 0),
            None => Ok(()),
        }
    }

    /// Follows what a shell or Node.js is told by a variable of the image.
    ///
    /// # Errors
    /// Where it names a development dependency.
    pub(crate) fn options(&mut self, text: &str, place: &str) -> Result<(), Obstacle> {
        text.split_whitespace().try_for_each(|word| self.word(word, place))
    }

    /// `is_script` says that the command is in a script of `package.json`, whose PATH has the packages' programs.
    fn command(&mut self, words: &[&str], place: &str, is_script: bool, depth: usize) -> Result<(), Obstacle> {
        let Some((&first, rest)) = words.split_first() else {
            return Ok(());
        };
        words.iter().try_for_each(|word| self.word(word, place))?;
        let program = first.rsplit('/').next().unwrap_or(first);
        if words.contains(&"prisma") && words.iter().any(|word| matches!(*word, "seed" | "reset")) {
            return Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!("{place} lets Prisma seed the database, by a command of its own"),
                "seed it in a step of its own, outside of the image",
            ));
        }
        if matches!(program, "pnpm" | "pnpx") {
            return Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!("{place} runs pnpm, which may install what its lock file names"),
                "start the program by node, or npm",
            ));
        }
        let mut plain = rest.iter().copied().filter(|word| !word.starts_with('-'));
        let verb = plain.next().unwrap_or_default();
        let second = plain.next().unwrap_or_default();
        match (program, verb) {
            ("npx" | "bunx", name) => self.program(name, place, true),
            ("npm" | "yarn" | "bun" | "yarnpkg", "exec" | "x" | "dlx") => self.program(second, place, true),
            ("npm" | "yarn" | "bun" | "yarnpkg", "run" | "run-script" | "rum" | "urn") => {
                self.script(program, second, place, depth)
            }
            ("npm", "start" | "stop" | "restart" | "test" | "t") => self.script(program, verb, place, depth),
            ("npm", _) => Ok(()),
            ("yarn" | "bun" | "yarnpkg", "node" | "" | "config" | "cache" | "store") => Ok(()),
            ("yarn" | "bun" | "yarnpkg", name) => self.script(program, name, place, depth),
            _ => self.program(first, place, is_script),
        }
    }

    /// `is_of_package` says that it is looked for among the programs of packages.
    fn program(&mut self, name: &str, place: &str, is_of_package: bool) -> Result<(), Obstacle> {
        let program = name.rsplit('/').next().unwrap_or(name);
        let program = program
            .split('@')
            .next()
            .filter(|name| !name.is_empty())
            .unwrap_or(program);
        if self.manifest.has_production_program(program) {
            self.start.programs.insert(program.to_owned());
            return Ok(());
        }
        let is_file = name.contains('/') && !name.contains("node_modules");
        let is_plain = PLAIN.contains(&program) || is_file || package_of_tool(self.family, program).is_some();
        if !is_of_package
            || program.is_empty()
            || is_plain
            || name.contains(['=', '$']) && !name.contains("node_modules")
        {
            return Ok(());
        }
        Err(Obstacle::new(
            ObstacleKind::UnknownNeed,
            format!("{place} runs {program}, and nothing tells whether a development dependency brings it"),
            "add the package that brings it to `dependencies`",
        ))
    }

    fn script(&mut self, manager: &str, name: &str, place: &str, depth: usize) -> Result<(), Obstacle> {
        let scripts = self.manifest.script(name);
        if scripts.is_empty() {
            // `npm start` runs server.js without a script; the other managers look for a program.
            return if manager == "npm" {
                Ok(())
            } else {
                self.program(name, place, true)
            };
        }
        if depth > DEEPEST || !self.start.scripts.insert(name.to_owned()) {
            return Ok(());
        }
        for (name, text) in scripts {
            let place = format!("package.json: {name}");
            self.start.scripts.insert(name);
            let Ok(script) = shell::parse(text) else {
                return Err(Obstacle::new(
                    ObstacleKind::Unreadable,
                    format!("{place} cannot be read"),
                    "write the script as plain commands of a shell",
                ));
            };
            for visit in shell::commands(&script, ShellOptions::default()) {
                // `cross-env A=1 node server.js`: what stands behind such a program is looked at word by word.
                self.command(&visit.command.texts(), &place, true, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Refuses a word that names a development dependency, or something that compiles sources at start.
    fn word(&mut self, word: &str, place: &str) -> Result<(), Obstacle> {
        self.start.words.insert(word.to_owned());
        for part in word
            .split(['=', ' ', ',', ';', '"', '\''])
            .filter(|part| !part.is_empty())
        {
            let name = part.rsplit_once("node_modules/.bin/").map_or(part, |(_, name)| name);
            if let Some(package) = self.manifest.development_package(name) {
                return Err(Obstacle::new(
                    ObstacleKind::NeededAtRunTime,
                    format!("{place} needs {package}, a development dependency"),
                    format!("if the program runs it, move {package} to `dependencies`"),
                ));
            }
            let is_compiler = |package: &str| node_development().compilers.iter().any(|known| known == package);
            let known = node_development().programs.get(name).map_or(name, String::as_str);
            if is_compiler(package_of(known)) {
                return Err(Obstacle::new(
                    ObstacleKind::NeededAtRunTime,
                    format!("{place} compiles sources at start, with {name}"),
                    "compile in the Dockerfile, and start the result",
                ));
            }
        }
        Ok(())
    }
}
