//! The .dockerignore matcher against a real engine: what a build copies is what the matcher and the walk say.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use plimsoll::context::{ContextSource, Entry, Kind, Presence};

use super::ignore_sets::{FILES, Random};
use super::{gate, say};

/// Generated .dockerignore files that must build.
const SETS: usize = 512;

/// Generated .dockerignore files on which the build must fail: each needs a build of its own.
const FAILING_SETS: usize = 16;

/// Contexts in one build: each is a layer, of which an engine stacks at most 128.
const SETS_PER_BUILD: usize = 64;

/// A context with the files of the tree, none of them empty, and the given .dockerignore.
fn write_context(folder: &Path, ignore: &str) {
    for file in FILES {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    fs::create_dir(folder.join("empty")).unwrap();
    fs::write(folder.join(".dockerignore"), ignore).unwrap();
}

/// Builds with `arguments`, and writes the result's files to `out`.
fn build(context: &Path, out: &Path, arguments: &[OsString]) -> Output {
    let mut command = Command::new("docker");
    command.args(["buildx", "build", "--progress=plain", "--no-cache", "--output"]);
    command
        .arg(format!("type=local,dest={}", out.display()))
        .args(arguments)
        .arg(context);
    command.output().unwrap()
}

/// Everything below `folder`, folders with a `/` behind them.
fn paths(folder: &Path) -> BTreeSet<String> {
    let context = ContextSource::open(folder, None).unwrap();
    context.walk().entries.iter().map(shown).collect()
}

/// What the library says is sent, by the walk of the whole context.
fn sent(context: &ContextSource) -> BTreeSet<String> {
    let measure = context.measure();
    let sent = measure.entries().iter().filter(|measured| measured.is_sent);
    sent.map(|measured| shown(measured.entry)).collect()
}

fn shown(entry: &Entry) -> String {
    let end = if entry.kind == Kind::Folder { "/" } else { "" };
    format!("{}{end}", entry.path)
}

/// Generated .dockerignore files, those that build and those that do not.
fn sets() -> (Vec<String>, Vec<String>) {
    let mut random = Random(0x00C0_FFEE);
    let (mut good, mut failing) = (Vec::new(), Vec::new());
    while good.len() < SETS {
        let ignore = random.ignore_file();
        let files = FILES.iter().copied().chain([".dockerignore"]);
        let context = ContextSource::in_memory(files.map(|file| (file, ignore.as_str())));
        if context.is_ok_and(|context| context.measure().failing_line().is_none()) {
            good.push(ignore);
        } else if failing.len() < FAILING_SETS {
            failing.push(ignore);
        }
    }
    (good, failing)
}

#[test]
fn generated_ignore_files_mean_what_the_engine_does() {
    if gate("generated .dockerignore files (a minute)").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let (good, failing) = sets();

    let mut differences = Vec::new();
    for (number, chunk) in good.chunks(SETS_PER_BUILD).enumerate() {
        let at = folder.path().join(number.to_string());
        let (out, dockerfile) = (at.join("out"), at.join("Dockerfile"));
        let mut text = String::from("FROM scratch\n");
        let mut arguments = vec!["-f".into(), dockerfile.clone().into_os_string()];
        for (index, ignore) in chunk.iter().enumerate() {
            let context = at.join(format!("c{index}"));
            write_context(&context, ignore);
            text += &format!("COPY --from=c{index} . /c{index}/\n");
            arguments.extend([
                "--build-context".into(),
                format!("c{index}={}", context.display()).into(),
            ]);
        }
        fs::write(&dockerfile, text).unwrap();
        let built = build(&empty, &out, &arguments);
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        for (index, ignore) in chunk.iter().enumerate() {
            let context = at.join(format!("c{index}"));
            let source = ContextSource::open(&context, None).unwrap();
            let (said, real) = (sent(&source), paths(&out.join(format!("c{index}"))));
            let by_path: BTreeSet<String> = paths(&context).into_iter().filter(|path| source.exists(path)).collect();
            if said != real || by_path != real {
                differences.push(format!(
                    "{ignore:?}: sent unlike said {:?}, said unlike sent {:?}, by path {:?}",
                    real.difference(&said).collect::<Vec<_>>(),
                    said.difference(&real).collect::<Vec<_>>(),
                    said.symmetric_difference(&by_path).collect::<Vec<_>>(),
                ));
            }
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {SETS}:\n{}",
        differences.len(),
        differences.join("\n")
    );

    let dockerfile = folder.path().join("Dockerfile");
    fs::write(&dockerfile, "FROM scratch\nCOPY . /\n").unwrap();
    for (index, ignore) in failing.iter().enumerate() {
        let context = folder.path().join(format!("failing{index}"));
        write_context(&context, ignore);
        let built = build(
            &context,
            &folder.path().join("out"),
            &["-f".into(), dockerfile.clone().into()],
        );
        assert!(!built.status.success(), "{ignore:?} builds");
    }
    say(&format!(
        "engine: {SETS} .dockerignore files equal, {FAILING_SETS} refused by both"
    ));
}

#[test]
fn the_engine_takes_the_same_ignore_file() {
    if gate("which .dockerignore applies").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let context = folder.path().join("context");
    write_context(&context, "docs\n.dockerignore\nprod.Dockerfile\n");
    let beside = folder.path().join("docker");
    fs::create_dir(&beside).unwrap();
    fs::write(beside.join("other.Dockerfile.dockerignore"), "bin").unwrap();
    fs::write(context.join("prod.Dockerfile.dockerignore"), "src").unwrap();
    fs::write(context.join("empty.Dockerfile.dockerignore"), "").unwrap();
    fs::write(context.join("comment.Dockerfile.dockerignore"), "#").unwrap();
    for dockerfile in [
        context.join("Dockerfile"),
        context.join("prod.Dockerfile"),
        context.join("empty.Dockerfile"),
        context.join("comment.Dockerfile"),
        beside.join("other.Dockerfile"),
    ] {
        fs::write(&dockerfile, "FROM scratch\nCOPY . /\n").unwrap();
        let out = folder.path().join("out").join(dockerfile.file_name().unwrap());
        let built = build(&context, &out, &["-f".into(), dockerfile.clone().into()]);
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let source = ContextSource::open(&context, Some(&dockerfile)).unwrap();
        assert_eq!(sent(&source), paths(&out), "{}", dockerfile.display());
    }
}

/// Adds what a copy of the folder `folder` puts at the target, by listing it.
fn collect(source: &ContextSource, folder: &str, below: &str, said: &mut BTreeSet<String>) {
    for child in source.list(&format!("{folder}/{below}")) {
        if child.kind == Kind::Folder {
            said.insert(format!("{below}{}/", child.name));
            collect(source, folder, &format!("{below}{}/", child.name), said);
        } else {
            said.insert(format!("{below}{}", child.name));
        }
    }
}

/// Sources of COPY, each taken from the tree of [`FILES`] and some links.
const COPIED: &[&str] = &[
    "*.txt",
    "ab*",
    "*/b*",
    "*/*.md",
    "**/README.md",
    "docs/**/README.md",
    "[ab]",
    "[^ab]",
    "a[^x]b",
    "b[^x]c/*",
    "?",
    "\\[z]*",
    "[[]z]",
    "/docs/api",
    "../../docs/*",
    "./src/../web/*",
    "node_modules/*",
    "bin/x.dl?",
    "nothing*",
    "link-to-folder",
    "link-to-folder/*",
    "link-to-*",
    "absolute-link",
    ".",
];

#[cfg(unix)]
#[test]
fn the_engine_copies_what_the_glob_names() {
    use std::os::unix::fs::symlink;
    if gate("the wildcards of COPY").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let context = folder.path().join("context");
    write_context(&context, "*.md\nnode_modules/x\n!node_modules/x/index.js\n");
    symlink("docs/api", context.join("link-to-folder")).unwrap();
    symlink("/bin/d", context.join("absolute-link")).unwrap();
    let dockerfile = folder.path().join("Dockerfile");
    let mut text = String::from("FROM scratch\n");
    for (index, pattern) in COPIED.iter().enumerate() {
        // The Dockerfile takes one level of backslashes away.
        let pattern = pattern.replace('\\', "\\\\");
        text += &format!("COPY {}\n", serde_json::json!([pattern, format!("/{index}/")]));
    }
    fs::write(&dockerfile, text).unwrap();
    let out = folder.path().join("out");
    let built = build(&context, &out, &["-f".into(), dockerfile.clone().into()]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let source = ContextSource::open(&context, Some(&dockerfile)).unwrap();
    for (index, pattern) in COPIED.iter().enumerate() {
        let mut said = BTreeSet::new();
        for path in source.glob(pattern) {
            if source.presence(&path) == Presence::Here(Kind::Folder) {
                collect(&source, &path, "", &mut said);
            } else {
                said.insert(path.rsplit('/').next().unwrap().to_owned());
            }
        }
        let real = out.join(index.to_string());
        // A wildcard that matches nothing copies nothing, not even the folder.
        let real = if real.exists() { paths(&real) } else { BTreeSet::new() };
        assert_eq!(said, real, "{pattern}");
    }
}
