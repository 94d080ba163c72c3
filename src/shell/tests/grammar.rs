//! Every form of the grammar: what is accepted, with the shape of its tree, and what is not.

use super::{script, simple};
use crate::shell::{Command, CompoundKind, Reason, RedirectKind, Script, Statement, parse};

/// The shape of a script: names of commands, kinds of compound commands with their bodies, functions.
fn shape(text: &str) -> String {
    of_script(&script(text))
}

fn of_script(script: &Script) -> String {
    let statements: Vec<_> = script.statements.iter().map(of_statement).collect();
    statements.join("; ")
}

fn of_statement(statement: &Statement) -> String {
    let mut shape = String::new();
    for link in &statement.chain {
        shape.push_str(link.operator.map_or("", |operator| match operator {
            crate::shell::Operator::And => " && ",
            crate::shell::Operator::Or => " || ",
        }));
        shape.push_str(if link.pipeline.timed { "time " } else { "" });
        shape.push_str(if link.pipeline.negated { "! " } else { "" });
        let commands: Vec<_> = link.pipeline.commands.iter().map(of_command).collect();
        shape.push_str(&commands.join(" | "));
    }
    shape.push_str(if statement.background { " &" } else { "" });
    shape
}

fn of_command(command: &Command) -> String {
    let compound = match command {
        Command::Simple(simple) => {
            let words: Vec<_> = simple.words.iter().map(|word| word.text.as_str()).collect();
            return words.join(" ");
        }
        Command::Compound(compound) => compound,
        Command::Function(function) => {
            let bodies: Vec<_> = function.body.bodies.iter().map(of_script).collect();
            return format!("{}() {:?}<{}>", function.name, function.body.kind, bodies.join("|"));
        }
    };
    let words: Vec<_> = compound.words.iter().map(|word| word.text.as_str()).collect();
    let bodies: Vec<_> = compound.bodies.iter().map(of_script).collect();
    format!("{:?}[{}]<{}>", compound.kind, words.join(" "), bodies.join("|"))
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(shape(text), *expected, "{text:?}");
    }
}

#[test]
fn lists() {
    check(&[
        ("a;", "a"),
        ("a&", "a &"),
        ("a\n\n\nb\n\n", "a; b"),
        ("\n\n a", "a"),
        ("a;\n\nb", "a; b"),
        ("a &&\n\n b ||\nc", "a && b || c"),
        ("a|\n# x\nb", "a | b"),
        ("a # b; c\nd", "a; d"),
    ]);
}

#[test]
fn prefixes_of_pipelines() {
    check(&[
        ("! a", "! a"),
        ("! ! a", "a"),
        ("time a", "time a"),
        ("time -p a | b", "time a | b"),
        ("! time a", "time ! a"),
        ("time", "time "),
        ("time; a", "time ; a"),
        ("echo ! time", "echo ! time"),
        ("a | time b", "a | time b"),
        ("a && ! b", "a && ! b"),
    ]);
}

#[test]
fn branches() {
    check(&[
        ("if a; then b; fi", "If[]<a|b>"),
        ("if a; b; then\nc\nfi", "If[]<a; b|c>"),
        ("if a\nthen b\nelse c\nfi", "If[]<a|b|c>"),
        ("if a; then b; elif c; then d; elif e; then f; fi", "If[]<a|b|c|d|e|f>"),
        ("if (a) then (b) fi", "If[]<Subshell[]<a>|Subshell[]<b>>"),
        ("echo if then fi", "echo if then fi"),
        ("\"if\" a", "\"if\" a"),
    ]);
}

#[test]
fn loops() {
    check(&[
        ("for x in a b; do c; done", "For[a b]<c>"),
        ("for x in\ndo c; done", "For[]<c>"),
        ("for x\nin a\ndo c; done", "For[a]<c>"),
        ("for x; do c; done", "For[]<c>"),
        ("for x do c; done", "For[]<c>"),
        ("for x in *.c; { d; }", "For[*.c]<d>"),
        ("for x in do done; do c; done", "For[do done]<c>"),
        ("for ((;;)) do a; done", "For[]<a>"),
        ("for ((i=0; i<(3); i++))\n{ a; }", "For[i=0 i 3 i++]<a>"),
        ("while a; b; do c; done <x", "While[]<a; b|c>"),
        ("until a; do b; done | c", "Until[]<a|b> | c"),
        ("while :; do a & done", "While[]<:|a &>"),
    ]);
}

#[test]
fn cases() {
    check(&[
        ("case a in esac", "Case[a]<>"),
        ("case a\nin\nesac", "Case[a]<>"),
        ("case $x in a|b) c;; (d|e) f;; esac", "Case[$x a b d e]<c|f>"),
        ("case x in a) ;; *) b\nesac", "Case[x a *]<b>"),
        ("case x in a) b ;& c) d ;;& e) f;; esac", "Case[x a c e]<b|d|f>"),
        ("case x in a)\n\nb\n\n;;\n\nesac", "Case[x a]<b>"),
        ("case x in (esac) a;; esac", "Case[x esac]<a>"),
        ("case in in in) in=1;; esac", "Case[in in]<>"),
        ("case x in a) case y in b) c;; esac;; esac", "Case[x a]<Case[y b]<c>>"),
        ("case x in [a-z]*|\"b c\") d;; esac", "Case[x [a-z]* \"b c\"]<d>"),
    ]);
}

#[test]
fn parentheses_and_braces() {
    check(&[
        ("(a)", "Subshell[]<a>"),
        ("( (a) )", "Subshell[]<Subshell[]<a>>"),
        ("((a); b)", "Subshell[]<Subshell[]<a>; b>"),
        ("((a; b))", "Subshell[]<Subshell[]<a; b>>"),
        ("((a) && (b))", "Subshell[]<Subshell[]<a> && Subshell[]<b>>"),
        ("{ a; }", "Group[]<a>"),
        ("{ { a; }; }", "Group[]<Group[]<a>>"),
        ("{ (a) }", "Group[]<Subshell[]<a>>"),
        ("{ a; } && b", "Group[]<a> && b"),
        ("{a,b} c}", "{a,b} c}"),
        ("echo { }", "echo { }"),
        ("echo };", "echo }"),
    ]);
}

#[test]
fn expressions() {
    check(&[
        ("((x))", "Arithmetic[x]<>"),
        ("(( x + (2 * y) ))", "Arithmetic[x + 2 * y]<>"),
        ("((x = 1 << 2, y > 3)) && a", "Arithmetic[x = 1 2, y 3]<> && a"),
        ("(( $(a 'b)' | c) > 2 ))", "Arithmetic[$(a 'b)' | c) 2]<>"),
        ("((x\\\n+1))", "Arithmetic[x\\\n+1]<>"),
        ("(( 16#ff ))", "Arithmetic[16#ff]<>"),
    ]);
    assert_eq!(
        script("(( $(a 'b)' | c) > 2 ))").statements[0].chain[0]
            .pipeline
            .commands
            .len(),
        1
    );
}

#[test]
fn conditional_expressions() {
    check(&[
        ("[[ a ]]", "Test[a]<>"),
        ("[[ -f a && ! -d b ]]", "Test[-f a ! -d b]<>"),
        ("[[ a == b* || ( a < b && c > d ) ]]", "Test[a == b* a b c d]<>"),
        ("[[ $x -eq 1\n&& $y != z ]]", "Test[$x -eq 1 $y != z]<>"),
        ("[[ 1 < 2 ]]", "Test[1 2]<>"),
        ("[[ $x =~ ^(a|b  c)#d$ ]]", "Test[$x =~ ^ a b c #d$]<>"),
        ("[[ $x =~ (a;b) ]] && c", "Test[$x =~ a b]<> && c"),
        ("[[ $x =~ ^[0-9]+(\\.[0-9]+)?$ ]]", "Test[$x =~ ^[0-9]+(\\.[0-9]+)?$]<>"),
        ("[[ -n $x ]] 2>a", "Test[-n $x]<>"),
        ("[[ $x == @(a|\"b)\") ]]", "Test[$x == @(a|\"b)\")]<>"),
        ("[[ ! ( a ) ]]", "Test[! a]<>"),
    ]);
}

#[test]
fn functions() {
    check(&[
        ("f() { a; }", "f() Group<a>"),
        ("f ( ) ( a )", "f() Subshell<a>"),
        ("f()\n\n{ a; }", "f() Group<a>"),
        ("function f { a; }; f", "f() Group<a>; f"),
        ("function f-g.h\n{ a; }", "f-g.h() Group<a>"),
        ("function f () if a; then b; fi", "f() If<a|b>"),
        ("f() { g() { a; }; }", "f() Group<g() Group<a>>"),
        ("f() for x; do a; done >b", "f() For<a>"),
        ("f() [[ a ]]", "f() Test<>"),
        ("f() ((x))", "f() Arithmetic<>"),
    ]);
}

#[test]
fn arrays() {
    check(&[
        ("x=() a", "a"),
        ("x=(a\n# c\nb\n) y", "y"),
        ("x+=(a) y=b c", "c"),
        ("declare -A x=([a]=1 [b c]=2)", "declare -A x=([a]=1 [b c]=2)"),
        ("local x=(a b) y", "local x=(a b) y"),
    ]);
    let value = simple("x=($a ${a} \"$b\" `c` d*)").assignments[0]
        .value
        .clone()
        .unwrap();
    assert_eq!(
        (value.variables.len(), value.substitutions.len(), value.glob),
        (2, 1, true)
    );
    assert_eq!((value.literal, value.span), (None, 2..23));
}

#[test]
fn redirects() {
    let kinds = |text: &str| -> Vec<_> {
        let redirects = simple(text).redirects.into_iter();
        redirects
            .map(|redirect| {
                (
                    redirect.fd,
                    redirect.kind,
                    redirect.target.map(|target| target.text).unwrap_or_default(),
                )
            })
            .collect()
    };
    use RedirectKind::*;
    let cases = [
        (">a", vec![(None, Write, "a")]),
        ("a 2>&1>b", vec![(Some(2), Duplicate, "1"), (None, Write, "b")]),
        ("a >|b", vec![(None, Write, "b")]),
        ("a <&-", vec![(None, Duplicate, "-")]),
        ("a &>>b", vec![(None, AppendBoth, "b")]),
        ("a > >(b)", vec![(None, Write, ">(b)")]),
        ("a <<<b", vec![(None, HereString, "b")]),
        ("a 2 >b", vec![(None, Write, "b")]),
        ("a b2>c", vec![(None, Write, "c")]),
        ("<a >b c", vec![(None, Read, "a"), (None, Write, "b")]),
    ];
    for (text, expected) in cases {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(fd, kind, target)| (fd, kind, target.to_owned()))
            .collect();
        assert_eq!(kinds(text), expected, "{text:?}");
    }
    check(&[
        ("{ a; } >b 2>c | d", "Group[]<a> | d"),
        ("a <(b; c) >(d)", "a <(b; c) >(d)"),
        ("if a; then b; fi <<E >c\nx\nE\nd", "If[]<a|b>; d"),
    ]);
}

#[test]
fn here_documents_go_to_their_redirects() {
    let text = "if a <<A; then b <<B; fi <<C; $(d <<D\n4\nD\n) && f() { e <<E; }\n1\nA\n2\nB\n3\nC\n5\nE\ng";
    let script = script(text);
    let mut found = Vec::new();
    collect(&script, &mut found);
    assert_eq!(found, ["A:1\n", "B:2\n", "C:3\n", "E:5\n"]);
    let Command::Simple(substituting) = &script.statements[1].chain[0].pipeline.commands[0] else {
        panic!()
    };
    let mut inner = Vec::new();
    collect(&substituting.words[0].substitutions[0], &mut inner);
    assert_eq!(inner, ["D:4\n"]);
    assert_eq!(script.statements.len(), 3);
}

/// Adds the delimiter and lines of every here-document outside of substitutions.
fn collect(script: &Script, found: &mut Vec<String>) {
    for statement in &script.statements {
        let commands = statement.chain.iter().flat_map(|link| &link.pipeline.commands);
        for command in commands {
            let (bodies, redirects) = match command {
                Command::Simple(simple) => (&[][..], &simple.redirects),
                Command::Compound(compound) => (&compound.bodies[..], &compound.redirects),
                Command::Function(function) => (&function.body.bodies[..], &function.body.redirects),
            };
            bodies.iter().for_each(|body| collect(body, found));
            for redirect in redirects {
                let (Some(target), Some(lines)) = (&redirect.target, &redirect.here_doc) else {
                    panic!("{redirect:?}")
                };
                found.push(format!("{}:{}", target.text, lines.text));
            }
        }
    }
}

#[test]
fn what_no_shell_accepts() {
    let texts = [
        "&&",
        "a && && b",
        "a ; ; b",
        "; a",
        "a | | b",
        "a &; b",
        "()",
        "( )",
        "{ }",
        "{ a }",
        "{ a; ) ",
        "(a",
        "(a; }",
        "a)",
        "}",
        "if a; fi",
        "if a; then fi",
        "if; then a; fi",
        "if a; then b",
        "if a; then b; else; fi",
        "while a; done",
        "while a; do done",
        "for x in a do b; done",
        "for in; b",
        "for x in a; b; done",
        "for ((;;; do a; done",
        "case x a) b;; esac",
        "case x in a b;; esac",
        "case x in a) b",
        "case x in a) b;; c",
        "do a; done",
        "then",
        "esac",
        "f() a",
        "f() ",
        "f()",
        "'f'() { a; }",
        "function",
        "a () b",
        "a (b)",
        "x=(a",
        "x=(a;b)",
        "x= (a)",
        "> ",
        "a >",
        "a > && b",
        "a 2>",
        "[[ ]]",
        "[[ a",
        "[[ a b ]]",
        "[[ a && ]]",
        "[[ ( a ]]",
        "[[ a =~ ]]",
        "[[ a =~ (b ]]",
        "((a)",
        "in",
        "a $(b",
        "a $(if b)",
        "a $(b;;)",
        "(a) b",
        "if a; then b; fi c",
        "!|a",
        "a | ! b",
    ];
    for text in texts {
        let error = parse(text).expect_err(text);
        assert!(
            matches!(error.reason, Reason::Syntax | Reason::Unterminated(_)),
            "{text:?}: {error}"
        );
        assert!(error.at <= text.len(), "{text:?}: {error}");
    }
}

#[test]
fn what_is_left_out() {
    for (text, what) in [
        ("coproc a", "coproc"),
        ("select x in a; do b; done", "select"),
        ("a $[1]", "$[ ]"),
        ("a <(b)c", "process substitution within a word"),
    ] {
        let expected = Err(Reason::Unsupported(what));
        assert_eq!(parse(text).map_err(|error| error.reason), expected, "{text:?}");
    }
    let kind = |text: &str| match super::command(text) {
        Command::Compound(compound) => compound.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind("for select in coproc; do a; done"), CompoundKind::For);
}
