//! Verification: the original and the rewritten file are built, and the two images are compared. What the rewrite turns
//! out to lack is added, or the pass that took it is switched off. `docs/verify.md` is its page.

pub mod bench;
pub mod checks;
pub mod elf;
pub mod engine;
mod fault;
pub mod figures;
pub mod files;
mod frozen;
mod leftovers;
mod progress;
mod python;
mod repair;
pub mod report;
mod search;
pub mod subject;
pub mod system;
#[cfg(test)]
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use bench::{Image, Inputs, Run, Workbench};
use checks::Side;
use checks::removed::BaseImage;
use checks::smoke::Smoke;
use engine::EngineError;
use figures::Sizes;
use files::{Content, Files};
pub use frozen::Frozen;
use report::{Check, Lack, Removed};
use search::Search;
use subject::Subject;

use crate::context::ContextSource;
use crate::facts::{Base, Facts};
use crate::knowledge::Family;
use crate::passes::{Pass as _, SplitStages};
use crate::rewrite::Rewrite;
use crate::syntax::{self, SyntaxError};

/// How often what is lacking is added to one rewrite.
const MOST_REPAIRS: usize = 3;

/// A rewrite to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The text of the Dockerfile.
    pub text: String,
    /// The text of the .dockerignore, where it is another one than the original's.
    pub ignore: Option<String>,
    /// The passes that changed something.
    pub passes: Vec<&'static str>,
}

impl From<&Rewrite> for Candidate {
    fn from(rewrite: &Rewrite) -> Candidate {
        let proposal = rewrite.dockerignore.as_ref().filter(|proposal| proposal.is_change());
        let mut passes: Vec<&'static str> = rewrite.changes.iter().map(|change| change.pass).collect();
        passes.extend(proposal.map(|_| "dockerignore"));
        passes.sort_unstable();
        passes.dedup();
        Candidate {
            text: rewrite.text.clone(),
            ignore: proposal.map(|proposal| proposal.text.clone()),
            passes,
        }
    }
}

/// What is verified, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// What messages call the file.
    pub name: String,
    /// The original text.
    pub original: String,
    /// The folder that builds are given.
    pub folder: PathBuf,
    /// The same, where its files are to be looked at.
    pub context: Option<Arc<ContextSource>>,
    /// Values for ARGs, as `NAME=value`.
    pub arguments: Vec<String>,
    /// The smoke test.
    pub smoke: Smoke,
}

/// What happens while a verification goes on.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The next thing begins.
    Step(&'a str),
    /// A line of a build.
    Line(&'a str),
}

/// Who is told of events.
pub type Listener<'a> = &'a mut (dyn FnMut(Event<'_>) + Send);

/// One candidate and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Round {
    /// What was tried, as a sentence without a full stop.
    pub what: String,
    /// The comparisons in their order.
    pub checks: Vec<Check>,
    /// What is not in the rewritten image any more, by cause.
    pub removed: Vec<Removed>,
    /// The rewritten image; none where it was not built.
    pub image: Option<Built>,
}

/// An image in figures.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Built {
    /// How large it is.
    #[serde(flatten)]
    pub sizes: Sizes,
    /// How long its build took, with what the engine knew from earlier ones.
    pub seconds: f64,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Verification {
    /// The name of the file.
    pub file: String,
    /// Whether `text` passed, or is the original because nothing else did.
    pub outcome: Outcome,
    /// The text that passed: the rewrite, the repaired rewrite, or the original.
    pub text: String,
    /// The text of the .dockerignore that belongs to it, where it is another one than the original's.
    #[serde(skip)]
    pub ignore: Option<String>,
    /// What was added to the rewrite so that it passes, and why.
    pub repairs: Vec<String>,
    /// The passes that were switched off.
    pub switched_off: Vec<String>,
    /// What was tried, in order; the last one counts.
    pub rounds: Vec<Round>,
    /// The original image; none where it was not built.
    pub image: Option<Built>,
}

/// How a verification ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The rewrite passed as it was.
    Passed,
    /// It passed after something was added or a pass switched off.
    Repaired,
    /// No rewrite passed: the text is the original.
    Original,
    /// The original does not build, so that nothing can be said.
    OriginalFails,
    /// A given rewrite failed.
    Failed,
}

/// Why a verification could not be made.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The engine failed or was stopped.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file is no Dockerfile.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// Files changed between the builds: a difference of the images says nothing of the rewrite.
    #[error(
        "the build context changed while it was verified, so that nothing can be said about the rewrite: {}. Keep what \
         changes out of it with the .dockerignore, or run the command again while nothing writes there",
        named(.0)
    )]
    ContextChanged(Vec<String>),
    /// The original does not build a second time: what failed is something around both.
    #[error(
        "the rewrite does not build, and neither does the original any more, built from nothing: nothing can be said \
         about the rewrite. Run the command again when both can be built\n{0}"
    )]
    OriginalFailsNow(EngineError),
    /// No registry gives an image now, not even that of the original, which the engine had.
    #[error(
        "an image of the rewrite cannot be pulled, and neither can `{base}`, which the original uses and the engine has: \
         nothing can be said about the rewrite. Run the command again when the registry can be reached\n{error}"
    )]
    NoRegistry {
        /// The base image of the original.
        base: String,
        /// What the engine said.
        error: EngineError,
    },
    /// The rewrite could not be made again.
    #[error(transparent)]
    Rewrite(#[from] anyhow::Error),
}

/// The first of `files`, and how many there are beyond.
fn named(files: &[String]) -> String {
    const MOST_NAMED: usize = 5;
    let first: Vec<String> = files.iter().take(MOST_NAMED).map(|file| format!("`{file}`")).collect();
    match files.len().saturating_sub(MOST_NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// The original, built and read.
struct Original {
    image: Image,
    files: Files,
    configuration: Value,
    file: syntax::Dockerfile,
    /// The files of base images that were asked for, by their names.
    bases: Bases,
    /// The files of a second build from nothing, where one was asked for.
    again: Option<Files>,
}

/// The files whose content is another one in each build of the same Dockerfile.
pub(crate) type Varying = BTreeSet<String>;

/// The files of base images, by their names; none of those that cannot be had.
type Bases = BTreeMap<String, Option<Files>>;

/// Verifies the rewrite that `rewrite` makes without the passes that it is given. Where it fails, it is repaired, and
/// where that fails too, made again without one more pass. Without `repairs`, it is compared once and left as it is.
///
/// # Errors
/// If the engine fails or the user stops it. A file that does not build is an answer, and no error.
pub fn verify(
    bench: &Workbench,
    request: &Request,
    repairs: bool,
    rewrite: &mut dyn FnMut(&[String]) -> anyhow::Result<Candidate>,
    listener: Listener<'_>,
) -> Result<Verification, VerifyError> {
    let mut candidate = rewrite(&[])?;
    let file = syntax::parse(&request.name, &request.original)?;
    // What the engine lacks is said before anything is built.
    bench.engine.knows(&file)?;
    bench.engine.knows(&syntax::parse(&request.name, &candidate.text)?)?;
    let mut answer = Verification {
        file: request.name.clone(),
        outcome: Outcome::OriginalFails,
        text: request.original.clone(),
        ignore: None,
        repairs: Vec::new(),
        switched_off: Vec::new(),
        rounds: Vec::new(),
        image: None,
    };
    let (frozen, request) = Frozen::of(request, bench)?;
    let request = &request;
    let mut original = match build_original(bench, request, file, listener) {
        Ok(original) => original,
        Err(error) if error.is_failed_build() => {
            frozen.check()?;
            answer.rounds.push(Round {
                what: "build the original".to_owned(),
                checks: vec![Check::failed(
                    "builds",
                    format!("{error}\nnothing can be said about the rewrite"),
                )],
                removed: Vec::new(),
                image: None,
            });
            return Ok(answer);
        }
        Err(error) => return Err(error.into()),
    };
    answer.image = Some(original.built(bench, request)?);

    let mut what = "compare the rewrite".to_owned();
    let mut added = 0;
    // What could not be helped by adding something.
    let mut hopeless: Vec<Lack> = Vec::new();
    let mut search: Option<Search> = None;
    // Rewrites as they were made, and how much was wrong with them at the end.
    let mut known: Vec<(Candidate, usize)> = Vec::new();
    let mut made = candidate.clone();
    loop {
        listener(Event::Step(&what));
        let number = answer.rounds.len() + 1;
        let mut round = compare(
            bench,
            request,
            &mut original,
            &candidate,
            number,
            what.clone(),
            listener,
        )?;
        if let (true, Some(before), Some(after)) = (repairs, &answer.image, &round.image) {
            // Only a rewrite of Plimsoll's own is there to make an image smaller. What was added or switched off may have
            // taken what a split was to gain.
            let must_pay = number > 1 && candidate.passes.contains(&SplitStages.id());
            round.checks.push(checks::size(&before.sizes, &after.sizes, must_pay));
        }
        let failed: Vec<&'static str> = round.failed().map(|check| check.id).collect();
        // Also where nothing failed: then the images may agree about files that are not there any more.
        frozen.check()?;
        let mut wrong = round.wrong();
        let lacks: Vec<Lack> = round
            .checks
            .iter()
            .flat_map(|check| &check.findings)
            .filter_map(|finding| finding.lack.clone())
            .collect();
        answer.rounds.push(round);
        if failed.is_empty() || !repairs {
            let is_first = answer.rounds.len() == 1;
            answer.outcome = match (failed.is_empty(), is_first) {
                (false, _) => Outcome::Failed,
                (true, true) => Outcome::Passed,
                (true, false) => Outcome::Repaired,
            };
            if failed.is_empty() {
                answer.text = candidate.text;
                answer.ignore = candidate.ignore;
            }
            return Ok(answer);
        }
        let subject = subject_of(request, &original.file, &candidate);
        let repaired = (added < MOST_REPAIRS && lacks.iter().any(|lack| !hopeless.contains(lack)))
            .then(|| repair::repaired(&request.name, &candidate.text, &lacks, &original.files, &subject))
            .flatten();
        if let Some((text, notes)) = repaired {
            added += 1;
            what = notes.join(", ");
            answer.repairs.extend(notes);
            candidate.text = text;
            continue;
        }
        hopeless.extend(lacks);
        known.push((made, wrong));
        answer.repairs.clear();
        added = 0;
        let search = search.get_or_insert_with(|| Search::new(&candidate.passes, &failed, wrong));
        loop {
            let Some(off) = search.next(wrong) else {
                answer.outcome = Outcome::Original;
                answer.switched_off = search.all();
                return Ok(answer);
            };
            answer.switched_off = off.iter().map(|pass| (*pass).to_owned()).collect();
            candidate = rewrite(&answer.switched_off)?;
            search.learn(&candidate.passes);
            if candidate.text == request.original && candidate.ignore.is_none() {
                // The way out that is always there; something better may be left to try.
                wrong = usize::MAX;
                continue;
            }
            let is_same = |other: &Candidate| other.text == candidate.text && other.ignore == candidate.ignore;
            match known.iter().find(|(other, _)| is_same(other)) {
                Some((_, as_before)) => wrong = *as_before,
                None => break,
            }
        }
        made = candidate.clone();
        what = format!(
            "switch off {}, as {} failed",
            answer.switched_off.join(" and "),
            failed.join(" and ")
        );
    }
}

impl Round {
    /// The checks that failed.
    fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.is_failed())
    }

    /// How much is wrong. What does not build is as wrong as can be.
    fn wrong(&self) -> usize {
        if self.image.is_none() {
            return usize::MAX;
        }
        self.failed().map(|check| check.findings.len().max(1)).sum()
    }
}

fn subject_of(request: &Request, original: &syntax::Dockerfile, candidate: &Candidate) -> Subject {
    Subject::of(
        original,
        request.context.clone(),
        &request.arguments,
        candidate.ignore.as_deref(),
    )
}

fn inputs(request: &Request, ignore: Option<&str>) -> Inputs {
    let own = request
        .context
        .as_ref()
        .and_then(|context| context.ignore_text())
        .map(str::to_owned);
    Inputs {
        context: request.folder.clone(),
        ignore: ignore.map(str::to_owned).or(own),
        arguments: request.arguments.clone(),
        ..Inputs::default()
    }
}

fn build_original(
    bench: &Workbench,
    request: &Request,
    file: syntax::Dockerfile,
    listener: Listener<'_>,
) -> Result<Original, EngineError> {
    listener(Event::Step("build the original"));
    let image = bench.build("original", &request.original, &inputs(request, None), &mut |line| {
        listener(Event::Line(line))
    })?;
    Ok(Original {
        files: files_of(
            bench,
            &image,
            &Subject::of(&file, request.context.clone(), &request.arguments, None),
        )?,
        configuration: bench.configuration(&image)?,
        image,
        file,
        bases: Bases::new(),
        again: None,
    })
}

impl Original {
    /// Builds it once more from nothing, and gives the files whose content is another one each time. Where it does not
    /// build any more, the network or the engine is not what it was, and says nothing about a rewrite.
    fn varying(
        &mut self,
        bench: &Workbench,
        request: &Request,
        listener: Listener<'_>,
    ) -> Result<Varying, VerifyError> {
        if self.again.is_none() {
            listener(Event::Step("build the original again"));
            let inputs = Inputs {
                is_cold: true,
                ..inputs(request, None)
            };
            let built = bench.build("original-again", &request.original, &inputs, &mut |line| {
                listener(Event::Line(line));
            });
            let image = built.map_err(|error| match error {
                error if error.is_failed_build() => VerifyError::OriginalFailsNow(error),
                error => error.into(),
            })?;
            self.again = Some(files_of(
                bench,
                &image,
                &Subject::of(&self.file, request.context.clone(), &request.arguments, None),
            )?);
        }
        let again = self.again.iter().flat_map(|files| &files.entries);
        let differs = |path: &String, other: &Content| {
            let first = self.files.entries.get(path);
            first.is_some_and(|entry| entry.content != *other)
        };
        Ok(again
            .filter(|(path, entry)| differs(path, &entry.content))
            .map(|(path, _)| path.clone())
            .collect())
    }

    /// Its image in figures.
    fn built(&mut self, bench: &Workbench, request: &Request) -> Result<Built, EngineError> {
        let subject = Subject::of(&self.file, request.context.clone(), &request.arguments, None);
        let inputs = inputs(request, None);
        let base = known_base(&mut self.bases, bench, subject.base.as_deref(), &inputs, &subject)?;
        Ok(Built {
            sizes: Sizes::of(bench, &self.image, &self.files, base, &subject),
            seconds: self.image.time.as_secs_f64(),
        })
    }
}

/// Builds a candidate and compares it with the original.
fn compare(
    bench: &Workbench,
    request: &Request,
    original: &mut Original,
    candidate: &Candidate,
    number: usize,
    what: String,
    listener: Listener<'_>,
) -> Result<Round, VerifyError> {
    let mut round = Round {
        what,
        checks: Vec::new(),
        removed: Vec::new(),
        image: None,
    };
    let file = syntax::parse(&request.name, &candidate.text)?;
    bench.engine.knows(&file)?;
    let inputs = inputs(request, candidate.ignore.as_deref());
    let variant = format!("rewritten-{number}");
    let mut build = || {
        bench.build(&variant, &candidate.text, &inputs, &mut |line| {
            listener(Event::Line(line))
        })
    };
    // The original could be built: what fails now may be the network, which one more try tells from the file.
    let first = build();
    let is_doubtful = first.as_ref().is_err_and(EngineError::is_failed_build);
    let image = match if is_doubtful { build() } else { first } {
        Ok(image) => image,
        Err(error) if error.is_failed_build() => {
            if error.is_missing_image() {
                check_registry(bench, request, original)?;
            }
            original.varying(bench, request, listener)?;
            round.checks.push(Check::failed("builds", error.to_string()));
            return Ok(round);
        }
        Err(error) => return Err(error.into()),
    };
    listener(Event::Step("compare the images"));
    let subject = subject_of(request, &original.file, candidate);
    let files = files_of(bench, &image, &subject)?;
    let configuration = bench.configuration(&image)?;
    let own_base = final_base(&file);
    let base = known_base(&mut original.bases, bench, own_base.as_deref(), &inputs, &subject)?;
    round.image = Some(Built {
        sizes: Sizes::of(bench, &image, &files, base, &subject),
        seconds: image.time.as_secs_f64(),
    });
    let application = application(bench, request, original, (&files, &configuration), &subject, listener)?;
    let before = Side {
        files: &original.files,
        configuration: &original.configuration,
    };
    let after = Side {
        files: &files,
        configuration: &configuration,
    };
    // What another base image lacks went away with it.
    let replaced = subject.base.as_ref().filter(|base| own_base.as_ref() != Some(*base));
    let base = match replaced.map(|base| original.bases.get(base).and_then(Option::as_ref)) {
        None => BaseImage::Kept,
        Some(Some(files)) => BaseImage::Replaced(files),
        Some(None) => BaseImage::Unread,
    };
    let left_out = python::left_out(before, after, &subject);
    let (removed, groups) = checks::removed::removed(before, after, base, &subject, &left_out);
    round.removed = groups;
    round.checks.push(Check::passed(
        "builds",
        format!(
            "the original in {}, the rewrite in {}",
            seconds(original.image.time),
            seconds(image.time)
        ),
    ));
    round.checks.push(checks::configuration::configuration(before, after));
    round.checks.push(checks::packages::packages(before, after, &left_out));
    round.checks.push(application);
    round.checks.push(checks::libraries::libraries(before, after));
    listener(Event::Step("load modules and packages"));
    let (old, new) = ((&original.image, before), (&image, after));
    round.checks.push(checks::modules::modules(bench, old, new, &left_out)?);
    round
        .checks
        .push(checks::entry_point::entry_point(before, after, &subject.tools));
    listener(Event::Step("run the smoke test"));
    round
        .checks
        .push(checks::smoke::smoke(bench, old, new, &request.smoke)?);
    round.checks.push(removed);
    Ok(round)
}

/// Fails where the base image of the original cannot be pulled either: the engine has it from earlier, and what keeps it
/// from pulling another one is not the rewrite.
fn check_registry(bench: &Workbench, request: &Request, original: &Original) -> Result<(), VerifyError> {
    let Some(base) = final_base(&original.file) else {
        return Ok(());
    };
    let inputs = Inputs {
        is_pulled: true,
        ..inputs(request, None)
    };
    match bench.build("base-pulled", &format!("FROM {base}\n"), &inputs, &mut |_| {}) {
        Ok(_) => Ok(()),
        Err(error) if error.is_missing_image() => Err(VerifyError::NoRegistry { base, error }),
        Err(error) => Err(error.into()),
    }
}

/// Compares the files of the application. Where some differ, those that differ between two builds of the original, too,
/// are left out.
fn application(
    bench: &Workbench,
    request: &Request,
    original: &mut Original,
    (files, configuration): (&Files, &Value),
    subject: &Subject,
    listener: Listener<'_>,
) -> Result<Check, VerifyError> {
    let compared = |original: &Original, varying: &Varying| {
        let before = Side {
            files: &original.files,
            configuration: &original.configuration,
        };
        checks::application::application(before, Side { files, configuration }, subject, varying)
    };
    let first = compared(original, &Varying::new());
    // What is gone or has another mode is a difference however often the original is built.
    if !first.findings.iter().any(|finding| finding.lack.is_none()) {
        return Ok(first);
    }
    let varying = original.varying(bench, request, listener)?;
    Ok(compared(original, &varying))
}

/// The files of an image, and what rpm says of them where it alone knows.
fn files_of(bench: &Workbench, image: &Image, subject: &Subject) -> Result<Files, EngineError> {
    const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let mut files = bench.files(image)?;
    if files.system.is_unread && files.program(system::RPM_QUERY[0], PATH).is_some() {
        let command = system::RPM_QUERY.map(str::to_owned);
        let run = Run {
            command: Some(&command),
            is_root: true,
            ..Run::default()
        };
        let (_, said, _) = bench.run(image, &run)?;
        let family = subject.family.unwrap_or(Family::Fedora);
        files.system.rpm(&said, family, &subject.packages);
    }
    Ok(files)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The image that the final stage of `file` stands on.
fn final_base(file: &syntax::Dockerfile) -> Option<String> {
    let facts = Facts::of(file);
    let mut stage = facts.stages.last()?;
    loop {
        match &stage.base {
            Base::Image(image) => return Some(image.to_string()),
            Base::Stage(below) => stage = facts.stages.get(*below)?,
            Base::Scratch | Base::Unknown => return None,
        }
    }
}

/// The files of the base image `base`, read once.
fn known_base<'b>(
    bases: &'b mut Bases,
    bench: &Workbench,
    base: Option<&str>,
    inputs: &Inputs,
    subject: &Subject,
) -> Result<Option<&'b Files>, EngineError> {
    let Some(base) = base else { return Ok(None) };
    if !bases.contains_key(base) {
        let files = base_files(bench, &format!("base-{}", bases.len()), base, inputs, subject)?;
        bases.insert(base.to_owned(), files);
    }
    Ok(bases.get(base).and_then(Option::as_ref))
}

/// The files of a base image, built as `variant`. The engine's own builder has it, its list of images may not.
fn base_files(
    bench: &Workbench,
    variant: &str,
    base: &str,
    inputs: &Inputs,
    subject: &Subject,
) -> Result<Option<Files>, EngineError> {
    match bench.build(variant, &format!("FROM {base}\n"), inputs, &mut |_| {}) {
        Ok(image) => Ok(Some(files_of(bench, &image, subject)?)),
        Err(error) if error.is_failed_build() => Ok(None),
        Err(error) => Err(error),
    }
}
