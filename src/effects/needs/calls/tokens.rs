//! Sources as tokens: names, texts and signs, without comments. One reader for all languages, told by their table.

use crate::knowledge::Language;

/// What stands for an expression inside of a text. A shell reads it as a variable.
pub(super) const PLACEHOLDER: &str = "${_}";

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'s> {
    /// A name, a keyword or a number.
    Name(&'s str),
    /// A string literal without its quotes, its expressions replaced by [`PLACEHOLDER`].
    Text(String),
    /// A string whose text a shell runs: backticks of Ruby.
    Shell(String),
    /// Any other character. `::`, `->` and `?.` are the `.` that they mean.
    Sign(char),
}

/// A token and the line where it begins, counted from 1.
#[derive(Clone, Debug)]
pub(super) struct Positioned<'s> {
    pub(super) token: Token<'s>,
    pub(super) line: usize,
}

/// Reads a source file. What cannot be read as the language has it ends with its line, so that the rest is read.
pub(super) fn tokens<'s>(text: &'s str, language: &'static Language) -> Vec<Positioned<'s>> {
    let mut lexer = Lexer {
        text,
        language,
        at: 0,
        line: 1,
        found: Vec::new(),
    };
    while lexer.at < text.len() {
        lexer.step();
    }
    lexer.found
}

struct Lexer<'s> {
    text: &'s str,
    language: &'static Language,
    at: usize,
    line: usize,
    found: Vec<Positioned<'s>>,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes on by `bytes`, counting lines.
    fn advance(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        self.line += self
            .text
            .get(self.at..end)
            .map_or(0, |passed| passed.bytes().filter(|byte| *byte == b'\n').count());
        self.at = end;
    }

    fn push(&mut self, token: Token<'s>, line: usize) {
        self.found.push(Positioned { token, line });
    }

    fn step(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        if first.is_whitespace() {
            self.advance(first.len_utf8());
        } else if let Some(length) = self.comment(rest) {
            self.advance(length);
        } else if let Some(quote) = self.quote(rest) {
            self.string(quote, self.language.interpolated_prefixes.is_empty());
        } else if let Some(length) = self.shell_word(rest) {
            self.bracketed(length);
        } else if is_name_start(first) {
            self.name(rest);
        } else if first == '/' && self.language.regular_expressions && self.may_begin_expression() {
            self.regular_expression(rest);
        } else {
            self.sign(rest, first);
        }
    }

    /// The length of the comment that begins here.
    fn comment(&self, rest: &str) -> Option<usize> {
        let begins = |start: &&String| rest.starts_with(start.as_str());
        if self.language.line_comments.iter().any(|start| begins(&start)) {
            return Some(rest.find('\n').unwrap_or(rest.len()));
        }
        let mut blocks = self.language.block_comments.iter();
        let (start, end) = blocks.find(|(start, _)| begins(&start))?;
        let inside = rest.get(start.len()..)?;
        Some(
            inside
                .find(end.as_str())
                .map_or(rest.len(), |at| start.len() + at + end.len()),
        )
    }

    fn quote(&self, rest: &str) -> Option<&'static str> {
        let mut quotes = self.language.strings.iter();
        quotes
            .find(|quote| rest.starts_with(quote.as_str()))
            .map(String::as_str)
    }

    /// The length of a word such as `%x` before a bracket, whose text a shell runs.
    fn shell_word(&self, rest: &str) -> Option<usize> {
        let mut words = self.language.shell_quotes.iter().filter(|word| word.len() > 1);
        let word = words.find(|word| rest.starts_with(word.as_str()))?;
        rest.get(word.len()..)?
            .starts_with(['(', '{', '['])
            .then_some(word.len())
    }

    fn bracketed(&mut self, word: usize) {
        let line = self.line;
        let rest = self.rest();
        let open = rest.get(word..).and_then(|rest| rest.chars().next());
        let close = match open {
            Some('(') => ')',
            Some('{') => '}',
            _ => ']',
        };
        let inside = rest.get(word + 1..).unwrap_or_default();
        let end = inside.find(close).unwrap_or(inside.len());
        let text = self.interpolated(inside.get(..end).unwrap_or_default());
        self.push(Token::Shell(text), line);
        self.advance(word + 1 + end + 1);
    }

    fn name(&mut self, rest: &'s str) {
        let end = rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        let behind = rest.get(end..).unwrap_or_default();
        let prefixes = &self.language.prefixes;
        let is_prefix = name.len() <= 2 && name.chars().all(|c| prefixes.contains(c));
        if is_prefix && let Some(quote) = self.quote(behind) {
            let interpolated = &self.language.interpolated_prefixes;
            let is_interpolated = interpolated.is_empty() || name.contains(|c| interpolated.contains(c));
            self.advance(end);
            self.string(quote, is_interpolated);
            return;
        }
        self.push(Token::Name(name), self.line);
        self.advance(end);
    }

    /// Reads the string that begins with `quote`.
    fn string(&mut self, quote: &'static str, is_interpolated: bool) {
        let line = self.line;
        let may_have_lines = quote.len() > 1 || self.language.multiline.iter().any(|known| known == quote);
        let start = self.at + quote.len();
        let mut at = start;
        let mut depth = 0_usize;
        let opens = self.language.interpolation.as_deref().filter(|opens| opens.len() > 1);
        while let Some(rest) = self.text.get(at..).filter(|rest| !rest.is_empty()) {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            if depth > 0 {
                match rest.as_bytes().first() {
                    Some(b'{') => depth += 1,
                    Some(b'}') => depth -= 1,
                    _ => {}
                }
            } else if rest.starts_with('\\') {
                at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
                continue;
            } else if rest.starts_with(quote) || rest.starts_with('\n') && !may_have_lines {
                break;
            } else if let Some(opens) = opens.filter(|opens| is_interpolated && rest.starts_with(opens)) {
                depth = 1;
                at += opens.len();
                continue;
            }
            at += first;
        }
        let raw = self.text.get(start..at.min(self.text.len())).unwrap_or_default();
        let text = if is_interpolated {
            self.interpolated(raw)
        } else {
            raw.to_owned()
        };
        let is_shell = self.language.shell_quotes.iter().any(|known| known == quote);
        let text = unescaped(&text, quote);
        self.push(
            if is_shell {
                Token::Shell(text)
            } else {
                Token::Text(text)
            },
            line,
        );
        self.advance(at + quote.len() - self.at);
    }

    /// `text` with its expressions replaced.
    fn interpolated(&self, text: &str) -> String {
        let Some(opens) = self.language.interpolation.as_deref() else {
            return text.to_owned();
        };
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(opens) {
            out.push_str(before);
            if opens == "{" && after.starts_with('{') {
                out.push('{');
                rest = after.get(1..).unwrap_or_default();
                continue;
            }
            let mut depth = 1_usize;
            let end = after.char_indices().find(|(_, c)| {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            out.push_str(PLACEHOLDER);
            rest = end.and_then(|(at, _)| after.get(at + 1..)).unwrap_or_default();
        }
        out.push_str(rest);
        out
    }

    /// Whether a `/` here begins a regular expression, not a division.
    fn may_begin_expression(&self) -> bool {
        match self.found.last().map(|last| &last.token) {
            None => true,
            Some(Token::Sign(sign)) => !matches!(sign, ')' | ']' | '}'),
            Some(Token::Name(name)) => matches!(*name, "return" | "typeof" | "case" | "in" | "if" | "unless" | "when"),
            Some(_) => false,
        }
    }

    fn regular_expression(&mut self, rest: &str) {
        let mut in_class = false;
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let ends = !escaped && !in_class && *c == '/' || *c == '\n';
            match c {
                _ if escaped => {}
                '[' => in_class = true,
                ']' => in_class = false,
                _ => {}
            }
            escaped = !escaped && *c == '\\';
            ends
        });
        self.push(Token::Sign('~'), self.line);
        self.advance(end.map_or(rest.len(), |(at, _)| at + 1));
    }

    fn sign(&mut self, rest: &str, first: char) {
        let access = ["::", "->", "?."].iter().find(|sign| rest.starts_with(**sign));
        let double = ["||", "??", "&&", "==", "!=", "<=", ">="]
            .iter()
            .find(|sign| rest.starts_with(**sign));
        let (sign, length) = match (access, double) {
            (Some(access), _) => ('.', access.len()),
            // `==` must not be taken for an assignment.
            (None, Some(double)) => (if matches!(*double, "||" | "??") { '|' } else { '~' }, double.len()),
            (None, None) => (first, first.len_utf8()),
        };
        self.push(Token::Sign(sign), self.line);
        self.advance(length);
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn is_name_part(c: char) -> bool {
    is_name_start(c)
}

/// A text as the program sees it: `\n` ends a line, any other character after a backslash is itself.
fn unescaped(text: &str, quote: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            // A line that goes on.
            ('\\', Some('\n')) => {}
            ('\\', Some(other)) if quote.contains(other) || other == '\\' => out.push(other),
            (c, _) => {
                out.push(c);
                continue;
            }
        }
        chars.next();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::language_of;

    fn shown(path: &str, text: &str) -> Vec<String> {
        let language = language_of(path).unwrap();
        let shown = tokens(text, language).into_iter().map(|found| match found.token {
            Token::Name(name) => name.to_owned(),
            Token::Text(text) => format!("<{text}>"),
            Token::Shell(text) => format!("`{text}`"),
            Token::Sign(sign) => sign.to_string(),
        });
        shown.collect()
    }

    #[test]
    fn comments_and_strings() {
        let cases: &[(&str, &str, &[&str])] = &[
            (
                "a.py",
                "x = f'git {a[\"b\"]} {{}}' # 'no'\n",
                &["x", "=", "<git ${_} {}}>"],
            ),
            ("a.py", "'''a\n'b' `c`'''.d", &["<a\n'b' `c`>", ".", "d"]),
            ("a.py", "r'\\d' 'open\nx", &["<\\d>", "<open>", "x"]),
            (
                "a.js",
                "/* 'a' */ b(`x ${c({d: `e`})} y`) // z",
                &["b", "(", "<x ${_} y>", ")"],
            ),
            (
                "a.js",
                "s.replace(/[/'\"]/g, \"'\")",
                &["s", ".", "replace", "(", "~", "g", ",", "<'>", ")"],
            ),
            ("a.js", "a / b / 'c'", &["a", "/", "b", "/", "<c>"]),
            ("a.rb", "`git #{x}` + %x(ls) # `no`", &["`git ${_}`", "+", "`ls`"]),
            (
                "a.rs",
                "fn f<'a>(x: &'a str) { Command::new(\"git\") }",
                &[
                    "fn", "f", "<", "'", "a", ">", "(", "x", ":", "&", "'", "a", "str", ")", "{", "Command", ".",
                    "new", "(", "<git>", ")", "}",
                ],
            ),
            (
                "a.go",
                "exec.Command(\"sh\", \"-c\", `a \"b\"`)",
                &["exec", ".", "Command", "(", "<sh>", ",", "<-c>", ",", "<a \"b\">", ")"],
            ),
        ];
        for (path, text, expected) in cases {
            assert_eq!(shown(path, text), *expected, "{text}");
        }
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let found = tokens("a\n'''\nb\n'''\nc\n", language_of("a.py").unwrap());
        assert_eq!(found.iter().map(|found| found.line).collect::<Vec<_>>(), [1, 2, 5]);
    }
}
