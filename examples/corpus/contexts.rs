//! The pipeline over checked-out repositories: each Dockerfile with its context, and what is proposed for its
//! .dockerignore.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll::context::{ContextSource, Verdict, locate};
use plimsoll::effects::copied_sources;
use plimsoll::passes::dockerignore::Proposal;
use plimsoll::rewrite::{Options, rewrite};
use plimsoll::syntax;
use rayon::prelude::*;

/// Names that may be kept out of a folder that a COPY names: nobody means them.
const NOBODY_MEANS: &[&str] = &[
    "node_modules",
    "bower_components",
    ".venv",
    "venv",
    "env",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".tox",
    ".nox",
    ".ipynb_checkpoints",
    ".eslintcache",
    ".parcel-cache",
    ".nyc_output",
    ".turbo",
    ".sass-cache",
    ".gradle",
    ".terraform",
    ".vscode",
    ".idea",
    ".DS_Store",
    "Thumbs.db",
    ".hypothesis",
];

/// What one Dockerfile with its context came to.
pub struct Outcome {
    pub path: PathBuf,
    pub fault: Option<String>,
    /// What is said of it, to be counted.
    pub counts: Vec<String>,
    pub text: Option<String>,
    pub proposal: Option<Proposal>,
    /// The line of a report.
    pub result: Option<String>,
}

/// Runs over every Dockerfile in every repository in `folder`.
pub fn run(folder: &Path, options: &Options) -> Vec<Outcome> {
    let repositories = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = repositories.flat_map(|repository| dockerfiles(&repository)).collect();
    paths.sort();
    paths
        .into_par_iter()
        .map(|path| {
            let outcome = std::panic::catch_unwind(|| judge(&path, options));
            outcome.unwrap_or_else(|_| Outcome::fault(&path, "panic".to_owned()))
        })
        .collect()
}

impl Outcome {
    fn new(path: &Path) -> Outcome {
        Outcome {
            path: path.to_owned(),
            fault: None,
            counts: Vec::new(),
            text: None,
            proposal: None,
            result: None,
        }
    }

    fn fault(path: &Path, fault: String) -> Outcome {
        Outcome {
            fault: Some(fault),
            ..Outcome::new(path)
        }
    }
}

fn dockerfiles(repository: &Path) -> Vec<PathBuf> {
    let Ok(context) = ContextSource::open(repository, None) else {
        return Vec::new();
    };
    let entries = context.walk().entries.iter();
    let named = entries.filter(|entry| {
        let name = entry.path.rsplit('/').next().unwrap_or_default().to_lowercase();
        let is_dockerfile = name == "dockerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile");
        is_dockerfile && !name.ends_with(".dockerignore") && !entry.path.contains(".git/")
    });
    named
        .map(|entry| repository.join(&entry.path))
        .filter(|path| path.is_file())
        .collect()
}

fn judge(path: &Path, options: &Options) -> Outcome {
    let name = path.display().to_string();
    let mut outcome = Outcome::new(path);
    let Ok(text) = std::fs::read_to_string(path) else {
        outcome.counts.push("not UTF-8".to_owned());
        return outcome;
    };
    let Ok(file) = syntax::parse(&name, &text) else {
        outcome.counts.push("rejected".to_owned());
        return outcome;
    };
    let sources = copied_sources(&file);
    let location = locate(path, None, &sources);
    let context = match ContextSource::open(&location.root, Some(path)) {
        Ok(context) => Arc::new(context),
        Err(_) => {
            outcome.counts.push("no context".to_owned());
            return outcome;
        }
    };
    let with = |context: &Arc<ContextSource>| {
        let mut options = options.clone();
        options.passes.context = Some(Arc::clone(context));
        options.writes_dockerignore = true;
        options
    };
    let first = match rewrite(&name, &text, &with(&context)) {
        Ok(first) => first,
        Err(error) => return Outcome::fault(path, format!("rewrite fails: {error}")),
    };
    let mut passes: Vec<&str> = first.changes.iter().map(|change| change.pass).collect();
    passes.dedup();
    outcome
        .counts
        .extend(passes.into_iter().map(|pass| format!("changed by {pass}")));
    outcome.result = Some(super::results::line(path, &first));
    let mut after = Arc::clone(&context);
    if let Some(proposal) = first.dockerignore {
        match context.with_ignore_text(&proposal.text) {
            Ok(other) => after = Arc::new(other),
            Err(error) => return Outcome::fault(path, format!("the .dockerignore is rejected: {error}")),
        }
        if !proposal.text.starts_with(&proposal.original) {
            return Outcome::fault(path, "the .dockerignore does not begin with what it was".to_owned());
        }
        if proposal.after.bytes > proposal.before.bytes {
            return Outcome::fault(path, "more is sent than before".to_owned());
        }
        let is_root = |source: &String| source.trim_matches(['/', '.']).is_empty();
        let is_whole = sources.iter().any(is_root);
        outcome
            .counts
            .push(format!("takes {}", if is_whole { "everything" } else { "named files" }));
        outcome.counts.push(match (proposal.is_change(), proposal.exists) {
            (true, true) => ".dockerignore extended".to_owned(),
            (true, false) => ".dockerignore created".to_owned(),
            (false, true) => ".dockerignore left as it is".to_owned(),
            (false, false) => "no .dockerignore needed".to_owned(),
        });
        outcome
            .counts
            .extend(proposal.patterns.iter().map(|added| format!("adds {}", added.group)));
        outcome
            .counts
            .extend(proposal.kept.iter().map(|kept| format!("keeps {}", kept.pattern)));
        if let Err(fault) = unhurt(&context, &after, path, &location.root) {
            return Outcome::fault(path, fault);
        }
        outcome.proposal = Some(proposal);
    } else {
        outcome.counts.push("takes nothing".to_owned());
    }
    match rewrite(&name, &first.text, &with(&after)) {
        Err(error) => outcome.fault = Some(format!("the rewrite is rejected: {error}")),
        Ok(second) => {
            if second.text != first.text {
                outcome.fault = Some("a second run changes the Dockerfile again".to_owned());
            } else if let Some(again) = second.dockerignore.filter(Proposal::is_change) {
                let patterns: Vec<String> = again.patterns.into_iter().map(|added| added.pattern).collect();
                outcome.fault = Some(format!("a second run adds {}", patterns.join(", ")));
            }
        }
    }
    outcome.text = Some(first.text);
    outcome
}

/// Checks for the Dockerfile and for every other one with the same context that COPY finds what it found, with nothing
/// of the proposal's own reasoning: sources by COPY's rules, files by the matcher that is held against the engine.
fn unhurt(before: &ContextSource, after: &ContextSource, path: &Path, root: &Path) -> Result<(), String> {
    let own_file = before
        .ignore_file()
        .is_some_and(|file| file.file_name().is_some_and(|name| name != ".dockerignore"));
    let others = if own_file { Vec::new() } else { dockerfiles(root) };
    for dockerfile in others.iter().map(PathBuf::as_path).chain([path]) {
        let Ok(text) = std::fs::read_to_string(dockerfile) else {
            continue;
        };
        let Ok(file) = syntax::parse("Dockerfile", &text) else {
            continue;
        };
        let sources = copied_sources(&file);
        let has_own = PathBuf::from(format!("{}.dockerignore", dockerfile.display())).exists();
        if dockerfile != path && (has_own || locate(dockerfile, None, &sources).root != root) {
            continue;
        }
        for source in sources
            .iter()
            .filter(|source| !source.contains("://") && !source.starts_with("<<"))
        {
            let place = || format!("{} copies {source}", dockerfile.display());
            let (was, is) = (before.glob(source), after.glob(source));
            if was != is {
                return Err(format!("{}: {was:?} is {is:?} now", place()));
            }
            let folders: BTreeSet<&String> = was.iter().filter(|found| !found.is_empty()).collect();
            let lost = lost(before, after, &folders);
            if let Some(lost) = lost {
                return Err(format!("{}: {lost} is gone", place()));
            }
        }
    }
    Ok(())
}

/// A file in one of `folders` that is sent no longer and that somebody may mean.
fn lost(before: &ContextSource, after: &ContextSource, folders: &BTreeSet<&String>) -> Option<String> {
    let measure = before.measure();
    let sent = folders
        .iter()
        .flat_map(|folder| measure.under(folder))
        .filter(|measured| measured.is_sent);
    let mut gone = sent.filter(|measured| after.ignore().path(&measured.entry.path) != Verdict::Sent);
    let gone = gone.find(|measured| !measured.entry.path.split('/').any(|part| NOBODY_MEANS.contains(&part)))?;
    Some(gone.entry.path.clone())
}

/// Prints faults and counts, and writes the results into `out`; false if there are faults.
pub fn report(outcomes: &[Outcome], out: Option<&Path>) -> bool {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut broken = 0;
    for (number, outcome) in outcomes.iter().enumerate() {
        if let Some(fault) = &outcome.fault {
            broken += 1;
            eprintln!("{}: {fault}", outcome.path.display());
        }
        let unique: BTreeSet<&String> = outcome.counts.iter().collect();
        unique.into_iter().for_each(|key| *counts.entry(key).or_default() += 1);
        let Some(out) = out else { continue };
        let _ = std::fs::create_dir_all(out);
        if let Some(text) = &outcome.text {
            let _ = std::fs::write(out.join(format!("{number:04}.Dockerfile")), text);
        }
        if let Some(proposal) = &outcome.proposal {
            let mut text = format!("## {}\n{}", outcome.path.display(), proposal.text);
            for kept in &proposal.kept {
                text.push_str(&format!("## keeps {}: {}\n", kept.pattern, kept.obstacle));
            }
            let (before, after) = (proposal.before.bytes, proposal.after.bytes);
            text.push_str(&format!("## {before} bytes before, {after} after\n"));
            let _ = std::fs::write(out.join(format!("{number:04}.proposal")), text);
        }
    }
    eprintln!("{} Dockerfiles with their contexts, broken: {broken}", outcomes.len());
    for (key, number) in counts {
        eprintln!("{number:7}  {key}");
    }
    broken == 0
}
