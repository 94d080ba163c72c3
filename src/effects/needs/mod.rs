//! What an image needs at run time: the tools that its commands, scripts and sources call, and what its packages load.

mod building;
mod development;
mod interpreter;
mod lacking;
mod packages;
mod scripts;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::context::{ContextSource, calls};
use crate::facts::{Facts, Stage};
use crate::knowledge::{Family, package_of_tool};
use crate::syntax::{Dockerfile, Keyword};

use crate::effects::Evidence;
use crate::effects::image_files;

pub(crate) use building::is_build;
pub(crate) use lacking::{lacking, nameless_need};
pub(crate) use packages::installed_by_name;

/// A command that runs in the image.
#[derive(Debug)]
pub(crate) struct Started {
    /// Its words, without `exec`, `env` and their like before it.
    pub(crate) words: Vec<String>,
    /// What says so.
    pub(crate) place: String,
}

/// What an image needs at run time, each with the first fact that says so.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// The commands that run, also inside of scripts, as far as they can be followed.
    pub(crate) commands: Vec<Started>,
    /// Programs.
    pub(crate) tools: BTreeMap<String, Evidence>,
    /// Libraries, by the Debian package with their headers.
    pub(crate) libraries: BTreeMap<String, Evidence>,
    /// Packages that bring files which programs read: certificates, time zones.
    pub(crate) packages: BTreeMap<&'static str, Evidence>,
    /// Whether anything tells what is started.
    pub(crate) starts: bool,
    /// A script that is started and that the context does not have.
    pub(crate) unknown_start: Option<Evidence>,
    /// What compiles or installs at start.
    pub(crate) builds_at_start: Option<Evidence>,
    /// Python's own folders in `/usr/local`, or paths below them, that something names.
    pub(crate) python_folders: Option<Evidence>,
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
        let mut scripts = scripts::Reader::new(&image, &mut needs);
        for index in stage.instructions.clone() {
            scripts.instruction(file, facts, index);
        }
        let last = stage.instructions.end.saturating_sub(1);
        let workdir = facts.scope(last).and_then(|scope| scope.workdir.as_deref());
        scripts.compose(context, stage, workdir);
        let is_tool = |name: &str| package_of_tool(family, name).is_some();
        for call in calls(context, &is_tool) {
            needs.tool(&call.tool, || Evidence {
                place: format!("{}:{}", call.path, call.line),
                fact: format!("calls {}", call.tool),
            });
        }
        packages::read(
            file,
            facts,
            stage,
            context,
            &packages::Builds::of(file, facts, family),
            &mut needs,
        );
        packages::files(context, &mut needs);
        packages::openmp(context, &mut needs);
        if needs.python_folders.is_none() {
            needs.python_folders = interpreter::named(file, facts, stage.instructions.clone(), context, &image, &needs);
        }
        needs
    }

    fn tool(&mut self, name: &str, evidence: impl FnOnce() -> Evidence) {
        if !self.tools.contains_key(name) {
            self.tools.insert(name.to_owned(), evidence());
        }
    }
}

/// The last instruction of a kind in a stage: the one that counts.
pub(crate) fn last(file: &Dockerfile, stage: Range<usize>, keyword: Keyword) -> Option<usize> {
    stage.rev().find(|index| {
        file.instructions
            .get(*index)
            .is_some_and(|found| found.keyword() == keyword)
    })
}
