//! What an image needs at run time: the tools that its commands, scripts and sources call, and what its packages load.
//!
//! Each question has three answers ([`Answer`]): needed, not needed, not known. What cannot be read, and calls of which
//! nobody knows what they start, are kept as [`Unanswered`], with their place and what would answer them.
//!
//! | where needs come from | module |
//! | --- | --- |
//! | CMD, ENTRYPOINT, HEALTHCHECK, Compose, the scripts and lists that they name | [`started`] |
//! | probes and hooks of Kubernetes, ECS and Helm, commands in containers | [`orchestrated`] |
//! | calls of sources that start programs | [`calls`], [`sources`] |
//! | code in the words of a command | [`code`] |
//! | files of tasks: Procfile, scripts of pyproject.toml, justfile | [`runners`] |
//! | packages of languages, by manifests and locks | [`manifests`], [`listing`], [`packages`] |
//! | images that only wait for others, development containers | [`open_start`], [`devcontainer`] |
//! | RUNs of the stage itself | [`runs`], [`archives`] |
//! | certificates and time zones | [`file_needs`] |
//!
//! Nothing here knows of passes. What the old image has and the new one lacks of the needs says [`lacking()`].

mod answer;
mod archives;
mod building;
mod calls;
mod code;
mod commands;
mod compiled;
mod devcontainer;
mod development;
mod file_needs;
mod interpreter;
mod lacking;
mod linked;
mod listing;
mod manifests;
mod open_start;
mod orchestrated;
mod own_folders;
mod packages;
mod runners;
mod runs;
mod siblings;
mod sources;
mod started;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::context::ContextSource;
use crate::effects::Evidence;
use crate::effects::image_files;
use crate::facts::{Facts, Stage};
use crate::knowledge::{Family, Level, NamedLibrary, knows_library, named_library, start_needs};
use crate::syntax::{Dockerfile, Keyword};

use started::{By, Reader};

pub(crate) use answer::{Answer, Unanswered};
pub(crate) use building::{build_in_a_text, is_build, manager_call};
pub(crate) use code::Code;
pub(crate) use compiled::{has_compiled_source, is_used_up};
pub(crate) use interpreter::embedded;
pub(crate) use lacking::{lacking, nameless_need, unknown_library};
pub(crate) use own_folders::first_use;
pub(crate) use packages::installed_by_name;
pub(crate) use runs::StepNeeds;
pub(crate) use siblings::named_by_sources;
pub(crate) use tools::tool_calls;

mod tools;

/// A command that runs in the image.
#[derive(Debug)]
pub(crate) struct Started {
    /// Its words; what a wrapper such as `env` runs is a command of its own.
    pub(crate) words: Vec<String>,
    /// What says so.
    pub(crate) place: String,
}

/// A call of which nobody knows what it starts.
#[derive(Clone, Debug)]
pub(crate) struct UnknownCall {
    /// Where it is, and what would tell.
    pub(crate) why: Unanswered,
    /// Whether it is a line of the shell, which may call anything, not one program.
    pub(crate) is_shell: bool,
}

/// What an image needs at run time, each with the first fact that says so.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// The commands that start, also inside of scripts, as far as they can be followed.
    pub(crate) commands: Vec<Started>,
    /// Programs.
    pub(crate) tools: BTreeMap<String, Evidence>,
    /// Libraries, by the Debian package with their headers.
    pub(crate) libraries: BTreeMap<String, Evidence>,
    /// All libraries that programs link or load, by their names for the linker.
    pub(crate) linked: BTreeMap<String, Evidence>,
    /// Something that loads a library of which nothing tells the name.
    pub(crate) unnamed_library: Option<Unanswered>,
    /// Packages that bring files which programs read: certificates, time zones.
    pub(crate) packages: BTreeMap<&'static str, Evidence>,
    /// Whether anything tells what is started.
    pub(crate) starts: bool,
    /// A script that is started and that cannot be read.
    pub(crate) unknown_start: Option<Unanswered>,
    /// Calls of which nobody knows what they start.
    pub(crate) unknown: Vec<UnknownCall>,
    /// A manifest that cannot be read, so that nobody knows what its packages need.
    pub(crate) unread_manifest: Option<Unanswered>,
    /// What compiles or installs at start.
    pub(crate) builds_at_start: Option<Evidence>,
    /// Python's own folders in `/usr/local`, or paths below them, that something names.
    pub(crate) python_folders: Option<Evidence>,
    /// What looks for libraries by their names when it runs. On Alpine that asks the tools of a compiler.
    pub(crate) finds_libraries: Option<Evidence>,
    /// What the RUNs of the stage need, by the number of the instruction.
    pub(crate) steps: BTreeMap<usize, StepNeeds>,
}

impl Needs {
    /// Looks for what the stage needs.
    pub(crate) fn of(
        file: &Dockerfile,
        facts: &Facts,
        stage: &Stage,
        context: &ContextSource,
        family: Family,
    ) -> Needs {
        let number = facts.stage_of(stage.instructions.start).unwrap_or_default();
        let copies = image_files::of_stage(file, facts, number, context);
        let image = image_files::View {
            context,
            copies: &copies,
            may_choose_versions: false,
            keeps_builds: false,
        };
        let mut needs = Needs::default();
        let workdir = workdir_of(facts, stage);
        needs.read_start(file, facts, stage, &image);
        orchestrated::read(context, &image, workdir, &mut needs);
        needs.steps = runs::of(file, facts, stage, &image);
        sources::read(context, &image, workdir, &mut needs);
        let builds = packages::Builds::of(file, facts, family);
        packages::read(file, facts, stage, context, &builds, &mut needs);
        packages::openmp(context, &mut needs);
        linked::read(file, facts, context, &mut needs);
        file_needs::read(file, facts, stage.instructions.clone(), context, &mut needs);
        if needs.python_folders.is_none() {
            needs.python_folders = interpreter::named(file, facts, stage.instructions.clone(), context, &image, &needs);
        }
        needs
    }

    /// Looks for what the stage starts, and nothing else.
    pub(crate) fn of_start(file: &Dockerfile, facts: &Facts, stage: &Stage, context: &ContextSource) -> Needs {
        let number = facts.stage_of(stage.instructions.start).unwrap_or_default();
        let copies = image_files::of_stage(file, facts, number, context);
        let image = image_files::View {
            context,
            copies: &copies,
            may_choose_versions: false,
            keeps_builds: false,
        };
        let mut needs = Needs::default();
        needs.read_start(file, facts, stage, &image);
        needs
    }

    fn read_start(&mut self, file: &Dockerfile, facts: &Facts, stage: &Stage, image: &image_files::View<'_>) {
        let workdir = workdir_of(facts, stage);
        let mut started = Reader::new(image, self, By::Start);
        started.stage(file, facts, stage);
        started.compose(image.context, stage, workdir);
        started.lists_of_image(workdir);
        open_start::note(self);
        devcontainer::note(file, image.context, self);
    }

    /// Whether the program is seen to run.
    pub(crate) fn runs(&self, program: &str) -> bool {
        self.tool_answer(program).is_needed()
    }

    /// Whether the image needs the program.
    pub(crate) fn tool_answer(&self, program: &str) -> Answer<'_> {
        match (self.tools.get(program), self.unknown_tools()) {
            (Some(evidence), _) => Answer::Needed(evidence),
            (None, Some(unknown)) => Answer::Unknown(unknown),
            (None, None) => Answer::NotNeeded,
        }
    }

    /// What keeps it from being known which tools run: a script that cannot be read, or a call whose program is not
    /// literal.
    ///
    /// The rule for passes: below `aggressive`, while this is something, the tools that the Dockerfile installs by name and those of
    /// the base image stay. It refutes the assumption of `standard` that a program calls no tool but those that it names.
    pub(crate) fn unknown_tools(&self) -> Option<&Unanswered> {
        let calls = self.unknown.iter().map(|call| &call.why);
        self.unknown_start.iter().chain(calls).next()
    }

    /// A program that corepack downloads when it is first called, and that starts.
    pub(crate) fn shim(&self) -> Option<(&'static str, &Evidence)> {
        let mut shims = start_needs().shims.iter();
        shims.find_map(|name| Some((name.as_str(), self.tools.get(name)?)))
    }

    /// Adds what others need, where nothing says so yet.
    fn add(&mut self, others: &Needs) {
        for (name, evidence) in &others.tools {
            self.tool(name, || evidence.clone());
        }
        for (name, evidence) in &others.libraries {
            self.libraries.entry(name.clone()).or_insert_with(|| evidence.clone());
        }
        for (name, evidence) in &others.linked {
            self.linked.entry(name.clone()).or_insert_with(|| evidence.clone());
        }
        self.unnamed_library = self.unnamed_library.take().or_else(|| others.unnamed_library.clone());
        self.unknown.extend(others.unknown.iter().cloned());
        let of = |own: &mut Option<Evidence>, other: &Option<Evidence>| *own = own.take().or_else(|| other.clone());
        of(&mut self.builds_at_start, &others.builds_at_start);
        of(&mut self.finds_libraries, &others.finds_libraries);
    }

    fn tool(&mut self, name: &str, evidence: impl FnOnce() -> Evidence) {
        if !name.is_empty() && !self.tools.contains_key(name) {
            self.tools.insert(name.to_owned(), evidence());
        }
    }

    /// Adds a library by its name for the linker or a loader, with its package if that is known.
    fn link(&mut self, name: &str, evidence: impl Fn() -> Evidence) {
        if name.is_empty() || self.linked.contains_key(name) {
            return;
        }
        self.linked.insert(name.to_owned(), evidence());
        let usual = format!("lib{}-dev", name.to_lowercase());
        let packages = match named_library(name) {
            NamedLibrary::Packages(packages) => packages,
            NamedLibrary::Unknown if knows_library(&usual) => vec![usual.as_str()],
            NamedLibrary::Unknown | NamedLibrary::Everywhere => return,
        };
        for package in packages {
            self.libraries.entry(package.to_owned()).or_insert_with(&evidence);
        }
    }

    /// Why tools may be missed although nothing names them: at the level aggressive only for a start that cannot be read.
    pub(crate) fn may_miss_tools(&self, level: Level) -> Option<&Unanswered> {
        match level {
            Level::Aggressive => self.unknown_start.as_ref(),
            _ => self.unknown_tools(),
        }
    }

    fn unknown_call(&mut self, place: &str, fact: &str, is_shell: bool) {
        let remedy = "name the program as a literal, or keep the tools that it may call";
        self.unknown.push(UnknownCall {
            why: Unanswered::new(place, fact.to_owned(), remedy),
            is_shell,
        });
    }
}

fn workdir_of<'f>(facts: &'f Facts, stage: &Stage) -> Option<&'f str> {
    let last = stage.instructions.end.saturating_sub(1);
    facts.scope(last).and_then(|scope| scope.workdir.as_deref())
}

/// The last instruction of a kind in a stage: the one that counts.
pub(crate) fn last(file: &Dockerfile, stage: Range<usize>, keyword: Keyword) -> Option<usize> {
    stage.rev().find(|index| {
        file.instructions
            .get(*index)
            .is_some_and(|found| found.keyword() == keyword)
    })
}
