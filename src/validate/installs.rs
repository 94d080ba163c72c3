//! Packages of the system are asked for as in the original: in the same version, with the same options and lists, under the
//! same conditions, by the manager of the image.

use std::collections::BTreeSet;

use crate::facts::ManagerUse;
use crate::knowledge::Release;

use super::flow::Flow;
use super::identity::lasting_options;
use super::lists::{self, Lists};
use super::model::{Item, StageModel, Version};
use super::{Kind, Pair, Violation};

/// Checks every stage of the result.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let made = pair.made();
    made.flat_map(|((_, after), old, new)| check_stage(pair, after, old, new))
        .collect()
}

const WITHOUT_LISTS: &str = "without the package lists that it was installed with";
const OTHERWISE: &str = "under other conditions, or its failure would count otherwise";

/// How a package is asked for.
struct Asked<'a> {
    name: &'a str,
    version: Option<&'a str>,
    options: BTreeSet<String>,
    used: &'a ManagerUse,
    flow: Flow,
    lists: Lists,
}

fn check_stage(pair: &Pair<'_>, after: usize, old: &StageModel, new: &StageModel) -> Vec<Violation> {
    let known: Vec<Asked<'_>> = all(pair.before, old).map(|(_, asked)| asked).collect();
    let release = pair.after.release(after);
    let wrong = all(pair.after, new).filter_map(|(item, asked)| {
        let why = wrong(&known, &asked, release.as_ref())?;
        Some(Violation {
            kind: Kind::InstallChanged,
            line: pair.after.line(item),
            what: format!("{} would be installed {why}", asked.name),
            remedy: "keep how it is installed".to_owned(),
        })
    });
    wrong.collect()
}

/// All packages that the steps of a stage install.
fn all<'v>(version: &'v Version<'_>, stage: &'v StageModel) -> impl Iterator<Item = (&'v Item, Asked<'v>)> {
    let lists = lists::found(version, stage);
    stage.items.iter().enumerate().flat_map(move |(at, item)| {
        let lists = lists.get(&at).copied().unwrap_or(Lists::Missing);
        let command = version.command(item);
        let used = command.and_then(|command| Some((command, command.manager.as_ref()?)));
        let packages = item.act.installed().iter();
        packages.filter_map(move |package| {
            let (command, used) = used?;
            let asked = Asked {
                name: &package.name,
                version: package.version.as_deref(),
                options: lasting_options(command, used),
                used,
                flow: Flow::of(command),
                lists,
            };
            Some((item, asked))
        })
    })
}

/// What is not as in the original.
fn wrong(known: &[Asked<'_>], asked: &Asked<'_>, release: Option<&Release>) -> Option<String> {
    let same: Vec<&Asked<'_>> = known.iter().filter(|other| other.name == asked.name).collect();
    if same.is_empty() {
        return wrong_addition(known, asked, release);
    }
    let is_equal = |other: &Asked<'_>| other.version == asked.version && other.options == asked.options;
    if !same.iter().any(|other| is_equal(other)) {
        return Some("in another version, or with other options".to_owned());
    }
    if same.iter().all(|other| other.lists > asked.lists) {
        return Some(WITHOUT_LISTS.to_owned());
    }
    let is_kept = same.iter().any(|other| is_equal(other) && other.flow == asked.flow);
    (!is_kept).then(|| OTHERWISE.to_owned())
}

/// What is wrong with a package that the original does not name.
fn wrong_addition(known: &[Asked<'_>], asked: &Asked<'_>, release: Option<&Release>) -> Option<String> {
    if asked.version.is_some() {
        return Some("in a version that nobody asked for".to_owned());
    }
    let has_value = asked.options.iter().any(|option| !option.ends_with('='));
    if has_value && known.iter().all(|other| other.options != asked.options) {
        return Some("with options that nobody asked for".to_owned());
    }
    if asked.lists < Lists::There && known.iter().all(|other| other.lists > asked.lists) {
        return Some(WITHOUT_LISTS.to_owned());
    }
    if !asked.flow.is_certain() && known.iter().all(|other| other.flow != asked.flow) {
        return Some(OTHERWISE.to_owned());
    }
    let families = &asked.used.manager.families;
    let is_foreign = release.is_some_and(|release| !families.is_empty() && !families.contains(&release.family));
    let is_new = known.iter().all(|other| other.used.manager.id != asked.used.manager.id);
    (is_foreign && is_new).then(|| format!("by {}, which the image does not have", asked.used.manager.name))
}

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    const BEFORE: &str =
        "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y curl=7.88.1-10 git libpq-dev\n";

    #[test]
    fn versions_and_options() {
        accepts(BEFORE, &BEFORE.replace("libpq-dev", "libpq5"));
        accepts(
            BEFORE,
            &BEFORE.replace("RUN ", "RUN --mount=type=cache,target=/var/cache/apt "),
        );
        for (from, to) in [
            ("curl=7.88.1-10", "curl"),
            ("curl=7.88.1-10", "curl=8"),
            ("git", "git=2"),
            ("-y curl", "-y -t bookworm-backports curl"),
            ("-y curl", "-y --no-install-recommends curl"),
            ("-y curl", "--dry-run curl"),
            ("libpq-dev", "libpq5=15"),
        ] {
            assert!(BEFORE.contains(from));
            rejects(BEFORE, &BEFORE.replace(from, to), Kind::InstallChanged);
        }
    }

    #[test]
    fn options_of_caches_may_change() {
        let before = "FROM alpine:3.20\nRUN apk add --no-cache curl\n";
        accepts(before, &before.replace("--no-cache", "--update-cache"));
        // It fetched the package lists, too.
        rejects(before, &before.replace("--no-cache ", ""), Kind::InstallChanged);
        rejects(
            before,
            &before.replace("--no-cache", "--allow-untrusted"),
            Kind::InstallChanged,
        );
    }

    #[test]
    fn a_manager_that_the_image_lacks() {
        let before = "FROM debian:bookworm-slim\nCOPY . /app\n";
        accepts(
            before,
            &format!("{before}RUN apt-get update && apt-get install -y --no-install-recommends curl\n"),
        );
        rejects(
            before,
            &format!("{before}RUN apk add --no-cache curl\n"),
            Kind::InstallChanged,
        );
        // What the original does is its own business.
        let odd = format!("{before}RUN apk add git\n");
        accepts(&odd, &odd.replace("add git", "add git curl"));
    }
}
