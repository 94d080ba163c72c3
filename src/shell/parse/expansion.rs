//! Expansions in a word: parameters, arithmetic and substitutions.

use super::super::opaque::{Opaque, Reason};
use super::super::tree::{Span, Word};
use super::assignment::variable_name;
use super::draft::Draft;
use super::{Parser, steps};

impl Parser<'_> {
    /// A dollar sign and what it introduces. `quoted`: whether it is between double quotes or in a here-document.
    pub(super) fn dollar(&mut self, draft: &mut Draft, quoted: bool) -> Result<(), Opaque> {
        let start = self.at;
        match self.byte(1) {
            Some(b'(') => self.parenthesized(draft),
            Some(b'{') => self.nested(|parser| parser.braced(draft, quoted)),
            Some(b'[') => Err(Reason::Unsupported("$[ ]").at(start)),
            Some(b'\'') if !quoted => self.ansi_quoted(draft),
            // A translated string: the quotes are read next.
            Some(b'"') if !quoted => {
                self.not_literal(draft);
                Ok(())
            }
            Some(byte) if byte.is_ascii_alphanumeric() || b"_@*#?-$!".contains(&byte) => {
                let name = variable_name(&self.text[start + 1..self.end]);
                let end = start + 1 + name.len().max(1);
                self.expand(draft, start + 1..end);
                Ok(())
            }
            _ => {
                self.copy(draft, start..start + 1);
                Ok(())
            }
        }
    }

    /// Notes the parameter whose name is the text of `name` and moves after it.
    pub(super) fn expand(&mut self, draft: &mut Draft, name: Span) {
        draft.expand(&self.text[name.clone()]);
        self.at = name.end;
    }

    /// `$'…'`, which only some shells know: hence it has no literal value.
    fn ansi_quoted(&mut self, draft: &mut Draft) -> Result<(), Opaque> {
        let start = self.at;
        draft.literal = None;
        self.at += 2;
        while let Some(byte) = self.byte(0) {
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

    /// `${…}` with whatever is in it.
    fn braced(&mut self, draft: &mut Draft, quoted: bool) -> Result<(), Opaque> {
        let start = self.at;
        self.at += 2;
        self.braced_name(draft)?;
        loop {
            match self.byte(0) {
                None => return Err(Reason::Unterminated("parameter expansion").at(start)),
                Some(b'}') => break,
                Some(b'\\') => self.at += 2,
                Some(b'\'') if quoted => self.ambiguous_quote()?,
                Some(b'\'') => self.single_quoted(draft)?,
                Some(b'"') => self.double_quoted(draft)?,
                Some(b'$') => self.dollar(draft, quoted)?,
                Some(b'`') => self.backquoted(draft, quoted)?,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(())
    }

    /// A `'` in a quoted `${…}`: shells disagree on whether it quotes. That makes no difference for the tree when
    /// nothing special is before the next one.
    fn ambiguous_quote(&mut self) -> Result<(), Opaque> {
        let start = self.at;
        self.at += 1;
        loop {
            match (self.byte(0), self.byte(1)) {
                (Some(b'\''), _) => break,
                // As in `$'\n'`: an escape in both readings.
                (Some(b'\\'), Some(escaped)) if escaped.is_ascii_alphanumeric() => self.at += 2,
                (None | Some(b'"' | b'`' | b'$' | b'\\' | b'}'), _) => {
                    return Err(Reason::Unsupported("quote in a quoted ${ }").at(start));
                }
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Ok(())
    }

    /// The name at the beginning of `${…}`, after `#` (its length) or `!` (what it names).
    fn braced_name(&mut self, draft: &mut Draft) -> Result<(), Opaque> {
        if matches!(self.byte(0), Some(b'#' | b'!')) && !matches!(self.byte(1), Some(b'}' | b':' | b'%' | b'#')) {
            self.at += 1;
        }
        let rest = &self.text[self.at..self.end];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let length = match variable_name(rest).len().max(digits) {
            0 if rest.starts_with(['@', '*', '#', '?', '-', '$', '!']) => 1,
            0 => return Err(Reason::BadExpansion.at(self.at)),
            length => length,
        };
        self.expand(draft, self.at..self.at + length);
        Ok(())
    }

    /// `$((…))` or `$(…)`.
    fn parenthesized(&mut self, draft: &mut Draft) -> Result<(), Opaque> {
        draft.literal = None;
        let open = self.at + 1;
        let Some(end) = self.end_of_expression(open, false) else {
            let script = self.parenthesized_script(open + 1)?;
            draft.substitutions.push(script);
            return Ok(());
        };
        Parser::new(self.text, open + 2..end - 2, self.deeper()?).arithmetic_expansion(draft)?;
        self.at = end;
        Ok(())
    }

    /// `<(…)` or `>(…)`.
    pub(super) fn process_substitution(&mut self) -> Result<Word, Opaque> {
        let start = self.at;
        let glued = Reason::Unsupported("process substitution within a word").at(start);
        // `--file=<(…)` is one word to Bash and several tokens to other shells.
        if self.word_end == Some(start) {
            return Err(glued);
        }
        let mut draft = Draft::default();
        draft.substitutions.push(self.parenthesized_script(start + 2)?);
        self.word_end = Some(self.at);
        match self.byte(0) {
            None | Some(b' ' | b'\t' | b'\n' | b'\r' | b'&' | b'(' | b')' | b';' | b'<' | b'>' | b'|') => {
                Ok(draft.finish(self.text, start..self.at))
            }
            Some(_) => Err(glued),
        }
    }

    /// A substitution in backquotes. A backslash that the shell removes in there makes it another text than the one
    /// that is written, so that no spans could be given.
    pub(super) fn backquoted(&mut self, draft: &mut Draft, quoted: bool) -> Result<(), Opaque> {
        let start = self.at + 1;
        draft.literal = None;
        let end = self.end_of_backquotes(start, quoted)?;
        steps::add(end - start);
        let (script, _) = Parser::new(self.text, start..end, self.deeper()?).script()?;
        draft.substitutions.push(script);
        self.at = end + 1;
        Ok(())
    }

    /// Takes where the text within backquotes begins; returns where the closing one is.
    fn end_of_backquotes(&self, start: usize, quoted: bool) -> Result<usize, Opaque> {
        let mut end = start;
        let bytes = &self.text.as_bytes()[..self.end];
        loop {
            match (bytes.get(end), bytes.get(end + 1)) {
                (None, _) => return Err(Reason::Unterminated("backquote").at(start - 1)),
                (Some(b'`'), _) => return Ok(end),
                (Some(b'\\'), Some(b'"')) if !quoted => end += 2,
                (Some(b'\\'), Some(b'\\' | b'$' | b'`' | b'"')) => {
                    return Err(Reason::Unsupported("escape in backquotes").at(end));
                }
                _ => end += 1,
            }
        }
    }
}
