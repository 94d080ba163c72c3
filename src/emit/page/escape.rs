//! What is shown comes from Dockerfiles, images and builds of others: none of it may become markup.

use minijinja::{AutoEscape, Error, HtmlEscape, Output, State, Value, escape_formatter};

const MARKDOWN: AutoEscape = AutoEscape::Custom("markdown");

/// How the values in the template `name` are escaped.
pub(super) fn of_file(name: &str) -> AutoEscape {
    match name.rsplit('.').next() {
        Some("html") => AutoEscape::Html,
        Some("md") => MARKDOWN,
        _ => AutoEscape::None,
    }
}

/// Writes a value as its template wants it.
pub(super) fn formatted(output: &mut Output<'_>, state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    let Some(text) = value.as_str() else {
        // Numbers, which are nothing else in any format.
        output.write_str(&value.to_string())?;
        return Ok(());
    };
    let text = visible(text);
    if value.is_safe() || state.auto_escape() == AutoEscape::None {
        output.write_str(&text)?;
        return Ok(());
    }
    if state.auto_escape() == MARKDOWN {
        output.write_str(&markdown(&text))?;
        return Ok(());
    }
    escape_formatter(output, state, &Value::from(text))
}

/// A sentence as HTML in which what stands between backticks is code.
pub(super) fn prose(text: &str) -> Value {
    let text = visible(text);
    let parts: Vec<&str> = text.split('`').collect();
    // An odd number of backticks: they are no quotes.
    let are_quotes = parts.len() % 2 == 1;
    let mut html = String::with_capacity(text.len());
    for (number, part) in parts.into_iter().enumerate() {
        match (are_quotes, number) {
            (_, 0) => {}
            (false, _) => html.push('`'),
            (true, number) if number % 2 == 1 => html.push_str("<code>"),
            (true, _) => html.push_str("</code>"),
        }
        html.push_str(&HtmlEscape(part).to_string());
    }
    Value::from_safe_string(html)
}

/// Signs that nobody sees and that turn, hide or erase others stand as a replacement character.
fn visible(text: &str) -> String {
    let is_hidden = |sign: char| {
        let is_blank = matches!(sign, '\n' | '\t');
        let turns = matches!(sign, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        sign.is_control() && !is_blank || turns
    };
    text.chars()
        .map(|sign| if is_hidden(sign) { '\u{fffd}' } else { sign })
        .collect()
}

/// Text on one line, as Markdown that shows it as it is.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.trim().chars() {
        match sign {
            '\n' | '\t' => escaped.push(' '),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => escaped.extend(['\\', sign]),
            _ => escaped.push(sign),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_shows_text_as_it_is() {
        assert_eq!(
            markdown("a|b *c* `d`\n<e> & \\"),
            "a\\|b \\*c\\* \\`d\\` &lt;e> &amp; \\\\"
        );
    }

    #[test]
    fn what_is_quoted_is_code() {
        assert_eq!(
            prose("run `a<b>` & go").to_string(),
            "run <code>a&lt;b&gt;</code> &amp; go"
        );
        assert_eq!(prose("it`s <b>").to_string(), "it`s &lt;b&gt;");
    }

    #[test]
    fn hidden_signs_are_seen() {
        assert_eq!(visible("a\u{202e}b\u{1b}[31m\tc"), "a\u{fffd}b\u{fffd}[31m\tc");
    }
}
