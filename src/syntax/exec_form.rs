//! The exec form: a JSON array of strings.

use pest::Parser as _;
use pest::iterators::Pair as PestPair;

use super::error::Problem;
use super::grammar::{Grammar, Rule};
use super::{Logical, Text};

/// The strings of a JSON array; none where the text is no JSON, which makes it shell form or plain words.
pub(super) fn parse(rest: &Logical) -> Result<Option<Vec<Text>>, Problem> {
    let text = rest.text().trim_start();
    if !text.starts_with('[') {
        return Ok(None);
    }
    let start = rest.text().len() - text.len();
    let Ok(pairs) = Grammar::parse(Rule::exec_form, text) else {
        // Any other JSON array is an error, not shell form.
        return match serde_json::from_str::<Vec<serde_json::Value>>(text) {
            Ok(_) => Err(Problem::new(
                rest.source_start(start),
                "a JSON array with something else than strings",
                "strings only",
                "put every element in double quotes",
            )),
            Err(_) => Ok(None),
        };
    };
    let strings = pairs
        .flat_map(PestPair::into_inner)
        .filter(|pair| pair.as_rule() == Rule::json_string)
        .map(|pair| Text {
            value: unquote(pair.as_str()),
            range: rest.source_range(start + pair.as_span().start()..start + pair.as_span().end()),
        });
    Ok(Some(strings.collect()))
}

/// What a JSON string says. Half a surrogate pair becomes U+FFFD, as in Go; serde would refuse it.
fn unquote(quoted: &str) -> String {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return inner.to_owned();
    }
    let (mut units, mut characters) = (Vec::with_capacity(inner.len()), inner.chars());
    while let Some(character) = characters.next() {
        let meant = match character {
            '\\' => match characters.next() {
                Some('u') => {
                    let code = characters.by_ref().take(4).filter_map(|digit| digit.to_digit(16));
                    units.push(code.fold(0, |code, digit| code << 4 | digit as u16));
                    continue;
                }
                Some('b') => '\u{8}',
                Some('f') => '\u{C}',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                other => other.unwrap_or_default(),
            },
            _ => character,
        };
        units.extend_from_slice(meant.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16_lossy(&units)
}
