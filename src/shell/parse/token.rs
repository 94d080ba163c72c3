//! Tokens, and the helpers with which the grammar takes them.

use super::super::opaque::{Opaque, Reason};
use super::super::tree::{Span, Word};
use super::{Parser, steps};

/// Longest first, so that the first one that fits is the right one.
const OPERATORS: [&str; 24] = [
    "&>>", ";;&", "<<<", "<<-", "&&", "||", ";;", ";&", "|&", "&>", "<<", ">>", "<&", ">&", "<>", ">|", "&", "(", ")",
    ";", "|", "<", ">", "\n",
];

/// The longest number before a redirect that is a file descriptor and not a word.
const MAX_IO_NUMBER_DIGITS: usize = 9;

/// One token.
#[derive(Debug)]
pub(super) enum Token {
    Operator(&'static str, Span),
    /// The digits directly before the operator of a redirect.
    IoNumber(Word),
    Word(Word),
    /// The end of the range.
    End,
}

impl Token {
    /// Returns where the token is; an empty span at 0 for the end.
    pub(super) fn span(&self) -> Span {
        match self {
            Token::Operator(_, span) => span.clone(),
            Token::IoNumber(word) | Token::Word(word) => word.span.clone(),
            Token::End => 0..0,
        }
    }
}

/// Taking tokens.
impl Parser<'_> {
    /// Returns the next token without taking it.
    pub(super) fn peek(&mut self) -> Result<&Token, Opaque> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.scan()?,
        };
        Ok(self.peeked.insert(token))
    }

    /// Takes the next token. At the end that is [`Token::End`], again and again.
    pub(super) fn take(&mut self) -> Result<Token, Opaque> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.scan()?,
        };
        self.taken = self.taken.max(token.span().end);
        Ok(token)
    }

    /// Returns where the next token begins.
    pub(super) fn next_start(&mut self) -> Result<usize, Opaque> {
        let end = self.end;
        Ok(match self.peek()? {
            Token::End => end,
            token => token.span().start,
        })
    }

    /// Returns the next token when it is an operator.
    pub(super) fn next_operator(&mut self) -> Result<Option<&'static str>, Opaque> {
        Ok(match self.peek()? {
            Token::Operator(operator, _) => Some(operator),
            _ => None,
        })
    }

    /// Returns the next token when it is a word without quotes and expansions.
    pub(super) fn next_plain_word(&mut self) -> Result<Option<&str>, Opaque> {
        Ok(match self.peek()? {
            Token::Word(word) if is_plain(word) => Some(&word.text),
            _ => None,
        })
    }

    /// Returns whether the next token is a word.
    pub(super) fn next_is_word(&mut self) -> Result<bool, Opaque> {
        Ok(matches!(self.peek()?, Token::Word(_)))
    }

    /// Takes the next token if it is this operator; returns its span in that case.
    pub(super) fn accept(&mut self, operator: &str) -> Result<Option<Span>, Opaque> {
        if self.next_operator()? != Some(operator) {
            return Ok(None);
        }
        Ok(Some(self.take()?.span()))
    }

    /// Takes the next token, which must be this operator; returns its span.
    pub(super) fn expect(&mut self, operator: &str) -> Result<Span, Opaque> {
        match self.accept(operator)? {
            Some(span) => Ok(span),
            None => Err(self.unexpected()),
        }
    }

    /// Takes the next token if it is this reserved word; returns whether it was.
    pub(super) fn accept_keyword(&mut self, keyword: &str) -> Result<bool, Opaque> {
        let found = self.next_plain_word()? == Some(keyword);
        if found {
            self.take()?;
        }
        Ok(found)
    }

    /// Takes the next token, which must be this reserved word.
    pub(super) fn expect_keyword(&mut self, keyword: &str) -> Result<(), Opaque> {
        if self.accept_keyword(keyword)? {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Takes the next token, which must be a word.
    pub(super) fn expect_word(&mut self) -> Result<Word, Opaque> {
        if !self.next_is_word()? {
            return Err(self.unexpected());
        }
        match self.take()? {
            Token::Word(word) => Ok(word),
            _ => Err(self.unexpected()),
        }
    }

    /// `linebreak` of the grammar: any number of newlines.
    pub(super) fn linebreak(&mut self) -> Result<(), Opaque> {
        let taken = self.taken;
        while self.accept("\n")?.is_some() {}
        self.taken = taken;
        Ok(())
    }
}

/// Scanning tokens.
impl Parser<'_> {
    fn scan(&mut self) -> Result<Token, Opaque> {
        steps::add(1);
        self.skip_blanks();
        self.skip_comment();
        match self.byte(0) {
            None => Ok(Token::End),
            Some(b'<' | b'>') if self.byte(1) == Some(b'(') => self.process_substitution().map(Token::Word),
            Some(b'\n' | b'&' | b'(' | b')' | b';' | b'<' | b'>' | b'|') => self.scan_operator(),
            Some(_) => self.scan_word(),
        }
    }

    fn scan_operator(&mut self) -> Result<Token, Opaque> {
        let rest = &self.text.as_bytes()[self.at..self.end];
        let Some(&operator) = OPERATORS.iter().find(|operator| rest.starts_with(operator.as_bytes())) else {
            return Err(Reason::Syntax.at(self.at));
        };
        let span = self.at..self.at + operator.len();
        self.at = span.end;
        if operator != "\n" || self.pending.is_empty() {
            return Ok(Token::Operator(operator, span));
        }
        self.read_here_docs()?;
        // An edit must not touch a newline that begins here-documents, so it gets no text.
        Ok(Token::Operator(operator, span.end..span.end))
    }

    fn scan_word(&mut self) -> Result<Token, Opaque> {
        let word = self.word()?;
        self.word_end = Some(self.at);
        let is_number = word.text.len() <= MAX_IO_NUMBER_DIGITS && word.text.bytes().all(|byte| byte.is_ascii_digit());
        Ok(if is_number && matches!(self.byte(0), Some(b'<' | b'>')) {
            Token::IoNumber(word)
        } else {
            Token::Word(word)
        })
    }

    /// Returns the byte that is `offset` bytes ahead, or `None` after the end of the range.
    pub(super) fn byte(&self, offset: usize) -> Option<u8> {
        let at = self.at + offset;
        if at < self.end {
            self.text.as_bytes().get(at).copied()
        } else {
            None
        }
    }

    /// Moves over blanks and continued lines.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.byte(0) {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\r') if self.is_line_ending() => self.at += 1,
                _ => match self.continuation() {
                    Some(length) => self.at += length,
                    None => return,
                },
            }
        }
    }

    fn skip_comment(&mut self) {
        if self.byte(0) == Some(b'#') {
            let rest = &self.text.as_bytes()[self.at..self.end];
            self.at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        }
    }

    /// Returns the length of a backslash and the line ending after it, if they are next.
    pub(super) fn continuation(&self) -> Option<usize> {
        match (self.byte(0), self.byte(1), self.byte(2)) {
            (Some(b'\\'), Some(b'\n'), _) => Some(2),
            (Some(b'\\'), Some(b'\r'), Some(b'\n')) => Some(3),
            _ => None,
        }
    }

    /// Returns whether the CR that is next belongs to the end of a line.
    pub(super) fn is_line_ending(&self) -> bool {
        matches!(self.text.as_bytes().get(self.at + 1), None | Some(b'\n'))
    }
}

/// Returns whether a word has neither quotes nor expansions, so that it may be a reserved word.
pub(super) fn is_plain(word: &Word) -> bool {
    word.literal.as_ref() == Some(&word.text)
}
