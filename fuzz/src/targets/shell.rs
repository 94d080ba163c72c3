//! No text makes the shell parser panic or exhaust the stack, and spans are those of the text.

use plimsoll::shell::{ShellOptions, commands, grouped, parse};

/// Checks one text.
pub fn run(text: &str) {
    let Ok(script) = parse(text) else { return };
    assert!(text.get(script.span.clone()).is_some());
    for visit in commands(&script, ShellOptions::default()) {
        assert!(text.get(visit.command.span.clone()).is_some());
        for word in visit.command.words.iter() {
            assert_eq!(text.get(word.span.clone()), Some(word.text.as_str()));
        }
    }
    if let Some(grouped) = grouped(text, &script) {
        let again = parse(&grouped).expect("a group is a script again");
        assert_eq!(again.statements.len(), 1);
    }
}
