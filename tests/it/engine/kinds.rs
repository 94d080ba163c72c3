//! The members of the kinds of faults, built and run as they are and as rewritten: both must print the same and end in
//! the same way. A member of which the tool is known to be wrong is built as it is only: that shows that it means
//! something.
//!
//! `PLIMSOLL_ENGINE_KINDS=TEXT,TEXT` takes the members whose names contain one of the texts, `all` takes all of them; without
//! it, none is built. `PLIMSOLL_KINDS_KNOWN=1` builds also the
//! rewrites that are known to be wrong, and says how they end.

use regex::Regex;
use std::env;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::docker::{self, docker};
use super::{Mode, gate, in_parallel, say};
use crate::kinds::{Member, Run};

/// How a container ended.
#[derive(Debug, PartialEq, Eq)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// An image that goes away with this.
struct Tag(String);

impl Drop for Tag {
    fn drop(&mut self) {
        let _ = docker(&["image", "rm", "--force", &self.0]).output();
    }
}

#[test]
fn members_of_every_kind_work_as_before() {
    let Ok(wanted) = env::var("PLIMSOLL_ENGINE_KINDS") else {
        return say("SKIPPED: the kinds of faults: PLIMSOLL_ENGINE_KINDS=all builds them (half an hour), or name some");
    };
    let Some(mode) = gate("the kinds of faults") else {
        return;
    };
    let is_wanted = |member: &Member| wanted == "all" || wanted.split(',').any(|part| member.name.contains(part));
    let members: Vec<Member> = Member::all().into_iter().filter(is_wanted).collect();
    assert!(!members.is_empty(), "PLIMSOLL_ENGINE_KINDS={wanted} names no member");
    let results = in_parallel(members, |member| {
        let error = check(&member, mode).err()?;
        say(&format!("engine: {}: FAILED: {error:#}", member.name));
        Some(format!("{}: {error:#}", member.name))
    });
    let failures: Vec<String> = results.into_iter().flatten().collect();
    assert!(
        failures.is_empty(),
        "{} failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

/// Builds and runs a member before and after.
fn check(member: &Member, mode: Mode) -> Result<()> {
    if let Some(reason) = &member.declared.no_engine {
        say(&format!("SKIPPED: {}: {reason}", member.name));
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    member.copy_to(folder.path());
    let text = member.dockerfile();
    if let Some(reason) = missing_image(&text) {
        ensure!(mode != Mode::Required, "{reason}");
        say(&format!("SKIPPED: {}: {reason}", member.name));
        return Ok(());
    }
    let before = ended(member, "before", &text, folder.path())?;
    if let (Some(run), Some(ended)) = (&member.declared.run, &before) {
        ensure!(
            ended.code == Some(run.code) && ended.stdout.contains(&run.stdout),
            "the original ends otherwise: {ended:?}"
        );
    }
    let is_known = member.is_known();
    if is_known && env::var_os("PLIMSOLL_KINDS_KNOWN").is_none() {
        say(&format!("engine: {}: the original works", member.name));
        return Ok(());
    }
    let rewrite = member.rewritten(&text, folder.path());
    if let Some(reason) = missing_image(&rewrite.text) {
        ensure!(mode != Mode::Required, "{reason}");
        say(&format!("SKIPPED: {}: rewritten: {reason}", member.name));
        return Ok(());
    }
    let after = ended(member, "after", &rewrite.text, folder.path());
    let result = after.with_context(|| rewrite.text.clone()).and_then(|after| {
        let (before, after) = (before.as_ref().map(Ended::shown), after.as_ref().map(Ended::shown));
        ensure!(before == after, "{before:?} before, {after:?} after:\n{}", rewrite.text);
        Ok(())
    });
    match (is_known, result) {
        (false, result) => result?,
        (true, result) => say(&format!("engine: {}: known to be wrong: {result:?}", member.name)),
    }
    say(&format!("engine: {}: the same before and after", member.name));
    Ok(())
}

impl Ended {
    /// What a user can tell: what goes to stderr differs in times and paths, and tools print how long they took.
    fn shown(&self) -> (Option<i32>, String) {
        let time = Regex::new(r"\b\d+(\.\d+)? ?m?s\b").unwrap();
        (self.code, time.replace_all(self.stdout.trim_end(), "TIME").into_owned())
    }
}

/// Why an image of a FROM is not to be had.
fn missing_image(text: &str) -> Option<String> {
    let froms: Vec<Vec<&str>> = text
        .lines()
        .filter_map(|line| Some(line.strip_prefix("FROM ")?.split_whitespace().collect()))
        .collect();
    let stages: Vec<&str> = froms.iter().filter_map(|words| words.get(2).copied()).collect();
    let images = froms.iter().filter_map(|words| words.first().copied());
    let mut wanted = images.filter(|image| *image != "scratch" && !stages.contains(image));
    wanted.find_map(|image| docker::provide(image).err())
}

/// Builds an image, and runs it where the member says how.
fn ended(member: &Member, variant: &str, text: &str, context: &Path) -> Result<Option<Ended>> {
    let name = member.name.replace('/', "-");
    let tag = Tag(format!("plimsoll-kinds-{}-{name}:{variant}", std::process::id()));
    std::fs::write(context.join("Dockerfile"), text)?;
    let folder = context.to_string_lossy();
    let built = docker(&["build", "--progress=plain", "--tag", &tag.0, &folder]).output()?;
    ensure!(
        built.status.success(),
        "the build fails: {}",
        tail(&String::from_utf8_lossy(&built.stderr))
    );
    member.declared.run.as_ref().map(|run| start(run, &tag.0)).transpose()
}

fn start(run: &Run, image: &str) -> Result<Ended> {
    let mut args = vec!["run", "--rm", "--network=none", image];
    args.extend(run.args.iter().map(String::as_str));
    let output = docker(&args).output()?;
    Ok(Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The last lines of a log.
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}
