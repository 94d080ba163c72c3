//! The context of every simple command.

use super::script;
use crate::shell::{Context, ShellOptions, commands};

/// The names of the commands of a text for which `holds`.
fn names(text: &str, options: ShellOptions, holds: impl Fn(&Context) -> bool) -> String {
    let script = script(text);
    let visits = commands(&script, options)
        .into_iter()
        .filter(|visit| holds(&visit.context));
    visits
        .filter_map(|visit| visit.command.name())
        .collect::<Vec<_>>()
        .join(" ")
}

fn all(text: &str, holds: impl Fn(&Context) -> bool) -> String {
    names(text, ShellOptions::default(), holds)
}

#[test]
fn source_order() {
    let text = "a $(b `c`) >\"$(d)\" | e; if f; then g; fi; h() { i; }; for x in $(j); do k; done <<< $(l)";
    assert_eq!(all(text, |_| true), "a b c d e f g i j k l");
    assert_eq!(all("cat <<E && b\n$(c)\nE\n", |_| true), "cat c b");
}

#[test]
fn conditional() {
    let cases = [
        ("a && b && c", ""),
        ("a && b || c && d", "b c"),
        ("a && b; c && d", "b"),
        ("a; b; c", ""),
        ("if a && b; then c; elif d; then e; fi", "b c d e"),
        (
            "while a; do b; done; case x in y) c;; esac; for i in $(d); do e; done",
            "b c e",
        ),
        ("{ a && b; } && (c && d)", ""),
        ("f() { a; } && f", "a"),
        ("a || exit 1; b", "exit"),
        ("a && exit 0; b", "exit b"),
        ("(a && exit 0); b", "exit"),
        ("a $(b && c)", "c"),
    ];
    for (text, expected) in cases {
        assert_eq!(all(text, |context| context.conditional), expected, "{text:?}");
    }
}

#[test]
fn stops_body() {
    let cases = [
        ("a && b && c", "a b c"),
        ("a && b || c && d", "c d"),
        ("a; b && c", "b c"),
        ("set -e; a; b && c; d", "set a c d"),
        ("set -ex && a; b; set +e; c; d", "a b set d"),
        ("set -o errexit; a; b", "set a b"),
        ("set -o pipefail -e; a | b; c", "set a b c"),
        ("set -- -e; a; b", "b"),
        ("! a", ""),
        ("a | b", "b"),
        ("set -o pipefail && a | b", "set a b"),
        ("a & b", "b"),
        ("{ a; b; } && (c; d)", "b d"),
        ("if a; then b; fi", "b"),
        ("for i in x; do a; done", ""),
        ("set -e; for i in x; do a; done; b", "set a b"),
        ("set -e; if a; then b; fi; c", "set b c"),
        ("set -e; (a; b) || c; d", "set c d"),
        ("set -e; a $(b)", "set a"),
        ("a && (set -e; b; c) && d", "a c d"),
        ("(set -e); a; b", "b"),
    ];
    for (text, expected) in cases {
        let script = script(text);
        let visits = commands(&script, ShellOptions::default());
        let names: Vec<_> = visits
            .iter()
            .filter(|visit| visit.context.stops_body)
            .filter_map(|visit| visit.command.name())
            .collect();
        let expected: Vec<_> = expected.split_whitespace().collect();
        let same = names
            .iter()
            .filter(|name| **name != "set")
            .eq(expected.iter().filter(|name| **name != "set"));
        assert!(same, "{text:?}: {names:?}");
    }
    let errexit = ShellOptions {
        errexit: true,
        pipefail: true,
    };
    assert_eq!(
        names("a; b | c; d || e; f", errexit, |context| context.stops_body),
        "a b c e f"
    );
}

#[test]
fn surroundings() {
    assert_eq!(
        all("a; (b); { c; } | d; e $(f) &", |context| context.in_subshell),
        "b c d e f"
    );
    assert_eq!(all("a | { b $(c); } && d", |context| context.in_pipeline), "a b c");
    assert_eq!(all("a & b", |context| context.background), "a");
    assert_eq!(all("a $(b) <(c) <<<`d`", |context| context.in_substitution), "b c d");
    assert_eq!(all("f() { a; }; b", |context| context.in_function), "a");
    assert_eq!(all("a $(b) && { c; } && d", |context| context.depth == 0), "a d");
    assert_eq!(all("a && b | c && (d) && e", Context::is_required_link), "a e");
    assert_eq!(
        all("a; b && { c; }", |context| context.place.statement == 1
            && context.place.link == 1),
        "c"
    );
}
