//! Kinds of faults: `tests/fixtures/kinds/<kind>/<member>/` is a Dockerfile with its build context, and `kind.toml` says
//! what must be true of the rewrite. A kind is one fault of the tool; its members are different programs with which it
//! shows.
//!
//! What is asserted is behaviour, so that every right answer passes: a file that the program needs may be copied out of
//! the builder, or its step may stay in the last stage, or nothing may be changed. [`super::engine`] builds and runs
//! the same members.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll::context::ContextSource;
use plimsoll::passes::Level;
use plimsoll::rewrite::{Options, Rewrite, rewrite};
use plimsoll::syntax::{self, Arguments, Dockerfile, Instruction, Keyword};
use rayon::prelude::*;
use regex::Regex;
use serde::Deserialize;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kinds");

/// The least number of members by which a kind is known.
const FEWEST_MEMBERS: usize = 4;

/// One member of a kind.
pub struct Member {
    /// `<kind>/<member>`.
    pub name: String,
    /// What `kind.toml` says.
    pub declared: Declared,
    folder: PathBuf,
}

/// `kind.toml`. Texts that are looked for are regular expressions, in which `^` and `$` match at every line.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Declared {
    /// The kind of fault in one sentence, as a rule that the rewrite must keep.
    fault: String,
    /// The level of the rewrite.
    #[serde(default)]
    pub level: Level,
    /// Whether there must be more stages than before, or must not be; either is right if not given.
    splits: Option<bool>,
    /// Files that the last stage must have: from the step that writes them, or out of an earlier stage.
    #[serde(default)]
    carries: Vec<Carried>,
    /// Packages (as a regular expression, one of which is enough) that the last stage must have, by an install or by a
    /// base image of the original's size.
    #[serde(default)]
    needs: Vec<String>,
    /// Pairs of a step and a package: if the last stage has the step, it must have the package, too.
    #[serde(default)]
    steps_need: Vec<(String, String)>,
    /// Steps that the first stage must still have.
    #[serde(default)]
    builder_keeps: Vec<String>,
    /// Packages that no RUN of the last stage may install.
    #[serde(default)]
    unneeded: Vec<String>,
    /// What the rewritten Dockerfile must have.
    #[serde(default)]
    contains: Vec<String>,
    /// What it must not have.
    #[serde(default)]
    lacks: Vec<String>,
    /// Passes that must decline, each with a part of its obstacle or remedy.
    #[serde(default)]
    declines: Vec<(String, String)>,
    /// Passes (as a regular expression, one of which is enough) that must change something or say why they do not.
    #[serde(default)]
    answers: Vec<String>,
    /// What the rewritten Dockerfile does not have, or a message speaks of.
    #[serde(default)]
    gone_or_said: Vec<String>,
    /// What no message may say.
    #[serde(default)]
    never_says: Vec<String>,
    /// Why the tool is wrong here today. The mark goes when it is right.
    known: Option<String>,
    /// Why no engine of a test can build it; none if it can.
    pub no_engine: Option<String>,
    /// How the image is run; none if a build is enough.
    pub run: Option<Run>,
}

/// How an image is run, and what comes of it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Run {
    /// What follows the name of the image on the command line of `docker run`.
    #[serde(default)]
    pub args: Vec<String>,
    /// A part of what it prints.
    pub stdout: String,
    /// The exit code.
    #[serde(default)]
    pub code: i32,
}

/// A file that a step of the original writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Carried {
    /// The file or folder.
    path: String,
    /// The step that writes it, or makes its place there.
    by: String,
}

impl Member {
    /// The members of all kinds, by name; with `PLIMSOLL_KINDS=TEXT,TEXT`, those whose names contain one of the texts.
    pub fn all() -> Vec<Member> {
        let only = std::env::var("PLIMSOLL_KINDS").unwrap_or_default();
        let is_wanted = |member: &Member| only.split(',').any(|text| member.name.contains(text.trim()));
        let kinds = folders(Path::new(FIXTURES));
        let members = kinds.iter().flat_map(|kind| folders(kind)).map(Member::read);
        let members: Vec<Member> = members.filter(is_wanted).collect();
        assert!(!members.is_empty());
        members
    }

    fn read(folder: PathBuf) -> Member {
        let name = folder.strip_prefix(FIXTURES).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(folder.join("kind.toml")).unwrap();
        let declared = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Member { name, declared, folder }
    }

    /// Its Dockerfile.
    pub fn dockerfile(&self) -> String {
        fs::read_to_string(self.folder.join("Dockerfile")).unwrap()
    }

    /// Copies the build context, which does not have `kind.toml`, to `folder`.
    pub fn copy_to(&self, folder: &Path) {
        lay_over(&self.folder, folder);
        fs::remove_file(folder.join("kind.toml")).unwrap();
    }

    /// Rewrites the Dockerfile in `context`, and writes the .dockerignore that goes with it.
    pub fn rewritten(&self, text: &str, context: &Path) -> Rewrite {
        let mut options = Options {
            writes_dockerignore: true,
            ..Options::default()
        };
        options.passes.level = self.declared.level;
        options.passes.context = Some(Arc::new(ContextSource::open(context, None).unwrap()));
        let result = rewrite("Dockerfile", text, &options).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        if let Some(ignore) = result.dockerignore.as_ref().filter(|ignore| ignore.is_change()) {
            fs::write(context.join(".dockerignore"), &ignore.text).unwrap();
        }
        result
    }

    /// Whether the tool is known to be wrong here.
    pub fn is_known(&self) -> bool {
        self.declared.known.is_some()
    }

    /// What is wrong with the rewrite, a line for each assertion.
    fn faults(&self) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        self.copy_to(folder.path());
        let result = self.rewritten(&self.dockerfile(), folder.path());
        let Ok(after) = syntax::parse("Dockerfile", &result.text) else {
            return vec!["the result is no Dockerfile".to_owned()];
        };
        let before = syntax::parse("Dockerfile", &result.original).unwrap();
        let mut faults = Vec::new();
        let again = self.rewritten(&result.text, folder.path());
        if again.text != result.text {
            faults.push(format!("a second run changes it again:\n{}", again.text));
        }
        let is_more = stages(&after).len() > stages(&before).len();
        if self.declared.splits.is_some_and(|splits| splits != is_more) {
            faults.push(format!("there are more stages: {is_more}"));
        }
        self.check_files(&before, &after, &mut faults);
        self.check_packages(&before, &after, &mut faults);
        self.check_texts(&result, &mut faults);
        self.check_messages(&result, &mut faults);
        if !faults.is_empty() {
            faults.push(format!("--- rewritten:\n{}", result.text));
            faults.extend(messages(&result));
        }
        faults
    }

    /// What `kind.toml` names and what the start names by its whole path is in the last stage.
    fn check_files(&self, before: &Dockerfile, after: &Dockerfile, faults: &mut Vec<String>) {
        let stage = last_stage(after);
        for carried in &self.declared.carries {
            let is_written = has_step(&stage, &carried.by);
            if !is_written && !is_copied(&stage, &carried.path) {
                faults.push(format!("{} is not in the last stage", carried.path));
            }
        }
        for path in started_paths(before) {
            let is_named = |step: &&Instruction| !is_start(step) && step.text().contains(&path);
            let was_made = last_stage(before).iter().any(is_named);
            if was_made && !stage.iter().any(is_named) && !is_copied(&stage, &path) {
                faults.push(format!("{path}, which is started, is not in the last stage"));
            }
        }
    }

    fn check_packages(&self, before: &Dockerfile, after: &Dockerfile, faults: &mut Vec<String>) {
        let (stage_before, stage) = (last_stage(before), last_stage(after));
        let is_as_large = flavour(&base(before)) == flavour(&base(after));
        let has = |package: &str| installs(&stage, package) || (is_as_large && !installs(&stage_before, package));
        for need in &self.declared.needs {
            if !has(need) {
                faults.push(format!("the last stage does not have {need}"));
            }
        }
        for (step, need) in &self.declared.steps_need {
            if has_step(&stage, step) && !has(need) {
                faults.push(format!("the last stage runs {step}, and does not have {need}"));
            }
        }
        for step in &self.declared.builder_keeps {
            let first: Vec<&Instruction> = stages(after)[0].iter().collect();
            if !has_step(&first, step) {
                faults.push(format!("the first stage does not have {step}"));
            }
        }
        for package in &self.declared.unneeded {
            if installs(&stage, package) {
                faults.push(format!("the last stage installs {package}"));
            }
        }
    }

    fn check_texts(&self, result: &Rewrite, faults: &mut Vec<String>) {
        for text in &self.declared.contains {
            if !pattern(text).is_match(&result.text) {
                faults.push(format!("the result does not have `{text}`"));
            }
        }
        for text in &self.declared.lacks {
            if pattern(text).is_match(&result.text) {
                faults.push(format!("the result has `{text}`"));
            }
        }
    }

    fn check_messages(&self, result: &Rewrite, faults: &mut Vec<String>) {
        for (pass, reason) in &self.declared.declines {
            let reason = pattern(reason);
            let mut refusals = result.refusals.iter().filter(|refusal| refusal.pass == pass);
            if !refusals.any(|refusal| reason.is_match(&refusal.obstacle) || reason.is_match(&refusal.remedy)) {
                faults.push(format!("{pass} does not decline with `{reason}`"));
            }
        }
        for pass in &self.declared.answers {
            let changed = result.changes.iter().map(|change| change.pass);
            let declined = result.refusals.iter().map(|refusal| refusal.pass);
            let asked = pattern(&format!("^(?:{pass})$"));
            if !changed.chain(declined).any(|one| asked.is_match(one)) {
                faults.push(format!("{pass} says nothing"));
            }
        }
        let said = messages(result).join("\n");
        for text in &self.declared.gone_or_said {
            let text = pattern(text);
            if text.is_match(&result.text) && !text.is_match(&said) {
                faults.push(format!("the result has `{text}`, and no message says why"));
            }
        }
        for text in &self.declared.never_says {
            if pattern(text).is_match(&said) {
                faults.push(format!("a message says `{text}`"));
            }
        }
    }
}

#[test]
fn rewrites_are_right_for_every_member() {
    let checked: Vec<(Member, Vec<String>)> = Member::all()
        .into_par_iter()
        .map(|member| {
            let faults = member.faults();
            (member, faults)
        })
        .collect();
    let (mut failed, mut known) = (Vec::new(), Vec::new());
    for (member, faults) in checked {
        match (&member.declared.known, faults.is_empty()) {
            (None, true) => {}
            (None, false) => {
                let (fault, faults) = (&member.declared.fault, faults.join("\n"));
                failed.push(format!("{}: {fault}\n{faults}", member.name));
            }
            (Some(reason), false) => known.push(format!("{}: {reason}", member.name)),
            (Some(_), true) => failed.push(format!("{}: is right now: take out `known`", member.name)),
        }
    }
    eprintln!("known to be wrong: {}\n{}", known.len(), known.join("\n"));
    assert!(failed.is_empty(), "{} fail:\n\n{}", failed.len(), failed.join("\n\n"));
}

#[test]
fn every_kind_has_several_members() {
    for kind in folders(Path::new(FIXTURES)) {
        let members = folders(&kind).len();
        assert!(members >= FEWEST_MEMBERS, "{}: {members}", kind.display());
    }
}

/// The folders in a folder, by name.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn lay_over(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            lay_over(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn pattern(text: &str) -> Regex {
    Regex::new(&format!("(?m){text}")).unwrap()
}

/// What the passes say, a line for each change and refusal.
fn messages(result: &Rewrite) -> Vec<String> {
    let changes = result.changes.iter().map(|change| {
        let evidence: Vec<&str> = change.evidence.iter().map(|one| one.fact.as_str()).collect();
        format!(
            "+ {}: {}: {}: {}",
            change.pass,
            change.what,
            change.why,
            evidence.join("; ")
        )
    });
    let refusals = result.refusals.iter().map(|refusal| {
        let (what, obstacle) = (&refusal.what, &refusal.obstacle);
        format!("- {}: {what}: {obstacle}: {}", refusal.pass, refusal.remedy)
    });
    changes.chain(refusals).collect()
}

/// The stages, each from its FROM.
fn stages(file: &Dockerfile) -> Vec<&[Instruction]> {
    let starts: Vec<usize> = (0..file.instructions.len())
        .filter(|index| file.instructions[*index].keyword() == Keyword::From)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([file.instructions.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| &file.instructions[*start..end])
        .collect()
}

/// The stage that the word names, as a FROM or a COPY does.
fn stage_called<'a>(stages: &[&'a [Instruction]], name: &str) -> Option<&'a [Instruction]> {
    let is_called = |stage: &&&[Instruction]| match stage[0].node().words() {
        [_, _, own] => own.value.eq_ignore_ascii_case(name),
        _ => false,
    };
    stages.iter().find(is_called).copied()
}

/// The instructions of the last stage, after those of the stages that it is built on.
fn last_stage(file: &Dockerfile) -> Vec<&Instruction> {
    let stages = stages(file);
    let mut chain = vec![*stages.last().unwrap()];
    while let Some(below) = stage_called(&stages, &chain[0][0].node().words()[0].value) {
        chain.insert(0, below);
        assert!(chain.len() <= stages.len());
    }
    chain.into_iter().flatten().collect()
}

/// The image that the last stage is built on.
fn base(file: &Dockerfile) -> String {
    last_stage(file)[0].node().words()[0].value.clone()
}

/// The repository of an image, and whether it is a small variant of it.
fn flavour(image: &str) -> (String, bool) {
    let repository = image.split(':').next().unwrap_or_default().to_owned();
    (repository, image.contains("slim") || image.contains("alpine"))
}

fn is_start(step: &Instruction) -> bool {
    matches!(step.keyword(), Keyword::Cmd | Keyword::Entrypoint)
}

/// The absolute paths that CMD and ENTRYPOINT name.
fn started_paths(file: &Dockerfile) -> Vec<String> {
    let path = Regex::new(r#"(?:^|[\s"'=])(/[\w./-]+\w)"#).unwrap();
    let mut paths = Vec::new();
    for step in last_stage(file).into_iter().filter(|step| is_start(step)) {
        paths.extend(path.captures_iter(step.text()).map(|found| found[1].to_owned()));
    }
    paths
}

/// Whether a RUN of the stage has what the expression says.
fn has_step(stage: &[&Instruction], step: &str) -> bool {
    let step = pattern(step);
    let mut runs = stage.iter().filter(|step| step.keyword() == Keyword::Run);
    runs.any(|run| step.is_match(run.text()))
}

/// Whether a COPY from another stage or image brings the path, or a folder that has it.
fn is_copied(stage: &[&Instruction], path: &str) -> bool {
    let copies = stage.iter().filter(|step| step.keyword() == Keyword::Copy);
    let mut targets = copies
        .filter(|step| step.node().flag("from").is_some())
        .filter_map(|step| step.node().words().last());
    targets.any(|target| Path::new(path).starts_with(target.value.trim_end_matches('/')))
}

/// Whether a RUN of the stage installs a package that the expression matches.
fn installs(stage: &[&Instruction], package: &str) -> bool {
    let install = pattern(&format!(r"(?s)\b(?:install|add)\b.*[\s/](?:{package})(?:[\s;&=]|$)"));
    let mut runs = stage.iter().filter(|step| step.keyword() == Keyword::Run);
    runs.any(|step| match &step.node().arguments {
        Arguments::Shell(shell) => install.is_match(shell.text()),
        _ => install.is_match(step.text()),
    })
}
