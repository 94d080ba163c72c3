//! Splits the text of a package script into commands and words. npm runs scripts with `sh -c`, Bun and berry with
//! shells of their own; what they share is all that is read here.

/// The commands of `script`, each as its words without quotes; `None` when it holds what only a shell can tell
/// (substitution, a redirection from a file, an open quote).
pub(super) fn commands(script: &str) -> Option<Vec<Vec<String>>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let text = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        end if end == c => break,
                        '\\' if c == '"' => text.push(chars.next()?),
                        '`' if c == '"' => return None,
                        other => text.push(other),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next()?),
            '`' | '<' => return None,
            '>' => {
                // The target of an output redirection is no operand; `2>&1` has none.
                let digit = word
                    .as_deref()
                    .is_some_and(|text| text.chars().all(|c| c.is_ascii_digit()));
                if !digit {
                    commands.last_mut()?.extend(word.take());
                }
                word = None;
                while chars.next_if(|c| matches!(c, '>' | '&' | ' ')).is_some() {}
                let mut target = String::new();
                while let Some(c) = chars.next_if(|c| !" ;&|".contains(*c)) {
                    target.push(c);
                }
                let nowhere = target == "/dev/null" || target.chars().all(|c| c.is_ascii_digit());
                if !nowhere {
                    return None;
                }
            }
            '$' if chars.peek() == Some(&'(') => return None,
            '&' | '|' | ';' | '\n' | '(' | ')' => {
                commands.last_mut()?.extend(word.take());
                commands.push(Vec::new());
            }
            c if c.is_whitespace() => commands.last_mut()?.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    commands.last_mut()?.extend(word);
    commands.retain(|words| !words.is_empty());
    Some(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_scripts() {
        let words =
            |script: &str| commands(script).map(|all| all.iter().map(|words| words.join(" ")).collect::<Vec<_>>());
        for (script, expected) in [
            ("husky install || true", Some(vec!["husky install", "true"])),
            (
                "cd client && npm i; echo 'a && b'",
                Some(vec!["cd client", "npm i", "echo a && b"]),
            ),
            ("node x.js > /dev/null 2>&1", Some(vec!["node x.js"])),
            ("(is-ci) || \"husky\"", Some(vec!["is-ci", "husky"])),
            ("echo $(ls)", None),
            ("echo 'open", None),
            ("echo a > b.txt", None),
            ("", Some(vec![])),
        ] {
            let expected = expected.map(|all| all.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(words(script), expected, "{script}");
        }
    }
}
