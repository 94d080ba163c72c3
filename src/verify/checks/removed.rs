//! What went away, by cause. What no cause explains makes the verification fail.

use std::collections::BTreeMap;

use super::super::files::{Content, Files};
use super::super::python::LeftOut;
use super::super::report::{Check, Finding, Lack, Removed};
use super::super::subject::Subject;
use super::super::system::SystemPackages;
use super::{Side, application::left_out};
use crate::emit::text;
use crate::knowledge::{Family, Leftover, PackageRole, leftover, package_role};

/// Folders whose content is made again when it is missing.
const CACHES: [&str; 20] = [
    "var/cache",
    "var/log",
    "tmp",
    "var/tmp",
    "run",
    "var/run",
    "root/.cache",
    "root/.npm",
    "root/.local/share/pnpm",
    "root/.cargo/registry",
    "root/.cargo/git",
    "usr/local/cargo/registry",
    "usr/local/cargo/git",
    "go/pkg",
    "root/.m2",
    "root/.gradle",
    "root/.nuget",
    "root/.config",
    "usr/local/share/.cache",
    "root/.bundle/cache",
];

/// Folders in which package managers keep what they know.
const LISTS: [&str; 9] = [
    "var/lib/apt",
    "var/lib/dpkg",
    "var/lib/ucf",
    "var/lib/rpm",
    "lib/apk",
    "etc/apk",
    "usr/lib/sysimage",
    "var/lib/systemd",
    "var/lib/pam",
];

const DOCUMENTATION: [&str; 11] = [
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/lintian",
    "usr/share/bug",
    "usr/share/doc-base",
    "usr/share/gtk-doc",
    "usr/share/help",
    "usr/local/share/man",
    "usr/local/share/doc",
];

/// Where compilers and package managers of languages are put.
const TOOLCHAINS: [&str; 10] = [
    "usr/local/go",
    "usr/local/cargo",
    "usr/local/rustup",
    "root/.cargo",
    "root/.rustup",
    "usr/share/maven",
    "opt/gradle",
    "usr/lib/gcc",
    "root/go",
    "go",
];

/// The image that the original starts from.
#[derive(Clone, Copy, Debug)]
pub(in crate::verify) enum BaseImage<'a> {
    /// The rewrite starts from the same one.
    Kept,
    /// The rewrite starts from another one; these are its files.
    Replaced(&'a Files),
    /// The rewrite starts from another one, and the engine cannot give the files of it.
    Unread,
}

/// Compares which files are there.
#[must_use]
pub(in crate::verify) fn removed(
    before: Side<'_>,
    after: Side<'_>,
    base: BaseImage<'_>,
    subject: &Subject,
    tools: &LeftOut,
) -> (Check, Vec<Removed>) {
    let base_files = match base {
        BaseImage::Replaced(files) => Some(files),
        BaseImage::Kept | BaseImage::Unread => None,
    };
    let system = &before.files.system;
    let mut removed: BTreeMap<&'static str, (usize, u64)> = BTreeMap::new();
    let mut findings = Vec::new();
    for (path, entry) in &before.files.entries {
        // A folder says nothing that its files don't say, but one that a program writes to.
        let is_folder = entry.content == Content::Folder;
        if after.files.entries.contains_key(path) || is_folder && before.files.below(path).next().is_some() {
            continue;
        }
        let cause = if subject.is_application(path) {
            // What must not go is another check's finding.
            left_out(path, entry, before, after, subject).or(Some("the application"))
        } else {
            Cause {
                before,
                after,
                base: base_files,
                system,
                kept: &after.files.system,
                tools,
            }
            .of(path, &entry.content)
        };
        match cause {
            Some(cause) => {
                let sum = removed.entry(cause).or_default();
                *sum = (sum.0 + 1, sum.1 + entry.size);
            }
            None => {
                let owner = system.owner(path).map(|name| format!(", of the package {name}"));
                let what = format!("/{path}{} is gone, and no cause is known", owner.unwrap_or_default());
                findings.push(Finding::lacks(what, Lack::File(path.clone())));
            }
        }
    }
    let mut not_compared = Vec::new();
    let mut is_unread = false;
    if before.files.system.is_unread && !findings.is_empty() {
        // What might explain them was not read: nothing is said about these files.
        is_unread = true;
        not_compared.extend(findings.drain(..).map(|finding| finding.what));
    } else if matches!(base, BaseImage::Unread) && !findings.is_empty() {
        not_compared.push("the files of the original's base image, which cannot be read".to_owned());
    }
    findings.extend(certificates(before, after));
    let removed: Vec<Removed> = removed
        .into_iter()
        .map(|(cause, (files, bytes))| Removed { cause, files, bytes })
        .collect();
    let reason = match removed.iter().map(|group| group.files).sum() {
        0 => "nothing went away".to_owned(),
        count => format!(
            "{} away, each for a known cause",
            text::count(count, "file went", "files went")
        ),
    };
    let check = if is_unread && findings.is_empty() {
        let why = "which files belong to which system package only rpm tells, and the image has no rpm";
        Check::unknown("removed", why)
    } else {
        Check::of("removed", reason, findings)
    };
    (check.without(not_compared), removed)
}

/// The certificates by which programs trust the servers that they call, where they are gone and something of the
/// application looks for them. No start of the program shows that.
fn certificates(before: Side<'_>, after: Side<'_>) -> Option<Finding> {
    const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
    // These bring certificates of their own, and look at others only when told.
    const BRINGS_OWN: [&str; 3] = ["node", "bun", "deno"];
    if before.files.resolve(BUNDLE).is_none() || after.files.resolve(BUNDLE).is_some() {
        return None;
    }
    let mut users = after.files.trusting.iter().filter(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        after.files.system.owners(path).is_empty() && !BRINGS_OWN.contains(&name)
    });
    let user = users.next()?;
    let what = format!("/{BUNDLE} is gone, and /{user} looks for certificates to trust other servers by");
    Some(Finding::lacks(what, Lack::Package("ca-certificates")))
}

struct Cause<'a> {
    before: Side<'a>,
    after: Side<'a>,
    base: Option<&'a Files>,
    system: &'a SystemPackages,
    kept: &'a SystemPackages,
    /// What only installs and builds.
    tools: &'a LeftOut,
}

impl Cause<'_> {
    fn of(&self, path: &str, content: &Content) -> Option<&'static str> {
        let is_in = |folders: &[&str]| {
            folders.iter().any(|folder| {
                path.strip_prefix(folder)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let name = path.rsplit('/').next().unwrap_or(path);
        let of_home = path
            .strip_prefix("home/")
            .and_then(|rest| rest.split_once('/'))
            .map(|(_, rest)| rest);
        if is_in(&CACHES)
            || name.ends_with(".pyc")
            || name == "__pycache__"
            || of_home.is_some_and(|rest| rest.starts_with(".cache/") || rest.starts_with(".npm/"))
        {
            return Some("caches");
        }
        // Backups that dpkg and useradd make of their own files.
        if is_in(&LISTS)
            || [
                "etc/passwd-",
                "etc/group-",
                "etc/shadow-",
                "etc/gshadow-",
                "etc/ld.so.cache",
            ]
            .contains(&path)
        {
            return Some("package lists");
        }
        if is_in(&DOCUMENTATION) {
            return Some("documentation");
        }
        let is_headers = [".h", ".hpp", ".a", ".la", ".pc", ".cmake", ".m4"]
            .iter()
            .any(|ending| name.ends_with(ending));
        if is_headers || is_in(&["usr/include", "usr/local/include"]) {
            return Some("headers");
        }
        if leftover(path, |path| self.before.files.entries.contains_key(path)) == Some(Leftover::Kept) {
            return Some("build products");
        }
        if let Some(cause) = self.package(path) {
            return Some(cause);
        }
        // Links of alternatives belong to what they lead to.
        if let (Content::Link(_), Some(target)) = (content, self.before.files.resolve(path))
            && let Some(cause) = self.package(&target)
        {
            return Some(cause);
        }
        if self.is_language_package(path) {
            return Some("language packages elsewhere");
        }
        if self.is_moved(path, content) {
            return Some("moved");
        }
        if is_in(&TOOLCHAINS) || self.tools.programs.contains(path) {
            return Some("build tools");
        }
        if self.base.is_some_and(|base| base.entries.contains_key(path)) {
            return Some("the larger base image");
        }
        // The scripts of packages make places for more of their kind, which programs only read.
        if *content == Content::Folder && is_in(&["etc", "usr/lib", "usr/share", "usr/local/lib", "usr/local/share"]) {
            return Some("empty folders of packages");
        }
        None
    }

    /// The cause for a file of a system package that is gone as a whole.
    fn package(&self, path: &str) -> Option<&'static str> {
        let name = self.system.owner(path)?;
        if self.kept.installed.contains(name) {
            return None;
        }
        let family = self.system.family.unwrap_or(Family::Debian);
        match package_role(family, name) {
            Some(PackageRole::Headers) => Some("headers"),
            Some(PackageRole::BuildOnly) => Some("build tools"),
            // Whether the application runs it is what the check of the entry point asks.
            Some(PackageRole::Either) => Some("tools of builds"),
            _ if name.ends_with("-dev") || name.ends_with("-doc") => Some("headers"),
            _ if self.base.is_some_and(|base| base.entries.contains_key(path)) => Some("the larger base image"),
            _ if self.system.automatic.contains(name) => Some("what build tools need"),
            _ => None,
        }
    }

    /// Packages of Python and Node are compared by name and version, wherever they are.
    fn is_language_package(&self, path: &str) -> bool {
        ["/site-packages/", "/dist-packages/", "/node_modules/"]
            .iter()
            .any(|folder| path.contains(folder))
    }

    fn is_moved(&self, path: &str, content: &Content) -> bool {
        if self.after.files.has_content(content) {
            return true;
        }
        // Scripts of an environment name its interpreter, and so differ.
        let name = path.rsplit('/').next().unwrap_or(path);
        path.contains("bin/") && self.after.files.program(name, self.after.path()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::report::Result;
    use super::super::super::tree::Tree;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_nothing_tells_the_cause_of_is_not_compared_and_certificates_are_missed_all_the_same() {
        let configuration = json!({});
        let before = Tree::default()
            .file("var/lib/rpm/Packages", "")
            .file("usr/bin/x", "x")
            .file("etc/ssl/certs/ca-certificates.crt", "certificates")
            .program("app/a")
            .files();
        let kept = Tree::default()
            .file("var/lib/rpm/Packages", "")
            .program("app/a")
            .files();
        let judged = |after: &Files, base| {
            let side = |files| Side {
                files,
                configuration: &configuration,
            };
            removed(
                side(&before),
                side(after),
                base,
                &Subject::default(),
                &LeftOut::default(),
            )
            .0
        };
        let check = judged(&kept, BaseImage::Kept);
        assert_eq!(
            (check.result, check.not_compared.len()),
            (Result::Unknown, 2),
            "{check:?}"
        );
        let mut trusting = kept;
        trusting.trusting.insert("app/a".to_owned());
        assert!(judged(&trusting, BaseImage::Kept).is_failed());
    }

    fn compare(before: &Tree, after: &Tree, base: Option<&Tree>) -> (Vec<Lack>, Vec<&'static str>) {
        let configuration = json!({});
        let (before, after, base) = (before.files(), after.files(), base.map(Tree::files));
        let side = |files| Side {
            files,
            configuration: &configuration,
        };
        let (check, removed) = removed(
            side(&before),
            side(&after),
            base.as_ref().map_or(BaseImage::Kept, BaseImage::Replaced),
            &Subject::default(),
            &LeftOut::default(),
        );
        let lacks = check.findings.into_iter().filter_map(|finding| finding.lack).collect();
        (lacks, removed.iter().map(|group| group.cause).collect())
    }

    #[test]
    fn causes() {
        let list = |name: &str, path: &str| {
            (
                format!("var/lib/dpkg/info/{name}.list"),
                format!("/usr/share/{name}\n{path}\n"),
            )
        };
        let (gcc, gcc_files) = list("gcc", "/usr/bin/gcc");
        let (plain, plain_files) = list("fonts-x", "/usr/share/fonts-x/font");
        let before = Tree::default()
            .file("var/cache/x", "")
            .file("usr/share/doc/x", "")
            .file("usr/include/x", "")
            .program("usr/bin/gcc")
            .file(&gcc, &gcc_files)
            .file(&plain, &plain_files)
            .file("usr/share/fonts-x/font", "font")
            .link("usr/bin/cc", "gcc")
            .file("srv/data", "kept elsewhere")
            .file("old/tool", "tool");
        let after = Tree::default().file("opt/data", "kept elsewhere");
        let base = Tree::default().file("old/tool", "tool");
        let (lacks, causes) = compare(&before, &after, Some(&base));
        assert_eq!(lacks, [Lack::File("usr/share/fonts-x/font".to_owned())]);
        let expected = [
            "build tools",
            "caches",
            "documentation",
            "headers",
            "moved",
            "package lists",
            "the larger base image",
        ];
        assert_eq!(causes, expected);
    }

    #[test]
    fn certificates_are_missed_by_programs_that_look_for_them() {
        let bundle = || Tree::default().file("etc/ssl/certs/ca-certificates.crt", "");
        let with = |tree: Tree, path: &str| tree.file(path, "\x7fELF SSL_CERT_FILE");
        let lack = |path: &str| {
            let (before, after) = (with(bundle(), path), with(Tree::default(), path));
            compare(&before, &after, Some(&bundle())).0
        };
        assert_eq!(lack("app/server"), [Lack::Package("ca-certificates")]);
        assert!(lack("usr/local/bin/node").is_empty());
        assert!(compare(&bundle(), &Tree::default(), Some(&bundle())).0.is_empty());
    }

    #[test]
    fn an_empty_folder_that_went_is_missed() {
        let (lacks, _) = compare(&Tree::default().folder("var/lib/data"), &Tree::default(), None);
        assert!(lacks.contains(&Lack::File("var/lib/data".to_owned())), "{lacks:?}");
        let (lacks, causes) = compare(&Tree::default().folder("usr/local/share/fonts"), &Tree::default(), None);
        assert!(lacks.is_empty() && causes == ["empty folders of packages"], "{lacks:?}");
    }
}
