//! What is to become of the Dockerfiles of one repository.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::clock::{Clock, TimedOut};
use super::discover::Found;
use super::git::GitError;
use super::references::inside;
use super::report::{FileChange, IgnoreChange, Verified, difference};
use super::repository::{Repository, TrackedKind};
use super::skip::{Reason, Skipped};
use super::tree::Tree;
use super::write::fingerprint;
use crate::config::ConfigError;
use crate::context::{ContextSource, Contexts, Origin, locate_among};
use crate::effects::copied_sources;
use crate::passes::dockerignore::Proposal;
use crate::passes::{DockerIgnorePass, Pass as _};
use crate::rewrite::{Options, Rewrite, rewrite};
use crate::syntax;

/// A file as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// Its path in the repository.
    pub path: String,
    /// The fingerprint of its text before; none where there was no file.
    pub before: Option<String>,
    /// Its text after.
    pub text: String,
    /// Whether it may be run.
    pub is_executable: bool,
}

/// What is to become of the Dockerfiles of a repository.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// The Dockerfiles.
    pub files: Vec<FileChange>,
    /// The `.dockerignore` files that change.
    pub dockerignores: Vec<IgnoreChange>,
    /// What could not be rewritten after all.
    pub skipped: Vec<Skipped>,
    /// The files that change, in the order of their paths.
    pub writes: Vec<Write>,
    /// How each Dockerfile is built.
    pub builds: Vec<Build>,
}

/// How a Dockerfile is built before the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Its path in the repository.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The folder of the context, from the root of the repository.
    pub context: PathBuf,
    /// The path of the `.dockerignore` in the repository.
    pub ignore: Option<String>,
    /// What that says; empty where there is none.
    pub ignore_text: String,
}

/// How the files of a folder are rewritten.
pub type OptionsOf = dyn Fn(&Path) -> Result<Options, ConfigError> + Send + Sync;

/// What may take the place of a rewrite, and what building both showed.
pub type Refined = (Rewrite, Option<Verified>);

/// What looks at each rewrite that changes something.
pub type Refine<'a> = &'a mut dyn FnMut(&Subject<'_>, Rewrite) -> Result<Refined, String>;

/// A Dockerfile in its surroundings.
pub struct Subject<'a> {
    /// Its path in the repository.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The folder that it is in.
    pub folder: PathBuf,
    /// The files around it.
    pub context: Option<Arc<ContextSource>>,
    /// The options for it, with the context.
    pub options: Options,
    /// What to know about its context.
    notes: Vec<String>,
}

impl Subject<'_> {
    /// Rewrites it without the passes in `without`.
    ///
    /// # Errors
    /// Where BuildKit would reject it too.
    pub fn rewrite(&self, without: &[String]) -> Result<Rewrite, syntax::SyntaxError> {
        let mut options = self.options.clone();
        options.skip.extend_from_slice(without);
        let mut rewrite = rewrite(self.path, self.text, &options)?;
        rewrite.notes.splice(0..0, self.notes.iter().cloned());
        Ok(rewrite)
    }

    fn build(&self, tree: &Tree) -> Option<Build> {
        let context = self.context.as_deref()?;
        let root = context.root()?;
        let ignore = ignore_path(context, root);
        Some(Build {
            path: self.path.to_owned(),
            text: self.text.to_owned(),
            context: root.strip_prefix(&tree.root).ok()?.to_owned(),
            ignore_text: context.ignore_text().unwrap_or_default().to_owned(),
            ignore: in_tree(tree, &ignore),
        })
    }
}

/// Plans the changes of all Dockerfiles that were `found` in `tree`. `refine` gets each rewrite that changes something
/// and may replace it.
///
/// # Errors
/// If a configuration file cannot be read or understood.
pub fn plan(
    repository: &Repository,
    tree: &Tree,
    found: &Found,
    options_of: &OptionsOf,
    clock: &Clock,
    refine: Refine<'_>,
) -> Result<Planned, PlanError> {
    let mut planned = Planned::default();
    // Dockerfiles may share a .dockerignore: each sees what those before it added, as if they were written in turn.
    let mut ignores: BTreeMap<String, Ignore> = BTreeMap::new();
    let place = Place::new(repository, tree);
    for (path, text) in &found.dockerfiles {
        clock.check()?;
        if let Some(why) = syntax::parse(path, text).ok().and_then(|file| syntax::too_large(&file)) {
            planned.skipped.push(Skipped::new(path, Reason::TooLarge, why));
            continue;
        }
        let subject = subject(&place, path, text, &ignores, options_of)?;
        let rewritten = match subject.rewrite(&[]) {
            Ok(rewritten) => rewritten,
            Err(error) => {
                planned.skipped.push(Skipped::invalid(path, &error));
                continue;
            }
        };
        let (rewritten, verified) = if rewritten.is_change() {
            refine(&subject, rewritten).map_err(PlanError::Refine)?
        } else {
            (rewritten, None)
        };
        if let Some(proposal) = rewritten.dockerignore.as_ref().filter(|proposal| proposal.is_change()) {
            take(&mut ignores, tree, proposal);
        }
        if rewritten.text != *text {
            planned.writes.push(Write {
                path: path.clone(),
                before: Some(fingerprint(text)),
                text: rewritten.text.clone(),
                is_executable: is_executable(tree, path),
            });
        }
        planned.builds.extend(subject.build(tree));
        planned.files.push(FileChange {
            verified,
            ..FileChange::of(rewritten)
        });
    }
    for (path, ignore) in ignores {
        planned.writes.push(Write {
            path: path.clone(),
            before: ignore.change.exists.then(|| fingerprint(&ignore.original)),
            text: ignore.text.clone(),
            is_executable: is_executable(tree, &path),
        });
        planned.dockerignores.push(ignore.into_change(&path));
    }
    planned.writes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(planned)
}

fn is_executable(tree: &Tree, path: &str) -> bool {
    let tracked = tree.tracked(path);
    tracked.is_some_and(|tracked| matches!(tracked.kind, TrackedKind::File { is_executable: true }))
}

/// Why nothing could be planned.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// git did not tell.
    #[error(transparent)]
    Git(#[from] GitError),
    /// It took too long.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// The verification could not be made.
    #[error("cannot verify: {0}")]
    Refine(String),
}

/// A `.dockerignore` that changes.
struct Ignore {
    original: String,
    text: String,
    change: IgnoreChange,
}

impl Ignore {
    fn into_change(self, path: &str) -> IgnoreChange {
        IgnoreChange {
            diff: difference(Path::new(path), self.change.exists, &self.original, &self.text),
            ..self.change
        }
    }
}

fn take(ignores: &mut BTreeMap<String, Ignore>, tree: &Tree, proposal: &Proposal) {
    let Some(path) = proposal.path.as_deref().and_then(|path| in_tree(tree, path)) else {
        return;
    };
    let ignore = ignores.entry(path.clone()).or_insert_with(|| Ignore {
        original: proposal.original.clone(),
        text: String::new(),
        change: IgnoreChange {
            file: path,
            exists: proposal.exists,
            patterns: Vec::new(),
            before: proposal.before,
            after: proposal.after,
            diff: String::new(),
        },
    });
    ignore.text.clone_from(&proposal.text);
    ignore.change.patterns.extend_from_slice(&proposal.patterns);
    ignore.change.after = proposal.after;
}

/// What the Dockerfiles of a repository share.
struct Place<'r> {
    repository: &'r Repository,
    tree: &'r Tree,
    contexts: Contexts,
    /// What is known of each .dockerignore.
    writable: RefCell<BTreeMap<String, bool>>,
}

impl<'r> Place<'r> {
    fn new(repository: &'r Repository, tree: &'r Tree) -> Place<'r> {
        Place {
            repository,
            tree,
            contexts: Contexts::default(),
            writable: RefCell::default(),
        }
    }

    /// Whether a .dockerignore may be changed or created: a tracked file, or none at all and one that git would add.
    fn may_be_written(&self, path: &str) -> Result<bool, GitError> {
        if let Some(known) = self.writable.borrow().get(path) {
            return Ok(*known);
        }
        let tree = self.tree;
        let may_be = match tree.tracked(path) {
            Some(tracked) => matches!(tracked.kind, TrackedKind::File { .. }),
            None => {
                let is_free = !tree.is_in_submodule(path) && tree.root.join(path).symlink_metadata().is_err();
                is_free && !self.repository.ignores(&tree.root, path)?
            }
        };
        self.writable.borrow_mut().insert(path.to_owned(), may_be);
        Ok(may_be)
    }
}

/// The Dockerfile with the context that is found for it, as far as that is in the repository.
fn subject<'a>(
    place: &Place<'_>,
    path: &'a str,
    text: &'a str,
    ignores: &BTreeMap<String, Ignore>,
    options_of: &OptionsOf,
) -> Result<Subject<'a>, PlanError> {
    let root = &place.tree.root;
    let file = root.join(path);
    let folder = file.parent().unwrap_or(root).to_owned();
    let mut options = options_of(&folder)?;
    options.writes_dockerignore = true;
    let mut notes = Vec::new();
    let context = context(&place.contexts, place.tree, &file, text, &mut notes);
    let (context, is_open) = match context {
        Some((context, Some(ignore))) => match ignores.get(&ignore) {
            Some(changed) => (context.with_ignore_text(&changed.text).ok().or(Some(context)), true),
            None => (Some(context), place.may_be_written(&ignore)?),
        },
        Some((context, None)) => (Some(context), false),
        None => (None, true),
    };
    if !is_open {
        // It is a link, or nothing that git knows: a change of it could not be committed.
        options.skip.push(DockerIgnorePass.id().to_owned());
    }
    let context = context.map(Arc::new);
    options.passes.context.clone_from(&context);
    Ok(Subject {
        path,
        text,
        folder,
        context,
        options,
        notes,
    })
}

/// The build context, and the path of its .dockerignore in the repository.
fn context(
    contexts: &Contexts,
    tree: &Tree,
    file: &Path,
    text: &str,
    notes: &mut Vec<String>,
) -> Option<(ContextSource, Option<String>)> {
    let name = file.to_string_lossy();
    // A file that cannot be parsed is reported by what follows.
    let sources = syntax::parse(&name, text)
        .map(|file| copied_sources(&file))
        .unwrap_or_default();
    let location = locate_among(contexts, file, None, &sources);
    let Some(root) = location
        .root
        .canonicalize()
        .ok()
        .filter(|root| root.starts_with(&tree.root))
    else {
        notes.push("no build context: what is named as one is outside of the repository".to_owned());
        return None;
    };
    if !matches!(location.origin, Origin::Explicit | Origin::DockerfileFolder) {
        let folder = root
            .strip_prefix(&tree.root)
            .ok()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.map_or_else(
            || "the root of the repository".to_owned(),
            |folder| folder.display().to_string(),
        );
        let origin = location
            .origin
            .to_string()
            .replace(&format!("{}/", tree.root.display()), "");
        notes.push(format!("the build context is {folder}: {origin}"));
    }
    match ContextSource::open_among(contexts, &root, Some(file)) {
        Ok(context) => {
            let ignore = in_tree(tree, &ignore_path(&context, &root));
            Some((context, ignore))
        }
        Err(error) => {
            let error = error.to_string().replace(&format!("{}/", tree.root.display()), "");
            notes.push(format!("no build context: {error}"));
            None
        }
    }
}

/// Where the .dockerignore of a context is or would be.
fn ignore_path(context: &ContextSource, root: &Path) -> PathBuf {
    context
        .ignore_file()
        .map_or_else(|| root.join(".dockerignore"), Path::to_owned)
}

/// A path in the tree as git has it; none for one outside.
fn in_tree(tree: &Tree, path: &Path) -> Option<String> {
    let folder: PathBuf = path.parent()?.canonicalize().ok()?;
    inside(folder.join(path.file_name()?).strip_prefix(&tree.root).ok()?)
}
