//! What an install reads: the answer of this module.

use serde::Serialize;

/// A file of the context that an install reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct ReadFile {
    /// The path from the root of the context; with a `/` at the end it stands for the whole folder.
    pub path: String,
    /// Why the install reads it, as words that complete "it is": `the manifest`, `named by -r in requirements.txt`.
    pub why: String,
}

impl ReadFile {
    /// Whether this is a whole folder.
    pub fn is_folder(&self) -> bool {
        self.path.ends_with('/')
    }
}

/// Whose code an install reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// The project that the command is about: it is built, run or installed.
    Project,
    /// Another folder of the context that the project depends on. A caller can treat it like a manifest and copy it
    /// before the install, at the price of an install after each edit in it.
    PathDependency,
    /// The code that a script of the install builds or loads.
    Script,
}

/// A reason why an install reads more than manifests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct SourceUse {
    /// The folder whose code it reads; empty for the root of the context.
    pub folder: String,
    /// Whose code it is.
    pub kind: SourceKind,
    /// Why, as a clause: `poetry install installs the project itself`.
    pub why: String,
}

/// Something that the manifests don't tell; the caller declines what depends on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Unknown {
    /// What cannot be told, as a clause that names its place.
    pub obstacle: String,
    /// What the user can do about it, as an imperative.
    pub remedy: String,
}

/// An empty stand-in for a source file, without which the tool refuses to read its manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Stub {
    /// Where it must stand, from the root of the context. The context has a file of this name, so the sources that are
    /// copied later replace it.
    pub path: String,
    /// What must be in it.
    pub text: String,
}

/// How a tool can be made to install the dependencies alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The command as written, with these words at its end.
    AddFlags(Vec<String>),
    /// This command in its place, in the same folder.
    Run(Vec<String>),
    /// These requirement strings, given to the tool as arguments in place of the project.
    Requirements(Vec<String>),
}

/// A way to install the dependencies before the sources are there. The command as written follows after them: it
/// finds the dependencies in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct DependenciesFirst {
    /// The step that installs or downloads the dependencies. What it reads is asked for with another call.
    pub step: Step,
    /// The stand-ins it needs.
    pub stubs: Vec<Stub>,
    /// Whether it installs the dependencies or only downloads them into the tool's cache.
    pub installs: bool,
}

/// Whether a command installs or builds the project itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Project {
    /// It does.
    pub installed: bool,
    /// How the same tool installs the dependencies alone; `None` when `installed` is false or the tool can't.
    pub dependencies_first: Option<DependenciesFirst>,
}

/// What an install reads of the context.
///
/// The lists are sorted and hold no path twice. With [`Reads::unknown`] empty and [`Reads::sources`] empty,
/// [`Reads::files`] is all that the install needs of the context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Reads {
    /// The files that are there and are read; also what a build of the project reads besides code (readme, licence,
    /// version file, `.git`), which a `.dockerignore` must not keep out.
    pub files: Vec<ReadFile>,
    /// What the tool looks for and does without: not in the context. A build step that writes one of these changes
    /// what the install does.
    pub optional: Vec<ReadFile>,
    /// What the tool cannot do without and the context doesn't have: an earlier step makes it, or the build fails.
    pub missing: Vec<ReadFile>,
    /// Why the install reads more than `files`.
    pub sources: Vec<SourceUse>,
    /// What cannot be told; empty when all is known.
    pub unknown: Vec<Unknown>,
    /// The folders of the workspace's members, without the workspace's root.
    pub workspace_members: Vec<String>,
    /// The project itself.
    pub project: Project,
}

impl Reads {
    /// Whether the install reads `files` and nothing else of the context.
    pub fn is_manifests_only(&self) -> bool {
        self.sources.is_empty() && self.unknown.is_empty() && self.missing.is_empty()
    }
}
