//! The packages that all manifests and locks of a context name and of which something is known. Each file is read once,
//! however many Dockerfiles ask.

use crate::context::ContextSource;
use crate::knowledge::{Ecosystem, runtime_needs};

use super::interpreter::embeds_python;
use super::manifests::{Listed, Unreadable, ecosystem_of, listed};

/// A manifest or a lock of the context.
struct Manifest {
    path: String,
    ecosystem: Ecosystem,
    packages: Result<Vec<Listed>, Unreadable>,
}

/// Whether a package is one of Rust that links a library of the system or brings one: by convention its name says so.
pub(super) fn is_binding(ecosystem: Ecosystem, name: &str) -> bool {
    ecosystem == Ecosystem::Rust && name.ends_with("-sys")
}

/// Those of a context, in the order of their paths.
pub(super) struct Manifests(Vec<Manifest>);

impl Manifests {
    /// For [`ContextSource::remembered`].
    pub(super) fn of(context: &ContextSource) -> Manifests {
        let read = context.sources(|_| true).filter_map(|path| {
            let ecosystem = ecosystem_of(path)?;
            let is_wanted = |name: &str| {
                runtime_needs(ecosystem, name).is_some() || embeds_python(name) || is_binding(ecosystem, name)
            };
            Some(Manifest {
                ecosystem,
                packages: listed(path, &context.read(path).ok()?, &is_wanted),
                path: path.to_owned(),
            })
        });
        Manifests(read.collect())
    }

    /// The packages with where they come from and their place.
    pub(super) fn packages(&self) -> impl Iterator<Item = (Ecosystem, String, &Listed)> {
        let place = |manifest: &Manifest, package: &Listed| format!("{}:{}", manifest.path, package.line);
        let packages = self.0.iter().flat_map(|manifest| {
            manifest
                .packages
                .iter()
                .flatten()
                .map(move |package| (manifest, package))
        });
        packages.map(move |(manifest, package)| (manifest.ecosystem, place(manifest, package), package))
    }

    /// The files that cannot be read as what their names say.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = &str> {
        let unread = self.0.iter().filter(|manifest| manifest.packages.is_err());
        unread.map(|manifest| manifest.path.as_str())
    }
}
