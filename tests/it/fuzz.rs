//! The fuzzers are complete: each target that `fuzz/Cargo.toml` names has its file and its first inputs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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
}
