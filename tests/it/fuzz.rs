//! The fuzzers are complete: each target that `fuzz/Cargo.toml` names has its file and its first inputs. And a short run of
//! what they check, without a fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[path = "../../fuzz/src/lines.rs"]
mod lines;
#[path = "../../fuzz/src/project.rs"]
mod project;
#[path = "../../fuzz/src/targets/mod.rs"]
mod targets;

/// How many texts each target is given. `PLIMSOLL_FUZZED` says another number.
const TEXTS: usize = 40;

/// What a target checks of a text.
type Check = fn(&str);

/// The targets.
const TARGETS: [(&str, Check); 7] = [
    ("arguments", targets::arguments::run),
    ("configuration", targets::configuration::run),
    ("dockerignore", targets::dockerignore::run),
    ("manifests", targets::manifests::run),
    ("parse_emit", targets::parse_emit::run),
    ("passes", targets::passes::run),
    ("shell", targets::shell::run),
];

/// The seeds of the fuzzers with lines removed, moved, and put into each other: always the same ones.
#[cfg(unix)]
#[test]
fn seeds_and_mutations_of_them_pass() {
    let seeds = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seed");
    let made = std::process::Command::new(script).arg(seeds.path()).status().unwrap();
    assert!(made.success());
    let count = std::env::var("PLIMSOLL_FUZZED").map_or(TEXTS, |count| count.parse().unwrap());
    for (target, check) in TARGETS {
        let mut files: Vec<_> = fs::read_dir(seeds.path().join(target))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{target}");
        let seed = |number: usize| {
            // The number of files shares no factor with it, so that each is taken in its turn.
            let bytes = fs::read(&files[number * 7919 % files.len()]).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        for number in 0..count {
            let (first, second) = (seed(number), seed(number + 1));
            let at = u32::try_from(number).unwrap();
            let moved = lines::changed(first.as_bytes(), at).unwrap_or_else(|| first.clone().into_bytes());
            let crossed = lines::crossed(&moved, second.as_bytes(), at);
            for text in [moved, crossed] {
                let text = String::from_utf8_lossy(&text);
                let result = std::panic::catch_unwind(|| check(&text));
                assert!(result.is_ok(), "{target}, text {number}:\n{text}");
            }
        }
    }
}

#[test]
fn each_target_has_a_file_and_seeds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest: toml::Table = fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap();
    let targets = manifest["bin"].as_array().unwrap().iter();
    let targets: BTreeSet<String> = targets
        .map(|target| target["name"].as_str().unwrap().to_owned())
        .collect();

    let files = fs::read_dir(folder.join("fuzz_targets")).unwrap();
    let files: BTreeSet<String> = files
        .map(|file| {
            let path = file.unwrap().path();
            path.file_stem().unwrap().to_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(targets, files);

    let script = fs::read_to_string(folder.join("seed")).unwrap();
    let (_, rest) = script.split_once("$out\"/{").unwrap();
    let seeded: BTreeSet<String> = rest.split('}').next().unwrap().split(',').map(str::to_owned).collect();
    assert_eq!(targets, seeded);

    let run: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets, run);
}
