//! One example: rewritten, verified, its targets too, and measured.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use plimsoll::context::ContextSource;
use plimsoll::facts::Facts;
use plimsoll::passes::PassOptions;
use plimsoll::process::{Cancel, Limits};
use plimsoll::rewrite::{Options, rewrite};
use plimsoll::syntax;
use plimsoll::verify::bench::Workbench;
use plimsoll::verify::checks::smoke::Smoke;
use plimsoll::verify::engine::Engine;
use plimsoll::verify::figures::measure;
use plimsoll::verify::{Candidate, Event, Outcome, Request, Verification, verify};
use tempfile::TempDir;

use super::guides::{Guide, folder};
use super::table::Measured;

/// The bytes of one file of a developer's bulk.
const PIECE: u64 = 10_000_000;

/// Rewrites, verifies and measures the example of `guide`.
pub fn run(guide: &Guide, day: String, cancel: &Cancel) -> Result<Measured> {
    let project = project(guide)?;
    let file = project.path().join("Dockerfile");
    let original = fs::read_to_string(&file)?;
    let context = Arc::new(ContextSource::open(project.path(), Some(&file))?);
    let limits = Limits {
        cancel: cancel.clone(),
        timeout: None,
    };
    let bench = Workbench::new(Engine::find(None, &limits)?, "benchmark", false)?;
    let request = Request {
        name: format!("examples/{}/Dockerfile", guide.example),
        original: original.clone(),
        folder: project.path().to_owned(),
        context: Some(Arc::clone(&context)),
        arguments: Vec::new(),
        smoke: Smoke::default(),
    };
    let mut candidate = |skip: &[String]| {
        let options = Options {
            passes: PassOptions {
                context: Some(Arc::clone(&context)),
                ..PassOptions::default()
            },
            skip: skip.to_vec(),
            writes_dockerignore: true,
            ..Options::default()
        };
        Ok(Candidate::from(&rewrite(&request.name, &original, &options)?))
    };
    let answer = verify(&bench, &request, true, &mut candidate, &mut shown)?;
    if !matches!(answer.outcome, Outcome::Passed | Outcome::Repaired) {
        bail!("{}: {}", request.name, failures(&answer));
    }
    let passed = Candidate {
        text: answer.text.clone(),
        ignore: answer.ignore.clone(),
        passes: Vec::new(),
    };
    let mut targets = BTreeMap::new();
    for target in &guide.targets {
        targets.insert(target.clone(), verified_target(&bench, &request, &passed, target)?);
    }
    let unchanged = Candidate {
        text: original.clone(),
        ignore: None,
        passes: Vec::new(),
    };
    let before = measure(&bench, &request, &unchanged, "original", &mut shown)?;
    let after = measure(&bench, &request, &passed, "rewritten", &mut shown)?;
    let sent = |figures: &plimsoll::verify::figures::Figures| figures.context.map_or(0, |context| context.bytes);
    Ok(Measured {
        day,
        outcome: if answer.outcome == Outcome::Passed {
            "passed"
        } else {
            "repaired"
        }
        .to_owned(),
        changes: [answer.repairs, answer.switched_off].concat(),
        image: [before.sizes.stored(), after.sizes.stored()],
        cold: [before.cold_seconds, after.cold_seconds],
        rebuild: before
            .rebuild
            .as_ref()
            .zip(after.rebuild.as_ref())
            .map(|(old, new)| [old.seconds, new.seconds]),
        context: [sent(&before), sent(&after)],
        targets,
    })
}

/// The example with what a developer's folder holds beside the repository.
fn project(guide: &Guide) -> Result<TempDir> {
    let project = tempfile::tempdir()?;
    copy(&folder().join(&guide.example), project.path())?;
    for (name, megabytes) in &guide.bulk {
        let place = project.path().join(name);
        fs::create_dir_all(&place)?;
        if name.ends_with(".venv") {
            fs::write(place.join("pyvenv.cfg"), "home = /usr/bin\n")?;
        }
        let pieces = (megabytes * 1_000_000).div_ceil(PIECE);
        for number in 0..pieces {
            let mut file = fs::File::create(place.join(format!("{number}.bin")))?;
            let bytes = (megabytes * 1_000_000 - number * PIECE).min(PIECE);
            // Each file is another one, so that no engine stores it once.
            file.write_all(&number.to_le_bytes())?;
            file.write_all(&vec![b'x'; usize::try_from(bytes)?.saturating_sub(8)])?;
        }
    }
    Ok(project)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// How the stage `target` of the rewrite compares with that of the original: both files up to its end.
fn verified_target(bench: &Workbench, request: &Request, passed: &Candidate, target: &str) -> Result<String> {
    let request = Request {
        original: up_to(&request.original, target)?,
        ..request.clone()
    };
    let candidate = Candidate {
        text: up_to(&passed.text, target)?,
        ..passed.clone()
    };
    let answer = verify(bench, &request, false, &mut |_| Ok(candidate.clone()), &mut shown)?;
    match answer.outcome {
        Outcome::Passed => Ok("passed".to_owned()),
        _ => bail!("the target {target}: {}", failures(&answer)),
    }
}

/// `text` up to the end of the stage `target`.
fn up_to(text: &str, target: &str) -> Result<String> {
    let mut file = syntax::parse("Dockerfile", text)?;
    let facts = Facts::of(&file);
    let stage = facts.stages.iter().find(|stage| stage.name.as_deref() == Some(target));
    let stage = stage.with_context(|| format!("there is no stage {target} any more"))?;
    file.instructions.truncate(stage.instructions.end);
    file.epilogue.clear();
    Ok(file.emit())
}

fn failures(answer: &Verification) -> String {
    let checks = answer
        .rounds
        .last()
        .map(|round| round.checks.as_slice())
        .unwrap_or_default();
    let failed = checks.iter().filter(|check| check.is_failed());
    let told: Vec<String> = failed
        .map(|check| {
            let findings: Vec<&str> = check.findings.iter().map(|finding| finding.what.as_str()).collect();
            format!("{}: {} {}", check.id, check.reason, findings.join("; "))
        })
        .collect();
    told.join("\n")
}

fn shown(event: Event<'_>) {
    match event {
        Event::Step(what) => eprintln!("==> {what}"),
        Event::Line(line) => eprintln!("    {line}"),
    }
}
