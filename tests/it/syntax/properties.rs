//! What holds for every text, tried on texts put together from tricky pieces.

use plimsoll::syntax::{Edit, parse};
use proptest::prelude::*;

use super::check;

/// Pieces of which a Dockerfile is made, and pieces that break one.
const PIECES: [&str; 86] = [
    "FROM base",
    "FROM a AS b",
    "RUN ",
    "RUN echo a && b",
    "COPY ",
    "COPY a b",
    "ADD x y ",
    "ENV ",
    "ENV a=1 b=2",
    "ENV a b c",
    "LABEL a=b",
    "ARG A=1",
    "ARG ",
    "CMD ",
    "CMD [\"a\", \"b\"]",
    "ENTRYPOINT ",
    "ONBUILD ",
    "onbuild RUN x",
    "HEALTHCHECK ",
    "HEALTHCHECK NONE",
    "HEALTHCHECK CMD x",
    "USER app",
    "WORKDIR /x",
    "EXPOSE 1",
    "VOLUME ",
    "SHELL [\"a\"]",
    "STOPSIGNAL 9",
    "MAINTAINER me",
    "--from=a ",
    "--mount=type=cache,target=/x ",
    "--link ",
    "--chown=\"a b\" ",
    "-- ",
    "--",
    "\n",
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\\\n",
    "\\ \t\n",
    "\\\r\n",
    "\\\\\n",
    "\\",
    "`\n",
    "`",
    "# c\n",
    "#",
    "# escape=`\n",
    "# syntax=x\n",
    "# check=y\n",
    "<<EOF ",
    "<<-E ",
    "<<'A' ",
    "<<",
    "3<<\"B\" ",
    "EOF\n",
    "\nEOF\n",
    "\n\tE\n",
    "\nA\n",
    "\nB\n",
    "\"",
    "'",
    "[",
    "]",
    "[1]",
    ",",
    "{",
    "}",
    "$",
    "${",
    "${x:-y}",
    "${x#",
    "=",
    "\t",
    " ",
    "  ",
    "\u{a0}",
    "\u{2003}",
    "\u{85}",
    "\u{feff}",
    "é",
    "日",
    "\0",
    "\\u0041",
    "\\ud800",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(PIECES.as_slice()).prop_map(str::to_owned),
        1 => "[a-zA-Z /.-]{1,6}",
        1 => any::<char>().prop_map(String::from),
    ];
    // Most texts would not get past a missing FROM.
    let start = prop_oneof![4 => Just("FROM base\n"), 1 => Just("# escape=`\nFROM base\n"), 1 => Just("")];
    (start, prop::collection::vec(piece, 0..24)).prop_map(|(start, pieces)| start.to_owned() + &pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost(text in text()) {
        match parse("Dockerfile", &text) {
            Ok(file) => check::file(&file, &text),
            Err(error) => {
                prop_assert!(error.line >= 1 && error.line <= text.matches('\n').count() + 1);
                prop_assert!(error.column <= error.text.chars().count() + 1 || error.text.is_empty(), "{}", error);
            }
        }
    }

    /// An edit gives a file that is read as the tree says, or an error and the tree as it was.
    #[test]
    fn edits_keep_the_tree_true(text in text(), index in 0..8usize, from in 0..40usize, length in 0..8usize, new in text()) {
        let Ok(mut file) = parse("Dockerfile", &text) else { return Ok(()) };
        file.edit(index, Vec::new()).unwrap();
        prop_assert_eq!(&file.emit(), &text);
        let edits = vec![Edit::insert(from, " "), Edit::delete(from..from + length), Edit::replace(from + 1..from + 3, new)];
        let edited = file.edit(index, edits);
        if edited.is_err() {
            prop_assert_eq!(&file.emit(), &text);
        }
        let emitted = file.emit();
        if let Ok(again) = parse("Dockerfile", &emitted) {
            let nodes = |file: &plimsoll::syntax::Dockerfile| -> Vec<_> {
                file.instructions.iter().map(|instruction| instruction.node().keyword).collect()
            };
            prop_assert_eq!(nodes(&again), nodes(&file));
        }
    }
}
