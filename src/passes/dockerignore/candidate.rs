//! Patterns of the table that match something in a context, or are usual for what is in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::context::{ContextSource, DockerIgnore, Entry, Kind, Measure, Verdict, matches_name};
use crate::passes::Level;

use crate::context::git_ignored::GitIgnored;
use crate::context::mentions::is_code;
use crate::effects::context_use::others::is_dockerfile;
use crate::effects::context_use::{Build, Reached};
use crate::knowledge::ignore_patterns::{Group, Guard, Known, Project, catalog};

/// The smallest folder of data that is worth a line.
const LEAST_DATA: u64 = 1024 * 1024;

/// What a build sends now, ready for questions.
pub(super) struct Tree<'c> {
    pub(super) context: &'c ContextSource,
    /// Everything that is sent, in tree order.
    pub(super) entries: Vec<&'c Entry>,
    by_path: BTreeMap<&'c str, usize>,
}

impl<'c> Tree<'c> {
    pub(super) fn of(measure: &Measure<'c>, context: &'c ContextSource) -> Tree<'c> {
        let sent = measure.entries().iter().filter(|measured| measured.is_sent);
        let entries: Vec<&Entry> = sent.map(|measured| measured.entry).collect();
        let by_path = entries
            .iter()
            .enumerate()
            .map(|(number, entry)| (entry.path.as_str(), number));
        Tree {
            context,
            by_path: by_path.collect(),
            entries,
        }
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.by_path.contains_key(path)
    }

    pub(super) fn is_file(&self, path: &str) -> bool {
        let entry = self.by_path.get(path).and_then(|number| self.entries.get(*number));
        entry.is_some_and(|entry| entry.kind != Kind::Folder)
    }

    /// What is in `folder`, at any depth.
    pub(super) fn under(&self, folder: &str) -> impl Iterator<Item = &'c Entry> {
        let start = self.by_path.get(folder).map_or(self.entries.len(), |number| number + 1);
        let rest = self.entries.get(start..).unwrap_or_default().iter().copied();
        let prefix = format!("{folder}/");
        rest.take_while(move |entry| entry.path.starts_with(&prefix))
    }

    /// Whether the context is the root of a repository, as far as it shows.
    fn is_repository(&self) -> bool {
        let at_root = |name: &str| self.context.read_unfiltered(name).is_some();
        let mut above = self
            .context
            .root()
            .into_iter()
            .flat_map(|root| root.ancestors().skip(1));
        let is_inside = self.context.root().is_some_and(|root| !root.join(".git").exists())
            && above.any(|folder| folder.join(".git").exists());
        self.has(".git") || !is_inside && (at_root(".gitignore") || at_root(".gitattributes") || self.has(".github"))
    }

    /// The folders in which the kind of project is, at which what is usual for it would appear.
    fn projects(&self, project: Project) -> BTreeSet<String> {
        let folder = |path: &str| {
            path.rsplit_once('/')
                .map_or(String::new(), |(folder, _)| folder.to_owned())
        };
        let holding = |is_sign: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
            let files = self.entries.iter().filter(|entry| entry.kind == Kind::File);
            let paths = files.map(|entry| entry.path.as_str());
            paths
                .filter(|path| !path.contains("node_modules/") && is_sign(path))
                .map(folder)
                .collect()
        };
        let named = |names: &[&str], path: &str| names.contains(&path.rsplit('/').next().unwrap_or(path));
        match project {
            Project::All => BTreeSet::from([String::new()]),
            Project::Git => self.is_repository().then(String::new).into_iter().collect(),
            Project::Node => holding(&|path| named(&["package.json"], path)),
            Project::Python => holding(&|path| {
                named(
                    &["requirements.txt", "pyproject.toml", "setup.py", "Pipfile", "manage.py"],
                    path,
                )
            }),
            Project::Rust => holding(&|path| named(&["Cargo.toml"], path)),
        }
    }

    /// The folders with Python code, in which Python would put its caches; none where Python is only for some tool.
    fn python_code(&self) -> BTreeSet<String> {
        let projects = self.projects(Project::Python);
        let is_at_root = |entry: &&&Entry| entry.path.ends_with(".py") && !entry.path.contains('/');
        if projects.is_empty() && !self.entries.iter().any(|entry| is_at_root(&entry)) {
            return BTreeSet::new();
        }
        // What npm installs brings code of Python, too: it is nobody's project.
        let is_own = |entry: &&&Entry| {
            entry.path.ends_with(".py")
                && !entry
                    .path
                    .split('/')
                    .any(|part| matches!(part, "node_modules" | "vendor"))
        };
        let code = self.entries.iter().filter(is_own);
        code.map(|entry| {
            entry
                .path
                .rsplit_once('/')
                .map_or(String::new(), |(folder, _)| folder.to_owned())
        })
        .collect()
    }
}

/// A pattern that may be written.
#[derive(Debug)]
pub(super) struct Candidate<'k> {
    pub(super) group: &'k Group,
    pub(super) known: &'k Known,
    /// What it matches, and is sent now.
    pub(super) matches: Vec<String>,
    /// What it would match in another checkout; it need not be there.
    pub(super) samples: Vec<String>,
    /// The lines to write.
    pub(super) written: Vec<String>,
}

impl Candidate<'_> {
    /// What it keeps out or would keep out.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.matches.iter().chain(&self.samples).map(String::as_str)
    }

    pub(super) fn first(&self) -> &str {
        self.written.first().map_or(&self.known.pattern, String::as_str)
    }
}

/// All patterns of the table up to `level` that concern what the builds take and that the present file lacks.
pub(super) fn candidates<'c>(tree: &Tree<'c>, builds: &[&Build], level: Level) -> Vec<Candidate<'static>> {
    let mut claimed: BTreeSet<&'c str> = BTreeSet::new();
    let mut found = Vec::new();
    let reached = Reached::of(builds);
    for group in catalog().groups.iter().filter(|group| group.level <= level) {
        for known in &group.patterns {
            let matches = matching(tree, known, &mut claimed);
            let samples = samples(tree, known);
            if matches.is_empty() && samples.is_empty() {
                continue;
            }
            let written = written(known, &matches);
            let candidate = Candidate {
                group,
                known,
                matches: matches.iter().map(|entry| entry.path.clone()).collect(),
                samples,
                written,
            };
            if candidate.paths().any(|path| reached.reaches(path))
                && !is_brought_back(tree.context.ignore(), &candidate)
            {
                found.push(candidate);
            }
        }
    }
    found
}

/// What of the tree the pattern is about. What is in something that an earlier pattern matched is left out.
fn matching<'c>(tree: &Tree<'c>, known: &Known, claimed: &mut BTreeSet<&'c str>) -> Vec<&'c Entry> {
    let (name, is_anywhere) = known.name();
    let is_wild = name.contains(['*', '?', '[']);
    let depth = name.matches('/').count() + 1;
    let mut found: Vec<&Entry> = Vec::new();
    let mut skip: Option<&str> = None;
    for entry in &tree.entries {
        let path = entry.path.as_str();
        if skip.is_some_and(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))) {
            continue;
        }
        if claimed.contains(path) {
            skip = Some(path);
            continue;
        }
        let tail = if is_anywhere {
            let starts = path.rmatch_indices('/').nth(depth - 1).map_or(0, |(at, _)| at + 1);
            &path[starts..]
        } else {
            path
        };
        let is_match = if is_wild {
            matches_name(name, tail)
        } else {
            name == tail
        };
        if is_match && fits(tree, known, entry) {
            found.push(entry);
            skip = Some(path);
        }
    }
    if known.guard == Guard::Data {
        let size = |entry: &&Entry| tree.under(&entry.path).map(|inner| inner.size).sum::<u64>();
        found.retain(|entry| size(entry) >= LEAST_DATA);
    }
    claimed.extend(found.iter().map(|entry| entry.path.as_str()));
    found
}

/// Whether an entry of the right name is what the pattern is about.
fn fits(tree: &Tree<'_>, known: &Known, entry: &Entry) -> bool {
    let is_folder = entry.kind == Kind::Folder;
    let has = |name: &str| tree.has(&format!("{}/{name}", entry.path));
    match known.guard {
        Guard::Environment => is_folder && has("pyvenv.cfg"),
        Guard::Dotenv => !is_folder,
        Guard::PrivateKey => {
            let text = tree.context.read_unfiltered(&entry.path);
            text.is_some_and(|text| text.contains("PRIVATE KEY-----"))
        }
        Guard::Tests | Guard::Data | Guard::Made | Guard::MadeIgnored => is_folder,
        Guard::Documentation => is_folder || known.pattern.contains(['*', '.']),
        Guard::Built | Guard::BuiltIgnored => {
            is_folder && (known.signs.is_empty() || known.signs.iter().any(|sign| has(sign)))
        }
        Guard::DockersOwn => {
            let name = entry.path.rsplit('/').next().unwrap_or(&entry.path);
            let is_compose = name.ends_with(".yml") || name.ends_with(".yaml");
            let is_ignore = name.ends_with(".dockerignore");
            !is_folder && !is_code(&entry.path) && (is_dockerfile(name) || is_compose || is_ignore)
        }
        _ => true,
    }
}

/// Where what is usual would appear, and is not kept out yet.
fn samples(tree: &Tree<'_>, known: &Known) -> Vec<String> {
    let (name, _) = known.name();
    let folders = match (known.usual_for, name) {
        (Some(Project::Python), "__pycache__") => tree.python_code(),
        (Some(project), _) => tree.projects(project),
        // A fresh checkout has no secrets, but git knows of them.
        (None, _) if known.guard == Guard::Dotenv => BTreeSet::from([String::new()]),
        (None, _) => BTreeSet::new(),
    };
    let mut samples: Vec<String> = folders
        .into_iter()
        .map(|folder| {
            if folder.is_empty() {
                name.to_owned()
            } else {
                format!("{folder}/{name}")
            }
        })
        .collect();
    let ignore = tree.context.ignore();
    // Whoever keeps one name of virtual environments out uses that one.
    let names = ["venv", ".venv", "env"];
    if known.guard == Guard::Environment && names.iter().any(|name| ignore.path(name) != Verdict::Sent) {
        samples.clear();
    }
    samples.retain(|sample| !tree.has(sample) && ignore.path(sample) == Verdict::Sent);
    if known.guard == Guard::Dotenv {
        let mut git = GitIgnored::new(tree.context);
        samples.retain(|sample| git.holds(sample, false));
    }
    samples
}

/// The lines that a person would write for it.
fn written(known: &Known, matches: &[&Entry]) -> Vec<String> {
    let (name, is_anywhere) = known.name();
    if known.guard == Guard::PrivateKey {
        return matches.iter().map(|entry| entry.path.clone()).collect();
    }
    match matches {
        // One file behind a wildcard is called by its name.
        [only] if name.contains('*') && !is_anywhere => vec![only.path.clone()],
        _ => vec![known.pattern.clone()],
    }
}

/// Writes paths instead of a pattern that would also keep out something else that stays: a package called `venv`, the
/// `dist` folders in a `node_modules` that the image needs.
pub(super) fn exact<'k>(tree: &Tree<'_>, chosen: Vec<Candidate<'k>>) -> Vec<Candidate<'k>> {
    let gone: BTreeSet<String> = chosen
        .iter()
        .flat_map(|candidate| candidate.matches.iter().cloned())
        .collect();
    let is_gone = |path: &str| {
        let mut ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.any(|end| gone.contains(&path[..end]))
    };
    let make_exact = |mut candidate: Candidate<'k>| {
        let (name, is_anywhere) = candidate.known.name();
        let is_named = |entry: &&&Entry| entry.path.rsplit('/').next() == Some(name);
        // Nobody means a cache, wherever it is.
        let is_cache = candidate.known.guard == Guard::None && candidate.group.inside_copied;
        if is_anywhere && !is_cache && tree.entries.iter().filter(is_named).any(|entry| !is_gone(&entry.path)) {
            candidate.written = candidate.matches.clone();
        }
        candidate
    };
    let exact = chosen.into_iter().map(make_exact);
    exact.filter(|candidate| !candidate.written.is_empty()).collect()
}

/// Whether the user's file brings back some of it with a `!`.
fn is_brought_back(ignore: &DockerIgnore, candidate: &Candidate<'_>) -> bool {
    let Ok(alone) = DockerIgnore::parse(candidate.written.join("\n").as_bytes()) else {
        return true;
    };
    ignore.exceptions().any(|exception| {
        let again = DockerIgnore::parse(exception.as_bytes());
        let is_again = |path: &str| again.as_ref().is_ok_and(|again| again.path(path) != Verdict::Sent);
        alone.path(exception) != Verdict::Sent || candidate.paths().any(is_again)
    })
}
