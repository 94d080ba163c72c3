//! Makes the tables of `data/packages/` from Debian's own package index. CONTRIBUTING says when to call it.
//!
//! ```sh
//! cargo run --profile quick --example packages_table -- DATE data/packages [MIRROR]
//! ```
//!
//! DATE goes into the tables as the day of the check. MIRROR is the address of a Debian mirror, read with `curl`, or a
//! folder with the same files below `dists/`, packed or plain.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The releases that the tables are about, the oldest first.
const RELEASES: [&str; 3] = ["bullseye", "bookworm", "trixie"];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [date, out, mirror @ ..] = arguments.as_slice() else {
        bail!("DATE FOLDER [MIRROR]");
    };
    let mirror = mirror.first().map_or("http://deb.debian.org/debian", String::as_str);
    let names = fs::read_to_string(format!("{out}/names.txt"))?;
    let wanted: BTreeSet<&str> = lines(&names).collect();
    let header = format!(
        "# Made by examples/packages_table.rs from Debian's package index for amd64.\n# source: https://www.debian.org/distrib/packages\n# checked: {date}\n"
    );
    let mut libraries = Vec::new();
    for release in RELEASES {
        let index = Index::of(&read(mirror, &format!("dists/{release}/main/binary-amd64/Packages"))?);
        let mut shipped = Shipped::default();
        for architecture in ["all", "amd64"] {
            shipped.add(&read(mirror, &format!("dists/{release}/main/Contents-{architecture}"))?);
        }
        let found = libraries_table(&index, &shipped);
        let is_used = |name: &&String| wanted.contains(name.as_str());
        let of_used = found
            .iter()
            .filter(|(name, _)| is_used(name))
            .flat_map(|(_, runtime)| runtime);
        let all: BTreeSet<&str> = wanted.iter().copied().chain(of_used.map(String::as_str)).collect();
        let mut text =
            format!("{header}# a package, its KiB on disk (= if Debian's own image has it), what it depends on\n");
        for (name, package) in sizes_table(&index, &all) {
            writeln!(text, "{name}\t{package}")?;
        }
        fs::write(format!("{out}/debian-{release}-sizes.tsv"), text)?;
        libraries.push(found);
    }
    let ubuntu = fs::read_to_string(format!("{out}/ubuntu-libraries.tsv"))?;
    let ubuntu: HashMap<&str, Vec<&str>> = lines(&ubuntu)
        .map(|line| {
            let mut cells = line.split('\t');
            (cells.next().unwrap_or_default(), cells.collect())
        })
        .collect();
    fs::write(format!("{out}/libraries.tsv"), merged(&header, &libraries, &ubuntu)?)?;
    Ok(())
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// One table of all releases in the order of their age. A cell is the runtime packages, `=` for the same as in the
/// cell before, `-` for unknown.
fn merged(header: &str, debian: &[Libraries], ubuntu: &HashMap<&str, Vec<&str>>) -> Result<String> {
    let [bullseye, bookworm, trixie] = debian else {
        bail!("three releases");
    };
    let names: BTreeSet<&str> = debian
        .iter()
        .flat_map(BTreeMap::keys)
        .map(String::as_str)
        .chain(ubuntu.keys().copied())
        .collect();
    let mut text = format!(
        "{header}# Ubuntu's: where the Debian releases before and after agree, what they say; else ubuntu-libraries.tsv.\n# a -dev package; what its users load at run time in focal, bullseye, jammy, bookworm, noble, trixie\n# = is the same as in the release before, - is unknown\n"
    );
    for name in names {
        let of = |release: &Libraries| release.get(name).map(|runtime| runtime.join(" "));
        let (older, old, new) = (of(bullseye), of(bookworm), of(trixie));
        let by_hand = |at: usize| {
            let cell = ubuntu.get(name).and_then(|cells| cells.get(at));
            cell.filter(|cell| **cell != "?").map(|cell| (*cell).to_owned())
        };
        let cells = [
            by_hand(0),
            older.clone(),
            by_hand(1).or_else(|| older.clone().filter(|_| older == old)),
            old.clone(),
            by_hand(2).or_else(|| {
                new.clone()
                    .filter(|new| old.as_ref().is_some_and(|old| is_renamed(old, new)))
            }),
            new,
        ];
        let mut last = None;
        write!(text, "{name}")?;
        for cell in cells {
            let cell = cell.unwrap_or_else(|| "-".to_owned());
            write!(text, "\t{}", if last.as_ref() == Some(&cell) { "=" } else { &cell })?;
            last = Some(cell);
        }
        text.push('\n');
    }
    Ok(text)
}

/// Whether the new packages are the old ones, or these with the 64-bit time that Ubuntu 24.04 and Debian 13 went to.
fn is_renamed(old: &str, new: &str) -> bool {
    let old: Vec<&str> = old.split(' ').collect();
    let new: Vec<&str> = new.split(' ').collect();
    old.len() == new.len()
        && old
            .iter()
            .zip(new)
            .all(|(old, new)| *old == new || format!("{old}t64") == new)
}

/// The text of an index file of the mirror, through the program that unpacks it.
fn read(mirror: &str, file: &str) -> Result<String> {
    const ENDINGS: [(&str, &str); 3] = [(".xz", "xz"), (".gz", "gzip"), ("", "cat")];
    let is_remote = mirror.contains("://");
    for (ending, unpack) in ENDINGS {
        let place = format!("{mirror}/{file}{ending}");
        if !is_remote && !Path::new(&place).exists() {
            continue;
        }
        let mut fetch = match is_remote {
            true => Command::new("curl"),
            false => Command::new("cat"),
        };
        if is_remote {
            fetch.args(["--fail", "--silent", "--show-error", "--location"]);
        }
        let mut fetched = fetch.arg(&place).stdout(Stdio::piped()).spawn().context("fetch")?;
        let stream = fetched.stdout.take().context("no output")?;
        let mut unpacked = Command::new(unpack);
        if unpack != "cat" {
            unpacked.arg("-dc");
        }
        let output = unpacked.stdin(stream).stderr(Stdio::null()).output()?;
        if fetched.wait()?.success() && output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
    }
    bail!("{mirror}/{file} cannot be read");
}

/// A package of the index.
#[derive(Default)]
struct Package {
    source: String,
    section: String,
    kib: u64,
    is_required: bool,
    /// Groups of alternatives, by name.
    depends: Vec<Vec<String>>,
}

/// All packages of a release.
#[derive(Default)]
struct Index {
    packages: BTreeMap<String, Package>,
    providers: HashMap<String, Vec<String>>,
}

impl Index {
    fn of(text: &str) -> Index {
        let mut index = Index::default();
        for stanza in text.split("\n\n") {
            let field = |name: &str| {
                stanza
                    .lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            };
            let Some(name) = field("Package") else { continue };
            let depends = [field("Pre-Depends"), field("Depends")];
            let package = Package {
                source: bare(field("Source").unwrap_or(name)).to_owned(),
                section: field("Section").unwrap_or_default().to_owned(),
                kib: field("Installed-Size").and_then(|size| size.parse().ok()).unwrap_or(0),
                is_required: field("Priority") == Some("required") || field("Essential") == Some("yes"),
                depends: depends
                    .iter()
                    .flatten()
                    .flat_map(|list| list.split(','))
                    .map(|group| group.split('|').map(|one| bare(one).to_owned()).collect())
                    .collect(),
            };
            for provided in field("Provides").unwrap_or_default().split(',') {
                let provided = bare(provided);
                if !provided.is_empty() {
                    index
                        .providers
                        .entry(provided.to_owned())
                        .or_default()
                        .push(name.to_owned());
                }
            }
            index.packages.insert(name.to_owned(), package);
        }
        index
    }

    /// The package that is installed for a group of alternatives: one that every system has, else the first that exists
    /// or that something provides.
    fn choose(&self, group: &[String]) -> Option<&str> {
        let known = group.iter().flat_map(|name| {
            let own = self.packages.get_key_value(name).map(|(name, _)| name);
            let mut providers: Vec<&String> = self.providers.get(name).into_iter().flatten().collect();
            providers.sort();
            own.into_iter().chain(providers).map(String::as_str)
        });
        // Images are made with merged folders, so nothing needs to merge them.
        let known: Vec<&str> = known.filter(|name| *name != "usrmerge").collect();
        let is_required = |name: &&&str| self.packages.get(**name).is_some_and(|package| package.is_required);
        known.iter().find(is_required).or(known.first()).copied()
    }

    fn depends(&self, name: &str) -> Vec<&str> {
        let groups = self.packages.get(name).map(|package| &package.depends);
        groups
            .into_iter()
            .flatten()
            .filter_map(|group| self.choose(group))
            .collect()
    }

    fn closure<'a>(&'a self, names: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = names.into_iter().collect();
        while let Some(name) = open.pop() {
            if self.packages.contains_key(name) && found.insert(name) {
                open.extend(self.depends(name));
            }
        }
        found
    }
}

/// A name without version, architecture and spaces.
fn bare(text: &str) -> &str {
    let name = text.split(['(', '[', '<']).next().unwrap_or(text).trim();
    name.split(':').next().unwrap_or(name)
}

/// Which packages bring files that matter.
#[derive(Default)]
struct Shipped {
    /// Those with a shared library under a versioned name where the loader looks.
    libraries: HashSet<String>,
    /// Those with one under a plain name there: a link to the versioned one, or the library itself.
    links: HashSet<String>,
}

impl Shipped {
    fn add(&mut self, text: &str) {
        for line in text.lines() {
            let Some((path, packages)) = line.rsplit_once(char::is_whitespace) else {
                continue;
            };
            let path = path.trim_end();
            let Some((folder, file)) = path.rsplit_once('/') else {
                continue;
            };
            // The loader looks there; alternatives such as those for BLAS have a folder of their own below.
            let is_loaded = ["lib", "usr/lib"].contains(&folder)
                || ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"]
                    .iter()
                    .filter_map(|known| folder.strip_prefix(known))
                    .any(|rest| rest.is_empty() || (file.starts_with("lib") && rest.matches('/').count() == 1));
            if !is_loaded {
                continue;
            }
            let names = packages
                .split(',')
                .map(|package| package.rsplit('/').next().unwrap_or(package).to_owned());
            if file.contains(".so.") || file.starts_with("ld-") {
                self.libraries.extend(names);
            } else if file.ends_with(".so") {
                self.links.extend(names);
            }
        }
    }
}

/// Whether the name goes on with another word than a version: `libhdf5-cpp-103-1`.
fn is_part(name: &str) -> bool {
    name.split('-')
        .skip(1)
        .any(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// What the users of each -dev package load at run time.
type Libraries = BTreeMap<String, Vec<String>>;

/// Every -dev package with what its users load at run time; those of which that isn't known are left out.
fn libraries_table(index: &Index, shipped: &Shipped) -> Libraries {
    let mut table = Libraries::new();
    for (name, package) in &index.packages {
        let is_dev = name.ends_with("-dev") || package.section == "libdevel";
        if !is_dev || is_of_a_language(name, package) {
            continue;
        }
        let found = runtime(index, shipped, name, &mut HashSet::new());
        // A -dev package may bring its library itself.
        let is_own_library = shipped.libraries.contains(name) || (found.is_empty() && shipped.links.contains(name));
        if is_own_library || found.contains(name.as_str()) {
            continue;
        }
        // What another one depends on comes with it; but the library that has the name is named.
        let implied: BTreeSet<&str> = found
            .iter()
            .flat_map(|one| {
                let mut behind = index.closure([*one]);
                behind.remove(one);
                behind
            })
            .collect();
        let is_named = |one: &str| stem(one) == stem(name) && !is_part(one);
        let short = found
            .iter()
            .copied()
            .filter(|one| !implied.contains(one) || is_named(one));
        table.insert(name.clone(), short.map(str::to_owned).collect());
    }
    // Old names live on as virtual packages.
    for (provided, by) in &index.providers {
        if let ([by], false) = (by.as_slice(), index.packages.contains_key(provided))
            && provided.ends_with("-dev")
            && let Some(runtime) = table.get(by).cloned()
        {
            table.insert(provided.clone(), runtime);
        }
    }
    table
}

/// The name of a library without version: `hdf` of `libhdf5-dev` and `libhdf5-103-1`.
fn stem(name: &str) -> &str {
    let name = name.strip_suffix("-dev").unwrap_or(name);
    let name = name.strip_prefix("lib").unwrap_or(name);
    name.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or(name)
}

/// Whether these are headers of a compiler or an interpreter, or sources of a language without shared libraries.
fn is_of_a_language(name: &str, package: &Package) -> bool {
    const SECTIONS: [&str; 12] = [
        "golang",
        "gnu-r",
        "haskell",
        "java",
        "javascript",
        "kernel",
        "ocaml",
        "perl",
        "php",
        "python",
        "ruby",
        "rust",
    ];
    const STARTS: [&str; 9] = [
        "dh-", "golang-", "libghc-", "librust-", "linux-", "node-", "php", "python", "ruby",
    ];
    SECTIONS.contains(&package.section.as_str())
        || STARTS.iter().any(|start| name.starts_with(start))
        || name.ends_with("-ocaml-dev")
        || is_compiler(package)
}

/// Whether the package comes with the C compiler: the libraries that it brings are in every image, or for debugging.
fn is_compiler(package: &Package) -> bool {
    package.source.starts_with("gcc-") || ["glibc", "gcc-defaults"].contains(&package.source.as_str())
}

/// The library packages that a -dev package depends on, or that the other packages of its source do; through -dev
/// packages of other sources only where it has none itself: then it stands for them.
fn runtime<'a>(index: &'a Index, shipped: &Shipped, name: &'a str, seen: &mut HashSet<&'a str>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    if !seen.insert(name) {
        return found;
    }
    let of_source = |one: &str| index.packages.get(one).map(|package| package.source.as_str());
    let is_dev = |one: &str| {
        let section = index.packages.get(one).map(|package| package.section.as_str());
        one.ends_with("-dev") || section == Some("libdevel")
    };
    let depends: Vec<&str> = index
        .depends(name)
        .into_iter()
        .filter(|one| !index.packages.get(*one).is_some_and(is_compiler))
        .collect();
    let is_library = |one: &str| {
        let is_shipped = shipped.libraries.contains(one) || shipped.links.contains(one);
        let section = index.packages.get(one).map(|package| package.section.as_str());
        !is_dev(one)
            && is_shipped
            && (section == Some("libs") || (one.starts_with("lib") && of_source(one) == of_source(name)))
    };
    found.extend(depends.iter().filter(|one| is_library(one)));
    let stands_for_others = found.is_empty();
    for other in depends {
        let is_of_source = of_source(other) == of_source(name) && !is_library(other);
        let behind = match is_of_source || (stands_for_others && is_dev(other)) {
            true => runtime(index, shipped, other, seen),
            false => BTreeSet::new(),
        };
        // Programs of the source depend on all kinds of libraries; only those of the source are meant.
        found.extend(
            behind
                .into_iter()
                .filter(|one| is_dev(other) || of_source(one) == of_source(name)),
        );
    }
    found
}

/// Sizes and dependencies of the wanted packages and of all that they depend on.
fn sizes_table<'a>(index: &'a Index, wanted: &BTreeSet<&'a str>) -> BTreeMap<&'a str, String> {
    let required = index
        .packages
        .iter()
        .filter(|(_, package)| package.is_required)
        .map(|(name, _)| name.as_str());
    let base = index.closure(required.chain(["apt", "debian-archive-keyring"]));
    let all = index.closure(wanted.iter().copied().chain(base.iter().copied()));
    all.into_iter()
        .filter_map(|name| {
            let package = index.packages.get(name)?;
            if base.contains(name) {
                return Some((name, format!("={}", package.kib)));
            }
            let mut depends = index.depends(name);
            depends.retain(|one| !base.contains(one) && *one != name);
            depends.sort_unstable();
            depends.dedup();
            // What another one brings need not be said.
            let mut needed = depends.clone();
            for one in depends {
                let others = needed.iter().copied().filter(|other| *other != one);
                if index.closure(others).contains(one) {
                    needed.retain(|other| *other != one);
                }
            }
            Some((name, format!("{}\t{}", package.kib, needed.join(" "))))
        })
        .collect()
}
