//! The parser's work grows with the length of the text and no faster, however deep the text nests.

use crate::shell::parse;
use crate::shell::parse::{MAX_DEPTH, steps};

/// The steps of parsing a text.
fn steps_of(text: &str) -> usize {
    steps::take();
    let _ = parse(text);
    steps::take()
}

/// What opens, what is inside and what closes.
const NESTING: [(&str, &str, &str); 20] = [
    ("(", "a", ")"),
    ("((", "a", "))"),
    ("( ", "a", ";)"),
    ("{ ", "a;", "}; "),
    ("$(", "a", ")"),
    ("\"$(", "a", ")\""),
    ("${x:-", "a", "}"),
    ("$((", "1", "))"),
    ("$((a); ", "b", ")"),
    ("((a) #((\n;", "b", ")"),
    ("<(", "a", ")"),
    ("if ", "a", "; then b; fi"),
    ("while ", "a", "; do b; done"),
    ("for i in a; do ", "b", "; done"),
    ("case x in a) ", "b", ";; esac"),
    ("f() { ", "a", "; }"),
    ("[[ ( ", "a", " ) ]]"),
    ("! ", "a", ""),
    ("@(", "a", ")"),
    ("cat <<E; ", "a", "\nx\nE\n"),
];

#[test]
fn nesting_costs_a_constant_for_each_byte() {
    for (open, inside, close) in NESTING {
        for depth in [2, MAX_DEPTH - 1, MAX_DEPTH + 1, 200, 2_000] {
            let text = format!("{}{inside}{}", open.repeat(depth), close.repeat(depth));
            let steps = steps_of(&text);
            assert!(
                steps <= (2 * MAX_DEPTH + 8) * text.len(),
                "{steps} steps for {} bytes of {open:?}",
                text.len()
            );
        }
    }
}

#[test]
fn length_costs_a_constant_for_each_byte() {
    let closed = NESTING.map(|(open, inside, close)| format!("{open}{inside}{close}\n"));
    let open = NESTING.map(|(open, ..)| open.to_owned());
    let more = [
        "a ", "a;", "a\n", "a|", "a&&", "x=(a) ", "$a", "`a` ", "'a' ", "((a ) ", "$((a ", "\"", "'", "`", "<<E\n",
    ];
    let more = more.map(str::to_owned);
    for unit in closed.iter().chain(&open).chain(&more) {
        let of = |count: usize| steps_of(&unit.repeat(count));
        let (short, long) = (of(1_000), of(4_000));
        assert!(long <= 5 * short + 1_000, "{short} and {long} steps for {unit:?}");
    }
}

#[test]
fn a_small_stack_is_enough() {
    // A quarter of what Rust gives a thread, for the tree's walkers and the drop too; and the builds of tests use most.
    let parse_all = || {
        for (open, inside, close) in NESTING {
            for depth in [MAX_DEPTH - 2, MAX_DEPTH, 5_000] {
                let _ = parse(&format!("{}{inside}{}", open.repeat(depth), close.repeat(depth)));
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(parse_all);
    thread.unwrap().join().unwrap();
}

#[test]
fn too_deep_is_a_reason() {
    for (open, inside, close) in [
        ("(", "a", ")"),
        ("{ ", "a", "; }"),
        ("$(", "a", ")"),
        ("if ", "a", "; then b; fi"),
    ] {
        // Blanks, so that no two parentheses meet.
        let nested = |depth: usize| format!("{}{inside}{}", format!("{open} ").repeat(depth), close.repeat(depth));
        assert!(parse(&nested(MAX_DEPTH)).is_ok(), "{open:?}");
        let error = parse(&nested(MAX_DEPTH + 1)).unwrap_err();
        assert_eq!(error.reason, crate::shell::Reason::TooDeep, "{open:?}");
    }
}
