//! Folders of images, and what lies in them: `data/folders.toml`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use super::managers;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    #[cfg_attr(not(test), expect(dead_code, reason = "a test reads when the facts were checked"))]
    checked: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test reads the sources"))]
    sources: Vec<String>,
    standard: BTreeSet<String>,
    filled_by_images: Vec<String>,
    temporary: Vec<String>,
    throwaway: Vec<String>,
    of_repositories: Vec<String>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/folders.toml")).unwrap_or_default());

/// Whether every image of a distribution has the absolute path as a folder.
#[must_use]
pub fn is_standard_folder(path: &str) -> bool {
    TABLE.standard.contains(path)
}

/// Whether images come with files at or below such an absolute path, so that one that no step wrote may be theirs.
#[must_use]
pub fn is_filled_by_images(path: &str) -> bool {
    is_in_one_of(path, &TABLE.filled_by_images)
}

/// Whether an absolute path lies in a folder for temporary files.
#[must_use]
pub fn is_temporary(path: &str) -> bool {
    is_in_one_of(path, &TABLE.temporary)
}

/// Whether all at an absolute path is a temporary file, or what a package manager keeps for itself. What lies beside that in the
/// cache of a home, such as a model that was downloaded, is not.
#[must_use]
pub fn is_throwaway(path: &str) -> bool {
    let of_managers = |below: &str| {
        CACHES
            .iter()
            .filter_map(|cache| cache.strip_prefix("~/"))
            .any(|cache| is_in(below, cache))
    };
    is_in_one_of(path, &TABLE.throwaway)
        || below_home(path).is_some_and(of_managers)
        || CACHES.iter().any(|cache| is_in(path, cache))
}

/// Whether package managers of systems look for repositories and keys at an absolute path.
#[must_use]
pub fn is_of_repositories(path: &str) -> bool {
    is_in_one_of(path, &TABLE.of_repositories)
}

/// The paths of the caches of all package managers, some of them below `~/`.
static CACHES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let caches = managers().iter().flat_map(|manager| &manager.caches);
    let paths = caches.flat_map(|cache| [cache.path.as_deref(), cache.root_path.as_deref()]);
    paths.flatten().filter(|path| !path.contains('*')).collect()
});

/// A path relative to the home that it is in: that of root, or of another account in its usual place.
fn below_home(path: &str) -> Option<&str> {
    let of_other = || path.strip_prefix("/home/")?.split_once('/').map(|(_, rest)| rest);
    path.strip_prefix("/root/").or_else(of_other)
}

fn is_in_one_of(path: &str, folders: &[String]) -> bool {
    folders.iter().any(|folder| is_in(path, folder))
}

fn is_in(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_image_needs() {
        for path in [
            "/tmp/x",
            "/var/lib/apt/lists",
            "/root/.cache/pip/x",
            "/home/me/.cache/pip",
            "/var/cache/apt/archives",
        ] {
            assert!(is_throwaway(path), "{path}");
        }
        for path in [
            "/root/.cache",
            "/root/.cache/torch/hub/x.pth",
            "/home/me/.cache/ms-playwright",
            "/var/cache/nginx",
            "/var/log/app",
            "/run/nginx",
            "/tmpfiles",
        ] {
            assert!(!is_throwaway(path), "{path}");
        }
    }

    #[test]
    fn the_table_says_where_it_is_from() {
        assert_eq!((TABLE.checked.len(), TABLE.sources.is_empty()), (10, false));
    }
}
