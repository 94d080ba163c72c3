//! `plimsoll.toml`: what a repository asks of Plimsoll. Its page is `docs/configuration.md`.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;

use crate::knowledge::assumptions;
use crate::migrate::discover::pattern;
use crate::passes::{Level, REGISTRY};
use crate::repository_file::{self, FileError, root_around};
use crate::suggest::closest;
use crate::syntax::SyntaxError;

/// The name of the file.
pub const FILE_NAME: &str = "plimsoll.toml";

/// The largest configuration that is read.
const LARGEST_FILE: u64 = 1024 * 1024;

/// The keys of the file, as they are written there.
pub const KEYS: &[&str] = &[
    "level",
    "only",
    "skip",
    "forbid-assumptions",
    "cache-mounts",
    "include",
    "exclude",
    "smoke",
];

/// What stands in a configuration file; what doesn't stand there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    title = "plimsoll.toml",
    description = "What a repository asks of Plimsoll.",
    deny_unknown_fields
)]
pub struct Config {
    /// The highest level of change to make.
    pub level: Option<Level>,
    /// The only passes to run.
    #[schemars(with = "Option<Vec<PassName>>")]
    pub only: Option<Vec<Spanned<String>>>,
    /// The passes not to run.
    #[schemars(with = "Option<Vec<PassName>>")]
    pub skip: Option<Vec<Spanned<String>>>,
    /// The assumptions that no change may rest on.
    #[schemars(with = "Option<Vec<AssumptionName>>")]
    pub forbid_assumptions: Option<Vec<Spanned<String>>>,
    /// Whether the engine that builds the files knows cache mounts.
    pub cache_mounts: Option<bool>,
    /// Files that `migrate` takes, whatever they are called and wherever they are.
    #[schemars(with = "Option<Vec<String>>")]
    include: Option<Vec<Spanned<String>>>,
    /// Files that `migrate` leaves alone.
    #[schemars(with = "Option<Vec<String>>")]
    exclude: Option<Vec<Spanned<String>>>,
    /// The command that `verify` runs in both images.
    pub smoke: Option<String>,
}

/// What is wrong with a configuration file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: it {why}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        why: FileError,
    },
    /// The file is no text.
    #[error("cannot read the configuration {}: it is not a text in UTF-8; save it as UTF-8", .0.display())]
    NoText(PathBuf),
    /// Something in the file cannot be understood.
    #[error(transparent)]
    Invalid(#[from] SyntaxError),
}

impl ConfigError {
    /// Where in the file the error is, if it is in there.
    pub fn place(&self) -> Option<&SyntaxError> {
        match self {
            ConfigError::Read { .. } | ConfigError::NoText(_) => None,
            ConfigError::Invalid(error) => Some(error),
        }
    }
}

impl Config {
    /// The configuration that holds for files in `folder`: the nearest one upwards, up to the root of the repository or
    /// of the file system. Without one, the empty configuration.
    ///
    /// # Errors
    /// If the file is there but cannot be read or understood.
    pub fn for_folder(folder: &Path) -> Result<Config, ConfigError> {
        let Some(file) = find(folder) else {
            return Ok(Config::default());
        };
        let around = file.parent().unwrap_or(folder);
        Config::of(&file, repository_file::read(root_around(around), &file, LARGEST_FILE))
    }

    /// Reads the configuration `file`, which the user named: it may be anywhere.
    ///
    /// # Errors
    /// If the file cannot be read or understood.
    pub fn read(file: &Path) -> Result<Config, ConfigError> {
        Config::of(file, repository_file::read_named(file, LARGEST_FILE))
    }

    fn of(file: &Path, read: Result<Vec<u8>, FileError>) -> Result<Config, ConfigError> {
        let bytes = read.map_err(|why| ConfigError::Read {
            file: file.to_owned(),
            why,
        })?;
        let text = String::from_utf8(bytes).map_err(|_| ConfigError::NoText(file.to_owned()))?;
        Ok(Config::parse(&file.to_string_lossy(), &text)?)
    }

    /// Reads the `text` of a configuration file. `name` is what messages call it.
    ///
    /// # Errors
    /// If the text is not TOML, has an unknown key, a value of the wrong type or the name of an unknown pass or assumption.
    pub fn parse(name: &str, text: &str) -> Result<Config, SyntaxError> {
        let error_at = |span: Range<usize>, found: String, expected: String, help: String| {
            SyntaxError::at(name, text, span.start, found, expected, help)
        };
        let toml_error = |error: toml::de::Error| {
            let span = error.span().unwrap_or_default();
            // serde puts both halves of what we want into one sentence.
            let (found, expected) = error
                .message()
                .split_once(", expected ")
                .unwrap_or((error.message(), "TOML"));
            let help = "docs/configuration.md describes every key".to_owned();
            error_at(span, found.to_owned(), expected.to_owned(), help)
        };

        for key in DeTable::parse(text).map_err(toml_error)?.get_ref().keys() {
            let word = key.get_ref().as_ref();
            if !KEYS.contains(&word) {
                let found = format!("unknown key `{word}`");
                let expected = format!("one of `{}`", KEYS.join("`, `"));
                return Err(error_at(
                    key.span(),
                    found,
                    expected,
                    suggestion(word, KEYS.iter().copied()),
                ));
            }
        }
        let config: Config = toml::from_str(text).map_err(toml_error)?;

        let ids = || REGISTRY.iter().map(|pass| pass.id());
        for pass in [&config.only, &config.skip].into_iter().flatten().flatten() {
            let word = pass.get_ref().as_str();
            if !ids().any(|id| id == word) {
                let found = format!("unknown pass `{word}`");
                let expected = "a name that `plimsoll explain` lists".to_owned();
                return Err(error_at(pass.span(), found, expected, suggestion(word, ids())));
            }
        }
        let known = || assumptions().iter().map(|row| row.id.as_str());
        for named in config.forbid_assumptions.iter().flatten() {
            let word = named.get_ref().as_str();
            if !known().any(|id| id == word) {
                let found = format!("unknown assumption `{word}`");
                let expected = "one that docs/configuration.md lists".to_owned();
                return Err(error_at(named.span(), found, expected, suggestion(word, known())));
            }
        }
        for glob in [&config.include, &config.exclude].into_iter().flatten().flatten() {
            if let Err(error) = pattern(glob.get_ref()) {
                let found = format!("`{}`, which is no pattern: {}", glob.get_ref(), error.kind());
                let help = "docs/configuration.md describes patterns".to_owned();
                return Err(error_at(
                    glob.span(),
                    found,
                    "a pattern as **/*.docker".to_owned(),
                    help,
                ));
            }
        }
        Ok(config)
    }

    /// The JSON schema of the file, as `docs/plimsoll.schema.json` holds it, for editors that know TOML.
    ///
    /// # Errors
    /// None for the types at hand; serde's signature has one.
    pub fn schema() -> Result<String, serde_json::Error> {
        let settings = SchemaSettings::draft07();
        let schema = settings.into_generator().into_root_schema_for::<Config>();
        Ok(serde_json::to_string_pretty(&schema)? + "\n")
    }

    /// Files that `migrate` takes, whatever they are called and wherever they are.
    pub fn include(&self) -> Option<Vec<String>> {
        texts(self.include.as_deref())
    }

    /// Files that `migrate` leaves alone.
    pub fn exclude(&self) -> Option<Vec<String>> {
        texts(self.exclude.as_deref())
    }
}

/// The name of a pass, for the schema.
struct PassName;

impl JsonSchema for PassName {
    fn schema_name() -> Cow<'static, str> {
        "PassName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = REGISTRY.iter().map(|pass| pass.id()).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// The id of an assumption, for the schema.
struct AssumptionName;

impl JsonSchema for AssumptionName {
    fn schema_name() -> Cow<'static, str> {
        "AssumptionName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = assumptions().iter().map(|row| row.id.as_str()).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

fn texts(spanned: Option<&[Spanned<String>]>) -> Option<Vec<String>> {
    Some(spanned?.iter().map(|text| text.get_ref().clone()).collect())
}

/// The nearest configuration file from `folder` upwards, not beyond the root of a repository: what lies above it
/// belongs to something else.
fn find(folder: &Path) -> Option<PathBuf> {
    for folder in folder.ancestors() {
        let file = folder.join(FILE_NAME);
        // A link to nothing and a pipe are there, too, and are no configuration: that is said, not passed over.
        if file.symlink_metadata().is_ok() {
            return Some(file);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}

fn suggestion<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    closest(word, candidates).map_or_else(
        || "remove it".to_owned(),
        |candidate| format!("did you mean `{candidate}`?"),
    )
}
