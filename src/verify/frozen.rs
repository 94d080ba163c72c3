//! What keeps all builds of a verification on the same files: a copy of the build context, made before the first one. Where
//! it cannot be copied, the context is watched, and a change is an error.

use std::sync::Arc;

use super::bench::Workbench;
use super::engine::EngineError;
use super::{Request, VerifyError};
use crate::context::{ContextSource, Copied, Fingerprint};

/// The context of a verification, as it was at its start.
#[derive(Debug)]
pub struct Frozen(State);

#[derive(Debug)]
enum State {
    /// There are no files on the disk.
    None,
    /// Builds are given a copy.
    Copied { _copy: Copied },
    /// Builds are given the files themselves, which were so before the first one.
    Watched(Arc<ContextSource>, Fingerprint),
}

impl Frozen {
    /// Freezes the context of `request`. Gives the request with which builds are made.
    ///
    /// # Errors
    /// If the folder for temporary files is in the context.
    pub fn of(request: &Request, bench: &Workbench) -> Result<(Frozen, Request), VerifyError> {
        let mut request = request.clone();
        let Some(context) = request.context.clone() else {
            return Ok((Frozen(State::None), request));
        };
        let Some(root) = context.root() else {
            return Ok((Frozen(State::None), request));
        };
        let (root, place) = (root.canonicalize(), bench.folder().canonicalize());
        if let (Ok(root), Ok(place)) = (root, place)
            && place.starts_with(root)
        {
            let why = "the folder for temporary files is in the build context: set TMPDIR to another one";
            return Err(EngineError::Lacks(why.to_owned()).into());
        }
        let folder = bench.folder().join("context");
        match context.copy_to(&folder) {
            Ok((copy, copied)) => {
                request.folder = folder;
                request.context = Some(copied);
                Ok((Frozen(State::Copied { _copy: copy }), request))
            }
            // Whatever the reason, the builds can be made, and a change be noticed.
            Err(_) => {
                let now = context.fingerprint();
                Ok((Frozen(State::Watched(context, now)), request))
            }
        }
    }

    /// Fails where builds were not given the same files.
    ///
    /// # Errors
    /// If something changed since the start.
    pub fn check(&self) -> Result<(), VerifyError> {
        let State::Watched(context, before) = &self.0 else {
            return Ok(());
        };
        match before.changes(&context.fingerprint()) {
            changed if changed.is_empty() => Ok(()),
            changed => Err(VerifyError::ContextChanged(changed)),
        }
    }
}
