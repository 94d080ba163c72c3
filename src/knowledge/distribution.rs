//! Linux distributions: which one, and which release of it, an image is built on.

use serde::Deserialize;

use super::base_image::{TagWord, base_image};

/// Distributions that share their packages' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Debian.
    Debian,
    /// Ubuntu.
    Ubuntu,
    /// Alpine Linux.
    Alpine,
    /// Fedora.
    Fedora,
    /// Red Hat Enterprise Linux and what is built from it: CentOS, Rocky Linux, AlmaLinux, Oracle Linux, UBI.
    RedHat,
    /// Amazon Linux.
    Amazon,
    /// SUSE and openSUSE.
    Suse,
    /// Arch Linux.
    Arch,
    /// Images without a package manager: scratch, distroless, chiseled.
    Bare,
}

impl Family {
    /// Whether apt installs its packages, under Debian's names.
    #[must_use]
    pub fn is_debian_like(self) -> bool {
        matches!(self, Family::Debian | Family::Ubuntu)
    }

    /// Whether dnf, yum or microdnf install its packages, under Fedora's names.
    #[must_use]
    pub fn is_fedora_like(self) -> bool {
        matches!(self, Family::Fedora | Family::RedHat | Family::Amazon)
    }
}

/// A release of a distribution.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Release {
    /// The distribution.
    pub family: Family,
    /// Its name in tags: `bookworm`, `jammy`, `3.20`, `9`. None if nothing tells.
    pub codename: Option<String>,
    /// Whether it stays so. A tag that names no release moves to the next one as the image does; what is said here is
    /// then where it stood when the table was checked.
    pub certain: bool,
}

impl Release {
    /// A release that a tag names.
    #[must_use]
    pub fn certain(family: Family, codename: &str) -> Release {
        Release {
            family,
            codename: Some(codename.to_owned()),
            certain: true,
        }
    }
}

/// Debian's and Ubuntu's releases: name, number.
const RELEASES: [(Family, &str, &str); 22] = [
    (Family::Debian, "wheezy", "7"),
    (Family::Debian, "jessie", "8"),
    (Family::Debian, "stretch", "9"),
    (Family::Debian, "buster", "10"),
    (Family::Debian, "bullseye", "11"),
    (Family::Debian, "bookworm", "12"),
    (Family::Debian, "trixie", "13"),
    (Family::Debian, "forky", "14"),
    (Family::Debian, "sid", "unstable"),
    (Family::Ubuntu, "trusty", "14.04"),
    (Family::Ubuntu, "xenial", "16.04"),
    (Family::Ubuntu, "bionic", "18.04"),
    (Family::Ubuntu, "focal", "20.04"),
    (Family::Ubuntu, "jammy", "22.04"),
    (Family::Ubuntu, "kinetic", "22.10"),
    (Family::Ubuntu, "lunar", "23.04"),
    (Family::Ubuntu, "mantic", "23.10"),
    (Family::Ubuntu, "noble", "24.04"),
    (Family::Ubuntu, "oracular", "24.10"),
    (Family::Ubuntu, "plucky", "25.04"),
    (Family::Ubuntu, "questing", "25.10"),
    (Family::Ubuntu, "resolute", "26.04"),
];

/// The release that a codename means.
pub(super) fn named(codename: &str) -> Option<(Family, &'static str)> {
    RELEASES
        .iter()
        .find(|(_, name, _)| *name == codename)
        .map(|(family, name, _)| (*family, *name))
}

/// The name of the release with a number; a point release (`12.5`) is one of its release.
pub(super) fn numbered(family: Family, number: &str) -> Option<&'static str> {
    RELEASES
        .iter()
        .find(|(of, _, known)| {
            let is_point_release =
                || family == Family::Debian && number.split_once('.').is_some_and(|(major, _)| major == *known);
            *of == family && (*known == number || is_point_release())
        })
        .map(|(_, name, _)| *name)
}

/// The distribution release that an image is built on, from its name without `docker.io/library/` and its tag; no tag
/// is `latest`. None if the name and the tag tell nothing.
#[must_use]
pub fn release_of(image_name: &str, tag: Option<&str>) -> Option<Release> {
    let tag = tag.unwrap_or("latest");
    let words = tag.split('-').map(TagWord::of);
    if words.clone().any(|word| word == TagWord::Windows) {
        return None;
    }
    let image = base_image(image_name);
    let told: Vec<Release> = words
        .filter_map(|word| match word {
            TagWord::Release(family, codename) => Some(Release {
                family,
                certain: codename.is_some(),
                codename,
            }),
            _ => None,
        })
        .collect();
    // In `debian-bookworm` the second word says more.
    let told = told.iter().find(|release| release.certain).or(told.first()).cloned();
    match (image, told) {
        (None, told) => told.filter(|release| release.codename.is_some()),
        (_, Some(told)) if told.codename.is_some() => Some(told),
        (Some(image), told) => image.release(tag, told.map(|release| release.family)),
    }
}
