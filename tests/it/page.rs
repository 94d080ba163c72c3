//! Reports as pages: what they show, and that nothing of what they show becomes markup.

use std::fs;

use plimsoll::context::Totals;
use plimsoll::emit::figures::figures;
use plimsoll::emit::page::Page;
use plimsoll::emit::text::Layout;
use plimsoll::emit::{Palette, diff};
use plimsoll::passes::{Assumed, Change, Evidence, Level, ObstacleKind, Refusal};
use plimsoll::syntax::LineRange;
use plimsoll::verify::figures::{Component, Figures, Layer, Rebuild, Sizes};
use plimsoll::verify::report::{Check, Finding, Removed};
use plimsoll::verify::{Built, Outcome, Round, Verification};

use crate::support::{FINE, Folder, IMPROVABLE, snapshot};

/// Text that would be markup in HTML, in attributes, in tables and code of Markdown, or that turns what follows around.
const HOSTILE: &str =
    "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;|`*_[x](javascript:y)\u{202e}\u{1b}[2J{{ 7 * 7 }}";

fn sizes(parts: [u64; 5], layers: &[(&str, u64)]) -> Sizes {
    let names = [
        "base image",
        "system packages",
        "language packages",
        "application",
        "other",
    ];
    Sizes {
        bytes: parts.iter().sum(),
        components: names
            .into_iter()
            .zip(parts)
            .map(|(name, bytes)| Component { name, bytes })
            .collect(),
        layers: layers
            .iter()
            .map(|(made_by, bytes)| Layer {
                made_by: (*made_by).to_owned(),
                bytes: *bytes,
            })
            .collect(),
    }
}

fn before() -> Figures {
    let parts = [130_000_000, 290_000_000, 311_000_000, 24_000, 54_000_000];
    let layers = [
        ("", 130_000_000),
        ("RUN apt-get install -y gcc", 340_000_000),
        ("RUN pip install -r requirements.txt", 330_000_000),
        ("COPY . .", 24_000),
    ];
    Figures {
        sizes: sizes(parts, &layers),
        context: Some(Totals {
            files: 900,
            bytes: 5_000_000,
        }),
        cold_seconds: 61.34,
        rebuild: Some(Rebuild {
            edited: "app.py".to_owned(),
            seconds: 40.0,
        }),
        manifest_rebuild: Some(Rebuild {
            edited: "requirements.txt".to_owned(),
            seconds: 41.0,
        }),
    }
}

fn after() -> Figures {
    let layers = [
        ("", 130_000_000),
        ("COPY /opt/venv /opt/venv", 331_000_000),
        ("COPY . .", 24_000),
    ];
    Figures {
        sizes: sizes([130_000_000, 0, 331_000_000, 24_000, 0], &layers),
        context: Some(Totals {
            files: 9,
            bytes: 20_000,
        }),
        cold_seconds: 60.9,
        rebuild: Some(Rebuild {
            edited: "app.py".to_owned(),
            seconds: 0.4,
        }),
        manifest_rebuild: Some(Rebuild {
            edited: "requirements.txt".to_owned(),
            seconds: 19.0,
        }),
    }
}

fn change(text: &str) -> Change {
    Change {
        pass: "split-stages",
        level: Level::Standard,
        lines: LineRange { first: 1, last: 9 },
        what: format!("build in a stage of its own, `builder`{text}"),
        why: format!("the image leaves gcc there{text}"),
        evidence: vec![Evidence {
            place: format!("Dockerfile:3{text}"),
            fact: format!("only builds use it{text}"),
        }],
        assumptions: vec![Assumed {
            id: "builds-write-below-their-project".to_owned(),
            what: format!("`make` writes only below /app{text}"),
        }],
    }
}

fn refusal(text: &str) -> Refusal {
    Refusal {
        pass: "slim-base",
        lines: LineRange { first: 1, last: 1 },
        what: format!("use a smaller image{text}"),
        kind: ObstacleKind::UnknownPackage,
        obstacle: format!("its digest is pinned{text}"),
        remedy: format!("name a tag{text}"),
    }
}

/// A verification in two rounds, with `text` wherever others decide what stands there.
fn verification(text: &str) -> Verification {
    let image = |figures: Figures| Built {
        sizes: figures.sizes,
        seconds: figures.cold_seconds,
    };
    let failed = Check::of(
        "libraries",
        "",
        vec![Finding::new(format!("app needs libpq.so.5, which is not found{text}"))],
    );
    Verification {
        file: format!("Dockerfile{text}"),
        outcome: Outcome::Repaired,
        text: String::new(),
        ignore: None,
        repairs: vec![format!("install libpq5, which brings libpq.so.5{text}")],
        switched_off: vec!["slim-base".to_owned()],
        rounds: vec![
            Round {
                what: "compare the rewrite".to_owned(),
                checks: vec![Check::passed("builds", "the original in 61.3 s"), failed],
                removed: Vec::new(),
                image: None,
            },
            Round {
                what: format!("install libpq5{text}"),
                checks: vec![
                    Check::passed("builds", format!("both do{text}")),
                    Check::skipped("smoke-test", format!("the image starts nothing\nby itself{text}")),
                ],
                removed: vec![
                    Removed {
                        cause: "caches",
                        files: 3,
                        bytes: 10,
                    },
                    Removed {
                        cause: "build tools",
                        files: 245,
                        bytes: 152_700_000,
                    },
                ],
                image: Some(image(after())),
            },
        ],
        image: Some(image(before())),
    }
}

fn patch(text: &str) -> String {
    let old = "FROM python:3.11-slim\nRUN apt-get install gcc\nCMD [\"x\"]\n";
    let new = format!("FROM python:3.11-slim AS builder\n# {text}\nCMD [\"x\"]\n");
    diff::unified("Dockerfile".as_ref(), old, &new, &Palette::default())
}

#[test]
fn a_verification_as_pages() {
    let (answer, changes, refusals) = (verification(""), [change(""), change("")], [refusal("")]);
    let notes = ["the file now needs BuildKit".to_owned()];
    let patch = patch("built apart");
    let page = Page {
        file: "Dockerfile",
        diff: &patch,
        changes: &changes,
        refusals: &refusals,
        notes: &notes,
        verification: Some(&answer),
        figures: None,
    };
    snapshot("report-page-html", without_style(&page.html().unwrap()));
    snapshot("report-page-markdown", page.markdown().unwrap());
}

#[test]
fn figures_as_pages() {
    let (before, after) = (before(), after());
    let page = Page {
        file: "Dockerfile",
        diff: "",
        changes: &[],
        refusals: &[],
        notes: &[],
        verification: None,
        figures: Some((&before, &after)),
    };
    snapshot("figures-page-html", without_style(&page.html().unwrap()));
    snapshot("figures-page-markdown", page.markdown().unwrap());
}

#[test]
fn figures_on_a_terminal() {
    let layout = |palette, width| Layout {
        palette,
        width,
        is_complete: true,
    };
    let shown = |layout: &Layout| figures(&before(), &after(), layout);
    snapshot("figures-plain", shown(&layout(Palette::default(), 100)));
    snapshot("figures-coloured", shown(&layout(Palette::coloured(), 100)));
    snapshot("figures-narrow", shown(&layout(Palette::default(), 60)));
    for width in [60, 72, 100] {
        for line in shown(&layout(Palette::default(), width)).lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
    assert!(shown(&layout(Palette::default(), 100)).is_ascii());
}

/// The page without what stands between `<style>` and its end.
fn without_style(html: &str) -> String {
    let (head, rest) = html.split_once("<style>").unwrap();
    let (_, tail) = rest.split_once("</style>").unwrap();
    format!("{head}<style></style>{tail}")
}

#[test]
fn nothing_that_is_shown_becomes_markup() {
    let (answer, changes, refusals) = (verification(HOSTILE), [change(HOSTILE)], [refusal(HOSTILE)]);
    let (mut before, mut after) = (before(), after());
    before.sizes.layers[1].made_by = HOSTILE.to_owned();
    for figures in [&mut before, &mut after] {
        figures.rebuild.as_mut().unwrap().edited = HOSTILE.to_owned();
    }
    let notes = [HOSTILE.to_owned()];
    let patch = patch(HOSTILE);
    let page = Page {
        file: HOSTILE,
        diff: &patch,
        changes: &changes,
        refusals: &refusals,
        notes: &notes,
        verification: Some(&answer),
        figures: Some((&before, &after)),
    };
    let html = page.html().unwrap();
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..roxmltree::ParsingOptions::default()
    };
    // The page is well-formed whatever it shows: what broke out of its place would not be.
    let document = roxmltree::Document::parse_with_options(&html, options).unwrap();
    let plain = [
        "html", "head", "meta", "title", "style", "body", "header", "footer", "section", "div", "p", "span", "h1",
        "h2", "h3", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "pre", "code", "strong",
    ];
    for element in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(plain.contains(&element.tag_name().name()), "{element:?}");
        for attribute in element.attributes() {
            let is_inert = !attribute.name().starts_with("on") && !["href", "src", "style"].contains(&attribute.name());
            assert!(is_inert, "{attribute:?}");
        }
    }
    let shown = HOSTILE.replace(['\u{202e}', '\u{1b}'], "\u{fffd}");
    let heading = document.descendants().find(|node| node.has_tag_name("h1")).unwrap();
    assert_eq!(heading.text(), Some(shown.as_str()));
    let texts = document.descendants().filter(|node| node.is_text());
    let times = texts.filter(|text| text.text().unwrap_or_default().contains("[2J{{ 7 * 7 }}"));
    assert!(times.count() > 12, "each place shows it");

    let markdown = page.markdown().unwrap();
    let (before, rest) = markdown.split_once("\n```").unwrap();
    let (_, after) = rest.split_once("\n```").unwrap();
    for part in [before, after] {
        assert!(!part.contains("<script") && !part.contains("<img"), "{part}");
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        let rows: Vec<&str> = part.lines().collect();
        for pair in rows
            .windows(2)
            .filter(|pair| pair.iter().all(|row| row.starts_with('|')))
        {
            assert_eq!(cells(pair[0]), cells(pair[1]), "rows of a table: {pair:?}");
        }
        assert!(!part.replace("\\[", "").contains('['), "no links: {part}");
    }
}

#[test]
fn a_report_is_written_in_the_format_of_its_name() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    for (name, start) in [
        ("r.html", "<!DOCTYPE html>\n"),
        ("r.md", "# Dockerfile\n"),
        ("r.json", "{\n"),
    ] {
        let outcome = folder.plimsoll(&["rewrite", "--report", name]);
        assert_eq!(outcome.code, 0, "{outcome}");
        let text = folder.read(name);
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains("mount the cache of pip"), "{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&folder.read("r.json")).unwrap();
    assert_eq!(json["files"][0]["changed"], true);
    // Nothing is left of the temporary files through which they were written.
    let names = fs::read_dir(folder.path()).unwrap();
    assert_eq!(names.count(), 4);
}

#[test]
fn a_page_of_a_file_that_stays_as_it_is_says_so() {
    let folder = Folder::new();
    folder.write("Dockerfile", FINE);
    folder.plimsoll(&["rewrite", "--report", "r.md"]);
    assert!(folder.read("r.md").contains("\nNothing is changed.\n"));
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_before_any_build() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    folder.write("taken.html/file", "");
    for command in ["verify", "measure", "rewrite"] {
        for (name, message) in [
            ("report.pdf", "expected a file that ends in .html, .md or .json"),
            ("report", "expected a file that ends in .html, .md or .json"),
            ("missing/report.html", "there is no folder `missing`"),
            ("taken.html", "it is a folder"),
        ] {
            let outcome = folder.plimsoll(&[command, "--report", name]);
            assert_eq!(outcome.code, 2, "{command} {name}: {outcome}");
            assert!(outcome.stderr.contains(message), "{command} {name}: {outcome}");
            assert!(!outcome.stderr.contains("==>"), "nothing was built: {outcome}");
        }
    }
}
