//! The tree of a shell script. Every span is a range of bytes in the text that was given to [`super::parse`].
//!
//! Spans nest and are ordered, with one exception that the language makes: the body of a here-document stands behind
//! the line that holds its operator, so it is outside of the span of its command ([`Redirect::here_doc`]).

use std::ops::Range;

/// A range of bytes in the parsed text.
pub type Span = Range<usize>;

/// A list of statements: a whole body, or what stands in `{ }`, `( )`, `$( )`, a branch or a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// From the first statement to the end of the last one, without its separator. Empty for a script without any.
    pub span: Span,
    /// The statements in source order.
    pub statements: Vec<Statement>,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// From the first to the last pipeline, without the separator.
    pub span: Span,
    /// The pipelines in source order; never empty.
    pub chain: Vec<Link>,
    /// Whether the separator is `&`.
    pub background: bool,
    /// The `;`, `&` or newline behind the statement, if there is one. A newline behind which the lines of a
    /// here-document begin belongs to them.
    pub separator: Option<Span>,
}

/// A pipeline with the operator before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The operator before the pipeline; `None` for the first one of a chain.
    pub operator: Option<Operator>,
    /// Where the operator stands; `None` for the first one of a chain.
    pub operator_span: Option<Span>,
    /// The pipeline itself.
    pub pipeline: Pipeline,
}

/// What joins two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands joined by `|` (or `|&`), usually just one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// From `time` or `!` or the first command to the end of the last one.
    pub span: Span,
    /// Whether `!` inverts the result.
    pub negated: bool,
    /// Whether Bash's keyword `time` stands before it. In `sh` that is the program `time` with the rest as arguments.
    pub timed: bool,
    /// The commands in source order. Empty only for a lone `time` or `!`.
    pub commands: Vec<Command>,
}

/// One command of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A program or builtin with its arguments, or only assignments and redirects.
    Simple(SimpleCommand),
    /// `if`, a loop, `case`, `( )`, `{ }`, `(( ))` or `[[ ]]`.
    Compound(Compound),
    /// The definition of a function.
    Function(Function),
}

/// Assignments, words and redirects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleCommand {
    /// From the first to the last part.
    pub span: Span,
    /// The assignments before the first word.
    pub assignments: Vec<Assignment>,
    /// The name of the command and its arguments, those like `a=b` included.
    pub words: Vec<Word>,
    /// The redirects, wherever they stand in the command.
    pub redirects: Vec<Redirect>,
}

/// `name=value` before a command or on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The whole assignment.
    pub span: Span,
    /// The variable, without the index of an array element.
    pub name: String,
    /// Whether it is written with `+=`.
    pub append: bool,
    /// What stands behind the `=`; `None` when nothing does. An array's is the text from `(` to `)`.
    pub value: Option<Word>,
}

/// A word as the shell splits the text, before any expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// The word with its quotes.
    pub span: Span,
    /// The word as written: the text of the span.
    pub text: String,
    /// The value after quote removal when it is the same in every shell and environment: no parameter, substitution,
    /// arithmetic, glob, tilde, brace or `$''`. `None` otherwise.
    pub literal: Option<String>,
    /// Whether it holds an unquoted `*`, `?`, `[…]` or extended glob.
    pub glob: bool,
    /// The names of the parameters that are expanded in it, each once, without those inside of its substitutions.
    pub variables: Vec<String>,
    /// The scripts in `$( )`, backquotes, `<( )` and `>( )`, in source order.
    pub substitutions: Vec<Script>,
}

/// A redirect of a file descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// From the file descriptor or the operator to the end of the target.
    pub span: Span,
    /// The file descriptor, when it is written.
    pub fd: Option<u32>,
    /// What the operator does.
    pub kind: RedirectKind,
    /// The file, descriptor, string or delimiter behind the operator.
    pub target: Option<Word>,
    /// The lines of a here-document without the closing one. They are outside of the redirect's own span.
    pub here_doc: Option<Word>,
}

/// What a redirect does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// `<`
    Read,
    /// `>` or `>|`
    Write,
    /// `>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `<&` or `>&`
    Duplicate,
    /// `&>`: both outputs in Bash. In `sh` the `&` ends a background command.
    WriteBoth,
    /// `&>>`: both outputs in Bash. In `sh` the `&` ends a background command.
    AppendBoth,
    /// `<<<`
    HereString,
    /// `<<` or `<<-`
    HereDoc,
}

/// A command that holds other commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compound {
    /// From the first keyword to the last one, or to the end of the last redirect.
    pub span: Span,
    /// Which one it is.
    pub kind: CompoundKind,
    /// The words of its head: the list of `for`, the subject and patterns of `case`, all between `[[` and `]]` or
    /// `((` and `))`.
    pub words: Vec<Word>,
    /// The scripts in it in source order, conditions included ([`Compound::is_condition`]).
    pub bodies: Vec<Script>,
    /// The redirects behind it.
    pub redirects: Vec<Redirect>,
}

/// Which compound command it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompoundKind {
    /// `if … then … elif … then … else … fi`
    If,
    /// `while … do … done`
    While,
    /// `until … do … done`
    Until,
    /// `for … do … done`, with a list or with `((…))`
    For,
    /// `case … in … esac`
    Case,
    /// `( … )`
    Subshell,
    /// `{ …; }`
    Group,
    /// `(( … ))`
    Arithmetic,
    /// `[[ … ]]`
    Test,
}

/// The definition of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// From the name or `function` to the end of the body.
    pub span: Span,
    /// The name.
    pub name: String,
    /// The body.
    pub body: Compound,
}

impl Script {
    /// Returns the first statement's links when the script is nothing but one `&&` chain in the foreground: the shape
    /// in which every command must succeed.
    pub fn and_chain(&self) -> Option<&[Link]> {
        let [statement] = self.statements.as_slice() else {
            return None;
        };
        let plain = !statement.background && statement.chain.iter().all(|link| link.operator != Some(Operator::Or));
        plain.then_some(&statement.chain)
    }
}

impl Command {
    /// Returns the span of the command.
    pub fn span(&self) -> &Span {
        match self {
            Command::Simple(simple) => &simple.span,
            Command::Compound(compound) => &compound.span,
            Command::Function(function) => &function.span,
        }
    }
}

impl SimpleCommand {
    /// Returns the name of the program or builtin when it is literal.
    pub fn name(&self) -> Option<&str> {
        self.words.first()?.literal.as_deref()
    }

    /// Returns the words without quotes and escapes, and as written where they hold more than literal text.
    pub fn texts(&self) -> Vec<&str> {
        let texts = self
            .words
            .iter()
            .map(|word| word.literal.as_deref().unwrap_or(&word.text));
        texts.collect()
    }

    /// Returns every word in which expansions happen: values, words, targets of redirects and here-documents.
    pub fn all_words(&self) -> impl Iterator<Item = &Word> {
        let values = self
            .assignments
            .iter()
            .filter_map(|assignment| assignment.value.as_ref());
        values
            .chain(&self.words)
            .chain(self.redirects.iter().flat_map(Redirect::words))
    }
}

impl Redirect {
    /// Returns the target and the lines of the here-document, if it has them.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        self.target.iter().chain(&self.here_doc)
    }
}

impl Compound {
    /// Takes the index of a body; returns whether it is a condition of `if`, `elif`, `while` or `until`.
    pub fn is_condition(&self, body: usize) -> bool {
        match self.kind {
            CompoundKind::If => body.is_multiple_of(2) && body + 1 < self.bodies.len(),
            CompoundKind::While | CompoundKind::Until => body == 0,
            _ => false,
        }
    }
}
