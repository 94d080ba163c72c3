//! The templates of `templates/`. What they show comes from Dockerfiles, images and builds of others: none of it may
//! become markup or a command.

use minijinja::{AutoEscape, Environment, Error, HtmlEscape, Output, State, Value, escape_formatter};
use serde::Serialize;

const MARKDOWN: AutoEscape = AutoEscape::Custom("markdown");
const SHELL: AutoEscape = AutoEscape::Custom("shell");

/// The template `name` with these values, each escaped as the template's ending asks for.
///
/// # Errors
/// None for the templates and values at hand; the template engine's signature has one.
pub(super) fn render(name: &str, values: impl Serialize) -> Result<String, Error> {
    let mut templates = Environment::new();
    templates.set_trim_blocks(true);
    templates.set_lstrip_blocks(true);
    templates.set_keep_trailing_newline(true);
    templates.set_auto_escape_callback(by_ending);
    templates.set_formatter(formatted);
    templates.add_filter("prose", prose);
    templates.add_filter("comment", comment);
    templates.add_template("style.css", include_str!("../../templates/style.css"))?;
    templates.add_template("report.html", include_str!("../../templates/report.html"))?;
    templates.add_template("report.md", include_str!("../../templates/report.md"))?;
    templates.add_template("smoke.sh", include_str!("../../templates/smoke.sh"))?;
    templates.get_template(name)?.render(values)
}

/// How the values in the template `name` are escaped.
fn by_ending(name: &str) -> AutoEscape {
    match name.rsplit('.').next() {
        Some("html") => AutoEscape::Html,
        Some("md") => MARKDOWN,
        Some("sh") => SHELL,
        _ => AutoEscape::None,
    }
}

/// Writes a value as its template wants it.
fn formatted(output: &mut Output<'_>, state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    let Some(text) = value.as_str() else {
        // Numbers, which are nothing else in any format.
        output.write_str(&value.to_string())?;
        return Ok(());
    };
    if value.is_safe() || state.auto_escape() == AutoEscape::None {
        output.write_str(&visible(text))?;
        return Ok(());
    }
    if state.auto_escape() == SHELL {
        // A command means its text to the letter.
        output.write_str(&word(text))?;
        return Ok(());
    }
    let text = visible(text);
    if state.auto_escape() == MARKDOWN {
        output.write_str(&markdown(&text))?;
        return Ok(());
    }
    escape_formatter(output, state, &Value::from(text))
}

/// A sentence as HTML in which what stands between backticks is code.
fn prose(text: &str) -> Value {
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

/// Text as one line of a comment.
fn comment(text: &str) -> Value {
    Value::from_safe_string(visible(text).replace('\n', "\u{fffd}"))
}

/// A word of a shell, which the shell takes as it is.
fn word(text: &str) -> String {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "_-./:=@%+,".contains(sign);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
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
    fn words_of_shells() {
        assert_eq!(word("numpy"), "numpy");
        assert_eq!(word("it's $(x)"), "'it'\\''s $(x)'");
        assert_eq!(word(""), "''");
        assert_eq!(comment("a\nrm -rf /").to_string(), "a\u{fffd}rm -rf /");
    }

    #[test]
    fn hidden_signs_are_seen() {
        assert_eq!(visible("a\u{202e}b\u{1b}[31m\tc"), "a\u{fffd}b\u{fffd}[31m\tc");
    }
}
