//! Why a body could not be parsed.

/// A body that stays untouched because it could not be understood, or not surely enough.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {at}")]
pub struct Opaque {
    /// The byte of the text near which it happened.
    pub at: usize,
    /// What stood in the way.
    pub reason: Reason,
}

/// What stood in the way of parsing a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Reason {
    /// Tokens in an order that Bash does not accept.
    #[error("syntax error")]
    Syntax,
    /// The text ends within a quotation, a substitution, an expansion or after a backslash.
    #[error("unterminated {0}")]
    Unterminated(&'static str),
    /// A here-document without its closing line, or with a delimiter that is not a plain word.
    #[error("here-document without a clear end")]
    HereDocument,
    /// `${` that is followed by no parameter, as in the templates of other tools.
    #[error("bad parameter expansion")]
    BadExpansion,
    /// More levels of nesting than a person writes; parsing more could exhaust the stack.
    #[error("nested too deeply")]
    TooDeep,
    /// Shell that means different things to different shells, or whose spans would be unclear.
    #[error("unsupported: {0}")]
    Unsupported(&'static str),
}

impl Reason {
    /// Takes the byte at which the reason was met; returns the error for it.
    pub(super) fn at(self, at: usize) -> Opaque {
        Opaque { at, reason: self }
    }
}
