//! What is left after an edit.

use super::{script, simple};
use crate::shell::{end_of_last_command, grouped, removal_of_link, removal_of_word};

fn without_link(text: &str, statement: usize, link: usize) -> Option<String> {
    let span = removal_of_link(text, &script(text), statement, link)?;
    let rest = [&text[..span.start], &text[span.end..]].concat();
    script(&rest);
    Some(rest)
}

#[test]
fn removal_of_links() {
    let cases = [
        ("a && b && c", 0, 0, Some("b && c")),
        ("a && b && c", 0, 1, Some("a && c")),
        ("a && b && c", 0, 2, Some("a && b")),
        ("a && \\\n  b | x", 0, 1, Some("a")),
        ("a || b && c", 0, 1, Some("a && c")),
        ("a; b; c", 0, 0, Some("b; c")),
        ("a; b; c", 1, 0, Some("a; c")),
        ("a; b; c", 2, 0, Some("a; b")),
        ("a; b;", 1, 0, Some("a; ")),
        ("a & b", 1, 0, Some("a & ")),
        ("a & b", 0, 0, Some("b")),
        ("a\n# about b\nb\n", 0, 0, Some("# about b\nb\n")),
        ("a\nb\n", 1, 0, Some("a\n")),
        ("a&b && >c", 1, 0, None),
        ("(a) && (b)", 0, 0, Some("(b)")),
        ("a && (b)", 0, 1, Some("a")),
        ("a && (b)#c", 0, 1, None),
        ("a", 0, 0, None),
        ("a; b", 2, 0, None),
        ("cat <<E && b\nx\nE\nc", 0, 0, None),
        ("cat <<E && b\nx\nE\nc", 0, 1, Some("cat <<E\nx\nE\nc")),
        ("cat <<E &&\nx\nE\nb", 0, 1, None),
        ("cat <<E; b\nx\nE\n", 1, 0, Some("cat <<E\nx\nE\n")),
        ("cat <<E; b\nx\nE\nc", 1, 0, None),
    ];
    for (text, statement, link, expected) in cases {
        assert_eq!(without_link(text, statement, link).as_deref(), expected, "{text:?}");
    }
}

#[test]
fn removal_of_words() {
    let cases = [
        ("a b c", 1, "a c"),
        ("a b c", 2, "a b"),
        ("a b c", 0, "b c"),
        ("A=1 a b", 0, "A=1 b"),
        ("a \\\n  b \\\n  c", 2, "a \\\n  b"),
        ("a >x b", 1, "a >x"),
        ("echo 2 y>x", 2, "echo 2 >x"),
    ];
    for (text, index, expected) in cases {
        let span = removal_of_word(&simple(text), index).unwrap();
        assert_eq!([&text[..span.start], &text[span.end..]].concat(), expected);
    }
    assert_eq!(removal_of_word(&simple("a"), 1), None);
}

#[test]
fn groups() {
    let cases = [
        ("a && b # c", Some("a && b")),
        ("a || b", Some("{ a || b; }")),
        ("a; b;", Some("{ a; b; }")),
        ("a\nb\n", Some("{ a\nb; }")),
        ("a; b &", Some("{ a; b & }")),
        ("cat <<E\nx\nE\n", None),
        ("", None),
        ("a >\r\t", None),
        ("a \r\t", None),
        ("a\rb", Some("a\rb")),
    ];
    for (text, expected) in cases {
        assert_eq!(grouped(text, &script(text)).as_deref(), expected, "{text:?}");
    }
}

#[test]
fn ends() {
    for (text, end) in [
        ("a && b # c", Some(6)),
        ("cat <<E\nx\nE\n", Some(7)),
        ("a;", Some(1)),
        ("a &", None),
        ("", None),
    ] {
        assert_eq!(end_of_last_command(&script(text)), end, "{text:?}");
    }
}
