//! A dependency that a manifest declares.

use serde::Serialize;

/// A direct dependency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Dependency {
    /// The name as the ecosystem compares it: Python names are normalized (PEP 503), Maven's are `group:artifact`.
    pub name: String,
    /// The group in the manifest's own words: `dependencies`, `devDependencies`, `dev`, `test`.
    pub group: String,
    /// Whether the group is for development only.
    pub dev: bool,
    /// The manifest that declares it, from the root of the context.
    pub manifest: String,
}

/// Whether a group of this name holds what only developers need, by the names that manifests commonly use.
pub(crate) fn is_dev_group(group: &str) -> bool {
    let group = group.to_ascii_lowercase();
    let parts = group.split(['-', '_', '.']);
    let names = [
        "dev",
        "devel",
        "development",
        "test",
        "tests",
        "testing",
        "lint",
        "linting",
        "docs",
        "doc",
        "typing",
    ];
    parts.into_iter().any(|part| names.contains(&part))
}
