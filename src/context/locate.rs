//! Where the build context of a Dockerfile is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::compose::{self, Service};
use super::source::{ContextSource, Contexts};
use super::{glob, path};
use crate::repository_file::root_around;

/// A context and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLocation {
    /// The context's folder, as an absolute path.
    pub root: PathBuf,
    /// How it was found.
    pub origin: Origin,
    /// The services of Compose files that build this Dockerfile, whether or not they gave the context.
    pub services: Vec<Service>,
    /// What could not be read or is in doubt, for the report.
    pub notes: Vec<String>,
}

/// How a context was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The user named it.
    Explicit,
    /// A Compose file builds the Dockerfile with it.
    Compose {
        /// The Compose file.
        file: PathBuf,
        /// The line of `build:`, counted from 1.
        line: usize,
        /// The service.
        service: String,
    },
    /// It is the Dockerfile's own folder, and nothing speaks for another.
    DockerfileFolder,
    /// It is the nearest folder above the Dockerfile that holds everything COPY names; the Dockerfile's own does not.
    FolderAbove {
        /// A source of COPY or ADD that is in this folder and not in the Dockerfile's.
        source: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Explicit => f.write_str("as given"),
            Origin::Compose { file, line, service } => write!(f, "{}:{line} builds {service} with it", file.display()),
            Origin::DockerfileFolder => f.write_str("the Dockerfile's folder"),
            Origin::FolderAbove { source } => write!(f, "`{source}` is in it and not beside the Dockerfile"),
        }
    }
}

/// Finds the context of `dockerfile`: `explicit`, else what a Compose file says, else the Dockerfile's folder, or the
/// nearest folder above it, within the repository, that holds all `sources` of COPY and ADD where its own does not.
///
/// `sources` are as written; those with a variable, URLs and heredocs are passed over. Wildcards count only where
/// nothing else is named, since one that matches nothing is no error.
pub fn locate(dockerfile: &Path, explicit: Option<&Path>, sources: &[String]) -> ContextLocation {
    locate_among(&Contexts::default(), dockerfile, explicit, sources)
}

/// Finds a context as [`locate`] does. Compose files that an earlier Dockerfile of the same run was looked for in are not
/// read again.
pub fn locate_among(
    contexts: &Contexts,
    dockerfile: &Path,
    explicit: Option<&Path>,
    sources: &[String],
) -> ContextLocation {
    // Without a working directory there is nothing that a relative path could mean: it stays as it is.
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let dockerfile = absolute(dockerfile);
    let folder = dockerfile.parent().unwrap_or(Path::new("/"));
    let top = root_around(folder);
    let compose::Found { services, mut notes } = contexts.compose().find(&dockerfile, top);
    let (root, origin) = if let Some(root) = explicit {
        (absolute(root), Origin::Explicit)
    } else if let Some(service) = choose(&services, sources, &mut notes) {
        let root = service
            .context
            .canonicalize()
            .unwrap_or_else(|_| service.context.clone());
        let origin = Origin::Compose {
            file: service.file.clone(),
            line: service.line,
            service: service.name.clone(),
        };
        (root, origin)
    } else {
        by_sources(folder, top, sources, &mut notes)
    };
    ContextLocation {
        root,
        origin,
        services,
        notes,
    }
}

/// The service whose context holds the sources, else the first one. Others that differ are noted.
fn choose<'s>(services: &'s [Service], sources: &[String], notes: &mut Vec<String>) -> Option<&'s Service> {
    let holds_all = |service: &&Service| missing(&service.context, &telling(sources)).is_none();
    let chosen = services.iter().find(holds_all).or(services.first())?;
    for other in services
        .iter()
        .filter(|other| other.context.canonicalize().ok() != chosen.context.canonicalize().ok())
    {
        let (file, line) = (other.file.display(), other.line);
        notes.push(format!(
            "{file}:{line}: service {} uses another context, {}",
            other.name,
            other.context.display()
        ));
    }
    Some(chosen)
}

fn by_sources(folder: &Path, top: &Path, sources: &[String], notes: &mut Vec<String>) -> (PathBuf, Origin) {
    let telling = telling(sources);
    let Some(source) = missing(folder, &telling) else {
        return (folder.to_owned(), Origin::DockerfileFolder);
    };
    let mut above = folder.ancestors().skip(1).take_while(|above| above.starts_with(top));
    if let Some(root) = above.find(|above| missing(above, &telling).is_none()) {
        let source = source.to_owned();
        return (root.to_owned(), Origin::FolderAbove { source });
    }
    notes.push(format!(
        "no folder holds everything that COPY names; beside the Dockerfile `{source}` is missing"
    ));
    (folder.to_owned(), Origin::DockerfileFolder)
}

/// The sources that tell one folder from another.
fn telling(sources: &[String]) -> Vec<&str> {
    let local = sources.iter().map(String::as_str).filter(|source| {
        let is_elsewhere = source.contains("://") || source.starts_with("git@") || source.starts_with("<<");
        !is_elsewhere && !source.contains('$') && !path::inside(source).is_empty()
    });
    let (wild, literal): (Vec<&str>, Vec<&str>) = local.partition(|source| glob::has_wildcard(source));
    if literal.is_empty() { wild } else { literal }
}

/// The first of `sources` that is not in `folder`, whatever a .dockerignore says.
fn missing<'s>(folder: &Path, sources: &[&'s str]) -> Option<&'s str> {
    let context = ContextSource::unfiltered(folder);
    sources.iter().find(|source| context.glob(source).is_empty()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        root
    }

    fn sources(sources: &[&str]) -> Vec<String> {
        sources.iter().map(|source| (*source).to_owned()).collect()
    }

    #[test]
    fn the_explicit_folder_wins() {
        let root = tree(&["Dockerfile", "x/y"]);
        let explicit = root.path().join("x");
        let location = locate(&root.path().join("Dockerfile"), Some(&explicit), &[]);
        assert_eq!((location.root, location.origin), (explicit, Origin::Explicit));
    }

    #[test]
    fn the_folder_of_the_dockerfile() {
        let root = tree(&[".git/HEAD", "app/Dockerfile", "app/src/x", "src/x"]);
        let location = locate(&root.path().join("app/Dockerfile"), None, &sources(&["src", "."]));
        assert_eq!(
            (location.root, location.origin),
            (root.path().join("app"), Origin::DockerfileFolder)
        );
        assert_eq!(location.notes, Vec::<String>::new());
    }

    #[test]
    fn the_nearest_folder_above_with_all_sources() {
        let root = tree(&[
            ".git/HEAD",
            "a/docker/prod/Dockerfile",
            "a/package.json",
            "a/src/x",
            "src/x",
            "package.json",
        ]);
        let dockerfile = root.path().join("a/docker/prod/Dockerfile");
        let location = locate(
            &dockerfile,
            None,
            &sources(&["./package.json", "/src", "$X", "https://a/b", "."]),
        );
        assert_eq!(location.root, root.path().join("a"));
        let source = "./package.json".to_owned();
        assert_eq!(location.origin, Origin::FolderAbove { source });
        // Wildcards tell only on their own.
        let location = locate(&dockerfile, None, &sources(&["package*.json", "."]));
        assert_eq!(location.root, root.path().join("a"));
    }

    #[test]
    fn the_search_stays_in_the_repository() {
        let root = tree(&["package.json", "repo/.git/HEAD", "repo/docker/Dockerfile"]);
        let dockerfile = root.path().join("repo/docker/Dockerfile");
        let location = locate(&dockerfile, None, &sources(&["package.json"]));
        assert_eq!(location.origin, Origin::DockerfileFolder);
        assert_eq!(location.notes.len(), 1);
    }

    #[test]
    fn a_compose_file_names_it() {
        let root = tree(&[".git/HEAD", "docker/Dockerfile", "src/x"]);
        let text = "services:\n  bad:\n    build: docker\n  web:\n    build:\n      context: .\n      dockerfile: docker/Dockerfile\n";
        std::fs::write(root.path().join("compose.yaml"), text).unwrap();
        let location = locate(&root.path().join("docker/Dockerfile"), None, &sources(&["src"]));
        assert_eq!(location.root, root.path().canonicalize().unwrap());
        assert!(matches!(&location.origin, Origin::Compose { line: 5, service, .. } if service == "web"));
        assert!(
            location
                .origin
                .to_string()
                .ends_with("compose.yaml:5 builds web with it")
        );
        assert_eq!(location.services.len(), 2);
        assert_eq!(location.notes.len(), 1);
    }
}
