//! The scanner: text to the tokens of brush-parser's grammar, each with the piece of our tree that it stands for.
//!
//! The grammar looks only at operators, reserved words and the head of an assignment. So a word that holds anything
//! else is given to it as a short stand-in, which keeps brush from looking into quotes and expansions a second time.

use std::sync::Arc;

use brush_parser::{SourcePosition, SourceSpan, Token};

use super::opaque::{Opaque, Reason};
use super::tree::{Span, Word};

/// How deep commands and expansions may nest. brush-parser's time grows exponentially with some kinds of nesting, and
/// both scanners use the stack; the deepest `RUN` of several thousand real files has six levels.
const MAX_DEPTH: usize = 16;

/// Longest first, so that the first one that fits is the right one.
const OPERATORS: [&str; 24] = [
    "&>>", ";;&", "<<<", "<<-", "&&", "||", ";;", ";&", "|&", "&>", "<<", ">>", "<&", ">&", "<>", ">|", "&", "(", ")",
    ";", "|", "<", ">", "\n",
];

/// What a token stands for.
#[derive(Debug)]
pub(super) enum Piece {
    Operator(&'static str, Span),
    Word(Word),
    /// The lines of a here-document. In the stream they follow the delimiter, as the grammar wants them.
    HereBody(Word),
    /// The closing line of a here-document, which the grammar wants behind the lines.
    HereEnd,
}

/// Tokens for the grammar and, at the same index, what each stands for.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    pub(super) tokens: Vec<Token>,
    pub(super) pieces: Vec<Piece>,
}

/// A here-document whose operator was read and whose lines come behind the next newline.
struct PendingHereDoc {
    /// The index of the piece for its lines.
    piece: usize,
    delimiter: String,
    expands: bool,
    strips_tabs: bool,
}

/// The state of scanning one script.
pub(super) struct Lexer<'t> {
    pub(super) text: &'t str,
    /// The next byte.
    pub(super) at: usize,
    /// Where the text of this script ends at the latest.
    pub(super) end: usize,
    /// How many scripts and expansions this one is in.
    pub(super) depth: usize,
    out: Lexed,
    /// The closing words of what is open, innermost last.
    open: Vec<&'static str>,
    /// Whether the next word may be a reserved word.
    at_command: bool,
    /// How many `!` were read in a row. The grammar recurses for each one between `[[` and `]]`.
    negations: usize,
    in_arithmetic: bool,
    /// Whether the last token was `<<` (`Some(false)`) or `<<-` (`Some(true)`), which want a delimiter.
    wants_delimiter: Option<bool>,
    pending: Vec<PendingHereDoc>,
}

impl<'t> Lexer<'t> {
    /// Takes the whole text, the range to scan and the depth of nesting so far; returns a scanner for that range.
    pub(super) fn new(text: &'t str, range: Span, depth: usize) -> Self {
        Lexer {
            text,
            at: range.start,
            end: range.end,
            depth,
            out: Lexed::default(),
            open: Vec::new(),
            at_command: true,
            negations: 0,
            in_arithmetic: false,
            wants_delimiter: None,
            pending: Vec::new(),
        }
    }

    /// Scans to the end of the range or, with `in_parentheses`, to the `)` that closes the script; returns the tokens
    /// and where the scan ended.
    pub(super) fn run(mut self, in_parentheses: bool) -> Result<(Lexed, usize), Opaque> {
        loop {
            self.skip_blanks_and_comment();
            match self.peek() {
                None if in_parentheses => return Err(Reason::Unterminated("substitution").at(self.end)),
                None => break,
                Some(b')') if in_parentheses && self.open.is_empty() => break,
                Some(b'\n' | b'&' | b'(' | b')' | b';' | b'<' | b'>' | b'|') => self.operator()?,
                Some(_) => self.next_word()?,
            }
        }
        if self.wants_delimiter.is_some() || !self.pending.is_empty() {
            return Err(Reason::HereDocument.at(self.at));
        }
        Ok((self.out, self.at))
    }

    /// Returns the next byte, or `None` at the end of the range.
    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    /// Returns the byte that is `offset` bytes ahead, or `None` behind the end of the range.
    pub(super) fn peek_at(&self, offset: usize) -> Option<u8> {
        let at = self.at + offset;
        if at < self.end {
            self.text.as_bytes().get(at).copied()
        } else {
            None
        }
    }

    /// Takes how many levels an inner script or expansion adds; returns its depth, or an error when that is too deep.
    pub(super) fn deeper(&self) -> Result<usize, Opaque> {
        let depth = self.depth + self.open.len() + 1;
        if depth > MAX_DEPTH {
            Err(Reason::TooDeep.at(self.at))
        } else {
            Ok(depth)
        }
    }

    fn skip_blanks_and_comment(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.at += 2,
                Some(b'#') => {
                    let rest = &self.text.as_bytes()[self.at..self.end];
                    self.at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    fn operator(&mut self) -> Result<(), Opaque> {
        let rest = &self.text.as_bytes()[self.at..self.end];
        let Some(&operator) = OPERATORS.iter().find(|operator| rest.starts_with(operator.as_bytes())) else {
            return Err(Reason::Syntax.at(self.at));
        };
        if self.wants_delimiter.is_some() {
            return Err(Reason::HereDocument.at(self.at));
        }
        let span = self.at..self.at + operator.len();
        self.at = span.end;
        self.at_command = !operator.starts_with(['<', '>']) && !operator.starts_with("&>");
        match operator {
            "(" => {
                self.in_arithmetic |= self.peek() == Some(b'(');
                self.enter(")")?;
            }
            ")" => {
                self.in_arithmetic &= self.peek() != Some(b')');
                self.leave(")");
            }
            // In `(( 1 << 2 ))` it shifts.
            "<<" | "<<-" if !self.in_arithmetic => self.wants_delimiter = Some(operator == "<<-"),
            _ => {}
        }
        self.out
            .tokens
            .push(Token::Operator(operator.to_owned(), location(&span)));
        // An edit must not touch a newline that begins here-documents, so it gets no text.
        let begins_lines = operator == "\n" && !self.pending.is_empty();
        let span = if begins_lines { span.end..span.end } else { span };
        self.out.pieces.push(Piece::Operator(operator, span));
        if begins_lines { self.read_here_docs() } else { Ok(()) }
    }

    fn next_word(&mut self) -> Result<(), Opaque> {
        let word = self.word()?;
        let plain = word.literal.as_ref() == Some(&word.text);
        if plain {
            self.track_nesting(&word.text)?;
        } else {
            self.at_command = false;
        }
        let token = if plain {
            plain_token(&word.text)
        } else {
            assignment_head(&word.text).unwrap_or("''")
        };
        self.out
            .tokens
            .push(Token::Word(token.to_owned(), location(&word.span)));
        let delimiter = self
            .wants_delimiter
            .take()
            .map(|strips_tabs| (strips_tabs, word.literal.clone(), !plain));
        let span = word.span.clone();
        self.out.pieces.push(Piece::Word(word));
        if let Some((strips_tabs, delimiter, quoted)) = delimiter {
            // The grammar wants the lines and the closing delimiter here; `read_here_docs` fills in the lines.
            let Some(delimiter) = delimiter else {
                return Err(Reason::HereDocument.at(span.start));
            };
            self.pending.push(PendingHereDoc {
                piece: self.out.pieces.len(),
                delimiter,
                expands: !quoted,
                strips_tabs,
            });
            for piece in [Piece::HereBody(Word::default()), Piece::HereEnd] {
                self.out.tokens.push(Token::Word("''".to_owned(), location(&span)));
                self.out.pieces.push(piece);
            }
        }
        Ok(())
    }

    /// Follows what a word without quotes opens or closes, so that the `)` of a `case` pattern is not taken for the end
    /// of a substitution, and nesting stays bounded.
    fn track_nesting(&mut self, word: &str) -> Result<(), Opaque> {
        self.negations = if word == "!" { self.negations + 1 } else { 0 };
        if self.negations > MAX_DEPTH {
            return Err(Reason::TooDeep.at(self.at));
        }
        let at_command = std::mem::replace(&mut self.at_command, false);
        // `{` also opens behind the name in `function name {`.
        if word == "{" {
            self.at_command = true;
            return self.enter("}");
        }
        if !at_command {
            return Ok(());
        }
        match word {
            "if" => self.enter("fi")?,
            "while" | "until" | "for" | "select" => self.enter("done")?,
            "case" => self.enter("esac")?,
            "fi" => self.leave("fi"),
            "done" => self.leave("done"),
            "esac" => self.leave("esac"),
            "}" => self.leave("}"),
            "coproc" => return Err(Reason::Unsupported("coproc").at(self.at)),
            _ => {}
        }
        self.at_command = matches!(
            word,
            "if" | "while" | "until" | "then" | "else" | "elif" | "do" | "!" | "time"
        );
        Ok(())
    }

    fn enter(&mut self, closing: &'static str) -> Result<(), Opaque> {
        self.deeper()?;
        self.open.push(closing);
        Ok(())
    }

    fn leave(&mut self, closing: &'static str) {
        if self.open.last() == Some(&closing) {
            self.open.pop();
        }
    }

    fn read_here_docs(&mut self) -> Result<(), Opaque> {
        for pending in std::mem::take(&mut self.pending) {
            let start = self.at;
            let end = self.find_delimiter(&pending)?;
            let word = if pending.expands {
                Lexer::new(self.text, start..end, self.deeper()?).here_doc()?
            } else {
                let text = self.text[start..end].to_owned();
                Word {
                    span: start..end,
                    literal: Some(text.clone()),
                    text,
                    ..Word::default()
                }
            };
            if let Some(piece) = self.out.pieces.get_mut(pending.piece) {
                *piece = Piece::HereBody(word);
            }
        }
        Ok(())
    }

    /// Moves behind the closing line of a here-document; returns where that line begins.
    fn find_delimiter(&mut self, pending: &PendingHereDoc) -> Result<usize, Opaque> {
        let mut continued = false;
        while self.at < self.end {
            let start = self.at;
            let rest = &self.text[start..self.end];
            let line = rest.split('\n').next().unwrap_or(rest);
            self.at = (start + line.len() + 1).min(self.end);
            let content = if pending.strips_tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if content == pending.delimiter && !continued {
                return Ok(start);
            }
            // A backslash joins the next line to this one, so that it cannot close the document.
            continued = pending.expands && line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1;
        }
        Err(Reason::HereDocument.at(self.end))
    }
}

/// Takes a span; returns it in brush's form. The grammar only compares the indices, and we read them back as bytes.
fn location(span: &Span) -> SourceSpan {
    let position = |index| {
        Arc::new(SourcePosition {
            index,
            line: 1,
            column: index + 1,
        })
    };
    SourceSpan {
        start: position(span.start),
        end: position(span.end),
    }
}

/// Takes a word without quotes and expansions; returns what the grammar is to see.
fn plain_token(word: &str) -> &str {
    // brush-parser panics when it reads a file descriptor that does not fit, so such a number must be a word to it.
    let huge_number = word.len() > 9 && word.bytes().all(|byte| byte.is_ascii_digit());
    // It recurses for every `[` in what may be the index of an array.
    let index = word.contains('[') && word != "[" && word != "[[";
    match () {
        () if huge_number => "''",
        () if index => assignment_head(word).unwrap_or("''"),
        () => word,
    }
}

/// Takes a word; returns a stand-in for its assignment (`name=`), or `None` when it is no assignment.
fn assignment_head(word: &str) -> Option<&str> {
    let (head, _) = split_assignment(word)?;
    // The index of an array element says nothing to the grammar.
    Some(if head.contains('[') { "a=" } else { head })
}

/// Takes a word; returns it split behind the first `=` or `+=` when a variable's name or array element stands before
/// that, `None` otherwise.
pub(super) fn split_assignment(word: &str) -> Option<(&str, &str)> {
    let name = variable_name(word);
    if name.is_empty() {
        return None;
    }
    let mut at = name.len();
    if word[at..].starts_with('[') {
        let length = word[at..].find("]=").or_else(|| word[at..].find("]+="))? + 1;
        // What looks like the end of the index may stand in a quotation or substitution.
        if word[at..at + length].contains(['(', '`', '"', '\'', '\\']) {
            return None;
        }
        at += length;
    }
    if word[at..].starts_with('+') {
        at += 1;
    }
    word[at..].starts_with('=').then(|| word.split_at(at + 1))
}

/// Takes a text; returns the name of a variable at its beginning, empty when there is none.
pub(super) fn variable_name(text: &str) -> &str {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return "";
    }
    &text[..text.bytes().take_while(is_name).count()]
}
