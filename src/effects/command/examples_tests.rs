//! Runs the examples of the tables in a folder with small files and compares what they touched with their effects.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::Mutex;

use crate::facts::Facts;
use crate::knowledge::command_tables;
use crate::syntax;

use super::*;

/// Makes the files that the examples name.
const FIXTURE: &str = r#"
printf 'one\ntwo\n' > a; printf 'x\ny\n' > b; mkdir -p d/y e; printf 'x\n' > d/x.txt; printf 'z\n' > d/y/z.txt
printf '{"a": 1}\n' > c.json; gzip -c a > c.gz; tar czf c.tgz a d
printf '%s\n' '--- a' '+++ a' '@@ -1,2 +1,2 @@' '-one' '+1' ' two' > a.patch
printf '%s\n' '--- p/x.txt' '+++ p/x.txt' '@@ -1 +1 @@' '-x' '+1' > a1.patch
printf 'int main(void) { return 0; }\n' > m.c; printf '.globl x\nx:\n' > m.s
for tool in "zip -qr c.zip a d" "gcc -o prog m.c" "gcc -c m.c -o m.o" "ar rc c.a a b"; do $tool 2>/dev/null || true; done
echo a | cpio -o > c.cpio 2>/dev/null || true
"#;

/// What a path was and is.
type Snapshot = BTreeMap<PathBuf, (u32, u64, i64, i64, u64)>;

struct Disk;

impl Surroundings for Disk {
    fn is_folder(&self, path: &AbsolutePath) -> Option<bool> {
        Some(Path::new(path.as_str()).is_dir())
    }
}

fn snapshot(folder: &Path, into: &mut Snapshot) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let data = fs::symlink_metadata(&path).unwrap();
        if data.is_dir() {
            // What is in a folder changes its time.
            into.insert(path.clone(), (data.mode(), 0, 0, 0, data.ino()));
            snapshot(&path, into);
        } else {
            let time = (data.mtime(), data.mtime_nsec());
            into.insert(path, (data.mode(), data.len(), time.0, time.1, data.ino()));
        }
    }
}

fn taken(folder: &Path) -> Snapshot {
    let mut result = Snapshot::new();
    snapshot(folder, &mut result);
    result
}

/// The files that `strace -y` says were opened for reading.
fn opened(log: &str) -> BTreeSet<PathBuf> {
    let reads = log.lines().filter(|line| {
        line.contains("open") && (line.contains("O_RDONLY") || line.contains("O_RDWR")) && !line.contains("O_DIRECTORY")
    });
    let path = |line: &str| {
        let (_, result) = line.rsplit_once(") = ")?;
        let (_, path) = result.split_once('<')?;
        Some(PathBuf::from(path.split('>').next()?))
    };
    reads.filter_map(path).collect()
}

fn has_program(name: &str) -> bool {
    let found = Process::new("sh")
        .args(["-c", &format!("command -v '{name}'")])
        .stdout(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

/// The effects of an example in `folder`, and the programs that it calls.
fn described(example: &str, folder: &Path) -> (Effects, Vec<String>) {
    let text = format!("FROM debian:12\nWORKDIR {}\nRUN {example}\n", folder.display());
    let file = syntax::parse("Dockerfile", &text).unwrap();
    let facts = Facts::of(&file);
    let run = facts.run(&file, 2).unwrap();
    let mut all = Effects::default();
    let mut programs = Vec::new();
    for command in &run.commands {
        programs.extend(command.program().map(str::to_owned));
        all.then(of_command(command, &Disk));
    }
    (all, programs)
}

fn is_in(places: &[Place], path: &Path) -> bool {
    let Some(path) = path.to_str().and_then(|path| AbsolutePath::of(path, None)) else {
        return false;
    };
    let path = Place::Exactly(path);
    places.iter().any(|place| match place {
        Place::Pattern(_) => place.meets(&path),
        other => other.covers(&path),
    })
}

/// Runs an example. Returns what is wrong; `None` where it cannot be run here.
fn check(example: &str, fixture: &Path, scratch: &Path) -> Option<Result<(), String>> {
    let folder = scratch.join("w");
    let _ = fs::remove_dir_all(scratch);
    fs::create_dir_all(scratch.join("home")).unwrap();
    assert!(
        Process::new("cp")
            .arg("-a")
            .arg(fixture)
            .arg(&folder)
            .status()
            .unwrap()
            .success()
    );
    let (effects, programs) = described(example, &folder);
    if let Some(why) = &effects.unknown {
        return Some(Err(format!("unknown: {why}")));
    }
    assert!(!effects.network, "{example}: no example needs the network");
    if !programs.iter().all(|program| has_program(program)) {
        return None;
    }
    let before = taken(&folder);
    let log = scratch.join("log");
    let script = format!("cd '{}' && {example}", folder.display());
    let ran = Process::new("strace")
        .args(["-f", "-qq", "-y", "-e", "trace=file", "-o"])
        .arg(&log)
        .args(["sh", "-c", &script])
        .env("HOME", scratch.join("home"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if !ran.status.success() {
        return Some(Err(format!("fails: {}", String::from_utf8_lossy(&ran.stderr))));
    }
    let after = taken(&folder);
    Some(compare(
        &effects,
        &before,
        &after,
        &opened(&fs::read_to_string(&log).unwrap()),
    ))
}

fn compare(effects: &Effects, before: &Snapshot, after: &Snapshot, opened: &BTreeSet<PathBuf>) -> Result<(), String> {
    let written: Vec<&PathBuf> = after
        .iter()
        .filter(|(path, now)| before.get(*path) != Some(now))
        .map(|(path, _)| path)
        .collect();
    let deleted: Vec<&PathBuf> = before.keys().filter(|path| !after.contains_key(*path)).collect();
    for path in &written {
        if !is_in(&effects.writes, path) {
            return Err(format!(
                "writes {} but the table says {:?}",
                path.display(),
                effects.writes
            ));
        }
    }
    for path in &deleted {
        // A condition decides which files of a folder go.
        let is_some_of = |place: &Place| matches!(place, Place::Somewhere(folder) if path.starts_with(folder.as_str()));
        if !is_in(&effects.deletes, path) && !effects.deletes.iter().any(is_some_of) {
            return Err(format!(
                "deletes {} but the table says {:?}",
                path.display(),
                effects.deletes
            ));
        }
    }
    for path in opened.iter().filter(|path| {
        before
            .get(*path)
            .is_some_and(|(mode, ..)| mode & 0o170_000 == 0o100_000)
    }) {
        if !is_in(&effects.reads, path) && !is_in(&effects.writes, path) && !is_in(&effects.deletes, path) {
            return Err(format!(
                "reads {} but the table says {:?}",
                path.display(),
                effects.reads
            ));
        }
    }
    for place in &effects.writes {
        if let Place::Exactly(path) = place
            && !Path::new(path.as_str()).exists()
            && effects.deletes.is_empty()
        {
            return Err(format!(
                "does not write {path}, but the table says {:?}",
                effects.writes
            ));
        }
    }
    let is_there = |path: &AbsolutePath| before.contains_key(Path::new(path.as_str()));
    let may_delete = effects.deletes.iter().filter_map(Place::path).any(is_there);
    if may_delete && deleted.is_empty() {
        return Err(format!("deletes nothing, but the table says {:?}", effects.deletes));
    }
    Ok(())
}

#[test]
fn the_examples_do_what_the_tables_say() {
    if !has_program("strace") {
        eprintln!("SKIPPED: no strace on this machine, so that nothing compares the tables with real programs");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let fixture = scratch.path().join("fixture");
    fs::create_dir(&fixture).unwrap();
    let made = Process::new("sh")
        .args(["-ec", FIXTURE])
        .current_dir(&fixture)
        .status()
        .unwrap();
    assert!(made.success(), "the files for the examples can be made");
    let examples: Vec<&str> = command_tables()
        .iter()
        .flat_map(|table| table.usages())
        .flat_map(|usage| usage.examples.iter().map(String::as_str))
        .collect();
    let next = Mutex::new(examples.iter().enumerate());
    let (wrong, ran) = (Mutex::new(Vec::new()), Mutex::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((number, example)) = { next.lock().unwrap().next() } {
                    match check(example, &fixture, &scratch.path().join(number.to_string())) {
                        Some(Ok(())) => *ran.lock().unwrap() += 1,
                        Some(Err(why)) => wrong.lock().unwrap().push(format!("{example}: {why}")),
                        None => eprintln!("not on this machine: {example}"),
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} examples:\n{}", wrong.len(), wrong.join("\n"));
    assert!(ran.into_inner().unwrap() > 60);
}
