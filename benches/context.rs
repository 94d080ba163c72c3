//! The time of the context layer over a project that is made up here: `cargo bench --bench context`.

#![allow(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use plimsoll::context::{ContextSource, DockerIgnore, Measure};
use plimsoll::passes::Level;
use plimsoll::passes::dockerignore::propose_for;
use plimsoll::syntax;

const PACKAGES: usize = 400;
const FILES_OF_PACKAGE: usize = 50;
const SOURCES: usize = 2_000;

const DOCKERFILE: &str =
    "FROM node:22\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nCMD [\"node\", \"src/0.js\"]\n";

const IGNORE: &[u8] = b".git\n**/*.log\n**/.cache\ndocs\n!docs/api\nbuild/**/tmp\n*.tmp\n";

/// A project with installed dependencies: 22,000 files.
fn write_project(root: &Path) {
    fs::write(root.join("Dockerfile"), DOCKERFILE).unwrap();
    fs::write(
        root.join("package.json"),
        "{ \"scripts\": { \"start\": \"node src/0.js\" } }",
    )
    .unwrap();
    for package in 0..PACKAGES {
        let folder = root.join(format!("node_modules/package{package}/lib"));
        fs::create_dir_all(&folder).unwrap();
        for file in 0..FILES_OF_PACKAGE {
            fs::write(folder.join(format!("{file}.js")), "module.exports = 1\n").unwrap();
        }
    }
    for source in 0..SOURCES {
        let folder = root.join(format!("src/part{}", source % 40));
        fs::create_dir_all(&folder).unwrap();
        let text = "const path = require('path')\nmodule.exports = path.join('a', 'b')\n".repeat(20);
        fs::write(folder.join(format!("{source}.js")), text).unwrap();
    }
    fs::create_dir_all(root.join("docs")).unwrap();
    fs::write(root.join("docs/a.md"), "more\n").unwrap();
}

fn context(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    write_project(folder.path());
    let root = folder.path();
    let files = (PACKAGES * FILES_OF_PACKAGE + SOURCES) as u64;

    let mut group = criterion.benchmark_group("context");
    group.throughput(Throughput::Elements(files));
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(3))
        .warm_up_time(Duration::from_secs(1));
    let open = || ContextSource::open(root, None).unwrap();
    group.bench_function("walk", |bencher| bencher.iter(|| open().walk().entries.len()));
    let walked = open();
    let ignore = DockerIgnore::parse(IGNORE).unwrap();
    group.bench_function("measure", |bencher| {
        bencher.iter(|| Measure::new(walked.walk(), &ignore).sent.files);
    });
    let file = syntax::parse("Dockerfile", DOCKERFILE).unwrap();
    // With the walk and the reading of the sources.
    group.bench_function("propose", |bencher| {
        bencher.iter(|| propose_for(&open(), Some(&file), Level::Standard).patterns.len());
    });
    group.finish();
}

criterion_group!(benches, context);
criterion_main!(benches);
