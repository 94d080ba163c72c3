//! Names and texts with control characters: what people read shows them, and a terminal obeys none of them.
#![cfg(unix)]

use crate::support::{Folder, IMPROVABLE};

/// Sets the title of the window, clears the screen, turns text around, and begins a line of its own.
const EVIL: &str = "x\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}\r\n::error::y";

/// Whether nothing but line breaks and tabs commands a terminal.
fn is_plain(text: &str) -> bool {
    let is_unseen = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{202A}'..='\u{202E}');
    !text.contains(is_unseen) && !text.lines().any(|line| line.starts_with("::error"))
}

#[test]
fn control_characters_never_reach_a_terminal_raw() {
    let folder = Folder::new();
    folder.write(format!("{EVIL}/Dockerfile"), IMPROVABLE);
    folder.write(
        format!("{EVIL}/broken"),
        format!("FROM a\nCOPY --from={EVIL} a b\nFORM \u{1b}]0;t\u{7}\n"),
    );
    folder.write(format!("{EVIL}/{EVIL}"), "data".repeat(100));
    let broken = format!("{EVIL}/broken");
    let missing = format!("{EVIL}/missing");
    for command in [
        &["check", EVIL][..],
        &["check", &broken],
        &["check", &missing],
        &["rewrite", "-o", "/dev/null", EVIL],
        &["context", EVIL],
        &["diff", &broken],
    ] {
        let outcome = folder.plimsoll(command);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(is_plain(&said), "{command:?}: {said:?}");
        assert!(said.contains("\\u{1b}"), "{command:?}: {said:?}");
    }
}
