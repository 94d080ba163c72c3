//! The inside of a word: quotes, escapes, expansions and substitutions.
//!
//! Bytes that matter are all ASCII, so that scanning bytes never splits a character.

use super::lex::{Lexer, variable_name};
use super::opaque::{Opaque, Reason};
use super::parse;
use super::tree::{Span, Word};

impl Lexer<'_> {
    /// Scans one word at a place where one begins; returns it.
    pub(super) fn word(&mut self) -> Result<Word, Opaque> {
        let start = self.at;
        let mut word = Word {
            literal: Some(String::new()),
            ..Word::default()
        };
        let mut bracket = None;
        let mut brace = Brace::None;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b'&' | b')' | b';' | b'<' | b'>' | b'|' => break,
                b'(' if !self.follows_glob_sign(start) => break,
                b'(' => self.extended_glob(&mut word)?,
                b'\\' => self.escape(&mut word)?,
                b'\'' => self.single_quoted(&mut word)?,
                b'"' => self.double_quoted(&mut word)?,
                b'$' => self.dollar(&mut word, false)?,
                b'`' => self.backquoted(&mut word)?,
                b'*' | b'?' => self.glob(&mut word),
                b']' if bracket.is_some_and(|open| self.at > open + 1) => self.glob(&mut word),
                b'~' if self.at == start => self.not_literal(&mut word),
                b'}' if brace == Brace::Listed => self.not_literal(&mut word),
                _ => {
                    match byte {
                        b'[' => bracket = bracket.or(Some(self.at)),
                        b'{' => brace = Brace::Open,
                        b',' if brace == Brace::Open => brace = Brace::Listed,
                        b'.' if brace == Brace::Open && self.peek_at(1) == Some(b'.') => brace = Brace::Listed,
                        _ => {}
                    }
                    self.plain(&mut word, is_word_byte);
                }
            }
        }
        Ok(self.finish(word, start))
    }

    /// Scans the whole range as the lines of a here-document whose delimiter is not quoted; returns them.
    pub(super) fn here_doc(mut self) -> Result<Word, Opaque> {
        let start = self.at;
        let mut word = Word {
            literal: Some(String::new()),
            ..Word::default()
        };
        while self.at < self.end {
            self.soft_quoted(&mut word, false)?;
        }
        Ok(self.finish(word, start))
    }

    fn finish(&self, mut word: Word, start: usize) -> Word {
        word.span = start..self.at;
        word.text = self.text[start..self.at].to_owned();
        word
    }

    /// Takes one byte, and those behind it while `goes_on` holds, as they are.
    fn plain(&mut self, word: &mut Word, goes_on: fn(u8) -> bool) {
        let rest = &self.text.as_bytes()[self.at..self.end];
        let length = rest.iter().skip(1).take_while(|&&byte| goes_on(byte)).count() + 1;
        self.take(word, self.at..self.at + length);
    }

    /// Appends the text of `span` to the literal value and moves behind it.
    fn take(&mut self, word: &mut Word, span: Span) {
        if let Some(literal) = &mut word.literal {
            literal.push_str(&self.text[span.clone()]);
        }
        self.at = span.end;
    }

    fn not_literal(&mut self, word: &mut Word) {
        word.literal = None;
        self.at += 1;
    }

    fn glob(&mut self, word: &mut Word) {
        word.glob = true;
        self.not_literal(word);
    }

    fn follows_glob_sign(&self, start: usize) -> bool {
        self.at > start && matches!(self.text.as_bytes()[self.at - 1], b'@' | b'!' | b'?' | b'+' | b'*')
    }

    /// `@(a|b)` and its like, to the closing parenthesis.
    fn extended_glob(&mut self, word: &mut Word) -> Result<(), Opaque> {
        self.glob(word);
        let mut depth = 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => self.at += 1,
                b'\'' | b'"' | b'$' | b'`' => return Err(Reason::Unsupported("extended glob").at(self.at)),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
        Err(Reason::Unterminated("extended glob").at(self.end))
    }

    /// A backslash outside of quotes.
    fn escape(&mut self, word: &mut Word) -> Result<(), Opaque> {
        match self.text[self.at + 1..self.end].chars().next() {
            None => Err(Reason::Unterminated("escape").at(self.at)),
            Some('\n') => {
                self.at += 2;
                Ok(())
            }
            Some(escaped) => {
                self.take(word, self.at + 1..self.at + 1 + escaped.len_utf8());
                Ok(())
            }
        }
    }

    fn single_quoted(&mut self, word: &mut Word) -> Result<(), Opaque> {
        let start = self.at + 1;
        let Some(length) = self.text[start..self.end].find('\'') else {
            return Err(Reason::Unterminated("single quote").at(self.at));
        };
        self.take(word, start..start + length);
        self.at += 1;
        Ok(())
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), Opaque> {
        let start = self.at;
        self.at += 1;
        while self.peek() != Some(b'"') {
            if self.peek().is_none() {
                return Err(Reason::Unterminated("double quote").at(start));
            }
            self.soft_quoted(word, true)?;
        }
        self.at += 1;
        Ok(())
    }

    /// The next bit of text in which only `$`, backquote and backslash are special, as between double quotes and in
    /// here-documents. `quotes`: whether a backslash also escapes a double quote.
    fn soft_quoted(&mut self, word: &mut Word, quotes: bool) -> Result<(), Opaque> {
        match (self.peek(), self.peek_at(1)) {
            (Some(b'\\'), None) if quotes => Err(Reason::Unterminated("escape").at(self.at)),
            (Some(b'\\'), Some(b'\n')) => {
                self.at += 2;
                Ok(())
            }
            (Some(b'\\'), Some(b'$' | b'`' | b'\\')) => self.escape(word),
            (Some(b'\\'), Some(b'"')) if quotes => self.escape(word),
            (Some(b'$'), _) => self.dollar(word, true),
            (Some(b'`'), _) => self.backquoted(word),
            _ => {
                self.plain(word, |byte| !matches!(byte, b'"' | b'\\' | b'$' | b'`'));
                Ok(())
            }
        }
    }

    /// A dollar sign and what it introduces. `quoted`: whether it stands between double quotes or in a here-document.
    fn dollar(&mut self, word: &mut Word, quoted: bool) -> Result<(), Opaque> {
        let start = self.at;
        match self.peek_at(1) {
            Some(b'(') => self.parenthesized(word),
            Some(b'{') => self.braced(word, quoted),
            Some(b'[') => Err(Reason::Unsupported("$[ ]").at(start)),
            Some(b'\'') if !quoted => self.ansi_quoted(word),
            // A translated string: the quotes are read next.
            Some(b'"') if !quoted => {
                self.not_literal(word);
                Ok(())
            }
            Some(byte) if byte.is_ascii_alphanumeric() || b"_@*#?-$!".contains(&byte) => {
                let name = variable_name(&self.text[start + 1..self.end]);
                let end = start + 1 + name.len().max(1);
                self.expand(word, start + 1..end);
                Ok(())
            }
            _ => {
                self.take(word, start..start + 1);
                Ok(())
            }
        }
    }

    /// Records the parameter whose name is the text of `name` and moves behind it.
    fn expand(&mut self, word: &mut Word, name: Span) {
        let text = &self.text[name.clone()];
        if !word.variables.iter().any(|known| known == text) {
            word.variables.push(text.to_owned());
        }
        word.literal = None;
        self.at = name.end;
    }

    /// `$'…'`, which only some shells know: hence it has no literal value.
    fn ansi_quoted(&mut self, word: &mut Word) -> Result<(), Opaque> {
        let start = self.at;
        word.literal = None;
        self.at += 2;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.at += 2,
                b'\'' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => self.at += 1,
            }
        }
        Err(Reason::Unterminated("quote").at(start))
    }

    /// `${…}` with whatever stands in it.
    fn braced(&mut self, word: &mut Word, quoted: bool) -> Result<(), Opaque> {
        let start = self.at;
        let outer = self.depth;
        self.depth = self.deeper()?;
        self.at += 2;
        self.braced_name(word)?;
        loop {
            match self.peek() {
                None => return Err(Reason::Unterminated("parameter expansion").at(start)),
                Some(b'}') => break,
                Some(b'\\') => self.at += 2,
                // Shells disagree on whether it quotes in there.
                Some(b'\'') if quoted => return Err(Reason::Unsupported("quote in a quoted ${ }").at(self.at)),
                Some(b'\'') => self.single_quoted(word)?,
                Some(b'"') => self.double_quoted(word)?,
                Some(b'$') => self.dollar(word, quoted)?,
                Some(b'`') => self.backquoted(word)?,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        self.depth = outer;
        Ok(())
    }

    /// The name at the beginning of `${…}`, behind `#` (its length) or `!` (what it names).
    fn braced_name(&mut self, word: &mut Word) -> Result<(), Opaque> {
        if matches!(self.peek(), Some(b'#' | b'!')) && !matches!(self.peek_at(1), Some(b'}' | b':' | b'%' | b'#')) {
            self.at += 1;
        }
        let rest = &self.text[self.at..self.end];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let length = match variable_name(rest).len().max(digits) {
            0 if rest.starts_with(['@', '*', '#', '?', '-', '$', '!']) => 1,
            0 => return Err(Reason::BadExpansion.at(self.at)),
            length => length,
        };
        self.expand(word, self.at..self.at + length);
        Ok(())
    }

    /// `$((…))` or `$(…)`.
    fn parenthesized(&mut self, word: &mut Word) -> Result<(), Opaque> {
        word.literal = None;
        let depth = self.deeper()?;
        if let Some(end) = self.end_of_arithmetic() {
            let mut inner = Lexer::new(self.text, self.at + 3..end - 2, depth);
            inner.arithmetic(word)?;
            self.at = end;
            return Ok(());
        }
        let (lexed, end) = Lexer::new(self.text, self.at + 2..self.end, depth).run(true)?;
        word.substitutions.push(parse::script(self.text, self.at + 2, lexed)?);
        self.at = end + 1;
        Ok(())
    }

    /// Returns where an arithmetic expansion ends that begins here, or `None` when there is none: `$((a); b)` is a
    /// substitution that begins with a subshell.
    fn end_of_arithmetic(&self) -> Option<usize> {
        let rest = self.text[self.at..self.end].strip_prefix("$((")?;
        let mut depth = 2;
        for (offset, byte) in rest.bytes().enumerate() {
            match byte {
                b'(' => depth += 1,
                b')' if depth == 2 => {
                    let closed = rest[offset..].starts_with("))");
                    return closed.then_some(self.at + 3 + offset + 2);
                }
                b')' => depth -= 1,
                b'\'' | b'\\' | b';' => return None,
                _ => {}
            }
        }
        None
    }

    /// The whole range as an arithmetic expression, in which a bare name is a parameter too.
    fn arithmetic(&mut self, word: &mut Word) -> Result<(), Opaque> {
        while let Some(byte) = self.peek() {
            match byte {
                b'$' => self.dollar(word, true)?,
                b'`' => self.backquoted(word)?,
                128.. => self.at += 1,
                b'0'..=b'9' => {
                    let rest = &self.text.as_bytes()[self.at..self.end];
                    self.at += rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                }
                _ => {
                    let name = variable_name(&self.text[self.at..self.end]);
                    match name.len() {
                        0 => self.at += 1,
                        length => self.expand(word, self.at..self.at + length),
                    }
                }
            }
        }
        Ok(())
    }

    /// A substitution in backquotes. A backslash that the shell removes in there makes it another text than the one
    /// that is written, so that no spans could be given.
    fn backquoted(&mut self, word: &mut Word) -> Result<(), Opaque> {
        let start = self.at + 1;
        word.literal = None;
        let mut end = start;
        let bytes = &self.text.as_bytes()[..self.end];
        loop {
            match (bytes.get(end), bytes.get(end + 1)) {
                (None, _) => return Err(Reason::Unterminated("backquote").at(self.at)),
                (Some(b'`'), _) => break,
                (Some(b'\\'), Some(b'\\' | b'$' | b'`' | b'"')) => {
                    return Err(Reason::Unsupported("escape in backquotes").at(end));
                }
                _ => end += 1,
            }
        }
        let (lexed, _) = Lexer::new(self.text, start..end, self.deeper()?).run(false)?;
        word.substitutions.push(parse::script(self.text, start, lexed)?);
        self.at = end + 1;
        Ok(())
    }
}

/// How far an unquoted brace expansion has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brace {
    None,
    /// `{` was seen.
    Open,
    /// A `,` or `..` was seen behind it, so that a `}` completes an expansion.
    Listed,
}

/// Returns whether a byte within an unquoted word stands for itself whatever is around it.
fn is_word_byte(byte: u8) -> bool {
    !matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'&'
            | b'('
            | b')'
            | b';'
            | b'<'
            | b'>'
            | b'|'
            | b'\\'
            | b'\''
            | b'"'
            | b'$'
            | b'`'
            | b'*'
            | b'?'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b','
            | b'.'
    )
}
