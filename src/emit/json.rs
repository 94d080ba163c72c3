//! The report as JSON. Its pages are `docs/json.md` and `docs/report.schema.json`.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use crate::context::Totals;
use crate::estimate::Saving;
use crate::migrate::report::FleetReport;
use crate::passes::dockerignore::Proposal;
use crate::passes::{Change, Explanation, Level, Refusal};
use crate::rewrite::Rewrite;
use crate::smoke::Plan;
use crate::syntax::SyntaxError;
use crate::verify::Verification;
use crate::verify::figures::Figures;

/// The version of the format. It grows when a field goes or changes its meaning, not when one comes.
pub const VERSION: u32 = 1;

/// What `plimsoll --format json` writes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Document {
    /// What `rewrite`, `diff` and `check` write, and every command that fails.
    Report(Report),
    /// What `explain` writes.
    Passes(Passes),
    /// What `context` writes.
    Context(Box<ContextReport>),
    /// What `migrate` writes.
    Fleet(Box<FleetReport>),
    /// What `verify` writes.
    Verify(Box<VerifyReport>),
    /// What `measure` writes.
    Measure(Box<MeasureReport>),
    /// What `smoke` writes.
    Smoke(Box<SmokeReport>),
}

/// A smoke test.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SmokeReport {
    /// The version of the format.
    pub version: u32,
    /// The script.
    pub script: String,
    /// What it asks of an image.
    #[serde(flatten)]
    pub plan: Plan,
}

/// The figures of two images.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MeasureReport {
    /// The version of the format.
    pub version: u32,
    /// The name of the file.
    pub file: String,
    /// The image of the original.
    pub original: Figures,
    /// The image of the rewrite.
    pub rewritten: Figures,
}

/// A verification.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VerifyReport {
    /// The version of the format.
    pub version: u32,
    /// The difference between the original and the text that passed, as a unified diff that `git apply` takes.
    pub diff: String,
    /// What was compared and how it ended.
    #[serde(flatten)]
    pub verification: Verification,
}

/// What a build sends.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ContextReport {
    /// The version of the format.
    pub version: u32,
    /// The folder that is the context.
    pub context: String,
    /// The Dockerfile; none where the folder has none and none was named.
    pub dockerfile: Option<String>,
    /// What is sent.
    pub sent: Totals,
    /// What the present .dockerignore keeps out.
    pub ignored: Totals,
    /// The ten files and folders at the top of the context of which most is sent, the largest first.
    pub largest: Vec<Largest>,
    /// What is proposed for the .dockerignore.
    pub dockerignore: Proposal,
    /// The proposal as a unified diff that `git apply` takes; empty where nothing is to be added.
    pub diff: String,
    /// Whether the proposal was written.
    pub written: bool,
    /// The budget of `--max` in bytes.
    pub max: Option<u64>,
    /// Whether more than the budget is sent, after the proposal where it was written.
    pub exceeded: bool,
}

/// A file or folder of the context.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Largest {
    /// Its path.
    pub path: String,
    /// What of it is sent.
    pub sent: Totals,
}

/// What was done and what was not, file by file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// The version of the format.
    pub version: u32,
    /// The files that could be read, in the order in which they were named.
    pub files: Vec<FileReport>,
    /// What could not be read or done.
    pub errors: Vec<ErrorReport>,
}

/// One file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FileReport {
    /// The name of the file; `<stdin>` for standard input.
    pub file: String,
    /// Whether the text after differs from the text before.
    pub changed: bool,
    /// The text after.
    pub text: String,
    /// The difference as a unified diff that `git apply` takes, with that of the .dockerignore; empty where nothing
    /// changed.
    pub diff: String,
    /// What was done, in the order of passes and lines.
    pub changes: Vec<Change>,
    /// What was declined, in the order of passes and lines.
    pub refusals: Vec<Refusal>,
    /// What the image is expected to save, by cause, from tables of package sizes: an estimate, and a low one.
    pub estimate: Vec<Saving>,
    /// What the user should know about the result as a whole.
    pub notes: Vec<String>,
    /// What is proposed for the .dockerignore; none where there is no build context or the file takes nothing from it.
    pub dockerignore: Option<Proposal>,
    /// Where the parts of the last stage belong, or what stands in the way of a split; none unless `diff` was given
    /// `--explain-split`.
    pub split: Option<Explanation>,
}

/// Something that could not be read or done.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ErrorReport {
    /// The file, where the error has a place in one.
    pub file: Option<String>,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// The column in characters, counted from 1.
    pub column: Option<usize>,
    /// What was found, or what failed.
    pub found: String,
    /// What was expected in its place.
    pub expected: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

/// The passes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Passes {
    /// The version of the format.
    pub version: u32,
    /// The passes that were asked for, in the order in which they run.
    pub passes: Vec<PassReport>,
}

/// One pass.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PassReport {
    /// The name of the pass.
    pub id: String,
    /// The lowest level at which it does anything.
    pub level: Level,
    /// What it does, in a sentence.
    pub summary: String,
    /// Its whole page, in Markdown.
    pub page: String,
}

impl FileReport {
    /// The report of one rewritten file and its `diff`.
    pub fn new(rewrite: Rewrite, diff: String) -> FileReport {
        FileReport {
            estimate: rewrite.estimate(),
            changed: rewrite.text != rewrite.original,
            file: rewrite.file,
            text: rewrite.text,
            diff,
            changes: rewrite.changes,
            refusals: rewrite.refusals,
            notes: rewrite.notes,
            dockerignore: rewrite.dockerignore,
            split: rewrite.split,
        }
    }
}

impl From<&SyntaxError> for ErrorReport {
    fn from(error: &SyntaxError) -> Self {
        ErrorReport {
            file: Some(error.file.clone()),
            line: Some(error.line),
            column: Some(error.column),
            found: error.found.clone(),
            expected: Some(error.expected.clone()),
            help: Some(error.help.clone()),
        }
    }
}

impl Document {
    /// The document as indented JSON with a newline at its end.
    ///
    /// # Errors
    /// None for the types at hand; serde's signature has one.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The JSON schema of the document, as `docs/report.schema.json` holds it.
    ///
    /// # Errors
    /// None for the types at hand; serde's signature has one.
    pub fn schema() -> Result<String, serde_json::Error> {
        let schema = SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<Document>();
        Ok(serde_json::to_string_pretty(&schema)? + "\n")
    }
}
