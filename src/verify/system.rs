//! The system packages of an image: which file belongs to which, read from the package managers' own lists.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::files::Files;
use crate::knowledge::Family;

/// Where rpm has its database, in the formats that it has had.
const RPM: [&str; 5] = [
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages",
    "var/lib/rpm/Packages.db",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "usr/share/rpm/rpmdb.sqlite",
];

/// Asks rpm for a line for each file, with its package.
pub const RPM_QUERY: [&str; 4] = ["rpm", "-qa", "--queryformat", "[%{=NAME}\\t%{FILENAMES}\\n]"];

/// The packages of an image.
#[derive(Clone, Debug, Default)]
pub struct SystemPackages {
    /// The names of those that are installed.
    pub installed: BTreeSet<String>,
    /// Those that came because another one needs them.
    pub automatic: HashSet<String>,
    /// Whose package manager it is, by what its lists look like.
    pub family: Option<Family>,
    /// Whether there is a database of rpm, which only rpm reads, and which was not read.
    pub is_unread: bool,
    owners: HashMap<String, Vec<String>>,
}

impl SystemPackages {
    /// Reads them.
    #[must_use]
    pub fn of(files: &Files) -> SystemPackages {
        let mut found = SystemPackages::default();
        for (path, text) in &files.texts {
            if let Some(name) = path
                .strip_prefix("var/lib/dpkg/info/")
                .and_then(|name| name.strip_suffix(".list"))
            {
                let name = name.split(':').next().unwrap_or(name);
                found.family = Some(Family::Debian);
                found.installed.insert(name.to_owned());
                text.lines().for_each(|line| found.own(line, name));
            } else if path.ends_with("lib/apk/db/installed") {
                found.family = Some(Family::Alpine);
                found.alpine(text);
            }
        }
        found.is_unread = found.family.is_none() && RPM.iter().any(|path| files.entries.contains_key(*path));
        if let Some(text) = files.texts.get("var/lib/apt/extended_states") {
            found.automatic = automatic(text);
        }
        if found.family == Some(Family::Alpine) {
            let world = files.texts.get("etc/apk/world").map(String::as_str).unwrap_or_default();
            let wanted: HashSet<&str> = world
                .split_whitespace()
                .filter_map(|word| word.split(['=', '<', '>', '~', '@']).next())
                .collect();
            let others = found.installed.iter().filter(|name| !wanted.contains(name.as_str()));
            found.automatic = others.cloned().collect();
        }
        found
    }

    /// Takes what rpm says to [`RPM_QUERY`]. It does not say which packages came because of others: those are
    /// `automatic` that nobody named.
    pub fn rpm(&mut self, said: &str, family: Family, named: &BTreeSet<String>) {
        for (name, path) in said.lines().filter_map(|line| line.split_once('\t')) {
            self.installed.insert(name.to_owned());
            self.own(path, name);
        }
        self.is_unread = self.installed.is_empty();
        if !self.is_unread {
            self.family = Some(family);
            let others = self.installed.iter().filter(|name| !named.contains(*name));
            self.automatic = others.cloned().collect();
        }
    }

    fn alpine(&mut self, text: &str) {
        let (mut name, mut folder) = (String::new(), String::new());
        for line in text.lines() {
            match line.split_once(':') {
                Some(("P", value)) => {
                    name = value.to_owned();
                    self.installed.insert(name.clone());
                }
                Some(("F", value)) => {
                    folder = value.to_owned();
                    let path = folder.clone();
                    self.own(&path, &name);
                }
                Some(("R", value)) => self.own(&format!("{folder}/{value}"), &name),
                _ => {}
            }
        }
    }

    fn own(&mut self, path: &str, name: &str) {
        let path = path.trim_start_matches('/').trim_end_matches("/.");
        let mut add = |path: String| self.owners.entry(path).or_default().push(name.to_owned());
        // Lists name files below /lib where that is a link to /usr/lib.
        if ["lib", "bin", "sbin"]
            .iter()
            .any(|folder| path.split('/').next().is_some_and(|first| first.starts_with(folder)))
        {
            add(format!("usr/{path}"));
        }
        add(path.to_owned());
    }

    /// The packages that the file or folder at `path` belongs to.
    #[must_use]
    pub fn owners(&self, path: &str) -> &[String] {
        self.owners.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// The package of a file: its own, else that of the nearest folder that belongs to exactly one, as what a package's
    /// scripts make there is its too.
    #[must_use]
    pub fn owner(&self, path: &str) -> Option<&str> {
        let mut path = path;
        loop {
            match self.owners(path) {
                [owner] => return Some(owner),
                [first, .., last] if first == last => return Some(first),
                [] => path = path.rsplit_once('/')?.0,
                _ => return None,
            }
        }
    }
}

/// The packages that apt marked as installed for the sake of others.
fn automatic(text: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    let mut name = "";
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("Package", value)) => name = value,
            Some(("Auto-Installed", "1")) => {
                found.insert(name.to_owned());
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;

    #[test]
    fn debian() {
        let files = Tree::default()
            .file(
                "var/lib/dpkg/info/libpq5:amd64.list",
                "/.\n/usr\n/usr/lib\n/usr/lib/libpq.so.5\n/lib/x.so\n",
            )
            .file("var/lib/dpkg/info/tool.list", "/.\n/usr\n/usr/share/tool\n")
            .file(
                "var/lib/apt/extended_states",
                "Package: libpq5\nArchitecture: amd64\nAuto-Installed: 1\n",
            )
            .files();
        let packages = SystemPackages::of(&files);
        assert_eq!(packages.owner("usr/lib/libpq.so.5"), Some("libpq5"));
        assert_eq!(packages.owner("usr/lib/x.so"), Some("libpq5"));
        assert_eq!(packages.owner("usr/share/tool/made/later"), Some("tool"));
        assert_eq!(packages.owner("usr/share/other"), None);
        assert_eq!(packages.owner("opt/x"), None);
        assert!(packages.automatic.contains("libpq5") && !packages.automatic.contains("tool"));
    }

    #[test]
    fn rpm_tells_what_its_database_holds() {
        let mut packages = Tree::default().file("var/lib/rpm/rpmdb.sqlite", "").files().system;
        assert!(packages.is_unread && packages.family.is_none());
        let named = BTreeSet::from(["gcc".to_owned()]);
        packages.rpm(
            "gcc\t/usr/bin/gcc\nisl\t/usr/lib64/libisl.so.23\ngcc\t(contains no files)\n",
            Family::Fedora,
            &named,
        );
        assert_eq!(packages.owner("usr/bin/gcc"), Some("gcc"));
        assert!(packages.automatic.contains("isl") && !packages.automatic.contains("gcc"));
        assert_eq!((packages.family, packages.is_unread), (Some(Family::Fedora), false));
        assert!(!Tree::default().file("a", "").files().system.is_unread);
    }

    #[test]
    fn alpine() {
        let files = Tree::default()
            .file(
                "lib/apk/db/installed",
                "P:zlib\nV:1\nF:lib\nR:libz.so.1\n\nP:git\nF:usr/bin\nR:git\n",
            )
            .file("etc/apk/world", "git=2\n")
            .files();
        let packages = SystemPackages::of(&files);
        assert_eq!(packages.owner("lib/libz.so.1"), Some("zlib"));
        assert!(packages.automatic.contains("zlib") && !packages.automatic.contains("git"));
        assert_eq!(packages.family, Some(Family::Alpine));
    }
}
