//! Container engines, through their command lines.

use std::fmt;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::fault::Fault;
use crate::passes::needs_buildkit;
use crate::process::bounded::Bounded;
use crate::process::stream::Stream;
use crate::process::{Ended, Limits, ProcessError, Task};
use crate::syntax::{Dockerfile, Keyword};

/// The exit code with which engines say that they could not start a container.
pub(super) const NOT_STARTED: i32 = 125;

/// How long an engine may take to say who it is, or to remove something.
const SOON: Duration = Duration::from_secs(60);

/// How much is kept of the start and of the end of what a container writes, which may be without end.
const MOST_OUTPUT: usize = 1024 * 1024;

/// The longest answer of an engine that is read, such as the configuration of an image: twice this much.
const MOST_ANSWER: usize = 8 * 1024 * 1024;

/// An engine that Plimsoll can drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Docker, with BuildKit.
    Docker,
    /// Podman.
    Podman,
    /// Buildah.
    Buildah,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.program())
    }
}

impl Kind {
    /// All of them, in the order in which they are looked for.
    const ALL: [Kind; 3] = [Kind::Docker, Kind::Podman, Kind::Buildah];

    /// The name of its command.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Kind::Docker => "docker",
            Kind::Podman => "podman",
            Kind::Buildah => "buildah",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Kind::Docker => {
                "start the daemon (`sudo systemctl start docker`, or Docker Desktop), and see that you may use it: you \
                 are root or in the group `docker`, and DOCKER_HOST, where set, names a daemon that runs"
            }
            Kind::Podman => {
                "start its machine where it needs one (`podman machine start`), and see what `podman info` says"
            }
            Kind::Buildah => "see what `buildah info` says",
        }
    }
}

/// Why an engine cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// None is installed.
    #[error(
        "no container engine: looked for docker, podman and buildah on PATH; install one of them, such as Docker \
         (https://docs.docker.com/engine/install/) or podman (https://podman.io/docs/installation)"
    )]
    None,
    /// The one that was asked for is not installed.
    #[error("`{0}` is not on PATH: install it, or choose another engine with --engine")]
    Missing(Kind),
    /// It is there and does not work.
    #[error("{kind} does not work: {message}\n{}", .kind.remedy())]
    Broken {
        /// Which one.
        kind: Kind,
        /// What it said.
        message: String,
    },
    /// It cannot build the file.
    #[error("{0}")]
    Lacks(String),
    /// A command of it failed.
    #[error("`{command}` failed: {message}")]
    Command {
        /// The command.
        command: String,
        /// What it said.
        message: String,
    },
    /// A build failed.
    #[error("the {what} does not build{}:\n{end}", because(*.fault))]
    Build {
        /// Which file.
        what: String,
        /// The end of its log.
        end: String,
        /// Whose fault it is.
        fault: Fault,
    },
    /// A process was stopped or could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// What it wrote cannot be understood.
    #[error("cannot read the output of `{command}`: {message}")]
    Output {
        /// The command.
        command: String,
        /// What is wrong with it.
        message: String,
    },
}

impl EngineError {
    /// Whether it says something about the file, and not about the engine, its disk, the network or the user's wish.
    #[must_use]
    pub fn is_failed_build(&self) -> bool {
        matches!(self, EngineError::Build { fault, .. } if *fault != Fault::Engine)
    }

    /// Whether it says that an image cannot be had.
    pub(super) fn is_missing_image(&self) -> bool {
        matches!(
            self,
            EngineError::Build {
                fault: Fault::Image,
                ..
            }
        )
    }
}

/// The cause as a part of a sentence, where the engine reports one that the log may not show.
fn because(fault: Fault) -> &'static str {
    match fault {
        Fault::Image => ", as an image cannot be pulled",
        // SIGKILL, as a shell reports it.
        Fault::Command(137) => ", as a command was killed, as happens where memory runs out",
        Fault::Engine => ", as the engine failed",
        Fault::Command(_) | Fault::Unknown => "",
    }
}

/// An engine that works.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Which one.
    pub kind: Kind,
    /// Its version: major, minor.
    pub version: (u32, u32),
    /// What ends its work.
    pub limits: Limits,
    has_buildkit: bool,
    /// Whether the client of BuildKit reports its progress as JSON.
    has_json: bool,
    /// How many processors the machine of the engine has, where Docker tells.
    processors: Option<u32>,
}

/// The option by which the client of BuildKit reports its progress as JSON.
const JSON_PROGRESS: &str = "--progress=rawjson";

/// The version of buildx that was the first to know it.
const SINCE_JSON: (u32, u32) = (0, 13);

impl Engine {
    /// Finds the engine: the one that is asked for, else the first that works.
    ///
    /// # Errors
    /// If there is none, or it does not work.
    pub fn find(wanted: Option<Kind>, limits: &Limits) -> Result<Engine, EngineError> {
        if let Some(kind) = wanted {
            if !is_on_path(kind.program()) {
                return Err(EngineError::Missing(kind));
            }
            return Engine::check(kind, limits);
        }
        let mut first_error = None;
        for kind in Kind::ALL.into_iter().filter(|kind| is_on_path(kind.program())) {
            match Engine::check(kind, limits) {
                Ok(engine) => return Ok(engine),
                Err(EngineError::Process(ProcessError::Cancelled)) => return Err(ProcessError::Cancelled.into()),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or(EngineError::None))
    }

    fn check(kind: Kind, limits: &Limits) -> Result<Engine, EngineError> {
        let mut engine = Engine {
            kind,
            version: (0, 0),
            limits: limits.clone(),
            has_buildkit: false,
            has_json: false,
            processors: None,
        };
        engine.version = numbers(&engine.answers()?);
        if kind == Kind::Docker {
            let client = engine.soon(&["buildx", "version"]).ok();
            engine.has_buildkit = client.is_some();
            engine.has_json = client.is_some_and(|said| numbers(&said) >= SINCE_JSON);
            let said = engine.soon(&["info", "--format", "{{.NCPU}}"]).ok();
            engine.processors = said.and_then(|said| said.trim().parse().ok());
        }
        Ok(engine)
    }

    /// Asks the engine for its version, which it gives only where it works: a command that failed says nothing of a file
    /// where the engine itself is gone.
    ///
    /// # Errors
    /// If it does not answer.
    pub(super) fn answers(&self) -> Result<String, EngineError> {
        let args: &[&str] = match self.kind {
            Kind::Docker => &["version", "--format", "{{.Server.Version}}"],
            Kind::Podman => &["version", "--format", "{{.Client.Version}}"],
            Kind::Buildah => &["version", "--json"],
        };
        let kind = self.kind;
        let broken = |message: String| EngineError::Broken { kind, message };
        self.soon(args).map_err(|error| match error {
            EngineError::Command { message, .. } => broken(message),
            EngineError::Process(ProcessError::TimedOut { .. }) => broken("it does not answer".to_owned()),
            other => other,
        })
    }

    /// Checks that it knows what `file` needs.
    ///
    /// # Errors
    /// If it does not, with what to install.
    pub fn knows(&self, file: &Dockerfile) -> Result<(), EngineError> {
        let has_heredoc = file.instructions.iter().any(|instruction| {
            matches!(instruction.keyword(), Keyword::Run | Keyword::Copy | Keyword::Add)
                && !instruction.node().heredocs.is_empty()
        });
        let flags = file
            .instructions
            .iter()
            .flat_map(|instruction| &instruction.node().flags);
        let is_locked = |value: &str| value.contains("type=cache") && value.contains("sharing=locked");
        let locked = flags
            .filter(|flag| flag.name == "mount" && flag.value.as_ref().is_some_and(|value| is_locked(value)))
            .count();
        let (needs_mounts, version) = (needs_buildkit(file), self.version);
        let lacks = |feature: &str, needed: &str| {
            Err(EngineError::Lacks(format!(
                "{} {}.{} does not know {feature}, which {} needs: install {needed}",
                self.kind, version.0, version.1, file.name
            )))
        };
        match self.kind {
            Kind::Docker if !self.has_buildkit && (needs_mounts || has_heredoc) => lacks(
                "BuildKit",
                "the plugin buildx (the package docker-buildx-plugin or docker-buildx)",
            ),
            Kind::Podman if needs_mounts && version < (4, 0) => lacks("RUN --mount", "podman 4.0 or later"),
            // They wait for ever for a lock of their own: https://github.com/containers/buildah/issues/4342
            Kind::Podman if locked > 1 && version < (4, 4) => lacks(
                "several locked cache mounts",
                "podman 4.4 or later, or use --no-cache-mounts",
            ),
            Kind::Buildah if locked > 1 && version < (1, 29) => lacks(
                "several locked cache mounts",
                "buildah 1.29 or later, or use --no-cache-mounts",
            ),
            Kind::Podman if has_heredoc && version < (4, 8) => lacks("heredocs", "podman 4.8 or later"),
            Kind::Buildah if needs_mounts && version < (1, 24) => lacks("RUN --mount", "buildah 1.24 or later"),
            Kind::Buildah if has_heredoc && version < (1, 33) => lacks("heredocs", "buildah 1.33 or later"),
            _ => Ok(()),
        }
    }

    /// A command of the engine.
    pub(super) fn command<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(self.kind.program());
        command.args(args);
        if self.kind == Kind::Docker {
            // Engines before 23 build without BuildKit unless told, newer ones only with the plugin.
            command.env("DOCKER_BUILDKIT", if self.has_buildkit { "1" } else { "0" });
        }
        command
    }

    /// Runs a command that answers soon, and gives what it says.
    pub(super) fn soon<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Result<String, EngineError> {
        let limits = Limits {
            timeout: Some(SOON),
            ..self.limits.clone()
        };
        answer(self.command(args), &limits)
    }

    /// The same for what has to be done even though the user wants to stop.
    pub(super) fn clean_up<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Result<String, EngineError> {
        let limits = Limits {
            timeout: Some(SOON),
            ..Limits::default()
        };
        answer(self.command(args), &limits)
    }

    /// Runs a command, and gives how it ended and what it wrote, to the limits of the engine or to `timeout`.
    pub(super) fn ended(&self, args: &[String], timeout: Option<Duration>) -> Result<Ended<String>, EngineError> {
        let limits = Limits {
            timeout: timeout.or(self.limits.timeout),
            ..self.limits.clone()
        };
        let read = |stream: Stream<'_>| Bounded::new(MOST_OUTPUT).read(stream).text();
        Ok(Task::new(self.command(args)).run(&limits, read, &mut |_| {})?)
    }

    /// How the client of BuildKit is to report its progress.
    pub(super) fn progress_option(&self) -> &'static str {
        if self.has_json {
            JSON_PROGRESS
        } else {
            "--progress=plain"
        }
    }

    /// How many processors a container may take: one is left to others where there are more than two.
    pub(super) fn processors_of_container(&self) -> Option<u32> {
        self.processors.filter(|count| *count > 2).map(|count| count - 1)
    }

    /// Whether BuildKit builds here.
    #[must_use]
    pub fn is_buildkit(&self) -> bool {
        self.has_buildkit
    }

    /// The configuration of `image`, with the names that Docker gives its fields.
    pub(super) fn configuration(&self, image: &str) -> Result<Value, EngineError> {
        let args: &[&str] = match self.kind {
            Kind::Docker | Kind::Podman => &["image", "inspect", image],
            Kind::Buildah => &["inspect", "--type", "image", image],
        };
        let said = self.soon(args)?;
        let wrong = |message: String| EngineError::Output {
            command: format!("{} {}", self.kind, args.join(" ")),
            message,
        };
        let all: Value = serde_json::from_str(&said).map_err(|error| wrong(error.to_string()))?;
        let mut config = match self.kind {
            Kind::Docker | Kind::Podman => all.pointer("/0/Config"),
            Kind::Buildah => all.pointer("/Docker/config"),
        }
        .cloned()
        .ok_or_else(|| wrong("it has no configuration".to_owned()))?;
        // podman keeps the health check beside the configuration.
        let health = all.pointer("/0/Healthcheck").or_else(|| all.pointer("/0/HealthCheck"));
        if let (Some(fields), Some(health)) = (config.as_object_mut(), health) {
            fields.entry("Healthcheck").or_insert_with(|| health.clone());
        }
        Ok(config)
    }
}

/// Whether a program of that name is in a folder of PATH.
fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .any(|folder| folder.join(program).is_file() || folder.join(format!("{program}.exe")).is_file())
}

/// The first two numbers of a version in `said`.
fn numbers(said: &str) -> (u32, u32) {
    let start = said.find(|letter: char| letter.is_ascii_digit()).unwrap_or(said.len());
    let mut parts = said[start..].split(|letter: char| !letter.is_ascii_digit());
    let mut next = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    (next(), next())
}

fn answer(command: Command, limits: &Limits) -> Result<String, EngineError> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let name: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let command_line = name.join(" ");
    let read = |stream: Stream<'_>| Bounded::new(MOST_ANSWER).read(stream);
    let ended = Task::new(command).run(limits, read, &mut |_| {})?;
    if ended.output.is_cut() {
        return Err(EngineError::Output {
            command: command_line,
            message: format!("it is longer than {} MiB", 2 * MOST_ANSWER / 1024 / 1024),
        });
    }
    if ended.status.success() {
        return Ok(ended.output.text());
    }
    Err(EngineError::Command {
        command: command_line,
        message: match ended.messages.trim() {
            "" => ended.status.to_string(),
            message => message.to_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(numbers("26.1.5+dfsg1\n"), (26, 1));
        assert_eq!(numbers("{\"version\": \"1.33.7\"}"), (1, 33));
        assert_eq!(numbers(""), (0, 0));
        let client = numbers("github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3\n");
        assert!(client >= SINCE_JSON && numbers("github.com/docker/buildx v0.12.1 30feaa1\n") < SINCE_JSON);
    }

    #[test]
    fn what_an_engine_lacks_is_named() {
        let engine = |kind, version, has_buildkit| Engine {
            kind,
            version,
            limits: Limits::default(),
            has_buildkit,
            has_json: false,
            processors: None,
        };
        let mounts = crate::syntax::parse("Dockerfile", "FROM a\nRUN --mount=type=cache,target=/c true\n").unwrap();
        let heredoc = crate::syntax::parse("Dockerfile", "FROM a\nRUN <<EOF\ntrue\nEOF\n").unwrap();
        let plain = crate::syntax::parse("Dockerfile", "FROM a\nRUN true\n").unwrap();
        let message = engine(Kind::Docker, (26, 1), false)
            .knows(&mounts)
            .unwrap_err()
            .to_string();
        assert!(message.contains("docker-buildx"), "{message}");
        assert!(engine(Kind::Docker, (26, 1), false).knows(&plain).is_ok());
        assert!(engine(Kind::Docker, (26, 1), true).knows(&mounts).is_ok());
        assert!(engine(Kind::Podman, (3, 4), false).knows(&mounts).is_err());
        assert!(engine(Kind::Podman, (4, 3), false).knows(&mounts).is_ok());
        assert!(engine(Kind::Podman, (4, 3), false).knows(&heredoc).is_err());
        let text = "FROM a\nRUN --mount=type=cache,sharing=locked,target=/c --mount=type=cache,target=/d,sharing=locked true\n";
        let locked = crate::syntax::parse("Dockerfile", text).unwrap();
        assert!(engine(Kind::Podman, (4, 3), false).knows(&locked).is_err());
        assert!(engine(Kind::Podman, (4, 4), false).knows(&locked).is_ok());
        assert!(engine(Kind::Buildah, (1, 28), false).knows(&locked).is_err());
        assert!(engine(Kind::Buildah, (1, 33), false).knows(&heredoc).is_ok());
    }

    #[test]
    fn only_what_the_engine_says_of_itself_is_no_failed_build() {
        let error = |fault| EngineError::Build {
            what: "original file".to_owned(),
            end: "no space left on device".to_owned(),
            fault,
        };
        assert!(!error(Fault::Engine).is_failed_build());
        for fault in [Fault::Image, Fault::Command(1), Fault::Unknown] {
            assert!(error(fault).is_failed_build());
        }
        assert!(error(Fault::Image).is_missing_image() && !error(Fault::Command(1)).is_missing_image());
        assert!(error(Fault::Image).to_string().contains("cannot be pulled"));
        assert!(error(Fault::Command(137)).to_string().contains("was killed"));
        assert!(
            error(Fault::Command(1))
                .to_string()
                .starts_with("the original file does not build:\n")
        );
    }
}
