//! Which repositories there are: below folders, in a list, and in one shard of either.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;
use std::sync::Mutex;

use ignore::{DirEntry, WalkBuilder, WalkState};
use sha2::{Digest as _, Sha256};

/// A place where a repository is said or seen to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What reports call it. No two places of a fleet have the same name.
    pub name: String,
    /// Its folder, without links.
    pub folder: PathBuf,
}

/// The repositories of a run, and what could not be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fleet {
    /// In the order of their names.
    pub places: Vec<Place>,
    /// What could not be read, as messages.
    pub problems: Vec<String>,
}

/// One of several equal parts of a fleet: `2/5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u64,
    of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let parsed = text.split_once('/').and_then(|(number, of)| {
            let (number, of) = (number.parse().ok()?, of.parse().ok()?);
            (1..=of).contains(&number).then_some(Shard { number, of })
        });
        parsed.ok_or_else(|| format!("`{text}` is no shard: expected one as 2/5, counted from 1"))
    }
}

impl Shard {
    /// Whether the repository called `name` is in this part. It stays there when others come and go, and on every
    /// machine.
    fn holds(self, name: &str) -> bool {
        let digest = Sha256::digest(name.as_bytes());
        let start = digest
            .iter()
            .take(8)
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        start % self.of == self.number - 1
    }
}

impl Fleet {
    /// Adds the repositories at and below `root`.
    ///
    /// # Errors
    /// If `root` is no folder.
    pub fn add_root(&mut self, root: &Path) -> io::Result<()> {
        let folder = folder(root)?;
        if is_repository(&folder) {
            let name = folder.file_name().unwrap_or(OsStr::new("repository"));
            self.places.push(Place {
                name: name.to_string_lossy().into_owned(),
                folder,
            });
            return Ok(());
        }
        let found = Mutex::new(Vec::new());
        let problems = Mutex::new(Vec::new());
        let walker = WalkBuilder::new(&folder)
            .standard_filters(false)
            .hidden(true)
            .follow_links(false)
            .filter_entry(|entry| entry.file_name() != "node_modules")
            .build_parallel();
        walker.run(|| Box::new(|entry| visit(entry, &found, &problems)));
        let found = found.into_inner().unwrap_or_default();
        if found.is_empty() {
            let above = folder.ancestors().skip(1).find(|above| is_repository(above));
            self.problems.push(match above {
                Some(above) => format!(
                    "`{}` is inside of a repository: name that, `{}`",
                    root.display(),
                    above.display()
                ),
                None => format!("no git repository in `{}`", root.display()),
            });
        }
        for repository in found {
            let name = repository
                .strip_prefix(&folder)
                .unwrap_or(&repository)
                .to_string_lossy()
                .into_owned();
            self.places.push(Place {
                name,
                folder: repository,
            });
        }
        self.problems.extend(problems.into_inner().unwrap_or_default());
        Ok(())
    }

    /// Adds the repositories that `list` names, one a line, or divided by NUL bytes where it holds one. Empty lines and
    /// those that begin with `#` mean nothing. Names are relative to `base`.
    pub fn add_list(&mut self, list: &[u8], base: &Path) {
        let has_nul = list.contains(&0);
        let text = String::from_utf8_lossy(list);
        for entry in text.split(if has_nul { '\0' } else { '\n' }) {
            let entry = if has_nul { entry } else { entry.trim_end_matches('\r') };
            if entry.is_empty() || !has_nul && entry.starts_with('#') {
                continue;
            }
            match folder(&base.join(entry)) {
                Ok(folder) => self.places.push(Place {
                    name: plain_name(Path::new(entry)),
                    folder,
                }),
                Err(error) => self.problems.push(format!("`{entry}`: {error}")),
            }
        }
    }

    /// Brings the fleet into its order, each repository once and under a name of its own, and takes one shard of it.
    pub fn settle(&mut self, shard: Option<Shard>) {
        self.places
            .sort_by(|one, other| (&one.folder, &one.name).cmp(&(&other.folder, &other.name)));
        self.places.dedup_by(|one, other| one.folder == other.folder);
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for place in &self.places {
            *names.entry(place.name.clone()).or_default() += 1;
        }
        for place in &mut self.places {
            if names.get(&place.name).is_some_and(|number| *number > 1) {
                place.name = plain_name(&place.folder);
            }
        }
        self.places
            .retain(|place| shard.is_none_or(|shard| shard.holds(&place.name)));
        self.places.sort();
        // Names in no known encoding may look alike, and a journal would mistake one for the other.
        self.places.dedup_by(|one, other| {
            let is_same = one.name == other.name;
            if is_same {
                let folder = one.folder.display();
                self.problems
                    .push(format!("`{folder}`: another repository has the same name"));
            }
            is_same
        });
        self.problems.sort();
    }
}

impl Place {
    /// The name as a file name: `acme/shop` is `acme+shop`, and whatever else means something to a shell or a file
    /// system is `%` and two digits. Different names stay different.
    pub fn file_stem(&self) -> String {
        let mut stem = String::new();
        for byte in self.name.bytes() {
            match byte {
                b'/' => stem.push('+'),
                b'.' if stem.is_empty() => stem.push_str("%2E"),
                b'-' if stem.is_empty() => stem.push_str("%2D"),
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => stem.push(char::from(byte)),
                _ => stem.push_str(&format!("%{byte:02X}")),
            }
        }
        if stem.len() <= LONGEST_STEM {
            return stem;
        }
        let digest = Sha256::digest(self.name.as_bytes());
        let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        stem.truncate(LONGEST_STEM - digest.len() - 1);
        format!("{stem}+{digest}")
    }
}

/// File systems allow 255 bytes, and an extension comes behind it.
const LONGEST_STEM: usize = 200;

fn folder(path: &Path) -> io::Result<PathBuf> {
    let folder = path.canonicalize()?;
    // Reading tells a folder from a file, and one that may be read from others.
    folder.read_dir()?;
    Ok(folder)
}

/// Whether `folder` is a work tree with its repository, or a bare repository.
pub(super) fn is_repository(folder: &Path) -> bool {
    let is_folder = |name: &str| folder.join(name).is_dir();
    fs::symlink_metadata(folder.join(".git")).is_ok_and(|found| !found.is_symlink())
        || (is_folder("objects") && is_folder("refs") && folder.join("HEAD").is_file())
}

fn visit(
    entry: Result<DirEntry, ignore::Error>,
    found: &Mutex<Vec<PathBuf>>,
    problems: &Mutex<Vec<String>>,
) -> WalkState {
    match entry {
        Ok(entry) => {
            if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
                return WalkState::Continue;
            }
            if !is_repository(entry.path()) {
                return WalkState::Continue;
            }
            if let Ok(mut found) = found.lock() {
                found.push(entry.into_path());
            }
            // What is inside a repository is its own affair, submodules and copies of others alike.
            WalkState::Skip
        }
        Err(error) => {
            if let Ok(mut problems) = problems.lock() {
                problems.push(error.to_string());
            }
            WalkState::Continue
        }
    }
}

/// A path as a name: without what means the present folder or the root of the file system.
fn plain_name(path: &Path) -> String {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part.to_string_lossy()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    let name = parts.collect::<Vec<_>>().join("/");
    if name.is_empty() { "repository".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, folder: &str) -> Place {
        Place {
            name: name.to_owned(),
            folder: PathBuf::from(folder),
        }
    }

    #[test]
    fn shards_are_parts_of_the_whole_and_stay_the_same() {
        let names: Vec<String> = (0..1000).map(|number| format!("acme/service-{number}")).collect();
        let mut seen = 0;
        for number in 1..=7 {
            let shard: Shard = format!("{number}/7").parse().unwrap();
            let held = names.iter().filter(|name| shard.holds(name)).count();
            assert!((90..200).contains(&held), "{number}: {held}");
            seen += held;
        }
        assert_eq!(seen, names.len());
        // A change here would move repositories between the shards of a migration that goes on.
        let shard: Shard = "4/7".parse().unwrap();
        let first: Vec<&String> = names.iter().filter(|name| shard.holds(name)).take(3).collect();
        assert_eq!(first, FIRST_OF_THE_FOURTH);
    }

    const FIRST_OF_THE_FOURTH: [&str; 3] = ["acme/service-2", "acme/service-18", "acme/service-35"];

    #[test]
    fn what_is_no_shard_is_said() {
        for text in ["", "1", "0/3", "4/3", "a/b", "1/0", "-1/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_unique_and_fit_for_files() {
        let mut fleet = Fleet {
            places: vec![
                place("a", "/x/a"),
                place("a", "/y/a"),
                place("b", "/x/b"),
                place("other", "/x/b"),
            ],
            problems: Vec::new(),
        };
        fleet.settle(None);
        let names: Vec<&str> = fleet.places.iter().map(|place| place.name.as_str()).collect();
        assert_eq!(names, ["b", "x/a", "y/a"]);
        for (name, stem) in [
            ("acme/shop", "acme+shop"),
            ("acme+shop", "acme%2Bshop"),
            ("-rf", "%2Drf"),
            ("../x", "%2E.+x"),
            ("a\n\"b'", "a%0A%22b%27"),
        ] {
            assert_eq!(place(name, "").file_stem(), stem);
        }
        let (one, other) = ("x".repeat(300), "x".repeat(301));
        assert_ne!(place(&one, "").file_stem(), place(&other, "").file_stem());
        assert!(place(&one, "").file_stem().len() <= LONGEST_STEM);
    }

    #[test]
    fn lists_hold_a_name_a_line_or_a_nul() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a", "with\nnewline", "#c"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let names = |list: &[u8]| {
            let mut fleet = Fleet::default();
            fleet.add_list(list, root.path());
            let names: Vec<String> = fleet.places.into_iter().map(|place| place.name).collect();
            (names, fleet.problems.len())
        };
        assert_eq!(names(b"# comment\n\na\r\nmissing\n"), (vec!["a".to_owned()], 1));
        assert_eq!(names(b"a\0with\nnewline\0#c\0").0, ["a", "with\nnewline", "#c"]);
    }
}
