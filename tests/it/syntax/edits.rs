//! Edits of a tree: what they change, what they leave alone, and what they refuse.

use plimsoll::syntax::{Dockerfile, Edit, parse};

fn file(text: &str) -> Dockerfile {
    parse("Dockerfile", text).unwrap()
}

const TEXT: &str = "# base\nFROM base\n\nRUN one \\\n    # about two\n    && two\nCMD a";

#[test]
fn no_edit_changes_nothing() {
    let mut file = file(TEXT);
    file.edit(1, Vec::new()).unwrap();
    assert_eq!(file.emit(), TEXT);
}

#[test]
fn edits_may_come_in_any_order() {
    let mut file = file(TEXT);
    let at = |word: &str| file.instructions[1].text().find(word).unwrap();
    let (one, two) = (at("one"), at("&& two"));
    file.edit(
        1,
        vec![
            Edit::replace(two..two + 6, "&& 2 && 3"),
            Edit::insert(one, "--network=none "),
            Edit::delete(one..one + 3),
            Edit::insert(one, "zero"),
        ],
    )
    .unwrap();
    let run = "RUN --network=none zero \\\n    # about two\n    && 2 && 3";
    assert_eq!(file.instructions[1].text(), run);
    assert_eq!(file.instructions[1].node().flag("network"), Some("none"));
    assert_eq!(
        file.emit(),
        TEXT.replace("RUN one \\\n    # about two\n    && two", run)
    );
}

#[test]
fn an_edit_inside_a_deleted_stretch_is_part_of_it() {
    let mut file = file("FROM base\nRUN a && b && c\n");
    file.edit(
        1,
        vec![Edit::delete(5..10), Edit::delete(8..9), Edit::replace(9..10, "x")],
    )
    .unwrap();
    assert_eq!(file.instructions[1].text(), "RUN a && c");
}

#[test]
fn edits_out_of_the_text_are_refused() {
    let mut file = file("FROM base\nRUN é\n");
    // Beyond the end, and in the middle of a character.
    for range in [100..101, 4..100, 5..6, 4..5] {
        let _ = file.edit(1, vec![Edit::replace(range, "x")]);
        let text = file.emit();
        parse("Dockerfile", &text).unwrap();
    }
    file.edit(7, vec![Edit::insert(0, "x")]).unwrap();
}

#[test]
fn a_wrong_edit_leaves_the_tree_alone() {
    let mut file = file(TEXT);
    for text in [
        "",
        "ROUND one",
        "RUN one\nRUN two",
        "RUN one \\",
        "RUN <<EOF",
        "# only a comment",
        "ENV a",
    ] {
        let whole = 0..file.instructions[1].text().len();
        let result = file.edit(1, vec![Edit::replace(whole, text)]);
        if text == "RUN one \\" {
            // A continuation that leads nowhere is an instruction at the end of a file, so it is one here.
            result.unwrap();
            file = self::file(TEXT);
        } else {
            result.unwrap_err();
        }
        assert_eq!(file.emit(), TEXT, "{text:?}");
    }
}

#[test]
fn instructions_move_and_get_their_newlines() {
    let mut file = file("FROM base\r\nRUN a\r\nCMD b");
    let cmd = file.instructions.pop().unwrap();
    file.instructions.insert(1, cmd);
    let new = file.instruction("USER app").unwrap();
    file.instructions.push(new);
    assert_eq!(file.emit(), "FROM base\r\nCMD b\r\nRUN a\r\nUSER app\r\n");
}

/// The last line's continuation would swallow what comes to stand behind it.
#[test]
fn nothing_is_swallowed_by_a_continuation_at_the_end() {
    for end in ["\\", "\\\n", "\\\n\n", "\\  \n# a comment\n", "\\\n# a comment \\\n  "] {
        let text = format!("FROM base\nRUN a && b {end}");
        let mut file = file(&text);
        assert_eq!(file.emit(), text);
        let user = file.instruction("USER app").unwrap();
        file.instructions.push(user);
        let again = parse("Dockerfile", &file.emit()).unwrap();
        let texts: Vec<&str> = again
            .instructions
            .iter()
            .map(|instruction| instruction.text())
            .collect();
        assert_eq!(texts, ["FROM base", "RUN a && b", "USER app"], "{end:?}");
    }
}

#[test]
fn heredocs_are_found_again_behind_an_edit() {
    let mut file = file("FROM base\nRUN <<EOF\none\nEOF\nCMD a\n");
    let body = file.instructions[1].node().heredocs[0].body.clone();
    file.edit(
        1,
        vec![Edit::insert(4, "--network=none "), Edit::insert(body.end, "two\n")],
    )
    .unwrap();
    let run = &file.instructions[1];
    assert_eq!(&run.text()[run.node().heredocs[0].body.clone()], "one\ntwo\n");
    assert_eq!(
        file.emit(),
        "FROM base\nRUN --network=none <<EOF\none\ntwo\nEOF\nCMD a\n"
    );
}
