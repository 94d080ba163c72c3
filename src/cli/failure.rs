//! Errors as the user sees them.

use anstyle::AnsiColor;

use super::source::SourceError;
use crate::config::ConfigError;
use crate::emit::json::ErrorReport;
use crate::syntax::SyntaxError;

/// `error: …`, for stderr.
pub(super) fn to_text(error: &anyhow::Error) -> String {
    let style = AnsiColor::Red.on_default().bold();
    format!("{style}error:{style:#} {error:#}")
}

/// The error with its place, as far as it has one.
pub(super) fn to_json(error: &anyhow::Error) -> ErrorReport {
    let syntax = error.downcast_ref::<SyntaxError>();
    let config = error.downcast_ref::<ConfigError>().and_then(ConfigError::place);
    if let Some(place) = syntax.or(config) {
        return ErrorReport::from(place);
    }
    ErrorReport {
        file: error.downcast_ref::<SourceError>().map(|error| error.file().to_owned()),
        line: None,
        column: None,
        found: format!("{error:#}"),
        expected: None,
        help: None,
    }
}
