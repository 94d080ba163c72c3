//! What holds for the spans of every script that parses.

use crate::shell::{Command, Compound, Operator, Redirect, Script, SimpleCommand, Span, Word};

/// Panics unless spans nest, are ordered, and hold the text that the tree says.
pub(super) fn check(text: &str, script: &Script) {
    check_script(text, script, &(0..text.len()));
}

fn check_script(text: &str, script: &Script, outer: &Span) {
    inside(&script.span, outer);
    let mut end = script.span.start;
    for statement in &script.statements {
        assert!(end <= statement.span.start);
        inside(&statement.span, &script.span);
        end = statement.span.end;
        assert_eq!(statement.span.start, statement.chain[0].pipeline.span.start);
        for (index, link) in statement.chain.iter().enumerate() {
            inside(&link.pipeline.span, &statement.span);
            let sign = link.operator_span.clone().map(|span| &text[span]);
            let expected = link
                .operator
                .map(|operator| if operator == Operator::And { "&&" } else { "||" });
            assert_eq!(sign, expected);
            assert_eq!(sign.is_none(), index == 0);
            for command in &link.pipeline.commands {
                inside(command.span(), &link.pipeline.span);
                check_command(text, command);
            }
        }
        if let Some(separator) = &statement.separator {
            assert!(statement.span.end <= separator.start);
            assert!([";", "&", "\n"].contains(&&text[separator.clone()]));
            assert_eq!(statement.background, &text[separator.clone()] == "&");
        }
    }
    assert!(end <= script.span.end);
}

fn check_command(text: &str, command: &Command) {
    match command {
        Command::Simple(simple) => check_simple(text, simple),
        Command::Compound(compound) => check_compound(text, compound),
        Command::Function(function) => check_compound(text, &function.body),
    }
}

/// The parts of a simple command must cover it but for blanks and continuations.
fn check_simple(text: &str, command: &SimpleCommand) {
    for assignment in &command.assignments {
        assert!(text[assignment.span.clone()].starts_with(&assignment.name));
        assignment
            .value
            .iter()
            .for_each(|value| check_word(text, value, &assignment.span));
    }
    command
        .words
        .iter()
        .for_each(|word| check_word(text, word, &command.span));
    check_redirects(text, &command.redirects, &command.span);
    let mut parts: Vec<Span> = command
        .assignments
        .iter()
        .map(|assignment| assignment.span.clone())
        .collect();
    parts.extend(command.words.iter().map(|word| word.span.clone()));
    parts.extend(command.redirects.iter().map(|redirect| redirect.span.clone()));
    parts.sort_by_key(|part| part.start);
    let mut end = command.span.start;
    for part in parts {
        let gap = text[end..part.start].replace("\\\r\n", "").replace("\\\n", "");
        assert!(
            gap.chars().all(|between| between == ' ' || between == '\t'),
            "{gap:?} in {text:?}"
        );
        end = part.end;
    }
    assert_eq!(end, command.span.end);
}

fn check_compound(text: &str, compound: &Compound) {
    compound
        .words
        .iter()
        .for_each(|word| check_word(text, word, &compound.span));
    let mut end = compound.span.start;
    for body in &compound.bodies {
        assert!(end <= body.span.start);
        end = body.span.end;
        check_script(text, body, &compound.span);
    }
    check_redirects(text, &compound.redirects, &compound.span);
}

fn check_redirects(text: &str, redirects: &[Redirect], outer: &Span) {
    for redirect in redirects {
        inside(&redirect.span, outer);
        redirect
            .target
            .iter()
            .for_each(|target| check_word(text, target, &redirect.span));
        if let Some(lines) = &redirect.here_doc {
            assert!(redirect.span.end < lines.span.start);
            check_word(text, lines, &(0..text.len()));
        }
    }
}

fn check_word(text: &str, word: &Word, outer: &Span) {
    inside(&word.span, outer);
    assert_eq!(text[word.span.clone()], word.text);
    word.substitutions
        .iter()
        .for_each(|script| check_script(text, script, &word.span));
}

fn inside(inner: &Span, outer: &Span) {
    assert!(
        outer.start <= inner.start && inner.start <= inner.end && inner.end <= outer.end,
        "{inner:?} in {outer:?}"
    );
}
