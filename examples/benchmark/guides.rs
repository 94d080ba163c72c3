//! The guides and what they claim.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    guides: Vec<Guide>,
}

/// A guide, and the example that follows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guide {
    /// The folder of the example.
    pub example: String,
    /// What it is.
    pub about: String,
    /// The size of the image before and after.
    pub image: Option<[f64; 2]>,
    /// The time of a rebuild after an edit.
    pub rebuild: Option<[f64; 2]>,
    /// What a build sends.
    pub context: Option<[f64; 2]>,
    /// The stages that are built by name.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Folders of a developer in the context, and how many MB each holds.
    #[serde(default)]
    pub bulk: BTreeMap<String, u64>,
}

/// All guides, in the order of the file.
pub fn all() -> Result<Vec<Guide>, toml::de::Error> {
    let file: File = toml::from_str(include_str!("guides.toml"))?;
    Ok(file.guides)
}

/// The folder with the examples.
pub fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"))
}
