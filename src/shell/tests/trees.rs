//! Trees: lists, pipelines, compound commands, redirects, here-documents.

use super::{command, script, simple};
use crate::shell::{Command, Compound, CompoundKind, Operator, RedirectKind};

fn compound(text: &str) -> Compound {
    match command(text) {
        Command::Compound(compound) => compound,
        other => panic!("{text:?} is {other:?}"),
    }
}

#[test]
fn lists() {
    let script = script("a && b || c; d & e\n# comment\nf # end\n");
    let shape: Vec<_> = script
        .statements
        .iter()
        .map(|statement| (statement.chain.len(), statement.background))
        .collect();
    assert_eq!(shape, [(3, false), (1, true), (1, false), (1, false)]);
    let operators: Vec<_> = script.statements[0].chain.iter().map(|link| link.operator).collect();
    assert_eq!(operators, [None, Some(Operator::And), Some(Operator::Or)]);
    assert!(super::script("").statements.is_empty());
    assert!(super::script(" # only a comment").statements.is_empty());
    assert!(super::script("a && b && c").and_chain().is_some());
    assert!(super::script("a && b || c").and_chain().is_none());
    assert!(super::script("a; b").and_chain().is_none());
}

#[test]
fn pipelines() {
    let script = script("! a | b |& c && time -p d");
    let first = &script.statements[0].chain[0].pipeline;
    assert!(first.negated && first.commands.len() == 3);
    assert!(script.statements[0].chain[1].pipeline.timed);
}

#[test]
fn simple_commands() {
    let text = "A=1 B+=\"x y\" C[0]=$z D= make CC=gcc -j4";
    let command = simple(text);
    let names: Vec<_> = command
        .assignments
        .iter()
        .map(|assignment| assignment.name.as_str())
        .collect();
    assert_eq!(names, ["A", "B", "C", "D"]);
    assert!(command.assignments[1].append);
    let values: Vec<_> = command
        .assignments
        .iter()
        .map(|a| a.value.as_ref().map(|value| value.text.as_str()))
        .collect();
    assert_eq!(values, [Some("1"), Some("\"x y\""), Some("$z"), None]);
    assert_eq!(
        command.assignments[1].value.as_ref().unwrap().literal.as_deref(),
        Some("x y")
    );
    assert_eq!(command.name(), Some("make"));
    assert_eq!(command.words.len(), 3);
    assert_eq!(simple("A=~/x").assignments[0].value.as_ref().unwrap().literal, None);
    let array = simple("x=(a \"$b\"\n$(c))");
    let value = array.assignments[0].value.as_ref().unwrap();
    assert_eq!(
        (value.text.as_str(), value.variables.as_slice()),
        ("(a \"$b\"\n$(c))", ["b".to_owned()].as_slice())
    );
    assert_eq!(value.substitutions.len(), 1);
    assert_eq!(simple("declare -a x=(1 2) y").words.len(), 4);
}

#[test]
fn continuations() {
    let text = "a \\\n  b\\\n  && \\\n c";
    let chain = script(text).statements.remove(0).chain;
    let Command::Simple(first) = &chain[0].pipeline.commands[0] else {
        panic!()
    };
    assert_eq!(first.words[1].literal.as_deref(), Some("b"));
    assert_eq!(&text[chain[1].pipeline.span.clone()], "c");
}

#[test]
fn redirects() {
    let command = simple("a <b 2>c >>d 2>&1 &>e <<<\"f\" 3<>g");
    let shape: Vec<_> = command
        .redirects
        .iter()
        .map(|redirect| (redirect.fd, redirect.kind))
        .collect();
    use RedirectKind::*;
    assert_eq!(
        shape,
        [
            (None, Read),
            (Some(2), Write),
            (None, Append),
            (Some(2), Duplicate),
            (None, WriteBoth),
            (None, HereString),
            (Some(3), ReadWrite)
        ]
    );
    assert_eq!(simple("echo 2 >a").words.len(), 2);
    assert_eq!(simple("echo 99999999999>a").words.len(), 2);
}

#[test]
fn here_documents() {
    let text = "cat <<A - <<-'B' >x && é\n$x `y`\nA\n\t$z\n\tB\necho";
    let script = script(text);
    let Command::Simple(cat) = &script.statements[0].chain[0].pipeline.commands[0] else {
        panic!()
    };
    assert_eq!(&text[cat.span.clone()], "cat <<A - <<-'B' >x");
    let lines: Vec<_> = cat
        .redirects
        .iter()
        .filter_map(|redirect| redirect.here_doc.as_ref())
        .collect();
    assert_eq!(
        (lines[0].text.as_str(), lines[0].literal.as_deref()),
        ("$x `y`\n", None)
    );
    assert_eq!((lines[0].variables.len(), lines[0].substitutions.len()), (1, 1));
    assert_eq!(lines[1].literal.as_deref(), Some("\t$z\n"));
    assert_eq!(script.statements.len(), 2);
    assert_eq!(
        simple("python3 <<E\nprint(\"hi\")\nE").redirects[0]
            .here_doc
            .as_ref()
            .unwrap()
            .text,
        "print(\"hi\")\n"
    );
    assert_eq!(compound("(( x = 1 << 2 ))").kind, CompoundKind::Arithmetic);
    assert_eq!(simple("echo $((1<<2))").redirects, []);
}

#[test]
fn compound_commands() {
    use CompoundKind::*;
    let cases = [
        ("if a; then b; elif c; then d; else e; fi >x", If, 5, 0),
        ("while a; do b; done", While, 2, 0),
        ("until a\ndo b\ndone", Until, 2, 0),
        ("for i in a $b; do c; d; done", For, 1, 2),
        ("for i\ndo c; done", For, 1, 0),
        ("for ((i = 0; i < 3; i++)); do a; done", For, 1, 6),
        ("case $x in a|b) c ;; (d) ;; *) e; esac", Case, 2, 5),
        ("( a; b )", Subshell, 1, 0),
        ("{ a; b; }", Group, 1, 0),
        ("[[ -f $x && a =~ ^(b|c)$ ]] 2>y", Test, 0, 8),
    ];
    for (text, kind, bodies, words) in cases {
        let compound = compound(text);
        assert_eq!(
            (compound.kind, compound.bodies.len(), compound.words.len()),
            (kind, bodies, words),
            "{text:?}"
        );
        assert_eq!(compound.span, 0..text.len());
    }
    let conditions = compound(cases[0].0);
    let conditions: Vec<_> = (0..5).map(|index| conditions.is_condition(index)).collect();
    assert_eq!(conditions, [true, false, true, false, false]);
}

#[test]
fn functions() {
    for text in [
        "f() { a; }",
        "function f { a; }",
        "function f() { a; }",
        "function f ( a )",
        "f ()\n{ a; } >x",
    ] {
        let Command::Function(function) = command(text) else {
            panic!("{text:?}")
        };
        assert_eq!(
            (function.name.as_str(), function.body.bodies.len()),
            ("f", 1),
            "{text:?}"
        );
        assert_eq!(function.span, 0..text.len());
    }
}
