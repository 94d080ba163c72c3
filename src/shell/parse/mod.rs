//! Recursive descent over the shell's grammar. Names are those of the POSIX grammar where it has one.
//!
//! The descent asks for tokens one by one, because only the grammar knows what comes next: the `)` of a `case` pattern
//! does not end a substitution, a regular expression in `[[ ]]` may contain `|`, and `((` may begin an expression or
//! two subshells. A [`Parser`] reads one script; each substitution is a script of its own and has its own parser.
//!
//! Every byte is read a constant number of times for each level of nesting, and [`MAX_DEPTH`] limits the levels, so
//! that time is linear and the stack stays small. Nothing is parsed twice.

mod arithmetic;
mod assignment;
mod compound;
mod conditional;
mod draft;
mod expansion;
mod function;
mod here_doc;
mod list;
mod loops;
mod redirect;
mod simple;
pub(super) mod steps;
mod token;
mod word;

use self::here_doc::PendingHereDoc;
use self::token::Token;
use super::opaque::{Opaque, Reason};
use super::tree::{Script, Span, Statement, Word};

/// How deep commands and expansions may nest. The deepest script of several thousand real ones has a dozen levels;
/// the parser and all that walks over its tree use the stack.
pub(super) const MAX_DEPTH: usize = 32;

/// Takes the logical text of a `RUN` body, or a shell text found elsewhere: the operand of `sh -c`, a script of
/// `package.json`, a whole script file with its `#!` line. Lines may end in CR LF. Returns its script, or why it must
/// stay untouched. [`super::Lines`] tells the line numbers of spans.
pub fn parse(text: &str) -> Result<Script, Opaque> {
    let (script, _) = Parser::new(text, 0..text.len(), 0).script()?;
    Ok(script)
}

/// The state of parsing one script.
struct Parser<'t> {
    text: &'t str,
    /// The next byte to scan.
    at: usize,
    /// Where the text of this script ends at the latest.
    end: usize,
    /// How many scripts, compound commands and expansions are open.
    depth: usize,
    /// Whether a `)` ends the script.
    in_parentheses: bool,
    /// Whether the text is an arithmetic expression, in which a parenthesis ends every word.
    in_arithmetic: bool,
    /// The next token, when it was scanned but not taken.
    peeked: Option<Token>,
    /// Where the last token ended that was taken.
    taken: usize,
    /// Where the last word ended that was scanned.
    word_end: Option<usize>,
    /// Here-documents whose operator was read and whose lines follow the next newline.
    pending: Vec<PendingHereDoc>,
    /// The lines of the here-documents that were read, in the order of their operators.
    here_docs: Vec<Word>,
}

impl<'t> Parser<'t> {
    /// Takes the whole text, the range to parse and the depth of nesting so far; returns a parser for that range.
    fn new(text: &'t str, range: Span, depth: usize) -> Self {
        Parser {
            text,
            at: range.start,
            end: range.end,
            depth,
            in_parentheses: false,
            in_arithmetic: false,
            peeked: None,
            taken: range.start,
            word_end: None,
            pending: Vec::new(),
            here_docs: Vec::new(),
        }
    }

    /// Parses to the end of the range, or to the `)` that closes the script; returns the script and where it ended.
    fn script(mut self) -> Result<(Script, usize), Opaque> {
        let start = self.at;
        let mut statements = self.statements()?;
        let end = match (self.in_parentheses, self.peek()?) {
            (false, Token::End) => self.end,
            (true, Token::Operator(")", span)) => span.end,
            _ => return Err(self.unexpected()),
        };
        if !self.pending.is_empty() {
            return Err(Reason::HereDocument.at(self.at));
        }
        here_doc::attach(&mut statements, &mut self.here_docs.into_iter());
        Ok((script_of(statements, start), end))
    }

    /// Takes where the text within a pair of parentheses begins; returns its script and moves after the `)`.
    fn parenthesized_script(&mut self, start: usize) -> Result<Script, Opaque> {
        let mut inner = Parser::new(self.text, start..self.end, self.deeper()?);
        inner.in_parentheses = true;
        let (script, end) = inner.script()?;
        self.at = end;
        Ok(script)
    }

    /// Returns the depth of what opens here, or an error when that is too deep.
    fn deeper(&self) -> Result<usize, Opaque> {
        if self.depth < MAX_DEPTH {
            Ok(self.depth + 1)
        } else {
            Err(Reason::TooDeep.at(self.at))
        }
    }

    /// Parses with `inner` what is one level deeper than here.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Opaque>) -> Result<T, Opaque> {
        let outer = self.depth;
        self.depth = self.deeper()?;
        let result = inner(self);
        self.depth = outer;
        result
    }

    /// The error for a token that the grammar does not allow here.
    fn unexpected(&mut self) -> Opaque {
        let in_parentheses = self.in_parentheses;
        match self.peek() {
            Ok(Token::End) if in_parentheses => Reason::Unterminated("substitution").at(self.end),
            Ok(Token::End) => Reason::Syntax.at(self.end),
            Ok(token) => Reason::Syntax.at(token.span().start),
            Err(error) => error,
        }
    }
}

/// Takes the statements of a script and where it would begin without any; returns the script.
fn script_of(statements: Vec<Statement>, start: usize) -> Script {
    let span = match (statements.first(), statements.last()) {
        (Some(first), Some(last)) => first.span.start..last.span.end,
        _ => start..start,
    };
    Script { span, statements }
}
