//! Prints `data/base-images/releases.tsv`: on which distribution release official images are built whose tag names
//! none. CONTRIBUTING says how to call it.
//!
//! The tag lists of a clone of <https://github.com/docker-library/official-images> are read at every commit: what a tag
//! meant on the last day on which it stood there is what it means since.

use std::collections::{BTreeMap, HashSet};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The images whose versions stand on releases of Debian, with the other distribution that is asked for.
const IMAGES: [(&str, &str); 11] = [
    ("gcc", ""),
    ("golang", ""),
    ("golang", "alpine"),
    ("haskell", ""),
    ("node", ""),
    ("perl", ""),
    ("php", ""),
    ("python", ""),
    ("ruby", ""),
    ("rust", ""),
    ("rust", "alpine"),
];

const CODENAMES: [&str; 8] = [
    "wheezy", "jessie", "stretch", "buster", "bullseye", "bookworm", "trixie", "forky",
];

fn main() -> Result<()> {
    let clone = std::env::args().nth(1).context("CLONE")?;
    let day = git(&clone, &["log", "-1", "--format=%ad", "--date=short"])?;
    println!(
        "# The distribution release that images are built on whose tag names none, by version: the closest version that is"
    );
    println!(
        "# named counts (3.8.5, else 3.8, else 3). \"final\" is no longer built, so it stays; others move with the image."
    );
    println!("# Made by examples/image_releases.rs from the history of the tag lists.");
    println!("# source: https://github.com/docker-library/official-images");
    println!("# checked: {}", day.trim());
    println!("# an image, a version, a variant if there is one, the release, final or moves");
    for (image, variant) in IMAGES {
        for (version, codename, is_final) in releases(&clone, image, variant)? {
            let state = if is_final { "final" } else { "moves" };
            println!("{image}\t{}\t{variant}\t{codename}\t{state}", written(&version));
        }
    }
    Ok(())
}

fn git(clone: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").arg("-C").arg(clone).args(arguments).output()?;
    if !output.status.success() {
        bail!(
            "git {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

type Version = Vec<u32>;

fn written(version: &[u32]) -> String {
    let numbers: Vec<String> = version.iter().map(u32::to_string).collect();
    numbers.join(".")
}

/// Versions with their release, and whether they are no longer built; those that say the same as a shorter one are
/// left out.
fn releases(clone: &str, image: &str, variant: &str) -> Result<Vec<(Version, String, bool)>> {
    let file = format!("library/{image}");
    let commits = git(clone, &["log", "--format=%h", "--", &file])?;
    let mut last: BTreeMap<Version, String> = BTreeMap::new();
    let mut current = HashSet::new();
    for (age, commit) in commits.lines().enumerate() {
        // A commit may have removed the file for a while.
        let Ok(text) = git(clone, &["show", &format!("{commit}:{file}")]) else {
            continue;
        };
        for block in text.split("\n\n") {
            for (version, release) in tags(block, variant) {
                if age == 0 {
                    current.insert(version.clone());
                }
                if let Some(release) = release {
                    last.entry(version).or_insert(release);
                }
            }
        }
    }
    let mut rows: Vec<(Version, String, bool)> = Vec::new();
    let mut versions: Vec<(Version, String)> = last.into_iter().collect();
    versions.sort_by_key(|(version, _)| (version.len(), version.clone()));
    for (version, release) in versions {
        let is_final = !current.contains(&version);
        let closest = (1..version.len()).rev().find_map(|length| {
            let shorter = version.get(..length)?;
            rows.iter().find(|(known, ..)| known == shorter)
        });
        if closest.is_none_or(|(_, known, was_final)| *known != release || *was_final != is_final) {
            rows.push((version, release, is_final));
        }
    }
    Ok(rows)
}

/// The versions that a block of a tag list names without a release, and the release that it is built on.
fn tags(block: &str, variant: &str) -> Vec<(Version, Option<String>)> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let all: Vec<&str> = ["Tags", "SharedTags"]
        .into_iter()
        .filter_map(field)
        .flat_map(|tags| tags.split(','))
        .map(str::trim)
        .collect();
    let folder = field("Directory").unwrap_or_default().trim();
    if folder.contains("windows") || folder.contains("nanoserver") {
        return Vec::new();
    }
    let words = all
        .iter()
        .flat_map(|tag| tag.split('-'))
        .chain(folder.split(['/', '-']));
    let release = words.clone().find_map(|word| match variant {
        "" => CODENAMES.contains(&word).then(|| word.to_owned()),
        _ => word
            .strip_prefix(variant)
            .filter(|number| number.starts_with(|c: char| c.is_ascii_digit()))
            .map(str::to_owned),
    });
    let ending = if variant.is_empty() {
        String::new()
    } else {
        format!("-{variant}")
    };
    all.iter()
        .filter_map(|tag| tag.strip_suffix(ending.as_str()))
        .filter_map(|version| version.split('.').map(|number| number.parse().ok()).collect())
        .map(|version| (version, release.clone()))
        .collect()
}
