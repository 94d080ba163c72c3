//! No input panics, hangs or exhausts the stack, and spans hold for whatever parses.

use proptest::prelude::*;

use super::invariants;
use crate::shell::parse::MAX_DEPTH;
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

    #[test]
    fn any_change_of_a_script(edits in prop::collection::vec(any_edit(), 1..6)) {
        let mut text = SCRIPT.to_owned();
        for (at, length, fragment) in edits {
            let mut ends = [at.index(text.len() + 1), 0];
            ends[1] = (ends[0] + length).min(text.len());
            let [start, end] = ends.map(|end| (0..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0));
            text.replace_range(start..end, fragment);
        }
        exercise(&text);
    }
}

/// Where to change a script, how many bytes to remove there, and what to insert.
fn any_edit() -> impl Strategy<Value = (prop::sample::Index, usize, &'static str)> {
    (
        any::<prop::sample::Index>(),
        0..12usize,
        prop::sample::select(&FRAGMENTS[..]),
    )
}

/// A script with every form of the grammar, from which changes lead to nearly right ones.
const SCRIPT: &str = r#"#!/bin/bash
set -e; x=(a "$b" [2]=c) y+=1 z[0]=é
f() { local a=${1:-"d"} b=$((x + 1)); (( a > b )) && return 1; }
function g { for i in *.c {1..3}; do echo "$i" 2>&1 | tee -a log; done < <(ls); }
if [[ -f $x && ! ( $y =~ ^(a|b c)+$ ) ]]; then a || ! b & elif c; then d; else e; fi >f
for ((i = 0; i < 3; i++)) { a; }; while read -r l; do :; done <<< "$l"; until a; do b; done
case "$1" in a|b*) c ;; (d) e ;& *) cat <<-'E' - <<F ;; esac
	x
	E
$y `z`
F
time -p ( (a); b ) |& c 3<>d &>>e \
  g; echo ${x[@]} ${#x} $'\n' @(a|b) $(a $(b); c)
"#;

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
        for depth in [1, MAX_DEPTH - 2, MAX_DEPTH + 1, 10_000] {
            exercise(&opening.repeat(depth));
            exercise(&format!("[[ {} a ]]", opening.repeat(depth)));
            exercise(&format!("{}a{}", opening.repeat(depth), ")".repeat(depth)));
        }
    }
}
