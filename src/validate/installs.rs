//! Packages of the system are asked for as in the original: in the same version, with the same options and lists, under the
//! same conditions, by the manager of the image.

use std::collections::BTreeSet;

use crate::facts::{ImageReference, ManagerUse, User};
use crate::knowledge::{Release, archived_release, has_package, tools_of_package};

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
    let names: BTreeSet<&str> = all(pair.after, new).map(|(_, asked)| asked.name).collect();
    let replaced = known.iter().filter(|other| !names.contains(other.name));
    let original = Original {
        replaced: replaced.map(|other| other.flow).collect(),
        known,
        release,
        image: new.image.as_ref(),
    };
    let wrong = all(pair.after, new).filter_map(|(item, asked)| {
        let why = original.wrong(&asked).or_else(|| original.is_late(new, item, &asked))?;
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

/// The stage of the original, as far as it matters to installs.
struct Original<'a> {
    known: Vec<Asked<'a>>,
    /// How the installs are called whose packages are not in the result.
    replaced: Vec<Flow>,
    release: Option<Release>,
    image: Option<&'a ImageReference>,
}

impl Original<'_> {
    /// What is not as in the original.
    fn wrong(&self, asked: &Asked<'_>) -> Option<String> {
        let same: Vec<&Asked<'_>> = self.known.iter().filter(|other| other.name == asked.name).collect();
        if same.is_empty() {
            return self.wrong_addition(asked);
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
    fn wrong_addition(&self, asked: &Asked<'_>) -> Option<String> {
        if asked.version.is_some() {
            return Some("in a version that nobody asked for".to_owned());
        }
        if let Some(why) = self.wrong_options(asked) {
            return Some(why);
        }
        if asked.lists < Lists::There && self.known.iter().all(|other| other.lists > asked.lists) {
            return Some(WITHOUT_LISTS.to_owned());
        }
        // It may stand in the place of another one.
        if !asked.flow.is_certain() && !self.replaced.contains(&asked.flow) {
            return Some(OTHERWISE.to_owned());
        }
        if asked.used.manager.needs_root && asked.used.user != User::Root && !self.has_user(asked) {
            return Some("by a user who may not".to_owned());
        }
        let families = &asked.used.manager.families;
        let is_foreign = |release: &Release| !families.is_empty() && !families.contains(&release.family);
        let mut known = self.known.iter();
        if self.release.as_ref().is_some_and(is_foreign)
            && known.all(|other| other.used.manager.id != asked.used.manager.id)
        {
            return Some(format!("by {}, which the image does not have", asked.used.manager.name));
        }
        self.is_unavailable(asked)
    }

    /// Whether an install of the original asks as this one does; else whether the options are those of an install that nobody
    /// watches.
    fn wrong_options(&self, asked: &Asked<'_>) -> Option<String> {
        if self.known.iter().any(|other| other.options == asked.options) {
            return None;
        }
        let Some(unattended) = &asked.used.manager.unattended else {
            return Some("with options that nobody asked for".to_owned());
        };
        let is_in = |words: &[String], option: &String| words.iter().any(|word| option.trim_end_matches('=') == word);
        let is_known = |option: &&String| is_in(&unattended.yes, option) || is_in(&unattended.others, option);
        if !asked.options.iter().all(|option| is_known(&option)) {
            return Some("with options that nobody asked for".to_owned());
        }
        let answers = unattended.yes.is_empty() || asked.options.iter().any(|option| is_in(&unattended.yes, option));
        (!answers).then(|| "without the option that answers its question".to_owned())
    }

    fn has_user(&self, asked: &Asked<'_>) -> bool {
        self.known.iter().any(|other| other.used.user == asked.used.user)
    }

    /// Why the mirrors may not have a package.
    fn is_unavailable(&self, asked: &Asked<'_>) -> Option<String> {
        let image = self.image?;
        let archived = archived_release(&image.repository(), image.tag.as_deref()).filter(|_| self.known.is_empty());
        if let Some(release) = archived {
            return Some(format!("from mirrors that no longer have {release}"));
        }
        let release = self.release.as_ref()?;
        (!has_package(release, asked.name))
            .then(|| "although nothing says that this release has a package of that name".to_owned())
    }

    /// Whether a step before an added package calls a program that it brings.
    fn is_late(&self, new: &StageModel, item: &Item, asked: &Asked<'_>) -> Option<String> {
        let is_known = self.known.iter().any(|other| other.name == asked.name);
        let release = self.release.as_ref().filter(|_| !is_known)?;
        let tools: Vec<&str> = tools_of_package(release.family, asked.name).collect();
        let earlier = new.items.iter().take_while(|other| !std::ptr::eq(*other, item));
        let mut called = earlier.flat_map(|other| &other.effects().runs);
        let program = called.find(|program| tools.iter().any(|tool| program.rsplit('/').next() == Some(tool)))?;
        Some(format!("after a step that calls {program}"))
    }
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
    fn added_packages() {
        let before =
            "FROM debian:bookworm-slim\nCOPY . /app\nRUN curl https://example.org\nUSER 1000\nCMD [\"/app/x\"]\n";
        let with =
            |words: &str| before.replace("COPY", &format!("RUN apt-get update && apt-get install {words}\nCOPY"));
        let late = |line: &str, user: &str| {
            let install = "RUN apt-get update && apt-get install -y curl\n";
            before.replace(line, &format!("{user}{install}{line}"))
        };
        accepts(before, &with("-y --no-install-recommends curl libpq5"));
        for words in [
            "curl",
            "-y -d curl",
            "-y libpq52",
            "-y libssl3t64",
            "-y curl || true",
            "-y -t bookworm-backports curl",
        ] {
            let found = crate::validate::tests::violations(before, &with(words));
            assert!(found.iter().any(|found| found.kind == Kind::InstallChanged), "{words}");
        }
        rejects(before, &late("USER", ""), Kind::InstallChanged);
        rejects(before, &late("COPY", "USER 1000\n"), Kind::InstallChanged);
        let old = |text: &str| text.replace("bookworm", "stretch");
        rejects(&old(before), &old(&with("-y curl")), Kind::InstallChanged);
    }

    #[test]
    fn a_package_beside_one_under_a_condition() {
        let before = "FROM debian:bookworm-slim\nRUN if [ -n \"$X\" ]; then apt-get update && apt-get install -y git libpq-dev; fi\n";
        accepts(before, &before.replace("libpq-dev", "libpq5"));
        rejects(before, &before.replace("git ", "git curl "), Kind::InstallChanged);
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
