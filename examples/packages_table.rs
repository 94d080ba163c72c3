//! Makes the tables of `data/packages/` for one release of Debian, from Debian's own package index. CONTRIBUTING says
//! how to call it.
//!
//! ```sh
//! cargo run --profile quick --example packages_table -- RELEASE DATE OUT NAMES PACKAGES... --contents CONTENTS...
//! ```
//!
//! NAMES is a file of package names, one a line, whose sizes are wanted. PACKAGES and CONTENTS are index files as a
//! mirror has them, plain, `.gz`, `.xz` or `.lz4`, on disk or as URLs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let at = arguments.iter().position(|word| word == "--contents");
    let (first, contents) = arguments.split_at(at.unwrap_or(arguments.len()));
    let [release, date, out, names, packages @ ..] = first else {
        bail!("RELEASE DATE OUT NAMES PACKAGES... --contents CONTENTS...");
    };
    let names = fs::read_to_string(names)?;
    let wanted: BTreeSet<&str> = names
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let mut index = Index::default();
    for file in packages {
        index.add(&read(file)?);
    }
    let mut shipped = Shipped::default();
    for file in contents.iter().skip(1) {
        shipped.add(&read(file)?);
    }
    let header = format!(
        "# Made by examples/packages_table.rs from the package index of Debian {release}, amd64, https://www.debian.org/distrib/packages\n# checked: {date}\n"
    );
    let libraries = libraries_table(&index, &shipped);
    let mut text = format!("{header}# a -dev package, the library packages that its users load at run time\n");
    for (name, runtime) in &libraries {
        writeln!(text, "{name}\t{}", runtime.join(" "))?;
    }
    fs::write(format!("{out}/debian-{release}-libraries.tsv"), text)?;

    let mut text = format!(
        "{header}# a package, its installed size in KiB (= if Debian's own image has it), what it depends on\n"
    );
    for (name, package) in sizes_table(&index, &wanted) {
        writeln!(text, "{name}\t{package}")?;
    }
    fs::write(format!("{out}/debian-{release}-sizes.tsv"), text)?;
    Ok(())
}

/// The text of an index file, through the program that unpacks it.
fn read(place: &str) -> Result<String> {
    let unpack = match place.rsplit('.').next() {
        Some("gz") => Some("gzip"),
        Some("xz") => Some("xz"),
        Some("lz4") => Some("lz4"),
        _ => None,
    };
    let mut fetch = match place.contains("://") {
        true => Command::new("curl"),
        false => Command::new("cat"),
    };
    if place.contains("://") {
        fetch.args(["--fail", "--silent", "--show-error", "--location"]);
    }
    let mut fetched = fetch.arg(place).stdout(Stdio::piped()).spawn().context("fetch")?;
    let stream = fetched.stdout.take().context("no output")?;
    let output = Command::new(unpack.unwrap_or("cat"))
        .args(unpack.map(|_| "-dc"))
        .stdin(stream)
        .stderr(Stdio::inherit())
        .output()?;
    if !fetched.wait()?.success() || !output.status.success() {
        bail!("{place} cannot be read");
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
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
    fn add(&mut self, text: &str) {
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
                    self.providers
                        .entry(provided.to_owned())
                        .or_default()
                        .push(name.to_owned());
                }
            }
            self.packages.insert(name.to_owned(), package);
        }
    }

    /// The package that is installed for a group of alternatives: the first that exists, or that something provides.
    fn choose(&self, group: &[String]) -> Option<&str> {
        group.iter().find_map(|name| {
            if let Some((name, _)) = self.packages.get_key_value(name) {
                return Some(name.as_str());
            }
            self.providers.get(name)?.iter().min().map(String::as_str)
        })
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
            let is_loaded = ["lib", "usr/lib", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"].contains(&folder);
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

/// Every -dev package with what its users load at run time; those of which that isn't known are left out.
fn libraries_table<'a>(index: &'a Index, shipped: &Shipped) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut table = BTreeMap::new();
    for (name, package) in &index.packages {
        if !name.ends_with("-dev") || is_of_a_language(name, &package.section) {
            continue;
        }
        let found = runtime(index, shipped, name, &mut HashSet::new());
        // A -dev package may bring its library itself.
        let is_own_library = shipped.libraries.contains(name) || (found.is_empty() && shipped.links.contains(name));
        if is_own_library || found.contains(name.as_str()) {
            continue;
        }
        // What another one depends on comes with it.
        let implied: BTreeSet<&str> = found
            .iter()
            .flat_map(|one| {
                let mut behind = index.closure([*one]);
                behind.remove(one);
                behind
            })
            .collect();
        let minimal: Vec<&str> = found.iter().copied().filter(|one| !implied.contains(one)).collect();
        table.insert(
            name.as_str(),
            if minimal.is_empty() {
                found.into_iter().collect()
            } else {
                minimal
            },
        );
    }
    table
}

/// Whether these are headers of an interpreter, or sources of a language without shared libraries.
fn is_of_a_language(name: &str, section: &str) -> bool {
    let section = section.rsplit('/').next().unwrap_or(section);
    [
        "python",
        "ruby",
        "perl",
        "php",
        "haskell",
        "rust",
        "golang",
        "ocaml",
        "gnu-r",
        "javascript",
        "kernel",
        "java",
    ]
    .contains(&section)
        || [
            "golang-", "librust-", "libghc-", "dh-", "linux-", "python", "ruby", "php", "node-",
        ]
        .iter()
        .any(|start| name.starts_with(start))
        || name.ends_with("-ocaml-dev")
}

/// The library packages that a -dev package depends on, or that the other -dev packages of its source do; through -dev
/// packages of other sources only where it has none: then it stands for them.
fn runtime<'a>(index: &'a Index, shipped: &Shipped, name: &'a str, seen: &mut HashSet<&'a str>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    if !seen.insert(name) {
        return found;
    }
    let depends = index.depends(name);
    let is_dev = |one: &&&str| one.ends_with("-dev");
    found.extend(
        depends
            .iter()
            .filter(|one| !is_dev(one) && shipped.libraries.contains(**one)),
    );
    let source = |one: &str| index.packages.get(one).map(|package| package.source.as_str());
    for dev in depends.iter().filter(is_dev) {
        if source(dev) == source(name) {
            found.extend(runtime(index, shipped, dev, seen));
        }
    }
    if found.is_empty() {
        for dev in depends.iter().filter(is_dev) {
            found.extend(runtime(index, shipped, dev, seen));
        }
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
            Some((name, format!("{}\t{}", package.kib, depends.join(" "))))
        })
        .collect()
}
