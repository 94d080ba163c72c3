//! Words: literal values, expansions, substitutions.

use super::{simple, word};
use crate::shell::{Reason, parse};

#[test]
fn literal_values() {
    let cases = [
        ("plain", "plain"),
        ("'a b'\"c d\"e\\ f", "a bc de f"),
        (r#""a\"b\$c\\d\e""#, r#"a"b$c\d\e"#),
        ("a\\\nb", "ab"),
        ("--opt=x,y", "--opt=x,y"),
        ("[", "["),
        ("{}", "{}"),
        ("a~", "a~"),
        ("a#b", "a#b"),
        ("$", "$"),
        ("\"*\"", "*"),
        ("日本", "日本"),
    ];
    for (text, literal) in cases {
        assert_eq!(word(text).literal.as_deref(), Some(literal), "{text:?}");
    }
}

#[test]
fn values_that_depend() {
    for text in [
        "~/x", "a*", "a?", "[ab]", "{a,b}", "{1..3}", "$x", "\"$x\"", "$(a)", "`a`", "$((1))", "$'a'", "a@(b|c)",
    ] {
        assert_eq!(word(text).literal, None, "{text:?}");
    }
    for (text, glob) in [
        ("/tmp/*", true),
        ("[ab]c", true),
        ("\"*\"", false),
        ("$x", false),
        ("{a,b}", false),
    ] {
        assert_eq!(word(text).glob, glob, "{text:?}");
    }
}

#[test]
fn variables() {
    let cases: [(&str, &[&str]); 12] = [
        ("$a$b$a", &["a", "b"]),
        ("\"${a}x$1y\"", &["a", "1"]),
        ("${a:-$b}", &["a", "b"]),
        ("${a:-\"$b\"}", &["a", "b"]),
        ("\"${a%%.*}\"", &["a"]),
        ("${#a}", &["a"]),
        ("${!a}", &["a"]),
        ("${10}", &["10"]),
        ("$((a + 0x1f * $b))", &["a", "b"]),
        ("$#$?", &["#", "?"]),
        ("'$a'\\$b", &[]),
        ("$(echo $a)", &[]),
    ];
    for (text, variables) in cases {
        assert_eq!(word(text).variables, variables, "{text:?}");
    }
}

#[test]
fn substitutions() {
    let text = "echo \"é$(dirname \"$(which go)\")\" `uname -m`";
    let words = simple(text).words;
    let outer = &words[1].substitutions[0];
    assert_eq!(&text[outer.span.clone()], "dirname \"$(which go)\"");
    assert_eq!(&text[words[2].substitutions[0].span.clone()], "uname -m");
    let nested = "$(case a in a) b ;; esac; cat <<E\n)\nE\n)";
    assert_eq!(word(nested).substitutions[0].statements.len(), 2);
    assert_eq!(word("$((a); (b))").substitutions[0].statements.len(), 2);
    assert_eq!(
        simple("diff <(a) <(b; c)").words[2].substitutions[0].statements.len(),
        2
    );
}

#[test]
fn what_stays_opaque() {
    let cases = [
        ("echo 'a", Reason::Unterminated("single quote")),
        ("echo \"a", Reason::Unterminated("double quote")),
        ("echo $(a", Reason::Unterminated("substitution")),
        ("echo ${a", Reason::Unterminated("parameter expansion")),
        ("echo `a", Reason::Unterminated("backquote")),
        ("echo \\", Reason::Unterminated("escape")),
        ("echo ${{a}}", Reason::BadExpansion),
        ("echo `a \\`b\\``", Reason::Unsupported("escape in backquotes")),
        (
            "cat --file=<(a)",
            Reason::Unsupported("process substitution within a word"),
        ),
        ("coproc a", Reason::Unsupported("coproc")),
        ("cat <<E\na\n", Reason::HereDocument),
        ("a &&", Reason::Syntax),
        ("fi", Reason::Syntax),
    ];
    for (text, reason) in cases {
        assert_eq!(parse(text).map_err(|error| error.reason), Err(reason), "{text:?}");
    }
    assert_eq!(
        parse("echo 'a").unwrap_err().to_string(),
        "unterminated single quote at byte 5"
    );
}
