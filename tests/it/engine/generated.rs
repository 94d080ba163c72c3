//! Generated Dockerfiles, built before and after the rewrite: `verify` compares the images file by file, and the start must
//! print the same. What `verify` lets go is what the design lets go: build tools, headers, caches.
//!
//! `PLIMSOLL_ENGINE_GENERATED=300` builds so many, `PLIMSOLL_GENERATED_FROM=40` begins with this number. An original that
//! does not build, or does not print what the generator says, is counted apart and proves nothing.

use std::collections::BTreeMap;
use std::env;

use anyhow::{Result, ensure};
use plimsoll::passes::Level;
use plimsoll::process::Limits;
use plimsoll::rewrite::Rewrite;
use plimsoll::verify::bench::{Inputs, Run, Workbench};
use plimsoll::verify::checks::smoke::Smoke;
use plimsoll::verify::engine::{Engine, Kind};
use plimsoll::verify::{Candidate, Outcome, Request, Round, verify};

use super::compare::compare_config;
use super::{gate, in_parallel, say};
use crate::generated::{Case, context_of, rewritten};

/// The level of a case: most are rewritten as users do without an option.
fn level_of(case: &Case) -> Level {
    match case.seed % 4 {
        0 => Level::Safe,
        1 => Level::Aggressive,
        _ => Level::Standard,
    }
}

/// How a case ended, as it is counted.
enum End {
    /// The rewrite changes nothing.
    Unchanged,
    /// The original does not build or does not print what it should.
    NoOriginal(String),
    /// The same before and after; the passes that changed something.
    Same(Vec<&'static str>),
}

#[test]
fn generated_files_work_as_before() {
    let Ok(count) = env::var("PLIMSOLL_ENGINE_GENERATED") else {
        return say("SKIPPED: generated files: PLIMSOLL_ENGINE_GENERATED=300 builds so many (an hour)");
    };
    if gate("generated files").is_none() {
        return;
    }
    let first: u64 = env::var("PLIMSOLL_GENERATED_FROM").map_or(0, |number| number.parse().unwrap());
    let numbers = first..first + count.parse::<u64>().unwrap();
    let results = in_parallel(numbers, |number| {
        let result = check(&Case::new(number));
        say(&match &result {
            Ok(End::NoOriginal(why)) => format!("engine: case {number}: no original: {why}"),
            Ok(_) => format!("engine: case {number}: fine"),
            Err(error) => format!("engine: case {number}: FAILED: {error:#}"),
        });
        (number, result)
    });
    let (mut counts, mut failures) = (BTreeMap::<String, usize>::new(), Vec::new());
    for (number, result) in results {
        for what in counted(&result) {
            *counts.entry(what).or_default() += 1;
        }
        failures.extend(result.err().map(|error| format!("case {number}: {error:#}")));
    }
    say(&format!("engine: generated files: {counts:?}"));
    assert!(
        failures.is_empty(),
        "{} fail:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

/// What to count of a result.
fn counted(result: &Result<End>) -> Vec<String> {
    match result {
        Err(_) => vec!["built".to_owned(), "changed".to_owned(), "different".to_owned()],
        Ok(End::NoOriginal(_)) => vec!["no original".to_owned()],
        Ok(End::Unchanged) => vec!["built".to_owned(), "unchanged".to_owned()],
        Ok(End::Same(passes)) => {
            let passes = passes.iter().map(|pass| format!("changed by {pass}"));
            passes.chain(["built".to_owned(), "changed".to_owned()]).collect()
        }
    }
}

/// Builds a case before and after.
fn check(case: &Case) -> Result<End> {
    let folder = tempfile::tempdir()?;
    case.write_to(folder.path());
    let engine = Engine::find(Some(Kind::Docker), &Limits::default())?;
    let bench = Workbench::new(engine, &format!("generated-{}", case.seed), false)?;
    let inputs = Inputs {
        context: folder.path().to_owned(),
        ..Inputs::default()
    };
    let rewrite = rewritten(case, &case.dockerfile, level_of(case));
    let original = match bench.build("original", &case.dockerfile, &inputs, &mut |_| {}) {
        Ok(image) => image,
        Err(error) => return Ok(End::NoOriginal(error.to_string())),
    };
    let before = bench.run(&original, &Run::default())?;
    if (before.0, before.1.as_str()) != (Some(0), case.prints.as_str()) {
        return Ok(End::NoOriginal(format!(
            "it prints {before:?}, not {:?}\n{}",
            case.prints, case.dockerfile
        )));
    }
    if rewrite.text == case.dockerfile {
        return Ok(End::Unchanged);
    }
    let texts = format!("--- before\n{}--- after\n{}", case.dockerfile, rewrite.text);
    let image = bench.build("rewritten", &rewrite.text, &inputs, &mut |_| {});
    let image = image.map_err(|error| anyhow::anyhow!("{error}\n{texts}"))?;
    let after = bench.run(&image, &Run::default())?;
    ensure!(
        (before.0, &before.1) == (after.0, &after.1),
        "it printed {before:?} and prints {after:?}\n{texts}"
    );
    compare_config(&bench.configuration(&original)?, &bench.configuration(&image)?)?;
    verified(case, &rewrite, &bench, folder.path(), &texts)?;
    let mut passes: Vec<&'static str> = rewrite.changes.iter().map(|change| change.pass).collect();
    passes.sort_unstable();
    passes.dedup();
    Ok(End::Same(passes))
}

/// Compares the files of both images as `plimsoll verify` does, without its repairs.
fn verified(case: &Case, rewrite: &Rewrite, bench: &Workbench, folder: &std::path::Path, texts: &str) -> Result<()> {
    let request = Request {
        name: "Dockerfile".to_owned(),
        original: case.dockerfile.clone(),
        folder: folder.to_owned(),
        context: Some(context_of(case)),
        arguments: Vec::new(),
        smoke: Smoke {
            command: Some("true".to_owned()),
            has_network: false,
        },
    };
    let candidate = Candidate::from(rewrite);
    let answer = verify(bench, &request, false, &mut |_| Ok(candidate.clone()), &mut |_| {})?;
    let failed: Vec<String> = answer.rounds.iter().flat_map(failed_checks).collect();
    ensure!(answer.outcome == Outcome::Passed, "{}\n{texts}", failed.join("\n"));
    Ok(())
}

fn failed_checks(round: &Round) -> Vec<String> {
    let failed = round.checks.iter().filter(|check| check.is_failed());
    failed
        .map(|check| {
            let findings: Vec<&str> = check
                .findings
                .iter()
                .take(8)
                .map(|finding| finding.what.as_str())
                .collect();
            format!("{}: {}: {}", check.id, check.reason, findings.join("; "))
        })
        .collect()
}
