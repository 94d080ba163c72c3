//! Whole script files: the `#!` line, line endings, line numbers.

use super::{command, script};
use crate::shell::{Command, Lines, ShellOptions, commands};

const ENTRYPOINT: &str = r#"#!/usr/bin/env bash
set -Eeo pipefail

# usage: file_env VAR [DEFAULT]
file_env() {
	local var="$1"
	local fileVar="${var}_FILE"
	local def="${2:-}"
	if [ "${!var:-}" ] && [ "${!fileVar:-}" ]; then
		printf >&2 'error: both %s and %s are set\n' "$var" "$fileVar"
		exit 1
	fi
	export "$var"="${def:-'none'}"
}

_main() {
	# if first arg looks like a flag, assume we want to run the server
	if [ "${1:0:1}" = '-' ]; then
		set -- postgres "$@"
	fi
	for f; do
		case "$f" in
			*.sh)
				if [[ -x "$f" && $f =~ ^/docker(-[a-z]+)*/ ]]; then "$f"; else . "$f"; fi
				;;
			*.sql.gz) gunzip -c "$f" | process --file=- ;;
			*) (( skipped++ )) || : ;;
		esac
	done
	while read -r line; do args+=( --set "$line" ); done < <(list "${names[@]}")
	cat > /etc/server.conf <<-EOF
		listen = ${PORT:-80}
	EOF
	exec gosu postgres "$BASH_SOURCE" "${args[@]}"
}

_main "$@"
"#;

#[test]
fn script_files() {
    let script = script(ENTRYPOINT);
    let lines = Lines::of(ENTRYPOINT);
    let found: Vec<_> = commands(&script, ShellOptions::default())
        .iter()
        .filter_map(|visit| Some((lines.number(visit.command.span.start), visit.command.name()?)))
        .filter(|(_, name)| ["set", "exit", "gunzip", "list", "exec", "_main"].contains(name))
        .collect();
    let expected = [
        (2, "set"),
        (11, "exit"),
        (19, "set"),
        (26, "gunzip"),
        (30, "list"),
        (34, "exec"),
        (37, "_main"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn carriage_returns() {
    let text = ENTRYPOINT.replace('\n', "\r\n");
    let (unix, windows) = (script(ENTRYPOINT), script(&text));
    let names = |script| {
        let visits = commands(script, ShellOptions::default()).into_iter();
        visits
            .map(|visit| visit.command.texts().into_iter().map(str::to_owned).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&unix), names(&windows));
    let lines = Lines::of(&text);
    let last = windows.statements.last().unwrap();
    assert_eq!(lines.number(last.span.start), 37);
    assert_eq!(&text[last.span.clone()], "_main \"$@\"");
    for text in ["a \\\r\n b\r\n", "a b\r", "a  b \r\n\r\n"] {
        let Command::Simple(simple) = command(text) else {
            panic!("{text:?}")
        };
        assert_eq!(simple.texts(), ["a", "b"], "{text:?}");
    }
    // Only at the end of a line.
    let Command::Simple(simple) = command("a\rb") else {
        panic!()
    };
    assert_eq!(simple.texts(), ["a\rb"]);
}

#[test]
fn line_numbers() {
    let lines = Lines::of("a\n\nb\n");
    let numbers: Vec<_> = (0..=5).map(|at| lines.number(at)).collect();
    assert_eq!(numbers, [1, 1, 2, 3, 3, 4]);
    assert_eq!(Lines::of("").number(0), 1);
}
