//! Every file in `tests/fixtures/syntax`: the tree of the accepted ones and the message for the rejected ones stand in
//! `snapshots/syntax`.

use std::path::Path;

use plimsoll::syntax::{SyntaxError, parse};

use super::{check, dump};

/// Calls `test` with name and text of every fixture in `folder` and compares what it returns with its snapshot.
fn each(folder: &str, test: impl Fn(&str, &str) -> String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = root
        .join("tests/fixtures/syntax")
        .join(folder)
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty());

    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root.join("snapshots/syntax").join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        settings.set_input_file(&path);
        settings.bind(|| insta::assert_snapshot!(name.as_str(), test(&name, &text)));
    }
}

#[test]
fn accepted() {
    each("accepted", |name, text| {
        let file = parse("Dockerfile", text).unwrap_or_else(|error| panic!("{name}: {error}"));
        check::file(&file, text);
        dump::file(&file)
    });
}

#[test]
fn rejected() {
    each("rejected", |name, text| match parse("Dockerfile", text) {
        Ok(file) => panic!("{name} is accepted: {file:#?}"),
        Err(error) => error.to_string(),
    });
}

fn line_of(length: usize, newline: &str) -> Result<(), SyntaxError> {
    let command = "x".repeat(length - "RUN ".len() - newline.len());
    let text = format!("FROM base\nRUN {command}{newline}");
    parse("Dockerfile", &text).map(|file| check::file(&file, &text))
}

/// BuildKit reads lines into a buffer of 64 KiB, in which there must be room for a newline.
#[test]
fn long_lines() {
    line_of(64 * 1024, "\n").unwrap();
    line_of(64 * 1024 - 1, "").unwrap();
    let error = line_of(64 * 1024 + 1, "\n").unwrap_err();
    assert_eq!((error.line, error.column), (2, 1));
    line_of(64 * 1024, "").unwrap_err();
    line_of(64 * 1024 + 1, "\r\n").unwrap_err();
}

/// A message shows the beginning of such a line, not all of it.
#[test]
fn message_about_a_long_line() {
    let error = line_of(70_000, "\n").unwrap_err();
    assert!(error.to_string().len() < 600);
}

/// What continuations join may be longer.
#[test]
fn long_logical_lines() {
    let text = format!("FROM base\nRUN a{}\n", " \\\n    && b".repeat(20_000));
    let file = parse("Dockerfile", &text).unwrap();
    check::file(&file, &text);
}

/// Deep nesting must not exhaust the stack.
#[test]
fn deep_nesting() {
    for (line, times) in [("ONBUILD ", 8_000), ("[", 60_000), ("${a:-", 12_000), ("\"", 60_000)] {
        for keyword in ["RUN <<", "CMD ", "ONBUILD ", "ENV a="] {
            let text = format!("FROM base\n{keyword}{}\n", line.repeat(times));
            if let Ok(file) = parse("Dockerfile", &text) {
                assert_eq!(file.emit(), text);
            }
        }
    }
}
