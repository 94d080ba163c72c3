//! Bash's `[[ … ]]`.

use super::super::opaque::{Opaque, Reason};
use super::super::tree::{CompoundKind, Word};
use super::Parser;
use super::compound::Inside;
use super::token::Token;

/// The words that compare the one before with the one after, but for `=~`.
const BINARY: [&str; 12] = [
    "==", "=", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-ef", "-nt", "-ot",
];

impl Parser<'_> {
    pub(super) fn conditional_command(&mut self) -> Result<Inside, Opaque> {
        self.expect_keyword("[[")?;
        let mut inside = Inside::of(CompoundKind::Test, Vec::new());
        self.conditional_expression(&mut inside.words)?;
        self.expect_keyword("]]")?;
        Ok(inside)
    }

    /// Terms joined by `&&` and `||`, whose precedence is of no importance for the tree.
    fn conditional_expression(&mut self, words: &mut Vec<Word>) -> Result<(), Opaque> {
        loop {
            self.linebreak()?;
            self.conditional_term(words)?;
            self.linebreak()?;
            match self.next_operator()? {
                Some("&&" | "||") => self.take()?,
                _ => return Ok(()),
            };
        }
    }

    fn conditional_term(&mut self, words: &mut Vec<Word>) -> Result<(), Opaque> {
        while self.next_plain_word()? == Some("!") {
            words.push(self.expect_word()?);
        }
        if self.accept("(")?.is_none() {
            return self.comparison(words);
        }
        self.nested(|parser| parser.conditional_expression(words))?;
        self.expect(")")?;
        Ok(())
    }

    /// `-f word`, `word == word`, `word < word` or just a word.
    fn comparison(&mut self, words: &mut Vec<Word>) -> Result<(), Opaque> {
        if self.next_plain_word()? == Some("]]") {
            return Err(self.unexpected());
        }
        let first = self.operand()?;
        let is_unary = first.text.len() == 2 && first.text.starts_with('-');
        words.push(first);
        match self.peek()? {
            Token::Operator("<" | ">", _) => {
                self.take()?;
                words.push(self.operand()?);
            }
            Token::Word(word) if word.text == "=~" => {
                words.push(self.expect_word()?);
                self.regular_expression(words)?;
            }
            Token::Word(word) if BINARY.contains(&word.text.as_str()) => {
                words.push(self.expect_word()?);
                words.push(self.operand()?);
            }
            Token::Word(word) if is_unary && word.text != "]]" => words.push(self.expect_word()?),
            _ => {}
        }
        Ok(())
    }

    /// A word of a comparison: a number before `<` is one too.
    fn operand(&mut self) -> Result<Word, Opaque> {
        if !matches!(self.peek()?, Token::Word(_) | Token::IoNumber(_)) {
            return Err(self.unexpected());
        }
        match self.take()? {
            Token::Word(word) | Token::IoNumber(word) => Ok(word),
            _ => Err(self.unexpected()),
        }
    }

    /// What follows `=~`, whose token was just taken: its parentheses may contain blanks, and `#` begins no comment.
    fn regular_expression(&mut self, words: &mut Vec<Word>) -> Result<(), Opaque> {
        self.skip_blanks();
        let start = self.at;
        let mut depth = 0usize;
        while let Some(byte) = self.byte(0) {
            match byte {
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b'|' => {}
                b' ' | b'\t' | b'\n' | b'\r' | b'&' | b';' | b'<' | b'>' if depth > 0 => {}
                b' ' | b'\t' | b'\n' | b'\r' | b'&' | b';' | b'<' | b'>' | b')' => break,
                _ => {
                    words.push(self.word()?);
                    continue;
                }
            }
            self.at += 1;
        }
        self.taken = self.at;
        if self.at == start || depth > 0 {
            return Err(Reason::Syntax.at(self.at));
        }
        Ok(())
    }
}
