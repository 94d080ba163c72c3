//! Images, containers and folders for temporary files that a killed run left. Each has a label that names the process that
//! made it; a later run removes those of processes that are gone.

use std::fs;
use std::io;
use std::path::Path;

use tempfile::TempDir;

use super::engine::{Engine, Kind};
use crate::repository_file;

/// How the names of folders for temporary files begin.
const FOLDER: &str = "plimsoll-verify-";

/// The file of such a folder that has the label.
const OWNER: &str = "owner";

/// The label that all images and containers have.
const LABEL: &str = "plimsoll.owner";

/// The label with its value: where the process runs that makes the thing, and its number.
pub(super) fn label() -> String {
    format!("{LABEL}={}{}", place(), std::process::id())
}

/// A folder for temporary files.
pub(super) fn folder() -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix(FOLDER).tempdir()?;
    fs::write(folder.path().join(OWNER), label())?;
    Ok(folder)
}

/// Removes the folders in `place` that processes left which ran here and are gone.
fn remove_folders(place: &Path) {
    const LONGEST: u64 = 1024;
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(FOLDER)) {
        let owner = repository_file::read(&entry.path(), &entry.path().join(OWNER), LONGEST);
        let owner = owner.ok().and_then(|text| String::from_utf8(text).ok());
        let owner = owner
            .as_deref()
            .and_then(|text| text.strip_prefix(LABEL)?.strip_prefix('='));
        if owner.is_some_and(is_gone) {
            // What others made may not be removed, and need not.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Engine {
    /// Removes what runs of this program left here which were killed.
    pub fn remove_leftovers(&self) {
        remove_folders(&std::env::temp_dir());
        remove(self);
    }
}

/// Removes what processes left that ran here and are gone. What an engine does not tell is left alone.
fn remove(engine: &Engine) {
    if engine.kind == Kind::Buildah {
        return;
    }
    for (list, kind, remove) in [
        (
            &["ps", "--all", "--quiet"][..],
            "container",
            &["rm", "--force", "--volumes"][..],
        ),
        (&["images", "--quiet"], "image", &["image", "rm", "--force"]),
    ] {
        let filter = format!("label={LABEL}");
        let Ok(found) = engine.soon(&[list, &["--filter", &filter]].concat()) else {
            return;
        };
        for id in found.split_whitespace() {
            let format = format!("{{{{index .Config.Labels \"{LABEL}\"}}}}");
            let owner = engine.soon(&[kind, "inspect", "--format", &format, id]);
            if owner.is_ok_and(|owner| is_gone(owner.trim())) {
                let _ = engine.clean_up(&[remove, &[id]].concat());
            }
        }
    }
}

/// Whether `owner` names a process of this place that is gone.
fn is_gone(owner: &str) -> bool {
    let number = owner.strip_prefix(&place()).and_then(|number| number.parse().ok());
    number.is_some_and(has_ended)
}

/// Where the numbers of processes mean the same: the machine, and on Linux the container on it.
fn place() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let machine = read("/proc/sys/kernel/hostname");
    let numbers = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{}/{}/", machine.trim(), numbers.display())
}

#[cfg(unix)]
fn has_ended(number: i32) -> bool {
    use rustix::process::{Pid, test_kill_process};

    Pid::from_raw(number).is_some_and(|process| test_kill_process(process) == Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn has_ended(_number: i32) -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_processes_that_are_gone_are_removed() {
        let place = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let gone = format!("{LABEL}={}{}", super::place(), child.id());
        for (name, owner) in [("gone", gone.as_str()), ("mine", &label()), ("odd", "x"), ("none", "")] {
            let folder = place.path().join(format!("{FOLDER}{name}"));
            fs::create_dir_all(folder.join("context")).unwrap();
            if !owner.is_empty() {
                fs::write(folder.join(OWNER), owner).unwrap();
            }
        }
        remove_folders(place.path());
        let left = fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let mut left: Vec<_> = left.map(|name| name.into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["mine", "none", "odd"].map(|name| format!("{FOLDER}{name}")));
    }

    #[test]
    fn only_processes_of_this_place_that_are_gone_are_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(is_gone(&format!("{}{}", place(), child.id())));
        assert!(!is_gone(&format!("{}{}", place(), std::process::id())));
        assert!(!is_gone(&format!("elsewhere/pid:[1]/{}", child.id())));
        for odd in [
            "",
            "<no value>",
            &place(),
            &format!("{}x", place()),
            &format!("{}0", place()),
        ] {
            assert!(!is_gone(odd), "{odd}");
        }
    }
}
