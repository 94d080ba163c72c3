//! Well-known base images: what their tags mean, what smaller images stand beside them, and what those lack.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use serde::Deserialize;

use super::base_environment::{matches, official_name, short_name};
use super::distribution::{Family, Release, named, numbered, release_of};
use super::packages::{closure, lines};
use super::tools::package_of_tool;

/// The files of `data/base-images/`.
const FILES: &[&str] = include!("../../data/base-images/index.rs");

/// The releases that tags are built on which name none, by version.
const RELEASES: &str = include_str!("../../data/base-images/releases.tsv");

/// A base image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BaseImage {
    /// Its names, as a FROM gives them, without `docker.io/library/`.
    pub names: Vec<String>,
    /// The distribution of tags that name none.
    pub family: Family,
    /// Whether its tags are releases of the distribution itself, as debian's are.
    #[serde(default)]
    pub is_distribution: bool,
    /// Words in its tags that stand for a version: `lts`, `nightly`.
    #[serde(default)]
    pub versions: Vec<String>,
    /// The release that a tag is built on which names none: the first whose pattern fits.
    #[serde(default)]
    pub releases: Vec<DefaultRelease>,
    /// Smaller images for the same use, the closest first.
    #[serde(default)]
    pub slimmer: Vec<SlimmerRule>,
    /// What the images of this name hold beside the distribution, by the variant that a pattern of tags means.
    #[serde(default)]
    pub contents: Vec<Contents>,
    /// Programs that all of them have and that no package brings, where `contents` does not say what the images hold.
    #[serde(default)]
    pub tools: Vec<String>,
    /// What programs built on them need of the system when they run on another image: packages, or Debian's `-dev`
    /// packages for the libraries that go with them.
    #[serde(default)]
    pub programs_need: Vec<String>,
    /// What they set.
    #[serde(default)]
    pub configuration: Vec<Configuration>,
    /// The day the facts were checked, or `never`.
    pub checked: String,
    /// Public pages that the facts come from.
    pub sources: Vec<String>,
}

/// On which release tags are built that name none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DefaultRelease {
    /// Patterns with `*`.
    pub tags: Vec<String>,
    /// The release; a [`Family`] other than the image's is told by the codename.
    pub codename: String,
    /// The distribution, where it isn't the image's.
    #[serde(default)]
    pub family: Option<Family>,
    /// Whether nothing is built for these tags any more, so that they stay.
    #[serde(default)]
    pub is_final: bool,
}

/// How to get from a tag to a smaller image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SlimmerRule {
    /// The tags it is true of: words joined by `-`, of which `{version}`, `{release}`, `{alpine}` (`alpine3.20`) and
    /// `{java}` are any such.
    pub from: Vec<String>,
    /// The image; the same one if left out. `{repository}` is all of the name but its last part.
    #[serde(default)]
    pub image: Option<String>,
    /// Its tag. `{release}` is the one that the larger image is built on, `{minor}` the first two numbers of its version.
    pub tag: String,
    /// The tag that keeps the larger image on the release of the smaller one, where `from` names none.
    #[serde(default)]
    pub pinned: Option<String>,
    /// What the smaller image is for.
    #[serde(default)]
    pub purpose: Purpose,
    /// Patterns with `*` of tags for which there is no such image.
    #[serde(default)]
    pub never: Vec<String>,
}

/// What a smaller image can run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Whatever the larger one runs: the interpreter or runtime is the same, tools and libraries are fewer.
    #[default]
    Same,
    /// Programs compiled to machine code; the language's own tools are gone.
    Binaries,
    /// Java programs; the compiler is gone.
    JavaPrograms,
    /// .NET web applications and all that the next one runs.
    DotnetWeb,
    /// .NET programs that don't use ASP.NET.
    DotnetConsole,
}

/// What images hold beside the packages of their distribution's own image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Contents {
    /// Patterns with `*`; the first entry that fits counts.
    pub tags: Vec<String>,
    /// Another image whose contents it has too, as `name:tag`; `{release}` is put in.
    #[serde(default)]
    pub on: Option<String>,
    /// Packages, installed with what they depend on. A `-dev` package stands for its libraries too.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Programs that no package of the distribution brings: `node`, `yarn`, `go`.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Packages whose files it has in another place, where its programs find them.
    #[serde(default)]
    pub stands_for: Vec<String>,
    /// Libraries, by their names for the linker, that no package of the distribution brings as new as they are.
    #[serde(default)]
    pub own_libraries: Vec<String>,
}

/// What an image sets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Configuration {
    /// Patterns with `*`; the first entry that fits counts.
    pub tags: Vec<String>,
    /// Variables with a value that is the same in all of them.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Variables whose value differs by version: `PYTHON_VERSION`.
    #[serde(default)]
    pub versions: Vec<String>,
    /// Folders put before the usual PATH.
    #[serde(default)]
    pub path: Vec<String>,
    /// WORKDIR, `/` if none.
    #[serde(default)]
    pub workdir: Option<String>,
    /// ENTRYPOINT.
    #[serde(default)]
    pub entrypoint: Vec<String>,
    /// CMD.
    #[serde(default)]
    pub cmd: Vec<String>,
    /// STOPSIGNAL.
    #[serde(default)]
    pub stopsignal: Option<String>,
    /// EXPOSE.
    #[serde(default)]
    pub expose: Vec<String>,
    /// VOLUME.
    #[serde(default)]
    pub volume: Vec<String>,
}

/// A smaller image for the same use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slimmer {
    /// Its name.
    pub image: String,
    /// Its tag.
    pub tag: String,
    /// What it can run.
    pub purpose: Purpose,
    /// The tag that the larger image needs so that both are of one release; none if the tags say so already.
    pub pinned: Option<String>,
}

/// A word of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TagWord {
    /// `bookworm`, `alpine3.20`, `alpine`, `ubuntu22.04`.
    Release(Family, Option<String>),
    /// A version of Windows.
    Windows,
    /// Any other.
    Other,
}

impl TagWord {
    pub(super) fn of(word: &str) -> TagWord {
        const NUMBERED: [(&str, Family); 12] = [
            ("alpine", Family::Alpine),
            ("ubuntu", Family::Ubuntu),
            ("debian", Family::Debian),
            ("fedora", Family::Fedora),
            ("centos", Family::RedHat),
            ("rockylinux", Family::RedHat),
            ("almalinux", Family::RedHat),
            ("oraclelinux", Family::RedHat),
            ("oracle", Family::RedHat),
            ("ubi", Family::RedHat),
            ("al", Family::Amazon),
            ("amazonlinux", Family::Amazon),
        ];
        if let Some((family, name)) = named(word) {
            return TagWord::Release(family, Some(name.to_owned()));
        }
        if ["windows", "nanoserver", "servercore"]
            .iter()
            .any(|known| word.contains(known))
        {
            return TagWord::Windows;
        }
        let Some((family, number)) = NUMBERED
            .iter()
            .find_map(|(name, family)| word.strip_prefix(name).map(|number| (*family, number)))
        else {
            return TagWord::Other;
        };
        match number {
            "" if word == "al" => TagWord::Other,
            "" => TagWord::Release(family, None),
            _ if !number.starts_with(|c: char| c.is_ascii_digit()) => TagWord::Other,
            _ if family.is_debian_like() => {
                numbered(family, number).map_or(TagWord::Other, |name| TagWord::Release(family, Some(name.to_owned())))
            }
            _ => TagWord::Release(family, Some(number.to_owned())),
        }
    }
}

// As for package managers: a file that doesn't parse is left out, and a test fails.
static IMAGES: LazyLock<Vec<BaseImage>> =
    LazyLock::new(|| FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect());

/// Variables of images that say something of the whole system, not of a toolchain.
const OF_THE_SYSTEM: &[&str] = &["LANG", "LANGUAGE", "LC_ALL", "TZ"];

/// Whether a variable is a setting of the toolchain of an image whose results run on another one: `GOPATH`, `MAVEN_HOME`.
#[must_use]
pub fn is_toolchain_setting(name: &str) -> bool {
    let sets = |known: &Configuration| known.env.contains_key(name);
    !OF_THE_SYSTEM.contains(&name) && toolchains().any(sets)
}

/// Whether an entry of PATH is a folder of such a toolchain: `/usr/local/go/bin`.
#[must_use]
pub fn is_toolchain_folder(folder: &str) -> bool {
    toolchains().any(|known| known.path.iter().any(|entry| entry == folder))
}

fn toolchains() -> impl Iterator<Item = &'static Configuration> {
    let builds = |image: &&BaseImage| image.slimmer.iter().any(|rule| rule.purpose != Purpose::Same);
    IMAGES.iter().filter(builds).flat_map(|image| &image.configuration)
}

/// What is known of the image with this name.
#[must_use]
pub fn base_image(image_name: &str) -> Option<&'static BaseImage> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static BaseImage>> = LazyLock::new(|| {
        IMAGES
            .iter()
            .flat_map(|image| image.names.iter().map(move |name| (name.as_str(), image)))
            .collect()
    });
    let name = short_name(image_name);
    BY_NAME.get(name).or_else(|| BY_NAME.get(official_name(name)?)).copied()
}

/// The smaller images that can take the place of `image_name:tag` at run time, the closest first.
#[must_use]
pub fn slimmer_images(image_name: &str, tag: Option<&str>) -> Vec<Slimmer> {
    let tag = tag.unwrap_or("latest");
    let Some(image) = base_image(image_name) else {
        return Vec::new();
    };
    let release = release_of(image_name, Some(tag));
    image
        .slimmer
        .iter()
        .filter(|rule| !rule.never.iter().any(|pattern| matches(pattern, tag)))
        .filter_map(|rule| rule.apply(image, image_name, tag, release.as_ref()))
        .collect()
}

/// The closest of the [smaller images](slimmer_images).
#[must_use]
pub fn slimmer(image_name: &str, tag: Option<&str>) -> Option<Slimmer> {
    slimmer_images(image_name, tag).into_iter().next()
}

/// What the image sets, as far as it is known.
#[must_use]
pub fn image_configuration(image_name: &str, tag: Option<&str>) -> Option<&'static Configuration> {
    let tag = tag.unwrap_or("latest");
    base_image(image_name)?
        .configuration
        .iter()
        .find(|known| known.tags.iter().any(|pattern| matches(pattern, tag)))
}

/// What an image holds beside the packages of its distribution's own image.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ImageContents {
    /// Packages of the distribution; of Debian and Ubuntu with those that they depend on, in the names of the Debian
    /// release closest to it.
    pub packages: BTreeSet<&'static str>,
    /// Programs that no package brings: `node`, `go`.
    pub tools: BTreeSet<&'static str>,
    /// Packages whose files it has in another place.
    pub stands_for: BTreeSet<&'static str>,
    /// Libraries, by their names for the linker, that the distribution lacks or has older: `stdc++`.
    pub own_libraries: BTreeSet<&'static str>,
}

impl ImageContents {
    /// Whether the image has a program, be it from a package or not. The programs of the distribution's own image are
    /// not looked at.
    #[must_use]
    pub fn has_tool(&self, family: Family, program: &str) -> bool {
        self.tools.contains(program)
            || package_of_tool(family, program).is_some_and(|package| self.packages.contains(package))
    }
}

/// How many images' contents are remembered: more than a repository uses.
const MOST_REMEMBERED: usize = 256;

/// The contents of images by name and tag.
type Remembered = HashMap<(String, String), Option<Arc<ImageContents>>>;

/// What an image holds beside the packages of its distribution's own image; none if it isn't known. It is worked out once
/// for each image.
#[must_use]
pub fn image_contents(image_name: &str, tag: Option<&str>) -> Option<Arc<ImageContents>> {
    static KNOWN: LazyLock<RwLock<Remembered>> = LazyLock::new(RwLock::default);

    let key = (image_name.to_owned(), tag.unwrap_or("latest").to_owned());
    if let Some(contents) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return contents.clone();
    }
    let contents = find_contents(image_name, &key.1).map(Arc::new);
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() < MOST_REMEMBERED {
        known.insert(key, contents.clone());
    }
    contents
}

/// Whether an image is known to have a program that no package of its distribution brings.
#[must_use]
pub fn image_has_own_tool(image_name: &str, tag: Option<&str>, program: &str) -> bool {
    match image_contents(image_name, tag) {
        Some(contents) => contents.tools.contains(program),
        None => base_image(image_name).is_some_and(|image| image.tools.iter().any(|tool| tool == program)),
    }
}

fn find_contents(image_name: &str, tag: &str) -> Option<ImageContents> {
    let release = release_of(image_name, Some(tag))?;
    let mut contents = ImageContents::default();
    collect_contents(image_name, tag, &release, &mut contents, 0)?;
    Some(contents)
}

fn collect_contents(
    image_name: &str,
    tag: &str,
    release: &Release,
    into: &mut ImageContents,
    depth: usize,
) -> Option<()> {
    // No image stands on more than a few others; a table that goes round ends here.
    if depth > 4 {
        return None;
    }
    let known = base_image(image_name)?
        .contents
        .iter()
        .find(|known| known.tags.iter().any(|pattern| matches(pattern, tag)))?;
    if let Some(on) = &known.on {
        let on = on.replace("{release}", release.codename.as_deref()?);
        let (name, tag) = on.rsplit_once(':')?;
        collect_contents(name, tag, release, into, depth + 1)?;
    }
    let names: Vec<&str> = known.packages.iter().map(String::as_str).collect();
    match release.family.is_debian_like() {
        true => into.packages.extend(closure(release, &names)),
        // What they depend on isn't known.
        false => into.packages.extend(names),
    }
    into.tools.extend(known.tools.iter().map(String::as_str));
    into.stands_for.extend(known.stands_for.iter().map(String::as_str));
    into.own_libraries
        .extend(known.own_libraries.iter().map(String::as_str));
    Some(())
}

impl BaseImage {
    /// The release of a tag that doesn't name one fully; `family` is the distribution that it names.
    pub(super) fn release(&self, tag: &str, family: Option<Family>) -> Option<Release> {
        if self.is_distribution
            && let Some(release) = self.own_release(tag)
        {
            return Some(release);
        }
        let wanted = family.unwrap_or(self.family);
        if let Some((codename, is_final)) = self.release_by_version(tag, wanted) {
            return Some(Release {
                family: wanted,
                codename: Some(codename.to_owned()),
                certain: is_final,
            });
        }
        let default = self.releases.iter().find(|default| {
            let of = default.family.unwrap_or(self.family);
            family.is_none_or(|told| told == of) && default.tags.iter().any(|pattern| matches(pattern, tag))
        });
        Some(match default {
            Some(default) => Release {
                family: default.family.unwrap_or(self.family),
                codename: Some(default.codename.clone()),
                certain: default.is_final,
            },
            None => Release {
                family: wanted,
                codename: None,
                certain: false,
            },
        })
    }

    /// What the table by versions says: of the version in the tag, or of the closest one that it belongs to.
    fn release_by_version(&self, tag: &str, family: Family) -> Option<(&'static str, bool)> {
        type Table = HashMap<(&'static str, &'static str, &'static str), (&'static str, bool)>;
        static TABLE: LazyLock<Table> = LazyLock::new(|| {
            lines(RELEASES)
                .filter_map(|line| {
                    let cells: Vec<&str> = line.split('\t').collect();
                    let [image, version, variant, codename, state] = cells.as_slice() else {
                        return None;
                    };
                    Some(((*image, *version, *variant), (*codename, *state == "final")))
                })
                .collect()
        });
        let variant = match family {
            Family::Debian => "",
            Family::Alpine => "alpine",
            _ => return None,
        };
        let image = self.names.first()?;
        let mut version = tag.split('-').next()?;
        // A release candidate was built earlier than the version that is named, perhaps on an older release.
        let is_candidate = tag.split('-').any(is_early);
        loop {
            if let Some((codename, is_final)) = TABLE.get(&(image.as_str(), version, variant)) {
                return Some((*codename, *is_final && !is_candidate));
            }
            version = version.rsplit_once('.')?.0;
        }
    }

    /// The release that a tag of a distribution's own image means: `12`, `12.5-slim`, `22.04`, `3.20.3`, `9`.
    fn own_release(&self, tag: &str) -> Option<Release> {
        let number = tag.split('-').next()?;
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let codename = match self.family {
            Family::Debian | Family::Ubuntu => numbered(self.family, number)?.to_owned(),
            Family::Alpine => {
                // `3` moves, `3.20` and `3.20.3` don't leave 3.20; `20240101` is a snapshot of edge.
                let mut parts = number.split('.');
                format!("{}.{}", parts.next()?, parts.next()?)
            }
            _ => number.split('.').next()?.to_owned(),
        };
        Some(Release::certain(self.family, &codename))
    }

    fn is_version(&self, word: &str) -> bool {
        word.starts_with(|c: char| c.is_ascii_digit()) || self.versions.iter().any(|known| known == word)
    }
}

impl SlimmerRule {
    fn apply(&self, of: &BaseImage, image_name: &str, tag: &str, release: Option<&Release>) -> Option<Slimmer> {
        let mut bound = self.from.iter().find_map(|pattern| of.bind(pattern, tag))?;
        let is_told = bound.iter().any(|(name, _)| *name == "release");
        if let Some((repository, _)) = image_name.rsplit_once('/') {
            bound.push(("repository", repository.to_owned()));
        }
        // Binaries don't go from one distribution to another: buildpack-deps:jammy is not for debian.
        let target = self.image.as_deref().and_then(base_image);
        if let (Some(target), Some(release)) = (target.filter(|target| target.is_distribution), release)
            && target.family != release.family
        {
            return None;
        }
        let mut pinned = None;
        if !is_told && let Some(release) = release {
            bound.extend(release.codename.clone().map(|codename| ("release", codename)));
            pinned = self.pinned.as_ref().filter(|_| !release.certain);
        }
        // Not every release candidate was built for every release.
        if pinned.is_some() && tag.split('-').any(is_early) {
            return None;
        }
        Some(Slimmer {
            image: match &self.image {
                Some(image) => fill(image, &bound)?,
                None => image_name.to_owned(),
            },
            tag: fill(&self.tag, &bound)?,
            purpose: self.purpose,
            pinned: match pinned {
                Some(pinned) => Some(fill(pinned, &bound)?),
                None => None,
            },
        })
    }
}

/// Names of placeholders and what they stand for.
type Bound = Vec<(&'static str, String)>;

impl BaseImage {
    /// What the placeholders of a pattern stand for in a tag; none if it doesn't fit.
    fn bind(&self, pattern: &str, tag: &str) -> Option<Bound> {
        let words: Vec<&str> = tag.split('-').collect();
        let mut at = 0;
        let mut bound = Bound::new();
        for part in pattern.split('-') {
            let word = *words.get(at)?;
            at += 1;
            match part {
                "{version}" if self.is_version(word) => {
                    let mut version = word.to_owned();
                    while let Some(next) = words.get(at).filter(|next| is_prerelease(next)) {
                        version = format!("{version}-{next}");
                        at += 1;
                    }
                    let mut numbers = word.split('.');
                    if let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) {
                        bound.push(("minor", format!("{major}.{minor}")));
                    }
                    bound.push(("version", version));
                }
                "{release}" => match TagWord::of(word) {
                    TagWord::Release(family, Some(codename)) if family.is_debian_like() => {
                        bound.push(("release", codename));
                    }
                    _ => return None,
                },
                "{alpine}" => match TagWord::of(word) {
                    TagWord::Release(Family::Alpine, Some(codename)) => bound.push(("release", codename)),
                    _ => return None,
                },
                "{java}" if word.starts_with(|c: char| c.is_ascii_digit()) => bound.push(("java", word.to_owned())),
                _ if part == word => {}
                _ => return None,
            }
        }
        (at == words.len()).then_some(bound)
    }
}

/// Whether a word says that the version is not finished: `rc`, `3.13.0rc1`.
fn is_early(word: &str) -> bool {
    let word = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    is_prerelease(word)
        || word
            .strip_prefix(['a', 'b'])
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
}

fn is_prerelease(word: &str) -> bool {
    ["rc", "ea", "beta", "alpha", "preview"].iter().any(|known| {
        word.strip_prefix(known)
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
    })
}

/// `template` with its placeholders filled; none if one of them stands for nothing.
fn fill(template: &str, bound: &[(&'static str, String)]) -> Option<String> {
    let mut text = template.to_owned();
    for (name, value) in bound {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    (!text.contains('{')).then_some(text)
}

#[cfg(test)]
pub(super) fn embedded() -> &'static [&'static str] {
    FILES
}
