//! Releases whose packages the mirrors of their distribution no longer have.

use std::sync::LazyLock;

use serde::Deserialize;

use super::base_image::base_image;
use super::distribution::{Family, release_of};

const FILE: &str = include_str!("../../data/archived-releases.toml");

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
struct Table {
    checked: String,
    sources: Vec<String>,
    archived: Vec<Row>,
}

/// Releases of one distribution, by name and by number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    family: Family,
    /// The images of which it is true, where others of the family live on.
    #[serde(default)]
    images: Vec<String>,
    releases: Vec<String>,
}

/// The release that an image is built on, if the mirrors no longer have its packages; no tag is `latest`. None also where
/// nothing tells the release.
#[must_use]
pub fn archived_release(image_name: &str, tag: Option<&str>) -> Option<String> {
    // A table that doesn't parse is empty, and a test fails.
    static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());
    let release = release_of(image_name, tag)?;
    let image = base_image(image_name);
    let is_of = |name: &String| image.is_some_and(|image| image.names.contains(name));
    let rows = TABLE.archived.iter().filter(|row| row.family == release.family);
    let rows: Vec<&Row> = rows
        .filter(|row| row.images.is_empty() || row.images.iter().any(is_of))
        .collect();
    // The distribution's own image also has tags of releases that no other table knows.
    let own = image.filter(|image| image.is_distribution);
    let word = own.and_then(|_| tag.unwrap_or("latest").split(['-', '.']).next());
    let number = own.and_then(|_| tag.unwrap_or("latest").split('-').next());
    let mut names = release.codename.as_deref().into_iter().chain(number).chain(word);
    let is_archived = |name: &&str| rows.iter().any(|row| row.releases.iter().any(|known| known == name));
    names.find(is_archived).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_that_left_the_mirrors() {
        let table: Table = toml::from_str(FILE).unwrap();
        assert!(table.checked == "never" && !table.sources.is_empty() && !table.archived.is_empty());
        let cases = [
            ("node", "10-jessie", Some("jessie")),
            ("node", "10", Some("stretch")),
            ("node", "16-stretch-slim", Some("stretch")),
            ("python", "3.8-buster", Some("buster")),
            ("debian", "10.3-slim", Some("buster")),
            ("ubuntu", "10.04", Some("10.04")),
            ("ubuntu", "23.10", Some("mantic")),
            ("centos", "7.9.2009", Some("7")),
            ("centos", "latest", Some("latest")),
            ("almalinux", "8", None),
            ("rockylinux", "8", None),
            ("debian", "bookworm", None),
            ("ubuntu", "18.04", None),
            ("ubuntu", "latest", None),
            ("alpine", "3.9", None),
            ("node", "20", None),
        ];
        for (image, tag, expected) in cases {
            assert_eq!(archived_release(image, Some(tag)).as_deref(), expected, "{image}:{tag}");
        }
    }
}
