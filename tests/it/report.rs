//! The report as text and as JSON.

use std::fs;
use std::path::Path;

use plimsoll::emit::Palette;
use plimsoll::emit::json::Document;
use plimsoll::emit::text::{self, Layout};
use plimsoll::passes::{Assumed, Change, Evidence, Level, ObstacleKind, Refusal};
use plimsoll::rewrite::Rewrite;
use plimsoll::syntax::LineRange;
use serde_json::Value;

use crate::support::{FINE, Folder, IMPROVABLE, snapshot};

fn lines(first: usize, last: usize) -> LineRange {
    LineRange { first, last }
}

/// A rewrite with everything that a report can show, in an order that is not that of the lines.
fn eventful() -> Rewrite {
    let mount = |first| Change {
        pass: "cache-mounts",
        level: Level::Safe,
        lines: lines(first, first),
        what: "mount the cache of pip at /root/.cache/pip".to_owned(),
        why: "a rebuild takes from the mount what it downloaded before, and the image does not hold it".to_owned(),
        evidence: vec![
            Evidence {
                place: "Dockerfile:1".to_owned(),
                fact: "python:3.12 runs as root, whose home is /root".to_owned(),
            },
            Evidence {
                place: "requirements.txt:3".to_owned(),
                fact: "names a package without a wheel".to_owned(),
            },
        ],
        assumptions: Vec::new(),
    };
    let refusal = |range| Refusal {
        pass: "cache-mounts",
        lines: range,
        what: "mount the cache of npm".to_owned(),
        kind: ObstacleKind::UnknownPlace,
        obstacle: "the number of the user app is not known, and a mount belongs to root".to_owned(),
        remedy: "create app with a fixed number: `useradd --uid 1000 app`".to_owned(),
    };
    Rewrite {
        file: "app/Dockerfile".to_owned(),
        original: String::new(),
        text: String::new(),
        changes: vec![
            mount(9),
            mount(20),
            Change {
                pass: "merge-runs",
                level: Level::Standard,
                lines: lines(2, 5),
                what: "join `apt-get update` and the install that uses its lists in one RUN".to_owned(),
                why: "see /a/path/that/is/longer/than/the/line/and/stays/in/one/piece/so/that/it/can/be/copied"
                    .to_owned(),
                evidence: Vec::new(),
                assumptions: vec![Assumed {
                    id: "builds-write-below-their-project".to_owned(),
                    what: "`npm run build` writes only below /app".to_owned(),
                }],
            },
        ],
        refusals: vec![refusal(lines(12, 12)), refusal(lines(14, 16))],
        notes: vec!["the file now needs BuildKit, which Docker uses by default since version 23".to_owned()],
        dockerignore: None,
        split: None,
        unread: None,
        rejected: Vec::new(),
    }
}

#[test]
fn the_text_is_ordered_grouped_and_wrapped() {
    let report = |palette, width, is_complete| {
        let layout = Layout {
            palette,
            width,
            is_complete,
        };
        text::report(&eventful(), &layout)
    };
    snapshot("report", report(Palette::default(), 72, true));
    snapshot("report-quiet", report(Palette::default(), 72, false));
    snapshot("report-coloured", report(Palette::coloured(), 100, true));
    assert_eq!(text::summary(&eventful()), "app/Dockerfile: 3 changes, 2 left alone");
}

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");

#[test]
fn the_schema_on_disk_is_that_of_the_types() {
    let schema = Document::schema().unwrap();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(SCHEMA, &schema).unwrap();
    }
    let on_disk = fs::read_to_string(SCHEMA).unwrap_or_default();
    assert!(
        schema == on_disk,
        "run the tests with UPDATE_SCHEMA=1 and look at the difference"
    );
}

/// Fails unless `json` is what the schema describes.
#[track_caller]
pub fn assert_valid(json: &str) -> Value {
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    let schema = compiler.compile(SCHEMA, &mut schemas).unwrap();
    let value: Value = serde_json::from_str(json).unwrap();
    if let Err(error) = schemas.validate(&value, schema) {
        panic!("{error:#}\n{json}");
    }
    value
}

#[test]
fn every_command_writes_what_the_schema_says() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    folder.write("fine/Dockerfile", FINE);
    folder.write("bad/Dockerfile", "FROM alpine\nRUM true\n");
    folder.write("copies/Dockerfile", "FROM alpine\nCOPY . /srv\n");
    for arguments in [
        ["rewrite"].as_slice(),
        &["diff"],
        &["check", ".", "fine", "bad", "missing"],
        &["rewrite", "bad"],
        &["diff", "missing"],
        &["explain"],
        &["explain", "cache-mounts"],
        &["context"],
        &["context", "--max", "1kB"],
        &["context", "missing"],
        &["diff", "copies"],
        &["diff", "--explain-split"],
        &["smoke"],
    ] {
        let outcome = folder.plimsoll(&[&["--format", "json"], arguments].concat());
        let value = assert_valid(&outcome.stdout);
        assert_eq!(value["version"], 1);
        assert_eq!(outcome.stderr, "", "{arguments:?}: everything is in the document");
    }
}

#[test]
fn the_document_holds_files_and_errors() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    folder.write("bad/Dockerfile", "FROM alpine\nRUM true\n");
    let outcome = folder.plimsoll(&["check", "--format=json", ".", "bad", "missing"]);
    assert_eq!(outcome.code, 2);
    snapshot("check-json", &outcome.stdout);

    folder.write("plimsoll.toml", "levl = 1\n");
    let outcome = folder.plimsoll(&["diff", "--format=json"]);
    let value = assert_valid(&outcome.stdout);
    assert_eq!(outcome.code, 2);
    assert_eq!(
        (&value["errors"][0]["line"], &value["errors"][0]["column"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn json_and_files_go_together() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    let value = assert_valid(&folder.plimsoll(&["rewrite", "--write", "--format=json"]).stdout);
    assert_eq!(value["files"][0]["text"], folder.read("Dockerfile"));
    assert_eq!(value["files"][0]["changed"], true);
}

#[test]
fn the_page_names_every_kind_of_obstacle() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    let schema: Value = serde_json::from_str(&Document::schema().unwrap()).unwrap();
    let kinds = schema["$defs"]["ObstacleKind"]["oneOf"].as_array().unwrap();
    let names: Vec<&str> = kinds.iter().map(|kind| kind["const"].as_str().unwrap()).collect();
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| `") && line.matches('|').count() == 3);
    let written: Vec<&str> = rows
        .filter_map(|row| row.split('`').nth(1))
        .filter(|name| names.contains(name))
        .collect();
    assert_eq!(written, names);
}

#[test]
fn the_page_names_every_field() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    let schema: Value = serde_json::from_str(&Document::schema().unwrap()).unwrap();
    let definitions = schema["$defs"].as_object().unwrap();
    for (name, definition) in definitions {
        for field in definition["properties"]
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.keys())
        {
            assert!(
                page.contains(&format!("`{field}`")),
                "docs/json.md lacks {name}.{field}"
            );
        }
    }
}
