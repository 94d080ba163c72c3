//! No input panics, hangs or exhausts the stack, and spans hold for whatever parses.

use proptest::prelude::*;

use super::invariants;
use crate::shell::{ShellOptions, commands, end_of_last_command, grouped, parse, removal_of_link, removal_of_word};

/// What shell is made of, so that random texts often parse and nest.
const FRAGMENTS: [&str; 76] = [
    "a",
    "b1",
    "-x",
    "é",
    "日",
    "123",
    "99999999999",
    " ",
    "  ",
    "\t",
    "\n",
    "\\\n",
    "\\",
    "\\ ",
    "'",
    "'q'",
    "\"",
    "\"q\"",
    "$",
    "$x",
    "$1",
    "${",
    "${x",
    "}",
    "${x:-y}",
    "$(",
    "$((",
    "))",
    ")",
    "(",
    "`",
    "`a`",
    "&&",
    "||",
    ";",
    ";;",
    "&",
    "|",
    "|&",
    "<",
    ">",
    ">>",
    "2>&1",
    "&>",
    "<<<",
    "<<E\n",
    "<<-'E'\n",
    "\nE\n",
    "\n\tE\n",
    "<(",
    "if ",
    "; then ",
    "; fi",
    "for i in ",
    "; do ",
    "; done",
    "while ",
    "case ",
    " in ",
    "esac",
    "{ ",
    "; }",
    "f() ",
    "function ",
    "! ",
    "time ",
    "[[ ",
    " ]]",
    "[ ",
    "x=",
    "x=(",
    "x[0]=",
    "*",
    "~",
    "# c",
    "coproc ",
];

/// Whatever a pass may do with a text that parses.
fn exercise(text: &str) {
    let Ok(script) = parse(text) else { return };
    invariants::check(text, &script);
    for visit in commands(&script, ShellOptions::default()) {
        for index in 0..visit.command.words.len() {
            assert!(text.get(removal_of_word(visit.command, index).unwrap()).is_some());
        }
    }
    for (index, statement) in script.statements.iter().enumerate() {
        for link in 0..statement.chain.len() {
            let Some(span) = removal_of_link(text, &script, index, link) else {
                continue;
            };
            let mut rest = text.to_owned();
            rest.replace_range(span, "");
            assert!(parse(&rest).is_ok(), "{text:?} became {rest:?}");
        }
    }
    if let Some(grouped) = grouped(text, &script) {
        let again = parse(&grouped).unwrap_or_else(|error| panic!("{text:?} became {grouped:?}: {error}"));
        assert_eq!(again.statements.len(), 1, "{text:?} became {grouped:?}");
    }
    if let Some(end) = end_of_last_command(&script) {
        assert!(text.is_char_boundary(end));
    }
}

proptest! {
    #[test]
    fn any_text(text in "\\PC{0,60}") {
        exercise(&text);
    }

    #[test]
    fn any_fragments(fragments in prop::collection::vec(prop::sample::select(&FRAGMENTS[..]), 0..24)) {
        exercise(&fragments.concat());
    }
}

#[test]
fn any_depth() {
    let openings = [
        "(",
        "((",
        "( ",
        "{ ",
        "$(",
        "\"$(",
        "${x:-",
        "$((",
        "if ",
        "while ",
        "for i in a; do ",
        "case x in a) ",
        "! ",
    ];
    let more = [
        "f() { ",
        "function f { ",
        "[[ ( ",
        "[[ ! ",
        "x[",
        "x[$(",
        "<(",
        "@(",
        "{ echo }; ",
        "time ",
        "a=(",
        "`",
    ];
    for opening in openings.into_iter().chain(more) {
        for depth in [1, 12, 20, 10_000] {
            exercise(&opening.repeat(depth));
            exercise(&format!("[[ {} a ]]", opening.repeat(depth)));
            exercise(&format!("{}a{}", opening.repeat(depth), ")".repeat(depth)));
        }
    }
}
